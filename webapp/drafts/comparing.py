"""A draft compared with a plan or another draft: what changes hands, as a table with shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shapely import Polygon
from shapely.geometry import mapping
from sqlalchemy.orm import Session

from gis.moves import Piece, pieces
from webapp.areas.models import Plan
from webapp.areas.queries import plan as plan_of_id
from webapp.drafts import opened, queries
from webapp.drafts.models import Draft
from webapp.drafts.opened import Open
from webapp.drafts.sketch import Body, shapes

# So many moves are told one by one, the largest first; the totals count all.
MOST_MOVES = 1_000


@dataclass(frozen=True)
class Side:
    """One of two plans that are compared: grids, police grids and shapes by id."""

    grids: Mapping[str, Body]
    police_grids: Mapping[str, Body]
    shapes: Mapping[str, Polygon]

    def told(self, key: str | None) -> dict[str, Any] | None:
        """Return a grid and its police grid by name, None where there is none."""
        if key is None:
            return None
        grid = self.grids[key]
        beat = self.police_grids[grid["police_grid"]]
        return {
            "grid": key,
            "code": grid["code"],
            "name": grid["name"],
            "police_grid": grid["police_grid"],
            "police_grid_name": beat["name"],
        }


def compared(session: Session, draft: Draft, found: Open, other: UUID | None) -> dict[str, Any]:
    """Return what changes hands from a plan or draft (nothing: the plan it was drawn upon) to a draft.

    Households by share of area; staff are the people posted to one of both police grids. Raises NotFound.
    """
    sketch = found.sketch
    to = Side(sketch.grids, sketch.police_grids, shapes(sketch.network, list(sketch.grids)))
    base = _side(session, draft, other)
    moved = [piece for piece in _pieces(base, to) if _differs(base, to, piece)]
    moved.sort(key=lambda piece: -piece.area_m2)
    counted = queries.counts_and_walks(session, [piece.geometry for piece in moved])
    sizes = _sizes(base, moved)
    rows = []
    for piece, (counts, walks), households in zip(moved, counted, sizes, strict=True):
        rows.append(
            {
                "from": base.told(piece.before),
                "to": to.told(piece.after),
                "area_m2": round(piece.area_m2, 1),
                "households": round(households),
                "open_cases": counts.open_cases,
                "cases_year": counts.cases_year,
                "places": counts.places,
                "patrols": walks,
                "staff": len(_staff(found, base, to, [piece])),
                "geometry": mapping(piece.geometry),
            }
        )
    totals: dict[str, Any] = {
        name: sum(row[name] for row in rows) for name in ("area_m2", "open_cases", "places", "patrols")
    }
    totals |= {
        "households": round(sum(sizes)),
        "staff": len(_staff(found, base, to, moved)),
        "moves": len(rows),
    }
    return {"moves": rows[:MOST_MOVES], "totals": totals}


def _side(session: Session, draft: Draft, other: UUID | None) -> Side:
    """Return the plan or draft that is asked for, else the plan that a draft was drawn upon."""
    wanted = other or draft.base_plan_id or draft.id
    if session.get(Plan, wanted) is not None:
        plan = plan_of_id(session, wanted)
        grids, drawn = queries.plan_grids(session, plan.id)
        return Side(grids, queries.plan_beats(session, plan.id), dict(drawn))
    sketch = opened.opened(session, queries.draft(session, wanted)).sketch
    return Side(sketch.grids, sketch.police_grids, shapes(sketch.network, list(sketch.grids)))


def _pieces(base: Side, to: Side) -> list[Piece]:
    changed = {
        key
        for key in base.shapes.keys() | to.shapes.keys()
        if key not in base.shapes
        or key not in to.shapes
        or base.grids[key]["police_grid"] != to.grids[key]["police_grid"]
        or not base.shapes[key].equals(to.shapes[key])
    }
    return pieces(
        [(key, shape) for key, shape in base.shapes.items() if key in changed],
        [(key, shape) for key, shape in to.shapes.items() if key in changed],
    )


def _differs(base: Side, to: Side, piece: Piece) -> bool:
    if piece.before is None or piece.after is None or piece.before != piece.after:
        return True
    return bool(base.grids[piece.before]["police_grid"] != to.grids[piece.after]["police_grid"])


def _sizes(base: Side, moved: list[Piece]) -> list[float]:
    """Return the households of pieces, by their share of the grid that they come from."""
    whole = {key: base.shapes[key].area for key in {piece.before for piece in moved if piece.before}}
    return [
        base.grids[piece.before]["households"] * piece.geometry.area / whole[piece.before]
        if piece.before
        else 0.0
        for piece in moved
    ]


def _staff(found: Open, base: Side, to: Side, moved: list[Piece]) -> set[str]:
    """Return the persons posted to the police grids or grids that some pieces leave or come to."""
    persons: set[str] = set()
    for piece in moved:
        for side, key in ((base, piece.before), (to, piece.after)):
            if key is not None:
                beat = side.grids[key]["police_grid"]
                persons |= found.ledger.base.beats_staff.get(beat, frozenset())
                persons |= found.ledger.base.grids_staff.get(key, frozenset())
    return persons
