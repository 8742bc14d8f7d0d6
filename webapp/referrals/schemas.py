"""What crosses the wire about attempts, bodies and referrals."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from webapp.core import clock
from webapp.core.i18n import _, choose
from webapp.core.schema import Finite, Strict, Text
from webapp.referrals import rules
from webapp.referrals.actions import Form, Tried
from webapp.referrals.models import Referral

CODE = validate.Regexp(r"[a-z0-9][a-z0-9_-]{0,29}\Z", error="Must be one of: a-z 0-9 _ -.")


class ResultOut(Strict):
    """What an attempt may come to."""

    code = fields.String()
    title = fields.Function(lambda row: choose(row.title))
    reached = fields.Boolean()


class AttemptIn(Strict):
    """An attempt; the id is made by the client and makes sending again harmless."""

    id = fields.UUID(required=True)
    result = Text(30, low=1, required=True)
    at = fields.AwareDateTime(required=True)
    words = Text(1000, load_default="")
    address = Text(200, load_default="")
    lon = Finite(load_default=None, allow_none=True)
    lat = Finite(load_default=None, allow_none=True)
    crs = Text(20, load_default="wgs84")
    accuracy_m = Finite(load_default=None, allow_none=True, validate=validate.Range(min=0, max=100_000))

    @validates_schema(skip_on_field_errors=True)
    def _both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data["lon"] is None) != (data["lat"] is None):
            raise ValidationError({"lat" if data["lat"] is None else "lon": ["Missing data"]})

    @post_load
    def _tried(self, data: dict[str, Any], **_kwargs: Any) -> Tried:
        return Tried(**data)


class AttemptOut(Strict):
    """An attempt with who made it; `person` is null when the reader may not know the name."""

    id = fields.UUID()
    result = fields.String()
    title = fields.Function(lambda row: choose(row.kind_of.title))
    reached = fields.Function(lambda row: row.kind_of.reached)
    at = fields.AwareDateTime()
    words = fields.String()
    address = fields.String()


class AttemptsOut(Strict):
    """The attempts of a case: how many, when the last one was, and each."""

    count = fields.Integer()
    last_at = fields.AwareDateTime(allow_none=True)
    attempts = fields.Function(
        lambda found: [{**AttemptOut().dump(row.Attempt), "person": row.name} for row in found["attempts"]]
    )
    results = fields.List(fields.Nested(ResultOut))
    non_police = fields.Boolean()


class WeekQuery(Strict):
    """The week that a day lies in; this week without one."""

    day = fields.Date(load_default=None, allow_none=True)


class MyAttemptOut(AttemptOut):
    """An attempt of mine with its case."""

    case_number = fields.Function(lambda row: row.case.number if row.case else None)


class BodyIn(Strict):
    """A body of the directory, new or changed."""

    code = fields.String(required=True, validate=CODE)
    name = Text(80, low=1, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(rules.BODY_KINDS)))
    duties = Text(1000, load_default="")
    classes = fields.List(Text(60, low=1), load_default=list, validate=validate.Length(max=60))
    contact = Text(60, load_default="")
    phone = Text(40, load_default="")
    answer_days = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=1, max=rules.MOST_DAYS)
    )


class BodyOut(Strict):
    """A body of the directory."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    kind_title = fields.Function(lambda b: _(rules.BODY_KINDS.get(b.kind, b.kind)))
    duties = fields.String()
    classes = fields.List(fields.String())
    contact = fields.String()
    phone = fields.String()
    answer_days = fields.Integer()
    retired_at = fields.AwareDateTime(allow_none=True)


class BodyQuery(Strict):
    """Which bodies are wanted; those for a class come with those that it names first."""

    class_code = Text(60, load_default="")
    retired = fields.Boolean(load_default=False)


class BodyFile(Strict):
    """The file of a directory."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class BodyImportIn(Strict):
    """Whether the good rows are taken; without it the file is only checked."""

    take = fields.Boolean(load_default=False)


class RowFaultOut(Strict):
    """What is wrong with one row of a file."""

    pointer = fields.String()
    code = fields.String()
    detail = fields.String()


class BodyImportOut(Strict):
    """What a file holds: rows that can be taken, those taken, and every fault by row."""

    good = fields.Integer()
    added = fields.Integer()
    changed = fields.Integer()
    faults = fields.List(fields.Nested(RowFaultOut))


class MarkIn(Strict):
    """Whether a case is a matter of the police's, with the reason."""

    marked = fields.Boolean(required=True)
    words = Text(500, load_default="")


class MarkOut(Strict):
    """Whether a case is marked as not the police's."""

    non_police = fields.Boolean()


class FormIn(Strict):
    """A form of hand-over; no reporter's data unless ticked with a reason."""

    id = fields.UUID(required=True)
    body_id = fields.UUID(required=True)
    facts = Text(2000, low=4, required=True)
    photos = fields.List(fields.Integer(strict=True), load_default=list, validate=validate.Length(max=6))
    with_reporter = fields.Boolean(load_default=False)
    reporter = Text(200, load_default="")
    reason = Text(500, load_default="")

    @post_load
    def _form(self, data: dict[str, Any], **_kwargs: Any) -> Form:
        return Form(**{**data, "photos": tuple(dict.fromkeys(data["photos"]))})


class DeliverIn(Strict):
    """How, to whom and when a form was delivered."""

    how = fields.String(required=True, validate=validate.OneOf(list(rules.WAYS)))
    to = Text(60, low=1, required=True)
    at = fields.AwareDateTime(load_default=None, allow_none=True)


class ReceiptIn(Strict):
    """The receipt of a body; its scan comes as file `photo`."""

    number = Text(60, low=1, required=True)
    on = fields.Date(required=True)


class AnswerIn(Strict):
    """The answer of a body; a picture comes as file `photo`."""

    answer = fields.String(required=True, validate=validate.OneOf(list(rules.ANSWERS)))
    words = Text(2000, low=2, required=True)


class RecallIn(Strict):
    """Why a case is taken back."""

    words = Text(500, low=2, required=True)


class ScanIn(Strict):
    """A picture that may be missing."""

    photo = fields.Raw(metadata={"type": "string", "format": "binary"})


class ReferralOut(Strict):
    """A referral: where it stands, what came back, and until when an answer is due."""

    id = fields.UUID()
    number = fields.String()
    case_id = fields.UUID()
    body = fields.Nested(BodyOut)
    state = fields.String()
    state_title = fields.Function(lambda r: _(rules.STATE_TITLES[r.state]))
    group = fields.Function(lambda r: rules.group(r.state, r.answered_at, r.due_at, clock.now()))
    late = fields.Function(lambda r: rules.is_late(r.state, r.answered_at, r.due_at, clock.now()))
    facts = fields.String()
    photos = fields.List(fields.Integer())
    with_reporter = fields.Function(lambda r: bool(r.reporter))
    made_at = fields.AwareDateTime()
    delivered_at = fields.AwareDateTime(allow_none=True)
    delivered_how = fields.Function(lambda r: _(rules.WAYS[r.delivered_how]) if r.delivered_how else None)
    delivered_to = fields.String(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    receipt_number = fields.String(allow_none=True)
    receipt_on = fields.Date(allow_none=True)
    receipt_url = fields.Function(lambda r: _scan(r, "receipt", r.receipt_sha256))
    answer = fields.String(allow_none=True)
    answer_title = fields.Function(lambda r: _(rules.ANSWERS[r.answer]) if r.answer else None)
    answer_words = fields.String(allow_none=True)
    answer_url = fields.Function(lambda r: _scan(r, "answer", r.answer_sha256))
    answered_at = fields.AwareDateTime(allow_none=True)
    recall_words = fields.String(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    revision = fields.Integer()
    form_url = fields.Function(lambda r: f"/referrals/{r.number}/form")


def _scan(referral: Referral, which: str, sha: str | None) -> str | None:
    return f"/api/v1/referrals/{referral.id}/scans/{which}" if sha else None


class CaseReferralsOut(Strict):
    """The referrals of a case, the steps that the reader may take next, and the bodies for it."""

    referrals = fields.List(fields.Nested(ReferralOut))
    steps = fields.List(fields.String())
    may_prepare = fields.Boolean()
    bodies = fields.List(fields.Nested(BodyOut))


class ListQuery(Strict):
    """Which group of referrals is wanted; those that have not ended without one."""

    group = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(list(rules.GROUPS)))


class ReferralRowOut(ReferralOut):
    """A referral of the list, with its case."""

    case_number = fields.Function(lambda r: r.case.number if r.case else None)


class ReferralsOut(Strict):
    """Referrals with the counts of all groups."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    referrals = fields.List(fields.Nested(ReferralRowOut))


class SpanQuery(Strict):
    """The days that figures are wanted of; the last twelve months without any."""

    since = fields.Date(load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)


class FiguresOut(Strict):
    """Referrals per body and month, and cases that were not the police's per month."""

    bodies = fields.List(fields.Dict())
    non_police = fields.List(fields.Dict())
