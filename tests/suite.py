"""One private cluster for a whole run of the tests, shared by its worker processes, and databases in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg2
from psycopg2 import sql

from tests import stations
from webapp.core.config import Settings, make_secrets
from webapp.core.ensure import connect, ensure_database
from webapp.core.migrations import migrate
from webapp.core.postgres import Cluster
from webapp.core.postgres_processes import end, holders
from webapp.core.postgres_setup import PORT
from webapp.core.user import prepare_home

TEMPLATE = "shuangge_template"
PLACE = Path("/var/tmp")
PREFIX = "shuangge-suite-"


def quiet(_message: str) -> None:
    """A `say` for which nobody listens."""


def folder_of_run() -> Path:
    """Make the folder of this run, named after the controlling process; clear those of dead runs."""
    for old in PLACE.glob(f"{PREFIX}*"):
        if not Path(f"/proc/{old.name.removeprefix(PREFIX)}").exists():
            remove(old)
    folder = PLACE / f"{PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    """End the cluster of a run and remove its folder."""
    with contextlib.suppress(OSError):
        end(holders(folder / "var" / "cluster"), signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


class Suite:
    """The cluster of a run with its template database; every process of the run opens it by its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(home=folder / "var", database=TEMPLATE, pool_size=4)
        with self.alone():
            if not (folder / "stations").exists():
                self._build()
        self.cluster = Cluster(self.settings.home)
        self.stations: dict[str, stations.Station] = pickle.loads((folder / "stations").read_bytes())

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time change roles and databases of the cluster."""
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _build(self) -> None:
        home = self.settings.home
        user = prepare_home(home, quiet)
        cluster = Cluster(home, user)
        cluster.ensure_started(quiet)
        make_secrets(self.settings)
        # No test cuts the power of this cluster, and killed processes lose nothing without fsync.
        with contextlib.closing(connect(cluster.url("postgres", "postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("ALTER SYSTEM SET fsync = off")
                cursor.execute("SELECT pg_reload_conf()")
        ensure_database(cluster.url("postgres", "postgres"), TEMPLATE)
        migrate(self.settings)
        ensure_database(cluster.url("postgres", "postgres"), TEMPLATE)
        loaded = {code: stations.load(self.settings, code) for code in stations.GROUNDS}
        (self.folder / "stations").write_bytes(pickle.dumps(loaded))

    @contextmanager
    def database(self, name: str, template: str = TEMPLATE) -> Iterator[Settings]:
        """Copy the template into a fresh database with a home of its own; both go afterwards."""
        with self.alone():
            self._statement("CREATE DATABASE {} TEMPLATE {}", name, template)
            # A copy takes over neither owner nor rights of the database itself.
            ensure_database(self.cluster.url("postgres", "postgres"), name)
        settings = replace(self.settings, home=self._home(name), database=name)
        try:
            yield settings
        finally:
            self._statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
            shutil.rmtree(settings.home, ignore_errors=True)

    def _home(self, name: str) -> Path:
        """Make a home that shares the run's cluster and secrets but has files and run state of its own."""
        home = self.folder / name
        (home / "run").mkdir(parents=True)
        (home / "log").mkdir()
        socket = f".s.PGSQL.{PORT}"
        (home / "run" / socket).symlink_to(self.cluster.sockets / socket)
        (home / "secrets").symlink_to(self.settings.secrets_dir)
        return home

    def _statement(self, statement: str, *names: str) -> None:
        with contextlib.closing(connect(self.cluster.url("postgres", "postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def superuser(self, database: str) -> psycopg2.extensions.connection:
        """Open a superuser's connection, each statement its own transaction."""
        connection = connect(self.cluster.url("postgres", database))
        connection.autocommit = True
        return connection
