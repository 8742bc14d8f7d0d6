"""What the worker does for calls: their clocks, the way up the chain, messages outside of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from uuid import UUID

from webapp.calls import actions, delivery, queries, rules
from webapp.calls.models import Call
from webapp.core import clock
from webapp.core.config import Settings
from webapp.core.i18n import _, choose, speaking
from webapp.core.queue import Run, enqueue
from webapp.people.queries import phone

CLOCK, DELIVER = "calls.run_clock", "calls.deliver"


def plan_clock(run: Run) -> None:
    """Ask for a look at a call when its clock wants it."""
    call = queries.call(run.session, UUID(str(run.args["subject"])))
    if call.next_at is not None:
        _ask(run, call, call.next_at)


def _ask(run: Run, call: Call, at: datetime) -> None:
    key = f"{CLOCK}:{call.id}:{at.timestamp():.3f}"
    enqueue(run.session, CLOCK, station_id=call.station_id, key=key, run_at=at, call=str(call.id))


def run_clock(run: Run) -> None:
    """Look at a call: nobody has answered in time, so it goes up the chain; nothing stays open for ever.

    A look that came too early (somebody acknowledged meanwhile) does nothing: another one was asked for.
    """
    call = queries.locked(run.session, UUID(str(run.args["call"])))
    now = clock.now()
    if call.next_at is None or now < call.next_at:
        return
    if now >= call.close_at:
        actions.expire(run.session, call, by=run.by)
    else:
        actions.escalate(run.session, call, by=run.by)


def tell(run: Run) -> None:
    """Ask for one message to each who was called at this step, by each way that is switched on."""
    settings: Settings = run.resources["settings"]
    call = queries.call(run.session, UUID(str(run.args["subject"])))
    level = int(run.args["data"].get("level", call.level))
    for target in queries.targets(run.session, call.id, level):
        for name in delivery.names(settings):
            key = f"{DELIVER}:{call.id}:{target.person_id}:{name}"
            who = str(target.person_id)
            enqueue(
                run.session,
                DELIVER,
                station_id=call.station_id,
                key=key,
                call=str(call.id),
                person=who,
                way=name,
            )


def deliver(run: Run) -> None:
    """Send one message; a failure is tried again by the queue. Who has answered meanwhile needs none."""
    settings: Settings = run.resources["settings"]
    call = queries.call(run.session, UUID(str(run.args["call"])))
    person = UUID(str(run.args["person"]))
    target = queries.target(run.session, call.id, person)
    if target is None or target.state != "called" or call.state not in rules.OPEN_STATES:
        return
    name = str(run.args["way"])
    allowed = tuple(ip_network(part.strip()) for part in settings.webhook_private.split(",") if part.strip())
    way = delivery.way(name, settings, run.resources["outgoing"], allowed)
    number = phone(run.session, person) if name == "sms" else None
    known = queries.kind(run.session, call.kind)
    title = known.title if known else {"zh": call.kind}
    way.deliver(_message(call, title, person, number or "", settings))


def _message(
    call: Call, title: Mapping[str, str], person: UUID, number: str, settings: Settings
) -> delivery.Message:
    """Return the message about a call: what kind, which grid, when; nothing that was said."""
    with speaking(settings.default_language):
        kind, at = choose(title), clock.shown(call.called_at, "%H:%M")
        text = _("Call: %(kind)s, %(grid)s, %(at)s", kind=kind, grid=call.grid.name, at=at)
    link = f"{settings.public_url.rstrip('/')}/calls/{call.id}"
    return delivery.Message(f"{call.id}-{person}", str(person), text, link, number)
