"""Doors for programs: the quarantine, seen and settled; a station's own forms."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from collectors import photos, pwa, xlsforms
from collectors.records import Attachment, Report
from webapp.cases import actions as cases
from webapp.cases.models import HazardClass
from webapp.cases.schemas import ReceiptOut, ReportIn
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door, readable, site
from webapp.field import actions, queries
from webapp.field.models import Quarantine
from webapp.field.rules import MAKERS, class_code
from webapp.field.schemas import DiscardIn, FormFileIn, QuarantineOut, StationFormOut
from webapp.people.queries import station

blp = ApiBlueprint("quarantine", __name__, url_prefix="/api/v1", description="What could not be understood")
forms = ApiBlueprint("forms", __name__, url_prefix="/api/v1", description="A station's own forms")


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


@blp.route("/quarantine/<uuid:entry_id>/files/<int:number>")
@door("station_chief")
@blp.response(200, content_type="application/octet-stream")
def file(entry_id: UUID, number: int, session: Session, by: Actor) -> Response:
    """A file that came with an entry, by its place in the list of names; a photo is shown, all else saved."""
    data = site().blobs.get(queries.kept_file(session, entry_id, number))
    shown = photos.is_photo(data)
    headers = {
        "Content-Disposition": f'{"inline" if shown else "attachment"}; filename="{entry_id}-{number}"'
    }
    kind = photos.inspect(data).media_type if shown else "application/octet-stream"
    return Response(data, content_type=kind, headers=headers)


@blp.route("/quarantine/<uuid:entry_id>/repair", methods=["POST"])
@door("station_chief")
@blp.arguments(ReportIn)
@blp.response(201, ReceiptOut)
def repair(sent: Report, entry_id: UUID, session: Session, by: Actor) -> cases.Receipt:
    """Hand the mended report in for its author, with the photos that came with it."""
    entry = queries.entry(session, entry_id)
    mended = replace(sent, attachments=_photos_of(entry))
    done = cases.report(
        session, site().blobs, mended, by=by, reporter_id=entry.person_id, sender=cases.Sender("repair")
    )
    actions.repaired(session, entry, done.id, by=by)
    return done


@blp.route("/quarantine/<uuid:entry_id>/attach", methods=["POST"])
@door("station_chief")
@blp.response(200, QuarantineOut)
def attach(entry_id: UUID, session: Session, by: Actor) -> Quarantine:
    """Add an entry's photos to the case that they came for."""
    return actions.attach(session, site().blobs, queries.entry(session, entry_id), by=by)


def _photos_of(entry: Quarantine) -> tuple[Attachment, ...]:
    """Return the photos that came with an entry; of one that came as preview, its original is awaited."""
    blobs = site().blobs
    held = {name: blobs.get(kept) for name, kept in entry.files.items()}
    came = {sha256(data).hexdigest(): (name, data) for name, data in held.items() if photos.is_photo(data)}
    content = {sha: data for sha, (_name, data) in came.items()}
    named = pwa.kept_files(blobs.get(entry.sha256), content) if entry.door == "batch" else ()
    follow = tuple(file for file in named if file.data is None and file.preview_data is not None)
    ahead = {file.preview for file in follow}
    whole = (Attachment(n, "", sha, data=d) for sha, (n, d) in came.items() if sha not in ahead)
    return (*whole, *follow)


@blp.route("/quarantine/<uuid:entry_id>/discard", methods=["POST"])
@door("station_chief")
@blp.arguments(DiscardIn)
@blp.response(200, QuarantineOut)
def discard(sent: dict[str, str], entry_id: UUID, session: Session, by: Actor) -> Quarantine:
    """Put an entry aside, with the reason."""
    return actions.discard(session, queries.entry(session, entry_id), note=sent["note"], by=by)


@forms.route("/forms")
@door(*MAKERS)
@forms.response(200, StationFormOut(many=True))
def own_forms(session: Session, by: Actor) -> list[HazardClass]:
    """The station's own forms with all their versions."""
    return queries.own_classes(session, by)


@forms.route("/forms", methods=["POST"])
@door(*MAKERS)
@forms.arguments(FormFileIn, location="files")
@forms.response(201, StationFormOut)
def draft_form(files: dict[str, Any], session: Session, by: Actor) -> HazardClass:
    """Take an XLSForm (.xlsx) as a draft; what can't be taken is refused with its rows."""
    data = files["form"].read()
    with readable():
        made = xlsforms.decode(data)
    code = class_code(station(session, by).code, made.form_id)
    return actions.draft_form(session, made, code=code, source_sha256=site().blobs.put(data), by=by)


@forms.route("/forms/<code>/<int:version>/publish", methods=["POST"])
@door(*MAKERS)
@forms.response(200, StationFormOut)
def publish_form(code: str, version: int, session: Session, by: Actor) -> HazardClass:
    """Put a version into use: phones get it at their next look."""
    return actions.publish_form(session, queries.own_class(session, by, code, version), by=by)


@forms.route("/forms/<code>/<int:version>/withdraw", methods=["POST"])
@door(*MAKERS)
@forms.response(200, StationFormOut)
def withdraw_form(code: str, version: int, session: Session, by: Actor) -> HazardClass:
    """Take a form out of use."""
    return actions.withdraw_form(session, queries.own_class(session, by, code, version), by=by)
