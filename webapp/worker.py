"""The worker's loop: turn events into jobs, claim jobs, do them, sleep until there is news."""

from __future__ import annotations

import contextlib
import os
import signal
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
from webapp.parcels.queries import dropped
from webapp.people.queries import station_ids
from webapp.reactions import JOBS, PERIODIC, REACTIONS
from webapp.webhooks import outgoing
from webapp.webhooks.rules import may_call

log = structlog.get_logger()
IDLE_S = 5.0
PLAN_S = 30.0
# Jobs between two looks for new events: few enough that news is not kept waiting.
MOST_BETWEEN_LOOKS = 10


def step_back() -> None:
    """Let everybody else go first on a busy machine: pictures can wait, phones and officers can't.

    Where the kernel groups processes by session, niceness counts inside a group; the group has its own.
    """
    os.nice(19)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text("19")


class Worker:
    """One worker process; `name` stays the same over restarts, so it takes its own leases back at once.

    `periodic` is the work that comes again by the clock.
    """

    def __init__(
        self, settings: Settings, name: str = "worker-1", periodic: tuple[queue.Every, ...] = PERIODIC
    ) -> None:
        self.name = name
        self.periodic = periodic
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
        self._wake: SimpleQueue[None] = SimpleQueue()
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
        while not self.stopping.is_set():
            try:
                self._note_alive()
                if self.step(MOST_BETWEEN_LOOKS) == 0:
                    self._sleep()
            except DBAPIError as error:
                log.warning("database away", error=type(error).__name__)
                self.stopping.wait(1)
        self.database.dispose()

    def step(self, most: int = 1) -> int:
        """Dispatch waiting events and do at most so many jobs; return how much there was to do."""
        self._look_into_drop()
        self._plan_periodic()
        with self.database.transaction() as session:
            taken = queue.dispatch(session, REACTIONS)
        for done in range(most):
            if self.stopping.is_set() or not self._do_one():
                return taken + done
        return taken + most

    def _do_one(self) -> bool:
        """Claim the next job and do it; say whether there was one."""
        with self.database.transaction() as session:
            job = queue.claim(session, self.name)
        if job is None:
            return False
        handler = JOBS.get(job.name, _unknown)
        error = queue.run(self.database, job, self.name, handler, self.resources)
        log.info("job", name=job.name, job=job.id, attempt=job.attempts, failed=bool(error))
        return True

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

    def _sleep(self) -> None:
        try:
            self._wake.get(timeout=IDLE_S)
            while True:
                self._wake.get_nowait()
        except Empty:
            return

    def _listen(self, channel: str) -> None:
        while not self.stopping.is_set():
            try:
                listen(self._dsn, channel, lambda _text: self._wake.put(None), lambda: self._wake.put(None))
            except (psycopg2.Error, OSError):
                self.stopping.wait(1)

    def _note_alive(self) -> None:
        """Touch the file whose age says that the worker lives."""
        self._beat.parent.mkdir(exist_ok=True)
        self._beat.write_text(clock.now().isoformat())

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping.set()
        self._wake.put(None)


def _unknown(run: queue.Run) -> None:
    """Fail for a job of another version of the code: it rests and comes again, its brothers go on."""
    raise LookupError(f"job {run.job_id} has a name that this version does not know")
