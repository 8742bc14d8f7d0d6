"""Who may say what to a call, and what raw SQL of the web role sees and changes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.stations import Station
from webapp.core.actor import Actor

# Everybody who is not in the call of t.grid_worker.a at A1.
OUTSIDE = (
    "t.volunteer", "t.volunteer.2", "t.grid_worker.b", "t.officer.b", "t.planner", "t.mediator",
    "t.system_admin", "t.audit_admin", "u.officer.a", "u.station_chief",
)  # fmt: skip
WORDS = {"finish": {"words": "x"}, "cancel": {"words": "x"}, "lapse": {"words": "x"}}
VERBS = ("acknowledge", "take", "arrive", "decline", "finish", "cancel", "lapse")
# What those in a ringing call may say to it: status of each verb, in the order of VERBS.
INSIDE = {
    "t.grid_worker.a": (403, 403, 403, 403, 409, 200, 409),
    "t.officer.a": (200, 200, 409, 200, 403, 403, 403),
    "t.station_chief": (403, 403, 403, 403, 409, 200, 409),
}


@pytest.mark.parametrize("username", OUTSIDE)
def test_who_is_not_in_a_call_sees_nothing_of_it(username: str, call, say, as_user) -> None:
    told = call("t.grid_worker.a", "A1")
    assert as_user(username).get(f"/api/v1/calls/{told['id']}").status_code == 404
    page = as_user(username).get("/api/v1/calls").json["calls"]
    assert told["id"] not in [item["id"] for item in page]
    for verb in VERBS:
        assert say(username, told, verb, **WORDS.get(verb, {})).status_code in (403, 404), verb


@pytest.mark.parametrize("username", INSIDE)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_of_each_part(username: str, verb: str, call, say, seen) -> None:
    told = call("t.grid_worker.a", "A1")
    offered = seen(username, told)["verbs"]
    answer = say(username, told, verb, **WORDS.get(verb, {}))
    assert answer.status_code == INSIDE[username][VERBS.index(verb)], answer.text
    assert (verb in offered) == (answer.status_code == 200), "a button for exactly what is allowed"


READS = (
    "SELECT id::text FROM app.call",
    "SELECT call_id::text FROM app.call_target",
    "SELECT subject_id::text FROM app.event WHERE subject_kind = 'call'",
    "SELECT call_id::text FROM app.call_people(ARRAY['{id}']::uuid[])",
)


@pytest.mark.parametrize("statement", READS)
def test_raw_reads(statement: str, call, db_as: Callable[..., Any]) -> None:
    told = call("t.grid_worker.a", "A1")
    query = text(statement.replace("{id}", told["id"]))
    for username in ("t.grid_worker.a", "t.officer.a", "t.station_chief"):
        with db_as(username) as session:
            assert told["id"] in list(session.scalars(query)), username
    for username in OUTSIDE:
        if username == "t.audit_admin" and "app.event" in statement:
            continue  # reads the log of everything, by ids
        with db_as(username) as session:
            assert told["id"] not in list(session.scalars(query)), username


def test_a_stranger_learns_nothing(call, web_db, station: Station) -> None:
    told = call("t.grid_worker.a", "A1")
    with web_db.transaction(Actor(station.id, "public")) as session:
        for statement in READS[:3]:
            assert not list(session.scalars(text(statement)))
        assert not list(session.execute(text("SELECT * FROM app.call_desk()")))
        grids = {"g": [str(station.grids["A1"])]}
        posted = text("SELECT * FROM app.call_posted(CAST(:g AS uuid[]), ARRAY['officer'], true)")
        assert not list(session.execute(posted, grids))
        assert session.scalar(text("SELECT app.call_open(:id)"), told) == 0


@pytest.mark.parametrize("username", ["t.volunteer", "t.grid_worker.a", "t.planner", "t.system_admin"])
def test_whereabouts_are_for_the_police_only(username: str, db_as, station: Station) -> None:
    lon, lat = station.inside("A1")
    near = text("SELECT * FROM app.call_near(:lon, :lat, 88000, 111000, 500, interval '1 day')")
    with db_as(username) as session:
        assert not list(session.execute(near, {"lon": lon, "lat": lat}))
    with db_as("t.officer.a") as session:
        assert list(session.execute(near, {"lon": lon, "lat": lat}))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app.call SET words = 'x' WHERE id = :id",
        "UPDATE app.call SET caller_id = app.me() WHERE id = :id",
        "UPDATE app.call_target SET call_id = :id",
        "DELETE FROM app.call WHERE id = :id",
        "DELETE FROM app.call_target WHERE call_id = :id",
        "INSERT INTO app.call_target (call_id, person_id, station_id, caller_id, why) "
        "VALUES (:id, :other, :station, app.me(), 'x')",
        "INSERT INTO app.call_target (call_id, person_id, station_id, caller_id, why) "
        "SELECT id, app.me(), station_id, caller_id, 'x' FROM app.call WHERE id = :id",
        "INSERT INTO app.call_target (call_id, person_id, station_id, caller_id, why) "
        "VALUES (:id, app.me(), :station, :caller, 'x')",
    ],
)
@pytest.mark.parametrize("username", ["t.officer.a", "t.officer.b"])
def test_raw_writes_are_refused(
    username: str, statement: str, call, db_as, member, owner_db, station: Station
) -> None:
    told = call("t.grid_worker.a", "A1")
    values = {
        "id": told["id"],
        "other": member("t.volunteer").person_id,
        "caller": member("t.grid_worker.a").person_id,
    }

    def rows() -> list[Any]:
        with owner_db.transaction() as session:
            both = (
                "SELECT c.words, c.caller_id, t.* FROM app.call c JOIN app.call_target t ON t.call_id = c.id"
            )
            return sorted(map(str, session.execute(text(f"{both} WHERE c.id = :id"), told)))

    before = rows()
    with suppress(ProgrammingError), db_as(username) as session:
        session.execute(text(statement), {**values, "station": station.id})
    assert rows() == before


def test_others_answers_are_their_own(call, db_as, member, owner_db) -> None:
    """Somebody who is called can't answer in another's name, nor stand him down before his time."""
    told = call("t.officer.a", "A1", aim="around")
    with db_as("t.grid_worker.a") as session:
        others = text("UPDATE app.call_target SET state = 'declined' WHERE call_id = :id AND person_id = :p")
        touched = session.execute(others, {**told, "p": member("t.grid_worker.b").person_id})
        assert touched.rowcount == 0
        assert session.scalar(text("SELECT app.call_stand_down(:id)"), told) == 0
    with db_as("t.volunteer.2") as session:
        assert session.scalar(text("SELECT app.call_stand_down(:id)"), told) == 0


def test_the_id_of_another_station(call, as_user, wish) -> None:
    told = call("t.grid_worker.a", "A1")
    assert as_user("u.officer.a").get(f"/api/v1/calls/{told['id']}").status_code == 404
    other = {**wish("A1"), "id": told["id"], "place": {"lon": 112.702, "lat": 37.8015}}
    answer = as_user("u.grid_worker.a").post("/api/v1/calls", json=other)
    assert (answer.status_code, answer.json["code"]) == (409, "already_known")
    assert as_user("t.officer.a").get(f"/api/v1/calls/{uuid4()}").status_code == 404
