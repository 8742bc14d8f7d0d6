"""What crosses the wire about the duty roster."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from webapp.core.schema import Strict, Text
from webapp.duty.actions import Turn
from webapp.duty.rules import Kind


class RosterQuery(Strict):
    """Which week is wanted: 2026-W48; without one the present."""

    week = fields.String(load_default=None, validate=validate.Regexp(r"2\d{3}-W[0-5]\d\Z", error="bad_week"))


class TurnIn(Strict):
    """A shift at the desk: person, kind, and from when to when."""

    person_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in Kind]))
    since_at = fields.AwareDateTime(required=True)
    until_at = fields.AwareDateTime(required=True)

    @post_load
    def _turn(self, data: dict[str, Any], **_kwargs: Any) -> Any:
        return Turn(**data)


class ShiftIn(TurnIn):
    """A new shift; `id` is made by the sender and makes sending again harmless."""

    id = fields.UUID(required=True)

    @post_load
    def _turn(self, data: dict[str, Any], **_kwargs: Any) -> Any:
        made = data.pop("id")
        return {"id": made, "turn": Turn(**data)}


class AbsenceIn(Strict):
    """Somebody away for a span; without a deputy nobody stands in."""

    id = fields.UUID(required=True)
    person_id = fields.UUID(required=True)
    deputy_id = fields.UUID(load_default=None, allow_none=True)
    since_at = fields.AwareDateTime(required=True)
    until_at = fields.AwareDateTime(required=True)


class RosterIn(Strict):
    """Whether the good rows of a file are taken, or only checked."""

    take = fields.Boolean(load_default=False)


class RosterFile(Strict):
    """A roster as CSV, XLSX or JSON: date, shift, name, from, to."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class SpanOut(Strict):
    """A span of time."""

    since = fields.AwareDateTime()
    until = fields.AwareDateTime()


class AtDeskOut(Strict):
    """Somebody at the desk now."""

    person_id = fields.UUID()
    name = fields.String()
    kind = fields.String()
    until_at = fields.AwareDateTime()


class ShiftOut(Strict):
    """A shift at the desk."""

    id = fields.UUID()
    person_id = fields.UUID()
    name = fields.Function(lambda row: row.person.name if row.person else "")
    kind = fields.String()
    since_at = fields.AwareDateTime()
    until_at = fields.AwareDateTime()
    struck = fields.Function(lambda row: row.struck_at is not None, metadata={"type": "boolean"})


class AbsenceOut(Strict):
    """Somebody away, and who stands in."""

    id = fields.UUID()
    person_id = fields.UUID()
    name = fields.Function(lambda row: row.person.name if row.person else "")
    deputy_id = fields.UUID(allow_none=True)
    deputy = fields.Function(lambda row: row.deputy.name if row.deputy else "")
    since_at = fields.AwareDateTime()
    until_at = fields.AwareDateTime()


class RosterOut(Strict):
    """A week of the roster; `gaps` are times of the night with nobody at the desk: the chief has it then."""

    first = fields.Date()
    desk = fields.List(fields.Nested(AtDeskOut))
    shifts = fields.List(fields.Nested(ShiftOut))
    absences = fields.List(fields.Nested(AbsenceOut))
    gaps = fields.List(fields.Nested(SpanOut))
    overlaps = fields.List(fields.Nested(SpanOut))


class FaultOut(Strict):
    """What is wrong with a row of a file."""

    pointer = fields.String()
    code = fields.String()
    detail = Text()


class TakenOut(Strict):
    """What became of a file."""

    good = fields.Integer()
    added = fields.Integer()
    known = fields.Integer()
    faults = fields.List(fields.Nested(FaultOut))
