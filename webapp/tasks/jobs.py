"""What the worker does for tasks: plans look-backs, opens them on their day, follows their results."""

from __future__ import annotations

import hmac
from hashlib import sha256
from random import Random
from uuid import UUID

from webapp.cases import actions as cases
from webapp.cases import queries as known_cases
from webapp.cases.rules import State as CaseState
from webapp.cases.steps import Given
from webapp.core import clock
from webapp.core.config import Settings
from webapp.core.queue import Run
from webapp.people.queries import station
from webapp.people.rules import unsatisfied
from webapp.tasks import actions, queries, rules


def plan_look_backs(run: Run) -> None:
    """Plan the look-backs of a case that was closed."""
    case = known_cases.case(run.session, UUID(run.args["subject"]))
    actions.plan_look_backs(run.session, case, _chance(run, str(case.id)), by=run.by)


def _chance(run: Run, about: str) -> Random:
    """Return dice that fall the same when the job is tried again; without our key nobody foresees them."""
    settings: Settings = run.resources["settings"]
    seed = hmac.new(settings.secret("context.key"), f"look-back|{about}|{run.job_id}".encode(), sha256)
    return Random(seed.digest())  # noqa: S311 - keyed: the seed is the secret


def cancel_look_backs(run: Run) -> None:
    """Take back the look-backs of a case that is open again."""
    actions.cancel_look_backs(run.session, UUID(run.args["subject"]), by=run.by)


def follow_look_back(run: Run) -> None:
    """Write a look-back's result beside its case, and open a failed case again."""
    task = queries.task(run.session, UUID(run.args["subject"]))
    look_back = queries.look_back(run.session, task.id)
    if look_back is None or look_back.state != "open":
        return
    actions.settle_look_back(run.session, task, look_back, by=run.by)
    case = cases.locked_case(run.session, look_back.case_id)
    if case.state == CaseState.CLOSED:
        verb = "look_back" if look_back.state == "fine" else "reopen"
        cases.take_step(run.session, run.resources["blobs"], case, verb, Given(), by=run.by)


def answer_unsatisfied(run: Run) -> None:
    """Look again at a case, or open it again, when a resident says that it is not settled."""
    if run.args["data"].get("satisfied") is not False:
        return
    case = cases.locked_case(run.session, UUID(run.args["subject"]))
    wish = unsatisfied(station(run.session, run.by).settings)
    if case.state != CaseState.CLOSED or wish == "nothing":
        return
    if wish == "reopen":
        cases.take_step(run.session, run.resources["blobs"], case, "reopen", Given(), by=run.by)
    elif rules.is_looked_back_at(case.kind, case.restricted, case.state):
        own = UUID(int=_chance(run, str(case.id)).getrandbits(128), version=4)
        today = clock.now().astimezone(rules.SHANGHAI).date()
        planned = actions.ask_look_back(run.session, case, own, today, by=run.by)
        actions.open_look_back(run.session, planned, by=run.by)


def tend_day(run: Run) -> None:
    """Make tasks of the look-backs whose day has come, and tell of the tasks whose time is over."""
    now = clock.now()
    for look_back in queries.due_look_backs(run.session, now.astimezone(rules.SHANGHAI).date()):
        actions.open_look_back(run.session, look_back, by=run.by)
    for task in queries.lapsed(run.session, now):
        actions.tell_lapsed(run.session, task, by=run.by)
