"""What the worker does for calls and orders: reads large files, takes their rows over in small steps."""

from __future__ import annotations

from uuid import UUID

from webapp.core.queue import Run, enqueue
from webapp.intake import actions, queries, rules


def read_upload(run: Run) -> None:
    """Read a file that was too large for the request that brought it."""
    upload = queries.upload(run.session, UUID(run.args["subject"]))
    if upload.state == "reading":
        actions.read_later(run.session, run.resources["blobs"], upload, by=run.by)


def take_rows(run: Run) -> None:
    """Take some rows over, then ask for the next step: no step holds the station's case numbers for long."""
    upload = queries.upload(run.session, UUID(run.args["subject"]))
    if upload.state != "taking":
        return
    left = actions.take_some(run.session, run.resources["blobs"], upload, limit=rules.CHUNK, by=run.by)
    if left:
        enqueue(
            run.session,
            "intake.take_rows",
            station_id=run.by.station_id,
            key=f"intake:{upload.id}:{run.job_id}",
            subject=run.args["subject"],
        )
