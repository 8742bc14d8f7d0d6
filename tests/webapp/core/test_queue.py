"""Every job's effect stays exactly once, whoever dies meanwhile; what can't be done ends among the dead."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from sqlalchemy import select, text, update

from tests.samples import Sample
from tests.stations import Station
from tests.webapp.core import queue_worker
from webapp.core import queue
from webapp.core.config import CHECKOUT, Settings
from webapp.core.db import WORKER, Database
from webapp.core.events import Event
from webapp.core.queue import Job
from webapp.reactions import JOBS, REACTIONS, follows
from webapp.worker import Worker


@pytest.fixture(autouse=True)
def own_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own jobs, for as long as a test runs: other tests read the real list."""
    for name, job in queue_worker.OWN_JOBS.items():
        monkeypatch.setitem(JOBS, name, job)


@pytest.fixture(scope="module", autouse=True)
def effects(superuser: psycopg2.extensions.connection) -> None:
    """A table without a key: an effect that happens twice shows."""
    with superuser.cursor() as cursor:
        cursor.execute("CREATE TABLE public.effect (job_id bigint NOT NULL, at timestamptz DEFAULT now())")
        cursor.execute("GRANT INSERT, SELECT ON public.effect TO shuangge_worker")


@pytest.fixture(autouse=True)
def cleared(superuser: psycopg2.extensions.connection) -> None:
    with superuser.cursor() as cursor:
        cursor.execute("TRUNCATE app.job, app.outbox, public.effect")


@pytest.fixture(scope="module")
def database(settings: Settings) -> Iterator[Database]:
    """The database as the worker's role sees it."""
    made = Database(settings, WORKER, pool_size=6)
    yield made
    made.dispose()


@pytest.fixture
def worker(settings: Settings) -> Iterator[Worker]:
    made = Worker(settings, "worker-1", periodic=(), quick=queue_worker.OWN_QUICK)
    yield made
    made.database.dispose()


@pytest.fixture
def ask(database: Database, station: Station) -> Callable[..., None]:
    """Ask for jobs: ask('test.slow', 60)."""

    def make(name: str, count: int = 1, **wishes: Any) -> None:
        with database.transaction() as session:
            for number in range(count):
                queue.enqueue(session, name, station_id=station.id, key=f"{name}/{number}", **wishes)

    return make


@pytest.fixture
def processes(settings: Settings) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start real worker processes; those left over are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str = "worker-1") -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "tests.webapp.core.queue_worker"]
        command = [*program, str(settings.home), settings.database, name]
        with (settings.home / "log" / f"{name}.log").open("ab") as log:
            # A session of its own: the worker steps back with all of its session, which must not be ours.
            process = subprocess.Popen(command, cwd=CHECKOUT, stdout=log, stderr=log, start_new_session=True)
        started.append(process)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def jobs(database: Database) -> list[Job]:
    with database.transaction() as session:
        asked = select(Job).where(~Job.key.startswith("every:")).order_by(Job.id)
        return list(session.scalars(asked))


def effect_counts(database: Database) -> dict[int, int]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT job_id, count(*) FROM public.effect GROUP BY 1"))
        return {row[0]: row[1] for row in rows}


def wait_until(true: Callable[[], bool], patience_s: float = 240) -> None:
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def make_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(Job).values(run_at=datetime.now(UTC)))


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["test.slow", "test.quick"])
def test_exactly_once_under_kill_9(
    database: Database,
    ask: Callable[..., None],
    processes: Callable[..., subprocess.Popen[bytes]],
    name: str,
) -> None:
    """Sixty jobs of 30 ms, five kills in their midst: none lost, none doubled."""
    ask(name, 60)
    for kills in range(5):
        process = processes()
        wait_until(lambda kills=kills: len(effect_counts(database)) >= 10 * (kills + 1))  # type: ignore[misc]
        # A job is leased from its claim to its end, with 30 ms of work in between: now it is in its midst.
        wait_until(lambda: any(job.state == "leased" for job in jobs(database)))
        process.kill()
        process.wait()
    processes()
    wait_until(lambda: all(job.state == "done" for job in jobs(database)))
    found = jobs(database)
    assert effect_counts(database) == {job.id: 1 for job in found}
    assert len(found) == 60
    assert sum(job.attempts for job in found) > 60, "no kill fell into a job: the test proves nothing"
    assert max(job.attempts for job in found) < queue.TRIES


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.timeout(900)
def test_a_job_that_kills_its_worker_ends_among_the_dead(
    database: Database, ask: Callable[..., None], processes: Callable[..., subprocess.Popen[bytes]]
) -> None:
    ask("test.die")
    ask("test.slow", 3)
    deaths = 0
    for _attempt in range(queue.TRIES):
        deaths += processes().wait(120) == -9
    assert deaths == queue.TRIES
    processes()
    wait_until(lambda: all(job.state in ("done", "dead") for job in jobs(database)))
    poison, *others = jobs(database)
    assert (poison.state, poison.attempts) == ("dead", queue.TRIES)
    assert [job.state for job in others] == ["done"] * 3
    assert poison.id not in effect_counts(database)


def test_a_failing_job_rests_longer_each_time_and_dies_after_five_tries(
    database: Database, worker: Worker, ask: Callable[..., None]
) -> None:
    ask("test.fail")
    rests = []
    for _attempt in range(queue.TRIES):
        make_due(database)
        before = datetime.now(UTC)
        assert worker.step() == 1
        rests.append(round((jobs(database)[0].run_at - before).total_seconds(), -1))
    assert rests[:4] == [10, 40, 160, 640]
    (job,) = jobs(database)
    assert (job.state, job.attempts, job.last_error) == ("dead", 5, "ValueError: poison")
    assert effect_counts(database) == {}
    make_due(database)
    assert worker.step() == 0
    with database.transaction() as session:
        assert [item.id for item in queue.dead(session)] == [job.id]
        queue.revive(session, job.id)
    assert worker.step() == 1
    assert jobs(database)[0].attempts == 1


def test_a_failing_job_does_not_hold_up_the_others(
    database: Database, worker: Worker, ask: Callable[..., None]
) -> None:
    ask("test.fail")
    ask("test.slow", 2)
    assert [worker.step() for _step in range(4)] == [1, 1, 1, 0]
    assert [job.state for job in jobs(database)] == ["ready", "done", "done"]


def test_a_job_given_up_does_not_hold_up_the_next(
    database: Database, worker: Worker, ask: Callable[..., None]
) -> None:
    ask("test.die")
    ask("test.slow")
    with database.transaction() as session:
        leased = {"state": "leased", "leased_by": "worker-1/long", "attempts": 5}
        session.execute(update(Job).where(Job.name == "test.die").values(**leased))
    assert worker.step() == 1
    assert [job.state for job in jobs(database)] == ["dead", "done"]


def test_a_job_of_another_version_rests(database: Database, worker: Worker, ask: Callable[..., None]) -> None:
    ask("future.job")
    ask("test.slow")
    assert [worker.step() for _step in range(3)] == [1, 1, 0]
    unknown, other = jobs(database)
    assert (unknown.state, other.state) == ("ready", "done")
    assert unknown.last_error is not None
    assert unknown.last_error.startswith("LookupError")


def test_a_lease_is_taken_back_and_the_first_effect_does_not_stay(
    database: Database, ask: Callable[..., None]
) -> None:
    """A worker that was thought dead comes back: the other's effect stays, its own does not."""
    ask("test.slow")

    def claimed(name: str) -> list[Job]:
        with database.transaction() as session:
            return queue.claim(session, name)

    handlers = queue_worker.OWN_JOBS
    first = claimed("worker-1")
    assert claimed("worker-2") == []
    with database.transaction() as session:
        session.execute(update(Job).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    second = claimed("worker-2")
    late = queue.run(database, first, "worker-1", handlers, {})
    assert late[first[0].id].startswith("LeaseLost")
    assert effect_counts(database) == {}
    assert queue.run(database, second, "worker-2", handlers, {}) == {}
    assert effect_counts(database) == {first[0].id: 1}
    assert queue.run(database, second, "worker-2", handlers, {}) != {}
    assert effect_counts(database) == {first[0].id: 1}


def test_a_worker_takes_its_own_leases_at_once(database: Database, ask: Callable[..., None]) -> None:
    ask("test.slow")
    with database.transaction() as session:
        assert queue.claim(session, "worker-1")
    with database.transaction() as session:
        (again,) = queue.claim(session, "worker-1")
        assert again.attempts == 2


def test_a_long_job_keeps_its_lease(
    database: Database, ask: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "LEASE_S", 0.6)
    ask("test.slow")
    with database.transaction() as session:
        (job,) = queue.claim(session, "worker-1")
    stolen = []

    def long(_run: queue.Run) -> None:
        time.sleep(1.5)
        with database.transaction() as session:
            stolen.extend(queue.claim(session, "worker-2"))

    assert queue.run(database, [job], "worker-1", {"test.slow": long}, {}) == {}
    assert stolen == []


def test_two_workers_never_take_the_same_job(database: Database, ask: Callable[..., None]) -> None:
    ask("test.slow", 2)
    with database.transaction() as one, database.transaction() as two, database.transaction() as three:
        taken = [queue.claim(session, f"w{n}") for n, session in enumerate((one, two, three))]
        assert [len(jobs) for jobs in taken] == [1, 1, 0]
        assert taken[0][0].id != taken[1][0].id


def test_small_jobs_share_a_transaction_and_a_failing_one_leaves_the_others_alone(
    database: Database, ask: Callable[..., None], worker: Worker
) -> None:
    ask("test.quick", 3)
    with database.transaction() as session:
        bad = session.scalars(select(Job.id).order_by(Job.id).offset(1).limit(1)).one()
        session.execute(update(Job).where(Job.id == bad).values(args={"fail": True}))
    assert worker.step() == 3
    found = jobs(database)
    assert [job.state for job in found] == ["done", "ready", "done"]
    assert effect_counts(database) == {found[0].id: 1, found[2].id: 1}
    assert found[1].last_error == "ValueError: poison"
    with database.transaction() as session:
        begun = session.execute(text("SELECT count(DISTINCT at) FROM public.effect")).scalar_one()
    assert begun == 1, "both stayed by one transaction"


def test_what_was_tried_before_is_tried_alone(database: Database, ask: Callable[..., None]) -> None:
    """A worker died amid several jobs: one of them did it, the others must not die with it again."""
    lane = queue.Lane("quick", queue_worker.OWN_QUICK, together=20)
    ask("test.quick", 3)
    with database.transaction() as session:
        assert len(queue.claim(session, "worker-1", lane)) == 3
    with database.transaction() as session:
        again = queue.claim(session, "worker-1", lane)
    assert [job.attempts for job in again] == [2]


def test_a_long_job_does_not_hold_up_news(
    database: Database, ask: Callable[..., None], processes: Callable[..., subprocess.Popen[bytes]]
) -> None:
    ask("test.slow", 100)
    ask("test.quick", 5)
    processes()
    wait_until(lambda: sum(job.state == "done" and job.name == "test.quick" for job in jobs(database)) == 5)
    assert sum(job.state == "done" for job in jobs(database)) < 100


def test_the_same_key_is_asked_for_once(database: Database, ask: Callable[..., None]) -> None:
    ask("test.slow")
    ask("test.slow")
    assert len(jobs(database)) == 1


def test_a_job_asked_for_in_vain_does_not_exist(database: Database, station: Station) -> None:
    def fail() -> None:
        with database.transaction() as session:
            queue.enqueue(session, "test.slow", station_id=station.id, key="x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert jobs(database) == []


def test_a_job_for_later_waits(database: Database, worker: Worker, ask: Callable[..., None]) -> None:
    ask("test.slow", run_at=datetime.now(UTC) + timedelta(hours=1))
    assert worker.step() == 0
    make_due(database)
    assert worker.step() == 1


def test_a_report_gets_its_thumbnail(
    database: Database, worker: Worker, send_report: Callable[..., Sample], owner_db: Database
) -> None:
    """An event becomes one job per reaction, and only once."""
    sent = send_report("t.volunteer", "A2")
    while worker.step():
        pass
    done = {(job.name, job.state, UUID(job.args["subject"])) for job in jobs(database)}
    names = REACTIONS["cases.reported"]
    assert "cases.make_thumbnails" in names
    assert done == {(name, "done", UUID(sent.id)) for name in names}
    assert len(jobs(database)) == len(names)
    with owner_db.transaction() as session:
        thumbnail = session.scalar(
            text("SELECT thumbnail_sha256 FROM app.attachment WHERE case_id = :c"), {"c": sent.id}
        )
        assert session.scalar(text("SELECT count(*) FROM app.outbox")) == 0
    assert worker.resources["blobs"].get(thumbnail)[:3] == b"\xff\xd8\xff"


def test_a_report_without_a_photo_starts_no_job_for_its_small_pictures() -> None:
    """A file of 20,000 calls must not leave 20,000 jobs behind that look for pictures which are not there."""
    assert "cases.make_thumbnails" not in follows(Event(name="cases.reported", data={"files": 0}))
    for data in ({"files": 1}, {}):  # events of earlier days do not say
        assert "cases.make_thumbnails" in follows(Event(name="cases.reported", data=data))


def test_every_reaction_has_its_job() -> None:
    assert {name for names in REACTIONS.values() for name in names} <= set(JOBS)
