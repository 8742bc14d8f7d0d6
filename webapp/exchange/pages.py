"""Doors for people: the page of exports and imports."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from collectors.register_files import ENCODINGS
from webapp.areas.queries import plan_at, plans, police_grid_rows
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import STATE_TITLES
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.messages import message
from webapp.core.web import door, site
from webapp.exchange import queries, rules
from webapp.people.queries import names, station

pages = Blueprint("exchange_pages", __name__)


@pages.get("/exchange")
@door(*rules.READERS)
def exchange(session: Session, by: Actor) -> str:
    """Show what may be taken out and brought in, and what was."""
    exports = queries.exports(session)
    plan = plan_at(session, by.station_id, clock.now())
    return render_template(
        "exchange/exchange.html",
        station=station(session, by),
        exports=exports,
        imports=queries.imports(session) if by.role in rules.OFFICE else [],
        names=names(session, {item.person_id for item in exports if item.person_id}),
        kinds={kind: rules.KIND_TITLES[kind] for kind in rules.KINDS_OF.get(by.role, ())},
        readable={kind: rules.KIND_TITLES[kind] for kind in rules.IMPORTS_OF.get(by.role, ())},
        kind_titles=rules.KIND_TITLES,
        forms=rules.FORM_TITLES,
        systems=rules.CRS_TITLES,
        encodings=ENCODINGS,
        export_states=rules.EXPORT_STATES,
        states=STATE_TITLES,
        classes=hazard_classes(session),
        police_grids=list(session.execute(police_grid_rows(plan.id))) if plan else [],
        plans=plans(session),
        me=by.person_id,
        now=clock.now(),
        hours=site().settings.export_hours,
        message=message,
        shown=clock.shown,
    )
