"""What the worker does for the exchange: writes large exports, ends them when their time is over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update

from webapp.core.actor import Actor
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.core.queue import Run, enqueue
from webapp.exchange import actions, queries
from webapp.exchange.models import ExportFile

STEP_ROWS = 5_000


def make_export(run: Run) -> None:
    """Write the file of an export as who asked for it, under the rights that he has now."""
    item = queries.export(run.session, UUID(run.args["subject"]))
    if item.state != "waiting" or item.person_id is None:
        return
    if queries.role_of(run.session, item.person_id) != item.role:
        actions.fail_export(run.session, item, code="forbidden", by=run.by)
        return
    database: Database = run.resources["database"]
    by = Actor(item.station_id, item.role, item.person_id)
    run.session.expunge(item)
    try:
        with database.transaction(by) as session:
            own = queries.export(session, item.id)
            actions.make_export(
                session, run.resources["blobs"], own, hours=run.resources["settings"].export_hours,
                progress=_Progress(database, by, item.id), by=by,
            )  # fmt: skip
    except AppError as error:
        actions.fail_export(run.session, queries.export(run.session, item.id), code=error.code, by=run.by)


class _Progress:
    """Notes now and then how many rows are written, apart from the transaction that reads them."""

    def __init__(self, database: Database, by: Actor, export_id: UUID) -> None:
        self._database, self._by, self._export_id = database, by, export_id
        self._next = STEP_ROWS

    def __call__(self, rows: int) -> None:
        if rows < self._next:
            return
        self._next = rows + STEP_ROWS
        mine = ExportFile.id == self._export_id
        with self._database.transaction(self._by) as session:
            session.execute(update(ExportFile).where(mine).values(done_rows=rows))


def plan_end(run: Run) -> None:
    """Remember when the file of an export is to be forgotten."""
    item = queries.export(run.session, UUID(run.args["subject"]))
    end: datetime | None = item.expires_at
    key = f"exchange.end_export:{item.id}"
    enqueue(
        run.session, "exchange.end_export", station_id=item.station_id, key=key, run_at=end,
        subject=str(item.id),
    )  # fmt: skip


def end_export(run: Run) -> None:
    """Forget the file of an export whose time is over."""
    item = queries.export(run.session, UUID(run.args["subject"]))
    actions.drop_export(run.session, run.resources["blobs"], item, by=run.by)
