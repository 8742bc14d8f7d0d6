"""Table of the register of addresses."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import ARRAY, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base
from webapp.people.models import Station


class Address(Base):
    """A building, house number or compound of the station's own register: places are found by its address.

    `normal` is the text as it is compared, `keys` what it is looked up by (addresses.rules.address), `site`
    the name without the building. Units and rooms are not kept: nobody's home is in here.
    """

    __tablename__ = "address"
    __table_args__ = (
        UniqueConstraint("station_id", "normal"),
        Index("ix_address_keys", "keys", postgresql_using="gin"),
        Index("ix_address_site", "site", postgresql_using="gin", postgresql_ops={"site": "gin_trgm_ops"}),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    text: Mapped[str]
    normal: Mapped[str]
    community: Mapped[str] = mapped_column(server_default="")
    road: Mapped[str] = mapped_column(server_default="")
    site: Mapped[str] = mapped_column(server_default="")
    building: Mapped[str] = mapped_column(server_default="")
    keys: Mapped[list[str]] = mapped_column(ARRAY(String))
    geom: Mapped[Any] = mapped_column(Geometry("POINT", 4326, spatial_index=False, nullable=False))
    source: Mapped[str] = mapped_column(server_default="")
    kept_at: Mapped[datetime] = mapped_column(server_default=func.now())
