"""Starts and stops the whole service: database, web server and worker, watched by one supervising process."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from webapp.core import clock
from webapp.core.config import CHECKOUT, Settings, load
from webapp.core.ensure import ensure_database
from webapp.core.installation import PortTaken, PostgresError, Say, StartFailed, StopFailed, WrongOwner
from webapp.core.kept import Kept, end_leftover, trim_log
from webapp.core.postgres import Cluster
from webapp.core.service_state import (
    address,
    bracketed,
    read_state,
    running,
    state_path,
    take_lock,
    write_state,
)
from webapp.core.user import ServiceUser, code_user, give_like, prepare_home, run_as

__all__ = ["address", "down", "programs_of", "running", "supervise", "up", "web_command"]

READY_PATIENCE_S = 90.0
STOP_PATIENCE_S = 120.0
HOPELESS_STARTS = 4
TICK_S = 0.2


def web_command(settings: Settings) -> list[str]:
    """gunicorn with many threads, one per open live stream; no preload: connections come after the fork."""
    return [
        *(sys.executable, "-m", "gunicorn", "webapp.app:serve()", "--worker-class", "gthread"),
        *("--workers", str(settings.workers), "--threads", str(settings.threads)),
        *("--bind", f"{bracketed(settings.bind)}:{settings.port}"),
        *("--graceful-timeout", "10", "--timeout", "60", "--worker-tmp-dir", str(_beat_folder(settings))),
        *("--error-logfile", "-", "--no-control-socket"),
    ]


def _beat_folder(settings: Settings) -> Path:
    """Where the web processes leave their sign of life: in memory, else (closed there) on disk."""
    memory = Path("/dev/shm")  # noqa: S108 - gunicorn makes files of random names there
    with contextlib.suppress(OSError):
        if memory.stat().st_mode & stat.S_IWOTH:
            return memory
    return settings.home.resolve() / "run"


def programs_of(settings: Settings) -> dict[str, list[str]]:
    """The programs that are kept alive, in the order in which they start; they end in the same order."""
    return {
        "web": web_command(settings),
        "worker": [sys.executable, "-m", "webapp.cli", "work"],
    }


# ---- up and down ----


def up(
    settings: Settings,
    say: Say,
    prepare: Callable[[], None],
    programs: dict[str, list[str]] | None = None,
) -> bool:
    """Bring the service up and return when it answers; False when it was up already.

    `prepare` (secrets, migrations, demo data, checks) runs after the database has started and before the
    service does, as the user that the service runs as. Raises a PostgresError that names the cure.
    """
    user = prepare_home(settings.home, say)
    with _one_at_a_time(settings, say):
        found = running(settings)
        if found is not None:
            say(f"The service is already running at {found.address}.")
            _await_ready(settings, found.address, lambda: running(settings) is not None, say)
            return False
        _bring_up(settings, say, user, prepare, programs or programs_of(settings))
        return True


@contextlib.contextmanager
def _one_at_a_time(settings: Settings, say: Say) -> Iterator[None]:
    """Let a second `up` wait for the first one instead of disturbing it."""
    path = settings.home / "run" / "up.lock"
    with path.open("a", encoding="utf-8") as file:
        give_like(path, settings.home)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another command is bringing the service up; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _bring_up(
    settings: Settings,
    say: Say,
    user: ServiceUser,
    prepare: Callable[[], None],
    programs: dict[str, list[str]],
) -> None:
    """Database, preparation, service: in this order."""
    code = code_user(CHECKOUT, user, say)
    _end_leftovers(settings, say)
    _require_port(settings)
    cluster = Cluster(settings.home, user) if settings.database_url is None else None
    if cluster is not None:
        say("starting the database")
        cluster.ensure_started(say)
        ensure_database(cluster.url("postgres", "postgres"), settings.database)
    run_as(code, prepare)
    if cluster is not None:
        ensure_database(cluster.url("postgres", "postgres"), settings.database)
    say("starting the web service and the worker")
    supervisor = _launch(settings, code, programs)
    try:
        _await_ready(settings, address(settings), lambda: supervisor.poll() is None, say)
    except PostgresError:
        down(settings, say)
        raise


def down(settings: Settings, say: Say) -> bool:
    """Stop web service, worker and private database, in this order; False when nothing ran."""
    if not (settings.home / "run").is_dir():
        return False
    found = running(settings)
    if found is not None:
        say("stopping the service")
        _signal(found.pid, signal.SIGTERM)
        _await_release(settings, found.pid, say)
    left = _end_leftovers(settings, say)
    stopped = False
    if settings.database_url is None:
        cluster = Cluster(settings.home)
        stopped = cluster.is_ready()
        cluster.stop(say)
    return found is not None or left or stopped


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        if pid > 0:
            os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise WrongOwner(
            "The service was started by another user.", "Stop it as that user or as root: sudo make stop"
        ) from error


def _await_release(settings: Settings, pid: int, say: Say) -> None:
    """Wait until the supervising process has let go of its lock; end it hard when it never does."""
    begun = told = time.monotonic()
    while running(settings) is not None:
        now = time.monotonic()
        if now - begun > STOP_PATIENCE_S:
            _signal(pid, signal.SIGKILL)
            time.sleep(1)
            if running(settings) is not None:
                raise StopFailed("The supervising process does not end.", f"kill -9 {pid}")
        if now - told > 2:
            told = now
            say(f"waiting for the service to stop ({now - begun:.0f} s)")
        time.sleep(0.05)


def _end_leftovers(settings: Settings, say: Say) -> bool:
    """End programs of a supervisor that was killed; the kernel has told them already, some need longer."""
    state = read_state(settings)
    ended = False
    for name, program in (state.programs if state else {}).items():
        if end_leftover(program["pid"], program["ticks"]):
            say(f"ended the {name} process of a supervisor that was killed")
            ended = True
    state_path(settings).unlink(missing_ok=True)
    return ended


def _require_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.bind, settings.port))
        except OSError as error:
            raise PortTaken(
                f"{settings.bind}:{settings.port} is not free: {error.strerror}.",
                f"PORT={settings.port + 1} make run",
            ) from error


def _launch(settings: Settings, code: ServiceUser, programs: dict[str, list[str]]) -> subprocess.Popen[bytes]:
    """Start the supervising process, detached from this terminal."""
    path = settings.home / "log" / "supervisor.log"
    with path.open("ab") as log:
        if not code.is_self:
            os.chown(path, code.uid, code.gid)
        return subprocess.Popen(
            [sys.executable, "-m", "webapp.core.supervisor", json.dumps(programs)],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "SHUANGGE_HOME": str(settings.home.resolve()),
                "BIND": settings.bind,
                "PORT": str(settings.port),
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **code.identity(),
        )


def _await_ready(settings: Settings, site: str, alive: Callable[[], bool], say: Say) -> None:
    """Wait until the service says that it is ready. Raises StartFailed with the last lines of its logs."""
    begun = told = time.monotonic()
    url = f"{site}/readyz"
    answer = "no answer"
    while True:
        with contextlib.suppress(OSError):
            answer = _answer(url)
        if answer == "200":
            return
        now = time.monotonic()
        state = read_state(settings)
        hopeless = state is not None and any(p["starts"] >= HOPELESS_STARTS for p in state.programs.values())
        if not alive() or hopeless or now - begun > READY_PATIENCE_S:
            raise StartFailed(
                f"The service does not become ready ({url}: {answer}). Last lines of its logs:\n"
                + _last_lines(settings),
                f"Look into {settings.home / 'log'}, then `make run` again; `shuangge doctor` tells more.",
            )
        if now - told > 2:
            told = now
            say(f"waiting for the service to answer ({now - begun:.0f} s)")
        time.sleep(0.05)


def _answer(url: str) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as reply:
            return str(reply.status)
    except urllib.error.HTTPError as error:
        return str(error.code)


def _last_lines(settings: Settings, count: int = 12) -> str:
    parts = []
    for name in ("web", "worker", "supervisor"):
        path = settings.home / "log" / f"{name}.log"
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
            parts.append(f"--- {path}\n" + "\n".join(lines))
    return "\n".join(parts)


# ---- the supervising process ----


class _Stop:
    """Whether somebody asked the supervising process to end."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, _number: int, _frame: object) -> None:
        self.asked = True


def supervise(settings: Settings, programs: dict[str, list[str]]) -> None:
    """Keep the programs and the private database alive until SIGTERM or SIGINT; then end them in order."""
    lock = take_lock(settings)
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    cluster = Cluster(settings.home) if settings.database_url is None else None
    log = settings.home / "log"
    kept = [Kept(name, command, log / f"{name}.log") for name, command in programs.items()]
    written: dict[str, Any] = {}
    looked = 0.0
    while not stop.asked:
        for program in kept:
            program.tend(_note)
        with contextlib.suppress(OSError):  # a full disk must not end what still serves
            written = write_state(settings, kept, written)
        if time.monotonic() - looked > 2:
            looked = time.monotonic()
            _tend_cluster(cluster)
            _trim_logs(log)
        time.sleep(TICK_S)
    for program in kept:
        program.end(_note)
    if cluster is not None:
        cluster.stop(_note)
    state_path(settings).unlink(missing_ok=True)
    lock.close()


def _tend_cluster(cluster: Cluster | None) -> None:
    if cluster is None or cluster.is_alive():
        return
    _note("the database is gone; starting it")
    try:
        cluster.ensure_started(_note)
    except (PostgresError, OSError) as error:
        _note(f"the database does not start, trying again: {error}")


def _trim_logs(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for name in ("web", "worker", "supervisor"):
            trim_log(folder / f"{name}.log")


def _note(message: str) -> None:
    """A line in the supervisor's log; without a word when the disk is full."""
    with contextlib.suppress(OSError):
        print(f"{clock.now():%Y-%m-%dT%H:%M:%SZ}", message, flush=True)


if __name__ == "__main__":
    supervise(load(os.environ), json.loads(sys.argv[1]))
