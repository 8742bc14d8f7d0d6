"""Changes to clocks: import a year, declare a day, set hours, set or end a limit; each records one event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.calendars import counting, queries, rules
from webapp.calendars.models import (
    CalendarDay,
    CalendarYear,
    DayChange,
    LimitRule,
    StationCalendar,
    WorkingHours,
)
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record

_DAY = table_of(CalendarDay)
_YEAR = table_of(CalendarYear)


def import_year(session: Session, year: rules.Year, *, by: Actor) -> CalendarYear:
    """Copy a year into the station's calendar; the same again changes nothing.

    A newer notice takes the place of the older one, day by day; what the station has declared itself stays.
    """
    _lock(session, by)
    known = session.get(CalendarYear, (by.station_id, year.year))
    # The columns that are kept say all that a day is.
    kept = {
        row.day: (row.kind, row.title)
        for row in session.execute(select(_DAY).where(_DAY.c.year == year.year))
    }
    changed = [day for day in year.days if kept.get(day.day) != (day.kind, day.title)]
    same_source = known and (known.source, known.source_version) == (year.source, year.source_version)
    if known is not None and same_source and not changed:
        return known
    _keep_year(session, year, changed, by)
    _begin_hours(session, by)
    _renew(
        session, "calendars.year_imported", by,
        year=year.year, source=year.source, version=year.source_version, days=len(changed),
    )  # fmt: skip
    return session.get_one(CalendarYear, (by.station_id, year.year), populate_existing=True)


def _keep_year(session: Session, year: rules.Year, changed: list[rules.Day], by: Actor) -> None:
    source = {"source": year.source, "source_version": year.source_version, "imported_by": by.person_id}
    made = insert(_YEAR).values(station_id=by.station_id, year=year.year, **source)
    session.execute(
        made.on_conflict_do_update(
            index_elements=[_YEAR.c.station_id, _YEAR.c.year], set_={**source, "imported_at": clock.now()}
        )
    )
    if not changed:
        return
    own = {"station_id": by.station_id, "year": year.year}
    rows = [{**own, "day": day.day, "kind": day.kind.value, "title": day.title} for day in changed]
    # One statement for all: while it runs, others wait who change the calendar.
    days = insert(_DAY).values(rows)
    days = days.on_conflict_do_update(
        index_elements=[_DAY.c.station_id, _DAY.c.day],
        set_={"kind": days.excluded.kind, "title": days.excluded.title},
    )
    session.execute(days)


def _begin_hours(session: Session, by: Actor) -> None:
    """Give a station that has set no hours the usual ones, as data."""
    if session.scalar(select(WorkingHours.id).limit(1)) is None:
        spans = _said(rules.USUAL_SPANS)
        first = WorkingHours(
            id=uuid4(), station_id=by.station_id, since=rules.USUAL_SINCE, spans=spans, by_id=None
        )
        session.add(first)
        session.flush()


def set_day(
    session: Session, change_id: UUID, *, day: date, works: bool | None, reason: str, by: Actor
) -> DayChange:
    """Declare a day worked or free, with the reason; None takes it as its notice has it again.

    The same again changes nothing. Raises CalendarMissing for a year that is not known, Refused
    'reason_needed', Conflict for another day under the same id.
    """
    _lock(session, by)
    known = session.get(DayChange, change_id)
    if known is not None:
        if (known.day, known.works, known.reason) != (day, works, reason.strip()):
            raise Conflict("already_known", held=str(known.day), sent=str(day))
        return known
    if not reason.strip():
        raise Refused(problems=[Problem("/reason", "reason_needed")])
    old = queries.calendar(session, by.station_id).works(day)
    change = DayChange(
        id=change_id,
        station_id=by.station_id,
        day=day,
        works=works,
        reason=reason.strip(),
        by_id=by.person_id,
    )
    session.add(change)
    session.flush()
    # The reason stays in its row: events carry no words of people.
    _renew(
        session, "calendars.day_set", by, day=day.isoformat(), works=works, worked=old, change_id=change_id
    )
    return change


def set_hours(
    session: Session, hours_id: UUID, *, since: date, spans: Sequence[tuple[time, time]], by: Actor
) -> WorkingHours:
    """Set the hours of working days from a day on; the same again changes nothing.

    Raises Refused 'hours_order', Conflict for other hours under the same id.
    """
    _lock(session, by)
    known = session.get(WorkingHours, hours_id)
    if known is not None:
        if (known.since, known.spans) != (since, _said(spans)):
            raise Conflict("already_known", held=str(known.since), sent=str(since))
        return known
    problems = rules.hours_problems(spans)
    if problems:
        raise Refused(problems=problems)
    hours = WorkingHours(
        id=hours_id, station_id=by.station_id, since=since, spans=_said(spans), by_id=by.person_id
    )
    session.add(hours)
    session.flush()
    _renew(session, "calendars.hours_set", by, since=since.isoformat(), spans=_said(spans))
    return hours


def _said(spans: Sequence[tuple[time, time]]) -> list[list[str]]:
    return [[opens.strftime("%H:%M"), closes.strftime("%H:%M")] for opens, closes in spans]


def set_limit(
    session: Session,
    rule_id: UUID,
    *,
    class_code: str,
    priority: int,
    close: counting.Limit,
    respond: counting.Limit | None,
    pauses: Sequence[str],
    extension: counting.Limit | None,
    valid_from: date,
    by: Actor,
) -> LimitRule:
    """Set how long matters of a class and priority may take, from a day on.

    The version before it ends on that day; neither is changed later. The same again changes nothing. Raises
    Refused 'class_unknown' or 'limit_order' (it would begin before the version that it follows), Conflict for
    another limit under the same id.
    """
    _lock(session, by)
    columns: dict[str, Any] = {
        "station_id": by.station_id,
        "class_code": class_code,
        "priority": priority,
        **_columns("close", close),
        **_columns("respond", respond),
        **_columns("extension", extension),
        "pauses": sorted(set(pauses)),
        "valid_from": valid_from,
    }
    known = session.get(LimitRule, rule_id)
    if known is not None:
        if any(getattr(known, name) != value for name, value in columns.items()):
            raise Conflict("already_known", held=str(known.id), sent=str(rule_id))
        return known
    if class_code not in {item.code for item in queries.classes(session)}:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": class_code})])
    before = queries.last_limit(session, by.station_id, class_code, priority)
    if before is not None and valid_from < before.valid_from:
        raise Refused(problems=[Problem("/valid_from", "limit_order", {"day": str(before.valid_from)})])
    if before is not None and (before.valid_to is None or before.valid_to > valid_from):
        before.valid_to = valid_from
        session.flush()
    rule = LimitRule(id=rule_id, by_id=by.person_id, **columns)
    session.add(rule)
    session.flush()
    told: dict[str, Any] = {
        "class_code": class_code,
        "priority": priority,
        "valid_from": valid_from.isoformat(),
    }
    record(session, "calendars.limit_set", kind="limit_rule", subject=rule_id, by=by, **told)
    return rule


def _columns(name: str, limit: counting.Limit | None) -> dict[str, Any]:
    unit = limit.unit.value if limit else None
    return {f"{name}_amount": limit.amount if limit else None, f"{name}_unit": unit}


def end_limit(session: Session, rule: LimitRule, *, valid_to: date, by: Actor) -> LimitRule:
    """End a limit: from `valid_to` on it counts no more.

    Raises Conflict 'limit_ended' when it has ended already, Refused 'limit_order' before its beginning.
    """
    session.refresh(rule, with_for_update=True)
    if rule.valid_to == valid_to:
        return rule
    if rule.valid_to is not None:
        raise Conflict("limit_ended", day=str(rule.valid_to))
    if valid_to < rule.valid_from:
        raise Refused(problems=[Problem("/valid_to", "limit_order", {"day": str(rule.valid_from)})])
    rule.valid_to = valid_to
    session.flush()
    told: dict[str, Any] = {"class_code": rule.class_code, "priority": rule.priority}
    told["valid_to"] = valid_to.isoformat()
    record(session, "calendars.limit_ended", kind="limit_rule", subject=rule.id, by=by, **told)
    return rule


def keep(session: Session, today: date, *, by: Actor) -> list[int]:
    """Copy last year, this and the next where the package knows them; return the years that are missing.

    A year that is here already stays as it is. Missing ones raise an alarm, once a week.
    """
    known = {item.year for item in queries.years(session)}
    for year in range(today.year - 1, today.year + 2):
        found = None if year in known else queries.package_year(year)
        if found is not None:
            import_year(session, found, by=by)
            known.add(year)
    missing = rules.missing_years(known, today)
    if missing:
        _tell_missing(session, missing, today, by)
    return missing


def _tell_missing(session: Session, years: list[int], today: date, by: Actor) -> None:
    _lock(session, by)
    last = queries.last_alarm(session, by.station_id)
    if last is not None and today - last < rules.ALARM_EVERY:
        return
    mine = StationCalendar.station_id == by.station_id
    session.execute(update(StationCalendar).where(mine).values(alarmed_on=today))
    record(session, "calendars.year_missed", kind="calendar", subject=by.station_id, by=by, years=years)


def _lock(session: Session, by: Actor) -> None:
    """Let one change of a station's calendar and limits happen after the other."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"calendar{by.station_id}", 0))))
    made = insert(table_of(StationCalendar)).values(station_id=by.station_id, version=0)
    session.execute(made.on_conflict_do_nothing())


def _renew(session: Session, name: str, by: Actor, **data: Any) -> None:
    """Give the calendar its next version, so that every process reads it anew, and tell what happened."""
    mine = StationCalendar.station_id == by.station_id
    session.execute(update(StationCalendar).where(mine).values(version=StationCalendar.version + 1))
    record(session, name, kind="calendar", subject=by.station_id, by=by, **data)
