"""What every test may ask for: a real database, two tiny stations, clients of every role, a real service.

Each test module works on a fresh copy of a migrated template database with the stations loaded, so
commits, deferred triggers and notifications are the real ones; within a module tests use ids of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.samples import Sample, report_at
from tests.service import Service
from tests.stations import Member, Station
from tests.suite import Suite, folder_of_run, remove
from webapp.app import create_app
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, WEB, Database
from webapp.core.web import Site
from webapp.worker import Worker

FOLDER = pytest.StashKey[Path]()

# Reports of tests lie on a lattice of so many places a side, so many degrees apart (3 to 4 m).
APART, STEP_DEG = 31, 0.000035


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    config.stash[FOLDER] = Path(given["suite"]) if given else folder_of_run()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["suite"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and FOLDER in config.stash:
        remove(config.stash[FOLDER])


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> Suite:
    """The run's cluster, with the template database `shuangge_template`."""
    return Suite(request.config.stash[FOLDER])


@pytest.fixture(scope="module")
def settings(suite: Suite) -> Iterator[Settings]:
    """Settings of this module's own database and home."""
    with suite.database(f"test_{uuid4().hex[:12]}") as made:
        yield made


@pytest.fixture
def fresh(suite: Suite) -> Iterator[Settings]:
    """A database of this test's own: what one test publishes is the next one's past."""
    with suite.database(f"test_{uuid4().hex[:12]}") as made:
        yield made


@pytest.fixture(scope="session")
def station(suite: Suite) -> Station:
    """Station T: grids A1, A2, B1, B2, C1, C2 in police grids A, B, C; members of every role."""
    return suite.stations["T"]


@pytest.fixture(scope="session")
def other_station(suite: Suite) -> Station:
    """Station U, elsewhere: grids A1, A2 in police grid A; members of every role."""
    return suite.stations["U"]


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    """The application on this module's database."""
    made = create_app(settings)
    yield made
    the_site: Site = made.extensions["shuangge"]
    the_site.database.dispose()
    the_site.login.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in on, with a cookie jar of its own."""
    return app.test_client()


@pytest.fixture(scope="session")
def member(suite: Suite) -> Callable[[str], Member]:
    """Return a member of either station by user name: t.officer.a, u.volunteer ..."""
    return lambda username: suite.stations[username[0].upper()].members[username]


@pytest.fixture(scope="session")
def token_for(member: Callable[[str], Member]) -> Callable[[str], str]:
    """Return the bearer token of a user name."""
    return lambda username: member(username).token


@pytest.fixture(scope="session")
def actor_for(suite: Suite) -> Callable[[str], Actor]:
    """Return who a user name acts as."""
    return lambda username: suite.stations[username[0].upper()].actor(username)


@pytest.fixture(scope="module")
def as_user(app: Flask, token_for: Callable[[str], str]) -> Callable[[str], FlaskClient]:
    """Return a client that sends a member's bearer token: as_user('t.officer.a')."""

    def make(username: str) -> FlaskClient:
        made = app.test_client(use_cookies=False)
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token_for(username)}"
        return made

    return make


@pytest.fixture(scope="module")
def as_role(as_user: Callable[[str], FlaskClient], suite: Suite) -> Callable[..., FlaskClient]:
    """Return a client of a role: as_role('officer', police_grid='B', station='T')."""

    def make(role: str, police_grid: str | None = None, station: str = "T") -> FlaskClient:
        return as_user(suite.stations[station].member(role, police_grid).username)

    return make


@pytest.fixture(scope="session")
def sample_report(station: Station) -> Callable[..., Sample]:
    """Return a fresh valid report in a grid: sample_report('B1', note='...', place={'accuracy_m': 50}).

    Each lies at a place of its own within 60 m of the middle, three metres and more from the others.
    """
    numbers = count()

    def make(grid: str = "A1", **changes: Any) -> Sample:
        (lon, lat), (row, column) = station.inside(grid), divmod(next(numbers) % APART**2, APART)
        # To and fro: two that follow each other are neighbours.
        column = APART - 1 - column if row % 2 else column
        east, north = (column - APART // 2) * STEP_DEG, (row - APART // 2) * STEP_DEG
        return report_at(round(lon + east, 6), round(lat + north, 6), **changes)

    return make


@pytest.fixture(scope="module")
def send_report(
    as_user: Callable[[str], FlaskClient], sample_report: Callable[..., Sample]
) -> Callable[..., Sample]:
    """Hand a report in by a batch, as a phone does, and return it: send_report('t.volunteer', 'B1')."""

    def send(username: str = "t.volunteer", grid: str = "A1", **changes: Any) -> Sample:
        sample = sample_report(grid, **changes)
        answer = as_user(username).post("/api/v1/batches", data=sample.form())
        assert answer.status_code == 200, answer.text
        assert answer.json["reports"][0]["state"] == "received", answer.text
        return sample

    return send


@pytest.fixture(scope="module")
def usual_repeats(superuser: psycopg2.extensions.connection) -> None:
    """Let the module's stations link repeats by the usual terms."""
    with superuser.cursor() as cursor:
        cursor.execute("DELETE FROM app.repeat_terms WHERE version = 0")


@pytest.fixture(scope="module")
def worked(settings: Settings, owner_db: Database) -> Iterator[Callable[[], None]]:
    """Do all that waits and is due, as the worker does it; wait for what a service's worker has in hand."""
    worker = Worker(settings, "worker-of-test")
    left = text("""SELECT (SELECT count(*) FROM app.outbox)
        + (SELECT count(*) FROM app.job WHERE state IN ('ready', 'leased') AND run_at <= now())""")

    def all_of_it() -> None:
        deadline = time.monotonic() + 60
        while True:
            while worker.step():
                pass
            with owner_db.transaction() as session:
                waiting = session.scalar(left)
            if not waiting:
                return
            assert time.monotonic() < deadline, f"{waiting} events and jobs are still waiting"
            time.sleep(0.05)

    all_of_it()
    yield all_of_it
    worker.database.dispose()


@pytest.fixture(scope="module")
def web_db(settings: Settings) -> Iterator[Database]:
    """The database as the web role sees it."""
    made = Database(settings, WEB, pool_size=4)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def owner_db(settings: Settings) -> Iterator[Database]:
    """The database as its owner: sees every row, for looking at what the service has written."""
    made = Database(settings, MIGRATE, pool_size=2)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def db_as(
    web_db: Database, actor_for: Callable[[str], Actor]
) -> Callable[[str | Actor], AbstractContextManager[Session]]:
    """Open a transaction under the web role as a member: with db_as('t.officer.a') as session."""
    return lambda who: web_db.transaction(actor_for(who) if isinstance(who, str) else who)


@pytest.fixture(scope="module")
def superuser(suite: Suite, settings: Settings) -> Iterator[psycopg2.extensions.connection]:
    """A superuser's autocommit connection to this module's database."""
    with closing(suite.superuser(settings.database)) as connection:
        yield connection


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[Service]:
    """A real gunicorn and worker on this module's database; kill, restart, stop as you like."""
    made = Service(settings)
    try:
        made.start()
        yield made
    finally:
        made.stop()
