"""Files that are brought in: what was taken out comes in again unchanged, foreign ones with their faults."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from collectors import register_files
from tests.webapp.exchange.conftest import ask, exported, looked_at, taken

FORMS = ("csv", "xlsx", "geojson", "geopackage")


def rows_of(data, kind):
    key = "number" if kind == "cases" else "id"
    found = [dict(row.fields) for row in register_files.decode(data, kind).rows]
    return sorted(found, key=lambda row: row[key])


@pytest.fixture
def world(send_report, as_user):
    """Fresh cases of two states with texts that are hard to keep."""
    texts = ("=1+1", " 前后空格 ", "line 1\r\nline 2", "'quoted", "-5;=x", "🙂\ttab")
    samples = [
        send_report("t.volunteer", grid, note=note)
        for note, grid in zip(texts, ("A1", "A2", "B1", "B2", "C1", "C2"), strict=True)
    ]
    chief = as_user("t.station_chief")
    for sample in samples[:2]:
        assert chief.post(f"/api/v1/cases/{sample.id}/accept", json={}).status_code == 200
    return {sample.id for sample in samples}


@pytest.mark.parametrize("form", FORMS)
def test_cases_come_in_again_without_difference(as_user, far_user, world, form):
    # Each export has an order of its own, which marks it.
    before = {r["id"]: r for r in rows_of(exported(as_user("t.station_chief"), form=form), "cases")}
    data = exported(as_user("t.station_chief"), form=form)
    chief = far_user("t.station_chief")
    # A number that stands for another case there already can't be kept.
    used = {row["number"] for row in rows_of(exported(chief, form=form), "cases")}
    answer = looked_at(chief, "cases", data)
    assert answer.json["faults"] == [], answer.text
    done = taken(chief, answer)
    assert done.status_code == 200, done.text
    assert done.json["result"]["new"] >= len(world)
    there = {r["id"]: r for r in rows_of(exported(chief, form=form), "cases")}
    for key in world:
        number = before[key]["number"]
        other = {"number": there[key]["number"], "source_ref": number} if number in used else {}
        assert there[key] == {**before[key], **other}
    again = taken(chief, looked_at(chief, "cases", data))
    assert (again.json["result"]["new"], again.json["result"]["left_out"]) == (0, 0)


def test_the_next_number_follows_those_that_came(as_user, far_user, world, sample_report):
    chief = far_user("t.station_chief")
    taken(chief, looked_at(chief, "cases", exported(as_user("t.station_chief"))))
    sample = sample_report("A1")
    answer = far_user("t.volunteer").post("/api/v1/batches", data=sample.form()).json["reports"][0]
    assert answer["state"] == "received"
    held = [row["number"] for row in rows_of(exported(as_user("t.station_chief")), "cases")]
    assert answer["case_number"] > max(held)


MEMBERS = (
    "姓名,身份,手机号,所属队伍\r\n"
    "甲一,志愿者,13800009901,晨光队；晚霞队★\r\n"
    "甲二,volunteer,,晨光队(2026-01-05)\r\n"
    "'=甲三,退休干部,000-0001-0001,\r\n"
)


def test_members_come_with_chinese_headings_and_their_teams(as_user):
    chief, table = as_user("t.station_chief"), MEMBERS.replace("甲", "乙")
    answer = looked_at(chief, "members", table.encode("gb18030"))
    assert (answer.json["rows"], answer.json["good"], answer.json["known"]) == (3, 3, 0)
    done = taken(chief, answer)
    assert done.json["result"] == {"new": 3, "known": 0, "left_out": 0}, done.text
    rows = {row["name"]: row for row in rows_of(exported(chief, "members"), "members")}
    assert rows["乙一"]["category"] == "volunteer"
    assert rows["乙一"]["phone"] == "13800009901"
    assert rows["乙二"]["teams"] == "晨光队(2026-01-05)"
    assert rows["乙一"]["teams"].count("★") == 1
    assert rows["=乙三"]["category"] == "retired_cadre"
    again = taken(chief, looked_at(chief, "members", table.encode()))
    assert again.json["result"] == {"new": 0, "known": 3, "left_out": 0}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_registers_come_in_again_without_difference(as_user, far_user, form, station):
    chief, far = as_user("t.station_chief"), far_user("t.station_chief")
    taken(chief, looked_at(chief, "members", MEMBERS.encode()))
    places = (
        f"名称,类型,经度,纬度\r\n警务室,police_room,{station.inside('A1')[0]},{station.inside('A1')[1]}\r\n"
    )
    taken(chief, looked_at(chief, "places", places.encode()))
    posted = "姓名,职责,网格编码,开始时间\r\n甲一,网格员,140106001001001,2026-03-01 08:30\r\n"
    done = taken(chief, looked_at(chief, "postings", posted.encode()))
    assert done.status_code == 200, done.text
    for kind in ("teams", "members", "places"):
        answer = looked_at(far, kind, exported(chief, kind, form))
        assert answer.json["faults"] == [], answer.text
        assert taken(far, answer).status_code == 200
        assert rows_of(exported(far, kind, form), kind) == rows_of(exported(chief, kind, form), kind)
    # The postings of the accounts have ids of their own in both; the one that came by a file is the same.
    assert taken(far, looked_at(far, "postings", exported(chief, "postings", form))).status_code == 200
    assert rows_of(exported(far, "postings", form), "postings") == rows_of(
        exported(chief, "postings", form), "postings"
    )


CASES = (
    "编号,隐患类别,发生时间,经度,纬度,坐标系统,情况描述,结案时间\r\n"
    "K-1,飞线充电,2019/5/3 8:30,{lon},{lat},wgs84,旧案,2019-05-04\r\n"
    "K-2,flying_wire,2031-01-01,{lon},{lat},wgs84,将来,\r\n"
    "K-3,没有这一类,2019-05-03,{lon},{lat},wgs84,类别,\r\n"
    "K-4,flying_wire,2019-05-03,121.47,31.23,wgs84,上海,\r\n"
    "K-5,flying_wire,bad,{lat},{lon},wgs84,反了,\r\n"
)


def foreign(station):
    lon, lat = station.inside("B1")
    return CASES.format(lon=lon, lat=lat).encode()


def test_faults_are_named_by_row_and_column_before_anything_is_kept(as_user, station):
    chief = as_user("t.station_chief")
    answer = looked_at(chief, "cases", foreign(station))
    told = {(fault["pointer"], fault["code"]) for fault in answer.json["faults"]}
    assert told == {
        ("row 2/found_at", "found_in_future"),
        ("row 3/class_code", "not_allowed"),
        ("row 4/lon", "outside_station"),
        ("row 5/found_at", "bad_time"),
        ("row 5/lon", "swapped_axes"),
    }
    assert (answer.json["rows"], answer.json["good"]) == (5, 1)
    refused = taken(chief, answer, "all")
    assert refused.status_code == 422
    assert refused.json["code"] == "import_faults"
    table = chief.get(f"/api/v1/exchange/imports/{answer.json['id']}/faults")
    assert len(table.data.decode("utf-8-sig").splitlines()) == 6
    done = taken(chief, answer, "good")
    assert done.json["result"] == {"new": 1, "known": 0, "left_out": 4}
    [row] = [r for r in rows_of(exported(chief), "cases") if r["source_ref"] == "K-1"]
    assert (row["state"], row["source"], row["note"]) == ("closed", "other", "旧案")
    assert row["found_at"] == "2019-05-03T08:30:00+08:00"
    assert row["number"].startswith("T-2019-")
    again = taken(chief, looked_at(chief, "cases", foreign(station)), "good")
    assert again.json["result"] == {"new": 0, "known": 1, "left_out": 4}


def test_only_who_may_brings_registers_in(as_user, station):
    data = foreign(station)
    assert looked_at(as_user("t.officer.a"), "cases", data).status_code == 403
    assert looked_at(as_user("t.system_admin"), "cases", data).status_code == 403
    assert looked_at(as_user("t.volunteer"), "members", MEMBERS.encode()).status_code == 403
    admin = as_user("t.system_admin")
    one = "姓名,类别,队伍\r\n甲九,保安,夜巡队\r\n".encode()
    assert taken(admin, looked_at(admin, "members", one)).json["result"]["new"] == 1


def test_what_was_brought_is_seen_by_who_brought_it_and_the_chief(as_user, station):
    answer = looked_at(as_user("t.system_admin"), "members", MEMBERS.encode())
    key = answer.json["id"]
    assert as_user("t.station_chief").get(f"/api/v1/exchange/imports/{key}/faults").status_code == 200
    assert as_user("u.station_chief").get(f"/api/v1/exchange/imports/{key}/faults").status_code == 404


@pytest.mark.parametrize(("data", "code"), [
    (b"PK\x03\x04 no workbook", "bad_zip"),
    (b"a,b\r\n1,2\r\n", "missing_column"),
    (b'{"type":"FeatureCollection","features":' + b"[" * 2000 + b"]" * 2000 + b"}", "bad_json"),
    (b"SQLite format 3\x00 and nothing more", "bad_area_file"),
    ("姓名,类别\r\nx\x00y,保安\r\n".encode(), "bad_text"),
])  # fmt: skip
def test_a_file_that_is_none_is_refused_with_the_reason(as_user, data, code):
    answer = looked_at(as_user("t.station_chief"), "members", data)
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["code"] == code


def test_the_same_import_twice_is_one(as_user, owner_db):
    key = str(uuid4())
    chief = as_user("t.station_chief")
    for _time in range(2):
        assert looked_at(chief, "members", MEMBERS.encode(), id=key).status_code == 201
    for _time in range(2):
        assert chief.post(f"/api/v1/exchange/imports/{key}/take", json={}).status_code == 200
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        names = session.scalars(
            text("SELECT name FROM app.event WHERE subject_id = :id ORDER BY id"), {"id": UUID(key)}
        ).all()
    assert names.count("exchange.import_checked") == 1
    assert names.count("exchange.imported") == 1


def test_nothing_is_exported_of_a_foreign_station(far_user, as_user, world):
    assert ask(as_user("u.station_chief")).json["rows"] == 0
