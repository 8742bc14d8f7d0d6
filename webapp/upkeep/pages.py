"""Doors for people: the page of the machine's work."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.queue import TRIES
from webapp.core.web import door
from webapp.people.queries import station
from webapp.upkeep import queries, rules

pages = Blueprint("upkeep_pages", __name__)


@pages.get("/jobs")
@door(*rules.READERS)
def jobs(session: Session, by: Actor) -> str:
    """Show what waits, runs and was given up, with buttons to start it again."""
    return render_template(
        "upkeep/jobs.html",
        station=station(session, by),
        jobs=queries.jobs(session),
        counts=queries.counts(session),
        states=rules.STATE_TITLES,
        may_restart=by.role in rules.KEEPERS,
        most=rules.MOST,
        tries=TRIES,
        now=clock.now(),
        shown=clock.shown,
    )
