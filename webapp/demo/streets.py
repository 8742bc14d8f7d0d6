"""Draw a synthetic street plan: curved main roads, streets and lanes, and the blocks between them."""

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

from gis.coords import LocalPlane
from webapp.demo.shapes import Block, StreetPlan

STEP_M = 20  # corners lie on a 20 m raster of the straight plan, so that two corners are equal or well apart
BEND_M = (
    7.0  # how far a street corner may leave the raster; less than half a step, so that corners never swap
)
DENSITY_M = 40.0  # longest piece of a drawn road: the curves look smooth, the polygons stay light

Node = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A rectangle of the straight plan, in whole metres from the south-west corner of the ground."""

    west: int
    south: int
    east: int
    north: int

    @property
    def area(self) -> int:
        """The area in square metres."""
        return (self.east - self.west) * (self.north - self.south)


def street_plan(
    plane: LocalPlane,
    size_m: tuple[float, float],
    tilt_deg: float,
    communities: int,
    blocks: int,
    rng: Random,
) -> StreetPlan:
    """Return an exact coverage of about `blocks` curved blocks around the origin of `plane`.

    `size_m` is width and height of the ground; communities are numbered north to south, west to east.
    A block's weight is its area in m2, made denser or sparser by chance.
    """
    width, height = (_on_raster(length) for length in size_m)
    homes = community_cells(width, height, communities, rng)
    cells = [
        (number, cell)
        for number, home in enumerate(homes)
        for cell in split_cell(home, round(blocks * home.area / (width * height)), rng)
    ]
    main_x = {x for home in homes for x in (home.west, home.east)}
    main_y = {y for home in homes for y in (home.south, home.north)}
    rings = list(_rings([cell for _, cell in cells]))
    edges = sorted({_edge(a, b) for ring in rings for a, b in _pairs(ring)})
    bent = _bent(sorted({node for edge in edges for node in edge}), main_x, main_y, rng)
    curves = _curves(edges, bent, Warp(width, height, tilt_deg, rng), plane)
    return StreetPlan(
        blocks=tuple(
            Block(_polygon(ring, curves), number, cell.area * rng.lognormvariate(0.0, 0.3))
            for (number, cell), ring in zip(cells, rings, strict=True)
        ),
        roads=tuple(LineString(curves[edge]) for edge in edges),
    )


def community_cells(width: int, height: int, count: int, rng: Random) -> list[Cell]:
    """Return `count` rectangles between main roads that run through; the last columns may be merged."""
    rows = max(1, round(math.sqrt(count * height / width)))
    columns = math.ceil(count / rows)
    ys = _cuts(height, rows, rng)
    xs = _cuts(width, columns, rng)
    cells: list[Cell] = []
    left_over = rows * columns - count
    for row in range(rows):
        merged = left_over // rows + (1 if rows - row <= left_over % rows else 0)
        row_xs = [x for place, x in enumerate(xs) if place == columns or place < columns - merged]
        south, north = ys[rows - 1 - row], ys[rows - row]
        cells += [Cell(west, south, east, north) for west, east in pairwise(row_xs)]
    return cells


def split_cell(cell: Cell, wanted: int, rng: Random) -> list[Cell]:
    """Return about `wanted` blocks: the largest piece is cut across its longer side again and again."""
    pieces = [cell]
    while len(pieces) < wanted:
        largest = max(range(len(pieces)), key=lambda at: pieces[at].area)
        pieces[largest : largest + 1] = _halves(pieces[largest], rng)
    return pieces


def _halves(cell: Cell, rng: Random) -> tuple[Cell, Cell]:
    width, height = cell.east - cell.west, cell.north - cell.south
    share = rng.uniform(0.38, 0.62)
    if width > height:
        cut = cell.west + _on_raster(width * share)
        return Cell(cell.west, cell.south, cut, cell.north), Cell(cut, cell.south, cell.east, cell.north)
    cut = cell.south + _on_raster(height * share)
    return Cell(cell.west, cut, cell.east, cell.north), Cell(cell.west, cell.south, cell.east, cut)


def _on_raster(length: float) -> int:
    return round(length / STEP_M) * STEP_M


def _cuts(length: int, parts: int, rng: Random) -> list[int]:
    step = length / parts
    inner = [_on_raster(step * (place + rng.uniform(-0.13, 0.13))) for place in range(1, parts)]
    return [0, *inner, length]


def _pairs(ring: list[Node]) -> Iterator[tuple[Node, Node]]:
    return zip(ring, [*ring[1:], ring[0]], strict=True)


def _edge(a: Node, b: Node) -> tuple[Node, Node]:
    return (a, b) if a < b else (b, a)


def _rings(cells: list[Cell]) -> Iterator[list[Node]]:
    """Yield each block's corners, counter-clockwise, with those of neighbours that lie on its sides."""
    corner_ys: dict[int, set[int]] = defaultdict(set)
    corner_xs: dict[int, set[int]] = defaultdict(set)
    for cell in cells:
        for x in (cell.west, cell.east):
            for y in (cell.south, cell.north):
                corner_ys[x].add(y)
                corner_xs[y].add(x)
    ys_on = {x: sorted(ys) for x, ys in corner_ys.items()}
    xs_on = {y: sorted(xs) for y, xs in corner_xs.items()}
    for cell in cells:
        south = [(x, cell.south) for x in _between(xs_on[cell.south], cell.west, cell.east)]
        east = [(cell.east, y) for y in _between(ys_on[cell.east], cell.south, cell.north)]
        north = [(x, cell.north) for x in _between(xs_on[cell.north], cell.west, cell.east)]
        west = [(cell.west, y) for y in _between(ys_on[cell.west], cell.south, cell.north)]
        yield south[:-1] + east[:-1] + north[:0:-1] + west[:0:-1]


def _between(values: list[int], first: int, last: int) -> list[int]:
    return values[bisect_left(values, first) : bisect_right(values, last)]


def _bent(
    nodes: list[Node], main_x: set[int], main_y: set[int], rng: Random
) -> dict[Node, tuple[float, float]]:
    """Move crossings a little, along a main road only, so that streets are not ruled lines."""
    moved = {}
    for x, y in nodes:
        dx, dy = rng.uniform(-BEND_M, BEND_M), rng.uniform(-BEND_M, BEND_M)
        moved[x, y] = (x + (0.0 if x in main_x else dx), y + (0.0 if y in main_y else dy))
    return moved


class Warp:
    """A smooth bend of the plane: long waves whose slopes add to less than 0.5, so nothing folds over."""

    WAVES = ((2700.0, 85.0), (1250.0, 32.0), (560.0, 9.0))  # wave length and amplitude in metres

    def __init__(self, width: int, height: int, tilt_deg: float, rng: Random) -> None:
        """Choose the waves' directions and phases."""
        self._middle = np.array([width / 2, height / 2])
        tilt = math.radians(tilt_deg)
        self._turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
        self._waves = [
            (2 * math.pi / length, amplitude, rng.uniform(0, math.pi), rng.uniform(0, 2 * math.pi), axis)
            for length, amplitude in self.WAVES
            for axis in (0, 1)
        ]

    def __call__(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return plan points (n, 2) as metres east and north of the ground's middle."""
        bent = points - self._middle
        shift = np.zeros_like(bent)
        for frequency, amplitude, direction, phase, axis in self._waves:
            along = bent[:, 0] * math.cos(direction) + bent[:, 1] * math.sin(direction)
            shift[:, axis] += amplitude * np.sin(frequency * along + phase)
        turned: NDArray[np.float64] = (bent + shift) @ self._turn
        return turned


def _curves(
    edges: list[tuple[Node, Node]], bent: dict[Node, tuple[float, float]], warp: Warp, plane: LocalPlane
) -> dict[tuple[Node, Node], NDArray[np.float64]]:
    """Return each edge once as a curve in lon, lat; both neighbours read the same numbers."""
    starts = np.array([bent[a] for a, _ in edges])
    ends = np.array([bent[b] for _, b in edges])
    pieces = np.maximum(1, np.ceil(np.hypot(*(ends - starts).T) / DENSITY_M)).astype(int)
    owner = np.repeat(np.arange(len(edges)), pieces + 1)
    first = np.cumsum(pieces + 1) - (pieces + 1)
    share = ((np.arange(len(owner)) - first[owner]) / pieces[owner])[:, None]
    points = starts[owner] * (1 - share) + ends[owner] * share
    metres = warp(points)
    lonlat = np.round(np.column_stack(plane.from_m(metres[:, 0], metres[:, 1])), 7)
    return dict(zip(edges, np.split(lonlat, first[1:]), strict=True))


def _polygon(ring: list[Node], curves: dict[tuple[Node, Node], NDArray[np.float64]]) -> Polygon:
    parts = []
    for a, b in _pairs(ring):
        curve = curves[_edge(a, b)]
        parts.append(curve[:-1] if a < b else curve[:0:-1])
    return Polygon(np.concatenate(parts))
