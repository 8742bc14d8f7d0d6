"""Tables of attempts, bodies, referrals and of matters that are not the police's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from webapp.cases.models import Case
from webapp.core.db import Base, inside
from webapp.people.models import Station


class AttemptResult(Base):
    """What an attempt may come to, as data; `reached` says that somebody was met or spoken to."""

    __tablename__ = "attempt_result"

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[dict[str, Any]]
    position: Mapped[int]
    reached: Mapped[bool]


class Attempt(Base):
    """Somebody went or called about a case; the client's id makes sending again harmless.

    The place is optional: WGS 84 beside the raw values, as everywhere.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        inside("case_file", "case_id"),
        inside("person", "person_id"),
        Index("ix_attempt_case_id_at", "case_id", "at"),
        Index("ix_attempt_person_id_at", "person_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    case_id: Mapped[UUID]
    person_id: Mapped[UUID]
    result: Mapped[str] = mapped_column(ForeignKey(AttemptResult.code))
    words: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]
    geom: Mapped[Any | None] = mapped_column(Geometry("POINT", 4326, spatial_index=False))
    raw_x: Mapped[float | None]
    raw_y: Mapped[float | None]
    raw_crs: Mapped[str | None]
    accuracy_m: Mapped[float | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())

    kind_of: Mapped[AttemptResult] = relationship(viewonly=True)
    case: Mapped[Case] = relationship(primaryjoin=lambda: foreign(Attempt.case_id) == Case.id, viewonly=True)


class Body(Base):
    """An office or company that matters are handed to; `classes` are class codes, none means all.

    `answer_days` are working days; a retired body keeps its referrals.
    """

    __tablename__ = "body"
    __table_args__ = (
        UniqueConstraint("station_id", "code"),
        UniqueConstraint("station_id", "id"),
        CheckConstraint("answer_days BETWEEN 1 AND 90", name="answer_days"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    duties: Mapped[str] = mapped_column(server_default="")
    classes: Mapped[list[Any]] = mapped_column(server_default="[]")
    contact: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    answer_days: Mapped[int]
    retired_at: Mapped[datetime | None]


class ReferralNumber(Base):
    """The last number of a station's forms in a year; numbers have no gaps."""

    __tablename__ = "referral_number"

    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Referral(Base):
    """A case handed to a body by a numbered form: what it says, how it went, what came back.

    `reporter` is empty unless somebody ticked it with a reason; `law` is the text of that day.
    """

    __tablename__ = "referral"
    __table_args__ = (
        UniqueConstraint("station_id", "number"),
        UniqueConstraint("station_id", "id"),
        inside("case_file", "case_id"),
        inside("body", "body_id"),
        inside("person", "made_by"),
        CheckConstraint(
            "state IN ('prepared', 'delivered', 'receipted', 'accepted', 'done', 'refused', 'recalled')",
            name="state",
        ),
        CheckConstraint("reporter = '' OR reason <> ''", name="reporter"),
        # One body at a time: two would wait for each other.
        Index("ix_referral_open", "case_id", unique=True, postgresql_where="ended_at IS NULL"),
        Index("ix_referral_body_id_made_at", "body_id", "made_at"),
        Index("ix_referral_due_at", "station_id", "due_at", postgresql_where="answered_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    case_id: Mapped[UUID]
    body_id: Mapped[UUID]
    number: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="prepared")
    facts: Mapped[str]
    law: Mapped[dict[str, Any]]
    photos: Mapped[list[Any]] = mapped_column(server_default="[]")
    reporter: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")
    made_by: Mapped[UUID]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    delivered_at: Mapped[datetime | None]
    delivered_how: Mapped[str | None]
    delivered_to: Mapped[str | None]
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    receipt_number: Mapped[str | None]
    receipt_on: Mapped[date | None]
    receipt_sha256: Mapped[str | None]
    receipt_media: Mapped[str | None]
    answer: Mapped[str | None]
    answer_words: Mapped[str | None]
    answer_sha256: Mapped[str | None]
    answer_media: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    recall_words: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    revision: Mapped[int] = mapped_column(server_default="1")

    body: Mapped[Body] = relationship(primaryjoin=lambda: foreign(Referral.body_id) == Body.id, viewonly=True)
    case: Mapped[Case] = relationship(primaryjoin=lambda: foreign(Referral.case_id) == Case.id, viewonly=True)


class NonPolice(Base):
    """A case that is not the police's business; it still ends with somebody who answers for it."""

    __tablename__ = "non_police"
    __table_args__ = (inside("case_file", "case_id"), inside("person", "marked_by"))

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), index=True)
    words: Mapped[str] = mapped_column(server_default="")
    marked_by: Mapped[UUID]
    marked_at: Mapped[datetime] = mapped_column(server_default=func.now())
