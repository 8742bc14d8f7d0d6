"""Faces of the planar network that lines, or lines and the outline of a ground, form together."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from gis.errors import ShapeError
from gis.soundness import Linear, Polygonal, polygons_of, require_lines, require_sound

MAX_LINES = 100_000


def faces(lines: Sequence[Linear], ground: Polygonal) -> list[Polygon]:
    """Return the faces that lines (roads, rivers) cut a ground into; together they cover it exactly.

    All in WGS 84 degrees, order from west to east and south to north by bounding box. Lines that end
    blind, and what lies outside the ground, leave no trace. Raises ShapeError `too_many_lines` and those
    of `require_lines` and `require_sound`.
    """
    require_sound(ground, "ground")
    if len(lines) > MAX_LINES:
        raise ShapeError("too_many_lines", count=len(lines), limit=MAX_LINES)
    for number, line in enumerate(lines):
        require_lines(line, f"line {number}")
    shapely.prepare(ground)
    crossing = [line for line in lines if ground.intersects(line)]
    # Noded together with the whole lines, not with clipped ones: a clipped end need not lie on the outline.
    network = shapely.union_all([ground.boundary, *crossing])
    cut = np.array(polygons_of(shapely.polygonize([network])), dtype=object)
    kept = cut[shapely.contains_properly(ground, shapely.point_on_surface(cut))].tolist()
    return sorted(kept, key=lambda face: face.bounds)


def closed_faces(shapes: Sequence[BaseGeometry], reach: float) -> list[Polygon]:
    """Return the faces that lines and outlines close together, noded with each other, from west to east.

    Any plane units. A loose end that lies no farther than `reach` from another line is led on to it; what
    ends blind otherwise leaves no trace.
    """
    rims = [shape.boundary if shapely.get_dimensions(shape) == 2 else shape for shape in shapes]
    parts = shapely.get_parts(shapely.union_all(rims)) if rims else np.array([], dtype=object)
    ends, count = np.unique(shapely.get_coordinates(shapely.boundary(parts)), axis=0, return_counts=True)
    tree = shapely.STRtree(parts)
    bridges = [way for end in ends[count == 1] for way in _led_on(shapely.Point(end), tree, reach)]
    faces = polygons_of(shapely.polygonize([shapely.union_all([*parts, *bridges])]))
    return sorted(faces, key=lambda face: face.bounds)


def _led_on(end: shapely.Point, tree: shapely.STRtree, reach: float) -> list[LineString]:
    """Return a line from a loose end a little beyond the nearest other line, none if that is too far."""
    near = tree.geometries[tree.query(end, predicate="dwithin", distance=reach)].tolist()
    ways = [shapely.shortest_line(end, other) for other in near if other.distance(end) > 0.0]
    if not ways:
        return []
    (x, y), (u, v) = min(ways, key=lambda way: float(way.length)).coords
    return [LineString([(x, y), (u + (u - x) * 1e-3, v + (v - y) * 1e-3)])]
