"""Reads about the own station's jobs; the database shows name, tries and kind of error only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from webapp.upkeep.rules import MOST, STATES


def jobs(session: Session, state: str | None = None) -> list[Row[Any]]:
    """Return (id, name, state, attempts, run_at, created_at, error) of what is not done, the dead first."""
    return [row for row in session.execute(_OPEN, {"most": MOST}) if state in (None, row.state)]


_OPEN = text("SELECT * FROM app.jobs_open(:most)")


def counts(session: Session) -> dict[str, int]:
    """Return how many jobs are dead, leased (running) and ready (waiting)."""
    found = {row.state: row.jobs for row in session.execute(_COUNTED)}
    return {state: found.get(state, 0) for state in STATES}


_COUNTED = text("SELECT * FROM app.jobs_counted()")
