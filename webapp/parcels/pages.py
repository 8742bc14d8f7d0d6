"""Doors for people: the page of packages and partners."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from collectors.packages import fingerprint, public_key
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.messages import message
from webapp.core.web import door, site
from webapp.parcels import queries, rules
from webapp.people.queries import station

pages = Blueprint("parcel_pages", __name__)


@pages.get("/exchange/packages")
@door(*rules.CARRIERS)
def packages(session: Session, by: Actor) -> str:
    """Show our key, the partners, the packages that left and came."""
    key = public_key(site().settings.secret("exchange.key"))
    return render_template(
        "parcels/packages.html",
        station=station(session, by),
        key=key.hex(),
        fingerprint=rules.grouped(fingerprint(key)),
        partners=queries.partners(session),
        parcels=queries.parcels(session),
        contents=rules.CONTENT_TITLES,
        states=rules.STATES,
        counts=rules.COUNT_TITLES,
        packs=by.role in rules.PACKERS,
        keeps_keys=by.role in rules.KEEPERS_OF_KEYS,
        grouped=rules.grouped,
        message=message,
        shown=clock.shown,
    )
