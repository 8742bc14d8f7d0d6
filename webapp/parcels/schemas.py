"""What crosses the wire about partners and packages."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.core.messages import message
from webapp.core.schema import Strict, Text
from webapp.parcels.rules import CONTENTS, grouped


class PartnerIn(Strict):
    """Another installation by its public key."""

    id = fields.UUID(required=True)
    name = Text(100, low=1, required=True)
    public_key = Text(200, low=64, required=True)


class PartnerOut(Strict):
    """A partner; the fingerprint is what two people compare by telephone."""

    id = fields.UUID()
    name = fields.String()
    public_key = fields.String()
    fingerprint = fields.Function(lambda item: grouped(item.fingerprint))
    added_at = fields.AwareDateTime()
    revoked_at = fields.AwareDateTime(allow_none=True)


class PackIn(Strict):
    """What to pack: kinds of contents, and the days on which it was reported (China time)."""

    id = fields.UUID(required=True)
    contents = fields.List(
        fields.String(validate=validate.OneOf(CONTENTS)), required=True, validate=validate.Length(min=1)
    )
    since = fields.Date(load_default=None, allow_none=True)
    until = fields.Date(load_default=None, allow_none=True)


class PackageFileIn(Strict):
    """A package that was carried here."""

    package = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class ParcelOut(Strict):
    """A package that left or came."""

    id = fields.UUID()
    package_id = fields.UUID()
    direction = fields.String()
    name = fields.String()
    state = fields.String()
    sha256 = fields.String()
    counts = fields.Dict()
    problem = fields.Function(lambda item: message(item.problem["code"]) if item.problem else None)
    made_at = fields.AwareDateTime()
    settled_at = fields.AwareDateTime(allow_none=True)
    url = fields.Function(lambda item: f"/api/v1/packages/{item.id}/file")
    answer_url = fields.Function(
        lambda item: f"/api/v1/packages/{item.id}/answer" if item.answer_sha256 else None
    )
