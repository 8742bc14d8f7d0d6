"""Tables of the duty roster: shifts at the desk, and who is away with whom standing in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from webapp.core.db import Base, inside
from webapp.people.models import Person, Station


def _once(name: str) -> ExcludeConstraint:
    """Return the constraint that nobody is twice in a roster at one moment."""
    return ExcludeConstraint(
        ("person_id", "="),
        (text("tstzrange(since_at, until_at)"), "&&"),
        where=text("struck_at IS NULL"),
        using="gist",
        name=f"ex_{name}_once",
    )


class DutyShift(Base):
    """Somebody at the duty desk for a span; several may be there at once. A struck one never was."""

    __tablename__ = "duty_shift"
    __table_args__ = (
        inside("person", "person_id"),
        inside("person", "by_id"),
        CheckConstraint("kind IN ('day', 'night')", name="kind"),
        CheckConstraint("until_at > since_at", name="span"),
        _once("duty_shift"),
        Index("ix_duty_shift_station_id_until_at", "station_id", "until_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID]
    kind: Mapped[str]
    since_at: Mapped[datetime]
    until_at: Mapped[datetime]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    struck_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(DutyShift.person_id) == Person.id, viewonly=True
    )


class Absence(Base):
    """Somebody away for a span, and who stands in (None: nobody). Why is nobody's business."""

    __tablename__ = "absence"
    __table_args__ = (
        inside("person", "person_id"),
        inside("person", "deputy_id"),
        inside("person", "by_id"),
        CheckConstraint("until_at > since_at", name="span"),
        CheckConstraint("deputy_id <> person_id", name="deputy"),
        _once("absence"),
        Index("ix_absence_station_id_until_at", "station_id", "until_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID]
    deputy_id: Mapped[UUID | None]
    since_at: Mapped[datetime]
    until_at: Mapped[datetime]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    struck_at: Mapped[datetime | None]

    person: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Absence.person_id) == Person.id, viewonly=True
    )
    deputy: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Absence.deputy_id) == Person.id, viewonly=True
    )
