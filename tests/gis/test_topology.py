"""Redrawing borders: each operation on a small map, each refusal, and a map that refusals leave unharmed."""

from __future__ import annotations

import pytest
import shapely
from shapely import Polygon

from gis.errors import CoverageError, TopologyError
from gis.topology import (
    InsertVertex,
    Merge,
    MoveNode,
    MoveVertex,
    Network,
    RemoveVertex,
    Reshape,
    Restore,
    Split,
    Transfer,
    apply,
    line_as_json,
    line_from,
    network_of,
    operation_from,
    polygons,
)
from tests.gis.borders import doubled, judge, wiggly, with_islands

UNITS = 100_000_000
X, Y = 11_257_000_000, 3_786_000_000


def at(x: int, y: int) -> tuple[int, int]:
    """A place in units of about a metre, east and north of the corner."""
    return X + 1_000 * x, Y + 1_000 * y


def square(x: int, y: int, width: int, height: int, *holes: Polygon) -> Polygon:
    ring = [at(x, y), at(x + width, y), at(x + width, y + height), at(x, y + height)]
    rings = [[(a / UNITS, b / UNITS) for a, b in ring]]
    return Polygon(*rings, [hole.exterior.coords for hole in holes])


@pytest.fixture
def three() -> Network:
    """West is the left half, north and south are the right half; they meet in one corner."""
    west = Polygon(
        [
            *square(0, 0, 100, 200).exterior.coords[:2],
            deg(100, 100),
            *square(0, 0, 100, 200).exterior.coords[2:4],
        ]
    )
    return network_of(
        [("west", west), ("south", square(100, 0, 100, 100)), ("north", square(100, 100, 100, 100))]
    )


def deg(x: int, y: int) -> tuple[float, float]:
    a, b = at(x, y)
    return a / UNITS, b / UNITS


def line_between(network: Network, one: str | None, other: str | None) -> str:
    found = [k for k, line in network.lines.items() if {line.left, line.right} == {one, other}]
    assert len(found) == 1
    return found[0]


def node_at(network: Network, x: int, y: int) -> str:
    return next(key for key, place in network.nodes.items() if place == at(x, y))


def m2(network: Network, area: str) -> float:
    """Size in units of a square metre's worth of this map."""
    return polygons(network, [area])[area].area * UNITS**2 / 1e6


def refused(network: Network, operation) -> TopologyError:
    """Do it, expect a refusal, and the network as it was before."""
    before = Network(dict(network.nodes), dict(network.lines))
    with pytest.raises(TopologyError) as caught:
        apply(network, operation)
    assert network == before
    judge(network, doubled(before))
    place = caught.value.params.get("point")
    assert place is None or (112 < place[0] < 113 and 37 < place[1] < 38)
    return caught.value


# ---------------------------------------------------------------- there and back


def test_network_of_three_areas(three):
    assert len(three.nodes) == 4
    assert len(three.lines) == 6
    assert sorted(three.areas()) == ["north", "south", "west"]
    corner = node_at(three, 100, 100)
    assert len(three.ends_at(corner)) == 3
    border = three.lines[line_between(three, "south", "north")]
    assert (border.via, {border.start, border.end}) == ((), {corner, node_at(three, 200, 100)})


@pytest.mark.parametrize("islands", [False, True])
def test_polygons_come_back_as_they_were(islands):
    areas = wiggly(4, 3)
    areas = with_islands(areas) if islands else areas
    network = network_of(areas)
    back = polygons(network)
    assert list(sorted(back)) == sorted(code for code, _ in areas)
    for code, shape in areas:
        assert back[code].hausdorff_distance(shape) < 1e-8
    assert network_of(list(back.items())).lines == network.lines
    assert network_of(list(reversed(back.items()))) == network


def test_neighbours_share_their_coordinates_bit_for_bit():
    back = polygons(network_of(wiggly(3, 8)))
    one, other = back["0-0"], back["1-0"]
    common = set(one.exterior.coords) & set(other.exterior.coords)
    assert len(common) == 6  # two corners and four bends


def test_islands_are_holes_of_their_surroundings():
    lake = square(20, 20, 10, 10)
    network = network_of([("ground", square(0, 0, 100, 100, lake)), ("island", lake)])
    shape = polygons(network)["ground"]
    assert len(shape.interiors) == 1
    ring = network.lines[line_between(network, "ground", "island")]
    assert ring.start == ring.end


def test_a_corner_that_touches_an_edge_becomes_a_node():
    """A hole whose corner lies on the outer edge: no vertex there, yet one node for both."""
    a, b, c = at(50, 0), at(40, 30), at(60, 30)
    island = Polygon([(x / UNITS, y / UNITS) for x, y in (a, c, b)])
    ground = square(0, 0, 100, 100, island)
    network = network_of([("ground", ground), ("island", island)])
    judge(network, doubled(network))
    assert at(50, 0) in network.nodes.values()
    assert polygons(network)["ground"].equals(ground)


def test_a_border_that_one_side_drew_with_fewer_corners_is_matched():
    """The corner lies exactly on the edge: nothing is open, the neighbour only lacks the vertex."""
    network = network_of([("a", square(0, 0, 10, 10)), ("b", square(10, 0, 10, 5))])
    judge(network, doubled(network))
    assert deg(10, 5) in polygons(network)["a"].exterior.coords


@pytest.mark.parametrize(
    ("areas", "code"),
    [
        ([("a", square(0, 0, 10, 10)), ("a", square(10, 0, 10, 10))], "duplicate_code"),
        ([("a", square(0, 0, 10, 10)), ("b", square(9, 0, 10, 10))], "not_a_coverage"),
        ([("a", square(0, 0, 10, 10)), ("b", square(0, 0, 10, 10))], "not_a_coverage"),
        ([("a", square(0, 0, 10, 10)), ("b", square(2, 2, 5, 5))], "not_a_coverage"),
        ([("a", shapely.union(square(0, 0, 10, 10), square(20, 0, 10, 10)))], "not_a_coverage"),
        ([("a", square(0, 0, 100, 100, square(20, 20, 9, 9)))], "gap"),
        ([("a", Polygon([(-180, 0), (180, 0), (180, 1), (-180, 1)]))], "too_wide"),
        ([("a", Polygon([(179, 0), (181, 0), (181, 200), (179, 200)]))], "too_wide"),
        ([("a", Polygon())], "not_a_coverage"),
        ([], "not_a_coverage"),
    ],
)
def test_what_is_no_exact_coverage_is_refused(areas, code):
    with pytest.raises(CoverageError) as caught:
        network_of(areas)
    assert caught.value.code == code


def test_a_lake_of_the_ground_may_stay_open():
    lake = square(20, 20, 9, 9)
    ground = square(0, 0, 100, 100, lake)
    network = network_of([("a", ground)], ground)
    assert polygons(network)["a"].equals(ground)
    assert refused(network, Reshape("l1", ())).code == "outside_fixed"


# ---------------------------------------------------------------- the operations


def test_dragging_a_corner_moves_all_three(three):
    done = apply(three, MoveNode(node_at(three, 100, 100), at(120, 90)))
    assert m2(done.network, "south") < 10_000
    assert m2(done.network, "west") > 20_000
    assert done.areas == {"west", "south", "north"}
    assert len(done.lines) == 3
    judge(done.network, doubled(three))


def test_a_border_gets_loses_and_moves_vertices(three):
    key = line_between(three, "south", "north")
    step = apply(three, InsertVertex(key, 0, at(150, 130)))
    assert m2(step.network, "south") == pytest.approx(10_000 + 1_500)
    moved = apply(step.network, MoveVertex(key, 0, at(150, 80)))
    assert m2(moved.network, "south") == pytest.approx(10_000 - 1_000)
    drawn = apply(moved.network, Reshape(key, (at(120, 110), at(180, 110))))
    assert drawn.network.lines[key].via == (at(120, 110), at(180, 110)) or drawn.network.lines[
        key
    ].start != node_at(three, 100, 100)
    bare = apply(apply(drawn.network, RemoveVertex(key, 1)).network, RemoveVertex(key, 0))
    assert bare.network == three


@pytest.mark.parametrize(("keep", "kept"), [("left", 2_500.0), ("right", 7_500.0), (None, 7_500.0)])
def test_a_line_across_splits(three, keep, kept):
    done = apply(three, Split("south", (at(125, 150), at(125, -10))[::-1], "new", "s", keep))
    assert m2(done.network, "south") == pytest.approx(kept)
    assert m2(done.network, "south") + m2(done.network, "new") == pytest.approx(10_000)
    assert done.areas >= {"south", "new", "north"}
    judge(done.network, doubled(three))
    assert {"s.1", "s.2"} <= done.nodes


def test_a_split_meets_the_outer_border_without_changing_the_ground():
    network = network_of(wiggly(1, 5, bends=0))
    (area,) = network.areas()
    west, south, east, north = (round(v * UNITS) for v in polygons(network)[area].bounds)
    done = apply(network, Split(area, ((west - 10, south + 9_999), (east + 10, north - 7_777)), "b", "s"))
    judge(done.network, doubled(network))
    outline = shapely.union_all(list(polygons(done.network).values()))
    assert outline.hausdorff_distance(polygons(network)[area]) < 1.5e-8
    for step in done.inverse:
        assert apply(done.network, step).network == network


def test_a_split_from_corner_to_corner_uses_the_corners(three):
    done = apply(three, Split("south", (at(100, 100), at(200, 0)), "new", "s"))
    assert not done.nodes - {"s.1"}
    assert m2(done.network, "new") == pytest.approx(5_000)


def test_a_split_that_ends_some_millimetres_beside_the_border_meets_it(three):
    (x, y), (u, v) = at(100, 50), at(200, 60)
    done = apply(three, Split("south", ((x + 4, y), (u - 5, v)), "new", "s"))
    judge(done.network, doubled(three))


def test_a_split_through_an_island_leaves_the_island_alone():
    lake = square(40, 40, 20, 20)
    network = network_of([("ground", square(0, 0, 100, 100, lake)), ("island", lake)])
    done = apply(network, Split("ground", (at(-5, 50), at(105, 51)), "north", "s"))
    judge(done.network, doubled(network))
    assert m2(done.network, "island") == pytest.approx(400)
    assert not polygons(done.network)["north"].interiors
    assert apply(done.network, done.inverse[0]).network == network


def test_islands_go_with_the_part_that_they_lie_in():
    lake = square(10, 10, 10, 10)
    network = network_of([("ground", square(0, 0, 100, 100, lake)), ("island", lake)])
    done = apply(network, Split("ground", (at(50, -5), at(50, 105)), "part", "s", "right"))
    with_hole = [area for area, shape in polygons(done.network).items() if shape.interiors]
    assert with_hole == ["part"]
    judge(done.network, doubled(network))


def test_a_station_with_one_grid_can_be_cut_and_put_together():
    network = network_of([("a", square(0, 0, 100, 100))])
    done = apply(network, Split("a", (at(-1, 30), at(101, 30)), "b", "s"))
    again = apply(done.network, Merge(("a", "b")))
    judge(again.network, doubled(network))
    assert polygons(again.network)["a"].equals(square(0, 0, 100, 100))


def test_merging_takes_the_corner_between_out(three):
    done = apply(three, Merge(("south", "north")))
    assert sorted(done.network.areas()) == ["south", "west"]
    assert len(done.network.lines) == 3
    assert m2(done.network, "south") == pytest.approx(20_000)
    assert at(100, 100) in done.network.lines[line_between(done.network, "south", "west")].via
    assert apply(done.network, done.inverse[0]).network == three


def test_merging_round_a_grid_makes_it_an_island():
    inner = square(40, 40, 20, 20)
    cut = Polygon(
        [deg(0, 0), deg(100, 0), deg(100, 50), deg(60, 50), deg(60, 40), deg(40, 40), deg(40, 50), deg(0, 50)]
    )
    rest = Polygon(
        [
            deg(0, 50),
            deg(40, 50),
            deg(40, 60),
            deg(60, 60),
            deg(60, 50),
            deg(100, 50),
            deg(100, 100),
            deg(0, 100),
        ]
    )
    inner = Polygon([deg(40, 40), deg(60, 40), deg(60, 50), deg(60, 60), deg(40, 60), deg(40, 50)])
    network = network_of([("south", cut), ("north", rest), ("inner", inner)])
    done = apply(network, Merge(("north", "south")))
    assert len(polygons(done.network)["north"].interiors) == 1
    judge(done.network, doubled(network))


def test_a_brush_over_the_border_gives_ground_to_the_neighbour(three):
    ring = (at(95, 20), at(130, 20), at(130, 60), at(95, 60), at(95, 20))
    done = apply(three, Transfer(ring, "south", "west", "t"))
    assert m2(done.network, "south") == pytest.approx(10_000 - 1_200)
    assert m2(done.network, "west") == pytest.approx(20_000 + 1_200)
    judge(done.network, doubled(three))
    assert apply(done.network, done.inverse[0]).network == three


def test_a_unit_whose_edges_are_the_border_changes_hands(three):
    """The unit's outline runs along the outer border and along the border to the neighbour."""
    unit = (at(100, 0), at(140, 0), at(140, 40), at(100, 40), at(100, 0))
    done = apply(three, Transfer(unit, "south", "west", "t"))
    assert m2(done.network, "south") == pytest.approx(10_000 - 1_600)
    judge(done.network, doubled(three))
    back = apply(done.network, Transfer(unit, "west", "south", "u"))
    assert polygons(back.network)["south"].equals(polygons(three)["south"])


def test_what_was_done_last_can_be_undone_after_others_worked_elsewhere():
    network = network_of(wiggly(4, 2))
    mine = apply(network, Merge(("0-0", "0-1")))
    key = line_between(mine.network, "3-3", "3-2")
    theirs = apply(mine.network, InsertVertex(key, 1, _between(mine.network, key, 1)))
    undone = apply(theirs.network, mine.inverse[0])
    judge(undone.network, doubled(network))
    assert undone.network.lines[key] == theirs.network.lines[key]
    assert {k: v for k, v in undone.network.lines.items() if k != key} == {
        k: v for k, v in network.lines.items() if k != key
    }


def _between(network: Network, key: str, position: int) -> tuple[int, int]:
    (ax, ay), (bx, by) = network.course(key)[position : position + 2]
    return (ax + bx) // 2, (ay + by) // 2


# ---------------------------------------------------------------- refusals

A_SPLIT = {"kind": "split", "area": "a", "path": [[1, 2], [3, 4]], "new_area": "b", "ids": "s"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ((at(110, -5), at(190, 50), at(110, 50), at(190, -5)), "self_crossing"),
        ((at(110, -50), at(190, -50)), "misses"),
        ((at(110, 10), at(190, 90)), "ends_inside"),
        ((at(110, -5), at(150, 50)), "ends_inside"),
        ((at(100, -5), at(100, 105)), "along_edge"),
        ((at(100, 0), at(200, 0)), "along_edge"),
        ((at(120, 20), at(180, 20), at(150, 60), at(120, 20)), "hole"),
        ((at(110, -5), at(120, 40), at(130, -5), at(140, 40), at(150, -5)), "too_many_parts"),
        ((at(150, -5), at(150, 40), at(150, 20), at(150, 105)), "self_crossing"),
        ((at(150, -5), at(150, -5)), "spike"),
        ((at(150, -5),), "spike"),
    ],
)
def test_lines_that_split_nothing_are_refused(three, path, code):
    assert refused(three, Split("south", path, "new", "s")).code == code


def test_a_split_that_cuts_off_a_splinter_is_refused(three):
    assert refused(three, Split("south", (at(100, 1), at(101, 0)), "new", "s")).code == "too_small"


def test_a_line_to_an_island_divides_nothing():
    lake = square(40, 40, 20, 20)
    network = network_of([("ground", square(0, 0, 100, 100, lake)), ("island", lake)])
    assert refused(network, Split("ground", (at(-5, 50), at(50, 50)), "new", "s")).code == "would_not_split"


def test_grids_that_touch_in_a_point_only_can_not_be_merged():
    cells = [(f"{x}{y}", square(100 * x, 100 * y, 100, 100)) for x in (0, 1) for y in (0, 1)]
    network = network_of(cells)
    assert refused(network, Merge(("00", "11"))).code == "not_neighbours"
    assert refused(network, Merge(("00", "00"))).code == "not_neighbours"
    assert refused(network, Merge(("00", "elsewhere"))).code == "unknown_area"


def test_the_outer_border_stays(three):
    south = line_between(three, "south", None)
    assert refused(three, MoveNode(node_at(three, 200, 100), at(210, 100))).code == "outside_fixed"
    assert refused(three, MoveVertex(south, 0, at(200, -1))).code == "outside_fixed"
    assert refused(three, RemoveVertex(south, 0)).code == "outside_fixed"
    assert refused(three, Reshape(south, ())).code == "outside_fixed"
    assert refused(three, InsertVertex(south, 0, at(150, -3))).code == "outside_fixed"
    exact = apply(three, InsertVertex(south, 0, at(150, 0)))
    judge(exact.network, doubled(three))


def test_a_restored_outer_border_may_not_be_another_one(three):
    key = line_between(three, "south", None)
    line = three.lines[key]
    moved = line_from({**line_as_json(line), "via": [[x, y - 500] for x, y in line.via]})
    assert refused(three, Restore({}, {key: moved})).code == "outside_fixed"


@pytest.mark.parametrize(
    ("to", "code"),
    [
        (at(50, 300), "crossing"),  # over the outer border
        (at(250, 100), "crossing"),
        (at(200, 100), "crossing"),  # onto the other end
        (at(100, 200), "crossing"),  # onto another corner
        (at(100, 0), "crossing"),
    ],
)
def test_a_corner_dragged_over_another_border_is_refused(three, to, code):
    assert refused(three, MoveNode(node_at(three, 100, 100), to)).code in (code, "along_edge", "spike")


def test_a_border_drawn_over_another_is_refused(three):
    key = line_between(three, "south", "north")
    assert refused(three, Reshape(key, (at(150, 250),))).code == "crossing"
    assert refused(three, Reshape(key, (at(150, 200),))).code == "crossing"  # touches the outer border
    assert refused(three, Reshape(key, (at(180, 150), at(180, 50), at(150, 150)))).code == "self_crossing"
    assert refused(three, Reshape(key, (at(130, 100), at(110, 100)))).code in ("spike", "self_crossing")
    assert refused(three, Reshape(key, (at(130, 110), at(130, 110)))).code == "spike"
    along = (at(100, 50),) if three.lines[key].start == node_at(three, 100, 100) else (at(100, 150),)
    assert refused(three, Reshape(key, along)).code in ("along_edge", "crossing")


def test_a_border_drawn_to_the_other_side_of_an_island_is_refused():
    """Nothing crosses anything, and yet the island would lie in the wrong grid."""
    lake = square(40, 60, 10, 10)
    network = network_of(
        [("south", square(0, 0, 100, 50)), ("north", square(0, 50, 100, 50, lake)), ("island", lake)]
    )
    key = line_between(network, "south", "north")
    over = (at(10, 90), at(90, 90))
    way = over if network.course(key)[0] == at(0, 50) else over[::-1]
    assert refused(network, Reshape(key, way)).code == "would_tear"


def test_an_island_turned_inside_out_is_refused():
    network = network_of(
        [("ground", square(0, 0, 100, 100, lake := square(40, 40, 20, 20))), ("island", lake)]
    )
    key = line_between(network, "ground", "island")
    line = network.lines[key]
    assert refused(network, Reshape(key, line.via[::-1])).code == "would_tear"


def test_taking_the_middle_out_of_a_grid_is_refused(three):
    ring = (at(-5, 90), at(205, 90), at(205, 110), at(-5, 110), at(-5, 90))
    assert refused(three, Transfer(ring, "west", "south", "t")).code == "would_tear"
    away = (at(150, 40), at(160, 40), at(160, 50), at(150, 50), at(150, 40))
    assert refused(three, Transfer(away, "south", "west", "t")).code in ("would_tear", "hole")
    outside = tuple((x, y - 500_000) for x, y in ring)
    assert refused(three, Transfer(outside, "south", "west", "t")).code == "misses"
    every = (at(-5, -5), at(205, -5), at(205, 205), at(-5, 205), at(-5, -5))
    assert refused(three, Transfer(every, "south", "west", "t")).code == "would_vanish"
    assert refused(three, Transfer(ring[:-1], "south", "west", "t")).code == "ends_inside"


def test_names_that_are_taken_or_unknown_are_refused(three):
    across = (at(125, -5), at(125, 105))
    assert refused(three, Split("south", across, "north", "s")).code == "area_taken"
    assert refused(three, Split("elsewhere", across, "new", "s")).code == "unknown_area"
    done = apply(three, Split("south", across, "new", "s")).network
    assert refused(done, Split("north", (at(150, 90), at(150, 210)), "other", "s")).code == "id_taken"
    assert refused(three, MoveNode("n99", at(1, 1))).code == "unknown_node"
    assert refused(three, MoveVertex("l99", 0, at(1, 1))).code == "unknown_line"
    assert refused(three, RemoveVertex(line_between(three, "south", "north"), 0)).code == "unknown_vertex"
    assert (
        refused(three, InsertVertex(line_between(three, "south", "north"), -1, at(1, 1))).code
        == "unknown_vertex"
    )


def test_a_stale_undo_is_refused_as_a_whole(three):
    split = apply(three, Split("south", (at(125, -5), at(125, 105)), "new", "s"))
    merged = apply(split.network, Merge(("north", "new")))
    assert refused(merged.network, split.inverse[0]).code in ("would_tear", "unknown_node", "along_edge")


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (None, "bad_operation", "operation"),
        ({}, "bad_operation", "kind"),
        ({"kind": "explode"}, "bad_operation", "kind"),
        ({"kind": "move_node", "node": "n1", "to": [1.5, 2]}, "bad_operation", "to"),
        ({"kind": "move_node", "node": "n1", "to": [True, 2]}, "bad_operation", "to"),
        ({"kind": "move_node", "node": "", "to": [1, 2]}, "bad_operation", "node"),
        ({"kind": "move_node", "node": "n1", "to": [19_000_000_000, 2]}, "out_of_range", "to"),
        ({"kind": "merge", "areas": ["a"]}, "bad_operation", "areas"),
        ({**A_SPLIT, "path": "x"}, "bad_operation", "path"),
        ({**A_SPLIT, "keep": "up"}, "bad_operation", "keep"),
        ({"kind": "restore", "nodes": {}, "lines": {"l1": 7}}, "bad_operation", "line"),
    ],
)
def test_what_is_no_operation_is_refused(raw, code, field):
    with pytest.raises(TopologyError) as caught:
        operation_from(raw)
    assert (caught.value.code, caught.value.params["field"]) == (code, field)


def test_a_line_of_a_million_points_is_refused_before_it_is_computed_with():
    raw = {"kind": "split", "area": "a", "path": [[1, 2]] * 1_000_000, "new_area": "b", "ids": "s"}
    with pytest.raises(TopologyError) as caught:
        operation_from(raw)
    assert caught.value.code == "too_many_points"


def test_places_at_the_other_end_of_the_world_are_refused(three):
    corner = node_at(three, 100, 100)
    assert refused_far(three, MoveNode(corner, (-11_257_000_000, -3_786_000_000))) == "out_of_range"


def refused_far(network: Network, operation) -> str:
    with pytest.raises(TopologyError) as caught:
        apply(network, operation)
    return caught.value.code
