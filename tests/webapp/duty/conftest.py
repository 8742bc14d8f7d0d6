"""The duty roster as its chief keeps it, and the worker that routes by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.stations import Member, Station
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WORKER, Database
from webapp.core.queue import Run

API = "/api/v1/duty"


@pytest.fixture(autouse=True)
def empty_roster(owner_db: Database) -> Iterator[None]:
    """Each test writes a roster of its own: what is at the desk now is one thing for the whole station."""
    yield
    with owner_db.transaction() as session:
        session.execute(text("DELETE FROM app.duty_shift"))
        session.execute(text("DELETE FROM app.absence"))


@pytest.fixture
def shift(as_user: Callable[[str], FlaskClient], member: Callable[[str], Member]) -> Callable[..., Any]:
    """Put a member at the desk from hours before now to hours after: shift('t.officer.b', -1, 8)."""

    # One moment for a whole test: the same shift said twice is the same.
    now = clock.now().replace(microsecond=0)

    def make(
        username: str, since_h: float = -1, until_h: float = 8, kind: str = "night", **changes: Any
    ) -> Any:
        body = {
            "id": str(uuid4()),
            "person_id": str(member(username).person_id),
            "kind": kind,
            "since_at": (now + timedelta(hours=since_h)).isoformat(),
            "until_at": (now + timedelta(hours=until_h)).isoformat(),
            **changes,
        }
        return as_user("t.station_chief").post(f"{API}/shifts", json=body)

    return make


@pytest.fixture
def away(as_user: Callable[[str], FlaskClient], member: Callable[[str], Member]) -> Callable[..., Any]:
    """Note a member as away now: away('t.officer.a', 't.officer.b')."""

    def make(username: str, deputy: str | None = None, since_h: float = -1, until_h: float = 8) -> Any:
        now = clock.now().replace(microsecond=0)
        body = {
            "id": str(uuid4()),
            "person_id": str(member(username).person_id),
            "deputy_id": str(member(deputy).person_id) if deputy else None,
            "since_at": (now + timedelta(hours=since_h)).isoformat(),
            "until_at": (now + timedelta(hours=until_h)).isoformat(),
        }
        return as_user("t.station_chief").post(f"{API}/absences", json=body)

    return make


@pytest.fixture(scope="module")
def worker_db(settings: Settings) -> Iterator[Database]:
    """The database as the worker sees it."""
    made = Database(settings, WORKER, pool_size=2)
    yield made
    made.dispose()


@pytest.fixture
def work(worker_db: Database, station: Station, app: Any) -> Callable[..., None]:
    """Do a job as the worker does it, under the worker's own rights: work(route_case, subject=...)."""

    def do(job: Callable[[Run], None], **args: Any) -> None:
        with worker_db.transaction(Actor(station.id, "machine")) as session:
            job(
                Run(
                    session,
                    Actor(station.id, "machine"),
                    0,
                    args,
                    {"blobs": app.extensions["shuangge"].blobs},
                )
            )

    return do


@pytest.fixture
def events(owner_db: Database) -> Callable[..., Any]:
    """Return (name, data) of a thing's events of the duty room, oldest first."""

    def read(subject: object) -> list[tuple[str, Any]]:
        query = text("""SELECT name, data FROM app.event
            WHERE subject_id = :id AND (name LIKE 'duty.%' OR name = 'cases.dispatched') ORDER BY id""")
        with owner_db.transaction() as session:
            return [(row.name, row.data) for row in session.execute(query, {"id": subject})]

    return read
