"""Duty rosters as stations keep them: good rows are read, each other row says what is wrong with it."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from collectors import rosters
from collectors.records import Refused

SAMPLES = Path(__file__).parent / "samples/rosters"


@pytest.mark.parametrize("name", ["week.csv", "week-gb18030.csv"])
def test_a_week_is_read_with_the_faults_of_each_row(name: str) -> None:
    found = rosters.decode((SAMPLES / name).read_bytes())
    assert [(turn.day, turn.kind, turn.name, turn.begins, turn.ends) for turn in found.good] == [
        (date(2026, 11, 23), "night", "甲一", time(20), time(8)),
        (date(2026, 11, 24), "day", "甲二", time(8), time(0)),
        (date(2026, 11, 25), "night", "甲一", None, None),
    ]
    assert [(fault.code, fault.pointer) for fault in found.faults] == [
        ("missing", "row 6/name"),
        ("bad_shift", "row 7/kind"),
        ("bad_hour", "row 8/begins"),
        ("bad_call_time", "row 9/day"),
    ]


def test_what_is_no_roster_is_refused_by_name() -> None:
    for data, code in (("姓名\n甲\n".encode(), "missing_column"), (b"", "empty_table")):
        with pytest.raises(Refused) as refused:
            rosters.decode(data)
        assert refused.value.code == code
