"""A program of the service that is kept alive: started, watched, restarted with growing rests, ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
STEADY_S = 60.0
LONGEST_REST_S = 30.0
END_PATIENCE_S = 15.0
LARGEST_LOG = 16 * 1024 * 1024


class Kept:
    """One program, its log and how often it was started."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self._failures = 0
        self._started = 0.0
        self._next_start = 0.0

    def tend(self, note: Callable[[str], None]) -> None:
        """Start the program when it does not run and its rest after the last failure is over."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                if now - self._started > STEADY_S:
                    self._failures = 0
                return
            _end_group(self.process.pid, signal.SIGKILL)  # children of a killed program would keep the port
            self.process = None
            self._rest(now, f"{self.name} ended with {code}", note)
        if now < self._next_start:
            return
        try:
            self._start()
        except OSError as error:
            self._rest(now, f"{self.name} could not be started: {error}", note)
        else:
            note(f"{self.name} started as process {self.pid}")

    def _rest(self, now: float, reason: str, note: Callable[[str], None]) -> None:
        """Wait before the next start, longer after each failure in a row."""
        self._failures += 1
        rest = min(LONGEST_REST_S, 0.5 * 2 ** min(self._failures - 1, 10))
        self._next_start = now + rest
        note(f"{reason}; next start in {rest:.1f} s")

    @property
    def pid(self) -> int | None:
        return None if self.process is None else self.process.pid

    def _start(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        parent = os.getpid()

        def end_with_parent() -> None:
            """Ask the kernel for SIGTERM when the supervisor dies, so that no orphan keeps the port."""
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,  # safe: the supervisor has one thread
            )
        self.starts += 1
        self._started = time.monotonic()

    def end(self, note: Callable[[str], None]) -> None:
        """End the program: politely, and after 15 s hard with all its children."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            note(f"{self.name} does not end; ending it hard")
        _end_group(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


def trim_log(log: Path) -> None:
    """Keep a log below twice 16 MB: what it holds moves to NAME.1 (its program appends, so this is safe)."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def start_ticks(pid: int) -> int | None:
    """When a process was started (kernel ticks since boot): tells it from a later one of that number.

    None when it runs no more, also while its parent has not yet collected the exit code.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    words = text.rpartition(")")[2].split()
    return None if words[0] == "Z" else int(words[19])


def end_leftover(pid: int, ticks: int, patience_s: float = END_PATIENCE_S) -> bool:
    """End a program that a killed supervisor left behind; False when that process has gone already."""
    if start_ticks(pid) != ticks:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience_s
    while start_ticks(pid) == ticks and time.monotonic() < deadline:
        time.sleep(0.05)
    _end_group(pid, signal.SIGKILL)
    return True


def _end_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to all processes of the session that the program leads."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
