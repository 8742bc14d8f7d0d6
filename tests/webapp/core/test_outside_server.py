"""DATABASE_URL: the service on a server of somebody else's, reached over TCP with passwords."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
import requests

from tests.samples import report_at
from tests.service import free_port
from tests.suite import PLACE
from webapp.core.config import CHECKOUT
from webapp.core.postgres_setup import program_folder
from webapp.core.user import current_user, service_user

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PASSWORD = "outside-superuser-7"


@dataclass(frozen=True)
class Outside:
    """A server that is not ours: its port, and a home folder for the service that uses it."""

    port: int
    home: Path
    web_port: int

    def command(self, *words: str) -> str:
        """Run `shuangge` with the outside server in its environment; return what it printed."""
        environment = {
            **os.environ,
            "SHUANGGE_HOME": str(self.home),
            "PORT": str(self.web_port),
            "DATABASE_URL": f"postgresql://127.0.0.1:{self.port}/station",
            "SHUANGGE_ADMIN_URL": f"postgresql://admin:{PASSWORD}@127.0.0.1:{self.port}/station",
        }
        done = subprocess.run(
            [sys.executable, "-m", "webapp.cli", *words],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, statement: str, user: str = "admin", password: str = PASSWORD) -> list[tuple[object, ...]]:
        """Ask the server over TCP."""
        address = {"host": "127.0.0.1", "port": self.port, "user": user, "password": password}
        with closing(psycopg2.connect(dbname="station", **address)) as connection, connection.cursor() as cur:
            cur.execute(statement)
            return list(cur.fetchall())


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    """A PostgreSQL server on a TCP port, with passwords asked of everybody."""
    owner = service_user() if os.geteuid() == 0 else current_user()
    folder = PLACE / f"shuangge-outside-{os.getpid()}"
    data, port = folder / "server", free_port()
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / "password").write_text(PASSWORD)
    os.chown(folder, owner.uid, owner.gid)
    programs = program_folder()
    started = dict(cwd="/", check=True, capture_output=True, **owner.identity())
    initdb = [str(programs / "initdb"), "-D", str(data), "-U", "admin", "--data-checksums", "-A"]
    subprocess.run([*initdb, "scram-sha-256", "--pwfile", str(folder / "password")], **started)
    options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [str(programs / "pg_ctl"), "-D", str(data)]
    subprocess.run([*control, "-l", str(folder / "log"), "-o", options, "-w", "start"], **started)
    found = Outside(port, folder / "var", free_port())
    try:
        found.command("migrate")
        yield found
        found.command("down")
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **{**started, "check": False})
        shutil.rmtree(folder, ignore_errors=True)


def test_a_station_runs_on_an_outside_server(outside: Outside) -> None:
    outside.command("demo", "--station", "QF")
    outside.command("up")
    logins = json.loads((outside.home / "demo-logins.json").read_text())
    volunteer = next(each for each in logins if each["role"] == "volunteer")
    url, headers = f"http://127.0.0.1:{outside.web_port}", {"Authorization": f"Bearer {volunteer['token']}"}
    inside = "SELECT ST_X(p), ST_Y(p) FROM (SELECT ST_PointOnSurface(geom) p FROM app.grid_shape LIMIT 1) q"
    ((lon, lat),) = outside.rows(inside)
    sample = report_at(float(str(lon)), float(str(lat)))
    files = {"batch": json.dumps(sample.batch()), **sample.photos}
    answer = requests.post(f"{url}/api/v1/batches", files=files, headers=headers, timeout=30).json()
    assert answer["reports"][0]["state"] == "received", answer
    deadline = time.monotonic() + 60
    while requests.get(f"{url}/readyz", timeout=30).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert not (outside.home / "cluster").exists(), "a private cluster was made beside the outside server"
    number = answer["reports"][0]["case_number"]
    assert outside.rows("SELECT number FROM app.case_file WHERE source = 'batch'") == [(number,)]


def test_the_roles_have_passwords_and_no_more_rights_than_at_home(outside: Outside) -> None:
    secret = (outside.home / "secrets" / "shuangge_web.key").read_text()
    assert outside.rows("SELECT count(*) FROM app.case_file", "shuangge_web", secret) == [(0,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        outside.rows("SELECT * FROM auth.account", "shuangge_web", secret)
    with pytest.raises(psycopg2.OperationalError):
        outside.rows("SELECT 1", "shuangge_web", "guess")
