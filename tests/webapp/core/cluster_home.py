"""Folders for real clusters in tests, reachable for the user that the server runs as."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from webapp.core.config import Settings
from webapp.core.postgres import Cluster
from webapp.core.postgres_processes import end, holders
from webapp.core.service_state import running
from webapp.core.supervisor import down
from webapp.core.user import prepare_home


def quiet(_message: str) -> None:
    """A `say` for which nobody listens."""


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A home that does not exist yet, in an open folder; what runs in it is ended, then it is removed."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="shuangge-test-"))
    folder.chmod(0o755)
    home = folder / "var"
    try:
        yield home
    finally:
        if running(Settings(home=home)) is not None:
            down(Settings(home=home), quiet)
        for cluster in folder.rglob("cluster"):
            with contextlib.suppress(OSError):
                end(holders(cluster), signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def prepared(home: Path) -> Cluster:
    """A home with its folders, and its cluster, not started."""
    prepare_home(home, quiet)
    return Cluster(home)
