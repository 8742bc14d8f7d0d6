"""Which open cases lie in ground that a plan has moved, and where they belong now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.areas import queries as areas
from webapp.areas.queries import Area
from webapp.areas.rules import uncertainty_m
from webapp.cases.filing import routed
from webapp.core import clock
from webapp.core.errors import Refused


@dataclass(frozen=True)
class Moved:
    """An open case in ground that changed hands: where it belonged, and the area that it lies in now."""

    case_id: UUID
    accuracy_m: float | None
    grid_id: UUID
    police_grid_id: UUID
    neighbour_grid_id: UUID | None
    area: Area

    @property
    def differs(self) -> bool:
        """Whether anything about its ground is another now."""
        new = (self.area.grid_id, self.area.police_grid_id, self.area.neighbour_grid_id)
        return new != (self.grid_id, self.police_grid_id, self.neighbour_grid_id)

    def told(self, handler: UUID | None) -> dict[str, Any]:
        """Return what the event says: from where to where, and who has it in hand."""
        return {
            "from_grid": str(self.grid_id),
            "from_police_grid": str(self.police_grid_id),
            "to_grid": str(self.area.grid_id),
            "to_police_grid": str(self.area.police_grid_id),
            "plan": str(self.area.plan_id),
            "handler": str(handler) if handler else None,
        }


# How much changed ground one look takes: a piece of it with all its cases.
PIECES = 5
# Beside what lies in the changed ground: what stood at its edge, outside all grids, or may be a grid's that
# is no more. Closed cases are left where they were, and so is what was routed by the new plan already.
_IN_MOVED_ZONE = text("""
    WITH zone AS (SELECT m.id, m.geom FROM app.plan_move m WHERE m.plan_id = :plan AND m.id > :after
                  ORDER BY m.id LIMIT :pieces),
    gone AS (SELECT l.predecessor_id AS id FROM app.grid_lineage l WHERE l.plan_id = :plan AND :after = 0),
    touched AS (SELECT m.from_grid_id AS id FROM app.plan_move m WHERE m.plan_id = :plan AND :after = 0
                UNION SELECT m.to_grid_id FROM app.plan_move m WHERE m.plan_id = :plan AND :after = 0)
    SELECT DISTINCT c.id, ST_X(c.geom) AS lon, ST_Y(c.geom) AS lat, c.accuracy_m, c.method, c.grid_id,
           c.police_grid_id, c.neighbour_grid_id
    FROM app.case_file c
    WHERE c.station_id = :station AND c.plan_id <> :plan AND c.id IN (
        SELECT i.id FROM zone JOIN app.case_file i ON i.geom && zone.geom
        WHERE i.station_id = :station AND ST_Intersects(zone.geom, i.geom)
          AND i.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')
        UNION ALL
        SELECT i.id FROM app.case_file i JOIN gone ON i.neighbour_grid_id = gone.id
        WHERE i.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')
        UNION ALL
        SELECT i.id FROM app.case_file i JOIN touched ON i.grid_id = touched.id
        WHERE i.place_flag = 'outside_grids'
          AND i.state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn'))
    ORDER BY c.id""")
_LAST_PIECE = text("""SELECT max(id) FROM (
    SELECT id FROM app.plan_move WHERE plan_id = :plan AND id > :after ORDER BY id LIMIT :pieces) x""")


def in_moved_zone(
    session: Session, station_id: UUID, plan_id: UUID, after: int
) -> tuple[list[Moved], int | None]:
    """Return the open cases in the next pieces of a plan's moved ground, and the last of these pieces.

    `after`: the last piece that was looked at before, 0 at first. The last is None when there are no more.
    """
    at = {"station": station_id, "plan": plan_id, "after": after, "pieces": PIECES}
    rows = session.execute(_IN_MOVED_ZONE, at).all()
    now = clock.now()
    radii = [uncertainty_m(row.accuracy_m, row.method) for row in rows]
    points = [(row.lon, row.lat, now, radius) for row, radius in zip(rows, radii, strict=True)]
    found = areas.areas_at(session, station_id, points)
    moved = []
    for row, point, area in zip(rows, points, found, strict=True):
        here = area or _nearest(session, station_id, *point)
        if here is not None:
            moved.append(
                Moved(row.id, row.accuracy_m, row.grid_id, row.police_grid_id, row.neighbour_grid_id, here)
            )
    return moved, session.scalar(_LAST_PIECE, at)


def _nearest(session: Session, station_id: UUID, lon: float, lat: float, at: datetime, radius: float) -> Any:
    """Return the area of a place outside all grids; None where it is too far from any, so that it stays."""
    try:
        return areas.area_at(session, station_id, lon, lat, at, radius)
    except Refused:
        return None


def followed(cases: Sequence[Moved]) -> dict[str, str]:
    """Return where each case belongs now, as the statement that moves them takes it."""
    rows = [{"id": item.case_id, **routed(item.area, item.accuracy_m)} for item in cases]
    return {"news": orjson.dumps(rows).decode()}
