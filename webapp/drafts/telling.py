"""What the editor is told of a draft: its parts, its figures, what was done, and what collided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from gis.errors import ShapeError
from webapp.core.errors import Problem, Refused
from webapp.drafts import ledger
from webapp.drafts.opened import Open
from webapp.drafts.sketch import Key, Sketch


def network(sketch: Sketch) -> dict[str, Any]:
    """Return nodes and lines, places in hundred-millionths of a degree."""
    return {
        "nodes": {key: list(at) for key, at in sketch.network.nodes.items()},
        "lines": {key: line(sketch, key) for key in sketch.network.lines},
    }


def line(sketch: Sketch, key: str) -> dict[str, Any] | None:
    """Return a border line with its revision, None when it is gone."""
    body = sketch.body(("line", key))
    return None if body is None else {**body, "rev": sketch.revs.get(("line", key), 0)}


def grid(sketch: Sketch, key: str) -> dict[str, Any] | None:
    """Return a grid, its households in whole numbers, None when it is gone."""
    body = sketch.grids.get(key)
    if body is None:
        return None
    locked = f"grid:{key}" in sketch.locks or f"police_grid:{body['police_grid']}" in sketch.locks
    return {
        "code": body["code"],
        "name": body["name"],
        "kind": body["kind"],
        "community": body["community"],
        "households": round(body["households"]),
        "population": round(body["population"]),
        "police_grid": body["police_grid"],
        "locked": locked,
        "rev": sketch.revs.get(("grid", key), 0),
    }


def grids(sketch: Sketch) -> dict[str, Any]:
    """Return all grids."""
    return {key: grid(sketch, key) for key in sketch.grids}


def police_grids(sketch: Sketch) -> dict[str, Any]:
    """Return all police grids."""
    return {key: dict(body) for key, body in sketch.police_grids.items()}


def locks(sketch: Sketch) -> list[dict[str, Any]]:
    """Return what is locked, and by whom."""
    named = ((name.partition(":"), body) for name, body in sketch.locks.items())
    return [{"target": name[0], "id": name[2], "by": body["by"]} for name, body in named]


def done(sketch: Sketch, row: Any, keys: Iterable[Key]) -> dict[str, Any]:
    """Return one entry of what was done: who, when, and the parts that it touched as they are now."""
    told: dict[str, Any] = {
        "seq": row.seq,
        "id": row.id,
        "kind": row.kind,
        "by": {"id": row.by_id, "name": row.name},
        "at": row.at,
        "nodes": {},
        "lines": {},
        "grids": {},
    }
    for kind, key in sorted(keys):
        if kind == "node":
            at = sketch.network.nodes.get(key)
            told["nodes"][key] = None if at is None else list(at)
        elif kind == "line":
            told["lines"][key] = line(sketch, key)
        elif kind == "grid":
            told["grids"][key] = grid(sketch, key)
        elif kind == "police_grid":
            told.setdefault("police_grids", {})[key] = sketch.police_grids.get(key)
        else:
            told["locks"] = locks(sketch)
    return told


def figures(
    found: Open,
    low: int,
    high: int,
    grids: Collection[str] | None = None,
    beats: Collection[str] | None = None,
) -> dict[str, Any]:
    """Return the figures of some grids and police grids, or of all, and what the draft changes.

    `low` and `high` are the households that a grid should have.
    """
    sketch, book = found.sketch, found.ledger
    wanted = sketch.grids if grids is None else [key for key in grids if key in sketch.grids]
    return {
        "grids": {key: ledger.grid_figures(book, sketch, key, low, high) for key in wanted},
        "police_grids": ledger.beat_figures(book, sketch, sketch.police_grids if beats is None else beats),
        "changes": ledger.changes(book, sketch),
        "balance": ledger.balance(book, sketch),
    }


def beats_of(was: Open, now: Open, grids: Collection[str]) -> set[str] | None:
    """Return the police grids whose figures differ after a step; None for all, when the mean has moved."""
    old, new = (ledger.beat_loads(each.ledger, each.sketch) for each in (was, now))
    if len(old) != len(new) or abs(sum(old.values()) - sum(new.values())) > 0.5:
        return None
    touched = set()
    for each in (was, now):
        here = [key for key in grids if key in each.sketch.grids]
        touched |= {each.sketch.grids[key]["police_grid"] for key in here}
    return touched


def collision(sketch: Sketch, key: Key, operation: Any, maker: Any) -> dict[str, Any]:
    """Return what an operation collided with: the part, who touched it, when, and how it is now."""
    kind, part = key
    theirs: Mapping[str, Any] | None = line(sketch, part) if kind == "line" else sketch.body(key)
    return {
        "operation": str(operation),
        kind: part,
        "by": {"id": str(maker.by_id) if maker.by_id else None, "name": maker.name},
        "at": maker.at.isoformat(),
        "seq": maker.seq,
        "theirs": theirs,
    }


def refusal(error: ShapeError, number: int) -> Refused:
    """Return the refusal of a border that can't be, with what and where it is."""
    at = dict(error.params)
    problem = Problem(f"/operations/{number}", error.code, at)
    refused = Refused(error.code, problems=[problem], **at)
    refused.with_members(at=at)
    return refused
