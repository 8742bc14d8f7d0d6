"""Synthetic towns for districting: cells with loads, households, communities and a plan of today."""

from dataclasses import dataclass
from random import Random

import numpy as np
import shapely
from shapely import MultiPoint, Polygon

from gis.districting import group_faces

_STEP = 0.0025
_WEST, _SOUTH = 112.5, 37.8


@dataclass(frozen=True)
class Town:
    """Polygons (WGS 84) of grids with figures per grid, all in the same order."""

    faces: list[Polygon]
    cases: list[float]
    households: list[float]
    today: list[int]
    communities: list[str]
    rooms: list[int]


def town(units: int, districts: int, seed: int, spread: float = 0.45) -> Town:
    """Return a town of `units` cells, divided into `districts` police grids by households, cases disregarded.

    `spread` is the sigma of the lognormal part of the yearly cases; hot spots come on top.
    """
    dice = np.random.default_rng(seed)
    faces = _cells(units, dice)
    places = np.array([(f.centroid.x, f.centroid.y) for f in faces])
    near = _neighbours(faces)
    households = np.round(dice.normal(400, 60, units).clip(220, 620))
    heat = np.zeros(units)
    for _ in range(max(3, districts // 5)):
        spot = places[dice.integers(units)]
        heat += np.exp(-((places - spot) ** 2).sum(1) / (2 * (3 * _STEP) ** 2))
    cases = np.round(20 * dice.lognormal(0, spread, units) * (1 + 0.25 * heat)).clip(2)
    even = group_faces(faces, districts, households.tolist(), Random(seed))
    today = [0] * units
    for group, members in enumerate(even):
        for unit in members:
            today[unit] = group
    communities = [f"C{group:03d}" for group in _grown(near, max(1, units // 3), dice)]
    rooms = [0] * units
    for group in range(districts):
        members = [unit for unit in range(units) if today[unit] == group]
        rooms[members[int(dice.integers(len(members)))]] = 1
    return Town(faces, cases.tolist(), households.tolist(), today, communities, rooms)


def _cells(units: int, dice: np.random.Generator) -> list[Polygon]:
    side = int(np.ceil(np.sqrt(units)))
    rows = int(np.ceil(units / side))
    spots = [(x, y) for y in range(rows) for x in range(side)][:units]
    xy = np.array(spots, dtype=float) + dice.uniform(0.12, 0.88, (units, 2))
    points = [(_WEST + x * _STEP, _SOUTH + y * _STEP) for x, y in xy]
    ground = shapely.box(_WEST, _SOUTH, _WEST + side * _STEP, _SOUTH + rows * _STEP)
    cells = shapely.voronoi_polygons(MultiPoint(points), extend_to=ground, ordered=True)
    # Rounded first, so that clipped neighbours share their corners bit for bit.
    clipped = [shapely.intersection(cell, ground, grid_size=1e-8) for cell in cells.geoms]
    return [Polygon(cell.exterior) for cell in clipped]


def _neighbours(faces: list[Polygon]) -> list[set[int]]:
    tree = shapely.STRtree(faces)
    near: list[set[int]] = [set() for _ in faces]
    for a, b in tree.query(faces, predicate="intersects").T.tolist():
        if a != b and shapely.intersection(faces[a].boundary, faces[b].boundary).length > 0:
            near[a].add(b)
    return near


def _grown(near: list[set[int]], groups: int, dice: np.random.Generator) -> list[int]:
    """Grow connected groups of about equal numbers of cells from scattered seeds."""
    seeds = dice.choice(len(near), groups, replace=False).tolist()
    group_of = dict(zip(seeds, range(groups), strict=True))
    size = [1] * groups
    front = {group: sorted(near[seed]) for group, seed in enumerate(seeds)}
    while front:
        group = min(front, key=lambda one: (size[one], one))
        free = [unit for unit in front[group] if unit not in group_of]
        if not free:
            del front[group]
            continue
        unit = free[int(dice.integers(len(free)))]
        group_of[unit] = group
        size[group] += 1
        front[group] = sorted(set(free) | near[unit])
    return [group_of[unit] for unit in range(len(near))]
