"""Runs a reader of risky files in a process of its own and fetches its answer."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from collectors import json_in
from collectors.records import Refused


def answer(
    command: Sequence[str], environment: Mapping[str, str], job: Path, wall_s: int, limit: int
) -> dict[str, Any]:
    """Start a child in the folder `job` and return its result.json, of `limit` bytes at most.

    Raises Refused: file_too_costly (time or memory), file_crashed, or what the child itself refused.
    """
    try:
        done = subprocess.run(
            command, env=environment, cwd=job, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=wall_s, check=False, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Refused.because("file_too_costly", "the file took too long", limit_s=wall_s) from None
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL) or b"MemoryError" in done.stderr:
        raise Refused.because("file_too_costly", "reading needs too much time or memory")
    result = job / "result.json"
    if done.returncode != 0 or not result.is_file():
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise Refused.because("file_crashed", f"exit {done.returncode} {last}", status=done.returncode)
    found: dict[str, Any] = json_in.loads(result.read_bytes(), limit=limit)
    if "refused" in found:
        refused = found["refused"]
        raise Refused.because(refused["code"], refused["detail"], "", **refused["params"])
    return found
