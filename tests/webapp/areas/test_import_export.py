"""Grids come in and go out as files in named systems; what does not fit is told with its place."""

from __future__ import annotations

import copy
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyproj import Transformer
from shapely import Polygon, box, from_wkb, get_coordinates, to_geojson
from shapely.affinity import translate
from sqlalchemy import text

from collectors import area_files
from gis import coords
from tests.stations import GROUNDS, HEIGHT, WIDTH

PLANS = "/api/v1/plans"
DATA = Path(__file__).parents[3] / "webapp" / "demo" / "data"
TOLERANCE_M = 0.001


@pytest.fixture
def planner(as_role):
    return as_role("planner")


def squares():
    """Return label -> (code, polygon) of station T's ground."""
    (west, south), columns = GROUNDS["T"]
    found = {}
    for index, (_police, community, labels) in enumerate(columns):
        for row, label in enumerate(labels):
            corner = (round(west + index * WIDTH, 6), round(south + row * HEIGHT, 6))
            shape = box(*corner, round(corner[0] + WIDTH, 6), round(corner[1] + HEIGHT, 6))
            found[label] = (f"{community}{row + 1:03d}", shape)
    return found


def geojson(shapes):
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(to_geojson(shape)),
            "properties": {"code": code, "name": f"T-{label}", "police_grid": f"T-{label[0]}"},
        }
        for label, (code, shape) in shapes.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def send(client, data, name="grids", filename="grids.bin", **more):
    form = {"name": name, "file": (io.BytesIO(data), filename), **more}
    return client.post(PLANS, data=form, headers={"Accept-Language": "en"})


# GeoJSON is geographic by its standard (RFC 7946): no Gauss-Kruger there.
TRIPS = [("geojson", "cgcs2000"), ("geojson", "wgs84")] + [
    (form, crs) for form in ("shp", "gpkg") for crs in ("EPSG:4546", "cgcs2000", "wgs84")
]


@pytest.mark.parametrize(("form", "crs"), TRIPS)
def test_what_goes_out_comes_in_again_within_a_millimetre(planner, owner_db, station, form, crs):
    out = planner.get(f"{PLANS}/{station.plan_id}/export", query_string={"format": form, "crs": crs})
    assert out.status_code == 200, out.text
    assert (
        f".{ {'geojson': 'geojson', 'shp': 'zip', 'gpkg': 'gpkg'}[form] }"
        in out.headers["Content-Disposition"]
    )
    made = send(planner, out.data, name=f"{form} {crs}", **({"crs": crs} if form == "geojson" else {}))
    assert made.status_code == 201, made.text
    with owner_db.transaction() as session:
        rows = session.execute(
            text("""SELECT g.code, ST_AsBinary(a.geom) AS old, ST_AsBinary(b.geom) AS new,
                           a.households AS h, b.households AS i, p.name AS was, q.name AS now
                FROM app.grid_shape a JOIN app.grid_shape b USING (grid_id) JOIN app.grid g ON g.id = grid_id
                JOIN app.police_grid p ON p.id = a.police_grid_id
                JOIN app.police_grid q ON q.id = b.police_grid_id
                WHERE a.plan_id = :old AND b.plan_id = :new"""),
            {"old": station.plan_id, "new": made.json["id"]},
        ).all()
    assert len(rows) == 6
    for row in rows:
        old, new = from_wkb(bytes(row.old)), from_wkb(bytes(row.new))
        away = [min(coords.distance_m(*p, *q) for q in get_coordinates(new)) for p in get_coordinates(old)]
        assert max(away) < TOLERANCE_M
        assert (row.h, row.was) == (row.i, row.now)


def test_the_file_in_gauss_kruger_is_in_metres_of_that_zone(planner, station):
    out = planner.get(
        f"{PLANS}/{station.plan_id}/export", query_string={"format": "gpkg", "crs": "EPSG:4546"}
    )
    found = area_files.decode(out.data)
    assert found.crs == "EPSG:4546"
    east, north = Transformer.from_crs(4326, 4546, always_xy=True).transform(112.564, 37.862)
    first = min(get_coordinates(found.areas[0].raw_geometry).tolist())
    assert first == pytest.approx([east, north], abs=400)


def faulty():
    """Return name -> (shapes, fault code, codes concerned, a point near the fault)."""
    good = squares()
    a1, a2, b1, b2 = (good[label] for label in ("A1", "A2", "B1", "B2"))
    west, south, east, north = a1[1].bounds
    wide = box(west, south, east + 0.0005, north)
    narrow = box(west, south, east - 0.0005, north)
    bow = Polygon([(west, south), (east, north), (east, south), (west, north)])
    spike = Polygon(
        [(west, south), (east, south), (east, south + 0.001), (east - 2e-6, south + 0.0015),
         (east, south + 0.002), (east, north), (west, north)]
    )  # fmt: skip
    return {
        "overlap": ({**good, "A1": (a1[0], wide)}, "fault_overlap", (a1[0], b1[0]), (east, south)),
        "gap": ({**good, "A1": (a1[0], narrow)}, "fault_gap", (a1[0], b1[0]), (east, south)),
        "missing": ({k: v for k, v in good.items() if k != "B2"}, "fault_gap", (a2[0],), b2[1].bounds[:2]),
        "unmatched": ({**good, "A1": (a1[0], spike)}, "fault_unmatched_edge", (a1[0],), (east, south)),
        "outside": (
            {**good, "A1": (a1[0], box(west - 0.001, south, east, north))},
            "fault_outside_ground", (a1[0],), (west, south),
        ),
        "invalid": ({**good, "A1": (a1[0], bow)}, "bad_geometry", (), (west, south)),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["overlap", "gap", "missing", "unmatched", "outside", "invalid"])
def test_each_fault_is_named_with_its_grids_and_its_place(planner, name):
    shapes, code, grids, near = faulty()[name]
    before = len(planner.get(PLANS).json)
    answer = send(planner, geojson(shapes))
    assert answer.status_code == 422, answer.text
    told = [e for e in answer.json["errors"] if e["code"] == code]
    assert told, answer.text
    said = told[0]["detail"]
    assert all(grid in said for grid in grids)
    lon, lat = (float(part) for part in said.rstrip(".").split(" at ")[1].split(", "))
    assert abs(lon - near[0]) < 0.006
    assert abs(lat - near[1]) < 0.006
    assert len(planner.get(PLANS).json) == before


def test_a_grid_in_two_pieces_is_torn(planner):
    shapes = squares()
    code, shape = shapes["A1"]
    west, south, _east, north = shape.bounds
    cut = shape.difference(box(west + 0.0018, south, west + 0.0022, north))
    shapes["A1"] = (code, cut)
    answer = send(planner, geojson(shapes))
    assert {e["code"] for e in answer.json["errors"]} >= {"fault_torn"}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ("140106001001001", "duplicate"),
        ("140106001001000", "bad_grid_serial"),
        ("14010600100100", "bad_code_length"),
        ("14010600100100X", "bad_code_digits"),
        ("990106001001001", "bad_province"),
    ],
)
def test_wrong_and_double_codes_are_named_with_their_feature(planner, bad, code):
    shapes = squares()
    shapes["B1"] = (bad, shapes["B1"][1])
    answer = send(planner, geojson(shapes))
    assert answer.status_code == 422
    assert any(code in (e["code"], e["code"] + "_code") or e["code"].startswith(code)
               for e in answer.json["errors"]), answer.text  # fmt: skip
    assert any("/2" in e["pointer"] or "2" in e["pointer"] for e in answer.json["errors"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "unknown_format"),
        (b"%PDF-1.7", "unknown_format"),
        (b"{", "bad_json"),
        (b'{"type":"FeatureCollection","features":[]}', "no_areas"),
        (b'{"type":"Point","coordinates":[1,2]}', "not_features"),
        (b"PK\x03\x04broken", "bad_zip"),
        (b"SQLite format 3\x00" + bytes(200), "bad_area_file"),
    ],
)
def test_what_is_no_file_of_areas_is_refused_by_name(planner, data, code):
    answer = send(planner, data)
    assert answer.status_code == 422, answer.text
    assert [e["code"] for e in answer.json["errors"]] == [code]


def test_gcj02_that_calls_itself_wgs84_can_be_said_to_be_gcj02(planner, owner_db, station):
    shifted = {
        label: (code, Polygon([coords.from_wgs84(*p, "gcj02") for p in get_coordinates(shape)]))
        for label, (code, shape) in squares().items()
    }
    assert send(planner, geojson(shifted)).status_code == 422
    made = send(planner, geojson(shifted), crs="gcj02")
    assert made.status_code == 201, made.text


def test_a_shift_of_the_whole_plan_is_told(planner):
    moved = {label: (code, translate(shape, 0.001)) for label, (code, shape) in squares().items()}
    codes = {e["code"] for e in send(planner, geojson(moved)).json["errors"]}
    assert codes == {"fault_outside_ground", "fault_gap"}


def test_a_plan_without_police_grids_takes_the_communities(planner, owner_db):
    document = json.loads(geojson(squares()))
    for feature in document["features"]:
        del feature["properties"]["police_grid"]
        feature["properties"]["社区"] = "社区" + feature["properties"]["code"][9:12]
    made = send(planner, json.dumps(document).encode())
    assert made.status_code == 201, made.text
    with owner_db.transaction() as session:
        names = session.scalars(
            text("""SELECT DISTINCT k.name FROM app.grid_shape s JOIN app.police_grid k
                ON k.id = s.police_grid_id WHERE s.plan_id = :id"""),
            {"id": made.json["id"]},
        ).all()
    assert len(names) == 3


def test_export_of_a_foreign_or_absent_plan_is_the_same_not_found(planner, other_station):
    absent = planner.get(f"{PLANS}/00000000-0000-4000-8000-000000000000/export")
    foreign = planner.get(f"{PLANS}/{other_station.plan_id}/export")
    assert (absent.status_code, absent.data) == (404, foreign.data)


def test_export_in_a_system_that_may_not_be_written_is_refused(planner, station):
    answer = planner.get(f"{PLANS}/{station.plan_id}/export", query_string={"crs": "gcj02"})
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "crs_not_writable")


def test_the_real_county_outlines_are_sound_and_in_their_county():
    """The outlines of six real counties (CGCS2000) come through the same reader as a user's file."""
    raw = json.loads((DATA / "counties.geojson").read_text())
    assert raw["features"]
    for feature in raw["features"]:
        alone = copy.deepcopy(feature)
        county = str(alone["properties"].get("code") or alone["properties"].get("adcode") or "140106")[:6]
        alone["properties"] = {"code": f"{county}001001001", "name": "county"}
        data = json.dumps({"type": "FeatureCollection", "features": [alone]}).encode()
        found = area_files.decode(data, crs="cgcs2000")
        shape = found.areas[0].geometry
        assert shape.is_valid
        # A county has hundreds of square kilometres: metres or swapped axes would not.
        assert 1e7 < coords.area_m2(shape) < 2e10


def test_the_command_line_imports_and_exports_the_same_way(settings, station, tmp_path, owner_db):
    file = tmp_path / "grids.gpkg"
    environment = {
        "SHUANGGE_HOME": str(settings.home), "SHUANGGE_DATABASE": settings.database, "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }  # fmt: skip
    program = str(Path(sys.executable).with_name("shuangge"))

    def run(*words):
        done = subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    code, said = run("export", str(file), "--station", "T", "--format", "gpkg")
    assert code == 0, said
    assert len(area_files.decode(file.read_bytes()).areas) == 6
    code, said = run("import", "grids", str(file), "--station", "T", "--name", "again")
    assert code == 0, said
    code, said = run("import", "grids", str(file), "--station", "NOWHERE", "--name", "again")
    assert code == 1
    assert "Traceback" not in said
