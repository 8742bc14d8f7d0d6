"""Tables of patrols, their fixes and the presence per grid and day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class Patrol(Base):
    """One walk of a member from start to end; whereabouts, so seen by few."""

    __tablename__ = "patrol"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        inside("person", "person_id"),
        inside("team", "team_id"),
        Index("ix_patrol_station_id_started_at", "station_id", "started_at"),
        Index("ix_patrol_person_id", "person_id"),
        Index("ix_patrol_track", "track", postgresql_using="gist"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID]
    team_id: Mapped[UUID | None]
    kind: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    walked_m: Mapped[int | None]
    track: Mapped[Any | None] = mapped_column(
        Geometry("MULTILINESTRING", 4326, spatial_index=False), nullable=True
    )


class Fix(Base):
    """One position of a patrol as the phone gave it, in WGS 84, with what it was sent as."""

    __tablename__ = "fix"
    __table_args__ = (inside("patrol", "patrol_id"),)

    patrol_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    at: Mapped[datetime]
    lon: Mapped[float]
    lat: Mapped[float]
    raw_x: Mapped[float]
    raw_y: Mapped[float]
    raw_crs: Mapped[str] = mapped_column(server_default="wgs84")
    accuracy_m: Mapped[float | None]
    method: Mapped[str] = mapped_column(server_default="gps")


class GridPresence(Base):
    """Seconds of patrol in a grid on a day, derived from the fixes; names nobody."""

    __tablename__ = "grid_presence"
    __table_args__ = (inside("grid", "grid_id"),)

    grid_id: Mapped[UUID] = mapped_column(primary_key=True)
    day_on: Mapped[date] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(index=True)
    patrols: Mapped[int]
    seconds: Mapped[int]
    last_at: Mapped[datetime]
