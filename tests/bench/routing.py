"""How fast the database says whose ground a point is, among 20,000 grids."""

from __future__ import annotations

import time
from random import Random
from uuid import UUID, uuid5

import numpy as np
import shapely
from sqlalchemy import text

from webapp.areas.queries import area_at
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WEB, Database
from webapp.core.queue import MACHINE
from webapp.field.imports import owner

SPACE = UUID("3c4d6b0e-0000-4000-8000-000000000000")
STATION = uuid5(SPACE, "city")
COLUMNS, ROWS, SEGMENTS = 200, 100, 15
WEST, SOUTH, STEP = 112.2, 37.6, 0.0025
POINTS = 5000


def run(settings: Settings) -> list[str]:
    """Return the lines of the table."""
    with owner(settings, STATION) as session:
        known = session.execute(text("SELECT 1 FROM app.station WHERE id = :s"), {"s": STATION}).scalar()
    if not known:
        _make_city(settings)
    database = Database(settings, WEB)
    by = Actor(STATION, MACHINE)
    dice = Random(7)
    east, north = WEST + (COLUMNS - 1) * STEP, SOUTH + (ROWS - 1) * STEP  # a cell inside the jittered rim
    points = [(dice.uniform(WEST + STEP, east), dice.uniform(SOUTH + STEP, north)) for _ in range(POINTS)]
    lines = ["| way | points | ms per point | points/s |", "|---|---|---|---|"]
    with database.transaction(by) as session:
        took = min(_in_sql(session, points) for _ in range(3))
        lines.append(
            f"| in SQL, one statement for all | {POINTS} | {took / POINTS * 1000:.3f} | {POINTS / took:.0f} |"
        )
        start = time.perf_counter()
        for lon, lat in points[:1000]:
            area_at(session, STATION, lon, lat, clock.now(), 15.0)
        took = time.perf_counter() - start
        lines.append(
            f"| one call each from Python, neighbours named | 1000 | {took:.3f} | {1000 / took:.0f} |"
        )
    database.dispose()
    return lines


def _in_sql(session, points) -> float:
    values = {
        "lon": [p[0] for p in points],
        "lat": [p[1] for p in points],
        "station": STATION,
        "kx": 88_000.0,
        "ky": 111_000.0,
    }
    start = time.perf_counter()
    count = session.scalar(
        text("""SELECT count(a.grid_id)
            FROM unnest(CAST(:lon AS float8[]), CAST(:lat AS float8[])) AS p (lon, lat)
            CROSS JOIN LATERAL (
                SELECT * FROM app.areas_near(:station, now(), p.lon, p.lat, :kx, :ky, 1) LIMIT 1) a"""),
        values,
    )
    took = time.perf_counter() - start
    assert count == len(points)
    return took


def _make_city(settings: Settings) -> None:
    """Write a station of 20,000 grids with wiggly shared borders straight into the tables."""
    plan, community, police = (uuid5(SPACE, name) for name in ("plan", "community", "police"))
    with owner(settings, STATION) as session:
        run = session.execute
        ids = {"s": STATION, "p": plan, "c": community, "k": police}
        run(
            text(
                "INSERT INTO app.station (id, code, name, synthetic) "
                "VALUES (:s, 'CITY', jsonb_build_object('zh', '城'), true)"
            ),
            ids,
        )
        run(
            text(
                "INSERT INTO app.community (id, station_id, code, name) VALUES (:c, :s, '140106599001', '城')"
            ),
            ids,
        )
        run(
            text(
                "INSERT INTO app.police_grid (id, station_id, code, name) VALUES (:k, :s, 'CITY-J01', '城')"
            ),
            ids,
        )
        run(
            text("""INSERT INTO app.plan (id, station_id, number, name, state, valid_from)
                VALUES (:p, :s, 1, 'city', 'draft', now() - interval '1 day')"""),
            ids,
        )
        shapes = _shapes()
        ids["grids"] = [str(uuid5(SPACE, str(n))) for n in range(len(shapes))]
        ids["shapes"] = [shape.wkb for shape in shapes]
        run(
            text("""INSERT INTO app.grid (id, station_id, community_id, code, name, kind)
                SELECT g::uuid, :s, :c, lpad(n::text, 15, '0'), 'grid ' || n, 'basic'
                FROM unnest(CAST(:grids AS text[])) WITH ORDINALITY AS x (g, n)"""),
            ids,
        )
        run(
            text("""INSERT INTO app.grid_shape
                    (plan_id, grid_id, station_id, police_grid_id, geom, area_m2, households, population)
                SELECT :p, g::uuid, :s, :k, ST_GeomFromWKB(w, 4326), 1, 400, 1000
                FROM unnest(CAST(:grids AS text[]), CAST(:shapes AS bytea[])) AS x (g, w)"""),
            ids,
        )
        run(text("UPDATE app.plan SET state = 'published' WHERE id = :p"), ids)
    with owner(settings) as session:
        session.execute(text("ANALYZE app.grid_shape"))
        session.execute(text("ANALYZE app.grid"))


def _shapes() -> list[shapely.Polygon]:
    """A lattice of which each edge is a wiggly line shared by its two sides."""
    rng = np.random.default_rng(3)
    x, y = np.meshgrid(np.arange(COLUMNS + 1), np.arange(ROWS + 1))
    nodes = np.dstack([x, y]) + rng.uniform(-0.15, 0.15, (ROWS + 1, COLUMNS + 1, 2))
    nodes = nodes * STEP + (WEST, SOUTH)

    def edges(a, b):
        t = np.linspace(0, 1, SEGMENTS + 1)[:, None, None, None]
        line = a + (b - a) * t
        line[1:-1] += rng.normal(0, STEP * 0.004, line[1:-1].shape)
        return line

    across = edges(nodes[:, :-1], nodes[:, 1:])
    up = edges(nodes[:-1], nodes[1:])
    found = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            ring = np.concatenate(
                [
                    across[:-1, row, column],
                    up[:-1, row, column + 1],
                    across[:0:-1, row + 1, column],
                    up[:0:-1, row, column],
                ]
            )
            found.append(shapely.Polygon(ring))
    return found
