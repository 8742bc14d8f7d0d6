"""Table of the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class Quarantine(Base):
    """What a device sent that could not be understood: kept until a person repairs or discards it.

    The raw body lies in the blob store under `sha256`; `files` names the attachments that came with it.
    """

    __tablename__ = "quarantine"
    __table_args__ = (
        inside("person", "person_id"),
        inside("case_file", "case_id"),
        Index("ix_quarantine_station_id_state", "station_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID | None] = mapped_column()
    door: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str]
    files: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    problems: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(server_default="kept")
    case_id: Mapped[UUID | None]
    note: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]


class Open311Contact(Base):
    """How to reach whoever sent a case by Open311, as far as said; `other` holds what the standard lacks.

    Apart from the case, for a narrower circle sees it.
    """

    __tablename__ = "open311_contact"
    __table_args__ = (inside("case_file", "case_id"),)

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    contact: Mapped[dict[str, Any]]
    other: Mapped[dict[str, Any]]
    device_id: Mapped[str] = mapped_column(server_default="")
    account_id: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
