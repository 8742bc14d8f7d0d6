"""The door for people: the year with its kinds of days, the working hours, the limits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.calendars import counting, queries, rules
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.i18n import _
from webapp.core.web import door
from webapp.people.queries import names, station

pages = Blueprint("calendar_pages", __name__)


@pages.get("/calendar")
@door(*rules.READERS)
def calendar(session: Session, by: Actor) -> str:
    """Show a year of the calendar, the hours, and what may take how long."""
    today = counting.local_day(clock.now())
    asked = request.args.get("year", type=int) or today.year
    year = min(max(asked, rules.EARLIEST_YEAR), rules.LATEST_YEAR)
    return render_template(
        "calendars/calendar.html",
        station=station(session, by),
        today=today,
        year=year,
        keeps=by.role in rules.KEEPERS,
        rules=rules,
        units=counting.UNIT_TITLES,
        amount=_amount,
        shown=clock.shown,
        **_year(session, year, today),
        **_limits(session, today),
    )


def _year(session: Session, year: int, today: date) -> dict[str, Any]:
    """Return what the page shows of a year, and which years there are."""
    known, days = queries.years(session), queries.days(session, year)
    hours, changes = queries.hours(session), queries.changes(session, year)
    missing = rules.missing_years((item.year for item in known), today)
    people = (
        {item.imported_by for item in known} | {row.by_id for row in hours} | {row.by_id for row in changes}
    )
    return {
        "known": {item.year: item for item in known},
        "years": sorted({item.year for item in known} | {*missing, today.year, year}),
        "missing": missing,
        "in_package": [item for item in {*missing, year} if queries.package_year(item)],
        "months": _months(days),
        "counts": _counts(days),
        "changes": changes,
        "hours": hours,
        "names": names(session, {item for item in people if item}),
    }


def _limits(session: Session, today: date) -> dict[str, Any]:
    """Return the limits with the classes that they are for, and which of them are in force."""
    found = queries.limits(session)
    return {
        "limits": found,
        "classes": queries.classes(session),
        "in_force": {
            row.id
            for row in found
            if row.valid_from <= today and (row.valid_to is None or row.valid_to > today)
        },
    }


def _months(days: Iterable[queries.ShownDay]) -> list[list[queries.ShownDay]]:
    """Return the days of a year by month; none for a year that is not known."""
    months: dict[int, list[queries.ShownDay]] = {}
    for day in days:
        months.setdefault(day.day.month, []).append(day)
    return list(months.values())


def _counts(days: list[queries.ShownDay]) -> dict[str, int]:
    return {
        "working": sum(day.works for day in days),
        "holiday": sum(day.kind == rules.Kind.HOLIDAY for day in days),
        "make_up": sum(day.kind == rules.Kind.MAKE_UP for day in days),
        "own": sum(day.own for day in days),
    }


def _amount(amount: int | None, unit: str | None) -> str:
    """Return a limit as people say it; a dash for none."""
    return (
        "–" if amount is None or unit is None else f"{amount} {_(counting.UNIT_TITLES[counting.Unit(unit)])}"
    )
