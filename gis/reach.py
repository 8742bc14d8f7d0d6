"""Measure of what tracks have reached: time spent in areas, share of an area that was walked."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely import Polygon

from gis.coords import LocalPlane
from gis.errors import ShapeError
from gis.soundness import Linear, Polygonal, require_lines, require_sound
from gis.tracks import Fix

MAX_GAP_S = 60.0
"""Longer intervals between two fixes prove nothing about where the walker was."""
_SIMPLIFY_M = 1.0


def seconds_in(
    areas: Sequence[tuple[str, Polygon]], fixes: Sequence[Fix], max_gap_s: float = MAX_GAP_S
) -> dict[str, float]:
    """Return the seconds spent in each area (code, WGS 84 polygon) that a track visited.

    Each interval between two fixes, in order of time, belongs to the area of its midpoint; intervals over
    `max_gap_s` are left out. Tie-break on a shared border: the first of `areas`.
    """
    ordered = sorted(fixes, key=lambda fix: fix.at)
    if len(ordered) < 2 or not areas:
        return {}
    epochs = np.array([fix.at.timestamp() for fix in ordered])
    seconds = np.diff(epochs)
    at = np.array([(fix.lon, fix.lat) for fix in ordered])
    usable = np.flatnonzero((seconds > 0.0) & (seconds <= max_gap_s))
    midpoints = shapely.points(((at[:-1] + at[1:]) / 2.0)[usable])
    inside = shapely.STRtree([polygon for _, polygon in areas]).query(midpoints, predicate="intersects")
    first_area: dict[int, int] = {}
    for interval, area in zip(*inside.tolist(), strict=True):
        first_area[interval] = min(area, first_area.get(interval, area))
    spent: dict[str, float] = {}
    for interval, area in first_area.items():
        code = areas[area][0]
        spent[code] = spent.get(code, 0.0) + float(seconds[usable[interval]])
    return spent


def visited_share(area: Polygonal, lines: Sequence[Linear], radius_m: float) -> float:
    """Return the share (0 to 1) of an area within `radius_m` metres of the walked lines, all in WGS 84.

    Lines are simplified by 1 m first, which changes the share by about 0.0005. Raises ShapeError
    `invalid`, `empty`, `not_polygonal`, `not_linear`, `too_many_vertices`, or `out_of_range` (radius).
    """
    if not 0.0 < radius_m < 10_000.0:
        raise ShapeError("out_of_range", radius_m=radius_m)
    require_sound(area, "area")
    for number, line in enumerate(lines):
        require_lines(line, f"line {number}")
    if not lines:
        return 0.0
    plane = LocalPlane.around(area)
    ground = plane.shape_to_m(area)
    west, south, east, north = ground.bounds
    walked = shapely.simplify(plane.shape_to_m(np.array(lines, dtype=object)), _SIMPLIFY_M)
    near = shapely.clip_by_rect(walked, west - radius_m, south - radius_m, east + radius_m, north + radius_m)
    reached = shapely.union_all(shapely.buffer(near, radius_m))
    return min(1.0, float(shapely.intersection(reached, ground).area / ground.area))
