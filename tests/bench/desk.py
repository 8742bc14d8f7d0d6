"""How fast desk, list, case page and timeline answer among very many cases and events.

`python -m tests.bench.desk [cases] [events per case]`, by default 100000 and 10; in a private cluster, as web
role under row-level security, through the whole door (identity, transaction, rendering) in one process.
"""

# ruff: noqa: E501 (statements that fill tables are read best as they are)

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import psycopg2
from sqlalchemy import text

from tests import stations
from webapp.app import create_app
from webapp.core.config import Settings, make_secrets
from webapp.core.db import MIGRATE, Database
from webapp.core.ensure import connect, ensure_database
from webapp.core.migrations import migrate
from webapp.core.postgres import Cluster
from webapp.core.user import prepare_home

DATABASE = "shuangge"
# Beside our own station, whose officers ask, others fill the tables.
OWN_SHARE, OTHERS = 10, 9
ROUNDS = 60

OTHER_STATIONS = """
WITH s AS (INSERT INTO app.station (id, code, name, synthetic)
           SELECT gen_random_uuid(), 'X' || n, '{"zh": "他所"}', true FROM generate_series(1, %(others)s) n RETURNING id),
     k AS (INSERT INTO app.police_grid (id, station_id, code, name)
           SELECT gen_random_uuid(), id, 'X-J01', 'J' FROM s RETURNING id, station_id),
     c AS (INSERT INTO app.community (id, station_id, code, name)
           SELECT gen_random_uuid(), id, '140106599001', '社区' FROM s RETURNING id, station_id),
     g AS (INSERT INTO app.grid (id, station_id, community_id, code, name, kind)
           SELECT gen_random_uuid(), c.station_id, c.id, '140106599001001', '网格', 'basic' FROM c RETURNING id)
INSERT INTO app.plan (id, station_id, number, name, state, valid_from)
SELECT gen_random_uuid(), id, 1, 'x', 'published', now() - interval '9 years' FROM s
"""

# One in 25 is open; two of a hundred of those each hung up, escalated, pending and so on.
CASES = """
WITH ground AS (
    SELECT row_number() OVER (ORDER BY s.code = 'T' DESC, s.code, g.code) - 1 AS n, s.code = 'T' AS own,
           s.id AS station, s.code, g.id AS grid, coalesce(x.police_grid_id, k.id) AS police, p.id AS plan,
           coalesce(ST_X(ST_Centroid(x.geom)), 113) AS lon, coalesce(ST_Y(ST_Centroid(x.geom)), 38) AS lat
    FROM app.grid g JOIN app.station s ON s.id = g.station_id
    JOIN app.plan p ON p.station_id = s.id
    LEFT JOIN app.grid_shape x ON x.grid_id = g.id AND x.plan_id = p.id
    LEFT JOIN LATERAL (SELECT id FROM app.police_grid WHERE station_id = s.id LIMIT 1) k ON true
    WHERE s.code = 'T' OR s.code LIKE 'X%%'),
numbered AS (
    SELECT n, n %% %(share)s = 0 AS own, n / %(share)s AS m, random() AS r, random() AS dx, random() AS dy,
           now() - (n::float8 / %(cases)s) * interval '8 years' AS at
    FROM generate_series(0, %(cases)s - 1) n),
who AS (SELECT (SELECT person_id FROM app.posting LIMIT 1) AS officer,
               (SELECT id FROM app.person WHERE category = 'volunteer' LIMIT 1) AS volunteer)
INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, state, geom, raw_x, raw_y,
    raw_crs, accuracy_m, method, address, plan_id, grid_id, police_grid_id, answers, note, found_at, reported_at,
    accepted_at, closed_at, due_at, respond_by, reporter_id, handler_id, content_hash, pending, pending_by,
    pending_until, level, priority, paused_at, paused_left_s)
SELECT md5('case' || x.n)::uuid, w.station, w.code || '-2026-' || lpad(x.n::text, 9, '0'), 'hazard', 'fire_lane', 1,
    st.state, ST_SetSRID(ST_MakePoint(lon + (dx - 0.5) * 0.0038, lat + (dy - 0.5) * 0.0028), 4326), lon, lat, 'wgs84', 8,
    'gps', 'address ' || x.n, w.plan, w.grid, w.police, '{}', 'note ' || x.n, t.at, t.at, t.at,
    CASE WHEN st.state = 'closed' THEN t.at + interval '1 day' END, t.at + interval '3 days', t.at + interval '1 day',
    CASE WHEN w.own THEN who.volunteer END, CASE WHEN w.own AND st.state <> 'reported' THEN who.officer END, '\\x00',
    CASE WHEN st.state = 'handling' AND r < 0.002 THEN 'extension' END,
    CASE WHEN st.state = 'handling' AND r < 0.002 THEN who.officer END, now(),
    CASE WHEN r < 0.001 THEN 1 ELSE 0 END, CASE WHEN r < 0.003 THEN 1 ELSE 0 END,
    CASE WHEN st.state IN ('hung_up', 'transferred') THEN now() END,
    CASE WHEN st.state IN ('hung_up', 'transferred') THEN 60 END
FROM numbered x CROSS JOIN who
JOIN ground w ON w.own = x.own AND w.n = CASE WHEN x.own THEN m %% 6 ELSE 6 + m %% %(others)s END
CROSS JOIN LATERAL (SELECT CASE WHEN r < 0.04 THEN now() - interval '4 days' * r * 25 ELSE x.at END AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN r >= 0.04 THEN 'closed'
    ELSE (ARRAY['reported', 'accepted', 'handling', 'handling', 'fed_back', 'hung_up', 'transferred'])[1 + (x.n / 10) %% 7]
    END AS state) st
"""

EVENTS = """
INSERT INTO app.event (station_id, at, name, subject_kind, subject_id, grid_id, by_id, data)
SELECT c.station_id, c.found_at + e * interval '1 hour',
    CASE e WHEN 1 THEN 'cases.reported' WHEN 2 THEN 'cases.accepted' ELSE 'cases.escalated' END,
    'case', c.id, c.grid_id, c.handler_id, jsonb_build_object('revision', e, 'verb', 'escalate', 'state', c.state)
FROM app.case_file c CROSS JOIN generate_series(1, %(each)s) e
"""


def main(cases: int, each: int) -> None:
    """Fill a private cluster, ask, print the table, and take everything away again."""
    home = Path(tempfile.mkdtemp(prefix="shuangge-desk-bench-", dir="/var/tmp"))
    settings = Settings(home=home, database=DATABASE, pool_size=4)
    cluster = Cluster(home, prepare_home(home, print))
    try:
        cluster.ensure_started(print)
        make_secrets(settings)
        ensure_database(cluster.url("postgres", "postgres"), DATABASE)
        migrate(settings)
        ensure_database(cluster.url("postgres", "postgres"), DATABASE)
        station = stations.load(settings, "T")
        with closing(connect(cluster.url("postgres", DATABASE))) as connection:
            took = _fill(connection, cases, each)
        print(f"{cases} cases, {cases * each} events written in {took:.0f} s", flush=True)
        print("\n".join(_asked(settings, station, cases)))
    finally:
        cluster.stop(print)
        shutil.rmtree(home, ignore_errors=True)


def _fill(connection: psycopg2.extensions.connection, cases: int, each: int) -> float:
    """Write the rows without triggers, as a restored backup would."""
    start = time.monotonic()
    connection.autocommit = True
    values = {"cases": cases, "others": OTHERS, "share": OWN_SHARE, "each": each}
    with connection.cursor() as cursor:
        for setting in ("fsync = off", "max_wal_size = '8GB'"):
            cursor.execute(f"ALTER SYSTEM SET {setting}")
        cursor.execute("SELECT pg_reload_conf()")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET statement_timeout = 0")
        for statement in (OTHER_STATIONS, CASES, EVENTS):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE app.case_file")
        cursor.execute("VACUUM ANALYZE app.event")
        cursor.execute("ANALYZE")
    return time.monotonic() - start


def _asked(settings: Settings, station: stations.Station, cases: int) -> list[str]:
    """Ask each address many times; return the lines of the table."""
    app = create_app(settings)
    lines = ["| address | role | p50 ms | p95 ms |", "|---|---|---|---|"]
    dice = Random(5)
    numbers = _numbers(settings, dice, cases)
    html = {"Accept": "text/html"}
    addresses: tuple[tuple[str, Callable[[], str], dict[str, str]], ...] = (
        ("desk, counts of all lists", lambda: "/api/v1/desk", {}),
        ("desk, waiting for my answer", lambda: "/api/v1/desk/waiting", {}),
        ("desk, overdue", lambda: "/api/v1/desk/overdue", {}),
        ("desk, overdue, most urgent first", lambda: "/api/v1/desk/overdue?sort=priority", {}),
        ("list of cases", lambda: "/cases", html),
        ("list of cases, open, by limit", lambda: "/cases?state=open&sort=due", html),
        ("case page with timeline", lambda: f"/cases/{dice.choice(numbers)[0]}", html),
        ("timeline and case as JSON", lambda: f"/api/v1/cases/{dice.choice(numbers)[1]}", {}),
    )
    for role, grid in (("officer", "A"), ("station_chief", None)):
        client = app.test_client(use_cookies=False)
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {station.member(role, grid).token}"
        for name, address, headers in addresses:
            times = sorted(_timed(client, address(), headers) for _ in range(ROUNDS + 3))[:-1]
            p50, p95 = times[len(times) // 2] * 1000, times[int(len(times) * 0.95)] * 1000
            lines.append(f"| {name} | {role} | {p50:.0f} | {p95:.0f} |")
            print(lines[-1], flush=True)
    return lines


def _numbers(settings: Settings, dice: Random, cases: int) -> list[tuple[str, str]]:
    """Return numbers and ids of cases of the officer's own ground."""
    database = Database(settings, MIGRATE, pool_size=1)
    with database.transaction() as session:
        rows = session.execute(
            text("""SELECT number, id FROM app.case_file WHERE grid_id IN
                (SELECT id FROM app.grid WHERE name LIKE 'T-A%') LIMIT 2000""")
        ).all()
    database.dispose()
    return [(row.number, str(row.id)) for row in dice.sample(rows, min(len(rows), 500))]


def _timed(client, address: str, headers: dict[str, str]) -> float:
    start = time.perf_counter()
    answer = client.get(address, headers=headers)
    took = time.perf_counter() - start
    assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
    return took


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:3], *("100000", "10")[len(sys.argv[1:3]) :])))
