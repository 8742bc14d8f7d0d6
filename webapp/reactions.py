"""What follows what: one table of events and the jobs that they start."""

from __future__ import annotations

from webapp.cases import jobs as cases
from webapp.core.queue import Handler
from webapp.exchange import jobs as exchange
from webapp.parcels import jobs as parcels

# (event, job): each pair becomes a job of its own, so one failure does not repeat its brothers.
REACTIONS: dict[str, list[str]] = {
    "cases.reported": ["cases.make_thumbnails"],
    "cases.file_added": ["cases.make_thumbnails"],
    "cases.closed": ["cases.make_thumbnails"],
    "exchange.export_asked": ["exchange.make_export"],
    "exchange.exported": ["exchange.plan_end"],
    "parcels.received": ["parcels.take_package"],
}

JOBS: dict[str, Handler] = {
    "cases.make_thumbnails": cases.make_thumbnails,
    "exchange.make_export": exchange.make_export,
    "exchange.plan_end": exchange.plan_end,
    "exchange.end_export": exchange.end_export,
    "parcels.take_package": parcels.take_package,
    "parcels.take_dropped": parcels.take_dropped,
}
