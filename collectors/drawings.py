"""CAD drawings (DXF): areas are the faces that lines close, texts in them say their codes and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from collectors.records import Refused
from gis.planar import closed_faces

MAX_ENTITIES = 200_000
MAX_AREAS = 20_000
OPEN_END_M = 0.5
"""A line's end that lies nearer than this to another line is meant to meet it."""
OPEN_END_DEG = 5e-6
_CODE_DIGITS = 6


def read(source: Path, layer: str) -> dict[str, Any]:
    """Return a drawing's faces as a GeoJSON FeatureCollection, with crs_text "" and encoding.

    `layer` is the CAD layer of the borders; where lines lie on one only, it need not be named. The one text
    of six and more digits in a face is its code, the first other text its name; texts on any layer count.
    Coordinates are as drawn: metres, or degrees when all are below 360. Runs GDAL: call it where it may die.
    Raises Refused: too_many, no_such_layer, several_layers, no_areas.
    """
    import pyogrio

    if pyogrio.read_info(source)["features"] > MAX_ENTITIES:
        raise Refused.because("too_many", "too many entities", limit=MAX_ENTITIES)
    meta, _, raw, columns = pyogrio.raw.read(source, force_2d=True, max_features=MAX_ENTITIES)
    cells = dict(zip((str(field) for field in meta["fields"]), columns, strict=True))
    shapes = shapely.from_wkb(raw).tolist()
    rows = [
        (shape, str(cells["Layer"][i]), str(cells["Text"][i] or "").strip()) for i, shape in enumerate(shapes)
    ]
    faces = _faces([(shape, on) for shape, on, _ in rows if shape is not None], layer)
    texts = [(shape, text) for shape, _, text in rows if text and isinstance(shape, shapely.Point)]
    said: list[list[str]] = [[] for _ in faces]
    places = np.array([place for place, _ in texts], dtype=object)
    where, of = shapely.STRtree(faces).query(places, predicate="intersects")
    for at, face in zip(where.tolist(), of.tolist(), strict=True):
        said[face].append(texts[at][1])
    features = [
        {"type": "Feature", "geometry": shapely.geometry.mapping(face), "properties": _labelled(words)}
        for face, words in zip(faces, said, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features, "crs_text": "", "encoding": "utf-8"}


def _faces(drawn: list[tuple[BaseGeometry, str]], layer: str) -> list[shapely.Polygon]:
    lines = [(shape, on) for shape, on in drawn if shapely.get_dimensions(shape) > 0 and not shape.is_empty]
    names = sorted({on for _, on in lines})
    if layer and layer not in names:
        raise Refused.because("no_such_layer", "no line lies on such a layer", layers=names[:50])
    if len(names) > 1 and not layer:
        raise Refused.because("several_layers", "lines on several layers, name one", layers=names[:50])
    chosen = [shape for shape, on in lines if not layer or on == layer]
    metres = bool(chosen) and max(map(abs, shapely.total_bounds(np.array(chosen, dtype=object)))) > 360.0
    faces = closed_faces(chosen, OPEN_END_M if metres else OPEN_END_DEG)
    if not faces:
        raise Refused.because("no_areas", "the lines close no area")
    if len(faces) > MAX_AREAS:
        raise Refused.because("too_many", "too many areas", limit=MAX_AREAS, count=len(faces))
    return faces


def _labelled(texts: list[str]) -> dict[str, str]:
    codes = [text for text in texts if text.isascii() and text.isdigit() and len(text) >= _CODE_DIGITS]
    names = [text for text in texts if text not in codes]
    return {"code": codes[0] if len(codes) == 1 else "", "name": names[0] if names else ""}
