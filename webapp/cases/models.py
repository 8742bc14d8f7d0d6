"""Tables of hazard classes, cases and their attachments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from webapp.areas.models import Grid, PoliceGrid
from webapp.calendars.models import UNITS, LimitRule
from webapp.cases.rules import State
from webapp.core.db import Base, inside
from webapp.people.models import Person, Station


class HazardClass(Base):
    """A kind of hazard with its own questions, law text and limit, as data; a version never changes.

    Classes without a station are everybody's; a station's own one, made from an XLSForm, is seen by it alone.
    """

    __tablename__ = "hazard_class"
    __table_args__ = (
        Index("ix_hazard_class_in_use", "code", unique=True, postgresql_where="in_use"),
        CheckConstraint("kind IN ('hazard', 'lead', 'dispute', 'opinion', 'order')", name="kind"),
        CheckConstraint("NOT (draft AND in_use)", name="draft"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]]
    hint: Mapped[dict[str, Any]]
    law: Mapped[dict[str, Any]]
    questions: Mapped[list[Any]]
    icon: Mapped[str]
    position: Mapped[int]
    limit_h: Mapped[int]
    restricted: Mapped[bool] = mapped_column(server_default="false")
    # What its cases are: a hazard, a lead (restricted), a dispute to be settled, an opinion to be answered,
    # an order of another system.
    kind: Mapped[str] = mapped_column(server_default="hazard")
    # Open to residents without an account.
    public: Mapped[bool] = mapped_column(server_default="false")
    in_use: Mapped[bool] = mapped_column(server_default="true")
    station_id: Mapped[UUID | None] = mapped_column(ForeignKey(Station.id), index=True)
    # Not published yet: only for trying out, no case can have it.
    draft: Mapped[bool] = mapped_column(server_default="false")
    # The XLSForm that it was made from, in the blob store.
    source_sha256: Mapped[str | None]
    # Closed only after a second person has looked; and what must be entered first (correction, grade).
    second_look: Mapped[bool] = mapped_column(server_default="false")
    asked_before_end: Mapped[list[str]] = mapped_column(ARRAY(String), server_default="{}")


class CaseNumber(Base):
    """The last case number of a station's year; numbers have no gaps."""

    __tablename__ = "case_number"

    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


# What a desk asks for each time: open cases by clock and by ground, few among very many.
_OPEN = "state NOT IN ('closed', 'rejected', 'duplicate', 'withdrawn')"
_DESK = {
    "open_due": (("station_id", "due_at", "id"), _OPEN),
    "open_found": (("station_id", "found_at", "id"), _OPEN),
    "open_grid": (("grid_id", "due_at"), _OPEN),
    "open_handler": (("station_id", "handler_id"), _OPEN),
    "waiting": (("station_id", "respond_by", "id"), "state = 'reported'"),
    "fed_back": (("station_id", "due_at"), "state = 'fed_back'"),
    "pending": (("station_id", "due_at"), "pending IS NOT NULL"),
    "resting": (("station_id", "state", "due_at"), "state IN ('hung_up', 'transferred')"),
    "raised": (("station_id", "due_at"), f"priority > 0 AND {_OPEN}"),
    "escalated": (("station_id", "due_at"), f"level > 0 AND {_OPEN}"),
    "lead": (("station_id", "due_at"), "restricted AND kind = 'lead'"),
}


class Case(Base):
    """A matter that has a life cycle. Plan, grid and police grid are kept as resolved on that day.

    `place_flag` says what is odd about the place: near_border (the error circle crosses into
    `neighbour_grid_id`), outside_grids (routed to the nearest grid), vague (hardly known), or nothing.
    """

    __tablename__ = "case_file"
    __table_args__ = (
        UniqueConstraint("station_id", "number"),
        UniqueConstraint("station_id", "id"),
        inside("plan", "plan_id"),
        inside("grid", "grid_id"),
        inside("police_grid", "police_grid_id"),
        inside("grid", "neighbour_grid_id"),
        inside("person", "reporter_id"),
        inside("person", "handler_id"),
        inside("person", "assigned_to"),
        inside("team", "assigned_team"),
        inside("person", "pending_by"),
        inside("case_file", "duplicate_of"),
        inside("person", "fed_back_by"),
        inside("person", "verified_by"),
        CheckConstraint(f"state IN ({', '.join(repr(str(state)) for state in State)})", name="state"),
        CheckConstraint(
            "(pending IS NULL) = (pending_by IS NULL) AND pending IN ('extension', 'hang_up')", name="pending"
        ),
        CheckConstraint(
            "(paused_at IS NULL) = (paused_left_s IS NULL)"
            " AND (paused_at IS NOT NULL) = (state IN ('hung_up', 'transferred'))",
            name="paused",
        ),
        CheckConstraint(
            "(duplicate_of IS NOT NULL) = (state = 'duplicate') AND duplicate_of <> id", name="duplicate"
        ),
        CheckConstraint(
            "(clock_unit IS NULL) = (clock_at IS NULL) AND (clock_unit IS NULL) = (clock_left IS NULL)"
            f" AND clock_unit IN {UNITS}",
            name="clock",
        ),
        CheckConstraint("level BETWEEN 0 AND 3", name="level"),
        CheckConstraint("priority BETWEEN 0 AND 2", name="priority"),
        ForeignKeyConstraint(["class_code", "class_version"], [HazardClass.code, HazardClass.version]),
        CheckConstraint(
            "ST_X(geom) BETWEEN 73 AND 136 AND ST_Y(geom) BETWEEN 3 AND 54", name="geom_in_china"
        ),
        CheckConstraint("accuracy_m >= 0", name="accuracy"),
        Index("ix_case_file_geom", "geom", "station_id", postgresql_using="gist"),
        Index("ix_case_file_grid_id_state", "grid_id", "state"),
        Index("ix_case_file_station_id_found_at", "station_id", "found_at"),
        Index("ix_case_file_reporter_id", "reporter_id"),
        # What has an end that runs.
        Index(
            "ix_case_file_running",
            "station_id",
            "due_at",
            postgresql_where="state IN ('reported', 'accepted', 'dispatched', 'handling', 'fed_back')",
        ),
        *(
            Index(f"ix_case_file_{name}", name, postgresql_where=f"{name} IS NOT NULL")
            for name in ("assigned_to", "assigned_team", "duplicate_of")
        ),
        *(
            Index(f"ix_case_file_{name}", *columns, postgresql_where=where)
            for name, (columns, where) in _DESK.items()
        ),
        Index(
            "ix_case_file_neighbour_grid_id",
            "neighbour_grid_id",
            postgresql_where="neighbour_grid_id IS NOT NULL",
        ),
        Index(
            "ix_case_file_source_ref",
            "station_id",
            "source",
            "source_ref",
            unique=True,
            postgresql_where="source_ref IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    number: Mapped[str]
    kind: Mapped[str]
    class_code: Mapped[str]
    class_version: Mapped[int]
    restricted: Mapped[bool] = mapped_column(server_default="false")
    state: Mapped[str]
    geom: Mapped[Any] = mapped_column(Geometry("POINT", 4326, spatial_index=False, nullable=False))
    raw_x: Mapped[float]
    raw_y: Mapped[float]
    raw_crs: Mapped[str]
    accuracy_m: Mapped[float | None]
    method: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    place_flag: Mapped[str | None]
    plan_id: Mapped[UUID]
    grid_id: Mapped[UUID]
    police_grid_id: Mapped[UUID] = mapped_column(index=True)
    neighbour_grid_id: Mapped[UUID | None]
    answers: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(server_default="")
    found_at: Mapped[datetime]
    reported_at: Mapped[datetime] = mapped_column(server_default=func.now())
    accepted_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    closing_note: Mapped[str | None]
    reporter_id: Mapped[UUID | None]
    handler_id: Mapped[UUID | None]
    client: Mapped[str] = mapped_column(server_default="")
    # The door or the other system that it came by, and its number there.
    source: Mapped[str] = mapped_column(server_default="")
    source_ref: Mapped[str | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int] = mapped_column(server_default="1")
    # How many others have said "I see it too"; counted by app.add_voice alone.
    voices: Mapped[int] = mapped_column(server_default="0")
    # Until when somebody must have accepted it; `due_at` is the end of the whole matter.
    respond_by: Mapped[datetime | None]
    # To whom it was dispatched: one person, or a team whose first to acknowledge has it.
    assigned_to: Mapped[UUID | None]
    assigned_team: Mapped[UUID | None]
    # What waits for an approval, who asked, and until when the new limit or the rest would last.
    pending: Mapped[str | None]
    pending_by: Mapped[UUID | None]
    pending_until: Mapped[datetime | None]
    # How far up it was escalated (0 to 3), and how early it is to be taken (0 normal, 1 raised, 2 first).
    level: Mapped[int] = mapped_column(server_default="0")
    priority: Mapped[int] = mapped_column(server_default="0")
    duplicate_of: Mapped[UUID | None]
    fed_back_by: Mapped[UUID | None]
    fed_back_at: Mapped[datetime | None]
    verified_by: Mapped[UUID | None]
    # While the clock stands still: since when, and what was left of it (seconds, negative when overdue).
    paused_at: Mapped[datetime | None]
    paused_left_s: Mapped[int | None] = mapped_column(BigInteger)
    reopened: Mapped[int] = mapped_column(server_default="0")
    # The clock of the limit (webapp.calendars.rules.Clock): its rule (none: the class's plain limit), what it
    # counts, when it was started, since when it counts what is left (none: it stands still, or a person
    # has set the end), and what was left then. All empty where the end came with the case.
    limit_rule_id: Mapped[UUID | None] = mapped_column(ForeignKey(LimitRule.id))
    clock_unit: Mapped[str | None]
    clock_at: Mapped[datetime | None]
    clock_since: Mapped[datetime | None]
    clock_left: Mapped[timedelta | None]
    # What was entered on the way: correction (until), grade, body, receipt, dispatched_by.
    facts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")

    @property
    def unconfirmed(self) -> bool:
        """Whether somebody unknown has sent it by Open311, and nobody of the station has taken it up yet."""
        taken_up = self.accepted_at or self.duplicate_of  # with the leading one
        return self.source == "open311" and self.reporter_id is None and not taken_up

    # How far the leading case of a merged one has come, where the reader may know (queries.with_leads).
    lead: ClassVar[Any] = None

    grid: Mapped[Grid] = relationship(primaryjoin=lambda: foreign(Case.grid_id) == Grid.id, viewonly=True)
    neighbour: Mapped[Grid | None] = relationship(
        primaryjoin=lambda: foreign(Case.neighbour_grid_id) == Grid.id, viewonly=True
    )
    police_grid: Mapped[PoliceGrid] = relationship(
        primaryjoin=lambda: foreign(Case.police_grid_id) == PoliceGrid.id, viewonly=True
    )
    hazard_class: Mapped[HazardClass] = relationship(viewonly=True)
    attachments: Mapped[list[Attachment]] = relationship(
        primaryjoin=lambda: foreign(Attachment.case_id) == Case.id,
        viewonly=True,
        order_by="Attachment.id",
        back_populates="case",
    )
    notes: Mapped[list[CaseNote]] = relationship(
        primaryjoin=lambda: foreign(CaseNote.case_id) == Case.id, viewonly=True, order_by="CaseNote.at"
    )
    handler: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(Case.handler_id) == Person.id, viewonly=True
    )


class Attachment(Base):
    """A file of a case. `sent_sha256` is what the phone sent, `sha256` what we keep (metadata stripped)."""

    __tablename__ = "attachment"
    __table_args__ = (
        UniqueConstraint("case_id", "sent_sha256", "purpose"),
        inside("case_file", "case_id"),
        CheckConstraint("purpose IN ('found', 'closed', 'fed_back')", name="purpose"),
        Index("ix_attachment_awaited", "sent_sha256", postgresql_where="awaited"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[UUID]
    station_id: Mapped[UUID]
    purpose: Mapped[str]
    sent_sha256: Mapped[str]
    sha256: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    thumbnail_sha256: Mapped[str | None]
    damaged: Mapped[bool] = mapped_column(server_default="false")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    # The small picture that came ahead; while the original is awaited, `sha256` and the rest are its.
    preview_sha256: Mapped[str | None]
    awaited: Mapped[bool] = mapped_column(server_default="false")
    # Where the phone was at the shutter (WGS 84, metres): pictures lose their own position on the way.
    taken_lon: Mapped[float | None]
    taken_lat: Mapped[float | None]
    taken_accuracy_m: Mapped[float | None]
    taken_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship(
        primaryjoin=lambda: foreign(Attachment.case_id) == Case.id,
        viewonly=True,
        back_populates="attachments",
    )


class Voice(Base):
    """Somebody else who has seen the same thing: he stays informed of the case like its reporter."""

    __tablename__ = "voice"
    __table_args__ = (inside("case_file", "case_id"), inside("person", "person_id"))

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    station_id: Mapped[UUID]
    note: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class CaseNote(Base):
    """Words added to a case after it was reported; the sender's id makes sending again harmless."""

    __tablename__ = "case_note"
    __table_args__ = (inside("case_file", "case_id"), inside("person", "person_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(index=True)
    station_id: Mapped[UUID]
    person_id: Mapped[UUID]
    note: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    person: Mapped[Person | None] = relationship(
        primaryjoin=lambda: foreign(CaseNote.person_id) == Person.id, viewonly=True
    )
