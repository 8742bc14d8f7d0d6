"""What crosses the wire about webhooks; the signing key is in one answer and nowhere else."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.core.schema import Strict, Text
from webapp.webhooks.rules import EVENTS, URL_LIMIT, message_id

_EVENT = validate.OneOf(list(EVENTS))


class WebhookIn(Strict):
    """A subscription; `id` is made by the sender and makes sending again harmless."""

    id = fields.UUID(required=True)
    label = Text(80, low=1, required=True)
    url = Text(URL_LIMIT, low=1, required=True, metadata={"example": "https://example.org/hook"})
    events = fields.List(
        fields.String(validate=_EVENT), required=True, validate=validate.Length(min=1, max=len(EVENTS))
    )


class WebhookChange(Strict):
    """A subscription as it shall be from now on."""

    label = Text(80, low=1, required=True)
    url = Text(URL_LIMIT, low=1, required=True)
    events = fields.List(
        fields.String(validate=_EVENT), required=True, validate=validate.Length(min=1, max=len(EVENTS))
    )
    active = fields.Boolean(required=True)


class WebhookOut(Strict):
    """A subscription."""

    id = fields.UUID()
    label = fields.String()
    url = fields.String()
    events = fields.List(fields.String())
    active = fields.Boolean()
    created_at = fields.AwareDateTime()


class NewWebhookOut(WebhookOut):
    """A new subscription with its signing key; null when it was there already."""

    secret = fields.String(allow_none=True, metadata={"description": "whsec_ and the key in base64"})


class DeliveryOut(Strict):
    """One event for one subscriber, and how its tries went."""

    id = fields.UUID()
    webhook_id = fields.UUID()
    message_id = fields.Function(lambda d: message_id(d.id))
    event = fields.String()
    body = fields.String()
    state = fields.String()
    attempts = fields.Integer()
    status = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    tried_at = fields.AwareDateTime(allow_none=True)
    next_at = fields.AwareDateTime(allow_none=True)
    delivered_at = fields.AwareDateTime(allow_none=True)


class DeliveryQuery(Strict):
    """Which deliveries are wanted."""

    state = fields.String(validate=validate.OneOf(["waiting", "delivered", "dead"]))
