"""Victims and attackers for the tests of the walls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import psycopg2
import pytest
from flask.testing import FlaskClient

from tests.samples import Sample, photo
from tests.stations import Station
from tests.webapp.core.attacks import Victims, web_connection
from webapp.core.actor import Actor
from webapp.core.config import Settings

ATTACKERS = ("t.volunteer", "t.grid_worker.b", "t.officer.b", "t.planner")


@pytest.fixture(scope="module")
def victims(
    settings: Settings,
    send_report: Callable[..., Sample],
    as_user: Callable[[str], FlaskClient],
    superuser: psycopg2.extensions.connection,
    station: Station,
    other_station: Station,
) -> Victims:
    """A closed case in A1 by the second volunteer, a case and people of station U."""
    case = send_report("t.volunteer.2", "A1", note="秘密甲", photos=(photo(11),))
    officer = as_user("t.officer.a")
    assert officer.post(f"/api/v1/cases/{case.id}/accept", json={"revision": 1}).status_code == 200
    lon, lat = other_station.inside("A1")
    foreign = send_report(
        "u.volunteer", "A1", note="秘密乙", photos=(photo(12),), place={"lon": lon, "lat": lat}
    )
    bad = as_user("t.volunteer.2").post("/api/v1/batches", data=b"{", content_type="application/json")
    assert bad.status_code == 400
    second, away = station.members["t.volunteer.2"], other_station.members["u.volunteer"]
    patrol, nobody = str(uuid4()), str(uuid4())
    with superuser.cursor() as cursor:
        cursor.execute(
            "INSERT INTO app.patrol (id, station_id, person_id, kind, started_at) "
            "VALUES (%s, %s, %s, 'foot', now())",
            (patrol, str(station.id), str(second.person_id)),
        )
        cursor.execute(
            "INSERT INTO app.fix (patrol_id, seq, station_id, at, lon, lat, raw_x, raw_y) "
            "VALUES (%s, 1, %s, now(), 112.123451, 37.9, 112.123451, 37.9)",
            (patrol, str(station.id)),
        )
        cursor.execute(
            "INSERT INTO app.person (id, station_id, name, category) VALUES (%s, %s, 'x', 'volunteer')",
            (nobody, str(station.id)),
        )
        cursor.execute("SELECT encode(key, 'hex') FROM vault.context_key")
        key = cursor.fetchone()[0]
        cursor.execute("SELECT id::text FROM app.quarantine")
        kept = cursor.fetchone()[0]
        cursor.execute("SELECT encode(secret_hash, 'hex') FROM auth.token LIMIT 1")
        token_hash = cursor.fetchone()[0]
        cursor.execute("SELECT encode(hash, 'hex') FROM audit.head LIMIT 1")
        link = cursor.fetchone()[0]
    names = {
        "case": case.id,
        "foreign_case": foreign.id,
        "station": str(station.id),
        "other_station": str(other_station.id),
        "person": str(second.person_id),
        "planner": str(station.members["t.planner"].person_id),
        "volunteer": str(station.members["t.volunteer"].person_id),
        "account": str(second.account_id),
        "grid": str(station.grids["A1"]),
        "near_grid": str(station.grids["B2"]),
        "foreign_grid": str(other_station.grids["A1"]),
        "foreign_police_grid": str(other_station.police_grids["A"]),
        "foreign_plan": str(other_station.plan_id),
        "police_grid": str(station.police_grids["A"]),
        "plan": str(station.plan_id),
        "patrol": patrol,
        "nobody": nobody,
        "quarantine": kept,
        "fresh": str(uuid4()),
    }
    secrets = (
        *(case.id, foreign.id, "秘密甲", "秘密乙", second.phone, away.phone, patrol, "112.123451", kept),
        *(*case.photos, *foreign.photos, str(other_station.police_grids["A"]), str(away.person_id)),
        *(key, token_hash, link, "$argon2id$"),
    )
    return Victims(names, secrets)


@pytest.fixture(params=ATTACKERS)
def attacker(
    request: pytest.FixtureRequest, settings: Settings, actor_for: Callable[[str], Actor]
) -> Iterator[psycopg2.extensions.connection]:
    """A raw connection under the web role, with a member's identity in its open transaction."""
    with closing(web_connection(settings, actor_for(request.param))) as connection:
        yield connection
