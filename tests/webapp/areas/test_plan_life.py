"""The life of a plan: a second person, a date, what is frozen, what is taken back, who follows whom."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shapely import box
from shapely.geometry import shape
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.webapp.areas.plan_files import document, feature
from webapp.app import create_app
from webapp.areas import actions
from webapp.core.actor import Actor
from webapp.core.db import MIGRATE, WEB, Database
from webapp.worker import Worker

PLANS = "/api/v1/plans"


@pytest.fixture
def app(fresh):
    made = create_app(fresh)
    yield made
    made.extensions["shuangge"].database.dispose()
    made.extensions["shuangge"].login.dispose()


@pytest.fixture
def owner(fresh):
    made = Database(fresh, MIGRATE, pool_size=2)
    yield made
    made.dispose()


@pytest.fixture
def as_role(app, suite):
    def make(role, police_grid=None):
        client = app.test_client(use_cookies=False)
        token = suite.stations["T"].member(role, police_grid).token
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return make


@pytest.fixture
def work(fresh):
    worker = Worker(fresh, periodic=())

    def go():
        while worker.step():
            pass

    yield go
    worker.database.dispose()


@pytest.fixture
def send_report(as_role, sample_report):
    def send(grid="A1", **changes):
        sample = sample_report(grid, **changes)
        answer = as_role("volunteer").post("/api/v1/batches", data=sample.form())
        assert answer.json["reports"][0]["state"] == "received", answer.text
        return sample

    return send


@pytest.fixture
def bring(as_role):
    def send(content, name="second"):
        data = {"name": name, "file": (io.BytesIO(json.dumps(content).encode()), "grids.geojson")}
        made = as_role("planner").post(PLANS, data=data)
        assert made.status_code == 201, made.text
        return made.json["id"]

    return send


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


def step(client, plan_id, verb, **body):
    return client.post(f"{PLANS}/{plan_id}/{verb}", json=body)


def said(answer):
    return answer.status_code, answer.json.get("code")


@pytest.mark.usefixtures("strict")
def test_a_second_person_approves_before_a_plan_is_published(as_role, bring):
    planner, chief = as_role("planner"), as_role("station_chief")
    plan = bring(document(cut=0.3))
    assert said(step(planner, plan, "publish")) == (409, "plan_unapproved")
    assert step(planner, plan, "submit").json["state"] == "in_review"
    assert said(step(planner, plan, "publish")) == (409, "plan_unapproved")
    assert said(step(planner, plan, "approve")) == (403, "own_plan")
    assert step(chief, plan, "approve").json["state"] == "approved"
    assert said(step(chief, plan, "approve")) == (409, "state")
    assert step(planner, plan, "publish").json["state"] == "published"


@pytest.mark.usefixtures("strict")
def test_the_date_asked_for_at_submission_is_kept_and_the_past_is_none(as_role, bring):
    planner, chief = as_role("planner"), as_role("station_chief")
    start = datetime.now(UTC) + timedelta(days=3)
    plan = bring(document(cut=0.3))
    past = step(planner, plan, "submit", valid_from=(start - timedelta(days=9)).isoformat())
    assert past.status_code == 422
    assert past.json["errors"][0]["code"] == "plan_past"
    step(planner, plan, "submit", valid_from=start.isoformat())
    step(chief, plan, "approve")
    done = step(planner, plan, "publish").json
    assert datetime.fromisoformat(done["valid_from"]) == start


def test_what_was_submitted_stands_still_in_the_database_itself(fresh, as_role, bring, station):
    plan = bring(document(cut=0.3))
    step(as_role("planner"), plan, "submit")
    change = "UPDATE app.grid_shape SET households = 1 WHERE plan_id = :plan"
    redraw = "UPDATE app.plan SET name = 'other' WHERE id = :plan"
    recode = "UPDATE app.grid SET code = '140106001001777' WHERE id = :grid"
    database = Database(fresh, WEB, pool_size=1)
    for order, first in (
        (change, plan),
        (change, station.plan_id),
        (redraw, station.plan_id),
        (recode, plan),
    ):
        with (
            pytest.raises(IntegrityError),
            database.transaction(station.actor("t.planner")) as session,
        ):
            session.execute(text(order), {"plan": first, "grid": station.grids["A1"]})
    database.dispose()


def test_a_plan_to_come_is_withdrawn_and_the_one_before_goes_on(as_role, bring, station):
    planner = as_role("planner")
    start = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    plan = bring(document(cut=0.3))
    step(planner, plan, "publish", valid_from=start)
    later = bring(document(cut=0.4))
    step(planner, later, "publish", valid_from=(datetime.now(UTC) + timedelta(days=4)).isoformat())
    assert said(step(planner, plan, "withdraw")) == (409, "plan_followed")
    assert step(planner, later, "withdraw").json["state"] == "withdrawn"
    assert step(planner, plan, "withdraw").json["state"] == "withdrawn"
    kept = {p["id"]: p for p in planner.get(PLANS).json}
    assert kept[str(station.plan_id)]["valid_to"] is None
    assert said(step(planner, plan, "publish")) == (409, "state")
    assert said(step(planner, str(station.plan_id), "withdraw")) == (409, "state")


def with_corner(grid, lon, lat):
    """Give a grid's outline one more corner on its straight side at a longitude, as its neighbours have."""
    ring = grid["geometry"]["coordinates"][0]
    sides = [n for n in range(len(ring) - 1) if ring[n][0] == ring[n + 1][0] == pytest.approx(lon, abs=1e-9)]
    ring.insert(sides[0] + 1, [ring[sides[0]][0], lat])


def split_document():
    """A1 is divided: its north keeps the code, its south is new; C1 and C2 are joined under C1's code."""
    content = document()
    found = {f["properties"]["name"]: f for f in content["features"]}
    west, south, east, north = shape(found["T-A1"]["geometry"]).bounds
    middle = round((south + 2 * north) / 3, 6)
    found["T-A1"]["geometry"] = feature(box(west, middle, east, north))["geometry"]
    new = feature(box(west, south, east, middle), code="140106001001003", name="T-A3", police_grid="T-A")
    with_corner(found["T-B1"], east, middle)
    low, high = (shape(found[name]["geometry"]).bounds for name in ("T-C1", "T-C2"))
    found["T-C1"]["geometry"] = feature(box(low[0], low[1], high[2], high[3]))["geometry"]
    with_corner(found["T-C1"], low[0], low[3])
    content["features"] = [f for name, f in found.items() if name != "T-C2"] + [new]
    return content


def test_split_and_merge_leave_lineage_and_postings_follow(as_role, bring, work, owner, station, member):
    planner = as_role("planner")
    with owner.transaction(Actor(station.id, "machine")) as session:
        for username, label in (("t.grid_worker.a", "A1"), ("t.grid_worker.b", "C2")):
            actions.post(
                session, member(username).person_id, duty="grid_worker", grid_id=station.grids[label],
                since=datetime.now(UTC) - timedelta(days=3), by=Actor(station.id, "machine"),
            )  # fmt: skip
    plan = bring(split_document())
    assert step(planner, plan, "publish").status_code == 200
    told = planner.get(f"{PLANS}/{plan}/changes").json
    lineage = {(h["predecessor"], h["successor"]): h for h in told["lineage"]}
    assert set(lineage) == {("T-A1", "T-A3"), ("T-C2", "T-C1")}
    assert lineage["T-A1", "T-A3"]["kind"] == "split"
    assert lineage["T-A1", "T-A3"]["area_share"] == pytest.approx(2 / 3, rel=1e-3)
    assert lineage["T-A1", "T-A3"]["households"] == pytest.approx(267, abs=1)
    assert lineage["T-C2", "T-C1"]["kind"] == "merge"
    assert lineage["T-C2", "T-C1"]["area_share"] == pytest.approx(1.0, rel=1e-6)
    work()
    with owner.transaction() as session:
        rows = session.execute(
            text("""SELECT g.name, p.until_at IS NULL AS runs
                FROM app.posting p JOIN app.grid g ON g.id = p.grid_id
                WHERE p.grid_id IS NOT NULL AND p.station_id = :s"""),
            {"s": station.id},
        ).all()
        gone = session.scalar(
            text("SELECT retired_at FROM app.grid WHERE id = :g"), {"g": station.grids["C2"]}
        )
    assert sorted(map(tuple, rows)) == [("T-A1", True), ("T-A3", True), ("T-C1", True), ("T-C2", False)]
    assert gone is not None
    # the code of the grid that is no more can't come back with a file
    data = {"name": "again", "file": (io.BytesIO(json.dumps(document()).encode()), "g.geojson")}
    refused = planner.post(PLANS, data=data)
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "code_retired")


def test_open_cases_of_the_moved_zone_follow_and_no_others(as_role, bring, work, send_report, station, owner):
    planner, chief = as_role("planner"), as_role("station_chief")
    west, south, east, north = station.box("A1")
    near = {"lon": east - 0.0005, "lat": (south + north) / 2, "accuracy_m": 3}
    moved, closed = send_report(place=near), send_report(place={**near, "lat": near["lat"] + 0.0003})
    stays = send_report(place={"lon": west + 0.001, "lat": near["lat"]})
    officer = as_role("officer", "A")
    officer.post(
        f"/api/v1/cases/{closed.id}/steps/reject", json={"words": "没有这回事", "reason": "not_found"}
    )
    with owner.transaction() as session:
        session.execute(
            text("UPDATE app.case_file SET state = 'closed', closed_at = now() WHERE id = :id"),
            {"id": closed.id},
        )
    work()
    plan = bring(document(cut=0.25))  # the border goes a quarter of a grid to the west
    assert step(planner, plan, "publish").status_code == 200
    assert chief.get(f"/api/v1/cases/{moved.id}").json["police_grid"]["name"] == "T-A"
    work()
    names = {
        sample.id: chief.get(f"/api/v1/cases/{sample.id}").json["police_grid"]["name"]
        for sample in (moved, closed, stays)
    }
    assert names == {moved.id: "T-B", closed.id: "T-A", stays.id: "T-A"}
    with owner.transaction() as session:
        events = session.execute(
            text("SELECT subject_id, grid_id, data FROM app.event WHERE name = 'cases.rerouted'")
        ).all()
    assert [row.subject_id for row in events] == [UUID(moved.id)]
    assert events[0].grid_id == station.grids["B1"]
    assert events[0].data["from_grid"] == str(station.grids["A1"])
    assert as_role("officer", "B").get(f"/api/v1/cases/{moved.id}").status_code == 200
    assert officer.get(f"/api/v1/cases/{moved.id}").status_code == 404
    assert "cases.rerouted" in {e["name"] for e in _events(as_role("officer", "B"))}
    page = chief.get(f"/cases/{chief.get(f'/api/v1/cases/{moved.id}').json['number']}?lang=en").text
    assert "Follows new boundaries" in page


def _events(client):
    return client.get("/api/v1/events?after=1").json["events"]


def test_a_plan_for_a_date_moves_cases_when_the_date_comes(as_role, bring, work, send_report, station, owner):
    planner, chief = as_role("planner"), as_role("station_chief")
    _west, south, east, north = station.box("A1")
    case = send_report(place={"lon": east - 0.0005, "lat": (south + north) / 2, "accuracy_m": 3})
    plan = bring(document(cut=0.25))
    step(planner, plan, "publish", valid_from=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    work()
    assert chief.get(f"/api/v1/cases/{case.id}").json["police_grid"]["name"] == "T-A"
    with owner.transaction() as session:  # the day comes
        session.execute(text("ALTER TABLE app.plan DISABLE TRIGGER plan_guarded"))
        ends = text("UPDATE app.plan SET valid_to = :at WHERE id = :id")
        begins = text("UPDATE app.plan SET valid_from = :at WHERE id = :id")
        at = datetime.now(UTC) - timedelta(minutes=1)
        session.execute(ends, {"id": station.plan_id, "at": at})
        session.execute(begins, {"id": plan, "at": at})
        session.execute(text("ALTER TABLE app.plan ENABLE TRIGGER plan_guarded"))
        session.execute(
            text("UPDATE app.job SET run_at = now() WHERE name = 'areas.begin_plan' AND state = 'ready'")
        )
    work()
    assert chief.get(f"/api/v1/cases/{case.id}").json["police_grid"]["name"] == "T-B"
