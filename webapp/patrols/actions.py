"""Changes to patrols: keep a walk with its fixes, keep presence; each records one event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely import LineString, MultiLineString, Polygon
from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from gis import reach, tracks
from webapp.areas import queries as areas
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.events import record
from webapp.patrols.models import Fix, GridPresence, Patrol
from webapp.patrols.rules import GAP_S, MAX_ACCURACY_M, MAX_SPEED_MPS, SIMPLIFY_M

GridAreas = Sequence[tuple[str, Polygon]]


def keep_patrol(session: Session, patrol: Patrol, fixes: Sequence[tracks.Fix], *, by: Actor) -> Patrol:
    """Keep a patrol with its raw fixes (WGS 84), and the cleaned, simplified line for maps."""
    good = tracks.clean(fixes, MAX_SPEED_MPS, MAX_ACCURACY_M)
    parts = tracks.split(good, GAP_S)
    lines = _lines(parts)
    patrol.walked_m = round(sum(tracks.walked_m(part) for part in parts))
    patrol.track = from_shape(lines, 4326) if not lines.is_empty else None
    session.add(patrol)
    session.flush()
    session.execute(_KEEP_FIXES, {"patrol": patrol.id, "station": patrol.station_id, **_columns(fixes)})
    record(session, "patrols.kept", kind="patrol", subject=patrol.id, by=by, fixes=len(fixes))
    return patrol


# One statement a patrol: arrays are several times cheaper than a row of parameters for each fix.
_KEEP_FIXES = text("""
    INSERT INTO app.fix (patrol_id, seq, station_id, at, lon, lat, raw_x, raw_y, accuracy_m)
    SELECT :patrol, f.seq - 1, :station, f.at, f.lon, f.lat, f.lon, f.lat, f.accuracy
    FROM unnest(CAST(:at AS timestamptz[]), CAST(:lon AS float8[]), CAST(:lat AS float8[]),
                CAST(:accuracy AS float8[])) WITH ORDINALITY AS f (at, lon, lat, accuracy, seq)""")


def _columns(fixes: Sequence[tracks.Fix]) -> dict[str, list[Any]]:
    return {
        "at": [fix.at for fix in fixes],
        "lon": [fix.lon for fix in fixes],
        "lat": [fix.lat for fix in fixes],
        "accuracy": [fix.accuracy_m for fix in fixes],
    }


def _lines(parts: Sequence[Sequence[tracks.Fix]]) -> MultiLineString:
    simple = [tracks.simplify(part, SIMPLIFY_M) for part in parts]
    return MultiLineString([LineString([(f.lon, f.lat) for f in part]) for part in simple if len(part) > 1])


def rebuild_presence(session: Session, *, by: Actor) -> int:
    """Make the station's presence per grid and day anew from the fixes; return how many grid days."""
    plan = areas.plan_at(session, by.station_id, clock.now())
    shapes = [] if plan is None else session.execute(areas.grid_rows(plan.id)).all()
    grids: list[tuple[str, Polygon]] = [(str(row.id), cast(Polygon, to_shape(row.geom))) for row in shapes]
    shapely.prepare([polygon for _code, polygon in grids])
    own = GridPresence.station_id == by.station_id
    session.execute(delete(GridPresence).where(own))
    for patrol_id in list(
        session.scalars(
            select(Patrol.id).where(Patrol.station_id == by.station_id).order_by(Patrol.started_at)
        )
    ):
        _add_presence(session, patrol_id, grids, by)
    days = session.scalar(select(func.count()).select_from(GridPresence).where(own)) or 0
    record(session, "patrols.presence_rebuilt", kind="station", subject=by.station_id, by=by, grid_days=days)
    return days


def _add_presence(session: Session, patrol_id: UUID, grids: GridAreas, by: Actor) -> None:
    """Add one patrol to the presence of the grids and days that it touched."""
    rows = session.execute(
        select(Fix.at, Fix.lon, Fix.lat, Fix.accuracy_m).where(Fix.patrol_id == patrol_id).order_by(Fix.seq)
    )
    fixes = tracks.clean(
        [tracks.Fix(r.at, r.lon, r.lat, r.accuracy_m) for r in rows], MAX_SPEED_MPS, MAX_ACCURACY_M
    )
    if not fixes:
        return
    day: date = fixes[0].at.astimezone(clock.SHOWN).date()
    values = [
        {
            "grid_id": UUID(grid),
            "day_on": day,
            "station_id": by.station_id,
            "patrols": 1,
            "seconds": round(seconds),
            "last_at": fixes[-1].at,
        }
        for grid, seconds in reach.seconds_in(grids, fixes).items()
    ]
    if values:
        new = upsert(GridPresence)
        more = {
            "patrols": GridPresence.patrols + 1,
            "seconds": GridPresence.seconds + new.excluded.seconds,
            "last_at": func.greatest(GridPresence.last_at, new.excluded.last_at),
        }
        key = [GridPresence.grid_id, GridPresence.day_on]
        session.execute(new.on_conflict_do_update(index_elements=key, set_=more), values)
