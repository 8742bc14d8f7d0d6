"""What a planner can do to a border network: one frozen record for each operation, and its JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from gis.errors import TopologyError
from gis.network import UNITS, Line, Point

MAX_POINTS = 10_000
"""Points that a drawn line may have."""
_MAX_ID = 100
_MAX_PARTS = 20_000
Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class MoveVertex:
    """Move the inner vertex at a position of a line."""

    kind: ClassVar[str] = "move_vertex"
    line: str
    at: int
    to: Point

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {"kind": self.kind, "line": self.line, "at": self.at, "to": list(self.to)}


@dataclass(frozen=True, slots=True)
class MoveNode:
    """Move a node with the ends of all its lines."""

    kind: ClassVar[str] = "move_node"
    node: str
    to: Point

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {"kind": self.kind, "node": self.node, "to": list(self.to)}


@dataclass(frozen=True, slots=True)
class InsertVertex:
    """Give a line one more inner vertex, at this position of the new course."""

    kind: ClassVar[str] = "insert_vertex"
    line: str
    at: int
    to: Point

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {"kind": self.kind, "line": self.line, "at": self.at, "to": list(self.to)}


@dataclass(frozen=True, slots=True)
class RemoveVertex:
    """Take the inner vertex at a position out of a line."""

    kind: ClassVar[str] = "remove_vertex"
    line: str
    at: int

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {"kind": self.kind, "line": self.line, "at": self.at}


@dataclass(frozen=True, slots=True)
class Reshape:
    """Draw the whole inner course of a line anew."""

    kind: ClassVar[str] = "reshape"
    line: str
    via: tuple[Point, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {"kind": self.kind, "line": self.line, "via": _listed(self.via)}


@dataclass(frozen=True, slots=True)
class Split:
    """Cut an area in two along a path from border to border.

    `keep` says which side of the path keeps the old id; without it the larger part does. `ids` begins the
    ids of new nodes and lines.
    """

    kind: ClassVar[str] = "split"
    area: str
    path: tuple[Point, ...]
    new_area: str
    ids: str
    keep: Side | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        told = {
            "kind": self.kind,
            "area": self.area,
            "path": _listed(self.path),
            "new_area": self.new_area,
            "ids": self.ids,
        }
        return told if self.keep is None else {**told, "keep": self.keep}


@dataclass(frozen=True, slots=True)
class Merge:
    """Make two neighbours one area, under the first one's id."""

    kind: ClassVar[str] = "merge"
    areas: tuple[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {"kind": self.kind, "areas": list(self.areas)}


@dataclass(frozen=True, slots=True)
class Transfer:
    """Give the part of one area inside a closed path to its neighbour."""

    kind: ClassVar[str] = "transfer"
    path: tuple[Point, ...]
    source: str
    target: str
    ids: str

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        told = {"kind": self.kind, "path": _listed(self.path), "from": self.source, "to": self.target}
        return {**told, "ids": self.ids}


@dataclass(frozen=True)
class Restore:
    """Put nodes and lines as they are given here, and take others out: the inverse of any operation."""

    kind: ClassVar[str] = "restore"
    nodes: Mapping[str, Point]
    lines: Mapping[str, Line]
    gone_nodes: tuple[str, ...] = ()
    gone_lines: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `operation_from` reads."""
        return {
            "kind": self.kind,
            "nodes": {key: list(at) for key, at in self.nodes.items()},
            "lines": {key: line_as_json(line) for key, line in self.lines.items()},
            "gone_nodes": list(self.gone_nodes),
            "gone_lines": list(self.gone_lines),
        }


Operation = MoveVertex | MoveNode | InsertVertex | RemoveVertex | Reshape | Split | Merge | Transfer | Restore


def line_as_json(line: Line) -> dict[str, Any]:
    """Return a line as JSON: start, end, via as [[n, n], ...], left, right."""
    via = _listed(line.via)
    return {"start": line.start, "end": line.end, "via": via, "left": line.left, "right": line.right}


def line_from(raw: object) -> Line:
    """Read what `line_as_json` wrote; TopologyError `bad_operation`."""
    data = _mapping(raw, "line")
    return Line(
        _name(data, "start"),
        _name(data, "end"),
        _points(data, "via"),
        _side(data, "left"),
        _side(data, "right"),
    )


def operation_from(raw: object) -> Operation:
    """Read an operation from JSON; members that it does not know are left out.

    Raises TopologyError `bad_operation` with the field, `too_many_points`, `out_of_range`.
    """
    data = _mapping(raw, "operation")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise TopologyError("bad_operation", field="kind")
    return _READERS[kind](data)


def _listed(points: tuple[Point, ...]) -> list[list[int]]:
    return [list(point) for point in points]


def _mapping(raw: object, field: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise TopologyError("bad_operation", field=field)
    return raw


def _name(data: Mapping[str, Any], field: str) -> str:
    value = data.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID:
        raise TopologyError("bad_operation", field=field)
    return value


def _side(data: Mapping[str, Any], field: str) -> str | None:
    return None if data.get(field) is None else _name(data, field)


def _whole(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TopologyError("bad_operation", field=field)
    return value


def _point(raw: object, field: str) -> Point:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise TopologyError("bad_operation", field=field)
    x, y = _whole(raw[0], field), _whole(raw[1], field)
    if abs(x) > 180 * UNITS or abs(y) > 90 * UNITS:
        raise TopologyError("out_of_range", field=field)
    return x, y


def _points(data: Mapping[str, Any], field: str) -> tuple[Point, ...]:
    raw = data.get(field)
    if not isinstance(raw, list | tuple):
        raise TopologyError("bad_operation", field=field)
    if len(raw) > MAX_POINTS:
        raise TopologyError("too_many_points", count=len(raw), limit=MAX_POINTS)
    return tuple(_point(point, field) for point in raw)


def _keep(data: Mapping[str, Any]) -> Side | None:
    value = data.get("keep")
    if value is not None and value not in get_args(Side):
        raise TopologyError("bad_operation", field="keep")
    return value


def _pair(data: Mapping[str, Any]) -> tuple[str, str]:
    raw = data.get("areas")
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise TopologyError("bad_operation", field="areas")
    return _name({"areas": raw[0]}, "areas"), _name({"areas": raw[1]}, "areas")


def _names(data: Mapping[str, Any], field: str) -> tuple[str, ...]:
    raw = data.get(field, [])
    if not isinstance(raw, list | tuple) or len(raw) > _MAX_PARTS:
        raise TopologyError("bad_operation", field=field)
    return tuple(_name({field: value}, field) for value in raw)


def _restore(data: Mapping[str, Any]) -> Restore:
    nodes, lines = _mapping(data.get("nodes"), "nodes"), _mapping(data.get("lines"), "lines")
    if len(nodes) + len(lines) > _MAX_PARTS:
        raise TopologyError("bad_operation", field="lines")
    return Restore(
        {_name({"nodes": key}, "nodes"): _point(value, "nodes") for key, value in nodes.items()},
        {_name({"lines": key}, "lines"): line_from(value) for key, value in lines.items()},
        _names(data, "gone_nodes"),
        _names(data, "gone_lines"),
    )


_READERS: dict[str, Callable[[Mapping[str, Any]], Operation]] = {
    "move_vertex": lambda d: MoveVertex(
        _name(d, "line"), _whole(d.get("at"), "at"), _point(d.get("to"), "to")
    ),
    "move_node": lambda d: MoveNode(_name(d, "node"), _point(d.get("to"), "to")),
    "insert_vertex": lambda d: InsertVertex(
        _name(d, "line"), _whole(d.get("at"), "at"), _point(d.get("to"), "to")
    ),
    "remove_vertex": lambda d: RemoveVertex(_name(d, "line"), _whole(d.get("at"), "at")),
    "reshape": lambda d: Reshape(_name(d, "line"), _points(d, "via")),
    "split": lambda d: Split(
        _name(d, "area"), _points(d, "path"), _name(d, "new_area"), _name(d, "ids"), _keep(d)
    ),
    "merge": lambda d: Merge(_pair(d)),
    "transfer": lambda d: Transfer(_points(d, "path"), _name(d, "from"), _name(d, "to"), _name(d, "ids")),
    "restore": _restore,
}
