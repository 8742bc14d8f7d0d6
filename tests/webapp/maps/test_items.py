"""Features of each layer: in the box, in the state, on the day and for the reader that were asked for."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from geoalchemy2.shape import from_shape
from shapely import LineString, MultiLineString, Point

from tests.samples import photo
from webapp.patrols.models import GridPresence, Patrol
from webapp.places.models import Place

ITEMS = "/ogc/collections/{}/items"


@pytest.fixture
def items(as_role):
    def get(layer, role="officer", police_grid="A", **query):
        client = as_role(role, police_grid if role in ("officer", "grid_worker") else None)
        return client.get(ITEMS.format(layer), query_string=query)

    return get


def bbox(*edges):
    return ",".join(f"{edge:.7f}" for edge in edges)


def inner(box):
    """Return a box with a little less than a grid, so that its neighbours don't touch it."""
    west, south, east, north = box
    return west + 0.0002, south + 0.0002, east - 0.0002, north - 0.0002


def test_grids_carry_what_the_map_shows(items, station):
    answer = items("grids")
    assert answer.mimetype == "application/geo+json"
    found = answer.json
    assert (found["type"], found["numberReturned"]) == ("FeatureCollection", 6)
    by_name = {f["properties"]["name"]: f for f in found["features"]}
    assert set(by_name) == {f"T-{label}" for label in station.grids}
    first = by_name["T-A1"]
    assert first["id"] == str(station.grids["A1"])
    assert first["properties"]["code"] == "140106001001001"
    assert first["properties"]["police_grid"] == "T-A"
    assert (first["properties"]["households"], first["properties"]["population"]) == (400, 1000)
    ring = first["geometry"]["coordinates"][0]
    west, south, east, north = station.box("A1")
    assert {tuple(p) for p in ring} == {(west, south), (east, south), (east, north), (west, north)}


def test_a_box_takes_what_touches_it_and_nothing_else(items, station):
    found = items("grids", bbox=bbox(*inner(station.box("B2")))).json
    assert [f["properties"]["name"] for f in found["features"]] == ["T-B2"]
    assert items("grids", bbox=bbox(120, 30, 121, 31)).json["features"] == []
    assert items("grids", bbox=bbox(112, 37, 113, 38)).json["numberReturned"] == 6


def test_the_limit_is_kept_and_told(items):
    found = items("grids", limit=2).json
    assert (found["numberReturned"], len(found["features"])) == (2, 2)


def test_police_grids_are_the_union_of_their_grids(items, station):
    found = {f["properties"]["name"]: f for f in items("police_grids").json["features"]}
    assert set(found) == {"T-A", "T-B", "T-C"}
    from shapely.geometry import shape

    a1, a2 = station.box("A1"), station.box("A2")
    assert shape(found["T-A"]["geometry"]).bounds == pytest.approx((a1[0], a1[1], a2[2], a2[3]))


@pytest.mark.parametrize(
    ("layer", "query"),
    [
        ("grids", {"bbox": "1,2,3"}),
        ("grids", {"bbox": "a,b,c,d"}),
        ("grids", {"bbox": "NaN,0,1,1"}),
        ("grids", {"bbox": "113,37,112,38"}),
        ("grids", {"bbox": "112,95,113,96"}),
        ("grids", {"limit": "0"}),
        ("grids", {"limit": "10001"}),
        ("grids", {"datetime": "yesterday"}),
        ("grids", {"datetime": "0001-01-01T00:00:00Z"}),
        ("grids", {"state": "open"}),
        ("places", {"class_code": "flying_wire"}),
        ("cases", {"colour": "red"}),
        ("cases", {"f": "kml"}),
    ],
)
def test_a_bad_question_is_a_bad_request(items, layer, query):
    answer = items(layer, **query)
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "application/problem+json"


def test_an_unknown_collection_is_not_found(items):
    assert items("secrets").status_code == 404


def test_the_past_is_drawn_as_it_was(items):
    old = (datetime.now(UTC) - timedelta(days=500)).isoformat()
    assert items("grids", datetime=old).json["features"] == []
    lately = (datetime.now(UTC) - timedelta(days=300)).isoformat()
    assert items("grids", datetime=lately).json["numberReturned"] == 6


def test_cases_by_state_class_and_kind(as_role, items, send_report):
    officer = as_role("officer", "A")
    reported, accepted, closed = (send_report("t.volunteer", "A1").id for _n in range(3))
    other = send_report("t.volunteer", "A2", class_code="other", answers={"what": "井盖缺失"}).id
    lead = send_report(
        "t.volunteer", "A1", class_code="lead", answers={"subject": "fraud", "ongoing": False}
    ).id
    for case_id in (accepted, closed):
        assert officer.post(f"/api/v1/cases/{case_id}/accept", json={}).status_code == 200
    proof = {"note": "已拆除", "photo": (io.BytesIO(photo(3)), "a.jpg")}
    assert officer.post(f"/api/v1/cases/{closed}/close", data=proof).status_code == 200
    mine = {reported, accepted, closed, other}
    opened = {"purpose": "handle", "words": "核实线索"}
    assert officer.post(f"/api/v1/leads/{lead}/open", json=opened).status_code == 200

    def ids(**query):
        return {f["id"] for f in items("cases", limit=10000, **query).json["features"]} & mine

    assert ids() == mine
    assert ids(state="open") == mine - {closed}
    assert ids(state="recent") == mine
    assert ids(state="closed") == {closed}
    assert ids(state="accepted") == {accepted}
    assert ids(class_code="other") == {other}
    assert items("cases", kind="lead").json["numberReturned"] == 0, "restricted leads stand on no map"
    assert ids(kind="hazard", state="reported") == {reported, other}


def test_a_case_carries_what_the_popup_shows_and_no_name(items, send_report, station, member):
    sample = send_report("t.volunteer", "A2", note="<b>三单元</b>" + "长" * 300)
    feature = next(f for f in items("cases").json["features"] if f["id"] == sample.id)
    place = sample.report["place"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [place["lon"], place["lat"]]}
    shown = feature["properties"]
    assert (shown["grid"], shown["police_grid"], shown["state"]) == ("T-A2", "T-A", "reported")
    assert len(shown["note"]) == 140
    assert shown["photo_id"]
    assert shown["class_title"]["zh"] == "飞线充电"
    assert str(member("t.volunteer").person_id) not in str(feature)


def test_places_in_the_box(items, owner_db, station):
    lon, lat = station.inside("A1")
    with owner_db.transaction(station.actor("t.planner")) as session:
        session.add(
            Place(
                id=uuid4(), station_id=station.id, kind="school", name="第一小学",
                geom=from_shape(Point(lon, lat), 4326),
            )
        )  # fmt: skip
    found = items("places", bbox=bbox(*inner(station.box("A1")))).json["features"]
    assert [f["properties"] for f in found] == [{"name": "第一小学", "kind": "school"}]
    assert items("places", bbox=bbox(*inner(station.box("A2")))).json["features"] == []


@pytest.fixture
def walked(owner_db, station, member):
    """A patrol of yesterday through A1, with its presence."""
    lon, lat = station.inside("A1")
    at = datetime.now(UTC) - timedelta(days=1)
    patrol_id = uuid4()
    with owner_db.transaction(station.actor("t.planner")) as session:
        track = MultiLineString([LineString([(lon, lat), (lon + 0.001, lat)])])
        session.add(
            Patrol(
                id=patrol_id, station_id=station.id, person_id=member("t.volunteer").person_id,
                kind="foot", started_at=at, ended_at=at + timedelta(minutes=30), walked_m=900,
                track=from_shape(track, 4326),
            )
        )  # fmt: skip
        session.merge(
            GridPresence(
                grid_id=station.grids["A1"], day_on=at.date(), station_id=station.id, patrols=1,
                seconds=1800, last_at=at + timedelta(minutes=30),
            )
        )  # fmt: skip
    return str(patrol_id)


def test_tracks_are_for_the_chief_only(items, walked):
    chief = items("patrols", role="station_chief").json["features"]
    assert walked in {f["id"] for f in chief}
    for role in ("officer", "grid_worker", "planner", "mediator", "system_admin", "volunteer"):
        assert items("patrols", role=role).status_code == 403
    old = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    assert items("patrols", role="station_chief", datetime=old).json["features"] == []


def test_coverage_tells_presence_per_grid_and_names_nobody(items, walked, member):
    answer = items("coverage")
    by_name = {f["properties"]["name"]: f["properties"] for f in answer.json["features"]}
    assert len(by_name) == 6
    assert (by_name["T-A1"]["patrols"], by_name["T-A1"]["minutes"]) == (1, 30)
    assert by_name["T-A1"]["band"] == "fresh"
    assert (by_name["T-C2"]["patrols"], by_name["T-C2"]["band"]) == (0, "never")
    assert str(member("t.volunteer").person_id) not in answer.text


def test_the_numbers_add_up(as_role, items, send_report, owner_db, station):
    """What the chief's map shows is the sum of what each police grid's list holds."""
    from sqlalchemy import text

    for grid in ("A1", "A2", "B1", "C2"):
        send_report("t.volunteer", grid)
    on_map = items("cases", role="station_chief", limit=10000).json
    per_grid = {}
    for feature in on_map["features"]:
        name = feature["properties"]["police_grid"]
        per_grid[name] = per_grid.get(name, 0) + 1
    assert on_map["numberReturned"] == sum(per_grid.values())
    with owner_db.transaction() as session:
        rows = session.execute(
            text("""SELECT k.name, count(*) AS n FROM app.case_file c JOIN app.police_grid k
                ON k.id = c.police_grid_id
                WHERE c.station_id = :s AND NOT (c.restricted AND c.kind = 'lead') GROUP BY 1"""),
            {"s": station.id},
        )
        assert per_grid == {row.name: row.n for row in rows}
    seen, cursor, chief = [], None, as_role("station_chief")
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = chief.get("/api/v1/cases", query_string=query).json
        seen += [case["id"] for case in page["cases"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == on_map["numberReturned"]
    assert set(seen) == {f["id"] for f in on_map["features"]}


def test_other_stations_ground_is_another_map(as_role, station, other_station):
    mine = as_role("officer", "A").get(ITEMS.format("grids")).text
    theirs = as_role("officer", "A", station="U").get(ITEMS.format("grids")).text
    assert str(other_station.grids["A1"]) not in mine
    assert str(station.grids["A1"]) not in theirs
