"""Changes in the quarantine and in a station's own forms; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors import photos
from collectors.xlsforms import StationForm
from webapp.cases import actions as cases
from webapp.cases.models import HazardClass
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.field import queries
from webapp.field.models import FormFile, Quarantine
from webapp.field.rules import next_version


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


def deliver(session: Session, batch_id: UUID, author: UUID, *, reports: int, sealed: bool, by: Actor) -> None:
    """Note that a file of waiting reports was carried to the station, and by whom."""
    record(
        session,
        "field.delivered",
        kind="handin",
        subject=batch_id,
        by=by,
        author=str(author),
        reports=reports,
        sealed=sealed,
    )


def repaired(session: Session, entry: Quarantine, case_id: UUID, *, by: Actor) -> Quarantine:
    """Note that a kept report became a case."""
    _require_kept(entry)
    entry.state, entry.case_id, entry.settled_at = "repaired", case_id, clock.now()
    session.flush()
    record(session, "field.repaired", kind="quarantine", subject=entry.id, by=by, case=str(case_id))
    return entry


def attach(session: Session, blobs: BlobStore, entry: Quarantine, *, by: Actor) -> Quarantine:
    """Add an entry's photos to the case that they came for; files that are no photos stay kept beside it.

    Raises Refused 'no_loose_photos' for an entry without a known case or without a photo.
    """
    _require_kept(entry)
    case = queries.loose_case(session, entry)
    held = [blobs.get(sha) for sha in dict.fromkeys(entry.files.values())]
    found = [data for data in held if photos.is_photo(data)]
    if case is None or not found:
        raise Refused("no_loose_photos")
    for data in found:
        case = cases.add_file(session, blobs, case, sha=sha256(data).hexdigest(), data=data, by=by)
    entry.state, entry.case_id, entry.settled_at = "attached", case.id, clock.now()
    session.flush()
    record(
        session,
        "field.attached",
        kind="quarantine",
        subject=entry.id,
        by=by,
        case=str(case.id),
        photos=len(found),
        others=len(held) - len(found),
    )
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


def name_files(session: Session, case_id: UUID, files: Mapping[str, str], *, by: Actor) -> None:
    """Note which bytes (SHA-256) the file names of a submission stand for; a known name keeps its own."""
    rows = [
        {"case_id": case_id, "name": name, "station_id": by.station_id, "sent_sha256": sha}
        for name, sha in files.items()
    ]
    if rows:
        session.execute(insert(FormFile).values(rows).on_conflict_do_nothing())


def draft_form(
    session: Session, form: StationForm, *, code: str, source_sha256: str, by: Actor
) -> HazardClass:
    """Add a version of a station's own class as a draft, which phones get for trying out only."""
    known = [item for item in queries.own_classes(session, by) if item.code == code]
    made = HazardClass(
        code=code,
        version=next_version([item.version for item in known]),
        title=form.title,
        hint=form.hint,
        law={"zh": "", "en": ""},
        questions=list(form.questions),
        icon="other",
        position=500,
        limit_h=72,
        in_use=False,
        draft=True,
        station_id=by.station_id,
        source_sha256=source_sha256,
    )
    session.add(made)
    session.flush()
    _record_form(session, "field.form_drafted", made, by)
    return made


def _record_form(session: Session, name: str, form: HazardClass, by: Actor) -> None:
    code, version = form.code, form.version
    record(session, name, kind="station", subject=by.station_id, by=by, class_code=code, version=version)


def publish_form(session: Session, form: HazardClass, *, by: Actor) -> HazardClass:
    """Put a version into use, in place of the one before it; older versions stay valid for old phones."""
    if form.in_use:
        raise Conflict("state", state="published")
    same = (HazardClass.code == form.code) & (HazardClass.station_id == by.station_id)
    session.execute(update(HazardClass).where(same, HazardClass.in_use).values(in_use=False))
    form.draft, form.in_use = False, True
    session.flush()
    _record_form(session, "field.form_published", form, by)
    return form


def withdraw_form(session: Session, form: HazardClass, *, by: Actor) -> HazardClass:
    """Take a class out of use: phones list it no more; what they have filled in is still taken."""
    if not form.in_use:
        raise Conflict("state", state="draft" if form.draft else "withdrawn")
    form.in_use = False
    session.flush()
    _record_form(session, "field.form_withdrawn", form, by)
    return form
