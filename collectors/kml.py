"""KML 2.2 (OGC 07-147r2): placemarks with polygons in as features, areas out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from collectors import xml_in
from collectors.records import Refused

MAX_ELEMENTS = 400_000
DECIMALS = 9
_SPACE = "http://www.opengis.net/kml/2.2"
_SHAPES = ("Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Model", "Track", "MultiTrack")


def features_of(data: bytes, limit: int) -> dict[str, Any]:
    """Return the placemarks of a document as a GeoJSON FeatureCollection, unjudged: WGS 84, lon, lat.

    Heights are left out, open rings closed. Properties are the extended data; `name` is the placemark's name
    where the data have none. What is no polygon keeps its type and loses its coordinates. Raises Refused:
    those of xml_in.parsed, not_features (no KML), no_areas, bad_position (pointer of the feature).
    """
    root = xml_in.parsed(data, limit=limit, elements=MAX_ELEMENTS)
    if xml_in.local(root) != "kml":
        raise Refused.because("not_features", "a KML document is wanted")
    marks = [item for item in root.iter() if xml_in.local(item) == "Placemark"]
    if not marks:
        raise Refused.because("no_areas", "the file has no placemarks")
    return {"type": "FeatureCollection", "features": [_feature(mark, i) for i, mark in enumerate(marks)]}


def encode(rows: Iterable[tuple[BaseGeometry, Mapping[str, Any]]], title: str) -> bytes:
    """Write areas (WGS 84, lon, lat degrees) as placemarks: `name` is shown, every property is extended data.

    At most nine decimals; the same areas give the same bytes.
    """
    marks = "".join(_placemark(shape, values) for shape, values in rows)
    document = xml_in.element("Document", xml_in.element("name", xml_in.escaped(title)) + marks)
    body = f'<kml xmlns="{_SPACE}">{document}</kml>\n'
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body.encode()


def _feature(mark: Element, index: int) -> dict[str, Any]:
    properties = dict(_data(mark))
    named = _text(mark, "name")
    if named and not any(key.lower() in ("name", "名称", "网格名称") for key in properties):
        properties["name"] = named
    shapes = [item for item in mark if xml_in.local(item) in _SHAPES]
    geometry = _geometry(shapes[0], f"/features/{index}/geometry") if shapes else None
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _data(mark: Element) -> Iterable[tuple[str, str]]:
    """Yield the names and values of both kinds of extended data."""
    for item in mark.iter():
        kind, name = xml_in.local(item), item.get("name")
        if kind == "Data" and name:
            yield name, _text(item, "value")
        elif kind == "SimpleData" and name:
            yield name, (item.text or "").strip()


def _text(parent: Element, name: str) -> str:
    found = next((item for item in parent if xml_in.local(item) == name), None)
    return (found.text or "").strip() if found is not None else ""


def _geometry(shape: Element, pointer: str) -> dict[str, Any]:
    polygons = [item for item in shape.iter() if xml_in.local(item) == "Polygon"]
    others = [
        item for item in shape.iter() if xml_in.local(item) in ("Point", "LineString", "Model", "Track")
    ]
    if others or not polygons:
        return {"type": xml_in.local(others[0] if others else shape), "coordinates": []}
    parts = [_rings(polygon, pointer) for polygon in polygons]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _rings(polygon: Element, pointer: str) -> list[list[list[float]]]:
    outer: list[list[list[float]]] = []
    inner: list[list[list[float]]] = []
    for boundary in polygon:
        kept = {"outerBoundaryIs": outer, "innerBoundaryIs": inner}.get(xml_in.local(boundary))
        for item in boundary.iter() if kept is not None else ():
            if xml_in.local(item) == "coordinates" and kept is not None:
                kept.append(_ring(item.text or "", pointer))
    return [*outer[:1], *inner, *outer[1:]]


def _ring(text: str, pointer: str) -> list[list[float]]:
    ring = [_position(one, pointer) for one in text.split()]
    if ring and ring[0] != ring[-1]:
        ring.append(list(ring[0]))
    return ring


def _position(text: str, pointer: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")[:2]]
    except ValueError:
        found = []
    if len(found) != 2 or not all(map(math.isfinite, found)):
        raise Refused.because("bad_position", "a position is longitude,latitude", pointer)
    return found


def _placemark(shape: BaseGeometry, values: Mapping[str, Any]) -> str:
    flat = shapely.transform(shapely.orient_polygons(shape), lambda at: np.round(at, DECIMALS))
    parts = [_polygon(part) for part in shapely.get_parts(flat).tolist()]
    body = parts[0] if len(parts) == 1 else xml_in.element("MultiGeometry", "".join(parts))
    data = "".join(
        f'<Data name="{xml_in.escaped(key)}">{xml_in.element("value", xml_in.escaped(value))}</Data>'
        for key, value in values.items()
        if value not in (None, "")
    )
    title = str(values.get("name") or values.get("code") or "")
    head = xml_in.element("name", xml_in.escaped(title)) + xml_in.element("ExtendedData", data)
    return xml_in.element("Placemark", head + body)


def _polygon(shape: Polygon) -> str:
    rings = [("outerBoundaryIs", shape.exterior), *(("innerBoundaryIs", hole) for hole in shape.interiors)]
    return xml_in.element(
        "Polygon", "".join(xml_in.element(name, _linear(ring.coords)) for name, ring in rings)
    )


def _linear(places: Iterable[tuple[float, ...]]) -> str:
    text = " ".join(f"{x!r},{y!r}" for x, y in ((float(at[0]), float(at[1])) for at in places))
    return xml_in.element("LinearRing", xml_in.element("coordinates", text))
