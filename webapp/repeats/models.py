"""Tables of terms, links between cases, marks of place and party, directives and weekly lists."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class RepeatTerms(Base):
    """When two cases of a class (or, with '', of any) are one matter, as data; a version never changes."""

    __tablename__ = "repeat_terms"
    __table_args__ = (
        UniqueConstraint("station_id", "class_code", "version"),
        inside("person", "by_id"),
        CheckConstraint("distance_m BETWEEN 1 AND 500 AND near_m BETWEEN 1 AND 500", name="metres"),
        CheckConstraint("place_m BETWEEN 1 AND 200", name="place"),
        CheckConstraint("days BETWEEN 1 AND 730 AND near_h BETWEEN 1 AND 2160", name="span"),
        CheckConstraint("raised_from >= 2 AND first_from >= raised_from", name="counts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    class_code: Mapped[str] = mapped_column(server_default="")
    version: Mapped[int]
    family: Mapped[str] = mapped_column(server_default="")
    distance_m: Mapped[float]
    days: Mapped[int]
    near_m: Mapped[float]
    near_h: Mapped[int]
    place_m: Mapped[float]
    raised_from: Mapped[int]
    first_from: Mapped[int]
    valid_from: Mapped[datetime] = mapped_column(server_default=func.now())
    by_id: Mapped[UUID | None]


class CaseMark(Base):
    """What a case shares with others beside its place: a registered place, or a party as a keyed hash."""

    __tablename__ = "case_mark"
    __table_args__ = (
        inside("case_file", "case_id"),
        inside("person", "by_id"),
        CheckConstraint("kind IN ('place', 'party')", name="kind"),
        Index("ix_case_mark_mark", "station_id", "kind", "mark"),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class CaseParty(Base):
    """Somebody who belongs to a case: name, half-hidden number, and the mark that the number leaves.

    Personal: read by the police who see the case, and behind the wall of leads like the case itself.
    """

    __tablename__ = "case_party"
    __table_args__ = (
        inside("case_file", "case_id"),
        inside("person", "by_id"),
        CheckConstraint("part IN ('caller', 'party', 'witness')", name="part"),
        Index("ix_case_party_case_id", "case_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    case_id: Mapped[UUID]
    part: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    number: Mapped[str] = mapped_column(server_default="")
    mark: Mapped[str | None]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class CaseLink(Base):
    """Two cases that belong together: a repeat, an offer that they are the same thing, or a merging.

    The id follows from kind and cases, so that a link is made once. A merged link leads from the merged case
    to the leading one; in the others the lower id comes first. `answer` is what an officer said to an offer.
    """

    __tablename__ = "case_link"
    __table_args__ = (
        UniqueConstraint("case_id", "other_id", "kind"),
        inside("case_file", "case_id"),
        inside("case_file", "other_id"),
        inside("person", "by_id"),
        inside("person", "answered_by"),
        CheckConstraint("kind IN ('repeat', 'near', 'merged')", name="kind"),
        CheckConstraint("case_id <> other_id AND (kind = 'merged' OR case_id < other_id)", name="order"),
        CheckConstraint(
            "answer IS NULL OR (kind = 'near' AND answer IN ('merged', 'not_same'))", name="answer"
        ),
        Index("ix_case_link_other_id", "other_id"),
        Index(
            "ix_case_link_offers",
            "station_id",
            "made_at",
            postgresql_where="kind = 'near' AND answer IS NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    kind: Mapped[str]
    case_id: Mapped[UUID]
    other_id: Mapped[UUID]
    why: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")
    distance_m: Mapped[float | None]
    hours: Mapped[float | None]
    # Nobody: the system found it.
    by_id: Mapped[UUID | None]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]


class DirectiveList(Base):
    """A list of the district's directives as it was handed in."""

    __tablename__ = "directive_list"
    __table_args__ = (UniqueConstraint("station_id", "id"), inside("person", "by_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), index=True)
    name: Mapped[str]
    sha256: Mapped[str]
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]


class Directive(Base):
    """One row of a list, faulty ones too: as written (`content`), and what we understand of it (WGS 84)."""

    __tablename__ = "directive"
    __table_args__ = (
        inside("directive_list", "list_id"),
        inside("grid", "grid_id"),
        ForeignKeyConstraint(["station_id"], [Station.id]),
        CheckConstraint("to_on >= from_on", name="days"),
        Index("ix_directive_station_id_to_on", "station_id", "to_on"),
    )

    list_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    content: Mapped[dict[str, Any]]
    problems: Mapped[list[Any]] = mapped_column(server_default="[]")
    class_code: Mapped[str] = mapped_column(server_default="")
    grid_id: Mapped[UUID | None]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    radius_m: Mapped[float] = mapped_column(server_default="50")
    words: Mapped[str] = mapped_column(server_default="")
    from_on: Mapped[date | None]
    to_on: Mapped[date | None]


class WeeklyList(Base):
    """The list of a week as it was made on the Monday after, by police grid; no restricted case."""

    __tablename__ = "weekly_list"
    __table_args__ = (inside("police_grid", "police_grid_id"),)

    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), primary_key=True)
    monday_on: Mapped[date] = mapped_column(primary_key=True)
    police_grid_id: Mapped[UUID] = mapped_column(primary_key=True)
    cases: Mapped[int]
    repeats: Mapped[int]
    rows: Mapped[list[Any]]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
