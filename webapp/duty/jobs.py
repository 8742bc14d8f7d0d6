"""What the worker does for the desk: send new and late cases there, hand on what a shift leaves behind."""

from __future__ import annotations

from webapp.areas.queries import duty_desk
from webapp.cases.actions import locked_case
from webapp.cases.rules import OPEN_STATES, State
from webapp.core import clock
from webapp.core.queue import Run
from webapp.duty import actions, queries, rules

# In one look: enough for a bad night, and the job ends within its lease.
MOST_AT_ONCE = 100


def route_case(run: Run) -> None:
    """Send a case to the duty desk where nobody of its ground answers now, or its clock has run out."""
    ran_out = str(run.args["data"].get("clock", ""))
    if not ran_out and _answered(run):
        return
    case = locked_case(run.session, run.subject)
    if case.state == State.REPORTED or (ran_out and case.state in OPEN_STATES):
        actions.send_to_desk(run.session, case, ran_out=ran_out, by=run.by)


def _answered(run: Run) -> bool:
    """Say whether a case stays with who is posted on its ground: nearly all do, and need no lock for it."""
    session = run.session
    grounds = run.once("duty.grounds", lambda: queries.grounds(session, run.subjects))
    night = run.once("duty.night", lambda: rules.is_night(duty_desk(session, clock.now())))
    ground = grounds.get(run.subject)
    # One that is not waiting any more needs no desk.
    return ground is None or not run.once(
        ("duty.why", ground), lambda: queries.why_desk(session, ground, night=night)
    )


def tend_desk(run: Run) -> None:
    """Hand on the cases whose handler had the desk and has it no more."""
    for case_id in queries.left_at_desk(run.session, MOST_AT_ONCE):
        case = locked_case(run.session, case_id)
        actions.hand_on(run.session, run.resources["blobs"], case, by=run.by)
