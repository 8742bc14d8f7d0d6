"""What the worker does for clocks: keep the calendar complete, or tell that it is not."""

from __future__ import annotations

from webapp.calendars import actions
from webapp.calendars.counting import local_day
from webapp.core import clock
from webapp.core.queue import Run


def keep_calendar(run: Run) -> None:
    """Copy the years that the installed package knows, and raise an alarm for those that are missing."""
    actions.keep(run.session, local_day(clock.now()), by=run.by)
