"""Samples and patchworks that the tests of the floor of shapes share."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import settings

# A slow machine is no fault of the code under test; benchmarks measure time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def vectors() -> list[dict[str, Any]]:
    return sample("vectors.json")["points"]


@pytest.fixture(scope="session")
def zone_points() -> list[dict[str, Any]]:
    return sample("cgcs2000-gk3.json")["points"]


@pytest.fixture(scope="session")
def counties() -> dict[str, shapely.Polygon]:
    features = sample("counties.tianditu.geojson")["features"]
    return {f["properties"]["name"]: shapely.geometry.shape(f["geometry"]) for f in features}


@pytest.fixture(scope="session")
def roads() -> list[shapely.LineString | shapely.MultiLineString]:
    """Roads and paths on the ground of central Wuhan; no rails, no construction sites."""
    kinds = {"major_road", "minor_road", "path"}
    features = sample("roads.geojson")["features"]
    return [shapely.geometry.shape(f["geometry"]) for f in features if f["properties"]["kind"] in kinds]


@pytest.fixture(scope="session")
def wuhan(roads) -> shapely.Polygon:
    """A station's ground inside the road sample, with an outline that follows no road."""
    west, south, east, north = shapely.union_all(roads).bounds
    dx, dy = (east - west) / 20, (north - south) / 20
    return shapely.Polygon(
        [
            (west + dx, south + 2 * dy),
            (east - 2 * dx, south + dy),
            (east - dx, north - 3 * dy),
            (west + 3 * dx, north - dy),
        ]
    )


@pytest.fixture(scope="session")
def patchwork():
    """Return a maker of exact coverages: n x n four-sided cells of about 200 m with jittered corners."""

    def make(n: int, seed: int = 1) -> list[tuple[str, shapely.Polygon]]:
        dice = np.random.default_rng(seed)
        step = 0.002
        corner = {
            (i, j): (
                112.57 + (i + dice.uniform(-0.3, 0.3)) * step,
                37.86 + (j + dice.uniform(-0.3, 0.3)) * step,
            )
            for i in range(n + 1)
            for j in range(n + 1)
        }
        return [
            (
                f"{i}{j}",
                shapely.Polygon([corner[i, j], corner[i + 1, j], corner[i + 1, j + 1], corner[i, j + 1]]),
            )
            for i in range(n)
            for j in range(n)
        ]

    return make
