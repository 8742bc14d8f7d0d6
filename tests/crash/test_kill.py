"""Every process is killed under load, several times; nothing acknowledged is lost and nothing is doubled."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread
from typing import Any
from uuid import UUID

import pytest
import requests
from sqlalchemy import text

from tests.samples import Sample, batch_of, photo, report_at
from tests.service import Service
from tests.suite import PLACE, Suite, quiet, remove
from webapp.core import audit
from webapp.core.db import MIGRATE, Database
from webapp.reactions import REACTIONS, follows

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]

SEED = 20260504
CLIENTS = 8
ROUNDS = 3


@pytest.fixture(scope="module")
def own_suite() -> Iterator[Suite]:
    """A cluster of this module's own: other tests must not feel its deaths."""
    folder = PLACE / f"shuangge-crash-{os.getpid()}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    try:
        yield Suite(folder)
    finally:
        remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Ledger:
    """What the clients know: acknowledged reports (id -> case number and held files), and how often."""

    numbers: dict[str, str] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)
    sent: dict[str, Sample] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def note(self, sample: Sample, receipt: dict[str, Any]) -> None:
        """Note an acknowledgement; a second one must say the same."""
        with self.lock:
            known = self.numbers.setdefault(sample.id, receipt["case_number"])
            self.held[sample.id] = set(receipt["files"]["held"])
            if receipt["state"] != "received" or known != receipt["case_number"]:
                self.faults.append(f"{sample.id}: {receipt} after {known}")


class Phone(Thread):
    """One client: sends batches until told to stop, each again and again until it is acknowledged."""

    def __init__(self, number: int, service: Service, suite: Suite, ledger: Ledger, stop: Event) -> None:
        super().__init__(daemon=True)
        self.dice = Random(SEED + number)
        self.url = f"{service.url}/api/v1/batches"
        self.station = suite.stations["T"]
        self.head = {"Authorization": f"Bearer {self.station.member('volunteer').token}"}
        self.ledger, self.stop = ledger, stop
        self.shade = number * 8000

    def run(self) -> None:
        with requests.Session() as http:
            while not self.stop.is_set():
                samples = [self._report() for _n in range(self.dice.randint(1, 3))]
                document = json.dumps(batch_of(*samples)).encode()
                self._deliver(http, document, samples)
                if self.dice.random() < 0.2:  # the answer got lost on the way: the phone sends it again
                    self._deliver(http, document, samples)
                time.sleep(self.dice.uniform(0.1, 0.3))

    def _report(self) -> Sample:
        self.shade += 1
        lon, lat = self.station.inside(self.dice.choice(sorted(self.station.grids)))
        sample = report_at(lon, lat, photos=(photo(self.shade),))
        with self.ledger.lock:
            self.ledger.sent[sample.id] = sample
        return sample

    def _deliver(self, http: requests.Session, document: bytes, samples: list[Sample]) -> None:
        while True:
            files = [("batch", ("b.json", document, "application/json"))]
            files += [(sha, ("p.jpg", d, "image/jpeg")) for s in samples for sha, d in s.photos.items()]
            try:
                answer = http.post(self.url, files=files, headers=self.head, timeout=30)
            except requests.RequestException as error:
                self._count(type(error).__name__)
            else:
                self._count(str(answer.status_code))
                if answer.status_code == 200:
                    receipts = {r["id"]: r for r in answer.json()["reports"]}
                    for sample in samples:
                        self.ledger.note(sample, receipts[sample.id])
                    return
            time.sleep(self.dice.uniform(0.05, 0.3))

    def _count(self, what: str) -> None:
        with self.ledger.lock:
            self.ledger.answers[what] += 1


class Reaper:
    """Kills what it is told to, the way a power cut or the kernel's memory killer does: SIGKILL."""

    def __init__(self, service: Service, suite: Suite, dice: Random) -> None:
        self.service, self.suite, self.dice = service, suite, dice
        self.kills: Counter[str] = Counter()

    def strike(self, name: str) -> None:
        """Kill one process by its part in the play."""
        self.kills[name] += 1
        getattr(self, f"_{name}")()

    def _web_worker(self) -> None:
        children = Path(f"/proc/{self.service.pid('web')}/task/{self.service.pid('web')}/children")
        os.kill(int(self.dice.choice(children.read_text().split())), signal.SIGKILL)

    def _web_master(self) -> None:
        os.kill(self.service.pid("web"), signal.SIGKILL)
        time.sleep(self.dice.uniform(0, 0.3))
        self.service.restart("web")

    def _job_worker(self) -> None:
        self.service.restart("worker")

    def _backend(self) -> None:
        with closing(self.suite.superuser(self.service.settings.database)) as connection:
            cursor = connection.cursor()
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename IN ('shuangge_web', 'shuangge_worker')"
                " ORDER BY pid"
            )
            pids = [row[0] for row in cursor.fetchall()]
        if pids:
            os.kill(self.dice.choice(pids), signal.SIGKILL)

    def _postmaster(self) -> None:
        note = self.suite.cluster.data / "postmaster.pid"
        os.kill(int(note.read_text().splitlines()[0]), signal.SIGKILL)
        time.sleep(self.dice.uniform(0, 0.5))
        self.suite.cluster.ensure_started(quiet)


def await_quiet(database: Database, patience_s: float = 400.0) -> None:
    """Wait until the worker has nothing left to do."""
    deadline = time.monotonic() + patience_s
    waiting = text(
        "SELECT (SELECT count(*) FROM app.outbox),"
        " (SELECT count(*) FROM app.job WHERE state IN ('ready', 'leased')),"
        " (SELECT max(last_error) FROM app.job WHERE state <> 'done')"
    )
    while True:
        with database.transaction() as session:
            session.execute(text("SET LOCAL ROLE shuangge_owner"))
            outbox, jobs, error = session.execute(waiting).one()
        if outbox == jobs == 0:
            return
        assert time.monotonic() < deadline, f"{outbox} events, {jobs} jobs still wait: {error}"
        time.sleep(0.2)


def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(own_suite: Suite) -> None:
    began = time.monotonic()
    with own_suite.database("crash") as settings:
        database = Database(settings, MIGRATE, pool_size=2)
        first = last_event(database) + 1
        service = Service(settings)
        service.start()
        ledger, stop, dice = Ledger(), Event(), Random(SEED)
        phones = [Phone(number, service, own_suite, ledger, stop) for number in range(CLIENTS)]
        reaper = Reaper(service, own_suite, dice)
        try:
            for phone in phones:
                phone.start()
            strikes = ["web_worker", "web_master", "job_worker", "backend", "postmaster"] * ROUNDS
            dice.shuffle(strikes)
            for name in strikes:
                time.sleep(dice.uniform(0.8, 1.6))
                reaper.strike(name)
            time.sleep(1.5)
            stop.set()
            for phone in phones:
                phone.join(60)
            assert not any(phone.is_alive() for phone in phones), "a phone is never answered"
            await_quiet(database)
        finally:
            stop.set()
            service.stop()
        broken = [line for line in service.log("web").read_text().splitlines() if '"unexpected"' in line]
        counts = examine(database, ledger, Path(settings.blobs_dir), first)
        database.dispose()
    # A database that is away is "busy, try again" (503), never "something broke" (500).
    assert {status for status in ledger.answers if status.isdigit()} <= {"200", "503"}, [
        line[-900:] for line in broken
    ]
    print(
        f"\n{sum(reaper.kills.values())} kills {dict(reaper.kills)} in {time.monotonic() - began:.0f} s;"
        f" answers {dict(ledger.answers)}; {counts}"
    )


def last_event(database: Database) -> int:
    """Return the number of the newest event: those of loading the stations started no jobs."""
    with database.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        return session.execute(text("SELECT coalesce(max(id), 0) FROM app.event")).scalar_one()


def examine(database: Database, ledger: Ledger, blobs: Path, first: int) -> dict[str, int]:
    """Compare what the phones were told with what is there since the event `first`; return the counts."""
    assert ledger.faults == []
    assert set(ledger.numbers) == set(ledger.sent)
    with database.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))

        def all_of(statement: str, **values: Any) -> Any:
            return session.execute(text(statement), values).all()

        cases = {str(row.id): row.number for row in all_of("SELECT id, number FROM app.case_file")}
        files = all_of("SELECT case_id, sent_sha256, sha256, thumbnail_sha256, damaged FROM app.attachment")
        told = all_of(
            "SELECT subject_id, count(*) AS n FROM app.event WHERE name = 'cases.reported' GROUP BY 1"
        )
        jobs = all_of("SELECT key, state, attempts FROM app.job WHERE key ~ '^[0-9]+:'")
        reacting = all_of("SELECT id, name, data FROM app.event WHERE name = ANY(:n)"
                          " AND id >= :first", n=list(REACTIONS), first=first)  # fmt: skip
        links, breaks = audit.verify(session.connection())

    assert cases == ledger.numbers, "acknowledged and present differ"
    serials = sorted(int(number[-6:]) for number in cases.values())
    assert serials == list(range(1, len(cases) + 1)), "case numbers have gaps or doubles"
    assert {str(row.subject_id): row.n for row in told} == dict.fromkeys(cases, 1)

    by_case: dict[UUID, set[str]] = {}
    for row in files:
        by_case.setdefault(row.case_id, set()).add(row.sent_sha256)
        for sha in (row.sha256, row.thumbnail_sha256):
            assert sha is not None, "a small picture is missing"
            assert sha256((blobs / sha[:2] / sha[2:]).read_bytes()).hexdigest() == sha
        assert not row.damaged
    assert len(files) == len(cases)
    for case_id, held in ledger.held.items():
        assert by_case[UUID(case_id)] == held == set(ledger.sent[case_id].photos)

    assert {row.state for row in jobs} == {"done"}
    wanted = {f"{row.id}:{job}" for row in reacting for job in follows(row)}
    assert {row.key for row in jobs} == wanted
    assert breaks == []
    return {
        "acknowledged": len(ledger.numbers),
        "present": len(cases),
        "photos": len(files),
        "jobs": len(jobs),
        "jobs tried again": sum(row.attempts > 1 for row in jobs),
        "audit links": links,
    }
