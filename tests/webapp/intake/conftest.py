"""Files of a call system, and a source that reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from tests.stations import Station

HEADINGS = (
    "接警单编号",
    "报警时间",
    "经度",
    "纬度",
    "案发地址",
    "报警内容",
    "报警类别",
    "报警电话",
    "报警人",
)
Rows = list[dict[str, str]]


def said_at(minutes: int = 30) -> str:
    """Return a time some minutes ago as call systems write it, in China time."""
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    return at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y/%m/%d %H:%M:%S")


def csv_of(rows: Rows, encoding: str = "gb18030", title: str = "") -> bytes:
    """Return a CSV as an export of a call system looks, with an optional title line above."""
    target = io.StringIO()
    writer = csv.writer(target)
    if title:
        writer.writerow([title] + [""] * (len(HEADINGS) - 1))
    writer.writerow(HEADINGS)
    for row in rows:
        writer.writerow([row.get(name, "") for name in HEADINGS])
    return target.getvalue().encode(encoding)


@pytest.fixture(scope="session")
def call(station: Station) -> Callable[..., dict[str, str]]:
    """Return a row of a call in a grid: call('A1', 报警内容='...')."""

    def make(grid: str = "A1", **said: str) -> dict[str, str]:
        lon, lat = station.inside(grid)
        return {
            "接警单编号": f"J{uuid4().hex[:12]}",
            "报警时间": said_at(),
            "经度": str(lon),
            "纬度": str(lat),
            "案发地址": "演示路1号",
            "报警内容": "楼下有人吵架，回电13812345678",
            "报警类别": "求助",
            "报警电话": "13912340000",
            "报警人": "甲某",
            **said,
        }

    return make


@pytest.fixture(scope="module")
def source(as_role: Callable[..., Any]) -> Callable[..., str]:
    """Make a source and return its code: source(crs='gcj02')."""

    def make(**said: Any) -> str:
        code = f"calls-{uuid4().hex[:8]}"
        body = {"code": code, "name": "110警情", "kind": "call", **said}
        answer = as_role("station_chief").put(f"/api/v1/intake/sources/{uuid4()}", json=body)
        assert answer.status_code == 200, answer.text
        return code

    return make


@pytest.fixture(scope="module")
def send(as_role: Callable[..., Any]) -> Callable[..., Any]:
    """Hand a file in and return the answer: send(code, data, role='officer', police_grid='A')."""

    def make(code: str, data: bytes, name: str = "calls.csv", role: str = "station_chief", **who: Any) -> Any:
        form = {"source": code, "id": str(uuid4()), "file": (io.BytesIO(data), name)}
        return as_role(role, **who).post("/api/v1/intake/uploads", data=form)

    return make
