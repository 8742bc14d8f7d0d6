"""The test that a changed border network still covers the same ground exactly once, near the change only."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import shapely
from shapely import MultiLineString

from gis.changes import Change
from gis.coords import metres_per_degree
from gis.errors import TopologyError
from gis.network import REACH, UNITS, Network, Point, box_of
from gis.rings import degrees, polygon_of, require_order
from gis.segments import Segments, first_contact
from gis.weaving import segments_of

LEAST_M2 = 1.0
"""No area may shrink below this."""
_SLACK = 1.5
"""Units that a vertex put into the outer border may lie beside it: less than the step of the coordinates."""


def require_exact(change: Change) -> None:
    """Raise TopologyError unless the network after a change is as exact as the one before it.

    Codes: `spike`, `self_crossing`, `crossing`, `along_edge`, `would_tear`, `too_small`, `outside_fixed`,
    `out_of_range`, `unknown_node`.
    """
    keys = [key for key in sorted(change.courses()) if key in change.now.lines]
    _require_apart(change, keys)
    _require_order(change, keys)
    _require_outline(change)
    for area in sorted(change.areas()):
        if area in change.now.index.of:
            _require_whole(change, area)


def _require_apart(change: Change, keys: list[str]) -> None:
    """Compare each piece of a border that was not there before with all that is near it."""
    old = {
        pair for key in change.courses() if key in change.before.lines for pair in _pairs(change.before, key)
    }
    names: dict[str, int] = {}
    whole = segments_of(change.now, keys, names)
    fresh = whole.only(
        np.array([_pair((a, b), (c, d)) not in old for a, b, c, d in whole.ends.tolist()], dtype=np.bool_)
    )
    if not len(fresh.ends):
        return
    still = np.flatnonzero((fresh.ends[:, :2] == fresh.ends[:, 2:]).all(axis=1))
    if still.size:
        raise TopologyError("spike", point=_point(fresh, int(still[0])), line=keys[fresh.owner[still[0]]])
    box = box_of((x, y) for a, b, c, d in fresh.ends.tolist() for x, y in ((a, b), (c, d)))
    if max(box[2] - box[0], box[3] - box[1]) > REACH:
        raise TopologyError("out_of_range", point=_point(fresh, 0))
    every = [*keys, *sorted(change.now.near(box).difference(keys))]
    found = first_contact(fresh, others := segments_of(change.now, every, names))
    if found is not None:
        raise _contact(every, fresh, others, *found)


def _pairs(network: Network, key: str) -> Iterable[tuple[Point, Point]]:
    course = network.course(key)
    return map(_pair, course, course[1:])


def _pair(a: Point, b: Point) -> tuple[Point, Point]:
    return (a, b) if a < b else (b, a)


def _point(segments: Segments, at: int) -> tuple[float, float]:
    x, y = segments.ends[at, :2].tolist()
    return degrees((x, y))


def _contact(keys: list[str], some: Segments, others: Segments, one: int, other: int) -> TopologyError:
    """Name the fault of two pieces that meet, and its place."""
    line, beside = keys[some.owner[one]], keys[others.owner[other]]
    joined = np.intersect1d(some.names[one], others.names[other]).size > 0
    if line == beside:
        code = "spike" if joined else "self_crossing"
    else:
        code = "along_edge" if joined else "crossing"
    first, second = (shapely.linestrings(s.ends[i].reshape(2, 2)) for s, i in ((some, one), (others, other)))
    place = shapely.point_on_surface(shapely.intersection(first, second))
    place = shapely.get_point(first, 0) if place.is_empty else place
    return TopologyError(code, line=line, other=beside, point=(place.x / UNITS, place.y / UNITS))


def _require_order(change: Change, keys: list[str]) -> None:
    network = change.now
    for key in keys:
        line = network.lines[key]
        if line.left == line.right:
            raise TopologyError("would_tear", line=key, area=line.left)
    nodes = {end for key in keys for end in (network.lines[key].start, network.lines[key].end)}
    for node in sorted(nodes | {node for node in change.nodes() if node in network.nodes}):
        require_order(network, node)


def _require_outline(change: Change) -> None:
    """The outer border may get a vertex, but neither area nor course of the ground may change."""
    size: list[int] = []
    ways: list[list[tuple[Point, ...]]] = []
    for network in (change.before, change.now):
        outer = [
            (network.course(key), line)
            for key in sorted(change.courses())
            if (line := network.lines.get(key)) is not None and None in (line.left, line.right)
        ]
        ways.append([course if line.right is None else course[::-1] for course, line in outer])
        size.append(sum(_swept(way) for way in ways[-1]))
    if sorted(ways[0]) == sorted(ways[1]):
        return
    before, now = (MultiLineString(way) for way in ways)
    if size[0] != size[1] or not shapely.hausdorff_distance(before, now) <= _SLACK:
        raise TopologyError("outside_fixed", point=degrees((ways[0] or ways[1])[0][0]))


def _swept(way: tuple[Point, ...]) -> int:
    """Return twice the area between a way and the origin: equal sums mean equal ground."""
    return sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(way))


def _require_whole(change: Change, area: str) -> None:
    shape = polygon_of(change.now, area)
    if not shape.is_valid:
        # The borders are apart, so an island lies where it did not: a border was drawn round or past it.
        raise TopologyError("would_tear", area=area)
    metres = [one / UNITS for one in metres_per_degree(shape.bounds[1] / UNITS)]
    least = LEAST_M2 / (metres[0] * metres[1])
    if shape.area < least and (
        area not in change.before.index.of or shape.area < polygon_of(change.before, area).area
    ):
        raise TopologyError("too_small", area=area, least_m2=LEAST_M2)
