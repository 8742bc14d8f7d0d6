"""Every query with a box uses the spatial index under row-level security, with 20,000 rows in each table."""

# ruff: noqa: E501 (the synthetic rows are read best with one statement's part a line)

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg2
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.stations import Station
from webapp.areas import queries as areas
from webapp.cases import queries as cases
from webapp.core.actor import Actor
from webapp.core.db import Database
from webapp.maps import layers

ROWS = 20_000

# 200 by 100 small squares over 0.6 by 0.3 degrees around the station, all in the plan that is in force.
SYNTHETIC = """
SET session_replication_role = replica;  -- the plan in force is frozen
CREATE TABLE public.squares AS
  SELECT i, gen_random_uuid() AS id, 112.3 + (i % 200) * 0.003 AS x, 37.7 + (i / 200) * 0.003 AS y
  FROM generate_series(0, {rows} - 1) i;
INSERT INTO app.grid (id, station_id, community_id, code, name, kind)
  SELECT q.id, '{station}', (SELECT id FROM app.community WHERE station_id = '{station}' LIMIT 1), 'S' || i, 'S', 'basic'
  FROM public.squares q;
INSERT INTO app.grid_shape (plan_id, grid_id, station_id, police_grid_id, geom, area_m2, households, population)
  SELECT '{plan}', q.id, '{station}', '{police}', ST_MakeEnvelope(x, y, x + 0.003, y + 0.003, 4326), 1, 1, 1
  FROM public.squares q;
INSERT INTO app.police_grid (id, station_id, code, name)
  SELECT q.id, '{station}', 'S' || i, 'S' FROM public.squares q;
INSERT INTO app.police_grid_shape (plan_id, police_grid_id, station_id, geom)
  SELECT '{plan}', q.id, '{station}', ST_Multi(ST_MakeEnvelope(x, y, x + 0.003, y + 0.003, 4326)) FROM public.squares q;
INSERT INTO app.place (id, station_id, kind, name, geom)
  SELECT q.id, '{station}', 'shop', 'S' || i, ST_SetSRID(ST_MakePoint(x, y), 4326) FROM public.squares q
  ON CONFLICT (code) DO NOTHING;  -- of so many short codes two may be equal
INSERT INTO app.patrol (id, station_id, person_id, kind, started_at, track)
  SELECT q.id, '{station}', '{person}', 'foot', now() - (i % 100) * interval '1 hour',
    ST_Multi(ST_MakeLine(ST_SetSRID(ST_MakePoint(x, y), 4326), ST_SetSRID(ST_MakePoint(x + 0.001, y), 4326)))
  FROM public.squares q;
INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, state, geom, raw_x, raw_y, raw_crs,
    method, plan_id, grid_id, police_grid_id, answers, found_at, content_hash, reporter_id)
  SELECT q.id, '{station}', 'S' || i, 'hazard', 'flying_wire', 1, (ARRAY['reported', 'closed'])[1 + i % 2],
    ST_SetSRID(ST_MakePoint(x, y), 4326), x, y, 'wgs84', 'gps', '{plan}',
    (ARRAY['{a}', '{b}', '{c}', '{d}', '{e}', '{f}']::uuid[])[1 + i % 6], '{police}', '{{}}',
    now() - i * interval '1 minute', 'x', '{person}'
  FROM public.squares q;
DROP TABLE public.squares;
ANALYZE;
"""


@pytest.fixture(scope="module", autouse=True)
def synthetic(superuser: psycopg2.extensions.connection, station: Station) -> None:
    """Twenty thousand rows in every table that a window asks by its box."""
    grids = dict(zip("abcdef", (str(g) for g in station.grids.values()), strict=True))
    with superuser.cursor() as cursor:
        cursor.execute(
            SYNTHETIC.format(
                rows=ROWS,
                station=station.id,
                plan=station.plan_id,
                police=station.police_grids["A"],
                person=station.members["t.volunteer"].person_id,
                **grids,
            )
        )


@pytest.fixture
def indexes(web_db: Database) -> Iterator[Callable[[Actor, Callable[[Session], Any]], set[str]]]:
    """Run something under the web role and return the names of the indexes that its statements use."""
    seen: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if " app." in statement and not statement.startswith("EXPLAIN"):
            seen.append((statement, parameters))

    def used(by: Actor, ask: Callable[[Session], Any]) -> set[str]:
        seen.clear()
        with web_db.transaction(by) as session:
            ask(session)
            plans = [
                session.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {said}", given).scalar()
                for said, given in list(seen)
            ]
        assert plans
        return set(_index_names(plans))

    event.listen(web_db.engine, "before_cursor_execute", note)
    yield used
    event.remove(web_db.engine, "before_cursor_execute", note)


def _index_names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _index_names(item)
    elif isinstance(node, dict):
        if "Index Name" in node:
            yield node["Index Name"]
        for value in node.values():
            if isinstance(value, list | dict):
                yield from _index_names(value)


INDEX = {
    "coverage": "ix_grid_shape_geom",
    "grids": "ix_grid_shape_geom",
    "police_grids": "ix_police_grid_shape_geom",
    "patrols": "ix_patrol_track",
    "places": "ix_place_geom",
    "cases": "ix_case_file_geom",
}


def layer(name: str, station: Station, by: Actor) -> Callable[[Session], Any]:
    asked = layers.Asked(by, station.box("B1"), datetime.now(UTC), {})
    return lambda session: session.execute(layers.BY_ID[name].rows(asked)).all()


def test_every_layer_has_its_index_named() -> None:
    assert set(INDEX) == set(layers.BY_ID)


@pytest.mark.parametrize("name", INDEX)
@pytest.mark.parametrize("username", ["t.officer.a", "t.volunteer", "t.station_chief"])
def test_layers_use_the_spatial_index(
    indexes: Callable[..., set[str]], station: Station, name: str, username: str
) -> None:
    by = station.actor(username)
    used = indexes(by, layer(name, station, by))
    # A volunteer's own rows are fewer than what a box holds: by person is a good way too.
    own = {"ix_case_file_reporter_id", "ix_patrol_person_id"} if username == "t.volunteer" else set()
    assert used & ({INDEX[name]} | own), used


@pytest.mark.parametrize("username", ["t.officer.a", "t.grid_worker.b", "t.station_chief"])
@pytest.mark.parametrize("state", [None, "open"])
def test_the_case_list_uses_the_spatial_index(
    indexes: Callable[..., set[str]], station: Station, username: str, state: str | None
) -> None:
    wanted = cases.Filter(box=station.box("B1"), state=state)
    assert "ix_case_file_geom" in indexes(station.actor(username), lambda s: cases.cases(s, wanted))


def test_finding_the_grid_of_a_point_reads_few_shapes(web_db: Database, station: Station) -> None:
    """The search is inside a function, so the rows that it has touched are counted instead."""
    lon, lat = station.inside("B1")
    counts = "SELECT seq_scan, idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'grid_shape'"
    with web_db.transaction(station.actor("t.volunteer")) as session:
        before = session.execute(text(counts)).one_or_none() or (0, 0)
        found = areas.area_at(session, station.id, lon, lat, datetime.now(UTC), 30)
        after = session.execute(text(counts)).one()
    assert found.grid_id
    assert after[0] == before[0], "the table was read as a whole"
    assert after[1] - before[1] < 100


@pytest.mark.parametrize("name", ["cases", "grids", "places"])
def test_control_without_leakproof_the_index_is_lost(
    indexes: Callable[..., set[str]], station: Station, superuser: psycopg2.extensions.connection, name: str
) -> None:
    by = station.actor("t.officer.a")
    overlaps = "ALTER FUNCTION public.geometry_overlaps(public.geometry, public.geometry)"
    superuser.cursor().execute(f"{overlaps} NOT LEAKPROOF")
    try:
        assert INDEX[name] not in indexes(by, layer(name, station, by))
    finally:
        superuser.cursor().execute(f"{overlaps} LEAKPROOF")
