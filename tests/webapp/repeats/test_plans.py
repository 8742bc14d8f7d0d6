"""With 200,000 cases a new one finds those round it by index, under row-level security."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import psycopg2
import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tests.stations import Station
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WORKER, Database
from webapp.core.queue import Run
from webapp.repeats import queries, weekly, weeks
from webapp.repeats.jobs import link_case

ROWS = 200_000
# A city of 24 by 22 km, half a year, ten of the cases an hour in the station's own grids.
SYNTHETIC = """
INSERT INTO app.case_file (id, station_id, number, kind, class_code, class_version, state, geom, raw_x, raw_y,
    raw_crs, method, plan_id, grid_id, police_grid_id, answers, found_at, reported_at, content_hash)
  SELECT gen_random_uuid(), '{station}', 'S' || i, 'hazard',
    (ARRAY['flying_wire', 'fire_lane'])[1 + i % 2], 1,
    (ARRAY['reported', 'closed'])[1 + (i / 7) % 2],
    ST_SetSRID(
      ST_MakePoint(112.4 + (i * 7919 % 100003) * 2.7e-6, 37.75 + (i * 10473 % 99991) * 2e-6), 4326),
    112.5, 37.8, 'wgs84', 'gps', '{plan}', '{grid}', '{police}', '{{}}',
    now() - i::float8 * interval '78 seconds', now() - i::float8 * interval '78 seconds', 'x'
  FROM generate_series(1::bigint, {rows}) i;
ANALYZE app.case_file;
"""


@pytest.fixture(scope="module")
def city(superuser: psycopg2.extensions.connection, station: Station) -> None:
    """Two hundred thousand cases."""
    made = SYNTHETIC.format(
        station=station.id,
        plan=station.plan_id,
        grid=station.grids["A1"],
        police=station.police_grids["A"],
        rows=ROWS,
    )
    with superuser.cursor() as cursor:
        cursor.execute(made)


def plans(database: Database, by: Actor, act: Callable[[Session], Any]) -> list[str]:
    """Return the plan of each statement on cases that an action runs."""
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if "case_file" in statement and statement.lstrip().startswith(("SELECT", "WITH")):
            said.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.transaction(by) as session:
        act(session)
        event.remove(database.engine, "before_cursor_execute", note)
        connection = session.connection()
        return [
            "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))
            for statement, parameters in said
        ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_new_case_finds_its_neighbours_by_index(
    city: None, settings: Settings, station: Station, web_db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    worker, machine = Database(settings, WORKER, pool_size=1), Actor(station.id, "machine")
    with worker.transaction(machine) as session:
        case_id = session.scalars(text("SELECT id FROM app.case_file WHERE number = 'S7'")).one()
        it = queries.look(session, [case_id]).cases[case_id]
    for database, by in ((worker, machine), (web_db, station.actor("t.officer.a"))):
        seen = plans(database, by, lambda session: queries.look(session, [case_id]))
        assert any("ix_case_file_geom" in plan for plan in seen), seen
        for plan in seen:
            assert "Seq Scan on case_file" not in plan, plan
    began = perf_counter()
    for number in ("S8", "S9", "S10", "S11", "S12"):
        with worker.transaction(machine) as session:
            found = session.scalars(
                text("SELECT id FROM app.case_file WHERE number = :n"), {"n": number}
            ).one()
            link_case(Run(session, machine, 0, {"subject": str(found)}, {}))
    with capsys.disabled():
        print(f"\nlinking among {ROWS} cases: {(perf_counter() - began) / 5 * 1000:.0f} ms each")
    for plan in plans(
        web_db, station.actor("t.officer.a"), lambda s: weeks.week(s, weekly.monday_of(it.found_at.date()))
    ):
        assert "Seq Scan on case_file" not in plan, plan
    worker.dispose()
