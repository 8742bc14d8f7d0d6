"""What follows what: one table of events and the jobs that they start."""

from __future__ import annotations

from webapp.cases import jobs as cases
from webapp.core.queue import Every, Handler
from webapp.exchange import jobs as exchange
from webapp.intake import jobs as intake
from webapp.parcels import jobs as parcels
from webapp.residents import jobs as residents
from webapp.webhooks import jobs as webhooks
from webapp.webhooks.rules import EVENTS, PING, REPLAY

# (event, job): each pair becomes a job of its own, so one failure does not repeat its brothers.
REACTIONS: dict[str, list[str]] = {
    "cases.reported": ["cases.make_thumbnails"],
    "cases.file_added": ["cases.make_thumbnails"],
    "cases.file_completed": ["cases.make_thumbnails"],
    "cases.accepted": ["cases.award_points"],
    "cases.closed": ["cases.make_thumbnails", "cases.award_points"],
    "residents.photo_added": ["cases.make_thumbnails"],
    "intake.uploaded": ["intake.read_upload"],
    "intake.reading_changed": ["intake.read_upload"],
    "intake.confirmed": ["intake.take_rows"],
    REPLAY: ["webhooks.redeliver"],
    "exchange.export_asked": ["exchange.make_export"],
    "exchange.exported": ["exchange.plan_end"],
    "parcels.received": ["parcels.take_package"],
}
for _name in (*EVENTS, PING):
    REACTIONS.setdefault(_name, []).append("webhooks.enqueue_deliveries")

# What comes again by the clock: once per station and slot.
PERIODIC: tuple[Every, ...] = (
    Every("residents.forget_contacts", 24 * 60, 3 * 60 + 10),
    Every("cases.watch_clocks", 5),
)

JOBS: dict[str, Handler] = {
    "cases.make_thumbnails": cases.make_thumbnails,
    "cases.award_points": cases.award_points,
    "cases.watch_clocks": cases.watch_clocks,
    "intake.read_upload": intake.read_upload,
    "intake.take_rows": intake.take_rows,
    "residents.forget_contacts": residents.forget_contacts,
    "webhooks.enqueue_deliveries": webhooks.enqueue_deliveries,
    "webhooks.redeliver": webhooks.redeliver,
    # Asked for by the two above, and by itself for the next try.
    "webhooks.deliver": webhooks.deliver,
    "exchange.make_export": exchange.make_export,
    "exchange.plan_end": exchange.plan_end,
    "exchange.end_export": exchange.end_export,
    "parcels.take_package": parcels.take_package,
    "parcels.take_dropped": parcels.take_dropped,
}
