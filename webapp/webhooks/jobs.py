"""What the worker does about webhooks: one delivery per event and subscriber, tried until it arrives."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core import clock, queue
from webapp.core.config import Settings
from webapp.core.db import table_of
from webapp.core.events import Event
from webapp.core.queue import Run
from webapp.webhooks import outgoing, queries, rules
from webapp.webhooks.models import Webhook, WebhookDelivery

JOB = "webhooks.deliver"
# After such a failure the next message would fail too: the others wait a little.
DOWN = ("connection", "timeout", "no_address", "certificate")
MOST_REST = timedelta(seconds=60)


def enqueue_deliveries(run: Run) -> None:
    """Make one delivery for each subscriber of the event; a second run makes none."""
    if run.once("webhooks.deaf", lambda: not queries.active(run.session)):
        return
    active = queries.active(run.session)
    event = queries.event_of_job(run.session, run.job_id) if active else None
    hooks = queries.subscribers(active, event) if event is not None else []
    said = queries.told(run.session, event) if event is not None and hooks else None
    if event is None or said is None:
        return
    for hook in hooks:
        made = uuid5(hook.id, str(event.id))
        body = orjson.dumps({**_head(event, rules.message_id(made)), "data": said}).decode()
        own = {"id": made, "station_id": hook.station_id, "webhook_id": hook.id}
        values = {**own, "event_id": event.id, "event": event.name, "body": body, "next_at": clock.now()}
        run.session.execute(insert(table_of(WebhookDelivery)).values(**values).on_conflict_do_nothing())
        _ask(run.session, queries.delivery(run.session, made), clock.now())


def _head(event: Event, message: str) -> dict[str, object]:
    return {"id": message, "event": event.name, "type": event.name, "at": event.at, "timestamp": event.at}


def _ask(session: Session, delivery: WebhookDelivery, at: datetime, mark: str = "") -> None:
    key = f"webhook:{delivery.id}:{delivery.round}:{delivery.attempts}{mark}"
    queue.enqueue(session, JOB, station_id=delivery.station_id, key=key, run_at=at, delivery=str(delivery.id))


def redeliver(run: Run) -> None:
    """Give a delivery that somebody wants replayed a new life."""
    delivery = queries.delivery(run.session, UUID(str(run.args["subject"])))
    delivery.state, delivery.attempts, delivery.round = "waiting", 0, delivery.round + 1
    delivery.next_at = clock.now()
    run.session.flush()
    _ask(run.session, delivery, delivery.next_at)


def deliver(run: Run) -> None:
    """Try a delivery once; a failure is noted and tried again later, the eighth is the last.

    When the worker dies after the POST the job comes again: the subscriber gets the same webhook-id twice.
    """
    delivery = run.session.get(WebhookDelivery, UUID(str(run.args["delivery"])))
    if delivery is None or delivery.state != "waiting":
        return
    hook = run.session.get_one(Webhook, delivery.webhook_id)
    now = clock.now()
    if hook.active and hook.rest_until is not None and hook.rest_until > now:
        delivery.next_at = hook.rest_until
        _ask(run.session, delivery, hook.rest_until, f":{hook.rest_until.timestamp():.3f}")
        return
    delivery.attempts, delivery.tried_at, delivery.next_at = delivery.attempts + 1, now, None
    try:
        delivery.status = _post(run, hook, delivery, now)
    except outgoing.Undelivered as error:
        _failed(run.session, hook, delivery, error)
        return
    delivery.state, delivery.delivered_at, delivery.error = "delivered", clock.now(), None
    hook.rest_until = None


def _post(run: Run, hook: Webhook, delivery: WebhookDelivery, now: datetime) -> int:
    if not hook.active:
        raise outgoing.Undelivered("inactive")
    settings: Settings = run.resources["settings"]
    body, message, seconds = delivery.body.encode(), rules.message_id(delivery.id), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "shuangge-webhooks/1",
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": rules.signature(queries.secret(run.session, hook.id), message, seconds, body),
    }
    allowed = rules.networks(settings.webhook_private)
    return outgoing.post(hook.url, body, headers, allowed=allowed, authority=settings.webhook_ca)


def _failed(session: Session, hook: Webhook, delivery: WebhookDelivery, error: outgoing.Undelivered) -> None:
    """Note a try that failed and ask for the next one."""
    delivery.status, delivery.error = error.status, error.code
    rest = None if error.code == "inactive" else rules.rest_after(delivery.attempts)
    if rest is None:
        delivery.state = "dead"
        return
    delivery.next_at = clock.now() + rest
    if error.code in DOWN or (error.status or 0) >= 500:
        hook.rest_until = clock.now() + min(rest, MOST_REST)
    _ask(session, delivery, delivery.next_at)
