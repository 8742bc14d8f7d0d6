"""Coordinate systems as phones and files name them, and whole shapes brought from one to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from collectors.records import Refused
from gis import coords
from gis.errors import CoordinateError

_EPSG_OF = {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}


def crs_name(text: str) -> str:
    """The project's name of a system: wgs84, gcj02, bd09, cgcs2000 or EPSG:n (3-degree zones).

    Raises gis.errors.CoordinateError (unknown_crs).
    """
    found = coords.system(text)
    return found.label if isinstance(found, coords.Zone) else found.value


def epsg_of(crs: str) -> str:
    """The EPSG name under which files carry a named system; Refused (crs_not_writable) for GCJ-02, BD-09.

    No file format can say "GCJ-02": such a file would claim to be WGS 84 and be wrong by 500 m.
    """
    name = crs_name(crs)
    epsg = _EPSG_OF.get(name, name)
    if not epsg.startswith("EPSG:"):
        raise Refused.because("crs_not_writable", "files cannot carry this coordinate system", crs=name)
    return epsg


def shapes_to_wgs84(shapes: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    """The shapes in WGS 84, in the same order; equal vertices stay equal.

    Raises Refused with the code of the coordinate's fault (out_of_range, outside_china, swapped_axes),
    its pointer naming the shape: "/features/3".
    """
    corners, owner = _corners(shapes)
    inside_out = _swapped(corners) if not crs.startswith("EPSG:") else None
    if inside_out is not None:
        first, second = corners[inside_out].tolist()
        where = f"/features/{owner[inside_out]}"
        raise Refused.because(
            "swapped_axes", "longitude and latitude look swapped", where, lon=second, lat=first
        )
    try:
        lon, lat = coords.to_wgs84(corners[:, 0], corners[:, 1], crs)
    except CoordinateError as error:
        raise _at_shape(error, owner) from None
    return _with_corners(shapes, lon, lat)


def shapes_from_wgs84(shapes: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    """The WGS 84 shapes in the named system; raises Refused as `shapes_to_wgs84` does."""
    corners, owner = _corners(shapes)
    try:
        x, y = coords.from_wgs84(corners[:, 0], corners[:, 1], crs)
    except CoordinateError as error:
        raise _at_shape(error, owner) from None
    return _with_corners(shapes, x, y)


def _corners(shapes: Sequence[BaseGeometry]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    found, owner = shapely.get_coordinates(np.array(shapes, dtype=object), return_index=True)
    return np.asarray(found, dtype=np.float64), np.asarray(owner, dtype=np.int64)


def _swapped(corners: NDArray[np.float64]) -> int | None:
    """Index of the first corner that lies in China only with its axes swapped."""
    west, south, east, north = coords.CHINA_LAND
    x, y = corners[:, 0], corners[:, 1]
    swapped = (y >= west) & (y <= east) & (x >= south) & (x <= north)
    return int(np.argmax(swapped)) if swapped.any() else None


def _at_shape(error: CoordinateError, owner: NDArray[np.int64]) -> Refused:
    index = error.params.get("index", 0)
    shape = int(owner[index]) if isinstance(index, int) and index < len(owner) else 0
    params: dict[str, Any] = {key: value for key, value in error.params.items() if key != "index"}
    return Refused.because(error.code, str(error), f"/features/{shape}", **params)


def _with_corners(
    shapes: Sequence[BaseGeometry], x: NDArray[np.float64], y: NDArray[np.float64]
) -> list[BaseGeometry]:
    return list(shapely.transform(np.array(shapes, dtype=object), lambda _: np.column_stack((x, y))))
