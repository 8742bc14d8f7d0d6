"""Coverage: a planner sees every fault that would leave a household with no grid, or with two."""

import math

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from gis import coverage
from gis.coords import area_m2
from gis.coverage import Kind, faults
from gis.errors import CoverageError, ShapeError
from gis.topology import network_of, polygons
from tests.gis.borders import wiggly, with_islands

MM_DEG = 1e-8
TOLERANCE_M = 0.01


def kinds(found) -> list[Kind]:
    return [fault.kind for fault in found]


def ground_of(areas) -> Polygon:
    return shapely.union_all([shape for _, shape in areas])


def replaced(areas, code, shape):
    return [(name, shape if name == code else old) for name, old in areas]


def corners(shape) -> list[tuple[float, float]]:
    return list(shape.exterior.coords)[:-1]


@settings(max_examples=25)
@given(n=st.integers(1, 6), seed=st.integers(0, 2**31))
def test_an_exact_coverage_has_no_fault(patchwork, n, seed):
    areas = patchwork(n, seed)
    assert faults(areas, None, 0.0) == []
    assert faults(areas, ground_of(areas), 0.0) == []


def test_an_island_that_touches_a_corner_is_no_fault():
    """GEOS 3.14.1 says otherwise about the edge beside it."""
    areas = list(polygons(network_of(with_islands(wiggly(4, 3)))).items())
    assert not shapely.coverage_is_valid([shape for _, shape in areas]), "GEOS has been mended"
    assert faults(areas, ground_of(areas), 0.0) == []


@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), lost=st.integers(0, 24))
def test_a_lost_area_is_a_gap_of_its_size(patchwork, seed, lost):
    areas = patchwork(5, seed)
    code, missing = areas[lost]
    left = [area for area in areas if area[0] != code]
    found = faults(left, ground_of(areas), TOLERANCE_M)
    assert kinds(found) == [Kind.GAP]
    assert found[0].area_m2 == pytest.approx(area_m2(missing), rel=1e-5)
    assert missing.contains(shapely.Point(found[0].point))
    around = coverage.neighbours(areas)[code]
    assert around <= set(found[0].codes)


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**31),
    moved=st.sampled_from(["11", "12", "21", "22", "33"]),
    metres=st.floats(0.05, 30),
)
def test_a_corner_moved_in_one_area_only_never_passes(patchwork, seed, moved, metres):
    """The commonest damage: someone drags one polygon's corner and the neighbours stay."""
    areas = patchwork(5, seed)
    shape = dict(areas)[moved]
    (x, y), *rest = corners(shape)
    dragged = Polygon([(x + metres / 111_000, y + metres / 90_000), *rest])
    damaged = replaced(areas, moved, dragged)
    found = faults(damaged, ground_of(areas), TOLERANCE_M)
    assert {Kind.OVERLAP, Kind.GAP} & set(kinds(found))
    assert any(moved in fault.codes for fault in found)


def test_hole_between_areas_without_any_ground(patchwork):
    areas = [area for area in patchwork(3) if area[0] != "11"]
    found = faults(areas, None, TOLERANCE_M)
    assert kinds(found) == [Kind.GAP]
    assert set(found[0].codes) == {"00", "01", "02", "10", "12", "20", "21", "22"}


def test_hole_thinner_than_the_tolerance_still_counts_inside(patchwork):
    """A strip of a millimetre between two grids is nobody's, however wide the tolerance at the outline."""
    areas = patchwork(3)
    shape = dict(areas)["11"]
    a, b, c, d = corners(shape)
    middle_ab = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + MM_DEG)
    found = faults(replaced(areas, "11", Polygon([a, middle_ab, b, c, d])), ground_of(areas), 1.0)
    assert Kind.GAP in kinds(found)
    assert Kind.GAP in kinds(faults(replaced(areas, "11", Polygon([a, middle_ab, b, c, d])), None, 1.0))


def test_hole_that_holds_an_island(patchwork):
    areas = patchwork(3)
    middle = dict(areas)["11"]
    island = shapely.affinity.scale(middle, 0.5, 0.5)
    found = faults(replaced(areas, "11", island), None, TOLERANCE_M)
    assert kinds(found) == [Kind.GAP]
    assert found[0].area_m2 == pytest.approx(area_m2(middle) - area_m2(island), rel=1e-5)
    assert not island.contains(shapely.Point(found[0].point))


def test_lake_left_out_of_the_ground_is_no_gap(patchwork):
    areas = patchwork(3)
    left = [area for area in areas if area[0] != "11"]
    assert faults(left, ground_of(left), TOLERANCE_M) == []


def test_overlap_names_both_areas_and_its_size(patchwork):
    areas = patchwork(3)
    one, other = dict(areas)["00"], dict(areas)["11"]
    reach = shapely.union_all([one, shapely.affinity.scale(other, 0.2, 0.2)]).convex_hull
    found = faults(replaced(areas, "00", reach), None, TOLERANCE_M)
    overlaps = {fault.codes: fault for fault in found if fault.kind is Kind.OVERLAP}
    fault = overlaps["00", "11"]
    assert fault.area_m2 == pytest.approx(area_m2(reach & other), rel=1e-5)
    assert (reach & other).contains(shapely.Point(fault.point))
    assert "overlap (00, 11)" in str(fault)


@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_area_drawn_twice_or_inside_another(patchwork, scale):
    areas = patchwork(3)
    double = shapely.affinity.scale(dict(areas)["11"], scale, scale)
    found = faults([*areas, ("new", double)], ground_of(areas), TOLERANCE_M)
    assert kinds(found) == [Kind.OVERLAP]
    assert found[0].codes == ("11", "new")
    assert found[0].area_m2 == pytest.approx(area_m2(double), rel=1e-5)


def test_unmatched_edge_where_only_one_side_has_the_node():
    left = shapely.box(112.570, 37.860, 112.572, 37.862)
    right = Polygon(
        [(112.572, 37.860), (112.574, 37.860), (112.574, 37.862), (112.572, 37.862), (112.572, 37.861)]
    )
    found = faults([("L", left), ("R", right)], left | right, TOLERANCE_M)
    assert kinds(found) == [Kind.UNMATCHED_EDGE]
    assert found[0].codes == ("L", "R")
    assert found[0].point == pytest.approx((112.572, 37.861), abs=0.0006)
    assert found[0].length_m == pytest.approx(222, abs=1)


def test_unmatched_edge_at_a_node_of_three_is_told_for_both_pairs():
    long = shapely.box(112.570, 37.860, 112.572, 37.862)
    low, high = shapely.box(112.572, 37.860, 112.574, 37.861), shapely.box(112.572, 37.861, 112.574, 37.862)
    found = faults([("A", long), ("B", low), ("C", high)], None, TOLERANCE_M)
    assert {fault.codes for fault in found} == {("A", "B"), ("A", "C")}
    assert set(kinds(found)) == {Kind.UNMATCHED_EDGE}


def test_overlap_thinner_than_the_tolerance_is_an_unmatched_edge(patchwork):
    areas = patchwork(3)
    a, b, c, d = corners(dict(areas)["11"])
    damaged = replaced(areas, "11", Polygon([(a[0] - MM_DEG, a[1] - MM_DEG), b, c, d]))
    assert set(kinds(faults(damaged, None, 1.0))) == {Kind.UNMATCHED_EDGE}
    assert Kind.OVERLAP in kinds(faults(damaged, None, 0.0))


def test_bow_tie_is_invalid_with_place_and_reason_and_hides_no_other_fault(patchwork):
    areas = patchwork(4)
    a, b, c, d = corners(dict(areas)["11"])
    twice = [*replaced(areas, "11", Polygon([a, c, b, d])), ("copy", dict(areas)["33"])]
    found = faults(twice, ground_of(areas), TOLERANCE_M)
    assert kinds(found) == [Kind.INVALID, Kind.OVERLAP]
    assert found[0].codes == ("11",)
    assert found[0].reason.startswith("Self-intersection")
    assert dict(areas)["11"].contains(shapely.Point(found[0].point))


def test_coordinates_that_are_no_numbers_are_invalid_without_place():
    with np.errstate(invalid="ignore"):
        shape = Polygon([(112.57, 37.86), (math.nan, 37.86), (112.58, 37.87)])
    found = faults([("N", shape)], None, TOLERANCE_M)
    assert kinds(found) == [Kind.INVALID]
    assert found[0].point is None


def test_torn_area(patchwork):
    areas = dict(patchwork(3))
    torn = MultiPolygon([areas["00"], areas["22"]])
    rest = [(code, shape) for code, shape in areas.items() if code not in ("00", "22")]
    found = faults([*rest, ("T", torn)], ground_of(areas.items()), TOLERANCE_M)
    assert kinds(found) == [Kind.TORN]
    assert found[0].codes == ("T",)
    assert found[0].area_m2 == pytest.approx(min(area_m2(areas["00"]), area_m2(areas["22"])), rel=1e-5)


def test_multipolygon_of_one_part_is_not_torn(patchwork):
    areas = [(code, MultiPolygon([shape])) for code, shape in patchwork(2)]
    assert faults(areas, ground_of(areas), 0.0) == []


def test_empty_area(patchwork):
    areas = [*patchwork(2), ("E", Polygon())]
    found = faults(areas, None, TOLERANCE_M)
    assert [(fault.kind, fault.codes, fault.point) for fault in found] == [(Kind.EMPTY, ("E",), None)]


def test_no_area_at_all_leaves_the_whole_ground_open():
    ground = shapely.box(112.57, 37.86, 112.58, 37.87)
    found = faults([], ground, TOLERANCE_M)
    assert kinds(found) == [Kind.GAP]
    assert found[0].area_m2 == pytest.approx(area_m2(ground), rel=1e-5)


def test_outline_wider_and_narrower_than_the_ground(patchwork):
    areas = patchwork(3)
    ground = shapely.box(*ground_of(areas).bounds)
    assert set(kinds(faults(areas, ground, TOLERANCE_M))) == {Kind.GAP}
    inner = shapely.affinity.scale(ground, 0.9, 0.9)
    found = [fault for fault in faults(areas, inner, TOLERANCE_M) if fault.kind is Kind.OUTSIDE_GROUND]
    assert {fault.codes[0] for fault in found} >= {"00", "02", "20", "22"}
    assert sum(fault.geometry.area for fault in found) == pytest.approx((ground_of(areas) - inner).area)


def test_tolerance_forgives_a_thin_strip_at_the_outline_only():
    area = shapely.box(112.570, 37.860, 112.580, 37.870)
    ten_centimetres = shapely.box(112.570 - 1e-6, 37.860, 112.580, 37.870)
    assert faults([("A", area)], ten_centimetres, 0.5) == []
    assert kinds(faults([("A", area)], ten_centimetres, 0.01)) == [Kind.GAP]
    assert kinds(faults([("A", ten_centimetres)], area, 0.01)) == [Kind.OUTSIDE_GROUND]


def test_refused_input(patchwork):
    areas = patchwork(2)
    with pytest.raises(CoverageError, match="duplicate_code"):
        faults([areas[0], areas[0]], None, 0.0)
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(CoverageError, match="ground_invalid"):
        faults(areas, bow_tie, 0.0)
    turn = np.linspace(0, 2 * np.pi, 10_001, endpoint=False)
    with pytest.raises(ShapeError, match="too_many_vertices"):
        faults([("big", Polygon(np.column_stack([np.cos(turn), np.sin(turn)])))], None, 0.0)
    with pytest.raises(ShapeError, match="not_polygonal"):
        faults([("line", shapely.LineString([(0, 0), (1, 1)]))], None, 0.0)


@pytest.mark.timeout(10)
def test_a_ring_that_would_take_minutes_to_repair_is_judged_at_once():
    scribble = Polygon(np.random.default_rng(3).uniform((112, 37), (113, 38), (5_000, 2)))
    assert kinds(faults([("S", scribble)], shapely.box(112, 37, 113, 38), 0.0)) == [Kind.INVALID]
    with pytest.raises(ShapeError, match="invalid"):
        coverage.union([scribble])


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), cut=st.integers(1, 24))
def test_police_grids_united_from_grids_cover_the_same_ground(patchwork, seed, cut):
    areas = [shape for _, shape in patchwork(5, seed)]
    halves = [("one", coverage.union(areas[:cut])), ("two", coverage.union(areas[cut:]))]
    assert sum(area_m2(half) for _, half in halves) == pytest.approx(sum(map(area_m2, areas)), rel=1e-9)
    assert [f for f in faults(halves, coverage.union(areas), 0.0) if f.kind is not Kind.TORN] == []


def test_union_refuses_what_does_not_fit(patchwork):
    areas = [shape for _, shape in patchwork(2)]
    with pytest.raises(CoverageError, match="not_a_coverage"):
        coverage.union([areas[0], areas[0]])
    with pytest.raises(CoverageError, match="not_a_coverage"):
        coverage.union([])
    assert isinstance(coverage.union([areas[0], areas[3]]), MultiPolygon)


def test_neighbours_share_an_edge_and_not_only_a_corner(patchwork):
    beside = coverage.neighbours(patchwork(3))
    assert beside["11"] == {"01", "10", "12", "21"}
    assert beside["00"] == {"01", "10"}
    assert all(code in beside[other] for code, others in beside.items() for other in others)
    assert coverage.neighbours([]) == {}


def test_simplified_borders_still_fit_and_keep_their_corners(counties):
    """Real outline, cut in four: shared edges lose the same vertices on both sides."""
    ground = counties["开鲁县"]
    west, south, east, north = ground.bounds
    x, y = (west + east) / 2, (south + north) / 2
    network = shapely.union_all(
        [
            ground.boundary,
            shapely.LineString([(x, south), (x, north)]),
            shapely.LineString([(west, y), (east, y)]),
        ]
    )
    pieces = [(str(n), piece) for n, piece in enumerate(shapely.polygonize([network]).geoms)]
    assert faults(pieces, ground, 0.0) == []
    coarse = coverage.simplified(pieces, 2_000.0)
    assert faults(coarse, None, 0.0) == []
    assert [code for code, _ in coarse] == [code for code, _ in pieces]
    before = {tuple(at) for _, piece in pieces for at in shapely.get_coordinates(piece).tolist()}
    after = {tuple(at) for _, piece in coarse for at in shapely.get_coordinates(piece).tolist()}
    assert after < before
    assert len(after) < 0.6 * len(before)


def test_simplified_refuses_overlaps(patchwork):
    areas = patchwork(2)
    with pytest.raises(CoverageError, match="not_a_coverage"):
        coverage.simplified([areas[0], ("copy", areas[0][1])], 5.0)
    assert coverage.simplified([], 5.0) == []


@settings(max_examples=40)
@given(data=st.data(), seed=st.integers(0, 2**31))
def test_every_place_that_is_not_covered_once_lies_in_a_reported_fault(patchwork, data, seed):
    """Judged place by place, with several damages at once: moved corners, lost areas, grown areas."""
    areas = patchwork(4, seed)
    ground = ground_of(areas)
    for _ in range(data.draw(st.integers(1, 4))):
        code, shape = data.draw(st.sampled_from(areas))
        if data.draw(st.booleans()):
            areas = replaced(
                areas, code, shapely.affinity.scale(shape, *data.draw(st.tuples(*[st.floats(0.6, 1.4)] * 2)))
            )
        elif len(areas) > 1:
            areas = [area for area in areas if area[0] != code]
    told = [f.geometry for f in faults(areas, ground, TOLERANCE_M) if f.area_m2]
    west, south, east, north = ground.bounds
    places = shapely.points(np.random.default_rng(seed).uniform((west, south), (east, north), (500, 2)))
    covered = sum(
        shapely.contains_xy(shape, shapely.get_x(places), shapely.get_y(places)).astype(int)
        for _, shape in areas
    )
    right = np.where(shapely.contains(ground, places), covered == 1, covered == 0)
    for place in places[~right]:
        assert any(shape.distance(place) * 111_000 <= 2 * TOLERANCE_M for shape in told)
    for place in places[right]:
        assert not any(shape.contains(place) for shape in told)
