"""Reads about tasks and look-backs, always under the asker's own rights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import Row, and_, func, or_, select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from collectors.waypoints import Waypoint
from webapp.areas.models import Grid, GridShape
from webapp.areas.queries import plan_at
from webapp.cases.models import Case, HazardClass, Voice
from webapp.core.actor import Actor
from webapp.core.errors import NotFound, Problem, Refused
from webapp.core.events import Event
from webapp.core.i18n import choose
from webapp.people.models import Person, Team
from webapp.people.queries import role_of
from webapp.tasks import rules
from webapp.tasks.models import LookBack, LookBackRule, Task, TaskPhoto

MOST = 500
DONE_HOURS = 24
_MINE = func.app.addressed_to_me(Task.to_person, Task.to_team, Task.to_grid, Task.taken_by)


def task(session: Session, task_id: UUID) -> Task:
    """Return one task; raise NotFound when absent or not for the asker."""
    found = known_task(session, task_id)
    if found is None:
        raise NotFound()
    return found


def known_task(session: Session, task_id: UUID) -> Task | None:
    """Return the task with an id as far as the asker may see it."""
    found: Task | None = session.scalar(_whole().where(Task.id == task_id))
    return found


def _whole() -> Any:
    """The select of tasks with all that a list names, in few statements."""
    named = [Task.grid, Task.person, Task.team, Task.posted_grid, Task.giver, Task.taker, Task.ender]
    return select(Task).options(
        *(joinedload(item) for item in named),
        joinedload(Task.case).joinedload(Case.hazard_class),
        selectinload(Task.photos),
    )


@dataclass(frozen=True)
class Entry:
    """A task of somebody's list: where it stands in the day, how far it is from the start, what he may do."""

    task: Task
    lon: float
    lat: float
    part: str
    mine: bool
    metres: float | None
    verbs: tuple[str, ...]


def entries(
    session: Session, by: Actor, now: datetime, start: tuple[float, float] | None = None, *, mine: bool = True
) -> list[Entry]:
    """Return the asker's tasks in the order of the day list: overdue first, then as one walks, done last.

    With `mine` off all that he may see: a chief the whole station's, everybody also what he gave to others.
    `start` is where the walk begins (lon, lat in WGS 84).
    """
    ended = and_(Task.state.in_(rules.ENDED), Task.told_at > now - timedelta(hours=DONE_HOURS))
    wanted = _whole().add_columns(_MINE).where(or_(Task.state.in_(rules.ACTIVE), ended))
    if mine:
        wanted = wanted.where(or_(_MINE, Task.ended_by == by.person_id))
    rows = session.execute(wanted.order_by(Task.due_until, Task.id).limit(MOST)).unique()
    return _in_order([_entry(found, bool(own), start, by, now) for found, own in rows], start, now)


def entry(session: Session, task_id: UUID, by: Actor, now: datetime) -> Entry:
    """Return one task as its list tells it; raise NotFound."""
    wanted = _whole().add_columns(_MINE).where(Task.id == task_id)
    row = session.execute(wanted.execution_options(populate_existing=True)).unique().one_or_none()
    if row is None:
        raise NotFound()
    return _entry(row[0], bool(row[1]), None, by, now)


def _entry(found: Task, mine: bool, start: tuple[float, float] | None, by: Actor, now: datetime) -> Entry:
    lon, lat = to_shape(found.geom).coords[0]
    part = rules.part_of_day(found.state, found.due_from, found.due_until, now)
    metres = None if start is None else rules.metres(start, _stop(found, lon, lat))
    given, taken = found.given_by == by.person_id, found.taken_by == by.person_id
    verbs = rules.verbs(found.state, found.kind, mine=mine, given=given, taken_by_me=taken, role=by.role)
    return Entry(found, lon, lat, part, mine, metres, tuple(verbs))


def _stop(found: Task, lon: float, lat: float) -> rules.Stop:
    return rules.Stop(str(found.id), lon, lat, found.due_from, found.due_until)


def _in_order(found: Sequence[Entry], start: tuple[float, float] | None, now: datetime) -> list[Entry]:
    """Return the entries part by part: what is due by clock and way, the rest by the clock alone."""
    listed: list[Entry] = []
    for part in rules.PARTS:
        here = [each for each in found if each.part == part]
        if part in ("overdue", "today"):
            by_id = {str(each.task.id): each for each in here}
            stops = [_stop(each.task, each.lon, each.lat) for each in here]
            here = [by_id[stop.id] for stop in rules.day_order(stops, start, now)]
        elif part == "done":
            here.sort(key=lambda each: (each.task.told_at or now, str(each.task.id)), reverse=True)
        else:
            here.sort(key=lambda each: (each.task.due_from, str(each.task.id)))
        listed += here
    return listed


def open_look_backs(session: Session) -> list[Task]:
    """Return the look-backs that wait for the asker, the first due first; for the lists of form apps."""
    wanted = _whole().where(Task.kind == rules.LOOK_BACK, Task.state.in_(rules.ACTIVE), _MINE)
    wanted = wanted.where(or_(Task.taken_by.is_(None), Task.taken_by == func.app.me()))
    return list(session.scalars(wanted.order_by(Task.due_until, Task.id).limit(MOST)).unique())


def counts(session: Session, by: Actor, now: datetime) -> dict[str, int]:
    """Return how many of the asker's own tasks are overdue, for today, and in all; for a morning's page."""
    rows = session.execute(
        select(Task.due_from, Task.due_until).where(_MINE, Task.state.in_(rules.ACTIVE)).limit(MOST)
    ).all()
    parts = [rules.part_of_day(rules.State.OPEN, row.due_from, row.due_until, now) for row in rows]
    return {"overdue": parts.count("overdue"), "today": parts.count("today"), "open": len(parts)}


def of_case(session: Session, case_id: UUID, by: Actor, now: datetime) -> list[Entry]:
    """Return the tasks about a case that the asker may see, the newest first; look-backs name no case."""
    wanted = _whole().add_columns(_MINE).where(Task.case_id == case_id)
    rows = session.execute(wanted.order_by(Task.created_at.desc()).limit(MOST)).unique()
    return [_entry(found, bool(own), None, by, now) for found, own in rows]


def look_backs(session: Session, case_id: UUID) -> list[tuple[LookBack, Task | None]]:
    """Return the look-backs of a case that the asker may see with their tasks, the last one first."""
    rows = session.execute(
        select(LookBack, Task)
        .outerjoin(Task, Task.id == LookBack.id)
        .where(LookBack.case_id == case_id)
        .order_by(LookBack.number.desc())
    )
    return [(row.LookBack, row.Task) for row in rows]


def planned(session: Session) -> list[LookBack]:
    """Return the look-backs to come, the next first: for the chief, and for nobody else."""
    wanted = select(LookBack).options(joinedload(LookBack.case).joinedload(Case.hazard_class))
    wanted = wanted.where(LookBack.state == "planned").order_by(LookBack.due_on, LookBack.id)
    return list(session.scalars(wanted.limit(MOST)))


def due_look_backs(session: Session, on: date) -> list[LookBack]:
    """Return the planned look-backs whose day has come, locked against another run."""
    wanted = select(LookBack).where(LookBack.state == "planned", LookBack.due_on <= on)
    return list(session.scalars(wanted.order_by(LookBack.id).with_for_update(skip_locked=True)))


def lapsed(session: Session, now: datetime) -> list[Task]:
    """Return the open tasks whose time is over and of which nobody was told yet."""
    wanted = select(Task).where(Task.state.in_(rules.ACTIVE), Task.due_until < now, Task.lapsed_at.is_(None))
    return list(session.scalars(wanted.order_by(Task.id).with_for_update(skip_locked=True)))


def next_number(session: Session, case_id: UUID) -> int:
    """Return the number of a case's next look-back."""
    last = session.scalar(select(func.max(LookBack.number)).where(LookBack.case_id == case_id))
    return (last or 0) + 1


def look_back_rules(session: Session, on: date) -> list[LookBackRule]:
    """Return the rules in force on a day, everybody's first."""
    force = and_(
        LookBackRule.valid_from <= on, or_(LookBackRule.valid_to.is_(None), LookBackRule.valid_to > on)
    )
    order = (LookBackRule.station_id.is_not(None), LookBackRule.class_code, LookBackRule.priority)
    return list(session.scalars(select(LookBackRule).where(force).order_by(*order)))


def rules_from(session: Session, on: date) -> list[LookBackRule]:
    """Return the rules in force on a day or later, by class and priority; own ones before everybody's."""
    lasting = or_(LookBackRule.valid_to.is_(None), LookBackRule.valid_to > on)
    lasting &= or_(LookBackRule.valid_to.is_(None), LookBackRule.valid_to > LookBackRule.valid_from)
    order = (
        LookBackRule.class_code.nulls_first(),
        LookBackRule.priority,
        LookBackRule.station_id.is_(None),
        LookBackRule.valid_from,
    )
    return list(session.scalars(select(LookBackRule).where(lasting).order_by(*order)))


def as_rules(found: Iterable[LookBackRule]) -> list[rules.LookBackRule]:
    """Return rows as the planning reads them."""
    return [
        rules.LookBackRule(
            row.class_code,
            row.priority,
            tuple(row.days),
            row.jitter_days,
            row.valid_from,
            row.valid_to,
            row.station_id is not None,
        )
        for row in found
    ]


def posted_to(session: Session, grid_id: UUID) -> set[UUID]:
    """Return who is posted to a grid, or to its police grid, and so sees the grid's tasks."""
    return set(session.scalar(text("SELECT app.posted_to(:grid)"), {"grid": grid_id}) or ())


def is_mine(session: Session, task_id: UUID) -> bool:
    """Say whether a task is addressed to the asker."""
    return bool(session.scalar(select(_MINE).where(Task.id == task_id)))


def locked_task(session: Session, task_id: UUID) -> Task:
    """Return a task for changing it, its row locked against a second person; raise NotFound."""
    locked = select(Task).where(Task.id == task_id).with_for_update(of=Task)
    found = session.scalars(locked, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFound()
    return found


def is_planned(session: Session, case_id: UUID, closed_at: datetime) -> bool:
    """Say whether the look-backs of a closing are planned already."""
    wanted = select(LookBack.id).where(LookBack.case_id == case_id, LookBack.closed_at == closed_at)
    return session.scalar(wanted.limit(1)) is not None


def doers(session: Session, case: Case) -> set[UUID]:
    """Return who did the work of a case: its handler, and whoever took one of its steps to the end."""
    # Who verified it was the second person then, and may be it again.
    closed = and_(Event.name == "cases.closed", Event.data["verb"].astext == "close")
    ended = or_(Event.name == "cases.fed_back", closed)
    found = set(session.scalars(select(Event.by_id).where(Event.subject_id == case.id, ended)))
    return {person for person in (case.handler_id, case.fed_back_by, *found) if person is not None}


def reporters(session: Session, case: Case) -> set[UUID]:
    """Return who reported a case or added a voice to it."""
    voices = session.scalars(select(Voice.person_id).where(Voice.case_id == case.id))
    return {person for person in (case.reporter_id, *voices) if person is not None}


def look_back(session: Session, look_back_id: UUID) -> LookBack | None:
    """Return a look-back for writing its result, locked; None when there is none."""
    return session.scalar(select(LookBack).where(LookBack.id == look_back_id).with_for_update())


def team_known(session: Session, team_id: UUID) -> bool:
    """Say whether there is such a team in the asker's station."""
    return session.scalar(select(Team.id).where(Team.id == team_id)) is not None


def is_officer(session: Session, person_id: UUID | None) -> bool:
    """Say whether a person may know of restricted matters."""
    return person_id is not None and role_of(session, person_id) in ("officer", rules.CHIEF)


def photo(session: Session, photo_id: int) -> TaskPhoto:
    """Return one photo of a result; raise NotFound when absent or not for the asker."""
    found = session.get(TaskPhoto, photo_id)
    if found is None:
        raise NotFound()
    return found


def my_grids(session: Session) -> set[UUID]:
    """Return the grids that the asker answers for now."""
    return set(session.scalars(text("SELECT app.my_grids()")))


def grid_point(session: Session, by: Actor, grid_id: UUID, now: datetime) -> tuple[float, float]:
    """Return a point (lon, lat) inside a grid as drawn now; raise Refused when there is no such grid."""
    plan = plan_at(session, by.station_id, now)
    inner = func.ST_PointOnSurface(GridShape.geom)
    wanted = select(func.ST_X(inner), func.ST_Y(inner)).where(
        GridShape.grid_id == grid_id, GridShape.plan_id == (plan.id if plan else None)
    )
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise Refused(problems=[Problem("/to_grid", "grid_unknown")])
    return row[0], row[1]


def receivers(session: Session, by: Actor, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return whom the asker may give a task to: persons whom he may see, teams, and his grids."""
    plan = plan_at(session, by.station_id, now)
    people = session.execute(
        text("""SELECT p.id, p.name, p.category, app.role_of(p.id) AS role FROM app.person p
            WHERE p.station_id = app.my_station() AND p.left_on IS NULL ORDER BY p.name, p.id LIMIT 1000""")
    )
    wanted = select(Grid.id, Grid.code, Grid.name).join(GridShape, GridShape.grid_id == Grid.id)
    wanted = wanted.where(GridShape.plan_id == (plan.id if plan else None)).order_by(Grid.code)
    if by.role != rules.CHIEF:
        wanted = wanted.where(Grid.id.in_(my_grids(session)))
    return {
        "people": [row._asdict() for row in people if row.role in rules.DOERS],
        "teams": [row._asdict() for row in session.execute(select(Team.id, Team.name).order_by(Team.name))],
        "grids": [row._asdict() for row in session.execute(wanted)],
    }


def may_do(session: Session, person_id: UUID) -> bool:
    """Say whether a person is one of the asker's station whom he knows, with an account that can do tasks."""
    known = session.scalar(select(Person.id).where(Person.id == person_id, Person.left_on.is_(None)))
    return known is not None and role_of(session, person_id) in rules.DOERS


def problem_places(session: Session, grid_id: UUID, since: datetime, until: datetime) -> list[Row[Any]]:
    """Return (id, lon, lat, class title, closed_at) of a grid's closed problem places, the newest first."""
    rows = session.execute(
        select(
            Case.id,
            func.ST_X(Case.geom).label("lon"),
            func.ST_Y(Case.geom).label("lat"),
            HazardClass.title,
            Case.closed_at,
        )
        .join(
            HazardClass, and_(HazardClass.code == Case.class_code, HazardClass.version == Case.class_version)
        )
        .where(
            Case.grid_id == grid_id,
            Case.state == "closed",
            Case.kind.in_(rules.LOOKED_BACK_AT),
            Case.restricted.is_(False),
            Case.closed_at >= since,
            Case.closed_at < until,
        )
        .order_by(Case.closed_at.desc(), Case.id)
        .limit(MOST)
    )
    return list(rows)


def waypoints(session: Session, grid_id: UUID, monday: date, after: date) -> list[Waypoint]:
    """Return what a patrol of a week passes in a grid: places of problems closed in the 90 days before.

    Places within 30 m are one waypoint; in the order of walking from the northernmost. It names no planned
    look-back: the list is the same whether one is due or not.
    """
    until = rules.midnight(after)
    since = until - timedelta(days=rules.PATROL_DAYS)
    merged: list[dict[str, Any]] = []
    for row in problem_places(session, grid_id, since, until):
        stop = rules.Stop(str(row.id), row.lon, row.lat, since, until)
        near = next(
            (m for m in merged if rules.metres((m["lon"], m["lat"]), stop) <= rules.SAME_PLACE_M), None
        )
        if near is not None:
            near["titles"].append(choose(row.title))
        elif len(merged) < rules.MOST_WAYPOINTS:
            merged.append({"lon": row.lon, "lat": row.lat, "titles": [choose(row.title)], "stop": stop})
    if not merged:
        return []
    top = max(merged, key=lambda m: m["lat"])
    by_id = {m["stop"].id: m for m in merged}
    walk = rules.day_order([m["stop"] for m in merged], (top["lon"], top["lat"]), since)
    places = [by_id[stop.id] for stop in walk]
    return [
        Waypoint(n, m["lon"], m["lat"], " · ".join(dict.fromkeys(m["titles"])), len(m["titles"]))
        for n, m in enumerate(places, 1)
    ]
