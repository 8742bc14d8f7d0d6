"""What raw SQL of somebody who is not signed in sees and does at a station whose public page is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extras import Json

from tests.samples import Sample
from tests.stations import Station
from tests.webapp.core.attacks import outcome, web_connection
from webapp.core.actor import Actor
from webapp.core.config import Settings

# What the pages for residents need: the ground, what may be reported, the station itself.
OPEN = {
    *("community", "grid", "grid_shape", "hazard_class", "plan"),
    *("police_grid", "police_grid_shape", "station"),
}
ONE = str(uuid4())
# A row of each room that keeps things of nobody in particular: a stranger is nobody in particular too.
ROWS: dict[str, dict[str, Any]] = {
    "import_file": {
        **{"id": ONE, "kind": "members", "name": "x", "source": "x", "crs": "wgs84", "form": "csv"},
        **{"sha256": "x", "rows": 1, "good": 1, "known": 1, "faults": Json([])},
    },
    "export_file": {
        **{"id": ONE, "role": "machine", "serial": 1, "number": "T-X000001", "kind": "cases", "form": "csv"},
        **{
            "crs": "wgs84",
            "encoding": "utf-8",
            "language": "zh",
            "wanted": Json({}),
            "reason": "x",
            "rows": 0,
        },
    },
    "station_calendar": {"version": 1},
    "calendar_year": {"year": 2026, "source": "x", "source_version": "x"},
    "day_change": {"id": ONE, "day": "2026-12-01", "works": True, "reason": "x"},
    "working_hours": {"id": ONE, "since": "2026-12-01", "spans": Json([["08:00", "12:00"]])},
    "limit_rule": {
        **{"id": ONE, "class_code": "slope", "priority": 0, "close_amount": 1, "close_unit": "day"},
        **{"pauses": [], "valid_from": "2026-12-01"},
    },
    "partner": {"id": ONE, "name": "x", "public_key": "x", "fingerprint": "x"},
    "parcel": {
        **{"id": ONE, "direction": "in", "package_id": ONE, "name": "x", "sha256": "x", "counts": Json({})},
        **{"state": "waiting"},
    },
    "webhook": {"id": ONE, "label": "x", "url": "https://example.org", "events": Json([])},
    "webhook_secret": {"webhook_id": ONE, "secret": "x"},
    "intake_source": {
        **{"id": ONE, "code": "x", "name": "x", "kind": "call", "keywords": Json({})},
        **{"default_class": "other"},
    },
    "intake_upload": {"id": ONE, "source_id": ONE, "name": "x", "sha256": "x", "size": 1},
    "intake_row": {
        **{"upload_id": ONE, "number": 1, "source_id": ONE, "ref": "x", "content": Json({})},
        **{"content_hash": b"x", "state": "fine"},
    },
    "intake_caller": {"upload_id": ONE, "number": 1, "phone": "1", "name": "x"},
    "quarantine": {"id": ONE, "door": "x", "sha256": "x", "media_type": "x", "problems": Json([])},
}


def insertion(table: str, row: dict[str, Any]) -> sql.Composed:
    """Return the statement that puts a row of the station into a table."""
    return sql.SQL("INSERT INTO app.{} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )


@pytest.fixture(scope="module", autouse=True)
def filled(
    superuser: psycopg2.extensions.connection, station: Station, send_report: Callable[..., Sample]
) -> None:
    """A report, and a row in each table of ROWS."""
    send_report("t.volunteer", "A1")
    with superuser.cursor() as cursor:
        for table, row in ROWS.items():
            own = {"station_id": str(station.id), **row}
            cursor.execute(insertion(table, own), own)


@pytest.fixture
def stranger(settings: Settings, station: Station) -> Iterator[psycopg2.extensions.connection]:
    """A raw connection under the web role, as the public page of the station acts."""
    with closing(web_connection(settings, Actor(station.id, "public"))) as connection:
        yield connection


def test_a_stranger_sees_the_ground_and_nothing_else(
    stranger: psycopg2.extensions.connection, superuser: psycopg2.extensions.connection
) -> None:
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' "
            "AND has_table_privilege('shuangge_web', c.oid, 'SELECT')"
        )
        tables = [name for (name,) in cursor.fetchall()]
    assert {*ROWS} - {"webhook_secret"} < {*tables}
    seen = set()
    with stranger.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("app", table)))
            if cursor.fetchone() != (0,):
                seen.add(table)
    assert seen == OPEN


@pytest.mark.parametrize("table", ROWS)
def test_a_stranger_adds_nothing_there(
    stranger: psycopg2.extensions.connection,
    superuser: psycopg2.extensions.connection,
    station: Station,
    table: str,
) -> None:
    fresh = {name: str(uuid4()) if value == ONE else value for name, value in ROWS[table].items()}
    own = {
        "station_id": str(station.id),
        **fresh,
    }
    own |= {"role": "public", "serial": 2, "number": "T-X000002"} if table == "export_file" else {}
    with superuser.cursor() as cursor:
        statement = cursor.mogrify(insertion(table, own), own).decode()
        cursor.execute(f"SELECT count(*) FROM app.{table}")
        before = cursor.fetchone()
        _told, code, _touched = outcome(stranger, statement)
        cursor.execute(f"SELECT count(*) FROM app.{table}")
        assert (code, cursor.fetchone()) == ("42501", before)
