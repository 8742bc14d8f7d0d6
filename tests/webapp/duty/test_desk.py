"""What goes to the duty desk: by night, without anybody posted, after a clock ran out; each says why."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from webapp.areas.queries import on_duty
from webapp.core import clock
from webapp.duty import jobs


@pytest.fixture
def route(work, send_report):
    """Report in a grid and let the worker route it; returns the case's id."""

    def make(grid: str) -> UUID:
        sent = send_report("t.volunteer", grid)
        work(jobs.route_case, subject=str(sent.id), data={})
        return sent.id

    return make


def sent_to(events, case_id):
    return [(data["why"], data["to"]) for name, data in events(case_id) if name == "duty.case_sent"]


def test_by_day_with_somebody_posted_nothing_goes_to_the_desk(route, shift, events) -> None:
    shift("t.officer.b", kind="day")
    assert sent_to(events, route("A1")) == []


def test_by_night_new_cases_go_to_the_desk_once(route, shift, events, member, work, as_user) -> None:
    shift("t.officer.b")
    case_id = route("A1")
    desk = str(member("t.officer.b").person_id)
    work(jobs.route_case, subject=str(case_id), data={})
    assert sent_to(events, case_id) == [("night", [desk])]
    listed = as_user("t.officer.b").get("/api/v1/desk/at_desk").json
    assert str(case_id) in str(listed)
    number = as_user("t.officer.b").get(f"/api/v1/cases/{case_id}").json["number"]
    page = as_user("t.station_chief").get(f"/cases/{number}?lang=en").text
    assert "Sent to the duty desk: it is night" in page


def test_nobody_posted_is_the_desk_and_an_alarm(route, events, member, owner_db, station) -> None:
    case_id = route("C1")
    chief = str(member("t.station_chief").person_id)
    assert sent_to(events, case_id) == [("nobody", [chief])], "without a roster the chief has the desk"
    with owner_db.transaction() as session:
        alarms = text("SELECT count(*) FROM app.event WHERE name = 'areas.unattended' AND grid_id = :g")
        assert session.scalar(alarms, {"g": station.grids["C1"]}) == 1


def test_who_is_away_without_a_deputy_answers_for_nothing(route, away, events, db_as, station) -> None:
    away("t.officer.b")
    away("t.grid_worker.b")
    assert [why for why, _to in sent_to(events, route("B1"))] == ["away"]
    with db_as("t.station_chief") as session:
        here = on_duty(session, station.grids["B1"], station.police_grids["B"], clock.now())
    assert here == []


def test_a_deputy_answers_by_day(route, away, events, db_as, station, member) -> None:
    away("t.officer.b", "t.officer.a")
    away("t.grid_worker.b")
    assert sent_to(events, route("B1")) == []
    with db_as("t.station_chief") as session:
        here = on_duty(session, station.grids["B1"], station.police_grids["B"], clock.now())
    assert [(row.person_id, row.duty) for row in here] == [(member("t.officer.a").person_id, "officer")]


def test_a_clock_that_ran_out_goes_to_the_desk(route, shift, events, work, member) -> None:
    shift("t.officer.b", kind="day")
    case_id = route("A1")
    work(jobs.route_case, subject=str(case_id), data={"clock": "respond_by"})
    assert sent_to(events, case_id) == [("ran_out", [str(member("t.officer.b").person_id)])]


def test_what_a_shift_leaves_behind_goes_to_the_ground(route, shift, as_user, work, events, member) -> None:
    made = shift("t.officer.b").json
    case_id = route("A1")
    assert as_user("t.officer.b").post(f"/api/v1/cases/{case_id}/accept", json={}).status_code == 200
    work(jobs.tend_desk)
    assert [name for name, _data in events(case_id)] == ["duty.case_sent"], "the shift still lasts"
    as_user("t.station_chief").post(f"/api/v1/duty/shifts/{made['id']}/end")
    work(jobs.tend_desk)
    work(jobs.tend_desk)
    heir = str(member("t.officer.a").person_id)
    assert sent_to(events, case_id)[1:] == [("shift_over", [heir])]
    found = as_user("t.officer.a").get(f"/api/v1/cases/{case_id}").json
    assert found["state"] == "dispatched", "and waits for the acknowledgement of the ground's officer"
    assert as_user("t.officer.b").get(f"/api/v1/cases/{case_id}").status_code == 404


def test_calls_reach_the_desk_before_the_chief(shift, as_user, member, station, owner_db) -> None:
    from uuid import uuid4

    shift("t.officer.b")
    lon, lat = station.inside("C1")
    body = {"id": str(uuid4()), "kind": "help", "words": "路灯下有人倒地", "place": {"lon": lon, "lat": lat}}
    told = as_user("t.grid_worker.a").post("/api/v1/calls", json=body)
    assert (told.status_code, told.json["level"]) == (201, 2), told.text
    assert as_user("t.officer.b").get(f"/api/v1/calls/{body['id']}").json["mine"] == "called"
    assert as_user("t.station_chief").get(f"/api/v1/calls/{body['id']}").json["mine"] is None


def test_the_statement_agrees_with_the_rule_about_deputies(away, db_as, member) -> None:
    away("t.officer.a", "t.officer.b")
    away("t.officer.b", "t.station_chief")
    away("t.grid_worker.a", "t.grid_worker.b")
    away("t.grid_worker.b", "t.grid_worker.a")
    with db_as("t.volunteer") as session:
        rows = session.execute(text("SELECT person_id, deputy_id FROM app.stand_ins(now())"))
        found = {row.person_id: row.deputy_id for row in rows}
    chief = member("t.station_chief").person_id
    assert found == {
        member("t.officer.a").person_id: chief,
        member("t.officer.b").person_id: chief,
        member("t.grid_worker.a").person_id: None,
        member("t.grid_worker.b").person_id: None,
    }
