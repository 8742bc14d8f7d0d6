"""The editor's pure modules, asked in Chromium itself: network, operations, queue, collisions, brush."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.planner_steps import Pages

# Two squares a and b beside each other, 1,000 units wide; the line "m" between them has one inner vertex.
TWO = """{
  nodes: { s: [1000, 0], n: [1000, 1000] },
  lines: {
    m: { start: "s", end: "n", via: [[1000, 500]], left: "a", right: "b" },
    w: { start: "n", end: "s", via: [[0, 1000], [0, 0]], left: "a", right: null },
    e: { start: "s", end: "n", via: [[2000, 0], [2000, 1000]], left: "b", right: null },
  },
}"""


@pytest.fixture
def ask(page_as: Pages) -> Any:
    """Run a script on a page of the service with the modules at hand."""
    page: Page = page_as("planner")
    page.goto("/planner/")

    def run(script: str) -> Any:
        return page.evaluate(
            f"""async () => {{
              const [n, e, c, q, m, g, h, i, s, r] = await Promise.all(["network", "edits", "collisions",
                "queue", "mask",
                "geometry", "hits", "guides", "tools/split",
                  "tools/redraw"].map((name) => import(`/static/planner/${{name}}.js`)));
              const {{ HttpError }} = await import("/static/shared/http.js");
              const two = n.Network.from({TWO});
              {script}
            }}"""
        )

    return run


def test_rings_of_an_area_close_and_neighbours_share_their_line(ask: Any) -> None:
    told = ask(
        """return { rings: two.steps("a").map((ring) => ring.map((step) => step.line).sort()),
             neighbours: [...two.neighbours("a")], outer: two.isOuter("w"), inner: two.isOuter("m"),
             inside: [two.areaAt(...g.toPlane([500, 500])), two.areaAt(...g.toPlane([1500, 500])),
               two.areaAt(...g.toPlane([2500, 500]))] }"""
    )
    assert told == {
        "rings": [["m", "w"]],
        "neighbours": ["b"],
        "outer": True,
        "inner": False,
        "inside": ["a", "b", None],
    }


def test_moved_vertex_changes_both_neighbours_and_not_the_network_before(ask: Any) -> None:
    told = ask(
        """two.course("w");
           const next = two.with(e.changes(two, { kind: "move_vertex", line: "m", at: 0, to: [1400, 500] }));
           const at = g.toPlane([1200, 500]);
           return [two.areaAt(...at), next.areaAt(...at), two.line("m").via, next.line("m").via,
                   next.course("w") === two.course("w")]"""
    )
    assert told == ["b", "a", [[1000, 500]], [[1400, 500]], True]


def test_borders_that_cross_are_seen_and_those_that_do_not_are_let(ask: Any) -> None:
    told = ask(
        """const moved = (to) => two.with(e.changes(two, { kind: "move_vertex", line: "m", at: 0, to }));
           return [[1400, 500], [2000, 500], [2100, 500], [-5, 500]].map((to) => e.crosses(moved(to),
             ["m"]))"""
    )
    assert told == [False, True, True, True]


def test_what_was_drawn_on_a_vertex_finds_it_again_after_others_have_inserted_one(ask: Any) -> None:
    told = ask(
        """const operation = { kind: "move_vertex", line: "m", at: 0, to: [1100, 600] };
           const entry = { id: "1", draft: "d", order: 1, based_on: 3, operation, was: c.drawnUpon(two,
             operation) };
           const theirs = two.with(e.changes(two, { kind: "insert_vertex", line: "m", at: 0, to: [1050,
             200] }));
           const gone = two.with(e.changes(two, { kind: "move_vertex", line: "m", at: 0, to: [900, 500] }));
           return [c.again(theirs, entry), c.again(gone, entry)]"""
    )
    assert told == [{"kind": "move_vertex", "line": "m", "at": 1, "to": [1100, 600]}, None]


def test_rebase_keeps_by_choice_and_leaves_out_what_was_drawn_upon_the_lost(ask: Any) -> None:
    told = ask(
        """const first = { kind: "move_vertex", line: "m", at: 0, to: [1100, 500] };
           const upon = two.with(e.changes(two, first));
           const second = { kind: "move_vertex", line: "m", at: 0, to: [1200, 500] };
           const third = { kind: "bind", grids: ["a"], police_grid: "p" };
           const entry = (id, operation, network) => ({ id, draft: "d", order: Number(id), based_on: 3,
             operation, was: c.drawnUpon(network, operation) });
           const entries = [entry("1", first, two), entry("2", second, upon), entry("3", third, upon)];
           const theirs = two.with(e.changes(two, { kind: "insert_vertex", line: "m", at: 0, to: [1000,
             100] }));
           const collided = [{ operation: "1", line: "m" }];
           let made = 0;
           const short = ({ kept, lost }) => [kept.map((one) => [one.id, one.based_on,
             one.operation.at ?? null]), lost.map((one) => one.id)];
           return ["theirs", "mine"].map((choice) => short(c.rebased(choice, theirs, 9, entries, collided,
             () => `new${++made}`)))"""
    )
    assert told == [
        [[["new1", 9, None]], ["1", "2"]],
        [[["new2", 9, 1], ["new3", 9, 1], ["new4", 9, None]], []],
    ]


QUEUE = """
  const kept = new Map();
  const disk = { all: async () => [...kept.values()], put: async (one) => void kept.set(one.id, one),
    remove: async (id) => void kept.delete(id) };
  const log = [];
  let refuse = () => null;
  const sent = [];
  const queue = () => new q.Queue("d", disk, async (entries) => {
    const error = refuse(entries);
    if (error) throw error;
    sent.push(entries.map((one) => one.id));
    return {};
  }, { taken: (_answer, entries) => log.push(["taken", ...entries.map((one) => one.id)]),
    refused: (one) => log.push(["refused", one.id]),
       collided: () => log.push(["collided"]), changed: () => {} });
  const problem = (status, code) => new HttpError({ status, code, title: code, detail: code });
  const move = { kind: "bind", grids: [], police_grid: "p" };
"""


def test_edits_without_network_stay_on_the_disk_in_order_and_go_when_it_is_back(ask: Any) -> None:
    told = ask(
        QUEUE
        + """refuse = () => problem(0, "network");
           const first = queue();
           await first.add("1", 0, move, {});
           await first.add("2", 0, move, {});
           const before = [first.state, [...kept.keys()]];
           clearTimeout(first.timer);
           refuse = () => null;
           const later = queue();
           await later.open();
           await later.flush();
           return [before, later.state, sent, [...kept.keys()]]"""
    )
    assert told == [["waiting", ["1", "2"]], "saved", [["1", "2"]], []]


def test_refused_edit_is_found_among_those_sent_with_it_and_the_others_are_kept(ask: Any) -> None:
    told = ask(
        QUEUE
        + """refuse = () => problem(0, "network");
           const one = queue();
           for (const id of ["1", "2", "3"]) await one.add(id, 0, move, {});
           clearTimeout(one.timer);
           refuse = (entries) => (entries.some((entry) => entry.id === "2") ? problem(422,
             "crossing") : null);
           await one.flush();
           return [one.state, log, [...kept.keys()]]"""
    )
    assert told == ["saved", [["taken", "1"], ["refused", "2"], ["taken", "3"]], []]


def test_collision_holds_everything_until_it_is_settled(ask: Any) -> None:
    told = ask(
        QUEUE
        + """refuse = () => problem(409, "draft_collision");
           const one = queue();
           await one.add("1", 0, move, {});
           await one.add("2", 0, move, {});
           const held = [one.state, log.length, [...kept.keys()]];
           refuse = () => null;
           await one.resolve([{ ...one.entries[0], id: "1b" }]);
           return [held, one.state, sent, [...kept.keys()]]"""
    )
    assert told == [["collided", 1, ["1", "2"]], "saved", [["1b"]], []]


def test_unsent_edit_is_taken_back_here(ask: Any) -> None:
    told = ask(
        QUEUE
        + """refuse = () => problem(503, "busy");
           const one = queue();
           await one.add("1", 0, move, {});
           await one.add("2", 0, move, {});
           clearTimeout(one.timer);
           const back = [(await one.takeBack()).id, (await one.takeBack()).id, await one.takeBack() ?? null];
           return [back, one.state, kept.size]"""
    )
    assert told == [["2", "1", None], "saved", 0]


def test_brush_leaves_one_ring_that_does_not_cross_itself(ask: Any) -> None:
    told = ask(
        """const stroke = [[0, 0], [40, 5], [80, 0], [80, 60], [40, 62], [10, 60]];
           const ring = m.brushed(stroke, 10);
           let crossings = 0;
           for (let a = 0; a + 1 < ring.length; a++)
             for (let b = a + 2; b + 1 < ring.length; b++)
               if (!(a === 0 && b === ring.length - 2) && g.cross(ring[a], ring[a + 1], ring[b],
                 ring[b + 1])) crossings++;
           const flat = ring.flat();
           return { closed: g.same(ring[0], ring.at(-1)), crossings, covers: stroke.every(
             ([x, y]) => g.inside([flat], x, y)),
                    area: Math.abs(g.doubleArea(flat)) / 2 }"""
    )
    # A stroke of about 211 units, 20 wide, with round ends; the raster rounds each side a little.
    assert told["closed"]
    assert told["crossings"] == 0
    assert told["covers"]
    assert told["area"] == pytest.approx(211 * 20 + 3.14 * 100, rel=0.15)


def test_handles_are_found_corner_before_vertex_before_edge(ask: Any) -> None:
    told = ask(
        """const reach = 30 / 360 / 1e8;
           return [[1010, 10], [1010, 490], [1010, 250], [1500, 500]].map((place) => {
             const found = h.handleAt(two, ["m"], g.toPlane(place), reach);
             return found && [found.kind, found.node ?? found.at];
           })"""
    )
    assert told == [["node", "s"], ["vertex", 0], ["edge", 0], None]


def test_lines_of_a_file_are_read_and_other_files_are_named(ask: Any) -> None:
    told = ask(
        """const said = (text) => { try { return i.guidesFrom(text).map((line) => line.length / 2);
          } catch (error) { return error.code; } };
           const roads = { type: "FeatureCollection", features: [
             { type: "Feature", geometry: { type: "LineString", coordinates: [[112.5, 37.8], [112.6,
               37.9]] } },
             { type: "Feature", geometry: { type: "Polygon", coordinates: [[[1, 1], [2, 1], [2, 2], [1,
               1]]] } },
             { type: "Feature", geometry: null }] };
           return [said(JSON.stringify(roads)), said("<kml/>"),
             said('{"type": "Point", "coordinates": [1, 2]}'),
                   said('{"type": "LineString", "coordinates": [[500000, 4200000], [500010, 4200000]]}')]"""
    )
    assert told == [[2, 4], "not_json", "no_lines", "not_degrees"]


def test_redrawn_part_takes_the_place_of_what_lies_between_in_both_directions(ask: Any) -> None:
    told = ask(
        """const way = [[1000, 100], [1200, 300], [1000, 600]];
           return [r.redrawn(two, "m", 0.5, 1.5, way), r.redrawn(two, "m", 1.5, 0.5, [...way].reverse()),
                   r.redrawn(two, "m", 0, 2, [[1000, 0], [1300, 500], [1000, 1000]])]"""
    )
    assert told == [
        [[1000, 100], [1200, 300], [1000, 600]],
        [[1000, 100], [1200, 300], [1000, 600]],
        [[1300, 500]],
    ]


def test_cut_that_ends_on_a_border_is_carried_on_beyond_it(ask: Any) -> None:
    told = ask("""return s.carried([[0, 0], [1000, 0], [1000, 1000]], true, true)""")
    assert told == [[-300, 0], [1000, 0], [1000, 1300]]
