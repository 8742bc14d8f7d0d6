"""What the worker does about referrals: whoever waits for a body's answer is told when it is late."""

from __future__ import annotations

from webapp.core import clock
from webapp.core.queue import Run
from webapp.referrals import actions, queries


def remind_late(run: Run) -> None:
    """Note each referral whose answer has become late; each is told of once."""
    for referral in queries.late_unreminded(run.session, run.by.station_id, clock.now()):
        actions.remind(run.session, referral, by=run.by)
