"""XLSForms of stations: what becomes a class, and what is refused with its row."""

from __future__ import annotations

import io
import zipfile

import pytest

from collectors.records import Refused
from collectors.xlsforms import decode
from tests.collectors.xls_books import NOISE, book
from webapp.cases.questions import Question, answer_problems


def test_a_form_becomes_questions_in_both_languages():
    form = decode(book())
    assert (form.form_id, form.title) == ("noise", {"zh": "噪声扰民", "en": "Noise"})
    asked = {q["name"]: q for q in form.questions}
    assert list(asked) == ["kind", "night", "decibel", "since", "who", "pic"]
    assert asked["kind"]["kind"] == "choice"
    assert asked["kind"]["choices"][0] == {"value": "music", "title": {"zh": "音响", "en": "Music"}}
    assert asked["night"]["kind"] == "yesno"
    assert (asked["decibel"]["low"], asked["decibel"]["high"]) == (30, 130)
    assert asked["decibel"]["relevant"] == {"question": "kind", "in": ["music", "works"]}
    assert asked["who"]["relevant"] == {"question": "night", "in": [True]}
    assert asked["pic"]["kind"] == "photo"
    questions = [Question.declared(item) for item in form.questions]
    good = {"kind": "music", "night": True, "decibel": 80, "who": "三楼"}
    assert answer_problems(questions, good, 1) == []
    assert {p.code for p in answer_problems(questions, {**good, "decibel": 20, "night": False}, 0)} == {
        "answer_number",
        "answer_not_asked",
        "photo_needed",
    }


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("select_multiple kinds", "many", "多选", "Many"), "xlsform_type"),
        (("calculate", "sum", "", "", "", "", ""), "xlsform_broken"),
        (("audio", "sound", "录音", "Sound"), "xlsform_type"),
        (("geotrace", "way", "路线", "Way"), "xlsform_type"),
        (("geopoint", "second", "第二处", "Second"), "xlsform_second_place"),
        (("text", "free", "说", "Say", "", "regex(., '[a-z]+')"), "xlsform_constraint"),
        (("integer", "n", "数", "Number", "", ". mod 2 = 0"), "xlsform_constraint"),
        (("text", "t", "说", "Say", "", "", "${decibel} > 80"), "xlsform_condition"),
        (("text", "t", "说", "Say", "", "", "${kind} = 'music' and ${night} = 'yes'"), "xlsform_condition"),
        (("text", "t", "说", "Say", "${night} = 'yes'"), "xlsform_required"),
        (("text", "kind", "重名", "Same name"), "xlsform_broken"),
        (("nonsense", "t", "说", "Say"), "xlsform_broken"),
    ],
)
def test_what_can_not_be_taken_is_named_with_its_row(row, code):
    with pytest.raises(Refused) as refused:
        decode(book((*NOISE, row)))
    assert [problem.code for problem in refused.value.problems] == [code]
    if code != "xlsform_broken":
        assert refused.value.problems[0].pointer == f"row {len(NOISE) + 2}"


def test_all_faults_are_told_at_once_also_those_inside_a_repeat():
    rows = (
        ("begin_repeat", "people", "人", "People"),
        ("text", "name", "姓名", "Name"),
        ("end_repeat",),
        ("audio", "sound", "录音", "Sound"),
    )
    with pytest.raises(Refused) as refused:
        decode(book((*NOISE, *rows)))
    found = [(problem.code, problem.pointer) for problem in refused.value.problems]
    first = len(NOISE) + 2
    assert found == [("xlsform_type", f"row {first}"), ("xlsform_type", f"row {first + 3}")]


@pytest.mark.parametrize("form_id", ["1abc", "a b", "x" * 41, "a/../b"])
def test_an_id_that_is_no_name_is_refused(form_id):
    with pytest.raises(Refused) as refused:
        decode(book(form_id=form_id))
    assert refused.value.code in ("xlsform_id", "xlsform_broken")


def test_a_form_without_questions_is_refused():
    with pytest.raises(Refused) as refused:
        decode(book((("geopoint", "where", "位置", "Place"),)))
    assert refused.value.code == "xlsform_empty"


def bomb(size: int, members: int = 1) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", bytes(size))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "xlsform_not_xlsx"),
        (b"type,name,label\ntext,a,A\n", "xlsform_not_xlsx"),
        (b"PK\x03\x04 cut off", "bad_zip"),
        (bomb(40_000_000), "zip_bomb"),
        (bomb(1, 300), "zip_bomb"),
        (book()[:-400], "bad_zip"),
        (bytes(3_000_000), "too_large"),
        (bomb(100), "xlsform_broken"),
    ],
)
def test_hostile_workbooks_are_refused(data, code):
    with pytest.raises(Refused) as refused:
        decode(data)
    assert refused.value.code == code, refused.value


def test_a_workbook_with_entities_is_refused():
    source = zipfile.ZipFile(io.BytesIO(book()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                head = (
                    b'<!DOCTYPE x [<!ENTITY a "' + b"b" * 1000 + b'"><!ENTITY c "' + b"&a;" * 1000 + b'">]>'
                )
                data = head + data.split(b"?>")[-1].replace(b"<sheetData>", b"<sheetData>&c;", 1)
            archive.writestr(name, data)
    with pytest.raises(Refused):
        decode(out.getvalue())
