"""Directories of bodies that matters are handed to: CSV, XLSX or JSON in, records and faults per row out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from collectors import headings, sheets
from collectors.records import Problem, Refused

KNOWN: Mapping[str, tuple[str, ...]] = {
    "code": ("代码", "编码", "单位代码", "code"),
    "name": ("单位名称", "名称", "单位", "部门", "name", "body"),
    "kind": ("类型", "类别", "单位类型", "kind", "type"),
    "duties": ("职责", "职责范围", "受理范围", "duties"),
    "classes": ("受理类别", "事项类别", "受理事项", "classes"),
    "contact": ("联系人", "contact"),
    "phone": ("联系电话", "电话", "phone", "telephone"),
    "answer_days": ("答复时限", "答复工作日", "办理时限", "工作日", "answer_days", "days"),
}
REQUIRED = ("code", "name")
LIMITS = {"name": 80, "kind": 30, "duties": 1000, "contact": 60, "phone": 40}
MOST_DAYS = 90
DEFAULT_DAYS = 5
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
_PARTS = re.compile(r"[\s,，、;；]+")
_PHONE = re.compile(r"[0-9+ ()\-转]{3,40}")


@dataclass(frozen=True)
class BodyRow:
    """One body as its row says; `classes` are class codes, `answer_days` working days."""

    number: int
    code: str
    name: str
    kind: str
    duties: str
    classes: tuple[str, ...]
    contact: str
    phone: str
    answer_days: int


@dataclass(frozen=True)
class BodyList:
    """The rows that can be taken, and what is wrong with the others ("row 7/phone")."""

    good: tuple[BodyRow, ...]
    faults: tuple[Problem, ...]


def decode(data: bytes) -> BodyList:
    """Read a directory of bodies.

    Faults: missing, too_long, bad_code, bad_phone, number_range, duplicate_row; what sheets says of a line.
    Raises Refused: missing_column, and whatever sheets.decode refuses.
    """
    sheet = sheets.decode(data, KNOWN)
    columns = headings.matched(sheet.headings, KNOWN)
    lacking = [name for name in REQUIRED if name not in columns]
    if lacking:
        raise Refused(*(Problem("missing_column", "row 0", "", {"field": name}) for name in lacking))
    good: dict[str, BodyRow] = {}
    faults: list[Problem] = []
    for line in sheet.lines:
        said = {field: line.row.fields.get(heading, "") for field, heading in columns.items()}
        at = f"row {line.row.number}"
        wrong = [Problem(p.code, at, "", p.params) for p in line.problems] + _wrong(said, at)
        if not wrong and said["code"] in good:
            wrong.append(Problem("duplicate_row", f"{at}/code", "", {"first": good[said["code"]].number}))
        faults += wrong
        if not wrong:
            good[said["code"]] = _row(line.row.number, said)
    return BodyList(tuple(good.values()), tuple(faults))


def _wrong(said: Mapping[str, str], at: str) -> list[Problem]:
    wrong = [Problem("missing", f"{at}/{name}") for name in REQUIRED if not said[name]]
    if said["code"] and not _CODE.fullmatch(said["code"]):
        wrong.append(Problem("bad_code", f"{at}/code"))
    for name, limit in LIMITS.items():
        if len(said.get(name, "")) > limit:
            wrong.append(Problem("too_long", f"{at}/{name}", "", {"limit": limit}))
    if said.get("phone") and not _PHONE.fullmatch(said["phone"]):
        wrong.append(Problem("bad_phone", f"{at}/phone"))
    days = said.get("answer_days", "")
    if days and not (days.isascii() and days.isdecimal() and 1 <= int(days[:9]) <= MOST_DAYS):
        wrong.append(Problem("number_range", f"{at}/answer_days", "", {"low": 1, "high": MOST_DAYS}))
    return wrong


def _row(number: int, said: Mapping[str, str]) -> BodyRow:
    classes = tuple(dict.fromkeys(part for part in _PARTS.split(said.get("classes", "")) if part))
    return BodyRow(
        number=number,
        code=said["code"],
        name=said["name"],
        kind=said.get("kind", "") or "other",
        duties=said.get("duties", ""),
        classes=classes,
        contact=said.get("contact", ""),
        phone=said.get("phone", ""),
        answer_days=int(said.get("answer_days") or DEFAULT_DAYS),
    )
