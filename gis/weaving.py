"""From polygons that cover the ground exactly to the network of their borders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import dist

import numpy as np
import shapely
from shapely import LinearRing, MultiPolygon, Polygon, STRtree

from gis.coords import Shapes
from gis.errors import CoverageError, TopologyError
from gis.network import REACH, UNITS, Line, Network, Point
from gis.rings import require_order
from gis.segments import Ints, Segments, first_contact
from gis.soundness import Polygonal, polygons_of

Place = tuple[float, float]

_NAMED = 10
"""Codes that an error names at most."""


def network_of(areas: Sequence[tuple[str, Polygonal]], ground: Polygonal | None = None) -> Network:
    """Return the border network of areas (id, WGS 84 polygon in degrees) that cover their ground exactly.

    Coordinates are rounded to hundred-millionths of a degree. A place where a corner only touches a
    neighbour's edge becomes a node. Ids follow from the places alone. With `ground`, holes of the ground
    may stay open; without it, no hole may. Raises CoverageError: `duplicate_code`, `too_wide`
    (more than 10 degrees, as across the antimeridian), `not_a_coverage` (codes, and a point where it is
    known) and `gap`.

    GEOS' own test of coverages is not asked for the verdict: it flags edges beside an island that touches
    a corner (shapely 2.2.0, GEOS 3.14.1).
    """
    codes = [code for code, _ in areas]
    if len(set(codes)) != len(codes):
        twice = next(code for code in codes if codes.count(code) > 1)
        raise CoverageError("duplicate_code", code=twice)
    shapes = _in_units(codes, [_single(code, area) for code, area in areas])
    sound = shapely.is_valid(shapes)
    if not sound.all():
        raise CoverageError(
            "not_a_coverage", codes=[codes[i] for i in np.flatnonzero(~sound)[:_NAMED].tolist()]
        )
    shapes = _with_touches(shapes)
    network = _woven(codes, shapes)
    _require_single(codes, shapes)
    _require_full(shapes, ground)
    return network


def _single(code: str, area: Polygonal) -> Polygon:
    parts = polygons_of(area) if isinstance(area, Polygon | MultiPolygon) else []
    if len(parts) != 1:
        raise CoverageError("not_a_coverage", codes=[code])
    return parts[0]


def _in_units(codes: Sequence[str], shapes: Sequence[Polygon]) -> Shapes:
    if not shapes:
        raise CoverageError("not_a_coverage", codes=[])
    at = shapely.get_coordinates(np.array(shapes, dtype=object))
    if not np.isfinite(at).all() or np.abs(at).max() > 360.0:
        raise CoverageError("not_a_coverage", codes=list(codes[:_NAMED]))
    if (at.max(axis=0) - at.min(axis=0)).max() * UNITS > REACH:
        raise CoverageError("too_wide", limit=REACH // UNITS)
    whole = shapely.transform(np.array(shapes, dtype=object), lambda xy: np.round(np.asarray(xy) * UNITS))
    # Two corners nearer than a millimetre have become one.
    return np.asarray(shapely.orient_polygons(shapely.remove_repeated_points(whole, 0.0)), dtype=object)


def _require_single(codes: Sequence[str], shapes: Shapes) -> None:
    """Where borders neither cross nor change sides, areas can only overlap by lying within one another."""
    inside, of = STRtree(shapes).query(shapely.point_on_surface(shapes), predicate="intersects")
    twice = np.flatnonzero(inside != of)[:_NAMED]
    if twice.size:
        raise CoverageError("not_a_coverage", codes=[codes[i] for i in inside[twice].tolist()])


def _require_full(shapes: Shapes, ground: Polygonal | None) -> None:
    whole = shapely.coverage_union_all(shapes)
    for part in polygons_of(whole):
        for ring in part.interiors:
            hole = shapely.difference(Polygon(ring), whole)
            place = shapely.transform(shapely.point_on_surface(hole), lambda xy: np.asarray(xy) / UNITS)
            if not hole.is_empty and (ground is None or ground.contains(place)):
                raise CoverageError("gap", point=(place.x, place.y))


def _woven(codes: Sequence[str], shapes: Shapes) -> Network:
    """Make nodes where more or fewer than two edges meet, and lines between them."""
    points, start, end, area = _edges(shapes)
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = low * len(points) + high
    _, once = np.unique(key, return_index=True)
    _require_apart(codes, points, low[once], high[once], area[once])
    if len(np.unique(key * 2 + (start < end))) != len(key):
        raise _overlap(codes, shapes)
    sides: dict[tuple[int, int], str] = {
        (a, b): codes[i] for a, b, i in zip(start.tolist(), end.tolist(), area.tolist(), strict=True)
    }
    beside: list[list[int]] = [[] for _ in range(len(points))]
    for a, b in zip(low[once].tolist(), high[once].tolist(), strict=True):
        beside[a].append(b)
        beside[b].append(a)
    places: list[Point] = [(x, y) for x, y in points.tolist()]
    corners = [i for i, around in enumerate(beside) if len(around) != 2]
    chains = _chains(beside, corners)
    # Points are sorted by place, so ids follow from the places alone.
    ends = sorted({end for chain in chains for end in (chain[0], chain[-1])})
    names = {corner: f"n{number}" for number, corner in enumerate(ends, 1)}
    lines = {
        f"l{number}": Line(
            names[chain[0]],
            names[chain[-1]],
            tuple(places[i] for i in chain[1:-1]),
            sides.get((chain[0], chain[1])),
            sides.get((chain[1], chain[0])),
        )
        for number, chain in enumerate(sorted(chains), 1)
    }
    network = Network({name: places[corner] for corner, name in names.items()}, lines)
    for node in network.nodes:
        try:
            require_order(network, node)
        except TopologyError:
            raise _overlap(codes, shapes, network.nodes[node]) from None
    return network


def _require_apart(codes: Sequence[str], points: Ints, low: Ints, high: Ints, owner: Ints) -> None:
    """No two edges may cross."""
    pieces = Segments(
        np.concatenate([points[low], points[high]], axis=1), np.stack([low, high], axis=1), owner
    )
    found = first_contact(pieces, pieces)
    if found is not None:
        x, y = pieces.ends[found[0], :2].tolist()
        both = sorted({codes[owner[i]] for i in found})
        raise CoverageError("not_a_coverage", codes=both, point=(x / UNITS, y / UNITS))


def _overlap(codes: Sequence[str], shapes: Shapes, at: Point | None = None) -> CoverageError:
    bad = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))[:_NAMED].tolist()
    place = {} if at is None else {"point": (at[0] / UNITS, at[1] / UNITS)}
    return CoverageError("not_a_coverage", codes=[codes[i] for i in bad], **place)


def _edges(shapes: Shapes) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the points sorted by place, and start, end and area of each edge, with the area on its left."""
    rings, owner = shapely.get_rings(shapes, return_index=True)
    at, ring = shapely.get_coordinates(rings, return_index=True)
    points, position = np.unique(np.asarray(at, dtype=np.int64), axis=0, return_inverse=True)
    position = position.reshape(-1)
    inside = ring[:-1] == ring[1:]
    return points, position[:-1][inside], position[1:][inside], owner[ring[:-1][inside]]


def _chains(beside: Sequence[Sequence[int]], corners: Sequence[int]) -> list[list[int]]:
    """Return all chains of points between corners, each once, then the rings that have no corner."""
    stops = set(corners)
    used: set[tuple[int, int]] = set()
    chains: list[list[int]] = []
    for first in corners:
        for second in beside[first]:
            if (first, second) not in used:
                chains.append(_chain(beside, stops, used, first, second))
    passed = {point for chain in chains for point in chain}
    for first, around in enumerate(beside):
        if len(around) == 2 and first not in passed:
            stops.add(first)
            chain = _chain(beside, stops, used, first, min(around))
            passed.update(chain)
            chains.append(chain)
    return [min(chain, chain[::-1]) for chain in chains]


def _chain(
    beside: Sequence[Sequence[int]], stops: set[int], used: set[tuple[int, int]], first: int, second: int
) -> list[int]:
    chain = [first, second]
    while chain[-1] not in stops:
        one, other = beside[chain[-1]]
        chain.append(other if one == chain[-2] else one)
    used.add((chain[-1], chain[-2]))
    used.add((first, second))
    return chain


def segments_of(network: Network, keys: Sequence[str], names: dict[str, int]) -> Segments:
    """Return all pieces of lines; `names` numbers the nodes and is enlarged where one is missing.

    The owner of a piece is the position of its line in `keys`.
    """
    ends: list[Ints] = []
    numbers: list[Ints] = []
    next_number = -1
    for key in keys:
        line = network.lines[key]
        course = np.array(network.course(key), dtype=np.int64)
        first = names.setdefault(line.start, len(names))
        last = names.setdefault(line.end, len(names))
        inner = np.arange(next_number, next_number - len(line.via), -1, dtype=np.int64)
        next_number -= len(line.via)
        row = np.concatenate([[first], inner, [last]])
        ends.append(np.concatenate([course[:-1], course[1:]], axis=1))
        numbers.append(np.stack([row[:-1], row[1:]], axis=1))
    owner = np.repeat(np.arange(len(keys)), [len(part) for part in ends])
    if not keys:
        return Segments(np.empty((0, 4), np.int64), np.empty((0, 2), np.int64), owner)
    return Segments(np.concatenate(ends), np.concatenate(numbers), owner)


def _with_touches(shapes: Shapes) -> Shapes:
    """Put each corner that lies exactly on the inside of an edge into that edge."""
    points, start, end, _ = _edges(shapes)
    pairs = np.unique(np.stack([np.minimum(start, end), np.maximum(start, end)], axis=1), axis=0)
    a, b = points[pairs[:, 0]], points[pairs[:, 1]]
    pieces = np.asarray(shapely.linestrings(np.stack([a, b], axis=1)), dtype=object)
    corner, piece = STRtree(pieces).query(np.asarray(shapely.points(points), dtype=object))
    along, out = b[piece] - a[piece], points[corner] - a[piece]
    far = (along * out).sum(axis=1)
    inside = (along[:, 0] * out[:, 1] == along[:, 1] * out[:, 0]) & (far > 0)
    inside &= far < (along * along).sum(axis=1)
    if not inside.any():
        return shapes
    found: dict[frozenset[Place], list[Place]] = {}
    for at, on in zip(corner[inside].tolist(), piece[inside].tolist(), strict=True):
        edge = frozenset(((float(a[on, 0]), float(a[on, 1])), (float(b[on, 0]), float(b[on, 1]))))
        found.setdefault(edge, []).append((float(points[at, 0]), float(points[at, 1])))
    hit = np.unique(STRtree(shapes).query(pieces[piece[inside]])[1])
    fresh = shapes.copy()
    for i in hit.tolist():
        rings = [_with_corners(ring, found) for ring in (shapes[i].exterior, *shapes[i].interiors)]
        fresh[i] = Polygon(rings[0], rings[1:])
    return fresh


def _with_corners(ring: LinearRing, found: Mapping[frozenset[Place], Sequence[Place]]) -> list[Place]:
    places = [(float(x), float(y)) for x, y in ring.coords]
    out = [places[0]]
    for a, b in pairwise(places):
        between = found.get(frozenset((a, b)), ())
        out += [*sorted(between, key=partial(dist, a)), b]
    return out
