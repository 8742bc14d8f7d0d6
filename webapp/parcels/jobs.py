"""What the worker does about packages: takes what was brought, and what lies in the drop folder."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from shutil import move
from uuid import UUID

from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.core.files import BlobStore
from webapp.core.i18n import speaking
from webapp.core.messages import message
from webapp.core.queue import Run
from webapp.parcels import actions, queries, rules
from webapp.parcels.models import Parcel


def take_package(run: Run) -> None:
    """Enter what a package holds that a person brought; a refused one keeps the reason."""
    item = queries.parcel(run.session, UUID(run.args["subject"]))
    seed = _settings(run).secret("exchange.key")
    try:
        _enter_in_steps(run, item)
        with run.session.begin_nested():
            actions.take(run.session, _blobs(run), item, seed=seed, by=run.by)
    except AppError as error:
        run.session.expire(item)
        actions.refuse(run.session, item, code=error.code, by=run.by)


def _enter_in_steps(run: Run, item: Parcel) -> None:
    """Enter the reports of a package a few at a time, each few in a transaction of their own.

    Whoever dies between has entered some, which are known the next time.
    """
    database: Database = run.resources["database"]
    if item.state != "waiting":
        return
    with queries.opened(run.session, _blobs(run), item, run.by) as found:
        rows = enumerate(found.rows("reports"))
        while some := list(islice(rows, rules.STEP_REPORTS)):
            with database.transaction(run.by) as session:
                actions.enter_some(session, _blobs(run), item, found, some, by=run.by)
            run.session.refresh(item)  # also shows the database that this transaction has not gone to sleep


def take_dropped(run: Run) -> None:
    """Take a package of the drop folder and lay the receipt into `out`; a refused one gets its reason.

    The package is entered and committed first and moved afterwards: whoever dies between leaves one that
    is taken again, which changes nothing.
    """
    path = Path(run.args["path"])
    if not path.exists():
        return
    home = path.parent.parent
    try:
        answer = _taken(run, path, run.by)
    except AppError as error:
        _say_why(home / "refused", path, error)
        return
    if answer is not None:
        name, sha = answer
        aside = home / "out" / f".{name}.part"
        aside.write_bytes(_blobs(run).get(sha))
        aside.rename(home / "out" / name)
    move(path, home / "taken" / path.name)


def _taken(run: Run, path: Path, by: Actor) -> tuple[str, str] | None:
    """Return name and SHA-256 of the receipt, None when the package was one itself."""
    database: Database = run.resources["database"]
    with database.transaction(by) as session:
        brought = actions.bring(session, _blobs(run), path, by=by)
    item = queries.parcel(run.session, brought.id)
    try:
        _enter_in_steps(run, item)
        with database.transaction(by) as session:
            held = queries.parcel(session, item.id)
            item = actions.take(session, _blobs(run), held, seed=_settings(run).secret("exchange.key"), by=by)
    except AppError as error:
        with database.transaction(by) as session:
            actions.refuse(session, queries.parcel(session, item.id), code=error.code, by=by)
        raise
    return None if item.answer_sha256 is None else (f"receipt-{item.package_id}.zip", item.answer_sha256)


def _say_why(folder: Path, path: Path, error: AppError) -> None:
    lines = []
    for language in ("zh", "en"):
        with speaking(language):
            lines.append(message(error.code, error.params))
            lines += [f"{p.pointer} {message(p.code, p.params)}".strip() for p in error.problems]
    move(path, folder / path.name)
    (folder / f"{path.name}.reason.txt").write_text("\n".join([error.code, *lines, ""]), encoding="utf-8")


def _blobs(run: Run) -> BlobStore:
    found: BlobStore = run.resources["blobs"]
    return found


def _settings(run: Run) -> Settings:
    found: Settings = run.resources["settings"]
    return found
