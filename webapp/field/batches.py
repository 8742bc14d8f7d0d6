"""The phone page's doors: a batch of reports with their files in, a receipt out; by network or by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

import orjson
from flask import Response, request
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from collectors import handin, pwa
from collectors.records import Attachment, Report
from collectors.records import Problem as FormatProblem
from collectors.records import Refused as Unreadable
from webapp.cases import actions as cases
from webapp.cases.rules import REPORTERS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import AppError, BadRequest, Forbidden, Problem, Refused
from webapp.core.files import Spool
from webapp.core.i18n import choose
from webapp.core.messages import message
from webapp.core.replies import reply
from webapp.core.security import same
from webapp.core.web import ApiBlueprint, csrf_mark, door, readable, site, whole_body
from webapp.field import actions, queries
from webapp.field.models import Quarantine
from webapp.field.rules import CHINA, seal_key, seal_of
from webapp.field.schemas import BATCH_REQUEST, RECEIPT_EXAMPLE, BatchOut, HandinIn, HandinOut, PhoneOut
from webapp.people.queries import names, role_of, station
from webapp.people.rules import gps_threshold_m

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
    return pwa.encode(_receipt(session, found, parts, by))


@blp.route("/phone")
@door(scope="submit")
@blp.response(200, PhoneOut)
def phone(session: Session, by: Actor) -> dict[str, Any]:
    """Who holds the phone, and what its page must know; the page itself is the same for everybody."""
    home, who = station(session, by), by.person_id
    return {
        "person": who,
        "name": names(session, {who}).get(who, "") if who else "",
        "role": by.role,
        "station": {"code": home.code, "name": choose(home.name), "synthetic": home.synthetic},
        "box": CHINA if home.ground is None else to_shape(home.ground).bounds,
        "credit": home.credit,
        "threshold_m": gps_threshold_m(home.settings),
        "csrf": csrf_mark(),
        "seal": seal_key(site().settings.secret("csrf.key"), who) if who else "",
    }


@blp.route("/handins", methods=["POST"])
@door("station_chief", "officer", "grid_worker")
@blp.arguments(HandinIn, location="files")
@blp.response(200, HandinOut)
def hand_in(files: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Take a file of waiting reports that somebody carried here: the same reports, the same receipts."""
    with readable():
        found = handin.decode(files["file"].read())
    role = _author_role(session, found, by)
    sealed = same(
        seal_of(seal_key(site().settings.secret("csrf.key"), found.author), found.sealed), found.seal
    )
    receipt = _handed_in(session, found, role, sealed, by)
    actions.deliver(
        session, found.batch.batch_id, found.author, reports=len(receipt.reports), sealed=sealed, by=by
    )
    return {**pwa.encode(receipt), "author": found.author}


def _author_role(session: Session, found: handin.Handin, by: Actor) -> str:
    role = role_of(session, found.author)
    if role not in REPORTERS:
        raise Refused(problems=[Problem("/author", "handin_author")])
    return role


def _handed_in(session: Session, found: handin.Handin, role: str, sealed: bool, by: Actor) -> pwa.Receipt:
    """Take the reports as their author's: by the seal of the author's phone, else by the chief's word.

    The seal is made with a key that only the author's session is told, so a sealed file is the author's own
    message, whoever carries it. Without one the law of the rows holds: only the chief reports for others.
    """
    if sealed or found.author == by.person_id:
        author = Actor(by.station_id, role, person_id=found.author, via="handin")
        with site().database.transaction(author) as own:
            return _receipt(own, found.batch, found.parts, author)
    if by.role != "station_chief":
        raise Forbidden("handin_seal")
    return _receipt(session, found.batch, found.parts, by, found.author)


def _receipt(
    session: Session,
    found: pwa.Batch,
    parts: Mapping[str, bytes],
    by: Actor,
    reporter_id: UUID | None = None,
) -> pwa.Receipt:
    """Take the good reports, keep the refused ones and the parts of no report; return the receipt."""
    sent = zip(found.indexes, found.reports, strict=True)
    receipts = [_take(session, index, item, by, found.client, reporter_id) for index, item in sent]
    receipts += [_keep_refused(session, item, by) for item in found.refused]
    # The time of the first sending: the same batch again gets the same receipt.
    first = max((r.received_at for r in receipts if r.received_at), default=clock.now())
    in_order = tuple(sorted(receipts, key=lambda receipt: receipt.index))
    return pwa.Receipt(found.batch_id, first, in_order, _keep_strays(session, found, parts, by))


def _keep_strays(
    session: Session, found: pwa.Batch, parts: Mapping[str, bytes], by: Actor
) -> tuple[pwa.StrayPart, ...]:
    """Keep the parts that no report names and those that were damaged, once; return their names."""
    problems = {name: Problem(f"/parts/{name}", "unclaimed_file") for name in found.unclaimed}
    problems |= {name: Problem(f"/parts/{name}", p.code, p.params) for name, p, _data in found.bad_files}
    strays = {name: parts[name] for name in sorted(problems) if parts[name]}
    hashes = {name: sha256(parts[name]).hexdigest() for name in sorted(problems)}
    if strays:
        said = {"batch_id": str(found.batch_id), "parts": hashes}
        _keep(session, orjson.dumps(said), strays, list(problems.values()), by)
    return tuple(pwa.StrayPart(name, sha, problems[name].code) for name, sha in hashes.items())


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
    session: Session,
    index: int,
    sent: Report,
    by: Actor,
    client: Mapping[str, str],
    reporter_id: UUID | None = None,
) -> pwa.ReportReceipt:
    """Take one report; a refused one has written nothing and never blocks its siblings."""
    sent = _with_uploads(sent, reporter_id or by.person_id)
    sender = cases.Sender(DOOR, client.get("name", ""))
    try:
        done = cases.report(session, site().blobs, sent, by=by, reporter_id=reporter_id, sender=sender)
    except AppError as error:
        return _keep_report(session, index, sent, error, by)
    return _received(index, done, done.held, sent.attachments)


def _with_uploads(sent: Report, owner: UUID | None) -> Report:
    """Return the report with those files that its author has uploaded apart, ahead of it."""
    if owner is None or all(file.data is not None for file in sent.attachments):
        return sent
    spool = Spool(site().settings.spool_dir)
    files = (
        replace(file, data=spool.whole(owner, file.sha256)) if file.data is None else file
        for file in sent.attachments
    )
    return replace(sent, attachments=tuple(files))


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
        previews=tuple(sha for sha in done.previews if sha not in kept),
    )


def _keep_report(session: Session, index: int, sent: Report, error: AppError, by: Actor) -> pwa.ReportReceipt:
    problems = error.problems or [Problem("", error.code, error.params)]
    body, files = pwa.document(sent), sent.attachments
    mended = queries.mended(session, by, DOOR, sha256(body).hexdigest())
    if mended is not None:
        return _mended(session, index, mended, files, body, by)
    if isinstance(error, Refused):
        entry = _keep(session, body, _bytes_of(files), problems, by)
        return _kept(index, sent.id, entry, problems)
    return pwa.ReportReceipt(id=sent.id, index=index, state="conflict", problems=_told(problems))


def _keep_refused(session: Session, item: pwa.RefusedReport, by: Actor) -> pwa.ReportReceipt:
    problems = _problems(item.refused.problems)
    mended = queries.mended(session, by, DOOR, sha256(item.raw).hexdigest())
    if mended is not None:
        return _mended(session, item.index, mended, item.files, item.raw, by)
    entry = _keep(session, item.raw, _bytes_of(item.files), problems, by)
    return _kept(item.index, item.id, entry, problems)


def _mended(
    session: Session, index: int, entry: Quarantine, files: Iterable[Attachment], body: bytes, by: Actor
) -> pwa.ReportReceipt:
    """Return the receipt of the case that the station made of a kept report; what came only now joins it.

    Files that the entry holds are no news, whether or not they are photos; a new one that is none is kept.
    """
    late, case_id = [file for file in files if file.sha256 not in entry.files], cast(UUID, entry.case_id)
    try:
        done = cases.take_files(session, site().blobs, case_id, late, by=by)
    except Refused as error:
        another = _keep(session, body, _bytes_of(late), error.problems, by)
        return _kept(index, case_id, another, error.problems)
    return _received(index, done, {*done.held, *entry.files}, files)


def _kept(
    index: int, report_id: UUID | None, entry: Quarantine, problems: list[Problem]
) -> pwa.ReportReceipt:
    """Return the receipt of a report that waits for repair."""
    return pwa.ReportReceipt(
        id=report_id,
        index=index,
        state="kept",
        received_at=entry.received_at,
        held=tuple(sorted(entry.files)),
        problems=_told(problems),
    )


def _bytes_of(files: Iterable[Attachment]) -> dict[str, bytes]:
    """Return what came of the files by checksum; of a photo that is not here, its preview."""
    came = {file.sha256: file.data for file in files if file.data is not None}
    ahead = {f.preview: f.preview_data for f in files if f.data is None and f.preview_data is not None}
    return came | ahead


def _keep(
    session: Session, body: bytes, held: Mapping[str, bytes], problems: list[Problem], by: Actor
) -> Quarantine:
    """Keep one report or stray part for repair, once."""
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
