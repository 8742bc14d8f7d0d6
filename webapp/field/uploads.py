"""The door for originals that follow their report, piece by piece over a weak network.

In the manner of tus 1.0 and of the IETF's resumable uploads: the phone asks how far it got (HEAD), and
goes on there (PATCH with Upload-Offset). The address is the file's SHA-256: the same photo is never taken
twice.
"""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from flask import Response, after_this_request, request
from sqlalchemy.orm import Session

from collectors import photos
from collectors.records import Refused as NoPhoto
from webapp.cases import actions as cases
from webapp.cases.queries import SentFile, sent_file
from webapp.cases.rules import REPORTERS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest, Conflict, NotFound, Problem, TooLarge
from webapp.core.files import Part, Spool
from webapp.core.web import ApiBlueprint, door, site, whole_body
from webapp.field import actions
from webapp.field.rules import PIECE_LIMIT, UPLOAD_LIMIT
from webapp.field.schemas import UploadOut

blp = ApiBlueprint(
    "uploads", __name__, url_prefix="/api/v1", description="Originals of photos, piece by piece"
)
DOOR = "upload"
HEADERS = [
    {"in": "header", "name": name, "schema": {"type": "integer", "minimum": 0}, "description": words}
    for name, words in (
        ("Upload-Offset", "How many bytes lie before this piece"),
        ("Upload-Length", "How many bytes the whole file has"),
    )
]


@blp.route("/uploads/<string(length=64):sha>")
@door(*REPORTERS, scope="submit")
@blp.response(200, UploadOut)
def progress(sha: str, session: Session, by: Actor) -> tuple[dict[str, Any], int, dict[str, str]]:
    """How far a file has come; HEAD gives the headers Upload-Offset and Upload-Length alone."""
    here = sent_file(session, cast(UUID, by.person_id), sha)
    if here is not None and not here.awaited:
        return _told(sha, Part(here.size, here.size), "received")
    part = _spool().part(cast(UUID, by.person_id), sha)
    if part is None:
        raise NotFound()
    return _told(sha, part, "arriving" if part.offset < part.length else "waiting")


@blp.route("/uploads/<string(length=64):sha>", methods=["PATCH"])
@door(*REPORTERS, scope="submit")
@blp.response(200, UploadOut)
@blp.doc(parameters=HEADERS, requestBody={"content": {"application/octet-stream": {}}})
def piece(sha: str, session: Session, by: Actor) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Take a piece; 409 tells the true offset in Upload-Offset. The last one completes the photo."""
    part, data, owner = _announced(sha), whole_body(), cast(UUID, by.person_id)
    known = sent_file(session, owner, sha)
    if known is not None:
        return _held_already(session, sha, known, by)
    here = _spool().append(owner, sha, part, data, clock.now().timestamp())
    if here < part.length:
        return _told(sha, Part(here, part.length), "arriving")
    return _completed(session, sha, part.length, by)


def _announced(sha: str) -> Part:
    """Return where the piece belongs; raise BadRequest or TooLarge before a byte is written."""
    if any(c not in "0123456789abcdef" for c in sha):
        raise BadRequest("bad_hash")
    numbers = [request.headers.get(name, "") for name in ("Upload-Offset", "Upload-Length")]
    if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in numbers):
        raise BadRequest()
    offset, length = map(int, numbers)
    if length < 1:
        raise BadRequest()
    if length > UPLOAD_LIMIT or (request.content_length or 0) > PIECE_LIMIT:
        raise TooLarge(limit=f"{UPLOAD_LIMIT // 1_000_000} MB")
    return Part(offset, length)


def _completed(
    session: Session, sha: str, length: int, by: Actor
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Check the whole file and put it where it belongs."""
    spool, owner = _spool(), cast(UUID, by.person_id)
    data = spool.whole(owner, sha)
    if data is None:
        # Damaged on the way; the phone still has it and begins anew.
        spool.remove(owner, sha)
        raise Conflict("hash_mismatch", upload_offset=0)
    try:
        photos.inspect(data)
    except NoPhoto as error:
        problems = [Problem(p.pointer, p.code, p.params) for p in error.problems]
        media = "application/octet-stream"
        actions.keep(
            session, site().blobs, door=DOOR, body=data, media_type=media, files={}, problems=problems, by=by
        )
        _forget_afterwards(spool, owner, sha)
        return _told(sha, Part(length, length), "kept")
    numbers = cases.complete_file(session, site().blobs, sha=sha, data=data, by=by)
    if numbers:
        _forget_afterwards(spool, owner, sha)
    return _told(sha, Part(length, length), "received" if numbers else "waiting", numbers)


def _held_already(
    session: Session, sha: str, known: SentFile, by: Actor
) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Complete another report with a photo that is here from before: it need not come twice."""
    data = site().blobs.get(known.sha256)
    numbers = cases.complete_file(session, site().blobs, sha=sha, data=data, by=by)
    return _told(sha, Part(known.size, known.size), "received", numbers)


def _forget_afterwards(spool: Spool, owner: UUID, sha: str) -> None:
    """Remove the pieces once the rows are committed: a reply goes out only then."""

    @after_this_request
    def forget(response: Response) -> Response:
        if response.status_code == 200:
            spool.remove(owner, sha)
        return response


def _told(
    sha: str, part: Part, state: str, numbers: list[str] | None = None
) -> tuple[dict[str, Any], int, dict[str, str]]:
    held = state in ("received", "kept")
    said = {"sha256": sha, "offset": part.offset, "length": part.length, "held": held, "state": state}
    headers = {"Upload-Offset": str(part.offset), "Upload-Length": str(part.length)}
    headers["Upload-Complete"] = "?1" if part.offset == part.length else "?0"
    return {**said, "cases": numbers or []}, 200, headers


def _spool() -> Spool:
    return Spool(site().settings.spool_dir)
