"""The phone page's door: a batch of reports with their files in, a receipt out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy.orm import Session

from collectors import pwa
from collectors.records import Attachment, Report
from collectors.records import Problem as FormatProblem
from collectors.records import Refused as Unreadable
from webapp.cases import actions as cases
from webapp.cases.queries import known_report
from webapp.cases.rules import REPORTERS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import AppError, BadRequest, Problem, Refused
from webapp.core.messages import message
from webapp.core.replies import reply
from webapp.core.web import ApiBlueprint, door, site, whole_body
from webapp.field import actions, queries
from webapp.field.models import Quarantine
from webapp.field.schemas import BATCH_REQUEST, RECEIPT_EXAMPLE, BatchOut

blp = ApiBlueprint("batches", __name__, url_prefix="/api/v1", description="The phone page's batches")
DOOR = "batch"


@blp.route("/batches", methods=["POST"])
@door(*REPORTERS, scope="submit")
@blp.response(200, BatchOut, example=RECEIPT_EXAMPLE)
@blp.doc(requestBody=BATCH_REQUEST)
def batch(session: Session, by: Actor) -> dict[str, Any] | Response:
    """Take a batch. Sending it again is harmless; what can't be understood is kept for repair."""
    body, parts = _sent()
    try:
        found = pwa.decode(body, parts)
    except Unreadable as error:
        return _unreadable(session, body, parts, error, by)
    receipts = _take_all(session, found, by)
    # The time of the first sending: the same batch again gets the same receipt.
    first = max((r.received_at for r in receipts if r.received_at), default=clock.now())
    return pwa.encode(pwa.Receipt(found.batch_id, first, tuple(receipts)))


def _take_all(session: Session, found: pwa.Batch, by: Actor) -> list[pwa.ReportReceipt]:
    """Take the good reports and keep the refused ones; return the receipts in the batch's order."""
    sent = zip(found.indexes, found.reports, strict=True)
    receipts = [_take(session, index, item, by, found.client) for index, item in sent]
    receipts += [_keep_refused(session, item, by) for item in found.refused]
    return sorted(receipts, key=lambda receipt: receipt.index)


def _sent() -> tuple[bytes, dict[str, bytes]]:
    """Return the document and the files of the request, whichever of the two forms it has."""
    if request.mimetype == "application/json":
        return whole_body(), {}
    parts: dict[str, bytes] = {}
    for name, file in request.files.items(multi=True):
        if name != "batch":
            # Several parts may have one name, as those of one form field do: none is lost.
            parts[f"{name}#{len(parts)}" if name in parts else name] = file.read()
    if "batch" in request.files:
        return request.files["batch"].read(), parts
    return request.form.get("batch", "").encode(), parts


def _unreadable(
    session: Session, body: bytes, parts: Mapping[str, bytes], error: Unreadable, by: Actor
) -> Response:
    """Keep a batch whose envelope can't be read, and say so in the problem form."""
    problems = _problems(error.problems)
    if body or parts:
        files = {name: data for name, data in parts.items() if data}
        actions.keep(
            session,
            site().blobs,
            door=DOOR,
            body=body,
            media_type=request.mimetype,
            files=files,
            problems=problems,
            by=by,
        )
    named = error.code if error.code in ("bad_json", "bad_utf8") else None
    return reply(BadRequest(named, problems=problems))


def _take(
    session: Session, index: int, sent: Report, by: Actor, client: Mapping[str, str]
) -> pwa.ReportReceipt:
    """Take one report; a refused one has written nothing and never blocks its siblings."""
    try:
        done = cases.report(
            session, site().blobs, sent, by=by, sender=cases.Sender(DOOR, client.get("name", ""))
        )
    except AppError as error:
        return _keep_report(session, index, sent, error, by)
    return _received(index, done, done.held, sent.attachments)


def _received(index: int, done: Any, held: Iterable[str], files: Iterable[Attachment]) -> pwa.ReportReceipt:
    """Return the receipt of a report that is a case: `done` has id, number, names and the time."""
    kept = tuple(sorted(held))
    return pwa.ReportReceipt(
        id=done.id,
        index=index,
        state="received",
        received_at=done.reported_at,
        case_number=done.number,
        grid=done.grid,
        police_grid=done.police_grid,
        held=kept,
        missing=tuple(a.sha256 for a in files if a.sha256 not in kept),
    )


def _keep_report(session: Session, index: int, sent: Report, error: AppError, by: Actor) -> pwa.ReportReceipt:
    problems = error.problems or [Problem("", error.code, error.params)]
    body, files = pwa.document(sent), sent.attachments
    if isinstance(error, Refused):
        entry = _keep(session, body, files, problems, by)
        return _kept(session, index, sent.id, entry, files, problems)
    mended = queries.mended(session, by, DOOR, sha256(body).hexdigest())
    if mended is not None:
        return _kept(session, index, sent.id, mended, files, problems)
    return pwa.ReportReceipt(id=sent.id, index=index, state="conflict", problems=_told(problems))


def _keep_refused(session: Session, item: pwa.RefusedReport, by: Actor) -> pwa.ReportReceipt:
    problems = _problems(item.refused.problems)
    entry = _keep(session, item.raw, item.files, problems, by)
    return _kept(session, item.index, item.id, entry, item.files, problems)


def _kept(
    session: Session,
    index: int,
    report_id: UUID | None,
    entry: Quarantine,
    files: Iterable[Attachment],
    problems: list[Problem],
) -> pwa.ReportReceipt:
    """Return the receipt of a kept report: that of its case, once the station has mended it."""
    if entry.case_id is not None:
        done = known_report(session, entry.case_id)
        return _received(index, done, {*done.held, *entry.files}, files)
    return pwa.ReportReceipt(
        id=report_id,
        index=index,
        state="kept",
        received_at=entry.received_at,
        held=tuple(sorted(entry.files)),
        problems=_told(problems),
    )


def _keep(
    session: Session, body: bytes, files: Iterable[Attachment], problems: list[Problem], by: Actor
) -> Quarantine:
    """Keep one report for repair, once."""
    held = {file.sha256: file.data for file in files if file.data is not None}
    return actions.keep(
        session,
        site().blobs,
        door=DOOR,
        body=body,
        media_type="application/json",
        files=held,
        problems=problems,
        by=by,
    )


def _problems(found: Iterable[FormatProblem]) -> list[Problem]:
    return [Problem(p.pointer, p.code, p.params) for p in found]


def _told(problems: Iterable[Problem]) -> tuple[FormatProblem, ...]:
    """Return the problems with their sentences in the sender's language."""
    return tuple(FormatProblem(p.code, p.pointer, message(p.code, p.params), p.params) for p in problems)
