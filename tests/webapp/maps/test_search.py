"""Finding a case by its number, a grid by name or code, a place by its name."""

from __future__ import annotations

from uuid import uuid4

import pytest
from geoalchemy2.shape import from_shape
from shapely import Point

from webapp.places.models import Place

SEARCH = "/api/v1/search"


@pytest.fixture
def search(as_role):
    client = as_role("officer", "A")
    return lambda words: client.get(SEARCH, query_string={"q": words}).json


def test_a_case_is_found_by_its_number_in_any_writing(as_role, search, send_report, station):
    sample = send_report("t.volunteer", "A1")
    number = as_role("officer", "A").get(f"/api/v1/cases/{sample.id}").json["number"]
    lon, lat = (sample.report["place"][at] for at in ("lon", "lat"))
    for words in (number, number.lower(), f"  {number} ", number[-6:]):
        first = search(words)[0]
        assert (first["kind"], first["id"], first["title"]) == ("case", sample.id, number)
        assert (first["lon"], first["lat"]) == (lon, lat)


def test_a_grid_is_found_by_name_and_by_code(search, station):
    west, south, east, north = station.box("B2")
    for words in ("T-B2", "t-b2", "140106001002002"):
        found = search(words)
        assert [(f["kind"], f["id"], f["title"]) for f in found] == [
            ("grid", str(station.grids["B2"]), "T-B2")
        ]
        assert west < found[0]["lon"] < east
        assert south < found[0]["lat"] < north


def test_a_place_is_found_by_a_part_of_its_name(search, owner_db, station):
    with owner_db.transaction(station.actor("t.planner")) as session:
        for name in ("迎泽公园", "100%蔬菜店", "a_b店"):
            session.add(
                Place(
                    id=uuid4(), station_id=station.id, kind="market", name=name,
                    geom=from_shape(Point(112.565, 37.863), 4326),
                )
            )  # fmt: skip
    assert [f["title"] for f in search("泽公")] == ["迎泽公园"]
    assert [f["title"] for f in search("100%")] == ["100%蔬菜店"]
    assert [f["title"] for f in search("a_b")] == ["a_b店"]


@pytest.mark.parametrize("words", ["%", "_", "\\", "'; DROP TABLE app.grid; --", "x" * 60, "没有的地方"])
def test_signs_of_sql_find_nothing_and_break_nothing(search, words):
    assert [f for f in search(words) if f["kind"] == "grid"] == []


def test_at_most_a_dozen_answers(search):
    assert len(search("1")) <= 12
    assert len(search("T-")) <= 12


def test_a_search_ends_at_the_stations_border(as_role, other_station):
    for role in ("officer", "station_chief", "system_admin"):
        client = as_role(role)
        assert client.get(SEARCH, query_string={"q": "U-A1"}).json == []
        assert client.get(SEARCH, query_string={"q": "140106002001001"}).json == []
    own = as_role("officer", "A", station="U").get(SEARCH, query_string={"q": "U-A1"}).json
    assert [f["id"] for f in own] == [str(other_station.grids["A1"])]
