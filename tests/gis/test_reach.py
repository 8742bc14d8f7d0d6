"""Reach: time and ground are credited to the grid where the walker was."""

import itertools
import math
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from gis.coords import LocalPlane
from gis.errors import ShapeError
from gis.reach import seconds_in, visited_share
from gis.tracks import Fix

START = datetime(2025, 3, 7, 1, 0, tzinfo=UTC)
PLANE = LocalPlane(112.57, 37.868)
WEST = shapely.box(112.568, 37.867, 112.570, 37.869)
EAST = shapely.box(112.570, 37.867, 112.572, 37.869)


def fix(second: float, lon: float, lat: float = 37.868) -> Fix:
    return Fix(START + timedelta(seconds=second), lon, lat)


def line(*metres: tuple[float, float]) -> LineString:
    return PLANE.shape_from_m(LineString(metres))


def square(side: float):
    return PLANE.shape_from_m(shapely.box(-side / 2, -side / 2, side / 2, side / 2))


def test_time_is_split_between_two_grids():
    track = [fix(10 * n, 112.5690 + 0.0001 * n) for n in range(21)]
    spent = seconds_in([("W", WEST), ("E", EAST)], track)
    assert spent == {"W": 100.0, "E": 100.0}
    assert seconds_in([("W", WEST), ("E", EAST)], track[::-1]) == spent, "order of arrival must not matter"


def test_an_interval_that_crosses_belongs_to_its_midpoint():
    assert seconds_in([("W", WEST), ("E", EAST)], [fix(0, 112.5698), fix(10, 112.5704)]) == {"E": 10.0}


def test_border_goes_to_the_first_area_named():
    track = [fix(0, 112.57), fix(30, 112.57)]
    assert seconds_in([("W", WEST), ("E", EAST)], track) == {"W": 30.0}
    assert seconds_in([("E", EAST), ("W", WEST)], track) == {"E": 30.0}


def test_silence_and_ground_outside_count_for_nobody():
    track = [fix(0, 112.569), fix(60, 112.569), fix(121, 112.569), fix(131, 112.58), fix(141, 112.58)]
    assert seconds_in([("W", WEST)], track) == {"W": 60.0}
    assert seconds_in([("W", WEST)], track, max_gap_s=61) == {"W": 121.0}
    assert seconds_in([], track) == {}
    assert seconds_in([("W", WEST)], track[:1]) == {}


@settings(max_examples=40)
@given(places=st.lists(st.tuples(st.integers(0, 90), st.floats(112.566, 112.574)), max_size=30))
def test_never_more_time_than_was_walked(places):
    seconds = [sum(pause for pause, _ in places[:n]) for n in range(len(places))]
    track = [fix(second, lon) for second, (_, lon) in zip(seconds, places, strict=True)]
    walked = sum(b - a for a, b in itertools.pairwise(seconds) if b - a <= 60)
    assert sum(seconds_in([("W", WEST), ("E", EAST)], track).values()) <= walked


def test_share_of_a_straight_walk_is_the_strip():
    share = visited_share(square(200), [line((-150, 0), (150, 0))], 25.0)
    assert share == pytest.approx(0.25, abs=0.001)


def test_share_of_a_short_walk_has_round_ends():
    share = visited_share(square(200), [line((-50, 0), (0, 3), (50, 0))], 25.0)
    assert share == pytest.approx((100 * 50 + math.pi * 625) / 40_000, rel=0.01)


def test_two_walkers_on_one_street_count_once():
    alone = visited_share(square(200), [line((-150, 0), (150, 0))], 25.0)
    both = visited_share(square(200), [line((-150, 0), (150, 0)), line((150, 0.5), (-150, 0.5))], 25.0)
    assert both == pytest.approx(alone, abs=0.004)


def test_a_bend_into_a_courtyard_is_not_smoothed_away():
    """Fifteen metres aside through a gate and back reach ground that the street does not."""
    street = visited_share(square(100), [line((-80, 0), (80, 0))], 10.0)
    bend = visited_share(square(100), [line((-80, 0), (0, 0), (0, 15), (0.5, 15), (0.5, 0), (80, 0))], 10.0)
    assert bend - street == pytest.approx((5 * 20.5 + math.pi * 50) / 10_000, abs=0.0005)


def test_all_and_nothing():
    assert visited_share(square(40), [line((-150, 0), (150, 0))], 30.0) == 1.0
    assert visited_share(square(200), [line((500, 0), (600, 0))], 25.0) == 0.0
    assert visited_share(square(200), [], 25.0) == 0.0


def test_a_walk_just_outside_the_border_reaches_in():
    share = visited_share(square(200), [line((-150, 110), (150, 110))], 25.0)
    assert share == pytest.approx(15 / 200, abs=0.001)


def test_refused_input():
    walked = [line((-150, 0), (150, 0))]
    with pytest.raises(ShapeError, match="out_of_range"):
        visited_share(square(200), walked, 0.0)
    with pytest.raises(ShapeError, match="invalid"):
        visited_share(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), walked, 25.0)
    with pytest.raises(ShapeError, match="not_linear"):
        visited_share(square(200), [shapely.Point(112.57, 37.868)], 25.0)
