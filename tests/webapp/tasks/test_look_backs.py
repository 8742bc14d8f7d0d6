"""Look-backs: planned at the closing, told to nobody before the day, done by a second person."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.samples import photo
from tests.stations import Member, Station
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import Database
from webapp.core.queue import Run
from webapp.tasks import jobs, rules
from webapp.worker import Worker

EVERYBODY = ("t.officer.a", "t.grid_worker.a", "t.officer.b", "t.volunteer", "t.volunteer.2", "t.planner",
             "t.mediator", "t.system_admin")  # fmt: skip


def planned_for(client: FlaskClient, case_id: str) -> list[dict[str, Any]]:
    found = client.get(f"/api/v1/cases/{case_id}/tasks").json["look_backs"]
    return sorted(found, key=lambda row: row["number"])


def test_closing_plans_dated_look_backs_that_only_the_chief_sees(
    closed_case: Callable[..., str],
    as_user: Callable[[str], FlaskClient],
    db_as: Callable[[str], AbstractContextManager[Session]],
) -> None:
    case_id = closed_case("A1")
    chief = as_user("t.station_chief")
    found = planned_for(chief, case_id)
    assert [row["number"] for row in found] == [1, 2]  # flying wire: 7 and 30 days, three more or less
    today = clock.now().astimezone(rules.SHANGHAI).date()
    after = [(date.fromisoformat(row["due_on"]) - today).days for row in found]
    assert 4 <= after[0] <= 10
    assert 27 <= after[1] <= 33
    assert [row["due_on"] for row in chief.get("/api/v1/look-backs").json if row["id"] == found[0]["id"]]
    days = [row["due_on"] for row in found]
    for username in EVERYBODY:
        client = as_user(username)
        for path in (f"/api/v1/cases/{case_id}/tasks", f"/api/v1/cases/{case_id}", "/api/v1/tasks?mine=false",
                     "/api/v1/events?after=1", "/api/v1/look-backs", "/api/v1/look-back-rules"):  # fmt: skip
            said = client.get(path).text
            assert not [day for day in days if day in said], (username, path)
            assert found[0]["id"] not in said, (username, path)
        with db_as(username) as session:
            of_case = text("SELECT count(*) FROM app.look_back WHERE case_id = :id")
            assert session.scalar(of_case, {"id": case_id}) == 0
            assert session.scalar(text("SELECT count(*) FROM app.look_back_rule")) == 0
            told = session.scalars(
                text("SELECT name FROM app.event WHERE name LIKE 'tasks.look_back%'")
            ).all()
            assert told == []
    # also who reads the whole log learns that something was planned, but no day
    assert not [day for day in days if day in as_user("t.audit_admin").get("/api/v1/events?after=1").text]


def test_planning_again_changes_nothing(
    closed_case: Callable[..., str], worker: Worker, station: Station, owner_db: Database
) -> None:
    case_id = closed_case("A1")
    by = Actor(station.id, "machine")
    for job_id in (71, 72):
        with worker.database.transaction(by) as session:
            jobs.plan_look_backs(Run(session, by, job_id, {"subject": case_id}, worker.resources))
    with owner_db.transaction() as session:
        assert (
            session.scalar(text("SELECT count(*) FROM app.look_back WHERE case_id = :id"), {"id": case_id})
            == 2
        )


def test_the_same_dice_fall_the_same_and_nobody_foresees_them(
    closed_case: Callable[..., str], as_user: Callable[[str], FlaskClient]
) -> None:
    days = set()
    for _case in range(4):
        found = planned_for(as_user("t.station_chief"), closed_case("A2"))
        days.add(tuple(row["due_on"] for row in found))
    assert len(days) > 1


def test_on_the_day_it_goes_to_the_second_person_of_the_grid(
    closed_case: Callable[..., str],
    day_comes: Callable[[str], list[str]],
    tend: Callable[[], None],
    work: Callable[[], None],
    as_user: Callable[[str], FlaskClient],
    tell: Callable[..., Any],
    db_as: Callable[[str], AbstractContextManager[Session]],
) -> None:
    case_id = closed_case("A1", handler="t.officer.a")
    [own] = day_comes(case_id)
    tend()
    tend()
    second = as_user("t.grid_worker.a")
    [task] = [t for t in second.get("/api/v1/tasks").json["tasks"] if t["id"] == own]
    assert task["kind"] == "look_back"
    assert "飞线充电" in task["words"]
    assert task["case"] is None
    assert task["address"] == ""
    # the handler, the reporter and everybody else: nothing, also by SQL
    for username in ("t.officer.a", "t.volunteer", "t.officer.b", "t.volunteer.2"):
        client = as_user(username)
        assert client.get(f"/api/v1/tasks/{own}").status_code == 404
        assert own not in client.get("/api/v1/tasks?mine=false").text
        assert own not in client.get("/api/v1/events?after=1").text
        assert tell(username, own).status_code == 404
        with db_as(username) as session:
            assert session.scalar(text("SELECT count(*) FROM app.task WHERE id = :id"), {"id": own}) == 0
    assert planned_for(as_user("t.officer.a"), case_id) == []
    assert [row["state"] for row in planned_for(second, case_id)] == ["open"]

    assert tell("t.grid_worker.a", own).json["result"]["flags"] == []
    work()
    [row] = planned_for(as_user("t.officer.a"), case_id)
    assert (row["number"], row["state"]) == (1, "fine")
    events = as_user("t.officer.a").get("/api/v1/events?after=1").json["events"]
    assert "cases.looked_back" in [e["name"] for e in events if e["subject_id"] == case_id]
    # now that it is over the handler reads it too, photo included
    assert as_user("t.officer.a").get(row["result"]["photos"][0]).status_code == 200
    assert as_user("t.volunteer").get(row["result"]["photos"][0]).status_code == 404
    assert planned_for(as_user("t.station_chief"), case_id)[1]["state"] == "planned"


def test_a_failed_look_back_opens_the_case_again_once(
    closed_case: Callable[..., str],
    day_comes: Callable[[str], list[str]],
    tend: Callable[[], None],
    work: Callable[[], None],
    as_user: Callable[[str], FlaskClient],
    tell: Callable[..., Any],
    owner_db: Database,
    worker: Worker,
    station: Station,
) -> None:
    case_id = closed_case("A1")
    [own] = day_comes(case_id)
    tend()
    result = str(uuid4())
    for _time in range(2):
        assert (
            tell("t.grid_worker.a", own, "failed", note="线又挂出来了", result_id=result).status_code == 200
        )
    work()
    by = Actor(station.id, "machine")
    with worker.database.transaction(by) as session:
        jobs.follow_look_back(Run(session, by, 0, {"subject": own}, worker.resources))
    case = as_user("t.officer.a").get(f"/api/v1/cases/{case_id}").json
    assert case["state"] == "reported"
    assert case["closed_at"] is None
    # the second one that was planned is no more
    rows = planned_for(as_user("t.station_chief"), case_id)
    assert [(row["number"], row["state"]) for row in rows] == [(1, "failed"), (2, "cancelled")]
    assert rows[0]["result"]["note"] == "线又挂出来了"
    with owner_db.transaction() as session:
        names = session.scalars(
            text("SELECT name FROM app.event WHERE subject_id = :id ORDER BY id"), {"id": case_id}
        ).all()
    assert names.count("cases.reopened") == 1
    # closed once more it is looked at again, and the count goes on
    client = as_user("t.officer.a")
    client.post(f"/api/v1/cases/{case_id}/accept", json={})
    proof = {"note": "再次拆除", "photo": (io.BytesIO(photo(11)), "a.jpg", "image/jpeg")}
    assert client.post(f"/api/v1/cases/{case_id}/close", data=proof).status_code == 200
    work()
    rows = planned_for(as_user("t.station_chief"), case_id)
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert [row["state"] for row in rows][2:] == ["planned", "planned"]


@pytest.mark.parametrize(
    ("wish", "state", "open_now"), [(None, "closed", 1), ("reopen", "reported", 0), ("nothing", "closed", 0)]
)
def test_what_follows_when_a_resident_is_not_satisfied(
    closed_case: Callable[..., str],
    worker: Worker,
    station: Station,
    owner_db: Database,
    as_user: Callable[[str], FlaskClient],
    work: Callable[[], None],
    wish: str | None,
    state: str,
    open_now: int,
) -> None:
    case_id = closed_case("A2")
    as_set = {"unsatisfied": wish} if wish else {}
    chief = as_user("t.station_chief")
    if as_set:
        assert chief.patch("/api/v1/station-settings", json=as_set).json["unsatisfied"] == wish
    by = Actor(station.id, "machine")
    try:
        for satisfied in (True, False):
            with worker.database.transaction(by) as session:
                args = {"subject": case_id, "data": {"satisfied": satisfied}}
                jobs.answer_unsatisfied(Run(session, by, int(case_id[:6], 16), args, worker.resources))
        work()
        assert chief.get(f"/api/v1/cases/{case_id}").json["state"] == state
        states = [row["state"] for row in planned_for(chief, case_id)]
        assert states.count("open") == open_now
    finally:
        chief.patch("/api/v1/station-settings", json={"unsatisfied": "look_back"})


def test_of_a_look_back_a_volunteer_sees_place_and_question_only(
    closed_case: Callable[..., str],
    day_comes: Callable[[str], list[str]],
    tend: Callable[[], None],
    as_user: Callable[[str], FlaskClient],
    member: Callable[[str], Member],
    db_as: Callable[[str], AbstractContextManager[Session]],
    tell: Callable[..., Any],
) -> None:
    case_id = closed_case("A1")
    [own] = day_comes(case_id)
    tend()
    chief = as_user("t.station_chief")
    to = chief.put(
        f"/api/v1/tasks/{own}/receiver", json={"to_person": str(member("t.volunteer.2").person_id)}
    )
    assert to.status_code == 200, to.text
    with db_as("t.volunteer.2") as session:
        row = session.execute(text("SELECT * FROM app.task WHERE id = :id"), {"id": own}).mappings().one()
        assert row["case_id"] is None
        assert row["given_by"] is None
        assert session.scalar(text("SELECT count(*) FROM app.look_back")) == 0
        assert session.scalar(text("SELECT count(*) FROM app.case_file WHERE id = :id"), {"id": case_id}) == 0
    # its reporter gets it not even by name
    chief.put(f"/api/v1/tasks/{own}/receiver", json={"to_person": str(member("t.volunteer").person_id)})
    assert as_user("t.volunteer").get(f"/api/v1/tasks/{own}").status_code == 404
    assert tell("t.volunteer", own).status_code == 404


def test_where_nobody_else_is_posted_the_handler_looks_and_it_is_flagged(
    closed_case: Callable[..., str],
    day_comes: Callable[[str], list[str]],
    tend: Callable[[], None],
    work: Callable[[], None],
    as_user: Callable[[str], FlaskClient],
    tell: Callable[..., Any],
    owner_db: Database,
    member: Callable[[str], Member],
) -> None:
    case_id = closed_case("B1", handler="t.officer.b")
    [own] = day_comes(case_id)
    away = {"p": member("t.grid_worker.b").person_id}
    with owner_db.transaction() as session:
        session.execute(text("SET ROLE shuangge_owner"))
        session.execute(text("UPDATE app.posting SET until_at = now() WHERE person_id = :p"), away)
    try:
        tend()
        told = tell("t.officer.b", own, grid="A1", shade=None)
        assert told.status_code == 200, told.text
        work()
        flags = [
            f["code"] for f in as_user("t.officer.b").get(f"/api/v1/tasks/{own}").json["result"]["flags"]
        ]
        assert flags == ["far", "no_photo", "same_person"]
    finally:
        with owner_db.transaction() as session:
            session.execute(text("SET ROLE shuangge_owner"))
            session.execute(text("UPDATE app.posting SET until_at = NULL WHERE person_id = :p"), away)


def test_the_chief_asks_for_one_more(
    closed_case: Callable[..., str], as_user: Callable[[str], FlaskClient], send_report: Callable[..., Any]
) -> None:
    case_id, own = closed_case("A2"), str(uuid4())
    today = clock.now().astimezone(rules.SHANGHAI).date()
    body = {"id": own, "due_on": (today + timedelta(days=3)).isoformat()}
    chief = as_user("t.station_chief")
    for _time in range(2):
        answer = chief.post(f"/api/v1/cases/{case_id}/look-backs", json=body)
        assert (answer.status_code, answer.json["number"]) == (201, 3), answer.text
    past = {"id": str(uuid4()), "due_on": (today - timedelta(days=1)).isoformat()}
    assert chief.post(f"/api/v1/cases/{case_id}/look-backs", json=past).status_code == 422
    assert as_user("t.officer.a").post(f"/api/v1/cases/{case_id}/look-backs", json=body).status_code == 403
    opened = send_report("t.volunteer", "A2")
    early = chief.post(f"/api/v1/cases/{opened.id}/look-backs", json={**body, "id": str(uuid4())})
    assert (early.status_code, early.json["code"]) == (409, "no_look_back")


def test_a_case_that_is_open_again_is_not_looked_back_at(
    closed_case: Callable[..., str],
    day_comes: Callable[[str], list[str]],
    tend: Callable[[], None],
    worker: Worker,
    station: Station,
    as_user: Callable[[str], FlaskClient],
) -> None:
    case_id = closed_case("A1")
    [own] = day_comes(case_id)
    tend()
    by = Actor(station.id, "machine")
    for _time in range(2):
        with worker.database.transaction(by) as session:
            jobs.cancel_look_backs(Run(session, by, 0, {"subject": case_id}, worker.resources))
    assert as_user("t.grid_worker.a").get(f"/api/v1/tasks/{own}").json["state"] == "cancelled"
    assert {row["state"] for row in planned_for(as_user("t.station_chief"), case_id)} == {"cancelled"}


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"days": [7, 7]}, "/days", "not_ascending"),
        ({"days": [0]}, "/days/0", "number_range"),
        ({"jitter_days": 99}, "/jitter_days", "number_range"),
        ({"valid_to": "2026-01-01"}, "/valid_to", "due_backwards"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    as_user: Callable[[str], FlaskClient], changes: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"class_code": "fire_lane", "days": [3], "valid_from": "2026-01-01", **changes}
    answer = as_user("t.station_chief").put("/api/v1/look-back-rules", json=body)
    assert answer.status_code == 422
    assert {"pointer": pointer, "code": code}.items() <= answer.json["errors"][0].items()


def test_a_station_sets_its_own_rule_and_the_newest_holds(
    closed_case: Callable[..., str], as_user: Callable[[str], FlaskClient], station: Station
) -> None:
    chief = as_user("t.station_chief")
    today = clock.now().astimezone(rules.SHANGHAI).date()
    for days in ([5], [2, 4, 6]):
        body = {"class_code": "flying_wire", "days": days, "jitter_days": 0, "valid_from": today.isoformat()}
        assert chief.put("/api/v1/look-back-rules", json=body).status_code == 200
    try:
        found = planned_for(chief, closed_case("A1"))
        assert [date.fromisoformat(row["due_on"]) for row in found] == [
            today + timedelta(days=after) for after in (2, 4, 6)
        ]
        assert not [r for r in as_user("u.station_chief").get("/api/v1/look-back-rules").json if r["own"]]
    finally:
        body = {
            "class_code": "flying_wire",
            "days": [7, 30],
            "jitter_days": 3,
            "valid_from": today.isoformat(),
        }
        chief.put("/api/v1/look-back-rules", json=body)


def test_a_patrol_passes_closed_problem_places_and_learns_no_date(
    closed_case: Callable[..., str], as_user: Callable[[str], FlaskClient], station: Station
) -> None:
    lon, lat = station.inside("A2")
    for _twice in range(2):
        closed_case("A2", place={"lon": lon, "lat": lat + 0.001})
    client = as_user("t.grid_worker.a")
    query = {"grid": str(station.grids["A2"])}
    gpx = client.get("/tasks/waypoints.gpx", query_string=query)
    assert gpx.status_code == 200
    assert gpx.mimetype == "application/gpx+xml"
    assert "飞线充电" in gpx.text
    places = client.get("/tasks/waypoints.geojson", query_string=query).json
    assert gpx.text.count("<wpt ") == len(places["features"])
    here = pytest.approx([lon, lat + 0.001], abs=1e-4)
    [place] = [item for item in places["features"] if item["geometry"]["coordinates"] == here]
    assert place["properties"]["matters"] == 2, "both lie at one place"
    old = client.get("/tasks/waypoints.geojson", query_string={**query, "week": "2020-W01"}).json
    assert old["features"] == []
    assert (
        client.get("/tasks/waypoints.gpx", query_string={**query, "week": "soon"}).json["code"] == "bad_week"
    )
    assert client.get("/tasks/waypoints.gpx").json["code"] == "bad_uuid"
    assert (
        client.get("/tasks/waypoints.gpx", query_string={"grid": str(station.grids["B1"])}).text.count(
            "<wpt "
        )
        == 0
    )
    assert as_user("t.volunteer").get("/tasks/waypoints.gpx", query_string=query).status_code == 403
