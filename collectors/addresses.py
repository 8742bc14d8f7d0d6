"""Lists of addresses with their places: CSV, XLSX or GeoJSON in, texts with WGS 84 points out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from collectors import headings, incidents, json_in, sheets
from collectors.records import Problem, Refused
from gis import coords
from gis.errors import CoordinateError

KNOWN: Mapping[str, tuple[str, ...]] = {
    "address": (
        "标准地址", "地址", "详细地址", "门牌地址", "地址全称", "名称", "address", "text", "name",
    ),
    "position": incidents.KNOWN["position"],
    "lon": incidents.KNOWN["lon"],
    "lat": incidents.KNOWN["lat"],
}  # fmt: skip
MAX_PROBLEMS = 20


def decode(data: bytes, crs: str) -> list[tuple[str, float, float]]:
    """Return (address, lon, lat in WGS 84) of a list whose coordinates are in the system `crs`.

    Raises Refused: missing_column, bad_coordinate, outside_china, out_of_range, swapped_axes with the row
    named, and whatever sheets.decode refuses.
    """
    raw = _features(data) if b'"FeatureCollection"' in data[:2000] else _rows(sheets.decode(data, KNOWN))
    if not raw:
        raise Refused.because("empty_table", "the list holds no address")
    return _in_wgs84(raw, crs)


def _rows(sheet: sheets.Sheet) -> list[tuple[int, str, float, float]]:
    mapping = headings.matched(sheet.headings, KNOWN)
    lacking = [name for name in ("address",) if name not in mapping]
    if "position" not in mapping:
        lacking += [name for name in ("lon", "lat") if name not in mapping]
    if lacking:
        raise Refused(*(Problem("missing_column", "row 0", "", {"field": name}) for name in lacking))
    found, problems = [], []
    for line in sheet.lines:
        said = {field: line.row.fields.get(heading, "") for field, heading in mapping.items()}
        lon, lat = said.get("lon", ""), said.get("lat", "")
        if not lon and said.get("position"):
            lon, _, lat = said["position"].replace("，", ",").partition(",")
        x, y = incidents.number(lon), incidents.number(lat)
        if x is None or y is None:
            given = {"given": f"{lon[:30]}, {lat[:30]}"}
            problems.append(Problem("bad_coordinate", f"row {line.row.number}", "", given))
        elif said["address"]:
            found.append((line.row.number, said["address"], x, y))
    if problems:
        raise Refused(*problems[:MAX_PROBLEMS])
    return found


def _features(data: bytes) -> list[tuple[int, str, float, float]]:
    """Points of a GeoJSON FeatureCollection, each with its address among the properties."""
    document = json_in.loads(data.removeprefix(b"\xef\xbb\xbf"), limit=sheets.LIMIT_BYTES)
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise Refused.because("not_features", "a FeatureCollection is wanted")
    if len(features) > sheets.MAX_ROWS:
        raise Refused.because("too_many", "too many features", limit=sheets.MAX_ROWS)
    return [_feature(number, feature) for number, feature in enumerate(features, 1)]


def _feature(number: int, feature: Any) -> tuple[int, str, float, float]:
    try:
        properties = {str(key): value for key, value in (feature["properties"] or {}).items()}
        heading = headings.matched(list(properties), KNOWN)["address"]
        lon, lat = feature["geometry"]["coordinates"][:2]
        if feature["geometry"]["type"] != "Point":
            raise TypeError("not a point")
        return number, str(properties[heading]), float(lon), float(lat)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        where = f"/features/{number - 1}"
        raise Refused.because("bad_position", f"a point with an address is wanted: {error}", where) from None


def _in_wgs84(raw: list[tuple[int, str, float, float]], crs: str) -> list[tuple[str, float, float]]:
    for number, _text, x, y in raw:
        if coords.looks_swapped(x, y):
            raise Refused.because("swapped_axes", "axes look swapped", f"row {number}", lon=y, lat=x)
    xs, ys = np.array([item[2] for item in raw]), np.array([item[3] for item in raw])
    west, south, east, north = coords.CHINA_LAND
    try:
        lon, lat = coords.to_wgs84(xs, ys, crs)
    except CoordinateError as error:
        index = error.params.get("index", 0)
        row = raw[index][0] if isinstance(index, int) and index < len(raw) else 0
        raise Refused.because(error.code, str(error), f"row {row}", crs=crs) from None
    outside = (lon < west) | (lon > east) | (lat < south) | (lat > north)
    if outside.any():
        raise Refused.because(
            "outside_china", "not in China", f"row {raw[int(np.argmax(outside))][0]}", crs=crs
        )
    return [(item[1], float(x), float(y)) for item, x, y in zip(raw, lon, lat, strict=True)]
