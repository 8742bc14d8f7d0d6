"""Strict JSON refuses what later layers would choke on, with a code and a pointer."""

from pathlib import Path

import pytest

from collectors import json_in
from collectors.records import Refused

SAMPLES = Path(__file__).parent / "samples" / "json_in"


@pytest.mark.parametrize("sample", ["nan", "infinity", "overflow", "surrogate", "bom", "cut"])
def test_what_is_no_json_is_bad_json(sample: str) -> None:
    with pytest.raises(Refused) as refused:
        json_in.loads((SAMPLES / f"{sample}.json").read_bytes())
    assert refused.value.code == "bad_json"


def test_a_gbk_document_is_named_as_wrong_encoding_with_its_place() -> None:
    data = (SAMPLES / "gbk.json").read_bytes()
    with pytest.raises(Refused) as refused:
        json_in.loads(data)
    assert refused.value.code == "bad_utf8"
    assert refused.value.params["byte"] == data.index("飞".encode("gbk"))


@pytest.mark.parametrize("depth", [1025, 100_000])
def test_deep_nesting_is_refused_without_a_crash(depth: int) -> None:
    with pytest.raises(Refused) as refused:
        json_in.loads(b"[" * depth + b"]" * depth)
    assert refused.value.code == "bad_json"


def test_a_large_document_is_refused_before_parsing() -> None:
    with pytest.raises(Refused) as refused:
        json_in.loads(b" " * 101, limit=100)
    assert refused.value.code == "too_large"
    assert refused.value.params == {"limit": 100, "size": 101}


@pytest.mark.parametrize(
    "text",
    [rb"\u0000", "\u202e".encode(), rb"\u202E", rb"\u2066", "\u2069".encode()],
    ids=["nul", "override", "escaped override", "escaped isolate", "isolate end"],
)
def test_unsafe_characters_are_refused_with_their_pointer(text: bytes) -> None:
    with pytest.raises(Refused) as refused:
        json_in.loads(b'{"a": [{"b/c": "x' + text + b'y"}]}')
    assert [(p.code, p.pointer) for p in refused.value.problems] == [("bad_text", "/a/0/b~1c")]


def test_an_unsafe_key_is_refused_and_does_not_travel_in_the_pointer() -> None:
    with pytest.raises(Refused) as refused:
        json_in.loads(b'{"a": {"x\\u202e": {"y": 1}}}')
    assert [p.pointer for p in refused.value.problems] == ["/a"]


def test_ordinary_text_with_look_alikes_passes() -> None:
    value = json_in.loads(rb'{"note": "path C:\\u0000 and \u200f, \u2026", "n": 1.5, "t": true}')
    assert value["note"] == "path C:\\u0000 and \u200f, …"
