"""Districting: police grids are connected, balanced, and cover what the grids covered."""

import random

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.coords import area_m2
from gis.coverage import faults
from gis.districting import dissolve, group_faces
from gis.errors import CoverageError, ShapeError
from gis.planar import faces


def named(shapes):
    return [(str(number), shape) for number, shape in enumerate(shapes)]


@pytest.mark.parametrize("targets", [1, 8, 26])
def test_grids_along_real_roads(roads, wuhan, targets):
    units = faces(roads, wuhan)
    areas = [area_m2(unit) for unit in units]
    groups = group_faces(units, targets, areas, random.Random(7))
    assert sorted(unit for group in groups for unit in group) == list(range(len(units)))
    grids = dissolve(units, groups)
    assert len(grids) == targets
    assert faults(named(grids), wuhan, 0.0) == [], "torn, open or doubled ground"
    mean = sum(areas) / targets
    heaviest = max(sum(areas[unit] for unit in group) for group in groups)
    assert heaviest <= max(1.35 * mean, max(areas) * 1.0001), "only a single large block may weigh more"


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), targets=st.integers(1, 15))
def test_even_blocks_are_shared_evenly(patchwork, seed, targets):
    units = [shape for _, shape in patchwork(9, seed)]
    weights = [1.0 + random.Random(seed + n).random() for n in range(len(units))]
    groups = group_faces(units, targets, weights, random.Random(seed))
    assert sorted(unit for group in groups for unit in group) == list(range(81))
    assert faults(named(dissolve(units, groups)), shapely.union_all(units), 0.0) == []
    loads = [sum(weights[unit] for unit in group) for group in groups]
    assert max(loads) <= 1.5 * sum(loads) / targets


def test_same_dice_same_groups(patchwork):
    units = [shape for _, shape in patchwork(6)]
    first = group_faces(units, 5, [1.0] * 36, random.Random(3))
    assert first == group_faces(units, 5, [1.0] * 36, random.Random(3))
    assert any(first != group_faces(units, 5, [1.0] * 36, random.Random(seed)) for seed in range(4, 9))


def test_separate_pieces_of_ground_are_never_in_one_group(patchwork):
    west = [shape for _, shape in patchwork(3)]
    units = west + [shapely.affinity.translate(shape, xoff=1.0) for shape in west]
    groups = group_faces(units, 4, [1.0] * 18, random.Random(1))
    assert all({unit < 9 for unit in group} in ({True}, {False}) for group in groups)
    with pytest.raises(CoverageError) as refused:
        group_faces(units, 1, [1.0] * 18, random.Random(1))
    assert refused.value.params["pieces"] == 2


def test_refused_input(patchwork):
    units = [shape for _, shape in patchwork(2)]
    with pytest.raises(CoverageError, match="too_few_units"):
        group_faces(units, 5, [1.0] * 4, random.Random(1))
    with pytest.raises(CoverageError, match="too_few_units"):
        group_faces(units, 0, [1.0] * 4, random.Random(1))
    with pytest.raises(ShapeError, match="bad_weights"):
        group_faces(units, 2, [1.0] * 3, random.Random(1))
    with pytest.raises(ShapeError, match="bad_weights"):
        group_faces(units, 2, [1.0, 1.0, 1.0, float("nan")], random.Random(1))
