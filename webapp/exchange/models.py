"""Tables of what left and entered in bulk: exports and imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class ExportFile(Base):
    """A file that was taken out: who asked, what for, which rows, and until when it may be fetched.

    `person_id` is None for the administrator at the machine; `wanted` is the filter as asked.
    """

    __tablename__ = "export_file"
    __table_args__ = (
        inside("person", "person_id"),
        UniqueConstraint("station_id", "serial"),
        CheckConstraint("state IN ('waiting', 'done', 'failed', 'dropped')", name="state"),
        Index("ix_export_file_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID | None]
    role: Mapped[str]
    serial: Mapped[int]
    number: Mapped[str]
    kind: Mapped[str]
    form: Mapped[str]
    crs: Mapped[str]
    encoding: Mapped[str]
    language: Mapped[str]
    wanted: Mapped[dict[str, Any]]
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    rows: Mapped[int]
    done_rows: Mapped[int] = mapped_column(server_default="0")
    sha256: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ImportFile(Base):
    """A file that was brought: looked at first, taken when somebody says so. `faults` are the first 500."""

    __tablename__ = "import_file"
    __table_args__ = (
        inside("person", "person_id"),
        CheckConstraint("state IN ('checked', 'taken', 'discarded')", name="state"),
        Index("ix_import_file_station_id_made_at", "station_id", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID | None]
    kind: Mapped[str]
    name: Mapped[str]
    source: Mapped[str]
    crs: Mapped[str]
    form: Mapped[str]
    sha256: Mapped[str]
    rows: Mapped[int]
    good: Mapped[int]
    known: Mapped[int]
    faults: Mapped[list[Any]]
    state: Mapped[str] = mapped_column(server_default="checked")
    result: Mapped[dict[str, Any] | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    taken_at: Mapped[datetime | None]
