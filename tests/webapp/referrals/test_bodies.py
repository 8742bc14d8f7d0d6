"""The directory of bodies: kept by the chief, read from a file with faults per row."""

from __future__ import annotations

import io
from uuid import uuid4

import openpyxl
import pytest

CSV = """单位代码,单位名称,类型,职责范围,受理类别,联系人,联系电话,答复工作日
housing,住房局,housing,危旧房,dilapidated_house,李某,0351-1234567,10
city,城管大队,city,占道,"fire_lane;other",,12319,3
Bad Code,坏代码,other,,,,,
power,,power,,,,,
city,又一个城管,city,,,,,
late,迟到局,other,,,,电话在墙上,400
"""


def send(client, data, name="bodies.csv", take=False):
    form = {"file": (io.BytesIO(data), name)}
    return client.post("/api/v1/bodies/import", data={**form, **({"take": "true"} if take else {})})


def test_a_file_is_checked_row_by_row_before_it_is_taken(as_user):
    chief = as_user("t.station_chief")
    seen = send(chief, CSV.encode())
    assert seen.status_code == 200, seen.text
    assert (seen.json["good"], seen.json["added"]) == (2, 0)
    faults = {(item["pointer"], item["code"]) for item in seen.json["faults"]}
    assert {("row 4/code", "bad_code"), ("row 5/name", "missing"), ("row 6/code", "duplicate_row"),
            ("row 7/phone", "bad_phone"), ("row 7/answer_days", "number_range")} <= faults  # fmt: skip
    assert "housing" not in chief.get("/api/v1/bodies").text
    taken = send(chief, CSV.encode("gb18030"), take=True).json
    assert (taken["added"], taken["changed"]) == (2, 0)
    again = send(chief, CSV.replace("李某", "王某").encode(), take=True).json
    assert (again["added"], again["changed"]) == (0, 2)
    found = {item["code"]: item for item in as_user("t.officer.a").get("/api/v1/bodies").json}
    assert found["housing"]["contact"] == "王某"
    assert found["city"]["classes"] == ["fire_lane", "other"]
    assert found["housing"]["answer_days"] == 10


def test_a_workbook_is_read_too(as_user):
    book = openpyxl.Workbook()
    book.active.append(["代码", "名称", "答复时限"])
    book.active.append(["court", "司法所", 7])
    out = io.BytesIO()
    book.save(out)
    told = send(as_user("u.station_chief"), out.getvalue(), "bodies.xlsx", take=True)
    assert told.json["added"] == 1, told.text
    assert as_user("u.officer.a").get("/api/v1/bodies").json[0]["answer_days"] == 7
    assert "court" not in as_user("t.officer.a").get("/api/v1/bodies").text


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"a,b\n1,2\n", b"\x00\x01\x02"])
def test_what_is_no_directory_is_refused(as_user, data):
    assert send(as_user("t.station_chief"), data).status_code == 422


def test_suited_bodies_come_first_and_retired_ones_go(as_user):
    chief, ids = as_user("t.station_chief"), {}
    for code, classes in (("z1", ["slope"]), ("a1", [])):
        ids[code] = str(uuid4())
        said = {"code": code, "name": f"单位{code}", "kind": "other", "classes": classes, "answer_days": 5}
        assert chief.put(f"/api/v1/bodies/{ids[code]}", json=said).status_code == 200
    order = [item["code"] for item in chief.get("/api/v1/bodies?class_code=slope").json]
    assert order.index("z1") < order.index("a1")
    order = [item["code"] for item in chief.get("/api/v1/bodies?class_code=other").json]
    assert order.index("a1") < order.index("z1"), "who takes all is nearer than who names other classes"
    twice = chief.put(
        f"/api/v1/bodies/{uuid4()}", json={"code": "a1", "name": "x", "kind": "other", "answer_days": 5}
    )
    assert twice.json["code"] == "body_code"
    assert chief.post(f"/api/v1/bodies/{ids['a1']}/retire").json["retired_at"]
    assert "a1" not in [item["code"] for item in chief.get("/api/v1/bodies").json]
    assert as_user("t.officer.a").put(f"/api/v1/bodies/{ids['a1']}", json={}).status_code == 403
