"""Rows of registers read into values: cells of text in, typed values or faults with their cell out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import orjson

from collectors.crs import crs_name
from collectors.json_in import BAD_TEXT
from collectors.records import Problem, Row
from gis import coords
from gis.errors import CoordinateError, ShapeError

# Ids of rows that have none of their own: the same row of the same source is the same thing each time.
SPACE = UUID("5d0e5a56-5b1f-4f62-9a53-7f2b0f3a9c11")
CHINA = ZoneInfo("Asia/Shanghai")
EARLIEST = datetime(1949, 10, 1, tzinfo=UTC)
_TEAM = re.compile(
    r"(?P<name>.+?)(?:\((?P<since>\d{4}-\d\d-\d\d)(?:~(?P<until>\d{4}-\d\d-\d\d))?\))?(?P<lead>★)?"
)
_TIME = re.compile(
    r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?"
    r"(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)


@dataclass(frozen=True)
class Given:
    """What the reader of a file knows beside it.

    `source` names the other system; `crs` is the system of coordinates that no column names; `words` turn
    what people write into codes, by field (category, class_code, state, duty); in the fields that are `free`
    other words stay as they are.
    """

    source: str
    crs: str = "wgs84"
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    free: frozenset[str] = frozenset(("category", "duty"))


@dataclass(frozen=True)
class Parsed:
    """Values of the good rows, each with its `row` number, and what is wrong with the others."""

    good: tuple[dict[str, Any], ...]
    faults: tuple[Problem, ...]

    @property
    def bad_rows(self) -> int:
        """How many rows have a fault."""
        return len({fault.pointer.split("/")[0] for fault in self.faults})


def parsed(kind: str, rows: Iterable[Row], given: Given) -> Parsed:
    """Read rows of a register (keys are field names where the heading was recognised).

    Faults have pointers like "row 7/phone": missing, too_long, bad_text, not_number, bad_time, bad_uuid,
    not_allowed, unknown_crs, out_of_range, outside_china, swapped_axes, found_in_future is for the caller;
    duplicate_row names a row that says the same as one before.
    """
    good: list[dict[str, Any]] = []
    faults: list[Problem] = []
    seen: dict[UUID, int] = {}
    for row in rows:
        cells = Cells(row, given)
        values = _READERS[kind](cells)
        key = values["id"]
        if not cells.faults and key in seen:
            cells.fault("id", "duplicate_row", first=seen[key])
        seen.setdefault(key, row.number)
        faults += cells.faults
        if not cells.faults:
            good.append({"row": row.number, **values})
    return Parsed(tuple(good), tuple(faults))


class Cells:
    """One row under reading: each getter returns a usable value and notes what was wrong."""

    def __init__(self, row: Row, given: Given) -> None:
        self._row = row
        self.given = given
        self.faults: list[Problem] = []

    def fault(self, name: str, code: str, **params: Any) -> None:
        """Note a problem of one cell."""
        self.faults.append(Problem(code, f"row {self._row.number}/{name}", "", params))

    def text(self, name: str, limit: int = 200, *, required: bool = False) -> str:
        """A text of at most `limit` characters."""
        value = self._row.fields.get(name, "")
        if len(value) > limit:
            self.fault(name, "too_long", limit=limit)
        elif BAD_TEXT.search(value):
            self.fault(name, "bad_text")
        elif required and not value.strip():
            self.fault(name, "missing")
        return value

    def word(self, name: str, *, required: bool = False, default: str = "") -> str:
        """A code, written as such or as one of the words that people use for it."""
        value = self.text(name, 60, required=required).strip()
        words = self.given.words.get(name)
        if words is None or not value:
            return value or default
        found = words.get(value) or words.get(value.casefold())
        if found is None and name in self.given.free:
            return value
        if found is None:
            self.fault(name, "not_allowed", allowed=sorted(set(words.values())))
        return found or default

    def number(self, name: str, *, required: bool = False) -> float | None:
        """A finite number, None when empty."""
        value = self.text(name, 40, required=required).strip()
        if not value:
            return None
        try:
            found = float(value)
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            self.fault(name, "not_number")
            return None
        return found

    def count(self, name: str, default: int) -> int:
        """A whole number from 1 to a million."""
        found = self.number(name)
        if found is None:
            return default
        if not found.is_integer() or not 1 <= found <= 1_000_000:
            self.fault(name, "not_integer")
            return default
        return int(found)

    def time(self, name: str, *, required: bool = False) -> datetime | None:
        """A time in UTC; one without offset is China's."""
        value = self.text(name, 60, required=required).strip()
        if not value:
            return None
        try:
            return moment(value)
        except ValueError:
            self.fault(name, "bad_time")
            return None

    def day(self, name: str) -> date | None:
        """A day in China, None when empty."""
        found = self.time(name)
        return None if found is None else found.astimezone(CHINA).date()

    def uuid(self, name: str) -> UUID | None:
        """A UUID, None when empty."""
        value = self.text(name, 60).strip()
        try:
            return UUID(value) if value else None
        except ValueError:
            self.fault(name, "bad_uuid")
            return None

    def key(self, *parts: str) -> UUID:
        """The row's own id, else one that follows from its source and what names it there."""
        value = self.text("id").strip()
        try:
            return UUID(value)
        except ValueError:
            named = value or "\x1f".join(parts)
            return uuid5(SPACE, f"{self.given.source}\x1f{named}")

    def place(self) -> dict[str, Any]:
        """WGS 84 lon and lat beside the raw value, which a file of ours carries too."""
        crs = self.word("crs") or self.given.crs
        x, y = self.number("lon", required=True), self.number("lat", required=True)
        raw = (self.number("raw_x"), self.number("raw_y"), self.text("raw_crs", 20).strip())
        if raw[0] is not None and raw[1] is not None and raw[2]:
            x, y, crs = raw[0], raw[1], raw[2]
        if x is None or y is None:
            return {}
        try:
            if coords.looks_swapped(x, y):
                self.fault("lon", "swapped_axes", lon=y, lat=x)
                return {}
            lon, lat = coords.to_wgs84(x, y, crs)
        except ShapeError as error:
            self.fault("crs" if isinstance(error, CoordinateError) and error.code == "unknown_crs" else "lon",
                       error.code, **error.params)  # fmt: skip
            return {}
        return {"lon": lon, "lat": lat, "raw_x": x, "raw_y": y, "raw_crs": crs_name(crs)}


def moment(value: str) -> datetime:
    """A time as people and machines write it, in UTC: 2026-05-03, 2026/5/3 8:30, ISO 8601 with offset.

    Without offset it is China's. Raises ValueError.
    """
    text = value.strip()
    if not _TIME.fullmatch(text):
        raise ValueError(value)
    day, _, clock = re.sub(r"[年月/.]", "-", text[:11]).replace("日", " ").partition("-")
    rest = f"{clock}{text[11:]}".strip()
    parts = re.match(r"(\d{1,2})-(\d{1,2})[ T]*(.*)", rest)
    if parts is None:
        raise ValueError(value)
    month, number, hour = parts.groups()
    hour = hour if re.match(r"\d\d:", hour) or not hour else f"0{hour}"
    found = datetime.fromisoformat(f"{day}-{month:0>2}-{number:0>2}" + (f"T{hour}" if hour else ""))
    aware = found if found.tzinfo else found.replace(tzinfo=CHINA)
    if aware < EARLIEST:
        raise ValueError(value)
    return aware.astimezone(UTC)


def teams_text(teams: Sequence[tuple[str, date, date | None, bool]]) -> str:
    """A person's teams as one cell: name(since~until)★, the star for who leads."""
    return "；".join(
        f"{name}({since.isoformat()}{f'~{until.isoformat()}' if until else ''}){'★' if lead else ''}"
        for name, since, until, lead in teams
    )


def _teams(cells: Cells) -> list[dict[str, Any]]:
    found = []
    for part in re.split(r"[；;、\n]", cells.text("teams", 2000)):
        told = _TEAM.fullmatch(part.strip())
        if told is not None:
            days = {
                name: date.fromisoformat(told[name]) if told[name] else None for name in ("since", "until")
            }
            found.append({"name": told["name"][:100], **days, "leader": bool(told["lead"])})
    return found


def _case(cells: Cells) -> dict[str, Any]:
    found_at = cells.time("found_at", required=True)
    ref = cells.text("source_ref", 100).strip() or cells.text("number", 60).strip()
    said = (cells.text("class_code"), str(found_at), cells.text("address"), cells.text("note", 2000))
    values = {
        "id": cells.key(ref) if ref else cells.key(*said),
        "number": cells.text("number", 60).strip(),
        "class_code": cells.word("class_code", required=True),
        "class_version": cells.count("class_version", 0),
        "state": cells.word("state", default="closed"),
        "found_at": found_at,
        **{name: cells.time(name) for name in ("reported_at", "accepted_at", "closed_at", "due_at")},
        **cells.place(),
        "accuracy_m": _accuracy(cells),
        "method": cells.word("method", default="address"),
        "answers": _answers(cells),
        "source_ref": cells.text("source_ref", 100) or None,
        "reporter_id": cells.uuid("reporter_id"),
        "handler_id": cells.uuid("handler_id"),
        "revision": cells.count("revision", 1),
    }
    texts = {"address": 500, "note": 4000, "closing_note": 4000, "client": 100, "source": 100}
    return {**values, **{name: cells.text(name, limit) for name, limit in texts.items()}}


def _accuracy(cells: Cells) -> float | None:
    found = cells.number("accuracy_m")
    if found is not None and found < 0:
        cells.fault("accuracy_m", "out_of_range")
    return found


def _answers(cells: Cells) -> dict[str, Any]:
    """The answers as JSON; any other text is kept as the answer to no question."""
    value = cells.text("answers", 10_000).strip()
    if not value:
        return {}
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(v, bool | int | float | str | None) for v in found.values()
    ):
        cells.fault("answers", "not_object")
        return {}
    return found


def _member(cells: Cells) -> dict[str, Any]:
    name, phone = cells.text("name", 100, required=True), cells.text("phone", 40)
    if phone and not re.fullmatch(r"[\d+\-() /]{3,40}", phone):
        cells.fault("phone", "bad_phone")
    return {
        "id": cells.key(name, phone),
        "name": name,
        "category": cells.word("category", required=True),
        "phone": phone or None,
        "teams": _teams(cells),
        "minor": cells.word("minor").casefold() in ("true", "1", "yes", "是"),
        "left_on": cells.day("left_on"),
    }


def _team(cells: Cells) -> dict[str, Any]:
    name = cells.text("name", 100, required=True)
    return {"id": cells.key(name), "name": name, "kind": cells.word("kind", default="patrol")}


def _place(cells: Cells) -> dict[str, Any]:
    name, kind = cells.text("name", 200, required=True), cells.word("kind", default="place")
    source = cells.text("source") or cells.given.source
    return {"id": cells.key(name, kind), "name": name, "kind": kind, "source": source, **cells.place()}


def _posting(cells: Cells) -> dict[str, Any]:
    person, name = cells.uuid("person_id"), cells.text("name", 100)
    areas = (cells.text("police_grid_code", 100).strip(), cells.text("grid_code", 100).strip())
    duty, since = cells.word("duty", required=True), cells.time("since_at")
    if person is None and not name:
        cells.fault("name", "missing")
    if bool(areas[0]) == bool(areas[1]):
        cells.fault("grid_code", "one_area")
    return {
        "id": cells.key(str(person or name), *areas, duty, str(since)),
        "person_id": person,
        "name": name,
        "duty": duty,
        "police_grid_code": areas[0],
        "grid_code": areas[1],
        "since_at": since,
        "until_at": cells.time("until_at"),
    }


_READERS: Mapping[str, Callable[[Cells], dict[str, Any]]] = {
    "cases": _case,
    "members": _member,
    "teams": _team,
    "places": _place,
    "postings": _posting,
}
