"""Changes in the quarantine: keep, repair, discard; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from collectors.open311 import Sent
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Problem
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.field import queries
from webapp.field.models import Open311Contact, Quarantine


def keep(
    session: Session,
    blobs: BlobStore,
    *,
    door: str,
    body: bytes,
    media_type: str,
    files: Mapping[str, bytes],
    problems: Sequence[Problem],
    by: Actor,
) -> Quarantine:
    """Keep what could not be understood, with its files, until a person looks at it.

    The same bytes from the same person again, as a phone sends them that lost the answer, are kept once.
    """
    sha = blobs.put(body)
    held = {name: blobs.put(data) for name, data in files.items()}
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{by.person_id}{sha}", 0))))
    known = queries.kept_before(session, by, door, sha, held)
    if known is not None:
        return known
    entry = Quarantine(
        id=uuid4(),
        station_id=by.station_id,
        person_id=by.person_id,
        door=door,
        sha256=sha,
        media_type=media_type[:100],
        files=held,
        problems=[{"pointer": p.pointer, "code": p.code, "params": dict(p.params)} for p in problems],
    )
    session.add(entry)
    session.flush()
    codes = sorted({p.code for p in problems})
    record(session, "field.quarantined", kind="quarantine", subject=entry.id, by=by, door=door, codes=codes)
    return entry


def repaired(session: Session, entry: Quarantine, case_id: UUID, *, by: Actor) -> Quarantine:
    """Note that a kept report became a case."""
    _require_kept(entry)
    entry.state, entry.case_id, entry.settled_at = "repaired", case_id, clock.now()
    session.flush()
    record(session, "field.repaired", kind="quarantine", subject=entry.id, by=by, case=str(case_id))
    return entry


def discard(session: Session, entry: Quarantine, *, note: str, by: Actor) -> Quarantine:
    """Put a kept entry aside for good, with the reason; its bytes stay until retention ends."""
    _require_kept(entry)
    entry.state, entry.note, entry.settled_at = "discarded", note, clock.now()
    session.flush()
    record(session, "field.discarded", kind="quarantine", subject=entry.id, by=by)
    return entry


def _require_kept(entry: Quarantine) -> None:
    if entry.state != "kept":
        raise Conflict("state", state=entry.state)


def keep_contact(session: Session, case_id: UUID, sent: Sent, *, by: Actor) -> None:
    """Keep how to reach the sender of an Open311 report, apart from the case; nothing said, nothing kept."""
    if not (sent.contact or sent.other):
        return
    values = {
        "case_id": case_id,
        "station_id": by.station_id,
        "contact": dict(sent.contact),
        "other": dict(sent.other),
        "device_id": sent.device_id,
        "account_id": sent.account_id,
    }
    session.execute(
        insert(table_of(Open311Contact)).values(**values)
    )  # no row is read back: it is not for the sender
    record(session, "field.contact_kept", kind="case", subject=case_id, by=by, fields=sorted(sent.contact))
