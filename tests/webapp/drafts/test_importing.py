"""A file drawn by hand becomes a draft: repaired, shown first, and nothing kept that was not accepted."""

from __future__ import annotations

import io
import json
from uuid import uuid4

import pytest

from tests.webapp.areas.plan_files import document
from tests.webapp.drafts.conftest import DRAFTS, Board

THIRD_OF_A_METRE = 3e-6


def drawn_by_hand():
    """The station's grids with the inner corners of each drawn a third of a metre off, each another way."""
    content = document(cut=0.4)
    for number, grid in enumerate(content["features"]):
        ring = grid["geometry"]["coordinates"][0]
        for corner in range(4):
            turn = (number * 7 + corner * 3) % 5 - 2
            ring[corner] = [
                ring[corner][0] + turn * THIRD_OF_A_METRE / 2,
                ring[corner][1] - turn * THIRD_OF_A_METRE / 3,
            ]
        ring[4] = ring[0]
    return content


def upload(content, **more):
    return {"file": (io.BytesIO(json.dumps(content).encode()), "grids.geojson"), **more}


def test_a_drawn_file_is_repaired_shown_and_accepted(as_role):
    planner = as_role("planner")
    content = drawn_by_hand()
    refused = planner.post("/api/v1/plans", data=upload(content, name="as it is"))
    assert refused.status_code == 422  # not exact: gaps and overlaps
    shown = planner.post(f"{DRAFTS}/imports/preview", data=upload(content))
    assert shown.status_code == 200, shown.text
    assert shown.json["grids"] == 6
    assert {item["code"] for item in shown.json["altered"]} <= {
        f["id"] for f in shown.json["areas"]["features"]
    }
    assert 0 < max(item["gained_m2"] + item["lost_m2"] for item in shown.json["altered"]) < 700
    assert not [d for d in planner.get(DRAFTS).json if d["name"] == "手绘"]
    said = {"id": str(uuid4()), "name": "手绘"}
    wrong = planner.post(f"{DRAFTS}/imports", data=upload(content, **said, digest="0" * 64))
    assert (wrong.status_code, wrong.json["code"]) == (409, "repair_differs")
    made = planner.post(f"{DRAFTS}/imports", data=upload(content, **said, digest=shown.json["digest"]))
    assert made.status_code == 201, made.text
    mine = Board(planner, made.json)
    assert {grid["name"] for grid in mine.grids.values()} == {f"T-{x}{n}" for x in "ABC" for n in (1, 2)}
    told = planner.get(f"{DRAFTS}/{mine.id}/compare").json
    moves = {(m["from"]["name"], m["to"]["name"]): m["area_m2"] for m in told["moves"] if m["area_m2"] > 1000}
    # a tenth of a grid went from A to B, in both rows
    assert moves == {
        ("T-A1", "T-B1"): pytest.approx(11_720, rel=0.05),
        ("T-A2", "T-B2"): pytest.approx(11_720, rel=0.05),
    }
    assert mine.send(mine.bulge()).status_code == 200
    assert planner.post(f"{DRAFTS}/{mine.id}/submit", json={}).json["state"] == "in_review"


def test_what_can_not_be_repaired_is_refused_with_its_place(as_role):
    content = document()
    content["features"] = content["features"][:-1]  # the last grid is missing: a gap of 117,000 square metres
    answer = as_role("planner").post(f"{DRAFTS}/imports/preview", data=upload(content))
    assert (answer.status_code, answer.json["code"]) == (422, "coverage_faults")
    assert answer.json["errors"][0]["code"] == "gap"
