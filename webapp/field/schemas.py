"""What crosses the wire at the doors for devices."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from collectors import pwa
from collectors.records import PLACE_METHODS
from webapp.core.i18n import choose
from webapp.core.messages import message
from webapp.core.schema import Strict, Text
from webapp.field.rules import condition


class QuarantineOut(Strict):
    """An entry of the quarantine; `problems` say why it was kept."""

    id = fields.UUID()
    door = fields.String()
    state = fields.String()
    received_at = fields.AwareDateTime()
    person_id = fields.UUID(allow_none=True)
    case_id = fields.UUID(allow_none=True)
    note = fields.String(allow_none=True)
    files = fields.Dict()
    problems = fields.Function(
        lambda e: [
            {"pointer": p["pointer"], "code": p["code"], "detail": message(p["code"], p["params"])}
            for p in e.problems
        ]
    )


class DiscardIn(Strict):
    """Why an entry is put aside."""

    note = Text(500, low=1, required=True)


class FilesOut(Strict):
    """Which files of a report the server holds and which it still waits for, by SHA-256."""

    held = fields.List(fields.String(), metadata={"description": "On the disk: only these may be deleted"})
    missing = fields.List(fields.String(), metadata={"description": "Neither file nor preview is here"})
    previews = fields.List(
        fields.String(), metadata={"description": "Only the small picture is here: send the file itself"}
    )


class ReportReceiptOut(Strict):
    """What became of one report; `index` is its place in the batch, counted from 0."""

    id = fields.String(allow_none=True)
    index = fields.Integer()
    state = fields.String(
        metadata={
            "enum": ["received", "kept", "conflict"],
            "description": "received: it is a case. kept: it can't be taken as it is and waits for repair at "
            "the station. conflict: its id stands for something else.",
        }
    )
    case_number = fields.String(metadata={"description": "What people call the case; empty unless received"})
    grid = fields.String()
    police_grid = fields.String()
    files = fields.Nested(FilesOut)
    errors = fields.List(fields.Nested(lambda: ReportErrorOut()))


class BatchOut(Strict):
    """The receipt of a batch."""

    batch_id = fields.String()
    received_at = fields.String()
    reports = fields.List(fields.Nested(ReportReceiptOut))
    unclaimed = fields.List(
        fields.Nested(lambda: StrayPartOut()),
        metadata={"description": "Parts of no report; they are kept for the station"},
    )


class StrayPartOut(Strict):
    """A part that no report names (unclaimed_file), or that was damaged on the way (hash_mismatch)."""

    name = fields.String()
    sha256 = fields.String()
    code = fields.String()


class FormFileIn(Strict):
    """An XLSForm as a file part."""

    form = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class StationFormOut(Strict):
    """A version of a station's own form; `state`: draft, published, withdrawn."""

    code = fields.String()
    version = fields.Integer()
    title = fields.Function(lambda c: choose(c.title))
    state = fields.Function(condition)
    questions = fields.Function(lambda c: len(c.questions))


class HandinIn(Strict):
    """A file of waiting reports that a phone saved."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class HandinOut(BatchOut):
    """The receipt of a file of waiting reports, to be loaded back on the phone."""

    author = fields.UUID()


class UploadOut(Strict):
    """How far an upload has come. Only what is `held` may be deleted by the sender.

    `state`: arriving, waiting (complete, no report names it yet), received, kept (no photo; for a look).
    """

    sha256 = fields.String()
    offset = fields.Integer()
    length = fields.Integer()
    held = fields.Boolean()
    state = fields.String()
    cases = fields.List(fields.String())


class PhoneOut(Strict):
    """Who holds the phone, and what its page must know."""

    person = fields.UUID(allow_none=True)
    name = fields.String()
    role = fields.String()
    station = fields.Dict()
    box = fields.List(fields.Float())
    credit = fields.String()
    threshold_m = fields.Float(metadata={"description": "Above this radius a position counts as rough"})
    csrf = fields.String()
    seal = fields.String()


class ReportErrorOut(Strict):
    """One thing wrong with a report: JSON pointer, stable code, a sentence in the sender's language."""

    pointer = fields.String()
    code = fields.String()
    detail = fields.String()


def _text(limit: int, low: int = 0, *, required: bool = False, **said: Any) -> fields.String:
    return fields.String(required=required, validate=validate.Length(min=low, max=limit), metadata=said)


class BatchPlace(Strict):
    """Where it is, as the sender has it; the raw value is kept beside the converted one."""

    lon = fields.Float(required=True, metadata={"description": "Longitude in degrees, or easting in metres"})
    lat = fields.Float(required=True, metadata={"description": "Latitude in degrees, or northing in metres"})
    crs = _text(60, description="wgs84 (default), gcj02, bd09, cgcs2000 or EPSG:n", example="wgs84")
    accuracy_m = fields.Float(
        allow_none=True,
        validate=validate.Range(min=0, max=1_000_000),
        metadata={"description": "Radius of the error circle in metres; null when unknown"},
    )
    method = fields.String(validate=validate.OneOf(PLACE_METHODS), metadata={"default": "gps"})
    address = _text(300)


class BatchTaken(Strict):
    """Where and when a photo was taken, as the sender knows it (phones strip this from the file itself)."""

    at = fields.AwareDateTime(allow_none=True, metadata={"description": "With its offset from UTC"})
    lon = fields.Float(allow_none=True, validate=validate.Range(min=-180, max=180))
    lat = fields.Float(allow_none=True, validate=validate.Range(min=-90, max=90))
    accuracy_m = fields.Float(allow_none=True, validate=validate.Range(min=0, max=1_000_000))


class BatchFile(Strict):
    """A file of the report; its bytes come as a part of the same form, now or with a repetition."""

    sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    name = _text(200)
    media_type = _text(100, example="image/jpeg")
    kind = fields.String(validate=validate.OneOf(pwa.FILE_KINDS), metadata={"default": "photo"})
    size = fields.Integer(
        allow_none=True,
        validate=validate.Range(min=1, max=pwa.FILE_LIMIT),
        metadata={"description": "Bytes of the file itself"},
    )
    preview = fields.String(
        validate=validate.Regexp(r"^[0-9a-f]{64}$"),
        metadata={
            "description": "SHA-256 of a small picture that comes as a part instead, so that the report goes "
            "first; the file itself follows by PATCH /api/v1/uploads/{sha256}"
        },
    )
    taken = fields.Nested(BatchTaken, metadata={"description": "Degrees in WGS 84"})


class BatchReport(Strict):
    """One report. Its `id`, made by the sender, makes sending again harmless: keep it and the rest."""

    id = fields.UUID(required=True)
    class_code = _text(60, 1, required=True, description="A code of GET /api/v1/hazard-classes")
    class_version = _text(40, description="Version of the class's questions; empty: the one in use")
    answers = fields.Dict(
        keys=fields.String(), metadata={"description": "Question to answer: text, number, true or false"}
    )
    place = fields.Nested(BatchPlace, required=True)
    found_at = fields.AwareDateTime(required=True, metadata={"description": "With its offset from UTC"})
    note = _text(pwa.NOTE_LIMIT)
    files = fields.List(fields.Nested(BatchFile), validate=validate.Length(max=pwa.MAX_FILES))


class BatchClient(Strict):
    """Which program sends."""

    name = _text(100)
    version = _text(40)


class BatchDocument(Strict):
    """What is sent: up to 200 reports. A report that can't be read never blocks its siblings."""

    batch_id = fields.UUID(required=True)
    sent_at = fields.AwareDateTime(required=True)
    client = fields.Nested(BatchClient)
    reports = fields.List(
        fields.Nested(BatchReport), required=True, validate=validate.Length(max=pwa.MAX_REPORTS)
    )


class BatchIn(Schema):
    """The multipart form of a batch: the document, and the files as parts under any names."""

    class Meta:
        unknown = INCLUDE

    batch = fields.Nested(BatchDocument, required=True)


_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
BATCH_EXAMPLE: dict[str, Any] = {
    "batch_id": "4f0f5b0e-6d0c-4a53-9b43-2f6e0d1c7a10",
    "sent_at": "2026-11-22T08:31:05+08:00",
    "client": {"name": "example", "version": "1"},
    "reports": [
        {
            "id": "0b9f2a52-1c33-4a0e-8f4e-5d8a6f3f1c77",
            "class_code": "flying_wire",
            "answers": {"building_kind": "multi_storey", "wires": 2, "seen_charging": True},
            "place": {"lon": 112.566, "lat": 37.8635, "crs": "wgs84", "accuracy_m": 8.0, "method": "gps"},
            "found_at": "2026-11-22T08:30:00+08:00",
            "note": "三单元二楼",
            "files": [
                {
                    "sha256": _SHA256,
                    "name": "1.jpg",
                    "media_type": "image/jpeg",
                    "size": 204_800,
                    "taken": {
                        "at": "2026-11-22T08:29:58+08:00",
                        "lon": 112.566,
                        "lat": 37.8635,
                        "accuracy_m": 8.0,
                    },
                }
            ],
        }
    ],
}
RECEIPT_EXAMPLE: dict[str, Any] = {
    "batch_id": "4f0f5b0e-6d0c-4a53-9b43-2f6e0d1c7a10",
    "received_at": "2026-11-22T00:31:06.120482+00:00",
    "reports": [
        {
            "id": "0b9f2a52-1c33-4a0e-8f4e-5d8a6f3f1c77",
            "index": 0,
            "state": "received",
            "case_number": "YZ-2026-000123",
            "grid": "桥东社区第3网格",
            "police_grid": "桥东警格",
            "files": {"held": [_SHA256], "missing": [], "previews": []},
            "errors": [],
        }
    ],
    "unclaimed": [],
}
BATCH_REQUEST: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": BatchIn,
            "encoding": {"batch": {"contentType": "application/json"}},
            "example": {"batch": BATCH_EXAMPLE, "photo": "(the bytes of 1.jpg)"},
        },
        "application/json": {"schema": BatchDocument, "example": BATCH_EXAMPLE},
    },
}
