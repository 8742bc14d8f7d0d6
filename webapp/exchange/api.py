"""Doors for programs: ask for exports and fetch them, bring files and take them in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from flask import Response, send_file
from sqlalchemy.orm import Session

from collectors import tables
from collectors.register_files import ENDINGS, MEDIA_TYPES
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.i18n import _
from webapp.core.web import ApiBlueprint, door, readable, site
from webapp.exchange import actions, queries
from webapp.exchange.models import ExportFile, ImportFile
from webapp.exchange.rules import AT_ONCE_ROWS, EXPORTERS, OFFICE, READERS, STORE
from webapp.exchange.schemas import BroughtIn, ExportIn, ExportOut, ImportIn, ImportOut, TakeIn, said
from webapp.people.logins import throttle

blp = ApiBlueprint("exchange", __name__, url_prefix="/api/v1/exchange", description="Exports and imports")


@blp.route("/exports")
@door(*READERS)
@blp.response(200, ExportOut(many=True))
def exports(session: Session, by: Actor) -> list[ExportFile]:
    """What was taken out, newest first: mine, or the station's for those who watch over it."""
    return queries.exports(session)


@blp.route("/exports", methods=["POST"])
@door(*EXPORTERS)
@blp.arguments(ExportIn)
@blp.response(201, ExportOut)
def ask_export(body: dict[str, Any], session: Session, by: Actor) -> ExportFile:
    """Take a register out, for a reason that is kept; a large file is made by the worker."""
    throttle(site().login, f"export:{by.person_id}", 60, 3600)
    key, wanted = body.pop("id"), orjson.loads(orjson.dumps(body.pop("wanted")))
    item = actions.ask_export(session, key, wanted=wanted, by=by, **body)
    if item.state == "waiting" and item.rows <= AT_ONCE_ROWS:
        hours = site().settings.export_hours
        actions.make_export(session, site().blobs, item, hours=hours, by=by)
    return item


@blp.route("/exports/<uuid:export_id>")
@door(*READERS)
@blp.response(200, ExportOut)
def export(export_id: UUID, session: Session, by: Actor) -> ExportFile:
    """One export and how far it is."""
    return queries.export(session, export_id)


@blp.route("/exports/<uuid:export_id>/file")
@door(*EXPORTERS)
@blp.response(200, content_type="application/octet-stream")
def file(export_id: UUID, session: Session, by: Actor) -> Response:
    """The file of an export of mine, until it expires."""
    return _sent(queries.fetchable(session, export_id, by, clock.now()))


def _sent(item: ExportFile) -> Response:
    try:
        content = site().blobs.apart(STORE).opened(item.sha256 or "")
    except KeyError as error:
        raise NotFound() from error
    name = f"{item.number}-{item.kind}.{ENDINGS[item.form]}"
    return send_file(content, MEDIA_TYPES[item.form], as_attachment=True, download_name=name, etag=False)


@blp.route("/imports")
@door(*OFFICE)
@blp.response(200, ImportOut(many=True))
def imports(session: Session, by: Actor) -> list[ImportFile]:
    """What was brought, newest first."""
    return queries.imports(session)


@blp.route("/imports", methods=["POST"])
@door(*OFFICE)
@blp.arguments(ImportIn, location="form")
@blp.arguments(BroughtIn, location="files")
@blp.response(201, ImportOut)
def look_at_import(form: dict[str, Any], files: dict[str, Any], session: Session, by: Actor) -> ImportFile:
    """Read a file and say what would become of each row; nothing is entered yet."""
    throttle(site().login, f"import:{by.person_id}", 60, 3600)
    sent, key = files["file"], form.pop("id")
    with readable():
        return actions.look_at_import(
            session, site().blobs, key, data=sent.read(), name=sent.filename or "", by=by, **form
        )


@blp.route("/imports/<uuid:import_id>/take", methods=["POST"])
@door(*OFFICE)
@blp.arguments(TakeIn)
@blp.response(200, ImportOut)
def take_import(body: dict[str, str], import_id: UUID, session: Session, by: Actor) -> ImportFile:
    """Enter the rows: all or none, or those without fault. Taking again changes nothing."""
    item = queries.import_(session, import_id)
    return actions.take_import(session, site().blobs, item, choice=body["choice"], by=by)


@blp.route("/imports/<uuid:import_id>/faults")
@door(*OFFICE)
@blp.response(200, content_type="text/csv")
def faults(import_id: UUID, session: Session, by: Actor) -> Response:
    """The faults as a table to work through."""
    item = queries.import_(session, import_id)
    rows = [
        (f["pointer"].removeprefix("row ").partition("/")[0], f["column"], f["detail"]) for f in said(item)
    ]
    data = tables.encode([_("Row"), _("Column"), _("What is wrong")], rows)
    headers = {"Content-Disposition": f'attachment; filename="faults-{item.id}.csv"'}
    return Response(data, content_type="text/csv; charset=utf-8", headers=headers)
