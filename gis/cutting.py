"""Cutting an area of a border network along a drawn path, by noding the whole path with the area's rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon

from gis.changes import Change
from gis.errors import TopologyError
from gis.network import Line, Network, Point
from gis.rings import degrees, polygon_of

SNAP = 10
"""Units (about 1 cm): a path that comes nearer than this to a border meets it."""
_SLIDE = 10
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Stop:
    """A point of the noded path; `on` tells whether it lies on the area's border."""

    at: Point
    on: bool


def cut(change: Change, area: str, path: Sequence[Point], ids: str, *, closed: bool) -> tuple[str, ...]:
    """Put the pieces of a path that lie inside an area into the network, with the area on both sides.

    Where the path meets a border, border and path get the same node. New nodes and lines are called `ids`,
    a dot and a number. Returns the new lines in the order of the path, none if the path stays outside.
    Raises TopologyError `self_crossing`, `spike`, `ends_inside`, `hole`, `along_edge`, `id_taken`.
    """
    _require_simple(path, closed)
    ground = polygon_of(change.now, area)
    shapely.prepare(ground)
    stops = _noded(_border(change.now, area), path)
    pieces = _pieces(stops, closed)
    if not pieces and (closed or path[0] == path[-1]) and shapely.intersects_xy(ground, *path[0]):
        raise TopologyError("hole", **_place(path[0]))
    for loose in () if closed else (stops[0], stops[-1]):
        if not loose.on and shapely.intersects_xy(ground, *loose.at):
            raise TopologyError("ends_inside", **_place(loose.at))
    inside = [piece for piece in pieces if _is_inside(ground, piece)]
    if not inside and any(_is_along(ground, piece) for piece in pieces):
        raise TopologyError("along_edge", **_place(pieces[0][0].at))
    namer = _Namer(change, ids)
    nodes: dict[Point, str] = {}
    made = []
    for piece in inside:
        for at in (piece[0].at, piece[-1].at):
            if at not in nodes:
                nodes[at] = _node_at(change, area, at, namer)
        start, end = nodes[piece[0].at], nodes[piece[-1].at]
        key = namer.line()
        change.set_line(key, Line(start, end, tuple(stop.at for stop in piece[1:-1]), area, area))
        made.append(key)
    return tuple(made)


class _Namer:
    """Gives the ids of new nodes and lines."""

    def __init__(self, change: Change, ids: str) -> None:
        self._before, self._ids = change.before, ids
        self._nodes = self._lines = 0

    def node(self) -> str:
        self._nodes += 1
        return self._free(f"{self._ids}.{self._nodes}", self._before.nodes)

    def line(self) -> str:
        self._lines += 1
        return self._free(f"{self._ids}.{self._lines}", self._before.lines)

    def _free(self, key: str, taken: object) -> str:
        if key in taken:  # type: ignore[operator]
            raise TopologyError("id_taken", id=key)
        return key


def _require_simple(path: Sequence[Point], closed: bool) -> None:
    if any(a == b for a, b in pairwise(path)) or len(path) < (4 if closed else 2):
        raise TopologyError("spike", **_place(path[0]) if path else {})
    if closed and path[0] != path[-1]:
        raise TopologyError("ends_inside", **_place(path[-1]))
    if not LineString(path).is_simple:
        raise TopologyError("self_crossing", **_place(path[0]))


def _place(point: Point) -> dict[str, object]:
    return {"point": degrees(point)}


def _border(network: Network, area: str) -> tuple[Floats, Floats]:
    """Return start and end of every piece of an area's border."""
    courses = [np.array(network.course(key), dtype=np.float64) for key in network.around(area)]
    return np.concatenate([c[:-1] for c in courses]), np.concatenate([c[1:] for c in courses])


def _noded(border: tuple[Floats, Floats], path: Sequence[Point]) -> list[_Stop]:
    """Return the path's points with those where it meets the border, in order."""
    snapped = [_snapped(border, point) for point in path]
    stops = [snapped[0]]
    for start, end in pairwise(snapped):
        if start.at == end.at:
            continue
        for at in _meetings(border, start, end):
            if at not in (stops[-1].at, end.at):
                stops.append(_Stop(at, True))
        stops.append(end)
    return stops


def _snapped(border: tuple[Floats, Floats], point: Point) -> _Stop:
    """Return a point of the path, moved to the border's corner or edge where it is nearer than SNAP."""
    here = np.array(point, dtype=np.float64)
    a, b = border
    corner = np.hypot(*(a - here).T)
    nearest = int(np.argmin(corner))
    if corner[nearest] <= SNAP:
        return _Stop(_rounded(a[nearest]), True)
    corner = np.hypot(*(b - here).T)
    nearest = int(np.argmin(corner))
    if corner[nearest] <= SNAP:
        return _Stop(_rounded(b[nearest]), True)
    feet = _feet(a, b, here)
    away = np.hypot(*(feet - here).T)
    nearest = int(np.argmin(away))
    return _Stop(_rounded(feet[nearest]), True) if away[nearest] <= SNAP else _Stop(point, False)


def _feet(a: Floats, b: Floats, point: Floats) -> Floats:
    """Return the point of each piece that is nearest to a point."""
    along = b - a
    share = np.clip(((point - a) * along).sum(axis=1) / (along * along).sum(axis=1), 0.0, 1.0)
    return np.asarray(a + share[:, None] * along)


def _meetings(border: tuple[Floats, Floats], start: _Stop, end: _Stop) -> list[Point]:
    """Return where a piece of the path meets the border between its own ends, in order."""
    u, v = np.array(start.at, dtype=np.float64), np.array(end.at, dtype=np.float64)
    a, b = border
    reach = np.minimum(u, v) - SNAP, np.maximum(u, v) + SNAP
    near = ((np.minimum(a, b) <= reach[1]) & (np.maximum(a, b) >= reach[0])).all(axis=1)
    a, b = a[near], b[near]
    way = v - u
    length2 = float(way @ way)
    found: dict[Point, float] = {}
    corners = np.unique(np.concatenate([a, b]), axis=0)
    share = (corners - u) @ way / length2
    gap = np.abs(_cross(corners - u, way)) / np.sqrt(length2)
    on_path = (gap <= SNAP) & (share > 0.0) & (share < 1.0)
    for corner, part in zip(corners[on_path], share[on_path], strict=True):
        found[_rounded(corner)] = float(part)
    known = np.array([start.at, end.at, *found], dtype=np.float64)
    along = b - a
    turn = _cross(way[None], along)
    with np.errstate(divide="ignore", invalid="ignore"):
        part_way = _cross(a - u, along) / turn
        part_edge = _cross(a - u, np.broadcast_to(way, a.shape)) / turn
    crossed = (turn != 0) & (part_way > 0) & (part_way < 1) & (part_edge > 0) & (part_edge < 1)
    for i in np.flatnonzero(crossed).tolist():
        at = u + part_way[i] * way
        # A crossing beside a corner that the path already meets is that corner.
        if np.hypot(*(known - at).T).min() > SNAP:
            found[_rounded(at)] = float(part_way[i])
    return sorted((at for at in found if at not in (start.at, end.at)), key=lambda at: found[at])


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _rounded(at: Floats) -> Point:
    return round(float(at[0])), round(float(at[1]))


def _pieces(stops: list[_Stop], closed: bool) -> list[list[_Stop]]:
    """Return the pieces of a noded path between two meetings with the border."""
    on = [i for i, stop in enumerate(stops) if stop.on]
    if closed and on:
        turned = stops[on[0] : -1] + stops[: on[0] + 1]
        stops, on = turned, [i for i, stop in enumerate(turned) if stop.on]
    return [stops[first : last + 1] for first, last in pairwise(on)]


def _is_inside(ground: Polygon, piece: Sequence[_Stop]) -> bool:
    if len(piece) > 2:
        return bool(shapely.contains_xy(ground, *piece[1].at))
    (ax, ay), (bx, by) = piece[0].at, piece[1].at
    middle = (ax + bx) / 2, (ay + by) / 2
    return bool(shapely.contains_xy(ground, *middle)) and not _is_along(ground, piece)


def _is_along(ground: Polygon, piece: Sequence[_Stop]) -> bool:
    if len(piece) > 2:
        return False
    (ax, ay), (bx, by) = piece[0].at, piece[1].at
    return bool(ground.boundary.distance(shapely.Point((ax + bx) / 2, (ay + by) / 2)) <= SNAP)


def _node_at(change: Change, area: str, at: Point, namer: _Namer) -> str:
    """Return the node at a place on the border of an area, made if there is none."""
    network = change.now
    best: tuple[float, str, int] | None = None
    for key in network.around(area):
        line = network.lines[key]
        course = network.course(key)
        if at in course:
            position = course.index(at)
            if position == 0:
                return line.start
            if position == len(course) - 1:
                return line.end
            return _split_line(change, key, position - 1, line.via, namer)
        points = np.array(course, dtype=np.float64)
        feet = _feet(points[:-1], points[1:], np.array(at, dtype=np.float64))
        away = np.hypot(*(feet - np.array(at, dtype=np.float64)).T)
        nearest = int(np.argmin(away))
        if best is None or away[nearest] < best[0]:
            best = float(away[nearest]), key, nearest
    assert best is not None
    _, key, position = best
    return _split_edge(change, key, position, at, namer)


def _split_edge(change: Change, key: str, position: int, at: Point, namer: _Namer) -> str:
    """Make a node in the edge of a line that begins at this position of its course."""
    line = change.now.lines[key]
    a, b = change.now.course(key)[position : position + 2]
    fresh, chosen = ((at,), 0) if line.left and line.right else _outer_vertices(a, b, at)
    via = (*line.via[:position], *fresh, *line.via[position:])
    return _split_line(change, key, position + chosen, via, namer)


def _outer_vertices(a: Point, b: Point, at: Point) -> tuple[tuple[Point, ...], int]:
    """Return the vertices that put a node into an edge of the outer border, and which of them is the node.

    A whole-numbered point seldom lies exactly on the edge. The vertex mirrored in the middle of the edge
    gives back the area that the node takes (or takes what it gives): the ground's area does not change.
    """
    dx, dy = b[0] - a[0], b[1] - a[1]
    common = gcd(dx, dy)
    step = (dx // common, dy // common)
    times = round(((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / (dx * dx + dy * dy) * common)
    if 0 < times < common and max(abs(step[0]), abs(step[1])) <= _SLIDE:
        return ((a[0] + times * step[0], a[1] + times * step[1]),), 0
    if dx * (at[1] - a[1]) == dy * (at[0] - a[0]):
        return (at,), 0
    mirrored = (a[0] + b[0] - at[0], a[1] + b[1] - at[1])
    first = (at[0] - a[0]) * dx + (at[1] - a[1]) * dy
    second = (mirrored[0] - a[0]) * dx + (mirrored[1] - a[1]) * dy
    return ((at, mirrored), 0) if first < second else ((mirrored, at), 1)


def _split_line(change: Change, key: str, position: int, via: tuple[Point, ...], namer: _Namer) -> str:
    """Make a node of the inner vertex at a position of `via`, the line's new inner course."""
    line = change.now.lines[key]
    node, rest = namer.node(), namer.line()
    change.set_all(
        {node: via[position]},
        {
            key: Line(line.start, node, via[:position], line.left, line.right),
            rest: Line(node, line.end, via[position + 1 :], line.left, line.right),
        },
    )
    return node
