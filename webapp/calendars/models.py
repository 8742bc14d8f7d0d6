"""Tables of the calendar of days, of working hours, and of limits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String

from webapp.core.db import Base, inside
from webapp.people.models import Station

UNITS = "('clock_hour', 'working_hour', 'working_day', 'day')"


class StationCalendar(Base):
    """Which version of its calendar a station has; each change of days or hours makes a new one."""

    __tablename__ = "station_calendar"

    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), primary_key=True)
    version: Mapped[int] = mapped_column(server_default="1")
    # The day of the last alarm about a missing year.
    alarmed_on: Mapped[date | None]


class CalendarYear(Base):
    """A year that the station's calendar knows: its source, when it came, by whom (None: the machine)."""

    __tablename__ = "calendar_year"
    __table_args__ = (inside("person", "imported_by"),)

    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    source_version: Mapped[str]
    imported_at: Mapped[datetime] = mapped_column(server_default=func.now())
    imported_by: Mapped[UUID | None]


class CalendarDay(Base):
    """A day of a known year: what it is by its notice, and the feast that it belongs to."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        ForeignKeyConstraint(
            ["station_id", "year"], [CalendarYear.station_id, CalendarYear.year], ondelete="CASCADE"
        ),
        CheckConstraint("kind IN ('working', 'weekend', 'holiday', 'make_up')", name="kind"),
        CheckConstraint("year = EXTRACT(year FROM day)", name="year"),
    )

    station_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    year: Mapped[int]
    kind: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")


class DayChange(Base):
    """A day that the chief has declared worked or free, with the reason.

    `works` None: as by its notice again. The newest one of a day counts; none is ever altered.
    """

    __tablename__ = "day_change"
    __table_args__ = (
        inside("person", "by_id"),
        Index("ix_day_change_station_id_day", "station_id", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    day: Mapped[date]
    works: Mapped[bool | None]
    reason: Mapped[str]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class WorkingHours(Base):
    """The hours of a working day from a day on; the newest row of a day counts.

    `spans` is [["08:30", "12:00"], ["14:30", "18:00"]].
    """

    __tablename__ = "working_hours"
    __table_args__ = (
        inside("person", "by_id"),
        Index("ix_working_hours_station_id_since", "station_id", "since"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    since: Mapped[date]
    spans: Mapped[list[Any]]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class LimitRule(Base):
    """How long matters of a class and a priority may take, from one day to the day before another.

    Never changed, only ended (`valid_to`) and followed. Rows without a station are general; a station's own
    go before them.
    """

    __tablename__ = "limit_rule"
    __table_args__ = (
        inside("person", "by_id"),
        Index(
            "ix_limit_rule_open",
            "station_id",
            "class_code",
            "priority",
            unique=True,
            postgresql_where="valid_to IS NULL",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_limit_rule_class_code", "class_code"),
        CheckConstraint("priority BETWEEN 0 AND 2", name="priority"),
        CheckConstraint(f"close_amount BETWEEN 1 AND 9999 AND close_unit IN {UNITS}", name="close"),
        CheckConstraint(
            "(respond_amount IS NULL) = (respond_unit IS NULL) AND (respond_amount IS NULL OR "
            f"(respond_amount BETWEEN 1 AND 9999 AND respond_unit IN {UNITS}))",
            name="respond",
        ),
        CheckConstraint(
            "(extension_amount IS NULL) = (extension_unit IS NULL) AND (extension_amount IS NULL OR "
            f"(extension_amount BETWEEN 1 AND 9999 AND extension_unit IN {UNITS}))",
            name="extension",
        ),
        CheckConstraint("valid_to >= valid_from", name="valid"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID | None] = mapped_column(ForeignKey(Station.id))
    class_code: Mapped[str]
    priority: Mapped[int]
    respond_amount: Mapped[int | None]
    respond_unit: Mapped[str | None]
    close_amount: Mapped[int]
    close_unit: Mapped[str]
    # States in which the clock of closing stands still.
    pauses: Mapped[list[str]] = mapped_column(ARRAY(String))
    # How far beyond its end a limit may be extended; nothing stands for "as far as is approved".
    extension_amount: Mapped[int | None]
    extension_unit: Mapped[str | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
