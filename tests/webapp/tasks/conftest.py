"""What the tests of tasks share: giving a task, closing a case, doing the worker's jobs."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.samples import photo
from tests.stations import Station
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.core.queue import Run
from webapp.tasks import jobs
from webapp.worker import Worker


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[Worker]:
    """The worker of this module's database; `work()` does all that waits."""
    made = Worker(settings, "test")
    yield made
    made.database.dispose()


@pytest.fixture(scope="module")
def work(worker: Worker, owner_db: Database) -> Callable[[], None]:
    """Do every job that waits; fail when one of them fails."""

    def go() -> None:
        while worker.step():
            pass
        with owner_db.transaction() as session:
            failed = session.execute(
                text("SELECT name, last_error FROM app.job WHERE last_error IS NOT NULL")
            ).all()
        assert not failed

    return go


@pytest.fixture(scope="module")
def wanted(station: Station) -> Callable[..., dict[str, Any]]:
    """Return the body of a task: wanted(to_person=..., kind='visit', grid='A1')."""

    def make(grid: str = "A1", hours: float = 4, **changes: Any) -> dict[str, Any]:
        now = clock.now()
        receiver = {k: str(changes.pop(k)) for k in ("to_person", "to_team", "to_grid") if k in changes}
        lon, lat = station.inside(grid)
        return {
            "id": str(uuid4()),
            "kind": "check",
            "words": "看看楼道里还有没有电动车",
            "receiver": receiver or {"to_grid": str(station.grids[grid])},
            "due_from": now.isoformat(),
            "due_until": (now + timedelta(hours=hours)).isoformat(),
            "place": {"lon": lon, "lat": lat},
        } | changes

    return make


@pytest.fixture(scope="module")
def give(
    as_user: Callable[[str], FlaskClient], wanted: Callable[..., dict[str, Any]]
) -> Callable[..., dict[str, Any]]:
    """Give a task as somebody and return it: give('t.officer.a', to_person=...)."""

    def make(username: str = "t.station_chief", **changes: Any) -> dict[str, Any]:
        answer = as_user(username).post("/api/v1/tasks", json=wanted(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    return make


@pytest.fixture(scope="module")
def tell(as_user: Callable[[str], FlaskClient], station: Station) -> Callable[..., Any]:
    """Tell the result of a task as somebody: tell('t.officer.a', task_id, 'done', grid='A1', shade=3)."""

    def make(
        username: str, task_id: str, outcome: str = "done", *, grid: str | None = "A1", shade: int | None = 3,
        result_id: str | None = None, **more: Any,
    ) -> Any:  # fmt: skip
        form: dict[str, Any] = {"id": result_id or str(uuid4()), "outcome": outcome, **more}
        if grid is not None:
            form["lon"], form["lat"] = map(str, station.inside(grid))
        if shade is not None:
            form["photo"] = (io.BytesIO(photo(shade)), "photo.jpg", "image/jpeg")
        return as_user(username).post(f"/api/v1/tasks/{task_id}/result", data=form)

    return make


@pytest.fixture(scope="module")
def closed_case(
    as_user: Callable[[str], FlaskClient], send_report: Callable[..., Any], work: Callable[[], None]
) -> Callable[..., str]:
    """Report and close a case, do what follows, return its id: closed_case('A1', handler='t.officer.a').

    Further wishes are those of `send_report`.
    """

    def make(
        grid: str = "A1", handler: str = "t.officer.a", reporter: str = "t.volunteer", **wishes: Any
    ) -> str:
        sample = send_report(reporter, grid, **wishes)
        client = as_user(handler)
        assert client.post(f"/api/v1/cases/{sample.id}/accept", json={}).status_code == 200
        proof = {"note": "已拆除", "photo": (io.BytesIO(photo(7)), "a.jpg", "image/jpeg")}
        answer = client.post(f"/api/v1/cases/{sample.id}/close", data=proof)
        assert answer.status_code == 200, answer.text
        work()
        return str(sample.id)

    return make


@pytest.fixture(scope="module")
def day_comes(owner_db: Database) -> Callable[[str], list[str]]:
    """Let the day of a case's next look-back come: its planned date becomes today. Return its id."""

    def make(case_id: str) -> list[str]:
        with owner_db.transaction() as session:
            session.execute(text("SET ROLE shuangge_owner"))
            rows = session.scalars(
                text("""UPDATE app.look_back SET due_on = (now() AT TIME ZONE 'Asia/Shanghai')::date
                    WHERE case_id = :id AND state = 'planned' AND number =
                        (SELECT min(number) FROM app.look_back WHERE case_id = :id AND state = 'planned')
                    RETURNING id"""),
                {"id": case_id},
            )
            return [str(row) for row in rows]

    return make


@pytest.fixture(scope="module")
def tend(worker: Worker, station: Station) -> Callable[[], None]:
    """Do the daily work of the station once."""

    def go() -> None:
        by = Actor(station.id, "machine")
        with worker.database.transaction(by) as session:
            jobs.tend_day(Run(session, by, 0, {}, worker.resources))

    return go
