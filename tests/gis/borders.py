"""Coverages, random operations and an independent judge for the tests of border networks."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import numpy as np
import pytest
import shapely
from shapely import Polygon

from gis.topology import (
    InsertVertex,
    Merge,
    MoveNode,
    MoveVertex,
    Network,
    Operation,
    RemoveVertex,
    Reshape,
    Split,
    Transfer,
    polygons,
)

UNITS = 100_000_000
WEST, SOUTH, STEP = 112.57, 37.86, 0.002


def wiggly(n: int, seed: int, bends: int = 4, wiggle: float = 2e-5) -> list[tuple[str, Polygon]]:
    """n x n cells of about 200 m with jittered corners and bent borders."""
    dice = np.random.default_rng(seed)
    corner = {
        (i, j): np.array(
            [WEST + (i + dice.uniform(-0.3, 0.3)) * STEP, SOUTH + (j + dice.uniform(-0.3, 0.3)) * STEP]
        )
        for i in range(n + 1)
        for j in range(n + 1)
    }
    bent: dict[tuple, list] = {}

    def side(a, b):
        key = (min(a, b), max(a, b))
        if key not in bent:
            p, q = corner[key[0]], corner[key[1]]
            shares = np.linspace(0, 1, bends + 2)[1:-1]
            bent[key] = [tuple(p + (q - p) * t + dice.normal(0, wiggle, 2)) for t in shares]
        return bent[key] if a == key[0] else bent[key][::-1]

    out = []
    for i in range(n):
        for j in range(n):
            ring = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            points = [p for a, b in pairwise([*ring, ring[0]]) for p in (tuple(corner[a]), *side(a, b))]
            out.append((f"{i}-{j}", Polygon(points)))
    return out


def with_islands(areas: list[tuple[str, Polygon]]) -> list[tuple[str, Polygon]]:
    """Put into the largest areas: an island; two that touch in a point; two halves; one at the border."""
    order = sorted(areas, key=lambda one: -one[1].area)
    shapes = dict(areas)
    makers = (_one, _touching, _halves, _at_border)
    for (code, cell), maker in zip(order, makers, strict=False):
        islands = maker(cell)
        shapes[code] = shapely.difference(cell, shapely.union_all(islands))
        shapes.update({f"{code}/{n}": island for n, island in enumerate(islands)})
    return list(shapes.items())


def _diamond(x: float, y: float, r: float) -> Polygon:
    return Polygon([(x - r, y), (x, y - r), (x + r, y), (x, y + r)])


def _middle(cell: Polygon) -> tuple[float, float, float]:
    radius = shapely.maximum_inscribed_circle(cell)
    x, y = radius.coords[0]
    return x, y, radius.length * 0.8


def _one(cell: Polygon) -> list[Polygon]:
    return [_diamond(*_middle(cell))]


def _touching(cell: Polygon) -> list[Polygon]:
    x, y, r = _middle(cell)
    return [_diamond(x - r / 2, y, r / 2), _diamond(x + r / 2, y, r / 2)]


def _halves(cell: Polygon) -> list[Polygon]:
    x, y, r = _middle(cell)
    return [
        Polygon([(x - r, y), (x, y - r), (x, y + r)]),
        Polygon([(x, y - r), (x + r, y), (x, y + r)]),
    ]


def _at_border(cell: Polygon) -> list[Polygon]:
    """A small island whose one corner is a corner of its surroundings."""
    x, y, _ = _middle(cell)
    for cx, cy in cell.exterior.coords:
        island = Polygon(
            [(cx, cy), (x, y), (cx + 0.8 * (x - cx) - 0.1 * (y - cy), cy + 0.8 * (y - cy) + 0.1 * (x - cx))]
        )
        if shapely.relate_pattern(cell, island, "T*****FF*"):
            return [island]
    return [_diamond(*_middle(cell))]


# ---------------------------------------------------------------- the judge


def ground_of(network: Network) -> Polygon:
    return shapely.union_all([in_units(shape) for shape in polygons(network).values()])


def in_units(shape: Polygon) -> Polygon:
    return shapely.transform(shape, lambda at: np.round(np.asarray(at) * UNITS))


def doubled(network: Network) -> int:
    """Twice the sum of all areas in square units, from the derived polygons, in whole numbers."""
    total = 0
    for shape in polygons(network).values():
        for ring in (shape.exterior, *shape.interiors):
            points = [(round(x * UNITS), round(y * UNITS)) for x, y in ring.coords]
            total += sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairwise(points))
    return total


def judge(network: Network, area_before: int) -> None:
    """Fail unless the derived polygons cover the same ground exactly once, without any help of the network.

    Every edge of one polygon must be the edge of exactly one other, the other way round and equal to the bit,
    or lie on the outline; and no two polygons may have more than borders in common.
    """
    shapes = polygons(network)
    array = np.array(list(shapes.values()), dtype=object)
    assert shapely.is_valid(array).all()
    assert all(isinstance(shape, Polygon) and not shape.is_empty for shape in shapes.values())
    edges: Counter[tuple] = Counter()
    for shape in array:
        oriented = shapely.orient_polygons(shape)
        for ring in (oriented.exterior, *oriented.interiors):
            edges.update(pairwise(ring.coords))
    assert set(edges.values()) == {1}, "two areas lie on the same side of an edge"
    whole = shapely.union_all([in_units(shape) for shape in array])
    assert whole.area == pytest.approx(area_before / 2, rel=1e-12), "areas overlap"
    open_edges = {edge for edge in edges if edge[::-1] not in edges}
    whole = shapely.coverage_union_all(array)
    outline = shapely.orient_polygons(whole)
    parts = shapely.get_parts(outline)
    of_outline = [
        edge for part in parts for ring in (part.exterior, *part.interiors) for edge in pairwise(ring.coords)
    ]
    assert set(of_outline) == open_edges, "a border inside has one side only"
    assert doubled(network) == area_before, "the ground's area changed"


# ---------------------------------------------------------------- random operations


def random_operation(network: Network, dice: Random, number: int) -> Operation:
    """Any operation, most of them likely to be allowed; ids follow from the number."""
    key = dice.choice(sorted(network.lines))
    line, course = network.lines[key], network.course(key)
    kind = dice.choice(
        ("move_vertex", "move_node", "insert", "remove", "reshape", "split", "merge", "transfer")
    )
    at = dice.randrange(max(1, len(line.via)))
    if kind == "move_vertex":
        return MoveVertex(key, at, _jumped(dice, (line.via or course)[at]))
    if kind == "move_node":
        return MoveNode(line.start, _jumped(dice, course[0]))
    if kind == "insert":
        position = dice.randrange(len(course) - 1)
        (ax, ay), (bx, by) = course[position : position + 2]
        return InsertVertex(key, position, _jumped(dice, ((ax + bx) // 2, (ay + by) // 2)))
    if kind == "remove":
        return RemoveVertex(key, at)
    if kind == "reshape":
        return Reshape(key, tuple(_jumped(dice, p) for p in line.via[:: dice.choice((1, 2))]))
    sides = [side for side in (line.left, line.right) if side is not None]
    if kind == "merge":
        return Merge((sides[0], sides[-1]))
    if kind == "split":
        return _random_split(network, dice, dice.choice(sides), number)
    return _random_transfer(dice, dice.choice(course), sides, number)


def _jumped(dice: Random, point: tuple[int, int]) -> tuple[int, int]:
    reach = dice.choice((3, 300, 3_000, 30_000))
    return point[0] + dice.randint(-reach, reach), point[1] + dice.randint(-reach, reach)


def _random_split(network: Network, dice: Random, area: str, number: int) -> Split:
    west, south, east, north = (round(v * UNITS) for v in polygons(network, [area])[area].bounds)
    corners = [p for key in network.around(area) for p in network.course(key)]
    ends = [(west - 700, dice.randint(south, north)), (east + 700, dice.randint(south, north))]
    if dice.random() < 0.3:  # snapped to a corner of the border
        ends[dice.randrange(2)] = dice.choice(corners)
    middle = [
        (dice.randint(west, east), dice.randint(south, north)) for _ in range(dice.choice((0, 0, 1, 2)))
    ]
    keep = dice.choice((None, "left", "right"))
    return Split(area, (ends[0], *middle, ends[1]), f"a{number}", f"s{number}", keep)


def _random_transfer(dice: Random, at: tuple[int, int], sides: list[str], number: int) -> Transfer:
    reach = dice.choice((500, 4_000, 20_000))
    ring = [(at[0] + dx * reach, at[1] + dy * reach) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    if dice.random() < 0.5:
        ring = [_jumped(dice, corner) for corner in ring]
    return Transfer((*ring, ring[0]), sides[0], sides[-1], f"t{number}")
