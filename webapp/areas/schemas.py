"""What crosses the wire about areas and plans."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.areas.rules import size_warning
from webapp.core.schema import Strict, Text


class LocateQuery(Strict):
    """A place and a time."""

    lon = fields.Float(required=True)
    lat = fields.Float(required=True)
    at = fields.AwareDateTime()
    crs = Text(20, load_default="wgs84")
    accuracy_m = fields.Float(load_default=None, validate=validate.Range(min=0, max=100_000))


class NamedArea(Strict):
    """A grid or police grid by name."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()


class DutyOut(Strict):
    """Somebody who answers for an area."""

    person_id = fields.UUID()
    name = fields.String()
    duty = fields.String()


class LocateOut(Strict):
    """Whose ground a place is."""

    lon = fields.Float()
    lat = fields.Float()
    grid = fields.Nested(NamedArea)
    police_grid = fields.Nested(NamedArea)
    neighbour = fields.Nested(NamedArea, allow_none=True)
    flag = fields.String(allow_none=True)
    plan_id = fields.UUID()
    on_duty = fields.List(fields.Nested(DutyOut))


class GridOut(Strict):
    """A grid of the plan in force."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    households = fields.Integer()
    size_warning = fields.Function(
        lambda g: size_warning(g.households) if g.kind == "basic" else None,
        metadata={
            "type": ["string", "null"],
            "description": "small, large, or null inside 300 to 500 households",
        },
    )
    population = fields.Integer()
    area_m2 = fields.Float()
    police_grid_id = fields.UUID()
    police_grid = fields.String()


class PlanOut(Strict):
    """A plan."""

    id = fields.UUID()
    number = fields.Integer()
    name = fields.String()
    state = fields.String(
        metadata={"description": "draft, in_review, approved, published, withdrawn"},
    )
    valid_from = fields.AwareDateTime(allow_none=True)
    valid_to = fields.AwareDateTime(allow_none=True)
    base_plan_id = fields.UUID(allow_none=True)
    wish_from = fields.AwareDateTime(allow_none=True)
    submitted_at = fields.AwareDateTime(allow_none=True)
    approved_at = fields.AwareDateTime(allow_none=True)
    withdrawn_at = fields.AwareDateTime(allow_none=True)
    begun_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When open cases and postings began to follow"}
    )


class MoveOut(Strict):
    """Ground that changed hands with a plan."""

    area_m2 = fields.Float()
    households = fields.Float()
    from_grid_id = fields.UUID(allow_none=True)
    from_grid = fields.String(allow_none=True)
    from_police_grid = fields.String(allow_none=True)
    to_grid_id = fields.UUID(allow_none=True)
    to_grid = fields.String(allow_none=True)
    to_police_grid = fields.String(allow_none=True)


class HeirOut(Strict):
    """Which grid came out of which."""

    kind = fields.String(metadata={"description": "split or merge"})
    area_share = fields.Float(metadata={"description": "Share of the predecessor's ground, 0 to 1"})
    households = fields.Integer()
    predecessor_id = fields.UUID()
    predecessor_code = fields.String()
    predecessor = fields.String()
    successor_id = fields.UUID()
    successor_code = fields.String()
    successor = fields.String()


class PlanChangeOut(Strict):
    """What a published plan changed against the one before it."""

    moves = fields.List(fields.Nested(MoveOut))
    lineage = fields.List(fields.Nested(HeirOut))


class ImportIn(Strict):
    """How a file of grids is to be read."""

    name = Text(120, low=1, required=True)
    crs = Text(20, load_default=None, allow_none=True)


class ImportFile(Strict):
    """The file: GeoJSON, zipped Shapefile or GeoPackage."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class PublishIn(Strict):
    """When a plan comes into force; nothing means now."""

    valid_from = fields.AwareDateTime(load_default=None, allow_none=True)


class ExportQuery(Strict):
    """The form of an export."""

    format = fields.String(load_default="geojson", validate=validate.OneOf(["geojson", "shp", "gpkg"]))
    crs = Text(20, load_default="wgs84")
