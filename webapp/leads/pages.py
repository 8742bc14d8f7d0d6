"""Doors for people: restricted leads, the log of their reads, visits."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.cases.rules import STATE_TITLES
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import door
from webapp.leads import queries, rules
from webapp.people.queries import station
from webapp.people.rules import CATEGORY_TITLES

pages = Blueprint("lead_pages", __name__)


@pages.get("/leads")
@door(*rules.COUNTERS)
def leads(session: Session, by: Actor) -> str:
    """Show the leads that the reader may open, each for a purpose, and counts that point to nobody."""
    return render_template(
        "leads/leads.html",
        station=station(session, by),
        leads=queries.leads(session) if by.role in rules.OPENERS else [],
        figures=queries.figures(session),
        opens=by.role in rules.OPENERS,
        supervises=by.role in rules.SUPERVISORS,
        rules=rules,
        states=STATE_TITLES,
        shown=clock.shown,
        now=clock.now(),
    )


@pages.get("/leads/log")
@door(*rules.SUPERVISORS)
def log(session: Session, by: Actor) -> str:
    """Show who has read what, when and what for."""
    before = request.args.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    rows = queries.reads(session, start)
    return render_template(
        "leads/log.html",
        station=station(session, by),
        rows=rows,
        next=rows[-1].LeadRead.id if len(rows) == queries.PAGE else None,
        rules=rules,
        shown=clock.shown,
    )


@pages.get("/visits")
@door(*rules.VISITORS)
def visits(session: Session, by: Actor) -> str:
    """Show whom the reader visits, who is overdue, and how the visits go."""
    people = queries.visited(session, by.station_id, clock.now())
    keeps = by.role in rules.OPENERS
    return render_template(
        "leads/visits.html",
        station=station(session, by),
        people=people,
        rates=rules.rates((item.risk, item.urgency) for item in people),
        intervals=queries.intervals(session, by.station_id),
        keeps=keeps,
        sets=by.role == "station_chief",
        members=queries.members(session, by) if keeps else [],
        grids=queries.grids(session, by) if keeps else [],
        categories=CATEGORY_TITLES,
        me=by.person_id,
        rules=rules,
        shown=clock.shown,
    )
