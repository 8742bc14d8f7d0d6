"""A station of its own, measured, in tables: `python -m tests.bench [table ...]`, by default all of them."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import calls, exports, firstload, intake_files, load, openrosa, reactions, routing, topology
from tests.bench.phones import sendings
from webapp.core.config import CHECKOUT
from webapp.core.config import load as settings_from

PORT = "8097"
DAY_OF_REPORTS = 1500  # of 318 volunteers
BOX = (112.556, 37.858, 112.584, 37.876)


def shuangge(home: Path, *words: str) -> float:
    """Run the command line and return the seconds it took."""
    start = time.monotonic()
    environment = {**os.environ, "SHUANGGE_HOME": str(home), "PORT": PORT}
    program = CHECKOUT / ".venv/bin/shuangge"
    done = subprocess.run([program, *words], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"shuangge {' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
    return time.monotonic() - start


def start_table(home: Path) -> list[str]:
    """Cold start with the demo stations, stop, second start."""
    rows = [("cold start, two demo stations made and loaded", shuangge(home, "up"))]
    rows.append(("start again while running", shuangge(home, "up")))
    rows.append(("stop", shuangge(home, "down")))
    rows.append(("second start", shuangge(home, "up")))
    return ["| what | seconds |", "|---|---|", *(f"| {name} | {took:.1f} |" for name, took in rows)]


def target(home: Path) -> load.Target:
    """The service of this run with the tokens of all who report in the first demo station."""
    logins = json.loads((home / "demo-logins.json").read_text())
    tokens = [
        x["token"] for x in logins if x["station"] == "YZ" and x["role"] in ("volunteer", "grid_worker")
    ]
    return load.Target(home, int(PORT), tokens, BOX)


def intake_table(home: Path) -> list[str]:
    """Reports with a 200 kB photo through the real stack, by both doors, 1 and 16 clients."""
    lines = [
        "| door | clients | reports/s | p50 ms | p95 ms | CPU ms a report: web | database | both "
        "| worker (thumbnails) | load generator |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for door, made in (("batch", sendings), ("OpenRosa", openrosa.sendings)):
        load.run(target(home), 2, 3, made)  # warm
        for clients in (1, 16, 16, 16):
            lines.append(f"| {door} {load.run(target(home), clients, 15, made).line()}")
    return lines


def backlog_table(home: Path) -> list[str]:
    """A day's reports of all volunteers, sent at once when the network is back."""
    lines = [
        "| reports | connections | seconds | reports/s | errors | p95 ms | longest ms "
        "| memory of the web processes before, MB | at most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines.append(load.drain(target(home), DAY_OF_REPORTS, 32).backlog_line())
    return lines


def phone_table(home: Path) -> list[str]:
    """What a volunteer's phone loads before the page can be used."""
    logins = json.loads((home / "demo-logins.json").read_text())
    one = next(x for x in logins if x["station"] == "YZ" and x["role"] == "volunteer")
    return firstload.run(f"http://127.0.0.1:{PORT}", one["username"], one["password"])


def calls_table(home: Path) -> list[str]:
    """Round trips of calls, while nothing else happens."""
    logins = json.loads((home / "demo-logins.json").read_text())
    ours = [x for x in logins if x["station"] == "YZ"]
    officer = next(x for x in ours if x["role"] == "officer" and x["police_grid"])
    workers = [x["token"] for x in ours if x["role"] == "grid_worker"]
    place = calls.place_of(f"http://127.0.0.1:{PORT}", officer["token"])
    return calls.run(f"http://127.0.0.1:{PORT}", [(one, officer["token"]) for one in workers], place)


def reactions_table(home: Path) -> list[str]:
    """Reactions: how soon after the commit, and whether all of a busy day's are done."""
    logins = json.loads((home / "demo-logins.json").read_text())
    chief = next(x["token"] for x in logins if x["station"] == "YZ" and x["role"] == "station_chief")
    return reactions.run(target(home), settings_from({"SHUANGGE_HOME": str(home)}), chief)


def main(wanted: list[str]) -> None:
    """Measure what is asked for, by default everything."""
    wanted = wanted or [
        "start",
        "intake",
        "backlog",
        "routing",
        "phone",
        "orders",
        "exports",
        "calls",
        "reactions",
    ]
    home = Path(tempfile.mkdtemp(prefix="shuangge-bench-", dir="/var/tmp"))
    home.chmod(0o755)
    busy = os.getloadavg()[0]
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores {platform.machine()}, load before {busy:.1f}\n"
    )
    try:
        table = start_table(home)
        print("## Start\n\n" + "\n".join(table) + "\n")
        if "routing" in wanted:
            settings = settings_from({"SHUANGGE_HOME": str(home)})
            print("## Routing, 20,000 grids of 61 corners\n\n" + "\n".join(routing.run(settings)) + "\n")
        if "intake" in wanted:
            print("## Intake of reports with a 200 kB photo\n\n" + "\n".join(intake_table(home)) + "\n")
        if "backlog" in wanted:
            print("## A day's backlog at once\n\n" + "\n".join(backlog_table(home)) + "\n")
        if "reactions" in wanted:
            print("## Reactions: from commit to effect\n\n" + "\n".join(reactions_table(home)) + "\n")
        if "phone" in wanted:
            print("## First load of the phone page on a 3G link\n\n" + "\n".join(phone_table(home)) + "\n")
        settings = settings_from({"SHUANGGE_HOME": str(home)})
        if "orders" in wanted:
            print("## Calls and orders by file\n\n" + "\n".join(intake_files.run(settings)) + "\n")
        if "calls" in wanted:
            print("## Calls between grid and police\n\n" + "\n".join(calls_table(home)) + "\n")
        if "exports" in wanted:
            print("## Exports of cases\n\n" + "\n".join(exports.run(settings)) + "\n")
    finally:
        shuangge(home, "down")
        shutil.rmtree(home)


if __name__ == "__main__":
    if sys.argv[1:] in ([], ["topology"]):  # needs no station
        print("## Borders redrawn, drawn areas repaired\n\n" + "\n".join(topology.run()) + "\n")
    if sys.argv[1:] != ["topology"]:
        main(sys.argv[1:])
