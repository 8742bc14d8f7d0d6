"""Workbooks (XLSX): cells written as text row by row, and read behind a guard."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from collectors.records import Refused

LIMIT_BYTES = 16_000_000
MAX_MEMBERS = 200
MAX_TOTAL_BYTES = 300_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 8_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
CELL_LIMIT = 32_767

# ECMA-376 part 1, 22.4.2.4: what XML cannot hold is written _xHHHH_, and a text that looks so is escaped.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")

Cell = str | int | float | None


class SheetWriter:
    """A workbook under writing: rows go to a temporary file as they come, memory stays small."""

    def __init__(self, path: Path, title: str, columns: Sequence[str]) -> None:
        self._path = path
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet(title)
        self.row(columns)

    def row(self, cells: Sequence[Cell]) -> None:
        """Add a row; texts stay texts whatever they begin with. Raises Refused 'too_long'."""
        self._sheet.append([self._cell(cell) for cell in cells])

    def close(self, about: Iterable[tuple[str, str]], title: str, note: str, key: str) -> None:
        """Add the sheet that says where the file comes from, name it in the properties too, and write."""
        sheet = self._book.create_sheet(title)
        for name, value in about:
            sheet.append([name, self._cell(value)])
        properties = self._book.properties
        properties.creator = "shuangge"
        properties.title, properties.description, properties.identifier = note[:250], note, key
        self._book.save(self._path)

    def _cell(self, value: Cell) -> Any:
        if not isinstance(value, str):
            return value
        text = escaped(value)
        if len(text) > CELL_LIMIT:
            raise Refused.because("too_long", "a cell holds 32767 characters", limit=CELL_LIMIT)
        if not _FORMULA.match(value):
            return text
        cell = WriteOnlyCell(self._sheet, value=None)
        cell.value, cell.data_type = text, "s"  # openpyxl would take it for a formula
        cell.quotePrefix = True  # so does a spreadsheet that stores the cell again, without this
        return cell


def escaped(text: str) -> str:
    """The text as a workbook stores it."""
    return _UNSAFE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """The text that `escaped` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def lines(data: bytes) -> list[list[str]]:
    """The cells of a workbook's first sheet as texts, trailing empty rows left out.

    Numbers lose a needless ".0", dates and times come in ISO 8601. Raises Refused: too_large, bad_zip,
    zip_bomb, bad_workbook, too_many, empty_table.
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("too_large", "the workbook is too large", limit=LIMIT_BYTES, size=len(data))
    _guard(data)
    try:
        found = list(_rows(data))
    except Refused:
        raise
    except (
        InvalidFileException, DefusedXmlException, ParseError, zipfile.BadZipFile, zlib.error, KeyError,
        ValueError, TypeError, AttributeError, IndexError, EOFError, OverflowError, NotImplementedError,
    ) as error:  # fmt: skip
        # openpyxl has no error of its own for a part that is missing or of another form.
        raise Refused.because("bad_workbook", f"{type(error).__name__}: {error}"[:200]) from None
    while found and not any(found[-1]):
        found.pop()
    if not found:
        raise Refused.because("empty_table", "the sheet has no row")
    return found


def identifier(data: bytes) -> str:
    """The identifier in a workbook's properties, "" when there is none; the data passed `lines` before."""
    with closing(openpyxl.load_workbook(io.BytesIO(data), read_only=True)) as book:
        return str(book.properties.identifier or "")


def _rows(data: bytes) -> Iterator[list[str]]:
    with closing(openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)) as book:
        sheet = book.worksheets[0]
        for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1)):
            if number > MAX_ROWS:
                raise Refused.because("too_many", "too many rows", limit=MAX_ROWS)
            if len(row) > MAX_COLUMNS and row[MAX_COLUMNS] is not None:
                raise Refused.because("too_many", "too many columns", limit=MAX_COLUMNS)
            cells = [_text(value) for value in row[:MAX_COLUMNS]]
            while cells and not cells[-1]:
                cells.pop()
            yield cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return unescaped(value) if isinstance(value, str) else str(value)


def _guard(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise Refused.because("bad_zip", f"the workbook cannot be read: {error}") from None
    total = sum(member.file_size for member in listed)
    stored = sum(member.compress_size for member in listed)
    if len(listed) > MAX_MEMBERS:
        raise Refused.because("zip_bomb", "too many members", limit=MAX_MEMBERS, count=len(listed))
    if total > MAX_TOTAL_BYTES or (total > RATIO_FROM_BYTES and total > stored * MAX_RATIO):
        raise Refused.because("zip_bomb", "unpacks to too much", limit=MAX_TOTAL_BYTES, size=total)
