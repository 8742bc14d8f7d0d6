"""Refusal of polygons and lines that would be costly or meaningless to compute with.

Repairing or uniting a self-crossing ring of a thousand points can take minutes; testing it takes
milliseconds. So everything from outside passes here first.
"""

import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis.errors import ShapeError

Polygonal = Polygon | MultiPolygon
Linear = LineString | MultiLineString

MAX_VERTICES = 10_000
"""Vertices that one geometry may have."""


def require_size(geometry: BaseGeometry, name: str) -> None:
    """Raise ShapeError `too_many_vertices` above MAX_VERTICES vertices; `name` says which geometry."""
    vertices = int(shapely.get_num_coordinates(geometry))
    if vertices > MAX_VERTICES:
        raise ShapeError("too_many_vertices", name=name, vertices=vertices, limit=MAX_VERTICES)


def require_polygonal(geometry: BaseGeometry, name: str) -> None:
    """Raise ShapeError `not_polygonal` unless it is a polygon or multipolygon, or if it is too large."""
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise ShapeError("not_polygonal", name=name, type=geometry.geom_type)
    require_size(geometry, name)


def require_sound(geometry: BaseGeometry, name: str) -> None:
    """Raise ShapeError `not_polygonal`, `too_many_vertices`, `empty` or `invalid` unless it is sound."""
    require_polygonal(geometry, name)
    if geometry.is_empty:
        raise ShapeError("empty", name=name)
    if not geometry.is_valid:
        raise ShapeError("invalid", name=name, reason=str(shapely.is_valid_reason(geometry)))


def require_lines(geometry: BaseGeometry, name: str) -> None:
    """Raise ShapeError `not_linear`, `too_many_vertices` or `invalid` unless it is a sound line."""
    if not isinstance(geometry, LineString | MultiLineString):
        raise ShapeError("not_linear", name=name, type=geometry.geom_type)
    require_size(geometry, name)
    if not geometry.is_valid:
        raise ShapeError("invalid", name=name, reason=str(shapely.is_valid_reason(geometry)))


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """Return the polygons in a geometry of any type; points and lines in it are left out."""
    parts = shapely.get_parts(shapely.get_parts(geometry)).tolist()
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]
