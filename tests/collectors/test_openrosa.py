"""The formats of OpenRosa: forms that ODK Validate takes, submissions read back, hostile XML refused."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from uuid import UUID, uuid4
from xml.etree import ElementTree

import pytest
import pyxform
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import openrosa, openrosa_submission, xforms, xml_in
from collectors.openrosa_submission import Part
from collectors.records import Refused
from collectors.xforms import FormClass

CLASSES = json.loads(
    (Path(__file__).parents[2] / "migrations/sql/0002/hazard_classes.json").read_text(encoding="utf-8")
)
JAR = Path(pyxform.__file__).parent / "validators/odk_validate/bin/ODK_Validate.jar"
PLAIN = st.text(
    st.characters(min_codepoint=32, max_codepoint=0xD7FF, exclude_categories=("Cf", "Cc")), max_size=80
)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)


def of_class(item) -> FormClass:
    return FormClass(item["code"], str(item["version"]), item["title"], item["hint"], item["questions"])


EVERY_KIND = FormClass(
    "every-kind.1",
    "12",
    {"zh": "“引号”&<尖括号>", "en": 'It\'s "all"'},
    {"zh": "提示 & 说明", "en": ""},
    (
        {"name": "a", "kind": "text", "title": {"zh": "文字", "en": "Text"}, "required": True},
        {"name": "b", "kind": "number", "title": {"zh": "数", "en": "Number"}, "low": -5, "high": 0.5},
        {
            "name": "c",
            "kind": "choice",
            "title": {"zh": "选", "en": "Choice"},
            "choices": [{"value": "x", "title": {"zh": "甲", "en": "X"}}],
            "relevant": {"question": "d", "in": [True]},
        },
        {"name": "d", "kind": "yesno", "title": {"zh": "是否", "en": "Yes?"}},
        {
            "name": "e",
            "kind": "date",
            "title": {"zh": "日期", "en": "Date"},
            "relevant": {"question": "b", "in": [0]},
        },
        {"name": "p", "kind": "photo", "title": {"zh": "照片", "en": "Photo"}, "required": True},
        {
            "name": "q",
            "kind": "photo",
            "title": {"zh": "二", "en": "Two"},
            "relevant": {"question": "a", "in": ["it's"]},
        },
        {"name": "note", "kind": "text", "title": {"zh": "名同", "en": "Same name as ours"}},
    ),
)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_odk_validate_takes_every_form(tmp_path):
    if not shutil.which("java"):
        print("java is not installed", file=sys.stderr)
        pytest.skip("java is not installed: ODK Validate can't run")
    forms = {item["code"]: xforms.hazard_form(of_class(item)) for item in CLASSES}
    forms["every_kind"] = xforms.hazard_form(EVERY_KIND)
    follow = FormClass("my_reports", "1", {"zh": "我的", "en": "Mine"}, {"zh": "", "en": ""}, ())
    forms["my_reports"] = xforms.follow_up_form(follow, "my_reports.csv")
    for name, data in forms.items():
        path = tmp_path / f"{name}.xml"
        path.write_bytes(data)
        done = subprocess.run(
            ["java", "-jar", JAR, path], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        assert "Xform is valid" in done.stdout + done.stderr


def test_odk_validate_can_refuse(tmp_path):
    if not shutil.which("java"):
        pytest.skip("java is not installed: ODK Validate can't run")
    path = tmp_path / "bad.xml"
    path.write_bytes(xforms.hazard_form(EVERY_KIND).replace(b"/data/answers/a =", b"/data/nowhere/( ="))
    done = subprocess.run(
        ["java", "-jar", JAR, path], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0


def test_a_form_says_what_its_class_asks():
    form = xforms.hazard_form(EVERY_KIND).decode()
    assert 'id="every-kind.1" version="12"' in form
    for expected in (
        'accuracyThreshold="10" unacceptableAccuracyThreshold="50"',
        'orx:max-pixels="1600"',
        'constraint=". &gt;= -5 and . &lt;= 0.5"',
        "relevant=\"/data/answers/d = 'yes'\"",
    ):
        assert expected in form, expected
    assert form.count("<upload ") == 3
    assert xforms.hazard_form(EVERY_KIND) == xforms.hazard_form(EVERY_KIND), "the hash must not move"
    root = ElementTree.fromstring(form)
    languages = [item.get("lang") for item in root.iter("{http://www.w3.org/2002/xforms}translation")]
    assert languages == ["中文 (zh)", "English (en)"]


@given(note=PLAIN, text=PLAIN, number=st.integers(-(10**9), 10**9), yes=st.booleans(), instance=st.uuids())
def test_what_is_filled_in_comes_back(note, text, number, yes, instance):
    leaves = {"a": text, "b": str(number), "d": "yes" if yes else "no"}
    said = "".join(xml_in.element(k, xml_in.escaped(v)) for k, v in leaves.items())
    body = (
        xml_in.element("place", "37.86 112.56 780.5 4.5")
        + xml_in.element("found_at", "2026-05-03T08:30:00.000+08:00")
        + xml_in.element("answers", said)
        + xml_in.element("note", xml_in.escaped(note))
        + xml_in.element("meta", xml_in.element("instanceID", f"uuid:{instance}"))
    )
    sent = openrosa_submission.decode(xml_in.element("data", body, id="x", version="3").encode())
    report = openrosa_submission.report(sent, EVERY_KIND.questions, {})
    assert report.id == instance
    assert report.note == note.strip()
    assert report.answers.get("a", "") == text.strip()
    assert report.answers["b"] == number
    assert report.answers["d"] is yes
    assert (report.place.lon, report.place.lat, report.place.accuracy_m) == (112.56, 37.86, 4.5)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(Refused):
        openrosa_submission.decode(data)


@settings(max_examples=50)
@given(title=PLAIN, label=PLAIN, name=NAMES)
def test_any_words_make_a_well_formed_form(title, label, name):
    question = {"name": name, "kind": "text", "title": {"zh": label, "en": label}}
    form = FormClass("x", "1", {"zh": title, "en": ""}, {"zh": label, "en": label}, (question,))
    ElementTree.fromstring(xforms.hazard_form(form))


@given(st.lists(st.tuples(st.sampled_from(["1.jpg", "2.jpg", "x"]), st.binary(max_size=3)), max_size=8))
def test_no_part_is_ever_dropped(parts):
    found = openrosa_submission.matched(("1.jpg", "2.jpg"), [Part(n, n, data) for n, data in parts])
    kept = [*found.held.values(), *(d for _k, d in found.strays), *(d for _k, d in found.rivals)]
    assert {data for _n, data in parts} == set(kept)
    assert set(found.missing) == {"1.jpg", "2.jpg"} - {name for name, _d in parts}
    keys = [key for key, _d in (*found.strays, *found.rivals)]
    assert len(keys) == len(set(keys))


def test_ids_of_another_make_are_stable_and_apart():
    def read(xml, sender="a"):
        return openrosa_submission.decode(xml, sender=sender).id

    own = b'<data id="x"><meta><instanceID>form 7</instanceID></meta></data>'
    assert read(own) == read(own)
    assert read(own) != read(own, "b")
    none = b'<data id="x"><note>hello</note></data>'
    assert read(none) == read(none)
    given_id = uuid4()
    assert read(f'<data id="x"><meta><instanceID>{given_id}</instanceID></meta></data>'.encode()) == given_id


def test_the_orx_names_of_meta_are_read_too():
    xml = (
        '<data id="x" xmlns:orx="http://openrosa.org/xforms"><orx:meta>'
        "<orx:instanceID>uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3301</orx:instanceID>"
        "<orx:deprecatedID>uuid:3f2504e0-4f89-41d3-9a0c-0305e82c3302</orx:deprecatedID></orx:meta></data>"
    )
    sent = openrosa_submission.decode(xml.encode())
    assert sent.id == UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    assert sent.deprecated == UUID("3f2504e0-4f89-41d3-9a0c-0305e82c3302")


@pytest.mark.parametrize("place", ["nan nan 0 0", "37", "1e999 112 0 0", "37 112 0 0 0", "a b c d"])
def test_a_place_that_is_none_is_refused(place):
    xml = f'<data id="x"><place>{place}</place><found_at>2026-05-03T08:30:00+08:00</found_at></data>'
    with pytest.raises(Refused) as refused:
        openrosa_submission.report(openrosa_submission.decode(xml.encode()), (), {})
    assert refused.value.pointer == "/place"


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (b'<!DOCTYPE d [<!ENTITY % a SYSTEM "http://127.0.0.1:1/x"> %a;]><d id="x"/>', "xml_entities"),
        (b'<!DOCTYPE d><d id="x"/>', "xml_entities"),
        ('<?xml version="1.0" encoding="UTF-16"?><d id="x"/>'.encode("utf-16"), "bad_utf8"),
        ("<d id='x'>\u202e</d>".encode(), "bad_text"),
        (b"<d id='x'>\x00</d>", "bad_xml"),
        (b"<d id='x'><a></d>", "bad_xml"),
        (b'<d id="x">' + b"<a>" * 100_000, "xml_too_large"),
        (b'<d id="x"><n>' + b"x" * 2_001 + b"</n></d>", "too_long"),
    ],
)
def test_hostile_xml_is_refused(xml, code):
    with pytest.raises(Refused) as refused:
        openrosa_submission.decode(xml)
    assert refused.value.code == code


def test_the_settings_of_collect_are_what_its_scanner_reads():
    text = openrosa.collect_settings(
        "https://s.example/or/T", name="派出所", icon="格", color="#123456", language="zh"
    )
    said = json.loads(zlib.decompress(base64.b64decode(text)))
    assert said["general"]["server_url"] == "https://s.example/or/T"
    assert said["general"]["form_update_mode"] == "match_exactly"
    assert said["general"]["autosend"] == "wifi_and_cellular"
    assert said["project"] == {"name": "派出所", "icon": "格", "color": "#123456"}


def test_a_message_may_hold_anything():
    body = openrosa.response("a < b & \x00 “c”", nature="error")
    root = ElementTree.fromstring(body)
    assert root[0].text == "a < b &  “c”"
    assert root[0].get("nature") == "error"
