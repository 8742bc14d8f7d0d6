"""What crosses the wire at the doors for devices."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from collectors import pwa
from collectors.open311 import Wanted
from collectors.records import PLACE_METHODS
from webapp.cases.rules import OPEN_STATES, STATE_TITLES, State
from webapp.core import clock
from webapp.core.i18n import _, choose
from webapp.core.messages import message
from webapp.core.schema import Strict, Text
from webapp.field.queries import Seen


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

    held = fields.List(fields.String())
    missing = fields.List(fields.String())


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


class Open311ContactOut(Strict):
    """How to reach the sender of an Open311 report, and the fields that the standard does not know."""

    case_id = fields.UUID()
    contact = fields.Dict(keys=fields.String(), values=fields.String())
    other = fields.Dict(keys=fields.String(), values=fields.String())
    device_id = fields.String()
    account_id = fields.String()
    received_at = fields.AwareDateTime()


def request_said(item: Seen, base: str) -> dict[str, Any]:
    """Return a case as a GeoReport request; `base` is the service's own address, for the photo's."""
    state = _(STATE_TITLES[State(item.state)])
    return {
        "service_request_id": item.number,
        "status": _status(item.state),
        "status_notes": f"{state}: {item.closing_note}" if item.closing_note else state,
        "service_name": choose(item.title),
        "service_code": item.class_code,
        "description": item.description,
        "agency_responsible": item.agency,
        "service_notice": _("To be handled within %(hours)s hours.", hours=item.limit_h),
        "requested_datetime": _time(item.reported_at),
        "updated_datetime": _time(item.closed_at or item.accepted_at or item.reported_at),
        "expected_datetime": _time(item.due_at),
        "address": item.address,
        "address_id": None,
        "zipcode": None,
        "lat": item.lat,
        "long": item.lon,
        "media_url": f"{base}/api/v1/attachments/{item.photo}" if item.photo else None,
    }


def updates_said(item: Seen, span: Wanted) -> list[dict[str, Any]]:
    """Return the changes of a case that fall into the span; all of them when it was asked for by its id."""
    moments = {
        State.REPORTED: item.reported_at,
        State.ACCEPTED: item.accepted_at,
        State.CLOSED: item.closed_at,
    }
    return [
        {
            "update_id": f"{item.number}-{state}",
            "service_request_id": item.number,
            "status": _status(state),
            "updated_datetime": _time(at),
            "description": (state == State.CLOSED and item.closing_note) or _(STATE_TITLES[state]),
            "media_url": None,
        }
        for state, at in moments.items()
        if at is not None and (span.ids or span.within(at))
    ]


def _status(state: str) -> str:
    return "open" if state in OPEN_STATES else "closed"


def _time(at: datetime | None) -> str | None:
    return at.astimezone(clock.SHOWN).isoformat(timespec="seconds") if at else None


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


class BatchFile(Strict):
    """A file of the report; its bytes come as a part of the same form, now or with a repetition."""

    sha256 = fields.String(required=True, validate=validate.Regexp(r"^[0-9a-f]{64}$"))
    name = _text(200)
    media_type = _text(100, example="image/jpeg")
    kind = fields.String(validate=validate.OneOf(pwa.FILE_KINDS), metadata={"default": "photo"})


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
            "files": [{"sha256": _SHA256, "name": "1.jpg", "media_type": "image/jpeg"}],
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
            "files": {"held": [_SHA256], "missing": []},
            "errors": [],
        }
    ],
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
