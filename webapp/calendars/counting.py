"""Pure rules of clocks: limits in hours and days, the calendar they are counted by, what is left of them.

Days are those of Asia/Shanghai. How a limit is counted:

clock_hour    from the moment on, night and holiday included (Civil Code, art. 201 paragraph 2).
working_hour  only time inside the working hours of working days passes.
working_day   the day of the beginning is not counted (art. 201 paragraph 1); the last working day ends when
              work ends (art. 203 paragraph 2: "where business hours apply, when business stops").
day           the day of the beginning is not counted; a last day that is no working day moves to the next
              one (art. 203 paragraph 1); it ends when work ends, as above.

What is left of a limit is a timedelta in the limit's own unit: time that passes (clock_hour, working_hour),
or whole days still to come after today (day, working_day; 0 means that today is the last one). A pause keeps
it, going on counts it from the moment of going on as from a beginning. What was overdue stays overdue by the
same clock time (a negative timedelta, whatever the unit).

A year that the calendar does not know raises CalendarMissing: no day is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from webapp.core.clock import SHOWN
from webapp.core.errors import Conflict
from webapp.core.i18n import N_


class Unit(StrEnum):
    """What a limit is counted in."""

    CLOCK_HOUR = "clock_hour"
    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    DAY = "day"


UNIT_TITLES = {
    Unit.CLOCK_HOUR: N_("clock hours"),
    Unit.WORKING_HOUR: N_("working hours"),
    Unit.WORKING_DAY: N_("working days"),
    Unit.DAY: N_("days"),
}
BY_HOURS = (Unit.CLOCK_HOUR, Unit.WORKING_HOUR)


class CalendarMissing(Conflict):
    """The calendar of a year is not here; `params["year"]` says which."""

    code = "calendar_missing"


@dataclass(frozen=True)
class Limit:
    """How long something may take: a whole amount of a unit."""

    amount: int
    unit: Unit

    @property
    def whole(self) -> timedelta:
        """The limit at its beginning, as what is left of it."""
        named = {"hours": self.amount} if self.unit in BY_HOURS else {"days": self.amount}
        return timedelta(**named)


@dataclass(frozen=True)
class Hours:
    """When a working day is worked, from a day on: spans of the local day, in order, none empty."""

    since: date
    spans: tuple[tuple[time, time], ...]


@dataclass(frozen=True)
class Calendar:
    """Which days of which years are worked, and at what hours.

    `free` are weekdays that are not worked, `extra` days of a weekend that are. Of `hours`, in the order of
    their days, the last that has begun counts; the first counts for the time before it too.
    """

    years: frozenset[int]
    free: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()
    hours: tuple[Hours, ...] = ()
    version: int = 0

    def works(self, day: date) -> bool:
        """Say whether a day is worked; raise CalendarMissing for a year that is not known."""
        if day.year not in self.years:
            raise CalendarMissing(year=day.year)
        return day in self.extra or (day.weekday() < 5 and day not in self.free)

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """Return the worked spans of a day, in UTC; none on a free day."""
        if not self.works(day):
            return []
        return [(_moment(day, opens), _moment(day, closes)) for opens, closes in self._hours(day)]

    def closing(self, day: date) -> datetime:
        """Return when work ends on a working day."""
        return _moment(day, self._hours(day)[-1][1])

    def _hours(self, day: date) -> tuple[tuple[time, time], ...]:
        begun = [item for item in self.hours if item.since <= day]
        return (begun[-1] if begun else self.hours[0]).spans

    def days_after(self, day: date) -> Iterator[date]:
        """Yield the working days after a day, without end but that of the calendar."""
        while True:
            day += timedelta(days=1)
            if self.works(day):
                yield day

    def working_on(self, day: date) -> date:
        """Return the day itself when it is worked, else the next working day."""
        return day if self.works(day) else next(self.days_after(day))


NO_CALENDAR = Calendar(frozenset())


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, SHOWN).astimezone(UTC)


def local_day(at: datetime) -> date:
    """Return the day of a moment, as people here count days."""
    return at.astimezone(SHOWN).date()


def end(calendar: Calendar, start: datetime, left: timedelta, unit: Unit) -> datetime:
    """Return when `left` of a limit ends that runs from `start` on (aware; the answer is in UTC).

    Raises CalendarMissing when it reaches into a year that is not known.
    """
    start = start.astimezone(UTC)
    if left < timedelta(0) or unit == Unit.CLOCK_HOUR:
        return start + left
    if unit == Unit.WORKING_HOUR:
        return _after_work(calendar, start, left)
    return calendar.closing(_last_day(calendar, start, left.days, unit))


def _last_day(calendar: Calendar, start: datetime, days: int, unit: Unit) -> date:
    """Return the last day of a limit of days, counted after the day of `start`."""
    today = local_day(start)
    if unit == Unit.DAY and days:
        return calendar.working_on(today + timedelta(days=days))
    if days == 0:
        last = calendar.working_on(today)
        return last if start <= calendar.closing(last) else next(calendar.days_after(last))
    following = calendar.days_after(today)
    for _day in range(days - 1):
        next(following)
    return next(following)


def _after_work(calendar: Calendar, start: datetime, left: timedelta) -> datetime:
    """Return the first moment at which so much working time has passed since `start`."""
    if left == timedelta(0):
        return start
    day = local_day(start)
    while True:
        for opens, closes in calendar.spans(day):
            begins = max(start, opens)
            if begins < closes and left <= closes - begins:
                return begins + left
            left -= max(closes - begins, timedelta(0))
        day += timedelta(days=1)


def remaining(calendar: Calendar, now: datetime, until: datetime, unit: Unit) -> timedelta:
    """Return what is left at `now` of a limit that ends at `until`, in the limit's own unit.

    Raises CalendarMissing for a year in between that is not known.
    """
    if now > until or unit == Unit.CLOCK_HOUR:
        return until - now
    first, last = local_day(now), local_day(until)
    if unit == Unit.DAY:
        return last - first
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if unit == Unit.WORKING_DAY:
        return timedelta(days=sum(calendar.works(day) for day in days[1:]))
    spans = [span for day in days for span in calendar.spans(day)]
    passed = (min(closes, until) - max(opens, now) for opens, closes in spans)
    return sum((span for span in passed if span > timedelta(0)), timedelta(0))


def fitted(calendar: Calendar, until: datetime, unit: Unit) -> datetime:
    """Return the end that a limit of this unit can have, at `until` or next after it.

    Limits in days end when work ends, so that a pause can keep what is left of them in whole days.
    """
    if unit in BY_HOURS:
        return until
    return calendar.closing(_last_day(calendar, until, 0, Unit.WORKING_DAY))
