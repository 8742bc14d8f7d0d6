"""What crosses the wire about persons and devices."""

from marshmallow import fields, validate

from webapp.core.schema import Strict, Text
from webapp.people.rules import CARDS_AT_ONCE


class DeviceIn(Strict):
    """A device to be added; the id is made by the client."""

    id = fields.UUID(required=True)
    label = Text(80, low=1, required=True)
    scope = fields.String(load_default="submit", validate=validate.OneOf(["submit", "all"]))


class DeviceOut(Strict):
    """A device; its token is told once, when it is added."""

    id = fields.UUID()
    label = fields.String()
    created_at = fields.AwareDateTime()
    token = fields.String()


class MeOut(Strict):
    """Who asks."""

    person_id = fields.UUID()
    username = fields.String()
    role = fields.String()
    station = fields.Dict()
    police_grids = fields.List(fields.UUID())
    grids = fields.List(fields.UUID())


class InvitationOut(Strict):
    """A one-time link for another phone, also as a QR."""

    url = fields.String()
    qr_svg = fields.String()


class CardsIn(Strict):
    """For whom cards are to be printed."""

    person_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=CARDS_AT_ONCE))


class CardOut(Strict):
    """One card: the link is told here once, and the card before it no longer works."""

    person_id = fields.UUID()
    name = fields.String()
    url = fields.String()
    qr_svg = fields.String()
    expires_at = fields.AwareDateTime()
