"""Door for programs: how to reach who sent a case by Open311."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.open311 import queries
from webapp.open311.models import Open311Contact
from webapp.open311.schemas import Open311ContactOut

contacts = ApiBlueprint(
    "contacts", __name__, url_prefix="/api/v1", description="How to reach who sent a case by Open311"
)


@contacts.route("/cases/<uuid:case_id>/open311-contact")
@door("officer", "grid_worker", "station_chief")
@contacts.response(200, Open311ContactOut)
def contact(case_id: UUID, session: Session, by: Actor) -> Open311Contact:
    """How to reach who sent a case by Open311: for those who handle it."""
    return queries.open311_contact(session, case_id)
