"""Tables as text (CSV): rows of a foreign spreadsheet in, formula-safe bytes out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collectors import headings
from collectors.json_in import BAD_TEXT
from collectors.records import Problem, Refused, Row

LIMIT_BYTES = 16_000_000
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_CELL = 10_000
BLANKS = " \u3000\ufeff"
MAX_PROBLEMS = 50
DELIMITERS = (",", ";", "\t")

# A spreadsheet takes a cell that begins so for a formula (OWASP CSV injection); full-width forms are
# turned to half width by some imports. The quotes in front keep guarding reversible.
_FORMULA = re.compile(r"'*\s*[=+\-@\t\r\n＝＋－＠]")
# Where the list separator is the semicolon, the text behind one becomes a cell of its own.
_INNER = re.compile(r"(?<=;)('*)(?=\s*[=+\-@＝＋－＠])")
MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with their headings as written; `encoding` and `delimiter` are what was recognised."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str


def decode(
    data: bytes,
    *,
    known: Mapping[str, Sequence[str]] | None = None,
    named: Mapping[str, str] | None = None,
    required: Sequence[str] = (),
    trim: bool = True,
) -> Table:
    """Read a CSV whose first line holds the headings.

    UTF-8 with or without mark, UTF-16 with mark, else GB 18030; comma, semicolon or tab. With `known`
    (field -> usual headings) or `named` (field -> this file's heading) the rows' keys are field names for
    the columns recognised and headings for the others. Cells are trimmed unless `trim` is False (a table
    that we wrote ourselves); empty lines are skipped.
    Raises Refused: too_large, bad_encoding, empty_table, bad_heading, missing_column, too_many, bad_table,
    and with pointer "row 7": too_many_cells, too_long, bad_text.
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("too_large", "the table is too large", limit=LIMIT_BYTES, size=len(data))
    text, encoding = _text(data)
    delimiter = _delimiter(text)
    lines = _lines(text, delimiter, BLANKS if trim else "\ufeff", MAX_ROWS)
    return table_of(lines, known or {}, named, required, encoding, delimiter)


def table_of(
    lines: Sequence[list[str]],
    known: Mapping[str, Sequence[str]],
    named: Mapping[str, str] | None,
    required: Sequence[str],
    encoding: str,
    delimiter: str,
) -> Table:
    """Make the table of lines of cells, the first of which holds the headings; raises as `decode` does."""
    names = _headings(lines[0])
    fields = headings.matched(names, known, named)
    lacking = [field for field in required if field not in fields and field not in names]
    if lacking:
        raise Refused(*(Problem("missing_column", "row 0", f"no column {n}", {"field": n}) for n in lacking))
    keys = {heading: field for field, heading in fields.items()}
    rows = _rows(lines[1:], [keys.get(name, name) for name in names])
    return Table(tuple(names), tuple(rows), encoding, delimiter)


def encode(
    columns: Sequence[str], rows: Iterable[Sequence[str | int | float | None]], *, delimiter: str = ","
) -> bytes:
    """Write a CSV that Excel and LibreOffice open rightly: UTF-8 with mark, CRLF lines.

    Texts that a spreadsheet would run as formula get a quote in front; numbers stay numbers.
    """
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([guarded(column) for column in columns])
    for row in rows:
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return MARK + target.getvalue().encode("utf-8")


def guarded(text: str) -> str:
    """The text with a quote in front if a spreadsheet would take it for a formula."""
    safe = _INNER.sub(r"\1'", text) if ";" in text else text
    return f"'{safe}" if _FORMULA.match(safe) else safe


def unguarded(text: str) -> str:
    """The text that `guarded` was given."""
    bare = text[1:] if text.startswith("'") and _FORMULA.match(text) else text
    return _INNER.sub(lambda quotes: quotes[1][1:], bare) if ";" in bare else bare


def cells(data: bytes, most: int = MAX_ROWS) -> tuple[list[list[str]], str]:
    """The trimmed cells of a CSV as they stand, empty lines too, and the encoding recognised.

    For tables whose heading is not the first line. Raises Refused: bad_encoding, empty_table, too_many,
    bad_table.
    """
    text, encoding = _text(data)
    return _lines(text, _delimiter(text), BLANKS, most), encoding


def _text(data: bytes) -> tuple[str, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        attempts = ["utf-16"]
    elif data.startswith(MARK):
        attempts = ["utf-8-sig"]
    else:
        attempts = ["utf-8", "gb18030"]
    for encoding in attempts:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Refused.because("bad_encoding", "neither UTF-8, UTF-16 nor GB 18030", tried=attempts)


def _delimiter(text: str) -> str:
    """The delimiter seen most often in the first line that has one, quoted parts left out."""
    for line in text.splitlines()[:20]:
        bare = re.sub(r'"[^"]*"', "", line)
        best = max(DELIMITERS, key=bare.count)
        if best in bare:
            return best
    return ","


def _lines(text: str, delimiter: str, blanks: str, most: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = []
    try:
        for line in reader:
            lines.append([cell.strip(blanks) for cell in line])
            if len(lines) > most + 1:
                raise Refused.because("too_many", "too many rows", limit=most)
    except csv.Error as error:
        raise Refused.because("bad_table", str(error), f"line {reader.line_num}") from None
    while lines and not any(lines[0]):
        lines.pop(0)
    if not lines:
        raise Refused.because("empty_table", "the table has no line")
    return lines


def _headings(line: Sequence[str]) -> list[str]:
    names = [unguarded(cell) for cell in line]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise Refused.because("too_many", "too many columns", "row 0", limit=MAX_COLUMNS, count=len(names))
    for name in names:
        if not name or names.count(name) > 1 or len(name) > MAX_CELL or BAD_TEXT.search(name):
            detail = "a heading is empty, repeated or unsafe"
            raise Refused.because("bad_heading", detail, "row 0", heading=BAD_TEXT.sub("", name)[:100])
    return names


def _rows(lines: Sequence[list[str]], keys: list[str]) -> list[Row]:
    rows = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        if not any(line):
            continue
        code = _fault(line, len(keys))
        if code:
            params = {"cells": len(line), "limit": MAX_CELL}
            problems.append(Problem(code, f"row {number}", "this row cannot be read", params))
            if len(problems) >= MAX_PROBLEMS:
                break
            continue
        cells = [unguarded(cell) for cell in line[: len(keys)]]
        cells += [""] * (len(keys) - len(cells))
        rows.append(Row(number, dict(zip(keys, cells, strict=True))))
    if problems:
        raise Refused(*problems)
    return rows


def _fault(line: list[str], columns: int) -> str | None:
    if any(line[columns:]):
        return "too_many_cells"
    if any(len(cell) > MAX_CELL for cell in line):
        return "too_long"
    if any(BAD_TEXT.search(cell) for cell in line):
        return "bad_text"
    return None
