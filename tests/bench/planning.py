"""How fast an edit is answered with figures, and how fast a published plan takes its open cases along.

`python -m tests.bench.planning [cases] [grids ...]`, by default 200000 and 83 2000 20000;
in a private cluster, through the actions that the doors call, as web role (drawing, publishing) and worker (cases that follow).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from math import ceil, sqrt
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Polygon, union_all

from collectors.records import AreaRecord
from webapp.areas import actions as areas
from webapp.areas.models import Plan
from webapp.cases import following
from webapp.cases.actions import reroute
from webapp.core.actor import Actor
from webapp.core.config import Settings, make_secrets
from webapp.core.db import MIGRATE, WEB, WORKER, Database
from webapp.core.ensure import connect, ensure_database
from webapp.core.migrations import migrate
from webapp.core.postgres import Cluster
from webapp.core.user import prepare_home
from webapp.drafts import actions as drafts
from webapp.drafts import telling
from webapp.people.models import Station

DATABASE = "shuangge"
EDITS = 200
WEST, SOUTH, WIDE, HIGH = 112.0, 37.0, 0.0036, 0.0028
# ruff: noqa: E501 (the statement is read best as it is)

# One in ten is open.
CASES = """
INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, state, geom, raw_x, raw_y, raw_crs,
    accuracy_m, method, plan_id, grid_id, police_grid_id, answers, found_at, content_hash)
SELECT gen_random_uuid(), s.station_id, 'N-' || n, 'hazard', 'fire_lane', 1,
    CASE WHEN n %% 10 = 0 THEN 'handling' ELSE 'closed' END, p.geom, ST_X(p.geom), ST_Y(p.geom), 'wgs84', 8, 'gps',
    s.plan_id, s.grid_id, s.police_grid_id, '{}', now() - n * interval '100 seconds', '\\x00'
FROM (SELECT *, row_number() OVER (ORDER BY grid_id) - 1 AS k, count(*) OVER () AS grids FROM app.grid_shape
      WHERE plan_id = %(plan)s) s
JOIN generate_series(1, %(cases)s) n ON n %% s.grids = s.k
CROSS JOIN LATERAL (SELECT ST_SetSRID(ST_MakePoint(
    ST_XMin(s.geom) + (ST_XMax(s.geom) - ST_XMin(s.geom)) * (0.02 + 0.96 * ((n::bigint * 7919) %% 1000) / 1000.0),
    ST_YMin(s.geom) + (ST_YMax(s.geom) - ST_YMin(s.geom)) * (0.02 + 0.96 * ((n::bigint * 104729) %% 997) / 1000.0)), 4326)
    AS geom) p
"""


def records(count: int) -> list[AreaRecord]:
    """Return a lattice of grids, its inner corners moved by dice, six to a police grid."""
    columns = ceil(sqrt(count))
    dice = Random(7)
    rows = ceil(count / columns)
    corner = {}
    for x in range(columns + 1):
        for y in range(rows + 1):
            inner = 0 < x < columns and 0 < y < rows - 1
            dx, dy = (dice.uniform(-0.2, 0.2), dice.uniform(-0.2, 0.2)) if inner else (0.0, 0.0)
            corner[x, y] = (round(WEST + (x + dx) * WIDE, 7), round(SOUTH + (y + dy) * HIGH, 7))
    found = []
    for number in range(count):
        x, y = number % columns, number // columns
        shape = Polygon([corner[x, y], corner[x + 1, y], corner[x + 1, y + 1], corner[x, y + 1]])
        community = f"140106{1 + number // 90 // 199 % 99:03d}{1 + number // 90 % 199:03d}"
        found.append(
            AreaRecord(
                number=number + 1, code=f"{community}{number % 90 + 1:03d}", name=f"G{number}", geometry=shape,
                raw_geometry=shape, community=community, kind="basic", households=400, population=1000,
                properties={"police_grid": f"P{y}-{x // 6}"},
            )
        )  # fmt: skip
    return found


def station_of(database: Database, count: int) -> tuple[Actor, UUID, float]:
    """Load a station of so many grids; return its actor, its plan and the seconds of the import."""
    by = Actor(uuid4(), "machine")
    found = records(count)
    with database.transaction(by) as session:
        ground = union_all([item.geometry for item in found])
        whole = from_shape(ground if isinstance(ground, MultiPolygon) else MultiPolygon([ground]), 4326)
        session.add(
            Station(id=by.station_id, code=f"N{count}", name={"zh": "规模", "en": "size"}, ground=whole)
        )
        session.flush()
        begun = time.perf_counter()
        plan = areas.import_plan(session, uuid4(), found, name="first", by=by)
        took = time.perf_counter() - begun
        areas.publish(session, plan, by=by)
    return by, plan.id, took


def main(cases: int, counts: list[int]) -> None:
    """Fill a private cluster, measure, print the tables, and take everything away again."""
    home = Path(tempfile.mkdtemp(prefix="shuangge-planning-bench-", dir="/var/tmp"))
    settings = Settings(home=home, database=DATABASE, pool_size=4)
    cluster = Cluster(home, prepare_home(home, print))
    try:
        cluster.ensure_started(print)
        make_secrets(settings)
        ensure_database(cluster.url("postgres", "postgres"), DATABASE)
        migrate(settings)
        ensure_database(cluster.url("postgres", "postgres"), DATABASE)
        _measure(settings, cluster, cases, counts)
    finally:
        cluster.stop(print)
        shutil.rmtree(home, ignore_errors=True)


def _measure(settings: Settings, cluster: Cluster, cases: int, counts: list[int]) -> None:
    owner, web, worker = (Database(settings, role, pool_size=2) for role in (MIGRATE, WEB, WORKER))
    lines = ["| grids | cases | import and validation s | draft begun s | opened s | edit p50 ms | p95 ms |"]
    moved = ["| grids | open cases | what | published ms | cases that follow | re-routed ms |"]
    for count in counts:
        by, plan, took = station_of(owner, count)
        with closing(connect(cluster.url("postgres", DATABASE))) as raw, raw.cursor() as cursor:
            raw.autocommit = True
            cursor.execute("SET statement_timeout = 0")
            cursor.execute(CASES, {"plan": str(plan), "cases": cases})
            cursor.execute("ANALYZE app.case_file")
            cursor.execute("ANALYZE app.grid_shape")
        begun, opened, edits, draft = _edited(web, by)
        p50, p95 = sorted(edits)[len(edits) // 2], sorted(edits)[int(len(edits) * 0.95)]
        lines.append(
            f"| {count} | {cases} | {took:.1f} | {begun:.2f} | {opened:.2f} | {p50:.1f} | {p95:.1f} |"
        )
        for what, step in (("moved edge", _edge), ("whole new plan", _whole)):
            published, follow, ms = step(owner, web, worker, by, draft)
            moved.append(f"| {count} | {cases // 10} | {what} | {published:.0f} | {follow} | {ms:.0f} |")
        print("\n".join([lines[-1], *moved[-2:]]), flush=True)
    print("\n".join([lines[0], "|---|---|---|---|---|---|---|", *lines[1:], ""]))
    print("\n".join([moved[0], "|---|---|---|---|---|---|", *moved[1:]]))
    for database in (owner, web, worker):
        database.dispose()


@contextmanager
def _timed(into: list[float]) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    into.append((time.perf_counter() - begun) * 1000)


def _edited(web: Database, by: Actor) -> tuple[float, float, list[float], UUID]:
    """Begin a draft, open it, and push vertices about: each answered with figures, committed."""
    draft, dice = uuid4(), Random(11)
    begun: list[float] = []
    with _timed(begun), web.transaction(by) as session:
        drafts.start(session, draft, name="bench", by=by)
    opened: list[float] = []
    with _timed(opened), web.transaction(by) as session:
        found = drafts.opened.opened(session, drafts.queries.draft(session, draft))
    network = found.sketch.network
    inner = sorted(key for key, line in network.lines.items() if line.left and line.right)
    edits: list[float] = []
    for _number in range(EDITS):
        key = dice.choice(inner)
        a, b = (network.nodes[node] for node in (network.lines[key].start, network.lines[key].end))
        to = [(a[0] + b[0]) // 2 + dice.randint(-9000, 9000), (a[1] + b[1]) // 2 + dice.randint(-9000, 9000)]
        told = {"id": uuid4(), "based_on": 1_000_000, "kind": "reshape", "line": key, "via": [to]}
        with _timed(edits), web.transaction(by) as session:
            done = drafts.draw(session, draft, [told], by=by)
            touched = {key[1] for keys in done.keys.values() for key in keys if key[0] == "grid"}
            telling.figures(done.now, 300, 500, touched, telling.beats_of(done.was, done.now, touched))
    return begun[0] / 1000, opened[0] / 1000, edits, draft


def _published(
    web: Database, owner: Database, worker: Database, by: Actor, plan_id: UUID
) -> tuple[float, int, float]:
    """Publish a plan, begin it, and let its cases follow; return milliseconds, cases and milliseconds."""
    published: list[float] = []
    with _timed(published), web.transaction(by) as session:
        areas.publish(session, session.get_one(Plan, plan_id), by=by)
    with worker.transaction(by) as session:
        areas.start(session, session.get_one(Plan, plan_id), by=by)
    spent: list[float] = []
    follow, last = 0, 0
    with _timed(spent):
        while last is not None:
            with worker.transaction(by) as session:
                found, last = following.in_moved_zone(session, by.station_id, plan_id, last)
                follow += reroute(session, found, by=by)
    return published[0], follow, spent[0]


def _edge(
    owner: Database, web: Database, worker: Database, by: Actor, _draft: UUID
) -> tuple[float, int, float]:
    """One border of a fresh draft is moved by some twenty metres."""
    draft = uuid4()
    with web.transaction(by) as session:
        drafts.start(session, draft, name="edge", by=by)
        network = drafts.opened.opened(session, drafts.queries.draft(session, draft)).sketch.network
        key = next(
            key for key in sorted(network.lines) if network.lines[key].left and network.lines[key].right
        )
        a, b = (network.nodes[node] for node in (network.lines[key].start, network.lines[key].end))
        to = [(a[0] + b[0]) // 2 + 25_000, (a[1] + b[1]) // 2 + 25_000]
        told = {"id": uuid4(), "based_on": 0, "kind": "reshape", "line": key, "via": [to]}
        drafts.draw(session, draft, [told], by=by)
        made = drafts.submit(session, draft, by=by)
    return _published(web, owner, worker, by, UUID(str(made.plan_id)))


def _whole(
    owner: Database, web: Database, worker: Database, by: Actor, _draft: UUID
) -> tuple[float, int, float]:
    """Every border of a fresh draft is moved: what is in force afterwards is a new plan throughout."""
    draft, dice = uuid4(), Random(3)
    with web.transaction(by) as session:
        drafts.start(session, draft, name="whole", by=by)
        network = drafts.opened.opened(session, drafts.queries.draft(session, draft)).sketch.network
    told = []
    for key in sorted(network.lines):
        line = network.lines[key]
        if line.left and line.right:
            a, b = network.nodes[line.start], network.nodes[line.end]
            to = [
                (a[0] + b[0]) // 2 + dice.randint(-25_000, 25_000),
                (a[1] + b[1]) // 2 + dice.randint(-25_000, 25_000),
            ]
            told.append({"id": uuid4(), "based_on": 1_000_000, "kind": "reshape", "line": key, "via": [to]})
    for at in range(0, len(told), 500):
        with web.transaction(by) as session:
            drafts.draw(session, draft, told[at : at + 500], by=by)
    with web.transaction(by) as session:
        made = drafts.submit(session, draft, by=by)
    return _published(web, owner, worker, by, UUID(str(made.plan_id)))


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(given[0] if given else 200_000, given[1:] or [83, 2_000, 20_000])
