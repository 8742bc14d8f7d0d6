"""Cells of any text survive each format, formulas are run by none, and hostile workbooks are refused."""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import register_files, tables, workbooks
from collectors.json_in import BAD_TEXT
from collectors.records import Refused, Row
from collectors.register_columns import COLUMNS
from collectors.registers import Given, moment, parsed

FORMS = ("csv", "xlsx", "geojson")
MARK = register_files.Mark(
    "5d0e5a56-5b1f-4f62-9a53-7f2b0f3a9c11",
    "T-X1",
    "甲",
    "2026-11-22T18:00:00+08:00",
    "teams",
    "wgs84",
    "内部使用",
)
NAMES = [column.name for column in COLUMNS["teams"]]
TRICKY = st.sampled_from([*"=+-@'\t\r\n;,＝ 🙂\0", '"', "_x0041_"])
TEXTS = st.lists(st.one_of(TRICKY, st.text(max_size=8)), max_size=12).map("".join)


def written(form, rows, **more):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        out = register_files.writer(form, path, NAMES, MARK, **more)
        for row in rows:
            out.row(row, None)
        out.close()
        return path.read_bytes()


@settings(max_examples=150, deadline=None)
@given(name=TEXTS, form=st.sampled_from(FORMS), encoding=st.sampled_from(["utf-8", "gb18030"]))
def test_any_text_comes_back_as_it_was(name, form, encoding):
    if "\ud800" <= max(name, default="") <= "\udfff" or "\ufeff" in name:
        return
    data = written(form, [["1", f"x{name}", "k"], ["2", name, "k"]], encoding=encoding)
    if BAD_TEXT.search(name):
        with pytest.raises(Refused, match="bad_text"):
            register_files.decode(data, "teams")
        return
    rows = register_files.decode(data, "teams").rows
    assert [row.fields["name"] for row in rows] == [f"x{name}", name]


@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
def test_no_cell_of_a_table_begins_as_a_formula(text):
    line = tables.guarded(text)
    for part in [line, *line.split(";")[1:]]:
        assert part.lstrip()[:1] not in tuple("=+-@＝＋－＠"), line
    assert tables.unguarded(line) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", '=HYPERLINK("http://x")'])
def test_a_workbook_holds_texts_and_says_so(text):
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", [["1", text, "k"]])))
    cell = book.worksheets[0]["B2"]
    assert (cell.data_type, cell.value, cell.quotePrefix) == ("s", text, True)


def test_a_very_long_cell():
    assert register_files.decode(written("csv", [["1", "长" * 10_000, "k"]]), "teams").rows
    with pytest.raises(Refused, match="too_long"):
        register_files.decode(written("csv", [["1", "长" * 10_001, "k"]]), "teams")
    with pytest.raises(Refused, match="too_long"):
        written("xlsx", [["1", "x" * 40_000, "k"]])


def test_the_marks_line_is_one_line_and_can_be_read_by_csv_readers():
    data = written("csv", [["1", "a", "k"]])
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert lines[0][0].startswith("# 内部使用 · T-X1 · 甲")
    assert lines[1] == ["标识", "队伍名称", "队伍类型"]
    assert register_files.export_id(data) == MARK.id


def workbook(**parts):
    """A workbook of one cell, some of its parts replaced."""
    target = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(["队伍名称"])
    book.save(target)
    changed = io.BytesIO()
    with zipfile.ZipFile(target) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            archive.writestr(name, parts.get(name, source.read(name)))
        for name in parts.keys() - set(source.namelist()):
            archive.writestr(name, parts[name])
    return changed.getvalue()


LAUGHS = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>"""


@pytest.mark.parametrize(("data", "code"), [
    (workbook(**{"xl/worksheets/sheet1.xml": LAUGHS}), "bad_workbook"),
    (workbook(**{"xl/worksheets/sheet1.xml": b"0" * 400_000_000}), "zip_bomb"),
    (workbook(**{"xl/workbook.xml": b"<broken"}), "bad_workbook"),
    (workbook(**{f"x{n}": b"" for n in range(300)}), "zip_bomb"),
    (workbook()[:500], "bad_zip"),
])  # fmt: skip
def test_hostile_workbooks_are_refused(data, code):
    with pytest.raises(Refused) as refused:
        workbooks.lines(data)
    assert refused.value.code == code


@pytest.mark.parametrize(("text", "hour"), [
    ("2026-05-03T08:30:00+08:00", 30), ("2026/5/3 8:30", 30), ("2026年5月3日 8:30", 30), ("2026-05-03", -480),
    ("2026-05-03T00:30:00Z", 30),
])  # fmt: skip
def test_times_are_chinas_without_offset(text, hour):
    day = datetime(2026, 5, 3, tzinfo=UTC)
    assert (moment(text) - day).total_seconds() / 60 == hour


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "1800-01-01", "2026-05-03T25:00", "12.05.2026"])
def test_other_times_are_faults(text):
    with pytest.raises(ValueError, match=r".*"):
        moment(text)


def test_ids_follow_from_source_and_number():
    row = Row(1, {"name": "甲", "category": "guard"})
    one, again, other = (parsed("members", [row], Given(s)).good[0]["id"] for s in ("a", "a", "b"))
    assert one == again != other
    twice = parsed("members", [row, Row(2, row.fields)], Given("a"))
    assert [fault.code for fault in twice.faults] == ["duplicate_row"]
