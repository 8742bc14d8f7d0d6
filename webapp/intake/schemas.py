"""What crosses the wire about calls and orders, and about addresses."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from collectors.incidents import FIELDS
from webapp.core.messages import message
from webapp.core.schema import Finite, Page, Strict, Text
from webapp.intake import rules

CRS = ("wgs84", "gcj02", "bd09", "cgcs2000")
CODE = validate.Regexp(r"^[a-z0-9][a-z0-9_-]{0,29}$", error="Must be one of: a-z 0-9 _ -.")


class Keywords(Strict):
    """A class and the words that mean it."""

    class_code = Text(60, low=1, required=True, data_key="class", attribute="class")
    words = fields.List(Text(rules.MAX_WORD), required=True, validate=validate.Length(max=rules.MAX_WORDS))


class SettingsIn(Strict):
    """How the rows of a source are read; `mapping` is field to heading, "" leaves a field out."""

    mapping = fields.Dict(
        keys=fields.String(validate=validate.OneOf(FIELDS)), values=Text(100, allow_none=False)
    )
    time_format = Text(60, low=1)
    zone = Text(60, low=1)
    crs = fields.String(validate=validate.OneOf(CRS))
    default_class = Text(60, low=1)


class SourceIn(SettingsIn):
    """A source, new or changed."""

    code = fields.String(required=True, validate=CODE)
    name = Text(60, low=1, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(tuple(rules.KIND_TITLES)))
    accuracy_m = Finite(validate=validate.Range(min=1, max=5000))
    keywords = fields.List(fields.Nested(Keywords), validate=validate.Length(max=40))
    default_class = Text(60, low=1, load_default=rules.GENERAL_CLASS)


class SourceOut(Strict):
    """A source and how its rows are read."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    mapping = fields.Dict()
    time_format = fields.String()
    zone = fields.String()
    crs = fields.String()
    accuracy_m = fields.Float()
    keywords = fields.List(fields.Dict())
    default_class = fields.String()


class RereadIn(SettingsIn):
    """Another reading of an upload; `save` keeps it for the source."""

    save = fields.Boolean(load_default=False)


class UploadIn(Strict):
    """The form beside a file: the source's code, and the id that the sender gives the upload."""

    source = fields.String(required=True, validate=CODE)
    id = fields.UUID(required=True)


class UploadFile(Strict):
    """The file: CSV, XLSX or JSON."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


def told(problems: list[Any]) -> list[dict[str, str]]:
    """Return kept problems with their sentences."""
    return [
        {"pointer": p["pointer"], "code": p["code"], "detail": message(p["code"], p["params"])}
        for p in problems
    ]


class IntakeUploadOut(Strict):
    """An upload; `counts` are its rows by state."""

    id = fields.UUID()
    source_id = fields.UUID()
    by_id = fields.UUID(allow_none=True)
    name = fields.String()
    sha256 = fields.String()
    size = fields.Integer()
    form = fields.String()
    headings = fields.List(fields.String())
    settings = fields.Dict()
    state = fields.String()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    problems = fields.Function(lambda upload: told(upload.problems))
    sent_at = fields.AwareDateTime()
    taken_at = fields.AwareDateTime(allow_none=True)


class RowOut(Strict):
    """A row: what it said, the class chosen and the word that decided, where it would go, what is wrong."""

    number = fields.Integer()
    ref = fields.String()
    content = fields.Dict()
    found_at = fields.AwareDateTime(allow_none=True)
    class_code = fields.String()
    word = fields.String()
    raw_x = fields.Float(allow_none=True)
    raw_y = fields.Float(allow_none=True)
    raw_crs = fields.String()
    method = fields.String()
    accuracy_m = fields.Float(allow_none=True)
    score = fields.Float(allow_none=True)
    precision = fields.String()
    candidates = fields.List(fields.Dict())
    grid = fields.String()
    police_grid = fields.String()
    place_flag = fields.String(allow_none=True)
    state = fields.String()
    problems = fields.Function(lambda row: told(row.problems))
    case_id = fields.UUID(allow_none=True)
    case_number = fields.String()


class RowsOut(Page):
    """A page of rows; `next` is the line to go on behind."""

    rows = fields.List(fields.Nested(RowOut))


class RowsQuery(Strict):
    """Which rows: of a state, behind a line."""

    state = fields.String(validate=validate.OneOf(tuple(rules.STATE_TITLES)), load_default=None)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2_000_000))
    limit = fields.Integer(load_default=100, validate=validate.Range(min=1, max=500))


class PointIn(Strict):
    """A place that a person points at."""

    lon = Finite(required=True)
    lat = Finite(required=True)
    crs = fields.String(load_default="wgs84", validate=validate.OneOf(CRS))


class CorrectionIn(Strict):
    """What a person decides about a row: its class, its place, one of the candidates, to leave it out."""

    class_code = Text(60, low=1)
    place = fields.Nested(PointIn)
    candidate = fields.Integer(validate=validate.Range(min=0, max=50))
    skip = fields.Boolean()

    @validates_schema
    def _something(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data:
            raise ValidationError("Missing data for required field.", "class_code")


class CallerOut(Strict):
    """Who called."""

    phone = fields.String()
    name = fields.String()


class GeocodeQuery(Strict):
    """An address."""

    q = Text(200, low=2, required=True)


class CandidateOut(Strict):
    """A place that an address may mean, in WGS 84; `score` 0 to 1, `accuracy_m` the radius it lies in."""

    label = fields.String()
    lon = fields.Float()
    lat = fields.Float()
    precision = fields.String()
    accuracy_m = fields.Float()
    score = fields.Float()


class GeocodeOut(Strict):
    """What an address means; `sure` when the first candidate may be taken without asking."""

    sure = fields.Boolean()
    reason = fields.String()
    candidates = fields.List(fields.Nested(CandidateOut))


class AddressesIn(Strict):
    """The form beside a file of addresses: the coordinate system of the file."""

    crs = fields.String(load_default="wgs84", validate=validate.OneOf(CRS))


class AddressesOut(Strict):
    """How many addresses were kept."""

    kept = fields.Integer()
