"""What becomes of a report on its way in: its hash, its place, the columns and files that are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from collectors import photos
from collectors.records import Attachment as SentFile
from collectors.records import Place, Report
from collectors.records import Refused as FileRefused
from gis import coords
from gis.errors import ShapeError
from webapp.areas.queries import Area, area_of
from webapp.areas.rules import uncertainty_m
from webapp.cases import questions
from webapp.cases.queries import Declared, Met
from webapp.cases.rules import place_flag, time_problem
from webapp.core.actor import Actor
from webapp.core.errors import Problem, Refused
from webapp.core.files import BlobStore

LAST_VERSION = 2**31 - 1


@dataclass(frozen=True)
class Sender:
    """By which door a report came, from which program, and under which number of another system.

    `content` is the hash of what the sender's document says, where that is not all in the report: files that
    a form names and sends later. By default it is that of the report with its files.
    `complete`: the class's required questions must be answered; residents may leave out what they don't know.
    `unseen`: written by somebody who was not there (a call taker). Required answers and photos may lack, and
    nobody of ours counts as its author.
    """

    source: str = ""
    client: str = ""
    ref: str | None = None
    content: bytes | None = None
    complete: bool = True
    unseen: bool = False

    def columns(self) -> dict[str, str | None]:
        """Return the columns of a case that say so."""
        return {"source": self.source, "client": self.client[:100], "source_ref": self.ref}


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


@dataclass(frozen=True)
class Checked:
    """A report that may be written: its class, its place in WGS 84, whose ground that is, and the moment."""

    declared: Declared
    lon: float
    lat: float
    area: Area
    now: datetime


@dataclass(frozen=True)
class Spot:
    """Where a report says it is: in WGS 84, or what is wrong with it."""

    place: tuple[float, float] | None
    radius_m: float
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, place: Place) -> Spot:
        problems: list[Problem] = []
        found = _in_wgs84(place, problems)
        radius = uncertainty_m(place.accuracy_m, place.method)
        return cls(None if problems else found, radius, tuple(problems))


def checked(
    session: Session,
    sent: Report,
    met: Met,
    spot: Spot,
    now: datetime,
    complete: bool,
    by: Actor,
) -> Checked:
    """Check everything that is said; raise Refused with all that is wrong with it."""
    declared = met.declared
    if declared is None:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": sent.class_code})])
    asked = [questions.Question.declared(item) for item in declared.questions]
    problems = questions.answer_problems(asked, sent.answers, len(sent.attachments), complete)
    late = time_problem(sent.found_at, now)
    problems += [late] if late else []
    problems += spot.problems
    if problems or spot.place is None:
        raise Refused(problems=problems)
    lon, lat = spot.place
    area = area_of(session, met.near, by.station_id, lon, lat, now, spot.radius_m)
    return Checked(declared, lon, lat, area, now)


def said(sent: Report, declared: Declared, lon: float, lat: float) -> dict[str, Any]:
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


def routed(area: Area, accuracy_m: float | None) -> dict[str, Any]:
    """Return the columns that hold where the place belongs, as resolved today."""
    return {
        "place_flag": place_flag(area.flag, accuracy_m),
        "plan_id": area.plan_id,
        "grid_id": area.grid_id,
        "police_grid_id": area.police_grid_id,
        "neighbour_grid_id": area.neighbour_grid_id,
    }


def version(sent: Report) -> int | None:
    """Return the version of the class that a phone names; None for the one in use."""
    named = sent.class_version
    return min(int(named), LAST_VERSION) if named and named.isdecimal() else None


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


def content_hash(sent: Report) -> bytes:
    """Return the SHA-256 of what a report says, so that 'the same again' can be told from 'another'."""
    words: dict[str, Any] = {
        "class": sent.class_code,
        "answers": dict(sent.answers),
        "place": [sent.place.lon, sent.place.lat, sent.place.crs, sent.place.method, sent.place.address],
        "found_at": sent.found_at.isoformat(),
        "note": sent.note,
        "files": sorted(a.sha256 for a in sent.attachments),
    }
    return sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS)).digest()


def prepared(blobs: BlobStore, files: Iterable[SentFile]) -> list[dict[str, Any]]:
    """Check the photos that came along and put them on the disk; return their rows.

    On the disk first, then the row that names it: a commit never points at bytes that could be lost.
    Where only a small picture of a photo came, that one stands in its place until the original follows.
    Raises Refused for what is no photo.
    """
    return [
        {**prepared_file(blobs, data, file.sha256), **_circumstances(file)}
        for file in files
        if (data := file.preview_data if file.data is None else file.data) is not None
    ]


def _circumstances(file: SentFile) -> dict[str, Any]:
    """Return the columns of whether the original is still to come, and of where and when it was taken."""
    taken, awaited = file.taken, file.data is None
    place = {"taken_lon": taken.lon, "taken_lat": taken.lat, "taken_accuracy_m": taken.accuracy_m}
    return {
        "awaited": awaited,
        "preview_sha256": file.preview if awaited else None,
        **place,
        "taken_at": taken.at,
    }


def prepared_file(blobs: BlobStore, data: bytes, sent_sha256: str) -> dict[str, Any]:
    """Check one photo, put it on the disk freed of metadata; return its row. Raises Refused for no photo."""
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
