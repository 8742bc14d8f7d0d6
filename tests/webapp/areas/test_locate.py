"""Whose ground is this: in any coordinate system, at any time, for one's own station."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pyproj import Transformer

from gis import coords

LOCATE = "/api/v1/locate"


@pytest.fixture
def locate(as_role):
    client = as_role("volunteer")
    return lambda lon, lat, **more: client.get(LOCATE, query_string={"lon": lon, "lat": lat, **more})


@pytest.mark.parametrize("label", ["A1", "A2", "B1", "B2", "C1", "C2"])
def test_every_grid_is_found_with_its_police_grid(locate, station, label):
    found = locate(*station.inside(label)).json
    assert found["grid"]["id"] == str(station.grids[label])
    assert found["police_grid"]["id"] == str(station.police_grids[label[0]])
    assert found["plan_id"] == str(station.plan_id)
    assert (found["flag"], found["neighbour"]) == (None, None)


def test_the_people_on_duty_are_named(locate, station, member):
    duty = {(d["person_id"], d["duty"]) for d in locate(*station.inside("A1")).json["on_duty"]}
    assert duty == {
        (str(member("t.officer.a").person_id), "officer"),
        (str(member("t.grid_worker.a").person_id), "grid_worker"),
    }
    assert locate(*station.inside("C1")).json["on_duty"] == []


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "cgcs2000", "EPSG:4546"])
def test_other_systems_are_understood(locate, station, crs):
    lon, lat = station.inside("B1")
    if crs == "EPSG:4546":
        x, y = Transformer.from_crs(4326, 4546, always_xy=True).transform(lon, lat)
    else:
        x, y = coords.from_wgs84(lon, lat, crs)
    found = locate(x, y, crs=crs).json
    assert found["grid"]["name"] == "T-B1"
    assert coords.distance_m(found["lon"], found["lat"], lon, lat) < 0.001


def test_the_error_circle_names_the_neighbour(locate, station):
    west, south, _east, north = station.box("B1")
    found = locate(west + 0.0002, (south + north) / 2, accuracy_m=40).json
    assert (found["grid"]["name"], found["neighbour"]["name"]) == ("T-B1", "T-A1")
    assert found["neighbour"]["code"] == "140106001001001"
    assert found["flag"] == "near_border"
    assert locate(west + 0.0002, (south + north) / 2, accuracy_m=10).json["neighbour"] is None


def test_a_time_before_the_first_plan_has_no_answer(locate, station):
    old = (datetime.now(UTC) - timedelta(days=500)).isoformat()
    answer = locate(*station.inside("A1"), at=old)
    assert (answer.status_code, answer.json["code"]) == (409, "no_plan")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"lon": "NaN", "lat": "37.9"}, 422, "not_finite"),
        ({"lon": "inf", "lat": "37.9"}, 422, "not_finite"),
        ({"lon": "x", "lat": "37.9"}, 422, "not_number"),
        ({"lat": "37.9"}, 422, "field_required"),
        ({"lon": "112.6", "lat": "37.9", "crs": "mars"}, 422, "unknown_crs"),
        ({"lon": "37.863", "lat": "112.566"}, 422, "swapped_axes"),
        ({"lon": "116.4", "lat": "39.9"}, 422, "outside_station"),
        ({"lon": "2.35", "lat": "48.85", "crs": "gcj02"}, 422, "outside_china"),
        ({"lon": "112.6", "lat": "37.9", "at": "yesterday"}, 422, "bad_time"),
        ({"lon": "112.6", "lat": "37.9", "at": "2026-05-01T08:00:00"}, 422, "bad_time"),
        ({"lon": "112.6", "lat": "37.9", "colour": "red"}, 422, "field_unknown"),
        ({"lon": "112.6", "lat": "37.9", "accuracy_m": "-1"}, 422, "number_range"),
    ],
)
def test_bad_questions_get_a_named_problem(as_role, query, status, code):
    answer = as_role("volunteer").get(LOCATE, query_string=query)
    assert answer.status_code == status, answer.text
    assert [e["code"] for e in answer.json["errors"]] == [code]


def test_the_other_stations_ground_is_foreign(as_role, other_station):
    lon, lat = other_station.inside("A1")
    assert as_role("volunteer", station="U").get(LOCATE, query_string={"lon": lon, "lat": lat}).json["grid"][
        "name"
    ] == ("U-A1")
    answer = as_role("volunteer").get(LOCATE, query_string={"lon": lon, "lat": lat})
    assert answer.json["errors"][0]["code"] == "outside_station"


def test_grids_and_police_grids_add_up(as_role, station):
    grids = as_role("officer", "A").get("/api/v1/grids").json
    police = as_role("officer", "A").get("/api/v1/police-grids").json
    assert {g["id"] for g in grids} == {str(i) for i in station.grids.values()}
    assert {g["police_grid_id"] for g in grids} == {p["id"] for p in police}
    # 0.004 by 0.003 degrees at 37.86 north: 351.9 m by 333.0 m
    assert all(abs(g["area_m2"] - 351.9 * 333.0) < 300 for g in grids)
