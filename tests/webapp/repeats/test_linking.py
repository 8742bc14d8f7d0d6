"""What repeats is linked once by the worker, raises the newest open case, and stays within the walls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.samples import Sample
from tests.stations import Station
from tests.webapp.repeats.conftest import CASES
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WORKER, Database
from webapp.core.queue import Run
from webapp.repeats.jobs import link_case


def links(owner_db: Database, sample: Sample, kind: str = "repeat") -> list[Any]:
    with owner_db.transaction() as session:
        return list(
            session.execute(
                text("SELECT * FROM app.case_link WHERE kind = :kind AND :id IN (case_id, other_id)"),
                {"kind": kind, "id": sample.id},
            )
        )


def events(owner_db: Database, sample: Sample, name: str) -> list[Any]:
    wanted = text("SELECT data FROM app.event WHERE subject_id = :id AND name = :name ORDER BY id")
    with owner_db.transaction() as session:
        return list(session.scalars(wanted, {"id": sample.id, "name": name}))


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days, minutes=5)).isoformat()


def numbers(found: list[dict[str, Any]]) -> set[str]:
    return {item["number"] for item in found}


def test_a_chain_grows_and_the_newest_open_case_is_raised(
    report: Any, worked: Any, belonging: Any, station: Station, owner_db: Database, number_of: Any
) -> None:
    here = station.inside("A1")
    first = report(here, 0, found_at=days_ago(80))
    second = report(here, 40, found_at=days_ago(40))
    worked()
    assert numbers(belonging(first)["group"]) == {number_of(second)}
    [raised] = events(owner_db, second, "repeats.priority_raised")
    assert (raised["priority"], raised["count"], raised["why"]) == (1, 2, ["place_class"])
    assert events(owner_db, first, "repeats.priority_raised") == []
    # Eighty metres from the first: of its group by way of the second.
    third = report(here, 80, found_at=days_ago(1))
    worked()
    assert numbers(belonging(first)["group"]) == {number_of(second), number_of(third)}
    assert [event["count"] for event in events(owner_db, third, "repeats.priority_raised")] == [3]
    far = report(here, 160)
    worked()
    assert belonging(far)["group"] == []
    assert events(owner_db, far, "repeats.priority_raised") == []


def test_the_same_job_again_changes_nothing(
    report: Any, worked: Any, station: Station, owner_db: Database, settings: Settings
) -> None:
    lon, lat = station.inside("A2")
    here = lon - 0.0016, lat - 0.0012  # where no other test reports
    first, second = report(here), report(here, 10)
    worked()
    before = (len(links(owner_db, first)), len(links(owner_db, first, "near")))
    assert before[0] == 1  # whether it is offered too, the terms say that another test may have set
    database = Database(settings, WORKER, pool_size=1)
    by = Actor(station.id, "machine")
    for sample in (first, second, first):
        with database.transaction(by) as session:
            link_case(Run(session, by, 0, {"subject": sample.id}, {}))
    database.dispose()
    assert (len(links(owner_db, first)), len(links(owner_db, first, "near"))) == before
    happened = [events(owner_db, s, "repeats.priority_raised") for s in (first, second)]
    assert sum(map(len, happened)) == 1
    assert sum(len(events(owner_db, s, "repeats.offered")) for s in (first, second)) == before[1]


def test_an_officer_sees_links_between_cases_of_his_own_only(
    report: Any, worked: Any, belonging: Any, station: Station, number_of: Any, db_as: Any
) -> None:
    _west, south, east, _north = station.box("A1")
    border = (east, south + 0.0005)
    mine, other = report(border, -22), report(border, 22)
    worked()
    assert number_of(other) in numbers(belonging(mine)["group"])
    with db_as("t.officer.b") as session:
        seen = session.execute(
            text("SELECT case_id, other_id FROM app.case_link WHERE :id IN (case_id, other_id)"),
            {"id": mine.id},
        ).all()
    assert seen == []
    with db_as("t.volunteer") as session:
        assert session.execute(text("SELECT 1 FROM app.case_link")).all() == []
    with db_as("u.station_chief") as session:
        assert session.execute(text("SELECT 1 FROM app.case_link")).all() == []


def test_leads_are_never_linked_offered_or_counted(
    report: Any, worked: Any, belonging: Any, station: Station, owner_db: Database
) -> None:
    here = station.inside("C1")
    lead = {"class_code": "lead", "answers": {"subject": "mining", "ongoing": False}}
    hidden = [report(here, metres, **lead) for metres in (0, 5)]
    open_one = report(here, 3)
    worked()
    for sample in (*hidden, open_one):
        assert links(owner_db, sample) == []
        assert links(owner_db, sample, "near") == []
    assert belonging(open_one)["group"] == []


def test_a_registered_place_and_a_party_link_what_lies_apart(
    report: Any,
    worked: Any,
    belonging: Any,
    station: Station,
    as_user: Any,
    number_of: Any,
    owner_db: Database,
) -> None:
    lon, lat = station.inside("C2")
    chief = as_user("t.station_chief")
    place = {"id": str(uuid4()), "kind": "compound", "name": "梧桐苑", "lon": lon, "lat": lat}
    made = chief.post("/api/v1/places", json=place)
    assert made.status_code in (200, 201), made.text
    wire = report((lon, lat), 5)
    lane = report((lon, lat), -5, class_code="fire_lane", answers=LANE)
    away = report((lon, lat), 100)
    worked()
    assert numbers(belonging(wire)["group"]) == {number_of(lane)}
    assert links(owner_db, wire)[0].why == ["place"]
    for sample in (away, lane):
        answer = chief.post(f"{CASES}/{sample.id}/parties", json={"party": "1380000 1234"})
        assert answer.status_code == 201, answer.text
    worked()
    assert numbers(belonging(away)["group"]) == {number_of(lane), number_of(wire)}
    with owner_db.transaction() as session:
        marks = session.scalars(text("SELECT mark FROM app.case_mark WHERE kind = 'party'")).all()
    assert len(set(marks)) == 1
    assert len(marks[0]) == 64


LANE = {"blocked_by": "vehicles", "passable": False}


def test_terms_are_the_stations_own_data_with_versions(
    report: Any, worked: Any, belonging: Any, station: Station, as_user: Any
) -> None:
    chief = as_user("t.station_chief")
    assert as_user("t.officer.a").post("/api/v1/repeats/terms", json={}).status_code == 403
    wide = {"class_code": "flying_wire", "distance_m": 120, "near_m": 5}
    assert chief.post("/api/v1/repeats/terms", json=wide).json["version"] == 1
    here = station.inside("B1")
    first, second = report(here), report(here, 100)
    worked()
    assert len(belonging(first)["group"]) == 1
    assert belonging(first)["offers"] == []
    assert chief.post("/api/v1/repeats/terms", json={**wide, "distance_m": 50}).json["version"] == 2
    third = report(here, 180)
    worked()
    assert belonging(third)["group"] == []
    assert len(belonging(second)["group"]) == 1
    assert chief.post("/api/v1/repeats/terms", json={"first_from": 2, "raised_from": 3}).status_code == 422


def test_not_the_same_is_remembered(
    report: Any, worked: Any, belonging: Any, station: Station, as_user: Callable[[str], FlaskClient]
) -> None:
    here = station.inside("B2")
    first, second = report(here), report(here, 3)
    worked()
    [offer] = belonging(first)["offers"]
    assert offer["cases"][1]["id"] == second.id
    officer = as_user("t.officer.b")
    pair = {"cases": [second.id, first.id]}
    assert as_user("t.officer.a").post("/api/v1/repeats/apart", json=pair).status_code == 404
    assert as_user("t.grid_worker.b").post("/api/v1/repeats/apart", json=pair).status_code == 403
    assert officer.post("/api/v1/repeats/apart", json=pair).json["answer"] == "not_same"
    assert officer.post("/api/v1/repeats/apart", json=pair).status_code == 200
    worked()
    assert belonging(first)["offers"] == []
    assert len(belonging(first)["group"]) == 1  # still a repeat


def test_the_tables_themselves_refuse(
    db_as: Callable[..., AbstractContextManager[Any]], station: Station
) -> None:
    made = text(
        "INSERT INTO app.case_link (id, station_id, kind, case_id, other_id)"
        " SELECT gen_random_uuid(), station_id, 'merged', id, id FROM app.case_file LIMIT 1"
    )
    with pytest.raises(DBAPIError), db_as("t.station_chief") as session:
        session.execute(made)
