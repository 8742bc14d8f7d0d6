"""The process that lets pyxform and openpyxl touch a foreign workbook: alone, with limits, one file long.

Run as a script by collectors.xlsforms, never imported by it. Reads `form.xlsx` of its job folder, writes
`result.json` there, and may die: what it must not do is take the service with it.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1_000_000_000
CPU_S = 20
FILE_BYTES = 8_000_000
MAX_ROWS = 2_000


def limited() -> None:
    """Give up memory, time and file size before any library is loaded."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def refused(code: str, detail: str, **params: Any) -> dict[str, Any]:
    """Return a refusal: code, English detail, values for the message."""
    return {"refused": {"code": code, "detail": detail, "params": params}}


def read(data: bytes) -> dict[str, Any]:
    """Return what pyxform makes of a workbook, and the rows (as people count them) of each name."""
    from pyxform.errors import PyXFormError
    from pyxform.xls2json_backends import get_xlsform
    from pyxform.xls2xform import convert

    try:
        sheets = get_xlsform(data, file_type=".xlsx")
        if len(sheets.survey) > MAX_ROWS or len(sheets.choices) > MAX_ROWS:
            return refused("too_many_lines", "too many rows", limit=MAX_ROWS)
        made = convert(data, file_type=".xlsx")
    except PyXFormError as error:
        return refused("xlsform_broken", "pyxform refuses it", reason=str(error)[:500])
    rows = [[str(row.get("name", "")), number] for number, row in enumerate(sheets.survey, 2) if row]
    return {"form": made._pyxform, "rows": rows, "warnings": list(made.warnings)[:20]}


def main(folder: Path) -> None:
    """Read the workbook of the job folder and leave the answer in result.json."""
    import orjson

    answer = read((folder / "form.xlsx").read_bytes())
    (folder / "result.json").write_bytes(orjson.dumps(answer))


if __name__ == "__main__":
    limited()
    main(Path(sys.argv[1]))
