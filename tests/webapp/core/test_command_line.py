"""The command line: whatever goes wrong is said in one sentence with its cure, never as a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service import free_port
from tests.webapp.core.cluster_home import temporary_home
from webapp.core.config import CHECKOUT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as folder:
        yield folder


def environment(home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "SHUANGGE_HOME": str(home), "PORT": str(free_port()), **more}


def command(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webapp.cli", *words],
        cwd=CHECKOUT, env=environment(home, **more), capture_output=True, text=True, check=False,
    )  # fmt: skip


def assert_told(done: subprocess.CompletedProcess[str], named: str) -> None:
    """Check that the failure is a sentence with a cure."""
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "Failed: " in done.stderr
    assert "Cure: " in done.stderr
    assert named in done.stderr


@pytest.mark.parametrize(
    "words", [("up",), ("migrate",), ("doctor",), ("audit", "verify"), ("backup", "x.tar")]
)
def test_an_outside_server_that_does_not_answer_is_said_with_its_cure(
    home: Path, words: tuple[str, ...]
) -> None:
    outside = f"postgresql://127.0.0.1:{free_port()}/station"
    admin = f"postgresql://admin:x@127.0.0.1:{free_port()}/station"
    for more in ({}, {"SHUANGGE_ADMIN_URL": admin}):
        done = command(home, *words, DATABASE_URL=outside, **more)
        if words == ("doctor",) and not more:
            assert "SHUANGGE_ADMIN_URL is not set" in done.stdout
            continue
        assert_told(done, "")


def test_an_unknown_demo_station_is_wrong_usage(home: Path) -> None:
    done = command(home, "demo", "--station", "nowhere")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "wuhan" in done.stderr
    assert not home.exists()


def test_a_first_start_that_broke_off_goes_on_and_a_copy_of_it_moves(home: Path) -> None:
    """Killed while the second station is made, the next start makes it; both can be signed in to."""
    first = subprocess.Popen(
        [sys.executable, "-m", "webapp.cli", "up"],
        cwd=CHECKOUT, env=environment(home), stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert first.stdout is not None
    for line in first.stdout:
        if "demo station QF" in line:
            os.killpg(first.pid, signal.SIGKILL)
            break
    first.wait()
    logins = json.loads((home / "demo-logins.json").read_text())
    assert {item["station"] for item in logins} == {"YZ"}
    begun = time.monotonic()
    done = command(home, "up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo station QF" in done.stdout
    assert "demo station YZ" not in done.stdout, f"made anew in {time.monotonic() - begun:.0f} s"
    logins = json.loads((home / "demo-logins.json").read_text())
    assert {item["station"] for item in logins} == {"YZ", "QF"}
    assert not (home / "demo-unfinished").exists()
    # What cannot be written, read or found is a sentence too.
    assert_told(command(home, "backup", "/nowhere/x.tar"), "/nowhere")
    assert_told(command(home, "export", "/nowhere/x.geojson", "--station", "YZ"), "/nowhere")
    # On another machine, which has nothing yet, the copy comes back and passes the checks of a start.
    file, other = home.parent / "copy.tar", home.parent / "other"
    assert command(home, "backup", str(file)).returncode == 0
    assert command(home, "down").returncode == 0
    done = command(other, "restore", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    done = command(other, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert command(other, "audit", "verify").returncode == 0
    assert command(other, "down").returncode == 0
