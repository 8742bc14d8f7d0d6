"""An open live stream, as a map in a browser holds one."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from http.client import HTTPConnection, HTTPException
from threading import Thread
from typing import Any
from urllib.parse import urlsplit


class Stream:
    """Reads server-sent events in a thread of its own; `events` are (seconds since the epoch, data)."""

    def __init__(self, url: str, token: str, last_id: str | None = None) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.ids: list[str] = []
        self.ready = False
        head = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last_id:
            head["Last-Event-ID"] = last_id
        line = HTTPConnection(urlsplit(url).netloc, timeout=60)
        line.request("GET", "/api/v1/events", headers=head)
        self._socket = line.sock
        self._answer = line.getresponse()
        assert self._answer.status == 200, self._answer.read()
        assert self._answer.headers["Content-Type"].startswith("text/event-stream")
        Thread(target=self._read, daemon=True).start()
        self.until(lambda: self.ready or self.events)

    def _read(self) -> None:
        name = ""
        try:
            while raw := self._answer.readline():
                field, _colon, value = raw.decode().rstrip("\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "id":
                    self.ids.append(value)
                elif field == "data" and name == "ready":
                    self.ready = True
                elif field == "data":
                    self.events.append((time.time(), json.loads(value)))
        except (OSError, HTTPException, ValueError):
            return

    def until(self, met: Any, patience_s: float = 60.0) -> None:
        """Wait until `met()`; fail with what was heard so far."""
        deadline = time.monotonic() + patience_s
        while not met():
            assert time.monotonic() < deadline, f"heard only {self.events}"
            time.sleep(0.01)

    def heard(self, subject: str, name: str) -> tuple[float, dict[str, Any]] | None:
        """Return when and what was told of a subject, None for nothing."""
        for at, event in self.events:
            if event["subject_id"] == subject and event["name"] == name:
                return at, event
        return None

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
