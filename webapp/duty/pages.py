"""The door for people: who has the duty desk this week, who is away, and what is missing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import door
from webapp.duty import queries, rules
from webapp.people.queries import chiefs, station

pages = Blueprint("duty_pages", __name__)


@pages.get("/duty")
@door(*rules.READERS)
def duty(session: Session, by: Actor) -> str:
    """Show a week of the roster, day by day, with the nights that nobody has."""
    today = clock.now().astimezone(clock.SHOWN).date()
    first = rules.monday_of(request.args.get("week"), today)
    keeps = by.role in rules.KEEPERS
    return render_template(
        "duty/duty.html",
        station=station(session, by),
        roster=queries.roster(session, first, by),
        days=[first + timedelta(days=n) for n in range(7)],
        today=today,
        weeks=[rules.week_of(first + timedelta(days=n)) for n in (-7, 0, 7)],
        staff=queries.staff(session) if keeps else [],
        chiefs=chiefs(session),
        keeps=keeps,
        rules=rules,
        local_day=_local_day,
        shown=clock.shown,
        now=clock.now(),
    )


def _local_day(at: datetime) -> date:
    """Return the local day of a moment."""
    return at.astimezone(clock.SHOWN).date()
