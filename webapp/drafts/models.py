"""Tables of drafts: where they start, what was done, what stands now part by part, and comments."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class DraftStart(Base):
    """A border network with its grids as drafts start from it; made once of a published plan, or an import.

    `body` is packed JSON (see `drafts.sketch.packed`); it never changes.
    """

    __tablename__ = "draft_start"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        UniqueConstraint("plan_id"),
        inside("plan", "plan_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    plan_id: Mapped[UUID | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Draft(Base):
    """A named draft. `head` is the number of its last operation, `mark` that operation's id.

    `plan_id` is the plan that was made of it when it was submitted; empty while it may be drawn on.
    """

    __tablename__ = "draft"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        UniqueConstraint("share"),
        inside("plan", "base_plan_id"),
        inside("draft_start", "start_id"),
        inside("plan", "plan_id"),
        inside("person", "made_by"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    name: Mapped[str]
    base_plan_id: Mapped[UUID | None]
    start_id: Mapped[UUID]
    source: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    head: Mapped[int] = mapped_column(server_default="0")
    mark: Mapped[UUID | None]
    plan_id: Mapped[UUID | None]
    # In the link for members of the station who are to look and comment.
    share: Mapped[UUID]
    made_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    dropped_at: Mapped[datetime | None]


class DraftPart(Base):
    """One node, line, grid, police grid or lock as the draft has it now, where it differs from the start.

    `rev` is the number of the operation that touched it last, `meant` of the last that meant it: households
    follow a border that somebody moves, without anybody meaning the grid. `body` is empty where it is gone.
    """

    __tablename__ = "draft_part"
    __table_args__ = (
        inside("draft", "draft_id"),
        CheckConstraint("kind IN ('node', 'line', 'grid', 'police_grid', 'lock')", name="kind"),
        Index("ix_draft_part_draft_id_rev", "draft_id", "rev"),
    )

    draft_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    body: Mapped[dict[str, Any] | None]
    rev: Mapped[int]
    meant: Mapped[int]


class PlanOperation(Base):
    """One thing that a planner did to a draft: append-only; `inverse` holds the parts as they were before.

    Each row carries its planner's undo and redo as linked lists: `undo_top` is the operation that undo would
    take back next, `undo_below` the one under it; the same for redo, whose entries are the undos themselves.
    """

    __tablename__ = "plan_operation"
    __table_args__ = (
        UniqueConstraint("id"),
        inside("draft", "draft_id"),
        inside("person", "by_id"),
        Index("ix_plan_operation_draft_id_by_id", "draft_id", "by_id", "seq"),
    )

    draft_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    station_id: Mapped[UUID]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
    inverse: Mapped[list[Any]]
    undo_top: Mapped[int | None]
    undo_below: Mapped[int | None]
    redo_top: Mapped[int | None]
    redo_below: Mapped[int | None]
    by_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class DraftComment(Base):
    """What somebody of the station says about a draft, at a place (WGS 84) or as a whole."""

    __tablename__ = "draft_comment"
    __table_args__ = (
        inside("draft", "draft_id"),
        inside("person", "by_id"),
        CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="point"),
        Index("ix_draft_comment_draft_id", "draft_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draft_id: Mapped[UUID]
    station_id: Mapped[UUID]
    by_id: Mapped[UUID | None]
    text: Mapped[str]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
