"""Reads about restricted leads and visited people: what lists may tell, under the asker's own rights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, aliased

from webapp.areas.models import Grid, GridShape
from webapp.areas.queries import plan_at
from webapp.cases.models import HazardClass
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.leads import rules
from webapp.leads.models import LeadRead, Visit, VisitInterval, VisitPerson
from webapp.people.models import Person

PAGE = 200
MOST = 500
_MINE = text("""SELECT * FROM app.leads_mine() ORDER BY closed_at IS NOT NULL,
    CASE WHEN closed_at IS NULL THEN due_at END NULLS LAST, reported_at DESC, id""")
_COUNTS = text("SELECT * FROM app.lead_counts()")


def leads(session: Session) -> list[dict[str, Any]]:
    """Return the leads that the asker may open: number, class, grid, clock; no words.

    Open ones come first, by their limit, then those that are closed, newest first.
    """
    titles = {(row.code, row.version): row.title for row in session.execute(_TITLES)}
    rows = session.execute(_MINE).fetchmany(MOST)
    return [{**row._mapping, "class_title": titles[row.class_code, row.class_version]} for row in rows]


_TITLES = select(HazardClass.code, HazardClass.version, HazardClass.title)


def figures(session: Session) -> list[dict[str, str]]:
    """Return per police grid how many leads there are; the database itself hides what is under five."""
    return [
        {"police_grid": row.police_grid, "open": rules.figure(row.open), "year": rules.figure(row.year)}
        for row in session.execute(_COUNTS)
    ]


def waiting(session: Session, now: datetime) -> dict[str, int]:
    """Return for the morning page how many leads wait to be taken over, and how many are late."""
    still = [row for row in session.execute(_MINE) if row.closed_at is None]
    late = sum(row.due_at is not None and row.due_at < now for row in still)
    return {"waiting": sum(not row.handled for row in still), "late": late, "open": len(still)}


def reads(session: Session, before: int | None = None) -> list[Any]:
    """Return (LeadRead, name of the reader), newest first; only who supervises sees any."""
    query = select(LeadRead, Person.name).outerjoin(Person, Person.id == LeadRead.reader_id)
    if before is not None:
        query = query.where(LeadRead.id < before)
    return list(session.execute(query.order_by(LeadRead.id.desc()).limit(PAGE)))


def intervals(session: Session, station_id: UUID) -> dict[str, int]:
    """Return the days between visits by risk class: the station's own, else the usual ones."""
    own = select(VisitInterval.risk, VisitInterval.days).where(VisitInterval.station_id == station_id)
    return {**rules.INTERVALS, **{row.risk: row.days for row in session.execute(own)}}


@dataclass(frozen=True)
class Visited:
    """What a list tells of a visited person."""

    id: UUID
    initials: str
    risk: str
    minor: bool
    grid: str
    grid_id: UUID
    officer_id: UUID
    officer: str | None
    visitor_id: UUID
    visitor: str | None
    second_id: UUID | None
    second: str | None
    last_at: datetime | None
    last_result: str | None
    met_at: datetime | None
    due_at: datetime
    urgency: str


_OFFICER, _VISITOR, _SECOND = (aliased(Person) for _ in range(3))


def visited(session: Session, station_id: UUID, now: datetime) -> list[Visited]:
    """Return the people whom the asker visits or answers for, those due first on top."""
    days = intervals(session, station_id)
    met = select(func.max(Visit.at)).where(Visit.person_id == VisitPerson.id, Visit.result.in_(rules.MET))
    last = select(Visit.result).where(Visit.person_id == VisitPerson.id).order_by(Visit.at.desc()).limit(1)
    last_at = select(func.max(Visit.at)).where(Visit.person_id == VisitPerson.id)
    query = (
        select(
            VisitPerson, Grid.name.label("grid"), _OFFICER.name.label("officer"),
            _VISITOR.name.label("visitor"), _SECOND.name.label("second"),
            met.scalar_subquery().label("met_at"), last.scalar_subquery().label("last_result"),
            last_at.scalar_subquery().label("last_at"),
        )
        .join(Grid, Grid.id == VisitPerson.grid_id)
        .outerjoin(_OFFICER, _OFFICER.id == VisitPerson.officer_id)
        .outerjoin(_VISITOR, _VISITOR.id == VisitPerson.visitor_id)
        .outerjoin(_SECOND, _SECOND.id == VisitPerson.second_id)
        .where(VisitPerson.ended_at.is_(None))
        .limit(5 * PAGE)
    )  # fmt: skip
    return sorted((_told(row, days, now) for row in session.execute(query)), key=lambda item: item.due_at)


def _told(row: Any, days: dict[str, int], now: datetime) -> Visited:
    person = row.VisitPerson
    due = rules.due_at(row.met_at, person.since_at, days[person.risk])
    return Visited(
        id=person.id, initials=person.initials, risk=person.risk, minor=person.minor, grid=row.grid,
        grid_id=person.grid_id, officer_id=person.officer_id, officer=row.officer,
        visitor_id=person.visitor_id, visitor=row.visitor, second_id=person.second_id, second=row.second,
        last_at=row.last_at, last_result=row.last_result, met_at=row.met_at, due_at=due,
        urgency=rules.urgency(due, now),
    )  # fmt: skip


def overdue(session: Session, station_id: UUID, now: datetime) -> list[Visited]:
    """Return for the morning page the people whose visit is overdue."""
    return [item for item in visited(session, station_id, now) if item.urgency == "overdue"]


def visit_person(session: Session, person_id: UUID) -> VisitPerson:
    """Return one visited person without the details; raise NotFound when it is not for the asker."""
    found = session.get(VisitPerson, person_id)
    if found is None:
        raise NotFound()
    return found


def known_person(session: Session, person_id: UUID) -> VisitPerson | None:
    """Return a visited person who is kept already, None for a new one."""
    return session.get(VisitPerson, person_id)


def known_visit(session: Session, visit_id: UUID) -> Any:
    """Return what may be read of a visit that was sent before, None for a new one."""
    columns = (Visit.person_id, Visit.by_id, Visit.at, Visit.result)
    return session.execute(select(*columns).where(Visit.id == visit_id)).one_or_none()


def members(session: Session, by: Actor) -> list[Any]:
    """Return (id, name, category) of those who may be visitors, as far as the asker may know them."""
    here = (Person.station_id == by.station_id) & Person.left_on.is_(None)
    query = select(Person.id, Person.name, Person.category).where(here, ~Person.minor)
    return list(session.execute(query.order_by(Person.category, Person.name).limit(5 * PAGE)))


def grids(session: Session, by: Actor) -> list[Any]:
    """Return (id, name) of the present grids: all for the chief, the own ones for an officer."""
    plan = plan_at(session, by.station_id, clock.now())
    query = select(Grid.id, Grid.name).join(GridShape, GridShape.grid_id == Grid.id)
    query = query.where(GridShape.plan_id == (plan.id if plan else None))
    if by.role != "station_chief":
        query = query.where(Grid.id.in_(select(func.app.my_grids())))
    return list(session.execute(query.order_by(Grid.name)))
