"""Calls and orders as their systems export them, and what a hostile file does: nothing."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import addresses, incidents, sheets
from collectors.incidents import KNOWN, Reading
from collectors.records import Refused

SAMPLES = Path(__file__).parent / "samples" / "incidents"
CHINA = ZoneInfo("Asia/Shanghai")


def read(name, **reading):
    sheet = sheets.decode((SAMPLES / name).read_bytes(), KNOWN)
    return sheet, incidents.calls(sheet, Reading(incidents.proposed(sheet), **reading))


def refused(data):
    with pytest.raises(Refused) as caught:
        sheets.decode(data, KNOWN)
    return caught.value.code


def test_a_call_systems_csv_with_titles_above_its_headings():
    sheet, calls = read("110_gb18030.csv", crs="gcj02")
    assert (sheet.form, sheet.encoding, sheet.heading_line) == ("csv", "gb18030", 3)
    assert [call.ref for call in calls] == [f"YZ2026112000{n}" for n in range(1, 5)]
    first, second, third, fourth = calls
    assert (first.lon, first.lat, first.crs) == (112.576257, 37.868491, "gcj02")
    assert first.at == datetime(2026, 11, 20, 0, 12, 33, tzinfo=UTC)
    assert (first.phone, first.caller, first.category) == ("13800000001", "测试甲", "求助")
    assert (second.lon, second.address) == (None, "解放路12号")
    assert (third.lon, third.lat) == (None, None), "zero is no place"
    assert third.text == "消防车通道被占，\n第二行说明"
    assert [problem.code for problem in fourth.problems] == ["bad_call_time"]
    assert first.number == 4, "the number is that of the file's own line"


def test_who_called_is_not_in_the_content_but_counts_as_content():
    _sheet, calls = read("110_gb18030.csv")
    assert "13800000001" not in str(calls[0].content)
    assert "测试甲" not in str(calls[0].content)
    text = (SAMPLES / "110_gb18030.csv").read_bytes().replace(b"13800000001", b"13800000009")
    sheet = sheets.decode(text, KNOWN)
    assert incidents.calls(sheet, Reading(incidents.proposed(sheet)))[0].content_hash != calls[0].content_hash


def test_a_workbook_with_merged_headings_dates_and_formulas():
    sheet, calls = read("12345_two_line_heading.xlsx")
    assert sheet.headings[:7] == ("工单编号", "受理时间", "姓名", "电话", "诉求地址", "经度", "纬度")
    assert [call.ref for call in calls] == ["GD-0001", "GD-0002", "GD-0003"]
    assert calls[0].at == datetime(2026, 11, 19, 13, 30, tzinfo=UTC)
    assert calls[1].at == datetime(2025, 11, 19, 4, 0, tzinfo=UTC), "a day number is a date"
    assert calls[2].at == datetime(2026, 11, 17, 16, 0, tzinfo=UTC)
    assert (calls[0].lon, calls[0].lat) == (112.55, 37.86)
    assert "CONCATENATE" not in calls[2].text


def test_json_with_nested_places():
    sheet, calls = read("orders.json")
    assert sheet.form == "json"
    assert {"location.lng", "location.lat", "tags"} <= set(sheet.headings)
    mapping = {**incidents.proposed(sheet), "lon": "location.lng", "lat": "location.lat"}
    mapped = incidents.calls(sheet, Reading(mapping))
    assert (mapped[0].lon, mapped[0].lat) == (112.57, 37.868)
    assert calls[1].at == datetime.fromtimestamp(1795132800, UTC)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026-05-03T08:30:00+08:00", (2026, 5, 3, 8, 30)),
        ("2026-05-03 00:30Z", (2026, 5, 3, 8, 30)),
        ("2026/5/3 8:30", (2026, 5, 3, 8, 30)),
        ("2026年5月3日8时30分", (2026, 5, 3, 8, 30)),
        ("２０２６．０５．０３　０８：３０", (2026, 5, 3, 8, 30)),
        ("20260503083000", (2026, 5, 3, 8, 30)),
        ("46145.354166667", (2026, 5, 3, 8, 30)),
        ("1777768200000", (2026, 5, 3, 8, 30)),
        ("2026-5-3", (2026, 5, 3, 0, 0)),
    ],
)
def test_times_as_people_and_systems_write_them(text, local):
    assert incidents.time_of(text, "auto", CHINA) == datetime(*local, tzinfo=CHINA)


@pytest.mark.parametrize("text", ["", "昨天", "2026-13-01", "12", "2026-02-30 08:00", "9" * 400, "1e5"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Refused, match="bad_call_time"):
        incidents.time_of(text, "auto", CHINA)


def test_a_form_of_times_of_ones_own():
    assert incidents.time_of("03.05.26 8h30", "%d.%m.%y %Hh%M", CHINA).hour == 0
    with pytest.raises(Refused):
        incidents.time_of("2026-05-03", "%d.%m.%y", CHINA)


def test_rows_without_a_number_are_known_by_their_content():
    data = "时间,地址,内容\n2026-5-3,甲路1号,x\n2026-5-3,甲路1号,x\n2026-5-3,甲路1号,y\n".encode()
    sheet = sheets.decode(data, KNOWN)
    refs = [call.ref for call in incidents.calls(sheet, Reading(incidents.proposed(sheet)))]
    assert refs[0] == refs[1] != refs[2]


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def repacked(data, **parts):
    """Return a workbook with some of its parts replaced by other bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            name = item.filename.rpartition("/")[2].partition(".")[0]
            new.writestr(item.filename, parts.get(name, old.read(item.filename)))
    return target.getvalue()


def test_hostile_files_are_refused():
    good = workbook(["编号", "内容"], ["1", "x"])
    assert refused(repacked(good, sheet1=b"0" * 130_000_000)) == "zip_bomb"
    entities = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>'
    assert refused(repacked(good, sheet1=entities)) == "bad_sheet"
    assert refused(repacked(good, workbook=b"<nonsense/>")) in ("bad_sheet", "empty_table")
    assert refused(good[:200]) == "bad_zip"
    assert refused((",".join("x" * 1_000_000) + "\n1\n").encode()) == "too_many"
    assert refused(("编号,内容\n" + "1,x\n" * 20_100).encode()) == "too_many"
    assert refused(b"[" * 100_000) == "bad_json"
    assert refused(b'{"rows": {}}') == "not_rows"
    assert refused(b"[]") == "empty_table"
    assert refused("Größe\n".encode("latin-1") * 3) in ("bad_encoding", "empty_table")
    assert refused(b"") == "empty_table"
    assert refused(b'a,b\n"1,2\n') == "bad_table"


def test_a_wide_claim_of_a_small_sheet_is_not_believed():
    lying = repacked(
        workbook(["编号", "内容"], ["1", "x"]),
        sheet1=b'<?xml version="1.0"?>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>ref</t></is></c>'
        b'<c r="B1" t="inlineStr"><is><t>text</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
        b"</sheetData></worksheet>",
    )
    sheet = sheets.decode(lying, KNOWN)
    assert (sheet.headings, len(sheet.lines)) == (("ref", "text"), 1)


def test_one_bad_row_does_not_take_its_neighbours_along():
    deep = {"a": {"b": {"c": {"d": 1}}}}
    document = json.dumps([{"id": "1", "text": "x"}, {"id": "2", **deep}, 7, {"id": "3", "text": "\u202ex"}])
    sheet = sheets.decode(document.encode(), KNOWN)
    found = [[problem.code for problem in line.problems] for line in sheet.lines]
    assert found == [[], ["too_deep"], ["not_object"], ["bad_text"]]
    wide = sheets.decode("编号,内容\n1,x\n2,y,z,z\n3,x\n".encode(), KNOWN)
    assert [[p.code for p in line.problems] for line in wide.lines] == [[], ["too_many_cells"], []]


@given(st.lists(st.text(max_size=12), max_size=20))
def test_any_headings_can_be_mapped(names):
    rows = [dict.fromkeys(names, "1")]
    sheet = sheets.from_objects(rows)
    mapping = incidents.proposed(sheet)
    assert set(mapping.values()) <= set(sheet.headings)
    assert len(set(mapping.values())) == len(mapping), "one heading serves two fields"
    assert len(incidents.calls(sheet, Reading(mapping))) == 1


@given(st.text(max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_any_row_is_read_or_named_as_faulty(time, lon, lat):
    sheet = sheets.from_objects([{"ref": "1", "time": time, "lon": lon, "lat": lat}])
    (call,) = incidents.calls(sheet, Reading(incidents.proposed(sheet)))
    assert call.at is not None or call.problems
    assert (call.lon is None) == (call.lat is None)


def test_lists_of_addresses():
    data = "地址,经度,纬度\n康乐小区3号楼,112.576257442,37.868490577\n".encode()
    ((text, lon, lat),) = addresses.decode(data, "gcj02")
    assert (text, round(lon, 6), round(lat, 6)) == ("康乐小区3号楼", 112.57, 37.868)
    point = {"type": "Point", "coordinates": [112.57, 37.868]}
    feature = {"type": "Feature", "properties": {"名称": "安居花园"}, "geometry": point}
    collection = {"type": "FeatureCollection", "features": [feature]}
    assert addresses.decode(json.dumps(collection).encode(), "wgs84") == [("安居花园", 112.57, 37.868)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("地址,经度,纬度\n甲,37.8,112.5\n", "swapped_axes"),
        ("地址,经度,纬度\n甲,x,y\n", "bad_coordinate"),
        ("地址,经度,纬度\n甲,2.3,48.8\n", "outside_china"),
        ("地址,经度\n甲,1\n", "missing_column"),
        ('{"type": "FeatureCollection", "features": [{"type": "Feature"}]}', "bad_position"),
        ('{"type": "FeatureCollection", "features": 7}', "not_features"),
    ],
)
def test_faulty_lists_of_addresses_are_refused(text, code):
    with pytest.raises(Refused) as caught:
        addresses.decode(text.encode(), "wgs84")
    assert caught.value.code == code
