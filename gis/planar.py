"""Faces of the planar network that lines and the outline of a ground form together."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import Polygon

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
