"""What the worker does for repeats: link what was reported, keep mergings told, record the week's list."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.cases.models import Case, Voice
from webapp.core import clock
from webapp.core.queue import Run
from webapp.people.actions import award_points
from webapp.people.models import PointEntry
from webapp.people.queries import persons
from webapp.people.rules import earns_points
from webapp.repeats import actions, queries, weekly, weeks


def link_case(run: Run) -> None:
    """Link a case that was reported, or got a party, with those that it repeats."""
    look = run.once("repeats.look", lambda: queries.look(run.session, run.subjects))
    actions.link(run.session, run.subject, look, by=run.by)


def note_merging(run: Run) -> None:
    """Keep the links of a case that was merged or taken apart; thank its reporter for what is done."""
    case = _case(run)
    actions.note_merging(run.session, case, by=run.by)
    if case.duplicate_of is not None:
        # The one that carries the matter now is the one to be taken early.
        actions.raise_group(run.session, case.duplicate_of, ["merged"], by=run.by)
        _award(run, run.session.get_one(Case, case.duplicate_of))


def tell_merged(run: Run) -> None:
    """Tell those whose cases were merged into one how far it has come, and thank them as the tariff says."""
    lead = _case(run)
    # As the event says it: meanwhile the case may have gone further.
    state = str(run.args.get("data", {}).get("state", lead.state))
    if actions.tell_merged(run.session, lead, state, by=run.by):
        _award(run, lead)


def _case(run: Run) -> Case:
    return run.session.get_one(Case, run.subject)


def _award(run: Run, lead: Case) -> None:
    """Give the points that the reports and voices merged into a leading case have earned, once a matter.

    A person who reported a matter five times is thanked for it once; who handles it has verified nothing.
    """
    led = run.session.scalars(select(Case).where(Case.duplicate_of == lead.id)).all()
    ids = [lead.id, *(case.id for case in led)]
    reporters = {case.reporter_id for case in led} - {None, lead.handler_id}
    earned: dict[UUID, list[str]] = {}
    if lead.closed_at and lead.state == "closed":
        voices = set(run.session.scalars(select(Voice.person_id).where(Voice.case_id.in_(ids))))
        earned = {person: ["voice_closed"] for person in voices - {lead.reporter_id, lead.handler_id}}
    for person_id in reporters:
        if person_id is not None:
            earned[person_id] = ["report_accepted"] if lead.accepted_at else []
            earned[person_id] += ["report_closed"] if lead.state == "closed" else []
    given = _given(run.session, ids)
    for person in persons(run.session, set(earned)):
        for reason in earned[person.id] if earns_points(person.category) else ():
            if (person.id, reason) not in given:
                award_points(run.session, person, reason, lead.id, by=run.by)


def _given(session: Session, case_ids: list[UUID]) -> set[tuple[UUID, str]]:
    entries = select(PointEntry.person_id, PointEntry.reason).where(PointEntry.case_id.in_(case_ids))
    return {(row.person_id, row.reason) for row in session.execute(entries)}


def record_week(run: Run) -> None:
    """Record the list of the week that ended on Sunday, by police grid, beside the directives in force then.

    What lies behind a wall of its own is left out: the list is read by more people than one case is.
    """
    slot = datetime.fromisoformat(run.args["slot"]).astimezone(clock.SHOWN).date()
    monday = weekly.monday_of(slot) - timedelta(days=7)
    rows = {
        police_grid: weekly.recorded(weeks.week(run.session, monday, police_grid))
        for police_grid in weeks.police_grid_names(run.session)
    }
    actions.record_week(run.session, monday, rows, by=run.by)
