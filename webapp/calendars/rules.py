"""Pure decisions about clocks: which rule counts, what becomes of a clock, what a notice can say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from webapp.calendars.counting import (
    Calendar,
    CalendarMissing,
    Limit,
    Unit,
    end,
    fitted,
    remaining,
)
from webapp.core.errors import Problem
from webapp.core.i18n import N_

KEEPERS = ("station_chief",)
READERS = ("station_chief", "officer", "grid_worker", "mediator", "planner", "system_admin", "audit_admin")

# The month from which on the calendar of the next year is missed: the State Council's notice for 2025 came on
# 12 November 2024, that for 2026 on 4 November 2025.
NOTICE_MONTH = 11
MOST_AMOUNT = 9999
PRIORITIES = (0, 1, 2)
# The hours that a station begins with; it sets its own.
USUAL_SPANS = ((time(8, 30), time(12)), (time(14, 30), time(18)))
USUAL_SINCE = date(2000, 1, 1)
# Within how many clock hours somebody must accept, where no rule says it.
USUAL_RESPONSE_H = 24
# How often a missing year is told of again.
ALARM_EVERY = timedelta(days=7)
EARLIEST_YEAR, LATEST_YEAR = 2004, 2100
# States in which the clock of closing stands still, where no rule says otherwise.
PAUSES = ("hung_up", "transferred")
PAUSE_TITLES = {
    "hung_up": N_("hung up"),
    "transferred": N_("transferred to another body"),
}
MOST_SPANS = 6
REASON_LIMIT = 200


class Kind(StrEnum):
    """What a day is by the notice of its year."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


KIND_TITLES = {
    Kind.WORKING: N_("working day"),
    Kind.WEEKEND: N_("weekend"),
    Kind.HOLIDAY: N_("holiday"),
    Kind.MAKE_UP: N_("make-up working day"),
}
# Feasts as the package names them.
FEASTS = (
    N_("New Year's Day"),
    N_("Spring Festival"),
    N_("Tomb-sweeping Day"),
    N_("Labour Day"),
    N_("Dragon Boat Festival"),
    N_("Mid-autumn Festival"),
    N_("National Day"),
)
PRIORITY_TITLES = (N_("normal"), N_("raised"), N_("first"))


@dataclass(frozen=True)
class Rule:
    """How long matters of a class and a priority may take. `id` is None for the class's own plain limit.

    `extension` is how far beyond its end a limit may be extended at most, None for without bound.
    """

    close: Limit
    respond: Limit | None = None
    pauses: tuple[str, ...] = PAUSES
    extension: Limit | None = None
    id: UUID | None = None

    @property
    def by_clock(self) -> bool:
        """Whether it counts clock hours alone, which need no calendar."""
        return {limit.unit for limit in (self.close, self.respond) if limit} == {Unit.CLOCK_HOUR}

    @classmethod
    def declared(cls, row: Mapping[str, Any] | None, limit_h: int) -> Rule:
        """Read a rule from a row of limit_rule; without one the class's limit in clock hours counts."""
        if row is None:
            return cls(Limit(limit_h, Unit.CLOCK_HOUR))
        return cls(
            Limit(row["close_amount"], Unit(row["close_unit"])),
            _limit(row["respond_amount"], row["respond_unit"]),
            tuple(row["pauses"]),
            _limit(row["extension_amount"], row["extension_unit"]),
            UUID(str(row["id"])),
        )


def _limit(amount: int | None, unit: str | None) -> Limit | None:
    return None if amount is None or unit is None else Limit(amount, Unit(unit))


@dataclass(frozen=True)
class Clock:
    """The clock of one matter: it runs since a moment, stands still, or has an end that a person has set.

    `at` is when it was first started: the rule of that day counts. `since` is from when on `left` is counted,
    None while it stands still and for an end that was set. `rule` is None for the class's plain limit.
    """

    unit: Unit
    at: datetime
    since: datetime | None
    left: timedelta
    rule: UUID | None = None

    @classmethod
    def started(cls, rule: Rule, now: datetime) -> Clock:
        """Start a clock by a rule."""
        return cls(rule.close.unit, now, now, rule.close.whole, rule.id)

    def due(self, calendar: Calendar) -> datetime | None:
        """Return when a running clock ends; None when that lies in a year that the calendar does not know."""
        if self.since is None:
            return None
        return known_end(calendar, self.since, self.left, self.unit)

    def paused(self, calendar: Calendar, due: datetime | None, now: datetime) -> Clock:
        """Let it stand still: what is left of it is kept in its own unit."""
        if due is not None:
            return replace(self, since=None, left=remaining(calendar, now, due, self.unit))
        passed = remaining(calendar, self.since, now, self.unit) if self.since else timedelta(0)
        return replace(self, since=None, left=max(self.left - passed, timedelta(0)))

    def resumed(self, now: datetime) -> Clock:
        """Let it go on with what is left."""
        return replace(self, since=now)

    def extended(self, calendar: Calendar, until: datetime) -> tuple[Clock, datetime]:
        """Give it an end that a person has approved; return it with the end that its unit can have."""
        return replace(self, since=None), fitted(calendar, until, self.unit)

    def under(self, rule: Rule, before: Rule) -> Clock:
        """Return it as another rule has it, what has passed counted on.

        After a pause time that has passed can't be turned into another unit: it goes on as it is then.
        """
        if rule.id == self.rule:
            return self
        if self.since == self.at:
            return Clock.started(rule, self.at)
        if rule.close.unit != self.unit:
            return self
        return replace(self, rule=rule.id, left=self.left + rule.close.whole - before.close.whole)


def known_end(calendar: Calendar, since: datetime, left: timedelta, unit: Unit) -> datetime | None:
    """Return when a limit ends; None when that lies in a year that the calendar does not know."""
    try:
        return end(calendar, since, left, unit)
    except CalendarMissing:
        return None


def within_reach(calendar: Calendar, rule: Rule, due: datetime, until: datetime) -> bool:
    """Say whether a limit that ends at `due` may be extended to `until` under its rule."""
    return rule.extension is None or until <= end(calendar, due, rule.extension.whole, rule.extension.unit)


def best(rows: Iterable[Any], class_code: str, priority: int, day: date) -> Any:
    """Return the row of limit_rule that counts for a class and priority on a day, or None.

    The station's own before the general ones; among them the priority itself before the next lower one.
    `app.limit_of` (migrations/sql/0016) says the same in SQL.
    """
    fitting = [
        row
        for row in rows
        if row.class_code == class_code
        and row.priority <= priority
        and row.valid_from <= day
        and (row.valid_to is None or row.valid_to > day)
    ]
    return min(fitting, key=lambda row: (row.station_id is None, -row.priority), default=None)


def hours_problems(spans: Sequence[tuple[time, time]]) -> list[Problem]:
    """Return what is wrong with the hours of a day: spans must lie in order, apart, and none be empty."""
    problems = []
    before = None
    for index, (opens, closes) in enumerate(spans):
        if closes <= opens or (before is not None and opens < before):
            problems.append(Problem(f"/spans/{index}", "hours_order"))
        before = closes
    return problems


def missing_years(known: Iterable[int], today: date) -> list[int]:
    """Return the years that the calendar should know and does not: this one, from November on the next."""
    wanted = [today.year] + ([today.year + 1] if today.month >= NOTICE_MONTH else [])
    return [year for year in wanted if year not in set(known)]


@dataclass(frozen=True)
class Day:
    """A day of the calendar: what it is by its notice, and the holiday that it belongs to, if any."""

    day: date
    kind: Kind
    title: str = ""

    @property
    def works(self) -> bool:
        """Whether it is worked by its notice."""
        return self.kind in (Kind.WORKING, Kind.MAKE_UP)


@dataclass(frozen=True)
class Year:
    """The calendar of a year with where it comes from."""

    year: int
    source: str
    source_version: str
    days: tuple[Day, ...] = field(repr=False)


def days_of(year: int, holidays: Mapping[date, str], make_up: Mapping[date, str]) -> tuple[Day, ...]:
    """Return the days of a year, given its holidays and make-up days with the names of their feasts."""
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))
    return tuple(_day(day, holidays, make_up) for day in days)


def _day(day: date, holidays: Mapping[date, str], make_up: Mapping[date, str]) -> Day:
    if day in make_up:
        return Day(day, Kind.MAKE_UP, make_up[day])
    if day in holidays:
        return Day(day, Kind.HOLIDAY, holidays[day])
    return Day(day, Kind.WORKING if day.weekday() < 5 else Kind.WEEKEND)


def notice_problems(year: int, holidays: Iterable[date], make_up: Iterable[date]) -> list[Problem]:
    """Return what is wrong with a notice typed in: days of other years, make-up days that are no weekend."""
    free, extra = set(holidays), set(make_up)
    problems = [
        Problem("/holidays", "day_other_year", {"day": str(d)}) for d in sorted(free) if d.year != year
    ]
    problems += [
        Problem("/make_up", "day_other_year", {"day": str(d)}) for d in sorted(extra) if d.year != year
    ]
    problems += [
        Problem("/make_up", "day_no_weekend", {"day": str(d)}) for d in sorted(extra) if d.weekday() < 5
    ]
    problems += [Problem("/make_up", "day_both", {"day": str(d)}) for d in sorted(free & extra)]
    return problems + ([] if free else [Problem("/holidays", "missing")])
