"""Plans of the test station as files, with borders where a test wants them."""

from __future__ import annotations

import json
from typing import Any

from shapely import Polygon, box, to_geojson

from tests.stations import GROUNDS, HEIGHT, WIDTH


def document(cut: float = 0.5, **labels: Any) -> dict[str, Any]:
    """Return the station's ground in GeoJSON, the border of columns A and B at `cut` (0.5: as it is).

    `labels` change the properties of grids, as in A1={"police_grid": "T-B"}.
    """
    (west, south), columns = GROUNDS["T"]
    inner = west + WIDTH * (0.5 + cut)
    edges = [west, inner, west + 2 * WIDTH, west + 3 * WIDTH]
    features = []
    for index, (police, community, names) in enumerate(columns):
        for row, label in enumerate(names):
            shape = box(
                round(edges[index], 6), round(south + row * HEIGHT, 6),
                round(edges[index + 1], 6), round(south + (row + 1) * HEIGHT, 6),
            )  # fmt: skip
            said = {"code": f"{community}{row + 1:03d}", "name": f"T-{label}", "police_grid": f"T-{police}"}
            features.append(feature(shape, **{**said, **labels.get(label, {})}))
    return {"type": "FeatureCollection", "features": features}


def feature(shape: Polygon, **properties: Any) -> dict[str, Any]:
    """Return a grid as a GeoJSON feature of 400 households."""
    return {
        "type": "Feature",
        "geometry": json.loads(to_geojson(shape)),
        "properties": {"households": 400, "population": 1000, **properties},
    }
