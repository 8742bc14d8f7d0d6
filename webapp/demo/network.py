"""The streets of a ground as a graph that one can walk along."""

import math
from collections import defaultdict
from collections.abc import Sequence
from random import Random

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

from gis.coords import LocalPlane

FAR_M = 350.0  # a crossing this much farther from the start is disliked like a street walked once before


class StreetNetwork:
    """Roads joined at equal ends, in metres of `plane`; `usable` crossings are those of the largest part."""

    def __init__(self, roads: Sequence[LineString], outline: Polygon) -> None:
        """Read roads (lon, lat) from crossing to crossing; `outline` sets the middle of the plane."""
        self.plane = LocalPlane.around(outline)
        self._lines = [
            shapely.get_coordinates(line) for line in self.plane.shape_to_m(np.array(roads, dtype=object))
        ]
        crossings: dict[tuple[float, float], int] = {}
        self._ways: dict[int, list[tuple[int, int, bool]]] = defaultdict(list)
        for number, road in enumerate(roads):
            first = crossings.setdefault(_place(road.coords[0]), len(crossings))
            last = crossings.setdefault(_place(road.coords[-1]), len(crossings))
            self._ways[first].append((number, last, True))
            self._ways[last].append((number, first, False))
        self.lonlat = np.array(list(crossings))
        self._metres = np.column_stack(self.plane.to_m(self.lonlat[:, 0], self.lonlat[:, 1]))
        self.usable = self._largest_part()

    def route(self, start: int, length_m: float, rng: Random) -> NDArray[np.float64]:
        """Return the points (n, 2), in metres, of a walk of at least `length_m` from a crossing.

        Streets not yet walked come first, as a patrol would choose, then what does not lead away.
        """
        times: dict[int, int] = defaultdict(int)
        points = [self._metres[[start]]]
        walked, node = 0.0, start
        while walked < length_m:
            number, node, forward = min(
                self._ways[node],
                key=lambda way: 2 * times[way[0]] + self._distance(start, way[1]) / FAR_M + rng.random(),
            )
            line = self._lines[number]
            points.append(line[1:] if forward else line[-2::-1])
            walked += float(np.hypot(*np.diff(line, axis=0).T).sum())
            times[number] += 1
        return np.concatenate(points)

    def _distance(self, a: int, b: int) -> float:
        return math.dist(self._metres[a], self._metres[b])

    def _largest_part(self) -> list[int]:
        left = set(self._ways)
        best: list[int] = []
        while left:
            part = [min(left)]
            left.discard(part[0])
            for node in part:
                found = {other for _, other, _ in self._ways[node]} & left
                left -= found
                part += sorted(found)
            best = max(best, part, key=len)
        return sorted(best)


def _place(coordinate: tuple[float, ...]) -> tuple[float, float]:
    return coordinate[0], coordinate[1]
