"""A load of reports over real HTTP, and the CPU and memory that the service spent on it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests.bench.phones import Outcome, Sending, send_all, sendings

TICKS = os.sysconf("SC_CLK_TCK")
MOST_A_SECOND = 400
Maker = Callable[[list[str], tuple[float, ...]], Iterator[Sending]]

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Target:
    """The service that is measured: its home, its port, and tokens of its reporters."""

    home: Path
    port: int
    tokens: list[str]
    box: Box

    def web(self) -> list[int]:
        """The web processes, the one that only watches over them left out."""
        mine = f"--bind 127.0.0.1:{self.port} "
        found = {pid: parent for pid, parent, command in processes() if "webapp.app:serve()" in command
                 and mine in command}  # fmt: skip
        return [pid for pid, parent in found.items() if parent in found]

    def spent(self) -> dict[str, float]:
        """CPU milliseconds so far of web, database and worker, of this service alone."""
        leader = int((self.home / "cluster" / "postmaster.pid").read_text().split()[0])
        total = {"web": 0.0, "database": 0.0, "worker": 0.0}
        web = self.web()
        for pid, parent, command in processes():
            if pid in web:
                total["web"] += cpu_ms(pid)
            elif leader in (pid, parent):
                # What ended in between counts with its parent.
                total["database"] += cpu_ms(pid, and_ended=pid == leader)
            elif "webapp.cli work" in command and self._is_mine(pid):
                total["worker"] += cpu_ms(pid)
        return total

    def _is_mine(self, pid: int) -> bool:
        try:
            return f"SHUANGGE_HOME={self.home}\0".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False


def processes() -> Iterator[tuple[int, int, str]]:
    """Yield (pid, parent's pid, command line) of all live processes."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield int(folder.name), int(_stat(int(folder.name))[1]), command
        except OSError:
            continue


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()


def cpu_ms(pid: int, and_ended: bool = False) -> float:
    """CPU milliseconds of a process so far, with those of its ended children when asked for."""
    try:
        return sum(int(n) for n in _stat(pid)[11 : 15 if and_ended else 13]) / TICKS * 1000
    except OSError:
        return 0.0


def resident_mb(pids: list[int]) -> float:
    """Resident memory of processes in MB, shared pages counted once for each."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@dataclass(frozen=True)
class Figures:
    """What one run showed; times and CPU (for each report) in milliseconds, memory in MB."""

    clients: int
    reports: int
    seconds: float
    failures: list[str]
    p50: float
    p95: float
    longest: float
    cpu: dict[str, float]
    load_cpu: float
    memory_before: float
    memory_peak: float

    def line(self) -> str:
        """A row of the table of intake."""
        web, database, worker = (self.cpu[name] for name in ("web", "database", "worker"))
        return (
            f"| {self.clients} | {self.reports / self.seconds:.0f} | {self.p50:.1f} | {self.p95:.1f} "
            f"| {web:.2f} | {database:.2f} | {web + database:.2f} | {worker:.2f} | {self.load_cpu:.2f} |"
        )

    def backlog_line(self) -> str:
        """A row of the table of the backlog."""
        return (
            f"| {self.reports} | {self.clients} | {self.seconds:.1f} | {self.reports / self.seconds:.0f} "
            f"| {len(self.failures)} | {self.p95:.0f} | {self.longest:.0f} "
            f"| {self.memory_before:.0f} | {self.memory_peak:.0f} |"
        )


def run(target: Target, clients: int, seconds: float, made: Maker = sendings) -> Figures:
    """Send reports from `clients` connections for some seconds, as fast as answers come."""
    # Made before the clock starts: the load runs on the cores that it measures.
    ready = list(islice(made(target.tokens, target.box), int(seconds * MOST_A_SECOND)))
    figures = _measured(target, iter(ready), clients, seconds)
    assert not figures.failures, figures.failures[:3]
    assert figures.reports < len(ready), "the prepared requests ran out: raise MOST_A_SECOND"
    return figures


def drain(target: Target, reports: int, clients: int) -> Figures:
    """Send a backlog from `clients` connections until all of it has been answered."""
    ready = list(islice(sendings(target.tokens, target.box), reports))
    return _measured(target, iter(ready), clients, 600.0)


def _measured(target: Target, ready: Iterator[Sending], clients: int, seconds: float) -> Figures:
    web, stop = target.web(), threading.Event()
    seen = [resident_mb(web)]

    def watch() -> None:
        while not stop.wait(0.25):
            seen.append(resident_mb(web))

    watcher = threading.Thread(target=watch)
    watcher.start()
    before = target.spent()
    outcome: Outcome = send_all("127.0.0.1", target.port, ready, clients, seconds)
    after = target.spent()
    stop.set()
    watcher.join()
    times = sorted(outcome.times)
    count = len(times)
    return Figures(
        clients,
        count,
        outcome.seconds,
        outcome.failures,
        times[count // 2],
        times[int(count * 0.95)],
        times[-1],
        {name: (after[name] - before[name]) / count for name in after},
        outcome.cpu_s * 1000 / count,
        seen[0],
        max(seen),
    )
