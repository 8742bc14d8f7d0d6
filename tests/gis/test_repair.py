"""Repair: what people drew with small errors becomes an exact coverage; nothing is lost or silent."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from gis.coords import area_m2
from gis.coverage import faults
from gis.errors import CoverageError, ShapeError
from gis.repair import Limits, repair
from gis.topology import network_of
from tests.gis.borders import doubled, judge, wiggly, with_islands

PER_M = np.array([1 / 88_000, 1 / 111_000])


def drawn(areas, noise_m: float, seed: int, missing: float = 0.0):
    """Each area as somebody else drew it alone: every vertex beside its place, some left out."""
    dice = np.random.default_rng(seed)

    def ring(coords):
        at = np.array(coords)[:-1]
        kept = at[dice.random(len(at)) >= missing]
        kept = kept if len(kept) > 2 else at
        return kept + dice.normal(0, noise_m, kept.shape) * PER_M

    return [
        (code, Polygon(ring(shape.exterior.coords), [ring(hole.coords) for hole in shape.interiors]))
        for code, shape in areas
    ]


def ground_of(areas):
    return shapely.union_all([shape for _, shape in areas])


def require_exact(result, areas, ground=None) -> None:
    assert [code for code, _ in result.areas] == [code for code, _ in areas], "an area is lost or elsewhere"
    assert all(isinstance(shape, Polygon) and not shape.is_empty for _, shape in result.areas)
    network = network_of(list(result.areas), ground)
    judge(network, doubled(network))
    assert faults(list(result.areas), ground, 0.01) == []


@settings(max_examples=12, derandomize=True)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 6), fitted=st.booleans())
def test_errors_of_drawing_are_mended(seed, n, fitted):
    areas = wiggly(n, seed)
    ground = ground_of(areas) if fitted else None
    result = repair(drawn(areas, 0.3, seed), ground)
    require_exact(result, areas, ground)
    assert {one.code for one in result.altered} <= {code for code, _ in areas}
    for one in result.altered:
        assert max(one.lost_m2, one.gained_m2) < 0.05 * one.before_m2


def test_missing_vertices_leave_no_hole():
    areas = wiggly(6, 4)
    result = repair(drawn(areas, 0.5, 4, missing=0.1), limits=Limits(hole_m2=3_000))
    require_exact(result, areas)
    assert result.filled
    assert all(one.area_m2 > 0 for one in result.filled)
    shapes = dict(result.areas)
    assert all(shapes[one.code].contains(shapely.Point(one.point)) for one in result.filled)


def test_an_exact_coverage_stays_as_it_is():
    areas = wiggly(4, 9)
    result = repair(areas)
    assert result.altered == ()
    assert result.filled == ()
    for (_, before), (_, after) in zip(areas, result.areas, strict=True):
        assert before.hausdorff_distance(after) < 1e-8


def test_islands_survive():
    areas = with_islands(wiggly(3, 5))
    result = repair(drawn(areas, 0.2, 5), limits=Limits(error_m=0.6, change=0.2))
    require_exact(result, areas)


def test_what_changed_is_told_for_each_area():
    """One grid reaches three metres into its neighbour: somebody loses the strip, and both are named."""
    west = shapely.box(112.57, 37.86, 112.572, 37.862)
    east = shapely.box(112.572 - 3 * PER_M[0], 37.86, 112.574, 37.862)
    result = repair([("west", west), ("east", east)])
    require_exact(result, [("west", west), ("east", east)])
    told = {one.code: one for one in result.altered}
    strip = area_m2(west & east)
    assert sum(one.lost_m2 for one in told.values()) == pytest.approx(strip, rel=0.01)
    shapes = dict(result.areas)
    for code, one in told.items():
        assert one.after_m2 == pytest.approx(area_m2(shapes[code]), rel=0.002)


def test_a_strip_at_the_outline_goes_to_the_grid_beside_it():
    """Drawn two metres short of the station's outline: each grid gets its own part of the strip."""
    areas = [
        (f"{i}", shapely.box(112.57 + i * 0.001, 37.86 + 2 * PER_M[1], 112.571 + i * 0.001, 37.861))
        for i in range(4)
    ]
    ground = shapely.box(112.57, 37.86, 112.574, 37.861)
    result = repair(areas, ground)
    require_exact(result, areas, ground)
    gained = [one.gained_m2 for one in result.altered]
    assert len(gained) == 4
    assert max(gained) < 1.1 * min(gained)


def test_what_reaches_beyond_the_station_is_cut_off():
    areas = [
        ("a", shapely.box(112.57, 37.86, 112.5712, 37.861)),
        ("b", shapely.box(112.5712, 37.86, 112.572 + PER_M[0], 37.861)),
    ]
    ground = shapely.box(112.57, 37.86, 112.572, 37.861)
    require_exact(repair(areas, ground), areas, ground)


def test_a_lake_of_the_station_stays_open():
    lake = shapely.box(112.5705, 37.8603, 112.5715, 37.8606)
    ground = shapely.box(112.57, 37.86, 112.572, 37.861) - lake
    half = shapely.box(112.57, 37.86, 112.571, 37.861)
    areas = [("west", ground & half), ("east", ground - half)]
    require_exact(repair(drawn(areas, 0.1, 3), ground), areas, ground)


def test_a_crossing_of_a_hasty_hand_is_mended():
    """The pencil went back over its own line: a loop of some decimetres."""
    top = 37.862
    loop = [(112.5711, top), (112.5709, top + 1e-6), (112.571, top + 2e-6), (112.571, top - 1e-6)]
    corners = [(112.57, 37.86), (112.572, 37.86), (112.572, top), *loop, (112.57, top)]
    west = Polygon(corners)
    assert not west.is_valid
    east = shapely.box(112.572, 37.86, 112.574, 37.862)
    require_exact(repair([("west", west), ("east", east)]), [("west", west), ("east", east)])


@pytest.mark.parametrize(
    ("areas", "code"),
    [
        ([], "no_areas"),
        ([("a", Polygon())], "repair_lost"),
        ([("a", shapely.box(0, 0, 1e-3, 1e-3)), ("a", shapely.box(1e-3, 0, 2e-3, 1e-3))], "duplicate_code"),
        ([("a", shapely.box(112, 37, 112.01, 37.01)), ("b", shapely.box(112, 37, 112.01, 37.01))], "repair_"),
        (
            [
                (
                    "a",
                    MultiPolygon(
                        [shapely.box(112, 37, 112.01, 37.01), shapely.box(112.1, 37, 112.11, 37.01)]
                    ),
                )
            ],
            "repair_torn",
        ),
        ([("a", shapely.box(-179.99, 37, 179.99, 37.01))], "too_wide"),
        ([("a", shapely.box(112, 37, 112.01, 137.01))], "not_a_coverage"),
        (
            [("a", shapely.box(112, 37, 112.01, 37.01)), ("b", shapely.box(112.002, 37, 112.02, 37.01))],
            "repair_changed",
        ),
        ([("a", shapely.box(112, 37, 112.01, 37.01) - shapely.box(112.004, 37.004, 112.006, 37.006))], "gap"),
    ],
)
def test_what_can_not_be_mended_is_refused_with_a_reason(areas, code):
    with pytest.raises(CoverageError) as caught:
        repair(areas)
    assert caught.value.code.startswith(code)


def test_a_whole_grid_missing_is_a_question():
    areas = wiggly(3, 2)
    with pytest.raises(CoverageError) as caught:
        repair([area for area in areas if area[0] != "1-1"])
    assert caught.value.code == "gap"
    assert dict(areas)["1-1"].contains(shapely.Point(caught.value.params["point"]))


def test_an_outline_of_a_million_vertices_is_refused_at_once():
    turn = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    shape = Polygon(np.column_stack([112.5 + 0.01 * np.cos(turn), 37.8 + 0.01 * np.sin(turn)]))
    with pytest.raises(ShapeError) as caught:
        repair([("a", shape)])
    assert caught.value.code == "too_many_vertices"


def test_many_outlines_of_many_vertices_are_refused_at_once():
    turn = np.linspace(0, 2 * np.pi, 9_990, endpoint=False)
    ring = np.column_stack([112.5 + 1e-3 * np.cos(turn), 37.8 + 1e-3 * np.sin(turn)])
    shape = Polygon(ring)
    with pytest.raises(CoverageError) as caught:
        repair([(str(i), shape) for i in range(250)])
    assert caught.value.code == "too_many_vertices"


def test_far_from_greenwich_and_close_to_the_date_line():
    areas = [
        ("a", shapely.box(179.99, 1.0, 179.995, 1.005)),
        ("b", shapely.box(179.995 - 1e-6, 1.0, 180.0, 1.005)),
    ]
    require_exact(repair(areas), areas)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_drawn_areas(seed):
    areas = wiggly(32, seed)
    result = repair(drawn(areas, 0.3, seed))
    require_exact(result, areas)
