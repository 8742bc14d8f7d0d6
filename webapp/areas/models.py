"""Tables of the ground: divisions, communities, plans, grids, police grids, bindings, postings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class Division(Base):
    """A street (9 digits) or community (12 digits) of the statistical list; public, shared by all."""

    __tablename__ = "division"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent: Mapped[str] = mapped_column(index=True)
    listed_on: Mapped[date]


class Community(Base):
    """A residents' or village community of the station's ground."""

    __tablename__ = "community"
    __table_args__ = (UniqueConstraint("station_id", "code"), UniqueConstraint("station_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    code: Mapped[str]
    name: Mapped[str]


class Plan(Base):
    """One complete version of grids and their binding; at any moment at most one is in force.

    Its life: draft, in_review, approved, published, withdrawn (areas.rules). `wish_from` is when its planner
    wants it to come into force, `begun_at` when the machine has let cases and postings follow.
    """

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("station_id", "number"),
        UniqueConstraint("station_id", "id"),
        inside("plan", "base_plan_id"),
        inside("person", "submitted_by"),
        inside("person", "approved_by"),
        CheckConstraint(
            "state IN ('draft', 'in_review', 'approved', 'published', 'withdrawn')", name="state"
        ),
        CheckConstraint("valid_to > valid_from", name="period"),
        CheckConstraint("approved_by <> submitted_by", name="second_person"),
        ExcludeConstraint(
            ("station_id", "="),
            (text("tstzrange(valid_from, valid_to)"), "&&"),
            where=text("state = 'published'"),
            using="gist",
            name="ex_plan_one_in_force",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    number: Mapped[int]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="draft")
    valid_from: Mapped[datetime | None]
    valid_to: Mapped[datetime | None]
    source: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The plan that it was drawn upon; it may come into force only as that one's successor.
    base_plan_id: Mapped[UUID | None]
    submitted_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime | None]
    wish_from: Mapped[datetime | None]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Grid(Base):
    """A community grid's identity; its shape belongs to a plan. Codes are never used twice."""

    __tablename__ = "grid"
    __table_args__ = (
        UniqueConstraint("station_id", "code"),
        UniqueConstraint("station_id", "id"),
        inside("community", "community_id"),
        CheckConstraint("kind IN ('basic', 'exclusive')", name="kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    community_id: Mapped[UUID] = mapped_column(index=True)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    retired_at: Mapped[datetime | None]


class PoliceGrid(Base):
    """A police grid's identity; its ground is the union of the grids bound to it."""

    __tablename__ = "police_grid"
    __table_args__ = (UniqueConstraint("station_id", "code"), UniqueConstraint("station_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    code: Mapped[str]
    name: Mapped[str]
    retired_at: Mapped[datetime | None]


class GridShape(Base):
    """A grid as a plan draws it, bound to one police grid: each grid is covered exactly once."""

    __tablename__ = "grid_shape"
    __table_args__ = (
        inside("plan", "plan_id"),
        inside("grid", "grid_id"),
        inside("police_grid", "police_grid_id"),
        CheckConstraint("ST_IsValid(geom) AND NOT ST_IsEmpty(geom)", name="geom"),
        CheckConstraint("ST_NPoints(geom) <= 10000", name="geom_size"),
        Index("ix_grid_shape_geom", "geom", postgresql_using="gist"),
        Index("ix_grid_shape_plan_id_police_grid_id", "plan_id", "police_grid_id"),
    )

    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    grid_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    station_id: Mapped[UUID]
    police_grid_id: Mapped[UUID]
    geom: Mapped[Any] = mapped_column(Geometry("POLYGON", 4326, spatial_index=False, nullable=False))
    area_m2: Mapped[float]
    households: Mapped[int]
    population: Mapped[int]


class PoliceGridShape(Base):
    """A police grid's ground in a plan: the exact union of its grids, kept for maps."""

    __tablename__ = "police_grid_shape"
    __table_args__ = (
        inside("plan", "plan_id"),
        inside("police_grid", "police_grid_id"),
        Index("ix_police_grid_shape_geom", "geom", postgresql_using="gist"),
    )

    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    police_grid_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    geom: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", 4326, spatial_index=False, nullable=False))


class PlanMove(Base):
    """Ground that changed its grid or police grid with a plan, as computed when it was published.

    `from_...` is empty where no grid was before, `to_...` where none is now; households by share of area.
    """

    __tablename__ = "plan_move"
    __table_args__ = (
        inside("plan", "plan_id"),
        inside("grid", "from_grid_id"),
        inside("grid", "to_grid_id"),
        inside("police_grid", "from_police_grid_id"),
        inside("police_grid", "to_police_grid_id"),
        Index("ix_plan_move_plan_id", "plan_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    plan_id: Mapped[UUID]
    station_id: Mapped[UUID]
    from_grid_id: Mapped[UUID | None]
    to_grid_id: Mapped[UUID | None]
    from_police_grid_id: Mapped[UUID | None]
    to_police_grid_id: Mapped[UUID | None]
    area_m2: Mapped[float]
    households: Mapped[float]
    geom: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", 4326, spatial_index=False, nullable=False))


class Lineage(Base):
    """Which grid came out of which with a plan: a split or a merge; `area_share` is of the predecessor."""

    __tablename__ = "grid_lineage"
    __table_args__ = (
        inside("plan", "plan_id"),
        inside("grid", "predecessor_id"),
        inside("grid", "successor_id"),
        CheckConstraint("kind IN ('split', 'merge')", name="kind"),
        CheckConstraint("predecessor_id <> successor_id", name="two"),
        Index("ix_grid_lineage_predecessor_id", "predecessor_id"),
        Index("ix_grid_lineage_successor_id", "successor_id"),
    )

    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    predecessor_id: Mapped[UUID] = mapped_column(primary_key=True)
    successor_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    kind: Mapped[str]
    area_share: Mapped[float]
    households: Mapped[int]


class Posting(Base):
    """A person's duty in a police grid or in one grid, dated."""

    __tablename__ = "posting"
    __table_args__ = (
        inside("person", "person_id"),
        inside("police_grid", "police_grid_id"),
        inside("grid", "grid_id"),
        CheckConstraint("num_nonnulls(police_grid_id, grid_id) = 1", name="one_area"),
        Index("ix_posting_person_id", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID]
    police_grid_id: Mapped[UUID | None] = mapped_column(index=True)
    grid_id: Mapped[UUID | None] = mapped_column(index=True)
    duty: Mapped[str]
    since_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until_at: Mapped[datetime | None]
