"""From polygons that cover the ground exactly to the network of their borders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from gis.errors import CoverageError
from gis.network import REACH, UNITS, Line, Network, Point
from gis.segments import Ints, Segments, first_contact
from gis.soundness import Polygonal, polygons_of

_NAMED = 10
"""Codes that an error names at most."""


def network_of(areas: Sequence[tuple[str, Polygonal]], ground: Polygonal | None = None) -> Network:
    """Return the border network of areas (id, WGS 84 polygon in degrees) that cover their ground exactly.

    Coordinates are rounded to hundred-millionths of a degree. A place where a corner only touches a
    neighbour's edge becomes a node. Ids follow from the places alone. With `ground`, holes of the ground
    may stay open; without it, no hole may. Raises CoverageError: `duplicate_code`, `too_wide`
    (more than 10 degrees, as across the antimeridian), `not_a_coverage` (codes, and a point where it is
    known) and `gap`.
    """
    codes = [code for code, _ in areas]
    if len(set(codes)) != len(codes):
        twice = next(code for code in codes if codes.count(code) > 1)
        raise CoverageError("duplicate_code", code=twice)
    shapes = _in_units(codes, [_single(code, area) for code, area in areas])
    _require_coverage(codes, shapes, ground)
    network = _woven(codes, shapes)
    touch = _touch(network)
    while touch is not None:
        shapes = _with_vertex(shapes, *touch)
        network = _woven(codes, shapes)
        touch = _touch(network)
    return network


def _single(code: str, area: Polygonal) -> Polygon:
    parts = polygons_of(area) if isinstance(area, Polygon | MultiPolygon) else []
    if len(parts) != 1:
        raise CoverageError("not_a_coverage", codes=[code])
    return parts[0]


def _in_units(codes: Sequence[str], shapes: Sequence[Polygon]) -> list[Polygon]:
    if not shapes:
        raise CoverageError("not_a_coverage", codes=[])
    at = shapely.get_coordinates(np.array(shapes, dtype=object))
    if not np.isfinite(at).all() or np.abs(at).max() > 360.0:
        raise CoverageError("not_a_coverage", codes=list(codes[:_NAMED]))
    if (at.max(axis=0) - at.min(axis=0)).max() * UNITS > REACH:
        raise CoverageError("too_wide", limit=REACH // UNITS)
    whole = shapely.transform(np.array(shapes, dtype=object), lambda xy: np.round(np.asarray(xy) * UNITS))
    # Two corners nearer than a millimetre have become one.
    return list(shapely.orient_polygons(shapely.remove_repeated_points(whole, 0.0)))


def _require_coverage(codes: Sequence[str], shapes: Sequence[Polygon], ground: Polygonal | None) -> None:
    array = np.array(shapes, dtype=object)
    sound = shapely.is_valid(array)
    if sound.all():
        sound = shapely.is_empty(shapely.coverage_invalid_edges(array))
    if not sound.all():
        bad = np.flatnonzero(~sound)[:_NAMED]
        raise CoverageError("not_a_coverage", codes=[codes[i] for i in bad.tolist()])
    whole = shapely.coverage_union_all(array)
    for part in polygons_of(whole):
        for ring in part.interiors:
            hole = shapely.difference(Polygon(ring), whole)
            place = shapely.transform(shapely.point_on_surface(hole), lambda xy: np.asarray(xy) / UNITS)
            if not hole.is_empty and (ground is None or ground.contains(place)):
                raise CoverageError("gap", point=(place.x, place.y))


def _woven(codes: Sequence[str], shapes: Sequence[Polygon]) -> Network:
    """Make nodes where more or fewer than two edges meet, and lines between them."""
    points, start, end, area = _edges(shapes)
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = low * len(points) + high
    forward = start < end
    if len(np.unique(key * 2 + forward)) != len(key):
        raise CoverageError("not_a_coverage", codes=[])
    sides: dict[tuple[int, int], str] = {
        (a, b): codes[i] for a, b, i in zip(start.tolist(), end.tolist(), area.tolist(), strict=True)
    }
    _, once = np.unique(key, return_index=True)
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
    return Network({name: places[corner] for corner, name in names.items()}, lines)


def _edges(shapes: Sequence[Polygon]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the points sorted by place, and start, end and area of each edge, with the area on its left."""
    rings, owner = shapely.get_rings(np.array(shapes, dtype=object), return_index=True)
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


def _touch(network: Network) -> tuple[Point, tuple[Point, Point]] | None:
    """Return a corner that lies on the inside of an edge, and the edge; CoverageError if pieces cross."""
    keys = list(network.lines)
    names = {node: number for number, node in enumerate(network.nodes)}
    every = segments_of(network, keys, names)
    found = first_contact(every, every)
    if found is None:
        return None
    (ax, ay, bx, by), (cx, cy, dx, dy) = every.ends[found[0]].tolist(), every.ends[found[1]].tolist()
    pieces = (((ax, ay), (bx, by)), ((cx, cy), (dx, dy)))
    for (a, b), other in (pieces, pieces[::-1]):
        for corner in other:
            if corner not in (a, b) and _on_edge(corner, a, b):
                return corner, (a, b)
    raise CoverageError("not_a_coverage", codes=[], point=(ax / UNITS, ay / UNITS))


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


def _on_edge(corner: Point, a: Point, b: Point) -> bool:
    dx, dy, px, py = b[0] - a[0], b[1] - a[1], corner[0] - a[0], corner[1] - a[1]
    return dx * py == dy * px and 0 < dx * px + dy * py < dx * dx + dy * dy


def _with_vertex(shapes: Sequence[Polygon], corner: Point, edge: tuple[Point, Point]) -> list[Polygon]:
    """Put a corner into the edge wherever it is."""

    def ring(points: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
        out: list[tuple[float, ...]] = [points[0]]
        for a, b in pairwise(points):
            out += [corner, b] if {a, b} == set(edge) else [b]
        return out

    return [
        Polygon(ring(list(shape.exterior.coords)), [ring(list(hole.coords)) for hole in shape.interiors])
        if shape.distance(shapely.Point(corner)) == 0
        else shape
        for shape in shapes
    ]
