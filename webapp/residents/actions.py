"""What residents do: report, add, judge, withdraw; and the reading of their contact data, which is logged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors import photos
from collectors.records import Attachment, Report
from collectors.records import Refused as FileRefused
from webapp.cases import actions as cases
from webapp.cases.models import Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.core.security import digest
from webapp.residents import queries, rules
from webapp.residents.models import ResidentContact, ResidentTicket


@dataclass(frozen=True)
class Sent:
    """What a resident sent: the form's fields, answers by question, photos; and the code it will have."""

    fields: Mapping[str, Any]
    class_code: str
    kind: str
    answers: Mapping[str, Any]
    photos: tuple[bytes, ...]
    case_id: UUID
    code: str


def report(session: Session, blobs: BlobStore, sent: Sent, *, by: Actor) -> cases.Receipt:
    """Take a resident's report, keep the hash of its code, and the contact data apart from it.

    Raises Refused with every problem named; nothing was written then.
    """
    said = sent.fields
    problems = rules.contact_problems(said["name"], said["phone"], said["consent"])
    if sent.kind in ("dispute", "opinion") and not said["note"]:
        problems.append(Problem("/note", "words_needed"))
    if len(sent.photos) > rules.MOST_PHOTOS:
        problems.append(Problem("/photo", "too_many", {"limit": rules.MOST_PHOTOS}))
    if problems:
        raise Refused(problems=problems)
    # Row-level security shows a stranger this one case, until the transaction ends.
    session.execute(text("SELECT set_config('app.own_reports', :id, true)"), {"id": str(sent.case_id)})
    files = {sha256(data).hexdigest(): data for data in sent.photos}
    taken = cases.report(
        session,
        blobs,
        Report(
            id=sent.case_id,
            class_code=sent.class_code,
            class_version=None,
            answers=sent.answers,
            place=queries.said_place(session, dict(said), by),
            found_at=clock.now(),
            note=said["note"],
            attachments=tuple(Attachment("", "", sha, data=data) for sha, data in files.items()),
        ),
        by=by,
        sender=cases.Sender(rules.SOURCE, complete=False),
    )
    _open_ticket(session, sent, by)
    return taken


def _open_ticket(session: Session, sent: Sent, by: Actor) -> None:
    own = {"case_id": sent.case_id, "station_id": by.station_id}
    session.add(ResidentTicket(**own, code_hash=digest(sent.code), made_at=clock.now()))
    reachable = bool(sent.fields["phone"])
    if reachable:
        until = clock.now() + timedelta(days=rules.CONTACT_DAYS)
        name, phone = sent.fields["name"], sent.fields["phone"]
        session.add(ResidentContact(**own, name=name, phone=phone, consent_at=clock.now(), keep_until=until))
    session.flush()
    record(session, "residents.ticket_opened", kind="case", subject=sent.case_id, by=by, contact=reachable)


def forget_contacts(session: Session, *, by: Actor) -> int:
    """Delete the contact data whose time is over; return how many there were."""
    count = int(session.scalar(text("SELECT app.forget_contacts()")) or 0)
    if count:
        record(
            session, "residents.contacts_deleted", kind="station", subject=by.station_id, by=by, count=count
        )
    return count


def add_note(session: Session, code: str, note_id: UUID, *, note: str, by: Actor) -> None:
    """Add words to the case of a code; the same id again changes nothing."""
    case = queries.tracked(session, code)
    if len(case.notes) >= rules.MOST_NOTES:
        raise Refused("enough_added")
    if _kept(session, code, note_id, note, None):
        record(session, "residents.note_added", kind="case", subject=case.case_id, grid=case.grid_id, by=by)


def judge(session: Session, code: str, note_id: UUID, *, satisfied: bool, note: str, by: Actor) -> None:
    """Keep whether the resident finds a closed case settled. Raises Conflict while it is open."""
    case = queries.tracked(session, code)
    if case.state != "closed":
        raise Conflict("not_closed")
    if len(case.notes) >= rules.MOST_NOTES:
        raise Refused("enough_added")
    if _kept(session, code, note_id, note, satisfied):
        record(
            session,
            "residents.judged",
            kind="case",
            subject=case.case_id,
            grid=case.grid_id,
            by=by,
            satisfied=satisfied,
        )


def _kept(session: Session, code: str, note_id: UUID, note: str, satisfied: bool | None) -> bool:
    values = {"hash": digest(code), "id": note_id, "note": note, "satisfied": satisfied}
    return bool(session.scalar(text("SELECT app.add_resident_note(:hash, :id, :note, :satisfied)"), values))


def add_photo(session: Session, blobs: BlobStore, code: str, data: bytes, *, by: Actor) -> None:
    """Add a photo to the case of a code; twice changes nothing. Raises Refused for what is no photo."""
    case = queries.tracked(session, code)
    if case.photos >= rules.MOST_PHOTOS_LATER:
        raise Refused("enough_added")
    file = orjson.dumps(_prepared(blobs, data)).decode()
    values = {"hash": digest(code), "file": file}
    if session.scalar(text("SELECT app.add_resident_photo(:hash, CAST(:file AS jsonb))"), values):
        record(session, "residents.photo_added", kind="case", subject=case.case_id, grid=case.grid_id, by=by)


def _prepared(blobs: BlobStore, data: bytes) -> dict[str, Any]:
    """Check a photo, free it of metadata and put it on the disk; return its row."""
    try:
        seen, kept = photos.inspect(data), photos.stripped(data)
    except FileRefused as error:
        raise Refused(problems=[Problem("/photo", error.code, error.params)]) from error
    return {
        "sent_sha256": sha256(data).hexdigest(),
        "sha256": blobs.put(kept),
        "media_type": seen.media_type,
        "size": len(kept),
        "width": seen.width,
        "height": seen.height,
    }


def withdraw_contact(session: Session, code: str, *, by: Actor) -> None:
    """Delete the contact data of the case of a code; nothing to delete is no error."""
    case = queries.tracked(session, code)
    if session.scalar(text("SELECT app.withdraw_contact(:hash)"), {"hash": digest(code)}):
        record(
            session,
            "residents.contact_withdrawn",
            kind="case",
            subject=case.case_id,
            grid=case.grid_id,
            by=by,
        )


def show_contact(session: Session, case: Case, *, by: Actor) -> ResidentContact:
    """Return how to reach the resident of a case, and leave an event that says who has read it."""
    found = queries.contact(session, case.id)
    record(session, "residents.contact_disclosed", kind="case", subject=case.id, grid=case.grid_id, by=by)
    return found
