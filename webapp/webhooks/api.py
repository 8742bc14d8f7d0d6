"""Doors for programs: subscriptions and their deliveries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door, site
from webapp.webhooks import actions, queries
from webapp.webhooks.models import Webhook, WebhookDelivery
from webapp.webhooks.rules import KEEPERS, Network, networks
from webapp.webhooks.schemas import (
    DeliveryOut,
    DeliveryQuery,
    NewWebhookOut,
    WebhookChange,
    WebhookIn,
    WebhookOut,
)

blp = ApiBlueprint(
    "webhooks", __name__, url_prefix="/api/v1", description="Events sent to other systems, signed"
)


def _allowed() -> tuple[Network, ...]:
    return networks(site().settings.webhook_private)


@blp.route("/webhooks")
@door(*KEEPERS)
@blp.response(200, WebhookOut(many=True))
def webhooks(session: Session, by: Actor) -> list[Webhook]:
    """The station's subscriptions."""
    return queries.webhooks(session)


@blp.route("/webhooks", methods=["POST"])
@door(*KEEPERS)
@blp.arguments(WebhookIn)
@blp.response(201, NewWebhookOut)
def subscribe(body: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Subscribe; the signing key is in this answer and nowhere else."""
    hook, secret = actions.subscribe(session, body.pop("id"), **body, allowed=_allowed(), by=by)
    names = ("id", "label", "url", "events", "active", "created_at")
    return {**{name: getattr(hook, name) for name in names}, "secret": secret}


@blp.route("/webhooks/<uuid:webhook_id>", methods=["PUT"])
@door(*KEEPERS)
@blp.arguments(WebhookChange)
@blp.response(200, WebhookOut)
def change(body: dict[str, Any], webhook_id: UUID, session: Session, by: Actor) -> Webhook:
    """Change a subscription, or pause it."""
    hook = queries.webhook(session, webhook_id)
    return actions.change(session, hook, **body, allowed=_allowed(), by=by)


@blp.route("/webhooks/<uuid:webhook_id>", methods=["DELETE"])
@door(*KEEPERS)
@blp.response(204)
def remove(webhook_id: UUID, session: Session, by: Actor) -> None:
    """End a subscription; its log stays."""
    actions.remove(session, queries.webhook(session, webhook_id), by=by)


@blp.route("/webhooks/<uuid:webhook_id>/ping", methods=["POST"])
@door(*KEEPERS)
@blp.response(202, WebhookOut)
def ping(webhook_id: UUID, session: Session, by: Actor) -> Webhook:
    """Send a test; how it went is among the deliveries."""
    return actions.ping(session, queries.webhook(session, webhook_id), by=by)


@blp.route("/webhooks/<uuid:webhook_id>/deliveries")
@door(*KEEPERS)
@blp.arguments(DeliveryQuery, location="query")
@blp.response(200, DeliveryOut(many=True))
def deliveries(query: dict[str, Any], webhook_id: UUID, session: Session, by: Actor) -> list[WebhookDelivery]:
    """The newest hundred deliveries of a subscription."""
    hook = queries.webhook(session, webhook_id)
    return queries.deliveries(session, hook.id, query.get("state"))


@blp.route("/webhook-deliveries/<uuid:delivery_id>/replay", methods=["POST"])
@door(*KEEPERS)
@blp.response(202, DeliveryOut)
def replay(delivery_id: UUID, session: Session, by: Actor) -> WebhookDelivery:
    """Send a delivery once more, with the same webhook-id and body."""
    return actions.replay(session, queries.delivery(session, delivery_id), by=by)
