"""The clocks of a call: up the chain while nobody answers, and nothing stays open for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.webapp.calls.conftest import API
from webapp.calls import jobs, rules
from webapp.core.db import Database

SAID = rules.Limits(180, 900, 24)
NOON = datetime(2026, 5, 4, 4, tzinfo=UTC)
DAY = timedelta(hours=24)


def look(now: datetime, **changes: object) -> datetime:
    plain = {"full": False, "ringing": True, "level": 0, "called_at": NOON, "close_at": NOON + DAY}
    return rules.next_look(**{**plain, **changes}, now=now, said=SAID)  # type: ignore[arg-type]


def test_when_the_clock_looks_again() -> None:
    assert look(NOON) == NOON + timedelta(seconds=180)
    assert look(NOON + timedelta(seconds=60), ringing=False) == NOON + timedelta(seconds=900)
    assert look(NOON, full=True) == NOON + DAY
    assert look(NOON, level=2) == NOON + timedelta(seconds=180), "behind the desk stands the chief"
    assert look(NOON, level=3) == NOON + DAY
    late = NOON + timedelta(seconds=1000)
    assert look(late, ringing=False) == late + timedelta(seconds=180), "the next step gets a time of its own"
    assert look(NOON + DAY) == NOON + DAY


def test_limits_by_day_and_night() -> None:
    settings = {"calls": {"night": {"acknowledge_s": 300, "response_s": 1800}}}
    night, morning = datetime(2026, 5, 4, 15, tzinfo=UTC), datetime(2026, 5, 4, 22, tzinfo=UTC)
    assert rules.limits(settings, NOON) == rules.Limits(180, 900, 24)
    assert rules.limits(settings, night) == rules.Limits(300, 1800, 24), "23:00 here"
    assert rules.limits(settings, morning) == rules.Limits(180, 900, 24), "06:00 here"
    inside = {"calls": {**settings["calls"], "night_from": "01:00", "night_to": "05:00"}}
    assert rules.limits(inside, night).acknowledge_s == 180


def test_months_of_the_statistics() -> None:
    start, end = rules.months(None, None, datetime(2026, 4, 30, 17, tzinfo=UTC))
    assert (start.isoformat(), end.isoformat()) == ("2025-06-01T00:00:00+08:00", "2026-06-01T00:00:00+08:00")
    start, end = rules.months("2026-02", "2026-12", NOON)
    assert (start.month, end.year, end.month) == (2, 2027, 1)


def events(owner_db: Database, call_id: str) -> list[str]:
    with owner_db.transaction() as session:
        names = text("SELECT name FROM app.event WHERE subject_id = :id ORDER BY id")
        return [name.removeprefix("calls.") for name in session.scalars(names, {"id": call_id})]


def test_nobody_acknowledges_and_the_duty_desk_is_called(call, seen, work, wait, owner_db, say) -> None:
    told = call("t.grid_worker.a", "A1")
    work(jobs.run_clock, call=told["id"])
    assert seen("t.grid_worker.a", told)["level"] == 0, "a look that came too early changes nothing"
    wait(told["id"], 181)
    work(jobs.run_clock, call=told["id"])
    mine = seen("t.station_chief", told)
    assert (mine["level"], mine["mine"]) == (3, "called"), "one officer only, nobody at the desk"
    assert seen("t.officer.a", told)["verbs"] == ["acknowledge", "take", "decline"], "still may come"
    work(jobs.run_clock, call=told["id"])
    assert events(owner_db, told["id"]) == ["placed", "escalated"], "and once only"
    assert say("t.station_chief", told, "take").json["state"] == "answered"
    assert seen("t.officer.a", told)["mine"] == "stood_down"


def test_acknowledged_and_nobody_comes(call, seen, work, wait, say) -> None:
    told = call("t.grid_worker.b", "B1")
    say("t.officer.b", told, "acknowledge")
    wait(told["id"], 400)
    work(jobs.run_clock, call=told["id"])
    assert seen("t.station_chief", told)["mine"] is None, "acknowledged: its people have time to come"
    wait(told["id"], 501)
    work(jobs.run_clock, call=told["id"])
    assert seen("t.station_chief", told)["mine"] == "called"


def test_the_grid_does_not_answer_and_its_police_grid_is_called(call, seen, work, wait, member) -> None:
    who = str(member("t.volunteer").person_id)
    told = call("t.station_chief", "A1", aim="person", aim_id=who)
    wait(told["id"], 181)
    work(jobs.run_clock, call=told["id"])
    assert seen("t.grid_worker.a", told)["mine"] == "called"
    assert seen("t.officer.a", told)["mine"] == "called"
    assert seen("t.grid_worker.b", told) is None
    wait(told["id"], 181)
    work(jobs.run_clock, call=told["id"])
    again = seen("t.station_chief", told)
    assert again["level"] == 3
    assert again["called"] == {"called": 3}, "who calls is not called, also at the desk"


def test_who_can_not_come_hands_it_on_at_once(call, say, work, seen, owner_db: Database) -> None:
    told = call("t.grid_worker.a", "A1")
    assert say("t.officer.a", told, "decline", note="在外开会").json["mine"] == "declined"
    work(jobs.run_clock, call=told["id"])
    assert seen("t.station_chief", told)["mine"] == "called"
    assert say("t.officer.a", told, "take").json["mine"] == "taken", "may change his mind"


@pytest.mark.parametrize(("answered", "end"), [(False, "unanswered"), (True, "done")])
def test_nothing_stays_open_for_ever(call, say, seen, work, wait, answered: bool, end: str) -> None:
    told = call("t.grid_worker.a", "A1")
    if answered:
        say("t.officer.a", told, "take")
    wait(told["id"], 24 * 3600 + 1)
    work(jobs.run_clock, call=told["id"])
    over = seen("t.grid_worker.a", told)
    assert (over["state"], over["end_words"]) == (end, "")
    assert over["ended_at"]
    work(jobs.run_clock, call=told["id"])


def test_closed_as_unanswered_with_words(call, say, wait, seen) -> None:
    told = call("t.grid_worker.a", "A1")
    wait(told["id"], 901)
    assert "lapse" in seen("t.grid_worker.a", told)["verbs"]
    assert seen("t.grid_worker.a", told)["late"] == "response"
    assert say("t.grid_worker.a", told, "lapse", words="自行处理了").json["state"] == "unanswered"


def test_each_change_asks_for_a_look_at_the_right_moment(call, say, work, owner_db: Database) -> None:
    told = call("t.grid_worker.a", "A1")
    work(jobs.plan_clock, subject=told["id"])
    work(jobs.plan_clock, subject=told["id"])
    say("t.officer.a", told, "acknowledge")
    work(jobs.plan_clock, subject=told["id"])
    with owner_db.transaction() as session:
        found = session.execute(
            text("""SELECT round(extract(epoch FROM j.run_at - c.called_at))::int FROM app.job j
                JOIN app.call c ON c.id = :id WHERE j.args->>'call' = CAST(:id AS text) ORDER BY j.run_at"""),
            {"id": UUID(told["id"])},
        )
        assert list(found.scalars()) == [180, 900]


def test_the_chief_sets_the_limits(as_user: Callable, call) -> None:
    chief, path = as_user("t.station_chief"), f"{API}/limits"
    now = chief.get(path).json
    assert now["day"] == {"acknowledge_s": 180, "response_s": 900}
    fast = {"acknowledge_s": 60, "response_s": 300}
    wish = {**now, "day": fast, "night": fast}
    assert as_user("t.officer.a").put(path, json=wish).status_code == 403
    wrong = chief.put(path, json={**wish, "day": {"acknowledge_s": 600, "response_s": 300}})
    assert wrong.json["errors"][0]["pointer"] == "/day/response_s"
    assert chief.put(path, json=wish).json == wish
    assert call("t.grid_worker.a")["acknowledge_s"] == 60
    chief.put(path, json=now)
    assert call("t.grid_worker.a")["acknowledge_s"] == 180


def test_both_clocks_as_figures(as_user, call, say, wait, station) -> None:
    def row(username: str) -> dict:
        rows = as_user(username).get(f"{API}/statistics").json
        own = [r for r in rows if (r["police_grid"], r["direction"]) == ("T-B", "grid_to_police")]
        return own[0] if own else dict.fromkeys(("calls", "acknowledged", "in_time", "unanswered"), 0)

    before, of_all = row("t.grid_worker.b"), row("t.station_chief")
    first = call("t.grid_worker.b", "B2")
    wait(first["id"], 60)
    say("t.officer.b", first, "take")
    second = call("t.grid_worker.b", "B2")
    wait(second["id"], 1000)
    say("t.grid_worker.b", second, "lapse", words="无人")

    mine, whole = row("t.grid_worker.b"), row("t.station_chief")
    grown = {
        name: mine[name] - before[name] for name in before if name in ("calls", "acknowledged", "in_time")
    }
    assert grown == {"calls": 2, "acknowledged": 1, "in_time": 1}
    assert mine["unanswered"] - before["unanswered"] == 1
    assert mine["acknowledge_p90_s"] >= mine["acknowledge_median_s"] > 0
    assert whole["calls"] - of_all["calls"] == 2
    assert not as_user("t.volunteer.2").get(f"{API}/statistics").json, "figures of what one sees"
    csv = as_user("t.station_chief").get(f"{API}/statistics.csv?lang=en")
    assert csv.data.decode("utf-8-sig").splitlines()[0].startswith("Month,Police grid,Direction,Calls")
    assert "T-B" in csv.data.decode("utf-8-sig")
    assert as_user("t.station_chief").get(f"{API}/statistics?first=soon").status_code == 422
