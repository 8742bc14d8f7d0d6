"""Drafts that are open in this process: loaded once, then followed operation by operation."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from shapely import MultiPolygon, Polygon
from sqlalchemy import Row
from sqlalchemy.orm import Session

from webapp.drafts import ledger, queries
from webapp.drafts.ledger import Ledger
from webapp.drafts.models import Draft
from webapp.drafts.sketch import Sketch, unpacked

Shapes = Sequence[Polygon | MultiPolygon]
# A network of 20,000 grids takes some hundred megabytes, one of 83 less than one.
MOST_OPEN = 6
# Cases come in meanwhile: figures of grids that nobody touches are counted anew after this time.
STALE_S = 120.0


@dataclass(frozen=True)
class Open:
    """A draft as this process knows it: `mark` is its last operation's id, `counted` when it was counted.

    Two operations of one number can't be confused: of a transaction that failed, the mark fits no row.
    """

    sketch: Sketch
    ledger: Ledger
    mark: UUID | None
    counted: float


_open: OrderedDict[UUID, Open] = OrderedDict()
_guard = Lock()


def opened(session: Session, draft: Draft) -> Open:
    """Return a draft as its row says it is: from memory, followed up by what others did, or loaded."""
    with _guard:
        known = _open.get(draft.id)
    if known is not None and known.sketch.head == draft.head and known.mark == draft.mark:
        return known if monotonic() - known.counted < STALE_S else _counted(session, draft, known.sketch)
    if known is not None and known.sketch.head < draft.head and _still_true(session, draft, known):
        return _followed(session, draft, known)
    start = unpacked(queries.start(session, draft.start_id))
    sketch = _with_parts(start, draft, queries.parts_after(session, draft.id, 0))
    return _counted(session, draft, sketch, start)


def _still_true(session: Session, draft: Draft, known: Open) -> bool:
    """Say whether what this process knows is part of the draft's history, not of a failed transaction."""
    if known.mark is None:
        return True
    return queries.operation(session, draft.id, known.sketch.head).id == known.mark


def _with_parts(sketch: Sketch, draft: Draft, parts: Sequence[Row[Any]]) -> Sketch:
    """Return a draft with the parts that were touched since, and which operation meant them last."""
    made = sketch.with_parts({(p.kind, p.id): p.body for p in parts}, draft.head)
    return replace(made, revs=sketch.revs.changed({(p.kind, p.id): p.meant for p in parts}))


def _followed(session: Session, draft: Draft, known: Open) -> Open:
    parts = queries.parts_after(session, draft.id, known.sketch.head)
    sketch = _with_parts(known.sketch, draft, parts)
    touched = _touched(known.sketch, sketch, {(p.kind, p.id) for p in parts})
    figures = ledger.after(
        known.ledger, known.sketch, sketch, touched, lambda shapes: queries.counts(session, shapes)
    )
    return kept(draft.id, Open(sketch, figures, draft.mark, known.counted))


def _touched(was: Sketch, sketch: Sketch, keys: set[tuple[str, str]]) -> set[str]:
    """Return the grids beside touched lines and nodes, and those touched themselves."""
    grids = {key for kind, key in keys if kind == "grid"}
    for network in (was.network, sketch.network):
        lines = {key for kind, key in keys if kind == "line" and key in network.lines}
        for kind, key in keys:
            if kind == "node":
                lines.update(network.ends_at(key))
        for key in lines:
            line = network.lines[key]
            grids |= {side for side in (line.left, line.right) if side is not None}
    return grids


def _counted(session: Session, draft: Draft, sketch: Sketch, start: Sketch | None = None) -> Open:
    """Return a draft with all its figures counted anew."""

    def count(shapes: Shapes) -> list[ledger.Counts]:
        return queries.counts(session, shapes)

    start = start or unpacked(queries.start(session, draft.start_id))
    based = draft.base_plan_id and queries.start_of_plan(session, draft.base_plan_id)
    ground = start if based in (None, draft.start_id) else unpacked(queries.start(session, based))
    base = ledger.base_of(ground, *queries.staff(session, draft.station_id))
    touched = _touched(start, sketch, set(sketch.revs))
    if ground is not start:
        touched |= ground.grids.keys() | sketch.grids.keys()
    figures = ledger.after(ledger.opened(base, count), ground, sketch, touched, count)
    return kept(draft.id, Open(sketch, figures, draft.mark, monotonic()))


def kept(draft_id: UUID, found: Open) -> Open:
    """Keep a draft open; the one that was not asked for longest is closed when there are too many."""
    with _guard:
        _open[draft_id] = found
        _open.move_to_end(draft_id)
        while len(_open) > MOST_OPEN:
            _open.popitem(last=False)
    return found
