"""The service comes up, stays up and goes down, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.webapp.core.cluster_home import quiet, temporary_home
from webapp.core.config import Settings
from webapp.core.installation import PortTaken, StartFailed
from webapp.core.kept import start_ticks
from webapp.core.postgres import Cluster
from webapp.core.postgres_processes import holders, postmaster
from webapp.core.service_state import address, running
from webapp.core.supervisor import down, programs_of, up
from webapp.core.user import prepare_home

pytestmark = pytest.mark.slow

SITE = """
import os
def site(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getppid()).encode()]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def settings() -> Iterator[Settings]:
    with temporary_home() as home:
        (home.parent / "site_of_test.py").write_text(SITE)
        yield Settings(home=home, port=free_port(), workers=1, threads=4)


def programs(settings: Settings) -> dict[str, list[str]]:
    """The real commands of web and worker, but with a site of two lines behind the web server."""
    web = [
        "site_of_test:site" if word.startswith("webapp.app") else word
        for word in programs_of(settings)["web"]
    ]
    worker = [sys.executable, "-c", "import time; time.sleep(3600)"]
    return {"web": [*web, "--chdir", str(settings.home.parent)], "worker": worker}


def start(settings: Settings, say: Callable[[str], None] = quiet) -> bool:
    return up(settings, say, lambda: None, programs(settings))


def answer(settings: Settings) -> str | None:
    try:
        with urllib.request.urlopen(f"{address(settings)}/readyz", timeout=2) as reply:
            return str(reply.read(), "ascii")
    except OSError:
        return None


def eventually(condition: Callable[[], object], patience_s: float = 60.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def web_pid(settings: Settings) -> int:
    found = running(settings)
    assert found is not None
    return found.programs["web"]["pid"]


def test_up_twice_then_down(settings: Settings) -> None:
    assert start(settings)
    assert answer(settings)
    heard: list[str] = []
    assert not start(settings, heard.append)
    assert any(address(settings) in message for message in heard)
    found = running(settings)
    assert found is not None
    assert down(settings, quiet)
    assert answer(settings) is None
    assert holders(settings.home / "cluster") == set()
    for pid in [found.pid, *(program["pid"] for program in found.programs.values())]:
        assert eventually(lambda pid=pid: not alive(pid), 5)
    assert not down(settings, quiet)


def alive(pid: int) -> bool:
    """Whether a process runs (a dead child of this test that nobody has asked about does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_is_killed_comes_back(settings: Settings) -> None:
    start(settings)
    first = web_pid(settings)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: (answer(settings) or str(first)) != str(first))
    cluster = Cluster(settings.home)
    leader = postmaster(cluster.data)
    assert leader is not None
    os.kill(leader, signal.SIGKILL)
    assert eventually(cluster.is_ready)
    assert postmaster(cluster.data) != leader


def test_a_killed_supervisor_leaves_no_orphan_on_the_port(settings: Settings) -> None:
    start(settings)
    found = running(settings)
    assert found is not None
    first = web_pid(settings)
    os.kill(found.pid, signal.SIGKILL)
    assert eventually(lambda: running(settings) is None)
    assert eventually(lambda: not alive(first), 15)
    assert start(settings)
    assert web_pid(settings) != first
    assert answer(settings) == str(web_pid(settings))


def test_up_ends_what_a_killed_supervisor_left_and_nothing_else(settings: Settings) -> None:
    prepare_home(settings.home, quiet)
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        state = {
            "pid": 1,
            "address": "http://127.0.0.1:1",
            "programs": {
                "web": {"pid": left.pid, "ticks": start_ticks(left.pid), "starts": 1},
                "worker": {"pid": stranger.pid, "ticks": 1, "starts": 1},
            },
        }
        (settings.home / "run" / "supervisor.json").write_text(json.dumps(state))
        assert running(settings) is None
        assert down(settings, quiet)
        assert left.wait(5) == -signal.SIGTERM
        assert stranger.poll() is None
    finally:
        left.kill()
        stranger.kill()
        left.wait()
        stranger.wait()


def test_two_starts_at_the_same_moment_do_not_disturb_each_other(settings: Settings) -> None:
    with ThreadPoolExecutor() as pool:
        starts = list(pool.map(lambda _n: start(settings), range(3)))
    assert sorted(starts) == [False, False, True]
    assert answer(settings)


def test_a_taken_port_is_named_with_its_cure(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        with pytest.raises(PortTaken) as caught:
            start(settings)
        assert caught.value.cure == f"PORT={settings.port + 1} make run"


def test_a_service_that_can_not_start_shows_its_last_words(settings: Settings) -> None:
    (settings.home.parent / "site_of_test.py").write_text("raise RuntimeError('no such thing as a site')\n")
    with pytest.raises(StartFailed, match="no such thing as a site"):
        start(settings)
    assert running(settings) is None
    assert holders(settings.home / "cluster") == set()


def test_the_preparation_runs_as_the_service_user_and_its_failure_stops_the_start(settings: Settings) -> None:
    def leave_a_trace() -> None:
        (settings.home / "trace").write_text("here")

    assert up(settings, quiet, leave_a_trace, programs(settings))
    assert (settings.home / "trace").stat().st_uid == (settings.home / "cluster").stat().st_uid
    down(settings, quiet)

    def fail() -> None:
        raise StartFailed("no ground to stand on", "lay some")

    with pytest.raises(StartFailed, match="no ground") as caught:
        up(settings, quiet, fail, programs(settings))
    assert caught.value.cure == "lay some"
    assert running(settings) is None
