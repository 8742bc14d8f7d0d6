"""The roster by its doors: kept by the chief alone, said twice is said once, nobody is in two places."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.webapp.duty.conftest import API
from webapp.core import clock


def test_the_chief_puts_somebody_at_the_desk_and_all_who_work_see_it(shift, as_user, member, events) -> None:
    made = shift("t.officer.b")
    assert made.status_code == 201, made.text
    for username in ("t.officer.a", "t.grid_worker.a", "t.station_chief"):
        found = as_user(username).get(API).json
        assert [item["person_id"] for item in found["desk"]] == [str(member("t.officer.b").person_id)]
        assert found["shifts"][0]["name"]
    assert [name for name, _data in events(made.json["id"])] == ["duty.shift_added"]
    assert as_user("u.officer.a").get(API).json["desk"] == [], "another station's desk"


def test_the_same_shift_twice_is_one(shift, as_user, owner_db) -> None:
    same = str(uuid4())
    first, again = shift("t.officer.a", id=same), shift("t.officer.a", id=same)
    assert (first.status_code, again.status_code) == (201, 201)
    other = shift("t.officer.a", -1, 9, id=same)
    assert (other.status_code, other.json["code"]) == (409, "already_known")
    twice = shift("t.officer.a", 7, 12)
    assert (twice.status_code, twice.json["code"]) == (409, "duty_twice")
    assert shift("t.officer.b", 7, 12).status_code == 201, "two persons may be there at once"
    overlaps = as_user("t.station_chief").get(API).json["overlaps"]
    assert len(overlaps) <= 1  # the hour may lie in the next week


@pytest.mark.parametrize(
    ("username", "since", "until", "code"),
    [
        ("t.grid_worker.a", -1, 8, "duty_person"),
        ("t.volunteer", -1, 8, "duty_person"),
        ("t.officer.a", 2, 1, "duty_backwards"),
        ("t.officer.a", 0, 50, "duty_too_long"),
        ("t.officer.a", 24 * 500, 24 * 500 + 8, "duty_far"),
    ],
)
def test_shifts_that_can_not_be(shift, username, since, until, code) -> None:
    answer = shift(username, since, until)
    assert answer.status_code == 422
    assert [item["code"] for item in answer.json["errors"]] == [code]


def test_a_shift_is_changed_and_ended(shift, as_user, member, events) -> None:
    chief = as_user("t.station_chief")
    made = shift("t.officer.a", 2, 10).json
    wanted = {name: made[name] for name in ("person_id", "kind", "since_at", "until_at")}
    wanted["person_id"] = str(member("t.officer.b").person_id)
    assert chief.put(f"{API}/shifts/{made['id']}", json=wanted).json["person_id"] == wanted["person_id"]
    assert chief.put(f"{API}/shifts/{made['id']}", json=wanted).status_code == 200
    struck = chief.post(f"{API}/shifts/{made['id']}/end").json
    assert struck["struck"] is True, "one that has not begun never was"
    assert chief.post(f"{API}/shifts/{made['id']}/end").status_code == 404
    running = shift("t.officer.a", -2, 6).json
    assert chief.post(f"{API}/shifts/{running['id']}/end").json["struck"] is False
    assert chief.get(API).json["desk"] == []
    over = chief.put(f"{API}/shifts/{running['id']}", json=wanted)
    assert (over.status_code, over.json["code"]) == (409, "duty_over")
    assert [name for name, _data in events(made["id"])] == [
        "duty.shift_added",
        "duty.shift_changed",
        "duty.shift_ended",
    ]


def test_a_deputy_has_the_desk_of_who_is_away(shift, away, as_user, member) -> None:
    shift("t.officer.a")
    gone = away("t.officer.a", "t.officer.b")
    assert gone.status_code == 201, gone.text
    chief = as_user("t.station_chief")
    assert [item["person_id"] for item in chief.get(API).json["desk"]] == [
        str(member("t.officer.b").person_id)
    ]
    assert chief.post(f"{API}/absences/{gone.json['id']}/end").status_code == 200
    assert [item["person_id"] for item in chief.get(API).json["desk"]] == [
        str(member("t.officer.a").person_id)
    ]


def test_deputies_that_can_not_be(away) -> None:
    for deputy in ("t.grid_worker.a", "t.volunteer", "t.officer.a"):
        answer = away("t.officer.a", deputy)
        assert answer.status_code == 422, answer.text
        assert answer.json["errors"][0]["code"] == "duty_deputy"
    assert away("t.volunteer").json["errors"][0]["code"] == "duty_away"
    assert away("t.officer.a", "t.station_chief").status_code == 201
    assert away("t.officer.a").json["code"] == "duty_twice"


def test_a_deputy_sees_the_ground_of_who_is_away(away, send_report, as_user) -> None:
    sent = send_report("t.volunteer", "A1")
    address = f"/api/v1/cases/{sent.id}"
    assert as_user("t.officer.b").get(address).status_code == 404
    gone = away("t.officer.a", "t.officer.b").json
    assert as_user("t.officer.b").get(address).status_code == 200
    as_user("t.station_chief").post(f"{API}/absences/{gone['id']}/end")
    assert as_user("t.officer.b").get(address).status_code == 404


def test_who_has_the_desk_sees_the_ground_as_long_as_the_shift_lasts(shift, send_report, as_user) -> None:
    sent = send_report("t.volunteer", "A1")
    address = f"/api/v1/cases/{sent.id}"
    made = shift("t.officer.b").json
    assert as_user("t.officer.b").get(address).status_code == 200
    assert as_user("t.grid_worker.b").get(address).status_code == 404
    as_user("t.station_chief").post(f"{API}/shifts/{made['id']}/end")
    assert as_user("t.officer.b").get(address).status_code == 404


@pytest.mark.parametrize(
    "username", ["t.officer.a", "t.grid_worker.a", "t.volunteer", "t.planner", "u.station_chief"]
)
def test_nobody_else_writes_a_roster_by_hand(username, db_as, member, station) -> None:
    values = {
        "id": uuid4(),
        "station": station.id,
        "person": member("t.officer.a").person_id,
        "since": clock.now(),
        "until": clock.now() + timedelta(hours=8),
    }
    statement = text("""
        INSERT INTO app.duty_shift (id, station_id, person_id, kind, since_at, until_at, by_id)
        VALUES (:id, :station, :person, 'night', :since, :until, app.me())""")
    with pytest.raises(DBAPIError), db_as(username) as session:
        session.execute(statement, values)


def test_a_stranger_learns_nothing_of_the_roster(shift, away, web_db, station) -> None:
    from webapp.core.actor import Actor

    shift("t.officer.b")
    away("t.officer.a")
    with web_db.transaction(Actor(station.id, "public")) as session:
        for statement in (
            "SELECT * FROM app.duty_shift",
            "SELECT * FROM app.absence",
            "SELECT * FROM app.desk_at(now())",
            "SELECT * FROM app.stand_ins(now())",
            "SELECT app.chiefs()",
        ):
            assert not list(session.execute(text(statement))), statement


def roster_file(*rows: str) -> dict[str, object]:
    data = "\n".join(("日期,班次,值班人,开始,结束", *rows)).encode()
    return {"file": (io.BytesIO(data), "roster.csv")}


def test_a_week_comes_by_a_file(as_user, member, owner_db) -> None:
    chief = as_user("t.station_chief")
    with owner_db.transaction() as session:
        names = {row.id: row.name for row in session.execute(text("SELECT id, name FROM app.person"))}
    one, two = (names[member(f"t.officer.{mark}").person_id] for mark in "ab")
    day = (clock.now().astimezone(clock.SHOWN) + timedelta(days=30)).date()
    rows = (
        f"{day},夜班,{one},20:00,08:00",
        f"{day + timedelta(days=1)},夜班,{two},,",
        f"{day + timedelta(days=1)},夜班,{two},23:00,05:00",
        f"{day},夜班,没有此人,,",
        f"{day},不知,{one},,",
        f"哪天,夜班,{one},,",
    )
    checked = chief.post(f"{API}/import", data=roster_file(*rows)).json
    assert (checked["good"], checked["added"]) == (2, 0)
    assert {(item["pointer"].split("/")[0], item["code"]) for item in checked["faults"]} == {
        ("row 4", "duty_twice"),
        ("row 5", "duty_name"),
        ("row 6", "bad_shift"),
        ("row 7", "bad_call_time"),
    }
    taken = chief.post(f"{API}/import", data={**roster_file(*rows), "take": "true"}).json
    assert (taken["added"], taken["known"]) == (2, 0)
    again = chief.post(f"{API}/import", data={**roster_file(*rows), "take": "true"}).json
    assert (again["added"], again["known"]) == (0, 2)
    year, week, _day = day.isocalendar()
    shifts = chief.get(f"{API}?week={year}-W{week:02d}").json["shifts"]
    night = next(item for item in shifts if item["name"] == one)
    assert night["since_at"].startswith(str(day))
    assert clock.shown(datetime.fromisoformat(night["until_at"]), "%H:%M") == "08:00"
