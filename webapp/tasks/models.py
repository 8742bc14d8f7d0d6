"""Tables of tasks, their photos, planned look-backs and the rules that plan them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from webapp.areas.models import Grid
from webapp.cases.models import Case
from webapp.core.db import Base, inside
from webapp.people.models import Person, Station, Team


class Task(Base):
    """Something to be done at a place, by a person, a team, or whoever is posted to a grid.

    A look-back names no case here: who looks back is told the place and the question only, and the rest
    stands in `look_back` under the same id.
    """

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        inside("case_file", "case_id"),
        inside("grid", "grid_id"),
        inside("person", "given_by"),
        inside("person", "to_person"),
        inside("team", "to_team"),
        inside("grid", "to_grid"),
        inside("person", "taken_by"),
        inside("person", "ended_by"),
        CheckConstraint("kind IN ('look_back', 'visit', 'check', 'other')", name="kind"),
        CheckConstraint("state IN ('open', 'taken', 'done', 'failed', 'cancelled')", name="state"),
        CheckConstraint("num_nonnulls(to_person, to_team, to_grid) = 1", name="one_receiver"),
        CheckConstraint("due_until > due_from", name="due"),
        CheckConstraint("kind <> 'look_back' OR case_id IS NULL", name="look_back_names_no_case"),
        CheckConstraint(
            "ST_X(geom) BETWEEN 73 AND 136 AND ST_Y(geom) BETWEEN 3 AND 54", name="geom_in_china"
        ),
        Index("ix_task_station_id_state_due_until", "station_id", "state", "due_until"),
        Index("ix_task_to_person", "to_person", postgresql_where="to_person IS NOT NULL"),
        Index("ix_task_to_team", "to_team", postgresql_where="to_team IS NOT NULL"),
        Index("ix_task_to_grid", "to_grid", postgresql_where="to_grid IS NOT NULL"),
        Index("ix_task_case_id", "case_id", postgresql_where="case_id IS NOT NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    kind: Mapped[str]
    # In both languages for what the machine asks, in one for what a person wrote.
    words: Mapped[dict[str, Any]]
    geom: Mapped[Any] = mapped_column(Geometry("POINT", 4326, spatial_index=False, nullable=False))
    raw_x: Mapped[float]
    raw_y: Mapped[float]
    raw_crs: Mapped[str]
    accuracy_m: Mapped[float | None]
    method: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    grid_id: Mapped[UUID]
    case_id: Mapped[UUID | None]
    given_by: Mapped[UUID | None]
    to_person: Mapped[UUID | None]
    to_team: Mapped[UUID | None]
    to_grid: Mapped[UUID | None]
    due_from: Mapped[datetime]
    due_until: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="open")
    taken_by: Mapped[UUID | None]
    taken_at: Mapped[datetime | None]
    # The phone's id of the result: the same again changes nothing.
    result_id: Mapped[UUID | None]
    ended_by: Mapped[UUID | None]
    # When it was done, as the phone says; when the station heard of it.
    ended_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(server_default="")
    result_lon: Mapped[float | None]
    result_lat: Mapped[float | None]
    result_accuracy_m: Mapped[float | None]
    flags: Mapped[list[Any]] = mapped_column(server_default="[]")
    # When giver and chief were told that the time is over.
    lapsed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    grid: Mapped[Grid] = relationship(primaryjoin=lambda: foreign(Task.grid_id) == Grid.id, viewonly=True)
    person: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Task.to_person) == Person.id, viewonly=True
    )
    team: Mapped[Team | None] = relationship(
        primaryjoin=lambda: foreign(Task.to_team) == Team.id, viewonly=True
    )
    posted_grid: Mapped[Grid | None] = relationship(
        primaryjoin=lambda: foreign(Task.to_grid) == Grid.id, viewonly=True
    )
    giver: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Task.given_by) == Person.id, viewonly=True
    )
    taker: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Task.taken_by) == Person.id, viewonly=True
    )
    ender: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Task.ended_by) == Person.id, viewonly=True
    )
    case: Mapped[Case | None] = relationship(
        primaryjoin=lambda: foreign(Task.case_id) == Case.id, viewonly=True
    )
    photos: Mapped[list[TaskPhoto]] = relationship(
        primaryjoin=lambda: foreign(TaskPhoto.task_id) == Task.id, viewonly=True, order_by="TaskPhoto.id"
    )


class TaskPhoto(Base):
    """A photo of a task's result. `sent_sha256` is what the phone sent, `sha256` what we keep."""

    __tablename__ = "task_photo"
    __table_args__ = (UniqueConstraint("task_id", "sent_sha256"), inside("task", "task_id"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    task_id: Mapped[UUID]
    station_id: Mapped[UUID]
    sent_sha256: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class LookBack(Base):
    """A revisit of a closed case on a day that only the chief knows before; its task has the same id.

    `number` counts a case's look-backs, also over several closings. `barred` are persons who may not look:
    the handler while there is a second person, and the reporters.
    """

    __tablename__ = "look_back"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        inside("case_file", "case_id"),
        CheckConstraint("state IN ('planned', 'open', 'fine', 'failed', 'cancelled')", name="state"),
        CheckConstraint("number > 0", name="number"),
        Index("ix_look_back_station_id_due_on", "station_id", "due_on", postgresql_where="state = 'planned'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    case_id: Mapped[UUID]
    number: Mapped[int]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default="planned")
    # The closing that it follows; none for one that the chief or an unsatisfied resident asked for.
    closed_at: Mapped[datetime | None]
    asked_by: Mapped[UUID | None]
    barred: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default="{}")
    # Whether the handler looks himself because nobody else is posted there.
    same_person: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    case: Mapped[Case | None] = relationship(
        primaryjoin=lambda: foreign(LookBack.case_id) == Case.id, viewonly=True
    )


class LookBackRule(Base):
    """How many days after closing cases are looked at again, by class and priority, with dates of validity.

    A rule without a station is everybody's; a station's own one goes before it.
    """

    __tablename__ = "look_back_rule"
    __table_args__ = (
        CheckConstraint("jitter_days BETWEEN 0 AND 60", name="jitter"),
        CheckConstraint("priority BETWEEN 0 AND 2", name="priority"),
        CheckConstraint("valid_to >= valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    station_id: Mapped[UUID | None] = mapped_column(ForeignKey(Station.id), index=True)
    class_code: Mapped[str | None]
    priority: Mapped[int] = mapped_column(server_default="0")
    days: Mapped[list[Any]]
    jitter_days: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
