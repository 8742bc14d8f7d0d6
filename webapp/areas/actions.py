"""Changes to the ground: import a plan, publish it, post people; each records one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from geoalchemy2.shape import from_shape, to_shape
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from collectors import codes
from collectors.records import AreaRecord
from collectors.records import Refused as Unreadable
from gis import coords, coverage
from webapp.areas import queries
from webapp.areas.models import Community, Grid, GridShape, Plan, PoliceGrid, PoliceGridShape, Posting
from webapp.areas.rules import POLICE_GRID_COLUMNS, TOLERANCE_M
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.people.queries import station


def import_plan(
    session: Session,
    plan_id: UUID,
    records: Sequence[AreaRecord],
    *,
    name: str,
    by: Actor,
    whole_ground: bool = True,
) -> Plan:
    """Make a draft plan of imported grids, bound to their police grids.

    The police grid of a grid stands in its column `police_grid` (警格); without one, each community is a
    police grid. Raises Refused with every fault of the coverage and its place (WGS 84); nothing is kept then.
    `whole_ground`: the grids must fill the station's ground, when the station has one.
    """
    ground = station(session, by).ground
    _check(records, _polygonal(to_shape(ground)) if whole_ground and ground is not None else None)
    number = (session.scalar(select(func.max(Plan.number)).where(Plan.station_id == by.station_id)) or 0) + 1
    source = {"records": len(records), "crs": records[0].crs}
    plan = Plan(id=plan_id, station_id=by.station_id, number=number, name=name, source=source)
    session.add(plan)
    session.flush()
    communities = _communities(session, records, by)
    by_police: dict[UUID, list[Polygon | MultiPolygon]] = defaultdict(list)
    police = _police_grids(session, records, communities, by)
    grids = _grids(session, records, communities, by)
    for item in records:
        owner = police[_police_name(item, communities)]
        by_police[owner.id].append(_polygonal(item.geometry))
        session.add(_shape(plan, grids[item.code], owner, item))
    for police_id, shapes in by_police.items():
        whole = coverage.union(shapes)
        geom = from_shape(MultiPolygon([whole]) if isinstance(whole, Polygon) else whole, 4326)
        session.add(
            PoliceGridShape(plan_id=plan.id, police_grid_id=police_id, station_id=by.station_id, geom=geom)
        )
    session.flush()
    record(session, "areas.imported", kind="plan", subject=plan.id, by=by, grids=len(records))
    return plan


def _own(model: Any, by: Actor) -> Any:
    """Return the condition 'of the actor's station': the administrator at the machine sees all stations."""
    return model.station_id == by.station_id


def _check(records: Sequence[AreaRecord], ground: Polygon | MultiPolygon | None) -> None:
    problems = []
    seen: set[str] = set()
    for item in records:
        pointer = f"/features/{item.number - 1}/code"
        try:
            codes.grid(item.code)
        except Unreadable as error:
            problems.append(Problem(pointer, error.code, error.params))
        if item.code in seen:
            problems.append(Problem(pointer, "duplicate"))
        seen.add(item.code)
    if not problems:
        found = coverage.faults(
            [(item.code, _polygonal(item.geometry)) for item in records], ground, TOLERANCE_M
        )
        problems = [_fault_problem(fault) for fault in found]
    if problems:
        raise Refused("coverage_faults", count=len(problems), problems=problems[:200])


def _polygonal(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the geometry as what the readers of files let through."""
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise TypeError(geometry.geom_type)
    return geometry


def _fault_problem(fault: coverage.Fault) -> Problem:
    lon, lat = fault.point or (None, None)
    params = {
        "codes": ", ".join(fault.codes),
        "lon": None if lon is None else round(lon, 6),
        "lat": None if lat is None else round(lat, 6),
        "area_m2": round(fault.area_m2 or 0, 1),
        "length_m": round(fault.length_m or 0, 1),
    }
    return Problem(f"/grids/{'+'.join(fault.codes)}", f"fault_{fault.kind}", params)


def _communities(session: Session, records: Sequence[AreaRecord], by: Actor) -> dict[str, Community]:
    """Return the grids' communities by 12-digit code, entering the new ones under their listed names."""
    wanted = sorted({item.code[:12] for item in records})
    found = {
        c.code: c
        for c in session.scalars(select(Community).where(_own(Community, by), Community.code.in_(wanted)))
    }
    listed = queries.division_names(session, wanted)
    given = {item.code[:12]: item.community for item in records if item.community}
    for code in wanted:
        if code not in found:
            name = given.get(code) or listed.get(code) or code
            found[code] = Community(id=uuid4(), station_id=by.station_id, code=code, name=name)
            session.add(found[code])
    session.flush()
    return found


def _police_name(item: AreaRecord, communities: dict[str, Community]) -> str:
    for key in POLICE_GRID_COLUMNS:
        if item.properties.get(key):
            return str(item.properties[key])
    return communities[item.code[:12]].name


def _police_grids(
    session: Session, records: Sequence[AreaRecord], communities: dict[str, Community], by: Actor
) -> dict[str, PoliceGrid]:
    names = list(dict.fromkeys(_police_name(item, communities) for item in records))
    found = {
        p.name: p
        for p in session.scalars(select(PoliceGrid).where(_own(PoliceGrid, by), PoliceGrid.name.in_(names)))
    }
    serial = session.scalar(select(func.count()).select_from(PoliceGrid).where(_own(PoliceGrid, by))) or 0
    home = station(session, by).code
    for name in names:
        if name not in found:
            serial += 1
            code = f"{home}-J{serial:02d}"
            found[name] = PoliceGrid(id=uuid4(), station_id=by.station_id, code=code, name=name)
            session.add(found[name])
    session.flush()
    return found


def _grids(
    session: Session, records: Sequence[AreaRecord], communities: dict[str, Community], by: Actor
) -> dict[str, Grid]:
    wanted = [item.code for item in records]
    found = {g.code: g for g in session.scalars(select(Grid).where(_own(Grid, by), Grid.code.in_(wanted)))}
    for item in records:
        if item.code not in found:
            found[item.code] = Grid(
                id=uuid4(),
                station_id=by.station_id,
                community_id=communities[item.code[:12]].id,
                code=item.code,
                name=item.name or item.code,
                kind=item.kind or "basic",
            )
            session.add(found[item.code])
    session.flush()
    return found


def _shape(plan: Plan, grid: Grid, owner: PoliceGrid, item: AreaRecord) -> GridShape:
    return GridShape(
        plan_id=plan.id,
        grid_id=grid.id,
        station_id=plan.station_id,
        police_grid_id=owner.id,
        geom=from_shape(item.geometry, 4326),
        area_m2=coords.area_m2(item.geometry),
        households=item.households or 0,
        population=item.population or 0,
    )


def publish(session: Session, plan: Plan, *, valid_from: datetime | None = None, by: Actor) -> Plan:
    """Put a draft plan into force from a moment on; the plan before it ends there.

    Raises Conflict: 'state' when the plan is no draft, 'plan_order' when another begins then or later.
    """
    if plan.state != "draft":
        raise Conflict("state", state=plan.state)
    start = valid_from or clock.now()
    later = queries.plan_from(session, by.station_id, start)
    if later is not None:
        raise Conflict("plan_order", at=clock.shown(later))
    before = queries.plan_at(session, by.station_id, start)
    if before is not None:
        session.execute(update(Plan).where(Plan.id == before.id).values(valid_to=start))
    plan.state, plan.valid_from = "published", start
    session.flush()
    record(session, "areas.published", kind="plan", subject=plan.id, by=by, number=plan.number)
    return plan


def post(
    session: Session,
    person_id: UUID,
    *,
    duty: str,
    police_grid_id: UUID | None = None,
    grid_id: UUID | None = None,
    since: datetime | None = None,
    by: Actor,
) -> Posting:
    """Give a person a duty in a police grid or a grid."""
    posting = Posting(
        id=uuid4(),
        station_id=by.station_id,
        person_id=person_id,
        police_grid_id=police_grid_id,
        grid_id=grid_id,
        duty=duty,
        since_at=since or clock.now(),
    )
    session.add(posting)
    session.flush()
    record(session, "areas.posted", kind="person", subject=person_id, by=by, grid=grid_id, duty=duty)
    return posting


def note_unattended(session: Session, grid_id: UUID, *, cases: int, by: Actor) -> bool:
    """Raise the alarm that nobody answers for a grid where `cases` are open; say whether it was due.

    Once a day (China) for each grid: a second worker waits for the first, and sees that it was done.
    """
    session.execute(_ALARM_TURN, {"grid": str(grid_id)})
    today = clock.now().astimezone(clock.SHOWN).replace(hour=0, minute=0, second=0, microsecond=0)
    if session.scalar(_ALARMED, {"grid": grid_id, "today": today}):
        return False
    record(session, "areas.unattended", kind="grid", subject=grid_id, grid=grid_id, by=by, cases=cases)
    return True


_ALARM_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('areas.unattended:' || :grid, 0))")
_ALARMED = text("""SELECT EXISTS (SELECT FROM app.event
    WHERE subject_id = :grid AND name = 'areas.unattended' AND at >= :today)""")
