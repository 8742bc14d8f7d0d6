"""Tables of webhooks: who is told what, the secret apart, and each delivery with its tries."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside
from webapp.people.models import Station


class Webhook(Base):
    """A system that is told of events by POST to its address. A removed one stays for its log."""

    __tablename__ = "webhook"
    __table_args__ = (UniqueConstraint("station_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    label: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    removed_at: Mapped[datetime | None]
    # After a failure nothing else is tried there until then, so that a dead system holds nobody up.
    rest_until: Mapped[datetime | None]


class WebhookSecret(Base):
    """The key that signs a webhook's deliveries: written once by the web role, read by the worker alone."""

    __tablename__ = "webhook_secret"
    __table_args__ = (inside("webhook", "webhook_id"),)

    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    secret: Mapped[str]


class WebhookDelivery(Base):
    """One event for one webhook: the exact body, and how its tries went."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        inside("webhook", "webhook_id"),
        CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state"),
        Index("ix_webhook_delivery_station_id_created_at", "station_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    webhook_id: Mapped[UUID]
    event_id: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[str]
    body: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    # Counts the lives that replays gave it: each has tries of its own.
    round: Mapped[int] = mapped_column(server_default="1")
    status: Mapped[int | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tried_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
