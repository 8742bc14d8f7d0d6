"""Tables of partners and of the packages that go between."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class Partner(Base):
    """Another installation whose packages we believe, by its public key."""

    __tablename__ = "partner"
    __table_args__ = (UniqueConstraint("station_id", "fingerprint"), UniqueConstraint("station_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    name: Mapped[str]
    public_key: Mapped[str]
    fingerprint: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class Parcel(Base):
    """A package that was packed here or brought here; `answer_sha256` is the receipt that goes back."""

    __tablename__ = "parcel"
    __table_args__ = (
        inside("partner", "partner_id"),
        UniqueConstraint("station_id", "direction", "package_id"),
        CheckConstraint("direction IN ('in', 'out')", name="direction"),
        CheckConstraint("state IN ('packed', 'waiting', 'taken', 'refused', 'answered')", name="state"),
        Index("ix_parcel_partner_id", "partner_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID | None]
    partner_id: Mapped[UUID | None]
    direction: Mapped[str]
    package_id: Mapped[UUID]
    name: Mapped[str]
    sha256: Mapped[str]
    counts: Mapped[dict[str, Any]]
    state: Mapped[str]
    problem: Mapped[dict[str, Any] | None]
    answer_sha256: Mapped[str | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]
