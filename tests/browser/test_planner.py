"""A planner draws on the map, by mouse and by finger; the service keeps what the map shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.planner_steps import TABLET, Desk, Pages, new_name

HANDS = pytest.mark.parametrize("hand", ["mouse", "touch"])


def desk_of(page_as: Pages, hand: str, **wishes: object) -> Desk:
    """Return a planner at a desk, or with a tablet in their hands."""
    if hand == "touch":
        wishes = {"viewport": TABLET, "has_touch": True, **wishes}
    return Desk(page_as("planner", **wishes), touch=hand == "touch")


@HANDS
def test_dragged_corner_moves_all_grids_that_meet_there(page_as: Pages, hand: str) -> None:
    desk = desk_of(page_as, hand)
    desk.begin(new_name())
    start = desk.shape()
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.stroke((x, y), (x + 22, y - 14))
    desk.saved()
    moved = desk.corner("A1", "A2", "B1", "B2")
    assert moved == pytest.approx((x + 22, y - 14), abs=2)
    assert desk.shape() != start
    # The draft of the service, asked anew, is the one on the map.
    drawn = desk.shape()
    desk.page.reload()
    desk.ready()
    assert desk.shape() == drawn


@HANDS
def test_middle_of_an_edge_becomes_a_vertex_and_delete_takes_it_away(page_as: Pages, hand: str) -> None:
    desk = desk_of(page_as, hand)
    desk.begin(new_name())
    start = desk.shape()
    (_, south, east, north) = desk.box("A1")
    middle = (south + north) / 2
    desk.stroke((east, middle), (east + 25, middle))
    desk.until("[...base.lines.values()].some((line) => line.left && line.right && line.via.length === 1)")
    desk.saved()
    desk.tap((east + 25, middle))
    desk.page.keyboard.press("Delete")
    desk.until("[...base.lines.values()].every((line) => !line.left || !line.right || line.via.length === 0)")
    assert desk.shape() == start


@HANDS
def test_drawn_line_splits_a_grid_and_undo_makes_it_whole(page_as: Pages, hand: str) -> None:
    desk = desk_of(page_as, hand)
    desk.begin(new_name())
    start = desk.shape()
    west, south, east, north = desk.box("B2")
    middle = (south + north) / 2
    desk.tool("split")
    desk.stroke((west - 15, middle - 10), ((west + east) / 2, middle + 12), (east + 15, middle))
    desk.until("grids.size === 7")
    drawn = desk.shape()
    desk.page.click("#undo")
    desk.until("grids.size === 6")
    assert desk.shape() == start
    desk.page.click("#redo")
    desk.until("grids.size === 7")
    assert desk.shape() == drawn


@HANDS
def test_two_chosen_neighbours_become_one(page_as: Pages, hand: str) -> None:
    desk = desk_of(page_as, hand)
    desk.begin(new_name())
    gone = desk.grid("C2")
    desk.tool("merge")
    desk.tap(desk.middle("C1"))
    desk.tap(desk.middle("C2"))
    desk.page.click("#merge-now")
    desk.until("!grids.has(given[0]) && !base.byArea.has(given[0])", gone)


@HANDS
def test_grids_are_painted_into_a_police_grid_in_one_step(page_as: Pages, hand: str) -> None:
    desk = desk_of(page_as, hand)
    desk.begin(new_name())
    beat, one, two = desk.beat("C"), desk.grid("A2"), desk.grid("B2")
    desk.tool("paint")
    desk.page.select_option("#paint-with", beat)
    desk.stroke(desk.middle("A2"), desk.middle("B2"))
    desk.until("given.slice(1).every((id) => grids.get(id).police_grid === given[0])", beat, one, two)
    desk.page.click("#undo")
    desk.until("given.slice(1).every((id) => grids.get(id).police_grid !== given[0])", beat, one, two)


@HANDS
@pytest.mark.parametrize("tool", ["loop", "brush"])
def test_ground_is_carried_over_a_border(page_as: Pages, hand: str, tool: str) -> None:
    desk = desk_of(page_as, hand)
    desk.begin(new_name())
    west, south, east, north = desk.box("B1")
    middle, wide = (south + north) / 2, east - west
    desk.tool(tool)
    begin = (west - wide / 4, middle)
    if tool == "loop":
        desk.stroke(
            begin, (west + wide / 3, middle - 20), (west + wide / 3, middle + 20), (begin[0], middle + 8)
        )
    else:
        desk.page.select_option("#brush-width", "12")
        desk.stroke(begin, (west + wide / 3, middle))
    inside = desk.page.evaluate(
        "([x, y]) => { const box = document.getElementById('planner-map').getBoundingClientRect();"
        "const { lat, lng } = shuanggePlanner.map.containerPointToLatLng([x - box.left, y - box.top]);"
        "return shuanggePlanner.toPlane([lng * 1e8, lat * 1e8]); }",
        [west + wide / 4, middle],
    )
    desk.until("base.areaAt(given[1], given[2]) === given[0]", desk.grid("A1"), *inside)


def test_border_that_would_cross_another_springs_back(page_as: Pages) -> None:
    desk = desk_of(page_as, "mouse")
    desk.begin(new_name())
    start = desk.shape()
    west, _, east, _ = desk.box("B1")
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.stroke((x, y), (x + 1.3 * (east - west), y))
    expect(desk.page.locator("#said")).to_contain_text("边界不能交叉")
    assert desk.shape() == start
    desk.saved()


def test_keys_choose_tools_and_take_steps_back(page_as: Pages) -> None:
    desk = desk_of(page_as, "mouse")
    desk.begin(new_name())
    start = desk.shape()
    x, y = desk.corner("B1", "B2", "C1", "C2")
    desk.stroke((x, y), (x - 20, y + 11))
    desk.saved()
    drawn = desk.shape()
    assert drawn != start
    desk.page.keyboard.press("Control+z")
    expect(desk.page.locator("#said")).to_have_text("已撤销一步")
    assert desk.shape() == start
    desk.page.keyboard.press("Control+y")
    expect(desk.page.locator("#said")).to_have_text("已重做一步")
    assert desk.shape() == drawn
    desk.page.keyboard.press("s")
    expect(desk.page.locator("#tools [data-tool=split]")).to_have_attribute("aria-pressed", "true")
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator("#tools [data-tool=shape]")).to_have_attribute("aria-pressed", "true")


def test_two_fingers_move_the_map_and_no_border(page_as: Pages) -> None:
    desk = desk_of(page_as, "touch")
    desk.begin(new_name())
    start, zoom = desk.shape(), desk.page.evaluate("shuanggePlanner.map.getZoom()")
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.touch("touchStart", (x, y), (x + 80, y))
    for step in range(1, 9):
        desk.touch("touchMove", (x - 8 * step, y), (x + 80 + 8 * step, y))
    desk.touch("touchEnd")
    desk.page.wait_for_function("(zoom) => shuanggePlanner.map.getZoom() > zoom", arg=zoom)
    desk.saved()
    assert desk.shape() == start
