"""Doors for programs: the quarantine, seen and settled."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from collectors import photos
from collectors.records import Attachment, Report
from webapp.cases import actions as cases
from webapp.cases.schemas import ReceiptOut, ReportIn
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door, site
from webapp.field import actions, queries
from webapp.field.models import Open311Contact, Quarantine
from webapp.field.schemas import DiscardIn, Open311ContactOut, QuarantineOut

blp = ApiBlueprint("quarantine", __name__, url_prefix="/api/v1", description="What could not be understood")
contacts = ApiBlueprint(
    "contacts", __name__, url_prefix="/api/v1", description="How to reach who sent a case by Open311"
)


@blp.route("/quarantine")
@door("station_chief")
@blp.response(200, QuarantineOut(many=True))
def entries(session: Session, by: Actor) -> list[Quarantine]:
    """What waits for repair."""
    return queries.entries(session)


@blp.route("/quarantine/<uuid:entry_id>/body")
@door("station_chief")
@blp.response(200, content_type="application/octet-stream")
def body(entry_id: UUID, session: Session, by: Actor) -> Response:
    """The bytes as the device sent them."""
    entry = queries.entry(session, entry_id)
    headers = {"Content-Disposition": f'attachment; filename="{entry.id}.bin"'}
    return Response(site().blobs.get(entry.sha256), content_type="application/octet-stream", headers=headers)


@blp.route("/quarantine/<uuid:entry_id>/repair", methods=["POST"])
@door("station_chief")
@blp.arguments(ReportIn)
@blp.response(201, ReceiptOut)
def repair(sent: Report, entry_id: UUID, session: Session, by: Actor) -> cases.Receipt:
    """Hand the mended report in for its author, with the photos that came with it."""
    entry = queries.entry(session, entry_id)
    held = {name: site().blobs.get(kept) for name, kept in entry.files.items()}
    files = tuple(
        Attachment(name=name, media_type="", sha256=sha256(data).hexdigest(), data=data)
        for name, data in held.items()
        if photos.is_photo(data)
    )
    mended = replace(sent, attachments=files)
    done = cases.report(
        session, site().blobs, mended, by=by, reporter_id=entry.person_id, sender=cases.Sender("repair")
    )
    actions.repaired(session, entry, done.id, by=by)
    return done


@blp.route("/quarantine/<uuid:entry_id>/discard", methods=["POST"])
@door("station_chief")
@blp.arguments(DiscardIn)
@blp.response(200, QuarantineOut)
def discard(sent: dict[str, str], entry_id: UUID, session: Session, by: Actor) -> Quarantine:
    """Put an entry aside, with the reason."""
    return actions.discard(session, queries.entry(session, entry_id), note=sent["note"], by=by)


@contacts.route("/cases/<uuid:case_id>/open311-contact")
@door("officer", "grid_worker", "station_chief")
@contacts.response(200, Open311ContactOut)
def contact(case_id: UUID, session: Session, by: Actor) -> Open311Contact:
    """How to reach who sent a case by Open311: for those who handle it."""
    return queries.open311_contact(session, case_id)
