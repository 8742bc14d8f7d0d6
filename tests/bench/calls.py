"""Round trips of calls: pressed until the officer's stream tells it, taken until the caller's does."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.flows.stream import Stream

ROUNDS = 100
# Below the number of calls that one person may make in a while, so several take turns.
EACH = 25


def place_of(url: str, officer: str) -> tuple[float, float]:
    """Return a point (lon, lat) inside the officer's own police grid: where his open cases lie."""
    line = HTTPConnection(urlsplit(url).netloc, timeout=30)
    line.request(
        "GET", "/ogc/collections/cases/items?limit=1", headers={"Authorization": f"Bearer {officer}"}
    )
    found = json.loads(line.getresponse().read())
    line.close()
    lon, lat = found["features"][0]["geometry"]["coordinates"]
    return lon, lat


def run(url: str, pairs: list[tuple[str, str]], place: tuple[float, float]) -> list[str]:
    """Return the table; `pairs` are tokens of (grid worker, officer of the ground at a WGS 84 place)."""
    pressed: list[float] = []
    taken: list[float] = []
    for worker, officer in pairs:
        streams = Stream(url, worker), Stream(url, officer)
        for _round in range(min(EACH, ROUNDS - len(pressed))):
            ways = _round_trip(url, worker, officer, streams, place)
            pressed.append(ways[0])
            taken.append(ways[1])
        for stream in streams:
            stream.close()
    lines = ["| what | calls | p50 ms | p95 ms | longest ms |", "|---|---|---|---|---|"]
    for name, times in (
        ("grid worker presses until the officer's page knows", pressed),
        ("officer takes it until the caller's page knows", taken),
    ):
        cut = quantiles(times, n=100)
        lines.append(f"| {name} | {len(times)} | {cut[49]:.0f} | {cut[94]:.0f} | {max(times):.0f} |")
    return lines


def _round_trip(
    url: str, worker: str, officer: str, streams: tuple[Stream, Stream], place: tuple[float, float]
) -> tuple[float, float]:
    """Return milliseconds from the press to the officer's stream, and from the answer to the caller's."""
    call = str(uuid4())
    wish = {"id": call, "kind": "help", "words": "基准", "place": {"lon": place[0], "lat": place[1]}}
    ways = []
    for token, address, body, stream, name in (
        (worker, "/api/v1/calls", wish, streams[1], "calls.placed"),
        (officer, f"/api/v1/calls/{call}/take", {}, streams[0], "calls.answered"),
    ):
        begun = time.time()
        _post(url, token, address, body)
        stream.until(lambda s=stream, n=name: s.heard(call, n))
        told = stream.heard(call, name)
        assert told is not None
        ways.append(1000 * (told[0] - begun))
    _post(url, officer, f"/api/v1/calls/{call}/finish", {"words": "完"})
    return ways[0], ways[1]


def _post(url: str, token: str, address: str, body: Mapping[str, Any]) -> None:
    line = HTTPConnection(urlsplit(url).netloc, timeout=30)
    head = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    line.request("POST", address, json.dumps(body), head)
    answer = line.getresponse()
    said = answer.read()
    assert answer.status < 300, said
    line.close()
