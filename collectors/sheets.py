"""Tables of other systems as CSV, XLSX or JSON: bytes in, one sheet of headings and rows of text out."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import orjson
from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from collectors import headings, json_in, tables
from collectors.json_in import BAD_TEXT
from collectors.records import Problem, Refused, Row

LIMIT_BYTES = 16_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 100
MAX_CELL = 10_000
MAX_DEPTH = 3
MAX_UNPACKED = 120_000_000
MAX_MEMBERS = 300
MAX_RATIO = 200
RATIO_FROM_BYTES = 8_000_000
HEADING_ROWS = 10
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of data with what is wrong with it; the row's number is that of the file's own lines."""

    row: Row
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Headings made unique, rows below them, and what was recognised: form, encoding, the heading's line."""

    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    form: str
    encoding: str = ""
    heading_line: int = 1


def decode(data: bytes, known: Mapping[str, Sequence[str]]) -> Sheet:
    """Read a table, its form told by its first bytes; `known` headings tell which line is the heading.

    Titles above the heading and headings over two lines (merged cells) are understood. Raises Refused:
    too_large, empty_table, too_many, bad_encoding, bad_table, bad_zip, zip_bomb, bad_sheet, bad_json,
    bad_utf8, not_rows. A row that can't be read is a Line with problems, never a refusal of its neighbours.
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("too_large", "the table is too large", limit=LIMIT_BYTES, size=len(data))
    if data.startswith(_ZIP):
        return _from_cells(_xlsx_cells(data), "xlsx", "", known)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{"):
        return from_objects(objects(data))
    cells, encoding = tables.cells(data, MAX_ROWS + HEADING_ROWS)
    return _from_cells(cells, "csv", encoding, known)


def objects(data: bytes, most: int = MAX_ROWS) -> list[Any]:
    """The rows of a JSON document: an array of objects, or an object whose member `rows` is one."""
    document = json_in.parsed(data.removeprefix(b"\xef\xbb\xbf"), limit=LIMIT_BYTES)
    rows = document.get("rows") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise Refused.because("not_rows", 'an array of objects or {"rows": [...]} is wanted')
    if not rows:
        raise Refused.because("empty_table", "the document has no row")
    if len(rows) > most:
        raise Refused.because("too_many", "too many rows", limit=most, count=len(rows))
    return rows


def from_objects(rows: Sequence[Any]) -> Sheet:
    """A sheet of JSON objects; members of members are named `place.lon`, lists of words are joined."""
    names: dict[str, None] = {}
    lines = []
    for number, item in enumerate(rows, 1):
        fields, problems = _flat(item)
        lines.append(Line(Row(number, fields), tuple(problems)))
        names.update(dict.fromkeys(fields))
    if len(names) > MAX_COLUMNS:
        raise Refused.because("too_many", "too many columns", "row 0", limit=MAX_COLUMNS, count=len(names))
    return Sheet(tuple(names), tuple(lines), "json", "utf-8", 0)


def _flat(item: Any) -> tuple[dict[str, str], list[Problem]]:
    if not isinstance(item, dict):
        return {}, [Problem("not_object", "", "a row is an object")]
    fields: dict[str, str] = {}
    problems: list[Problem] = []
    waiting: list[tuple[str, Any, int]] = [(str(k), v, 1) for k, v in reversed(item.items())]
    while waiting:
        name, value, depth = waiting.pop()
        if isinstance(value, dict) and depth < MAX_DEPTH:
            waiting += [(f"{name}.{key}", part, depth + 1) for key, part in reversed(value.items())]
            continue
        if isinstance(value, list) and not any(isinstance(part, dict | list) for part in value):
            value = "、".join(text_of(part) for part in value)
        if isinstance(value, dict | list):
            problems.append(Problem("too_deep", name[:60], "nested too deep", {"limit": MAX_DEPTH}))
            continue
        fields[name.strip()[:100]] = text_of(value)
    return fields, problems + [p for p in map(_fault, fields.values()) if p]


def text_of(value: Any) -> str:
    """A cell's value as text: dates as ISO 8601, whole numbers without a point, nothing as an empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip(" \u3000\ufeff\r\n\t")


def _xlsx_cells(data: bytes) -> list[list[str]]:
    """The cells of the first sheet that is not hidden; formulas as the values last computed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _guard(archive)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise Refused.because("empty_table", "the workbook has no visible sheet")
        return _sheet_cells(sheets[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise Refused.because("bad_zip", f"the workbook cannot be unpacked: {error}") from None
    except (InvalidFileException, ParseError, DefusedXmlException) as error:
        raise Refused.because("bad_sheet", f"the workbook cannot be read: {type(error).__name__}") from None
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
        # openpyxl has no error of its own for a workbook that lacks a part or holds nonsense in one.
        raise Refused.because("bad_sheet", f"the workbook cannot be read: {type(error).__name__}") from None


def _sheet_cells(sheet: Any) -> list[list[str]]:
    # The size that the file claims may be a lie: read what is there, within our own limits.
    sheet.reset_dimensions()
    cells: list[list[str]] = []
    empty = 0
    for values in sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True):
        line = [text_of(value) for value in values]
        empty = 0 if any(line) else empty + 1
        if empty > 1000:
            break
        cells.append(line)
        if len(cells) - empty > MAX_ROWS + HEADING_ROWS:
            raise Refused.because("too_many", "too many rows", limit=MAX_ROWS)
    return cells


def _guard(archive: zipfile.ZipFile) -> None:
    """Refuse an archive that would unpack to too much; zipfile itself holds members to their stated size."""
    listed = archive.infolist()
    total = sum(member.file_size for member in listed)
    stored = sum(member.compress_size for member in listed)
    if len(listed) > MAX_MEMBERS:
        raise Refused.because("zip_bomb", "too many members", limit=MAX_MEMBERS, count=len(listed))
    if total > MAX_UNPACKED or (total > RATIO_FROM_BYTES and total > MAX_RATIO * max(stored, 1)):
        raise Refused.because("zip_bomb", "unpacks to too much", limit=MAX_UNPACKED, size=total)


def _from_cells(
    cells: list[list[str]], form: str, encoding: str, known: Mapping[str, Sequence[str]]
) -> Sheet:
    filled = [number for number, line in enumerate(cells) if any(line)]
    if not filled:
        raise Refused.because("empty_table", "the table has no line")
    names, first, last = _heading(cells, filled[:HEADING_ROWS], known)
    if len(names) > MAX_COLUMNS:
        raise Refused.because("too_many", "too many columns", "row 0", limit=MAX_COLUMNS, count=len(names))
    lines = [
        _line(number + 1, cells[number], names)
        for number in filled
        if number > last and not _repeats(cells[number], cells[first])
    ]
    if not lines:
        raise Refused.because("empty_table", "the table has no row below its headings")
    if len(lines) > MAX_ROWS:
        raise Refused.because("too_many", "too many rows", limit=MAX_ROWS, count=len(lines))
    return Sheet(tuple(names), tuple(lines), form, encoding, last + 1)


def _heading(
    cells: list[list[str]], numbers: list[int], known: Mapping[str, Sequence[str]]
) -> tuple[list[str], int, int]:
    """Return the headings with the first and last line (from 0) that hold them.

    The line, or the pair of lines, with most of the known headings; without any, the first line with more
    than one cell, because a title stands alone in its line.
    """
    best, found = 0, None
    for place, number in enumerate(numbers):
        below = numbers[place + 1] if place + 1 < len(numbers) else None
        for last in (number, below):
            if last is None or (last != number and last != number + 1):
                continue
            names = _unique(_merged(cells[number], cells[last]))
            score = len(headings.matched(names, known))
            if score > best:
                best, found = score, (names, number, last)
    if found is not None:
        return found
    several = [n for n in numbers if sum(map(bool, cells[n])) > 1]
    number = several[0] if several else numbers[0]
    return _unique(cells[number]), number, number


def _merged(upper: list[str], lower: list[str]) -> list[str]:
    """Two lines of headings as one: the lower name where there is one, else the upper one."""
    width = max(len(upper), len(lower))
    pairs = zip(upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower)), strict=True)
    return [below or above for above, below in pairs]


def _unique(line: Iterable[str]) -> list[str]:
    """Headings that can stand as keys: empty ones numbered, repeated ones counted, unsafe text cleaned."""
    names: dict[str, None] = {}
    for place, cell in enumerate(islice(line, MAX_COLUMNS + 1), 1):
        name = " ".join(BAD_TEXT.sub("", tables.unguarded(cell)).split())[:100] or f"#{place}"
        count = 2
        wanted = name
        while name in names:
            name, count = f"{wanted} ({count})", count + 1
        names[name] = None
    made = list(names)
    while len(made) > 1 and made[-1].startswith("#"):
        made.pop()
    return made


def _repeats(line: list[str], heading: list[str]) -> bool:
    """Whether a line is the heading once more, as printed on each page of a long table."""
    return line == heading


def _line(number: int, line: list[str], names: list[str]) -> Line:
    problems = []
    if any(line[len(names) :]):
        problems.append(Problem("too_many_cells", "", "more cells than headings"))
    values = [tables.unguarded(cell) for cell in line[: len(names)]]
    problems += [p for p in map(_fault, values) if p]
    fields = {name: BAD_TEXT.sub("", value)[:MAX_CELL] for name, value in zip(names, values, strict=False)}
    return Line(Row(number, fields), tuple(problems))


def _fault(value: str) -> Problem | None:
    if len(value) > MAX_CELL:
        return Problem("too_long", "", "a cell is too long", {"limit": MAX_CELL})
    if BAD_TEXT.search(value):
        return Problem("bad_text", "", "a cell holds control characters")
    return None


def dumped(content: Mapping[str, str]) -> bytes:
    """The canonical bytes of a row's content, for its hash."""
    return orjson.dumps(dict(content), option=orjson.OPT_SORT_KEYS)
