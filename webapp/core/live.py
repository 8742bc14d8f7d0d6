"""Live news: one LISTEN connection a process, fanned out to the open streams as event ids."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Full, SimpleQueue
from threading import Event, Lock, Thread

import psycopg2
import structlog
from psycopg2 import sql
from sqlalchemy import URL

log = structlog.get_logger()
CHANNEL = "shuangge_event"
HEARING_S = 3.0


class HubFull(RuntimeError):
    """No more live streams in this process; the browser polls instead."""


class Hub:
    """Passes event ids from the database to every open stream of this process.

    Holds no rows and no rights: each stream loads what an id means under its own reader's rights.
    """

    def __init__(self, url: URL, cap: int) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._cap = cap
        self._streams: set[SimpleQueue[int]] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._hearing = Event()

    @contextmanager
    def stream(self) -> Iterator[SimpleQueue[int]]:
        """Open a queue of event ids for one reader; 0 means 'connection was lost, look yourself'.

        Returns when the hub hears, so that what commits from now on is told; when the database is away
        it returns after a while, and the reader gets its 0 as soon as the line is back.
        """
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._listen, name="live", daemon=True)
                self._thread.start()
        self._hearing.wait(HEARING_S)
        queue: SimpleQueue[int] = SimpleQueue()
        with self._lock:
            if len(self._streams) >= self._cap:
                raise HubFull
            self._streams.add(queue)
        try:
            yield queue
        finally:
            with self._lock:
                self._streams.discard(queue)

    @property
    def open_streams(self) -> int:
        """How many readers are connected."""
        return len(self._streams)

    def _tell(self, number: int) -> None:
        with self._lock:
            for queue in self._streams:
                queue.put(number)

    def _listen(self) -> None:
        while True:
            try:
                listen(self._dsn, CHANNEL, self._heard, self._reconnected)
            except (psycopg2.Error, OSError, Full) as error:
                self._hearing.clear()
                log.warning("live connection lost", error=type(error).__name__)
                time.sleep(1)

    def _heard(self, payload: str) -> None:
        # Anybody who may speak SQL may notify: what is no id of an event must not end this thread.
        if payload.isascii() and payload.isdigit() and int(payload[:19]) > 0:
            self._tell(int(payload[:19]))

    def _reconnected(self) -> None:
        self._tell(0)
        self._hearing.set()


def listen(dsn: str, channel: str, heard: Callable[[str], None], started: Callable[[], None]) -> None:
    """Hear NOTIFY payloads of a channel until the connection breaks (psycopg2.Error is raised then)."""
    connection = psycopg2.connect(dsn, application_name="shuangge-live")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        started()
        while True:
            select.select([connection], [], [], 30)
            connection.poll()
            while connection.notifies:
                heard(connection.notifies.pop(0).payload)
    finally:
        connection.close()
