"""Doors for programs: what a resident added to a case, and how to reach him."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.cases.queries import case
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.residents import actions, queries
from webapp.residents.models import ResidentContact
from webapp.residents.schemas import ContactOut, ResidentOut

blp = ApiBlueprint("residents", __name__, url_prefix="/api/v1", description="Residents without an account")


@blp.route("/cases/<uuid:case_id>/resident")
@door()
@blp.response(200, ResidentOut)
def resident(case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """What the resident added to a case that I see, and whether I may read how to reach him."""
    return queries.resident_side(session, case(session, case_id).id)


@blp.route("/cases/<uuid:case_id>/resident/contact", methods=["POST"])
@door("officer", "station_chief")
@blp.response(200, ContactOut)
def contact(case_id: UUID, session: Session, by: Actor) -> ResidentContact:
    """How to reach the resident: each reading is logged, so it is no GET."""
    return actions.show_contact(session, case(session, case_id), by=by)
