"""Doors for people: subscriptions, and the log of what was sent."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import door
from webapp.people.queries import station
from webapp.webhooks import queries, rules

pages = Blueprint("webhooks_pages", __name__)
SHOWN = 30


@pages.get("/webhooks")
@door(*rules.KEEPERS)
def webhooks(session: Session, by: Actor) -> str:
    """Show the station's subscriptions with their newest deliveries, and a form for a new one."""
    found = queries.webhooks(session)
    return render_template(
        "webhooks/list.html",
        station=station(session, by),
        hooks=[(hook, queries.deliveries(session, hook.id, limit=SHOWN)) for hook in found],
        events=rules.EVENTS,
        states=rules.STATE_TITLES,
        failures=rules.FAILURES,
        tries=rules.TRIES,
        shown=clock.shown,
    )
