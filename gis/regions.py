"""Operations that give ground from one area to another: split, merge, transfer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import shapely
from shapely import Polygon

from gis.changes import Change
from gis.cutting import cut
from gis.errors import TopologyError
from gis.network import Line, Network
from gis.operations import Merge, Split, Transfer
from gis.rings import Walk, degrees, doubled_area, face_of, points_of, walks_of


def split(change: Change, told: Split) -> None:
    """Cut an area in two along a path.

    TopologyError as `cut`, and `area_taken`, `misses`, `would_not_split`, `too_many_parts`.
    """
    change.now.around(told.area)
    if told.new_area in change.now.index.of:
        raise TopologyError("area_taken", area=told.new_area)
    made = cut(change, told.area, told.path, told.ids, closed=False)
    if not made:
        raise TopologyError("misses", area=told.area, point=degrees(told.path[0]))
    faces = _faces(change.now, told.area)
    place = degrees(change.now.nodes[change.now.lines[made[0]].start])
    if len(faces) > 2:
        raise TopologyError("too_many_parts", area=told.area, count=len(faces), point=place)
    shells = [set(face[0]) for face in faces]
    # A piece with the same part on both sides leads to an island and divides nothing.
    if len(faces) < 2 or any({(key, True), (key, False)} <= shell for key in made for shell in shells):
        raise TopologyError("would_not_split", area=told.area, point=place)
    left = 0 if (made[0], True) in shells[0] else 1
    if told.keep is None:
        size = [sum(doubled_area(points_of(change.now, walk)) for walk in face) for face in faces]
        kept = 0 if size[0] >= size[1] else 1
    else:
        kept = left if told.keep == "left" else 1 - left
    _give(change, faces[1 - kept], told.new_area)


def merge(change: Change, told: Merge) -> None:
    """Make two neighbours one; TopologyError `unknown_area`, `not_neighbours`."""
    keep, gone = told.areas
    change.now.around(keep)
    for area in change.now.around(gone):
        line = change.now.lines[area]
        if {line.left, line.right} == {keep, gone}:
            break
    else:
        raise TopologyError("not_neighbours", areas=[keep, gone])
    _give(change, walks_of(change.now, gone), keep)
    _open(change, keep)


def transfer(change: Change, told: Transfer) -> None:
    """Give the part of an area inside a closed path to a neighbour.

    TopologyError as `cut`, and `misses`, `would_vanish`, `not_neighbours`.
    """
    change.now.around(told.target)
    if told.source == told.target:
        raise TopologyError("not_neighbours", areas=[told.source, told.target])
    change.now.around(told.source)
    cut(change, told.source, told.path, told.ids, closed=True)
    patch = Polygon(told.path)
    shapely.prepare(patch)
    faces = _faces(change.now, told.source)
    inside = [face for face in faces if _lies_in(change.now, face, patch)]
    if not inside:
        raise TopologyError("misses", area=told.source, point=degrees(told.path[0]))
    if len(inside) == len(faces):
        raise TopologyError("would_vanish", area=told.source)
    for face in inside:
        _give(change, face, told.target)
    _open(change, told.source)
    _open(change, told.target)


def _faces(network: Network, area: str) -> list[list[Walk]]:
    """Return the parts that an area falls into: of each the way round it, then those round its islands."""
    walks = walks_of(network, area)
    rings = [points_of(network, walk) for walk in walks]
    outer = [i for i, ring in enumerate(rings) if doubled_area(ring) > 0]
    faces = [[walks[i]] for i in outer]
    shells = [face_of(network, face) for face in faces]
    for i, walk in enumerate(walks):
        if i not in outer:
            home = (n for n, shell in enumerate(shells) if shapely.contains_xy(shell, *rings[i][0]))
            faces[next(home, 0)].append(walk)
    return faces


def _lies_in(network: Network, face: Sequence[Walk], patch: Polygon) -> bool:
    return bool(patch.contains(face_of(network, face).representative_point()))


def _give(change: Change, walks: Iterable[Walk], to: str) -> None:
    """Make the side that some ways go round another area's."""
    lines: dict[str, Line | None] = {}
    for key, forward in (step for walk in walks for step in walk):
        line = lines.get(key) or change.now.lines[key]
        left, right = (to, line.right) if forward else (line.left, to)
        lines[key] = Line(line.start, line.end, line.via, left, right)
    change.set_all({}, lines)


def _open(change: Change, area: str) -> None:
    """Take out the lines that have an area on both sides, and the nodes that this leaves in the middle."""
    within = {
        key: change.now.lines[key]
        for key in change.now.around(area)
        if change.now.lines[key].left == change.now.lines[key].right
    }
    change.set_all({}, dict.fromkeys(within))
    change.dissolve(sorted({node for line in within.values() for node in (line.start, line.end)}))
