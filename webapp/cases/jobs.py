"""What the worker does for cases: small pictures, thanks to those who saw it, ends that ran out."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from collectors import photos
from collectors.records import Refused
from webapp.areas.actions import note_unattended
from webapp.areas.queries import on_duty
from webapp.cases import queries
from webapp.cases.actions import Given, locked_case, take_step
from webapp.cases.models import Attachment, Case, Voice
from webapp.core import clock
from webapp.core.files import BlobStore
from webapp.core.queue import Run
from webapp.people.actions import award_points as award
from webapp.people.queries import persons
from webapp.people.rules import earns_points

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


def watch_clocks(run: Run) -> None:
    """Escalate what is past an end, once for each end of a case; say where nobody answers for open cases."""
    now = clock.now()
    told: set[UUID] = set()
    for case_id, ran_out in queries.ran_out(run.session, now, MOST_AT_ONCE):
        # A case past both its ends goes up one level now and one at the next look.
        if case_id in told:
            continue
        told.add(case_id)
        case = locked_case(run.session, case_id)
        take_step(run.session, run.resources["blobs"], case, "escalate", Given(clock=ran_out), by=run.by)
    for ground in queries.waiting_by_grid(run.session):
        if not on_duty(run.session, ground.grid_id, ground.police_grid_id, now):
            note_unattended(run.session, ground.grid_id, cases=ground.cases, by=run.by)
