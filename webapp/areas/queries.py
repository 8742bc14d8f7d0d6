"""Reads about the ground: which grid is here, whose is it, and what is drawn in a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import Row, Select, func, or_, select, text
from sqlalchemy.orm import Session

from collectors.records import AreaRecord
from gis import coords
from webapp.areas.models import (
    Community,
    Division,
    Grid,
    GridShape,
    Plan,
    PoliceGrid,
    PoliceGridShape,
)
from webapp.areas.rules import MARGIN_M, NEAR_BORDER, OUTSIDE_GRIDS
from webapp.core.errors import Conflict, NotFound, Problem, Refused


@dataclass(frozen=True)
class Area:
    """Where a point belongs at a time: plan, grid, police grid, and what is doubtful about it."""

    plan_id: UUID
    grid_id: UUID
    grid_code: str
    grid_name: str
    police_grid_id: UUID
    police_grid_code: str
    police_grid_name: str
    neighbour_grid_id: UUID | None
    neighbour_code: str | None
    neighbour_name: str | None
    flag: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A grid near a point, as app.areas_near tells it."""

    plan_id: UUID
    grid_id: UUID
    code: str
    name: str
    police_grid_id: UUID
    police_code: str
    police_name: str
    covers: bool
    metres: float


def candidate(row: Sequence[Any]) -> Candidate:
    """Return a candidate from the array that app.before_report makes of it."""
    plan, grid, code, name, police_grid, *rest = row
    return Candidate(UUID(plan), UUID(grid), code, name, UUID(police_grid), *rest)


# The statement itself is the function app.areas_near (migrations/sql): its plan is kept per connection, and
# a volunteer needs no right to read what lies around.
_AREAS_NEAR = text("SELECT * FROM app.areas_near(:station, :at, :lon, :lat, :kx, :ky, :radius)")
_AREAS_OF_MANY = text("""
    SELECT p.place, a.*
    FROM unnest(CAST(:ats AS timestamptz[]), CAST(:lons AS float8[]), CAST(:lats AS float8[]),
                CAST(:kxs AS float8[]), CAST(:kys AS float8[]), CAST(:radii AS float8[]))
         WITH ORDINALITY AS p (at, lon, lat, kx, ky, radius, place)
    CROSS JOIN LATERAL app.areas_near(:station, p.at, p.lon, p.lat, p.kx, p.ky, p.radius) a
    ORDER BY p.place, a.covers DESC, a.metres, a.code""")


def area_at(
    session: Session, station_id: UUID, lon: float, lat: float, at: datetime, radius_m: float = 0.0
) -> Area:
    """Return the area of a WGS 84 point at a moment, in the plan in force then.

    A point on a shared border belongs to the grid with the lower code. When the circle of `radius_m`
    reaches into another grid, that grid is named as neighbour (the nearest one). A point outside all
    grids belongs to the nearest grid, flagged; raises Refused 'outside_station' beyond 5 km, Conflict
    'no_plan' when no plan was in force.
    """
    rows = _candidates(session, station_id, lon, lat, at, max(radius_m, 1.0))
    if not rows or not rows[0].covers:
        rows = _candidates(session, station_id, lon, lat, at, MARGIN_M)
    return area_of(session, rows, station_id, lon, lat, at, radius_m)


def area_of(
    session: Session,
    rows: Sequence[Candidate],
    station_id: UUID,
    lon: float,
    lat: float,
    at: datetime,
    radius_m: float,
) -> Area:
    """Return the area of a point whose candidates are known, best first; raises as `area_at` does."""
    if not rows or (not rows[0].covers and rows[0].metres > MARGIN_M):
        raise _nowhere(session, station_id, lon, lat, at)
    return _area(rows, radius_m)


def areas_at(
    session: Session, station_id: UUID, points: Sequence[tuple[float, float, datetime, float]]
) -> list[Area | None]:
    """Return the areas of many points (lon, lat in WGS 84, moment, radius in metres) in one statement.

    None for a point that no grid covers then: `area_at` says what is with it.
    """
    if not points:
        return []
    scales = [coords.metres_per_degree(p[1]) for p in points]
    values = {
        "station": station_id,
        "lons": [p[0] for p in points],
        "lats": [p[1] for p in points],
        "ats": [p[2] for p in points],
        "radii": [max(p[3], 1.0) for p in points],
        "kxs": [scale[0] for scale in scales],
        "kys": [scale[1] for scale in scales],
    }
    found: list[list[Candidate]] = [[] for _point in points]
    for row in session.execute(_AREAS_OF_MANY, values):
        found[row.place - 1].append(Candidate(*row[1:]))
    return [
        _area(rows, point[3]) if rows and rows[0].covers else None
        for rows, point in zip(found, points, strict=True)
    ]


def _area(rows: Sequence[Candidate], radius_m: float) -> Area:
    own = rows[0]
    near = next((row for row in rows[1:] if row.metres <= radius_m), None)
    flag = OUTSIDE_GRIDS if not own.covers else NEAR_BORDER if near is not None else None
    return Area(
        own.plan_id,
        own.grid_id,
        own.code,
        own.name,
        own.police_grid_id,
        own.police_code,
        own.police_name,
        near.grid_id if near is not None else None,
        near.code if near is not None else None,
        near.name if near is not None else None,
        flag,
    )


def _candidates(
    session: Session, station_id: UUID, lon: float, lat: float, at: datetime, radius_m: float
) -> list[Candidate]:
    # Metres by the scale of this latitude: true to a thousandth over the five kilometres that matter.
    kx, ky = coords.metres_per_degree(lat)
    values = {"lon": lon, "lat": lat, "station": station_id, "at": at, "kx": kx, "ky": ky, "radius": radius_m}
    return [Candidate(*row) for row in session.execute(_AREAS_NEAR, values)]


def _nowhere(session: Session, station_id: UUID, lon: float, lat: float, at: datetime) -> Exception:
    plan = plan_at(session, station_id, at)
    if plan is None:
        return Conflict("no_plan")
    metres = session.scalar(
        text("""SELECT ST_Distance(ST_Extent(s.geom)::geometry::geography,
                ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography)
            FROM app.grid_shape s WHERE s.plan_id = :plan"""),
        {"lon": lon, "lat": lat, "plan": plan.id},
    )
    return Refused(problems=[Problem("/place", "outside_station", {"km": round((metres or 0) / 1000, 1)})])


def plan_at(session: Session, station_id: UUID, at: datetime) -> Plan | None:
    """Return the plan in force at a moment."""
    return session.scalar(
        select(Plan).where(
            Plan.station_id == station_id,
            Plan.state == "published",
            Plan.valid_from <= at,
            or_(Plan.valid_to.is_(None), Plan.valid_to > at),
        )
    )


def plan_from(session: Session, station_id: UUID, at: datetime) -> datetime | None:
    """Return the last beginning of a published plan at `at` or later, None when there is none."""
    return session.scalar(
        select(func.max(Plan.valid_from)).where(
            Plan.station_id == station_id, Plan.state == "published", Plan.valid_from >= at
        )
    )


def plan(session: Session, plan_id: UUID) -> Plan:
    """Return one plan; raise NotFound when absent."""
    found = session.get(Plan, plan_id)
    if found is None:
        raise NotFound()
    return found


def plan_records(session: Session, plan_id: UUID) -> list[AreaRecord]:
    """Return a plan's grids as records of files, with the police grid's name as a property."""
    rows = session.execute(grid_rows(plan_id).add_columns(Community.name.label("community")).join(Community))
    return [
        AreaRecord(
            number=number,
            code=row.code,
            name=row.name,
            geometry=to_shape(row.geom),
            raw_geometry=to_shape(row.geom),
            community=row.community,
            kind=row.kind,
            households=row.households,
            population=row.population,
            properties={"police_grid": row.police_grid},
        )
        for number, row in enumerate(rows, 1)
    ]


def plans(session: Session) -> list[Plan]:
    """Return the station's plans, newest first."""
    return list(session.scalars(select(Plan).order_by(Plan.number.desc())))


def grid_rows(plan_id: UUID) -> Select[Any]:
    """Return the select of a plan's grids with shape, names and police grid."""
    return (
        select(
            Grid.id,
            Grid.code,
            Grid.name,
            Grid.kind,
            GridShape.households,
            GridShape.population,
            GridShape.area_m2,
            GridShape.police_grid_id,
            PoliceGrid.name.label("police_grid"),
            GridShape.geom,
        )
        .join(Grid, Grid.id == GridShape.grid_id)
        .join(PoliceGrid, PoliceGrid.id == GridShape.police_grid_id)
        .where(GridShape.plan_id == plan_id)
        .order_by(Grid.code)
    )


def police_grid_rows(plan_id: UUID) -> Select[Any]:
    """Return the select of a plan's police grids with shape."""
    return (
        select(PoliceGrid.id, PoliceGrid.code, PoliceGrid.name, PoliceGridShape.geom)
        .join(PoliceGrid, PoliceGrid.id == PoliceGridShape.police_grid_id)
        .where(PoliceGridShape.plan_id == plan_id)
        .order_by(PoliceGrid.code)
    )


def on_duty(session: Session, grid_id: UUID, police_grid_id: UUID, at: datetime) -> list[Row[Any]]:
    """Return (person_id, name, duty) of the people who answer for a grid at a moment.

    Deputies stand in the place of who is away; who is away without one is left out.
    """
    wanted = {"grid": grid_id, "police": police_grid_id, "at": at}
    return list(session.execute(_ON_DUTY, wanted))


# The roster belongs to the room `duty` above; its functions are asked by their names alone.
_ON_DUTY = text("""
    SELECT DISTINCT m.id AS person_id, m.name, p.duty
    FROM app.posting p
    LEFT JOIN app.stand_ins(:at) i ON i.person_id = p.person_id
    JOIN app.person m ON m.id = CASE WHEN i.person_id IS NULL THEN p.person_id ELSE i.deputy_id END
    WHERE (p.grid_id = :grid OR p.police_grid_id = :police)
      AND p.since_at <= :at AND (p.until_at IS NULL OR p.until_at > :at)
    ORDER BY p.duty, m.name""")
_DESK = text("""
    SELECT d.person_id, m.name, d.kind, d.until_at, d.shift_id
    FROM app.desk_at(:at) d JOIN app.person m ON m.id = d.person_id ORDER BY d.kind DESC, m.name""")


def duty_desk(session: Session, at: datetime) -> list[Row[Any]]:
    """Return (person_id, name, kind, until_at, shift_id) of who has the station's duty desk at a moment."""
    return list(session.execute(_DESK, {"at": at}))


def police_grids(session: Session, station_id: UUID) -> list[Row[Any]]:
    """Return (id, name) of the station's police grids, for the filter."""
    own = select(PoliceGrid.id, PoliceGrid.name).where(PoliceGrid.station_id == station_id)
    return list(session.execute(own.order_by(PoliceGrid.code)))


def division_names(session: Session, codes: list[str]) -> dict[str, str]:
    """Return the names of statistical divisions by code."""
    rows = session.execute(select(Division.code, Division.name).where(Division.code.in_(codes)))
    return {row.code: row.name for row in rows}


@dataclass(frozen=True)
class Destination:
    """The names of grid and police grid that a place would go to, and what is odd about it."""

    grid: str
    police_grid: str
    flag: str | None


# The tie-break of app.areas_near holds: the first row is the grid that has the place, else the nearest.
_DESTINATIONS = text("""
    SELECT p.n, a.name, a.police_name, a.covers
    FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[]), CAST(:kx AS float8[]), CAST(:ky AS float8[]))
        WITH ORDINALITY AS p (lon, lat, kx, ky, n)
    CROSS JOIN LATERAL (
        SELECT * FROM app.areas_near(:station, :at, p.lon, p.lat, p.kx, p.ky, :radius) LIMIT 1) a
    WHERE a.covers OR a.metres <= :radius""")


def destinations(
    session: Session, station_id: UUID, places: list[tuple[float, float]], at: datetime
) -> list[Destination | None]:
    """Return where WGS 84 places would go, in one statement for all; None beyond 5 km from the grids.

    The same answer as `area_at` gives one by one, without neighbours.
    """
    found: list[Destination | None] = [None] * len(places)
    open_numbers = list(range(len(places)))
    for radius in (1.0, MARGIN_M):
        scales = [coords.metres_per_degree(places[n][1]) for n in open_numbers]
        values = {
            "lon": [places[n][0] for n in open_numbers],
            "lat": [places[n][1] for n in open_numbers],
            "kx": [kx for kx, _ky in scales],
            "ky": [ky for _kx, ky in scales],
            "station": station_id,
            "at": at,
            "radius": radius,
        }
        for row in session.execute(_DESTINATIONS, values) if open_numbers else ():
            if row.covers or radius == MARGIN_M:
                flag = None if row.covers else OUTSIDE_GRIDS
                found[open_numbers[row.n - 1]] = Destination(row.name, row.police_name, flag)
        open_numbers = [n for n in open_numbers if found[n] is None]
    return found
