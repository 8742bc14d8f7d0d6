"""Tiles: a map shows each place in exactly one tile of a zoom level."""

import math

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import tiling
from gis.errors import ShapeError


def test_known_tiles():
    assert tiling.bounds(0, 0, 0) == pytest.approx((-180.0, -85.0511287798066, 180.0, 85.0511287798066))
    assert tiling.bounds(1, 1, 0) == pytest.approx((0.0, 0.0, 180.0, 85.0511287798066))


@pytest.mark.parametrize(
    ("lon", "lat", "z"), [(112.57, 37.868, 14), (105.4427, 25.099, 18), (-70.5, -33.4, 9)]
)
def test_web_mercator_of_an_independent_library_gives_the_same_tile(lon, lat, z):
    half = 20037508.342789244
    x, y = pyproj.Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    size = 2 * half / 2**z
    assert tiling.tile_at(lon, lat, z) == (int((x + half) // size), int((half - y) // size))


@given(lon=st.floats(-180, 179.999), lat=st.floats(-85, 85), z=st.integers(0, 20))
def test_a_place_lies_in_its_tile(lon, lat, z):
    west, south, east, north = tiling.bounds(z, *tiling.tile_at(lon, lat, z))
    assert west - 1e-9 <= lon <= east + 1e-9
    assert south - 1e-9 <= lat <= north + 1e-9


@given(z=st.integers(1, 20), data=st.data())
def test_neighbouring_tiles_share_their_edge(z, data):
    x, y = data.draw(st.integers(0, 2**z - 2)), data.draw(st.integers(0, 2**z - 2))
    assert tiling.bounds(z, x, y)[2] == tiling.bounds(z, x + 1, y)[0]
    assert tiling.bounds(z, x, y)[1] == tiling.bounds(z, x, y + 1)[3]


def test_tiles_touched_by_a_box_hold_its_corners_and_nothing_else():
    box = (112.50, 37.80, 112.60, 37.90)
    touched = set(tiling.tiles_touched(box, 13))
    corners = {tiling.tile_at(lon, lat, 13) for lon in box[::2] for lat in box[1::2]}
    assert corners <= touched
    for x, y in touched:
        west, south, east, north = tiling.bounds(13, x, y)
        assert west <= box[2]
        assert east >= box[0]
        assert south <= box[3]
        assert north >= box[1]


def test_poles_and_date_line_belong_to_the_outermost_tiles():
    assert tiling.tile_at(180.0, 90.0, 3) == (7, 0)
    assert tiling.tile_at(-180.0, -90.0, 3) == (0, 7)


@pytest.mark.parametrize(("z", "x", "y"), [(-1, 0, 0), (25, 0, 0), (2, 4, 0), (2, 0, -1)])
def test_tiles_that_do_not_exist(z, x, y):
    with pytest.raises(ShapeError, match="bad_tile"):
        tiling.bounds(z, x, y)


def test_unreasonable_requests_are_refused():
    with pytest.raises(ShapeError, match="too_many_tiles"):
        tiling.tiles_touched((73.0, 3.0, 135.0, 54.0), 18)
    with pytest.raises(ShapeError, match="bad_box"):
        tiling.tiles_touched((113.0, 37.0, 112.0, 38.0), 10)
    with pytest.raises(ShapeError, match="not_finite"):
        tiling.tile_at(math.nan, 0.0, 3)
