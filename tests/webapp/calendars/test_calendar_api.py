"""The station's calendar, hours and limits: kept, versioned, logged, and behind their walls."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from webapp.calendars import actions, queries, rules
from webapp.calendars.counting import local_day
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import WORKER, Database

URL = "/api/v1/calendar"
EVENTS = text(
    "SELECT name, by_id, data FROM app.event WHERE name LIKE 'calendars.%' AND station_id = :s ORDER BY id"
)


@pytest.fixture(scope="module", autouse=True)
def year_here(as_role):
    for year in (2025, 2026):
        assert as_role("station_chief").post(f"{URL}/years/{year}", json={}).status_code == 200
    body = {"id": str(uuid4()), "day": "2025-12-10", "works": False, "reason": "x"}
    assert as_role("station_chief").post(f"{URL}/days", json=body).status_code == 200
    body = a_limit(class_code="other")
    assert as_role("station_chief").post(f"{URL}/limits", json=body).status_code == 200


def events(owner_db, station):
    with owner_db.transaction() as session:
        return [tuple(row) for row in session.execute(EVENTS, {"s": station.id})]


def due(client, start, amount, unit):
    asked = {"start": start, "amount": amount, "unit": unit}
    return client.get(f"{URL}/due", query_string=asked)


def test_a_year_is_copied_once_with_its_source(as_role, owner_db, station, member):
    chief = as_role("station_chief")
    version = chief.get(URL).json["version"]
    again = chief.post(f"{URL}/years/2026", json={})
    assert (again.json["source"], again.json["source_version"]) == ("chinesecalendar", "1.11.0")
    assert chief.get(URL).json["version"] == version
    told = [
        row
        for row in events(owner_db, station)
        if row[0] == "calendars.year_imported" and row[2]["source"] == "chinesecalendar"
    ]
    assert [(row[1], row[2]["year"], row[2]["days"]) for row in told] == [
        (member("t.station_chief").person_id, year, 365) for year in (2025, 2026)
    ]
    days = {item["day"]: item for item in as_role("officer").get(f"{URL}/years/2026").json}
    assert days["2026-10-10"]["kind"] == "make_up"
    assert days["2026-10-01"] == {
        "day": "2026-10-01", "kind": "holiday", "title": "National Day",
        "works": False, "own": False, "reason": "",
    }  # fmt: skip
    # The other station knows nothing of what this one has typed in.
    notice = {"holidays": {"2029-01-01": "元旦"}, "make_up": {}, "source": "test"}
    assert chief.post(f"{URL}/years/2029", json=notice).status_code == 200
    assert len(chief.get(f"{URL}/years/2029").json) == 365
    assert as_role("station_chief", station="U").get(f"{URL}/years/2029").json == []


def test_a_year_that_nobody_knows_is_refused_by_name_and_shown_as_missing(as_role):
    chief = as_role("station_chief")
    answer = chief.post(f"{URL}/years/2031", json={})
    assert (answer.status_code, answer.json["code"]) == (409, "calendar_missing")
    assert "2031" in answer.json["detail"]
    far = due(chief, "2031-03-03T09:00:00+08:00", 2, "working_day")
    assert (far.status_code, far.json["code"]) == (409, "calendar_missing")
    today = local_day(clock.now())
    known = [item["year"] for item in chief.get(URL).json["years"]]
    assert chief.get(URL).json["missing"] == rules.missing_years(known, today)


def test_a_notice_typed_in_counts_until_the_package_knows_better(as_role):
    chief = as_role("station_chief")
    notice = {
        "holidays": {"2028-01-01": "元旦", "2028-01-03": "元旦"},
        "make_up": {"2028-01-08": "元旦"},
        "source": "test",
    }
    assert chief.post(f"{URL}/years/2028", json=notice).json["source"] == "notice"
    assert (
        due(chief, "2028-01-02T09:00:00+08:00", 5, "working_day").json["end"].startswith("2028-01-08T10:00")
    )
    wrong = {"holidays": {"2027-01-01": ""}, "make_up": {"2028-01-05": ""}}
    answer = chief.post(f"{URL}/years/2028", json=wrong)
    assert answer.status_code == 422
    assert {(e["pointer"], e["code"]) for e in answer.json["errors"]} == {
        ("/holidays", "day_other_year"),
        ("/make_up", "day_no_weekend"),
    }


def test_a_day_declared_free_counts_at_once_and_is_taken_back(as_role, owner_db, station, member):
    chief = as_role("station_chief")
    change = {"id": str(uuid4()), "day": "2026-10-09", "works": False, "reason": "停电检修"}
    start = "2026-10-08T09:00:00+08:00"
    assert due(chief, start, 1, "working_day").json["end"].startswith("2026-10-09T10:00")
    first = chief.post(f"{URL}/days", json=change)
    assert first.status_code == 200, first.text
    assert due(as_role("officer"), start, 1, "working_day").json["end"].startswith("2026-10-10T10:00")
    version = chief.get(URL).json["version"]
    # The same again changes nothing; other words under the same id are refused.
    assert chief.post(f"{URL}/days", json=change).json == first.json
    assert chief.get(URL).json["version"] == version
    assert chief.post(f"{URL}/days", json={**change, "works": True}).status_code == 409
    told = events(owner_db, station)[-1]
    assert told[:2] == ("calendars.day_set", member("t.station_chief").person_id)
    assert told[2] == {"day": "2026-10-09", "works": False, "worked": True, "change_id": change["id"]}
    back = {"id": str(uuid4()), "day": "2026-10-09", "works": None, "reason": "取消"}
    assert chief.post(f"{URL}/days", json=back).status_code == 200
    assert due(chief, start, 1, "working_day").json["end"].startswith("2026-10-09T10:00")
    # A weekend can be worked, too.
    extra = {"id": str(uuid4()), "day": "2026-10-11", "works": True, "reason": "专项行动"}
    assert chief.post(f"{URL}/days", json=extra).status_code == 200
    assert (
        due(chief, "2026-10-10T09:00:00+08:00", 1, "working_day").json["end"].startswith("2026-10-11T10:00")
    )


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"reason": "  "}, 422, "/reason"),
        ({"day": "2031-03-03"}, 409, None),
        ({"day": "1999-03-03"}, 422, "/day"),
        ({"works": "perhaps"}, 422, "/works"),
        ({"reason": "x" * 201}, 422, "/reason"),
    ],
)
def test_a_day_that_cant_be_is_refused(as_role, change, status, pointer):
    body = {"id": str(uuid4()), "day": "2026-11-09", "works": False, "reason": "x", **change}
    answer = as_role("station_chief").post(f"{URL}/days", json=body)
    assert answer.status_code == status, answer.text
    assert [e["pointer"] for e in answer.json.get("errors", [])] == ([pointer] if pointer else [])


def test_hours_count_from_their_day_on(as_role):
    chief = as_role("station_chief")
    assert chief.get(URL).json["hours"][-1]["spans"] == [["08:30", "12:00"], ["14:30", "18:00"]]
    summer = {"id": str(uuid4()), "since": "2025-07-01", "spans": [["08:00", "12:00"], ["15:00", "18:30"]]}
    autumn = {"id": str(uuid4()), "since": "2025-08-01", "spans": [["08:30", "12:00"], ["14:30", "18:00"]]}
    for body in (summer, autumn):
        assert chief.post(f"{URL}/hours", json=body).status_code == 200
    for start, ends in (
        ("2025-06-27T09:00:00+08:00", "2025-06-30T10:00"),
        ("2025-06-30T09:00:00+08:00", "2025-07-01T10:30"),
        ("2025-07-31T09:00:00+08:00", "2025-08-01T10:00"),
    ):
        assert due(chief, start, 1, "working_day").json["end"].startswith(ends)
    wrong = {**summer, "id": str(uuid4()), "spans": [["08:00", "12:00"], ["11:00", "18:30"]]}
    answer = chief.post(f"{URL}/hours", json=wrong)
    assert [e["code"] for e in answer.json["errors"]] == ["hours_order"]
    assert chief.post(f"{URL}/hours", json={**wrong, "spans": [["8 Uhr", "12:00"]]}).status_code == 422


def a_limit(**changes):
    return {
        "id": str(uuid4()),
        "class_code": "fire_lane",
        "priority": 0,
        "close": {"amount": 4, "unit": "working_hour"},
        "valid_from": "2026-03-01",
        **changes,
    }


def test_a_limit_is_never_changed_only_followed_and_ended(as_role, db_as, owner_db, station):
    chief = as_role("station_chief")
    first = a_limit()
    kept = chief.post(f"{URL}/limits", json=first)
    assert kept.status_code == 200, kept.text
    assert kept.json["pauses"] == ["hung_up", "transferred"]
    assert chief.post(f"{URL}/limits", json=first).json == kept.json
    second = a_limit(close={"amount": 2, "unit": "working_day"}, valid_from="2026-05-01")
    assert chief.post(f"{URL}/limits", json=second).status_code == 200
    versions = chief.get(f"{URL}/limits?class_code=fire_lane").json
    assert [(v["valid_from"], v["valid_to"], v["close_amount"]) for v in versions] == [
        ("2026-05-01", None, 2),
        ("2026-03-01", "2026-05-01", 4),
    ]
    early = chief.post(f"{URL}/limits", json=a_limit(valid_from="2026-04-30"))
    assert [e["code"] for e in early.json["errors"]] == ["limit_order"]
    for day, amount in (("2026-02-28", None), ("2026-03-01", 4), ("2026-04-30", 4), ("2026-05-01", 2)):
        with db_as("t.volunteer") as session:
            found = session.scalar(text("SELECT app.limit_of('fire_lane', 0, :day)"), {"day": day})
        assert (found and found["close_amount"]) == amount, day
    with db_as("t.station_chief") as session, pytest.raises(DBAPIError, match="permission denied"):
        session.execute(text("UPDATE app.limit_rule SET close_amount = 99"))
    ended = chief.post(f"{URL}/limits/{second['id']}/end", json={"valid_to": "2026-06-01"})
    assert ended.json["valid_to"] == "2026-06-01"
    assert chief.post(f"{URL}/limits/{second['id']}/end", json={"valid_to": "2026-07-01"}).status_code == 409
    names = [row[0] for row in events(owner_db, station) if row[2].get("class_code") == "fire_lane"]
    assert (names.count("calendars.limit_set"), names.count("calendars.limit_ended")) == (2, 1)


def test_the_stations_own_limit_goes_before_the_general_one_before_that_of_the_class(
    db_as, owner_db, station, as_role
):
    general = {"id": uuid4(), "amount": 9}
    with owner_db.transaction() as session:
        session.execute(
            text(
                "INSERT INTO app.limit_rule"
                " (id, class_code, priority, close_amount, close_unit, pauses, valid_from)"
                " VALUES (:id, 'slope', 0, :amount, 'day', '{hung_up}', '2026-01-01')"
            ),
            general,
        )
    at = clock.now()
    with db_as("u.station_chief") as session:
        rule = queries.rule(session, "slope", 72, 0, at)
        plain = queries.rule(session, "dilapidated_house", 72, 0, at)
    assert (rule.close.amount, rule.close.unit, rule.pauses) == (9, "day", ("hung_up",))
    assert (plain.close.amount, plain.close.unit, plain.id) == (72, "clock_hour", None)
    as_role("station_chief").post(f"{URL}/limits", json=a_limit(class_code="slope", priority=0))
    as_role("station_chief").post(
        f"{URL}/limits",
        json=a_limit(class_code="slope", priority=2, close={"amount": 1, "unit": "working_hour"}),
    )
    for priority, amount in ((0, 4), (1, 4), (2, 1)):
        with db_as("t.station_chief") as session:
            in_sql = queries.rule(session, "slope", 72, priority, at)
            in_python = rules.best(queries.limits(session), "slope", priority, local_day(at))
        assert in_sql.close.amount == amount
        assert in_python.id == in_sql.id
    with db_as("u.station_chief") as session:
        assert queries.rule(session, "slope", 72, 2, at).close.amount == 9
    # Nobody of a station ends what is general, or another station's own.
    for rule_id in (general["id"], in_sql.id):
        answer = as_role("station_chief", station="U").post(
            f"{URL}/limits/{rule_id}/end", json={"valid_to": "2026-12-01"}
        )
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"class_code": "no_such"}, "/class_code"),
        ({"priority": 3}, "/priority"),
        ({"close": {"amount": 0, "unit": "day"}}, "/close/amount"),
        ({"close": {"amount": 1, "unit": "week"}}, "/close/unit"),
        ({"respond": {"amount": 1}}, "/respond/unit"),
        ({"pauses": ["closed"]}, "/pauses/0"),
        ({"valid_from": "soon"}, "/valid_from"),
    ],
)
def test_a_limit_that_cant_be_is_refused(as_role, change, pointer):
    answer = as_role("station_chief").post(f"{URL}/limits", json=a_limit(**change))
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json["errors"]] == [pointer]


def test_only_the_chief_changes_and_only_who_works_with_limits_reads(as_role, client):
    day = {"id": str(uuid4()), "day": "2026-11-10", "works": False, "reason": "x"}
    for role in ("officer", "grid_worker", "planner", "mediator", "system_admin", "audit_admin"):
        who = as_role(role)
        assert who.get(URL).status_code == 200
        assert who.get(f"{URL}/limits").status_code == 200
        for path, body in (("days", day), ("limits", a_limit()), ("years/2026", {})):
            assert who.post(f"{URL}/{path}", json=body).status_code == 403, (role, path)
    assert as_role("volunteer").get(URL).status_code == 403
    assert client.get(URL).status_code == 401


TABLES = ("station_calendar", "calendar_year", "calendar_day", "day_change", "working_hours", "limit_rule")


@pytest.mark.parametrize("table", TABLES)
def test_walls_of_the_tables(db_as, owner_db, station, other_station, table):
    count = text(f"SELECT count(*) FROM app.{table} WHERE station_id = :s")
    with owner_db.transaction() as session:
        there = session.scalar(count, {"s": station.id})
    assert there
    with db_as("t.officer.a") as session:
        assert session.scalar(count, {"s": station.id}) == there
    for stranger in ("u.station_chief", "t.volunteer", Actor(station.id, "public")):
        with db_as(stranger) as session:
            assert session.scalar(count, {"s": station.id}) == 0, stranger
    with db_as("t.officer.a") as session, pytest.raises(DBAPIError):
        session.execute(text(f"DELETE FROM app.{table}"))
    column = {"limit_rule": "valid_to = current_date", "station_calendar": "version = 99"}.get(table)
    if column:
        for who in ("t.officer.a", "u.station_chief"):
            with db_as(who) as session:
                done = session.execute(
                    text(f"UPDATE app.{table} SET {column} WHERE station_id = :s"), {"s": station.id}
                )
                assert done.rowcount == 0


def test_nobody_writes_another_stations_calendar(db_as, station):
    for who in ("u.station_chief", "t.officer.a", "t.volunteer"):
        with pytest.raises(DBAPIError, match="row-level security"), db_as(who) as session:
            session.execute(
                text(
                    "INSERT INTO app.day_change (id, station_id, day, works, reason)"
                    " VALUES (:i, :s, '2026-12-01', true, '')"
                ),
                {"i": uuid4(), "s": station.id},
            )


def test_whoever_reports_has_the_calendar_without_reasons_or_names(db_as, station):
    with db_as(Actor(station.id, "public")) as session:
        said = session.scalar(text("SELECT app.calendar(NULL)"))
        known = queries.calendar(session, station.id)
    assert set(said) == {"version", "years", "free", "extra", "hours"}
    assert known.works(date(2026, 9, 20))
    assert not known.works(date(2026, 10, 1))


def test_the_calendar_in_memory_is_renewed_by_its_version(db_as, station, actor_for):
    with db_as("t.station_chief") as session:
        before = queries.calendar(session, station.id)
        assert queries.calendar(session, station.id, before.version) is before
        actions.set_day(
            session, uuid4(), day=date(2026, 12, 9), works=False, reason="x", by=actor_for("t.station_chief")
        )
        newest = session.scalar(
            text("SELECT version FROM app.station_calendar WHERE station_id = :s"), {"s": station.id}
        )
        assert newest == before.version + 1
        after = queries.calendar(session, station.id, newest)
    assert (before.works(date(2026, 12, 9)), after.works(date(2026, 12, 9))) == (True, False)


def test_the_machine_copies_what_the_package_knows_and_tells_of_what_is_missing_once_a_week(
    settings, owner_db, other_station
):
    database = Database(settings, WORKER, pool_size=1)
    machine = Actor(other_station.id, "machine")
    for day, missing in (
        (date(2026, 10, 31), []),
        (date(2026, 11, 20), [2027]),
        (date(2026, 11, 26), [2027]),
        (date(2026, 11, 27), [2027]),
    ):
        with database.transaction(machine) as session:
            assert actions.keep(session, day, by=machine) == missing
    database.dispose()
    told = events(owner_db, other_station)
    assert [row[2]["year"] for row in told if row[0] == "calendars.year_imported"] == [2025, 2026]
    assert [row[2] for row in told if row[0] == "calendars.year_missed"] == [{"years": [2027]}] * 2
    assert {row[1] for row in told} == {None}
