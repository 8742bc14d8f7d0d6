"""Open311 forms and answers, pure: what is read, what is refused, what both formats say."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from uuid import UUID
from xml.etree import ElementTree

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import open311
from collectors.records import Refused

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
SECRET = UUID("6f1c9c1e-6a4b-4d58-9a0e-1d7c0e4a7b11")
FIELDS = [
    ("api_key", "s3cret"),
    ("service_code", "flying_wire"),
    ("lat", "37.8635"),
    ("long", "112.566"),
    ("attribute[wires]", "2"),
    ("attribute[signs][]", "a"),
    ("attribute[signs][]", "b"),
    ("phone", "13800138000"),
    ("ward", "7"),
]


def sent(*changes: tuple[str, str]) -> open311.Sent:
    return open311.decode([*FIELDS, *changes], [("a.jpg", "image/jpeg", b"1"), ("b.jpg", "image/jpeg", b"1")])


def test_a_form_is_read_and_equal_files_are_one() -> None:
    found = sent()
    assert (found.lat, found.lon) == (37.8635, 112.566)
    assert found.attributes == {"wires": ("2",), "signs": ("a", "b")}
    assert (found.contact, found.other) == ({"phone": "13800138000"}, {"ward": "7"})
    assert len(found.files) == 1


def test_the_id_is_made_of_everything_said_and_of_the_day() -> None:
    def made(report: open311.Sent, day: int = 22, who: str = "x", secret: UUID = SECRET) -> UUID:
        return open311.report_id(report, sender=who, day=date(2026, 11, day), namespace=secret)

    same = made(sent())
    assert made(sent()) == same
    assert made(sent(("api_key", "another text of the same key's field"))) == same
    others = [
        made(sent(), day=23),
        made(sent(), who="y"),
        made(sent(), secret=UUID(int=1)),
        made(sent(("description", "x"))),
        made(sent(("phone", "13800138001"))),
        made(sent(("device_id", "d"))),
        made(open311.decode(FIELDS, [("a.jpg", "image/jpeg", b"2")])),
    ]
    assert len({same, *others}) == 8
    assert same.version == 5


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("number", "2", 2), ("number", "-2.5", -2.5), ("yesno", "Yes", True), ("yesno", "否", False),
        ("date", "2026-05-03T10:00:00+08:00", "2026-05-03"), ("text", "井盖", "井盖"), ("choice", "a", "a"),
    ],
)  # fmt: skip
def test_attributes_become_typed_answers(kind: str, text: str, value: object) -> None:
    found = open311.decode([*FIELDS[:4], ("attribute[q]", text)], [])
    assert open311.answers(found, [{"name": "q", "kind": kind}]) == {"q": value}


@pytest.mark.parametrize("text", ["NaN", "inf", "1e5", "0x1", "1_000", "٣", "--1", "1.", ".5", "9" * 40])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    found = open311.decode([*FIELDS[:4], ("attribute[q]", text)], [])
    with pytest.raises(Refused) as refused:
        open311.answers(found, [{"name": "q", "kind": "number"}])
    assert (refused.value.code, refused.value.pointer) == ("not_number", "attribute[q]")
    with pytest.raises(Refused):
        open311.decode([("service_code", "x"), ("lat", text), ("long", "1")], [])


def test_two_values_for_one_answer_are_refused_not_dropped() -> None:
    with pytest.raises(Refused) as refused:
        open311.answers(sent(), [{"name": "wires", "kind": "number"}, {"name": "signs", "kind": "choice"}])
    assert refused.value.pointer == "attribute[signs]"


def test_the_quarantined_document_lacks_the_key() -> None:
    kept = orjson.loads(open311.raw_document([*FIELDS, ("description", "a\0b")]))
    assert "s3cret" not in str(kept)
    assert kept["class_code"] == "flying_wire"
    assert kept["place"]["lon"] == "112.566"
    assert ["ward", "7"] in kept["form"]


def test_filters_have_the_standards_defaults() -> None:
    usual = open311.wanted({}, NOW)
    assert usual.since is not None
    assert usual.until is not None
    assert (NOW - usual.since).days == 90
    assert usual.within(NOW)
    plus_lost = open311.wanted({"start_date": "2026-11-01T00:00:00 08:00"}, NOW)
    assert plus_lost.since == datetime(2026, 10, 31, 16, tzinfo=UTC)
    ids = open311.wanted({"service_request_id": " A-1, ,B-2"}, NOW)
    assert ids.ids == ("A-1", "B-2")
    for query in (
        {"start_date": "2026-01-01"},
        {"status": "ajar"},
        {"service_request_id": "a," * 300},
        {"start_date": "2025-01-01T00:00Z", "end_date": "2026-01-01T00:00Z"},
        {"end_date": "9999-12-31T23:59:59-12:00"},
        {"start_date": "0001-01-01T00:00:00+14:00"},
    ):
        with pytest.raises(Refused):
            open311.wanted(query, NOW)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_gives_well_formed_answers(words: str, number: float) -> None:
    record = {"service_request_id": words, "lat": number, "description": None, "metadata": True}
    written = open311.encode("requests", [record], "xml")
    [found] = ElementTree.fromstring(written).findall("request")
    assert float(found.findtext("lat") or "") == number
    assert (found.findtext("metadata"), found.findtext("description")) == ("true", "")
    plain = "".join(c for c in words if c.isalnum() and c.isascii())
    assert plain in "".join(
        c for c in found.findtext("service_request_id") or "" if c.isascii() and c.isalnum()
    )


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=30))
def test_any_form_is_read_or_refused(fields: list[tuple[str, str]]) -> None:
    with contextlib.suppress(Refused):
        open311.decode(fields, [])
    open311.raw_document(fields)
