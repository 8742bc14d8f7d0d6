"""Reads about clocks: the calendar that limits are counted by, its days, hours and changes, the limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib.metadata import version
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
from chinese_calendar.constants import holidays, workdays
from sqlalchemy import Select, or_, select, text
from sqlalchemy.orm import Session

from webapp.calendars import counting, rules
from webapp.calendars.models import (
    CalendarDay,
    CalendarYear,
    DayChange,
    LimitRule,
    StationCalendar,
    WorkingHours,
)
from webapp.core.actor import Actor
from webapp.core.db import at_once, table_of
from webapp.core.errors import NotFound, Refused

PACKAGE = "chinesecalendar"
_CALENDAR = text("SELECT CAST(app.calendar(:ctx) AS text)")
_KEPT_LIMIT = text("SELECT app.limit_kept(:id)")
_LIMIT = text("SELECT app.limit_of(:class, :priority, :day)")
# The classes belong to the room above; a rule names them by their code alone, as a foreign key names a table.
_CLASSES = text(
    "SELECT code, title, limit_h FROM app.hazard_class WHERE in_use AND NOT draft ORDER BY position, code"
)

# Calendars by station, as this process has read them; the version says whether one is still the newest.
_KEPT: dict[UUID, counting.Calendar] = {}
_KEPT_LOCK = Lock()


def calendar(session: Session, station_id: UUID, newest: int | None = None) -> counting.Calendar:
    """Return a station's calendar; from this process's memory when that has the version `newest`.

    Without `newest` it is read anew. Anybody of the station may ask: every report has a limit. Read before
    the session's first statement it opens no transaction.
    """
    kept = _KEPT.get(station_id)
    if kept is not None and newest is not None and kept.version == newest:
        return kept
    made = _made(orjson.loads(at_once(session, _CALENDAR)))
    with _KEPT_LOCK:
        _KEPT[station_id] = made
    return made


def _made(found: Mapping[str, Any]) -> counting.Calendar:
    hours = tuple(counting.Hours(date.fromisoformat(since), _spans(spans)) for since, spans in found["hours"])
    return counting.Calendar(
        # Without hours there is no working time: nothing can be counted by it.
        years=frozenset(found["years"]) if hours else frozenset(),
        free=frozenset(map(date.fromisoformat, found["free"])),
        extra=frozenset(map(date.fromisoformat, found["extra"])),
        hours=hours,
        version=found["version"],
    )


def _spans(spans: Iterable[Any]) -> tuple[tuple[time, time], ...]:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in spans)


def rule(session: Session, class_code: str, limit_h: int, priority: int, at: datetime) -> rules.Rule:
    """Return the rule of a class and priority for a clock that begins at a moment."""
    values = {"class": class_code, "priority": priority, "day": counting.local_day(at)}
    return rules.Rule.declared(session.scalar(_LIMIT, values), limit_h)


def rule_kept(session: Session, rule_id: UUID) -> rules.Rule:
    """Return a rule by its id, ended or not, for whoever moves a case that runs by it."""
    return rules.Rule.declared(session.scalar(_KEPT_LIMIT, {"id": rule_id}), 0)


def all_limits(session: Session) -> list[Any]:
    """Return all limits, ended or not, as plain rows: what `rules.best` chooses from."""
    return list(session.execute(select(table_of(LimitRule))))


def classes(session: Session) -> list[Any]:
    """Return code, titles and plain limit (hours) of the classes in use."""
    return list(session.execute(_CLASSES))


def limits(session: Session, class_code: str | None = None) -> list[LimitRule]:
    """Return all versions of the limits that the asker may see, those of a class together, newest first."""
    wanted = select(LimitRule)
    if class_code is not None:
        wanted = wanted.where(LimitRule.class_code == class_code)
    order = (LimitRule.class_code, LimitRule.priority, LimitRule.station_id, LimitRule.valid_from.desc())
    return list(session.scalars(wanted.order_by(*order, LimitRule.at.desc())))


def limit(session: Session, rule_id: UUID, by: Actor) -> LimitRule:
    """Return one of the station's own limits; raise NotFound for another's and for a general one."""
    wanted = select(LimitRule).where(LimitRule.id == rule_id, LimitRule.station_id == by.station_id)
    found: LimitRule | None = session.scalar(wanted)
    if found is None:
        raise NotFound()
    return found


def years(session: Session) -> list[CalendarYear]:
    """Return the years that the station's calendar knows, newest first."""
    return list(session.scalars(select(CalendarYear).order_by(CalendarYear.year.desc())))


def hours(session: Session) -> list[WorkingHours]:
    """Return the working hours that were ever set, the latest to begin first."""
    return list(
        session.scalars(select(WorkingHours).order_by(WorkingHours.since.desc(), WorkingHours.at.desc()))
    )


def changes(session: Session, year: int) -> list[DayChange]:
    """Return what the station has changed in a year, newest first."""
    return list(session.scalars(_changes(year).order_by(DayChange.at.desc(), DayChange.id.desc())))


def _changes(year: int) -> Select[Any]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    return select(DayChange).where(DayChange.day >= first, DayChange.day <= last)


@dataclass(frozen=True)
class ShownDay:
    """A day as the page shows it: what it is by its notice, and whether the station has decided otherwise."""

    day: date
    kind: str
    title: str
    works: bool
    own: bool
    reason: str = ""


def days(session: Session, year: int) -> list[ShownDay]:
    """Return the days of a year in order; none when the calendar does not know it."""
    if not rules.EARLIEST_YEAR <= year <= rules.LATEST_YEAR:
        return []
    own: dict[date, DayChange] = {}
    for change in reversed(changes(session, year)):
        own[change.day] = change
    found = session.scalars(select(CalendarDay).where(CalendarDay.year == year).order_by(CalendarDay.day))
    return [_shown(day, own.get(day.day)) for day in found]


def _shown(day: CalendarDay, change: DayChange | None) -> ShownDay:
    plain = day.kind in (rules.Kind.WORKING, rules.Kind.MAKE_UP)
    if change is None or change.works is None:
        return ShownDay(day.day, day.kind, day.title, plain, False)
    return ShownDay(day.day, day.kind, day.title, change.works, True, change.reason)


def last_alarm(session: Session, station_id: UUID) -> date | None:
    """Return the day on which a missing year was last told of."""
    return session.scalar(select(StationCalendar.alarmed_on).where(StationCalendar.station_id == station_id))


def last_limit(session: Session, station_id: UUID, class_code: str, priority: int) -> LimitRule | None:
    """Return the station's version of a limit that a new one would follow, if there is one."""
    own = select(LimitRule).where(
        LimitRule.station_id == station_id,
        LimitRule.class_code == class_code,
        LimitRule.priority == priority,
        or_(LimitRule.valid_to.is_(None), LimitRule.valid_to > LimitRule.valid_from),
    )
    found: LimitRule | None = session.scalar(
        own.order_by(LimitRule.valid_from.desc(), LimitRule.at.desc()).limit(1)
    )
    return found


def package_year(year: int) -> rules.Year | None:
    """Return a year from the calendar package that is installed; None when the package does not know it.

    The package takes its days from the State Council's yearly notices; only years that it holds a holiday of
    are known, so that a year whose notice is still to come is never taken for one without holidays.
    """
    free = {day: title for day, title in holidays.items() if day.year == year}
    extra = {day: title for day, title in workdays.items() if day.year == year}
    # The first days of a year can belong to a notice of the year before.
    if not any(day.month >= 10 for day in free):
        return None
    return rules.Year(year, PACKAGE, version(PACKAGE), rules.days_of(year, free, extra))


def wanted_year(year: int, notice: Mapping[str, Any]) -> rules.Year:
    """Return a year by a notice that was typed in (`holidays`, `make_up`: day to feast), else by the package.

    Raises CalendarMissing when neither says anything of the year, Refused for days that can't be.
    """
    if notice["holidays"] is None:
        found = package_year(year)
        if found is None:
            raise counting.CalendarMissing(year=year)
        return found
    problems = rules.notice_problems(year, notice["holidays"], notice["make_up"])
    if problems:
        raise Refused(problems=problems)
    days = rules.days_of(year, notice["holidays"], notice["make_up"])
    return rules.Year(year, "notice", notice["source"], days)
