"""The base map's doors: local tile files by row and byte range, and what the page is told."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask import Flask
from PIL import Image

from tests.stations import Station
from webapp.core.config import Settings
from webapp.maps import basemap


def picture(shade: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), (shade, shade, shade)).save(out, kind)
    return out.getvalue()


def mbtiles(path: Path, tiles: dict[tuple[int, int, int], bytes]) -> Path:
    """Write an MBTiles file; keys are zoom, column and row counted from the south, as its standard says."""
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
        made.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?, ?)", [(*key, data) for key, data in tiles.items()]
        )
        made.commit()
    return path


def pmtiles(path: Path, tile_type: int) -> Path:
    head = bytearray(127)
    head[:8] = b"PMTiles\x03"
    head[99:102] = bytes((tile_type, 3, 14))
    path.write_bytes(bytes(head) + b"0123456789")
    return path


@pytest.fixture
def with_basemap(app: Flask) -> Callable[..., Any]:
    """Give the running application another base map for a while."""

    @contextmanager
    def given(path: Path | str, **settings: str) -> Iterator[Any]:
        before = app.extensions["shuangge"]
        changed = replace(before.settings, basemap=str(path), **settings)
        app.extensions["shuangge"] = replace(before, settings=changed)
        try:
            yield app.test_client()
        finally:
            app.extensions["shuangge"] = before

    return given


def test_rows_are_counted_from_the_north(with_basemap: Callable[..., Any], tmp_path: Path) -> None:
    north, south = picture(10), picture(200, "JPEG")
    file = mbtiles(tmp_path / "town map.mbtiles", {(1, 0, 1): north, (1, 0, 0): south})
    with with_basemap(file) as client:
        top, bottom = client.get("/basemap/1/0/0"), client.get("/basemap/1/0/1")
    assert (top.data, top.content_type) == (north, "image/png")
    assert (bottom.data, bottom.content_type) == (south, "image/jpeg")
    assert "public" in top.headers["Cache-Control"]


def test_a_place_without_a_tile_is_empty_and_nonsense_is_not_found(
    with_basemap: Callable[..., Any], tmp_path: Path
) -> None:
    file = mbtiles(tmp_path / "a.mbtiles", {(1, 0, 1): picture(1, "WEBP")})
    with with_basemap(file) as client:
        assert client.get("/basemap/1/1/1").status_code == 204
        for address in ("1/2/0", "1/0/2", "99/0/0", "1/0/-1", "x/0/0"):
            assert client.get(f"/basemap/{address}").status_code == 404, address
        assert client.get("/basemap.pmtiles").status_code == 404


def test_the_file_is_only_read(with_basemap: Callable[..., Any], tmp_path: Path) -> None:
    file = mbtiles(tmp_path / "a.mbtiles", {(0, 0, 0): picture(1)})
    file.chmod(0o444)
    before = file.read_bytes()
    with with_basemap(file) as client:
        assert client.get("/basemap/0/0/0").status_code == 200
    assert file.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mbtiles"], "no journal beside it"


def test_pmtiles_are_served_by_ranges(with_basemap: Callable[..., Any], tmp_path: Path) -> None:
    file = pmtiles(tmp_path / "a.pmtiles", tile_type=2)
    with with_basemap(file) as client:
        part = client.get("/basemap.pmtiles", headers={"Range": "bytes=127-130"})
    assert (part.status_code, part.data) == (206, b"0123")
    assert part.headers["Content-Range"] == "bytes 127-130/137"
    assert part.headers["ETag"]


@pytest.mark.parametrize("kind", ["missing", "no database", "vector tiles", "vector pmtiles", "cut pmtiles"])
def test_a_file_that_is_no_use_counts_as_none(settings: Settings, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.mbtiles"
    if kind == "no database":
        path.write_bytes(b"no database at all" * 100)
    if kind == "vector tiles":
        mbtiles(path, {(0, 0, 0): b"\x1f\x8b vector"})
    if kind == "vector pmtiles":
        path = pmtiles(tmp_path / "a.pmtiles", tile_type=1)
    if kind == "cut pmtiles":
        path = tmp_path / "b.pmtiles"
        path.write_bytes(b"PMTiles\x03")
    told = basemap.describe(replace(settings, basemap=str(path), basemap_credit="somebody"))
    assert (told["kind"], told["url"], told["credit"]) == ("", "", "")


def test_the_page_is_told_zooms_credit_and_review_number(
    with_basemap: Callable[..., Any],
    tmp_path: Path,
    station: Station,
) -> None:
    file = mbtiles(tmp_path / "a.mbtiles", {(3, 0, 0): picture(1), (5, 0, 0): picture(1)})
    token = station.member("officer", "A").token
    with with_basemap(file, basemap_credit="© Tiles & Co", basemap_review="GS(2026)0001") as client:
        html = client.get("/map", headers={"Authorization": f"Bearer {token}"}).text
    start = html.index('id="window-config">') + len('id="window-config">')
    told = orjson.loads(html[start : html.index("</script>", start)])["basemap"]
    assert told == {
        "kind": "mbtiles",
        "url": "/basemap/{z}/{x}/{y}",
        "min_zoom": 3,
        "max_zoom": 5,
        "credit": "© Tiles & Co",
        "review": "GS(2026)0001",
    }


def test_a_foreign_base_map_is_allowed_for_pictures_only(with_basemap: Callable[..., Any]) -> None:
    with with_basemap("https://{s}.tiles.invalid/{z}/{x}/{y}.png") as client:
        policy = client.get("/login").headers["Content-Security-Policy"]
    lines = [part.strip() for part in policy.split(";") if "tiles.invalid" in part]
    assert lines == ["img-src 'self' data: blob: https://*.tiles.invalid"]
