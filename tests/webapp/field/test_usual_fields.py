"""The form that mends a kept report is filled as far as the report can be read, whatever its condition."""

from __future__ import annotations

from typing import Any

import pytest

from webapp.field.pages import usual_fields

REPORT = {
    "id": "2f1c6a0e-5b1d-4a57-9a3b-0d7f5f0f3c11",
    "class_code": "flying_wire",
    "place": {"lon": 112.5, "lat": "37.8", "crs": "GCJ02"},
    "found_at": "2026-05-03T00:30:00Z",
    "note": "二楼",
    "answers": {"wires": 2},
}


def test_a_report_fills_the_form() -> None:
    found = usual_fields(REPORT)
    assert (found["lon"], found["lat"], found["crs"]) == ("112.5", "37.8", "gcj02")
    assert found["found_at"] == "2026-05-03T08:30", "the form shows China's time"
    assert found["answers"] == '{\n  "wires": 2\n}'


def test_a_whole_batch_gives_its_first_report() -> None:
    assert usual_fields({"batch_id": "x", "reports": [REPORT, {}]}) == usual_fields(REPORT)


def test_a_time_without_zone_counts_as_chinas() -> None:
    assert usual_fields({"found_at": "2026-05-03T08:30:59"})["found_at"] == "2026-05-03T08:30"


@pytest.mark.parametrize(
    "document",
    [None, 7, "text", [], {}, {"reports": [3]}, {"place": [1, 2], "answers": "no", "found_at": "yesterday"}],
)
def test_anything_else_leaves_the_form_empty(document: Any) -> None:
    found = usual_fields(document)
    assert found["crs"] == "wgs84"
    assert found["answers"] == "{}"
    assert not any(found[name] for name in ("id", "class_code", "lon", "lat", "found_at", "note"))


def test_a_time_beyond_the_calendar_leaves_the_field_empty() -> None:
    assert usual_fields({"found_at": "9999-12-31T23:59:59Z"})["found_at"] == ""
