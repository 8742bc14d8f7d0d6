"""Doors for people: the register of places, the way from a sign, and sheets to print."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from webapp.cases.queries import hazard_classes
from webapp.cases.rules import KINDS, REPORTERS
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest
from webapp.core.i18n import N_, _, speaking
from webapp.core.qr import drawn
from webapp.core.shortcodes import PLACE_LENGTH, shown, sound, tidy
from webapp.core.web import door, identity, site
from webapp.people import logins
from webapp.people.queries import cardholders, station
from webapp.people.rules import CARD_MAKERS, CATEGORY_TITLES
from webapp.places import queries
from webapp.places.models import Place
from webapp.places.rules import KIND_TITLES, PRINTERS, REGISTRARS

pages = Blueprint("place_pages", __name__)
CHINA = (73.5, 18.0, 135.1, 53.6)
SIGNS_A_SHEET = 6
# What stands on paper.
PAPER = {
    "head": N_("Seen a hazard? Scan and tell us."),
    "scan": N_("Scan with WeChat or the camera"),
    "say": N_("Choose what, say where, take a photo"),
    "keep": N_("Keep the tracking code, see what became of it"),
    "free": N_("No app, no account; contact data are optional."),
    "emergency": N_("Emergency: call 110. Fire: 119."),
    "here": N_("Seen a hazard here? Scan and report, no positioning needed."),
}


@pages.get("/r/<code>")
def from_sign(code: str) -> Redirect:
    """Lead who scans a place's sign on: members to the phone page, everybody else to the residents' page."""
    tidied = tidy(code)
    who = identity()
    if who is not None and who.actor.role in REPORTERS and sound(tidied, PLACE_LENGTH):
        home = logins.station_of_place(site().login, tidied)
        if home == who.actor.station_id:
            return redirect(f"/phone/#/from/{tidied}")
    return redirect(f"/public/?place={tidied[:40]}")


@pages.get("/places")
@door(*PRINTERS)
def register(session: Session, by: Actor) -> str:
    """Show the register of places: search, add on a map, mend, close, print a sign."""
    home = station(session, by)
    return render_template(
        "places/register.html",
        station=home,
        words=request.args.get("q", "")[:80],
        places=queries.places(session, request.args.get("q", "")[:80], limit=queries.MOST_SIGNS, closed=True),
        most=queries.MOST_SIGNS,
        kinds=KIND_TITLES,
        may_change=by.role in REGISTRARS,
        box=CHINA if home.ground is None else to_shape(home.ground).bounds,
        point=lambda place: to_shape(place.geom).coords[0],
        shown=shown,
    )


@pages.get("/sheets")
@door(*PRINTERS)
def sheets(session: Session, by: Actor) -> str:
    """Show what can be printed: the poster, signs for places, cards for phones."""
    return render_template(
        "places/sheets.html",
        station=station(session, by),
        places=queries.places(session, limit=queries.MOST_SIGNS),
        kinds=KIND_TITLES,
        people=cardholders(session) if by.role in CARD_MAKERS else [],
        makes_cards=by.role in CARD_MAKERS,
        categories=CATEGORY_TITLES,
        base=_base(),
        shown=shown,
    )


@pages.get("/sheets/poster")
@door(*PRINTERS)
def poster(session: Session, by: Actor) -> str:
    """Show the police room's poster: what the page is, and the QR that opens it."""
    home = station(session, by)
    address = f"{_base()}/public/?station={home.code}"
    classes = [item.title for item in hazard_classes(session, KINDS) if item.public]
    return render_template(
        "places/poster.html",
        station=home,
        address=address,
        qr=drawn(address),
        words=_words(),
        classes=classes,
    )


@pages.get("/sheets/signs")
@door(*PRINTERS)
def signs(session: Session, by: Actor) -> str:
    """Show the signs of the places chosen, six on a sheet of A4 (or one, with `size=full`)."""
    chosen = queries.places_named(session, _ids(request.args.getlist("place")))
    size = 1 if request.args.get("size") == "full" else SIGNS_A_SHEET
    made = [_sign(place) for place in chosen]
    return render_template(
        "places/signs.html",
        station=station(session, by),
        sheets=[made[at : at + size] for at in range(0, len(made), size)],
        full=size == 1,
        words=_words(),
    )


def _words() -> dict[str, tuple[str, str]]:
    """Return what stands on paper in both languages, Chinese first: it hangs there for everybody."""
    found: dict[str, tuple[str, str]] = {}
    for name, text in PAPER.items():
        with speaking("zh"):
            chinese = _(text)
        with speaking("en"):
            found[name] = (chinese, _(text))
    return found


def _sign(place: Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "code": shown(place.code),
        # Capitals and digits only: the QR needs fewer and so larger squares.
        "qr": drawn(f"{_base()}/r/{place.code}"),
        "address": f"{_base()}/r/{place.code}",
    }


def _ids(said: list[str]) -> list[UUID]:
    """Return the ids chosen on the page before; raise BadRequest for anything else."""
    try:
        return [UUID(item) for item in said]
    except ValueError as error:
        raise BadRequest() from error


def _base() -> str:
    """Return the address that phones reach the service by."""
    return site().settings.public_url.rstrip("/") or request.host_url.rstrip("/")
