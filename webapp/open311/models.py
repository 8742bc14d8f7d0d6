"""Table of how to reach the senders."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class Open311Contact(Base):
    """How to reach whoever sent a case by Open311, as far as said; `other` holds what the standard lacks.

    Apart from the case, for a narrower circle sees it.
    """

    __tablename__ = "open311_contact"
    __table_args__ = (inside("case_file", "case_id"),)

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    contact: Mapped[dict[str, Any]]
    other: Mapped[dict[str, Any]]
    device_id: Mapped[str] = mapped_column(server_default="")
    account_id: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
