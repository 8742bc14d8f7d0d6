"""Calls and orders of other systems: a sheet's rows read by a source's own mapping of columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectors import headings
from collectors.records import Problem, Refused
from collectors.sheets import Line, Sheet, dumped
from gis import coords
from gis.errors import CoordinateError

MAX_REF = 100

# What the columns of call and hotline systems are usually called; the first that is there wins.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "ref": (
        "警情编号", "接警单编号", "接处警编号", "接警编号", "报警编号", "事件编号", "工单编号", "工单号",
        "受理编号", "流水号", "编号", "jjdbh", "ticket_no", "order_id", "call_id", "source_id", "ref",
        "id",
    ),
    "time": (
        "报警时间", "接警时间", "来电时间", "受理时间", "诉求时间", "登记时间", "发生时间", "事发时间",
        "派单时间", "创建时间", "时间", "日期", "bjsj", "jjsj", "call_time", "created_at", "time",
        "date",
    ),
    "position": (
        "坐标", "经纬度", "位置坐标", "lnglat", "coordinates", "location",
    ),
    "lon": (
        "经度", "坐标经度", "gis经度", "x坐标", "zddwxzb", "longitude", "lng", "lon", "jd", "x",
    ),
    "lat": (
        "纬度", "坐标纬度", "gis纬度", "y坐标", "zddwyzb", "latitude", "lat", "wd", "y",
    ),
    "crs": (
        "坐标系", "坐标系统", "坐标类型", "crs", "coordtype",
    ),
    "address": (
        "案发地址", "事发地址", "警情地址", "报警地址", "诉求地址", "事件地址", "详细地址", "发生地址",
        "事发地点", "发生地点", "地址", "地点", "位置", "afdd", "sfdd", "address", "place",
    ),
    "text": (
        "报警内容", "警情内容", "简要警情", "接警内容", "诉求内容", "工单内容", "事件描述", "问题描述",
        "主要内容", "内容", "描述", "bjnr", "jyaq", "content", "description", "text", "details",
    ),
    "category": (
        "警情类别", "报警类别", "警情类型", "案由", "诉求类型", "诉求类别", "问题分类", "工单类型",
        "事件类型", "类别", "类型", "分类", "bjlb", "category", "type", "kind",
    ),
    "phone": (
        "报警电话", "联系电话", "来电号码", "报警人电话", "诉求人电话", "手机号", "手机", "电话", "lxdh",
        "phone", "mobile", "tel",
    ),
    "caller": (
        "报警人", "报警人姓名", "诉求人", "来电人", "联系人", "反映人", "姓名", "bjr", "caller", "name",
    ),
}  # fmt: skip
FIELDS = tuple(KNOWN)
# Who called is kept apart from what was said.
PERSONAL = ("phone", "caller")

_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock without zone, as spreadsheets have
_SERIAL = (20_000.0, 80_000.0)
_TIME = re.compile(
    r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"(?:[\sT]*(?P<H>\d{1,2})[:时点](?:(?P<M>\d{1,2})(?:[:分](?P<S>\d{1,2})(?:\.\d+)?秒?|分)?)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,15})?")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source's rows are read.

    `mapping` is field to heading; `time_format` "auto" or a strptime pattern; `zone` the zone of times
    without one; `crs` the system of coordinates that name none.
    """

    mapping: Mapping[str, str]
    time_format: str = "auto"
    zone: str = "Asia/Shanghai"
    crs: str = "wgs84"


@dataclass(frozen=True, slots=True)
class Call:
    """One call or order as its source wrote it; `at` in UTC, `lon`/`lat` raw in the system `crs`.

    `content` holds the mapped fields as text (without who called), `content_hash` the SHA-256 of all of them.
    """

    number: int
    ref: str
    at: datetime | None
    lon: float | None
    lat: float | None
    crs: str
    address: str
    text: str
    category: str
    phone: str
    caller: str
    content: Mapping[str, str]
    content_hash: bytes
    problems: tuple[Problem, ...] = ()


def proposed(sheet: Sheet, saved: Mapping[str, str] | None = None) -> dict[str, str]:
    """The mapping field -> heading of a sheet: what was saved for its source first, then usual headings."""
    return headings.matched(sheet.headings, KNOWN, saved)


def calls(sheet: Sheet, reading: Reading) -> list[Call]:
    """Read all rows; each names its own faults: bad_time, missing, bad_coordinate, unknown_crs, too_long.

    Raises Refused missing_column when the mapping names a heading that the sheet lacks, bad_zone.
    """
    for field, heading in reading.mapping.items():
        if heading not in sheet.headings:
            raise Refused.because("missing_column", f"no column {heading}", "row 0", field=heading, of=field)
    try:
        zone = ZoneInfo(reading.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused.because("bad_zone", "no such time zone", zone=reading.zone[:60]) from None
    return [_call(line, reading, zone) for line in sheet.lines]


def _call(line: Line, reading: Reading, zone: ZoneInfo) -> Call:
    said = {field: line.row.fields.get(heading, "") for field, heading in reading.mapping.items()}
    problems = list(line.problems)
    digest = sha256(dumped(said)).digest()
    ref = unicodedata.normalize("NFKC", said.get("ref", "")).strip()
    if "ref" not in reading.mapping:
        # No number at the source: the content itself is the number; the same row again is the same order.
        ref = f"row-{digest.hex()[:24]}"
    elif not ref:
        problems.append(Problem("missing_ref", "ref", "this row has no number"))
    elif len(ref) > MAX_REF:
        problems.append(Problem("too_long", "ref", "the number is too long", {"limit": MAX_REF}))
    at = _at(said.get("time", ""), reading.time_format, zone, problems)
    lon, lat, crs = _place(said, reading.crs, problems)
    return Call(
        number=line.row.number,
        ref=ref[:MAX_REF],
        at=at,
        lon=lon,
        lat=lat,
        crs=crs,
        address=said.get("address", ""),
        text=said.get("text", ""),
        category=said.get("category", ""),
        phone=said.get("phone", ""),
        caller=said.get("caller", ""),
        content={field: text for field, text in said.items() if field not in PERSONAL and text},
        content_hash=digest,
        problems=tuple(problems),
    )


def _at(text: str, pattern: str, zone: ZoneInfo, problems: list[Problem]) -> datetime | None:
    try:
        return time_of(text, pattern, zone)
    except Refused as error:
        problems.append(Problem(error.code, "time", error.detail, error.params))
        return None


def time_of(text: str, pattern: str, zone: ZoneInfo) -> datetime:
    """A call's time in UTC; Refused bad_call_time when it can't be read.

    "auto" knows ISO 8601, 2026/5/3 8:30, 2026年5月3日8时30分, 20260503083000, a spreadsheet's day number,
    and seconds or milliseconds since 1970; a time without zone is one of `zone`.
    """
    said = unicodedata.normalize("NFKC", text).strip()
    try:
        found = _guessed(said) if pattern == "auto" else datetime.strptime(said, pattern)  # noqa: DTZ007
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC)
    except (ValueError, OverflowError, re.error):
        raise Refused.because("bad_call_time", "this is no time", "time", given=said[:40]) from None


def _guessed(said: str) -> datetime:
    written = _TIME.fullmatch(said)
    if written:
        part = written.groupdict()
        year, month, day, hour, minute, second = (int(part[name] or 0) for name in "ymdHMS")
        found = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone follows
        if part["zone"]:
            offset = datetime.strptime(part["zone"].replace(":", ""), "%z").tzinfo
            return found.replace(tzinfo=offset)
        return found
    if re.fullmatch(r"\d{10}|\d{13}", said):
        return datetime.fromtimestamp(int(said[:10]), UTC)
    compact = _COMPACT.fullmatch(said)
    if compact:
        return datetime(*(int(part or 0) for part in compact.groups()))  # type: ignore[arg-type] # noqa: DTZ001
    if _NUMBER.fullmatch(said) and _SERIAL[0] <= float(said) <= _SERIAL[1]:
        seconds = round(float(said) * 86_400)
        return _EXCEL_EPOCH + timedelta(seconds=seconds)
    raise ValueError(said)


def _place(
    said: Mapping[str, str], usual: str, problems: list[Problem]
) -> tuple[float | None, float | None, str]:
    """Raw coordinates and their system; None, None where the row gives none (empty, or both zero)."""
    lon_text, lat_text = said.get("lon", ""), said.get("lat", "")
    if not lon_text and not lat_text and said.get("position"):
        lon_text, _, lat_text = re.sub(r"[\s,，;；]+", ",", said["position"].strip("()[] ")).partition(",")
    crs = _system(said.get("crs", ""), usual, problems)
    if not lon_text and not lat_text:
        return None, None, crs
    lon, lat = number(lon_text), number(lat_text)
    if lon is None or lat is None:
        given = {"given": f"{lon_text[:30]}, {lat_text[:30]}"}
        problems.append(Problem("bad_coordinate", "lon", "these are no coordinates", given))
        return None, None, crs
    return (None, None, crs) if lon == 0 and lat == 0 else (lon, lat, crs)


def _system(text: str, usual: str, problems: list[Problem]) -> str:
    try:
        found = coords.system(text or usual)
    except CoordinateError:
        problems.append(Problem("unknown_crs", "crs", "no such system", {"crs": text[:40]}))
        return usual
    return found.label if isinstance(found, coords.Zone) else found.value


def number(text: str) -> float | None:
    """A decimal number, full width or with a degree sign behind; None when it is no number."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip("°EN").strip()
    return float(plain) if _NUMBER.fullmatch(plain) else None
