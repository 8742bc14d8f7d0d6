"""Changes to the machine's work: what was given up is started again; one event."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.events import record


def restart(session: Session, job_id: int | None, *, by: Actor) -> int:
    """Give a dead job, or all of them (None), a new life of five tries; return how many there were.

    Raises NotFound for a job that is not dead, or not of the actor's station.
    """
    ids = sorted(session.scalars(_RESTART, {"id": job_id}))
    if job_id is not None and not ids:
        raise NotFound()
    if ids:
        # The first hundred ids tell which; an event is no place for thousands.
        record(
            session,
            "upkeep.restarted",
            kind="station",
            subject=by.station_id,
            by=by,
            jobs=len(ids),
            ids=ids[:100],
        )
    return len(ids)


_RESTART = text("SELECT app.restart_jobs(CAST(:id AS bigint))")
