"""Changes to cases: report, accept, close, add a file, a note or a voice; each records one event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.records import Attachment as SentFile
from collectors.records import Report
from webapp.areas import queries as areas
from webapp.cases import filing, queries, rules
from webapp.cases.filing import Sender as Sender
from webapp.cases.models import Attachment, Case, CaseNote
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import on_disk, table_of
from webapp.core.errors import Conflict, NotFound, Problem, Refused
from webapp.core.events import Write, record
from webapp.core.files import BlobStore

_ATTACHMENT = table_of(Attachment)


@dataclass(frozen=True)
class Receipt:
    """What the sender of a report is told, the same each time: number, who received it, the files held."""

    id: UUID
    number: str
    grid: str
    police_grid: str
    neighbour: str | None
    reported_at: datetime
    held: tuple[str, ...]
    created: bool = False
    state: str = "received"
    previews: tuple[str, ...] = ()


class _Overtaken(Exception):
    """Another sending of the same id was faster."""


def report(
    session: Session,
    blobs: BlobStore,
    sent: Report,
    *,
    by: Actor,
    reporter_id: UUID | None = None,
    sender: Sender | None = None,
) -> Receipt:
    """Take a report: check it, find its grid and police grid, keep it with its photos.

    The sender's id is the key: the same report again, also at the same moment, gives the same receipt. Raises
    Refused with every problem named, or Conflict 'already_known' when the id stands for something else;
    nothing was written then. `reporter_id` names the author when somebody else hands the report in.
    """
    way = sender or Sender()
    content = way.content or filing.content_hash(sent)
    for _try in range(2):
        now = clock.now()
        spot = filing.Spot.of(sent.place)
        met = queries.met(
            session, sent.id, sent.class_code, filing.version(sent), now, spot.place, spot.radius_m
        )
        if met.known is not None and met.known != content:
            raise Conflict("already_known", held=met.known.hex(), sent=content.hex())
        if met.known is not None:
            return take_files(session, blobs, sent.id, sent.attachments, by=by)
        checked = _checked(session, sent, met, spot, now, way.complete and not way.unseen, by)
        files = filing.prepared(blobs, sent.attachments)
        own = {
            "reporter_id": reporter_id or (None if way.unseen else by.person_id),
            "content_hash": content,
            **way.columns(),
        }
        try:
            return _first(session, sent, checked, files, own, by)
        except _Overtaken:
            continue
    # The id stands for a case that this sender may not see.
    raise Conflict("already_known", held="?", sent=content.hex())


def take_files(
    session: Session, blobs: BlobStore, case_id: UUID, files: Iterable[SentFile], *, by: Actor
) -> Receipt:
    """Keep the files of a known report that came only now; return the receipt of the first time.

    Raises Refused for what is no photo.
    """
    known = queries.known_report(session, case_id)
    on_disk(session)  # the first sending may still wait for it
    missing = [file for file in files if file.sha256 not in known.held]
    came = [file for file in filing.prepared(blobs, missing) if file["sent_sha256"] not in known.previews]
    if _add_files(session, known, came, "found"):
        record(session, "cases.file_added", kind="case", subject=known.id, grid=known.grid_id, by=by)
    for file in missing:
        if file.sha256 in known.previews and file.data is not None:
            complete_file(session, blobs, sha=file.sha256, data=file.data, case_id=known.id, by=by)
    held = {*known.held, *(file.sha256 for file in missing if file.data is not None)}
    previews = {*known.previews, *(file["sent_sha256"] for file in came if file["awaited"])} - held
    return Receipt(
        known.id,
        known.number,
        known.grid,
        known.police_grid,
        known.neighbour,
        known.reported_at,
        _sorted(held),
        previews=_sorted(previews),
    )


@dataclass(frozen=True)
class _Checked:
    """A report that may be written: its class, its place in WGS 84, whose ground that is, and the moment."""

    declared: queries.Declared
    lon: float
    lat: float
    area: areas.Area
    now: datetime


def _checked(
    session: Session,
    sent: Report,
    met: queries.Met,
    spot: filing.Spot,
    now: datetime,
    complete: bool,
    by: Actor,
) -> _Checked:
    """Check everything that is said; raise Refused with all that is wrong with it."""
    declared = met.declared
    if declared is None:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": sent.class_code})])
    questions = [rules.Question.declared(item) for item in declared.questions]
    problems = rules.answer_problems(questions, sent.answers, len(sent.attachments), complete)
    late = rules.time_problem(sent.found_at, now)
    problems += [late] if late else []
    problems += spot.problems
    if problems or spot.place is None:
        raise Refused(problems=problems)
    lon, lat = spot.place
    area = areas.area_of(session, met.near, by.station_id, lon, lat, now, spot.radius_m)
    return _Checked(declared, lon, lat, area, now)


def _first(
    session: Session,
    sent: Report,
    checked: _Checked,
    files: list[dict[str, Any]],
    own: Mapping[str, Any],
    by: Actor,
) -> Receipt:
    """Write a report that is new and checked, its photos safe; raise _Overtaken when the id is taken."""
    now, area, declared = checked.now, checked.area, checked.declared
    values = {
        **filing.said(sent, declared, checked.lon, checked.lat),
        **filing.routed(area, sent.place.accuracy_m),
        **own,
        "content_hash": f"\\x{own['content_hash'].hex()}",
        "station_id": by.station_id,
        "state": rules.State.REPORTED,
        "reported_at": now,
        "due_at": rules.due_at(now, declared.limit_h),
        "revision": 1,
        "voices": 0,
    }
    facts = {"report": orjson.dumps(values).decode(), "files": orjson.dumps(files).decode()}
    write = Write(_WRITE, {**facts, "year": now.astimezone(clock.SHOWN).year})
    news = {"class_code": declared.code, "flag": values["place_flag"]}
    number: str | None = record(
        session, "cases.reported", write, kind="case", subject=sent.id, grid=area.grid_id, by=by, **news
    )
    if number is None:
        raise _Overtaken
    held = _sorted(file["sent_sha256"] for file in files if not file["awaited"])
    previews = _sorted(file["sent_sha256"] for file in files if file["awaited"])
    names = (area.grid_name, area.police_grid_name, area.neighbour_name)
    return Receipt(sent.id, number, *names, now, held, created=True, previews=previews)


_WRITE = text("""SELECT app.take_report(:ctx, CAST(:report AS jsonb), CAST(:files AS jsonb), :year,
    CAST(:event AS jsonb))""")


def _add_files(session: Session, case: Any, files: list[dict[str, Any]], purpose: str) -> bool:
    """Add rows for prepared files to a case (anything with id and station_id); say whether any was new."""
    own = {"case_id": case.id, "station_id": case.station_id, "purpose": purpose}
    rows = [{**own, **file} for file in files]
    return bool(rows) and bool(session.scalars(_ADD_FILES, rows).all())


_ADD_FILES = insert(_ATTACHMENT).on_conflict_do_nothing().returning(_ATTACHMENT.c.id)


def _sorted(hashes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(hashes))


def accept(session: Session, case: Case, *, revision: int | None = None, by: Actor) -> Case:
    """Take a case over: from now on it is the acceptor's to handle."""
    _move(case, "accept", revision)
    case.accepted_at, case.handler_id = clock.now(), by.person_id
    return _recorded(session, case, "cases.accepted", by)


def close(
    session: Session,
    blobs: BlobStore,
    case: Case,
    *,
    note: str,
    proof: Mapping[str, bytes],
    revision: int | None = None,
    by: Actor,
) -> Case:
    """Close a case with words and a photo as proof (`proof`: SHA-256 to bytes); disputes, opinions by words.

    Raises Refused 'note_needed' or 'photo_needed'.
    """
    problems = [] if note.strip() else [Problem("/note", "note_needed")]
    problems += [] if proof or case.kind in rules.CLOSED_BY_WORDS else [Problem("/photo", "photo_needed")]
    if problems:
        raise Refused(problems=problems)
    _move(case, "close", revision)
    _add_files(
        session, case, [filing.prepared_file(blobs, data, sha) for sha, data in proof.items()], "closed"
    )
    case.closed_at, case.closing_note = clock.now(), note.strip()
    return _recorded(session, case, "cases.closed", by)


def add_file(session: Session, blobs: BlobStore, case: Case, *, sha: str, data: bytes, by: Actor) -> Case:
    """Add a photo to a case, for one that was named in the report or found later; twice changes nothing."""
    if not _add_files(session, case, [filing.prepared_file(blobs, data, sha)], "found"):
        return case
    return _recorded(session, case, "cases.file_added", by)


def complete_file(
    session: Session, blobs: BlobStore, *, sha: str, data: bytes, case_id: UUID | None = None, by: Actor
) -> list[str]:
    """Put an original in the place of its preview, in each report of the actor's own that waits for it.

    `case_id` limits it to one case. Returns the numbers of the cases; none when nothing waits. Raises Refused
    for what is no photo.
    """
    file = filing.prepared_file(blobs, data, sha)
    completed = session.execute(_COMPLETE, {**file, "case_id": case_id}).all()
    for case in completed:
        record(session, "cases.file_completed", kind="case", subject=case.case_id, grid=case.grid_id, by=by)
    return sorted(case.number for case in completed)


_COMPLETE = text(
    "SELECT * FROM app.complete_file(:sent_sha256, :sha256, :media_type, :size, :width, :height, :case_id)"
)


def add_note(session: Session, case: Case, note_id: UUID, *, note: str, by: Actor) -> Case:
    """Add words to a case; the same again changes nothing. Raises Conflict for other words under the id."""
    own = {"id": note_id, "case_id": case.id, "station_id": case.station_id, "person_id": by.person_id}
    if session.scalar(_ADD_NOTE, {**own, "note": note}) is None:
        known = session.get(CaseNote, note_id)
        if known is None or (known.case_id, known.note) != (case.id, note):
            raise Conflict("already_known", held="?", sent=str(note_id))
        return case
    record(
        session, "cases.note_added", kind="case", subject=case.id, grid=case.grid_id, by=by, note_id=note_id
    )
    session.expire(case, ["notes"])
    return queries.case(session, case.id)


_ADD_NOTE = insert(table_of(CaseNote)).on_conflict_do_nothing().returning(table_of(CaseNote).c.id)


def add_voice(session: Session, case_id: UUID, *, note: str, by: Actor) -> Any:
    """Say "I see it too" of an open hazard that somebody else reported; a second time changes nothing.

    Raises NotFound (also for restricted matters), Conflict 'own_report' or 'case_over'.
    """
    row = session.execute(_ADD_VOICE, {"id": case_id, "note": note}).one_or_none()
    if row is None:
        raise NotFound()
    if row.outcome in ("own", "over"):
        raise Conflict({"own": "own_report", "over": "case_over"}[row.outcome], number=row.number)
    if row.outcome == "added":
        told = row.voices
        record(
            session, "cases.voice_added", kind="case", subject=row.id, grid=row.grid_id, by=by, voices=told
        )
    return row


_ADD_VOICE = text("SELECT * FROM app.add_voice(:id, :note)")


def _move(case: Case, verb: str, revision: int | None) -> None:
    if revision is not None and revision != case.revision:
        raise Conflict("revision", held=case.revision)
    case.state = rules.next_state(case.state, verb)
    case.revision += 1


def _recorded(session: Session, case: Case, name: str, by: Actor) -> Case:
    session.flush()
    record(session, name, kind="case", subject=case.id, grid=case.grid_id, by=by, state=case.state)
    session.expire(case, ["attachments"])
    return queries.case(session, case.id)


def locked_case(session: Session, case_id: UUID) -> Case:
    """Return a case for changing it, its row locked against a second handler at the same moment."""
    queries.case(session, case_id)
    locked = select(Case).where(Case.id == case_id).with_for_update(of=Case)
    # The row as the handler before us left it, not as it was read above.
    return session.scalars(locked, execution_options={"populate_existing": True}).one()
