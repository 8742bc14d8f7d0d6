"""Tables of what residents bring: the hash of their code, how to reach them, what they add."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside


class ResidentTicket(Base):
    """What links a tracking code to its case: the code's SHA-256, never the code."""

    __tablename__ = "resident_ticket"
    __table_args__ = (inside("case_file", "case_id"),)

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ResidentContact(Base):
    """How to reach a resident who agreed to it: apart from the case, for a narrower circle reads it."""

    __tablename__ = "resident_contact"
    __table_args__ = (
        inside("case_file", "case_id"),
        Index("ix_resident_contact_station_id_keep_until", "station_id", "keep_until"),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    name: Mapped[str]
    phone: Mapped[str]
    consent_at: Mapped[datetime] = mapped_column(server_default=func.now())
    keep_until: Mapped[datetime]


class ResidentNote(Base):
    """Words that a resident added by the tracking code; `satisfied` is the judgement after closing."""

    __tablename__ = "resident_note"
    __table_args__ = (inside("case_file", "case_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(index=True)
    station_id: Mapped[UUID]
    note: Mapped[str]
    satisfied: Mapped[bool | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
