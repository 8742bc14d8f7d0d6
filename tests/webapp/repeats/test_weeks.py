"""The list of a week: what repeats beside the district's directives, by page, file, API and as recorded."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from collectors import tables
from tests.samples import Sample
from tests.stations import Station
from webapp.core import clock
from webapp.core.db import Database
from webapp.core.queue import ask_periodic, enqueue
from webapp.reactions import PERIODIC
from webapp.repeats import weekly

LIST = Path(__file__).parents[2] / "collectors/samples/directives/november.csv"
THIS = weekly.monday_of(datetime.now(UTC).astimezone(clock.SHOWN).date())
WEEK = f"/api/v1/repeats/weeks/{weekly.week_name(THIS)}"


def hand_in(client: FlaskClient, data: bytes, list_id: str | None = None) -> Any:
    form = {"id": list_id or str(uuid4()), "name": "十一月", "file": (io.BytesIO(data), "list.csv")}
    return client.post("/api/v1/directives", data=form)


@pytest.fixture(scope="module")
def week(report: Any, worked: Any, station: Station, as_user: Any) -> dict[str, Sample]:
    """Two wires at A1 and at C1, one blocked lane at B1; a list of directives for A1 and B1."""
    lane = {"class_code": "fire_lane", "answers": {"blocked_by": "vehicles", "passable": False}}
    made = {
        "a": report(station.inside("A1")),
        "a2": report(station.inside("A1"), 8),
        "b": report(station.inside("B1"), **lane),
        "c": report(station.inside("C1")),
        "c2": report(station.inside("C1"), 8),
    }
    worked()
    days = f"{THIS.isoformat()},{(THIS + timedelta(days=6)).isoformat()}"
    rows = (
        f"网格,类别,要求,起,止\nT-A1,飞线充电,=1+1,{days}\nT-B1,消防通道,疏通,{days}\n"
        f"T-B2,,巡查,{days}\nT-C1,飞线充电,过期,2020-01-01,2020-02-01\n"
    )
    answer = hand_in(as_user("t.station_chief"), rows.encode())
    assert answer.status_code == 201, answer.text
    assert answer.json["counts"] == {"rows": 4, "faulty": 0}
    return made


def test_repeats_are_compared_with_the_directives_in_force(week: Any, as_user: Any, number_of: Any) -> None:
    found = as_user("t.station_chief").get(WEEK).json
    groups = {tuple(sorted(c["number"] for c in g["cases"])): n for n, g in enumerate(found["groups"])}
    at_a = groups[tuple(sorted((number_of(week["a"]), number_of(week["a2"]))))]
    at_c = groups[tuple(sorted((number_of(week["c"]), number_of(week["c2"]))))]
    assert len(groups) == 2
    # A place without a grid, which another test may have named, stands among them.
    named = [(d["where"], n) for n, d in enumerate(found["directives"]) if d["where"].startswith("T-")]
    assert [where for where, _n in named] == ["T-A1", "T-B1", "T-B2"]
    assert [found["states"][n] for _where, n in named] == ["met", "single", "none"]
    assert found["meeting"][named[0][1]] == [at_a]
    assert found["unnamed"] == [at_c]


def test_an_officer_sees_the_own_field_only(
    week: Any, as_user: Any, number_of: Any, station: Station
) -> None:
    found = as_user("t.officer.b").get(WEEK).json
    assert found["groups"] == []
    # A place without a grid of its own, which another test may have named, is everybody's.
    assert [d["where"] for d in found["directives"] if d["where"].startswith("T-")] == ["T-B1", "T-B2"]
    mine = as_user("t.officer.a").get(WEEK).json
    assert len(mine["groups"]) == 1
    other = (
        as_user("t.station_chief").get(WEEK, query_string={"police_grid_id": station.police_grids["C"]}).json
    )
    assert len(other["groups"]) == 1
    for who in ("t.volunteer", "t.grid_worker.a", "t.planner", "t.system_admin"):
        assert as_user(who).get(WEEK).status_code == 403
        assert as_user(who).get("/repeats").status_code == 403
    assert as_user("u.station_chief").get(WEEK).json["groups"] == []
    assert as_user("t.officer.a").get("/api/v1/repeats/weeks/2026-W60").status_code == 404


def test_the_file_runs_no_formula(week: Any, as_user: Any) -> None:
    answer = as_user("t.station_chief").get(f"/repeats/weekly.csv?week={weekly.week_name(THIS)}&lang=en")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert f"repeats-{weekly.week_name(THIS)}.csv" in answer.headers["Content-Disposition"]
    assert b"'=1+1" in answer.data
    table = tables.decode(answer.data)
    kinds = [row.fields["Kind of row"] for row in table.rows]
    assert (kinds.count("repeat"), kinds.index("directive")) == (2, 2)
    assert {row.fields["Result"] for row in table.rows} == {
        "met by a directive", "no directive", "met by a repeat", "one case, no repeat", "no case",
    }  # fmt: skip


def test_rows_with_faults_are_kept_and_shown(as_user: Callable[[str], FlaskClient]) -> None:
    chief, known = as_user("t.station_chief"), str(uuid4())
    answer = hand_in(chief, LIST.read_bytes(), known)
    assert (answer.status_code, answer.json["counts"]) == (201, {"rows": 6, "faulty": 4})
    assert hand_in(chief, LIST.read_bytes(), known).json == answer.json
    assert hand_in(chief, b"a\nb\n", known).status_code in (409, 422)
    rows = {row["number"]: row for row in chief.get("/api/v1/directives").json if row["list_id"] == known}
    assert [[p["code"] for p in rows[n]["problems"]] for n in range(2, 8)] == [
        [], [], ["directive_grid"], ["directive_nowhere"], ["days_wrong", "directive_place"],
        ["bad_call_time", "class_unknown", "directive_place"],
    ]  # fmt: skip
    page = chief.get("/repeats?lang=en").text
    assert "There is no grid “T-Z9”." in page
    assert hand_in(as_user("t.officer.a"), LIST.read_bytes()).status_code == 403
    assert chief.post(f"/api/v1/directives/{known}/end").json["ended_at"]
    assert [row for row in chief.get("/api/v1/directives").json if row["list_id"] == known] == []


def test_a_place_of_a_directive_is_looked_up(as_user: Any, station: Station) -> None:
    chief, (lon, lat) = as_user("t.station_chief"), station.inside("B2")
    place = {"id": str(uuid4()), "kind": "market", "name": "晨光菜市场", "lon": lon, "lat": lat}
    assert chief.post("/api/v1/places", json=place).status_code in (200, 201)
    hand_in(chief, "地点,类别\n晨光菜市场,飞线充电\n".encode())
    [row] = [r for r in chief.get("/api/v1/directives").json if r["content"].get("place") == "晨光菜市场"]
    assert (row["lon"], row["lat"], row["grid_id"]) == (lon, lat, str(station.grids["B2"]))


def test_each_monday_the_list_is_recorded_once(
    week: Any, worked: Any, settings: Any, owner_db: Database, station: Station, db_as: Any
) -> None:
    monday = datetime(THIS.year, THIS.month, THIS.day, 7, tzinfo=clock.SHOWN) + timedelta(days=7)
    [work] = [item for item in PERIODIC if item.job == "repeats.record_week"]
    assert work.slot(monday) == monday.replace(hour=6)
    assert work.slot(monday.replace(hour=5)) == monday.replace(hour=6) - timedelta(days=7)
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        for _again in range(2):
            ask_periodic(session, [work], [station.id], monday)
        slot = monday.replace(hour=6).isoformat()
        enqueue(session, work.job, station_id=station.id, key=f"again:{uuid4()}", slot=slot)
    worked()
    with owner_db.transaction() as session:
        kept = session.execute(
            text(
                "SELECT police_grid_id, cases, repeats, rows FROM app.weekly_list"
                " WHERE monday_on = :m AND station_id = :s"
            ),
            {"m": THIS, "s": station.id},
        ).all()
        told = session.scalars(
            text("SELECT data FROM app.event WHERE name = 'repeats.week_recorded' AND data ->> 'week' = :w"),
            {"w": weekly.week_name(THIS)},
        ).all()
    by_grid = {row.police_grid_id: row for row in kept}
    assert len(kept) == 3
    assert (by_grid[station.police_grids["A"]].cases, by_grid[station.police_grids["A"]].repeats) == (2, 1)
    assert by_grid[station.police_grids["A"]].rows[0]["directives"]
    assert by_grid[station.police_grids["B"]].repeats == 0
    assert len(told) == 1
    with db_as("t.officer.a") as session:
        mine = session.scalars(
            text("SELECT police_grid_id FROM app.weekly_list WHERE monday_on = :m"), {"m": THIS}
        ).all()
    assert mine == [station.police_grids["A"]]


def test_weeks_are_those_of_iso_8601() -> None:
    assert weekly.week_name(date(2026, 12, 28)) == "2026-W53"
    assert weekly.week_monday("2027-W01") == date(2027, 1, 4)
    assert weekly.week_monday("2026-W54") is None
    assert weekly.week_monday("x") is None
    first, after = weekly.span(date(2026, 11, 16), clock.SHOWN)
    assert first.astimezone(UTC).isoformat() == "2026-11-15T16:00:00+00:00"
    assert (after - first).days == 7
