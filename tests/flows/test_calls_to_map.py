"""A morning's file of 110 calls stands on the right officers' maps, and a second taking changes nothing."""

from __future__ import annotations

import io
from uuid import uuid4

from tests.webapp.intake.conftest import csv_of, said_at

UPLOADS = "/api/v1/intake/uploads"


def on_the_map(client):
    """Return the cases that a reader's map shows: number to class."""
    answer = client.get("/ogc/collections/cases/items?limit=500")
    assert answer.status_code == 200, answer.text
    found = [feature["properties"] for feature in answer.json["features"]]
    return {item["number"]: item["class_code"] for item in found}


def test_a_file_of_calls_reaches_the_officers_whose_ground_it_is(as_role, station):
    chief = as_role("station_chief")
    body = {"code": "110", "name": "110警情", "kind": "call", "crs": "wgs84"}
    assert chief.put(f"/api/v1/intake/sources/{uuid4()}", json=body).status_code == 200
    calls = []
    for number, (grid, said) in enumerate(
        (("A1", "楼下飞线充电"), ("B1", "消防通道被堵"), ("B2", "路灯不亮"))
    ):
        lon, lat = station.inside(grid)
        calls.append({
            "接警单编号": f"2026-{number}", "报警时间": said_at(90 - number),
            "经度": str(lon), "纬度": str(lat),
            "案发地址": "演示路", "报警内容": said, "报警电话": "13900000000",
        })  # fmt: skip
    data = csv_of(calls, title="110警情日报")

    def handed_in():
        form = {"source": "110", "id": str(uuid4()), "file": (io.BytesIO(data), "110.csv")}
        made = chief.post(UPLOADS, data=form)
        assert made.status_code == 201, made.text
        return made.json["id"], chief.post(f"{UPLOADS}/{made.json['id']}/take").json

    before = {label: on_the_map(as_role("officer", police_grid=label)) for label in "AB"}
    upload, done = handed_in()
    assert done["counts"] == {"taken": 3}
    rows = chief.get(f"{UPLOADS}/{upload}/rows").json["rows"]
    numbers = [row["case_number"] for row in rows]
    after = {label: on_the_map(as_role("officer", police_grid=label)) for label in "AB"}
    assert after["A"].keys() - before["A"].keys() == {numbers[0]}
    assert after["B"].keys() - before["B"].keys() == set(numbers[1:])
    assert [after["A"][numbers[0]], *(after["B"][n] for n in numbers[1:])] == [
        "flying_wire", "fire_lane", "call_order",
    ]  # fmt: skip
    # The officer works on it like on any other case.
    accepted = as_role("officer", police_grid="A").post(f"/api/v1/cases/{rows[0]['case_id']}/accept", json={})
    assert accepted.status_code == 200, accepted.text
    _second, again = handed_in()
    assert again["counts"] == {"known": 3}
    assert {label: on_the_map(as_role("officer", police_grid=label)) for label in "AB"} == after
    assert (
        as_role("officer", police_grid="A").get(f"/api/v1/cases/{rows[0]['case_id']}").json["state"]
        == "accepted"
    )
