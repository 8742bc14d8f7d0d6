"""What crosses the wire about exports and imports."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from collectors.register_columns import COLUMNS, READABLE
from collectors.register_files import ENCODINGS, FORMS
from webapp.core.i18n import LANGUAGES, language
from webapp.core.messages import message
from webapp.core.schema import Finite, Strict, Text
from webapp.exchange.models import ImportFile
from webapp.exchange.rules import CRS_TITLES, REASON_LIMIT, REASON_LOW


class WantedIn(Strict):
    """Which rows: the filters of the list of cases; for grids the plan, for patrols the days."""

    state = fields.String(validate=validate.OneOf(["open", "reported", "accepted", "closed"]))
    class_code = Text(60)
    police_grid_id = fields.UUID()
    bbox = fields.List(Finite(), validate=validate.Length(equal=4))
    since = fields.Date(metadata={"description": "First day, China time"})
    until = fields.Date(metadata={"description": "First day that is no longer meant"})
    q = Text(40)
    plan_id = fields.UUID()


class ExportIn(Strict):
    """What to take out, as what, and why; `id` is made by the sender."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(COLUMNS)))
    form = fields.String(load_default="csv", validate=validate.OneOf(FORMS))
    crs = fields.String(load_default="wgs84", validate=validate.OneOf(list(CRS_TITLES)))
    encoding = fields.String(load_default="utf-8", validate=validate.OneOf(ENCODINGS))
    language = fields.String(load_default="zh", validate=validate.OneOf(list(LANGUAGES)))
    wanted = fields.Nested(WantedIn, load_default=dict)
    reason = Text(REASON_LIMIT, low=REASON_LOW, required=True)


class ExportOut(Strict):
    """An export as its log shows it; the file itself only goes to who made it."""

    id = fields.UUID()
    number = fields.String()
    kind = fields.String()
    form = fields.String()
    crs = fields.String()
    wanted = fields.Dict()
    reason = fields.String()
    state = fields.String()
    rows = fields.Integer()
    done_rows = fields.Integer()
    sha256 = fields.String(allow_none=True)
    size = fields.Integer(allow_none=True)
    error = fields.Function(lambda item: message(item.error) if item.error else None)
    person_id = fields.UUID(allow_none=True)
    asked_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
    expires_at = fields.AwareDateTime(allow_none=True)
    url = fields.Function(
        lambda item: f"/api/v1/exchange/exports/{item.id}/file" if item.state == "done" else None
    )


class ImportIn(Strict):
    """How a file is to be read; `id` is made by the sender."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(READABLE))
    source = Text(60, low=1, load_default="import")
    crs = fields.String(load_default="wgs84", validate=validate.OneOf(list(CRS_TITLES)))


class BroughtIn(Strict):
    """The file itself."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class TakeIn(Strict):
    """All rows or none, or the rows without fault."""

    choice = fields.String(load_default="all", validate=validate.OneOf(["all", "good"]))


class ImportOut(Strict):
    """What would become of a file, and what became of it."""

    id = fields.UUID()
    kind = fields.String()
    name = fields.String()
    source = fields.String()
    form = fields.String()
    sha256 = fields.String()
    rows = fields.Integer()
    good = fields.Integer()
    known = fields.Integer()
    state = fields.String()
    result = fields.Dict(allow_none=True)
    faults = fields.Function(lambda item: said(item))
    made_at = fields.AwareDateTime()
    taken_at = fields.AwareDateTime(allow_none=True)


def said(item: ImportFile) -> list[dict[str, Any]]:
    """The faults of an import with their sentences in the present language."""
    headings = {column.name: column.heading(language()) for column in COLUMNS[item.kind]}
    return [
        {
            "pointer": f["pointer"],
            "row": f["pointer"].removeprefix("row ").partition("/")[0],
            "column": headings.get(f["pointer"].partition("/")[2], ""),
            "code": f["code"],
            "detail": message(f["code"], f["params"]),
        }
        for f in item.faults
    ]
