"""Doors for people: the page that an officer opens in the morning."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.areas.queries import police_grids
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import KINDS
from webapp.core.actor import Actor
from webapp.core.events import newest
from webapp.core.web import door, map_background
from webapp.desk import rules
from webapp.people.queries import answered_grids, posted_police_grids, station

pages = Blueprint("desk_pages", __name__)


@pages.get("/desk")
@door(*rules.ROLES)
def desk(session: Session, by: Actor) -> str:
    """Show my field: the lists of what waits, with the map of the own ground beside them."""
    own = rules.lists_of(by.role)
    wanted = request.args.get("list", "")
    home = station(session, by)
    return render_template(
        "desk/desk.html",
        station=home,
        lists=own,
        groups=rules.GROUPS,
        wanted=wanted if wanted in [item.name for item in own] else "",
        classes=hazard_classes(session, KINDS),
        police_grids=police_grids(session, by.station_id),
        sorts=rules.SORTS,
        config={
            "last_event": newest(session),
            "my_police_grids": posted_police_grids(session, by),
            "my_grids": answered_grids(session),
            "basemap": map_background(),
            "credit": home.credit,
        },
    )
