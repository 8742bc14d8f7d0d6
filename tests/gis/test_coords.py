"""Coordinates: a volunteer's pin lands in the right courtyard, whatever system the phone used."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis import coords
from gis.coords import CHINA_BOX, Crs, LocalPlane, Zone, from_wgs84, looks_swapped, to_wgs84
from gis.errors import CoordinateError, ShapeError

# The vectors carry ten decimals of a degree: half a unit of the last one is 5.6e-6 m.
VECTOR_TOLERANCE_M = 6e-6
M_PER_DEG = 111_320.0

LONS = st.floats(CHINA_BOX[0], CHINA_BOX[2])
LATS = st.floats(CHINA_BOX[1], CHINA_BOX[3])
SHIFTED = st.sampled_from([Crs.GCJ02, Crs.BD09])

# WGS 84, GCJ-02, BD-09 with nine decimals (half a unit is 5.6e-5 m), four libraries agree.
CHECKED_PLACES = [
    ((112.5700, 37.8680), (112.576257442, 37.868490577), (112.582674417, 37.874710415)),
    ((105.4427, 25.0990), (105.446096630, 25.096231044), (105.452626526, 25.102170318)),
    ((114.2800, 38.4300), (114.286214259, 38.430636236), (114.292819744, 38.436385256)),
    ((117.3140, 39.0870), (117.320382381, 39.088035667), (117.326920093, 39.093859535)),
    ((109.9630, 39.8225), (109.968625945, 39.823463646), (109.975210524, 39.829185349)),
    ((121.3190, 43.6020), (121.324892941, 43.604431503), (121.331280096, 43.610788521)),
]


def off_m(one: tuple[float, float], other: tuple[float, float]) -> float:
    return coords.distance_m(*one, *other)


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
def test_two_hundred_vectors_of_an_independent_library(vectors, crs):
    assert len(vectors) == 200
    wgs84 = np.array([point["wgs84"] for point in vectors])
    shifted = np.array([point[crs] for point in vectors])
    there = np.column_stack(from_wgs84(wgs84[:, 0], wgs84[:, 1], crs))
    back = np.column_stack(to_wgs84(shifted[:, 0], shifted[:, 1], crs))
    assert np.abs(there - shifted).max() * M_PER_DEG < VECTOR_TOLERANCE_M
    assert np.abs(back - wgs84).max() * M_PER_DEG < VECTOR_TOLERANCE_M


@pytest.mark.parametrize(("wgs84", "gcj02", "bd09"), CHECKED_PLACES)
def test_published_check_values(wgs84, gcj02, bd09):
    assert off_m(from_wgs84(*wgs84, "gcj02"), gcj02) < 1e-4
    assert off_m(from_wgs84(*wgs84, "bd09"), bd09) < 1e-4
    assert off_m(to_wgs84(*gcj02, "gcj02"), wgs84) < 1e-4
    assert off_m(to_wgs84(*bd09, "bd09"), wgs84) < 1e-4


def test_pair_recorded_by_a_running_system():
    """Baidu to GCJ-02 as a district platform stored it; its one-step inverse is good to a metre."""
    wgs84 = to_wgs84(117.04918347610868, 36.66600223072647, "bd09")
    assert off_m(from_wgs84(*wgs84, "gcj02"), (117.04261569143314, 36.66021865082022)) < 1.0


@given(lon=LONS, lat=LATS, crs=SHIFTED)
def test_round_trip_is_under_a_millimetre_anywhere_in_the_box(lon, lat, crs):
    shifted = from_wgs84(lon, lat, crs)
    assert off_m(shifted, (lon, lat)) > 1.0
    assert off_m(to_wgs84(*shifted, crs), (lon, lat)) < 1e-3


@pytest.mark.parametrize("crs", [Crs.GCJ02, Crs.BD09])
def test_round_trip_where_the_formula_has_corners(crs):
    """At 105 E the roots in the formula have no derivative; the corners of the box are the extremes."""
    west, south, east, north = CHINA_BOX
    lon = np.array([105.0, 105.0 + 1e-13, 105.0, west, west, east, east])
    lat = np.array([35.0, 35.0 - 1e-13, 30.0, south, north, south, north])
    back = to_wgs84(*from_wgs84(lon, lat, crs), crs)
    assert np.abs(np.array(back) - np.array([lon, lat])).max() * M_PER_DEG < 1e-3


def test_round_trip_of_a_hundred_thousand_places_at_once():
    dice = np.random.default_rng(5)
    lon, lat = (
        dice.uniform(CHINA_BOX[0], CHINA_BOX[2], 10**5),
        dice.uniform(CHINA_BOX[1], CHINA_BOX[3], 10**5),
    )
    for crs in (Crs.GCJ02, Crs.BD09):
        back = to_wgs84(*from_wgs84(lon, lat, crs), crs)
        assert np.abs(np.array(back) - np.array([lon, lat])).max() * M_PER_DEG < 1e-6


def test_scalars_give_floats_and_arrays_keep_their_shape():
    assert [type(value) for value in to_wgs84(112.57, 37.868, "gcj02")] == [float, float]
    lon, lat = from_wgs84(np.full((2, 3), 112.57), np.full((2, 3), 37.868), "bd09")
    assert lon.shape == lat.shape == (2, 3)
    given = np.array([112.57])
    same, _ = to_wgs84(given, np.array([37.868]), "wgs84")
    same[0] = 0.0
    assert given[0] == 112.57, "the caller's array must not be shared"


def test_gauss_kruger_points_of_an_independent_run(zone_points):
    checked = 0
    for point in zone_points:
        for label, metres in point.items():
            if not label.startswith("EPSG"):
                continue
            easting, northing = from_wgs84(*point["wgs84"], label)
            assert abs(easting - metres["easting"]) < 1e-3
            assert abs(northing - metres["northing"]) < 1e-3
            assert off_m(to_wgs84(metres["easting"], metres["northing"], label), tuple(point["wgs84"])) < 1e-3
            checked += 1
    assert checked == 12


@pytest.mark.parametrize("epsg", [4513, 4533, 4534, 4554])
def test_first_and_last_zone_have_their_meridian_and_prefix(epsg):
    meridian = 75.0 if epsg in (4513, 4534) else 135.0
    prefix = {4513: 25_000_000.0, 4533: 45_000_000.0}.get(epsg, 0.0)
    easting, northing = from_wgs84(meridian, 30.0, f"EPSG:{epsg}")
    assert easting == pytest.approx(prefix + 500_000.0, abs=1e-6)
    assert 3_319_000 < northing < 3_321_000


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("wgs84", Crs.WGS84),
        ("WGS 84", Crs.WGS84),
        ("EPSG:4326", Crs.WGS84),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", Crs.WGS84),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", Crs.WGS84),
        ("urn:ogc:def:crs:EPSG::4490", Crs.CGCS2000),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", Crs.CGCS2000),
        ("CGCS2000", Crs.CGCS2000),
        ("GCJ-02", Crs.GCJ02),
        ("bd09ll", Crs.BD09),
        ("epsg:4546", Zone(4546)),
        (Zone(4525), Zone(4525)),
    ],
)
def test_names_of_systems(name, meant):
    assert coords.system(name) == meant


@pytest.mark.parametrize(
    "name", ["", "mars", "EPSG:3857", "EPSG:4512", "EPSG:4555", "EPSG:99994326", "bd09mc", "4326"]
)
def test_unknown_systems_are_refused(name):
    with pytest.raises(CoordinateError) as refused:
        to_wgs84(112.57, 37.868, name)
    assert refused.value.code == "unknown_crs"
    assert refused.value.params == {"crs": name}


def test_cgcs2000_counts_as_wgs84():
    assert to_wgs84(112.57, 37.868, "cgcs2000") == (112.57, 37.868)
    assert from_wgs84(112.57, 37.868, "EPSG:4490") == (112.57, 37.868)


@pytest.mark.parametrize(
    ("lon", "lat", "crs", "code"),
    [
        (139.7, 35.7, "gcj02", "outside_china"),
        (-0.1, 51.5, "bd09", "outside_china"),
        (71.99, 35.0, "gcj02", "outside_china"),
        (0.0, 0.0, "gcj02", "outside_china"),
        (37.868, 112.57, "gcj02", "out_of_range"),
        (37.868, 112.57, "wgs84", "out_of_range"),
        (181.0, 0.0, "wgs84", "out_of_range"),
        (12_530_000.0, 4_560_000.0, "wgs84", "out_of_range"),
        (math.nan, 37.868, "wgs84", "not_finite"),
        (112.57, math.inf, "bd09", "not_finite"),
        (math.nan, 0.0, "EPSG:4546", "not_finite"),
        (37_638_148.0, 4_194_008.0, "EPSG:4546", "out_of_range"),
        (638_148.0, 4_194_008.0, "EPSG:4525", "out_of_range"),
        (4_194_008.0, 638_148.0, "EPSG:4546", "out_of_range"),
    ],
)
def test_what_is_no_place_is_refused(lon, lat, crs, code):
    with pytest.raises(CoordinateError) as refused:
        to_wgs84(lon, lat, crs)
    assert refused.value.code == code


def test_a_far_place_is_refused_in_the_other_direction_too():
    with pytest.raises(CoordinateError, match="outside_china"):
        from_wgs84(139.7, 35.7, "gcj02")
    with pytest.raises(CoordinateError, match="out_of_range"):
        from_wgs84(87.6, 43.8, "EPSG:4546")


def test_the_bad_row_of_an_array_is_named():
    with pytest.raises(CoordinateError) as refused:
        to_wgs84(np.array([112.57, 112.58, 139.7]), np.array([37.8, 37.9, 35.7]), "gcj02")
    assert refused.value.params["index"] == 2
    assert refused.value.params["x"] == 139.7


def test_swapped_axes_are_recognised():
    assert looks_swapped(37.868, 112.57)
    assert not looks_swapped(112.57, 37.868)
    assert not looks_swapped(2.35, 48.85)
    assert not looks_swapped(math.nan, 112.57)


@given(lon=st.floats(74, 134), lat=st.floats(4, 53), data=st.data())
def test_local_plane_is_true_within_twenty_kilometres(lon, lat, data):
    offsets = st.floats(-14_000, 14_000)
    (x1, y1), (x2, y2) = (data.draw(st.tuples(offsets, offsets)) for _ in range(2))
    plane = LocalPlane(lon, lat)
    lons, lats = plane.from_m([x1, x2], [y1, y2])
    true = coords.distance_m(float(lons[0]), float(lats[0]), float(lons[1]), float(lats[1]))
    assert math.hypot(x1 - x2, y1 - y2) == pytest.approx(true, rel=1e-5, abs=1e-6)
    back = np.array(plane.to_m(lons, lats))
    assert np.abs(back - [[x1, x2], [y1, y2]]).max() < 1e-6


def test_local_plane_keeps_shared_corners_shared(patchwork):
    shapes = np.array([shape for _, shape in patchwork(4)], dtype=object)
    plane = LocalPlane.around(shapely.MultiPolygon(shapes.tolist()))
    assert shapely.coverage_is_valid(plane.shape_to_m(shapes))
    one = plane.shape_from_m(plane.shape_to_m(shapes[0]))
    assert one.hausdorff_distance(shapes[0]) * M_PER_DEG < 1e-6


def test_geodesic_figures():
    assert coords.distance_m(0.0, 0.0, 0.0, 1.0) == pytest.approx(110_574.389, abs=0.001)
    with_hole = shapely.box(112, 37, 113, 38) - shapely.box(112.4, 37.4, 112.6, 37.6)
    whole, hole = shapely.box(112, 37, 113, 38), shapely.box(112.4, 37.4, 112.6, 37.6)
    assert coords.area_m2(with_hole) == pytest.approx(coords.area_m2(whole) - coords.area_m2(hole), rel=1e-12)
    assert coords.area_m2(shapely.reverse(with_hole)) == pytest.approx(coords.area_m2(with_hole), rel=1e-12)
    assert coords.area_m2(shapely.Polygon()) == 0.0
    assert coords.length_m(shapely.LineString([(0, 0), (0, 1)])) == pytest.approx(110_574.389, abs=0.001)


def test_area_of_a_real_county(counties):
    """Kailu has 4,353 km2 by its own account; the outline is generalised."""
    assert coords.area_m2(counties["开鲁县"]) == pytest.approx(4.353e9, rel=0.05)


def test_error_circle_has_its_radius_everywhere():
    ring = coords.circle(112.57, 37.868, 30.0)
    at = shapely.get_coordinates(ring)
    radii = coords.distance_m(np.full(len(at), 112.57), np.full(len(at), 37.868), at[:, 0], at[:, 1])
    assert np.abs(radii - 30.0).max() < 1e-6
    assert coords.area_m2(ring) == pytest.approx(math.pi * 900, rel=0.002)
    with pytest.raises(ShapeError, match="out_of_range"):
        coords.circle(112.57, 37.868, 0.0)
