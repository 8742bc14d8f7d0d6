"""Cut a ground into blocks along real roads, weighted by the real buildings that stand on them."""

from collections.abc import Sequence
from random import Random

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.strtree import STRtree

from gis.coords import LocalPlane
from gis.coverage import edge_pairs
from gis.planar import faces
from webapp.demo.grouping import best_groups, joined
from webapp.demo.shapes import Block, GroundSpec, StreetPlan

OPEN_GROUND_M3_PER_M2 = 2.0  # so that blocks whose buildings nobody has mapped are not taken for empty
NARROW_M = 28.0  # strips between the carriageways of one road are no place of their own


def real_plan(spec: GroundSpec, rng: Random) -> StreetPlan:
    """Return blocks between `spec.source_roads` inside `spec.limit`, grouped into its communities.

    `roads` of the plan are all roads and paths inside the ground, from crossing to crossing.
    """
    plane = LocalPlane(spec.lon, spec.lat)
    blocks = without_strips(faces(spec.source_roads, spec.limit), plane)
    weights = _volumes(blocks, spec.buildings, plane)
    groups = best_groups(blocks, len(spec.communities), weights, rng)
    groups.sort(key=lambda group: -max(blocks[at].centroid.y for at in group))
    return StreetPlan(
        blocks=tuple(
            Block(blocks[at], number, weights[at]) for number, group in enumerate(groups) for at in group
        ),
        roads=_network((*spec.source_roads, *spec.source_paths), spec.limit),
    )


def without_strips(blocks: Sequence[Polygon], plane: LocalPlane) -> list[Polygon]:
    """Return the blocks (lon, lat) with each narrow one joined to the neighbour that it touches longest."""
    in_m = [plane.shape_to_m(block) for block in blocks]
    widths = [4 * block.area / block.length for block in in_m]  # a square's side, twice a long strip's width
    touching = edge_pairs(blocks)
    home = list(range(len(blocks)))
    for at in sorted(home, key=lambda block: widths[block]):
        if widths[at] >= NARROW_M:
            break
        beside = [b if a == at else a for a, b in touching if at in (a, b)]
        longest = max(beside, key=lambda other: in_m[at].intersection(in_m[other]).length)
        old, new = home[at], home[longest]
        home = [new if mine == old else mine for mine in home]
    return [
        joined([block for block, mine in zip(blocks, home, strict=True) if mine == number])
        for number in sorted(set(home))
    ]


def _volumes(
    blocks: Sequence[Polygon], buildings: Sequence[tuple[Polygon, float]], plane: LocalPlane
) -> list[float]:
    areas = shapely.area(plane.shape_to_m(np.array(blocks, dtype=object)))
    weights = [float(area) * OPEN_GROUND_M3_PER_M2 for area in areas]
    tree = STRtree([shape.representative_point() for shape, _ in buildings])
    for at, block in enumerate(blocks):
        weights[at] += sum(buildings[place][1] for place in tree.query(block, predicate="contains"))
    return weights


def _network(lines: Sequence[LineString], limit: Polygon) -> tuple[LineString, ...]:
    noded = shapely.get_parts(shapely.union_all([line.intersection(limit) for line in lines]))
    return tuple(part for part in noded if isinstance(part, LineString))
