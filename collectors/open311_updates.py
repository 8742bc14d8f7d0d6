"""Words on an Open311 request that was sent before: mySociety's POST servicerequestupdates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import orjson

from collectors.json_in import BAD_TEXT
from collectors.open311 import MAX_FIELDS, MAX_FILES, TEXT_LIMIT, attachments
from collectors.records import Attachment, Problem, Refused

WORDS_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class SentUpdate:
    """Words on a request. `status` is upper case, empty when not said; `said_at` is the sender's own text."""

    request: str
    update_id: str
    description: str
    status: str
    media_url: str
    said_at: str
    files: tuple[Attachment, ...] = field(repr=False, default=())

    def words(self, *, closed: bool) -> str:
        """Return what is kept as a note: the words, a picture's address, a status other than the case's own.

        Senders know many words for closed (FIXED, DUPLICATE ...); only OPEN and CONFIRMED are surely open.
        """
        said_open = self.status in ("OPEN", "CONFIRMED")
        other = self.status and said_open == closed
        parts = (self.description, self.media_url, f"status: {self.status}" if other else "")
        return "\n".join(part for part in parts if part)


def decode(fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, bytes]]) -> SentUpdate:
    """Read the form: (name, value) pairs and (file name, media type, bytes) of its parts.

    Fields that are not named here are about the sender's own system or person: they are not kept. Raises
    Refused with every problem: bad_text, too_long, too_many, missing.
    """
    if len(fields) > MAX_FIELDS:
        raise Refused.because("too_many", "too many fields", limit=MAX_FIELDS, count=len(fields))
    if len(files) > MAX_FILES:
        raise Refused.because("too_many", "too many files", "media", limit=MAX_FILES, count=len(files))
    said = {name: value.strip() for name, value in reversed(fields)}
    problems: list[Problem] = []
    for name in ("service_request_id", "description"):
        if not said.get(name):
            problems.append(Problem("missing", name, "this field is required"))
    names = ("service_request_id", "update_id", "description", "status", "media_url", "updated_datetime")
    for name in names:
        limit = WORDS_LIMIT if name == "description" else TEXT_LIMIT
        if BAD_TEXT.search(said.get(name, "")):
            problems.append(Problem("bad_text", name, "NUL or bidirectional control character in a text"))
        elif len(said.get(name, "")) > limit:
            problems.append(Problem("too_long", name, "the text is too long", {"limit": limit}))
    if problems:
        raise Refused(*problems)
    request, update_id, description, status, media_url, said_at = (said.get(name, "") for name in names)
    return SentUpdate(request, update_id, description, status.upper(), media_url, said_at, attachments(files))


def note_id(sent: SentUpdate, case_id: UUID, *, sender: str, namespace: UUID) -> UUID:
    """Return the id of a note: a UUID (version 5) of all that it says, so that sending again adds nothing."""
    said = [str(case_id), sender, sent.update_id, sent.description, sent.status, sent.media_url, sent.said_at]
    return uuid5(namespace, orjson.dumps(said).decode())
