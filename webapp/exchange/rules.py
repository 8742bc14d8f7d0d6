"""Pure decisions about exports and imports: who may take out what, which columns, how cells are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

import orjson

from collectors.register_columns import COLUMNS, READABLE, SPATIAL
from collectors.register_files import ENCODINGS, FORMS
from webapp.core.clock import SHOWN
from webapp.core.errors import Forbidden, Problem, Refused
from webapp.core.i18n import N_, _, choose, speaking

KIND_TITLES = {
    "cases": N_("Cases"),
    "members": N_("Members"),
    "teams": N_("Teams"),
    "places": N_("Places"),
    "postings": N_("Postings"),
    "grids": N_("Grids"),
    "police_grids": N_("Police grids"),
    "presence": N_("Patrol presence"),
}
FORM_TITLES = {"csv": "CSV", "xlsx": "Excel (XLSX)", "geojson": "GeoJSON", "geopackage": "GeoPackage"}
CRS_TITLES = {"wgs84": "WGS 84", "gcj02": "GCJ-02", "bd09": "BD-09", "cgcs2000": "CGCS2000"}
EXPORT_STATES = {
    "waiting": N_("being written"),
    "done": N_("ready"),
    "failed": N_("failed"),
    "dropped": N_("no longer kept"),
}
NOTE = N_("internal use")

# Row-level security decides which rows; this, which registers are taken out in bulk at all. An officer's own
# field is his cases; registers of persons stay with the chief and the system admin.
MACHINE = "machine"
OFFICE = ("station_chief", "system_admin")
EXPORTERS = ("station_chief", "system_admin", "officer")
READERS = (*EXPORTERS, "audit_admin")
KINDS_OF: Mapping[str, tuple[str, ...]] = {
    "station_chief": tuple(COLUMNS),
    "system_admin": ("members", "teams", "places", "postings", "grids", "police_grids", "presence"),
    "officer": ("cases", "places", "postings", "grids", "police_grids", "presence"),
    MACHINE: tuple(COLUMNS),
}
IMPORTS_OF: Mapping[str, tuple[str, ...]] = {
    "station_chief": READABLE,
    "system_admin": ("members",),
    MACHINE: READABLE,
}

# Where files of exports lie, apart from other bytes: who brings one in again has an import that stays.
STORE = "exports"
AT_ONCE_ROWS = 2_000
SHOWN_FAULTS = 500
REASON_LOW, REASON_LIMIT = 4, 300
# A row pair in the order of an export by chance: one half. Ten pairs all right: one in a thousand.
TRACE_PAIRS = 10


def check_export(role: str, kind: str, form: str, crs: str, encoding: str) -> None:
    """Raise Forbidden for a register that is not this role's, Refused for a form that can't hold it."""
    if kind not in KINDS_OF.get(role, ()):
        raise Forbidden()
    problems = []
    if form not in ("csv", "xlsx") and kind not in SPATIAL:
        problems.append(Problem("/form", "form_not_spatial"))
    if form not in ("csv", "xlsx") and crs in ("gcj02", "bd09"):
        problems.append(Problem("/crs", "crs_not_writable", {"crs": crs}))
    if form not in FORMS:
        problems.append(Problem("/form", "not_allowed", {"allowed": ", ".join(FORMS)}))
    if encoding not in ENCODINGS:
        problems.append(Problem("/encoding", "not_allowed", {"allowed": ", ".join(ENCODINGS)}))
    if problems:
        raise Refused(problems=problems)


def check_import(role: str, kind: str) -> None:
    """Raise Forbidden for a register that this role may not bring in."""
    if kind not in IMPORTS_OF.get(role, ()):
        raise Forbidden()


def columns(role: str, kind: str, form: str) -> list[str]:
    """Return the columns that a role gets.

    Who reported, with telephone, is for those who see it in the app: the chief and the officer of the ground
    (row-level security empties the cells of anybody else's).
    """
    names = [column.name for column in COLUMNS[kind]]
    if role not in ("station_chief", "officer", MACHINE):
        names = [name for name in names if not name.startswith("reporter")]
    if kind == "members" and role not in (*OFFICE, MACHINE):
        names.remove("phone")
    return names


def cell(value: Any) -> str | int | float | None:
    """Return a value as a cell: times in China's zone with offset, objects as JSON, ids as text."""
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(SHOWN).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def words(titles: Mapping[Any, str], others: Iterable[tuple[str, Mapping[str, str]]] = ()) -> dict[str, str]:
    """Return what people write for a code, in small letters: the code and its names."""
    found = {str(code): str(code) for code in titles}
    for language in ("zh", "en"):
        with speaking(language):
            found |= {_(title).casefold(): str(code) for code, title in titles.items()}
    for code, names in others:
        found |= {code: code, **{name.casefold(): code for name in names.values()}}
    return found


def title_of(names: Mapping[str, Any] | None) -> str:
    """Return the present language's title of a thing that is data."""
    return choose(names) if names else ""


def in_order(keys: Sequence[str]) -> tuple[int, int]:
    """Return (pairs of neighbours in ascending order, pairs): how far they stand in that of an export."""
    pairs = list(pairwise(keys))
    return sum(first <= second for first, second in pairs), len(pairs)
