"""A consistent copy of database and attachments in one file, and the way back."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from psycopg2 import sql
from sqlalchemy.engine import make_url

from webapp.core.clock import now
from webapp.core.config import Settings
from webapp.core.contents import KEY_TABLE, has_tables, revision, row_counts
from webapp.core.ensure import connect, ensure_database
from webapp.core.installation import (
    BackupDamaged,
    DatabaseNotEmpty,
    EnsureRefused,
    PostgresError,
    Say,
    ServiceRunning,
)
from webapp.core.postgres import Cluster
from webapp.core.postgres_setup import program_folder
from webapp.core.service_state import running
from webapp.core.user import give_like, prepare_home

FORMAT = 1
DUMP = "database.dump"
MANIFEST = "manifest.json"
BLOBS = "blobs"
CHUNK = 1024 * 1024


def backup(settings: Settings, target: Path, say: Say) -> Path:
    """Write a backup to the file `target` (.tar, mode 0600) while the service goes on; returns the file.

    The order makes it consistent: the dump sees one moment (an exported snapshot), and the attachments are
    copied after that moment. A file is stored before the row that names it and is never removed while a row
    names it, so each file that a dumped row names is there; a file too many does no harm. The lock keeps the
    sweeper of unreferenced files away meanwhile. Secrets are not part of it: they are made anew.
    """
    server = superuser_url(settings, say)
    partial = target.with_name(target.name + ".partial")
    with (
        _sweeper_away(settings),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder,
    ):
        dump = Path(folder) / DUMP
        say("dumping the database")
        manifest = _dump(server, dump)
        manifest["parts"][DUMP] = _digest(dump)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                archive.add(dump, DUMP)
                _add_blobs(archive, settings.blobs_dir, manifest, say)
                _add_manifest(archive, manifest, Path(folder))
            file.flush()
            os.fsync(file.fileno())
    partial.replace(target)
    _remember(settings, manifest)
    say(f"backup written: {target} ({target.stat().st_size / 1e6:.1f} MB)")
    return target


def restore(settings: Settings, source: Path, say: Say, force: bool = False) -> dict[str, Any]:
    """Bring a backup back and prove it against its manifest; returns the manifest.

    Nothing is touched before every part has the right checksum. The data goes into a fresh database, which
    takes the place of the present one only when its row counts are right. A database with tables is replaced
    only with `force`, and then kept under a name with the date. Raises a PostgresError.
    """
    prepare_home(settings.home, say)
    if running(settings) is not None:
        raise ServiceRunning("The service is running.", "make stop, then restore again")
    with tempfile.TemporaryDirectory(dir=settings.home, prefix="restore-") as name:
        folder = Path(name)
        say("checking the backup")
        manifest = _unpack(source, folder)
        server = superuser_url(settings, say)
        if has_tables(server) and not force:
            raise DatabaseNotEmpty(
                "The present database holds data.",
                "Give --force: the present database is then kept under another name.",
            )
        fresh = f"{make_url(server).database}_restore_{now():%Y%m%d%H%M%S}"
        say("restoring the database")
        _restore_dump(server, fresh, folder / DUMP)
        _compare_counts(server, fresh, manifest["rows"])
        _restore_blobs(folder / BLOBS, settings.blobs_dir)
        kept = _swap(server, fresh)
    if kept:
        say(f"the former database is kept as {kept}")
    say(f"restored: {sum(manifest['rows'].values())} rows, {manifest['blobs']} attachments")
    return manifest


def superuser_url(settings: Settings, say: Say) -> str:
    """Address of a superuser: of our own cluster, which is started, or of the outside server."""
    if settings.database_url is None:
        cluster = Cluster(settings.home)
        cluster.ensure_started(say)
        return cluster.url("postgres", settings.database)
    if settings.admin_url is None:
        raise EnsureRefused(
            "DATABASE_URL names an outside server, and no superuser's address is given.",
            "Set SHUANGGE_ADMIN_URL.",
        )
    database = make_url(settings.database_url).database or settings.database
    return make_url(settings.admin_url).set(database=database).render_as_string(hide_password=False)


# ---- making ----


def _dump(server: str, dump: Path) -> dict[str, Any]:
    """Dump and count in one and the same snapshot."""
    connection = connect(server)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchall()[0][0]
        wishes = ("--format=custom", f"--snapshot={snapshot}", f"--exclude-table-data={KEY_TABLE}")
        _run_tool("pg_dump", server, make_url(server).database or "", *wishes, f"--file={dump}")
        return {
            "format": FORMAT,
            "made_at": now().isoformat(),
            "app_version": _app_version(),
            "revision": revision(connection),
            "rows": row_counts(connection),
            "parts": {},
        }
    finally:
        connection.close()


def _add_blobs(archive: tarfile.TarFile, blobs: Path, manifest: dict[str, Any], say: Say) -> None:
    """Copy the attachments; files that are still being written have a dot in front and are left out."""
    files = sorted(path for path in blobs.rglob("*") if path.is_file() and not path.name.startswith("."))
    say(f"copying {len(files)} attachments")
    for path in files:
        name = f"{BLOBS}/{path.relative_to(blobs).as_posix()}"
        manifest["parts"][name] = _digest(path)
        archive.add(path, name, recursive=False)
    manifest["blobs"] = len(files)


def _add_manifest(archive: tarfile.TarFile, manifest: dict[str, Any], folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(manifest, indent=1, sort_keys=True), encoding="utf-8")
    archive.add(path, MANIFEST)


def _remember(settings: Settings, manifest: dict[str, Any]) -> None:
    """Leave a note for `doctor`, which asks how old the last backup is."""
    path = settings.home / "last-backup.json"
    note = {"made_at": manifest["made_at"], "rows": sum(manifest["rows"].values())}
    fresh = path.with_suffix(".fresh")
    fresh.write_text(json.dumps(note), encoding="utf-8")
    give_like(fresh, settings.home)
    fresh.replace(path)


@contextmanager
def _sweeper_away(settings: Settings) -> Iterator[None]:
    """Share the lock that whoever removes unreferenced attachments must hold alone."""
    path = settings.home / "run" / "blobs.lock"
    with path.open("a", encoding="utf-8") as file:
        give_like(path, settings.home)
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


# ---- bringing back ----


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Unpack into `folder` and compare each part with the manifest. Raises BackupDamaged."""
    cure = "Take another backup; this one can't be trusted. Nothing has been changed."
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                path = PurePosixPath(member.name)
                if not member.isfile() or path.is_absolute() or ".." in path.parts:
                    raise BackupDamaged(
                        f"{source} contains {member.name!r}, which no backup of ours has.", cure
                    )
                _extract(archive, member, folder / path)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        parts, made = manifest["parts"], manifest["format"]
    except FileNotFoundError as error:
        raise BackupDamaged(f"{source} or its manifest is missing.", cure) from error
    except (tarfile.TarError, ValueError, KeyError, EOFError) as error:
        raise BackupDamaged(f"{source} can't be read: {error}.", cure) from error
    if made != FORMAT:
        raise BackupDamaged(f"{source} has the format {made}; this version reads {FORMAT}.", cure)
    found = {
        path.relative_to(folder).as_posix(): _digest(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    wrong = sorted(name for name in parts.keys() | found.keys() if parts.get(name) != found.get(name))
    if wrong:
        raise BackupDamaged(f"{len(wrong)} parts of {source} are damaged or missing: {wrong[:3]}.", cure)
    return manifest


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = archive.extractfile(member)
    if content is None:
        raise tarfile.ReadError(member.name)
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file, CHUNK)


def _restore_dump(server: str, fresh: str, dump: Path) -> None:
    """Roles, extensions, then the data, then the superuser steps again (a dump does not carry them all)."""
    ensure_database(server, fresh)
    connection = connect(server, fresh)
    try:
        with connection, connection.cursor() as cursor:
            # The dump brings the schemas itself; ours are empty here.
            cursor.execute("DROP SCHEMA app, auth, audit, vault CASCADE")
    finally:
        connection.close()
    _run_tool("pg_restore", server, fresh, "--exit-on-error", f"--dbname={fresh}", str(dump))
    ensure_database(server, fresh)


def _compare_counts(server: str, fresh: str, rows: dict[str, int]) -> None:
    connection = connect(server, fresh)
    try:
        found = row_counts(connection)
    finally:
        connection.close()
    wrong = sorted(table for table in rows.keys() | found.keys() if rows.get(table) != found.get(table))
    if wrong:
        raise BackupDamaged(
            f"After the restore these tables have not as many rows as the manifest says: {wrong[:5]}.",
            f"The present database is untouched; look into the database {fresh}.",
        )


def _restore_blobs(source: Path, blobs: Path) -> None:
    """Put the attachments in place, each whole before it gets its name; what is there already stays."""
    owner = blobs.stat()
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        target = blobs / path.relative_to(source)
        if path.is_dir():
            target.mkdir(mode=0o750, exist_ok=True)
            os.chown(target, owner.st_uid, owner.st_gid)
        elif not target.exists():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o640)
            os.chown(path, owner.st_uid, owner.st_gid)
            path.replace(target)


def _swap(server: str, fresh: str) -> str | None:
    """Let the restored database take the name; the former one is renamed, or dropped when empty."""
    keep = has_tables(server)
    present = make_url(server).database or ""
    kept = f"{present}_before_{now():%Y%m%d%H%M%S}"
    connection = connect(server, "postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (%s, %s)",
                (present, fresh),
            )
            former = "ALTER DATABASE {old} RENAME TO {kept}" if keep else "DROP DATABASE IF EXISTS {old}"
            for statement in (former, "ALTER DATABASE {fresh} RENAME TO {old}"):
                names = {"old": present, "kept": kept, "fresh": fresh}
                cursor.execute(
                    sql.SQL(statement).format(
                        **{name: sql.Identifier(value) for name, value in names.items()}
                    )
                )
    finally:
        connection.close()
    return kept if keep else None


def _run_tool(name: str, server: str, database: str, *arguments: str) -> None:
    """Run pg_dump or pg_restore; the address is in the environment: no password in an argument."""
    url = make_url(server).set(database=database)
    host = url.host or url.query.get("host") or "/var/run/postgresql"
    environment = {
        "PATH": "/usr/bin:/bin",
        "PGHOST": str(host),
        "PGPORT": str(url.port or 5432),
        "PGUSER": url.username or "postgres",
        "PGDATABASE": database,
        "PGOPTIONS": "-c statement_timeout=0",
        **({"PGPASSWORD": str(url.password)} if url.password else {}),
    }
    done = subprocess.run(
        [str(program_folder() / name), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PostgresError(f"{name} failed: {done.stderr.strip()[-1500:]}", "See what it says, then repeat.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _app_version() -> str:
    try:
        return metadata.version("shuangge")
    except metadata.PackageNotFoundError:
        return "checkout"
