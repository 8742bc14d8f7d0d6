"""Reads about patrols: who walked (as far as the reader may know), and the presence per grid."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from webapp.areas.models import Grid
from webapp.patrols.models import GridPresence, Patrol

WINDOW_DAYS = 7


def patrols(session: Session, since: datetime, limit: int = 200) -> list[Patrol]:
    """Return the patrols that began after `since` and that the reader may see, newest first."""
    query = select(Patrol).where(Patrol.started_at >= since).order_by(Patrol.started_at.desc())
    return list(session.scalars(query.limit(limit)))


def presence(last_day: date) -> Any:
    """Return the select of each grid's patrols, seconds (seven days to `last_day`) and last visit."""
    first_day = last_day - timedelta(days=WINDOW_DAYS - 1)
    week = and_(GridPresence.day_on >= first_day, GridPresence.day_on <= last_day)
    rows: Any = (
        select(
            Grid.id.label("grid_id"),
            Grid.code,
            Grid.name,
            func.coalesce(func.sum(GridPresence.patrols).filter(week), 0).label("patrols"),
            func.coalesce(func.sum(GridPresence.seconds).filter(week), 0).label("seconds"),
            func.max(GridPresence.last_at).filter(GridPresence.day_on <= last_day).label("last_at"),
        )
        .outerjoin(GridPresence, GridPresence.grid_id == Grid.id)
        .where(Grid.retired_at.is_(None))
        .group_by(Grid.id)
    )
    return rows


def coverage(session: Session, last_day: date) -> list[Row[Any]]:
    """Return the presence of each grid, the longest unvisited first."""
    rows = presence(last_day).subquery()
    return list(session.execute(select(rows).order_by(rows.c.last_at.asc().nulls_first(), rows.c.code)))
