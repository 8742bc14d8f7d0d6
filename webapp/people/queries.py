"""Reads about stations, persons and devices, under the asker's own rights."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.people.models import Contact, Device, Person, PointEntry, Station, Team
from webapp.people.rules import HANDLING_ROLES, PHONE_ROLES


def station(session: Session, by: Actor) -> Station:
    """Return the actor's station."""
    return session.scalars(select(Station).where(Station.id == by.station_id)).one()


def station_ids(session: Session) -> list[UUID]:
    """Return all stations; only the worker sees more than its own."""
    return list(session.scalars(select(Station.id).order_by(Station.id)))


def locked_station(session: Session, by: Actor) -> Station:
    """Return the actor's station, held against others who set it; reports go on meanwhile."""
    own = select(Station).where(Station.id == by.station_id).with_for_update(key_share=True)
    return session.scalars(own.execution_options(populate_existing=True)).one()


def devices(session: Session, by: Actor) -> list[Device]:
    """Return the actor's own devices that still may act, newest first."""
    own = (Device.person_id == by.person_id) & (Device.revoked_at.is_(None))
    return list(session.scalars(select(Device).where(own).order_by(Device.created_at.desc())))


def device(session: Session, device_id: UUID) -> Device:
    """Return one device that the actor may see; raise NotFound otherwise."""
    found = session.get(Device, device_id)
    if found is None:
        raise NotFound()
    return found


def names(session: Session, ids: set[UUID]) -> dict[UUID, str]:
    """Return the names of the persons among `ids` whom the actor may see."""
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def role_of(session: Session, person_id: UUID) -> str | None:
    """Return the role of a person of the actor's station; None for somebody else."""
    role: str | None = session.scalar(text("SELECT app.role_of(:person)"), {"person": person_id})
    return role


def team_known(session: Session, team_id: UUID) -> bool:
    """Say whether a team is one of the actor's station."""
    return session.get(Team, team_id) is not None


def persons(session: Session, ids: set[UUID]) -> list[Person]:
    """Return the persons among `ids` whom the actor may see."""
    return list(session.scalars(select(Person).where(Person.id.in_(ids))))


def phone(session: Session, person_id: UUID | None) -> str | None:
    """Return a person's telephone number, None when there is none or it is not for the actor."""
    return session.scalar(select(Contact.phone).where(Contact.person_id == person_id))


def points(session: Session, by: Actor, *, everybody: bool = False) -> dict[str, Any]:
    """Return sum and entries of the actor's points, newest first; everybody's, as far as he may see them."""
    whose = PointEntry.station_id == by.station_id
    if not everybody:
        whose = whose & (PointEntry.person_id == by.person_id)
    entries = select(PointEntry, Person.name).outerjoin(Person, Person.id == PointEntry.person_id)
    newest = entries.where(whose).order_by(PointEntry.id.desc()).limit(MOST_POINTS)
    return {
        "total": session.scalar(select(func.coalesce(func.sum(PointEntry.points), 0)).where(whose)),
        "entries": [{"entry": row.PointEntry, "person": row.name} for row in session.execute(newest)],
    }


MOST_POINTS = 500


def posted_police_grids(session: Session, by: Actor) -> list[UUID]:
    """Return the police grids that the actor is posted to now."""
    rows = session.scalars(
        text("""SELECT police_grid_id FROM app.posting WHERE person_id = :me AND police_grid_id IS NOT NULL
            AND since_at <= now() AND (until_at IS NULL OR until_at > now()) ORDER BY 1"""),
        {"me": by.person_id},
    )
    return list(rows)


def answered_grids(session: Session) -> list[UUID]:
    """Return the grids that the actor answers for, as row-level security sees it."""
    return sorted(session.scalars(text("SELECT app.my_grids()")))


def handlers(session: Session) -> list[Row[Any]]:
    """Return (id, name, role) of the persons of the station who may handle cases, by name."""
    rows = session.execute(
        text("""SELECT p.id, p.name, app.role_of(p.id) AS role FROM app.person p
            WHERE p.station_id = app.my_station() AND p.left_on IS NULL
              AND p.category IN ('officer', 'auxiliary', 'grid_worker', 'chief') ORDER BY p.name, p.id""")
    )
    return [row for row in rows if row.role in HANDLING_ROLES]


def chiefs(session: Session) -> list[str]:
    """Return the names of the chiefs of the asker's station: its duty desk where nobody is posted."""
    rows = session.execute(
        text("""SELECT p.name FROM app.person p WHERE p.station_id = app.my_station() AND p.left_on IS NULL
            AND p.category = 'chief' ORDER BY p.name""")
    )
    return [row.name for row in rows]


def teams(session: Session, by: Actor) -> list[Team]:
    """Return the teams of the station, by name."""
    own = select(Team).where(Team.station_id == by.station_id)
    return list(session.scalars(own.order_by(Team.name, Team.id)))


def cardholders(session: Session) -> list[Row[Any]]:
    """Return (id, name, category, role) of the persons who may get a printed card, by name."""
    rows = session.execute(
        text("""SELECT p.id, p.name, p.category, app.role_of(p.id) AS role FROM app.person p
            WHERE p.station_id = app.my_station() AND p.left_on IS NULL ORDER BY p.name, p.id""")
    )
    return [row for row in rows if row.role in PHONE_ROLES]
