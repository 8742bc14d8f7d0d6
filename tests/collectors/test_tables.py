"""CSV tables: foreign spreadsheets are read in their encodings, ours never carry a live formula."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import headings, tables
from collectors.records import Refused

SAMPLES = Path(__file__).parent / "samples" / "tables"


@pytest.mark.parametrize(
    ("sample", "encoding", "delimiter"),
    [
        ("excel_gbk.csv", "gb18030", ","),
        ("utf8_mark.csv", "utf-8-sig", ","),
        ("utf8.csv", "utf-8", ","),
        ("semicolon.csv", "utf-8", ";"),
        ("excel_unicode.txt", "utf-16", "\t"),
    ],
)
def test_the_encodings_and_delimiters_of_spreadsheets(sample: str, encoding: str, delimiter: str) -> None:
    table = tables.decode((SAMPLES / sample).read_bytes(), known=headings.AREA_FIELDS)
    assert (table.encoding, table.delimiter) == (encoding, delimiter)
    assert table.headings == ("网格编码", "网格名称", "户数")
    assert [row.number for row in table.rows] == [1, 3]
    assert table.rows[0].fields == {"code": "140106001001001", "name": "桥东第一网格", "households": "420"}
    assert table.rows[1].fields["name"] == "桥东，第二网格"


def test_columns_that_nobody_asked_for_keep_their_heading_and_short_rows_are_filled() -> None:
    table = tables.decode("网格编码,楼长,备注\n1,甲\n".encode(), known=headings.AREA_FIELDS)
    assert table.rows[0].fields == {"code": "1", "楼长": "甲", "备注": ""}


def test_a_named_column_wins_and_a_required_one_is_missed() -> None:
    data = "编号,编码\nA,B\n".encode()
    assert tables.decode(data, named={"code": "编号"}).rows[0].fields == {"code": "A", "编码": "B"}
    with pytest.raises(Refused) as refused:
        tables.decode(data, known=headings.AREA_FIELDS, required=["code", "name"])
    assert [(p.code, p.params["field"]) for p in refused.value.problems] == [("missing_column", "name")]


def test_line_breaks_and_delimiters_inside_quotes_stay_in_the_cell() -> None:
    table = tables.decode(b'a,b\n"x, ""y""\nz",2\n')
    assert table.rows[0].fields == {"a": 'x, "y"\nz', "b": "2"}


@pytest.mark.parametrize(
    ("data", "code", "pointer"),
    [
        (b"", "empty_table", ""),
        (b"\n\n", "empty_table", ""),
        (b"a,a\n1,2\n", "bad_heading", "row 0"),
        (b"a,,c\n1,2,3\n", "bad_heading", "row 0"),
        (b"a,b\n1,2\n1,2,3\n", "too_many_cells", "row 2"),
        (b"a,b\n1,x\x00y\n", "bad_text", "row 1"),
        ("a,b\n1,x\u202ey\n".encode(), "bad_text", "row 1"),
        (b"a,b\n1," + b"x" * 10_001, "too_long", "row 1"),
        (b'a,b\n1,"open', "bad_table", "line 2"),
        (b"a,b\n1," + b"x" * 140_000, "bad_table", "line 2"),
        (b"a\xff\xff\xff,b\n", "bad_encoding", ""),
        (b"a\n" + b"1\n" * 100_001, "too_many", ""),
        ((",".join(map(str, range(201)))).encode(), "too_many", "row 0"),
        (b"a" * 16_000_001, "too_large", ""),
    ],
    ids=str,
)
def test_each_fault_has_its_code_and_row(data: bytes, code: str, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        tables.decode(data)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+86",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1+1",
        "＋1",
        "－1",
        "＠x",
        '=HYPERLINK("x")',
    ],
)
def test_formulas_become_text(text: str) -> None:
    data = tables.encode(["值", "=head"], [[text, text]])
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert lines[0] == ["值", "'=head"]
    assert lines[1] == ["'" + text, "'" + text]


def test_numbers_stay_numbers_and_excel_sees_utf_8() -> None:
    data = tables.encode(["a", "b", "c", "d"], [[-5, 1.5, None, "普通"]])
    assert data == b"\xef\xbb\xbfa,b,c,d\r\n-5,1.5,,\xe6\x99\xae\xe9\x80\x9a\r\n"


@given(st.text(alphabet="'=+-@＝ \t\r\nab,\"", max_size=8))
def test_guarding_is_undone_exactly(text: str) -> None:
    assert tables.unguarded(tables.guarded(text)) == text


def test_our_own_export_is_read_again_unchanged() -> None:
    rows = [["=1+1", "'=x"], ["普通", "+86 351"]]
    table = tables.decode(tables.encode(["甲", "乙"], rows))
    assert [list(row.fields.values()) for row in table.rows] == rows
