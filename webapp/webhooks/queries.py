"""Reads about webhooks, their deliveries, and what a subscriber is told of an event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.areas.models import Grid, PoliceGrid
from webapp.calls.queries import outside
from webapp.cases.models import Case
from webapp.core.errors import NotFound
from webapp.core.events import Event
from webapp.core.queue import Job
from webapp.people.models import Station
from webapp.webhooks.models import Webhook, WebhookDelivery, WebhookSecret
from webapp.webhooks.rules import PING

LOG = 100


def webhooks(session: Session) -> list[Webhook]:
    """Return the station's webhooks that were not removed, oldest first."""
    wanted = select(Webhook).where(Webhook.removed_at.is_(None)).order_by(Webhook.created_at, Webhook.id)
    return list(session.scalars(wanted))


def webhook(session: Session, webhook_id: UUID) -> Webhook:
    """Return one webhook; raise NotFound when absent, removed or not for the asker."""
    found = session.get(Webhook, webhook_id)
    if found is None or found.removed_at is not None:
        raise NotFound()
    return found


def deliveries(
    session: Session, webhook_id: UUID, state: str | None = None, limit: int = LOG
) -> list[WebhookDelivery]:
    """Return the newest deliveries of a webhook."""
    wanted = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if state:
        wanted = wanted.where(WebhookDelivery.state == state)
    order = (WebhookDelivery.created_at.desc(), WebhookDelivery.event_id.desc())
    return list(session.scalars(wanted.order_by(*order).limit(limit)))


def delivery(session: Session, delivery_id: UUID) -> WebhookDelivery:
    """Return one delivery; raise NotFound when absent or not for the asker."""
    found = session.get(WebhookDelivery, delivery_id)
    if found is None:
        raise NotFound()
    return found


def event_of_job(session: Session, job_id: int) -> Event | None:
    """Return the event that started a job: a reaction's key begins with the event's id."""
    key = session.scalars(select(Job.key).where(Job.id == job_id)).one()
    return session.get(Event, int(key.partition(":")[0]))


def active(session: Session) -> list[Webhook]:
    """Return the station's webhooks that are switched on."""
    return [hook for hook in webhooks(session) if hook.active]


def subscribers(active: list[Webhook], event: Event) -> list[Webhook]:
    """Return those of the active webhooks that want an event; a test goes to the one that it is about."""
    if event.name == PING:
        return [hook for hook in active if hook.id == event.subject_id]
    return [hook for hook in active if event.name in hook.events]


def secret(session: Session, webhook_id: UUID) -> str:
    """Return a webhook's signing key; only the worker may."""
    return session.scalars(select(WebhookSecret.secret).where(WebhookSecret.webhook_id == webhook_id)).one()


def told(session: Session, event: Event) -> dict[str, Any] | None:
    """Return what a subscriber is told of an event: ids, numbers, codes and states, nothing personal.

    None for what leaves the house in no form: anything about a restricted case.
    """
    station = session.scalars(select(Station.code).where(Station.id == event.station_id)).one()
    said: dict[str, Any] = {"station": station, "kind": event.subject_kind, "id": str(event.subject_id)}
    if event.subject_kind == "call":
        call = outside(session, event.subject_id)
        return None if call is None else {**said, **call}
    if event.subject_kind != "case":
        return said
    row = session.execute(
        select(
            Case.number,
            Case.class_code,
            Case.state,
            Case.restricted,
            Grid.code.label("grid"),
            PoliceGrid.code.label("police_grid"),
        )
        .join(Grid, Grid.id == Case.grid_id)
        .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
        .where(Case.id == event.subject_id)
    ).one_or_none()
    if row is None or row.restricted:
        return None
    state = event.data.get("state") or ("reported" if event.name == "cases.reported" else row.state)
    case = {"number": row.number, "class": row.class_code, "state": state}
    return {**said, **case, "grid": row.grid, "police_grid": row.police_grid}
