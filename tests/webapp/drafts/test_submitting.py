"""From the draft to the plan in force: the check, the second person, codes, and what follows the borders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.webapp.drafts.conftest import DRAFTS, Board
from webapp.app import create_app
from webapp.core.db import MIGRATE, Database
from webapp.worker import Worker


@pytest.fixture
def app(fresh):
    made = create_app(fresh)
    yield made
    made.extensions["shuangge"].database.dispose()
    made.extensions["shuangge"].login.dispose()


@pytest.fixture
def as_user(app, token_for):
    def make(username):
        made = app.test_client(use_cookies=False)
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token_for(username)}"
        return made

    return make


@pytest.fixture
def owner(fresh):
    made = Database(fresh, MIGRATE, pool_size=2)
    yield made
    made.dispose()


@pytest.fixture
def work(fresh):
    worker = Worker(fresh, periodic=())

    def go():
        while worker.step():
            pass

    yield go
    worker.database.dispose()


@pytest.fixture
def strict(owner, station):
    """The station wants a second person's approval."""
    with owner.transaction() as session:
        session.execute(
            text(
                """UPDATE app.station SET settings = settings || '{"plan_approval": true}' WHERE id = :id"""
            ),
            {"id": station.id},
        )


def step(client: Any, board: Board, verb: str, **body: Any) -> Any:
    return client.post(f"{DRAFTS}/{board.id}/{verb}", json=body)


def said(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json.get("code")


@pytest.mark.usefixtures("strict")
def test_a_planner_redraws_a_second_person_approves_and_open_cases_follow(
    board: Callable[..., Board], as_user, work, sample_report, station, owner
):
    _west, south, _east, north = station.box("B1")
    place = {"lon": station.box("A1")[2] + 0.0002, "lat": (south + north) / 2, "accuracy_m": 3}
    case = sample_report("B1", place=place)
    sent = as_user("t.volunteer").post("/api/v1/batches", data=case.form())
    assert sent.json["reports"][0]["police_grid"] == "T-B"
    work()
    mine = board()
    assert mine.send(mine.bulge(by=60_000)).status_code == 200
    assert mine.client.get(f"{DRAFTS}/{mine.id}/figures").json["changes"]["cases"] == 1
    chief = as_user("t.station_chief")
    assert said(step(mine.client, mine, "publish")) == (409, "not_submitted")
    assert step(mine.client, mine, "submit").json["state"] == "in_review"
    assert said(mine.send(mine.bulge("A2", "B2"))) == (409, "draft_submitted")
    assert said(step(mine.client, mine, "approve")) == (403, "own_plan")
    assert step(chief, mine, "approve").json["can"]["publish"] is True
    done = step(mine.client, mine, "publish").json
    assert done["state"] == "published"
    work()
    found = chief.get(f"/api/v1/cases/{case.id}").json
    assert found["police_grid"]["name"] == "T-A"
    # who answers for it now sees it and hears of it; who had it before no longer has it
    assert as_user("t.officer.a").get(f"/api/v1/cases/{case.id}").status_code == 200
    heard = as_user("t.officer.a").get("/api/v1/events?after=1").json["events"]
    assert ("cases.rerouted", case.id) in {(e["name"], e["subject_id"]) for e in heard}
    assert as_user("t.officer.b").get(f"/api/v1/cases/{case.id}").status_code == 404
    at = {"lon": place["lon"], "lat": place["lat"]}
    assert chief.get("/api/v1/locate", query_string=at).json["grid"]["name"] == "T-A1"
    households = {g["name"]: g["households"] for g in chief.get("/api/v1/grids").json}
    assert households["T-A1"] > 400 > households["T-B1"]
    assert sum(households.values()) == 2400


def test_new_grids_get_codes_that_no_grid_ever_had(board: Callable[..., Board], as_user, work, owner):
    mine = board()
    mine.send(mine.cut("T-A1"), {"kind": "merge", "areas": [mine.grid("T-C1"), mine.grid("T-C2")]})
    assert step(mine.client, mine, "submit").status_code == 200
    plan = step(mine.client, mine, "publish").json["plan"]["id"]
    work()
    grids = {g["code"]: g["name"] for g in mine.client.get("/api/v1/grids").json}
    assert grids["140106001001003"] == "T-A1*"
    assert "140106001003002" not in grids
    told = mine.client.get(f"/api/v1/plans/{plan}/changes").json["lineage"]
    assert {(h["kind"], h["predecessor"], h["successor"]) for h in told} == {
        ("split", "T-A1", "T-A1*"),
        ("merge", "T-C2", "T-C1"),
    }
    # the next new grid there: neither the code of the one that is gone, nor one that was given
    later = board(name="second")
    assert later.send(later.cut("T-C1"), later.cut("T-A2")).status_code == 200
    step(later.client, later, "submit")
    start = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    assert step(later.client, later, "publish", valid_from=start).json["state"] == "published"
    with owner.transaction() as session:
        codes = set(session.scalars(text("SELECT code FROM app.grid WHERE name LIKE '%*'")))
    assert codes == {"140106001001003", "140106001003003", "140106001001004"}
    # withdrawn before its date: its codes are used up too
    assert step(later.client, later, "withdraw").json["state"] == "draft"
    assert step(later.client, later, "submit").status_code == 200
    assert step(later.client, later, "publish").json["state"] == "published"
    grids = {g["code"] for g in mine.client.get("/api/v1/grids").json}
    assert {"140106001003004", "140106001001005"} <= grids


def test_the_check_names_each_fault_with_its_place_and_some_are_in_the_way(
    board: Callable[..., Board], station
):
    mine = board()
    beat = str(uuid4())
    mine.send(
        {"kind": "bind", "grids": [mine.grid("T-C2")], "police_grid": mine.beat("T-A")},
        {"kind": "new_police_grid", "police_grid": beat, "name": "T-D"},
        {"kind": "bind", "grids": [mine.grid("T-B2")], "police_grid": beat},
        {"kind": "set_households", "grid": mine.grid("T-B1"), "households": 120, "population": 300},
    )
    told = {f["kind"]: f for f in mine.client.get(f"{DRAFTS}/{mine.id}/check").json}
    assert set(told) == {"not_connected", "nobody_posted", "too_small"}
    assert told["not_connected"]["blocks"] is True
    assert told["not_connected"]["grids"] == [mine.grid("T-C2")]
    west, south, east, north = station.box("C2")
    lon, lat = told["not_connected"]["point"]
    assert west < lon < east
    assert south < lat < north
    refused = step(mine.client, mine, "submit")
    assert said(refused) == (422, "draft_faults")
    assert [e["code"] for e in refused.json["errors"]] == ["fault_not_connected"]
    assert mine.client.get(f"{DRAFTS}/{mine.id}").json["state"] == "draft"


def test_a_draft_upon_a_plan_that_is_no_more_the_last_says_so(board: Callable[..., Board]):
    first, second = board(name="one"), board(name="two")
    first.send(first.bulge())
    second.send(second.bulge("A2", "B2"))
    step(first.client, first, "submit")
    assert step(first.client, first, "publish").json["state"] == "published"
    told = second.client.get(f"{DRAFTS}/{second.id}/check").json
    assert [f["kind"] for f in told if f["blocks"]] == ["outdated"]
    assert said(step(second.client, second, "submit")) == (422, "draft_faults")


def test_names_change_when_the_plan_begins(board: Callable[..., Board], work, station):
    mine = board()
    mine.send(
        {"kind": "rename", "grid": mine.grid("T-A1"), "name": "东门"},
        {"kind": "rename", "police_grid": mine.beat("T-A"), "name": "一警格"},
    )
    step(mine.client, mine, "submit")
    step(mine.client, mine, "publish")
    work()
    found = {UUID(g["id"]): g for g in mine.client.get("/api/v1/grids").json}[station.grids["A1"]]
    assert (found["name"], found["police_grid"]) == ("东门", "一警格")
