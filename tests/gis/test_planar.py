"""Planar faces: grids drawn along real roads leave no strip of ground without a grid."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from gis.coverage import faults
from gis.errors import ShapeError
from gis.planar import faces

GROUND = shapely.box(114.38, 30.50, 114.40, 30.52)
ORDINATE = st.floats(-0.005, 0.025)
LINES = st.lists(st.lists(st.tuples(ORDINATE, ORDINATE), min_size=2, max_size=5, unique=True), max_size=8)


def named(shapes):
    return [(str(number), shape) for number, shape in enumerate(shapes)]


def test_real_roads_cut_the_ground_exactly(roads, wuhan):
    cut = faces(roads, wuhan)
    assert len(cut) > 100
    assert faults(named(cut), wuhan, 0.0) == []
    assert sum(face.area for face in cut) == pytest.approx(wuhan.area, rel=1e-12)


def test_borders_follow_the_roads(roads, wuhan):
    """Every inner border lies on a road: nothing is invented."""
    inner = shapely.union_all([face.boundary for face in faces(roads, wuhan)]) - wuhan.boundary.buffer(1e-9)
    assert inner.length > 0.1
    assert (inner - shapely.union_all(roads).buffer(1e-9)).length < 1e-9


@settings(max_examples=60)
@given(drawn=LINES)
def test_any_lines_cut_the_ground_exactly(drawn):
    lines = [LineString([(114.38 + x, 30.50 + y) for x, y in line]) for line in drawn]
    cut = faces([line for line in lines if line.is_valid], GROUND)
    assert faults(named(cut), GROUND, 0.0) == []


def test_blind_alleys_and_roads_elsewhere_leave_no_trace():
    blind = LineString([(114.37, 30.51), (114.39, 30.51)])
    elsewhere = LineString([(114.50, 30.50), (114.51, 30.52)])
    assert len(faces([blind, elsewhere], GROUND)) == 1
    through = LineString([(114.37, 30.51), (114.41, 30.51)])
    assert len(faces([through], GROUND)) == 2


def test_ring_road_inside_gives_an_island_and_a_frame():
    ring = shapely.box(114.385, 30.505, 114.39, 30.51).exterior
    cut = faces([LineString(ring.coords)], GROUND)
    assert sorted(len(face.interiors) for face in cut) == [0, 1]
    assert faults(named(cut), GROUND, 0.0) == []


def test_lake_in_the_ground_stays_out():
    lake = shapely.box(114.388, 30.508, 114.392, 30.512)
    road = LineString([(114.37, 30.51), (114.41, 30.51)])
    cut = faces([road], GROUND - lake)
    assert len(cut) == 2
    assert all(face.intersection(lake).area == 0 for face in cut)
    assert faults(named(cut), GROUND - lake, 0.0) == []


def test_no_roads_give_the_ground_itself():
    assert faces([], GROUND)[0].equals(GROUND)


def test_refused_input():
    with pytest.raises(ShapeError, match="invalid"):
        faces([], shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))
    with pytest.raises(ShapeError, match="not_linear"):
        faces([GROUND], GROUND)
    with pytest.raises(ShapeError, match="empty"):
        faces([], shapely.Polygon())
