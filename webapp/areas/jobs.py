"""What the worker does for plans: when the date of a plan comes, what depends on it follows."""

from __future__ import annotations

from uuid import UUID

from webapp.areas import actions, history, queries
from webapp.areas.rules import PlanState
from webapp.core import clock
from webapp.core.queue import Run, enqueue


def begin_plan(run: Run) -> None:
    """Begin a published plan when its date has come; until then ask for this job again, at that moment."""
    plan = queries.plan(run.session, UUID(run.args["subject"]))
    if plan.state != PlanState.PUBLISHED or plan.valid_from is None:
        return
    if plan.valid_from > clock.now():
        enqueue(
            run.session, "areas.begin_plan", station_id=run.by.station_id, key=f"begin:{plan.id}",
            run_at=plan.valid_from, subject=str(plan.id),
        )  # fmt: skip
        return
    actions.start(run.session, plan, by=run.by)


def begin_due(run: Run) -> None:
    """Begin every plan whose date has come and that nobody has begun: the machine may have slept then."""
    for plan in history.due(run.session, clock.now()):
        actions.start(run.session, plan, by=run.by)
