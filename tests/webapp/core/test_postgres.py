"""The private cluster survives what machines and people do to it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.webapp.core.cluster_home import prepared, quiet, temporary_home
from webapp.core import doctor
from webapp.core.ensure import connect, ensure, ensure_database
from webapp.core.installation import ClusterDamaged, HomeUnreachable, WrongOwner, WrongVersion
from webapp.core.postgres import Cluster
from webapp.core.postgres_processes import holders, postmaster
from webapp.core.user import closed_folder, prepare_home, service_user

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start as somebody else")


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


@pytest.fixture(scope="module")
def served() -> Iterator[Cluster]:
    """One cluster with our database, for tests that only ask."""
    with temporary_home() as folder:
        cluster = prepared(folder)
        cluster.ensure_started(quiet)
        ensure_database(cluster.url("postgres", "postgres"))
        yield cluster
        cluster.stop(quiet)


def ask(cluster: Cluster, query: str, role: str = "postgres", database: str = "shuangge") -> object:
    connection = connect(cluster.url(role, database))
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()[0][0]
    finally:
        connection.close()


def give(path: Path, cluster: Cluster) -> None:
    os.chown(path, cluster.user.uid, cluster.user.gid)


@pytest.mark.slow
def test_cold_start_makes_a_durable_private_server(home: Path) -> None:
    cluster = prepared(home)
    cluster.ensure_started(quiet)
    ensure_database(cluster.url("postgres", "postgres"))
    cluster.ensure_started(quiet)
    settings = {
        name: ask(cluster, f"SHOW {name}")
        for name in ("fsync", "full_page_writes", "data_checksums", "listen_addresses", "server_encoding")
    }
    assert settings == {
        "fsync": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }
    assert ask(cluster, "SHOW log_parameter_max_length_on_error") == "0"
    assert cluster.data.stat().st_uid == cluster.user.uid != 0
    cluster.stop(quiet)
    assert not cluster.is_ready()
    cluster.ensure_started(quiet)
    assert cluster.is_ready()


@pytest.mark.slow
def test_a_killed_server_starts_at_once_again_and_keeps_the_data(home: Path) -> None:
    cluster = prepared(home)
    cluster.ensure_started(quiet)
    ensure_database(cluster.url("postgres", "postgres"))
    connection = connect(cluster.url("postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    busy = connect(cluster.url("postgres"))
    busy.autocommit = True
    leader = postmaster(cluster.data)
    assert leader is not None
    for _round in range(3):
        os.kill(leader, signal.SIGKILL)
        Cluster(home).ensure_started(quiet)
        assert ask(cluster, "SELECT count(*) FROM kept") == 1000
        leader = postmaster(cluster.data)
        assert leader is not None
    connection.close()
    busy.close()


@pytest.mark.slow
def test_a_computing_backend_of_a_killed_server_does_not_block_the_start(home: Path) -> None:
    cluster = prepared(home)
    cluster.ensure_started(quiet)
    query = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import psycopg2; c = psycopg2.connect(**{cluster.dsn('postgres', 'postgres')!r}).cursor(); "
            f"c.execute('SET client_connection_check_interval = 0'); c.execute({query!r})",
        ],
        stderr=subprocess.DEVNULL,
    )
    time.sleep(1)
    leader = postmaster(cluster.data)
    assert leader is not None
    os.kill(leader, signal.SIGKILL)
    heard: list[str] = []
    Cluster(home).ensure_started(heard.append)
    assert ask(cluster, "SELECT 1", database="postgres") == 1
    assert any("killed database server" in message for message in heard)
    child.wait(10)


@pytest.mark.slow
@pytest.mark.parametrize("content", ["", "{other}\n/somewhere\n0\n5432\n/run\n\n  1 2\nready   \n"])
def test_a_dead_pid_file_is_recognised(home: Path, content: str) -> None:
    """Empty after a power cut; or its number has been given to another process of the same user."""
    cluster = prepared(home)
    cluster.ensure_started(quiet)
    cluster.stop(quiet)
    other = subprocess.Popen(["sleep", "60"], **cluster.user.identity())
    try:
        pid_file = cluster.data / "postmaster.pid"
        pid_file.write_text(content.format(other=other.pid))
        give(pid_file, cluster)
        heard: list[str] = []
        cluster.ensure_started(heard.append)
        assert cluster.is_ready()
        assert any("postmaster.pid" in message for message in heard)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.slow
def test_the_pid_file_of_a_living_server_is_left_alone(home: Path) -> None:
    cluster = prepared(home)
    cluster.ensure_started(quiet)
    leader = postmaster(cluster.data)
    (cluster.sockets / ".s.PGSQL.5432").rename(cluster.sockets / "hidden")
    assert not cluster.is_ready()
    cluster._remove_dead_pid_file(quiet)
    assert (cluster.data / "postmaster.pid").exists()
    (cluster.sockets / "hidden").rename(cluster.sockets / ".s.PGSQL.5432")
    cluster.ensure_started(quiet)
    assert postmaster(cluster.data) == leader


@pytest.mark.slow
def test_a_half_made_cluster_is_kept_aside(home: Path) -> None:
    cluster = prepared(home)
    for name in ("cluster", "cluster.new-99999"):
        (home / name / "base" / "1").mkdir(parents=True)
        (home / name / "note").write_text(name)
        give(home / name, cluster)
    heard: list[str] = []
    cluster.ensure_started(heard.append)
    kept = sorted((folder / "note").read_text() for folder in home.glob("cluster.half-made-*"))
    assert kept == ["cluster", "cluster.new-99999"]
    assert sum("half-made" in message for message in heard) == 2
    assert cluster.is_ready()


@pytest.mark.slow
def test_a_damaged_cluster_with_databases_is_never_replaced(home: Path) -> None:
    cluster = prepared(home)
    cluster.ensure_started(quiet)
    ensure_database(cluster.url("postgres", "postgres"))
    cluster.stop(quiet)
    (cluster.data / "global" / "pg_control").unlink()
    with pytest.raises(ClusterDamaged) as caught:
        cluster.ensure_started(quiet)
    assert "shuangge restore" in caught.value.cure
    assert (cluster.data / "base").is_dir()


def test_a_cluster_of_another_version_is_refused_with_the_way_on(home: Path) -> None:
    cluster = prepared(home)
    (cluster.data / "global").mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("9\n")
    (cluster.data / "global" / "pg_control").touch()
    give(cluster.data, cluster)
    with pytest.raises(WrongVersion) as caught:
        cluster.ensure_started(quiet)
    assert "postgresql-9-postgis-3" in caught.value.cure
    assert "shuangge restore" in caught.value.cure


@only_root
def test_a_cluster_of_another_user_is_refused(home: Path) -> None:
    cluster = prepared(home)
    cluster.data.mkdir(mode=0o700)
    (cluster.data / "global").mkdir()
    (cluster.data / "PG_VERSION").write_text("15\n")
    (cluster.data / "global" / "pg_control").touch()
    os.chown(cluster.data, 65534, 65534)
    with pytest.raises(WrongOwner) as caught:
        cluster.ensure_started(quiet)
    assert caught.value.cure.startswith("chown")
    os.chown(cluster.data, 0, 0)
    with pytest.raises(WrongOwner, match="root"):
        service_user(home)


@pytest.mark.slow
def test_a_path_too_long_for_a_socket_still_starts(home: Path) -> None:
    deep = home.parent / ("很长的文件夹" * 6) / "var"
    deep.parent.mkdir(parents=True)
    cluster = prepared(deep)
    cluster.ensure_started(quiet)
    assert ask(cluster, "SELECT 1", database="postgres") == 1
    assert cluster.sockets.lstat().st_mode & 0o777 == 0o700
    cluster.stop(quiet)
    shutil.rmtree(cluster.sockets)


@only_root
def test_a_closed_parent_folder_is_named_with_its_cure() -> None:
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        with pytest.raises(HomeUnreachable) as caught:
            prepare_home(folder / "sub" / "var", quiet)
        assert f"chmod o+x {folder}" in caught.value.cure
        assert not (folder / "sub").exists()
    finally:
        shutil.rmtree(folder)


@only_root
def test_the_default_home_of_a_closed_checkout_goes_to_an_open_place() -> None:
    checkout = Path(tempfile.mkdtemp(dir="/var/tmp"))
    heard: list[str] = []
    try:
        user = prepare_home(checkout / "var", heard.append, checkout=checkout)
        real = (checkout / "var").resolve()
        assert real.parent == Path("/var/lib")
        assert closed_folder(real, user) is None
        assert str(real) in heard[-1]
        prepare_home(checkout / "var", heard.append, checkout=checkout)
    finally:
        shutil.rmtree((checkout / "var").resolve(), ignore_errors=True)
        shutil.rmtree(checkout)


def test_ensure_can_be_repeated_and_repairs(served: Cluster) -> None:
    connection = connect(served.url("postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
        cursor.execute("GRANT TEMPORARY ON DATABASE shuangge TO PUBLIC")
        cursor.execute("ALTER ROLE shuangge_web SUPERUSER")
    found = doctor.checks(connection, home=served.home, code_head=None)
    broken = {finding.code for finding in found if not finding.ok and finding.level == "stop"}
    assert broken >= {"leakproof", "shuangge_web_temp", "shuangge_web_attributes"}
    connection.rollback()
    ensure(connection)
    ensure(connection)
    found = doctor.checks(connection, home=served.home, code_head=None)
    assert [finding for finding in found if not finding.ok and finding.level == "stop"] == []
    connection.close()


@pytest.mark.parametrize("role", ["shuangge_web", "shuangge_login", "shuangge_worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE public.mine (n int)",
        "CREATE TABLE app.mine (n int)",
        "CREATE TEMPORARY TABLE mine (n int)",
        "CREATE FUNCTION pg_temp.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA mine",
        "SET ROLE shuangge_owner",
        "SET track_activities = on",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT pg_sleep(0)",
        "SELECT st_makevalid('POINT(0 0)'::geometry)",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
    ],
)
def test_the_service_roles_are_refused(served: Cluster, role: str, statement: str) -> None:
    connection = connect(served.url(role))
    try:
        with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    finally:
        connection.close()


def test_the_migrating_role_makes_tables_as_the_owner(served: Cluster) -> None:
    connection = connect(served.url("shuangge_migrate"))
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE shuangge_owner")
        cursor.execute("CREATE TABLE app.probe (n int)")
        cursor.execute("SELECT st_astext(st_buffer('POINT(0 0)'::geometry, 0))")
    connection.rollback()
    connection.close()


def test_a_table_without_row_level_security_stops_the_start(served: Cluster) -> None:
    connection = connect(served.url("postgres"))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE app.open_table (n int)")
    try:
        for exempt, expected in (((), True), (("open_table",), False)):
            found = doctor.checks(connection, home=served.home, code_head=None, exempt_tables=exempt)
            bad = [finding for finding in found if finding.code == "row_security" and not finding.ok]
            assert bool(bad) is expected
    finally:
        connection.rollback()
        connection.close()


def test_personal_data_of_a_refused_statement_is_not_in_the_log(served: Cluster) -> None:
    connection = connect(served.url("postgres"))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE app.person (phone text PRIMARY KEY CHECK (length(phone) > 3))")
        cursor.execute("INSERT INTO app.person VALUES ('13900001111')")
        for phone in ("13900001111", None):
            cursor.execute("SAVEPOINT before")
            with pytest.raises(psycopg2.IntegrityError):
                cursor.execute("INSERT INTO app.person VALUES (%s) -- 13900001111", (phone,))
            cursor.execute("ROLLBACK TO before")
    connection.rollback()
    connection.close()
    # The server's collector writes the log a moment after the statement's answer.
    deadline, log = time.monotonic() + 60, ""
    while log.count("constraint") < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        log = "".join(path.read_text() for path in served.log.glob("*.log"))
    assert "duplicate key" in log
    assert "13900001111" not in log


def test_nobody_but_the_server_holds_the_data_folder(served: Cluster) -> None:
    assert postmaster(served.data) in holders(served.data)
    assert os.getpid() not in holders(served.data)


def test_open_secrets_and_a_forgotten_migration_stop_the_start(served: Cluster, tmp_path: Path) -> None:
    secret = tmp_path / "context.key"
    connection = connect(served.url("postgres"))

    def stopping(head: str | None) -> set[str]:
        found = doctor.checks(connection, home=served.home, code_head=head, secret_files=[secret])
        return {finding.code for finding in found if not finding.ok and finding.level == "stop"}

    try:
        assert stopping(None) == {"secret_context.key"}
        secret.write_text("00")
        secret.chmod(0o644)
        assert stopping("0009") == {"secret_context.key", "migrations"}
        secret.chmod(0o600)
        assert stopping(None) == set()
    finally:
        connection.close()
