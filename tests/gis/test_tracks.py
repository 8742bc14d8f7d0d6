"""Tracks: a volunteer is credited with the way that was walked, not with the jumps of the receiver."""

import itertools
import math
from datetime import UTC, datetime, timedelta

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.coords import LocalPlane
from gis.errors import ShapeError
from gis.tracks import Fix, clean, simplify, split, walked_m

START = datetime(2025, 3, 7, 1, 0, tzinfo=UTC)
PLANE = LocalPlane(112.57, 37.868)


def fix(second: float, x: float, y: float, accuracy_m: float | None = 8.0) -> Fix:
    lon, lat = PLANE.from_m([x], [y])
    return Fix(START + timedelta(seconds=second), float(lon[0]), float(lat[0]), accuracy_m)


def walk(steps: int, speed: float = 1.2) -> list[Fix]:
    """Due east, one fix every five seconds."""
    return [fix(5 * n, 5 * speed * n, 0.0) for n in range(steps)]


def test_length_of_a_known_walk():
    assert walked_m(walk(101)) == pytest.approx(600.0, abs=0.01)
    assert walked_m(walk(1)) == walked_m([]) == 0.0


def test_split_where_the_phone_slept():
    track = walk(10)
    late = [fix(200 + 5 * n, 60.0, 0.0) for n in range(3)]
    assert [len(piece) for piece in split(track + late, 60)] == [10, 3]
    assert [len(piece) for piece in split(track, 5)] == [10], "a pause of exactly the limit is no gap"
    assert split([], 60) == []


@given(pauses=st.lists(st.integers(1, 200), max_size=30), gap_s=st.integers(1, 200))
def test_split_loses_nothing_and_leaves_no_gap(pauses, gap_s):
    seconds = [sum(pauses[:n]) for n in range(len(pauses) + 1)]
    track = [fix(second, 0.0, 0.0) for second in seconds]
    pieces = split(track, gap_s)
    assert [one for piece in pieces for one in piece] == track
    assert all(
        (b.at - a.at).total_seconds() <= gap_s for piece in pieces for a, b in itertools.pairwise(piece)
    )
    assert all((q[0].at - p[-1].at).total_seconds() > gap_s for p, q in itertools.pairwise(pieces))


def test_spike_in_the_middle_and_at_the_start_is_dropped():
    track = walk(40)
    spikes = {0: fix(0, 150, 150), 20: fix(100, 120, 180), 21: fix(105, 125, 178)}
    dirty = [spikes.get(n, one) for n, one in enumerate(track)]
    tidy = clean(dirty, 3.0, 50.0)
    assert tidy == [one for n, one in enumerate(track) if n not in spikes]


def test_imprecise_double_and_disordered_fixes():
    track = walk(20)
    vague = fix(52, 62.0, 1.0, accuracy_m=80.0)
    unknown = fix(97.5, 117.0, 0.0, accuracy_m=None)
    mixed = [vague, unknown, track[3], *reversed(track)]
    assert clean(mixed, 3.0, 50.0) == sorted([*track, unknown], key=lambda one: one.at)


def test_clean_of_little():
    assert clean([], 3.0, 50.0) == []
    assert clean(walk(1), 3.0, 50.0) == walk(1)
    apart = [fix(0, 0, 0), fix(5, 900, 0)]
    assert len(clean(apart, 3.0, 50.0)) == 1


@given(places=st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300)), max_size=25))
def test_cleaned_tracks_never_run(places):
    tidy = clean([fix(5 * n, x, y) for n, (x, y) in enumerate(places)], 3.0, 50.0)
    for a, b in itertools.pairwise(tidy):
        assert walked_m([a, b]) <= 3.0 * (b.at - a.at).total_seconds() + 1e-6


def test_simplify_keeps_corners_and_real_fixes():
    track = [fix(5 * n, 6.0 * n, 0.3 * (-1) ** n) for n in range(20)]
    track += [fix(100 + 5 * n, 114.0, 6.0 * n) for n in range(1, 20)]
    thin = simplify(track, 2.0)
    assert thin == [track[0], track[19], track[-1]]


def test_simplify_of_a_round_trip_keeps_the_far_point():
    there = [fix(5 * n, 6.0 * n, 0.0) for n in range(21)]
    back = [fix(100 + 5 * n, 120.0 - 6.0 * n, 0.0) for n in range(1, 21)]
    assert there[20] in simplify(there + back, 2.0)
    assert simplify(walk(2), 2.0) == walk(2)


@given(
    places=st.lists(st.tuples(st.floats(-300, 300), st.floats(-300, 300)), min_size=3, max_size=30),
    tolerance_m=st.floats(0.5, 30),
)
def test_simplified_line_stays_near_every_fix(places, tolerance_m):
    track = [fix(5 * n, x, y) for n, (x, y) in enumerate(places)]
    thin = simplify(track, tolerance_m)
    assert (thin[0], thin[-1]) == (track[0], track[-1])
    assert set(thin) <= set(track)
    line = shapely.LineString([shapely.Point(one.lon, one.lat) for one in thin])
    in_m = PLANE.shape_to_m(line)
    assert all(shapely.Point(x, y).distance(in_m) <= tolerance_m + 1e-3 for x, y in places)


def test_impossible_fixes_are_refused():
    with pytest.raises(ShapeError, match="naive_time"):
        Fix(datetime(2025, 3, 7, 9, 0), 112.57, 37.868)
    with pytest.raises(ShapeError, match="out_of_range"):
        Fix(START, 112.57, math.nan)
    with pytest.raises(ShapeError, match="out_of_range"):
        Fix(START, 37.868, 112.57)
