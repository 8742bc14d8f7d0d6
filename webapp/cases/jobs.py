"""What the worker does for cases: small pictures, thanks, limits counted anew, ends that ran out."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import joinedload

from collectors import photos
from collectors.records import Refused
from webapp.areas.actions import note_unattended
from webapp.areas.queries import on_duty
from webapp.calendars import queries as calendars
from webapp.cases import following, surroundings
from webapp.cases.actions import Given, locked_case, recount, reroute, take_step
from webapp.cases.models import Attachment, Case, Voice
from webapp.cases.rules import OPEN_STATES
from webapp.core import clock
from webapp.core.files import BlobStore
from webapp.core.queue import Run, enqueue
from webapp.people.actions import award_points as award
from webapp.people.queries import persons
from webapp.people.rules import earns_points

# How many cases one job counts anew: a slice is a transaction.
SLICE = 200


def recount_limits(run: Run) -> None:
    """Count the limits of open cases anew, a slice in a job: the calendar or a limit has changed.

    Twice changes nothing the second time. What another job has changed meanwhile is met as it is then.
    """
    after = UUID(run.args.get("after", str(UUID(int=0))))
    wanted = Case.state.in_(OPEN_STATES) & (Case.id > after)
    if "class_code" in run.args["data"]:
        wanted &= Case.class_code == run.args["data"]["class_code"]
    found = _recounted(run, wanted)
    if len(found) == SLICE:
        root, last = run.args.get("root", run.job_id), str(found[-1])
        enqueue(
            run.session, "cases.recount_limits", station_id=run.by.station_id, key=f"recount:{root}:{last}",
            subject=run.args["subject"], data=run.args["data"], after=last, root=root,
        )  # fmt: skip


def recount_limit(run: Run) -> None:
    """Count the limit of one case anew: it has another priority."""
    _recounted(run, (Case.id == UUID(run.args["subject"])) & Case.state.in_(OPEN_STATES))


def _recounted(run: Run, wanted: ColumnElement[bool]) -> list[UUID]:
    """Count a slice of cases anew in the order of their ids; return these."""
    calendar = calendars.calendar(run.session, run.by.station_id)
    limits = calendars.all_limits(run.session)
    found = select(Case).where(wanted, Case.station_id == run.by.station_id).order_by(Case.id).limit(SLICE)
    found = found.options(joinedload(Case.hazard_class)).with_for_update(of=Case)
    cases = run.session.scalars(found, execution_options={"populate_existing": True}).all()
    for case in cases:
        recount(run.session, case, calendar, limits, why=run.args.get("event", ""), by=run.by)
    return [case.id for case in cases]


# Escalated in one job: enough for a bad night, and the job ends within its lease.
MOST_AT_ONCE = 200


def make_thumbnails(run: Run) -> None:
    """Make the small picture of each photo of a case that has none; mark those that can't be drawn."""
    blobs: BlobStore = run.resources["blobs"]
    wanted = (
        (Attachment.case_id == UUID(run.args["subject"]))
        & Attachment.thumbnail_sha256.is_(None)
        & ~Attachment.damaged
    )
    for item in run.session.scalars(select(Attachment).where(wanted)):
        try:
            change: dict[str, object] = {
                "thumbnail_sha256": blobs.put(photos.thumbnail(blobs.get(item.sha256)))
            }
        except Refused:
            change = {"damaged": True}
        run.session.execute(update(Attachment).where(Attachment.id == item.id).values(**change))


def award_points(run: Run) -> None:
    """Give the points that a case has earned so far: to its reporter, and at the end to its voices.

    What was given already is not given again, so accepted and closed may be told in any order. Who takes
    over what he reported himself has verified nothing.
    """
    case = run.session.get_one(Case, UUID(run.args["subject"]))
    earned: dict[UUID, list[str]] = {}
    if case.reporter_id and case.reporter_id != case.handler_id:
        earned[case.reporter_id] = ["report_accepted"] if case.accepted_at else []
        earned[case.reporter_id] += ["report_closed"] if case.closed_at else []
    if case.closed_at:
        voices = run.session.scalars(select(Voice.person_id).where(Voice.case_id == case.id))
        earned |= {person_id: ["voice_closed"] for person_id in voices if person_id != case.handler_id}
    for person in persons(run.session, set(earned)):
        for reason in earned[person.id] if earns_points(person.category) else ():
            award(run.session, person, reason, case.id, by=run.by)


def reroute_moved(run: Run) -> None:
    """Let the open cases of the ground that a plan has moved follow it: its zone only, some pieces in a job.

    A minute later it is done once more: a report that was on its way may have been kept by the plan before.
    """
    plan, after = UUID(run.args["subject"]), int(run.args.get("after", 0))
    found, last = following.in_moved_zone(run.session, run.by.station_id, plan, after)
    reroute(run.session, found, by=run.by)
    turn = int(run.args.get("turn", 1))
    if last is not None:
        again, when = {"after": last, "turn": turn}, None
    elif turn == 1:
        again, when = {"turn": 2}, clock.now() + LATE
    else:
        return
    key = f"reroute:{plan}:{again['turn']}:{again.get('after', 0)}"
    enqueue(
        run.session, "cases.reroute_moved", station_id=run.by.station_id, key=key, run_at=when,
        subject=str(plan), **again,
    )  # fmt: skip


# A transaction lives no longer: what began under the plan before is here by then.
LATE = timedelta(seconds=60)


def watch_clocks(run: Run) -> None:
    """Escalate what is past an end, once for each end of a case; say where nobody answers for open cases.

    After a bad night there are more than one job takes: it asks for the next one itself, until all are told.
    """
    now = clock.now()
    told: set[UUID] = set()
    found = surroundings.ran_out(run.session, now, MOST_AT_ONCE)
    for row in found:
        # A case past both its ends goes up one level now and one at the next look.
        if row.id in told:
            continue
        told.add(row.id)
        case = locked_case(run.session, row.id)
        take_step(run.session, run.resources["blobs"], case, "escalate", Given(clock=row.clock), by=run.by)
    if len(found) == MOST_AT_ONCE:
        turn, root = run.args.get("turn", 0) + 1, run.args.get("root", run.job_id)
        key = f"clocks:{run.by.station_id}:{root}:{turn}"
        enqueue(
            run.session, "cases.watch_clocks", station_id=run.by.station_id, key=key, turn=turn, root=root
        )
        return
    for ground in surroundings.waiting_by_grid(run.session):
        if not on_duty(run.session, ground.grid_id, ground.police_grid_id, now):
            note_unattended(run.session, ground.grid_id, cases=ground.cases, by=run.by)
