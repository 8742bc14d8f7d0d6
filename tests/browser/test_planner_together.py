"""Two planners on one draft, work without a network, and the way of a draft to a plan in force."""

from __future__ import annotations

import json

from playwright.sync_api import Route, expect

from tests.browser.planner_steps import Desk, Pages, new_name

# Chromium writes each answer that is an error to the console; these are what the tests are about.
REFUSED = ("status of 4(09|22)", "ERR_INTERNET_DISCONNECTED", "ERR_FAILED")


def two_at(page_as: Pages) -> tuple[Desk, Desk, str]:
    """Return a planner and a chief at the same draft; the chief does not hear of changes until asked."""
    first = Desk(page_as("planner", tolerate=REFUSED))
    draft = first.begin(new_name())
    second = Desk(page_as("station_chief", tolerate=REFUSED))
    # The chief's page asks every few seconds what others did: not in these tests, so that the two do collide.
    second.page.add_init_script("setInterval = () => 0;")
    second.open(draft)
    return first, second, draft


def collide(first: Desk, second: Desk) -> tuple[str, str]:
    """Let both move the same corner, and return what each of them drew."""
    x, y = first.corner("A1", "A2", "B1", "B2")
    first.stroke((x, y), (x + 20, y + 20))
    first.saved()
    theirs = first.shape()
    x, y = second.corner("A1", "A2", "B1", "B2")
    second.stroke((x, y), (x - 24, y - 16))
    expect(second.page.locator(".planner-clash")).to_be_visible()
    expect(second.page.locator("#saved")).to_have_attribute("data-state", "collided")
    return theirs, second.shape()


def test_collision_tells_who_and_their_work_can_be_taken(page_as: Pages) -> None:
    first, second, draft = two_at(page_as)
    theirs, _ = collide(first, second)
    expect(second.page.locator(".clash-list li")).to_contain_text("A1")
    second.page.click("#clash-theirs")
    expect(second.page.locator(".planner-clash")).to_have_count(0)
    second.saved()
    assert second.shape() == theirs
    first.open(draft)
    assert first.shape() == theirs


def test_own_work_can_be_tried_again_upon_theirs(page_as: Pages) -> None:
    first, second, draft = two_at(page_as)
    theirs, _ = collide(first, second)
    second.page.click("#clash-mine")
    expect(second.page.locator(".planner-clash")).to_have_count(0)
    second.saved()
    drawn = second.shape()
    assert drawn != theirs
    first.open(draft)
    assert first.shape() == drawn


def test_changes_of_the_other_arrive_by_themselves(page_as: Pages) -> None:
    first = Desk(page_as("planner"))
    draft = first.begin(new_name())
    second = Desk(page_as("station_chief"))
    second.open(draft)
    x, y = first.corner("B1", "B2", "C1", "C2")
    first.stroke((x, y), (x + 20, y + 20))
    first.saved()
    drawn = first.shape()
    expect(second.page.locator(".toast")).to_be_visible()
    assert second.shape() == drawn


def test_edits_without_network_outlive_the_page_and_are_sent_later(page_as: Pages) -> None:
    desk = Desk(page_as("planner", tolerate=REFUSED))
    desk.begin(new_name())
    start = desk.shape()

    def cut(route: Route) -> None:
        route.abort("internetdisconnected")

    desk.page.route("**/operations", cut)
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.stroke((x, y), (x + 20, y + 20))
    expect(desk.page.locator("#saved")).to_contain_text("没有网络")
    assert desk.shape() == start
    shown = desk.ask("return JSON.stringify([...network.nodes])")
    desk.page.unroute("**/operations")
    desk.page.reload()
    desk.ready()
    desk.saved()
    assert desk.ask("return JSON.stringify([...draft.base.nodes])") == shown


def test_draft_is_submitted_published_and_withdrawn_before_its_date(page_as: Pages) -> None:
    desk = Desk(page_as("planner", tolerate=REFUSED))
    desk.begin(new_name())
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.stroke((x, y), (x + 12, y + 8))
    desk.saved()
    desk.page.click("[data-step=submit]")
    desk.page.fill("dialog input[name=valid_from]", "2099-05-01T00:00")
    desk.page.click("dialog .btn-primary")
    expect(desk.page.locator("#draft-state")).not_to_have_text("草案")
    # What is submitted can't be drawn on.
    expect(desk.page.locator("#undo")).to_be_disabled()
    desk.page.click("[data-step=publish]")
    desk.page.click("dialog .btn-primary")
    expect(desk.page.locator("#draft-state")).to_have_text("已发布")
    desk.page.click("[data-step=withdraw]")
    desk.page.click("dialog .btn-primary")
    expect(desk.page.locator("#draft-state")).to_have_text("草案")


def test_check_names_faults_and_shows_where(page_as: Pages) -> None:
    desk = Desk(page_as("planner"))
    desk.begin(new_name())
    desk.page.click("#tab-check")
    expect(desk.page.locator("#check-result")).to_be_visible()
    fault = desk.page.locator("#faults button").first
    zoom = desk.page.evaluate("shuanggePlanner.map.getZoom()")
    fault.click()
    desk.page.wait_for_function("(zoom) => shuanggePlanner.map.getZoom() !== zoom", arg=zoom)


def test_comment_at_a_place_is_kept_and_found_again(page_as: Pages) -> None:
    desk = Desk(page_as("planner"))
    draft = desk.begin(new_name())
    desk.tool("comment")
    desk.tap(desk.middle("B1"))
    desk.page.fill("dialog textarea", "这里有一条新路")
    desk.page.click("dialog .btn-primary")
    expect(desk.page.locator("dialog")).to_have_count(0)
    other = Desk(page_as("station_chief"))
    other.open(draft)
    other.page.click("#tab-comments")
    expect(other.page.locator("#comments li")).to_contain_text("这里有一条新路")
    expect(other.page.locator(".comment-pin")).to_have_count(1)


def test_lock_keeps_a_grid_as_it_is(page_as: Pages) -> None:
    desk = Desk(page_as("planner", tolerate=REFUSED))
    desk.begin(new_name())
    desk.tool("lock")
    desk.tap(desk.middle("A1"))
    desk.page.wait_for_function("() => shuanggePlanner.draft.locks.length === 1")
    start = desk.shape()
    desk.tool("shape")
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.stroke((x, y), (x + 20, y + 20))
    expect(desk.page.locator("#said")).to_contain_text("没有接受")
    assert desk.shape() == start


def test_search_finds_and_chooses_a_grid(page_as: Pages) -> None:
    desk = Desk(page_as("planner"))
    desk.begin(new_name())
    desk.page.fill("#q", "C2")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("#chosen-grids tbody tr")).to_have_count(1)
    assert desk.ask("return stage.chosen") == [desk.grid("C2")]


def test_snapping_puts_a_dragged_corner_on_a_line_of_a_file(page_as: Pages) -> None:
    desk = Desk(page_as("planner"))
    desk.begin(new_name())
    x, y = desk.corner("A1", "A2", "B1", "B2")
    road = desk.page.evaluate(
        "([x, y]) => { const box = document.getElementById('planner-map').getBoundingClientRect();"
        "const [left, top] = [x - box.left + 30, y - box.top];"
        "return [-60, 60].map((off) => shuanggePlanner.map.containerPointToLatLng([left, top + off]))"
        ".map(({ lng, lat }) => [lng, lat]); }",
        [x, y],
    )
    desk.page.click("#more-open")
    desk.page.set_input_files(
        "dialog input[type=file]",
        files=[
            {
                "name": "roads.geojson",
                "mimeType": "application/geo+json",
                "buffer": json.dumps({"type": "LineString", "coordinates": road}).encode(),
            }
        ],
    )
    desk.page.click("dialog .btn-primary")
    expect(desk.page.locator("dialog")).to_have_count(0)
    x, y = desk.corner("A1", "A2", "B1", "B2")
    desk.stroke((x, y), (x + 24, y + 3))
    desk.saved()
    assert abs(desk.corner("A1", "A2", "B1", "B2")[0] - (x + 30)) < 1
