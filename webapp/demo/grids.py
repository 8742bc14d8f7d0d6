"""Group blocks into community grids with codes, names, households and population."""

import math
from collections.abc import Sequence
from random import Random

from shapely.geometry import Polygon

from webapp.demo.grouping import best_groups, joined
from webapp.demo.shapes import Block, GridShape

PERSONS_PER_HOUSEHOLD = (2.3, 2.9)
MOST_HOUSEHOLDS_OF_EXCLUSIVE = 30


def grid_counts(sizes: Sequence[float], total: int) -> list[int]:
    """Return how many of `total` grids each community gets: by size, but none far from the mean."""
    mean = total / len(sizes)
    low, high = max(1, math.floor(0.75 * mean)), math.ceil(1.4 * mean)
    ideal = [total * size / sum(sizes) for size in sizes]
    counts = [min(high, max(low, round(share))) for share in ideal]
    while (missing := total - sum(counts)) != 0:
        step = 1 if missing > 0 else -1
        free = [at for at, count in enumerate(counts) if low <= count + step <= high]
        wanting = max(free, key=lambda at: step * (ideal[at] - counts[at]))
        counts[wanting] += step
    return counts


def community_grids(
    community: tuple[str, str],
    blocks: Sequence[Block],
    count: int,
    exclusive: int,
    households_per_grid: tuple[int, int],
    rng: Random,
) -> list[GridShape]:
    """Return `count` grids of a community (code12, name), `exclusive` of them for one school, mall or park.

    Serials run west to east in rows from north to south, the order that CJ/T 213 asks for.
    """
    groups = best_groups([block.polygon for block in blocks], count, [block.weight for block in blocks], rng)
    weights = [sum(blocks[at].weight for at in group) for group in groups]
    mean = rng.uniform(*households_per_grid)
    areas = [joined([blocks[at].polygon for at in group]) for group in groups]
    lone = set(sorted(range(count), key=lambda at: _raggedness(areas[at]))[:exclusive])
    name = short_name(community[1])
    grids = []
    for serial, at in enumerate(reading_order(areas), start=1):
        households = round(mean * count * weights[at] / sum(weights))
        if at in lone:
            households = rng.randint(0, MOST_HOUSEHOLDS_OF_EXCLUSIVE)
        grids.append(
            GridShape(
                code15=f"{community[0]}{serial:03d}",
                name=f"{name}第{serial}网格",
                community_code12=community[0],
                kind="exclusive" if at in lone else "basic",
                households=households,
                population=round(households * rng.uniform(*PERSONS_PER_HOUSEHOLD)),
                polygon=areas[at],
            )
        )
    return grids


def _raggedness(polygon: Polygon) -> float:
    """A school or park has a plain shape: the ratio is smallest for a square (degrees will do)."""
    return polygon.length / math.sqrt(polygon.area)


def short_name(name: str) -> str:
    """Return a community's name without the words for its committee."""
    for ending in ("居民委员会", "居委会", "村民委员会", "村委会"):
        name = name.removesuffix(ending)
    return name


def reading_order(polygons: Sequence[Polygon]) -> list[int]:
    """Return the polygons' places as one reads: rows from the north, each from the west."""
    middles = [(polygon.centroid.x, polygon.centroid.y) for polygon in polygons]
    north_first = sorted(range(len(polygons)), key=lambda at: -middles[at][1])
    per_row = math.ceil(len(polygons) / max(1, round(math.sqrt(len(polygons)))))
    rows = [north_first[start : start + per_row] for start in range(0, len(polygons), per_row)]
    return [at for row in rows for at in sorted(row, key=lambda at: middles[at][0])]
