"""Changes to cases: report, accept, close, add a file; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from geoalchemy2 import WKTElement
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors import photos
from collectors.records import Attachment as SentFile
from collectors.records import Place, Report
from collectors.records import Refused as FileRefused
from gis import coords
from gis.errors import ShapeError
from webapp.areas import queries as areas
from webapp.areas.rules import uncertainty_m
from webapp.cases import queries, rules
from webapp.cases.models import Attachment, Case, HazardClass
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.people.queries import station


@dataclass(frozen=True)
class Reported:
    """What became of a report: the case, whether this sending made it, and the files that we hold."""

    case: Case
    created: bool
    held: tuple[str, ...]


def report(
    session: Session,
    blobs: BlobStore,
    sent: Report,
    *,
    by: Actor,
    reporter_id: UUID | None = None,
    client: str = "",
) -> Reported:
    """Take a report: check it, find its grid and police grid, keep it with its photos.

    The sender's id is the key: the same report again, also at the same moment, gives the same case. Raises
    Refused with every problem named, or Conflict 'already_known' when the id stands for something else.
    `reporter_id` names the author when somebody else hands the report in.
    """
    # One sender of this id at a time: the loser of a race sees the winner's row, and no number is lost.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(sent.id), 0))))
    known = session.get(Case, sent.id)
    content = _content_hash(sent)
    if known is not None:
        if known.content_hash != content:
            raise Conflict("already_known", held=known.content_hash.hex(), sent=content.hex())
        held = _keep_files(session, blobs, known, sent.attachments, "found")
        return Reported(queries.case(session, sent.id), False, held)
    case = _new_case(session, sent, content, by, reporter_id or by.person_id, client)
    held = _keep_files(session, blobs, case, sent.attachments, "found")
    record(
        session,
        "cases.reported",
        kind="case",
        subject=case.id,
        grid=case.grid_id,
        by=by,
        class_code=case.class_code,
        flag=case.place_flag,
    )
    return Reported(queries.case(session, sent.id), True, held)


def _new_case(
    session: Session, sent: Report, content: bytes, by: Actor, reporter_id: UUID | None, client: str
) -> Case:
    now = clock.now()
    declared = _declared(session, sent)
    problems = rules.answer_problems(_questions(declared), sent.answers, len(sent.attachments))
    late = rules.time_problem(sent.found_at, now)
    problems += [late] if late else []
    lon, lat = _in_wgs84(sent.place, problems)
    if problems:
        raise Refused(problems=problems)
    place = sent.place
    radius = uncertainty_m(place.accuracy_m, place.method)
    area = areas.area_at(session, by.station_id, lon, lat, now, radius)
    home = station(session, by)
    year = now.astimezone(clock.SHOWN).year
    serial = session.scalar(text("SELECT app.next_case_number(:y)"), {"y": year})
    values = {
        "id": sent.id,
        "station_id": by.station_id,
        "number": rules.case_number(home.code, year, serial or 0),
        "kind": "lead" if declared.restricted else "hazard",
        "class_code": declared.code,
        "class_version": declared.version,
        "restricted": declared.restricted,
        "state": rules.State.REPORTED,
        "geom": WKTElement(f"POINT({lon!r} {lat!r})", 4326),
        "raw_x": place.lon,
        "raw_y": place.lat,
        "raw_crs": place.crs,
        "accuracy_m": place.accuracy_m,
        "method": place.method,
        "address": place.address,
        "place_flag": area.flag,
        "plan_id": area.plan_id,
        "grid_id": area.grid_id,
        "police_grid_id": area.police_grid_id,
        "neighbour_grid_id": area.neighbour_grid_id,
        "answers": dict(sent.answers),
        "note": sent.note,
        "found_at": sent.found_at,
        "reported_at": now,
        "due_at": rules.due_at(now, declared.limit_h),
        "reporter_id": reporter_id,
        "client": client[:100],
        "content_hash": content,
    }
    made = session.execute(
        insert(Case).values(**values).on_conflict_do_nothing(index_elements=[Case.id]).returning(Case.id)
    )
    if made.scalar() is None:
        # The id stands for a case that this sender may not see.
        raise Conflict("already_known", held="?", sent=content.hex())
    return queries.case(session, sent.id)


def _declared(session: Session, sent: Report) -> HazardClass:
    version = int(sent.class_version) if sent.class_version and sent.class_version.isdigit() else None
    found = queries.hazard_class(session, sent.class_code, version)
    if found is None:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": sent.class_code})])
    return found


def _questions(declared: HazardClass) -> list[rules.Question]:
    return [rules.Question.declared(item) for item in declared.questions]


def _in_wgs84(place: Place, problems: list[Problem]) -> tuple[float, float]:
    """Return the place in WGS 84; adds to `problems` what is wrong with it."""
    try:
        if coords.looks_swapped(place.lon, place.lat):
            problems.append(Problem("/place", "swapped_axes", {"lon": place.lat, "lat": place.lon}))
            return 0.0, 0.0
        return coords.to_wgs84(place.lon, place.lat, place.crs)
    except ShapeError as error:
        problems.append(Problem("/place", error.code, error.params))
        return 0.0, 0.0


def _content_hash(sent: Report) -> bytes:
    """Return the SHA-256 of what a report says, so that 'the same again' can be told from 'another'."""
    said: dict[str, Any] = {
        "class": sent.class_code,
        "answers": dict(sent.answers),
        "place": [sent.place.lon, sent.place.lat, sent.place.crs, sent.place.method, sent.place.address],
        "found_at": sent.found_at.isoformat(),
        "note": sent.note,
        "files": sorted(a.sha256 for a in sent.attachments),
    }
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


def _keep_files(
    session: Session, blobs: BlobStore, case: Case, files: Sequence[SentFile], purpose: str
) -> tuple[str, ...]:
    """Keep the files that came along; return the SHA-256 (as sent) of all that we hold of this case."""
    known = set(
        session.scalars(
            select(Attachment.sent_sha256).where(Attachment.case_id == case.id, Attachment.purpose == purpose)
        )
    )
    for file in files:
        if file.data is not None and file.sha256 not in known:
            _keep_file(session, blobs, case, file.data, file.sha256, purpose)
            known.add(file.sha256)
    session.expire(case, ["attachments"])
    return tuple(sorted(known))


def _keep_file(
    session: Session, blobs: BlobStore, case: Case, data: bytes, sent_sha256: str, purpose: str
) -> None:
    try:
        seen = photos.inspect(data)
        kept = photos.stripped(data)
    except FileRefused as error:
        raise Refused(problems=[Problem(f"/files/{sent_sha256}", error.code, error.params)]) from error
    # On the disk first, then the row that names it: a commit never points at bytes that could be lost.
    values = {
        "case_id": case.id,
        "station_id": case.station_id,
        "purpose": purpose,
        "sent_sha256": sent_sha256,
        "sha256": blobs.put(kept),
        "media_type": seen.media_type,
        "size": len(kept),
        "width": seen.width,
        "height": seen.height,
    }
    session.execute(insert(Attachment).values(**values).on_conflict_do_nothing())


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
    """Close a case with words and a photo as proof (`proof`: SHA-256 to bytes).

    Raises Refused 'note_needed' or 'photo_needed'.
    """
    problems = [] if note.strip() else [Problem("/note", "note_needed")]
    problems += [] if proof else [Problem("/photo", "photo_needed")]
    if problems:
        raise Refused(problems=problems)
    _move(case, "close", revision)
    for sha, data in proof.items():
        _keep_file(session, blobs, case, data, sha, "closed")
    case.closed_at, case.closing_note = clock.now(), note.strip()
    return _recorded(session, case, "cases.closed", by)


def add_file(session: Session, blobs: BlobStore, case: Case, *, sha: str, data: bytes, by: Actor) -> Case:
    """Add a photo to a case, for one that was named in the report or found later."""
    _keep_file(session, blobs, case, data, sha, "found")
    return _recorded(session, case, "cases.file_added", by)


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
    return session.scalars(select(Case).where(Case.id == case_id).with_for_update(of=Case)).one()
