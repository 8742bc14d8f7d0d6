"""Tables of sources, their uploads, the rows in them and who called."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class IntakeSource(Base):
    """Another system that calls or orders come from, and how its rows are read.

    `mapping` is field to heading, `keywords` a list of {class, words} in the order of their right of way.
    """

    __tablename__ = "intake_source"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        UniqueConstraint("station_id", "code"),
        CheckConstraint("kind IN ('call', 'order', 'other')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    mapping: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    time_format: Mapped[str] = mapped_column(server_default="auto")
    zone: Mapped[str] = mapped_column(server_default="Asia/Shanghai")
    crs: Mapped[str] = mapped_column(server_default="wgs84")
    accuracy_m: Mapped[float] = mapped_column(server_default="50")
    keywords: Mapped[list[Any]]
    default_class: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class IntakeUpload(Base):
    """One file or message of a source; its bytes are kept, so that preview and take speak of the same.

    `state`: reading, read, refused, taking, taken. `counts` are its rows by state. `settings` say how it was
    read: mapping, time format, zone, crs, default class.
    """

    __tablename__ = "intake_upload"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        inside("intake_source", "source_id"),
        inside("person", "by_id"),
        CheckConstraint("state IN ('reading', 'read', 'refused', 'taking', 'taken')", name="state"),
        Index("ix_intake_upload_station_id_sent_at", "station_id", "sent_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    source_id: Mapped[UUID]
    by_id: Mapped[UUID | None]
    name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    form: Mapped[str] = mapped_column(server_default="")
    headings: Mapped[list[Any]] = mapped_column(server_default="[]")
    settings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    state: Mapped[str] = mapped_column(server_default="reading")
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    problems: Mapped[list[Any]] = mapped_column(server_default="[]")
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now())
    taken_at: Mapped[datetime | None]


class IntakeRow(Base):
    """One row of an upload: what it said, what is wrong with it, where it would go, what became of it.

    `state`: fine, fault, known (the same as before), changed (there, since it was taken), skipped, taken,
    revised (a change that was noted). `content` holds what was said without who called; `candidates` the
    places that its address may mean. Taken and revised rows of a number are the versions of one order.
    """

    __tablename__ = "intake_row"
    __table_args__ = (
        ForeignKeyConstraint(
            ["station_id", "upload_id"], ["app.intake_upload.station_id", "app.intake_upload.id"]
        ),
        UniqueConstraint("station_id", "upload_id", "number"),
        inside("intake_source", "source_id"),
        inside("case_file", "case_id"),
        CheckConstraint(
            "state IN ('fine', 'fault', 'known', 'changed', 'skipped', 'taken', 'revised')", name="state"
        ),
        Index(
            "ix_intake_row_taken",
            "source_id",
            "ref",
            unique=True,
            postgresql_where="state = 'taken'",
        ),
        Index(
            "ix_intake_row_versions",
            "source_id",
            "ref",
            postgresql_where="state IN ('taken', 'revised')",
        ),
        Index("ix_intake_row_case_id", "case_id", postgresql_where="case_id IS NOT NULL"),
    )

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    source_id: Mapped[UUID]
    ref: Mapped[str]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    problems: Mapped[list[Any]] = mapped_column(server_default="[]")
    found_at: Mapped[datetime | None]
    class_code: Mapped[str] = mapped_column(server_default="")
    word: Mapped[str] = mapped_column(server_default="")
    raw_x: Mapped[float | None]
    raw_y: Mapped[float | None]
    raw_crs: Mapped[str] = mapped_column(server_default="")
    method: Mapped[str] = mapped_column(server_default="")
    accuracy_m: Mapped[float | None]
    score: Mapped[float | None]
    precision: Mapped[str] = mapped_column(server_default="")
    candidates: Mapped[list[Any]] = mapped_column(server_default="[]")
    grid: Mapped[str] = mapped_column(server_default="")
    police_grid: Mapped[str] = mapped_column(server_default="")
    place_flag: Mapped[str | None]
    state: Mapped[str]
    case_id: Mapped[UUID | None]
    case_number: Mapped[str] = mapped_column(server_default="")


class IntakeCaller(Base):
    """Who called: personal, so apart from the row and for the chief and the officers of that ground only."""

    __tablename__ = "intake_caller"
    __table_args__ = (
        ForeignKeyConstraint(
            ["station_id", "upload_id", "number"],
            ["app.intake_row.station_id", "app.intake_row.upload_id", "app.intake_row.number"],
            ondelete="CASCADE",
        ),
        inside("case_file", "case_id"),
        Index("ix_intake_caller_case_id", "case_id"),
    )

    upload_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    case_id: Mapped[UUID | None]
    phone: Mapped[str] = mapped_column(server_default="")
    name: Mapped[str] = mapped_column(server_default="")
