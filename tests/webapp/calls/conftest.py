"""A call as a phone or an office page sends it, and what its people say to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.stations import Station
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WORKER, Database
from webapp.core.queue import Run

API = "/api/v1/calls"


@pytest.fixture(autouse=True)
def rested(owner_db: Database) -> None:
    """Each test may call as often as somebody in ten minutes."""
    with owner_db.transaction() as session:
        session.execute(text("DELETE FROM auth.throttle"))


@pytest.fixture
def wish(station: Station) -> Callable[..., dict[str, Any]]:
    """Return a fresh call in a grid: wish('B1', aim='around')."""

    def make(grid: str = "A1", **changes: Any) -> dict[str, Any]:
        lon, lat = station.inside(grid)
        return {
            "id": str(uuid4()),
            "kind": "help",
            "words": "三单元有人争吵，请来一位民警",
            "place": {"lon": lon, "lat": lat, "accuracy_m": 8.0},
            **changes,
        }

    return make


@pytest.fixture
def call(as_user: Callable[[str], FlaskClient], wish: Callable[..., Any]) -> Callable[..., Any]:
    """Call as a member and return what the service says: call('t.grid_worker.a', 'A1')."""

    def make(username: str, grid: str = "A1", **changes: Any) -> Any:
        answer = as_user(username).post(API, json=wish(grid, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json

    return make


@pytest.fixture
def say(as_user: Callable[[str], FlaskClient]) -> Callable[..., Any]:
    """Say a verb to a call as a member; return the answer: say('t.officer.a', told, 'take')."""

    def make(username: str, told: Any, verb: str, **body: Any) -> Any:
        return as_user(username).post(f"{API}/{told['id']}/{verb}", json=body)

    return make


@pytest.fixture
def seen(as_user: Callable[[str], FlaskClient]) -> Callable[..., Any]:
    """Return a call as a member sees it, None for one who does not."""

    def make(username: str, told: Any) -> Any:
        answer = as_user(username).get(f"{API}/{told['id']}")
        assert answer.status_code in (200, 404), answer.text
        return answer.json if answer.status_code == 200 else None

    return make


@pytest.fixture(scope="module")
def worker_db(settings: Settings) -> Iterator[Database]:
    """The database as the worker sees it."""
    made = Database(settings, WORKER, pool_size=2)
    yield made
    made.dispose()


@pytest.fixture
def work(worker_db: Database, station: Station) -> Callable[..., None]:
    """Do a job as the worker does it, under the worker's own rights: work(run_clock, call=...)."""

    def do(job: Callable[[Run], None], resources: Any = None, **args: Any) -> None:
        by = Actor(station.id, "machine")
        with worker_db.transaction(by) as session:
            job(Run(session, by, 0, args, resources or {}))

    return do


@pytest.fixture
def wait(owner_db: Database) -> Callable[..., None]:
    """Let time go by for a call: all its moments move back by so many seconds."""

    def go(call_id: str, seconds: int) -> None:
        span = timedelta(seconds=seconds)
        with owner_db.transaction() as session:
            session.execute(
                text("""UPDATE app.call SET called_at = called_at - :s, next_at = next_at - :s,
                    close_at = close_at - :s, acknowledged_at = acknowledged_at - :s WHERE id = :id"""),
                {"s": span, "id": UUID(call_id)},
            )

    return go
