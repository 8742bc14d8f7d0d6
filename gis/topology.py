"""Changes of a border network that keep the ground covered exactly once, and their inverses.

Codes of TopologyError, each with what and where it is (`point` in degrees):
unknown_line, unknown_node, unknown_area, unknown_vertex   what was named is not there
area_taken, id_taken      a new id is in use
outside_fixed             the outer border of the ground would move
self_crossing, spike      the line crosses itself, or runs back on itself
crossing, along_edge      the line crosses or touches another border, or runs along it
misses, ends_inside       the path does not cross the area, or ends in the middle of it
hole, would_not_split, too_many_parts   the path closes inside, leaves one part, or makes more than two
not_neighbours            the areas have no border in common (a point is not enough)
would_tear, would_vanish, too_small     an area would fall apart, be gone, or hold less than a square metre
bad_operation, too_many_points, out_of_range   the operation cannot be read
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gis.changes import Change
from gis.errors import TopologyError
from gis.exactness import require_exact
from gis.network import Line, Network, Point
from gis.operations import (
    InsertVertex,
    Merge,
    MoveNode,
    MoveVertex,
    Operation,
    RemoveVertex,
    Reshape,
    Restore,
    Split,
    Transfer,
    line_as_json,
    line_from,
    operation_from,
)
from gis.regions import merge, split, transfer
from gis.rings import degrees, polygons
from gis.weaving import network_of

__all__ = [
    "Applied",
    "InsertVertex",
    "Line",
    "Merge",
    "MoveNode",
    "MoveVertex",
    "Network",
    "Operation",
    "Point",
    "RemoveVertex",
    "Reshape",
    "Restore",
    "Split",
    "Transfer",
    "apply",
    "line_as_json",
    "line_from",
    "network_of",
    "operation_from",
    "polygons",
]


@dataclass(frozen=True)
class Applied:
    """A network after an operation: what undoes it, and the nodes, lines and areas made, changed or gone.

    `lines` are also those whose ends moved with a node; `areas` are all whose border has another course
    or another vertex, so neighbours too.
    """

    network: Network
    inverse: tuple[Operation, ...]
    nodes: frozenset[str]
    lines: frozenset[str]
    areas: frozenset[str]


def apply(network: Network, operation: Operation) -> Applied:
    """Return the network after an operation; the one that was given stays as it was.

    The result covers the same ground exactly once: what is near the change is tested in whole numbers. The
    operations of `inverse`, applied in order, give back the identical network. Raises TopologyError with
    the codes of this module's docstring.
    """
    change = Change(network)
    _DOERS[type(operation)](change, operation)
    require_exact(change)
    inverse: tuple[Operation, ...] = (change.inverse(),)
    return Applied(change.now, inverse, change.nodes(), change.courses(), change.areas())


def _move_vertex(change: Change, told: MoveVertex) -> None:
    line = _inner(change, told.line)
    _require_vertex(line, told.at, told.line)
    _set_via(change, told.line, (*line.via[: told.at], told.to, *line.via[told.at + 1 :]))


def _insert_vertex(change: Change, told: InsertVertex) -> None:
    line = change.now.line(told.line)
    if not 0 <= told.at <= len(line.via):
        raise TopologyError("unknown_vertex", line=told.line, at=told.at)
    if line.left is None or line.right is None:
        _require_on_edge(change, told)
    _set_via(change, told.line, (*line.via[: told.at], told.to, *line.via[told.at :]))


def _require_on_edge(change: Change, told: InsertVertex) -> None:
    a, b = change.now.course(told.line)[told.at : told.at + 2]
    if (b[0] - a[0]) * (told.to[1] - a[1]) != (b[1] - a[1]) * (told.to[0] - a[0]):
        raise TopologyError("outside_fixed", line=told.line, point=degrees(told.to))


def _remove_vertex(change: Change, told: RemoveVertex) -> None:
    line = _inner(change, told.line)
    _require_vertex(line, told.at, told.line)
    _set_via(change, told.line, (*line.via[: told.at], *line.via[told.at + 1 :]))


def _reshape(change: Change, told: Reshape) -> None:
    _inner(change, told.line)
    _set_via(change, told.line, told.via)


def _move_node(change: Change, told: MoveNode) -> None:
    if told.node not in change.now.nodes:
        raise TopologyError("unknown_node", node=told.node)
    for key in change.now.ends_at(told.node):
        _inner(change, key)
    change.set_node(told.node, told.to)


def _restore(change: Change, told: Restore) -> None:
    nodes: dict[str, Point | None] = {**told.nodes, **dict.fromkeys(told.gone_nodes)}
    lines: dict[str, Line | None] = {**told.lines, **dict.fromkeys(told.gone_lines)}
    ends = {key for line in told.lines.values() for key in (line.start, line.end)}
    ends |= {key for key in told.gone_nodes if any(k not in lines for k in change.now.ends_at(key))}
    for key in sorted(ends):
        if nodes.get(key, change.now.nodes.get(key)) is None or key in told.gone_nodes:
            raise TopologyError("unknown_node", node=key)
    change.set_all(nodes, lines)


def _inner(change: Change, key: str) -> Line:
    """Return a line that may move, because it is not the outer border."""
    line = change.now.line(key)
    if line.left is None or line.right is None:
        raise TopologyError("outside_fixed", line=key, point=degrees(change.now.nodes[line.start]))
    return line


def _require_vertex(line: Line, at: int, key: str) -> None:
    if not 0 <= at < len(line.via):
        raise TopologyError("unknown_vertex", line=key, at=at)


def _set_via(change: Change, key: str, via: tuple[Point, ...]) -> None:
    line = change.now.lines[key]
    change.set_line(key, Line(line.start, line.end, via, line.left, line.right))


_DOERS: Mapping[type, Callable[[Change, Any], None]] = {
    MoveVertex: _move_vertex,
    MoveNode: _move_node,
    InsertVertex: _insert_vertex,
    RemoveVertex: _remove_vertex,
    Reshape: _reshape,
    Split: split,
    Merge: merge,
    Transfer: transfer,
    Restore: _restore,
}
