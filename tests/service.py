"""A real web service and worker as subprocesses, which tests may kill and start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from webapp.core.config import CHECKOUT, Settings
from webapp.core.supervisor import programs_of

PATIENCE_S = 60.0


def free_port() -> int:
    """Return a port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """gunicorn (one process, 32 threads) and a worker on the database of some settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = replace(settings, port=free_port(), workers=1, threads=32)
        self.url = f"http://127.0.0.1:{self.settings.port}"
        # Where the programs lie: a test of a new version runs a changed copy.
        self.checkout = CHECKOUT
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start the named programs (web, worker; both without a name) and wait until they answer."""
        for name in names or ("web", "worker"):
            with self.log(name).open("ab") as log:
                self._running[name] = subprocess.Popen(
                    programs_of(self.settings)[name],
                    cwd=self.checkout,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        self.await_ready("/readyz" if len(self._running) == 2 else "/healthz")

    def kill(self, name: str) -> None:
        """End a program and its children as a power cut would: SIGKILL."""
        self._signal(name, signal.SIGKILL)

    def stop(self) -> None:
        """End everything at once; nobody waits for open streams."""
        for name in list(self._running):
            self._signal(name, signal.SIGKILL)

    def restart(self, name: str) -> None:
        """Kill a program and start it again."""
        self.kill(name)
        self.start(name)

    def pid(self, name: str) -> int:
        """Return the process id of a program."""
        return self._running[name].pid

    def log(self, name: str) -> Path:
        """Return the file of a program's output."""
        return self.settings.home / "log" / f"{name}.log"

    def await_ready(self, path: str) -> None:
        """Wait until the web service answers 200; raise RuntimeError with its last words otherwise."""
        if "web" not in self._running:
            return
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self._running["web"].poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        words = "\n".join(f"--- {name}\n{self.log(name).read_text()[-3000:]}" for name in self._running)
        raise RuntimeError(f"the service does not answer at {path}\n{words}")

    def _signal(self, name: str, number: signal.Signals) -> None:
        program = self._running.pop(name, None)
        if program is None:
            return
        try:
            os.killpg(program.pid, number)
            program.wait(15)
        except ProcessLookupError:
            program.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait(15)

    def _environment(self) -> dict[str, str]:
        settings = self.settings
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("SHUANGGE", "DATABASE_URL"))
        }
        return {
            **kept,
            "SHUANGGE_HOME": str(settings.home),
            "SHUANGGE_DATABASE": settings.database,
            "BIND": "127.0.0.1",
            "PORT": str(settings.port),
            "SHUANGGE_BASEMAP": settings.basemap,
            "SHUANGGE_WORKERS": "1",
            "SHUANGGE_THREADS": "32",
            "SHUANGGE_POOL_SIZE": "6",
        }
