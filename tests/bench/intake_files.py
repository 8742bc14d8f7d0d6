"""How fast files of calls are read for preview, and taken over as cases."""

from __future__ import annotations

import csv
import io
import time
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import openpyxl
from sqlalchemy import select, text

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WORKER, Database
from webapp.core.files import FolderStore
from webapp.core.queue import MACHINE
from webapp.field.imports import owner
from webapp.intake import actions, queries, rules
from webapp.people.models import Station

HEADINGS = ("接警单编号", "报警时间", "经度", "纬度", "案发地址", "报警内容", "报警电话")
WORDS = ("楼下飞线充电", "邻居半夜噪音扰民", "消防通道被车堵住", "路灯不亮", "电动车被盗", "建议增设垃圾桶")


def run(settings: Settings, sizes: tuple[int, ...] = (2_000, 20_000)) -> list[str]:
    """Return the lines of the table; works on the demo station YZ, two of five rows placed by address."""
    with owner(settings) as session:
        station = session.scalars(select(Station.id).where(Station.code == "YZ")).one()
        wanted = text(
            "SELECT text, ST_X(geom), ST_Y(geom) FROM app.address WHERE station_id = :s ORDER BY id"
        )
        register = [tuple(row) for row in session.execute(wanted, {"s": station})]
    lines = [
        "| file | rows | preview s | rows/s | ready | taken over s | rows/s |",
        "|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        rows = _rows(size, register)
        for form, data in (("CSV, GB 18030", _csv(rows)), ("XLSX", _xlsx(rows))):
            # The same orders once: taking over is measured with the CSV, the XLSX finds them known.
            lines.append(_measured(settings, station, form, size, data))
    return lines


def _measured(settings: Settings, station: UUID, form: str, size: int, data: bytes) -> str:
    by, blobs = Actor(station, MACHINE), FolderStore(settings.blobs_dir)
    database = Database(settings, WORKER, pool_size=2)
    start = time.perf_counter()
    with database.transaction(by) as session:
        source = queries.source_by_code(session, "110")
        sent = actions.Sending(uuid4(), "bench", data)
        upload = actions.receive(session, blobs, source, sent, later=False, by=by)
        upload_id, ready = upload.id, upload.counts.get("fine", 0)
    read = time.perf_counter() - start
    start, left = time.perf_counter(), bool(ready)
    while left:
        with database.transaction(by) as session:
            upload = queries.upload(session, upload_id)
            left = actions.take_some(session, blobs, upload, limit=rules.CHUNK, by=by)
    took = time.perf_counter() - start
    database.dispose()
    taken = f"{took:.1f} | {ready / took:.0f}" if ready else "known already | -"
    return f"| {form} | {size} | {read:.1f} | {size / read:.0f} | {ready} | {taken} |"


def _rows(size: int, register: list[tuple[str, float, float]]) -> list[tuple[str, ...]]:
    dice, now, mark = Random(size), clock.now().astimezone(clock.SHOWN), uuid4().hex[:6]
    rows = []
    for number in range(size):
        address, lon, lat = dice.choice(register)
        placed = number % 5 < 3
        said = (now - timedelta(minutes=10 + number % 40_000)).strftime("%Y/%m/%d %H:%M:%S")
        place = (f"{lon:.6f}", f"{lat:.6f}", "") if placed else ("", "", f"{address}{dice.randint(1, 4)}单元")
        rows.append((f"B{mark}{number}", said, *place, dice.choice(WORDS), "13800000000"))
    return rows


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    target = io.StringIO()
    csv.writer(target).writerows([HEADINGS, *rows])
    return target.getvalue().encode("gb18030")


def _xlsx(rows: list[tuple[str, ...]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in (HEADINGS, *rows):
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
