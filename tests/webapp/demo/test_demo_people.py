"""The demo's members are as many as the stations name, plainly invented, and bound to their ground."""

import re
from collections import Counter
from random import Random

import pytest

from webapp.demo.people import CATEGORY_NAMES, members, roster
from webapp.people.rules import Role


@pytest.mark.parametrize(("code", "count"), [("YZ", 318), ("QF", 130), ("WH", 64)])
def test_a_station_has_its_members(station, code, count):
    found = members(station(code), roster(code), Random(1))
    assert len(found) == count
    assert [member.index for member in found] == list(range(count))
    assert len({member.name for member in found}) == count
    assert found == members(station(code), roster(code), Random(1))
    assert {member.role for member in found} <= set(Role)
    assert sum(member.role == "station_chief" for member in found) == 1
    assert any(member.role == "planner" for member in found)


@pytest.mark.parametrize("code", ["YZ", "QF", "WH"])
def test_nobody_can_be_taken_for_a_real_person(station, code):
    for member in members(station(code), roster(code), Random(1)):
        assert re.fullmatch(rf"演示{CATEGORY_NAMES[member.category]}\d{{2,}}", member.name)
        assert not re.fullmatch(r"(\+?86)?1[3-9]\d{9}", member.phone.replace("-", ""))
        assert member.phone.startswith("000-")


@pytest.mark.parametrize("code", ["YZ", "QF", "WH"])
def test_each_police_grid_has_one_officer_and_two_assistants_and_each_grid_a_worker(station, code):
    made = station(code)
    found = members(made, roster(code), Random(1))
    beats = {beat.code for beat in made.police_grids}
    officers = Counter(m.police_grid_code for m in found if m.category == "officer" and m.police_grid_code)
    helpers = Counter(
        m.police_grid_code
        for m in found
        if m.category in ("auxiliary", "community_worker") and m.police_grid_code
    )
    assert officers == dict.fromkeys(beats, 1)
    assert helpers == dict.fromkeys(beats, 2)
    workers = Counter(m.grid_code for m in found if m.category == "grid_worker")
    assert workers == {grid.code15: 1 for grid in made.grids}


def test_a_member_of_a_grid_belongs_to_the_police_grid_over_it(station):
    made = station("YZ")
    beat_of = {code: beat.code for beat in made.police_grids for code in beat.grid_codes}
    for member in members(made, roster("YZ"), Random(1)):
        if member.grid_code:
            assert member.police_grid_code == beat_of[member.grid_code]
