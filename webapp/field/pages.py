"""Doors for people: the phone page, and the quarantine as a list."""

from __future__ import annotations

import orjson
from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import door, site
from webapp.field import queries
from webapp.field.models import Quarantine
from webapp.people.queries import station

pages = Blueprint("field_pages", __name__)


@pages.get("/phone/")
@door()
def phone(session: Session, by: Actor) -> str:
    """Show the volunteer's page."""
    return render_template("field/phone.html", station=station(session, by))


@pages.get("/quarantine")
@door("station_chief")
def quarantine(session: Session, by: Actor) -> str:
    """Show what waits for repair, each with its fields to mend."""
    entries = queries.entries(session)
    return render_template(
        "field/quarantine.html",
        station=station(session, by),
        entries=[(entry, _readable(entry)) for entry in entries],
        shown=clock.shown,
    )


def _readable(entry: Quarantine) -> str:
    """Return the kept body as indented text, as far as it can be read."""
    data = site().blobs.get(entry.sha256)
    try:
        return orjson.dumps(orjson.loads(data), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return data[:4000].decode("utf-8", "replace")
