"""What a running service says about itself: the lock that it holds, the state that it writes, its address."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from webapp.core.config import Settings
from webapp.core.installation import StartFailed
from webapp.core.kept import Kept, start_ticks


@dataclass(frozen=True)
class Running:
    """What the supervising process says about itself in run/supervisor.json."""

    pid: int
    address: str
    programs: dict[str, dict[str, int]]


def address(settings: Settings) -> str:
    """Where a browser on this machine finds the service."""
    anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 (compared, not bound)
    return f"http://{bracketed(anywhere.get(settings.bind, settings.bind))}:{settings.port}"


def bracketed(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def running(settings: Settings) -> Running | None:
    """The supervising process, known by the lock that it holds (a pid file proves nothing)."""
    path = _lock_path(settings)
    if not path.exists():
        return None
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_state(settings) or Running(0, address(settings), {})
    return None


def _lock_path(settings: Settings) -> Path:
    return settings.home / "run" / "supervisor.lock"


def state_path(settings: Settings) -> Path:
    """The file in which the supervising process says what it keeps alive."""
    return settings.home / "run" / "supervisor.json"


def read_state(settings: Settings) -> Running | None:
    """What the file says, also when its writer was killed; None when there is none or it is damaged."""
    try:
        content: dict[str, Any] = json.loads(state_path(settings).read_text(encoding="utf-8"))
        return Running(content["pid"], content["address"], content["programs"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def take_lock(settings: Settings) -> IO[bytes]:
    """Hold the lock by which others know that a supervisor lives; it goes with the process."""
    lock = _lock_path(settings).open("ab")
    for _attempt in range(20):  # somebody who only looks (`running`) holds it for a moment
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        else:
            return lock
    lock.close()
    raise StartFailed("Another supervisor runs here.", "make stop")


def write_state(settings: Settings, kept: list[Kept], written: dict[str, Any]) -> dict[str, Any]:
    """Write run/supervisor.json when something in it has changed."""
    state = {
        "pid": os.getpid(),
        "address": address(settings),
        "programs": {
            program.name: {"pid": pid, "ticks": start_ticks(pid) or 0, "starts": program.starts}
            for program in kept
            if (pid := program.pid) is not None
        },
    }
    if state != written:
        fresh = state_path(settings).with_suffix(".fresh")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(state_path(settings))
    return state
