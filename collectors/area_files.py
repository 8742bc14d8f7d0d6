"""Areas in GIS files (GeoJSON, KML, zipped Shapefile, GeoPackage); GDAL runs outside this process."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from collectors import area_zip, child_process, geojson, json_in, kml
from collectors.crs import crs_name, epsg_of, shapes_from_wgs84
from collectors.records import AreaRecord, Refused
from gis import coords
from gis.errors import CoordinateError

FORMATS = ("geojson", "shapefile", "geopackage", "kml")
MEDIA_TYPES = {
    "geojson": "application/geo+json",
    "shapefile": "application/zip",
    "geopackage": "application/geopackage+sqlite3",
    "kml": "application/vnd.google-earth.kml+xml",
}
LIMIT_BYTES = 8_000_000
RESULT_LIMIT_BYTES = 48_000_000
WALL_S = 40
_DBF_TEXT_BYTES = 254
_MARK = b"\xef\xbb\xbf"
_ZIP = b"PK\x03\x04"
_KML = re.compile(rb"<(?:\w{1,20}:)?kml[\s>]")

# Every vector driver of GDAL 3.12 but the three that are meant: some open addresses, some other files.
_SKIPPED = (
    "ADBC,AIVector,AVCBin,AVCE00,AmigoCloud,CSV,CSW,Carto,DGN,DXF,EDIGEO,EEDA,ESRIJSON,"
    "Elasticsearch,FlatGeobuf,GDALG,GML,GPSBabel,GPX,GTFS,GeoJSONSeq,GeoRSS,HTTP,Idrisi,"
    "JML,JSONFG,KML,LIBKML,LVBAG,MBTiles,MEM,MVT,MapML,MiraMonVector,NGW,OAPIF,ODS,"
    "OGCAPI,OGR_GMT,OGR_PDS,OGR_VRT,OSM,OpenFileGDB,PCIDSK,PDF,PDS4,PGDUMP,PLSCENES,"
    "PMTiles,S57,SQLite,SXF,Selafin,TopoJSON,VDV,VFK,VICAR,VRT,WAsP,WFS,XLSX,WMS,WMTS,"
    "WCS,DAAS,STACIT,STACTA,EEDAI,MapInfo File"
)
_ENVIRONMENT = {
    "GDAL_SKIP": _SKIPPED,
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PROJ_NETWORK": "OFF",
    # The same areas give the same bytes: no time of writing inside the file.
    "OGR_CURRENT_DATE": "2000-01-01T00:00:00.000Z",
}
_CODE_PAGES = {"936": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "54936": "gb18030"}


@dataclass(frozen=True, slots=True)
class AreaFile:
    """Areas of a file; each keeps its raw geometry in `crs` beside the WGS 84 one.

    `crs` is the system that was used, `crs_in_file` what the file itself names ("" when it names none).
    """

    areas: tuple[AreaRecord, ...]
    form: str
    crs: str
    crs_in_file: str
    encoding: str = "utf-8"


def decode(
    data: bytes,
    *,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
    layer: str = "",
) -> AreaFile:
    """Read areas of a GIS file, whose format is recognised by its content.

    `crs` names the coordinate system when the file does not, or when it says a geographic one wrongly
    (GCJ-02 labelled WGS 84 is common); `columns` maps our fields to headings; `layer` picks one of several.
    Raises Refused: those of geojson.decode_areas and area_zip.unpacked, and too_large, unknown_format,
    crs_missing, crs_conflict, unknown_crs, bad_area_file, bad_encoding, file_too_costly, file_crashed.
    """
    if len(data) > LIMIT_BYTES:
        raise Refused.because("too_large", "the file is too large", limit=LIMIT_BYTES, size=len(data))
    inner = area_zip.document(data) if data[:4] == _ZIP else None
    data = data if inner is None else inner
    form = _form(data)
    encoding = "utf-8"
    if form == "geojson":
        raw = geojson.areas_of(json_in.loads(data.removeprefix(_MARK)), columns=columns)
        # RFC 7946: a document that names no system is WGS 84.
        stated = raw.crs or "wgs84"
    elif form == "kml":
        raw, stated = geojson.areas_of(kml.features_of(data, LIMIT_BYTES), columns=columns), "wgs84"
    else:
        raw, stated, encoding = _through_child(data, form, columns, layer)
    used = _decided(stated, crs)
    areas = geojson.in_wgs84(raw.areas, used)
    return AreaFile(tuple(areas), form, used, stated, encoding)


def encode(areas: Sequence[AreaRecord], form: str, *, crs: str = "wgs84") -> bytes:
    """Write areas (their WGS 84 geometry) as geojson, kml, shapefile (zip) or geopackage in the named system.

    GeoJSON carries all properties, the others the columns code, name, community, kind, police_grid
    (from the properties; a shapefile cuts its heading to police_gri), households, population. Raises
    Refused: unknown_format, crs_not_writable (GCJ-02, BD-09; KML is WGS 84 only), out_of_range (outside the
    zone), too_long (over 254 bytes of UTF-8 in a shapefile's column).
    """
    if form not in FORMATS:
        raise Refused.because("unknown_format", "no such format", form=form, accepted=list(FORMATS))
    epsg = epsg_of(_known(crs))
    if form == "kml" and epsg != "EPSG:4326":
        raise Refused.because("crs_not_writable", "KML is WGS 84 only", crs=crs)
    shapes = shapes_from_wgs84([area.geometry for area in areas], crs)
    keep = form == "geojson"
    rows = [{**(area.properties if keep else _binding(area)), **_six(area)} for area in areas]
    if form == "kml":
        return kml.encode(zip(shapes, rows, strict=True), "双格")
    document = geojson.encode_features(
        ((row["code"] or None, shape, row) for row, shape in zip(rows, shapes, strict=True)), crs=crs
    )
    if keep:
        return document
    if form == "shapefile":
        _check_widths(rows)
    return _written(orjson.dumps({"areas": orjson.Fragment(document), "crs": epsg}), form)


def _form(data: bytes) -> str:
    if data[:16] == b"SQLite format 3\0":
        return "geopackage"
    if data[:4] == _ZIP:
        return "shapefile"
    if data.removeprefix(_MARK).lstrip()[:1] == b"<" and _KML.search(data, 0, 4_000):
        return "kml"
    if data.removeprefix(_MARK).lstrip()[:1] == b"{":
        return "geojson"
    raise Refused.because("unknown_format", "neither GeoJSON, KML, zipped Shapefile nor GeoPackage")


def _known(crs: str) -> str:
    try:
        return crs_name(crs)
    except CoordinateError:
        raise Refused.because("unknown_crs", "unknown coordinate system", crs=crs[:200]) from None


def _decided(stated: str, named: str | None) -> str:
    """The system to use: the caller's name, if it does not contradict what the file can know."""
    if not named:
        if not stated:
            raise Refused.because("crs_missing", "the file names no coordinate system: name it")
        return _known(stated)
    wanted = _known(named)
    if stated and _known(stated) != wanted:
        both = (coords.system(stated), coords.system(wanted))
        if any(isinstance(system, coords.Zone) for system in both):
            raise Refused.because("crs_conflict", "the file says otherwise", file=stated, named=wanted)
    return wanted


def _through_child(
    data: bytes, form: str, columns: Mapping[str, str] | None, layer: str
) -> tuple[geojson.RawAreas, str, str]:
    with tempfile.TemporaryDirectory(prefix="areas-") as folder:
        job = Path(folder)
        encoding = ""
        if form == "geopackage":
            (job / "area.gpkg").write_bytes(data)
            driver = "GPKG"
        else:
            files = area_zip.unpacked(data, layer)
            for suffix, content in files.items():
                if suffix != ".cpg":
                    (job / f"area{suffix}").write_bytes(content)
            encoding, driver, layer = _code_page(files.get(".cpg", b"")), "ESRI Shapefile", ""
        answer = _run("read", job, driver, layer, encoding)
    stated = str(answer["crs_text"])
    raw = geojson.areas_of(answer, columns=columns)
    return raw, _known(stated) if stated else "", str(answer["encoding"])


def _code_page(content: bytes) -> str:
    """Python's name of the encoding that a .cpg file states, "" when it states none of the usual."""
    text = content.decode("ascii", "replace").strip().upper()
    if text.replace("-", "").replace("_", "") == "UTF8" or text == "65001":
        return "utf-8"
    if text.replace("-", "") == "GB18030":
        return "gb18030"
    return _CODE_PAGES.get(re.sub(r"^(ANSI|OEM|WINDOWS-|CP)\s*", "", text), "")


def _six(area: AreaRecord) -> dict[str, Any]:
    names = ("code", "name", "community", "kind", "households", "population")
    return {name: getattr(area, name) for name in names}


def _binding(area: AreaRecord) -> dict[str, str]:
    return {"police_grid": str(area.properties.get("police_grid") or "")}


def _check_widths(rows: list[dict[str, Any]]) -> None:
    for number, row in enumerate(rows, 1):
        for field, value in row.items():
            if isinstance(value, str) and len(value.encode()) > _DBF_TEXT_BYTES:
                detail = "a shapefile's column holds 254 bytes"
                raise Refused.because("too_long", detail, f"row {number}", limit=_DBF_TEXT_BYTES, field=field)


def _written(order: bytes, form: str) -> bytes:
    driver = "GPKG" if form == "geopackage" else "ESRI Shapefile"
    with tempfile.TemporaryDirectory(prefix="areas-") as folder:
        job = Path(folder)
        (job / "input.json").write_bytes(order)
        _run("write", job, driver, "", "")
        if form == "geopackage":
            return (job / "area.gpkg").read_bytes()
        files = {
            path.name: path.read_bytes() for path in job.glob("area.*") if path.suffix in area_zip.WANTED
        }
        return area_zip.packed(files)


def rows_to_package(lines: Path, target: Path, order: Mapping[str, Any], wall_s: int) -> None:
    """Let the child write a GeoPackage of rows: each line of `lines` is [WKB in hex or null, cells ...].

    `order` names layer, fields, crs (EPSG:n), geometry type, and what the file says about itself.
    """
    with tempfile.TemporaryDirectory(prefix="rows-", dir=target.parent) as folder:
        job = Path(folder)
        lines.rename(job / "rows.lines")
        (job / "input.json").write_bytes(orjson.dumps(order))
        try:
            _run("write_rows", job, "GPKG", "", "", wall_s)
            (job / "area.gpkg").rename(target)
        finally:
            (job / "rows.lines").rename(lines)


def package_rows(data: bytes) -> dict[str, Any]:
    """The one layer of points of a GeoPackage as a FeatureCollection with a member more: crs_text."""
    with tempfile.TemporaryDirectory(prefix="rows-") as folder:
        (Path(folder) / "area.gpkg").write_bytes(data)
        return _run("read_rows", Path(folder), "GPKG", "", "")


def _run(
    verb: str, job: Path, driver: str, layer: str, encoding: str, wall_s: int = WALL_S
) -> dict[str, Any]:
    """Start the child for one order and return its answer; its death and its refusal are a Refused."""
    child = Path(__file__).with_name("area_child.py")
    command = [sys.executable, "-I", str(child), verb, str(job), driver, layer, encoding]
    environment = {**_ENVIRONMENT, "LANG": "C.UTF-8", "PATH": os.defpath}
    return child_process.answer(command, environment, job, wall_s, RESULT_LIMIT_BYTES)
