"""Choose the best of several groupings of blocks: compact areas of about equal weight."""

import math
from collections.abc import Sequence
from random import Random

import numpy as np
import shapely
from shapely.geometry import Polygon

from gis.coords import LocalPlane
from gis.coverage import edge_pairs, union
from gis.districting import group_faces

TRIES = 4
IMBALANCE_WEIGHT = 3.0  # how much an unequal grouping is disliked, against one of ragged shape


def joined(areas: Sequence[Polygon]) -> Polygon:
    """Return the outline of areas that fit together. Raises ValueError if they are not one piece."""
    whole = union(areas)
    if not isinstance(whole, Polygon):
        raise ValueError(f"{len(areas)} areas lie in {len(whole.geoms)} pieces")
    return whole


def best_groups(
    faces: Sequence[Polygon], count: int, weights: Sequence[float], rng: Random
) -> list[list[int]]:
    """Return `count` connected groups (places in `faces`, lon/lat): the best of `TRIES` searches."""
    if count == 1:
        return [list(range(len(faces)))]
    in_m = LocalPlane.around(faces[0]).shape_to_m(np.array(faces, dtype=object))
    areas = shapely.area(in_m)
    around = shapely.length(in_m)
    shared = {(a, b): float(shapely.intersection(in_m[a], in_m[b]).length) for a, b in edge_pairs(faces)}

    def badness(groups: list[list[int]]) -> float:
        owner = {at: number for number, group in enumerate(groups) for at in group}
        length = [float(sum(around[at] for at in group)) for group in groups]
        for (a, b), metres in shared.items():
            if owner[a] == owner[b]:
                length[owner[a]] -= 2 * metres
        ragged = [
            length[number] / (4 * math.sqrt(float(sum(areas[at] for at in group))))
            for number, group in enumerate(groups)
        ]
        load = np.array([sum(weights[at] for at in group) for group in groups])
        return float(np.mean(np.square(ragged)) + IMBALANCE_WEIGHT * np.std(load) / np.mean(load))

    return min((group_faces(faces, count, weights, rng) for _ in range(TRIES)), key=badness)
