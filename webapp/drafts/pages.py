"""Doors for planners: the list of drafts, and the editor's shell; the browser does the rest."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, render_template
from sqlalchemy.orm import Session

from webapp.areas.rules import PLANNERS
from webapp.core.actor import Actor
from webapp.core.web import door
from webapp.drafts import queries
from webapp.people.queries import station

pages = Blueprint("draft_pages", __name__)


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
