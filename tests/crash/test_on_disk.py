"""A report is answered for only when its commit is on the disk: the database is killed after the answer."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from collectors import pwa
from tests.samples import Sample, photo, report_at
from tests.suite import PLACE, Suite, quiet, remove
from webapp.cases import actions as cases
from webapp.core import events
from webapp.core.config import Settings
from webapp.core.db import WEB, Database
from webapp.core.files import FolderStore
from webapp.core.postgres_processes import end, holders

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def own_suite() -> Iterator[Suite]:
    """A cluster of this module's own, which writes its log out only when somebody waits for it."""
    folder = PLACE / f"shuangge-on-disk-{os.getpid()}"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    try:
        suite = Suite(folder)
        with closing(suite.superuser("postgres")) as connection:
            connection.cursor().execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
            connection.cursor().execute("SELECT pg_reload_conf()")
        yield suite
    finally:
        remove(folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh(suite: Suite) -> Iterator[Settings]:
    """A database of the test's own, with a checkpoint behind it.

    PostgreSQL copies a sequence with the numbers that it may still give out unlogged; in a copied database
    that is killed before the first checkpoint they are given out twice (also with plain commits).
    """
    with suite.database("on_disk") as settings:
        with closing(suite.superuser(settings.database)) as connection:
            connection.cursor().execute("CHECKPOINT")
        yield settings


def sent(suite: Suite, settings: Settings, sample: Sample) -> str:
    """Send a report as the phone's door does; return the number that the phone is told."""
    by = suite.stations["T"].actor("t.volunteer")
    web = Database(settings, WEB, pool_size=1)
    try:
        report = pwa.decode(json.dumps(sample.batch()).encode(), sample.photos).reports[0]
        with web.transaction(by) as session:
            return cases.report(session, FolderStore(settings.blobs_dir), report, by=by).number
    finally:
        web.dispose()


def killed(suite: Suite) -> None:
    """Kill every process of the database at once and start it again."""
    end(holders(suite.cluster.data), signal.SIGKILL)
    suite.cluster.ensure_started(quiet)


def numbers(suite: Suite, settings: Settings) -> dict[str, str]:
    """Return number by id of all cases that are there."""
    with closing(suite.superuser(settings.database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id::text, number FROM app.case_file")
        return dict(cursor.fetchall())


def sample_of(suite: Suite, shade: int) -> Sample:
    return report_at(*suite.stations["T"].inside("A1"), photos=(photo(shade),))


def test_what_is_answered_for_is_there_after_the_database_was_killed(own_suite: Suite) -> None:
    told: dict[str, str] = {}
    with fresh(own_suite) as settings:
        for shade in range(4):
            sample = sample_of(own_suite, shade)
            told[sample.id] = sent(own_suite, settings, sample)
            killed(own_suite)
            assert numbers(own_suite, settings) == told
        assert sorted(int(number[-6:]) for number in told.values()) == [1, 2, 3, 4]


def test_a_repeated_report_is_answered_for_only_on_disk_too(
    own_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh(own_suite) as settings:
        sample = sample_of(own_suite, 1)
        with monkeypatch.context() as patched:  # the first sending dies before its answer
            patched.setattr(events, "on_disk", lambda _session: None)
            first = sent(own_suite, settings, sample)
        assert sent(own_suite, settings, sample) == first
        killed(own_suite)
        assert numbers(own_suite, settings) == {sample.id: first}


def test_control_without_the_wait_it_is_lost_and_leaves_no_gap(
    own_suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh(own_suite) as settings:
        first, lost = sample_of(own_suite, 1), sample_of(own_suite, 2)
        sent(own_suite, settings, first)
        with monkeypatch.context() as patched:
            patched.setattr(events, "on_disk", lambda _session: None)
            number = sent(own_suite, settings, lost)
        killed(own_suite)
        assert set(numbers(own_suite, settings)) == {first.id}
        assert sent(own_suite, settings, lost) == number
