"""Demo patrols move as people do: on the streets, at walking pace, with a phone's faults."""

from datetime import timedelta
from random import Random
from statistics import mean

import numpy as np
import pytest
import shapely

from gis.coords import LocalPlane
from gis.tracks import clean, walked_m
from webapp.demo.people import PATROLLING, members, roster
from webapp.demo.walks import DAYS, walks


@pytest.fixture(scope="module")
def patrols(station, until):
    made = station("YZ")
    return walks(made, members(made, roster("YZ"), Random(1)), until, Random(2))


def test_yingze_has_its_patrols_of_a_quarter(patrols, until):
    assert len(patrols) == 340
    for walk in patrols:
        assert until - timedelta(days=DAYS + 1) < walk.started_at < walk.ended_at <= until
        assert 40 <= (walk.ended_at - walk.started_at).total_seconds() / 60 <= 75
        assert walk.fixes[0].at == walk.started_at
        assert walk.fixes[-1].at == walk.ended_at
    hours = [(walk.started_at + timedelta(hours=8)).hour for walk in patrols]
    assert min(hours) >= 7
    assert max(hours) <= 22


def test_walks_are_made_by_members_who_patrol(station, patrols):
    people = members(station("YZ"), roster("YZ"), Random(1))
    assert all(people[walk.member_index].category in PATROLLING for walk in patrols)
    assert all(people[walk.member_index].squad == walk.squad for walk in patrols)
    assert len({walk.member_index for walk in patrols}) > 100


def test_people_walk_at_walking_pace(patrols):
    speeds = [
        walked_m(clean(walk.fixes, 3.0, 30.0)) / (walk.ended_at - walk.started_at).total_seconds()
        for walk in patrols
    ]
    assert 0.95 < mean(speeds) < 1.25
    assert min(speeds) > 0.7
    assert max(speeds) < 1.5


def test_tracks_stay_on_the_ground_and_near_the_streets(station, patrols):
    made = station("YZ")
    plane = LocalPlane.around(made.outline)
    margin = plane.shape_to_m(made.outline).buffer(250.0)
    streets = shapely.union_all([plane.shape_to_m(road) for road in made.roads])
    shapely.prepare(streets)
    for walk in patrols[::10]:
        points = shapely.points(
            np.column_stack(plane.to_m(*zip(*((f.lon, f.lat) for f in walk.fixes), strict=True)))
        )
        assert shapely.covers(margin, points).all()
        away = shapely.distance(streets, points)
        assert np.median(away) < 6.0
        assert np.quantile(away, 0.95) < 15.0


def test_tracks_have_stops_gaps_and_outliers_but_not_always(patrols):
    gaps = outliers = stops = 0
    for walk in patrols:
        steps = [(b.at - a.at).total_seconds() for a, b in zip(walk.fixes, walk.fixes[1:], strict=False)]
        assert min(steps) == 10.0
        gaps += max(steps) >= 60.0
        outliers += len(clean(walk.fixes, 3.0, 1000.0)) < len(walk.fixes)
        six = walk.fixes
        stops += any(walked_m([six[at], six[at + 4]]) < 8.0 for at in range(len(six) - 4))
    assert 0.2 < gaps / len(patrols) < 0.6
    assert 0.25 < outliers / len(patrols) < 0.7
    assert stops / len(patrols) > 0.8


def test_the_same_dice_give_the_same_walks(station, until):
    made = station("WH")
    people = members(made, roster("WH"), Random(1))
    first = walks(made, people, until, Random(2), count=5)
    assert first == walks(made, people, until, Random(2), count=5)
    assert first != walks(made, people, until, Random(3), count=5)
