"""A change of a border network while it is being made: what it touches, and the way back."""

from __future__ import annotations

from collections.abc import Iterable

from gis.network import Line, Network, Point
from gis.operations import Restore


class Change:
    """Collects steps on a network; `before` stays as it was, `now` is the newest state.

    The steps check nothing: whoever makes the change checks the end of it.
    """

    def __init__(self, network: Network) -> None:
        self.before = network
        self.now = network
        self._nodes: set[str] = set()
        self._lines: set[str] = set()

    def set_node(self, key: str, to: Point) -> None:
        """Put a node to a place."""
        self._nodes.add(key)
        self.now = self.now.changed({key: to}, {})

    def set_line(self, key: str, line: Line) -> None:
        """Put a line in the place of the one with its id, if there is one."""
        self._lines.add(key)
        self.now = self.now.changed({}, {key: line})

    def set_all(self, nodes: dict[str, Point | None], lines: dict[str, Line | None]) -> None:
        """Put many nodes and lines, or (None) take them out, in one step."""
        self._nodes.update(nodes)
        self._lines.update(lines)
        self.now = self.now.changed(nodes, lines)

    def nodes(self) -> frozenset[str]:
        """Return the nodes that are new, elsewhere or gone."""
        return frozenset(k for k in self._nodes if self.before.nodes.get(k) != self.now.nodes.get(k))

    def lines(self) -> frozenset[str]:
        """Return the lines that are new, different or gone, without those whose nodes moved only."""
        return frozenset(k for k in self._lines if self.before.lines.get(k) != self.now.lines.get(k))

    def courses(self) -> frozenset[str]:
        """Return the lines that are new, different or gone, or whose nodes moved."""
        moved = self.nodes()
        beside = {key for node in moved for state in (self.before, self.now) for key in state.ends_at(node)}
        return self.lines() | beside

    def areas(self) -> frozenset[str]:
        """Return the areas whose border the change touches, gone ones too."""
        return frozenset(
            side
            for key in self.courses()
            for line in (self.before.lines.get(key), self.now.lines.get(key))
            if line is not None
            for side in (line.left, line.right)
            if side is not None
        )

    def inverse(self) -> Restore:
        """Return what makes `before` of `now` again, exactly."""
        nodes, lines = sorted(self.nodes()), sorted(self.lines())
        return Restore(
            {key: self.before.nodes[key] for key in nodes if key in self.before.nodes},
            {key: self.before.lines[key] for key in lines if key in self.before.lines},
            tuple(key for key in nodes if key not in self.before.nodes),
            tuple(key for key in lines if key not in self.before.lines),
        )

    def dissolve(self, nodes: Iterable[str]) -> None:
        """Make one line of the two that meet at a node with no third, and drop nodes with no line."""
        for node in nodes:
            keys = self.now.ends_at(node)
            if not keys and node in self.now.nodes:
                self.set_all({node: None}, {})
            if len(keys) == 2:
                self._join(node, *sorted(keys))

    def _join(self, node: str, kept: str, gone: str) -> None:
        one, other = self.now.lines[kept], self.now.lines[gone]
        if node == one.start == one.end or node == other.start == other.end:
            return  # a ring and a line: three ends
        first = one if one.end == node else _turned(one)
        second = other if other.start == node else _turned(other)
        if (first.left, first.right) != (second.left, second.right):
            return
        via = (*first.via, self.now.nodes[node], *second.via)
        joined = Line(first.start, second.end, via, first.left, first.right)
        self.set_all({node: None}, {kept: joined if one.end == node else _turned(joined), gone: None})


def _turned(line: Line) -> Line:
    return Line(line.end, line.start, line.via[::-1], line.right, line.left)
