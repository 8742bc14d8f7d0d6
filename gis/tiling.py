"""Arithmetic of web Mercator map tiles: z/x/y to longitude and latitude and back.

Tiles as in the XYZ scheme (OGC WebMercatorQuad): x grows to the east, y to the south, from 180 W, 85.05 N.
"""

import math
from collections.abc import Iterator

from gis.coords import Box
from gis.errors import ShapeError

MAX_ZOOM = 24
MAX_LAT = math.degrees(math.atan(math.sinh(math.pi)))
"""Northern edge of the tile pyramid in degrees."""


def bounds(z: int, x: int, y: int) -> Box:
    """Return west, south, east, north of a tile in WGS 84 degrees. Raises ShapeError `bad_tile`."""
    _require_zoom(z)
    across = 1 << z
    if not (0 <= x < across and 0 <= y < across):
        raise ShapeError("bad_tile", z=z, x=x, y=y)
    return _lon(x, across), _lat(y + 1, across), _lon(x + 1, across), _lat(y, across)


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Return x and y of the tile that holds a WGS 84 place; on an edge, the eastern or southern tile.

    Places beyond the pyramid belong to its outermost tiles. Raises ShapeError `bad_tile`, `not_finite`.
    """
    _require_zoom(z)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ShapeError("not_finite", x=lon, y=lat)
    across = 1 << z
    column = math.floor((lon + 180.0) / 360.0 * across)
    phi = math.radians(max(-MAX_LAT, min(MAX_LAT, lat)))
    row = math.floor((1.0 - math.asinh(math.tan(phi)) / math.pi) / 2.0 * across)
    return max(0, min(across - 1, column)), max(0, min(across - 1, row))


def tiles_touched(box: Box, z: int, limit: int = 100_000) -> Iterator[tuple[int, int]]:
    """Yield x, y of every tile that a box (west, south, east, north in degrees) touches, row by row.

    Raises ShapeError `bad_box` if the box is turned over, `too_many_tiles` above the limit.
    """
    west, south, east, north = box
    if not (west <= east and south <= north):
        raise ShapeError("bad_box", box=box)
    left, top = tile_at(west, north, z)
    right, bottom = tile_at(east, south, z)
    count = (right - left + 1) * (bottom - top + 1)
    if count > limit:
        raise ShapeError("too_many_tiles", count=count, limit=limit)
    return ((x, y) for y in range(top, bottom + 1) for x in range(left, right + 1))


def _require_zoom(z: int) -> None:
    if not 0 <= z <= MAX_ZOOM:
        raise ShapeError("bad_tile", z=z)


def _lon(x: int, across: int) -> float:
    return x / across * 360.0 - 180.0


def _lat(y: int, across: int) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * y / across))))
