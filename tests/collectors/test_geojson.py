"""GeoJSON areas: read strictly, every fault named with its place; written as RFC 7946 wants it."""

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from collectors import geojson
from collectors.records import Refused

SAMPLES = Path(__file__).parent / "samples" / "geojson"
RING = [[112.57, 37.86], [112.58, 37.86], [112.58, 37.87], [112.57, 37.87], [112.57, 37.86]]


def document(*geometries: Any, **members: Any) -> bytes:
    features = [{"type": "Feature", "properties": {"code": "1"}, "geometry": g} for g in geometries]
    return orjson.dumps({"type": "FeatureCollection", "features": features, **members})


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as refused:
        geojson.decode_areas(data)
    return refused.value.code, refused.value.pointer


def test_chinese_headings_and_numbers_as_text_are_understood() -> None:
    first, second = geojson.decode_areas((SAMPLES / "chinese_headings.geojson").read_bytes())
    assert (first.number, first.code, first.name, first.kind) == (
        1,
        "140106001001001",
        "桥东第一网格",
        "basic",
    )
    assert (first.households, first.population) == (420, 1010)
    assert first.properties == {"楼栋": 12}
    assert (second.code, second.households, second.population) == ("140106001001002", None, None)
    assert isinstance(second.geometry, MultiPolygon)
    assert first.geometry.bounds == (112.57, 37.86, 112.571, 37.861)


def test_the_users_own_mapping_wins() -> None:
    data = (SAMPLES / "chinese_headings.geojson").read_bytes()
    first = geojson.decode_areas(data, columns={"name": "网格编码", "code": "网格名称"})[0]
    assert (first.name, first.code) == ("140106001001001", "桥东第一网格")


@pytest.mark.parametrize(
    ("geometry", "code", "where"),
    [
        (None, "geometry_type", ""),
        ({"type": "Point", "coordinates": [112.5, 37.8]}, "geometry_type", "/type"),
        ({"type": "GeometryCollection", "geometries": []}, "geometry_type", "/type"),
        ({"type": "Polygon"}, "bad_position", "/coordinates"),
        (polygon([]), "short_ring", "/coordinates/0"),
        (polygon(RING[:2] + RING[:1]), "short_ring", "/coordinates/0"),
        (polygon(RING[:4]), "open_ring", "/coordinates/0"),
        (polygon([*RING[:4], [112.57]]), "bad_position", "/coordinates/0/4"),
        (polygon([[112.57, 37.86, 0.0], *RING[1:]]), "third_dimension", "/coordinates/0/0"),
        (polygon([["112.57", 37.86], *RING[1:]]), "bad_position", "/coordinates/0/0"),
        (polygon([[True, 37.86], *RING[1:]]), "bad_position", "/coordinates/0/0"),
        (polygon([[None, 37.86], *RING[1:]]), "bad_position", "/coordinates/0/0"),
        (polygon([[[112.57], 37.86], *RING[1:]]), "bad_position", "/coordinates/0/0"),
        (polygon(RING, 5), "bad_position", "/coordinates/1"),
        ({"type": "MultiPolygon", "coordinates": [[RING], 5]}, "bad_position", "/coordinates/1"),
        ({"type": "MultiPolygon", "coordinates": RING}, "bad_position", "/coordinates/0/0"),
        (polygon([RING[0], RING[2], RING[1], RING[3], RING[0]]), "bad_geometry", ""),
    ],
)
def test_each_wrong_geometry_is_named_with_its_place(geometry: Any, code: str, where: str) -> None:
    good = polygon(RING)
    assert refusal(document(good, geometry)) == (code, f"/features/1/geometry{where}")


@pytest.mark.parametrize(
    ("ring", "code"),
    [
        ([[y, x] for x, y in RING], "swapped_axes"),
        ([[x * 1e5, y * 1e5] for x, y in RING], "out_of_range"),
    ],
)
def test_swapped_axes_and_metres_are_told_apart(ring: Any, code: str) -> None:
    assert refusal(document(polygon(RING), polygon(ring))) == (code, "/features/1")


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"])
def test_a_crs_member_that_says_wgs_84_passes(name: str) -> None:
    crs = {"type": "name", "properties": {"name": name}}
    assert len(geojson.decode_areas(document(polygon(RING), crs=crs))) == 1


@pytest.mark.parametrize(
    ("crs", "code"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4546"}}, "crs_not_wgs84"),
        ({"type": "name", "properties": {"name": "EPSG:3857"}}, "unknown_crs"),
        ({"type": "link", "properties": {"href": "http://example.org/crs"}}, "unknown_crs"),
        ("EPSG:4326", "unknown_crs"),
    ],
)
def test_any_other_crs_member_is_refused(crs: Any, code: str) -> None:
    assert refusal(document(polygon(RING), crs=crs)) == (code, "/crs")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "not_features"),
        (b'{"type": "FeatureCollection"}', "not_features"),
        (b'{"type": "FeatureCollection", "features": []}', "no_areas"),
        (b'{"type": "FeatureCollection", "features": [5]}', "not_features"),
        (b'{"type": "FeatureCollection", "features": [' + b"0," * 20_000 + b"0]}", "too_many"),
        (b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": NaN}]}', "bad_json"),
    ],
)
def test_what_is_no_collection_of_features_is_refused(data: bytes, code: str) -> None:
    assert refusal(data)[0] == code


def test_an_area_with_too_many_vertices_is_refused_fast() -> None:
    circle = [list(at) for at in Point(112.5, 37.8).buffer(0.01, quad_segs=2501).exterior.coords]
    start = time.process_time()  # not the clock on the wall: the machine may be busy with other tests
    assert refusal(document(polygon(circle)))[0] == "too_many_vertices"
    assert time.process_time() - start < 2


def test_every_bad_feature_is_reported_not_only_the_first() -> None:
    with pytest.raises(Refused) as refused:
        geojson.decode_areas(document(polygon(RING[:4]), polygon(RING), None))
    assert [p.pointer for p in refused.value.problems] == [
        "/features/0/geometry/coordinates/0",
        "/features/2/geometry",
    ]


@pytest.mark.parametrize("value", [-1, 1.5, "many", True, 1e12, [1]])
def test_a_number_of_households_that_is_none_is_refused(value: Any) -> None:
    feature = {"type": "Feature", "properties": {"户数": value}, "geometry": polygon(RING)}
    data = orjson.dumps({"type": "FeatureCollection", "features": [feature]})
    assert refusal(data) == ("bad_value", "/features/0/properties/户数")


def test_written_rings_are_right_handed_flat_and_rounded() -> None:
    clockwise = Polygon(
        [(112.0, 37.0, 5.0), (112.0, 38.0, 5.0), (113.123456789123, 38.0, 5.0), (112.0, 37.0, 5.0)],
        [[(112.2, 37.7, 5.0), (112.3, 37.7, 5.0), (112.3, 37.8, 5.0), (112.2, 37.7, 5.0)]],
    )
    written = orjson.loads(geojson.encode_features([("a", clockwise, {"名": "x"}), (None, Point(1, 2), {})]))
    assert "crs" not in written
    shell, hole = written["features"][0]["geometry"]["coordinates"]
    assert shapely.is_ccw(shapely.linearrings(shell))
    assert not shapely.is_ccw(shapely.linearrings(hole))
    assert [113.123456789, 38.0] in shell
    assert written["features"][0]["id"] == "a"
    assert written["features"][1]["geometry"] == {"type": "Point", "coordinates": [1.0, 2.0]}
    assert "id" not in written["features"][1]


def test_written_areas_are_read_again_the_same() -> None:
    shapes = [
        box(112.57, 37.86, 112.58, 37.87),
        MultiPolygon([box(112, 37, 112.1, 37.1), box(113, 37, 113.1, 37.1)]),
    ]
    data = geojson.encode_features((i, shape, {"code": str(i)}) for i, shape in enumerate(shapes))
    for area, shape in zip(geojson.decode_areas(data), shapes, strict=True):
        assert area.geometry.normalize().equals_exact(shape.normalize(), 0)


def test_empty_and_absent_geometry_is_null_and_lines_pass() -> None:
    line = LineString([(112, 37), (113, 38)])
    written = orjson.loads(geojson.encode_features([(1, None, {}), (2, Polygon(), {}), (3, line, {})]))
    assert [f["geometry"] and f["geometry"]["type"] for f in written["features"]] == [
        None,
        None,
        "LineString",
    ]
