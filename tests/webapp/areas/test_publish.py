"""Publishing a plan: a date, no gap and no overlap in time, and the past stays as it was."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from shapely import box, to_geojson
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.stations import GROUNDS, HEIGHT, WIDTH
from webapp.app import create_app
from webapp.core.db import MIGRATE, Database

PLANS = "/api/v1/plans"


def document(cut=0.5):
    """Return the station's ground in GeoJSON with the border of columns A and B moved to `cut`."""
    (west, south), columns = GROUNDS["T"]
    inner = west + WIDTH * (0.5 + cut)
    edges = [west, inner, west + 2 * WIDTH, west + 3 * WIDTH]
    features = []
    for index, (police, community, labels) in enumerate(columns):
        for row, label in enumerate(labels):
            shape = box(
                round(edges[index], 6), round(south + row * HEIGHT, 6),
                round(edges[index + 1], 6), round(south + (row + 1) * HEIGHT, 6),
            )  # fmt: skip
            features.append(
                {
                    "type": "Feature",
                    "geometry": json.loads(to_geojson(shape)),
                    "properties": {
                        "code": f"{community}{row + 1:03d}",
                        "name": f"T-{label}",
                        "police_grid": f"T-{police}",
                        "households": 400,
                    },
                }
            )
    return {"type": "FeatureCollection", "features": features}


@pytest.fixture
def app(fresh):
    made = create_app(fresh)
    yield made
    made.extensions["shuangge"].database.dispose()
    made.extensions["shuangge"].login.dispose()


@pytest.fixture
def as_role(app, suite):
    def make(role, police_grid=None):
        client = app.test_client(use_cookies=False)
        token = suite.stations["T"].member(role, police_grid).token
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    return make


@pytest.fixture
def send_report(as_role, sample_report):
    def send(grid, **changes):
        sample = sample_report(grid, **changes)
        answer = as_role("volunteer").post("/api/v1/batches", data=sample.form())
        assert answer.json["reports"][0]["state"] == "received", answer.text
        return sample

    return send


@pytest.fixture
def import_plan(as_role):
    def send(content, name="second"):
        data = {"name": name, "file": (io.BytesIO(json.dumps(content).encode()), "grids.geojson")}
        return as_role("planner").post(PLANS, data=data)

    return send


@pytest.fixture
def publish(as_role):
    return lambda plan_id, **body: as_role("planner").post(f"{PLANS}/{plan_id}/publish", json=body)


def plans(client):
    return {p["number"]: p for p in client.get(PLANS).json}


def test_a_new_plan_closes_the_one_before_and_history_stays(
    as_role, import_plan, publish, send_report, station
):
    planner, chief = as_role("planner"), as_role("station_chief")
    lon = station.box("A1")[2] - 0.001
    lat = station.inside("A1")[1]
    place = {"lon": lon, "lat": lat}
    case = send_report("A1", place=place)
    before = datetime.now(UTC).isoformat()

    draft = import_plan(document(cut=0.0))
    assert draft.status_code == 201, draft.text
    assert draft.json["state"] == "draft"
    where = {"lon": lon, "lat": lat}
    assert planner.get("/api/v1/locate", query_string=where).json["grid"]["name"] == "T-A1"
    done = publish(draft.json["id"])
    assert done.status_code == 200, done.text
    kept = plans(planner)
    assert kept[1]["valid_to"] == kept[2]["valid_from"] == done.json["valid_from"]
    assert kept[2]["valid_to"] is None

    assert planner.get("/api/v1/locate", query_string=where).json["grid"]["name"] == "T-B1"
    past = planner.get("/api/v1/locate", query_string={**where, "at": before}).json
    assert past["grid"]["name"] == "T-A1"
    assert past["plan_id"] == str(station.plan_id)

    # the case stays where it was on its day; the next one goes to the new grid
    assert chief.get(f"/api/v1/cases/{case.id}").json["grid"]["name"] == "T-A1"
    after = send_report("A1", place=place)
    assert chief.get(f"/api/v1/cases/{after.id}").json["grid"]["name"] == "T-B1"

    shapes = {}
    for day in (before, None):
        query = {"datetime": day} if day else {}
        found = planner.get("/ogc/collections/police_grids/items", query_string=query).json
        shapes[day] = {f["properties"]["name"]: f["geometry"]["coordinates"] for f in found["features"]}
    assert set(shapes[before]) == set(shapes[None])
    assert shapes[before]["T-A"] != shapes[None]["T-A"]
    assert shapes[before]["T-C"] == shapes[None]["T-C"]


def test_a_plan_is_published_once(import_plan, publish):
    plan_id = import_plan(document()).json["id"]
    assert publish(plan_id).status_code == 200
    again = publish(plan_id)
    assert (again.status_code, again.json["code"]) == (409, "state")


def test_a_plan_may_come_into_force_later(as_role, import_plan, publish, station):
    start = datetime.now(UTC) + timedelta(days=7)
    planner = as_role("planner")
    plan_id = import_plan(document(cut=0.2)).json["id"]
    assert publish(plan_id, valid_from=start.isoformat()).status_code == 200
    query = dict(zip(("lon", "lat"), station.inside("A1"), strict=True))
    assert planner.get("/api/v1/locate", query_string=query).json["plan_id"] == str(station.plan_id)
    later = {**query, "at": (start + timedelta(hours=1)).isoformat()}
    assert planner.get("/api/v1/locate", query_string=later).json["plan_id"] == plan_id
    # one that would lie under the coming one is refused, not squeezed in
    other = import_plan(document(cut=0.3)).json["id"]
    between = publish(other)
    assert (between.status_code, between.json["code"]) == (409, "plan_order")
    assert publish(other, valid_from=(start + timedelta(days=1)).isoformat()).status_code == 200


def test_two_plans_in_force_at_once_are_refused_by_the_database_itself(fresh, station):
    database = Database(fresh, MIGRATE, pool_size=1)
    with (
        pytest.raises(IntegrityError, match="ex_plan_one_in_force"),
        database.transaction(station.actor("t.planner")) as session,
    ):
        session.execute(
            text("""INSERT INTO app.plan (id, station_id, number, name, state, valid_from)
                VALUES (:id, :station, 99, 'x', 'published', now())"""),
            {"id": uuid4(), "station": station.id},
        )
    database.dispose()


def test_of_two_planners_who_publish_at_once_one_wins(app, as_role, import_plan, token_for):
    start = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    ids = [import_plan(document(cut=0.1)).json["id"] for _n in range(2)]
    barrier, statuses = Barrier(2), []

    def press(plan_id):
        client = app.test_client(use_cookies=False)
        head = {"Authorization": f"Bearer {token_for('t.planner')}"}
        barrier.wait()
        answer = client.post(f"{PLANS}/{plan_id}/publish", json={"valid_from": start}, headers=head)
        statuses.append(answer.status_code)

    threads = [Thread(target=press, args=(plan_id,)) for plan_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409]


def test_an_unknown_plan_and_a_foreign_one_are_the_same(as_role, publish, other_station):
    absent, foreign = publish(uuid4()), publish(other_station.plan_id)
    assert absent.status_code == foreign.status_code == 404
    assert absent.data == foreign.data


def test_officers_do_not_redraw(as_role, station):
    data = {"name": "mine", "file": (io.BytesIO(b"{}"), "x.geojson")}
    assert as_role("officer", "A").post(PLANS, data=data).status_code == 403
    assert as_role("officer", "A").post(f"{PLANS}/{station.plan_id}/publish", json={}).status_code == 403
