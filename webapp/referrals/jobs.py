"""What the worker does about referrals: whoever waits for a body's answer is told when it is late."""

from __future__ import annotations

from uuid import UUID

from webapp.calendars import queries as calendars
from webapp.core import clock
from webapp.core.queue import Run, enqueue
from webapp.referrals import actions, queries


def remind_late(run: Run) -> None:
    """Note each referral whose answer has become late; each is told of once."""
    for referral in queries.late_unreminded(run.session, run.by.station_id, clock.now()):
        actions.remind(run.session, referral, by=run.by)


# How many one job counts anew: a slice is a transaction.
SLICE = 200


def recount_due(run: Run) -> None:
    """Count anew when answers are due: the calendar or the hours have changed. Twice changes nothing."""
    after = UUID(run.args.get("after", str(UUID(int=0))))
    found = queries.awaiting(run.session, run.by.station_id, after, SLICE)
    calendar = calendars.calendar(run.session, run.by.station_id)
    for referral in found:
        actions.recount_due(run.session, referral, calendar, by=run.by)
    if len(found) == SLICE:
        root, last = run.args.get("root", run.job_id), str(found[-1].id)
        enqueue(
            run.session, "referrals.recount_due", station_id=run.by.station_id, key=f"due:{root}:{last}",
            subject=run.args["subject"], after=last, root=root,
        )  # fmt: skip
