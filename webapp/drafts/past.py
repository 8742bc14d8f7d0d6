"""The ground as it was: a plan drawn small, and the grid of a case then and now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from shapely import Polygon
from sqlalchemy.orm import Session

from gis.coords import metres_per_degree
from webapp.areas.queries import Area, area_at
from webapp.cases.queries import case_by_number
from webapp.cases.rules import walled
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import AppError, NotFound
from webapp.drafts import queries

# Width of the drawing in units of its own.
WIDTH = 1000.0
COLOURS = 8


@dataclass(frozen=True)
class Drawing:
    """A plan as paths of an SVG 1000 wide: its height, and (path, name, police grid, colour) of each grid."""

    height: float
    grids: list[tuple[str, str, str, int]]


def drawing(session: Session, plan_id: UUID) -> Drawing | None:
    """Return a plan drawn small, north up; grids of one police grid have one of eight colours."""
    grids, drawn = queries.plan_grids(session, plan_id)
    beats = queries.plan_beats(session, plan_id)
    if not drawn:
        return None
    west, south = (min(shape.bounds[n] for _key, shape in drawn) for n in (0, 1))
    east, north = (max(shape.bounds[n] for _key, shape in drawn) for n in (2, 3))
    kx, ky = metres_per_degree((south + north) / 2)
    scale = WIDTH / ((east - west) * kx)
    colour = {beat: number % COLOURS for number, beat in enumerate(sorted(beats))}

    def path(shape: Polygon) -> str:
        rings = [shape.exterior, *shape.interiors]
        return " ".join(
            "M"
            + "L".join(
                f"{(x - west) * kx * scale:.1f} {(north - y) * ky * scale:.1f}" for x, y in ring.coords
            )
            for ring in rings
        )

    told = [
        (
            path(shape),
            grids[key]["name"],
            beats[grids[key]["police_grid"]]["name"],
            colour[grids[key]["police_grid"]],
        )
        for key, shape in drawn
    ]
    return Drawing((north - south) * ky * scale, told)


def case_then(session: Session, by: Actor, number: str, at: datetime) -> dict[str, Any] | None:
    """Return a case with the grid of its place at a moment, now, and where it is kept; None without a number.

    Raises NotFound for a case that the asker may not see.
    """
    if not number.strip():
        return None
    found = case_by_number(session, number)
    if walled(found.restricted, found.kind):
        raise NotFound()  # opened on its own page, for a purpose
    lon, lat = to_shape(found.geom).coords[0]
    return {
        "case": found,
        "then": _area(session, by, lon, lat, at),
        "now": _area(session, by, lon, lat, clock.now()),
        "found": _area(session, by, lon, lat, found.reported_at),
    }


def _area(session: Session, by: Actor, lon: float, lat: float, at: datetime) -> Area | None:
    """Return where a place belonged, None where no plan was in force or no grid is near."""
    try:
        return area_at(session, by.station_id, lon, lat, at)
    except AppError:
        return None
