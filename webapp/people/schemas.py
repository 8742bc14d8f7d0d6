"""What crosses the wire about persons and devices."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from webapp.core.i18n import _
from webapp.core.schema import Finite, Strict, Text
from webapp.people.rules import (
    CARDS_AT_ONCE,
    LOOSEST_M,
    MOST_HOUSEHOLDS,
    REASON_TITLES,
    STRICTEST_M,
    UNSATISFIED,
)


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


class FormAppIn(Strict):
    """A form app on a phone to be set up; the id is made by the client."""

    id = fields.UUID(required=True)
    label = Text(80, low=1, required=True)


class FormAppOut(Strict):
    """How a form app finds us: the server's address with its token, and the app's settings, also as a QR."""

    url = fields.String()
    settings = fields.String()
    qr_svg = fields.String()


class PointsQuery(Strict):
    """Whose points; `everybody` shows the whole station to its chief, and only the own to others."""

    everybody = fields.Boolean(load_default=False)


class PointOut(Strict):
    """Points that were earned, and what for."""

    person_id = fields.UUID(attribute="entry.person_id")
    person = fields.String(allow_none=True)
    points = fields.Integer(attribute="entry.points")
    reason = fields.String(attribute="entry.reason")
    reason_title = fields.Method("_title")
    case_id = fields.UUID(attribute="entry.case_id", allow_none=True)
    at = fields.AwareDateTime(attribute="entry.at")

    def _title(self, row: dict[str, Any]) -> str:
        title = REASON_TITLES[row["entry"].reason]
        return _(title)


class PointsOut(Strict):
    """The sum of all points, and the newest entries."""

    total = fields.Integer()
    entries = fields.List(fields.Nested(PointOut))


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


class StrangersIn(Strict):
    """What people without an account may do by Open311."""

    report = fields.Boolean(metadata={"description": "Send reports of public classes"})
    read = fields.Boolean(metadata={"description": "See the public list: no words, no photo, about 100 m"})


class HouseholdsIn(Strict):
    """How many households a grid should have."""

    low = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MOST_HOUSEHOLDS))
    high = fields.Integer(required=True, strict=True, validate=validate.Range(min=2, max=MOST_HOUSEHOLDS))

    @validates_schema
    def _ordered(self, data: dict[str, int], **_kwargs: object) -> None:
        if data["low"] >= data["high"]:
            raise ValidationError("low must be below high", "high")


class StationSettings(Strict):
    """What the station allows. In a change, what is not named stays as it is."""

    open311 = fields.Nested(StrangersIn)
    gps_threshold_m = Finite(
        validate=validate.Range(min=STRICTEST_M, max=LOOSEST_M),
        metadata={"description": "Radius in metres above which a phone's position counts as rough"},
    )
    strict_end = fields.Boolean(
        metadata={
            "description": "Hazards end only after a second person's look and what their class asks for"
        }
    )
    unsatisfied = fields.String(
        validate=validate.OneOf(UNSATISFIED),
        metadata={"description": "What follows when a resident says that a closed case is not settled"},
    )
    plan_approval = fields.Boolean(
        metadata={"description": "A plan of grids needs a second person's approval before it is published"}
    )
    grid_households = fields.Nested(
        HouseholdsIn, metadata={"description": "Households that a grid should have"}
    )
