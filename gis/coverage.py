"""Judgement whether areas fit together: faults of a coverage, and what only a sound coverage can answer.

The figures behind the choice of functions: `coverage_invalid_edges` finds overlaps and unmatched nodes;
holes are the interior rings of the union, because `coverage_is_valid(gap_width)` is not monotone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import shapely
import shapely.affinity
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from gis.coords import LocalPlane, Shapes, length_m, metres_per_degree
from gis.errors import CoverageError
from gis.soundness import Polygonal, polygons_of, require_polygonal, require_sound

Areas = Sequence[tuple[str, Polygonal]]
"""Code and WGS 84 polygon of each area."""

_NOISE_M = 1e-6
"""Overlay in float64 degrees leaves slivers of some nanometres; thinner than this is not a fault."""
_NEAR_DEG = 1e-9
_M_PER_DEG = 111_000.0
_PLACE_IN_REASON = re.compile(r"\[(-?[\d.eE+-]+) (-?[\d.eE+-]+)")


class Kind(StrEnum):
    """What can be wrong with an area or between areas."""

    INVALID = "invalid"
    EMPTY = "empty"
    TORN = "torn"
    OVERLAP = "overlap"
    UNMATCHED_EDGE = "unmatched_edge"
    GAP = "gap"
    OUTSIDE_GROUND = "outside_ground"


@dataclass(frozen=True)
class Fault:
    """One fault: its kind, the codes concerned, its geometry and a point (lon, lat) to look at, WGS 84.

    `point` is None where there is no place (an empty area). `area_m2` or `length_m` is its size; `reason`
    is the geometry engine's text for an invalid area.
    """

    kind: Kind
    codes: tuple[str, ...]
    geometry: BaseGeometry
    point: tuple[float, float] | None
    area_m2: float | None = None
    length_m: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        """Return one readable line for developers and logs."""
        size = f", {self.area_m2:.3f} m2" if self.area_m2 is not None else ""
        size += f", {self.length_m:.3f} m" if self.length_m is not None else ""
        place = f" at {self.point[0]:.7f}, {self.point[1]:.7f}" if self.point else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.kind.value} ({', '.join(self.codes)}){size}{place}{reason}"


def faults(areas: Areas, ground: Polygonal | None, tolerance_m: float) -> list[Fault]:
    """Return every fault that keeps the areas from covering the ground exactly once; empty means exact.

    Overlaps, and strips along the outline of the ground that lie open or stick out, count when they are
    wider than `tolerance_m`; holes between areas and edges whose nodes do not match count always. While an
    area is invalid, gaps are not looked for: its own ground would be one. Without `ground`, only holes are
    gaps. Raises CoverageError `duplicate_code`, `ground_invalid`, and ShapeError of `require_polygonal`.
    """
    _require_codes(areas)
    for code, area in areas:
        require_polygonal(area, code)
    _require_ground(ground)
    single = [fault for code, area in areas for fault in _faults_alone(code, area)]
    usable = [(code, area) for code, area in areas if not area.is_empty and area.is_valid]
    found = single + _edge_faults(usable, tolerance_m)
    if ground is not None:
        found += _outside(usable, ground, tolerance_m)
    if not any(fault.kind is Kind.INVALID for fault in single):
        found += _gaps(usable, ground, tolerance_m)
    return found


def union(areas: Sequence[Polygonal]) -> Polygonal:
    """Return the outline of areas that fit together, as one polygon or multipolygon.

    Raises CoverageError `not_a_coverage` if they overlap or their edges do not match, ShapeError `empty`
    if there are none, and those of `require_sound`.
    """
    for number, area in enumerate(areas):
        require_sound(area, f"area {number}")
    if not areas or not shapely.coverage_is_valid(list(areas)):
        raise CoverageError("not_a_coverage", count=len(areas))
    whole = shapely.coverage_union_all(list(areas))
    parts = polygons_of(whole)
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def neighbours(areas: Areas) -> dict[str, set[str]]:
    """Return for each code the codes of the areas that share an edge with it; a shared point is not enough.

    Raises CoverageError `duplicate_code`, and ShapeError of `require_sound`.
    """
    _require_codes(areas)
    for code, area in areas:
        require_sound(area, code)
    beside: dict[str, set[str]] = {code: set() for code, _ in areas}
    for first, second in edge_pairs([area for _, area in areas]):
        beside[areas[first][0]].add(areas[second][0])
        beside[areas[second][0]].add(areas[first][0])
    return beside


def edge_pairs(areas: Sequence[Polygonal]) -> list[tuple[int, int]]:
    """Return the pairs of positions (first < second) of sound areas whose borders share a line."""
    if not areas:
        return []
    shapes = np.array(areas, dtype=object)
    first, second = STRtree(shapes).query(shapes, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    beside = shapely.relate_pattern(shapes[first], shapes[second], "****1****")
    return sorted(zip(first[beside].tolist(), second[beside].tolist(), strict=True))


def simplified(areas: Areas, tolerance_m: float) -> list[tuple[str, Polygonal]]:
    """Return the areas with fewer vertices (Visvalingam, `tolerance_m` squared = area of corners cut off).

    Shared edges change alike, so a sound coverage stays one; kept vertices keep their exact coordinates.
    Raises CoverageError `not_a_coverage`, `duplicate_code`, and ShapeError of `require_sound`.
    """
    _require_codes(areas)
    for code, area in areas:
        require_sound(area, code)
    if not areas:
        return []
    shapes = np.array([area for _, area in areas], dtype=object)
    if not shapely.coverage_is_valid(shapes):
        raise CoverageError("not_a_coverage", count=len(areas))
    plane = LocalPlane.around(shapely.MultiPolygon([p for area in shapes for p in polygons_of(area)]))
    in_m = plane.shape_to_m(shapes)
    # The way to metres and back moves a vertex by nanometres; its own degrees are looked up instead.
    metres = map(tuple, shapely.get_coordinates(in_m).tolist())
    degrees = dict(zip(metres, shapely.get_coordinates(shapes).tolist(), strict=True))
    coarse = shapely.coverage_simplify(in_m, tolerance_m)
    back = shapely.transform(coarse, lambda at: np.array([degrees[tuple(point)] for point in at.tolist()]))
    return [(code, shape) for (code, _), shape in zip(areas, back.tolist(), strict=True)]


def _require_codes(areas: Areas) -> None:
    seen: set[str] = set()
    for code, _ in areas:
        if code in seen:
            raise CoverageError("duplicate_code", code=code)
        seen.add(code)


def _require_ground(ground: Polygonal | None) -> None:
    if ground is None:
        return
    require_polygonal(ground, "ground")
    if ground.is_empty or not ground.is_valid:
        raise CoverageError("ground_invalid", reason=str(shapely.is_valid_reason(ground)))


def _faults_alone(code: str, area: Polygonal) -> list[Fault]:
    if area.is_empty:
        return [Fault(Kind.EMPTY, (code,), area, None, area_m2=0.0)]
    if not area.is_valid:
        reason = str(shapely.is_valid_reason(area))
        place = _PLACE_IN_REASON.search(reason)
        point = (float(place.group(1)), float(place.group(2))) if place else None
        return [Fault(Kind.INVALID, (code,), area, point, reason=reason)]
    parts = sorted(polygons_of(area), key=lambda part: part.area)
    if len(parts) > 1:
        loose = sum(float(_in_m(part).area) for part in parts[:-1])
        return [Fault(Kind.TORN, (code,), area, _point_in(parts[0]), area_m2=loose)]
    return []


def _edge_faults(areas: Areas, tolerance_m: float) -> list[Fault]:
    """Find overlaps and unmatched edges between valid areas."""
    if not areas:
        return []
    shapes = np.array([area for _, area in areas], dtype=object)
    edges = shapely.coverage_invalid_edges(shapes)
    flagged = np.flatnonzero(~shapely.is_empty(edges))
    if not flagged.size:
        return []
    reach_deg = max(tolerance_m, _NOISE_M) / _M_PER_DEG
    hits, others = STRtree(shapes).query(shapes[flagged], predicate="dwithin", distance=reach_deg)
    near = zip(flagged[hits].tolist(), others.tolist(), strict=True)
    pairs = sorted({(min(a, b), max(a, b)) for a, b in near if a != b})
    overlaps: dict[int, list[Polygon]] = {}
    found: list[Fault] = []
    for a, b in pairs:
        common = _wider_parts(shapely.intersection(shapes[a], shapes[b]), tolerance_m)
        codes = (areas[a][0], areas[b][0])
        found += [_fault(Kind.OVERLAP, codes, part) for part in common]
        overlaps.setdefault(a, []).extend(common)
        overlaps.setdefault(b, []).extend(common)
    fit = _Fit(shapes, pairs)
    loose = {i: fit.unsound(i, _unexplained(edges[i], overlaps.get(i, []))) for i in flagged.tolist()}
    return found + _unmatched(areas, loose, pairs, reach_deg)


class _Fit:
    """Judges flagged segments once more: GEOS 3.14.1 flags sound ones beside an island at a corner."""

    def __init__(self, shapes: Shapes, pairs: Iterable[tuple[int, int]]) -> None:
        self._shapes = shapes
        self._beside: dict[int, list[int]] = {}
        self._segments: dict[int, set[frozenset[tuple[float, ...]]]] = {}
        for a, b in pairs:
            self._beside.setdefault(a, []).append(b)
            self._beside.setdefault(b, []).append(a)

    def unsound(self, area: int, segments: Shapes) -> Shapes:
        """Return the segments of an area's outline that a neighbour touches and does not have as its own."""
        beside = self._beside.get(area, [])
        others = self._shapes[beside]
        known = [self._of(other) for other in beside]
        bad = [
            not any(frozenset(segment.coords) in those for those in known)
            and not shapely.relate_pattern(segment, others, "FF*******").all()
            for segment in segments.tolist()
        ]
        chosen: Shapes = segments[np.array(bad, dtype=bool)]
        return chosen

    def _of(self, area: int) -> set[frozenset[tuple[float, ...]]]:
        if area not in self._segments:
            rings = shapely.get_rings(self._shapes[area]).tolist()
            self._segments[area] = {frozenset(pair) for ring in rings for pair in pairwise(ring.coords)}
        return self._segments[area]


def _unexplained(edge: BaseGeometry, overlaps: Sequence[Polygon]) -> Shapes:
    """Return the segments of flagged edges that do not belong to a reported overlap."""
    ends = [shapely.get_coordinates(part) for part in shapely.get_parts(edge).tolist()]
    pairs = np.concatenate([np.stack([at[:-1], at[1:]], axis=1) for at in ends])
    segments = np.array(list(map(shapely.LineString, pairs)), dtype=object)
    if not overlaps:
        return segments
    explained = STRtree(overlaps).query(segments, predicate="dwithin", distance=_NEAR_DEG)[0]
    return np.delete(segments, np.unique(explained))


def _unmatched(
    areas: Areas, loose: dict[int, Shapes], pairs: Iterable[tuple[int, int]], reach_deg: float
) -> list[Fault]:
    """Report loose segments once for each pair of areas that they lie between."""
    found: list[Fault] = []
    none = np.array([], dtype=object)
    untold = {i: np.ones(len(segments), dtype=bool) for i, segments in loose.items()}
    for a, b in pairs:
        sides = []
        for own, other in ((a, b), (b, a)):
            segments = loose.get(own, none)
            middles = shapely.line_interpolate_point(segments, 0.5, normalized=True)
            near = shapely.dwithin(middles, areas[other][1], reach_deg)
            if near.any():
                untold[own] &= ~near
                sides.append(segments[near])
        if sides:
            found.append(_edge_fault((areas[a][0], areas[b][0]), sides))
    for own, segments in loose.items():
        if untold[own].any():
            found.append(_edge_fault((areas[own][0],), [segments[untold[own]]]))
    return found


def _edge_fault(codes: tuple[str, ...], sides: Sequence[Shapes]) -> Fault:
    """Make one fault of the segments on one or both sides of an edge; its length is the longer side's."""
    longest = max((segment for side in sides for segment in side.tolist()), key=lambda one: float(one.length))
    middle = shapely.line_interpolate_point(longest, 0.5, normalized=True)
    metres = max(sum(length_m(segment) for segment in side.tolist()) for side in sides)
    lines = shapely.MultiLineString(np.concatenate(sides).tolist())
    return Fault(Kind.UNMATCHED_EDGE, codes, lines, (middle.x, middle.y), length_m=metres)


def _outside(areas: Areas, ground: Polygonal, tolerance_m: float) -> list[Fault]:
    """Find the parts of valid areas that stick out of the ground."""
    shapely.prepare(ground)
    found: list[Fault] = []
    for code, area in areas:
        if ground.covers(area):
            continue
        for part in _wider_parts(shapely.difference(area, ground), tolerance_m):
            found.append(_fault(Kind.OUTSIDE_GROUND, (code,), part))
    return found


def _gaps(areas: Areas, ground: Polygonal | None, tolerance_m: float) -> list[Fault]:
    """Find holes between valid areas, and ground at the outline that no area covers."""
    shapes = [area for _, area in areas]
    # Ordinary union on purpose: overlapping areas would spoil the fast coverage union.
    whole = shapely.union_all(shapes)
    holes = [Polygon(ring) for part in polygons_of(whole) for ring in part.interiors]
    islands = STRtree(polygons_of(whole))
    open_holes = [_without_islands(hole, islands) for hole in holes]
    if ground is None:
        gaps = [part for hole in open_holes for part in _wider_parts(hole, 0.0)]
    else:
        gaps = [p for hole in open_holes for p in _wider_parts(shapely.intersection(hole, ground), 0.0)]
        filled = shapely.union_all([Polygon(part.exterior) for part in polygons_of(whole)])
        gaps += _wider_parts(shapely.difference(ground, filled), tolerance_m)
    tree = STRtree(shapes)
    found: list[Fault] = []
    for gap in gaps:
        beside = sorted(tree.query(gap, predicate="dwithin", distance=_NEAR_DEG).tolist())
        codes = tuple(areas[i][0] for i in beside)
        found.append(_fault(Kind.GAP, codes, gap))
    return found


def _without_islands(hole: Polygon, islands: STRtree) -> BaseGeometry:
    """Return a hole without the areas that lie in it untouched by its rim."""
    inside = islands.geometries[islands.query(hole, predicate="contains")]
    return shapely.difference(hole, shapely.union_all(inside)) if inside.size else hole


def _wider_parts(geometry: BaseGeometry, tolerance_m: float) -> list[Polygon]:
    """Return the polygons whose mean width (twice the area by the outline) exceeds a tolerance."""
    least_m = max(tolerance_m, _NOISE_M)
    in_m = [(part, _in_m(part)) for part in polygons_of(geometry)]
    return [part for part, metres in in_m if 2.0 * metres.area > least_m * metres.length]


def _in_m(polygon: Polygon) -> Polygon:
    """Stretch degrees to metres; edges stay straight, so a sliver keeps its width (geodesics would not)."""
    _, south, _, north = polygon.bounds
    return shapely.affinity.scale(polygon, *metres_per_degree((south + north) / 2.0))


def _fault(kind: Kind, codes: tuple[str, ...], part: Polygon) -> Fault:
    return Fault(kind, codes, part, _point_in(part), area_m2=float(_in_m(part).area))


def _point_in(polygon: Polygon) -> tuple[float, float]:
    place = shapely.point_on_surface(polygon)
    return place.x, place.y
