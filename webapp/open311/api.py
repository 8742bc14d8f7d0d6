"""Doors for programs: what the sender of an Open311 report added, and how to reach him."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.cases.queries import case
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.open311 import actions, queries
from webapp.open311.models import Open311Contact
from webapp.open311.schemas import Open311ContactOut, SenderOut

contacts = ApiBlueprint(
    "contacts", __name__, url_prefix="/api/v1", description="How to reach who sent a case by Open311"
)


@contacts.route("/cases/<uuid:case_id>/open311")
@door()
@contacts.response(200, SenderOut)
def sender(case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """What the sender added to a case that I see, and whether I may read how to reach him."""
    return queries.sender_side(session, case(session, case_id).id)


@contacts.route("/cases/<uuid:case_id>/open311/contact", methods=["POST"])
@door("officer", "station_chief")
@contacts.response(200, Open311ContactOut)
def contact(case_id: UUID, session: Session, by: Actor) -> Open311Contact:
    """How to reach who sent a case by Open311: each reading is logged, so it is no GET."""
    return actions.show_contact(session, case(session, case_id), by=by)
