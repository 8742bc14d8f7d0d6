"""Rings of the areas of a border network, and the polygons that they make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cmp_to_key, partial

import numpy as np
import shapely
from shapely import Polygon

from gis.errors import TopologyError
from gis.network import UNITS, Network, Point

Step = tuple[str, bool]
"""A line by its id, and whether it is walked from its start to its end."""
Walk = tuple[Step, ...]
"""Steps round a border with the area on the left, back to the beginning."""


def polygons(network: Network, only: Iterable[str] | None = None) -> dict[str, Polygon]:
    """Return areas as polygons in WGS 84 degrees, by id: all of them, or only those named.

    Equal coordinates of neighbours are equal bit for bit. Raises TopologyError `unknown_area`, and
    `would_tear` if an area of the network is not one piece.
    """
    wanted = list(network.areas()) if only is None else list(only)
    return {area: _in_degrees(polygon_of(network, area)) for area in wanted}


def polygon_of(network: Network, area: str) -> Polygon:
    """Return an area as a polygon in the network's units; errors as those of `polygons`."""
    walks = walks_of(network, area)
    pieces = sum(doubled_area(points_of(network, walk)) > 0 for walk in walks)
    if pieces != 1:
        raise TopologyError("would_tear", area=area, pieces=pieces)
    return face_of(network, walks)


def face_of(network: Network, walks: Iterable[Walk]) -> Polygon:
    """Return the polygon of one piece of an area, given the way round it and those round its islands.

    A ring that touches itself becomes an outer ring and holes, as polygons want it. Raises TopologyError
    `would_tear`.
    """
    outer: list[list[Point]] = []
    holes: list[list[Point]] = []
    for walk in walks:
        for ring in _simple_rings(points_of(network, walk)):
            (outer if doubled_area(ring) > 0 else holes).append(ring)
    if len(outer) != 1:
        raise TopologyError("would_tear", pieces=len(outer))
    return Polygon(outer[0], holes)


def walks_of(network: Network, area: str) -> list[Walk]:
    """Return the ways round an area: one against the clock for each piece, one with it for each island.

    At a node where the area meets itself the way keeps to the same inside. A line with the area on both
    sides is walked both ways. Raises TopologyError `unknown_area`, `would_tear`.
    """
    steps: dict[Step, None] = {}
    leaving: dict[str, list[Step]] = {}
    for key in network.around(area):
        line = network.lines[key]
        if line.left == area:
            steps[key, True] = None
            leaving.setdefault(line.start, []).append((key, True))
        if line.right == area:
            steps[key, False] = None
            leaving.setdefault(line.end, []).append((key, False))
    walks: list[Walk] = []
    while steps:
        step = first = next(iter(steps))
        walk: list[Step] = []
        while step in steps:
            del steps[step]
            walk.append(step)
            line = network.lines[step[0]]
            choice = leaving.get(line.end if step[1] else line.start, ())
            if not choice:
                raise TopologyError("would_tear", area=area, pieces=0)
            step = choice[0] if len(choice) == 1 else _next_step(network, step, choice)
        if step != first:
            raise TopologyError("would_tear", area=area, pieces=0)
        walks.append(tuple(walk))
    return walks


def points_of(network: Network, walk: Walk) -> list[Point]:
    """Return the points of a walk, the first not repeated at the end."""
    points: list[Point] = []
    for key, forward in walk:
        course = network.course(key)
        points.extend(course[:-1] if forward else course[:0:-1])
    return points


def sides_of(network: Network, step: Step) -> tuple[str | None, str | None]:
    """Return the areas on the left and right of a step."""
    line = network.lines[step[0]]
    return (line.left, line.right) if step[1] else (line.right, line.left)


def doubled_area(points: Sequence[Point]) -> int:
    """Return twice the area of a ring in square units: positive against the clock."""
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(points, (*points[1:], points[0]), strict=True))


def spun(network: Network, node: str) -> list[Step]:
    """Return the steps that leave a node, with the clock.

    Raises TopologyError `along_edge` if two leave it in the same direction.
    """
    leaving = [
        (key, forward)
        for key in network.ends_at(node)
        for forward, end in ((True, network.lines[key].start), (False, network.lines[key].end))
        if end == node
    ]
    if len(leaving) < 2:
        return leaving
    reference = _direction(network, leaving[0])
    turns = {step: _direction(network, step) for step in leaving}
    order = cmp_to_key(partial(_order, reference))
    ordered = sorted(leaving[1:], key=lambda step: order(turns[step]))
    ordered.insert(0, leaving[0])
    for one, other in zip(ordered, (*ordered[1:], ordered[0]), strict=True):
        (ax, ay), (bx, by) = turns[one], turns[other]
        if ax * by == ay * bx and ax * bx + ay * by > 0:
            raise TopologyError("along_edge", line=other[0], point=degrees(network.nodes[node]))
    return ordered


def require_order(network: Network, node: str) -> None:
    """Going round a node, the right side of each line must be the left side of the next.

    Raises TopologyError `would_tear`, `along_edge`, `unknown_node` (no line meets there).
    """
    leaving = spun(network, node)
    if not leaving:
        raise TopologyError("unknown_node", node=node)
    for one, other in zip(leaving, (*leaving[1:], leaving[0]), strict=True):
        if sides_of(network, one)[1] != sides_of(network, other)[0]:
            raise TopologyError("would_tear", node=node, point=degrees(network.nodes[node]))


def degrees(point: Point) -> tuple[float, float]:
    """Return a point's longitude and latitude in degrees."""
    return point[0] / UNITS, point[1] / UNITS


def _next_step(network: Network, step: Step, choice: Sequence[Step]) -> Step:
    """Return the step with the same inside: the first with the clock, seen from the way back."""
    back = _direction(network, (step[0], not step[1]))
    order = cmp_to_key(partial(_order, back))
    return min(choice, key=lambda one: order(_direction(network, one)))


def _direction(network: Network, step: Step) -> Point:
    """Return where a step sets out to, as a difference."""
    line = network.lines[step[0]]
    course = (network.nodes[line.start], *line.via[:1], *line.via[-1:], network.nodes[line.end])
    here, there = (course[0], course[1]) if step[1] else (course[-1], course[-2])
    return there[0] - here[0], there[1] - here[1]


def _order(reference: Point, a: Point, b: Point) -> int:
    """Compare two directions by how far with the clock they lie from a reference; the way itself is last."""
    half_a, half_b = _half(reference, a), _half(reference, b)
    if half_a != half_b:
        return half_a - half_b
    cross = a[0] * b[1] - a[1] * b[0]
    return (cross > 0) - (cross < 0)


def _half(reference: Point, turn: Point) -> int:
    cross = reference[0] * turn[1] - reference[1] * turn[0]
    if cross:
        return 0 if cross < 0 else 2
    return 1 if reference[0] * turn[0] + reference[1] * turn[1] < 0 else 3


def _simple_rings(points: list[Point]) -> list[list[Point]]:
    """Cut a ring that comes back to a point into rings that do not."""
    if len(set(points)) == len(points):
        return [points]
    rings: list[list[Point]] = []
    open_way: list[Point] = []
    place: dict[Point, int] = {}
    for point in points:
        if point in place:
            rings.append(open_way[place[point] :])
            for left in open_way[place[point] + 1 :]:
                del place[left]
            del open_way[place[point] + 1 :]
            continue
        place[point] = len(open_way)
        open_way.append(point)
    return [ring for ring in (*rings, open_way) if len(ring) > 2]


def _in_degrees(polygon: Polygon) -> Polygon:
    return shapely.transform(polygon, lambda at: np.asarray(at) / UNITS)
