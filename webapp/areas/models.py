"""Tables of the ground: divisions, communities, plans, grids, police grids, bindings, postings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
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
    """One complete version of grids and their binding; at any moment at most one is in force."""

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("station_id", "number"),
        UniqueConstraint("station_id", "id"),
        CheckConstraint("state IN ('draft', 'published', 'withdrawn')", name="state"),
        CheckConstraint("valid_to > valid_from", name="period"),
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
