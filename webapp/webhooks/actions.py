"""Changes to webhooks: subscribe, change, remove, test, replay; each records one event."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Refused
from webapp.core.events import record
from webapp.core.security import new_signing_key
from webapp.webhooks import rules
from webapp.webhooks.models import Webhook, WebhookDelivery, WebhookSecret


def subscribe(
    session: Session,
    webhook_id: UUID,
    *,
    label: str,
    url: str,
    events: list[str],
    allowed: tuple[rules.Network, ...],
    by: Actor,
) -> tuple[Webhook, str | None]:
    """Add a webhook; return it and its signing key, which is shown this once.

    The same again returns what is there, without the key. Raises Refused for an address or an event that
    can't be taken, Conflict for an id that stands for something else.
    """
    known = session.get(Webhook, webhook_id)
    if known is not None:
        if (known.url, known.events) != (url, events) or known.removed_at is not None:
            raise Conflict()
        return known, None
    _check(url, events, allowed)
    hook = Webhook(id=webhook_id, station_id=by.station_id, label=label, url=url, events=events)
    session.add(hook)
    session.flush()
    secret = new_signing_key()
    values = {"webhook_id": webhook_id, "station_id": by.station_id, "secret": secret}
    session.execute(insert(table_of(WebhookSecret)).values(**values))
    record(session, "webhooks.subscribed", kind="webhook", subject=hook.id, by=by, events=events)
    return hook, secret


def change(
    session: Session,
    hook: Webhook,
    *,
    label: str,
    url: str,
    events: list[str],
    active: bool,
    allowed: tuple[rules.Network, ...],
    by: Actor,
) -> Webhook:
    """Change where a webhook goes, what it is told, and whether it is told anything; the key stays."""
    _check(url, events, allowed)
    hook.label, hook.url, hook.events, hook.active = label, url, events, active
    session.flush()
    record(session, "webhooks.changed", kind="webhook", subject=hook.id, by=by, events=events, active=active)
    return hook


def remove(session: Session, hook: Webhook, *, by: Actor) -> None:
    """End a webhook; its log stays."""
    hook.active, hook.removed_at = False, clock.now()
    session.flush()
    record(session, "webhooks.removed", kind="webhook", subject=hook.id, by=by)


def ping(session: Session, hook: Webhook, *, by: Actor) -> Webhook:
    """Send a test to a webhook. Raises Conflict for one that is not active."""
    if not hook.active:
        raise Conflict("webhook_inactive")
    record(session, "webhooks.pinged", kind="webhook", subject=hook.id, by=by)
    return hook


def replay(session: Session, delivery: WebhookDelivery, *, by: Actor) -> WebhookDelivery:
    """Ask for a delivery once more, with the same id and body; the worker gives it eight new tries."""
    record(session, "webhooks.replayed", kind="webhook_delivery", subject=delivery.id, by=by)
    return delivery


def _check(url: str, events: list[str], allowed: tuple[rules.Network, ...]) -> None:
    problems = rules.url_problems(url, allowed) + rules.event_problems(events)
    if problems:
        raise Refused(problems=problems)
