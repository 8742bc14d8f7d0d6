"""Doors for people: the page of calls, one call, both clocks as figures."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from webapp.calls import queries, rules
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import door, site
from webapp.people.queries import station
from webapp.people.rules import ROLE_TITLES, Role

pages = Blueprint("call_pages", __name__)
CHINA = (73.0, 18.0, 135.0, 54.0)


@pages.get("/calls")
@pages.get("/calls/<uuid:call_id>")
@door(*rules.CALLERS)
def calls(session: Session, by: Actor, call_id: UUID | None = None) -> str:
    """Show my calls with their clocks, and the form to call; or one call."""
    settings = site().settings
    return render_template(
        "calls/calls.html",
        station=station(session, by),
        call_id=call_id,
        police=by.role in rules.POLICE_SIDE,
        limits=rules.limits(station(session, by).settings, clock.now()),
        basemap=settings.basemap if settings.basemap.startswith("http") else "",
        box=",".join(map(str, queries.ground_box(session, by.station_id) or CHINA)),
        everybody=by.role in rules.KEEPERS,
    )


@pages.get("/calls/kinds")
@door(*rules.KEEPERS)
def kinds(session: Session, by: Actor) -> str:
    """Show what calls can be about, who may call for it and how fast each is answered, to be changed."""
    home = station(session, by)
    return render_template(
        "calls/kinds.html",
        station=home,
        kinds=queries.kinds(session),
        limits=queries.kind_limits(session),
        usual=rules.all_limits(home.settings),
        today=clock.now().astimezone(clock.SHOWN).date(),
        roles={role: ROLE_TITLES[Role(role)] for role in rules.CALLERS},
    )


@pages.get("/calls/statistics")
@door(*rules.CALLERS)
def statistics(session: Session, by: Actor) -> str:
    """Show both clocks in both directions per month and police grid, of the calls that the reader sees."""
    home = station(session, by)
    since, until = rules.months(None, None, clock.now())
    return render_template(
        "calls/statistics.html",
        station=home,
        rows=queries.statistics(session, since, until),
        columns=rules.COLUMNS,
        directions=rules.DIRECTION_TITLES,
        limits=rules.all_limits(home.settings),
        keeps=by.role in rules.KEEPERS,
        everybody=by.role in rules.KEEPERS,
    )
