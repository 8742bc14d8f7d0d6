"""Table of named places."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base
from webapp.people.models import Station


class Place(Base):
    """A named place of the station's ground: compound, school, market, police room."""

    __tablename__ = "place"
    __table_args__ = (
        Index("ix_place_geom", "geom", postgresql_using="gist"),
        Index("ix_place_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index("ix_place_station_id", "station_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    kind: Mapped[str]
    name: Mapped[str]
    geom: Mapped[Any] = mapped_column(Geometry("POINT", 4326, spatial_index=False, nullable=False))
    source: Mapped[str] = mapped_column(server_default="")
    # On its sign and in its QR; made by the database (webapp/core/shortcodes.py has the rule).
    code: Mapped[str] = mapped_column(unique=True, server_default=text("app.new_place_code()"))
    closed_at: Mapped[datetime | None]
