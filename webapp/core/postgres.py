"""Our private PostGIS cluster: made at first use, started whatever the last stop was like."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2

from webapp.core.clock import now
from webapp.core.installation import (
    ClusterBusy,
    ClusterDamaged,
    DiskFull,
    HomeUnreachable,
    Say,
    StartFailed,
    StopFailed,
    WrongOwner,
)
from webapp.core.postgres_processes import end, holders, postmaster
from webapp.core.postgres_setup import PORT, program_folder, server_version, write_configuration
from webapp.core.user import ServiceUser, current_user, give_like, service_user

FREE_FOR_NEW_CLUSTER = 512 * 1024 * 1024
FREE_FOR_START = 64 * 1024 * 1024
PATIENCE_S = 60.0
RECOVERY_PATIENCE_S = 600.0
LONGEST_SOCKET_PATH = 107
FIRST_USER_OID = 16384

# Messages of a server that finds the traces of its predecessor; they pass when its last processes have gone.
PASSING = ("already exists", "is still in use", "pre-existing shared memory", "is another postmaster")


class Cluster:
    """One PostgreSQL data folder below `home`, its server and its addresses."""

    def __init__(self, home: Path, user: ServiceUser | None = None) -> None:
        self.home = home.resolve()
        self.data = self.home / "cluster"
        self.log = self.home / "log" / "postgres"
        self.start_log = self.home / "log" / "postgres-start.log"
        self.user = user or service_user(self.home)
        self.sockets = self._socket_folder()
        self._server: subprocess.Popen[bytes] | None = None

    def url(self, role: str, database: str = "shuangge") -> str:
        """Address for SQLAlchemy, driver written in full (a bare postgresql:// means another one)."""
        return f"postgresql+psycopg2://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def dsn(self, role: str, database: str = "shuangge") -> dict[str, Any]:
        """The same address as arguments of `psycopg2.connect`."""
        return {"host": str(self.sockets), "port": PORT, "user": role, "dbname": database}

    def is_ready(self) -> bool:
        """Whether the server answers a real connection (a pid file proves nothing after a crash)."""
        try:
            connection = psycopg2.connect(connect_timeout=5, **self.dsn("postgres", "postgres"))
        except psycopg2.OperationalError as error:
            return "too many clients" in str(error) or "connection slots" in str(error)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SHOW data_directory")
                row = cursor.fetchone()
        except psycopg2.Error:
            return False
        finally:
            connection.close()
        return row is not None and Path(row[0]).resolve() == self.data

    def is_alive(self) -> bool:
        """Whether the server's leading process lives; cheap, and true during recovery too."""
        self._reap()
        return postmaster(self.data) is not None

    def ensure_started(self, say: Say) -> None:
        """Make the cluster when there is none, start it when it does not run; returns when it answers.

        Raises a PostgresError that names the cure.
        """
        if self.is_ready():
            return
        with self._alone(say):
            if self.is_ready():
                return
            self._set_aside_leftovers(say)
            if not self.data.exists():
                self._make(say)
            programs = self._check()
            users = {self.user.name, current_user().name, "root"}
            write_configuration(self.data, self.sockets, self.log, self.user, users)
            self._start(programs, say)

    def stop(self, say: Say) -> None:
        """Stop the server: first politely to the sessions (fast), after a minute at once (with recovery)."""
        leader = postmaster(self.data)
        if leader is None:
            return
        for number, patience in ((signal.SIGINT, PATIENCE_S), (signal.SIGQUIT, 15.0)):
            if number is signal.SIGQUIT:
                say("the database does not stop; stopping it at once")
            end({leader}, number)
            deadline = time.monotonic() + patience
            begun = time.monotonic()
            while holders(self.data) and time.monotonic() < deadline:
                self._reap()
                begun = _tell(say, begun, "waiting for the database to stop")
                time.sleep(0.05)
            if not holders(self.data):
                return
        pids = " ".join(str(pid) for pid in sorted(holders(self.data)))
        raise StopFailed("The database does not stop.", f"kill -9 {pids} (nothing acknowledged is lost)")

    # ---- the way to a running server ----

    @contextlib.contextmanager
    def _alone(self, say: Say) -> Iterator[None]:
        """Hold the lock that lets only one process make or start the cluster."""
        path = self.home / "run" / "cluster.lock"
        with path.open("a", encoding="utf-8") as file:
            give_like(path, self.home)
            begun = time.monotonic()
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    begun = _tell(say, begun, "another command is starting the database; waiting for it")
                    time.sleep(0.1)
            yield

    def _set_aside_leftovers(self, say: Say) -> None:
        """Recognise a half-made cluster and keep it under another name; never delete one."""
        for unfinished in self.home.glob("cluster.new-*"):
            self._set_aside(unfinished, say)
        if not self.data.exists():
            return
        whole = server_version(self.data) is not None and (self.data / "global" / "pg_control").exists()
        if whole:
            return
        if self._has_databases():
            raise ClusterDamaged(
                f"{self.data} holds databases, but PG_VERSION or global/pg_control is missing.",
                f"Keep a copy of {self.data}; move it aside and run `shuangge restore` with the last backup.",
            )
        self._set_aside(self.data, say)

    def _has_databases(self) -> bool:
        """Whether a database beyond those that initdb makes lies in the data folder."""
        base = self.data / "base"
        return base.is_dir() and any(
            folder.name.isdigit() and int(folder.name) >= FIRST_USER_OID for folder in base.iterdir()
        )

    def _set_aside(self, folder: Path, say: Say) -> None:
        kept = self.home / f"cluster.half-made-{now():%Y%m%dT%H%M%S%f}"
        folder.rename(kept)
        say(f"{folder.name} was half-made when its making broke off; kept as {kept}, making a new one")

    def _make(self, say: Say) -> None:
        """initdb into a folder of another name, renamed when it is complete."""
        programs = program_folder()
        self._require_room(FREE_FOR_NEW_CLUSTER)
        fresh = self.home / f"cluster.new-{os.getpid()}"
        say("making the database cluster (a few seconds)")
        done = subprocess.run(
            [
                str(programs / "initdb"),
                *("-D", str(fresh), "--username=postgres", "--auth=peer", "--no-instructions"),
                *("--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"),
            ],
            cwd="/",
            env=_plain_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.user.identity(),
        )
        if done.returncode != 0:
            self._explain("The database cluster could not be made.", done.stderr)
        fresh.rename(self.data)
        folder = os.open(self.home, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _check(self) -> Path:
        """Owner, version and room of an existing data folder; returns the folder of its programs."""
        owner = self.data.stat().st_uid
        if owner != self.user.uid:
            raise WrongOwner(
                f"{self.data} belongs to the user number {owner}, but the database runs as {self.user.name}.",
                f"chown -R {self.user.name}: {self.data}, or start as the user who made it.",
            )
        if stat.S_IMODE(self.data.stat().st_mode) not in (0o700, 0o750):
            self.data.chmod(0o700)  # a copy loses it, and the server insists
        self._require_room(FREE_FOR_START)
        return program_folder(server_version(self.data))

    def _require_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.home).free
        if free < needed:
            raise DiskFull(
                f"{self.home} has {free // 2**20} MB left; the database needs {needed // 2**20} MB.",
                "Free space on that disk, or set SHUANGGE_HOME to a larger one. Nothing has been lost.",
            )

    def _start(self, programs: Path, say: Say) -> None:
        """Start the server, again and again while the traces of a killed one are fading."""
        deadline = time.monotonic() + PATIENCE_S
        begun = time.monotonic()
        while True:
            self._await_predecessor(say, deadline)
            self._remove_dead_pid_file(say)
            if postmaster(self.data) is None:
                self._server = self._launch(programs)
            if self._await_answer(say):
                return
            reason = self._last_words()
            if not any(words in reason for words in PASSING) or time.monotonic() > deadline:
                self._explain("The database did not start.", reason)
            begun = _tell(say, begun, "the last database server left traces; trying again")
            time.sleep(0.5)

    def _launch(self, programs: Path) -> subprocess.Popen[bytes]:
        self.start_log.touch(mode=0o640)
        if not self.user.is_self:
            os.chown(self.start_log, self.user.uid, self.user.gid)
        with self.start_log.open("wb") as log:
            return subprocess.Popen(
                [str(programs / "postgres"), "-D", str(self.data)],
                cwd="/",
                env=_plain_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=0o077,
                **self.user.identity(),
            )

    def _await_answer(self, say: Say) -> bool:
        """Wait until the server answers; False when it ended. Recovery after a crash may take minutes."""
        begun = time.monotonic()
        deadline = begun + RECOVERY_PATIENCE_S
        while time.monotonic() < deadline:
            if self.is_ready():
                return True
            if self._server is not None and self._server.poll() is not None:
                return False
            if self._server is None and postmaster(self.data) is None:
                return False
            begun = _tell(say, begun, "the database is starting (after a crash it first repeats its log)")
            time.sleep(0.03)
        raise StartFailed(
            f"The database does not answer after {RECOVERY_PATIENCE_S:.0f} s.", f"Look into {self.log}."
        )

    def _await_predecessor(self, say: Say, deadline: float) -> None:
        """Wait for server processes whose leader was killed; end those that compute on without noticing.

        They may be ended hard: their leader is gone, nothing they did can still be committed, and the next
        start repeats the log.
        """
        begun = start = time.monotonic()
        while (left := holders(self.data)) and postmaster(self.data) is None:
            waited = time.monotonic() - start
            if waited > 10:
                end(left, signal.SIGKILL if waited > 20 else signal.SIGQUIT)
            if time.monotonic() > deadline:
                pids = " ".join(str(pid) for pid in sorted(left))
                raise ClusterBusy(f"Processes {pids} still hold {self.data}.", f"kill -9 {pids}")
            begun = _tell(say, begun, "waiting for the processes of a killed database server to end")
            time.sleep(0.1)

    def _remove_dead_pid_file(self, say: Say) -> None:
        """Remove lock files of which no process is left.

        They are empty after a power cut, or their number belongs to another process by now, or to the killed
        server itself while nobody has collected its exit code (for ever in a container without init).
        """
        if holders(self.data):
            return
        for path in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
            if path.exists():
                say(f"removing {path.name} of a database server that is gone" + self._pid_note(path))
                path.unlink(missing_ok=True)

    @staticmethod
    def _pid_note(path: Path) -> str:
        return " (the file is empty, as after a power cut)" if path.stat().st_size == 0 else ""

    def _last_words(self) -> str:
        """What the server wrote before it ended: before its log collector ran, and after."""
        parts = [self.start_log] if self.start_log.exists() else []
        parts += sorted(self.log.glob("*.log"), key=lambda path: path.stat().st_mtime)[-1:]
        texts = [path.read_text(encoding="utf-8", errors="replace")[-2000:] for path in parts]
        return "\n".join(texts)

    def _explain(self, message: str, reason: str) -> None:
        """Raise the named error for what a program of PostgreSQL has written."""
        if "No space left on device" in reason:
            raise DiskFull(f"{message} The disk is full.", "Free space on that disk and start again.")
        last = "\n  ".join(reason.strip().splitlines()[-8:])
        raise StartFailed(f"{message} It said:\n  {last}", f"Look into {self.log} and {self.start_log}.")

    def _reap(self) -> None:
        if self._server is not None:
            self._server.poll()

    def _socket_folder(self) -> Path:
        """The folder of the socket: home/run, or a short one when the kernel's 107 bytes would not do."""
        folder = self.home / "run"
        if len(os.fsencode(str(folder / f".s.PGSQL.{PORT}"))) <= LONGEST_SOCKET_PATH:
            return folder
        name = f"shuangge-{hashlib.sha256(os.fsencode(str(self.home))).hexdigest()[:12]}"
        folder = Path("/tmp") / name  # noqa: S108 (its owner and mode are checked below)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            if not self.user.is_self:
                os.chown(folder, self.user.uid, self.user.gid)
        status = folder.lstat()
        private = stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700
        if not private or status.st_uid != self.user.uid:
            raise HomeUnreachable(
                f"{folder}, the short folder for the database's socket, belongs to somebody else.",
                f"Remove it, or set SHUANGGE_HOME to a shorter path than {self.home}.",
            )
        return folder


def _tell(say: Say, since: float, message: str) -> float:
    """Say something when two seconds of waiting have passed; returns the new beginning of the wait."""
    if time.monotonic() - since < 2:
        return since
    say(message)
    return time.monotonic()


def _plain_environment() -> dict[str, str]:
    """The environment for PostgreSQL's programs: nothing of ours, no PG* variable of the caller."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
