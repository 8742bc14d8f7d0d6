"""Doors for people: the phone page, and the quarantine as a list."""

from __future__ import annotations

from datetime import datetime

import orjson
from flask import Blueprint, render_template
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from webapp.cases.queries import hazard_classes
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.i18n import N_
from webapp.core.messages import message
from webapp.core.web import door, site
from webapp.field import queries
from webapp.field.models import Quarantine
from webapp.people.queries import names, station

pages = Blueprint("field_pages", __name__)
CHINA = (73.5, 18.0, 135.1, 53.6)
DOOR_TITLES = {"batch": N_("from the phone page"), "open311": N_("by Open311")}
SYSTEMS = {"wgs84": "WGS 84", "gcj02": "GCJ-02", "bd09": "BD-09", "cgcs2000": "CGCS2000"}


@pages.get("/phone/")
@door()
def phone(session: Session, by: Actor) -> str:
    """Show the volunteer's page; its form works from what the page and the API tell, offline too."""
    home = station(session, by)
    box = CHINA if home.ground is None else to_shape(home.ground).bounds
    config = {"person": str(by.person_id or ""), "box": box, "credit": home.credit}
    return render_template("field/phone.html", station=home, config=config)


@pages.get("/quarantine")
@door("station_chief")
def quarantine(session: Session, by: Actor) -> str:
    """Show what waits for repair, each with its fields to mend."""
    entries = queries.entries(session)
    return render_template(
        "field/quarantine.html",
        station=station(session, by),
        entries=[(entry, *_opened(entry)) for entry in entries],
        names=names(session, {entry.person_id for entry in entries if entry.person_id}),
        classes=hazard_classes(session),
        systems=SYSTEMS,
        doors=DOOR_TITLES,
        message=message,
        shown=clock.shown,
    )


def _opened(entry: Quarantine) -> tuple[str, dict[str, str]]:
    """Return the kept body as indented text and its usual fields, as far as it can be read."""
    data = site().blobs.get(entry.sha256)
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data[:4000].decode("utf-8", "replace"), usual_fields(None)
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode(), usual_fields(document)


def usual_fields(document: object) -> dict[str, str]:
    """Return what a form needs from a report in any condition; the first report of a whole batch."""
    said = document if isinstance(document, dict) else {}
    reports = said.get("reports")
    if isinstance(reports, list) and reports and isinstance(reports[0], dict):
        said = reports[0]
    place = said["place"] if isinstance(said.get("place"), dict) else {}
    answers = said["answers"] if isinstance(said.get("answers"), dict) else {}
    return {
        "id": _text(said.get("id")),
        "class_code": _text(said.get("class_code")),
        "lon": _text(place.get("lon")),
        "lat": _text(place.get("lat")),
        "crs": _text(place.get("crs")).lower() or "wgs84",
        "found_at": _local(said.get("found_at")),
        "note": _text(said.get("note")),
        "answers": orjson.dumps(answers, option=orjson.OPT_INDENT_2).decode(),
    }


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _local(value: object) -> str:
    """Return a time as the browser's date-and-time field takes it, in China time; empty when unreadable."""
    try:
        at = datetime.fromisoformat(_text(value))
        return clock.shown(at if at.tzinfo else at.replace(tzinfo=clock.SHOWN), "%Y-%m-%dT%H:%M")
    except (ValueError, OverflowError):
        return ""
