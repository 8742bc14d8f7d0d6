"""An open live stream, as a map in a browser holds one."""

from __future__ import annotations

import json
import time
from threading import Thread
from typing import Any

import requests


class Stream:
    """Reads server-sent events in a thread of its own; `events` are (seconds since the epoch, data)."""

    def __init__(self, url: str, token: str, last_id: str | None = None) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.ids: list[str] = []
        self.ready = False
        head = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last_id:
            head["Last-Event-ID"] = last_id
        self._answer = requests.get(f"{url}/api/v1/events", headers=head, stream=True, timeout=60)
        assert self._answer.status_code == 200, self._answer.text
        assert self._answer.headers["Content-Type"].startswith("text/event-stream")
        Thread(target=self._read, daemon=True).start()
        self.until(lambda: self.ready or self.events)

    def _read(self) -> None:
        name = ""
        try:
            for line in self._answer.iter_lines(chunk_size=1, decode_unicode=True):
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("id: "):
                    self.ids.append(line[4:])
                elif line.startswith("data: "):
                    if name == "ready":
                        self.ready = True
                    else:
                        self.events.append((time.time(), json.loads(line[6:])))
        except (requests.RequestException, AttributeError, ValueError):
            return

    def until(self, met: Any, patience_s: float = 15.0) -> None:
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
        self._answer.close()
