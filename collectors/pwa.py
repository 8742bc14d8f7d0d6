"""The phone page's batch: reports with their files in, a receipt out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from collectors import json_in
from collectors.crs import crs_name
from collectors.members import Members
from collectors.records import PLACE_METHODS, Attachment, Place, Problem, Refused, Report, Taken
from gis import coords
from gis.errors import CoordinateError

MAX_REPORTS = 200
MAX_FILES = 20
MAX_ANSWERS = 100
BODY_LIMIT = 1_000_000
NOTE_LIMIT = 2_000
FILE_LIMIT = 100_000_000
FILE_KINDS = ("photo", "before", "after", "document")


@dataclass(frozen=True, slots=True)
class RefusedReport:
    """A report that could not be read, with its JSON (re-encoded, values unchanged) for quarantine.

    `id` is None when the report names no valid one; `files` are the parts that it names.
    """

    index: int
    id: UUID | None
    raw: bytes = field(repr=False)
    refused: Refused
    files: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request of the phone page carried; the good reports beside the refused ones.

    `missing` are files named by a good report and not in the request: the phone may send them with a
    repeated batch. `bad_files` are (part name, problem hash_mismatch, bytes): damaged on the way.
    `unclaimed` are names of parts that no report mentions. `indexes` tell where each good report stood
    among all that were sent.
    """

    batch_id: UUID
    sent_at: datetime
    client: Mapping[str, str]
    reports: tuple[Report, ...]
    refused: tuple[RefusedReport, ...]
    missing: tuple[tuple[UUID, Attachment], ...]
    bad_files: tuple[tuple[str, Problem, bytes], ...]
    unclaimed: tuple[str, ...]
    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReportReceipt:
    """What became of one report. `state`: received, kept (in quarantine, for repair) or conflict.

    `held` are the SHA-256 of the files that the server has on disk: the phone may delete only these.
    `previews` are files of which only the small picture is here: the phone sends the original by an upload.
    """

    id: UUID | None
    index: int
    state: str
    case_number: str = ""
    grid: str = ""
    police_grid: str = ""
    held: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StrayPart:
    """A part of no report: none names it, or it was damaged on the way. It is kept apart."""

    name: str
    sha256: str
    code: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a batch; equal batches get equal receipts. `unclaimed` are parts of no report."""

    batch_id: UUID
    received_at: datetime
    reports: tuple[ReportReceipt, ...]
    unclaimed: tuple[StrayPart, ...] = ()


def decode(body: bytes, parts: Mapping[str, bytes]) -> Batch:
    """Read a batch document and its multipart parts (part name -> bytes).

    A bad report never blocks its siblings: it goes to `Batch.refused`. Raises Refused only when the
    envelope itself cannot be read (bad_json, bad_utf8, too_large, missing, not_list, too_many, ...).
    """
    document = Members(json_in.parsed(body, limit=BODY_LIMIT))
    batch_id, sent_at = document.uuid("batch_id"), document.time("sent_at")
    client = _client(document)
    raw_reports = document.items("reports", limit=MAX_REPORTS)
    document.close()
    document.finish()
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in parts.items()}
    content = {hashes[name]: data for name, data in parts.items()}
    reports, indexes, refused = _sorted_reports(raw_reports, content)
    named = [a for r in reports for a in r.attachments] + [a for r in refused for a in r.files]
    bad = _damaged(named, parts, hashes)
    taken = {sha for a in named for sha in (a.sha256, a.preview)}
    return Batch(
        batch_id=batch_id,
        sent_at=sent_at,
        client=client,
        reports=tuple(reports),
        refused=tuple(refused),
        missing=tuple((r.id, a) for r in reports for a in r.attachments if a.data is None),
        bad_files=tuple((name, problem, parts[name]) for name, problem in bad.items()),
        unclaimed=tuple(name for name in parts if hashes[name] not in taken and name not in bad),
        indexes=tuple(indexes),
    )


def encode(receipt: Receipt) -> dict[str, Any]:
    """The receipt as the JSON object that the phone page expects; times in ISO 8601 UTC."""
    return {
        "batch_id": str(receipt.batch_id),
        "received_at": receipt.received_at.isoformat(),
        "reports": [_encoded(report) for report in receipt.reports],
        "unclaimed": [
            {"name": part.name, "sha256": part.sha256, "code": part.code} for part in receipt.unclaimed
        ],
    }


def _encoded(report: ReportReceipt) -> dict[str, Any]:
    return {
        "id": None if report.id is None else str(report.id),
        "index": report.index,
        "state": report.state,
        "case_number": report.case_number,
        "grid": report.grid,
        "police_grid": report.police_grid,
        "files": {
            "held": list(report.held),
            "missing": list(report.missing),
            "previews": list(report.previews),
        },
        "errors": [{"pointer": p.pointer, "code": p.code, "detail": p.detail} for p in report.problems],
    }


def _client(document: Members) -> dict[str, str]:
    client = document.below("client", required=False)
    found = {
        "name": client.text("name", limit=100, required=False),
        "version": client.text("version", limit=40, required=False),
    }
    client.close()
    json_in.check_text(found, "/client")
    return found


def _sorted_reports(
    raw_reports: list[Any], content: Mapping[str, bytes]
) -> tuple[list[Report], list[int], list[RefusedReport]]:
    good: dict[UUID, tuple[Report, Any, int]] = {}
    refused: list[RefusedReport] = []
    for index, raw in enumerate(raw_reports):
        pointer = f"/reports/{index}"
        try:
            report = _report(raw, pointer, content)
            if report.id not in good:
                good[report.id] = (report, raw, index)
            elif good[report.id][1] != raw:
                raise Refused.because("duplicate_id", "two different reports with one id", f"{pointer}/id")
        except Refused as problem:
            refused.append(_kept(index, raw, problem, content))
    return [report for report, _, _ in good.values()], [index for _, _, index in good.values()], refused


def _kept(index: int, raw: Any, refused: Refused, content: Mapping[str, bytes]) -> RefusedReport:
    """A refused report with what can be saved of it: bytes, id, and files whose entries are readable."""
    members = Members(raw)
    found = members.uuid("id")
    files = _readable_files(members, content)
    has_id = not any(p.pointer in ("", "/id") for p in members.problems)
    return RefusedReport(index, found if has_id else None, orjson.dumps(raw), refused, files)


def _readable_files(members: Members, content: Mapping[str, bytes]) -> tuple[Attachment, ...]:
    files = []
    for item in members.items("files", limit=MAX_FILES, required=False):
        try:
            entry = Members(item)
            attachment = _attachment(entry, content)
            entry.finish()
            json_in.check_text([attachment.name, attachment.media_type])
            files.append(attachment)
        except Refused:
            continue
    return tuple(files)


def kept_files(body: bytes, content: Mapping[str, bytes]) -> tuple[Attachment, ...]:
    """Return the files that a kept report names, as far as they can be read; none when it can't be.

    `content` are the bytes that came with it, by SHA-256: a file of which only the preview came has that one.
    """
    try:
        return _readable_files(Members(json_in.parsed(body, limit=BODY_LIMIT)), content)
    except Refused:
        return ()


def _report(raw: Any, pointer: str, content: Mapping[str, bytes]) -> Report:
    members = Members(raw, pointer)
    json_in.check_text(raw, pointer)
    report = Report(
        id=members.uuid("id"),
        class_code=members.text("class_code", limit=60),
        class_version=members.text("class_version", limit=40, required=False) or None,
        answers=_answers(members),
        place=_place(members.below("place")),
        found_at=members.time("found_at"),
        note=members.text("note", limit=NOTE_LIMIT, required=False),
    )
    raw_files = members.items("files", limit=MAX_FILES, required=False)
    entries = [Members(item, f"{pointer}/files/{i}", members.problems) for i, item in enumerate(raw_files)]
    files = {a.sha256: a for a in (_attachment(entry, content) for entry in entries)}
    members.close()
    members.finish()
    return replace(report, attachments=tuple(files.values()))


def _place(members: Members) -> Place:
    # Projected metres stay below 5e7 even with the zone number in front of the easting.
    lon = members.number("lon", low=-5e7, high=5e7)
    lat = members.number("lat", low=-5e7, high=5e7)
    crs_text = members.text("crs", limit=60, required=False) or "wgs84"
    try:
        crs = crs_name(crs_text)
        if lon is not None and lat is not None:
            _check_position(members, lon, lat, crs)
    except CoordinateError as error:
        crs = "wgs84"
        members.note(error.code, "crs" if error.code == "unknown_crs" else "lon", str(error), **error.params)
    place = Place(
        lon=lon or 0.0,
        lat=lat or 0.0,
        crs=crs,
        accuracy_m=members.number("accuracy_m", low=0, high=1e6, required=False),
        method=members.choice("method", PLACE_METHODS, default="gps"),
        address=members.text("address", limit=300, required=False),
    )
    members.close()
    return place


def _check_position(members: Members, lon: float, lat: float, crs: str) -> None:
    """Note swapped axes; raise CoordinateError when the system has no such position."""
    if coords.looks_swapped(lon, lat):
        members.note("swapped_axes", "lon", "longitude and latitude look swapped", lon=lat, lat=lon)
    else:
        coords.to_wgs84(lon, lat, crs)


def _answers(members: Members) -> dict[str, Any]:
    answers = members.take("answers", required=False)
    if answers is None:
        return {}
    if not isinstance(answers, dict):
        members.note("not_object", "answers", "an object is wanted")
        return {}
    if len(answers) > MAX_ANSWERS:
        members.note("too_many", "answers", "too many answers", limit=MAX_ANSWERS, count=len(answers))
        return {}
    for key, value in answers.items():
        if not _is_answer(value):
            where = f"{members.pointer}/answers/{json_in.escaped(key)}"
            detail = "wanted: text, number, true/false or a list of texts"
            members.problems.append(Problem("bad_answer", where, detail))
    return answers


def _is_answer(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= MAX_ANSWERS and all(isinstance(v, str) and len(v) <= NOTE_LIMIT for v in value)
    if isinstance(value, str):
        return len(value) <= NOTE_LIMIT
    return value is None or isinstance(value, bool | int | float)


def _attachment(members: Members, content: Mapping[str, bytes]) -> Attachment:
    sha256 = members.sha256("sha256")
    preview = members.sha256("preview", required=False)
    size = members.number("size", low=1, high=FILE_LIMIT, required=False)
    attachment = Attachment(
        name=members.text("name", limit=200, required=False),
        media_type=members.text("media_type", limit=100, required=False),
        sha256=sha256,
        kind=members.choice("kind", FILE_KINDS, default="photo"),
        data=content.get(sha256),
        size=None if size is None else int(size),
        preview=preview,
        preview_data=content.get(preview) if preview else None,
        taken=_taken(members.below("taken", required=False)),
    )
    members.close()
    return attachment


def _taken(members: Members) -> Taken:
    found = Taken(
        at=members.time("at") if members.has("at") else None,
        lon=members.number("lon", low=-180, high=180, required=False),
        lat=members.number("lat", low=-90, high=90, required=False),
        accuracy_m=members.number("accuracy_m", low=0, high=1e6, required=False),
    )
    members.take("at", required=False)
    members.close()
    return found


def _damaged(
    named: list[Attachment], parts: Mapping[str, bytes], hashes: Mapping[str, str]
) -> dict[str, Problem]:
    """Parts that call themselves like a file whose content has not arrived, by part name."""
    bad: dict[str, Problem] = {}
    wanted = {sha for a in named for sha in (a.sha256, a.preview)}
    absent: list[tuple[str, tuple[str, ...]]] = [
        (a.sha256, (a.sha256, a.name)) for a in named if a.data is None
    ]
    absent += [(a.preview, (a.preview,)) for a in named if a.preview and a.preview_data is None]
    for sha256, names in absent:
        for part in names:
            if part in parts and hashes[part] not in wanted:
                params = {"wanted": sha256, "found": hashes[part]}
                bad[part] = Problem("hash_mismatch", part, "the file was damaged on the way", params)
    return bad


def document(report: Report) -> bytes:
    """Return a report as the JSON that the phone page sends, to keep one that was readable but refused."""
    place = report.place
    said = {
        "id": report.id,
        "class_code": report.class_code,
        "class_version": report.class_version,
        "answers": dict(report.answers),
        "place": {
            "lon": place.lon,
            "lat": place.lat,
            "crs": place.crs,
            "accuracy_m": place.accuracy_m,
            "method": place.method,
            "address": place.address,
        },
        "found_at": report.found_at,
        "note": report.note,
        "files": [_file_said(a) for a in report.attachments],
    }
    return orjson.dumps(said)


def _file_said(file: Attachment) -> dict[str, Any]:
    said: dict[str, Any] = {
        "sha256": file.sha256,
        "name": file.name,
        "media_type": file.media_type,
        "kind": file.kind,
    }
    if file.size is not None:
        said["size"] = file.size
    if file.preview:
        said["preview"] = file.preview
    taken = {name: getattr(file.taken, name) for name in ("at", "lon", "lat", "accuracy_m")}
    if any(value is not None for value in taken.values()):
        said["taken"] = taken
    return said
