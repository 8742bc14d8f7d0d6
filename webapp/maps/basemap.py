"""Doors for the base map: a local tile file, or what a page needs to know to load one from elsewhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from flask import Blueprint, Response, jsonify, send_file

from webapp.core.config import Settings
from webapp.core.errors import NotFound
from webapp.core.web import site

pages = Blueprint("basemap", __name__)
log = structlog.get_logger()

DAY_S = 86_400
DEEPEST = 22
PMTILES = "application/vnd.pmtiles"
# What a picture begins with; the metadata's own word for the format is often wrong.
MAGIC = ((b"\x89PNG", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"RIFF", "image/webp"))
# PMTiles version 3: magic and version, tile type at byte 99 (2 to 5 are pictures), zooms at 100 and 101.
PMTILES_HEAD = b"PMTiles\x03"
PMTILES_PICTURES = (2, 3, 4, 5)


def describe(settings: Settings) -> dict[str, Any]:
    """Return how a page loads the base map: kind (empty for none), url, zooms, credit, review number.

    A file that is missing, damaged or holds vector tiles counts as none, with a line in the log: a map
    without streets is better than no map.
    """
    kind, url, zooms = "", "", (0, DEEPEST)
    if settings.basemap.startswith(("http://", "https://")):
        kind, url, zooms = "xyz", settings.basemap, (0, 18)
    elif settings.basemap:
        path = file_of(settings)
        try:
            kind, url, zooms = _examined(path, path.stat().st_mtime)
        except (OSError, ValueError, sqlite3.Error) as error:
            log.warning("base map can't be used", path=str(path), reason=str(error))
    return {
        "kind": kind,
        "url": url,
        "min_zoom": zooms[0],
        "max_zoom": zooms[1],
        "credit": settings.basemap_credit if kind else "",
        "review": settings.basemap_review if kind else "",
    }


def file_of(settings: Settings) -> Path:
    """Return the local file that the setting names; a relative path starts at the home folder."""
    return settings.home / settings.basemap


@lru_cache(maxsize=4)
def _examined(path: Path, _changed: float) -> tuple[str, str, tuple[int, int]]:
    """Return kind, address and zooms of a local file; raise ValueError when it holds no pictures."""
    if path.suffix == ".pmtiles":
        with path.open("rb") as file:
            head = file.read(102)
        if head[:8] != PMTILES_HEAD or len(head) < 102 or head[99] not in PMTILES_PICTURES:
            raise ValueError("no PMTiles file (version 3) of pictures")
        return "pmtiles", "/basemap.pmtiles", (head[100], head[101])
    with closing(_opened(path)) as tiles:
        low, high = tiles.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
        sample = tiles.execute("SELECT tile_data FROM tiles LIMIT 1").fetchone()
    if sample is None or media_type(sample[0]) is None:
        raise ValueError("no MBTiles file of PNG, JPEG or WebP pictures")
    return "mbtiles", "/basemap/{z}/{x}/{y}", (low, high)


def _opened(path: Path) -> sqlite3.Connection:
    """Open an MBTiles file for reading only; no lock, no journal beside it."""
    return sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)


def media_type(data: bytes) -> str | None:
    """Return the media type of a tile's picture by its first bytes, None when it is none of ours."""
    return next((media for magic, media in MAGIC if data[:12].startswith(magic)), None)


def tile(path: Path, z: int, x: int, y: int) -> bytes | None:
    """Return one tile of an MBTiles file, None when the file has none there.

    x, y count from the north-west as in addresses; MBTiles 1.3 counts rows from the south.
    """
    row = (1 << z) - 1 - y
    with closing(_opened(path)) as tiles:
        found = tiles.execute(
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
            (z, x, row),
        ).fetchone()
    return bytes(found[0]) if found else None


@pages.get("/basemap.json")
def description() -> Response:
    """How a page loads the base map: what `describe` returns, as JSON."""
    response = jsonify(describe(site().settings))
    response.headers["Cache-Control"] = "no-cache"
    return response


@pages.get("/basemap/<int:z>/<int:x>/<int:y>")
def mbtiles(z: int, x: int, y: int) -> Response:
    """One picture of the local MBTiles file; nothing personal, so open like our static files."""
    settings = site().settings
    side = 1 << z if z <= DEEPEST else 0
    if describe(settings)["kind"] != "mbtiles" or x >= side or y >= side:
        raise NotFound()
    data = tile(file_of(settings), z, x, y)
    response = Response(status=204) if data is None else Response(data, content_type=media_type(data))
    response.headers["Cache-Control"] = f"public, max-age={DAY_S}"
    return response


@pages.get("/basemap.pmtiles")
def pmtiles() -> Response:
    """The local PMTiles file; the browser asks for the byte ranges that it needs."""
    settings = site().settings
    if describe(settings)["kind"] != "pmtiles":
        raise NotFound()
    return send_file(file_of(settings).absolute(), mimetype=PMTILES, conditional=True, max_age=DAY_S)
