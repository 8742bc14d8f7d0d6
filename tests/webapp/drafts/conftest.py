"""A planner's client on a draft of the test station, and what its borders are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

DRAFTS = "/api/v1/drafts"
UNITS = 100_000_000


class Board:
    """A draft as one planner's editor sees it: sends operations with the head that it knows."""

    def __init__(self, client: Any, draft: dict[str, Any]) -> None:
        self.client = client
        self.id = draft["id"]
        self.load(draft)

    def load(self, draft: dict[str, Any] | None = None) -> Board:
        """Take the whole draft as the service has it."""
        found = draft or self.client.get(f"{DRAFTS}/{self.id}").json
        self.draft, self.head = found, found["head"]
        self.nodes, self.lines = found["network"]["nodes"], found["network"]["lines"]
        self.grids = found["grids"]
        return self

    def grid(self, name: str) -> str:
        """Return the id of a grid by its name."""
        return next(key for key, grid in self.grids.items() if grid["name"] == name)

    def beat(self, name: str) -> str:
        """Return the id of a police grid by its name."""
        return next(key for key, beat in self.draft["police_grids"].items() if beat["name"] == name)

    def between(self, one: str, other: str) -> str:
        """Return the id of the border line between two grids."""
        sides = {self.grid(one), self.grid(other)}
        return next(key for key, line in self.lines.items() if {line["left"], line["right"]} == sides)

    def middle(self, line: str) -> list[int]:
        """Return the middle of the straight way between a line's ends."""
        ends = (self.nodes[self.lines[line]["start"]], self.nodes[self.lines[line]["end"]])
        return [(a + b) // 2 for a, b in zip(*ends, strict=True)]

    def send(self, *operations: dict[str, Any], based_on: int | None = None) -> Any:
        """Send operations; a refusal changes nothing here."""
        known = self.head if based_on is None else based_on
        told = [{"id": str(uuid4()), "based_on": known, **item} for item in operations]
        return self.taken(self.client.post(f"{DRAFTS}/{self.id}/operations", json={"operations": told}))

    def back(self, way: str) -> Any:
        """Undo or redo."""
        return self.taken(self.client.post(f"{DRAFTS}/{self.id}/{way}", json={}))

    def taken(self, answer: Any) -> Any:
        """Take an answer's parts over, as the editor does."""
        if answer.status_code == 200:
            for entry in answer.json["applied"]:
                for mine, theirs in ((self.nodes, entry["nodes"]), (self.lines, entry["lines"]),
                                     (self.grids, entry["grids"])):  # fmt: skip
                    for key, body in theirs.items():
                        mine.pop(key, None)
                        if body is not None:
                            mine[key] = body
                self.draft["police_grids"] |= entry.get("police_grids", {})
            self.head = answer.json["head"]
        return answer

    def bulge(self, one: str = "A1", other: str = "B1", by: int = 40_000) -> dict[str, Any]:
        """Return the operation that pushes the border of two grids east, 40,000 units: some 35 metres."""
        line = self.between(f"T-{one}", f"T-{other}")
        at = self.middle(line)
        return {"kind": "insert_vertex", "line": line, "at": 0, "to": [at[0] + by, at[1]]}

    def cut(self, name: str, new: str | None = None) -> dict[str, Any]:
        """Return the operation that divides a grid from west to east through its middle."""
        key = self.grid(name)
        around = [line for line in self.lines.values() if key in (line["left"], line["right"])]
        points = [self.nodes[node] for line in around for node in (line["start"], line["end"])]
        points += [point for line in around for point in line["via"]]
        (west, east), (south, north) = ((min(v), max(v)) for v in zip(*points, strict=True))
        height = south + (north - south) * 2 // 5
        path = [[west - 1000, height], [east + 1000, height]]
        return {
            "kind": "split",
            "area": key,
            "path": path,
            "new_area": new or str(uuid4()),
            "ids": uuid4().hex[:8],
        }


@pytest.fixture
def board(as_user: Callable[[str], Any]) -> Callable[..., Board]:
    """Begin a draft, or open one that there is: board('t.planner'), board('t.station_chief', of=other)."""

    def make(username: str = "t.planner", of: Board | None = None, name: str = "方案") -> Board:
        client = as_user(username)
        if of is not None:
            return Board(client, client.get(f"{DRAFTS}/{of.id}").json)
        made = client.post(DRAFTS, json={"id": str(uuid4()), "name": name})
        assert made.status_code == 201, made.text
        return Board(client, made.json)

    return make
