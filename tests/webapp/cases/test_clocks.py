"""The limits of cases: by rule and calendar from the report on, over pauses and extensions, counted anew."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from webapp.calendars import queries as calendars
from webapp.calendars.counting import Unit, end, local_day
from webapp.cases import jobs
from webapp.core import clock

CASES, CALENDAR = "/api/v1/cases", "/api/v1/calendar"
ROW = text("SELECT * FROM app.case_file WHERE id = :id")
TOLD = text(
    "SELECT data FROM app.event WHERE subject_id = :id AND name = 'cases.limit_recounted' ORDER BY id"
)


@pytest.fixture(scope="module")
def chief(as_role):
    return as_role("station_chief")


@pytest.fixture(scope="module")
def officer(as_role):
    return as_role("officer", "A")


@pytest.fixture(scope="module", autouse=True)
def years(chief):
    """The calendar of this year and the next, by notice where the package does not know them."""
    today = local_day(clock.now())
    for year in (today.year, today.year + 1):
        if chief.post(f"{CALENDAR}/years/{year}", json={}).status_code != 200:
            a_year(chief, year)


def a_year(chief, year):
    notice = {"holidays": {f"{year}-01-01": "元旦"}, "make_up": {}, "source": "test"}
    assert chief.post(f"{CALENDAR}/years/{year}", json=notice).status_code == 200


@pytest.fixture
def limit(chief):
    """Set a limit for a class from today on: limit('slope', 5, 'working_day', respond=...)."""
    made = []

    def make(class_code, amount, unit, **more):
        body = {
            "id": str(uuid4()),
            "class_code": class_code,
            "close": {"amount": amount, "unit": unit},
            "valid_from": str(local_day(clock.now())),
            **more,
        }
        answer = chief.post(f"{CALENDAR}/limits", json=body)
        assert answer.status_code == 200, answer.text
        made.append(body["id"])
        return body["id"]

    yield make
    for rule_id in made:
        chief.post(f"{CALENDAR}/limits/{rule_id}/end", json={"valid_to": str(local_day(clock.now()))})


@pytest.fixture
def row(owner_db):
    """Return the row of a case as the database has it."""

    def read(case_id):
        with owner_db.transaction() as session:
            return session.execute(ROW, {"id": case_id}).one()

    return read


@pytest.fixture
def told(owner_db):
    """Return what was told of a case's limit being counted anew."""

    def read(case_id):
        with owner_db.transaction() as session:
            return list(session.scalars(TOLD, {"id": case_id}))

    return read


@pytest.fixture
def counted(db_as, station):
    """Count a limit by the station's calendar."""

    def count(start, amount, unit):
        with db_as("t.station_chief") as session:
            known = calendars.calendar(session, station.id)
        whole = timedelta(**{"hours" if "hour" in unit else "days": amount})
        return end(known, start, whole, Unit(unit))

    return count


def step(client, case_id, verb, status=200, **given):
    answer = client.post(f"{CASES}/{case_id}/steps/{verb}", data=given)
    assert answer.status_code == status, answer.text
    return answer.json


def set_day(chief, day, works):
    body = {"id": str(uuid4()), "day": str(day), "works": works, "reason": "test"}
    assert chief.post(f"{CALENDAR}/days", json=body).status_code == 200


def test_a_report_gets_the_limits_of_its_rule(send_report, limit, row, counted):
    rule_id = limit("flying_wire", 5, "working_day", respond={"amount": 2, "unit": "working_hour"})
    case = row(send_report().id)
    assert str(case.limit_rule_id) == rule_id
    assert case.due_at == counted(case.reported_at, 5, "working_day")
    assert case.respond_by == counted(case.reported_at, 2, "working_hour")
    assert (case.clock_unit, case.clock_since, case.clock_left) == (
        "working_day",
        case.reported_at,
        timedelta(days=5),
    )


def test_without_a_rule_the_limit_of_the_class_counts_by_the_clock(send_report, row):
    case = row(send_report().id)
    assert case.limit_rule_id is None
    assert case.due_at == case.reported_at + timedelta(hours=72)
    assert case.respond_by == case.reported_at + timedelta(hours=24)


def test_reports_cost_two_statements_also_where_working_days_are_counted(app, send_report, limit):
    limit("flying_wire", 5, "working_day")
    send_report()  # this process reads the calendar once
    said = []
    database = app.extensions["shuangge"].database

    def note(_connection, _cursor, statement, *_more):
        said.append(statement)

    engines = (database.engine, database._single)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        send_report()
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert sum("before_report" in line for line in said) == 1
    assert sum("take_report" in line for line in said) == 1
    assert not [line for line in said if "calendar" in line or "limit_rule" in line], said


def test_a_day_declared_free_moves_the_limits_of_open_cases_and_says_why(
    chief, send_report, limit, row, told, counted, worked, officer
):
    limit("flying_wire", 6, "working_day")
    sample, over = send_report(), send_report()
    step(officer, over.id, "reject", note="重复")
    before, still = row(sample.id), row(over.id)
    worked()
    assert told(sample.id) == []
    last = local_day(before.due_at)
    set_day(chief, last, False)
    worked()
    after = row(sample.id)
    assert after.due_at == counted(after.reported_at, 6, "working_day") > before.due_at
    [news] = told(sample.id)
    assert datetime.fromisoformat(news["old_due_at"]) == before.due_at
    assert datetime.fromisoformat(news["new_due_at"]) == after.due_at
    assert news["why"] == "calendars.day_set"
    assert after.revision == before.revision
    # What is over stays as it was, and counting again changes nothing.
    assert row(over.id).due_at == still.due_at
    set_day(chief, last + timedelta(days=90), None)
    worked()
    assert len(told(sample.id)) == 1
    set_day(chief, last, None)
    worked()
    assert row(sample.id).due_at == before.due_at
    assert len(told(sample.id)) == 2


def test_many_cases_are_counted_anew_in_slices(chief, send_report, limit, row, told, worked, monkeypatch):
    limit("flying_wire", 7, "working_day")
    monkeypatch.setattr(jobs, "SLICE", 2)
    samples = [send_report() for _n in range(5)]
    worked()
    before = {sample.id: row(sample.id).due_at for sample in samples}
    day = local_day(next(iter(before.values())))
    set_day(chief, day, False)
    worked()
    assert all(row(key).due_at > due for key, due in before.items())
    assert [len(told(sample.id)) for sample in samples] == [1] * 5
    set_day(chief, day, None)
    worked()
    assert {key: row(key).due_at for key in before} == before


def test_a_new_version_of_a_limit_counts_for_cases_of_its_day(limit, send_report, row, told, worked, counted):
    first = limit("flying_wire", 5, "working_day")
    sample = send_report()
    worked()
    second = limit("flying_wire", 2, "working_day")
    worked()
    case = row(sample.id)
    assert str(case.limit_rule_id) == second
    assert case.due_at == counted(case.reported_at, 2, "working_day")
    [news] = told(sample.id)
    assert (news["old_limit_rule_id"], news["new_limit_rule_id"], news["why"]) == (
        first,
        second,
        "calendars.limit_set",
    )


def test_a_pause_keeps_what_is_left_and_going_on_counts_it(limit, send_report, officer, row, counted):
    limit("flying_wire", 5, "working_day")
    sample = send_report()
    step(officer, sample.id, "transfer", note="转供电公司", body="供电公司")
    still = row(sample.id)
    assert (still.state, still.clock_since, still.clock_left) == ("transferred", None, timedelta(days=5))
    step(officer, sample.id, "take_back", note="退回")
    again = row(sample.id)
    assert (again.paused_at, again.paused_left_s) == (None, None)
    assert again.due_at == counted(again.clock_since, 5, "working_day")
    assert again.clock_since > again.reported_at


def test_a_state_that_the_rule_does_not_name_leaves_the_clock_running(limit, send_report, officer, row):
    limit("flying_wire", 5, "working_hour", pauses=["hung_up"])
    sample = send_report()
    due = row(sample.id).due_at
    step(officer, sample.id, "transfer", note="转供电公司", body="供电公司")
    assert row(sample.id).clock_since is not None
    step(officer, sample.id, "take_back", note="退回")
    assert row(sample.id).due_at == due
    assert row(sample.id).paused_at is None


def test_a_calendar_that_changes_during_a_pause_leaves_the_rest_alone(
    limit, send_report, officer, chief, row, told, worked, counted
):
    limit("flying_wire", 5, "working_day")
    sample = send_report()
    last = local_day(row(sample.id).due_at)
    step(officer, sample.id, "transfer", note="转供电公司", body="供电公司")
    worked()
    set_day(chief, last, False)
    worked()
    assert told(sample.id) == []
    step(officer, sample.id, "take_back", note="退回")
    again = row(sample.id)
    assert again.due_at == counted(again.clock_since, 5, "working_day")
    assert local_day(again.due_at) > last
    set_day(chief, last, None)
    worked()


def test_an_extension_reaches_as_far_as_its_rule_lets_it_and_stays(
    limit, send_report, officer, chief, row, told, worked, counted
):
    limit("flying_wire", 3, "working_day", extension={"amount": 5, "unit": "working_day"})
    sample = send_report()
    step(officer, sample.id, "accept")
    due = row(sample.id).due_at
    farthest = counted(due, 5, "working_day")
    far = (farthest + timedelta(minutes=1)).isoformat()
    refused = step(officer, sample.id, "ask_extension", 422, note="等配件", until=far)
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/until", "extension_too_far")]
    # Asked until early in the morning of a day: granted until work ends on it.
    morning = farthest - timedelta(hours=9)
    step(officer, sample.id, "ask_extension", note="等配件", until=morning.isoformat())
    step(chief, sample.id, "grant_extension")
    longer = row(sample.id)
    assert (longer.due_at, longer.clock_since) == (farthest, None)
    # A person has set it: no change of the calendar moves it.
    worked()
    set_day(chief, local_day(due), False)
    worked()
    assert (row(sample.id).due_at, told(sample.id)) == (farthest, [])
    set_day(chief, local_day(due), None)
    # But a pause keeps what is left of it.
    step(officer, sample.id, "transfer", note="转供电公司", body="供电公司")
    left = row(sample.id).clock_left
    assert left >= timedelta(days=5)
    step(officer, sample.id, "take_back", note="退回")
    again = row(sample.id)
    assert again.due_at == counted(again.clock_since, left.days, "working_day")
    worked()


def test_an_escalated_case_runs_by_the_limit_of_its_priority(
    limit, send_report, officer, row, worked, counted
):
    limit("flying_wire", 10, "working_day")
    # Other reports of this module at the same place may raise it further.
    urgent = {level: limit("flying_wire", 1, "working_day", priority=level) for level in (1, 2)}
    sample = send_report()
    assert row(sample.id).due_at == counted(row(sample.id).reported_at, 10, "working_day")
    step(officer, sample.id, "escalate", note="有人员被困风险")
    worked()
    case = row(sample.id)
    assert str(case.limit_rule_id) == urgent[case.priority]
    assert case.due_at == counted(case.reported_at, 1, "working_day")


def test_a_missing_year_leaves_the_end_open_until_the_year_is_here(
    limit, send_report, chief, officer, row, told, worked, counted
):
    limit("flying_wire", 600, "working_day")
    sample = send_report()
    case = row(sample.id)
    assert case.due_at is None
    assert case.clock_left == timedelta(days=600)
    page = officer.get(f"/cases/{case.number}")
    assert "缺少工作日历" in page.text
    # It can be handed over and taken back all the same.
    step(officer, sample.id, "transfer", note="转供电公司", body="供电公司")
    step(officer, sample.id, "take_back", note="退回")
    assert row(sample.id).due_at is None
    worked()
    first = local_day(clock.now()).year + 2
    for year in (first, first + 1):
        a_year(chief, year)
    worked()
    after = row(sample.id)
    assert after.due_at == counted(after.clock_since, 600, "working_day")
    assert told(sample.id)[-1]["old_due_at"] is None
    assert told(sample.id)[-1]["why"] == "calendars.year_imported"


def test_a_case_reopened_starts_its_clock_anew(limit, send_report, officer, row, counted):
    limit("flying_wire", 4, "working_hour")
    sample = send_report()
    step(officer, sample.id, "reject", note="无此隐患")
    step(officer, sample.id, "reopen", note="确有隐患")
    case = row(sample.id)
    assert case.clock_at > case.reported_at
    assert case.due_at == counted(case.clock_at, 4, "working_hour")


def test_cases_from_before_the_rules_still_have_their_clock(owner_db, send_report, officer, row):
    """Without a clock of its own (a case that was brought with its end) clock hours are counted."""
    sample = send_report()
    with owner_db.transaction() as session:
        session.execute(
            text(
                "UPDATE app.case_file SET clock_unit = NULL, clock_at = NULL, clock_since = NULL,"
                " clock_left = NULL, limit_rule_id = NULL WHERE id = :id"
            ),
            {"id": sample.id},
        )
    due = row(sample.id).due_at
    step(officer, sample.id, "transfer", note="转供电公司", body="供电公司")
    step(officer, sample.id, "take_back", note="退回")
    moved = row(sample.id)
    assert timedelta(0) <= moved.due_at - due < timedelta(minutes=5)
    assert date.fromisoformat(str(local_day(moved.due_at)))
