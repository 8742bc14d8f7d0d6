"""Changes to calls and orders: keep a source, receive a file, read it, correct a row, take it over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from collectors import incidents, sheets
from collectors.incidents import Reading
from collectors.records import Refused as Unreadable
from webapp.areas import queries as areas
from webapp.cases import actions as cases
from webapp.cases.queries import hazard_class
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import AppError, Conflict, Forbidden, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.intake import queries, rules
from webapp.intake.models import IntakeCaller, IntakeRow, IntakeSource, IntakeUpload

_ROW = table_of(IntakeRow)
_CALLER = table_of(IntakeCaller)
_COLUMNS = {column.name for column in _ROW.columns}
_TAKEN = text("""
    UPDATE app.intake_row r
    SET state = d.state, case_id = d.case_id, case_number = d.said, problems = d.wrong
    FROM jsonb_to_recordset(CAST(:done AS jsonb))
        AS d (number int, state text, case_id uuid, said text, wrong jsonb)
    WHERE r.upload_id = :upload AND r.number = d.number""")
_CALLED = text("""
    UPDATE app.intake_caller c SET case_id = d.case_id
    FROM jsonb_to_recordset(CAST(:done AS jsonb)) AS d (number int, case_id uuid)
    WHERE c.upload_id = :upload AND c.number = d.number AND d.case_id IS NOT NULL""")
# Two takings of one source wait for each other: the same order in two files becomes one case.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended(:source, 8))")
# A large workbook takes longer to read than a transaction may otherwise rest.
_PATIENCE = text("SET LOCAL idle_in_transaction_session_timeout = '120s'")


@dataclass(frozen=True)
class Sending:
    """What was sent: the id that the sender gave it, the name of the file, its bytes."""

    id: UUID
    name: str
    data: bytes


def keep_source(session: Session, source_id: UUID, said: Mapping[str, Any], *, by: Actor) -> IntakeSource:
    """Keep a source under the id that the client gave it, new or changed; its code never changes.

    Raises Conflict 'source_code_taken' or 'source_code_fixed'.
    """
    same_code = (IntakeSource.station_id == by.station_id) & (IntakeSource.code == said["code"])
    other = select(IntakeSource.id).where(same_code, IntakeSource.id != source_id)
    if session.scalar(other) is not None:
        raise Conflict("source_code_taken", source=said["code"])
    found = session.get(IntakeSource, source_id)
    if found is None:
        found = IntakeSource(id=source_id, station_id=by.station_id, code=said["code"])
        session.add(found)
    elif found.code != said["code"]:
        raise Conflict("source_code_fixed", source=found.code)
    for name in ("name", "kind", "time_format", "zone", "crs", "accuracy_m", "default_class", "mapping"):
        if name in said:
            setattr(found, name, said[name])
    found.keywords = rules.clean_keywords(said.get("keywords") or rules.DEFAULT_KEYWORDS)
    session.flush()
    record(session, "intake.source_kept", kind="source", subject=source_id, by=by, code=found.code)
    return found


def receive(
    session: Session,
    blobs: BlobStore,
    source: IntakeSource,
    sent: Sending,
    *,
    later: bool = True,
    by: Actor,
) -> IntakeUpload:
    """Keep a file of a source and read it; a large one is read `later` by the worker (state reading).

    The same id again with the same bytes gives the same upload. Raises Conflict 'already_known' for other
    bytes, Refused when a small file can't be read: nothing is kept then.
    """
    digest = sha256(sent.data).hexdigest()
    known = session.get(IntakeUpload, sent.id)
    if known is not None and (known.sha256, known.source_id) != (digest, source.id):
        raise Conflict("already_known", held=known.sha256, sent=digest)
    if known is not None:
        return known
    upload = IntakeUpload(
        id=sent.id,
        station_id=by.station_id,
        source_id=source.id,
        by_id=by.person_id,
        name=sent.name[:200],
        sha256=digest,
        size=len(sent.data),
        settings=_settings(source),
        state="reading",
    )
    session.add(upload)
    session.flush()
    large = later and len(sent.data) > rules.INLINE_BYTES
    if not large:
        _read(session, source, upload, sent.data, by)
    blobs.put(sent.data)
    record(
        session, "intake.uploaded", kind="upload", subject=upload.id, by=by, source=source.code, later=large
    )
    return upload


def hand_in(
    session: Session, blobs: BlobStore, source: IntakeSource, sent: Sending, *, by: Actor
) -> IntakeUpload:
    """Receive orders that a program hands in and take them over; the same message again changes nothing."""
    upload = receive(session, blobs, source, sent, by=by, later=False)
    if upload.state == "read":
        take_some(session, blobs, upload, limit=rules.API_ROWS, by=by)
    return upload


def read_again(
    session: Session,
    blobs: BlobStore,
    upload: IntakeUpload,
    settings: Mapping[str, Any],
    *,
    save: bool,
    by: Actor,
) -> IntakeUpload:
    """Read an upload with another mapping, time format, zone, system or general class; `save` keeps it.

    Choices made for single rows are made anew. Raises Conflict 'state' once it is taken.
    """
    if upload.state not in ("read", "refused", "reading"):
        raise Conflict("state", state=upload.state)
    source = queries.source(session, upload.source_id)
    upload.settings = {**upload.settings, **settings}
    if save and by.role not in rules.KEEPERS:
        raise Forbidden()
    if save:
        for name in ("time_format", "zone", "crs", "default_class", "mapping"):
            setattr(source, name, upload.settings[name])
    large = upload.size > rules.INLINE_BYTES
    if large:
        upload.state = "reading"
    else:
        _read(session, source, upload, blobs.get(upload.sha256), by)
    record(
        session,
        "intake.reading_changed",
        kind="upload",
        subject=upload.id,
        by=by,
        source=source.code,
        later=large,
    )
    return upload


def read_later(session: Session, blobs: BlobStore, upload: IntakeUpload, *, by: Actor) -> IntakeUpload:
    """Read a large upload, as the worker does; what can't be read is said with the upload (state refused)."""
    source = queries.source(session, upload.source_id)
    session.execute(_PATIENCE)
    try:
        _read(session, source, upload, blobs.get(upload.sha256), by)
    except Refused as error:
        upload.state, upload.problems = "refused", [queries.said(problem) for problem in error.problems]
    record(session, "intake.previewed", kind="upload", subject=upload.id, by=by, state=upload.state)
    return upload


def _settings(source: IntakeSource) -> dict[str, Any]:
    return {
        "mapping": dict(source.mapping),
        "time_format": source.time_format,
        "zone": source.zone,
        "crs": source.crs,
        "default_class": source.default_class,
    }


def _read(session: Session, source: IntakeSource, upload: IntakeUpload, data: bytes, by: Actor) -> None:
    """Read the bytes and put their rows in place of those of an earlier reading."""
    settings = upload.settings
    try:
        sheet = sheets.decode(data, incidents.KNOWN)
        mapping = incidents.proposed(sheet, settings["mapping"])
        left_out = {field for field, heading in settings["mapping"].items() if not heading}
        mapping = {field: heading for field, heading in mapping.items() if field not in left_out}
        reading = Reading(mapping, settings["time_format"], settings["zone"], settings["crs"])
        calls = incidents.calls(sheet, reading)
    except Unreadable as error:
        raise Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error
    with session.no_autoflush:
        usual = source.default_class
        source_as_set = IntakeSource(
            id=source.id, accuracy_m=source.accuracy_m, keywords=source.keywords,
            default_class=settings.get("default_class") or usual,
        )  # fmt: skip
        rows = queries.judged(session, source_as_set, calls, by=by)
    session.execute(
        delete(_ROW).where(_ROW.c.upload_id == upload.id, _ROW.c.state.not_in(("taken", "revised")))
    )
    own = {"upload_id": upload.id, "station_id": upload.station_id, "source_id": upload.source_id}
    session.execute(insert(_ROW), [{**own, **_kept(row)} for row in rows])
    persons = [row for row in rows if row["phone"] or row["name"]]
    if persons:
        own = {"upload_id": upload.id, "station_id": upload.station_id}
        names = ("number", "phone", "name")
        session.execute(insert(_CALLER), [{**own, **{n: row[n] for n in names}} for row in persons])
    upload.form, upload.headings = sheet.form, list(sheet.headings)
    upload.settings = {**settings, "mapping": mapping}
    upload.state, upload.problems = "read", []
    upload.counts = _counted(rows)


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in _COLUMNS}


def _counted(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row["state"]] = found.get(row["state"], 0) + 1
    return found


def correct(
    session: Session, upload: IntakeUpload, row: IntakeRow, said: Mapping[str, Any], *, by: Actor
) -> IntakeRow:
    """Choose a row's class or place, or leave it out; what that cures goes from its faults.

    `said`: class_code, place {lon, lat, crs} or candidate (its position in the list), skip. Raises Conflict
    'state' for a row that was taken or is known.
    """
    if upload.state not in ("read", "taken") or row.state not in rules.OPEN_ROWS:
        raise Conflict("state", state=row.state)
    wrong = [problem for problem in row.problems if problem["code"] not in _cured(said)]
    if said.get("class_code"):
        _require_class(session, said["class_code"])
        row.class_code, row.word = said["class_code"], ""
    spot = _chosen_spot(row, said, wrong)
    if spot is not None:
        goal = areas.destinations(session, by.station_id, [(spot.lon, spot.lat)], clock.now())[0]
        for name, value in queries.placed(spot, goal).items():
            setattr(row, name, value)
        wrong += [] if goal else [{"code": "row_outside", "pointer": "lon", "params": {}}]
    row.problems = wrong
    row.state = "skipped" if said.get("skip") else rules.row_state(wrong, None)
    session.flush()
    upload.counts = queries.counts(session, upload.id)
    record(
        session,
        "intake.row_corrected",
        kind="upload",
        subject=upload.id,
        by=by,
        row=row.number,
        state=row.state,
    )
    return row


def _require_class(session: Session, code: str) -> None:
    if hazard_class(session, code) is None:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": code})])


def _cured(said: Mapping[str, Any]) -> tuple[str, ...]:
    place = rules.PLACE_FAULTS if said.get("place") or said.get("candidate") is not None else ()
    return (*place, *(rules.CLASS_FAULTS if said.get("class_code") else ()))


def _chosen_spot(row: IntakeRow, said: Mapping[str, Any], wrong: list[Any]) -> queries.Spot | None:
    number = said.get("candidate")
    if number is not None:
        if not 0 <= number < len(row.candidates):
            raise Refused(problems=[Problem("/candidate", "out_of_range")])
        return queries.chosen(row.candidates[number])
    place = said.get("place")
    if not place:
        return None
    found: list[Any] = []
    spot = queries.measured(place["lon"], place["lat"], place["crs"], None, found)
    if spot is None:
        raise Refused(problems=[Problem("/place", problem.code, problem.params) for problem in found])
    return spot


def take(session: Session, blobs: BlobStore, upload: IntakeUpload, *, by: Actor) -> IntakeUpload:
    """Take an upload over: its ready rows become cases, its changed ones are noted with their case.

    The chief's small uploads at once; others by the worker, as the station's machine (state taking). Taken
    already, or without such rows: nothing changes.
    """
    session.refresh(upload, with_for_update=True)
    waiting = upload.counts.get("fine", 0) + upload.counts.get("changed", 0)
    if upload.state not in ("read", "taken") or not waiting:
        if upload.state in ("reading", "refused"):
            raise Conflict("state", state=upload.state)
        return upload
    record(session, "intake.confirmed", kind="upload", subject=upload.id, by=by, rows=waiting)
    upload.state = "taking"
    if by.role == "station_chief" and waiting <= rules.INLINE_ROWS:
        take_some(session, blobs, upload, limit=rules.INLINE_ROWS, by=by)
    return upload


def take_some(
    session: Session,
    blobs: BlobStore,
    upload: IntakeUpload,
    *,
    limit: int,
    within: timedelta = timedelta.max,
    by: Actor,
) -> bool:
    """Take some of the waiting rows of an upload; return whether any are left.

    Few at a time, and no further one after `within`, for each case holds the station's next number until the
    transaction ends: phones' reports wait for it. A row that can't become a case stays with what is wrong.
    """
    source = queries.source(session, upload.source_id)
    session.execute(_ONE_AT_A_TIME, {"source": str(source.id)})
    waiting = session.scalars(
        select(IntakeRow)
        .where(IntakeRow.upload_id == upload.id, IntakeRow.state.in_(("fine", "changed")))
        .order_by(IntakeRow.number)
        .limit(limit)
    ).all()
    before = queries.known(session, source.id, [row.ref for row in waiting])
    began, done = clock.now(), list[dict[str, Any]]()
    for row in waiting:
        if done and clock.now() - began > within:
            break
        done.append(_taken(session, blobs, source, row, before.get(row.ref), by))
    if done:
        values = {"upload": upload.id, "done": orjson.dumps(done).decode()}
        session.execute(_TAKEN, values)
        session.execute(_CALLED, values)
    session.expire_all()
    upload.counts = queries.counts(session, upload.id)
    if (len(waiting) == limit or len(done) < len(waiting)) and upload.counts.get(
        "fine", 0
    ) + upload.counts.get("changed", 0):
        return True
    upload.state, upload.taken_at = "taken", clock.now()
    record(session, "intake.taken", kind="upload", subject=upload.id, by=by, counts=upload.counts)
    return False


def _taken(
    session: Session, blobs: BlobStore, source: IntakeSource, row: IntakeRow, known: Any, by: Actor
) -> dict[str, Any]:
    """Make a row a case, or note it as a version of one; return what its row says from now on."""
    done: dict[str, Any] = {"number": row.number, "wrong": row.problems}
    if known is not None:
        hashes, case_id, number = known
        if row.content_hash in hashes:
            return {**done, "state": "known", "case_id": case_id, "said": number}
        sent = str(row.upload_id)
        record(session, "intake.revised", kind="case", subject=case_id, by=by, upload=sent, row=row.number)
        return {**done, "state": "revised", "case_id": case_id, "said": number}
    try:
        with session.begin_nested():
            sender = cases.Sender(f"intake:{source.code}", "", row.ref, unseen=True)
            receipt = cases.report(session, blobs, queries.report_of(row, source), by=by, sender=sender)
    except AppError as error:
        wrong = [queries.said(problem) for problem in error.problems]
        wrong = wrong or [{"code": error.code, "pointer": "", "params": {}}]
        return {**done, "state": "fault", "case_id": None, "said": "", "wrong": wrong}
    return {**done, "state": "taken", "case_id": receipt.id, "said": receipt.number}
