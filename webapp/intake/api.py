"""Doors for programs: sources, uploads and their rows, orders as JSON, addresses."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from flask import Response
from sqlalchemy.orm import Session

from collectors import addresses as address_lists
from collectors import sheets, tables
from webapp.addresses import actions as addresses
from webapp.addresses.queries import geocoded
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door, readable, site, whole_body
from webapp.intake import actions, queries, rules
from webapp.intake.models import IntakeCaller, IntakeSource, IntakeUpload
from webapp.intake.schemas import (
    AddressesIn,
    AddressesOut,
    CallerOut,
    CorrectionIn,
    GeocodeOut,
    GeocodeQuery,
    IntakeUploadOut,
    RereadIn,
    RowOut,
    RowsOut,
    RowsQuery,
    SourceIn,
    SourceOut,
    UploadFile,
    UploadIn,
    told,
)

blp = ApiBlueprint("intake", __name__, url_prefix="/api/v1", description="Calls and orders of other systems")
FAULT_COLUMNS = ("row", "ref", "time", "address", "lon", "lat", "category", "text", "code", "reason")


@blp.route("/intake/sources")
@door(*rules.READERS)
@blp.response(200, SourceOut(many=True))
def sources(session: Session, by: Actor) -> list[IntakeSource]:
    """The systems that calls and orders come from."""
    return queries.sources(session)


@blp.route("/intake/sources/<uuid:source_id>", methods=["PUT"])
@door(*rules.KEEPERS)
@blp.arguments(SourceIn)
@blp.response(200, SourceOut)
def keep_source(sent: dict[str, Any], source_id: UUID, session: Session, by: Actor) -> IntakeSource:
    """Keep a source under the id that the client gives it, new or changed."""
    return actions.keep_source(session, source_id, sent, by=by)


@blp.route("/intake/uploads")
@door(*rules.READERS)
@blp.response(200, IntakeUploadOut(many=True))
def uploads(session: Session, by: Actor) -> list[IntakeUpload]:
    """The uploads, newest first: all for the chief and the administrator, their own for officers."""
    return queries.uploads(session)


@blp.route("/intake/uploads", methods=["POST"])
@door(*rules.READERS)
@blp.arguments(UploadIn, location="form")
@blp.arguments(UploadFile, location="files")
@blp.response(201, IntakeUploadOut)
def upload(form: dict[str, Any], files: dict[str, Any], session: Session, by: Actor) -> IntakeUpload:
    """Hand a file in for preview; nothing becomes a case before it is taken. A large one is read later."""
    source = queries.source_by_code(session, form["source"])
    sent = actions.Sending(form["id"], files["file"].filename or "", files["file"].read())
    return actions.receive(session, site().blobs, source, sent, by=by)


@blp.route("/intake/uploads/<uuid:upload_id>")
@door(*rules.READERS)
@blp.response(200, IntakeUploadOut)
def one_upload(upload_id: UUID, session: Session, by: Actor) -> IntakeUpload:
    """One upload, with its counts."""
    return queries.upload(session, upload_id)


@blp.route("/intake/uploads/<uuid:upload_id>/rows")
@door(*rules.READERS)
@blp.arguments(RowsQuery, location="query")
@blp.response(200, RowsOut)
def rows(query: dict[str, Any], upload_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """A page of an upload's rows with their faults and where each would go."""
    found = queries.rows(session, queries.upload(session, upload_id).id, **query)
    more = str(found[-1].number) if len(found) == query["limit"] else None
    return {"rows": found, "next": more}


@blp.route("/intake/uploads/<uuid:upload_id>/reading", methods=["PUT"])
@door(*rules.READERS)
@blp.arguments(RereadIn)
@blp.response(200, IntakeUploadOut)
def read_again(sent: dict[str, Any], upload_id: UUID, session: Session, by: Actor) -> IntakeUpload:
    """Read an upload in another way; its faults are found anew."""
    found = queries.upload(session, upload_id)
    save = sent.pop("save")
    return actions.read_again(session, site().blobs, found, sent, save=save, by=by)


@blp.route("/intake/uploads/<uuid:upload_id>/rows/<int(max=2000000):number>", methods=["PATCH"])
@door(*rules.READERS)
@blp.arguments(CorrectionIn)
@blp.response(200, RowOut)
def correct(sent: dict[str, Any], upload_id: UUID, number: int, session: Session, by: Actor) -> Any:
    """Choose a row's class or place, or leave it out."""
    found = queries.upload(session, upload_id)
    return actions.correct(session, found, queries.row(session, upload_id, number), sent, by=by)


@blp.route("/intake/uploads/<uuid:upload_id>/take", methods=["POST"])
@door(*rules.READERS)
@blp.response(200, IntakeUploadOut)
def take(upload_id: UUID, session: Session, by: Actor) -> IntakeUpload:
    """Take the ready rows over as cases; a large upload goes on in the background (state taking)."""
    return actions.take(session, site().blobs, queries.upload(session, upload_id), by=by)


@blp.route("/intake/uploads/<uuid:upload_id>/faults.csv")
@door(*rules.READERS)
@blp.response(200, content_type="text/csv")
def faults(upload_id: UUID, session: Session, by: Actor) -> Response:
    """The rows that can't be taken, with the reasons, as a CSV that a spreadsheet opens safely."""
    found = queries.faults(session, queries.upload(session, upload_id).id)
    headers = {"Content-Disposition": f'attachment; filename="faults-{upload_id}.csv"'}
    return Response(
        tables.encode(FAULT_COLUMNS, map(_fault_line, found)), content_type="text/csv", headers=headers
    )


def _fault_line(row: Any) -> list[str | int]:
    said = told(row.problems)
    kept = [row.content.get(name, "") for name in FAULT_COLUMNS[2:8]]
    reasons = " ".join(problem["detail"] for problem in said)
    return [row.number, row.ref, *kept, ", ".join(problem["code"] for problem in said), reasons]


@blp.route("/intake/<source>/rows", methods=["POST"])
@door("station_chief", scope="submit")
@blp.response(200, RowsOut)
def hand_in(source: str, session: Session, by: Actor) -> dict[str, Any]:
    """Orders as JSON (an array of objects, or {"rows": [...]}, at most 500), taken at once.

    The answer names each row's case, or its faults. The same order again gives the same case.
    """
    found, data = queries.source_by_code(session, source), whole_body()
    with readable():
        sheets.objects(data, rules.API_ROWS)
    sent = actions.Sending(uuid5(found.id, sha256(data).hexdigest()), "API", data)
    kept = actions.hand_in(session, site().blobs, found, sent, by=by)
    return {"rows": queries.rows(session, kept.id, limit=rules.API_ROWS), "next": None}


@blp.route("/intake/callers/<uuid:case_id>")
@door("station_chief", "officer")
@blp.response(200, CallerOut(many=True))
def callers(case_id: UUID, session: Session, by: Actor) -> list[IntakeCaller]:
    """Who called about a case: for the chief and the officers of its ground."""
    return queries.callers(session, case_id)


@blp.route("/geocode")
@door()
@blp.arguments(GeocodeQuery, location="query")
@blp.response(200, GeocodeOut)
def geocode(query: dict[str, str], session: Session, by: Actor) -> Any:
    """Where an address is, by the station's own registers of addresses and places; nobody else is asked."""
    return geocoded(session, [query["q"]])[query["q"]]


@blp.route("/addresses", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(AddressesIn, location="form")
@blp.arguments(UploadFile, location="files")
@blp.response(201, AddressesOut)
def keep_addresses(
    form: dict[str, str], files: dict[str, Any], session: Session, by: Actor
) -> dict[str, int]:
    """Add addresses (CSV, XLSX, GeoJSON) to the register; an address again moves to its new place."""
    name, data = files["file"].filename or "", files["file"].read()
    with readable():
        found = address_lists.decode(data, form["crs"])
    return {"kept": addresses.keep_addresses(session, found, source=name, by=by)}
