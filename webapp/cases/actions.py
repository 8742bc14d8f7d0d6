"""Changes to cases: report, accept, close, add a file; each records one event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text
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
from webapp.cases.models import Attachment, Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import on_disk, table_of
from webapp.core.errors import Conflict, Problem, Refused
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


@dataclass(frozen=True)
class Sender:
    """By which door a report came, from which program, and under which number of another system.

    `content` is the hash of what the sender's document says, where that is not all in the report: files that
    a form names and sends later. By default it is that of the report with its files.
    """

    source: str = ""
    client: str = ""
    ref: str | None = None
    content: bytes | None = None

    def columns(self) -> dict[str, str | None]:
        """Return the columns of a case that say so."""
        return {"source": self.source, "client": self.client[:100], "source_ref": self.ref}


LAST_VERSION = 2**31 - 1


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
    content = (sender.content if sender else None) or _content_hash(sent)
    for _try in range(2):
        now = clock.now()
        spot = _Spot.of(sent.place)
        met = queries.met(session, sent.id, sent.class_code, _version(sent), now, spot.place, spot.radius_m)
        if met.known is not None and met.known != content:
            raise Conflict("already_known", held=met.known.hex(), sent=content.hex())
        if met.known is not None:
            return _again(session, blobs, sent)
        checked = _checked(session, sent, met, spot, by, now)
        files = _prepared(blobs, sent.attachments)
        own = {
            "reporter_id": reporter_id or by.person_id,
            "content_hash": content,
            **(sender or Sender()).columns(),
        }
        try:
            return _first(session, sent, checked, files, own, by)
        except _Overtaken:
            continue
    # The id stands for a case that this sender may not see.
    raise Conflict("already_known", held="?", sent=content.hex())


def _again(session: Session, blobs: BlobStore, sent: Report) -> Receipt:
    """Answer a repeated report: keep the files that came only now, give the receipt of the first time."""
    known = queries.known_report(session, sent.id)
    on_disk(session)  # the first sending may still wait for it
    missing = [file for file in sent.attachments if file.sha256 not in known.held]
    _add_files(session, known, _prepared(blobs, missing), "found")
    held = {*known.held, *(file.sha256 for file in missing if file.data is not None)}
    return Receipt(
        known.id,
        known.number,
        known.grid,
        known.police_grid,
        known.neighbour,
        known.reported_at,
        _sorted(held),
    )


@dataclass(frozen=True)
class _Spot:
    """Where a report says it is: in WGS 84, or what is wrong with it."""

    place: tuple[float, float] | None
    radius_m: float
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, place: Place) -> _Spot:
        problems: list[Problem] = []
        found = _in_wgs84(place, problems)
        radius = uncertainty_m(place.accuracy_m, place.method)
        return cls(None if problems else found, radius, tuple(problems))


@dataclass(frozen=True)
class _Checked:
    """A report that may be written: its class, its place in WGS 84, whose ground that is, and the moment."""

    declared: queries.Declared
    lon: float
    lat: float
    area: areas.Area
    now: datetime


def _checked(
    session: Session, sent: Report, met: queries.Met, spot: _Spot, by: Actor, now: datetime
) -> _Checked:
    """Check everything that is said; raise Refused with all that is wrong with it."""
    declared = met.declared
    if declared is None:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": sent.class_code})])
    questions = [rules.Question.declared(item) for item in declared.questions]
    problems = rules.answer_problems(questions, sent.answers, len(sent.attachments))
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
        **_said(sent, declared, checked.lon, checked.lat),
        **_routed(area),
        **own,
        "content_hash": f"\\x{own['content_hash'].hex()}",
        "station_id": by.station_id,
        "state": rules.State.REPORTED,
        "reported_at": now,
        "due_at": rules.due_at(now, declared.limit_h),
        "revision": 1,
    }
    facts = {"report": orjson.dumps(values).decode(), "files": orjson.dumps(files).decode()}
    write = Write(_WRITE, {**facts, "year": now.astimezone(clock.SHOWN).year})
    news = {"class_code": declared.code, "flag": area.flag}
    number: str | None = record(
        session, "cases.reported", write, kind="case", subject=sent.id, grid=area.grid_id, by=by, **news
    )
    if number is None:
        raise _Overtaken
    held = _sorted(file["sent_sha256"] for file in files)
    return Receipt(
        sent.id, number, area.grid_name, area.police_grid_name, area.neighbour_name, now, held, created=True
    )


_WRITE = text("""SELECT app.take_report(:ctx, CAST(:report AS jsonb), CAST(:files AS jsonb), :year,
    CAST(:event AS jsonb))""")


def _said(sent: Report, declared: queries.Declared, lon: float, lat: float) -> dict[str, Any]:
    """Return the columns that hold what was reported, raw place beside the WGS 84 one."""
    place = sent.place
    return {
        "id": sent.id,
        "kind": declared.kind,
        "class_code": declared.code,
        "class_version": declared.version,
        "restricted": declared.restricted,
        "geom": f"SRID=4326;POINT({lon!r} {lat!r})",
        "raw_x": place.lon,
        "raw_y": place.lat,
        "raw_crs": place.crs,
        "accuracy_m": place.accuracy_m,
        "method": place.method,
        "address": place.address,
        "answers": dict(sent.answers),
        "note": sent.note,
        "found_at": sent.found_at,
    }


def _routed(area: areas.Area) -> dict[str, Any]:
    """Return the columns that hold where the place belongs, as resolved today."""
    return {
        "place_flag": area.flag,
        "plan_id": area.plan_id,
        "grid_id": area.grid_id,
        "police_grid_id": area.police_grid_id,
        "neighbour_grid_id": area.neighbour_grid_id,
    }


def _version(sent: Report) -> int | None:
    """Return the version of the class that a phone names; None for the one in use."""
    said = sent.class_version
    return min(int(said), LAST_VERSION) if said and said.isdecimal() else None


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


def _prepared(blobs: BlobStore, files: Iterable[SentFile]) -> list[dict[str, Any]]:
    """Check the photos that came along and put them on the disk; return their rows.

    On the disk first, then the row that names it: a commit never points at bytes that could be lost.
    Raises Refused for what is no photo.
    """
    return [_prepared_file(blobs, file.data, file.sha256) for file in files if file.data is not None]


def _prepared_file(blobs: BlobStore, data: bytes, sent_sha256: str) -> dict[str, Any]:
    try:
        seen, kept = photos.cleaned(data)
    except FileRefused as error:
        raise Refused(problems=[Problem(f"/files/{sent_sha256}", error.code, error.params)]) from error
    return {
        "sent_sha256": sent_sha256,
        "sha256": blobs.put(kept),
        "media_type": seen.media_type,
        "size": len(kept),
        "width": seen.width,
        "height": seen.height,
    }


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
    """Close a case with words and a photo as proof (`proof`: SHA-256 to bytes).

    Raises Refused 'note_needed' or 'photo_needed'.
    """
    problems = [] if note.strip() else [Problem("/note", "note_needed")]
    problems += [] if proof else [Problem("/photo", "photo_needed")]
    if problems:
        raise Refused(problems=problems)
    _move(case, "close", revision)
    _add_files(session, case, [_prepared_file(blobs, data, sha) for sha, data in proof.items()], "closed")
    case.closed_at, case.closing_note = clock.now(), note.strip()
    return _recorded(session, case, "cases.closed", by)


def add_file(session: Session, blobs: BlobStore, case: Case, *, sha: str, data: bytes, by: Actor) -> Case:
    """Add a photo to a case, for one that was named in the report or found later; twice changes nothing."""
    if not _add_files(session, case, [_prepared_file(blobs, data, sha)], "found"):
        return case
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
    locked = select(Case).where(Case.id == case_id).with_for_update(of=Case)
    # The row as the handler before us left it, not as it was read above.
    return session.scalars(locked, execution_options={"populate_existing": True}).one()
