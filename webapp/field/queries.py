"""Reads about the quarantine, under the asker's own rights."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.field.models import Quarantine


def entries(session: Session, state: str = "kept", limit: int = 200) -> list[Quarantine]:
    """Return the entries in a state, newest first."""
    wanted = select(Quarantine).where(Quarantine.state == state).order_by(Quarantine.received_at.desc())
    return list(session.scalars(wanted.limit(limit)))


def kept_before(session: Session, by: Actor, door: str, sha: str, files: dict[str, str]) -> Quarantine | None:
    """Return the entry of the same person, door, body and files, if they were sent before."""
    return session.scalars(
        select(Quarantine)
        .where(Quarantine.sha256 == sha, Quarantine.door == door, Quarantine.files == files)
        .where(Quarantine.station_id == by.station_id, Quarantine.person_id == by.person_id)
        .order_by(Quarantine.received_at)
    ).first()


def mended(session: Session, by: Actor, door: str, sha: str) -> Quarantine | None:
    """Return the entry of the actor's own report that the station has mended into a case, if there is one."""
    return session.scalars(
        select(Quarantine).where(
            Quarantine.sha256 == sha,
            Quarantine.door == door,
            Quarantine.person_id == by.person_id,
            Quarantine.state == "repaired",
        )
    ).first()


def entry(session: Session, entry_id: UUID) -> Quarantine:
    """Return one entry; raise NotFound when absent or not for the asker."""
    found = session.get(Quarantine, entry_id)
    if found is None:
        raise NotFound()
    return found
