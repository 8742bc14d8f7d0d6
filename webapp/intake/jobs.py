"""What the worker does for calls and orders: reads large files, takes their rows over in small steps."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webapp.cases.queries import case
from webapp.core import clock
from webapp.core.queue import Run, enqueue
from webapp.intake import actions, queries, rules
from webapp.repeats import rules as parties
from webapp.repeats.actions import name_party


def read_upload(run: Run) -> None:
    """Read a file that was too large for the request that brought it."""
    upload = queries.upload(run.session, UUID(run.args["subject"]))
    if upload.state == "reading":
        actions.read_later(run.session, run.resources["blobs"], upload, by=run.by)


def take_rows(run: Run) -> None:
    """Take some rows over, then ask for the next step: no step holds the station's case numbers for long.

    The next step keeps the first one's place in the queue, before what the new cases have started; after
    some steps it goes behind everything that waits, so that nobody waits for the whole of a large file.
    """
    upload = queries.upload(run.session, UUID(run.args["subject"]))
    if upload.state != "taking":
        return
    step = int(run.args.get("step", 0)) + 1
    fresh = step % rules.STEPS_IN_A_ROW == 0 or "since" not in run.args
    since = clock.now() if fresh else datetime.fromisoformat(run.args["since"])
    blobs = run.resources["blobs"]
    if actions.take_some(run.session, blobs, upload, limit=rules.CHUNK, within=rules.STEP, by=run.by):
        enqueue(
            run.session,
            "intake.take_rows",
            station_id=run.by.station_id,
            key=f"intake:{upload.id}:{run.job_id}",
            run_at=since,
            subject=run.args["subject"],
            step=step,
            since=since.isoformat(),
        )


def name_callers(run: Run) -> None:
    """Make who called about the cases of an upload a party of them, by the hash of the number; in slices.

    Twice changes nothing. What is no telephone number (110 itself, a short one) names nobody.
    """
    upload, after = UUID(run.args["subject"]), int(run.args.get("after", -1))
    key = run.resources["settings"].secret("party.key")
    found = queries.callers_of(run.session, upload, after, rules.CALLERS_AT_ONCE)
    for caller in found:
        for number in parties.numbers(caller.phone):
            about = case(run.session, caller.case_id)
            name_party(run.session, about, number, key, name=caller.name, part="caller", by=run.by)
    if len(found) == rules.CALLERS_AT_ONCE:
        last, root = found[-1].number, run.args.get("root", run.job_id)
        enqueue(
            run.session, "intake.name_callers", station_id=run.by.station_id, key=f"callers:{root}:{last}",
            subject=run.args["subject"], after=last, root=root,
        )  # fmt: skip
