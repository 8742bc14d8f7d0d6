"""How fast cases are taken out in each format, and how much memory that takes."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import CHECKOUT, Settings
from webapp.core.db import MIGRATE, WEB, Database
from webapp.core.queue import MACHINE

ROWS = 10_000
FORMS = ("csv", "xlsx", "geojson", "geopackage")
NOTE = "楼道内飞线充电，线从二楼窗口引出，=1+1；已拍照，请尽快处理。"


def run(settings: Settings, rows: int = ROWS) -> list[str]:
    """Return the lines of the table; makes old cases in the first station that has a plan."""
    owner = Database(settings, MIGRATE, pool_size=1)
    with owner.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        station = session.scalar(text("SELECT station_id FROM app.grid_shape ORDER BY station_id LIMIT 1"))
    owner.dispose()
    fill(settings, station, rows)
    lines = ["| format | rows | rows/s | file MB | peak memory MB |", "|---|---|---|---|---|"]
    for form in FORMS:
        found = measured(settings, station, form)
        lines.append(
            f"| {form} | {found['rows']} | {found['rows'] / found['seconds']:.0f} "
            f"| {found['size'] / 1e6:.1f} | {found['peak_kb'] / 1024:.0f} |"
        )
    return lines


def fill(settings: Settings, station: UUID, rows: int) -> None:
    """Write closed cases of 2020 straight into the table."""
    owner = Database(settings, MIGRATE, pool_size=1)
    with owner.transaction(Actor(station, MACHINE)) as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(_FILL, {"s": station, "n": rows, "note": NOTE})
        session.execute(text("ANALYZE app.case_file"))
    owner.dispose()


_FILL = text("""
    INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, state, geom, raw_x,
        raw_y, raw_crs, accuracy_m, method, plan_id, grid_id, police_grid_id, answers, note, found_at,
        reported_at, closed_at, content_hash)
    SELECT gen_random_uuid(), :s, t.code || '-2020-' || lpad(n::text, 6, '0'), 'hazard', h.code, h.version,
        'closed', p.at, ST_X(p.at), ST_Y(p.at), 'wgs84', 8, 'gps', p.plan_id, p.grid_id, p.police_grid_id,
        '{"wires": 2, "building_kind": "multi_storey"}', :note || n, d.day, d.day, d.day, '\\x00'
    FROM generate_series(1, :n) n
    CROSS JOIN LATERAL (SELECT timestamptz '2020-01-01' + n % 360 * interval '1 day' AS day) d
    CROSS JOIN (SELECT code, version FROM app.hazard_class WHERE code = 'flying_wire' AND in_use) h
    CROSS JOIN (SELECT code FROM app.station WHERE id = :s) t
    CROSS JOIN (SELECT plan_id, grid_id, police_grid_id, ST_PointOnSurface(geom) AS at FROM app.grid_shape
                WHERE station_id = :s LIMIT 1) p
    ON CONFLICT DO NOTHING""")


def measured(settings: Settings, station: UUID, form: str) -> dict[str, Any]:
    """Make one export in a process of its own; return rows, seconds, size and peak memory in kB."""
    order = {"home": str(settings.home), "database": settings.database, "station": str(station), "form": form}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.exports", json.dumps(order)],
        cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def child(order: dict[str, str]) -> dict[str, Any]:
    """Make the export and say what it took; GDAL's process counts too."""
    from webapp.core.files import FolderStore
    from webapp.exchange import actions

    settings = replace(Settings(), home=Path(order["home"]), database=order["database"], pool_size=2)
    database = Database(settings, WEB)
    by = Actor(UUID(order["station"]), MACHINE)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, database.transaction(by) as session:
        blobs = FolderStore(Path(folder))
        wanted = {"until": "2021-01-01"}
        item = actions.ask_export(
            session, uuid4(), kind="cases", form=order["form"], wanted=wanted, reason="bench", by=by
        )
        actions.make_export(session, blobs, item, hours=1, by=by)
        assert item.finished_at is not None
        assert item.finished_at <= clock.now()
        took, rows, size = time.monotonic() - start, item.rows, item.size
    database.dispose()
    own = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
    # What started GDAL counts in its figure too, so this is the upper bound; the other forms start nothing.
    gdal = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if order["form"] == "geopackage" else 0
    return {"rows": rows, "seconds": took, "size": size, "peak_kb": max(own, gdal), "peaks": [own, gdal]}


if __name__ == "__main__":
    print(json.dumps(child(json.loads(sys.argv[1]))))
