"""The tests' own foundation: the stations are there, and a report goes through the whole service."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.samples import Sample
from tests.service import Service
from tests.stations import Station
from webapp.core.db import Database


def test_two_stations_of_tiny_squares(owner_db: Database, station: Station, other_station: Station) -> None:
    with owner_db.transaction() as session:
        rows = session.execute(text("SELECT station_id, count(*) FROM app.grid_shape GROUP BY 1")).all()
    assert {row[0]: row[1] for row in rows} == {station.id: 6, other_station.id: 2}


@pytest.mark.parametrize(
    "role",
    [
        "volunteer",
        "grid_worker",
        "officer",
        "planner",
        "mediator",
        "station_chief",
        "system_admin",
        "audit_admin",
    ],
)
def test_every_role_has_a_client(as_role: Callable[..., FlaskClient], role: str) -> None:
    answer = as_role(role).get("/api/v1/me")
    assert answer.status_code == 200, answer.text
    assert answer.json["role"] == role
    assert as_role(role, station="U").get("/api/v1/me").json["station"]["code"] == "U"


def test_a_report_lands_in_its_grid(
    send_report: Callable[..., Sample], as_role: Callable[..., FlaskClient], station: Station
) -> None:
    sent = send_report("t.volunteer", "B1")
    found = as_role("officer", "B").get(f"/api/v1/cases/{sent.id}")
    assert found.status_code == 200, found.text
    assert found.json["grid"]["id"] == str(station.grids["B1"])
    assert as_role("officer", "A").get(f"/api/v1/cases/{sent.id}").status_code == 404


@pytest.mark.slow
def test_the_service_comes_back_after_a_kill(service: Service, token_for: Callable[[str], str]) -> None:
    service.restart("web")
    asked = urllib.request.Request(
        f"{service.url}/api/v1/me", headers={"Authorization": f"Bearer {token_for('t.officer.a')}"}
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert json.load(answer)["username"] == "t.officer.a"
