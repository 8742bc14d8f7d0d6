"""GeoJSON (RFC 7946): areas in, any features out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from collectors import headings, json_in
from collectors.crs import crs_name, epsg_of, shapes_to_wgs84
from collectors.records import AreaRecord, Problem, Refused
from gis.errors import CoordinateError

MAX_FEATURES = 20_000
MAX_VERTICES = 10_000
MAX_RINGS = 1_000
MAX_PROBLEMS = 50
DECIMALS = 9
_CODE_LIMIT = 60
_NAME_LIMIT = 200
_MOST_PEOPLE = 10_000_000
_PLACE_IN_REASON = re.compile(r"\[(-?[\d.eE+-]+) (-?[\d.eE+-]+)")


@dataclass(frozen=True, slots=True)
class RawAreas:
    """Areas as written: geometry not yet converted, `crs` as the document names it (None: not named)."""

    areas: tuple[AreaRecord, ...]
    crs: str | None


def decode_areas(data: bytes, *, columns: Mapping[str, str] | None = None) -> list[AreaRecord]:
    """Read a FeatureCollection of polygons in WGS 84 (lon, lat degrees).

    `columns` maps our fields (code, name, community, households, population, kind) to property names;
    what it leaves out is recognised by the usual Chinese and English headings.
    Raises Refused with up to 50 problems and their JSON pointers: bad_json, bad_text, not_features,
    too_many, geometry_type, third_dimension, open_ring, short_ring, bad_position, bad_geometry,
    too_many_vertices, swapped_axes, out_of_range, crs_not_wgs84, bad_value.
    """
    raw = areas_of(json_in.loads(data), columns=columns)
    if raw.crs not in (None, "wgs84"):
        raise Refused.because("crs_not_wgs84", "GeoJSON is WGS 84 only", "/crs", crs=raw.crs)
    return in_wgs84(raw.areas, "wgs84")


def in_wgs84(areas: Iterable[AreaRecord], crs: str) -> list[AreaRecord]:
    """The areas with `geometry` converted from the named system; `raw_geometry` stays as written."""
    listed = list(areas)
    shapes = shapes_to_wgs84([area.raw_geometry for area in listed], crs)
    return [replace(area, geometry=shape, crs=crs) for area, shape in zip(listed, shapes, strict=True)]


def areas_of(document: Any, *, columns: Mapping[str, str] | None = None) -> RawAreas:
    """The areas of a parsed FeatureCollection, in whatever system its `crs` member names; unconverted.

    Raises Refused as `decode_areas` does, but for the coordinates' range.
    """
    features = _features(document)
    crs = _named_crs(document)
    mapping = headings.matched(_property_names(features), headings.AREA_FIELDS, columns)
    areas: list[AreaRecord] = []
    problems: list[Problem] = []
    for index, feature in enumerate(features):
        try:
            areas.append(_area(feature, index, mapping))
        except Refused as refused:
            problems.extend(refused.problems)
            if len(problems) >= MAX_PROBLEMS:
                break
    if problems:
        raise Refused(*problems[:MAX_PROBLEMS])
    return RawAreas(tuple(areas), crs)


def encode_features(
    features: Iterable[tuple[str | int | None, BaseGeometry | None, Mapping[str, Any]]],
    *,
    crs: str = "wgs84",
) -> bytes:
    """Write (id, geometry, properties) as a FeatureCollection: rings right-handed, at most 9 decimals.

    Geometry must be in the named system already. For another system than WGS 84 the obsolete `crs`
    member is written, because GIS programs still read it; RFC 7946 readers must not get such a file.
    """
    document: dict[str, Any] = {"type": "FeatureCollection"}
    epsg = epsg_of(crs)
    if epsg != "EPSG:4326":
        name = f"urn:ogc:def:crs:EPSG::{epsg.removeprefix('EPSG:')}"
        document["crs"] = {"type": "name", "properties": {"name": name}}
    document["features"] = [_encoded(*feature) for feature in features]
    return orjson.dumps(document)


def geometry_object(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """A GeoJSON geometry: two dimensions, right-handed rings, at most 9 decimals; None when empty."""
    if geometry is None or geometry.is_empty:
        return None
    flat = shapely.orient_polygons(shapely.force_2d(geometry))
    rounded = shapely.transform(flat, lambda at: np.round(at, DECIMALS))
    found: dict[str, Any] = shapely.geometry.mapping(rounded)
    return found


def _encoded(
    key: str | int | None, geometry: BaseGeometry | None, values: Mapping[str, Any]
) -> dict[str, Any]:
    feature: dict[str, Any] = {"type": "Feature"}
    if key is not None:
        feature["id"] = key
    feature["geometry"] = geometry_object(geometry)
    feature["properties"] = dict(values)
    return feature


def _features(document: Any) -> list[Any]:
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise Refused.because("not_features", "a FeatureCollection is wanted", "/type")
    features = document.get("features")
    if not isinstance(features, list):
        raise Refused.because("not_features", "a list of features is wanted", "/features")
    if not features:
        raise Refused.because("no_areas", "the file has no areas", "/features")
    if len(features) > MAX_FEATURES:
        raise Refused.because(
            "too_many", "too many features", "/features", limit=MAX_FEATURES, count=len(features)
        )
    return features


def _named_crs(document: dict[str, Any]) -> str | None:
    if document.get("crs") is None:
        return None
    member = document["crs"]
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise Refused.because("unknown_crs", "only a named crs is understood", "/crs", crs="crs")
    try:
        return crs_name(name)
    except CoordinateError:
        raise Refused.because("unknown_crs", "unknown coordinate system", "/crs", crs=name[:100]) from None


def _property_names(features: list[Any]) -> list[str]:
    names: dict[str, None] = {}
    for feature in features:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(properties, dict):
            names.update(dict.fromkeys(properties))
    return list(names)


def _area(feature: Any, index: int, mapping: Mapping[str, str]) -> AreaRecord:
    pointer = f"/features/{index}"
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise Refused.because("not_features", "a Feature is wanted", pointer)
    properties = feature.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise Refused.because("not_object", "properties must be an object", f"{pointer}/properties")
    shape = _shape(feature.get("geometry"), f"{pointer}/geometry")
    fields = {field: properties.get(heading) for field, heading in mapping.items()}
    where = f"{pointer}/properties"
    own = set(mapping.values())
    return AreaRecord(
        number=index + 1,
        code=_word(fields.get("code"), _CODE_LIMIT, where, mapping.get("code", "code")),
        name=_word(fields.get("name"), _NAME_LIMIT, where, mapping.get("name", "name")),
        community=_word(fields.get("community"), _NAME_LIMIT, where, mapping.get("community", "community")),
        kind=_word(fields.get("kind"), _NAME_LIMIT, where, mapping.get("kind", "kind")),
        households=_count(fields.get("households"), where, mapping.get("households", "households")),
        population=_count(fields.get("population"), where, mapping.get("population", "population")),
        geometry=shape,
        raw_geometry=shape,
        properties={key: value for key, value in properties.items() if key not in own},
    )


def _word(value: Any, limit: int, pointer: str, heading: str) -> str:
    """A text column; codes often arrive as numbers, from spreadsheets even as 1.40106001001001e+14."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > limit:
        where = f"{pointer}/{json_in.escaped(heading)}"
        raise Refused.because("bad_value", f"a text of at most {limit} characters is wanted", where)
    return str(value).strip()


def _count(value: Any, pointer: str, heading: str) -> int | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not number.is_integer() or not 0 <= number <= _MOST_PEOPLE:
        where = f"{pointer}/{json_in.escaped(heading)}"
        raise Refused.because("bad_value", "a whole number is wanted", where)
    return int(number)


def _shape(geometry: Any, pointer: str) -> BaseGeometry:
    if not isinstance(geometry, dict):
        raise Refused.because("geometry_type", "a geometry is wanted", pointer, found="none")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise Refused.because(
            "geometry_type", "a Polygon or MultiPolygon is wanted", f"{pointer}/type", found=str(kind)[:40]
        )
    if not isinstance(coordinates, list) or not coordinates:
        raise Refused.because("bad_position", "coordinates are missing", f"{pointer}/coordinates")
    where = f"{pointer}/coordinates"
    parts = [(where, coordinates)]
    if kind == "MultiPolygon":
        parts = [(f"{where}/{i}", part) for i, part in enumerate(coordinates)]
    _check_size(parts, where)
    polygons = [_polygon(part, at) for at, part in parts]
    shape = polygons[0] if kind == "Polygon" else MultiPolygon(polygons)
    if not shape.is_valid:
        reason = str(shapely.is_valid_reason(shape))
        place = _PLACE_IN_REASON.search(reason)
        x, y = (float(part) for part in place.groups()) if place else (None, None)
        raise Refused.because("bad_geometry", reason, pointer, x=x, y=y)
    return shape


def _check_size(parts: list[tuple[str, Any]], pointer: str) -> None:
    rings = [ring for _, part in parts if isinstance(part, list) for ring in part]
    vertices = sum(len(ring) for ring in rings if isinstance(ring, list))
    if vertices > MAX_VERTICES or len(rings) > MAX_RINGS or len(parts) > MAX_RINGS:
        raise Refused.because(
            "too_many_vertices", "the area is too detailed", pointer, limit=MAX_VERTICES, count=vertices
        )


def _polygon(rings: Any, pointer: str) -> Polygon:
    if not isinstance(rings, list) or not rings:
        raise Refused.because("bad_position", "a polygon is a list of rings", pointer)
    shell, *holes = [_ring(ring, f"{pointer}/{i}") for i, ring in enumerate(rings)]
    return Polygon(shell, holes)


def _ring(ring: Any, pointer: str) -> list[list[float]]:
    if not isinstance(ring, list):
        raise Refused.because("bad_position", "a ring is a list of positions", pointer)
    for i, position in enumerate(ring):
        if not isinstance(position, list) or not {type(v) for v in position} <= {float, int}:
            raise Refused.because("bad_position", "a position is two numbers", f"{pointer}/{i}")
        if len(position) != 2:
            code = "third_dimension" if len(position) > 2 else "bad_position"
            raise Refused.because(code, "a position is two numbers", f"{pointer}/{i}", count=len(position))
    if len(ring) < 4:
        raise Refused.because("short_ring", "a ring has at least four positions", pointer, count=len(ring))
    if ring[0] != ring[-1]:
        raise Refused.because("open_ring", "the first and last position must be equal", pointer)
    return ring
