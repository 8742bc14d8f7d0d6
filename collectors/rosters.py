"""Duty rosters of a station as CSV, XLSX or JSON: rows of day, shift, name and hours, faults per row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time

from collectors import headings, incidents, sheets
from collectors.directives import ZONE
from collectors.records import Problem, Refused

KNOWN: Mapping[str, tuple[str, ...]] = {
    "day": ("日期", "值班日期", "day", "date"),
    "kind": ("班次", "班别", "类型", "shift", "kind"),
    "name": ("值班人", "值班民警", "值班人员", "民警", "姓名", "name", "officer", "person"),
    "begins": ("开始", "起", "开始时间", "上班", "from", "begin", "start"),
    "ends": ("结束", "止", "结束时间", "下班", "to", "until", "end"),
}
REQUIRED = ("day", "name")
NIGHT = ("夜", "晚", "night", "n")
DAY = ("白", "日", "早", "day", "d")
MAX_ROWS = 500
MAX_NAME = 60
_CLOCK = re.compile(r"(\d{1,2})(?:[:：.时点](\d{2})?分?)?(?::00)?")


@dataclass(frozen=True)
class Turn:
    """One row: who has the desk from which hour of a local day; `ends` no later than `begins`: next day.

    Hours that a row does not say are None: the usual ones of its kind ("day" or "night") count.
    """

    number: int
    day: date
    kind: str
    name: str
    begins: time | None
    ends: time | None


@dataclass(frozen=True)
class Roster:
    """The rows that can be taken, and what is wrong with the others ("row 7/day")."""

    good: tuple[Turn, ...]
    faults: tuple[Problem, ...]


def decode(data: bytes) -> Roster:
    """Read a roster. A row without a shift is by night.

    Faults: missing, too_long, bad_call_time (day), bad_hour, bad_shift; what sheets says of a line. Raises
    Refused: missing_column, too_many, and whatever sheets.decode refuses.
    """
    sheet = sheets.decode(data, KNOWN)
    columns = headings.matched(sheet.headings, KNOWN)
    lacking = [name for name in REQUIRED if name not in columns]
    if lacking:
        raise Refused(*(Problem("missing_column", "row 0", "", {"field": name}) for name in lacking))
    if len(sheet.lines) > MAX_ROWS:
        raise Refused.because("too_many", "too many rows", limit=MAX_ROWS, count=len(sheet.lines))
    good: list[Turn] = []
    faults: list[Problem] = []
    for line in sheet.lines:
        said = {field: line.row.fields.get(heading, "").strip() for field, heading in columns.items()}
        at = f"row {line.row.number}"
        wrong = [Problem(p.code, at, "", p.params) for p in line.problems]
        turn = _turn(line.row.number, said, at, wrong)
        faults += wrong
        good += [turn] if turn is not None and not wrong else []
    return Roster(tuple(good), tuple(faults))


def _turn(number: int, said: Mapping[str, str], at: str, wrong: list[Problem]) -> Turn | None:
    wrong += [Problem("missing", f"{at}/{name}") for name in REQUIRED if not said[name]]
    if len(said["name"]) > MAX_NAME:
        wrong.append(Problem("too_long", f"{at}/name", "", {"limit": MAX_NAME}))
    kind = _kind(said.get("kind", ""))
    if not kind:
        wrong.append(Problem("bad_shift", f"{at}/kind", "", {"given": said["kind"][:40]}))
    begins, ends = _hour(said, "begins", at, wrong), _hour(said, "ends", at, wrong)
    day = _day(said["day"], at, wrong) if said["day"] else None
    return Turn(number, day, kind, said["name"], begins, ends) if day else None


def _kind(text: str) -> str:
    """The kind that a word means: night where it says nothing; empty for a word that means neither."""
    said = text.casefold()
    if not said or said.startswith(NIGHT):
        return "night"
    return "day" if said.startswith(DAY) else ""


def _day(text: str, at: str, wrong: list[Problem]) -> date | None:
    try:
        return incidents.time_of(text, "auto", ZONE).astimezone(ZONE).date()
    except Refused as error:
        wrong += [Problem(p.code, f"{at}/day", "", p.params) for p in error.problems]
        return None


def _hour(said: Mapping[str, str], field: str, at: str, wrong: list[Problem]) -> time | None:
    text = said.get(field, "")
    if not text:
        return None
    found = _CLOCK.fullmatch(text)
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    # 24:00 is the midnight at the end of the day.
    if hour == 24 and minute == 0:
        return time(0)
    if hour > 23 or minute > 59:
        wrong.append(Problem("bad_hour", f"{at}/{field}", "", {"given": text[:40]}))
        return None
    return time(hour, minute)
