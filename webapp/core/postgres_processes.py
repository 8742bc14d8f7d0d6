"""Which processes hold a data folder, asked of the kernel and not of a pid file."""

from __future__ import annotations

import os
import signal
from pathlib import Path

PROC = Path("/proc")


def holders(cluster: Path) -> set[int]:
    """Numbers of all server processes of this data folder (each has it as its current folder)."""
    found: set[int] = set()
    real = cluster.resolve()
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "cwd").readlink() == real and _is_server(entry):
                found.add(int(entry.name))
        except OSError:
            continue  # ended meanwhile, or belongs to another user and can't be ours
    return found


def _is_server(entry: Path) -> bool:
    return (entry / "comm").read_text(encoding="utf-8", errors="replace").startswith("postgres")


def postmaster(cluster: Path) -> int | None:
    """The process that leads the server: the only holder whose parent is not a holder and that has a `-D`."""
    for pid in holders(cluster):
        try:
            words = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"-D" in words:
            return pid
    return None


def end(pids: set[int], number: signal.Signals) -> None:
    """Send a signal to processes, some of which may be gone already."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
