"""What crosses the wire about places."""

from __future__ import annotations

from geoalchemy2.shape import to_shape
from marshmallow import ValidationError, fields, validate, validates_schema

from webapp.core.i18n import _
from webapp.core.schema import Finite, Strict, Text
from webapp.places.models import Place
from webapp.places.rules import KIND_TITLES


class PlaceAdd(Strict):
    """A place to be registered; the id is made by the client and makes sending again harmless."""

    id = fields.UUID(required=True)
    name = Text(80, low=1, required=True)
    kind = fields.String(required=True, validate=validate.OneOf(list(KIND_TITLES)))
    lon = Finite(required=True)
    lat = Finite(required=True)
    crs = Text(20, load_default="wgs84")


class PlaceChange(Strict):
    """What may be mended; coordinates come together."""

    name = Text(80, low=1)
    kind = fields.String(validate=validate.OneOf(list(KIND_TITLES)))
    lon = Finite()
    lat = Finite()
    crs = Text(20, load_default="wgs84")

    @validates_schema(skip_on_field_errors=True)
    def _both(self, data: dict[str, object], **_kwargs: object) -> None:
        if ("lon" in data) != ("lat" in data):
            raise ValidationError({"lon" if "lat" in data else "lat": ["Missing data"]})


class PlaceQuery(Strict):
    """How places are looked for: words of the name, or the beginning of the code."""

    q = Text(80, load_default="")
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=200))


class PlaceOut(Strict):
    """A place with the code of its sign; WGS 84."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    kind_title = fields.Function(lambda p: _(KIND_TITLES[p.kind]) if p.kind in KIND_TITLES else p.kind)
    lon = fields.Method("_lon")
    lat = fields.Method("_lat")
    closed_at = fields.AwareDateTime(allow_none=True)

    def _lon(self, place: Place) -> float:
        return float(to_shape(place.geom).coords[0][0])

    def _lat(self, place: Place) -> float:
        return float(to_shape(place.geom).coords[0][1])
