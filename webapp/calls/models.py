"""Tables of calls: what was called for and where, and everybody who was called."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from webapp.areas.models import Grid, PoliceGrid
from webapp.core.db import Base, inside
from webapp.people.models import Station


class Call(Base):
    """A call from the grid to the police or back; its id was made by the caller's device.

    `next_at` is the moment at which the clock looks again; `level` counts how far up the chain it has gone.
    The limits that held when it was made are kept, so that the statistics of old calls stay as they were.
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        inside("person", "caller_id"),
        inside("case_file", "case_id"),
        inside("grid", "grid_id"),
        inside("police_grid", "police_grid_id"),
        inside("person", "ended_by_id"),
        CheckConstraint("direction IN ('grid_to_police', 'police_to_grid')", name="direction"),
        CheckConstraint("aim IN ('ground', 'person', 'team', 'around')", name="aim"),
        CheckConstraint(
            "state IN ('ringing', 'acknowledged', 'answered', 'done', 'cancelled', 'unanswered')",
            name="state",
        ),
        CheckConstraint(
            "(state IN ('done', 'cancelled', 'unanswered')) = (ended_at IS NOT NULL)", name="end"
        ),
        CheckConstraint("wanted BETWEEN 1 AND 20 AND taken BETWEEN 0 AND wanted", name="wanted"),
        Index("ix_call_station_id_called_at", "station_id", "called_at"),
        Index("ix_call_caller_id_called_at", "caller_id", "called_at"),
        Index("ix_call_case_id", "case_id", postgresql_where="case_id IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    direction: Mapped[str]
    kind: Mapped[str]
    words: Mapped[str] = mapped_column(server_default="")
    geom: Mapped[Any] = mapped_column(Geometry("POINT", 4326, spatial_index=False, nullable=False))
    raw_x: Mapped[float]
    raw_y: Mapped[float]
    raw_crs: Mapped[str]
    accuracy_m: Mapped[float | None]
    method: Mapped[str]
    grid_id: Mapped[UUID]
    police_grid_id: Mapped[UUID]
    case_id: Mapped[UUID | None]
    caller_id: Mapped[UUID]
    aim: Mapped[str]
    aim_id: Mapped[UUID | None]
    radius_m: Mapped[float | None]
    wanted: Mapped[int] = mapped_column(server_default="1")
    taken: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="ringing")
    level: Mapped[int] = mapped_column(server_default="0")
    acknowledge_s: Mapped[int]
    response_s: Mapped[int]
    called_at: Mapped[datetime] = mapped_column(server_default=func.now())
    next_at: Mapped[datetime | None]
    close_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[UUID | None]
    end_words: Mapped[str] = mapped_column(server_default="")
    revision: Mapped[int] = mapped_column(server_default="1")

    grid: Mapped[Grid] = relationship(primaryjoin=lambda: foreign(Call.grid_id) == Grid.id, viewonly=True)
    police_grid: Mapped[PoliceGrid] = relationship(
        primaryjoin=lambda: foreign(Call.police_grid_id) == PoliceGrid.id, viewonly=True
    )


class CallTarget(Base):
    """A person who was called, at which step of the chain and why, and what he said to it.

    `caller_id` repeats the call's, so that its caller may read the row without a look at the call.
    """

    __tablename__ = "call_target"
    __table_args__ = (
        inside("call", "call_id"),
        inside("person", "person_id"),
        inside("person", "caller_id"),
        CheckConstraint(
            "state IN ('called', 'acknowledged', 'taken', 'declined', 'stood_down')", name="state"
        ),
        Index("ix_call_target_person_id_called_at", "person_id", "called_at"),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    caller_id: Mapped[UUID]
    level: Mapped[int] = mapped_column(server_default="0")
    why: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="called")
    called_at: Mapped[datetime] = mapped_column(server_default=func.now())
    acknowledged_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    stood_down_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(server_default="")


class CallKind(Base):
    """What a call can be about: title in both languages, and which roles may call for it.

    Rows without a station are general; a station's own with the same code goes before it.
    """

    __tablename__ = "call_kind"
    __table_args__ = (
        Index("ix_call_kind_code", "station_id", "code", unique=True, postgresql_nulls_not_distinct=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID | None] = mapped_column(ForeignKey(Station.id))
    code: Mapped[str]
    title: Mapped[dict[str, Any]]
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    position: Mapped[int]
    in_use: Mapped[bool] = mapped_column(server_default="true")


class CallLimit(Base):
    """How fast calls of a kind are answered, by day and night, from one day to the day before another.

    Never changed, only ended (`valid_to`) and followed. Without one the station's general limits count.
    """

    __tablename__ = "call_limit"
    __table_args__ = (
        inside("person", "by_id"),
        CheckConstraint("valid_to >= valid_from", name="valid"),
        CheckConstraint("acknowledge_s >= 30 AND response_s BETWEEN acknowledge_s AND 86400", name="seconds"),
        Index("ix_call_limit_open", "station_id", "kind", unique=True, postgresql_where="valid_to IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    kind: Mapped[str]
    acknowledge_s: Mapped[int]
    response_s: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
