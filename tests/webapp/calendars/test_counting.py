"""Limits counted over weekends, feasts, make-up days and pauses: examples worked by hand, and properties."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.calendars import queries
from webapp.calendars.counting import (
    BY_HOURS,
    Calendar,
    CalendarMissing,
    Hours,
    Limit,
    Unit,
    end,
    fitted,
    local_day,
    remaining,
)
from webapp.calendars.rules import USUAL_SINCE, USUAL_SPANS, Clock, Kind, Rule, hours_problems, missing_years

HERE = ZoneInfo("Asia/Shanghai")
CLOCK, WORK, WDAY, DAY = Unit.CLOCK_HOUR, Unit.WORKING_HOUR, Unit.WORKING_DAY, Unit.DAY


def known(*years: int) -> Calendar:
    """The calendar of the package for some years, 08:30-12:00 and 14:30-18:00."""
    days = [day for year in years for day in queries.package_year(year).days]
    return Calendar(
        frozenset(years),
        frozenset(d.day for d in days if d.day.weekday() < 5 and not d.works),
        frozenset(d.day for d in days if d.day.weekday() > 4 and d.works),
        (Hours(USUAL_SINCE, USUAL_SPANS),),
    )


BOTH = known(2025, 2026)


def at(text: str) -> datetime:
    """A moment as the clock on the wall shows it: '2026-09-30 17:00'."""
    return datetime.fromisoformat(text).replace(tzinfo=HERE)


def shown(moment: datetime) -> str:
    return moment.astimezone(HERE).strftime("%Y-%m-%d %H:%M")


def span(year: int, first: str, last: str) -> set[date]:
    begin, stop = (date.fromisoformat(f"{year}-{text}") for text in (first, last))
    return {begin + timedelta(days=n) for n in range((stop - begin).days + 1)}


# General Office of the State Council, notices on holidays: 国办发明电〔2024〕12号 (12 November 2024) for 2025
# and that of 4 November 2025 for 2026. Days off with the weekends inside them; Saturdays and Sundays that are
# worked.
NOTICES = {
    2025: (
        [("01-01", "01-01"), ("01-28", "02-04"), ("04-04", "04-06"), ("05-01", "05-05"), ("05-31", "06-02"),
         ("10-01", "10-08")],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
        # 365 days - 104 days of weekends - 18 weekdays off + 5 made up
        248,
    ),
    2026: (
        [("01-01", "01-03"), ("02-15", "02-23"), ("04-04", "04-06"), ("05-01", "05-05"), ("06-19", "06-21"),
         ("09-25", "09-27"), ("10-01", "10-07")],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
        # 365 - 104 - 19 + 6
        248,
    ),
}  # fmt: skip


@pytest.mark.parametrize("year", sorted(NOTICES))
def test_each_day_is_as_the_notice_of_the_state_council_has_it(year):
    spans, made_up, working = NOTICES[year]
    off = set().union(*(span(year, *item) for item in spans))
    extra = {date.fromisoformat(f"{year}-{text}") for text in made_up}
    days = {day.day: day for day in queries.package_year(year).days}
    assert len(days) == 365
    for day, item in days.items():
        expected = day in extra or (day.weekday() < 5 and day not in off)
        assert item.works == expected, (day, item)
        assert (item.kind == Kind.HOLIDAY) == (day in off), (day, item)
        assert (item.kind == Kind.MAKE_UP) == (day in extra), (day, item)
    assert sum(day.works for day in days.values()) == working


@pytest.mark.parametrize(
    ("start", "amount", "unit", "ends"),
    [
        # National Day 2026: off from Thursday 1 to Wednesday 7 October; Saturday 10 is worked.
        ("2026-09-30 17:00", 72, CLOCK, "2026-10-03 17:00"),
        ("2026-09-30 17:00", 1, WORK, "2026-09-30 18:00"),
        ("2026-09-30 17:00", 4, WORK, "2026-10-08 11:30"),  # one hour before the feast, three after
        ("2026-09-30 11:00", 2, WORK, "2026-09-30 15:30"),  # the rest at noon does not count
        ("2026-10-03 09:00", 7, WORK, "2026-10-08 18:00"),  # begun on a free day: one whole day's work
        ("2026-09-30 17:00", 5, WDAY, "2026-10-13 18:00"),  # 8, 9, 10 (made up), 12, 13
        ("2026-09-30 23:59", 1, WDAY, "2026-10-08 18:00"),  # the day of the beginning is not counted
        ("2026-10-05 10:00", 1, WDAY, "2026-10-08 18:00"),
        ("2026-09-30 17:00", 3, DAY, "2026-10-08 18:00"),  # 3 October is free: the next working day
        ("2026-09-30 17:00", 10, DAY, "2026-10-10 18:00"),  # a Saturday, but made up
        ("2026-09-18 10:00", 2, DAY, "2026-09-20 18:00"),  # a Sunday, but made up
        # National Day 2025, with mid-autumn: off from 1 to 8 October; Sunday 28 September is worked.
        ("2025-09-27 10:00", 2, WDAY, "2025-09-29 18:00"),
        ("2025-09-30 16:00", 9, WORK, "2025-10-09 18:00"),  # two before, seven after
        # Over the end of a year: 1 January 2026 is free, Sunday 4 is worked.
        ("2025-12-31 09:00", 2, WDAY, "2026-01-05 18:00"),
        # A moment told in UTC: 16:30 UTC is already the next day here.
        ("2026-10-08 00:30", 1, WDAY, "2026-10-09 18:00"),
    ],
)
def test_examples_worked_by_hand(start, amount, unit, ends):
    limit = Limit(amount, unit)
    assert shown(end(BOTH, at(start), limit.whole, limit.unit)) == ends
    assert shown(end(BOTH, at(start).astimezone(UTC), limit.whole, limit.unit)) == ends


@pytest.mark.parametrize(
    ("start", "amount", "unit", "pause", "left", "resume", "ends"),
    [
        # Eight working hours from Tuesday 29 September 16:00: 2 on that day, 1.5 on Wednesday, 4.5 left.
        ("2026-09-29 16:00", 8, WORK, "2026-09-30 10:00", timedelta(hours=4.5), "2026-10-08 09:00",
         "2026-10-08 16:00"),
        # Stopped in the middle of the feast: nothing has passed since the evening before.
        ("2026-09-30 16:00", 4, WORK, "2026-10-04 10:00", timedelta(hours=2), "2026-10-06 10:00",
         "2026-10-08 10:30"),
        # Five working days from 28 September: 29, 30, 8, 9, 10. Stopped on the first: four left.
        ("2026-09-28 09:00", 5, WDAY, "2026-09-29 15:00", timedelta(days=4), "2026-10-09 10:00",
         "2026-10-14 18:00"),
        # Stopped on the last day, taken up on a free one: until the end of the next working day.
        ("2026-09-28 09:00", 2, WDAY, "2026-09-30 15:00", timedelta(0), "2026-10-03 10:00",
         "2026-10-08 18:00"),
        # Ten days until 8 October; stopped on the 1st: seven left.
        ("2026-09-28 09:00", 10, DAY, "2026-10-01 09:00", timedelta(days=7), "2026-10-08 09:00",
         "2026-10-15 18:00"),
        ("2026-09-30 08:00", 48, CLOCK, "2026-09-30 20:00", timedelta(hours=36), "2026-10-08 08:00",
         "2026-10-09 20:00"),
    ],
)  # fmt: skip
def test_a_pause_over_the_feast_keeps_what_is_left(start, amount, unit, pause, left, resume, ends):
    clock = Clock.started(Rule(Limit(amount, unit)), at(start))
    still = clock.paused(BOTH, clock.due(BOTH), at(pause))
    assert (still.left, still.since) == (left, None)
    assert shown(still.resumed(at(resume)).due(BOTH)) == ends


def test_what_is_overdue_stays_overdue_by_the_same_time_over_a_pause():
    for unit in Unit:
        clock = Clock.started(Rule(Limit(1, unit)), at("2026-09-28 09:00"))
        late = clock.due(BOTH) + timedelta(hours=3, minutes=7)
        again = clock.paused(BOTH, clock.due(BOTH), late).resumed(at("2026-10-09 10:00"))
        assert again.due(BOTH) == at("2026-10-09 10:00") - timedelta(hours=3, minutes=7), unit


def test_an_extension_in_days_ends_when_work_ends_and_never_before_what_was_asked():
    for asked, ends in (
        ("2026-10-09 10:00", "2026-10-09 18:00"),
        ("2026-10-09 20:00", "2026-10-10 18:00"),
        ("2026-10-02 12:00", "2026-10-08 18:00"),
    ):
        assert shown(fitted(BOTH, at(asked), WDAY)) == ends
        assert shown(fitted(BOTH, at(asked), DAY)) == ends
        assert fitted(BOTH, at(asked), WORK) == at(asked)
        assert fitted(BOTH, at(asked), CLOCK) == at(asked)


def test_a_year_that_is_not_known_is_named_and_never_guessed():
    only = known(2026)
    for start, amount, unit in (
        ("2026-12-28 09:00", 5, WDAY),
        ("2026-12-31 17:00", 2, WORK),
        ("2026-12-30 09:00", 5, DAY),
    ):
        limit = Limit(amount, unit)
        with pytest.raises(CalendarMissing) as raised:
            end(only, at(start), limit.whole, limit.unit)
        assert raised.value.params == {"year": 2027}
        assert raised.value.code == "calendar_missing"
        assert Clock.started(Rule(limit), at(start)).due(only) is None
    # What does not reach into it is counted, and clock hours need no calendar at all.
    assert shown(end(only, at("2026-12-28 09:00"), timedelta(days=3), WDAY)) == "2026-12-31 18:00"
    assert shown(end(Calendar(frozenset()), at("2026-12-31 17:00"), timedelta(hours=24), CLOCK)) == (
        "2027-01-01 17:00"
    )


def test_the_package_knows_no_year_whose_notice_is_still_to_come():
    assert queries.package_year(2027) is None
    assert queries.package_year(1999) is None


def test_a_missing_year_is_an_alarm_from_november_on():
    assert missing_years([2026], date(2026, 10, 31)) == []
    assert missing_years([2026], date(2026, 11, 1)) == [2027]
    assert missing_years([2026, 2027], date(2026, 12, 31)) == []
    assert missing_years([], date(2026, 12, 31)) == [2026, 2027]


def test_hours_change_on_their_day():
    summer = (Hours(date(2026, 6, 1), ((time(8, 30), time(12)), (time(15), time(18, 30)))),)
    calendar = Calendar(BOTH.years, BOTH.free, BOTH.extra, (*BOTH.hours, *summer))
    assert shown(end(calendar, at("2026-05-28 10:00"), timedelta(days=1), WDAY)) == "2026-05-29 18:00"
    assert shown(end(calendar, at("2026-05-29 10:00"), timedelta(days=1), WDAY)) == "2026-06-01 18:30"
    assert shown(end(calendar, at("2026-06-01 12:00"), timedelta(hours=1), WORK)) == "2026-06-01 16:00"


def test_hours_must_follow_each_other():
    wrong = ((time(8), time(8)),), ((time(8), time(12)), (time(11), time(18))), ((time(18), time(8)),)
    assert all(hours_problems(spans) for spans in wrong)
    assert not hours_problems(USUAL_SPANS)


FIRST = datetime(2025, 1, 1, tzinfo=HERE)
# Far enough from the end of 2026 that no limit below leaves the calendar.
moments = st.integers(0, 540 * 24 * 3600).map(lambda seconds: FIRST + timedelta(seconds=seconds))
units = st.sampled_from(list(Unit))
limits = st.builds(Limit, st.integers(1, 30), units)


# A busy machine is no fault of the rules.
UNTIMED = settings(deadline=None)


def due(start: datetime, limit: Limit) -> datetime:
    return end(BOTH, start, limit.whole, limit.unit)


@UNTIMED
@given(limits, moments, moments)
def test_who_begins_later_never_ends_earlier(limit, one, other):
    early, late = sorted((one, other))
    assert due(early, limit) <= due(late, limit)


@UNTIMED
@given(limits, moments)
def test_a_longer_limit_never_ends_earlier(limit, start):
    assert due(start, limit) <= due(start, Limit(limit.amount + 1, limit.unit))
    assert due(start, limit) > start


@UNTIMED
@given(limits, moments)
def test_an_end_lies_in_working_time(limit, start):
    ends = due(start, limit)
    if limit.unit != CLOCK:
        assert any(opens < ends <= closes for opens, closes in BOTH.spans(local_day(ends)))
    if limit.unit not in BY_HOURS:
        assert ends == BOTH.closing(local_day(ends))


@UNTIMED
@given(limits, moments, st.floats(0, 1))
def test_a_pause_of_no_length_loses_and_gains_nothing(limit, start, share):
    ends = due(start, limit)
    stop = start + (ends - start) * share
    assert end(BOTH, stop, remaining(BOTH, stop, ends, limit.unit), limit.unit) == ends


@UNTIMED
@given(limits, moments, st.floats(0, 1.5), st.integers(0, 20 * 24 * 3600))
def test_a_pause_never_brings_the_end_nearer(limit, start, share, seconds):
    clock = Clock.started(Rule(limit), start)
    ends = clock.due(BOTH)
    stop = start + (ends - start) * share
    again = clock.paused(BOTH, ends, stop).resumed(stop + timedelta(seconds=seconds))
    assert again.due(BOTH) >= ends
    # A pause inside of which no working time lies changes nothing for who counts working hours.
    if limit.unit == WORK and stop < ends and not worked(stop, stop + timedelta(seconds=seconds)):
        assert again.due(BOTH) == ends


def worked(first: datetime, last: datetime) -> timedelta:
    """Working time between two moments, minute by minute: slow, and another way than that of the rules."""
    minutes, moment = 0, first
    while moment < last:
        here = moment.astimezone(HERE)
        spans = USUAL_SPANS if BOTH.works(here.date()) else ()
        minutes += any(opens <= here.time() < closes for opens, closes in spans)
        moment += timedelta(minutes=1)
    return timedelta(minutes=minutes)


@UNTIMED
@given(moments, st.integers(1, 30))
def test_working_hours_are_what_a_minute_by_minute_count_says(start, amount):
    start = start.replace(second=0, microsecond=0)
    limit = Limit(amount, WORK)
    assert worked(start, due(start, limit)) == limit.whole


@UNTIMED
@given(limits, moments, st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_what_is_left_only_shrinks(limit, start, shares):
    ends = due(start, limit)
    first, second = (start + (ends - start) * share for share in sorted(shares))
    assert remaining(BOTH, first, ends, limit.unit) >= remaining(BOTH, second, ends, limit.unit)
