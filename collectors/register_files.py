"""Files of registers (CSV, XLSX, GeoJSON, GeoPackage): written row by row with their mark, and read back."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from collectors import area_files, geojson, headings, json_in, tables, workbooks
from collectors.crs import crs_name, epsg_of
from collectors.records import Refused, Row
from collectors.register_columns import COLUMNS, REQUIRED, known_headings
from gis.errors import CoordinateError

FORMS = ("csv", "xlsx", "geojson", "geopackage")
MEDIA_TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "geopackage": "application/geopackage+sqlite3",
}
ENDINGS = {"csv": "csv", "xlsx": "xlsx", "geojson": "geojson", "geopackage": "gpkg"}
ENCODINGS = ("utf-8", "gb18030")
LIMIT_BYTES = 16_000_000
WRITE_S = 600
_LINE = re.compile(rb"(?:\xef\xbb\xbf)?\"?# [^\r\n]*\r?\n")
_MEMBER = re.compile(r"shuangge:([0-9a-f-]{36})")
_ABOUT = "shuangge"

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a file says of itself: number and id of the export, who took it, when (as shown), what, in which
    coordinate system. `note` is the sentence that people see; it has no line break."""

    id: str
    number: str
    by: str
    at: str
    kind: str
    crs: str
    note: str

    def line(self) -> str:
        """The mark in one line, as it stands on top of a CSV."""
        parts = (self.note, self.number, self.by, self.at, self.kind, self.crs, f"shuangge:{self.id}")
        return "# " + " · ".join(re.sub(r"\s+", " ", part) for part in parts)

    def facts(self) -> dict[str, str]:
        """The mark as names and values."""
        return {
            "export": self.id, "number": self.number, "by": self.by, "at": self.at, "kind": self.kind,
            "crs": self.crs, "note": self.note,
        }  # fmt: skip


class Writer(Protocol):
    """A file under writing."""

    def row(self, cells: Sequence[Cell], geometry: BaseGeometry | None) -> None:
        """Add a row: a cell for each column, the geometry in the file's coordinate system."""

    def close(self) -> None:
        """Finish the file."""


def writer(
    form: str,
    path: Path,
    names: Sequence[str],
    mark: Mark,
    *,
    language: str = "zh",
    encoding: str = "utf-8",
) -> Writer:
    """Open a file for rows of the kind that the mark names; `names` are the columns that it gets.

    Tables carry headings in the language; GeoJSON and GeoPackage our field names. Raises Refused
    unknown_format, and crs_not_writable for GCJ-02 and BD-09 in formats of maps.
    """
    wanted = {c.name: c for c in COLUMNS[mark.kind]}
    titles = [wanted[name].heading(language) for name in names]
    if form == "csv":
        return _Csv(path, titles, mark, encoding)
    if form == "xlsx":
        return _Xlsx(path, titles, mark, language)
    if form not in FORMS:
        raise Refused.because("unknown_format", "no such format", form=form, accepted=list(FORMS))
    epsg_of(mark.crs)
    return (_GeoJson if form == "geojson" else _GeoPackage)(path, names, mark)


class _Csv:
    def __init__(self, path: Path, titles: Sequence[str], mark: Mark, encoding: str) -> None:
        self._file: TextIO = path.open("w", encoding=encoding, newline="")
        if encoding == "utf-8":
            self._file.write("\ufeff")
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow([mark.line()])
        self._writer.writerow([tables.guarded(title) for title in titles])

    def row(self, cells: Sequence[Cell], geometry: BaseGeometry | None) -> None:
        self._writer.writerow([tables.guarded(c) if isinstance(c, str) else c for c in cells])

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    def __init__(self, path: Path, titles: Sequence[str], mark: Mark, language: str) -> None:
        self._mark, self._about = mark, "说明" if language == "zh" else "About"
        self._sheet = workbooks.SheetWriter(path, "数据" if language == "zh" else "Data", titles)

    def row(self, cells: Sequence[Cell], geometry: BaseGeometry | None) -> None:
        self._sheet.row(cells)

    def close(self) -> None:
        self._sheet.close(self._mark.facts().items(), self._about, self._mark.line(), self._mark.id)


class _GeoJson:
    """RFC 7946, one feature a line; the mark is a foreign member (section 6.1)."""

    def __init__(self, path: Path, names: Sequence[str], mark: Mark) -> None:
        self._names = names
        self._file = path.open("wb")
        head: dict[str, Any] = {"type": "FeatureCollection", _ABOUT: mark.facts()}
        epsg = epsg_of(mark.crs)
        if epsg != "EPSG:4326":
            urn = f"urn:ogc:def:crs:EPSG::{epsg.removeprefix('EPSG:')}"
            head["crs"] = {"type": "name", "properties": {"name": urn}}
        self._file.write(orjson.dumps(head)[:-1] + b',"features":[\n')
        self._between = b""

    def row(self, cells: Sequence[Cell], geometry: BaseGeometry | None) -> None:
        values = dict(zip(self._names, cells, strict=True))
        feature = {
            "type": "Feature",
            **({"id": values["id"]} if "id" in values else {}),
            "geometry": _shape(geometry),
            "properties": values,
        }
        self._file.write(self._between + orjson.dumps(feature))
        self._between = b",\n"

    def close(self) -> None:
        self._file.write(b"\n]}\n")
        self._file.close()


def _shape(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """A geometry as GeoJSON; points, of which there are many, the short way."""
    if isinstance(geometry, shapely.Point) and not geometry.is_empty:
        return {"type": "Point", "coordinates": [geometry.x, geometry.y]}
    return geojson.geometry_object(geometry)


class _GeoPackage:
    """Rows wait in a file of lines beside the target; GDAL writes them in a process of its own."""

    def __init__(self, path: Path, names: Sequence[str], mark: Mark) -> None:
        self._path, self._names, self._mark = path, names, mark
        self._lines = path.with_name(f"{path.name}.lines")
        self._file = self._lines.open("wb")

    def row(self, cells: Sequence[Cell], geometry: BaseGeometry | None) -> None:
        wkb = None if geometry is None else shapely.to_wkb(geometry, hex=True)
        self._file.write(orjson.dumps([wkb, *cells]) + b"\n")

    def close(self) -> None:
        self._file.close()
        areal = self._mark.kind in ("grids", "police_grids")
        order = {
            "layer": self._mark.kind, "fields": list(self._names), "crs": epsg_of(self._mark.crs),
            "geometry": "MultiPolygon" if areal else "Point",
            "note": self._mark.line(), "about": self._mark.facts(),
        }  # fmt: skip
        try:
            area_files.rows_to_package(self._lines, self._path, order, WRITE_S)
        finally:
            self._lines.unlink()


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """Rows of a file: keys are field names where the heading was recognised, headings elsewhere.

    `mark` is the id of the export when the file is one of ours; `crs` what the file itself names, "" if none.
    """

    rows: tuple[Row, ...]
    form: str
    mark: str
    crs: str
    headings: tuple[str, ...]


def decode(data: bytes, kind: str, *, named: Mapping[str, str] | None = None) -> RegisterFile:
    """Read rows of a register from CSV, XLSX, GeoJSON or GeoPackage, recognised by content.

    Raises Refused: those of tables.decode and workbooks.lines, bad_json, not_features, bad_area_file,
    too_many, missing_column, geometry_type.
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("too_large", "the file is too large", limit=LIMIT_BYTES, size=len(data))
    form = _form(data)
    if form == "csv":
        return _of_csv(data, kind, named)
    if form == "xlsx":
        lines = workbooks.lines(data)
        table = tables.table_of(lines, known_headings(kind), named, REQUIRED[kind], "utf-8", ",")
        return RegisterFile(table.rows, form, _id_in(workbooks.identifier(data), True), "", table.headings)
    document = (
        json_in.loads(data.removeprefix(tables.MARK), limit=LIMIT_BYTES)
        if form == "geojson"
        else area_files.package_rows(data)
    )
    return _of_features(document, form, kind, named)


def export_id(data: bytes) -> str:
    """The id of the export that a file of ours names, "" when it names none."""
    form = _form(data)
    if form == "csv":
        return _id_in(data[:1000].decode("utf-8", "replace"))
    if form == "xlsx":
        return _id_in(workbooks.identifier(data), True)
    return _id_in(data[:2000].decode("utf-8", "replace"))


def _form(data: bytes) -> str:
    if data[:4] == b"PK\x03\x04":
        return "xlsx"
    if data[:16] == b"SQLite format 3\0":
        return "geopackage"
    return "geojson" if data.removeprefix(tables.MARK).lstrip()[:1] == b"{" else "csv"


def _of_csv(data: bytes, kind: str, named: Mapping[str, str] | None) -> RegisterFile:
    line = _LINE.match(data)
    body = data[line.end() :] if line else data
    mark = _id_in(line[0].decode("utf-8", "replace")) if line else ""
    # What we wrote ourselves is read to the letter; elsewhere blanks around a cell mean nothing.
    table = tables.decode(
        body, known=known_headings(kind), named=named, required=REQUIRED[kind], trim=not mark
    )
    return RegisterFile(table.rows, "csv", mark, "", table.headings)


def _id_in(text: str, bare: bool = False) -> str:
    found = re.fullmatch(r"[0-9a-f-]{36}", text) if bare else _MEMBER.search(text)
    return "" if found is None else found[0].removeprefix("shuangge:")


def _of_features(document: Any, form: str, kind: str, named: Mapping[str, str] | None) -> RegisterFile:
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise Refused.because("not_features", "a FeatureCollection is wanted", "/features")
    features = document["features"]
    if len(features) > tables.MAX_ROWS:
        raise Refused.because("too_many", "too many features", "/features", limit=tables.MAX_ROWS)
    crs, about = _stated(document), document.get(_ABOUT)
    mark = about.get("export", "") if isinstance(about, dict) else ""
    raw = [_cells(feature, index) for index, feature in enumerate(features)]
    names = list(dict.fromkeys(name for cells in raw for name in cells))
    fields = headings.matched(names, known_headings(kind), named)
    lacking = [name for name in REQUIRED[kind] if name not in fields]
    if lacking and features:  # features carry the names of their columns: without any, none can be wanted
        raise Refused.because("missing_column", f"no column {lacking[0]}", "row 0", field=lacking[0])
    keys = {heading: field for field, heading in fields.items()}
    rows = [
        Row(number, {keys.get(name, name): text for name, text in cells.items()})
        for number, cells in enumerate(raw, 1)
    ]
    return RegisterFile(tuple(rows), form, str(mark), crs, tuple(names))


def _stated(document: Mapping[str, Any]) -> str:
    member = document.get("crs")
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else document.get("crs_text")
    try:
        return crs_name(name) if isinstance(name, str) and name else ""
    except CoordinateError:
        raise Refused.because(
            "unknown_crs", "unknown coordinate system", "/crs", crs=str(name)[:100]
        ) from None


def _cells(feature: Any, index: int) -> dict[str, str]:
    """A feature's properties as texts, its point as the columns lon and lat."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise Refused.because("not_features", "a Feature with properties is wanted", f"/features/{index}")
    cells = {name: _text(value) for name, value in properties.items()}
    geometry = feature.get("geometry")
    if isinstance(geometry, dict):
        at = geometry.get("coordinates")
        plain = isinstance(at, list) and len(at) in (2, 3) and all(type(v) in (int, float) for v in at)
        if geometry.get("type") != "Point" or not plain or not isinstance(at, list):
            where = f"/features/{index}/geometry"
            raise Refused.because(
                "point_wanted", "a Point is wanted", where, found=str(geometry.get("type"))[:40]
            )
        cells["lon"], cells["lat"] = repr(at[0]), repr(at[1])
    return cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return value if isinstance(value, str) else orjson.dumps(value).decode()
