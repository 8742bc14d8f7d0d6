"""A file of calls: seen row by row before anything is kept, taken over exactly once."""

from __future__ import annotations

import csv
import io
import json
from uuid import uuid4

import openpyxl
import pytest
from sqlalchemy import func, select

from gis import coords
from tests.webapp.intake.conftest import HEADINGS, csv_of, said_at
from webapp.cases.models import Case
from webapp.core.events import Event

UPLOADS = "/api/v1/intake/uploads"


@pytest.fixture
def rows(as_role):
    def read(answer, role="station_chief", **query):
        assert answer.status_code == 201, answer.text
        found = as_role(role).get(f"{UPLOADS}/{answer.json['id']}/rows", query_string=query)
        assert found.status_code == 200, found.text
        return found.json["rows"]

    return read


@pytest.fixture
def take(as_role):
    def done(answer, role="station_chief"):
        taken = as_role(role).post(f"{UPLOADS}/{answer.json['id']}/take")
        assert taken.status_code == 200, taken.text
        return taken.json

    return done


@pytest.fixture
def cases_of(owner_db):
    def load(code):
        with owner_db.transaction() as session:
            found = list(session.scalars(select(Case).where(Case.source == f"intake:{code}")))
            for case in found:
                session.refresh(case, ["grid", "police_grid"])
            return {case.source_ref: case for case in found}

    return load


def codes(row):
    return [problem["code"] for problem in row["problems"]]


def test_a_call_becomes_a_case_in_its_grid(source, send, call, rows, take, cases_of):
    code = source()
    row = call("B1", 报警内容="3号楼下飞线充电，回电13812345678", 报警时间="2026年11月20日8时30分")
    made = send(code, csv_of([row], title="110警情日报"))
    assert made.json["counts"] == {"fine": 1}
    seen = rows(made)[0]
    assert (seen["class_code"], seen["word"]) == ("flying_wire", "飞线")
    assert (seen["grid"], seen["police_grid"]) == ("T-B1", "T-B")
    assert cases_of(code) == {}, "the preview must keep nothing"
    assert (take(made)["state"], take(made)["counts"]) == ("taken", {"taken": 1})
    case = cases_of(code)[row["接警单编号"]]
    assert case.reporter_id is None
    assert case.found_at.isoformat() == "2026-11-20T00:30:00+00:00"
    assert case.grid.name == "T-B1"
    assert "138****5678" in case.note
    assert "13812345678" not in case.note


def test_the_files_system_is_converted_and_the_raw_values_kept(source, send, call, take, cases_of, station):
    code = source(crs="bd09")
    x, y = coords.from_wgs84(*station.inside("A2"), "bd09")
    row = call("A2", 经度=f"{x:.7f}", 纬度=f"{y:.7f}")
    take(send(code, csv_of([row])))
    case = cases_of(code)[row["接警单编号"]]
    assert (case.raw_crs, round(case.raw_x, 7), round(case.raw_y, 7)) == ("bd09", round(x, 7), round(y, 7))
    assert case.grid.name == "T-A2"
    assert case.method == "pin"
    assert case.accuracy_m == 50


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"报警时间": "昨天晚上"}, "bad_call_time"),
        ({"报警时间": ""}, "bad_call_time"),
        ({"报警时间": "2019/1/1 8:00"}, "found_too_old"),
        ({"报警时间": "2099/1/1 8:00"}, "found_in_future"),
        ({"经度": "", "纬度": "", "案发地址": ""}, "no_place"),
        ({"经度": "0", "纬度": "0", "案发地址": ""}, "no_place"),
        ({"经度": "", "纬度": "", "案发地址": "火星大道1号"}, "place_unknown"),
        ({"经度": "东经", "纬度": "北纬"}, "bad_coordinate"),
        ({"经度": "116.4", "纬度": "39.9"}, "row_outside"),
        ({"经度": "37.8635", "纬度": "112.566"}, "swapped_axes"),
        ({"经度": "1e5", "纬度": "2"}, "bad_coordinate"),
        ({"经度": "-30", "纬度": "10"}, "row_outside"),
        ({"接警单编号": ""}, "missing_ref"),
        ({"接警单编号": "x" * 200}, "too_long"),
    ],
)
def test_each_fault_is_named_at_its_row(source, send, call, rows, take, cases_of, said, code):
    name = source()
    good = call("A1")
    made = send(name, csv_of([good, call("A1", **said)]))
    assert made.json["counts"] == {"fine": 1, "fault": 1}
    assert [codes(row) for row in rows(made)] == [[], [code]]
    assert all(problem["detail"] and "%(" not in problem["detail"] for problem in rows(made)[1]["problems"])
    assert take(made)["counts"] == {"taken": 1, "fault": 1}
    assert list(cases_of(name)) == [good["接警单编号"]]


def test_a_number_twice_in_a_file_is_named(source, send, call, rows):
    first = call("A1")
    made = send(source(), csv_of([first, call("A1"), {**first, "报警内容": "另一内容"}]))
    assert [codes(row) for row in rows(made)] == [[], [], ["duplicate_ref"]]


def test_taken_twice_changes_nothing(source, send, call, rows, take, cases_of, owner_db):
    code = source()
    data = csv_of([call("A1"), call("B2")])
    take(send(code, data))
    before = {ref: (case.id, case.revision, case.note) for ref, case in cases_of(code).items()}
    again = send(code, data)
    assert again.json["counts"] == {"known": 2}
    assert {row["case_number"] for row in rows(again)} == {case.number for case in cases_of(code).values()}
    take(again)
    assert {ref: (case.id, case.revision, case.note) for ref, case in cases_of(code).items()} == before
    with owner_db.transaction() as session:
        ids = [case.id for case in cases_of(code).values()]
        assert session.scalar(select(func.count()).select_from(Event).where(Event.subject_id.in_(ids))) == 2


def test_the_same_upload_again_is_the_same(source, call, as_role):
    code, data, key = source(), csv_of([call("A1")]), str(uuid4())
    chief = as_role("station_chief")

    def post(body):
        return chief.post(UPLOADS, data={"source": code, "id": key, "file": (io.BytesIO(body), "a.csv")})

    assert post(data).json == post(data).json
    other = post(csv_of([call("A1")]))
    assert (other.status_code, other.json["code"]) == (409, "already_known")


def test_a_change_at_the_source_is_kept_beside_the_first_version(
    source, send, call, rows, take, cases_of, as_role, owner_db
):
    code = source()
    row = call("A1", 报警内容="邻居噪音")
    take(send(code, csv_of([row])))
    case = cases_of(code)[row["接警单编号"]]
    changed = send(code, csv_of([{**row, "报警内容": "邻居噪音，已动手"}]))
    assert changed.json["counts"] == {"changed": 1}
    assert take(changed)["counts"] == {"revised": 1}
    assert cases_of(code)[row["接警单编号"]].note == case.note, "the case was overwritten"
    page = as_role("officer", police_grid="A").get(f"/intake/orders/{case.number}").text
    assert "邻居噪音，已动手" in page
    assert "邻居噪音</dd>" in page
    with owner_db.transaction() as session:
        events = session.scalars(select(Event.name).where(Event.subject_id == case.id).order_by(Event.id))
        assert list(events) == ["cases.reported", "intake.revised"]
    assert send(code, csv_of([{**row, "报警内容": "邻居噪音，已动手"}])).json["counts"] == {"known": 1}


def test_a_person_chooses_class_and_place_or_leaves_a_row_out(
    source, send, call, rows, take, cases_of, as_role, station
):
    code, chief = source(), as_role("station_chief")
    lost, unwanted, other = call("A1", 经度="", 纬度="", 案发地址="某处"), call("A1"), call("A1")
    made = send(code, csv_of([lost, unwanted, other]))
    address = f"{UPLOADS}/{made.json['id']}/rows"
    lon, lat = station.inside("C2")
    mended = chief.patch(f"{address}/2", json={"place": {"lon": lon, "lat": lat}})
    assert (mended.json["state"], mended.json["grid"], mended.json["problems"]) == ("fine", "T-C2", [])
    assert chief.patch(f"{address}/3", json={"skip": True}).json["state"] == "skipped"
    assert chief.patch(f"{address}/4", json={"class_code": "fire_lane"}).json["class_code"] == "fire_lane"
    assert chief.patch(f"{address}/4", json={}).status_code == 422
    assert chief.patch(f"{address}/4", json={"place": {"lon": 1, "lat": 2}}).status_code == 422
    assert chief.patch(f"{address}/4", json={"candidate": 3}).status_code == 422
    assert chief.patch(f"{address}/4", json={"class_code": "ufo"}).status_code == 422
    assert chief.patch(f"{address}/99", json={"skip": True}).status_code == 404
    assert take(made)["counts"] == {"taken": 2, "skipped": 1}
    found = cases_of(code)
    assert found[lost["接警单编号"]].grid.name == "T-C2"
    assert found[other["接警单编号"]].class_code == "fire_lane"
    assert unwanted["接警单编号"] not in found
    assert chief.patch(f"{address}/2", json={"skip": True}).status_code == 409


def test_another_mapping_is_tried_and_kept_for_the_source(source, send, call, rows, as_role):
    code, chief = source(), as_role("station_chief")
    data = csv_of([call("A1")]).replace("报警内容".encode("gb18030"), "备忘".encode("gb18030"))
    made = send(code, data)
    assert "text" not in made.json["settings"]["mapping"]
    mapping = {**made.json["settings"]["mapping"], "text": "备忘", "category": ""}
    again = chief.put(f"{UPLOADS}/{made.json['id']}/reading", json={"mapping": mapping, "save": True})
    assert again.status_code == 200, again.text
    assert rows(made)[0]["content"]["text"].startswith("楼下有人吵架")
    assert "category" not in rows(made)[0]["content"]
    assert send(code, data).json["settings"]["mapping"]["text"] == "备忘"
    gone = chief.put(f"{UPLOADS}/{made.json['id']}/reading", json={"mapping": {"text": "没有"}})
    assert gone.status_code == 200, "a heading that is not there is passed over"


def test_words_are_data(source, send, call, rows):
    code = source(keywords=[{"class": "slope", "words": ["石头"]}], default_class="other")
    made = send(code, csv_of([call("A1", 报警内容="山上掉石头"), call("A1", 报警内容="飞线")]))
    assert [(row["class_code"], row["word"]) for row in rows(made)] == [("slope", "石头"), ("other", "")]


def test_xlsx_and_json_go_the_same_way(source, send, call, rows, as_role):
    code = source()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["警情导出"])
    sheet.append(list(HEADINGS))
    one = call("A1")
    sheet.append([one[name] for name in HEADINGS])
    target = io.BytesIO()
    book.save(target)
    made = send(code, target.getvalue(), "calls.xlsx")
    assert (made.json["form"], made.json["counts"]) == ("xlsx", {"fine": 1})
    assert rows(made)[0]["ref"] == one["接警单编号"]
    other = json.dumps({"rows": [call("B1")]}, ensure_ascii=False).encode()
    made = send(code, other, "calls.json")
    assert (made.json["form"], rows(made)[0]["grid"]) == ("json", "T-B1")


def test_faults_go_out_as_a_csv_that_no_spreadsheet_runs(source, send, call, as_role):
    made = send(source(), csv_of([call("A1", 报警时间="=1+1", 报警内容='=HYPERLINK("http://x","y")')]))
    answer = as_role("station_chief").get(f"{UPLOADS}/{made.json['id']}/faults.csv?lang=zh")
    line = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))[1]
    assert line[7] == '\'=HYPERLINK("http://x","y")'
    assert line[2] == "'=1+1"
    assert line[8] == "bad_call_time"
    assert "时间" in line[9]


def test_rows_come_page_by_page(source, send, call, as_role):
    made = send(source(), csv_of([call("A1") for _ in range(7)]))
    chief, address = as_role("station_chief"), f"{UPLOADS}/{made.json['id']}/rows"
    first = chief.get(address, query_string={"limit": 5}).json
    rest = chief.get(address, query_string={"limit": 5, "after": first["next"]}).json
    assert [row["number"] for row in first["rows"] + rest["rows"]] == [2, 3, 4, 5, 6, 7, 8]
    assert rest["next"] is None
    assert chief.get(address, query_string={"state": "fault"}).json["rows"] == []


def test_orders_come_as_json_and_are_answered_at_once(source, call, as_role, cases_of):
    code, chief = source(), as_role("station_chief")
    good, bad = call("B2"), call("B2", 报警时间="?")
    first = chief.post(f"/api/v1/intake/{code}/rows", json=[good, bad])
    assert first.status_code == 200, first.text
    assert [row["state"] for row in first.json["rows"]] == ["taken", "fault"]
    number = first.json["rows"][0]["case_number"]
    assert number == cases_of(code)[good["接警单编号"]].number
    again = chief.post(f"/api/v1/intake/{code}/rows", json=[good, bad])
    assert again.json == first.json
    later = chief.post(f"/api/v1/intake/{code}/rows", json={"rows": [good]})
    assert [(row["state"], row["case_number"]) for row in later.json["rows"]] == [("known", number)]
    assert len(cases_of(code)) == 1
    for body in (b"{", b"[]", b"7", b'{"rows": 1}', b"[" * 2000):
        answer = chief.post(f"/api/v1/intake/{code}/rows", data=body, content_type="application/json")
        assert answer.status_code == 422, answer.text
        assert answer.json["errors"][0]["detail"]


def test_a_workbook_that_can_not_be_read_is_refused_and_not_kept(source, send, as_role):
    code = source()
    before = len(as_role("station_chief").get(UPLOADS).json)
    for data, problem in (
        (b"PK\x03\x04nonsense", "bad_zip"),
        (b"\xff" * 50, "bad_encoding"),
        (b"", "empty_table"),
    ):
        answer = send(code, data)
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, problem)
    assert len(as_role("station_chief").get(UPLOADS).json) == before


def test_orders_without_coordinates_are_placed_by_the_register(
    source, send, call, rows, take, cases_of, as_role, station
):
    lon, lat = station.inside("B2")
    far_lon, far_lat = station.inside("C1")
    register = f"""地址,经度,纬度
甲社区康乐小区3号楼,{lon},{lat}
甲社区翠湖家园1号楼,{lon},{lat}
乙社区翠湖家园1号楼,{far_lon},{far_lat}
"""
    form = {"crs": "wgs84", "file": (io.BytesIO(register.encode()), "a.csv")}
    assert as_role("station_chief").post("/api/v1/addresses", data=form).status_code == 201
    code = source()
    nowhere = {"经度": "", "纬度": ""}
    exact = call("A1", 案发地址="迎泽区康乐小区三号楼2单元501室", **nowhere)
    double = call("A1", 案发地址="翠湖家园1号楼", **nowhere)
    made = send(code, csv_of([exact, double]))
    first, second = rows(made)
    assert (first["grid"], first["method"], first["precision"], first["accuracy_m"]) == (
        "T-B2", "address", "building", 25.0,
    )  # fmt: skip
    assert codes(second) == ["place_ambiguous"]
    picked = next(n for n, item in enumerate(second["candidates"]) if "乙社区" in item["label"])
    address = f"{UPLOADS}/{made.json['id']}/rows/{second['number']}"
    chosen = as_role("station_chief").patch(address, json={"candidate": picked}).json
    assert (chosen["state"], chosen["grid"]) == ("fine", "T-C1")
    take(made)
    case = cases_of(code)[exact["接警单编号"]]
    assert (case.method, case.accuracy_m, case.grid.name) == ("address", 25.0, "T-B2")
    assert case.address == exact["案发地址"]


def test_time_of_a_call_without_seconds_is_of_china(source, send, call, rows):
    made = send(source(), csv_of([call("A1", 报警时间=said_at(60)[:16])]))
    assert codes(rows(made)[0]) == []
