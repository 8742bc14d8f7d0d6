"""Lists of directives: every row is kept, with what can't be read of it."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from collectors import directives
from collectors.records import Refused

SAMPLES = Path(__file__).parent / "samples/directives"


@pytest.mark.parametrize("name", ["november.csv", "november-gb18030.csv"])
def test_a_list_is_read_with_the_faults_of_each_row(name: str) -> None:
    rows = directives.decode((SAMPLES / name).read_bytes())
    assert [row.number for row in rows] == [2, 3, 4, 5, 6, 7]
    first = rows[0]
    assert (first.content["grid"], first.content["class"]) == ("T-A1", "飞线充电")
    assert (first.from_on, first.to_on) == (date(2026, 11, 1), date(2026, 12, 31))
    assert first.content["序号"] == "1"
    assert [[p.code for p in row.problems] for row in rows] == [
        [], [], [], ["directive_nowhere"], ["days_wrong"], ["bad_call_time"],
    ]  # fmt: skip
    assert rows[4].content["words"] == "=cmd()"


def test_a_workbook_says_the_same() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["十一月重点整治清单"])
    sheet.append(["地点", "类别", "要求", "起", "止"])
    sheet.append(["梧桐苑3号楼", "飞线充电", "拆除", date(2026, 11, 1), date(2026, 11, 30)])
    target = io.BytesIO()
    book.save(target)
    [row] = directives.decode(target.getvalue())
    assert row.content["place"] == "梧桐苑3号楼"
    assert (row.from_on, row.to_on) == (date(2026, 11, 1), date(2026, 11, 30))


def test_what_is_no_list_is_refused_by_name() -> None:
    for data, code in (
        ("姓名,电话\n甲,1\n".encode(), "missing_column"),
        (b"", "empty_table"),
        ("地点\n".encode() + "甲\n".encode() * 3, "too_many"),
    ):
        with pytest.raises(Refused) as refused:
            directives.decode(data, most=2)
        assert refused.value.code == code
