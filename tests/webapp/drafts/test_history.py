"""Which grid a place had on a day: over two hundred publications each point is in exactly one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import uuid4

import pytest
from shapely import box
from sqlalchemy import text

from collectors.records import AreaRecord
from tests.stations import GROUNDS, HEIGHT, WIDTH
from webapp.areas import actions
from webapp.areas.history import in_force
from webapp.areas.queries import areas_at
from webapp.core.actor import Actor

PUBLICATIONS = 200
POINTS = 40


def drawn(cut, swap):
    """Return the station's grids, the border of columns A and B at `cut`, C1 with the police grid `swap`."""
    (west, south), columns = GROUNDS["T"]
    edges = [west, round(west + WIDTH * (0.5 + cut), 6), west + 2 * WIDTH, west + 3 * WIDTH]
    found = []
    for index, (police, community, labels) in enumerate(columns):
        for row, label in enumerate(labels):
            shape = box(
                round(edges[index], 6), round(south + row * HEIGHT, 6),
                round(edges[index + 1], 6), round(south + (row + 1) * HEIGHT, 6),
            )  # fmt: skip
            owner = swap if label == "C1" else police
            found.append(
                AreaRecord(
                    number=len(found) + 1, code=f"{community}{row + 1:03d}", name=f"T-{label}",
                    geometry=shape, raw_geometry=shape,
                    community=community, kind="basic", households=400, population=1000,
                    properties={"police_grid": f"T-{owner}"},
                )
            )  # fmt: skip
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_day_of_two_hundred_plans_has_each_point_in_exactly_one_grid(owner_db, other_station, station):
    dice = Random(3)
    by = Actor(station.id, "machine")
    begin = datetime.now(UTC) - timedelta(days=390)
    cuts = []
    for number in range(PUBLICATIONS):
        cuts.append((round(dice.uniform(0.1, 0.9), 3), dice.choice("BC")))
        with owner_db.transaction(by) as session:
            plan = actions.import_plan(session, uuid4(), drawn(*cuts[-1]), name=f"{number}", by=by)
            actions.publish(session, plan, valid_from=begin + timedelta(days=number), by=by)
    (west, south), _columns = GROUNDS["T"]
    points = [
        (west + dice.uniform(0.0001, 3 * WIDTH - 0.0001), south + dice.uniform(0.0001, 2 * HEIGHT - 0.0001))
        for _ in range(POINTS)
    ]
    with owner_db.transaction(by) as session:
        days = [
            begin + timedelta(days=number, hours=hours) for number in range(PUBLICATIONS) for hours in (0, 12)
        ]
        asked = [(lon, lat, at, 0.0) for at in days for lon, lat in points]
        found = areas_at(session, station.id, asked)
        twice = session.execute(
            text("""SELECT count(*) FROM app.plan p
                JOIN app.grid_shape a ON a.plan_id = p.id JOIN app.grid_shape b ON b.plan_id = p.id
                WHERE p.station_id = :s AND a.grid_id < b.grid_id
                  AND ST_Relate(a.geom, b.geom, '2********')"""),
            {"s": station.id},
        ).scalar()
        plans = in_force(session, station.id)
    assert twice == 0
    ends = {p.valid_from: p.valid_to for p in plans}
    assert all(end is None or end in ends for end in ends.values())  # no day without a plan, no day with two
    for (lon, lat, at, _radius), area in zip(asked, found, strict=True):
        cut, swap = cuts[(at - begin).days]
        assert area is not None
        column = 0 if lon < west + WIDTH * (0.5 + cut) else 1 if lon < west + 2 * WIDTH else 2
        label = "ABC"[column] + str(1 + (lat > south + HEIGHT))
        assert area.grid_name == f"T-{label}"
        assert area.police_grid_name == (f"T-{swap}" if label == "C1" else f"T-{label[0]}")


def test_the_page_tells_a_cases_grid_then_and_now(as_role, station, send_report):
    lon, south, _east, north = station.box("B1")
    case = send_report("t.volunteer", "B1", place={"lon": lon + 0.002, "lat": (south + north) / 2})
    number = as_role("station_chief").get(f"/api/v1/cases/{case.id}").json["number"]
    chief = as_role("station_chief")
    page = chief.get(f"/planner/history?case={number}&lang=en", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "T-B1" in page.text.split('id="case-then"')[1].split("</section>")[0]
    assert page.text.count("<path") == 6
    before = chief.get("/planner/history?on=2001-01-01&lang=en", headers={"Accept": "text/html"}).text
    assert "No plan of grids was in force on that day." in before
    assert chief.get("/planner/history?on=yesterday").status_code == 400
    assert as_role("officer", "A").get(f"/planner/history?case={number}").status_code == 404  # not his to see
