"""A backup comes back whole, or is refused before it touches anything."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.webapp.core.cluster_home import prepared, quiet, temporary_home
from webapp.core import doctor
from webapp.core.backup import backup, restore
from webapp.core.config import Settings
from webapp.core.ensure import connect, ensure_database, install_context_key
from webapp.core.files import FolderStore
from webapp.core.installation import BackupDamaged, DatabaseNotEmpty
from webapp.core.postgres import Cluster

pytestmark = pytest.mark.slow

TABLES = """
CREATE TABLE app.photo (id int PRIMARY KEY, sha text NOT NULL, place geometry(Point, 4326));
CREATE INDEX photo_place ON app.photo USING gist (place);
ALTER TABLE app.photo ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.photo FORCE ROW LEVEL SECURITY;
ALTER TABLE app.photo OWNER TO shuangge_owner;
CREATE TABLE public.alembic_version (version_num text NOT NULL);
INSERT INTO public.alembic_version VALUES ('0007');
CREATE TABLE vault.context_key (id int PRIMARY KEY, key bytea NOT NULL);
"""
INSERT = "INSERT INTO app.photo VALUES (%s, %s, ST_SetSRID(ST_MakePoint(112.5, 37.8), 4326))"


@pytest.fixture
def settings() -> Iterator[Settings]:
    """A started installation with a table, fifty rows and the file that each names."""
    with temporary_home() as home:
        made = Settings(home=home)
        cluster = prepared(home)
        cluster.ensure_started(quiet)
        ensure_database(cluster.url("postgres", "postgres"))
        connection = connect(cluster.url("postgres"))
        with connection, connection.cursor() as cursor:
            cursor.execute(TABLES)
        for number in range(50):
            add_photo(made, number)
        assert install_context_key(connection, b"k" * 32)
        connection.close()
        yield made


def add_photo(settings: Settings, number: int) -> None:
    sha = FolderStore(settings.blobs_dir).put(f"photo {number}".encode())
    connection = connect(Cluster(settings.home).url("postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute(INSERT, (number, sha))
    connection.close()


def photos(settings: Settings, database: str = "shuangge") -> dict[int, str]:
    connection = connect(Cluster(settings.home).url("postgres", database))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, sha FROM app.photo")
        found = dict(cursor.fetchall())
    connection.close()
    return found


def test_backup_and_restore_on_another_machine(settings: Settings, tmp_path: Path) -> None:
    stop = threading.Event()

    def go_on_working() -> None:
        number = 1000
        while not stop.is_set():
            add_photo(settings, number)
            number += 1

    work = threading.Thread(target=go_on_working)
    work.start()
    try:
        file = backup(settings, tmp_path / "nightly.tar", quiet)
    finally:
        stop.set()
        work.join()
    assert file.stat().st_mode & 0o777 == 0o600
    with temporary_home() as other:
        elsewhere = Settings(home=other)
        manifest = restore(elsewhere, file, quiet)
        found = photos(elsewhere)
        assert manifest["rows"]["app.photo"] == len(found) >= 50
        assert manifest["revision"] == "0007"
        store = FolderStore(elsewhere.blobs_dir)
        for sha in found.values():
            assert hashlib.sha256(store.get(sha)).hexdigest() == sha
        check_walls(elsewhere)


def check_walls(settings: Settings) -> None:
    """What a dump does not carry is there again; the secret key is not."""
    connection = connect(Cluster(settings.home).url("postgres"))
    bad = [
        finding.code
        for finding in doctor.checks(connection, home=settings.home, code_head="0007")
        if not finding.ok and finding.level == "stop"
    ]
    assert bad == []
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault.context_key")
        assert cursor.fetchone() == (0,)
    connection.close()


def test_a_database_with_data_is_replaced_only_by_force_and_kept(settings: Settings, tmp_path: Path) -> None:
    file = backup(settings, tmp_path / "nightly.tar", quiet)
    add_photo(settings, 99)
    with pytest.raises(DatabaseNotEmpty) as caught:
        restore(settings, file, quiet)
    assert "--force" in caught.value.cure
    assert 99 in photos(settings)
    heard: list[str] = []
    restore(settings, file, heard.append, force=True)
    assert 99 not in photos(settings)
    kept = next(message for message in heard if "kept as" in message).split()[-1]
    assert 99 in photos(settings, kept)


@pytest.mark.parametrize("harm", ["flipped byte", "missing photo", "cut off", "stranger's file", "no tar"])
def test_a_damaged_backup_is_refused_untouched(settings: Settings, tmp_path: Path, harm: str) -> None:
    file = backup(settings, tmp_path / "nightly.tar", quiet)
    damage(file, harm)
    before = photos(settings)
    with pytest.raises(BackupDamaged):
        restore(settings, file, quiet, force=True)
    assert photos(settings) == before
    connection = connect(Cluster(settings.home).url("postgres", "postgres"))
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'shuangge%'")
        assert cursor.fetchone() == (1,)
    connection.close()


def damage(file: Path, harm: str) -> None:
    if harm == "cut off":
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        return
    if harm == "no tar":
        file.write_bytes(b"\x00\x01 not an archive")
        return
    with tarfile.open(file) as archive:
        parts = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    photo = next(name for name in parts if name.startswith("blobs/"))
    if harm == "flipped byte":
        parts["database.dump"] = parts["database.dump"][:-1] + bytes([parts["database.dump"][-1] ^ 1])
    elif harm == "missing photo":
        del parts[photo]
    else:
        parts["../../escaped"] = b"x"
    with tarfile.open(file, "w") as archive:
        for name, content in parts.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert json.loads(parts["manifest.json"])["format"] == 1


def test_doctor_knows_the_age_of_the_last_backup(settings: Settings, tmp_path: Path) -> None:
    def age() -> doctor.Finding:
        connection = connect(Cluster(settings.home).url("postgres"))
        found = doctor.checks(connection, home=settings.home, code_head="0007")
        connection.close()
        return next(finding for finding in found if finding.code == "backup_age")

    assert not age().ok
    backup(settings, tmp_path / "nightly.tar", quiet)
    assert age().ok
    note = settings.home / "last-backup.json"
    note.write_text(note.read_text().replace("20", "19", 1))
    assert not age().ok
