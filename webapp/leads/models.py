"""Tables of purposes and reads of restricted leads, and of people who are visited."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class LeadRead(Base):
    """One look at a restricted lead or a visited person: who, when, what, and what for; append-only.

    `what` is opened (the purpose was given), page, api, photo, handed_in or person. Opened and handed_in
    open the thing for fifteen minutes; the others are what was looked at meanwhile. Written by functions of
    the database alone, before anything is shown.
    """

    __tablename__ = "lead_read"
    __table_args__ = (
        inside("person", "reader_id"),
        CheckConstraint("what IN ('opened', 'handed_in', 'page', 'api', 'photo', 'person')", name="what"),
        CheckConstraint("what <> 'opened' OR purpose <> ''", name="purpose"),
        Index("ix_lead_read_reader_id_at", "reader_id", "at"),
        Index("ix_lead_read_station_id_id", "station_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    # A case or a visited person; no foreign key: the log outlives what was read.
    subject_id: Mapped[UUID]
    reader_id: Mapped[UUID]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    what: Mapped[str]
    purpose: Mapped[str] = mapped_column(server_default="")
    words: Mapped[str] = mapped_column(server_default="")


class VisitInterval(Base):
    """How many days may pass between visits of a risk class, as a station has set it."""

    __tablename__ = "visit_interval"
    __table_args__ = (CheckConstraint("days BETWEEN 1 AND 366", name="days"),)

    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), primary_key=True)
    risk: Mapped[str] = mapped_column(primary_key=True)
    days: Mapped[int]


class VisitPerson(Base):
    """Somebody who is visited. Lists know initials, risk and grid; the rest is behind `app.read_visited`.

    No point on a map: the grid is the finest that is kept.
    """

    __tablename__ = "visit_person"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        inside("grid", "grid_id"),
        inside("person", "officer_id"),
        inside("person", "visitor_id"),
        inside("person", "second_id"),
        CheckConstraint("risk IN ('high', 'key', 'general')", name="risk"),
        CheckConstraint("visitor_id IS DISTINCT FROM second_id", name="visitors"),
        Index("ix_visit_person_station_id_grid_id", "station_id", "grid_id"),
        Index("ix_visit_person_visitor_id", "visitor_id"),
        Index("ix_visit_person_second_id", "second_id"),
        Index("ix_visit_person_officer_id", "officer_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    initials: Mapped[str]
    risk: Mapped[str]
    minor: Mapped[bool] = mapped_column(server_default="false")
    grid_id: Mapped[UUID]
    officer_id: Mapped[UUID]
    visitor_id: Mapped[UUID]
    second_id: Mapped[UUID | None]
    since_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class VisitDetail(Base):
    """Who a visited person is and where: read by a function that logs each read, never directly."""

    __tablename__ = "visit_detail"
    __table_args__ = (inside("visit_person", "person_id"),)

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    name: Mapped[str]
    address: Mapped[str]
    phone: Mapped[str] = mapped_column(server_default="")
    guardian: Mapped[str] = mapped_column(server_default="")
    guardian_phone: Mapped[str] = mapped_column(server_default="")
    note: Mapped[str] = mapped_column(server_default="")


class Visit(Base):
    """One visit and how it went; the client's id makes sending again harmless."""

    __tablename__ = "visit"
    __table_args__ = (
        inside("visit_person", "person_id"),
        inside("person", "by_id"),
        CheckConstraint(
            "result IN ('well', 'help_needed', 'worse', 'not_met', 'refused', 'away')", name="result"
        ),
        Index("ix_visit_person_id_at", "person_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID]
    by_id: Mapped[UUID]
    at: Mapped[datetime]
    result: Mapped[str]
    words: Mapped[str] = mapped_column(server_default="")
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
