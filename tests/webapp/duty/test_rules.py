"""Spans of the roster: gaps, overlaps, the day change, deputies of deputies, why a case goes to the desk."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.duty import rules
from webapp.duty.rules import Kind, Shift, Span, Why

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
A, B, C = uuid4(), uuid4(), uuid4()


def hours(since: float, until: float) -> Span:
    return Span(NOON + timedelta(hours=since), NOON + timedelta(hours=until))


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 30)).map(lambda pair: hours(pair[0], pair[0] + pair[1])),
    max_size=8,
)


def hours_in(found: list[Span]) -> list[int]:
    """Return the whole hours that spans hold, with repetitions."""
    zero = NOON
    return [
        hour
        for span in found
        for hour in range(
            int((span.since - zero).total_seconds()) // 3600, int((span.until - zero).total_seconds()) // 3600
        )
    ]


@given(wanted=spans, held=spans)
def test_gaps_are_the_wanted_hours_that_nobody_holds(wanted: list[Span], held: list[Span]) -> None:
    found = rules.gaps(wanted, held)
    assert hours_in(found) == sorted(set(hours_in(wanted)) - set(hours_in(held)))
    assert all(one.until < two.since for one, two in pairwise(found)), "as long as can be"


@given(held=spans)
def test_overlaps_are_the_hours_held_more_than_once(held: list[Span]) -> None:
    found = rules.overlaps([Shift(A, span) for span in held])
    counted = hours_in(held)
    assert hours_in(found) == sorted({hour for hour in counted if counted.count(hour) > 1})
    assert all(one.until < two.since for one, two in pairwise(found))


@given(day=st.dates(date(2026, 1, 1), date(2026, 12, 31)), begins=st.times(), ends=st.times())
def test_a_shift_lasts_a_day_at_most_and_ends_after_it_begins(day: date, begins: time, ends: time) -> None:
    span = rules.on_day(day, begins, ends)
    assert timedelta(0) < span.until - span.since <= timedelta(days=1)
    assert span.since.date() == day
    assert (span.until.date() == day) == (ends > begins)


def test_a_night_shift_goes_over_midnight() -> None:
    span = rules.on_day(date(2026, 11, 23), time(20), time(8))
    assert (span.since.isoformat(), span.until.isoformat()) == (
        "2026-11-23T20:00:00+08:00",
        "2026-11-24T08:00:00+08:00",
    )
    assert rules.of_row(date(2026, 11, 23), "night", None, None) == span
    assert (
        rules.of_row(date(2026, 11, 23), "day", None, time(0)).until.isoformat()
        == "2026-11-24T00:00:00+08:00"
    )


def test_a_week_with_one_night_missing_shows_this_night() -> None:
    monday = date(2026, 11, 23)
    wanted = rules.nights(monday, 7, {})
    assert len(rules.gaps(wanted, [])) == 7
    held = [rules.on_day(monday + timedelta(days=n), time(20), time(8)) for n in range(7) if n != 2]
    (gap,) = rules.gaps(wanted, held)
    assert (gap.since.isoformat(), gap.until.isoformat()) == (
        "2026-11-25T22:00:00+08:00",
        "2026-11-26T06:00:00+08:00",
    )
    early = {"calls": {"night_from": "21:00", "night_to": "05:30"}}
    assert rules.nights(monday, 1, early)[0].since.isoformat() == "2026-11-23T21:00:00+08:00"


@pytest.mark.parametrize(
    ("away", "found"),
    [
        ({}, A),
        ({A: B}, B),
        ({A: None}, None),
        ({A: B, B: C}, C),
        ({A: B, B: None}, None),
        ({A: B, B: A}, None),
    ],
)
def test_who_stands_in(away: dict[UUID, UUID | None], found: UUID | None) -> None:
    assert rules.stand_in(A, away) == found


@pytest.mark.parametrize(
    ("posted", "present", "night", "ran_out", "why"),
    [
        ([A], [A], False, False, None),
        ([A], [A], True, False, Why.NIGHT),
        ([], [], True, False, Why.NOBODY),
        ([A], [], False, False, Why.AWAY),
        ([A], [A], False, True, Why.RAN_OUT),
    ],
)
def test_why_a_case_goes_to_the_desk(posted, present, night, ran_out, why) -> None:  # type: ignore[no-untyped-def]
    assert rules.why_desk(posted=posted, present=present, night=night, ran_out=ran_out) == why


def test_spans_that_can_not_be() -> None:
    def codes(since: float, until: float) -> list[str]:
        return [p.code for p in rules.span_problems(hours(since, until), rules.LONGEST, NOON)]

    assert codes(0, 12) == []
    assert codes(2, 2) == ["duty_backwards"]
    assert codes(0, 49) == ["duty_too_long"]
    assert codes(-24 * 40, -24 * 39) == ["duty_far"]
    assert codes(24 * 500, 24 * 501) == ["duty_far"]


def test_weeks_in_addresses() -> None:
    today = date(2026, 11, 25)
    assert rules.monday_of(None, today) == date(2026, 11, 23)
    assert rules.monday_of("2026-W53", today) == date(2026, 12, 28)
    assert rules.monday_of("2026-W99", today) == rules.monday_of("nonsense", today) == date(2026, 11, 23)
    assert rules.week_of(date(2026, 11, 29)) == "2026-W48"
    assert {kind.value for kind in Kind} == set(rules.USUAL_HOURS)
