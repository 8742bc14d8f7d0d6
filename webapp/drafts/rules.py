"""Pure decisions about drafts: limits, kinds of operations, what a fault is called, how undo is linked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.core.i18n import N_

MOST_OPERATIONS = 200
MOST_COMMENTS = 500
# Kinds of operations beside those of gis.topology: they bind, name and lock.
BIND, RENAME, SET_HOUSEHOLDS = "bind", "rename", "set_households"
NEW_POLICE_GRID, LOCK, UNLOCK = "new_police_grid", "lock", "unlock"
UNDO, REDO = "undo", "redo"
TARGETS = ("line", "grid", "police_grid")

FAULT_TITLES = {
    "empty_draft": N_("The draft has no grids"),
    "outside_station": N_("Ground outside the station, or left uncovered"),
    "hole": N_("A hole in a grid or between grids"),
    "not_connected": N_("The police grid is not in one piece"),
    "no_community": N_("The grid has no community, so it can have no code"),
    "codes_used_up": N_("All codes of the community are used up"),
    "two_communities": N_("Grids of two communities were joined"),
    "nobody_posted": N_("Nobody is posted to the police grid"),
    "too_small": N_("Fewer households than a grid should have"),
    "too_large": N_("More households than a grid should have"),
    "posting_follows": N_("People posted to this grid will answer for its heirs too"),
    "outdated": N_("Another plan was published since the draft was begun"),
}
# With one of these a draft can't be submitted; the others are for people to weigh.
BLOCKING = frozenset(
    {"empty_draft", "outside_station", "hole", "not_connected", "no_community", "codes_used_up", "outdated"}
)


@dataclass(frozen=True)
class Stacks:
    """Where one planner's undo and redo stand in the log of a draft: numbers of its rows, None for empty."""

    undo_top: int | None = None
    undo_below: int | None = None
    redo_top: int | None = None
    redo_below: int | None = None


def done(before: Stacks, seq: int) -> Stacks:
    """Return the stacks after something new was done: it can be undone, nothing can be redone."""
    return Stacks(undo_top=seq, undo_below=before.undo_top)


def undone(before: Stacks, seq: int, below: int | None) -> Stacks:
    """Return the stacks after the top was undone; `below` is what lay under it."""
    return Stacks(undo_top=below, redo_top=seq, redo_below=before.redo_top)


def redone(before: Stacks, seq: int, below: int | None) -> Stacks:
    """Return the stacks after the last undo was taken back; `below` is the undo before it."""
    return Stacks(undo_top=seq, undo_below=before.undo_top, redo_top=below)


def whole_households(wanted: Mapping[str, float]) -> dict[str, int]:
    """Round households so that their sum stays: largest remainders first (Hamilton), then by id."""
    floors = {key: int(value) for key, value in wanted.items()}
    missing = round(sum(wanted.values())) - sum(floors.values())
    by_rest: Iterable[str] = sorted(wanted, key=lambda key: (floors[key] - wanted[key], key))
    for key in list(by_rest)[: max(missing, 0)]:
        floors[key] += 1
    return floors


def deviation(load: float, loads: Iterable[float]) -> float:
    """Return by which share a load differs from the mean of all: 0.1 is a tenth too much."""
    every = list(loads)
    mean = sum(every) / len(every) if every else 0.0
    return load / mean - 1.0 if mean else 0.0


def balance(loads: Iterable[float]) -> dict[str, Any]:
    """Return mean and largest deviation of loads, for the meter."""
    every = list(loads)
    mean = sum(every) / len(every) if every else 0.0
    worst = max((abs(load / mean - 1.0) for load in every), default=0.0) if mean else 0.0
    return {"mean": mean, "max_deviation": worst}
