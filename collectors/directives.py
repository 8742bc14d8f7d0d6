"""Lists of a district's directives: a sheet's rows of place or grid, class, words and days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from collectors import headings, incidents, sheets
from collectors.records import Problem, Refused

ZONE = ZoneInfo("Asia/Shanghai")
KNOWN: Mapping[str, tuple[str, ...]] = {
    "grid": ("网格", "网格编码", "网格名称", "所属网格", "grid", "grid_code"),
    "place": (
        "地点", "地址", "点位", "部位", "位置", "重点部位", "具体位置", "场所", "place", "address",
        "location",
    ),
    "class": (
        "类别", "隐患类别", "事项类别", "类型", "隐患类型", "事项类型", "class", "category", "type",
    ),
    "words": (
        "指令内容", "工作要求", "要求", "内容", "整治要求", "说明", "备注", "words", "text", "directive",
    ),
    "from": ("开始日期", "起始日期", "开始时间", "下发日期", "自", "起", "from", "since", "start"),
    "to": (
        "结束日期", "截止日期", "结束时间", "完成时限", "期限", "至", "止", "to", "until", "end", "deadline",
    ),
}  # fmt: skip
MAX_WORDS = 1000


@dataclass(frozen=True, slots=True)
class Directive:
    """One row: as written in `content`, its days read; `problems` names what can't be read of it."""

    number: int
    content: Mapping[str, str]
    from_on: date | None
    to_on: date | None
    problems: tuple[Problem, ...]


def decode(data: bytes, most: int = 2000) -> list[Directive]:
    """Read a list of directives as CSV, XLSX or JSON, each row with its own faults; none is dropped.

    A row's faults: bad_call_time, days_wrong, too_long, directive_nowhere, and those of the sheet. Raises
    Refused when the file is no table (see `sheets.decode`), has more rows than `most`, or has no column of
    places or grids.
    """
    sheet = sheets.decode(data, KNOWN)
    if len(sheet.lines) > most:
        raise Refused.because("too_many", "too many rows", limit=most, count=len(sheet.lines))
    mapping = headings.matched(sheet.headings, KNOWN)
    if "grid" not in mapping and "place" not in mapping:
        raise Refused.because("missing_column", "no column of places or grids", "row 0", field="place, grid")
    return [_directive(line, mapping) for line in sheet.lines]


def _directive(line: sheets.Line, mapping: Mapping[str, str]) -> Directive:
    said = {field: line.row.fields.get(heading, "") for field, heading in mapping.items()}
    problems = list(line.problems)
    from_on, to_on = _day(said, "from", problems), _day(said, "to", problems)
    if from_on and to_on and to_on < from_on:
        problems.append(Problem("days_wrong", "to", "it ends before it begins"))
        from_on = to_on = None
    if not said.get("grid") and not said.get("place"):
        problems.append(Problem("directive_nowhere", "place", "neither place nor grid"))
    if len(said.get("words", "")) > MAX_WORDS:
        problems.append(Problem("too_long", "words", "too many words", {"limit": MAX_WORDS}))
    # What is no column of ours stays with the row too, so that a person can read all of it.
    rest = {name: text for name, text in line.row.fields.items() if text and name not in mapping.values()}
    content = {**rest, **{field: text for field, text in said.items() if text}}
    return Directive(line.row.number, content, from_on, to_on, tuple(problems))


def _day(said: Mapping[str, str], field: str, problems: list[Problem]) -> date | None:
    if not said.get(field):
        return None
    try:
        return incidents.time_of(said[field], "auto", ZONE).astimezone(ZONE).date()
    except Refused as error:
        problems.append(Problem(error.code, field, error.detail, error.params))
        return None
