"""The process that lets GDAL touch a foreign file: started alone, with limits, one file long.

Run as a script by collectors.area_files, never imported by it. Reads its order from the command line
(`read|write`, job folder, driver, layer), writes `result.json` into the job folder, and may die: what it
must not do is take the service with it. All its names are fixed, none comes from the file. Only for a
drawing does it load more of ours.
"""

from __future__ import annotations

import codecs
import math
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1_000_000_000
CPU_S = 20
FILE_BYTES = 48_000_000
# Our own rows going out: many, and of our own making.
OUT_CPU_S = 600
OUT_FILE_BYTES = 1_000_000_000
MAX_FEATURES = 20_000
CHUNK = 5_000
ALLOWED = frozenset(("ESRI Shapefile", "GPKG", "GeoJSON"))
ENCODINGS = ("utf-8", "gb18030")
TEXT_FIELDS = ("code", "name", "community", "kind", "police_grid")
COUNT_FIELDS = ("households", "population")


class Stop(Exception):
    """The file is refused: code, English detail, values for the message."""

    def __init__(self, code: str, detail: str, **params: Any) -> None:
        super().__init__(detail)
        self.answer = {"refused": {"code": code, "detail": detail, "params": params}}


def limited(verb: str) -> None:
    """Give up memory, time and file size before any library is loaded."""
    cpu, size = (OUT_CPU_S, OUT_FILE_BYTES) if verb == "write_rows" else (CPU_S, FILE_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def check_drivers(driver: str) -> None:
    """Stop unless every driver but the allowed ones is switched off (GDAL_SKIP of the parent)."""
    import pyogrio

    extra = sorted(set(pyogrio.list_drivers()) - ALLOWED - ({driver} & {"DXF"}))
    if extra:
        raise Stop("sandbox", f"drivers that must be off are on: {extra}")


def read(source: Path, layer: str, encoding: str) -> dict[str, Any]:
    """The one layer of polygons as a GeoJSON FeatureCollection with two members more: crs_text, encoding."""
    name = chosen_layer(source, layer)
    meta, shapes, columns, encoding = columns_of(source, name, encoding)
    names = [str(field) for field in meta["fields"]]
    features = [
        {
            "type": "Feature",
            "geometry": shape,
            "properties": {field: plain(column[i]) for field, column in zip(names, columns, strict=True)},
        }
        for i, shape in enumerate(geometries(shapes))
    ]
    crs = "" if meta["crs"] is None else authority(str(meta["crs"]))
    return {"type": "FeatureCollection", "features": features, "crs_text": crs, "encoding": encoding}


def chosen_layer(source: Path, layer: str) -> str:
    """The named layer, or the only one with geometry."""
    import pyogrio

    layers = [str(name) for name, kind in pyogrio.list_layers(source) if kind is not None]
    if layer and layer in layers:
        return layer
    if layer:
        raise Stop("no_such_layer", "the file has no such layer", layers=layers[:50])
    if not layers:
        raise Stop("no_areas", "the file has no layer with geometry")
    if len(layers) > 1:
        raise Stop("several_layers", "the file has several layers, name one", layers=layers[:50])
    return layers[0]


def columns_of(source: Path, layer: str, encoding: str) -> tuple[dict[str, Any], Any, Any, str]:
    """(meta, WKB, columns, encoding) with all texts decoded.

    A shapefile is read as raw bytes first (Latin-1 keeps every byte), because its declared encoding may be
    missing or wrong and its headings are cut at ten bytes, in the middle of a character.
    """
    import pyogrio

    is_package = source.suffix == ".gpkg"
    raw = None if is_package else "ISO-8859-1"
    count = pyogrio.read_info(source, layer=layer, encoding=raw)["features"]
    if count > MAX_FEATURES:
        raise Stop("too_many", "too many features", limit=MAX_FEATURES, count=int(count))
    options = {"force_2d": True, "max_features": MAX_FEATURES + 1, "datetime_as_string": True}
    meta, _, shapes, columns = pyogrio.raw.read(source, layer=layer, encoding=raw, **options)
    if is_package:
        return meta, shapes, columns, "utf-8"
    for attempt in dict.fromkeys((encoding or ENCODINGS[0], *ENCODINGS)):
        try:
            names = [decoded(name, attempt) for name in meta["fields"]]
            texts = [[decoded(value, attempt) for value in column] for column in columns]
        except UnicodeDecodeError:
            continue
        return {**meta, "fields": names}, shapes, texts, attempt
    raise Stop("bad_encoding", "the texts are neither UTF-8 nor GB 18030")


def decoded(value: Any, encoding: str) -> Any:
    """A Latin-1 text as what its bytes mean; a character cut off at the end is left out."""
    if not isinstance(value, str):
        return value
    return codecs.getincrementaldecoder(encoding)().decode(value.encode("latin-1"))


def geometries(shapes: Any) -> list[Any]:
    """Each WKB as GeoJSON geometry; what is no polygon keeps its type and loses its coordinates.

    A GeoPackage column makes every polygon a collection of one: it is unwrapped.
    """
    import shapely

    found: list[Any] = []
    for shape in shapely.from_wkb(shapes):
        if shape is None or shape.is_empty:
            found.append(None)
        elif shape.geom_type == "MultiPolygon" and len(shape.geoms) == 1:
            found.append(shapely.geometry.mapping(shape.geoms[0]))
        elif shape.geom_type in ("Polygon", "MultiPolygon"):
            found.append(shapely.geometry.mapping(shape))
        else:
            found.append({"type": shape.geom_type, "coordinates": []})
    return found


def plain(value: Any) -> Any:
    """A cell as JSON value: NaN (GDAL's empty number) becomes null, bytes are left out."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return None
    return value


def authority(text: str) -> str:
    """EPSG:n for a WKT that is one of the register's systems, whoever wrote it; else the text's beginning."""
    if text.startswith("EPSG:"):
        return text
    import pyproj

    try:
        found = pyproj.CRS.from_user_input(text).to_authority(auth_name="EPSG", min_confidence=60)
    except pyproj.exceptions.CRSError:
        found = None
    return ":".join(found) if found else text[:200]


def write(folder: Path, driver: str) -> dict[str, Any]:
    """Write input.json of the job folder as area.shp or area.gpkg."""
    import numpy as np
    import orjson
    import pyogrio
    import shapely

    order = orjson.loads((folder / "input.json").read_bytes())
    features = order["areas"]["features"]
    rows = [feature["properties"] for feature in features]
    shapes = np.array([shapely.geometry.shape(feature["geometry"]) for feature in features], dtype=object)
    data: list[Any] = [np.array([row[field] for row in rows], dtype=object) for field in TEXT_FIELDS]
    mask: list[Any] = [None] * len(TEXT_FIELDS)
    for field in COUNT_FIELDS:
        data.append(np.array([row[field] or 0 for row in rows], dtype=np.int32))
        mask.append(np.array([row[field] is None for row in rows], dtype=bool))
    is_package = driver == "GPKG"
    pyogrio.raw.write(
        folder / ("area.gpkg" if is_package else "area.shp"),
        geometry=shapely.to_wkb(shapes),
        field_data=data,
        fields=[*TEXT_FIELDS, *COUNT_FIELDS],
        field_mask=mask,
        driver=driver,
        layer="areas" if is_package else "area",
        geometry_type="MultiPolygon" if is_package else "Polygon",
        promote_to_multi=is_package,
        crs=order["crs"],
        encoding="UTF-8",
    )
    return {"written": len(rows)}


def read_rows(source: Path) -> dict[str, Any]:
    """The one layer of points with its attributes as GeoJSON; the mark that we wrote comes with it."""
    import pyogrio
    import shapely

    layers = {str(name) for name, _kind in pyogrio.list_layers(source)}
    name = chosen_layer(source, "")
    meta, shapes, columns, _encoding = columns_of(source, name, "utf-8")
    names = [str(field) for field in meta["fields"]]
    found = []
    for i, shape in enumerate(shapely.from_wkb(shapes)):
        empty = shape is None or shape.is_empty
        properties = {field: plain(column[i]) for field, column in zip(names, columns, strict=True)}
        geometry = None if empty else shapely.geometry.mapping(shape)
        if geometry is not None and geometry["type"] != "Point":
            geometry = {"type": geometry["type"], "coordinates": []}
        found.append({"type": "Feature", "geometry": geometry, "properties": properties})
    answer: dict[str, Any] = {"type": "FeatureCollection", "features": found}
    answer["crs_text"] = "" if meta["crs"] is None else authority(str(meta["crs"]))
    if "shuangge" in layers:
        told, _, _, values = pyogrio.raw.read(source, layer="shuangge", max_features=1)
        answer["shuangge"] = {
            str(k): str(v[0]) for k, v in zip(told["fields"], values, strict=True) if len(v)
        }
    return answer


def write_rows(folder: Path) -> dict[str, Any]:
    """Write rows.lines of the job folder as area.gpkg, a chunk at a time, and what the file says itself."""
    import numpy as np
    import orjson
    import pyogrio

    order = orjson.loads((folder / "input.json").read_bytes())
    target, count = folder / "area.gpkg", 0
    with (folder / "rows.lines").open("rb") as file:
        for rows in chunks(file):
            append_rows(target, order, rows, append=count > 0)
            count += len(rows)
    about = {name: np.array([value], dtype=object) for name, value in order["about"].items()}
    pyogrio.raw.write(
        target, geometry=None, field_data=list(about.values()), fields=list(about), driver="GPKG",
        layer="shuangge", geometry_type=None, append=target.exists(), encoding="UTF-8",
    )  # fmt: skip
    return {"written": count}


def chunks(file: Any) -> Any:
    """Yield lists of parsed lines; at least one, which may be empty."""
    import orjson

    rows: list[Any] = []
    first = True
    for line in file:
        rows.append(orjson.loads(line))
        if len(rows) == CHUNK:
            yield rows
            rows, first = [], False
    if rows or first:
        yield rows


def append_rows(target: Path, order: dict[str, Any], rows: list[Any], append: bool) -> None:
    """Add rows to the layer that the order names; columns are texts but those whose cells are numbers."""
    import numpy as np
    import pyogrio
    import shapely

    shapes = [None if row[0] is None else shapely.from_wkb(row[0]) for row in rows]
    kinds = order.setdefault("kinds", [kind_of(rows, at) for at in range(1, len(order["fields"]) + 1)])
    data: list[Any] = []
    mask: list[Any] = []
    for at, kind in enumerate(kinds, 1):
        cells = [row[at] for row in rows]
        if kind == "text":
            data.append(np.array([None if c is None else str(c) for c in cells], dtype=object))
            mask.append(None)
        else:
            data.append(np.array([math.nan if c is None else float(c) for c in cells], dtype=np.float64))
            mask.append(np.array([c is None for c in cells], dtype=bool))
    areal = order["geometry"] != "Point"
    pyogrio.raw.write(
        target, geometry=np.array(shapely.to_wkb(shapes), dtype=object), field_data=data,
        fields=order["fields"], field_mask=mask, driver="GPKG", layer=order["layer"],
        geometry_type=order["geometry"], promote_to_multi=areal, crs=order["crs"], append=append,
        encoding="UTF-8", dataset_metadata=None if append else {"shuangge": order["note"]},
    )  # fmt: skip


def kind_of(rows: list[Any], at: int) -> str:
    """What a column holds, by its name's usual cells: number when each cell is one, else text."""
    cells = [row[at] for row in rows if row[at] is not None]
    numbers = bool(cells) and all(isinstance(c, int | float) and not isinstance(c, bool) for c in cells)
    return "number" if numbers else "text"


def read_drawing(source: Path, layer: str) -> dict[str, Any]:
    """The faces that the lines of a DXF drawing close, as `read` returns areas."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from collectors import drawings, records

    try:
        return drawings.read(source, layer)
    except records.Refused as refused:
        raise Stop(refused.code, refused.detail, **refused.params) from None


def done(verb: str, job: Path, source: Path, layer: str, encoding: str) -> dict[str, Any]:
    """Do the order that the verb names."""
    if verb == "write_rows":
        return write_rows(job)
    if verb == "read_rows":
        return read_rows(source)
    if verb == "read_drawing":
        return read_drawing(source, layer)
    if verb == "write":
        return write(job, "GPKG" if source.suffix == ".gpkg" else "ESRI Shapefile")
    return read(source, layer, encoding)


def main(arguments: list[str]) -> None:
    """Do one order and leave the answer in result.json."""
    import orjson

    verb, folder, driver, layer, encoding = arguments
    job = Path(folder)
    try:
        check_drivers(driver)
        import pyogrio

        try:
            source = job / {"GPKG": "area.gpkg", "DXF": "area.dxf"}.get(driver, "area.shp")
            answer = done(verb, job, source, layer, encoding)
        except UnicodeDecodeError as error:
            raise Stop("bad_encoding", str(error)[:300]) from None
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            raise Stop("bad_area_file", str(error)[:300].replace(str(job), "")) from None
    except Stop as stop:
        answer = stop.answer
    (job / "result.json").write_bytes(orjson.dumps(answer))


if __name__ == "__main__":
    limited(sys.argv[1])
    main(sys.argv[1:])
