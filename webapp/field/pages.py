"""Doors for people: the phone page, and the quarantine as a list."""

from __future__ import annotations

from datetime import datetime

import orjson
from flask import Blueprint, Response, render_template
from sqlalchemy.orm import Session

from collectors import openrosa_submission
from collectors.records import Refused as Unreadable
from webapp.cases.queries import hazard_classes
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.i18n import N_, set_language
from webapp.core.messages import message
from webapp.core.web import door, site
from webapp.field import queries, shell
from webapp.field.models import Quarantine
from webapp.field.rules import KIND_WORDS, MAKERS, OPENROSA, STATE_WORDS, condition, loose_case
from webapp.people.queries import names, station

pages = Blueprint("field_pages", __name__)
DOOR_TITLES = {
    "batch": N_("from the phone page"),
    "upload": N_("from the phone page"),
    "openrosa": N_("from a form app"),
    "open311": N_("by Open311"),
}
SYSTEMS = {"wgs84": "WGS 84", "gcj02": "GCJ-02", "bd09": "BD-09", "cgcs2000": "CGCS2000"}


@pages.get("/phone/")
@door()
def phone(session: Session, by: Actor) -> str:
    """Show the volunteer's page. It is the same for everybody: who holds the phone it asks the API."""
    return _phone_page()


@pages.get("/phone/shell/<any(zh, en):language>")
def phone_shell(language: str) -> str:
    """Give the page in one language, for the copy that the browser keeps to open without a network."""
    set_language(language)
    return _phone_page()


def _phone_page() -> str:
    return render_template("field/phone.html", modules=shell.first_modules())


@pages.get("/phone/sw.js")
def phone_worker() -> Response:
    """Give the service worker; it differs when any file does, so that browsers take the new one."""
    return Response(shell.worker(), content_type="text/javascript; charset=utf-8")


@pages.get("/phone/manifest.webmanifest")
def phone_manifest() -> Response:
    """Say how the page looks as an app on the phone."""
    return Response(orjson.dumps(shell.MANIFEST), content_type="application/manifest+json")


@pages.get("/field/handin")
@door("station_chief", "officer", "grid_worker")
def handin(session: Session, by: Actor) -> str:
    """Show the form for a file of waiting reports that a phone saved."""
    return render_template("field/handin.html", station=station(session, by))


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
        loose_case=loose_case,
    )


@pages.get("/forms")
@door(*MAKERS)
def forms(session: Session, by: Actor) -> str:
    """Show the station's own forms: upload, faults by row, what they ask, publish."""
    return render_template(
        "field/forms.html",
        station=station(session, by),
        forms=queries.own_classes(session, by),
        condition=condition,
        states=STATE_WORDS,
        kinds=KIND_WORDS,
    )


def _opened(entry: Quarantine) -> tuple[str, dict[str, str]]:
    """Return the kept body as indented text and its usual fields, as far as it can be read."""
    data = site().blobs.get(entry.sha256)
    if entry.door == OPENROSA:
        return data[:20_000].decode("utf-8", "replace"), usual_fields(_filled_form(data))
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data[:4000].decode("utf-8", "replace"), usual_fields(None)
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode(), usual_fields(document)


def _filled_form(xml: bytes) -> dict[str, object] | None:
    """Return what can be read of a kept form; None when it can't be read at all."""
    try:
        return openrosa_submission.document(xml)
    except Unreadable:
        return None


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
