"""Kinds of calls are data of the station: titles, who may call for them, and limits with dates."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.webapp.calls.conftest import API
from webapp.core import clock

ALL = ["volunteer", "grid_worker", "mediator", "officer", "station_chief"]


@pytest.fixture(autouse=True)
def only_general_kinds(owner_db):
    yield
    with owner_db.transaction() as session:
        session.execute(text("DELETE FROM app.call_kind WHERE station_id IS NOT NULL"))
        session.execute(text("DELETE FROM app.call_limit"))


def kept(chief, code, **changes):
    body = {"title": {"zh": "设备故障", "en": "Broken device"}, "roles": ALL, "position": 6, **changes}
    return chief.put(f"{API}/kinds/{code}", json=body)


def limited(chief, kind, days=0, **changes):
    day = clock.now().astimezone(clock.SHOWN).date() + timedelta(days=days)
    body = {"id": str(uuid4()), "kind": kind, "acknowledge_s": 60, "response_s": 300, **changes}
    return chief.post(f"{API}/kind-limits", json={**body, "valid_from": str(day)})


def test_the_old_kinds_are_the_first_rows(as_user):
    found = as_user("t.volunteer").get(f"{API}/kinds", headers={"Accept-Language": "en"}).json
    assert [(item["code"], item["title"], item["own"]) for item in found] == [
        ("help", "Help wanted", False),
        ("on_site", "Come to the site", False),
        ("missing_person", "Missing person", False),
        ("information", "Information", False),
        ("other", "Something else", False),
    ]


def test_a_kind_of_the_stations_own_is_called_for_by_its_roles(as_user, call, wish, seen):
    chief = as_user("t.station_chief")
    assert kept(chief, "device", roles=["grid_worker", "officer"]).status_code == 200
    told = call("t.grid_worker.a", "A1", kind="device")
    assert told["kind_title"] == "设备故障"
    refused = as_user("t.volunteer").post(API, json=wish("A1", kind="device"))
    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [("/kind", "not_allowed")]
    assert "device" not in [item["code"] for item in as_user("t.volunteer").get(f"{API}/kinds").json]
    assert "device" in [item["code"] for item in as_user("t.volunteer").get(f"{API}/kinds?all=true").json]
    assert "device" not in [
        item["code"] for item in as_user("u.station_chief").get(f"{API}/kinds?all=1").json
    ]
    kept(chief, "device", in_use=False)
    assert as_user("t.grid_worker.a").post(API, json=wish("A1", kind="device")).status_code == 422
    assert seen("t.officer.a", told)["kind_title"] == "设备故障", "calls that were made keep theirs"


def test_an_own_kind_takes_the_place_of_the_general_one(as_user, owner_db):
    chief = as_user("t.station_chief")
    kept(chief, "help", title={"zh": "紧急求助", "en": "Urgent help"}, position=1)
    kept(chief, "help", title={"zh": "紧急求助", "en": "Urgent help"}, position=1)
    titles = [item["title"] for item in as_user("t.volunteer").get(f"{API}/kinds").json]
    assert titles[0] == "紧急求助"
    assert "求助" not in titles
    with owner_db.transaction() as session:
        query = text(
            "SELECT count(*) FROM app.event WHERE name = 'calls.kind_kept' AND data->>'code' = 'help'"
        )
        assert session.scalar(query) == 1, "the same again changes nothing"


@pytest.mark.parametrize(
    ("code", "changes", "pointer"),
    [
        ("Bad%20Code", {}, "/code"),
        ("x", {"roles": []}, "/roles"),
        ("x", {"roles": ["planner"]}, "/roles/0"),
        ("x", {"title": {"zh": "仅中文"}}, "/title/en"),
    ],
)
def test_kinds_that_can_not_be(as_user, code, changes, pointer):
    answer = kept(as_user("t.station_chief"), code, **changes)
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == pointer


def test_a_limit_counts_from_its_day_and_is_followed(as_user, call):
    chief = as_user("t.station_chief")
    kept(chief, "quick")
    assert limited(chief, "quick", days=1).status_code == 200
    assert call("t.grid_worker.a", "A1", kind="quick")["acknowledge_s"] == 180, "not before its day"
    assert limited(chief, "quick", days=0).json["errors"][0]["code"] == "limit_order"
    kept(chief, "quicker")
    first = limited(chief, "quicker", days=0).json
    told = call("t.grid_worker.a", "A1", kind="quicker")
    assert (told["acknowledge_s"], told["response_s"]) == (60, 300)
    second = limited(chief, "quicker", days=0, acknowledge_s=45).json
    assert call("t.grid_worker.a", "A1", kind="quicker")["acknowledge_s"] == 45
    versions = {item["id"]: item for item in chief.get(f"{API}/kind-limits").json}
    assert versions[first["id"]]["valid_to"] == second["valid_from"], "the version before it has ended"
    ended = chief.post(f"{API}/kind-limits/{second['id']}/end", json={"valid_to": second["valid_from"]})
    assert ended.status_code == 200
    assert call("t.grid_worker.a", "A1", kind="quicker")["acknowledge_s"] == 180
    again = chief.post(f"{API}/kind-limits/{second['id']}/end", json={"valid_to": "2030-01-01"})
    assert (again.status_code, again.json["code"]) == (409, "limit_ended")


def test_limits_that_can_not_be(as_user):
    chief = as_user("t.station_chief")
    assert limited(chief, "coffee").json["errors"][0]["code"] == "call_kind"
    assert limited(chief, "help", acknowledge_s=400).json["errors"][0]["code"] == "call_limits"
    same = str(uuid4())
    assert limited(chief, "other", id=same).status_code == 200
    assert limited(chief, "other", id=same).status_code == 200
    assert limited(chief, "other", id=same, response_s=301).json["code"] == "already_known"


def test_nobody_else_changes_kinds_by_hand(db_as, station):
    for username in ("t.officer.a", "t.volunteer", "u.station_chief"):
        for statement in (
            "INSERT INTO app.call_kind (id, station_id, code, title, roles, position) "
            "VALUES (gen_random_uuid(), :station, 'x', '{}', '{}', 1)",
            "UPDATE app.call_kind SET in_use = false WHERE station_id IS NULL RETURNING id",
        ):
            try:
                with db_as(username) as session:
                    assert not session.execute(text(statement), {"station": station.id}).all()
            except DBAPIError:
                continue
