"""Changes to the ground: import a plan, publish it, post people; each records one event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from geoalchemy2.shape import from_shape, to_shape
from shapely import MultiPolygon, Polygon
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from collectors.records import AreaRecord
from gis import coords, coverage
from webapp.areas import history, queries
from webapp.areas.models import (
    Community,
    Grid,
    GridShape,
    Plan,
    PoliceGrid,
    PoliceGridShape,
    Posting,
)
from webapp.areas.reading import check, police_name, polygonal
from webapp.areas.rules import (
    PlanState,
    may_withdraw,
    publish_problem,
)
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Forbidden, Problem, Refused
from webapp.core.events import record
from webapp.people.queries import station
from webapp.people.rules import plan_approval


def import_plan(
    session: Session,
    plan_id: UUID,
    records: Sequence[AreaRecord],
    *,
    name: str,
    by: Actor,
    whole_ground: bool = True,
    owners: Mapping[str, UUID] | None = None,
    base_plan_id: UUID | None = None,
    source: Mapping[str, Any] | None = None,
) -> Plan:
    """Make a draft plan of imported grids, bound to their police grids.

    The police grid of a grid stands in its column `police_grid` (警格); without one, each community is a
    police grid. Raises Refused with every fault of the coverage and its place (WGS 84); nothing is kept then.
    `whole_ground`: the grids must fill the station's ground, when the station has one. `owners`: police grids
    that are known, by the grid's code. `base_plan_id`: the plan that it was drawn upon.
    """
    ground = station(session, by).ground
    check(records, polygonal(to_shape(ground)) if whole_ground and ground is not None else None)
    number = (session.scalar(select(func.max(Plan.number)).where(Plan.station_id == by.station_id)) or 0) + 1
    said = {"records": len(records), "crs": records[0].crs, **(source or {})}
    plan = Plan(
        id=plan_id, station_id=by.station_id, number=number, name=name, source=said, base_plan_id=base_plan_id
    )
    session.add(plan)
    session.flush()
    communities = _communities(session, records, by)
    by_police: dict[UUID, list[Polygon | MultiPolygon]] = defaultdict(list)
    known = owners or {}
    police = _police_grids(session, [item for item in records if item.code not in known], communities, by)
    grids = _grids(session, records, communities, by)
    for item in records:
        owner = known.get(item.code) or police[police_name(item, communities)].id
        by_police[owner].append(polygonal(item.geometry))
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


def _police_grids(
    session: Session, records: Sequence[AreaRecord], communities: dict[str, Community], by: Actor
) -> dict[str, PoliceGrid]:
    names = list(dict.fromkeys(police_name(item, communities) for item in records))
    found = {
        p.name: p
        for p in session.scalars(
            select(PoliceGrid).where(
                _own(PoliceGrid, by), PoliceGrid.name.in_(names), PoliceGrid.retired_at.is_(None)
            )
        )
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
    used = [item for item in records if item.code in found and found[item.code].retired_at is not None]
    if used:
        wrong = [
            Problem(f"/features/{item.number - 1}/code", "code_retired", {"code": item.code}) for item in used
        ]
        raise Refused(problems=wrong[:200])
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


def _shape(plan: Plan, grid: Grid, owner: UUID, item: AreaRecord) -> GridShape:
    return GridShape(
        plan_id=plan.id,
        grid_id=grid.id,
        station_id=plan.station_id,
        police_grid_id=owner,
        geom=from_shape(item.geometry, 4326),
        area_m2=coords.area_m2(item.geometry),
        households=item.households or 0,
        population=item.population or 0,
    )


def submit(session: Session, plan: Plan, *, valid_from: datetime | None = None, by: Actor) -> Plan:
    """Hand a draft plan to a second person; from here on its shapes stand still. Raises Conflict 'state'."""
    _take_turn(session, plan)
    if plan.state != PlanState.DRAFT:
        raise Conflict("state", state=plan.state)
    plan.state, plan.submitted_by, plan.submitted_at = PlanState.IN_REVIEW, by.person_id, clock.now()
    plan.wish_from = _start(valid_from, by) if valid_from else None
    record(session, "areas.submitted", kind="plan", subject=plan.id, by=by, number=plan.number)
    return plan


def approve(session: Session, plan: Plan, *, by: Actor) -> Plan:
    """Approve a submitted plan as the second person; raises Conflict 'state', Forbidden 'own_plan'."""
    _take_turn(session, plan)
    if plan.state != PlanState.IN_REVIEW:
        raise Conflict("state", state=plan.state)
    if by.person_id is None or plan.submitted_by == by.person_id:
        raise Forbidden("own_plan")
    plan.state, plan.approved_by, plan.approved_at = PlanState.APPROVED, by.person_id, clock.now()
    record(session, "areas.approved", kind="plan", subject=plan.id, by=by, number=plan.number)
    return plan


def publish(session: Session, plan: Plan, *, valid_from: datetime | None = None, by: Actor) -> Plan:
    """Put a plan into force from a moment on (nothing: as it was submitted, else now); it is frozen then.

    The plan before it ends there. What changes hands against that one is kept (`plan_move`), with the
    lineage of grids that were divided or joined; the event holds how much. Raises Conflict: 'state',
    'plan_unapproved' while the station wants a second person's approval (the machine itself needs none),
    'plan_order' when another begins then or later, 'plan_outdated' when it was drawn upon another plan than
    the one before it; Refused 'plan_past' for a date that is over.
    """
    _take_turn(session, plan)
    approval = plan_approval(station(session, by).settings) and by.person_id is not None
    problem = publish_problem(plan.state, approval=approval)
    if problem:
        raise Conflict(problem, state=plan.state)
    start = _start(valid_from or plan.wish_from, by)
    later = queries.plan_from(session, by.station_id, start)
    if later is not None:
        raise Conflict("plan_order", at=clock.shown(later))
    before = queries.plan_at(session, by.station_id, start)
    if plan.base_plan_id is not None and (before is None or before.id != plan.base_plan_id):
        raise Conflict("plan_outdated")
    if before is not None:
        session.execute(update(Plan).where(Plan.id == before.id).values(valid_to=start))
    plan.state, plan.valid_from, plan.published_at = PlanState.PUBLISHED, start, clock.now()
    plan.begun_at = plan.published_at if before is None else None  # nothing to follow
    session.flush()
    told = _keep_change(session, before, plan, start) if before is not None else {"moves": 0, "moved_m2": 0}
    record(session, "areas.published", kind="plan", subject=plan.id, by=by, number=plan.number, **told)
    return plan


_TURN = text("SELECT app.plans_turn()")


def _take_turn(session: Session, plan: Plan) -> None:
    """Wait until nobody else decides about plans, then look at the plan as it is now."""
    session.flush()
    session.execute(_TURN)
    session.refresh(plan)


# A clock that runs a little behind ours means "now".
_LATE = timedelta(minutes=5)


def _start(wish: datetime | None, by: Actor) -> datetime:
    """Return when a plan begins; only the machine, which loads past years, dates back."""
    now = clock.now()
    if wish is None or by.person_id is None:
        return wish or now
    if wish < now - _LATE:
        raise Refused(problems=[Problem("/valid_from", "plan_past")])
    return max(wish, now)


def _keep_change(session: Session, before: Plan, plan: Plan, start: datetime) -> dict[str, Any]:
    """Keep what changes hands from one plan to the next; end what is no more; return how much moves."""
    change = history.change(session, before, plan)
    session.add_all(change.moves)
    session.add_all(change.lineage)
    _retire(session, Grid, change.gone, start)
    _retire(session, PoliceGrid, change.gone_beats, start)
    return {"moves": len(change.moves), "moved_m2": round(sum(row.area_m2 for row in change.moves))}


def _retire(session: Session, model: Any, ids: set[UUID], at: datetime | None) -> None:
    if ids:
        session.execute(update(model).where(model.id.in_(ids)).values(retired_at=at))


def withdraw(session: Session, plan: Plan, *, by: Actor) -> Plan:
    """Take a plan back before it is in force; the one before it goes on. Its own codes are used up.

    Raises Conflict: 'state' when it is in force already or was withdrawn, 'plan_followed' when another
    plan was published to come after it.
    """
    _take_turn(session, plan)
    now = clock.now()
    if not may_withdraw(plan.state, plan.valid_from, now):
        raise Conflict("state", state=plan.state)
    was_published = plan.state == PlanState.PUBLISHED
    if was_published and history.follower(session, plan) is not None:
        raise Conflict("plan_followed")
    before = history.plan_before(session, plan) if was_published else None
    plan.state, plan.withdrawn_at = PlanState.WITHDRAWN, now
    session.flush()
    if was_published:
        fresh, fresh_beats = history.only_in(session, plan.id)
        _retire(session, Grid, fresh, now)
        _retire(session, PoliceGrid, fresh_beats, now)
    if before is not None:
        ended, ended_beats = history.ended_by(session, before.id, plan.id)
        _retire(session, Grid, ended, None)
        _retire(session, PoliceGrid, ended_beats, None)
        session.execute(update(Plan).where(Plan.id == before.id).values(valid_to=None))
    record(session, "areas.withdrawn", kind="plan", subject=plan.id, by=by, number=plan.number)
    return plan


def start(session: Session, plan: Plan, *, by: Actor) -> bool:
    """Let postings and names follow a plan whose date has come; say whether that was due.

    Who was posted to a grid that was divided or joined answers for its heirs too, from the plan's beginning.
    Twice does nothing the second time. Cases follow by the event.
    """
    session.refresh(plan, with_for_update=True)
    now = clock.now()
    if plan.state != PlanState.PUBLISHED or plan.begun_at or plan.valid_from is None or plan.valid_from > now:
        return False
    plan.begun_at = now
    for posting, successor, gone in history.postings_on(session, plan.id, plan.valid_from):
        _follow(session, posting, plan.valid_from, gone, grid_id=successor, by=by)
    for posting, successor in history.beats_left(session, plan.id, plan.valid_from):
        _follow(session, posting, plan.valid_from, True, police_grid_id=successor, by=by)
    for model, names in ((Grid, "grids"), (PoliceGrid, "police_grids")):
        for key, name in plan.source.get("names", {}).get(names, {}).items():
            session.execute(update(model).where(model.id == UUID(key)).values(name=name))
    record(session, "areas.started", kind="plan", subject=plan.id, by=by, number=plan.number)
    return True


def _follow(
    session: Session,
    posting: Posting,
    at: datetime,
    gone: bool,
    *,
    grid_id: UUID | None = None,
    police_grid_id: UUID | None = None,
    by: Actor,
) -> None:
    """Give whoever was posted to ground that is another's now the same duty there."""
    if not history.posted_already(session, posting, grid_id, police_grid_id, at):
        post(session, posting.person_id, duty=posting.duty, grid_id=grid_id, police_grid_id=police_grid_id,
             since=at, by=by)  # fmt: skip
    if gone and posting.since_at < at:
        posting.until_at = at


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
