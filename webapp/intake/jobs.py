"""What the worker does for calls and orders: reads large files, takes their rows over in small steps."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from webapp.core import clock
from webapp.core.queue import Run, enqueue
from webapp.intake import actions, queries, rules


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
