"""What crosses the wire about residents: the form that they send, and what officers are told."""

from __future__ import annotations

from typing import Any

from marshmallow import EXCLUDE, fields, validate

from webapp.core.schema import Strict, Text
from webapp.residents.rules import CONTACT_LIMITS, NOTE_LIMIT


class ReportForm(Strict):
    """The residents' form, as a browser sends it: everything is text, most of it may be empty."""

    class Meta:
        unknown = EXCLUDE

    form = fields.UUID(required=True)
    note = Text(NOTE_LIMIT, load_default="")
    address = Text(200, load_default="")
    place = Text(20, load_default="")
    grid = fields.UUID(load_default=None, allow_none=True)
    lon = fields.Float(load_default=None, allow_none=True)
    lat = fields.Float(load_default=None, allow_none=True)
    accuracy_m = fields.Float(load_default=None, allow_none=True, validate=validate.Range(min=0, max=100_000))
    name = Text(CONTACT_LIMITS["name"], load_default="")
    phone = Text(CONTACT_LIMITS["phone"], load_default="")
    consent = fields.Boolean(load_default=False)
    website = fields.String(load_default="")
    challenge = fields.String(load_default="")
    work = fields.String(load_default="")
    answer = fields.String(load_default="")


class NoteForm(Strict):
    """Words that a resident adds; the id makes sending again harmless."""

    class Meta:
        unknown = EXCLUDE

    form = fields.UUID(required=True)
    note = Text(NOTE_LIMIT, low=1, required=True)


class JudgementForm(Strict):
    """Whether the resident finds the matter settled, with a word about it."""

    class Meta:
        unknown = EXCLUDE

    form = fields.UUID(required=True)
    satisfied = fields.Boolean(required=True)
    note = Text(NOTE_LIMIT, load_default="")


class SentOut(Strict):
    """What a script of the residents' page is told after sending."""

    number = fields.String()
    track = fields.String()


class ChallengeOut(Strict):
    """A fresh challenge, with the plain question for who can't compute."""

    challenge = fields.String()
    bits = fields.Integer()
    question = fields.String()


class ResidentNoteOut(Strict):
    """Words of the resident after the report."""

    at = fields.AwareDateTime()
    note = fields.String()
    satisfied = fields.Boolean(allow_none=True)


class ResidentOut(Strict):
    """What the handler sees of the resident's side; contact data are apart, and reading them is logged."""

    contact = fields.Boolean()
    notes = fields.List(fields.Nested(ResidentNoteOut))


class ContactOut(Strict):
    """How to reach the resident."""

    name = fields.String()
    phone = fields.String()
    keep_until = fields.AwareDateTime()


def plain_form(said: Any) -> dict[str, Any]:
    """Return a form's filled fields, without those that were left empty."""
    return {name: value.strip() for name, value in said.items() if value.strip()}
