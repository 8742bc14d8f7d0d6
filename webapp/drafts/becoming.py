"""A draft as the plan that it becomes: grids with their codes, whole households, and what gets a new name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from collectors.records import AreaRecord
from webapp.areas.rules import next_code
from webapp.drafts import rules
from webapp.drafts.opened import Open
from webapp.drafts.sketch import Sketch, shapes


def records(
    sketch: Sketch, taken: Mapping[str, Collection[str]], communities: Mapping[str, str]
) -> list[AreaRecord]:
    """Return the grids of a draft as records with codes; new ones get theirs from the north-west on.

    `taken`: all codes ever given, by the community's code; `communities`: these codes by id. A grid whose
    community has no code left is left out: the check names it.
    """
    drawn = shapes(sketch.network, list(sketch.grids))
    whole = rules.whole_households({key: body["households"] for key, body in sketch.grids.items()})
    people = rules.whole_households({key: body["population"] for key, body in sketch.grids.items()})
    codes = _codes(
        sketch, {key: shape.centroid.coords[0] for key, shape in drawn.items()}, taken, communities
    )
    return [
        AreaRecord(
            number=number,
            code=code,
            name=sketch.grids[key]["name"],
            geometry=drawn[key],
            raw_geometry=drawn[key],
            community=sketch.grids[key]["community"],
            kind=sketch.grids[key]["kind"],
            households=whole[key],
            population=people[key],
            properties={
                "police_grid": sketch.police_grids[sketch.grids[key]["police_grid"]]["name"],
                "area": key,
            },
        )
        for number, (key, code) in enumerate(sorted(codes.items(), key=lambda item: item[1]), 1)
    ]


def _codes(
    sketch: Sketch,
    middles: Mapping[str, tuple[float, ...]],
    taken: Mapping[str, Collection[str]],
    communities: Mapping[str, str],
) -> dict[str, str]:
    """Return the code of each grid: its own, or the next of its community, from the north-west on."""
    codes = {key: str(body["code"]) for key, body in sketch.grids.items() if body["code"]}
    used = {community: {*found, *codes.values()} for community, found in taken.items()}
    for key in sorted(sketch.grids.keys() - codes.keys(), key=lambda k: (-middles[k][1], middles[k][0], k)):
        community = communities.get(sketch.grids[key]["community_id"], "")
        code = next_code(community, used.get(community, ())) if community else None
        if code is not None:
            codes[key] = code
            used.setdefault(community, set()).add(code)
    return codes


def owners(sketch: Sketch, found: Sequence[AreaRecord]) -> dict[str, UUID]:
    """Return the police grids that exist already, by the code of the grids bound to them."""
    beats = {item.code: str(sketch.grids[item.properties["area"]]["police_grid"]) for item in found}
    return {code: UUID(beat) for code, beat in beats.items() if sketch.police_grids[beat]["code"]}


def source(found: Open, draft_id: UUID) -> dict[str, Any]:
    """Return what the plan notes of the draft: which, after how many operations, and new names."""
    base = found.ledger.base.sketch
    names = {
        "grids": _renamed(base.grids, found.sketch.grids),
        "police_grids": _renamed(base.police_grids, found.sketch.police_grids),
    }
    return {"draft": str(draft_id), "head": found.sketch.head, "names": names}


def _renamed(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {key: body["name"] for key, body in new.items() if key in old and old[key]["name"] != body["name"]}
