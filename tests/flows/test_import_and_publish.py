"""Story two: new boundaries come in as a file, take force on a date, and work goes on over them."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests
from shapely.geometry import shape

from collectors import area_files
from tests.samples import report_at
from webapp.app import create_app
from webapp.demo import load as demo

pytestmark = pytest.mark.slow


def wait_for(met, patience_s=90.0):
    """Wait until something is so: the worker does it on its own."""
    end = time.monotonic() + patience_s
    while not met():
        assert time.monotonic() < end, "this did not come about"
        time.sleep(0.2)


def test_a_redrawn_border_moves_new_reports_and_open_cases_follow(service, token_for, station, sample_report):
    def call(method, path, username="t.planner", **more):
        head = {"Authorization": f"Bearer {token_for(username)}"}
        return requests.request(method, service.url + path, headers=head, timeout=60, **more)

    def report(sample):
        body = json.dumps(sample.batch()).encode()
        files = {"batch": ("b.json", body, "application/json")}
        return call("POST", "/api/v1/batches", "t.volunteer", files=files).json()["reports"][0]

    _west, south, east, north = station.box("A1")
    place = {"lon": east - 0.0005, "lat": (south + north) / 2}
    old = sample_report("A1", place=place)
    assert report(old)["police_grid"] == "T-A"
    before = datetime.now(UTC).isoformat()

    # the planner takes the plan out, moves the border between A and B in a GIS, and brings it back
    out = call("GET", f"/api/v1/plans/{station.plan_id}/export?format=geojson")
    drawn = json.loads(out.content)
    for feature in drawn["features"]:
        for ring in feature["geometry"]["coordinates"]:
            for position in ring:
                if abs(position[0] - east) < 1e-9:
                    position[0] = round(east - 0.001, 7)
    files = {"file": ("new.geojson", json.dumps(drawn).encode(), "application/geo+json")}
    made = call("POST", "/api/v1/plans", data={"name": "2026 调整"}, files=files)
    assert made.status_code == 201, made.text
    # a draft changes nothing
    assert report(sample_report("A1", place=place))["police_grid"] == "T-A"
    assert call("POST", f"/api/v1/plans/{made.json()['id']}/publish", json={}).status_code == 200

    new = sample_report("A1", place=place)
    assert report(new)["police_grid"] == "T-B"
    wait_for(lambda: call("GET", f"/api/v1/cases/{old.id}", "t.officer.b").status_code == 200)
    seen = {
        (who, sample.id): call("GET", f"/api/v1/cases/{sample.id}", who).status_code
        for who in ("t.officer.a", "t.officer.b")
        for sample in (old, new)
    }
    assert seen == {
        ("t.officer.a", old.id): 404,
        ("t.officer.a", new.id): 404,
        ("t.officer.b", old.id): 200,
        ("t.officer.b", new.id): 200,
    }
    query = f"lon={place['lon']}&lat={place['lat']}"
    assert call("GET", f"/api/v1/locate?{query}").json()["police_grid"]["name"] == "T-B"
    past = call("GET", "/api/v1/locate", params={**place, "at": before}).json()
    assert past["police_grid"]["name"] == "T-A"
    names = [plan["name"] for plan in call("GET", "/api/v1/plans").json()]
    assert names == ["2026 调整", "first"]


@pytest.fixture(scope="module")
def wuhan(suite):
    """An application with the demo station on the real roads of central Wuhan, and its logins."""
    with suite.database(f"test_{uuid4().hex[:12]}") as settings:
        demo.load(settings, ["wuhan"], 1, lambda _line: None)
        app = create_app(settings)
        yield app, json.loads((settings.home / "demo-logins.json").read_text())
        app.extensions["shuangge"].database.dispose()
        app.extensions["shuangge"].login.dispose()


@pytest.mark.timeout(300)
def test_a_hazard_is_sent_routed_and_shown_on_real_ground(wuhan):
    app, logins = wuhan

    def client(role, police_grid=None):
        login = next(
            item for item in logins
            if item["role"] == role and (police_grid is None or item["police_grid"] == police_grid)
        )  # fmt: skip
        made = app.test_client(use_cookies=False)
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {login['token']}"
        return made

    chief = client("station_chief")
    grids = chief.get("/ogc/collections/grids/items?limit=10000").json["features"]
    assert len(grids) > 10
    for grid in grids[:5]:
        point = shape(grid["geometry"]).representative_point()
        sample = report_at(point.x, point.y, place={"method": "plate", "accuracy_m": 1.0})
        receipt = client("volunteer").post("/api/v1/batches", data=sample.form()).json["reports"][0]
        assert receipt["state"] == "received", receipt
        assert receipt["grid"] == grid["properties"]["name"]
        assert receipt["police_grid"] == grid["properties"]["police_grid"]
        box = ",".join(str(edge) for edge in shape(grid["geometry"]).bounds)
        drawn = chief.get("/ogc/collections/cases/items", query_string={"bbox": box, "limit": 10000}).json
        assert sample.id in {feature["id"] for feature in drawn["features"]}
    page = chief.get("/map", headers={"Accept": "text/html"}).text
    assert "OpenStreetMap" in page
    assert "ODbL" in page


def test_the_real_ground_goes_out_and_comes_in_again(wuhan):
    app, logins = wuhan
    token = next(item["token"] for item in logins if item["role"] == "planner")
    planner = app.test_client(use_cookies=False)
    planner.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    plan = planner.get("/api/v1/plans").json[0]
    out = planner.get(f"/api/v1/plans/{plan['id']}/export?format=gpkg&crs=EPSG:4547")
    assert out.status_code == 200, out.text
    found = area_files.decode(out.data)
    assert found.crs == "EPSG:4547"
    made = planner.post("/api/v1/plans", data={"name": "again", "file": (io.BytesIO(out.data), "wuhan.gpkg")})
    assert made.status_code == 201, made.text
