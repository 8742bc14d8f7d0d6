"""The parent of all wire schemas: strict about unknown fields, careful with text."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from webapp.core.errors import Problem

# NUL breaks the database's text; bidirectional controls let a text show other than it is.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# marshmallow says what is wrong in English sentences only; these are the ones its fields and validators make.
_SAID = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"Missing data|Field may not be null", "field_required"),
        (r"Unknown field", "field_unknown"),
        (r"Not a valid UUID", "bad_uuid"),
        (r"Special numeric values", "not_finite"),
        (r"Not a valid number|Number too large", "not_number"),
        (r"Not a valid integer", "not_integer"),
        (r"Not a valid string", "not_text"),
        (r"Not a valid utf-8", "bad_utf8"),
        (r"Not a valid boolean", "not_boolean"),
        (r"Not a valid (aware |naive )?(datetime|time)", "bad_time"),
        (r"Not a valid date", "not_date"),
        (r"Not a valid list", "not_list"),
        (r"Not a valid mapping|Invalid input type", "not_object"),
        (r"Shorter than minimum length (?P<limit>\d+)", "too_short"),
        (r"Longer than maximum length (?P<limit>\d+)", "too_long"),
        (r"Length must be between (?P<low>\d+) and (?P<high>\d+)", "text_length"),
        (
            r"Must be greater than or equal to (?P<low>\S+) and less than or equal to (?P<high>[^.]+)",
            "number_range",
        ),
        (r"Must be one of: (?P<allowed>.*)\.", "not_allowed"),
        (r"Control characters", "bad_text"),
        (r"Expected text, a number", "bad_answer"),
        (r"bad_hash", "bad_hash"),
    )
)


def problem_said(text: str, pointer: str) -> Problem:
    """Return the problem that one of marshmallow's sentences means, with its figures as parameters."""
    for pattern, code in _SAID:
        found = pattern.match(text)
        if found:
            return Problem(pointer, code, found.groupdict())
    return Problem(pointer, "field_wrong", {"reason": text})


class Strict(Schema):
    """Refuses fields that it does not know."""

    class Meta:
        unknown = RAISE
        ordered = True


class Text(fields.String):
    """Text of at most `limit` characters, NFC, without control characters."""

    def __init__(self, limit: int = 500, low: int = 0, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=low, max=limit), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text is None or FORBIDDEN.search(text):
            raise ValidationError("Control characters are not allowed.")
        return unicodedata.normalize("NFC", text)


class Finite(fields.Float):
    """A finite number; no text, no NaN, no true or false."""

    def _validated(self, value: Any) -> Any:
        if isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class ProblemSchema(Schema):
    """RFC 9457 problem details."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    errors = fields.List(fields.Dict(keys=fields.String(), values=fields.String()))
    request_id = fields.String()
    collided = fields.List(
        fields.Dict(),
        metadata={
            "description": "With `code` draft_collision: operation, line, node or grid, by, at, seq, theirs"
        },
    )
    at = fields.Dict(
        metadata={"description": "With a refused border: what and where it is (point: lon, lat)"}
    )
    revision = fields.Integer(metadata={"description": "With `code` revision: the present one"})
    since = fields.List(fields.String(), metadata={"description": "What happened since the revision sent"})


class Page(Schema):
    """Parent of lists: the cursor of the next page, null at the end."""

    next = fields.String(allow_none=True)
