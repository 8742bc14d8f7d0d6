"""Repair of areas drawn by hand, with small errors, to an exact coverage, and what the repair changed.

Figures behind it (shapely 2.2.0, GEOS 3.14.1): `coverage_clean` mends errors up to about its snapping
distance in milliseconds, but now and then it leaves holes, tears areas and silently empties some. So what
it returns is noded once more in whole numbers, holes and crumbs go to a neighbour by rule, lost areas are
cut out of their neighbours, and a guard refuses what changed too much. Nothing that a repair returns should
be accepted without having been shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from gis.coords import Shapes, metres_per_degree
from gis.errors import CoverageError
from gis.network import REACH, UNITS
from gis.rings import polygons
from gis.soundness import Polygonal, polygons_of, require_polygonal
from gis.weaving import network_of

ERROR_M = 1.0
"""Drawing error that is snapped away: a snap near the size of the errors is faster and tears least."""
GAP_M = 3.0
"""Widest gap, as the diameter of its largest circle, that is closed without a word."""
HOLE_M2 = 2_000.0
"""Largest hole that is given to the neighbour with the longest border; a larger one is a question."""
MOST_CHANGE = 0.1
"""Share of its own area that an area may gain or lose."""
MAX_TOTAL = 2_000_000
"""Vertices of all areas together."""
_SNAPS = (1.0, 2.0, 0.5)
"""Shares of the drawing error to snap by, one after the other until the guard is content."""
_MENDED_VERTICES = 1_000
_CRUMB = 0.01
_NOTHING_M = 0.001
_NAMED = 10


@dataclass(frozen=True)
class Limits:
    """How much a repair may do: lengths in metres, areas in square metres, `change` as a share of an area."""

    error_m: float = ERROR_M
    gap_m: float = GAP_M
    hole_m2: float = HOLE_M2
    change: float = MOST_CHANGE


@dataclass(frozen=True)
class Altered:
    """One area before and after: its size, what it lost and what it gained, in square metres."""

    code: str
    before_m2: float
    after_m2: float
    lost_m2: float
    gained_m2: float


@dataclass(frozen=True)
class Filled:
    """A hole that an area got: a point in it (lon, lat, WGS 84), and its size."""

    code: str
    point: tuple[float, float]
    area_m2: float


@dataclass(frozen=True)
class Repaired:
    """Areas that cover their ground exactly once, in the order given, and what was changed to get there.

    `altered` names each area whose outline moved by more than a millimetre on average; `filled` the holes and
    loose crumbs that were given away. Polygons have at most eight decimals.
    """

    areas: tuple[tuple[str, Polygon], ...]
    altered: tuple[Altered, ...]
    filled: tuple[Filled, ...]


def repair(
    areas: Sequence[tuple[str, Polygonal]], ground: Polygonal | None = None, limits: Limits | None = None
) -> Repaired:
    """Return drawn areas (code, WGS 84 polygon) as an exact coverage: no gap, no overlap, none lost.

    Slivers, overlaps, gaps up to `gap_m` and vertices that only one neighbour has are mended; holes up to
    `hole_m2` go to the neighbour with the longest border. With `ground`, the areas are fitted to its outline,
    and its own holes stay open. Sizes are taken on a plane true to a thousandth within a degree of latitude.

    Raises CoverageError `no_areas`, `duplicate_code`, `too_wide` (as across the antimeridian), `too_many`
    (vertices), `not_a_coverage` (codes), `gap` (point, area_m2), and the guard's `repair_lost`,
    `repair_torn`, `repair_changed` (codes, percent); ShapeError `not_polygonal`, `too_many_vertices`.
    """
    limits = limits or Limits()
    codes = [code for code, _ in areas]
    _require_input(areas)
    drawn = np.array([shape for _, shape in areas], dtype=object)
    plane = _Plane(drawn)
    mended = _each_mended(codes, plane.to_m(drawn))
    outline = None if ground is None else plane.to_m(np.array([ground], dtype=object))[0]
    refusal: CoverageError | None = None
    for factor in _SNAPS:
        try:
            work = _Work(codes, plane, mended, outline, limits, limits.error_m * factor)
            return _told(codes, plane, mended, ground, limits, work)
        except CoverageError as error:
            refusal = refusal or error
            if not error.code.startswith("repair_"):
                break
    assert refusal is not None
    raise refusal


def _told(
    codes: Sequence[str], plane: _Plane, mended: Shapes, ground: Polygonal | None, limits: Limits, work: _Work
) -> Repaired:
    shapes = plane.to_degrees(work.shapes())
    exact = polygons(network_of(list(zip(codes, shapes.tolist(), strict=True)), ground))
    final = plane.to_m(np.array([exact[code] for code in codes], dtype=object))
    altered = _altered(codes, mended, final)
    _guard_change(altered, limits)
    told = shapely.length(mended) * _NOTHING_M
    changed = tuple(
        one for one, least in zip(altered, told, strict=True) if one.lost_m2 + one.gained_m2 > least
    )
    return Repaired(tuple((code, exact[code]) for code in codes), changed, tuple(work.filled))


class _Plane:
    """Degrees, metres stretched from them (edges stay straight), and whole units, of one neighbourhood."""

    def __init__(self, shapes: Shapes) -> None:
        west, south, east, north = shapely.total_bounds(shapes)
        if not np.isfinite([west, south, east, north]).all() or max(abs(south), abs(north)) > 90.0:
            raise CoverageError("not_a_coverage", codes=[])
        if max(east - west, north - south) * UNITS > REACH:
            raise CoverageError("too_wide", limit=REACH // UNITS)
        self._origin = np.array([west, south])
        self._scale = np.array(metres_per_degree((south + north) / 2.0))
        self.unit_m2 = float(self._scale.prod()) / UNITS**2

    def to_m(self, shapes: Shapes) -> Shapes:
        return np.asarray(
            shapely.transform(shapes, lambda at: (at - self._origin) * self._scale), dtype=object
        )

    def m_to_units(self, shapes: Shapes) -> Shapes:
        back = shapely.transform(shapes, lambda at: (at / self._scale + self._origin) * UNITS)
        return np.asarray(back, dtype=object)

    def to_degrees(self, shapes: Shapes) -> Shapes:
        return np.asarray(shapely.transform(shapes, lambda at: np.asarray(at) / UNITS), dtype=object)


class _Work:
    """Faces in whole units, noded with each other and the outline of the ground, and whom each belongs to."""

    def __init__(
        self,
        codes: Sequence[str],
        plane: _Plane,
        drawn: Shapes,
        ground: Polygonal | None,
        limits: Limits,
        snap_m: float,
    ) -> None:
        self._codes, self._plane, self._limits = codes, plane, limits
        self.filled: list[Filled] = []
        clean: Shapes = shapely.coverage_clean(  # type: ignore[attr-defined]
            drawn, gap_width=limits.gap_m, snapping_distance=snap_m
        )
        # What the library lost without a word is cut out of its neighbours again, as it was drawn.
        lost = np.flatnonzero(shapely.is_empty(clean))
        lines = [*shapely.boundary(clean).tolist(), *shapely.boundary(drawn[lost]).tolist()]
        if ground is not None:
            lines += [ground.boundary, *_cuts(clean, ground, limits)]
        noded = shapely.union_all(plane.m_to_units(np.array(lines, dtype=object)), grid_size=1.0)
        self._faces: Shapes = np.array(polygons_of(shapely.polygonize([noded])), dtype=object)
        self._tree = STRtree(self._faces)
        self._owner = np.full(len(self._faces), -1, dtype=np.int64)
        self._ours = np.ones(len(self._faces), dtype=np.bool_)
        places = np.asarray(shapely.point_on_surface(self._faces), dtype=object)
        for some, numbers in ((clean, np.arange(len(clean))), (drawn[lost], lost)):
            at, of = STRtree(plane.m_to_units(some)).query(places, predicate="intersects")
            self._owner[at] = numbers[of]
        if ground is not None:
            whole = plane.m_to_units(np.array([ground], dtype=object))[0]
            shapely.prepare(whole)
            self._ours = np.asarray(shapely.contains(whole, places), dtype=np.bool_)
            self._owner[~self._ours] = -1

    def shapes(self) -> Shapes:
        """Give the faces that nobody has to neighbours, and return each area in units."""
        self._require_small(np.flatnonzero((self._owner < 0) & self._ours))
        self._give_away(np.flatnonzero((self._owner < 0) & self._ours))
        shapes = self._united()
        self._give_away(self._crumbs(shapes))
        shapes = self._united()
        lost = [
            code for code, shape in zip(self._codes, shapes, strict=True) if shape is None or shape.is_empty
        ]
        if lost:
            raise CoverageError("repair_lost", codes=lost[:_NAMED])
        torn = [
            code for code, shape in zip(self._codes, shapes, strict=True) if not isinstance(shape, Polygon)
        ]
        if torn:
            raise CoverageError("repair_torn", codes=torn[:_NAMED])
        return shapes

    def _require_small(self, holes: NDArray[np.int64]) -> None:
        for i in holes.tolist():
            size = self._faces[i].area * self._plane.unit_m2
            if size > self._limits.hole_m2:
                raise CoverageError("gap", point=self._place(i), area_m2=round(size, 1))

    def _give_away(self, faces: NDArray[np.int64]) -> None:
        """Give each face to the owner beside it with the longest common border, from the rim inwards."""
        left = faces.tolist()
        while left:
            taken = {i: owner for i in left if (owner := self._best_owner(i)) >= 0}
            if not taken:
                return
            for i, owner in taken.items():
                self._owner[i] = owner
                size = self._faces[i].area * self._plane.unit_m2
                self.filled.append(Filled(self._codes[owner], self._place(i), size))
            left = [i for i in left if i not in taken]

    def _best_owner(self, face: int) -> int:
        beside = self._tree.query(self._faces[face], predicate="intersects")
        beside = beside[(beside != face) & (self._owner[beside] >= 0)]
        common = shapely.length(
            shapely.intersection(self._faces[face].boundary, shapely.boundary(self._faces[beside]))
        )
        by_owner: dict[int, float] = {}
        for owner, length in zip(self._owner[beside].tolist(), common.tolist(), strict=True):
            by_owner[owner] = by_owner.get(owner, 0.0) + length
        best = max(by_owner, key=lambda owner: (by_owner[owner], -owner), default=-1)
        return best if best >= 0 and by_owner[best] > 0.0 else -1

    def _united(self) -> Shapes:
        members: dict[int, list[int]] = {}
        for face, owner in enumerate(self._owner.tolist()):
            members.setdefault(owner, []).append(face)
        shapes = np.empty(len(self._codes), dtype=object)
        for owner in range(len(self._codes)):
            own = self._faces[members.get(owner, [])]
            whole = own[0] if len(own) == 1 else shapely.coverage_union_all(own)
            parts = polygons_of(whole)
            shapes[owner] = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
        return shapes

    def _crumbs(self, shapes: Shapes) -> NDArray[np.int64]:
        """Take small loose pieces from areas that have fallen apart, and return their faces."""
        loose: list[int] = []
        for owner, shape in enumerate(shapes):
            if not isinstance(shape, MultiPolygon) or shape.is_empty:
                continue
            main = max(shape.geoms, key=lambda part: part.area)
            for part in shape.geoms:
                small = (
                    part.area < _CRUMB * main.area and part.area * self._plane.unit_m2 <= self._limits.hole_m2
                )
                if part is not main and small:
                    inside = self._tree.query(part, predicate="contains")
                    loose += [i for i in inside.tolist() if self._owner[i] == owner]
        found = np.array(loose, dtype=np.int64)
        self._owner[found] = -1
        return found

    def _place(self, face: int) -> tuple[float, float]:
        place = self._faces[face].representative_point()
        return place.x / UNITS, place.y / UNITS


def _cuts(clean: Shapes, ground: Polygonal, limits: Limits) -> list[BaseGeometry]:
    """Return lines from where areas meet at their outline to the ground's: they divide a strip between."""
    at, area = shapely.get_coordinates(clean, return_index=True)
    pairs = np.unique(np.column_stack([at, area]), axis=0)
    points, count = np.unique(pairs[:, :2], axis=0, return_counts=True)
    corners = np.asarray(shapely.points(points[count > 1]), dtype=object)
    whole = shapely.coverage_union_all(clean[~shapely.is_empty(clean)])
    on_outline = shapely.dwithin(corners, whole.boundary, 1e-9)
    ways = shapely.shortest_line(corners[on_outline], ground.boundary)
    reach = max(limits.error_m, limits.gap_m)
    return [way for way in ways.tolist() if 0.0 < way.length <= reach]


def _require_input(areas: Sequence[tuple[str, Polygonal]]) -> None:
    if not areas:
        raise CoverageError("no_areas")
    seen: set[str] = set()
    total = 0
    for code, area in areas:
        require_polygonal(area, code)
        if code in seen:
            raise CoverageError("duplicate_code", code=code)
        seen.add(code)
        total += int(shapely.get_num_coordinates(area))
    if total > MAX_TOTAL:
        raise CoverageError("too_many_vertices", vertices=total, limit=MAX_TOTAL)
    empty = [code for code, area in areas if area.is_empty]
    if empty:
        raise CoverageError("repair_lost", codes=empty[:_NAMED])


def _each_mended(codes: Sequence[str], shapes: Shapes) -> Shapes:
    """Return each area as one valid polygon; loose crumbs of an area are left out."""
    out = shapes.copy()
    for i, shape in enumerate(shapes):
        if isinstance(shape, Polygon) and shape.is_valid:
            continue
        # Repairing a long self-crossing ring can take minutes.
        if not shape.is_valid and shapely.get_num_coordinates(shape) > _MENDED_VERTICES:
            raise CoverageError("not_a_coverage", codes=[codes[i]])
        parts = sorted(
            polygons_of(shape if shape.is_valid else shapely.make_valid(shape)), key=lambda p: -p.area
        )
        if not parts:
            raise CoverageError("repair_lost", codes=[codes[i]])
        if sum(part.area for part in parts[1:]) > _CRUMB * parts[0].area:
            raise CoverageError("repair_torn", codes=[codes[i]])
        out[i] = parts[0]
    return out


def _altered(codes: Sequence[str], before: Shapes, after: Shapes) -> list[Altered]:
    lost = shapely.area(shapely.difference(before, after))
    gained = shapely.area(shapely.difference(after, before))
    sizes = zip(codes, shapely.area(before), shapely.area(after), lost, gained, strict=True)
    return [Altered(code, *(float(number) for number in numbers)) for code, *numbers in sizes]


def _guard_change(altered: Sequence[Altered], limits: Limits) -> None:
    share = {one.code: max(one.lost_m2, one.gained_m2) / one.before_m2 for one in altered}
    bad = sorted((code for code in share if share[code] > limits.change), key=lambda code: -share[code])
    if bad:
        raise CoverageError("repair_changed", codes=bad[:_NAMED], percent=round(100 * share[bad[0]], 1))
