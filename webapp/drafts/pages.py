"""Doors for planners and officers: drafts, the editor's shell, and which grid was where on a day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from webapp.areas import history as plans
from webapp.areas.queries import plan_at
from webapp.areas.rules import PLANNERS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest
from webapp.core.web import door
from webapp.drafts import past, queries
from webapp.people.queries import station

pages = Blueprint("draft_pages", __name__)
READERS = (*PLANNERS, "officer")


@pages.get("/planner/")
@door(*PLANNERS)
def drafts(session: Session, by: Actor) -> str:
    """Show the drafts, to open or begin one."""
    return render_template("drafts/list.html", station=station(session, by))


@pages.get("/planner/drafts/<uuid:draft_id>")
@door(*PLANNERS)
def editor(draft_id: UUID, session: Session, by: Actor) -> str:
    """Show the boundary editor on a draft."""
    found = queries.draft(session, draft_id)
    return render_template("drafts/editor.html", station=station(session, by), draft=found)


@pages.get("/planner/history")
@door(*READERS)
def history(session: Session, by: Actor) -> str:
    """Show which plan was in force on a day, what it changed, and the grid of a case then and now."""
    at = _noon(request.args.get("on", ""))
    found = plan_at(session, by.station_id, at)
    return render_template(
        "drafts/history.html",
        station=station(session, by),
        plans=plans.in_force(session, by.station_id),
        plan=found,
        on=at.astimezone(clock.SHOWN).date(),
        shown=clock.shown,
        **_of_plan(session, found),
        case=past.case_then(session, by, request.args.get("case", ""), at),
    )


def _of_plan(session: Session, found: Any) -> dict[str, Any]:
    if found is None:
        return {"drawing": None, "moves": [], "lineage": []}
    return {
        "drawing": past.drawing(session, found.id),
        "moves": plans.moves(session, found.id)[:100],
        "lineage": plans.lineage(session, found.id),
    }


def _noon(text: str) -> datetime:
    """Return noon of a day here (2026-05-03); nothing means now."""
    if not text:
        return clock.now()
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest() from error
    if not timedelta(0) < day - date(1990, 1, 1) < timedelta(days=50_000):
        raise BadRequest()
    return datetime.combine(day, time(12), clock.SHOWN)
