"""The worker's loop: turn events into jobs, claim jobs, do them, sleep until there is news."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from types import FrameType
from typing import Any

import psycopg2
import structlog
from sqlalchemy.exc import DBAPIError

from webapp.calls.delivery import Outgoing
from webapp.core import clock, queue
from webapp.core.config import Settings
from webapp.core.db import WORKER, Database, role_url
from webapp.core.files import FolderStore
from webapp.core.live import CHANNEL, listen
from webapp.core.queue import Lane
from webapp.parcels.queries import dropped
from webapp.people.queries import station_ids
from webapp.reactions import JOBS, PERIODIC, QUICK_JOBS, follows
from webapp.webhooks import outgoing
from webapp.webhooks.rules import may_call

log = structlog.get_logger()
IDLE_S = 5.0
PLAN_S = 30.0
# So many small jobs share a transaction: what they lock is free again within a tenth of a second.
TOGETHER = 20


def step_back() -> None:
    """Let everybody else go first on a busy machine: pictures can wait, phones and officers can't.

    Where the kernel groups processes by session, niceness counts inside a group; the group has its own.
    """
    os.nice(19)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")


class Worker:
    """One worker process; `name` stays the same over restarts, so it takes its own leases back at once.

    `periodic` is the work that comes again by the clock; `quick` are the jobs that share a transaction.
    """

    def __init__(
        self,
        settings: Settings,
        name: str = "worker-1",
        periodic: tuple[queue.Every, ...] = PERIODIC,
        quick: frozenset[str] = QUICK_JOBS,
    ) -> None:
        self.name = name
        self.periodic = periodic
        self.quick = Lane("quick", quick, together=TOGETHER)
        self.long = Lane("long", quick, others=True)
        self.database = Database(settings, WORKER, pool_size=3)
        self.resources: dict[str, Any] = {
            "blobs": FolderStore(settings.blobs_dir),
            "database": self.database,
            "settings": settings,
            # Rooms below the webhooks ask the same careful request: nothing private is ever called.
            "outgoing": Outgoing(outgoing.post, may_call),
        }
        self.stopping = Event()
        self._next_look = 0.0
        self._next_plan = 0.0
        self._beat = settings.home / "run" / "worker.beat"
        self._wake: dict[Lane, SimpleQueue[None]] = {self.quick: SimpleQueue(), self.long: SimpleQueue()}
        self._dsn = (
            role_url(settings, WORKER).set(drivername="postgresql").render_as_string(hide_password=False)
        )

    def forever(self) -> None:
        """Work until told to stop; a database that is away is waited for."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        step_back()
        for channel in (CHANNEL, "shuangge_job"):
            Thread(target=self._listen, args=(channel,), daemon=True).start()
        long = Thread(target=self._loop, args=(self.long, self._do_long))
        long.start()
        self._loop(self.quick, self._do_news)
        long.join()
        self.database.dispose()

    def _loop(self, lane: Lane, work: Callable[[], int]) -> None:
        """Do a lane's work until told to stop, and sleep while there is none."""
        while not self.stopping.is_set():
            try:
                if work() == 0:
                    self._sleep(lane)
            except DBAPIError as error:
                log.warning("database away", error=type(error).__name__)
                self.stopping.wait(1)

    def _do_news(self) -> int:
        """Look for what is new, and do what is quickly done; return how much there was."""
        self._note_alive()
        return self._look() + self._do_some(self.quick)

    def _do_long(self) -> int:
        return self._do_some(self.long)

    def step(self, most: int = 1) -> int:
        """Dispatch what waits and do at least so many jobs, if there are; return how much there was."""
        taken = self._look()
        done = 0
        while done < most and not self.stopping.is_set():
            some = self._do_some(self.quick) or self._do_some(self.long)
            if not some:
                break
            done += some
        return taken + done

    def _look(self) -> int:
        """Make jobs of what has happened, what was dropped, and what comes by the clock; count events."""
        self._look_into_drop()
        self._plan_periodic()
        with self.database.transaction() as session:
            return queue.dispatch(session, follows)

    def _do_some(self, lane: Lane) -> int:
        """Claim the next jobs of a lane and do them; return how many."""
        name = f"{self.name}/{lane.name}"
        with self.database.transaction() as session:
            jobs = queue.claim(session, name, lane)
        if jobs:
            errors = queue.run(self.database, jobs, name, JOBS, self.resources)
            for job in jobs:
                log.info("job", name=job.name, job=job.id, attempt=job.attempts, failed=job.id in errors)
        return len(jobs)

    def _look_into_drop(self) -> None:
        """Ask for a job for each package that somebody laid into the drop folder."""
        settings: Settings = self.resources["settings"]
        if not settings.drop_dir or clock.now().timestamp() < self._next_look:
            return
        self._next_look = clock.now().timestamp() + IDLE_S
        for station, path in list(dropped(self.database, settings, clock.now().timestamp())):
            told = path.stat()
            key = f"drop:{station}:{path.name}:{told.st_mtime_ns}:{told.st_size}"
            with self.database.transaction() as session:
                queue.enqueue(session, "parcels.take_dropped", station_id=station, key=key, path=str(path))

    def _plan_periodic(self) -> None:
        """Ask for the work that comes again by the clock."""
        now = clock.now()
        if now.timestamp() < self._next_plan:
            return
        self._next_plan = now.timestamp() + PLAN_S
        with self.database.transaction() as session:
            queue.ask_periodic(session, self.periodic, station_ids(session), now)

    def _sleep(self, lane: Lane) -> None:
        try:
            self._wake[lane].get(timeout=IDLE_S)
            while True:
                self._wake[lane].get_nowait()
        except Empty:
            return

    def _wake_up(self, _text: str = "") -> None:
        for lane in self._wake.values():
            lane.put(None)

    def _listen(self, channel: str) -> None:
        while not self.stopping.is_set():
            try:
                listen(self._dsn, channel, self._wake_up, self._wake_up)
            except (psycopg2.Error, OSError):
                self.stopping.wait(1)

    def _note_alive(self) -> None:
        """Touch the file whose age says that the worker lives."""
        self._beat.parent.mkdir(exist_ok=True)
        self._beat.write_text(clock.now().isoformat())

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()
        self._wake_up()
