"""Areas as one network of shared borders: nodes, and lines with an area on each side.

All coordinates are integers in hundred-millionths of a degree (about 1 mm), WGS 84, longitude first. So a
coordinate that two areas share is the same bit for bit, and every test on it is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gis.errors import TopologyError
from gis.persistent import Persistent

K = TypeVar("K")
V = TypeVar("V")
Point = tuple[int, int]
"""Longitude and latitude in hundred-millionths of a degree."""
Box = tuple[int, int, int, int]
Cell = tuple[int, int, int]
UNITS = 100_000_000
"""Units in a degree."""
REACH = 1_000_000_000
"""Widest network, 10 degrees: products of two differences still fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class Line:
    """A border between two nodes: its inner vertices, and the areas left and right of the way from its start.

    None is the outside of the ground. A line that begins and ends at one node is the ring of an island.
    """

    start: str
    end: str
    via: tuple[Point, ...]
    left: str | None
    right: str | None


@dataclass(frozen=True)
class Index:
    """What makes a network quick to ask: lines by node, by area and by place."""

    at: Persistent[str, tuple[str, ...]]
    of: Persistent[str, tuple[str, ...]]
    cells: Persistent[Cell, tuple[str, ...]]
    levels: frozenset[int]


_UNMADE = Index(Persistent(), Persistent(), Persistent(), frozenset())


@dataclass(frozen=True)
class Network:
    """Nodes and lines by their ids. Never changes; `changed` gives a new one that shares the rest."""

    nodes: Mapping[str, Point]
    lines: Mapping[str, Line]
    index: Index = field(default=_UNMADE, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Make the mappings persistent and the index, unless `changed` has done so."""
        if self.index is _UNMADE:
            object.__setattr__(self, "nodes", Persistent(self.nodes))
            object.__setattr__(self, "lines", Persistent(self.lines))
            object.__setattr__(self, "index", _reindexed(_UNMADE, (), [(self, key) for key in self.lines]))

    def changed(self, nodes: Mapping[str, Point | None], lines: Mapping[str, Line | None]) -> Network:
        """Return the network with some nodes and lines new, moved or (None) gone. Checks nothing."""
        fresh = Network(
            _with(self.nodes, nodes),
            _with(self.lines, lines),
            self.index,
        )
        moved = {key for node in nodes for key in self.index.at.get(node, ())}
        old = [(self, key) for key in moved | lines.keys() if key in self.lines]
        new = [(fresh, key) for key in moved | lines.keys() if key in fresh.lines]
        return Network(fresh.nodes, fresh.lines, _reindexed(self.index, old, new))

    def areas(self) -> Iterator[str]:
        """Yield the ids of all areas."""
        yield from self.index.of

    def line(self, key: str) -> Line:
        """Return a line; TopologyError `unknown_line`."""
        if key not in self.lines:
            raise TopologyError("unknown_line", line=key)
        return self.lines[key]

    def around(self, area: str) -> tuple[str, ...]:
        """Return the ids of an area's lines; TopologyError `unknown_area`."""
        if area not in self.index.of:
            raise TopologyError("unknown_area", area=area)
        return self.index.of[area]

    def ends_at(self, node: str) -> tuple[str, ...]:
        """Return the ids of the lines that begin or end at a node, each once."""
        return self.index.at.get(node, ())

    def course(self, key: str) -> tuple[Point, ...]:
        """Return all points of a line from its start to its end."""
        line = self.lines[key]
        return (self.nodes[line.start], *line.via, self.nodes[line.end])

    def near(self, box: Box) -> set[str]:
        """Return the ids of lines that may reach into a box, borders included; a few too many at most."""
        west, south, east, north = box
        found: set[str] = set()
        for level in self.index.levels:
            columns = range(west >> level, (east >> level) + 1)
            rows = range(south >> level, (north >> level) + 1)
            if len(columns) * len(rows) > 1024:
                keys: Iterable[Cell] = (cell for cell in self.index.cells if cell[0] == level)
            else:
                keys = ((level, i, j) for i in columns for j in rows)
            for cell in keys:
                found.update(self.index.cells.get(cell, ()))
        return found


def box_of(points: Iterable[Point]) -> Box:
    """Return west, south, east and north of points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _with(entries: Mapping[str, V], changes: Mapping[str, V | None]) -> Persistent[str, V]:
    whole = entries if isinstance(entries, Persistent) else Persistent(entries)
    kept = {key: value for key, value in changes.items() if value is not None}
    return whole.changed(kept, [key for key, value in changes.items() if value is None])


def _reindexed(index: Index, old: Sequence[tuple[Network, str]], new: Sequence[tuple[Network, str]]) -> Index:
    """Take lines of an old network out of an index and put those of a new one in."""
    cells = [(_cells(network, key), key) for network, key in new]
    return Index(
        at=_moved(index.at, _ends(old), _ends(new)),
        of=_moved(index.of, _sides(old), _sides(new)),
        cells=_moved(
            index.cells,
            ((cell, key) for network, key in old for cell in _cells(network, key)),
            ((cell, key) for found, key in cells for cell in found),
        ),
        levels=index.levels | {found[0][0] for found, _ in cells},
    )


def _moved(
    index: Persistent[K, tuple[str, ...]], out: Iterable[tuple[K, str]], into: Iterable[tuple[K, str]]
) -> Persistent[K, tuple[str, ...]]:
    fresh: dict[K, dict[str, None]] = {}
    for key, line in out:
        fresh.setdefault(key, dict.fromkeys(index.get(key, ()))).pop(line, None)
    for key, line in into:
        fresh.setdefault(key, dict.fromkeys(index.get(key, ())))[line] = None
    full = {key: tuple(lines) for key, lines in fresh.items() if lines}
    return index.changed(full, [key for key, lines in fresh.items() if not lines])


def _ends(members: Iterable[tuple[Network, str]]) -> Iterator[tuple[str, str]]:
    for network, key in members:
        line = network.lines[key]
        yield line.start, key
        yield line.end, key


def _sides(members: Iterable[tuple[Network, str]]) -> Iterator[tuple[str, str]]:
    for network, key in members:
        line = network.lines[key]
        yield from ((side, key) for side in (line.left, line.right) if side is not None)


def _cells(network: Network, key: str) -> list[Cell]:
    """Return the at most four cells, as large as the line, that its box lies in."""
    west, south, east, north = box_of(network.course(key))
    level = max(east - west, north - south).bit_length()
    return [
        (level, i, j)
        for i in range(west >> level, (east >> level) + 1)
        for j in range(south >> level, (north >> level) + 1)
    ]
