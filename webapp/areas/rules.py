"""Pure decisions about areas: sizes, borders, event names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from webapp.people.rules import HOUSEHOLDS_HIGH, HOUSEHOLDS_LOW

# Reports this far outside the station's ground still belong to a phone that stands at its edge.
MARGIN_M = 5000.0

NEAR_BORDER = "near_border"
OUTSIDE_GRIDS = "outside_grids"


def size_warning(households: int) -> str | None:
    """Return 'small' or 'large' for a grid outside the recommended size, else None."""
    if households < HOUSEHOLDS_LOW:
        return "small"
    return "large" if households > HOUSEHOLDS_HIGH else None


def uncertainty_m(accuracy_m: float | None, method: str) -> float:
    """Return the radius in metres in which the place truly lies, bounded to 500 m.

    A place without a stated accuracy counts by its method: a pin about 20 m, a plate 5 m, the sign of a
    place 30 m, an address or a grid picked from a list 150 m, anything else 30 m.
    """
    default = {"pin": 20.0, "plate": 5.0, "place": 30.0, "address": 150.0, "grid": 150.0}.get(method, 30.0)
    return min(accuracy_m if accuracy_m is not None else default, 500.0)


# Below this, two drawn borders are the same border: digitising noise, not ground.
TOLERANCE_M = 0.05
# Headings of a grid's police grid; the shorter ones are what ten bytes of a Shapefile leave of them.
POLICE_GRID_COLUMNS = ("police_grid", "police_gri", "警格", "所属警格", "所属警", "警格名称", "警格名")
PLANNERS = ("planner", "station_chief")


class PlanState(StrEnum):
    """The life of a plan: drawn, looked at by a second person, decided, in force from a date, taken back."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def publish_problem(state: str, *, approval: bool) -> str | None:
    """Return why a plan can't be published: 'state', 'plan_unapproved', or None when it can.

    `approval`: the station wants a second person's approval first.
    """
    waits = state in (PlanState.DRAFT, PlanState.IN_REVIEW)
    if state == PlanState.APPROVED or (waits and not approval):
        return None
    return "plan_unapproved" if waits else "state"


def may_withdraw(state: str, valid_from: datetime | None, now: datetime) -> bool:
    """Say whether a plan can be taken back: until it is in force."""
    if state == PlanState.PUBLISHED:
        return valid_from is not None and valid_from > now
    return state in (PlanState.DRAFT, PlanState.IN_REVIEW, PlanState.APPROVED)


# Less of a grid's ground than this makes nobody its heir: digitising, not a decision.
HEIR_SHARE = 0.001
SPLIT, MERGE = "split", "merge"


@dataclass(frozen=True)
class Heir:
    """A grid that came out of another: how, with which share of its ground and how many households."""

    predecessor: UUID
    successor: UUID
    kind: str
    area_share: float
    households: int


@dataclass(frozen=True)
class Inherited:
    """Ground that went from one grid to another: its area, and the area and households of the first."""

    predecessor: UUID
    successor: UUID
    area_m2: float
    whole_m2: float
    households: int


def heirs(grounds: Iterable[Inherited], gone: Collection[UUID], new: Collection[UUID]) -> list[Heir]:
    """Return the lineage that a plan makes: who a grid that is gone went to, and what a new one came from.

    A border that moved between two grids that stay is no lineage. Out of a grid that stays, a new one is
    split; a grid that is gone is merged into those that were there before; where it is replaced by new
    ones, it was split when they are several.
    """
    shares: dict[tuple[UUID, UUID], tuple[float, float]] = {}
    for ground in grounds:
        share = ground.area_m2 / ground.whole_m2 if ground.whole_m2 else 0.0
        key = (ground.predecessor, ground.successor)
        if ground.predecessor != ground.successor and (key[0] in gone or key[1] in new):
            before = shares.get(key, (0.0, 0.0))
            shares[key] = (before[0] + share, before[1] + share * ground.households)
    kept = {key: found for key, found in shares.items() if found[0] >= HEIR_SHARE}
    children = Counter(key[0] for key in kept)
    return [
        Heir(old, heir, _kind(old in gone, heir in new, children[old]), share, round(households))
        for (old, heir), (share, households) in sorted(kept.items())
    ]


def _kind(gone: bool, new: bool, children: int) -> str:
    if not gone:
        return SPLIT
    return SPLIT if new and children > 1 else MERGE


LAST_SERIAL = 999


def next_code(community: str, taken: Iterable[str]) -> str | None:
    """Return the next 15-digit grid code of a community (12 digits + serial), None when all are used up.

    `taken` are all codes ever given there, those of retired grids and withdrawn plans too: serials are
    counted on, never filled up (CJ/T 213-2005, GB/T 30428.1: a code names one unit for ever).
    """
    serials = [int(code[12:]) for code in taken if code[:12] == community and code[12:].isdecimal()]
    serial = max(serials, default=0) + 1
    return f"{community}{serial:03d}" if serial <= LAST_SERIAL else None
