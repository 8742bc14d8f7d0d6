"""A case goes to another body by a numbered form, and comes back with receipt and answer."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.samples import photo
from webapp.calendars import counting
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import WORKER, Database
from webapp.core.queue import Run
from webapp.referrals import jobs, rules

REPORTER = "张某 13900000000"


@pytest.fixture(scope="module", autouse=True)
def calendar(as_user):
    """A plain calendar of this year and the next: weekends and New Year are free."""
    year = clock.now().year
    for each in (year, year + 1):
        notice = {"holidays": {f"{each}-01-01": "元旦"}, "source": "test"}
        answer = as_user("t.station_chief").post(f"/api/v1/calendar/years/{each}", json=notice)
        assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def body(as_user):
    """A body of the directory that takes flying wires."""
    kept = as_user("t.station_chief").put(
        f"/api/v1/bodies/{uuid4()}",
        json={
            "code": "fire",
            "name": "消防救援大队",
            "kind": "fire",
            "classes": ["flying_wire"],
            "answer_days": 3,
        },
    )
    assert kept.status_code == 200, kept.text
    return kept.json


@pytest.fixture
def prepared(as_user, send_report, body):
    """Return a function that makes out a form for a fresh case of A1: prepared(with_reporter=True, ...)."""

    def make(username="t.officer.a", **changes):
        sample = send_report("t.volunteer", "A1")
        form = {
            "id": str(uuid4()),
            "body_id": body["id"],
            "facts": "三单元飞线充电，多次劝阻无效。",
            **changes,
        }
        answer = as_user(username).post(f"/api/v1/cases/{sample.id}/referrals", json=form)
        return sample, form, answer

    return make


def deliver(client, made, **changes):
    said = {"how": "hand", "to": "值班员", **changes}
    return client.post(f"/api/v1/referrals/{made['id']}/deliver", json=said)


def state_of(client, sample):
    return client.get(f"/api/v1/cases/{sample.id}").json["state"]


def answer(client, made, said="done", words="已清理", **files):
    form = {"answer": said, "words": words, **files}
    return client.post(f"/api/v1/referrals/{made['id']}/answer", data=form)


def test_the_whole_way_of_a_hand_over(as_user, prepared):
    officer = as_user("t.officer.a")
    sample, form, answered = prepared()
    assert answered.status_code == 201, answered.text
    made = answered.json
    assert made["state"] == "prepared"
    assert made["number"].startswith("T-移-")
    again = officer.post(f"/api/v1/cases/{sample.id}/referrals", json=form)
    assert again.json["number"] == made["number"], "the same form twice is one form"
    told = deliver(officer, made).json
    assert (told["state"], told["group"]) == ("delivered", "receipt")
    assert state_of(officer, sample) == "transferred"
    assert told["due_at"]
    receipt = officer.post(
        f"/api/v1/referrals/{made['id']}/receipt",
        data={"number": "消字7号", "on": "2026-11-20", "photo": (io.BytesIO(photo(3)), "scan.jpg")},
    )
    assert receipt.status_code == 200, receipt.text
    assert receipt.json["group"] == "answer"
    scan = officer.get(receipt.json["receipt_url"])
    assert (scan.status_code, scan.data[:2]) == (200, b"\xff\xd8")
    done = answer(officer, made, photo=(io.BytesIO(photo(4)), "cure.jpg"))
    assert (done.json["state"], done.json["group"], done.json["late"]) == ("done", "ended", False)
    assert officer.get(done.json["answer_url"]).status_code == 200
    assert state_of(officer, sample) == "fed_back", "a second person verifies what the body did"
    listed = officer.get("/api/v1/referrals?group=ended").json
    assert made["number"] in {item["number"] for item in listed["referrals"]}
    page = officer.get(f"/cases/{officer.get(f'/api/v1/cases/{sample.id}').json['number']}?lang=zh")
    assert "接收单位已答复" in page.text


def test_steps_out_of_order_and_a_second_body_are_refused(as_user, prepared, body):
    officer = as_user("t.officer.a")
    sample, _form, answered = prepared()
    made = answered.json
    assert answer(officer, made).json["code"] == "state"
    other = {"id": str(uuid4()), "body_id": body["id"], "facts": "再移交一次"}
    second = officer.post(f"/api/v1/cases/{sample.id}/referrals", json=other)
    assert (second.status_code, second.json["code"]) == (409, "referral_open")
    back = officer.post(f"/api/v1/referrals/{made['id']}/recall", json={"words": "单位不对"})
    assert back.json["state"] == "recalled"
    assert officer.post(f"/api/v1/cases/{sample.id}/referrals", json=other).status_code == 201


def test_taken_on_then_refused_ends_it(as_user, prepared):
    officer = as_user("t.officer.a")
    sample, _form, answered = prepared()
    made = answered.json
    deliver(officer, made)
    assert answer(officer, made, "accepted", "已受理").json["group"] == "underway"
    assert state_of(officer, sample) == "transferred"
    assert answer(officer, made, "refused", "不归我们管").json["group"] == "ended"
    assert answer(officer, made).status_code == 409
    assert state_of(officer, sample) == "accepted", "what a body refuses has its handler again"


def test_a_form_goes_on_where_the_case_was_moved_by_hand(as_user, prepared):
    officer = as_user("t.officer.a")
    sample, _form, answered = prepared()
    deliver(officer, answered.json)
    by_hand = officer.post(f"/api/v1/cases/{sample.id}/steps/take_back", data={"note": "电话告知不受理"})
    assert by_hand.json["state"] == "accepted", by_hand.text
    assert answer(officer, answered.json, "refused", "不归我们管").json["group"] == "ended"
    assert state_of(officer, sample) == "accepted"


def test_no_reporter_on_the_form_unless_ticked_with_a_reason(as_user, prepared, owner_db):
    officer = as_user("t.officer.a")
    assert prepared(reporter=REPORTER)[2].status_code == 422
    assert prepared(with_reporter=True, reporter=REPORTER)[2].json["errors"][0]["code"] == "reason_needed"
    plain = prepared()[2].json
    page = officer.get(plain["form_url"])
    assert page.status_code == 200
    assert plain["number"] in page.text
    assert "飞线充电" in page.text
    assert "甲T00" not in page.text, "the reporter's name is not on the form"
    sample, _form, answered = prepared(with_reporter=True, reporter=REPORTER, reason="须由该单位入户核实")
    assert REPORTER in officer.get(answered.json["form_url"]).text
    with owner_db.transaction() as session:
        names = session.scalars(
            text("SELECT name FROM app.event WHERE subject_id = :id ORDER BY id"), {"id": sample.id}
        ).all()
        data = session.scalars(text("SELECT data::text FROM app.event WHERE name LIKE 'referrals.%'")).all()
    assert names[-2:] == ["referrals.prepared", "referrals.reporter_disclosed"]
    assert not [line for line in data if "139" in line], "events carry no personal words"


def test_a_photo_of_another_case_is_refused(as_user, prepared, send_report):
    foreign = send_report("t.volunteer", "A2", photos=(photo(77),))
    ids = [
        item["id"] for item in as_user("t.officer.a").get(f"/api/v1/cases/{foreign.id}").json["attachments"]
    ]
    assert prepared(photos=ids)[2].json["errors"][0]["code"] == "photo_of_other_case"


def test_a_late_answer_is_told_of_once(as_user, prepared, owner_db, settings, station):
    from webapp.core.db import WORKER, Database
    from webapp.core.queue import Run
    from webapp.referrals.jobs import remind_late

    officer = as_user("t.officer.a")
    made = prepared()[2].json
    long_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    assert deliver(officer, made, at=long_ago).json["group"] == "late"
    worker = Database(settings, WORKER, pool_size=1)
    machine = Actor(station.id, "machine")
    for _ in range(2):
        with worker.transaction(machine) as session:
            remind_late(Run(session, machine, 0, {}, {}))
    worker.dispose()
    with owner_db.transaction() as session:
        count = session.scalar(
            text("SELECT count(*) FROM app.event WHERE name = 'referrals.reminded' AND data->>'number' = :n"),
            {"n": made["number"]},
        )
    assert count == 1
    assert officer.get("/api/v1/referrals?group=late").json["counts"]["late"] >= 1


def test_figures_per_body_and_month_with_csv(as_user, prepared):
    officer = as_user("t.officer.a")
    sample, _form, made = prepared()
    deliver(officer, made.json)
    answer(officer, made.json)
    marked = officer.put(f"/api/v1/cases/{sample.id}/non-police", json={"marked": True, "words": "归消防"})
    assert marked.json == {"non_police": True}
    told = officer.get("/api/v1/referrals/figures").json
    row = told["bodies"][0]
    assert row["code"] == "fire"
    assert row["count"] >= row["answered"] >= 1
    assert row["median_days"] >= 0
    assert row["non_police"] == 1
    assert told["non_police"][0]["handed_over"] == 1
    table = officer.get("/api/v1/referrals/figures.csv?lang=zh")
    assert "消防救援大队" in table.data.decode("utf-8-sig")
    officer.put(f"/api/v1/cases/{sample.id}/non-police", json={"marked": False})
    assert officer.get(f"/api/v1/cases/{sample.id}/attempts").json["non_police"] is False


def test_only_officers_of_the_ground_and_the_chief_hand_over(as_user, prepared, db_as):
    sample, _form, answered = prepared("t.station_chief")
    assert answered.status_code == 201
    assert prepared("t.grid_worker.a")[2].status_code == 403
    assert prepared("t.officer.b")[2].status_code == 404
    seen = text("SELECT count(*) FROM app.referral WHERE case_id = :id")
    for name in ("t.officer.a", "t.grid_worker.a", "t.station_chief"):
        with db_as(name) as session:
            assert session.scalar(seen, {"id": sample.id}) == 1, name
    for name in ("t.officer.b", "t.volunteer", "t.planner", "t.mediator", "t.system_admin", "t.audit_admin",
                 "u.station_chief", "u.officer.a"):  # fmt: skip
        with db_as(name) as session:
            assert session.scalar(seen, {"id": sample.id}) == 0, name
    with pytest.raises(Exception, match="permission denied"), db_as("t.officer.a") as session:
        session.execute(text("UPDATE app.referral SET facts = 'x'"))


def test_numbers_have_no_gaps(as_user, prepared, body, send_report):
    first = prepared()[2].json["number"]
    assert prepared(reporter=REPORTER)[2].status_code == 422
    second = prepared()[2].json["number"]
    assert int(second.rsplit("-")[-1]) == int(first.rsplit("-")[-1]) + 1


def test_days_at_the_end_of_the_calendar_break_nothing(as_user, prepared):
    officer = as_user("t.officer.a")
    for day in ("0001-01-01", "9999-12-31"):
        assert officer.get(f"/api/v1/referrals/figures?since={day}&until={day}").status_code == 200
        assert officer.get(f"/api/v1/attempts?day={day}").status_code == 200
    made = prepared()[2].json
    assert deliver(officer, made, at="0001-01-01T00:00:00+14:00").status_code == 422


def test_working_days_pass_over_feasts_and_count_make_up_days():
    hours = (counting.Hours(date(2026, 1, 1), ((time(8, 30), time(12)), (time(14, 30), time(18)))),)
    # The Monday is a feast, the Saturday after it is worked for it.
    calendar = counting.Calendar(
        frozenset({2026}), frozenset({date(2026, 11, 23)}), frozenset({date(2026, 11, 28)}), hours
    )

    def due(day, days):
        at = datetime(2026, 11, day, 2, tzinfo=UTC)
        found = rules.answer_due(calendar, at, days)
        return found and clock.shown(found)

    assert due(20, 1) == "2026-11-24 18:00"
    assert due(20, 5) == "2026-11-28 18:00"
    assert due(28, 1) == "2026-11-30 18:00"
    assert due(30, 90) is None, "a year that is not known is not guessed"


def test_a_changed_calendar_moves_the_day_of_the_answer(as_user, prepared, owner_db, settings, station):
    officer, chief = as_user("t.officer.a"), as_user("t.station_chief")
    _sample, _form, answered = prepared()
    told = deliver(officer, answered.json).json
    last = datetime.fromisoformat(told["due_at"]).astimezone(clock.SHOWN).date()
    day = {"id": str(uuid4()), "day": str(last), "works": False, "reason": "停电检修"}
    assert chief.post("/api/v1/calendar/days", json=day).status_code == 200
    database = Database(settings, WORKER, pool_size=1)
    by = Actor(station.id, "machine")
    for _twice in range(2):
        with database.transaction(by) as session:
            jobs.recount_due(Run(session, by, 1, {"subject": str(station.id), "data": {}}, {}))
    database.dispose()
    with owner_db.transaction() as session:
        found = session.scalar(text("SELECT due_at FROM app.referral WHERE id = :id"), {"id": told["id"]})
        assert found.astimezone(clock.SHOWN).date() > last
        events = text("""SELECT count(*) FROM app.event
            WHERE name = 'referrals.due_recounted' AND data->>'referral' = :id""")
        assert session.scalar(events, {"id": told["id"]}) == 1, "and is told once"
