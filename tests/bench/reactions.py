"""What follows a commit: how soon, and whether nothing is lost when a hundred days come in minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import urllib3
from sqlalchemy import text

from tests.bench.load import Target
from tests.bench.phones import Sending, send_all, sendings
from tests.samples import Sample, photo, report_at
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, Database
from webapp.reactions import REACTIONS

RATE, SECONDS = 50, 20
# The demo city: 2400 hazards in the 18 months of webapp/demo/hazards.py.
HAZARDS_A_DAY = 2400 / 547
SCALE = 100
PATIENCE_S = 900
PHOTOS = 40
# Of a hundred matters so many are rejected, and so many escalated before somebody takes them.
REJECTED, ESCALATED = 8, 6

_NEWEST = text("SELECT coalesce(max(id), 0) FROM app.event")
_WAITING = text("""SELECT (SELECT count(*) FROM app.outbox)
    + (SELECT count(*) FROM app.job
       WHERE state = 'leased' OR (state = 'ready' AND attempts = 0))""")
_BY_NAME = text("SELECT name, count(*) AS events FROM app.event WHERE id > :first GROUP BY 1")
_DONE = text("""SELECT count(*) AS jobs, count(*) FILTER (WHERE j.state = 'done') AS done,
        count(*) FILTER (WHERE j.state = 'dead') AS dead, max(j.attempts) AS tries,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM j.done_at - e.at)) AS p50,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM j.done_at - e.at)) AS p95,
        max(extract(epoch FROM j.done_at - e.at)) AS longest
    FROM app.event e JOIN app.job j ON j.key LIKE e.id || ':%' WHERE e.id > :first""")


@dataclass(frozen=True)
class Tally:
    """What became of the events of one run; delays in seconds from the event to the end of its job."""

    events: int
    expected: int
    done: int
    dead: int
    p50: float
    p95: float
    longest: float
    drained_s: float

    def cells(self) -> str:
        """The last columns of both tables."""
        lost = self.expected - self.done
        return (
            f"{self.events} | {self.done} | {lost} | {self.dead} | {self.p50:.2f} | {self.p95:.2f} "
            f"| {self.longest:.1f} | {self.drained_s:.1f} |"
        )


HEAD = "events | reactions done | lost | dead | p50 s | p95 s | longest s | drained after s |"


class Watch:
    """Looks into the database as its owner: what waits, and what was done since it was made."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings, MIGRATE, pool_size=1)
        with self.database.transaction() as session:
            self.first = session.scalar(_NEWEST)

    def drained(self) -> float:
        """Wait until nothing is left to do; return how long that took (seconds)."""
        start = time.monotonic()
        while True:
            with self.database.transaction() as session:
                if not session.scalar(_WAITING):
                    return time.monotonic() - start
            assert time.monotonic() - start < PATIENCE_S, "the queue does not drain"
            time.sleep(0.2)

    def tally(self, drained_s: float) -> Tally:
        """Compare the events with the jobs that they had to start."""
        with self.database.transaction() as session:
            seen = {row.name: row.events for row in session.execute(_BY_NAME, {"first": self.first})}
            found = session.execute(_DONE, {"first": self.first}).one()
        expected = sum(count * len(REACTIONS.get(name, ())) for name, count in seen.items())
        delays = (float(found.p50 or 0), float(found.p95 or 0), float(found.longest or 0))
        return Tally(sum(seen.values()), expected, found.done, found.dead, *delays, drained_s)


def paced(ready: Iterator[Sending], rate: float) -> Iterator[Sending]:
    """Yield sendings no faster than `rate` a second."""
    start = time.monotonic()
    for number, sending in enumerate(ready):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        yield sending


def steady(target: Target, settings: Settings) -> list[str]:
    """Measure the delay of reactions while reports come in at a steady rate."""
    watch = Watch(settings)
    waiting = paced(sendings(target.tokens, target.box), RATE)
    outcome = send_all("127.0.0.1", target.port, waiting, 8, SECONDS)
    assert not outcome.failures, outcome.failures[:3]
    tally = watch.tally(watch.drained())
    rate = len(outcome.times) / outcome.seconds
    return [
        f"| reports/s | {HEAD}",
        "|---|---|---|---|---|---|---|---|---|",
        f"| {rate:.0f} | {tally.cells()}",
    ]


@dataclass
class Day:
    """A day of reports and steps, sent by those who would send them."""

    target: Target
    chief: str
    dice: Random
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=8))
    requests: int = 0

    def matter(self, number: int) -> None:
        """Bring one matter from found to its end."""
        dice = Random(f"{self.dice.random()}-{number}")
        box = self.target.box
        place = dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3])
        token = self.target.tokens[number % len(self.target.tokens)]
        sample = report_at(*place, photos=(photo(number % PHOTOS),))
        self._report(sample, token)
        for who, verb, fields in self._steps(dice, place, token):
            self._post(f"/api/v1/cases/{sample.id}/steps/{verb}", who, fields)

    def _steps(
        self, dice: Random, place: tuple[float, float], reporter: str
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        words, proof = {"note": "按规定处理"}, ("p.jpg", photo(7), "image/jpeg")
        if dice.randrange(100) < ESCALATED:
            yield self.chief, "escalate", words
        if dice.randrange(100) < REJECTED:
            yield self.chief, "reject", words
            return
        yield self.chief, "accept", {"note": ""}
        until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
        yield self.chief, "order_correction", {**words, "until": until}
        yield self.chief, "feed_back", {**words, "photo": proof}
        yield reporter, "verify", {"lon": str(place[0]), "lat": str(place[1]), "photo": proof}

    def _report(self, sample: Sample, token: str) -> None:
        batch = ("batch.json", json.dumps(sample.batch()).encode(), "application/json")
        files = {sha: ("p.jpg", data, "image/jpeg") for sha, data in sample.photos.items()}
        self._post("/api/v1/batches", token, {"batch": batch, **files})

    def _post(self, path: str, token: str, fields: dict[str, Any]) -> None:
        answer = self.pool.request(
            "POST",
            f"http://127.0.0.1:{self.target.port}{path}",
            fields=fields,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status == 200, (path, answer.status, answer.data[:300])
        self.requests += 1


def day(target: Target, settings: Settings, chief: str, scale: int = SCALE, clients: int = 4) -> list[str]:
    """Replay a seeded day of the demo city, `scale` times as busy, as fast as the service takes it."""
    watch, plan = Watch(settings), Day(target, chief, Random(scale))
    matters, start = round(HAZARDS_A_DAY * scale), time.monotonic()
    with ThreadPoolExecutor(clients) as senders:
        list(senders.map(plan.matter, range(matters)))
    took = time.monotonic() - start
    tally = watch.tally(watch.drained())
    assert tally.done == tally.expected, f"lost reactions: {tally}"
    return [
        f"| scale | matters | requests | minutes | {HEAD}",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
        f"| {scale} | {matters} | {plan.requests} | {took / 60:.1f} | {tally.cells()}",
    ]


def run(target: Target, settings: Settings, chief: str) -> list[str]:
    """Return both tables."""
    return [*steady(target, settings), "", *day(target, settings, chief)]
