"""One row per action, with three readers: audit log, timeline, and what wakes the worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, ForeignKey, Identity, Index, TextClause, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.actor import Actor
from webapp.core.db import Base, at_once, on_disk


class Event(Base):
    """What happened: append-only for the application (the database refuses update and delete).

    A deferred trigger links each row into the hash chain of its grid (else of its station), puts it in
    the outbox and notifies `shuangge_event` with the id alone.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_station_id_id", "station_id", "id"),
        Index("ix_event_subject_id_id", "subject_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    station_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    name: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    grid_id: Mapped[UUID | None]
    by_id: Mapped[UUID | None]
    data: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class Outbox(Base):
    """Events that the worker has not yet turned into jobs."""

    __tablename__ = "outbox"

    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Event.id), primary_key=True)


@dataclass(frozen=True)
class Write:
    """A statement of the hot path that writes its row and, from `:event`, the event too; see `at_once`."""

    query: TextClause
    values: Mapping[str, Any]


def record(
    session: Session,
    name: str,
    write: Write | None = None,
    *,
    kind: str,
    subject: UUID,
    by: Actor,
    grid: UUID | None = None,
    **data: Any,
) -> Any:
    """Write the event row of an action, in the action's own transaction.

    `name` is `capability.past_tense`; `data` holds ids, codes and numbers, never names or phone numbers.
    With `write` that statement writes row and event together; returns its value.
    """
    values = {
        "station": by.station_id,
        "name": name,
        "kind": kind,
        "subject": subject,
        "grid": grid,
        "by": by.person_id,
        "data": data,
    }
    if write is not None:
        found = at_once(session, write.query, **write.values, event=orjson.dumps(values).decode())
        on_disk(session)
        return found
    session.flush()
    return session.execute(_RECORD, {**values, "data": orjson.dumps(data).decode()})


_RECORD = text("SELECT app.record_event(:station, :name, :kind, :subject, :grid, :by, CAST(:data AS jsonb))")


def newest(session: Session) -> int:
    """Return the newest event id that the actor may know, 0 for none."""
    return session.scalar(select(func.max(Event.id))) or 0


def timeline(session: Session, subject: UUID) -> list[Event]:
    """Return the events of one thing that the actor may see, oldest first."""
    return list(session.scalars(select(Event).where(Event.subject_id == subject).order_by(Event.id)))
