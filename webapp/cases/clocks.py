"""What becomes of the limit of a case: by which rule it runs, when it ends, what a step does to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.calendars import queries as calendars
from webapp.calendars.counting import NO_CALENDAR, Calendar, Unit, local_day
from webapp.calendars.rules import Clock, Rule, best, known_end, within_reach
from webapp.cases import rules
from webapp.cases.models import Case
from webapp.cases.queries import Declared
from webapp.core.errors import Problem


def of_report(session: Session, declared: Declared, now: datetime, station_id: UUID) -> dict[str, Any]:
    """Return the columns of the clocks that start with a report, as the database reads them from JSON."""
    rule = Rule.declared(declared.limit, declared.limit_h)
    calendar = NO_CALENDAR if rule.by_clock else calendars.calendar(session, station_id, declared.calendar)
    columns = begun(rule, calendar, now, declared.limit_h)
    return {**columns, "clock_left": f"{columns['clock_left'].total_seconds()} seconds"}


_NO_CLOCK = ("respond_by", "limit_rule_id", "clock_unit", "clock_at", "clock_since", "clock_left")


def of_earlier(
    session: Session, rows: Iterable[Mapping[str, Any]], station_id: UUID
) -> dict[UUID, dict[str, Any]]:
    """Return the columns of the clocks of cases that are brought from elsewhere, by their ids.

    Open ones without an end get a clock as it began when they were reported (priority 0); the others keep the
    end that they came with.
    """
    calendar, limits = calendars.calendar(session, station_id), calendars.all_limits(session)
    return {row["id"]: _earlier(row, calendar, limits) for row in rows}


def _earlier(row: Mapping[str, Any], calendar: Calendar, limits: Sequence[Any]) -> dict[str, Any]:
    if row["due_at"] is not None or row["state"] not in rules.OPEN_STATES:
        return {**dict.fromkeys(_NO_CLOCK), "due_at": row["due_at"]}
    declared, start = row["declared"], row["reported_at"] or row["found_at"]
    found = best(limits, declared.code, 0, local_day(start))
    rule = Rule.declared(found._mapping if found else None, declared.limit_h)
    columns = begun(rule, calendar, start, declared.limit_h)
    return columns if row["state"] == rules.State.REPORTED else {**columns, "respond_by": None}


def begun(rule: Rule, calendar: Calendar, now: datetime, limit_h: int) -> dict[str, Any]:
    """Return the columns of a case whose clocks start now.

    An end in a year that the calendar does not know stays open: it is counted when the year is here.
    """
    clock = Clock.started(rule, now)
    due = clock.due(calendar)
    return {"due_at": due, "respond_by": _respond_by(rule, calendar, now, due, limit_h), **_kept(clock)}


def _respond_by(
    rule: Rule, calendar: Calendar, start: datetime, due: datetime | None, limit_h: int
) -> datetime | None:
    """Return until when somebody must have accepted: by the rule, else as without one, within the limit."""
    if rule.respond is not None:
        return known_end(calendar, start, rule.respond.whole, rule.respond.unit)
    usual = rules.respond_by(start, limit_h)
    return usual if due is None else min(usual, due)


def _kept(clock: Clock) -> dict[str, Any]:
    """Return a clock as the columns of its case."""
    return {
        "limit_rule_id": clock.rule,
        "clock_unit": str(clock.unit),
        "clock_at": clock.at,
        "clock_since": clock.since,
        "clock_left": clock.left,
    }


def _of(case: Case) -> Clock:
    """Return the clock of a case; one that came with its end from elsewhere counts clock hours."""
    if case.clock_unit is None or case.clock_at is None or case.clock_left is None:
        return Clock(Unit.CLOCK_HOUR, case.reported_at, None, timedelta(0))
    return Clock(Unit(case.clock_unit), case.clock_at, case.clock_since, case.clock_left, case.limit_rule_id)


def _rule(session: Session, case: Case) -> Rule:
    """Return the rule that the clock of a case runs by."""
    if case.limit_rule_id is None:
        return Rule.declared(None, case.hazard_class.limit_h)
    return calendars.rule_kept(session, case.limit_rule_id)


def after(session: Session, case: Case, effect: str, state: str, now: datetime) -> dict[str, Any]:
    """Return the columns that a step's effect on the clock changes: start, pause, resume or extend.

    `state` is the one that the step leads to. Raises CalendarMissing for an extension into a year that is not
    known.
    """
    if effect not in ("start", "pause", "resume", "extend"):
        return {}
    limit_h = case.hazard_class.limit_h
    if effect == "start":
        rule = calendars.rule(session, case.class_code, limit_h, case.priority, now)
    else:
        rule = _rule(session, case)
    return moved(case, effect, state, now, rule, calendars.calendar(session, case.station_id))


def moved(
    case: Case, effect: str, state: str, now: datetime, rule: Rule, calendar: Calendar
) -> dict[str, Any]:
    """Return what `after` does, by a rule and a calendar that are given."""
    if effect == "start":
        return begun(rule, calendar, now, case.hazard_class.limit_h)
    if effect == "pause":
        return _paused(case, rule, calendar, state, now)
    if effect == "resume":
        return _resumed(case, rule, calendar, now)
    if effect != "extend" or case.pending_until is None:
        return {}
    clock, due = _of(case).extended(calendar, case.pending_until)
    return {"due_at": due, **_kept(clock)}


def _paused(case: Case, rule: Rule, calendar: Calendar, state: str, now: datetime) -> dict[str, Any]:
    """Note since when it waits and the seconds left; the clock stands still where its rule says so."""
    left = int((case.due_at - now).total_seconds()) if case.due_at else 0
    told = {"paused_at": now, "paused_left_s": left}
    if state not in rule.pauses:
        return told
    return {**told, **_kept(_of(case).paused(calendar, case.due_at, now))}


def _resumed(case: Case, rule: Rule, calendar: Calendar, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"paused_at": None, "paused_left_s": None}
    if case.paused_at is None or case.state not in rule.pauses:
        return told
    clock = _of(case).resumed(now)
    return {**told, "due_at": clock.due(calendar), **_kept(clock)}


def extension_problems(session: Session, case: Case, until: datetime) -> list[Problem]:
    """Return what is wrong with the end that an extension asks for: farther than its rule lets it reach."""
    rule = _rule(session, case)
    if case.due_at is None or rule.extension is None:
        return []
    if within_reach(calendars.calendar(session, case.station_id), rule, case.due_at, until):
        return []
    return [Problem("/until", "extension_too_far", {"limit": rule.extension.amount})]


def recounted(case: Case, calendar: Calendar, limits: Iterable[Any]) -> dict[str, Any]:
    """Return the columns of an open case that come out otherwise by a calendar and the limits; mostly none.

    An end that a person has approved stays. Of a clock that stands still the rest is a fact; only another
    rule changes it.
    """
    old = _of(case)
    if case.clock_unit is None or (old.since is None and case.paused_at is None):
        return {}
    rows, limit_h = list(limits), case.hazard_class.limit_h
    row = best(rows, case.class_code, case.priority, local_day(old.at))
    rule = Rule.declared(row._mapping if row else None, limit_h)
    before = next((item for item in rows if item.id == old.rule), None)
    clock = old.under(rule, Rule.declared(before._mapping if before else None, limit_h))
    new = _kept(clock)
    if clock.since is not None:
        new["due_at"] = clock.due(calendar)
    if case.state == rules.State.REPORTED:
        due = new.get("due_at", case.due_at)
        new["respond_by"] = _respond_by(rule, calendar, clock.at, due, limit_h)
    return {name: value for name, value in new.items() if getattr(case, name) != value}


def plain(value: Any) -> Any:
    """Return a value as the data of an event hold it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, UUID | rules.State) else value
