"""Doors for programs: the calendar of days and hours, and the limits that are counted by it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.calendars import actions, counting, queries, rules
from webapp.calendars.models import CalendarYear, DayChange, LimitRule, WorkingHours
from webapp.calendars.schemas import (
    CalendarOut,
    DayIn,
    DayOut,
    DueOut,
    DueQuery,
    EndIn,
    HoursIn,
    HoursOut,
    LimitQuery,
    LimitRuleIn,
    LimitRuleOut,
    NoticeIn,
    ShownDayOut,
    YearOut,
)
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door

blp = ApiBlueprint(
    "calendars", __name__, url_prefix="/api/v1/calendar", description="Working days and limits"
)


@blp.route("")
@door(*rules.READERS)
@blp.response(200, CalendarOut)
def calendar(session: Session, by: Actor) -> dict[str, Any]:
    """The years that the calendar knows, those that it misses, and the working hours."""
    years = queries.years(session)
    missing = rules.missing_years((item.year for item in years), counting.local_day(clock.now()))
    known = queries.calendar(session, by.station_id)
    return {"version": known.version, "years": years, "missing": missing, "hours": queries.hours(session)}


@blp.route("/years/<int:year>")
@door(*rules.READERS)
@blp.response(200, ShownDayOut(many=True))
def days(year: int, session: Session, by: Actor) -> list[queries.ShownDay]:
    """The days of a year; none when the calendar does not know it."""
    return queries.days(session, year)


@blp.route("/years/<int:year>", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(NoticeIn)
@blp.response(200, YearOut)
def import_year(body: dict[str, Any], year: int, session: Session, by: Actor) -> CalendarYear:
    """Copy a year into the calendar: from the installed package, or from a notice that is typed in."""
    return actions.import_year(session, queries.wanted_year(year, body), by=by)


@blp.route("/days", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(DayIn)
@blp.response(200, DayOut)
def set_day(body: dict[str, Any], session: Session, by: Actor) -> DayChange:
    """Declare a day worked or free; limits of open cases follow."""
    return actions.set_day(session, body.pop("id"), **body, by=by)


@blp.route("/hours", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(HoursIn)
@blp.response(200, HoursOut)
def set_hours(body: dict[str, Any], session: Session, by: Actor) -> WorkingHours:
    """Set the hours of working days from a day on; limits of open cases follow."""
    return actions.set_hours(session, body.pop("id"), **body, by=by)


@blp.route("/limits")
@door(*rules.READERS)
@blp.arguments(LimitQuery, location="query")
@blp.response(200, LimitRuleOut(many=True))
def limits(query: dict[str, str], session: Session, by: Actor) -> list[LimitRule]:
    """All versions of the limits, general ones and the station's own."""
    return queries.limits(session, query.get("class_code"))


@blp.route("/limits", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(LimitRuleIn)
@blp.response(200, LimitRuleOut)
def set_limit(body: dict[str, Any], session: Session, by: Actor) -> LimitRule:
    """Set the limit of a class and priority from a day on; the version before it ends then."""
    return actions.set_limit(session, body.pop("id"), **body, by=by)


@blp.route("/limits/<uuid:rule_id>/end", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(EndIn)
@blp.response(200, LimitRuleOut)
def end_limit(body: dict[str, Any], rule_id: UUID, session: Session, by: Actor) -> LimitRule:
    """End a limit of the station's own."""
    found = queries.limit(session, rule_id, by)
    return actions.end_limit(session, found, valid_to=body["valid_to"], by=by)


@blp.route("/due")
@door(*rules.READERS)
@blp.arguments(DueQuery, location="query")
@blp.response(200, DueOut)
def due(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """When a limit would end that begins at a moment: for trying out."""
    limit = counting.Limit(query["amount"], counting.Unit(query["unit"]))
    known = queries.calendar(session, by.station_id)
    return {"end": counting.end(known, query["start"], limit.whole, limit.unit)}
