"""What crosses the wire at the doors for devices."""

from __future__ import annotations

from marshmallow import fields

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


class BatchIn(Strict):
    """The multipart form of a batch: the JSON document `batch`, and the files under any names."""

    batch = fields.String(metadata={"description": "JSON: batch_id, sent_at, client, reports[]"})


class FilesOut(Strict):
    """Which files of a report the server holds and which it still waits for, by SHA-256."""

    held = fields.List(fields.String())
    missing = fields.List(fields.String())
    previews = fields.List(fields.String(), metadata={"description": "Only the small picture is here"})


class ReportReceiptOut(Strict):
    """What became of one report: received, known, kept (in quarantine)."""

    id = fields.String(allow_none=True)
    index = fields.Integer()
    state = fields.String()
    case_number = fields.String()
    grid = fields.String()
    police_grid = fields.String()
    files = fields.Nested(FilesOut)
    errors = fields.List(fields.Dict())


class BatchOut(Strict):
    """The receipt of a batch."""

    batch_id = fields.String()
    received_at = fields.String()
    reports = fields.List(fields.Nested(ReportReceiptOut))
    unclaimed = fields.List(fields.Dict(), metadata={"description": "Parts of no report: name, sha256, code"})


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
