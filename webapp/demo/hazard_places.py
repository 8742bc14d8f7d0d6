"""Draw where hazards are found: beside streets or at buildings, and again and again at hot spots."""

import math
from random import Random

import numpy as np
import shapely

from gis.coords import LocalPlane
from webapp.demo.shapes import Ground

HOT_SPOTS = 9
HOT_SPOT_SHARE = 0.35
HOT_SPOT_SPREAD_M = 35.0
BESIDE_ROAD_M = (6.0, 45.0)
AT_BUILDINGS = ("flying_wire", "dilapidated_house")
NEVER_AT_HOT_SPOTS = ("slope",)


class HazardPlaces:
    """Places of one ground; the hot spots are chosen once."""

    def __init__(self, ground: Ground, rng: Random) -> None:
        """Prepare the streets and buildings of a ground."""
        self._plane = LocalPlane.around(ground.outline)
        self._outline = self._plane.shape_to_m(ground.outline)
        shapely.prepare(self._outline)
        roads = self._plane.shape_to_m(np.array(ground.roads, dtype=object))
        points, road = shapely.get_coordinates(roads, return_index=True)
        same = road[1:] == road[:-1]
        self._from, self._to = points[:-1][same], points[1:][same]
        self._ends = np.cumsum(np.hypot(*(self._to - self._from).T))
        walls = [
            building.representative_point()
            for building in ground.buildings
            if ground.outline.covers(building)
        ]
        self._walls = shapely.get_coordinates(self._plane.shape_to_m(np.array(walls, dtype=object)))
        self._hot = [self._beside_road(rng) for _ in range(HOT_SPOTS)]

    def draw(self, class_code: str, rng: Random) -> tuple[float, float]:
        """Return lon, lat (7 decimals) of a place inside the ground where such a hazard may be."""
        while True:
            x, y = self._anywhere(class_code, rng)
            if self._outline.contains(shapely.Point(x, y)):
                lon, lat = self._plane.from_m([x], [y])
                return round(float(lon[0]), 7), round(float(lat[0]), 7)

    def _anywhere(self, class_code: str, rng: Random) -> tuple[float, float]:
        if class_code not in NEVER_AT_HOT_SPOTS and rng.random() < HOT_SPOT_SHARE:
            x, y = rng.choice(self._hot)
            return rng.gauss(x, HOT_SPOT_SPREAD_M), rng.gauss(y, HOT_SPOT_SPREAD_M)
        if len(self._walls) and class_code in AT_BUILDINGS:
            x, y = self._walls[rng.randrange(len(self._walls))].tolist()
            return x, y
        return self._beside_road(rng)

    def _beside_road(self, rng: Random) -> tuple[float, float]:
        """Return a place (metres) some steps from a street; each metre of street is as likely."""
        piece = int(np.searchsorted(self._ends, rng.uniform(0.0, float(self._ends[-1]))))
        start, end = self._from[piece].tolist(), self._to[piece].tolist()
        along, aside = rng.random(), rng.uniform(*BESIDE_ROAD_M) * rng.choice((-1, 1))
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = math.hypot(dx, dy)
        return start[0] + along * dx - aside * dy / length, start[1] + along * dy + aside * dx / length
