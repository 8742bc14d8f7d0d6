"""Planning and ordering by themselves: dates, who is barred, the order of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.errors import Conflict
from webapp.reactions import PERIODIC
from webapp.tasks import rules
from webapp.tasks.rules import LookBackRule, Stop

DAYS = st.lists(st.integers(1, rules.LARGEST_DAY), min_size=0, max_size=6, unique=True).map(
    lambda days: tuple(sorted(days))
)
ON = st.dates(date(2024, 1, 1), date(2030, 1, 1))
NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def rule(**changes: object) -> LookBackRule:
    plain = {
        "class_code": None,
        "priority": 0,
        "days": (7,),
        "jitter_days": 2,
        "valid_from": date(2020, 1, 1),
    }
    return LookBackRule(**{**plain, **changes})  # type: ignore[arg-type]


@given(DAYS, st.integers(0, rules.LARGEST_JITTER), ON, st.integers())
def test_look_backs_are_after_the_closing_ascending_and_within_the_jitter(
    days: tuple[int, ...], jitter: int, closed_on: date, seed: int
) -> None:
    wanted = rule(days=days, jitter_days=jitter)
    found = rules.look_back_days(wanted, closed_on, Random(seed))
    assert found == rules.look_back_days(wanted, closed_on, Random(seed))
    assert len(found) == len(days)
    assert all(day > closed_on for day in found)
    assert found == sorted(set(found))
    for after, day in zip(days, found, strict=True):
        # Earlier than the window never; later only where the one before pushes it on.
        assert (day - closed_on).days >= after - jitter
        assert (day - closed_on).days <= max(after + jitter, len(days)) + len(days)


def test_the_day_differs_from_case_to_case() -> None:
    seen = {rules.look_back_days(rule(), date(2026, 5, 4), Random(seed))[0] for seed in range(200)}
    assert len(seen) == 5


@given(
    st.lists(st.tuples(st.sampled_from([None, "wire", "lane"]), st.integers(0, 2), st.booleans()), max_size=8)
)
def test_the_most_particular_rule_holds(known: list[tuple[str | None, int, bool]]) -> None:
    made = [rule(class_code=code, priority=priority, own=own) for code, priority, own in known]
    found = rules.rule_for(made, "wire", 1, date(2026, 1, 1))
    fitting = [r for r in made if r.class_code in (None, "wire") and r.priority <= 1]
    assert (found is None) == (not fitting)
    if found is not None:
        assert found.own == any(r.own for r in fitting)
        assert (found.class_code == "wire") or not any(
            r.class_code == "wire" and r.own == found.own for r in fitting
        )


def test_a_rule_holds_from_its_first_day_until_before_its_last() -> None:
    known = [rule(valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 1))]
    held = [rules.rule_for(known, "wire", 0, day) is not None for day in (
        date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1))]  # fmt: skip
    assert held == [False, True, True, False]


def test_the_handler_is_barred_while_there_is_a_second_person() -> None:
    handler, second, reporter = uuid4(), uuid4(), uuid4()
    assert rules.barred([handler, None], [reporter], {handler, second}) == ({handler, reporter}, False)
    assert rules.barred([handler], [reporter], {handler}) == ({reporter}, True)
    # the only other one posted is its reporter: no second person
    assert rules.barred([handler], [reporter], {handler, reporter}) == ({reporter}, True)
    assert rules.barred([handler], [reporter], set()) == ({reporter}, False)


def stops(count: int, seed: int) -> list[Stop]:
    dice = Random(seed)
    return [
        Stop(
            f"{n:03d}",
            112.56 + dice.random() * 0.02,
            37.86 + dice.random() * 0.02,
            NOW + timedelta(hours=dice.randint(-3, 3)),
            NOW + timedelta(hours=dice.randint(4, 9)),
        )
        for n in range(count)
    ]


@given(st.integers(0, 15), st.integers(0, 1000), st.booleans())
def test_a_day_has_every_stop_once(count: int, seed: int, known: bool) -> None:
    asked = stops(count, seed)
    order = rules.day_order(asked, (112.57, 37.87) if known else None, NOW)
    assert sorted(s.id for s in order) == sorted(s.id for s in asked)
    assert order == rules.day_order(list(reversed(asked)), (112.57, 37.87) if known else None, NOW)


def at(name: str, metres_east: float, until_h: float = 10, from_h: float = -1) -> Stop:
    hour = timedelta(hours=1)
    return Stop(name, 112.56 + metres_east / 87_900, 37.86, NOW + from_h * hour, NOW + until_h * hour)


def test_the_nearest_comes_first_unless_a_farther_one_would_be_late() -> None:
    here = (112.56, 37.86)
    order = rules.day_order([at("far", 900), at("near", -100), at("middle", 300)], here, NOW)
    assert [s.id for s in order] == ["near", "middle", "far"]
    # 2 km take 36 minutes: straight there it is in time, with the detour it is not
    pressed = rules.day_order([at("pressing", 2000, until_h=0.65), at("near", -300)], here, NOW)
    assert [s.id for s in pressed] == ["pressing", "near"]
    # what is late anyway does not drag one past what lies on the way
    late = rules.day_order([at("late", 2000, until_h=-5), at("near", -300)], here, NOW)
    assert [s.id for s in late] == ["near", "late"]


def test_what_may_not_be_done_yet_waits() -> None:
    order = rules.day_order([at("evening", 50, from_h=6), at("now", 1500)], (112.56, 37.86), NOW)
    assert [s.id for s in order] == ["now", "evening"]


def test_a_result_far_away_or_without_a_photo_is_flagged() -> None:
    assert rules.result_flags("look_back", 99, 1) == []
    assert rules.result_flags("look_back", 101, 1) == ["far"]
    assert rules.result_flags("look_back", None, 0) == ["no_place", "no_photo"]
    assert rules.result_flags("other", None, 0) == []


def test_a_task_that_is_over_or_taken_is_not_done_again() -> None:
    me, other = uuid4(), uuid4()
    rules.check_active("taken", me, me, "volunteer")
    with pytest.raises(Conflict, match="task_taken"):
        rules.check_active("taken", other, me, "volunteer")
    with pytest.raises(Conflict, match="task_over"):
        rules.check_active("done", me, me, "station_chief")


@pytest.mark.parametrize(
    ("week", "monday"),
    [("2026-W47", date(2026, 11, 16)), ("2026-W53", date(2026, 12, 28)), ("2025-W53", None),
     ("2026-47", None), ("x-W1", None), ("2026-W", None), ("²026-W01", None)],
)  # fmt: skip
def test_weeks(week: str, monday: date | None) -> None:
    found = rules.week_days(week)
    assert (found and found[0]) == monday


def test_a_look_back_lasts_three_days_in_daylight() -> None:
    begin, end = rules.look_back_window(date(2026, 11, 22))
    assert begin == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert end == datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_the_day_is_that_of_shanghai() -> None:
    late_evening = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # 23:30 there
    soon = late_evening + timedelta(hours=1)
    assert rules.part_of_day("open", soon, soon + timedelta(hours=2), late_evening) == "tomorrow"
    assert rules.part_of_day("open", late_evening, soon, late_evening) == "today"
    assert rules.part_of_day("taken", late_evening, late_evening, soon) == "overdue"
    assert rules.part_of_day("failed", late_evening, late_evening, soon) == "done"


def test_the_daily_work_is_asked_for_at_five_in_china() -> None:
    [work] = [every for every in PERIODIC if every.job == "tasks.tend_day"]
    assert work.slot(datetime(2026, 11, 22, 22, 0, tzinfo=UTC)) == datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
    assert work.slot(datetime(2026, 11, 22, 20, 59, tzinfo=UTC)) == datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
