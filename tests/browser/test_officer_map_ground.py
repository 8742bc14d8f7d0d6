"""Local base maps under the officer's map: MBTiles and PMTiles are drawn, with credit and review number."""

from __future__ import annotations

import io
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.service import Service
from tests.stations import Station
from webapp.core.config import Settings

LOADED = "img.leaflet-tile-loaded"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), (210, 225, 200)).save(out, "PNG")
    return out.getvalue()


def tile_of(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    """Return column and row (from the north) of the tile that holds a place."""
    side = 1 << zoom
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * side
    return int((lon + 180) / 360 * side), int(row)


def write_mbtiles(path: Path, lon: float, lat: float) -> None:
    """Tiles of zoom 13 around a place; nearer zooms are stretched from them."""
    column, row = tile_of(lon, lat, 13)
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        for x in range(column - 2, column + 3):
            for y in range(row - 2, row + 3):
                made.execute("INSERT INTO tiles VALUES (13, ?, ?, ?)", (x, (1 << 13) - 1 - y, picture()))
        made.commit()


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def write_pmtiles(path: Path) -> None:
    """One picture for every tile down to zoom 14: a directory of a single run."""
    data, words = picture(), b"{}"
    run = (4**15 - 1) // 3
    root = varint(1) + varint(0) + varint(run) + varint(len(data)) + varint(1)
    numbers = (127, len(root), 127 + len(root), len(words), 0, 0, 127 + len(root) + len(words), len(data))
    head = b"PMTiles\x03" + b"".join(n.to_bytes(8, "little") for n in (*numbers, run, 1, 1))
    # Clustered, nothing compressed, PNG, zooms 0 to 14, then bounds and centre, which nobody reads here.
    head += bytes((1, 1, 1, 2, 0, 14))
    path.write_bytes(head.ljust(127, b"\0") + root + words + data)


@pytest.mark.parametrize("kind", ["mbtiles", "pmtiles"])
def test_a_local_base_map_is_drawn_and_credited(
    page_as: Callable[..., Page], service: Service, settings: Settings, station: Station, kind: str
) -> None:
    if kind == "mbtiles":
        write_mbtiles(settings.home / "ground.mbtiles", *station.inside("A1"))
    else:
        write_pmtiles(settings.home / "ground.pmtiles")
    words = f'basemap = "ground.{kind}"\nbasemap_credit = "某测绘院"\nbasemap_review = "GS(2026)0001"\n'
    (settings.home / "shuangge.toml").write_text(words)
    service.restart("web")
    page = page_as("officer", "A")
    page.goto("/map")
    expect(page.locator(LOADED).first).to_be_visible()
    page.wait_for_function(f"document.querySelector('{LOADED}').naturalWidth === 256")
    line = page.locator(".leaflet-control-attribution")
    expect(line).to_contain_text("某测绘院")
    expect(line).to_contain_text("审图号 GS(2026)0001")
