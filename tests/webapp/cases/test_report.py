"""A report becomes a case in the right grid, exactly once, with everything kept as it was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pyproj import Transformer

from gis import coords
from tests.samples import ANSWERS, Sample, form_of, photo
from webapp.cases import rules
from webapp.cases.models import Attachment, Case
from webapp.cases.questions import answer_problems
from webapp.core import clock

CASES = "/api/v1/cases"
GOOD = {
    "flying_wire": ANSWERS,
    "dilapidated_house": {"signs": "cracks", "lived_in": True, "storeys": 2},
    "fire_lane": {"blocked_by": "vehicles", "passable": False},
    "slope": {"signs": "rockfall", "households_below": 12, "seen_on": "2026-05-01"},
    "lead": {"subject": "gambling", "ongoing": True, "people": 6},
    "other": {"what": "井盖缺失"},
}


def told(answer: Any) -> dict[str, str]:
    """Return the problems of a reply: pointer to code."""
    return {item["pointer"]: item["code"] for item in answer.json["errors"]}


@pytest.fixture
def post(as_role):
    client = as_role("volunteer")
    return lambda sample, **change: client.post(CASES, json={**sample.report, **change})


@pytest.fixture
def stored(owner_db):
    def load(case_id: str) -> Case:
        with owner_db.transaction() as session:
            found = session.get(Case, UUID(case_id))
            assert found is not None
            session.refresh(found, ["grid", "police_grid"])
            return found

    return load


@pytest.mark.parametrize("code", GOOD)
def test_each_class_is_taken_with_its_answers_kept(post, stored, sample_report, code):
    sample = sample_report("A1", class_code=code, answers=GOOD[code])
    answer = post(sample)
    assert answer.status_code == 201, answer.text
    case = stored(sample.id)
    assert (case.class_code, case.answers, case.state) == (code, GOOD[code], "reported")
    assert case.restricted == (code == "lead")
    assert case.due_at is not None
    assert case.due_at > case.reported_at
    assert answer.json["case_number"] == case.number
    assert (answer.json["grid"], answer.json["police_grid"]) == ("T-A1", "T-A")


def test_every_class_in_use_is_tested_here(as_role):
    listed = as_role("volunteer").get("/api/v1/hazard-classes").json
    assert {item["code"] for item in listed} == set(GOOD)
    kinds = {question["kind"] for item in listed for question in item["questions"]}
    assert kinds == {"text", "number", "choice", "yesno", "date", "photo"}
    assert all(item["title"] and (item["law"] or item["code"] == "other") for item in listed)


@pytest.mark.parametrize(
    ("code", "change", "pointer", "problem"),
    [
        ("flying_wire", {"wires": None}, "/answers/wires", "answer_required"),
        ("flying_wire", {"wires": "two"}, "/answers/wires", "answer_number"),
        ("flying_wire", {"wires": 0}, "/answers/wires", "answer_number"),
        ("flying_wire", {"wires": True}, "/answers/wires", "answer_number"),
        ("flying_wire", {"building_kind": "castle"}, "/answers/building_kind", "answer_choice"),
        ("flying_wire", {"seen_charging": "yes"}, "/answers/seen_charging", "answer_yesno"),
        ("flying_wire", {"colour": "red"}, "/answers/colour", "answer_not_asked"),
        ("slope", {"seen_on": "2026-02-30"}, "/answers/seen_on", "answer_date"),
        ("lead", {"ongoing": False}, "/answers/people", "answer_not_asked"),
        ("other", {"what": "长" * 501}, "/answers/what", "answer_text"),
        ("other", {"what": ""}, "/answers/what", "answer_required"),
    ],
)
def test_a_wrong_answer_is_named_with_its_field(post, sample_report, code, change, pointer, problem):
    sample = sample_report("A1", class_code=code, answers={**GOOD[code], **change})
    answer = post(sample)
    assert answer.status_code == 422, answer.text
    assert told(answer) == {pointer: problem}


def test_all_problems_are_told_at_once(post, sample_report):
    answers = {"building_kind": "castle", "seen_charging": 1}
    sample = sample_report("A1", answers=answers, found_at="2016-01-01T00:00:00+08:00")
    assert told(post(sample)) == {
        "/answers/building_kind": "answer_choice",
        "/answers/seen_charging": "answer_yesno",
        "/answers/wires": "answer_required",
        "/found_at": "found_too_old",
    }


def test_a_question_that_depends_on_another_is_asked_only_then(post, sample_report):
    quiet = {"subject": "gambling", "ongoing": False}
    assert post(sample_report("A1", class_code="lead", answers=quiet)).status_code == 201
    from webapp.cases.questions import Question

    grown = Question("people", "number", {}, required=True, relevant=("ongoing", (True,)))
    asks = Question("ongoing", "yesno", {}, required=True)
    assert answer_problems([asks, grown], {"ongoing": False}, 0) == []
    assert [p.code for p in answer_problems([asks, grown], {"ongoing": True}, 0)] == ["answer_required"]


def test_an_unknown_class_and_an_unknown_version_are_refused(post, sample_report):
    assert told(post(sample_report(), class_code="ufo")) == {"/class_code": "class_unknown"}
    assert told(post(sample_report(), class_version=99)) == {"/class_code": "class_unknown"}
    assert post(sample_report(), class_version=1).status_code == 201


def test_a_photo_that_the_class_needs_must_at_least_be_announced(post, as_role, sample_report):
    sample = sample_report("A1")
    assert told(post(sample, files=[])) == {"/answers/photo": "photo_needed"}
    receipt = post(sample)
    assert receipt.status_code == 201
    assert receipt.json["held"] == []
    from io import BytesIO

    data = next(iter(sample.photos.values()))
    client = as_role("volunteer")
    sent = client.post(f"{CASES}/{sample.id}/attachments", data={"photo": (BytesIO(data), "a.jpg")})
    assert sent.status_code == 201
    again = client.post(f"{CASES}/{sample.id}/attachments", data={"photo": (BytesIO(data), "a.jpg")})
    assert [a["sent_sha256"] for a in again.json["attachments"]] == list(sample.photos)
    assert post(sample).json["held"] == list(sample.photos)


def test_a_place_outside_the_station_is_refused_with_its_distance(post, sample_report):
    answer = post(sample_report("A1", place={"lon": 112.75}))
    assert answer.status_code == 422
    assert told(answer) == {"/place": "outside_station"}
    # from the east edge 112.576 to 112.75 at 37.86 degrees north: 15.3 km
    assert "15.3" in answer.json["errors"][0]["detail"]


def test_inside_five_kilometres_the_nearest_grid_takes_it_flagged(post, stored, sample_report):
    sample = sample_report("C1", place={"lon": 112.576 + 0.02})
    assert post(sample).status_code == 201
    case = stored(sample.id)
    assert (case.grid.name, case.place_flag) == ("T-C1", "outside_grids")


@pytest.mark.parametrize(("metres", "taken"), [(4900, True), (5100, False)])
def test_the_margin_is_five_kilometres(post, sample_report, metres, taken):
    kx, _ky = coords.metres_per_degree(37.8635)
    answer = post(sample_report("C1", place={"lon": 112.576 + metres / kx}))
    assert (answer.status_code == 201) == taken


def test_near_a_border_the_neighbour_is_named(post, stored, sample_report, station):
    _west, _south, east, _north = station.box("A1")
    sample = sample_report("A1", place={"lon": east - 0.0001, "accuracy_m": 30.0})
    receipt = post(sample).json
    assert (receipt["grid"], receipt["neighbour"]) == ("T-A1", "T-B1")
    case = stored(sample.id)
    assert case.place_flag == "near_border"
    assert case.neighbour_grid_id == station.grids["B1"]
    sure = sample_report("A1", place={"lon": east - 0.0001, "accuracy_m": 3.0})
    assert post(sure).status_code == 201
    assert (stored(sure.id).neighbour_grid_id, stored(sure.id).place_flag) == (None, None)


def test_on_a_shared_border_the_lower_code_wins(post, sample_report, station):
    west, south, east, north = station.box("A1")
    middle = round((south + north) / 2, 6)
    on_side = post(sample_report("A1", place={"lon": east, "lat": middle})).json
    on_corner = post(sample_report("A1", place={"lon": east, "lat": north})).json
    on_top = post(sample_report("A1", place={"lon": west + 0.001, "lat": north})).json
    assert (on_side["grid"], on_corner["grid"], on_top["grid"]) == ("T-A1", "T-A1", "T-A1")


SYSTEMS = ["gcj02", "bd09", "cgcs2000", "EPSG:4546"]


@pytest.mark.parametrize("crs", SYSTEMS)
def test_other_coordinate_systems_land_in_the_right_grid_and_keep_the_raw_value(
    post, stored, sample_report, station, crs
):
    lon, lat = station.inside("B2")
    if crs == "EPSG:4546":
        x, y = Transformer.from_crs(4326, 4546, always_xy=True).transform(lon, lat)
    else:
        x, y = coords.from_wgs84(lon, lat, crs)
    place = {"lon": x, "lat": y, "crs": crs, "accuracy_m": 12.5, "method": "pin", "address": "并州北路"}
    sample = sample_report("B2", place=place)
    answer = post(sample)
    assert answer.status_code == 201, answer.text
    assert answer.json["grid"] == "T-B2"
    case = stored(sample.id)
    assert (case.raw_x, case.raw_y, case.raw_crs.upper()) == (x, y, crs.upper())
    assert (case.accuracy_m, case.method, case.address) == (12.5, "pin", "并州北路")
    from geoalchemy2.shape import to_shape

    kept = to_shape(case.geom)
    assert coords.distance_m(kept.x, kept.y, lon, lat) < 0.001


def test_gcj02_read_as_wgs84_would_land_elsewhere(post, sample_report, station):
    lon, lat = coords.from_wgs84(*station.inside("B2"), "gcj02")
    assert post(sample_report("B2", place={"lon": lon, "lat": lat})).json["grid"] != "T-B2"


def test_a_report_that_is_known_with_other_content_is_a_conflict_with_both_hashes(post, sample_report):
    sample = sample_report("A1")
    first = post(sample)
    again = post(sample)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    other = post(sample, note="别的内容")
    assert other.status_code == 409
    assert other.json["code"] == "already_known"
    import re

    hashes = re.findall(r"[0-9a-f]{64}", other.json["detail"])
    assert len(set(hashes)) == 2


def test_somebody_elses_id_is_a_conflict_that_tells_nothing(post, as_user, sample_report):
    sample = sample_report("A1", note="只有本人知道")
    assert post(sample).status_code == 201
    number = post(sample).json["case_number"]
    foreign = as_user("t.volunteer.2").post(CASES, json={**sample.report, "note": "x"})
    assert foreign.status_code == 409
    assert number not in foreign.text
    assert "只有本人知道" not in foreign.text
    stranger = as_user("u.volunteer").post(CASES, json=sample.report)
    assert stranger.status_code in (409, 422)


def test_case_numbers_follow_each_other_whatever_is_refused_between(post, sample_report):
    first = post(sample_report("A1")).json["case_number"]
    post(sample_report("A1", answers={}))
    post(sample_report("A1", place={"lon": 112.75}))
    second = post(sample_report("A1")).json["case_number"]
    serial = int(first[-6:])
    year = datetime.now(UTC).astimezone(clock.SHOWN).year
    assert first == rules.case_number("T", year, serial)
    assert second == rules.case_number("T", year, serial + 1)


@pytest.mark.parametrize(
    ("shift", "problem"),
    [
        (timedelta(minutes=5), None),
        (timedelta(minutes=15), "found_in_future"),
        (timedelta(days=-364), None),
        (timedelta(days=-3653), "found_too_old"),
    ],
)
def test_the_time_of_finding_must_be_believable(post, sample_report, shift, problem):
    answer = post(sample_report("A1", found_at=(datetime.now(UTC) + shift).isoformat()))
    assert (answer.status_code == 201) == (problem is None)
    if problem:
        assert told(answer) == {"/found_at": problem}


def test_a_batch_keeps_photos_whatever_its_parts_are_called(as_role, owner_db, sample_report):
    sample: Sample = sample_report("A1", photos=(photo(101), photo(102), photo(103)))
    from io import BytesIO

    form = form_of(sample)
    parts = {"batch": form["batch"], "photo": [(BytesIO(d), "p.jpg") for d in sample.photos.values()]}
    receipt = as_role("volunteer").post("/api/v1/batches", data=parts).json["reports"][0]
    assert receipt["state"] == "received"
    assert sorted(receipt["files"]["held"]) == sorted(sample.photos)
    with owner_db.transaction() as session:
        rows = session.query(Attachment).filter_by(case_id=UUID(sample.id)).all()
    assert {row.sent_sha256 for row in rows} == set(sample.photos)
