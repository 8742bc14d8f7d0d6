"""Drawing on a draft: what an operation changes, what it costs others, and that all of it can be undone."""

from __future__ import annotations

import random
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from tests.webapp.drafts.conftest import DRAFTS
from webapp.drafts import opened


def network(board):
    found = board.client.get(f"{DRAFTS}/{board.id}").json
    plain = {
        key: {field: value for field, value in line.items() if field != "rev"}
        for key, line in found["network"]["lines"].items()
    }
    grids = {
        key: {field: value for field, value in grid.items() if field != "rev"}
        for key, grid in found["grids"].items()
    }
    return found["network"]["nodes"], plain, grids, found["police_grids"]


def code(answer):
    return answer.status_code, answer.json.get("code")


def test_a_draft_begins_as_the_plan_in_force_is(board, station):
    mine = board()
    assert set(mine.grids) == {str(key) for key in station.grids.values()}
    assert mine.draft["base_plan"]["id"] == str(station.plan_id)
    assert mine.draft["head"] == 0
    assert mine.draft["limits"] == {"households": [300, 500]}
    assert {g["households"] for g in mine.grids.values()} == {400}
    again = mine.client.post(DRAFTS, json={"id": mine.id, "name": "方案"})
    assert again.status_code == 201
    assert mine.id in {d["id"] for d in mine.client.get(DRAFTS).json}


def test_a_moved_border_moves_both_neighbours_and_households_with_the_ground(board):
    mine = board()
    answer = mine.send(mine.bulge())
    assert answer.status_code == 200, answer.text
    [entry] = answer.json["applied"]
    assert entry["seq"] == answer.json["head"] == 1
    a1, b1 = mine.grid("T-A1"), mine.grid("T-B1")
    assert set(entry["grids"]) == {a1, b1}
    # a triangle of 35 m by 333 m out of 352 m by 333 m: a twentieth of the grid
    assert mine.grids[a1]["households"] == 420
    assert mine.grids[b1]["households"] == 380
    figures = answer.json["figures"]
    assert figures["grids"][a1]["area_m2"] + figures["grids"][b1]["area_m2"] == pytest.approx(
        2 * 351.9 * 333.0, rel=2e-3
    )
    assert figures["changes"]["households"] == 20
    assert figures["changes"]["officers"] == 4  # officer and grid worker of A and of B


def test_split_merge_paint_bind_and_name(board):
    mine = board()
    new = str(uuid4())
    done = mine.send(mine.cut("T-A1", new), {"kind": "rename", "grid": new, "name": "新格"})
    assert done.status_code == 200, done.text
    assert mine.grids[new]["name"] == "新格"
    assert mine.grids[new]["code"] is None
    assert mine.grids[new]["households"] + mine.grids[mine.grid("T-A1")]["households"] == 400
    beat = str(uuid4())
    done = mine.send(
        {"kind": "new_police_grid", "police_grid": beat, "name": "T-D"},
        {"kind": "bind", "grids": [new], "police_grid": beat},
        {"kind": "set_households", "grid": new, "households": 333, "population": 900},
    )
    assert done.status_code == 200, done.text
    assert done.json["figures"]["police_grids"][beat]["households"] == 333
    merged = mine.send({"kind": "merge", "areas": [mine.grid("T-C1"), mine.grid("T-C2")]})
    assert merged.status_code == 200
    assert mine.grids[mine.grid("T-C1")]["households"] == 800
    assert "T-C2" not in {grid["name"] for grid in mine.grids.values()}
    assert merged.json["figures"]["grids"][mine.grid("T-C1")]["outside_range"] is True


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda b: {"kind": "merge", "areas": [b.grid("T-A1"), b.grid("T-C1")]}, "not_neighbours"),
        (lambda b: b.bulge(by=500_000), "crossing"),
        (lambda b: {**b.cut("T-A1"), "path": [[0, 0], [1000, 1000]]}, "misses"),
        (lambda b: {**b.cut("T-A1"), "new_area": "x"}, "refused"),
        (lambda b: {"kind": "bind", "grids": ["nobody"], "police_grid": b.beat("T-A")}, "refused"),
        (lambda b: {"kind": "restore", "nodes": {}, "lines": {}}, "refused"),
        (lambda b: {"kind": "move_vertex", "line": "none", "at": 0, "to": [0, 0]}, "unknown_line"),
    ],
)
def test_what_can_not_be_is_refused_and_the_draft_is_unharmed(board, wrong, expected):
    mine = board()
    before = network(mine)
    answer = mine.send(mine.bulge("A2", "B2"), wrong(mine))
    assert code(answer) == (422, expected), answer.text
    assert network(mine) == before
    assert mine.load().head == 0


def test_the_same_operation_sent_twice_is_done_once(board):
    mine = board()
    told = {**mine.bulge(), "id": str(uuid4())}
    first = mine.send(told, based_on=0)
    again = mine.send(told, based_on=0)
    assert first.json["head"] == again.json["head"] == 1
    assert first.json["applied"][0]["lines"] == again.json["applied"][0]["lines"]


def test_undo_of_everything_returns_the_start_and_redo_the_end(board):
    dice = random.Random(5)
    mine = board()
    start = network(mine)
    done = 0
    pairs = [("A1", "B1"), ("B1", "C1"), ("A2", "B2"), ("B2", "C2")]
    for number in range(12):
        told = [
            mine.bulge(*pairs[number % 4], by=dice.randint(-60_000, 60_000)),
            {
                "kind": "bind",
                "grids": [mine.grid("T-B1")],
                "police_grid": mine.beat(dice.choice(["T-A", "T-B"])),
            },
            {"kind": "rename", "grid": mine.grid("T-C2"), "name": "T-C2"},
        ]
        done += mine.send(told[number % 3]).status_code == 200
    done += mine.send(mine.cut("T-C1")).status_code == 200
    assert done > 9
    end = network(mine)
    for _ in range(done):
        assert mine.back("undo").status_code == 200
    assert network(mine) == start
    assert code(mine.back("undo")) == (409, "nothing_to_undo")
    for _ in range(done):
        assert mine.back("redo").status_code == 200
    assert network(mine) == end
    assert code(mine.back("redo")) == (409, "nothing_to_redo")
    assert mine.back("undo").status_code == 200
    assert mine.send(mine.bulge("B2", "C2", by=7_000)).status_code == 200
    assert code(mine.back("redo")) == (409, "nothing_to_redo")


def test_a_process_that_knows_nothing_loads_the_same_draft(board):
    mine = board()
    mine.send(mine.bulge(), mine.cut("T-C1"))
    known = network(mine)
    figures = mine.client.get(f"{DRAFTS}/{mine.id}/figures").json
    opened._open.clear()
    assert network(mine) == known
    assert mine.client.get(f"{DRAFTS}/{mine.id}/figures").json == figures


def test_two_planners_collide_only_where_they_touch_the_same_border(board, member):
    mine = board()
    theirs = board("t.station_chief", of=mine)
    assert theirs.send(theirs.bulge()).status_code == 200
    # elsewhere: no matter what the head is
    assert mine.send(mine.bulge("B2", "C2"), based_on=0).status_code == 200
    before = network(mine)
    refused = mine.send({"kind": "reshape", "line": theirs.between("T-A1", "T-B1"), "via": []}, based_on=0)
    assert code(refused) == (409, "draft_collision")
    [hit] = refused.json["collided"]
    assert hit["line"] == theirs.between("T-A1", "T-B1")
    assert hit["by"]["id"] == str(member("t.station_chief").person_id)
    assert hit["seq"] == 1
    assert len(hit["theirs"]["via"]) == 1
    assert network(mine) == before
    # told of it, the planner goes on
    mine.load()
    assert mine.send({"kind": "reshape", "line": hit["line"], "via": []}).status_code == 200
    # now the other one's undo would take this away too
    refused = theirs.load().back("undo")
    assert code(refused) == (409, "draft_collision")


def test_undo_takes_back_the_own_step_only_and_keeps_what_others_did(board):
    mine = board()
    theirs = board("t.station_chief", of=mine)
    mine.send(mine.bulge())
    theirs.load().send(theirs.bulge("B1", "C1"))
    assert mine.load().back("undo").status_code == 200
    mine.load()
    assert mine.grids[mine.grid("T-A1")]["households"] == 400
    assert mine.grids[mine.grid("T-B1")]["households"] == 420  # what the other moved stays
    told = mine.client.get(f"{DRAFTS}/{mine.id}/operations?after=1").json
    assert [entry["kind"] for entry in told["applied"]] == ["insert_vertex", "undo"]


def test_what_is_locked_can_not_be_changed_until_it_is_unlocked(board):
    mine = board()
    lock = {"target": "police_grid", "part": mine.beat("T-B")}
    assert mine.send({"kind": "lock", **lock}).json["applied"][0]["locks"][0]["id"] == lock["part"]
    assert code(mine.send(mine.bulge())) == (409, "draft_locked")
    bind = {"kind": "bind", "grids": [mine.grid("T-A1")], "police_grid": lock["part"]}
    assert code(mine.send(bind)) == (409, "draft_locked")
    mine.send({"kind": "unlock", **lock})
    assert mine.send(mine.bulge()).status_code == 200


def test_two_planners_at_once_lose_nothing(app, board, token_for):
    mine = board()
    theirs = board("t.station_chief", of=mine)
    barrier, answers = Barrier(2), []
    corners = sum(len(line["via"]) for line in mine.lines.values())

    def press(who, pairs):
        for number, pair in enumerate(pairs):
            if number == 0:
                barrier.wait()
            answers.append(who.send(who.bulge(*pair)).status_code)

    threads = [
        Thread(target=press, args=(mine, [("A1", "B1"), ("A2", "B2")])),
        Thread(target=press, args=(theirs, [("B1", "C1"), ("B2", "C2")])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4
    assert mine.load().head == 4
    assert sum(len(line["via"]) for line in mine.lines.values()) == corners + 4


def test_comments_have_a_place_and_come_once(board):
    mine = board()
    told = {"id": str(uuid4()), "text": "这里应归二警格", "point": [112.5661, 37.8631]}
    url = f"{DRAFTS}/{mine.id}/comments"
    assert mine.client.post(url, json=told).status_code == 201
    assert mine.client.post(url, json=told).status_code == 201
    [found] = mine.client.get(url).json
    assert found["text"] == told["text"]
    assert found["point"] == told["point"]


def test_other_stations_see_no_draft(board, as_user):
    mine = board()
    foreign = as_user("u.planner")
    for answer in (
        foreign.get(f"{DRAFTS}/{mine.id}"),
        foreign.post(f"{DRAFTS}/{mine.id}/undo", json={}),
        foreign.get(f"{DRAFTS}/{mine.id}/figures"),
    ):
        assert answer.status_code == 404
    assert mine.id not in foreign.get(DRAFTS).text
