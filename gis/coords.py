"""Coordinates: China's systems (WGS 84, GCJ-02, BD-09, CGCS2000 and its zones), local and geodesic metres.

Everywhere: x first (longitude or easting), then y (latitude or northing); degrees or metres; float64.
CGCS2000 differs from WGS 84 by decimetres at most and no better transformation is published, so the two
are treated as equal and only the label is kept.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar, overload

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from gis.errors import CoordinateError

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

CHINA_BOX: Box = (72.004, 0.8293, 137.8347, 55.8271)
"""Where GCJ-02 and BD-09 are defined (WGS 84)."""
CHINA_LAND: Box = (73.0, 3.0, 135.0, 54.0)
"""Longitudes and latitudes of China's ground: the two ranges do not overlap, so a swap is recognisable."""

_STEPS = 5
_BOX_SLACK_DEG = 1e-9
_LARGEST_SHIFT_DEG = 0.05
_ZONE_REACH_M = 400_000.0
_ZONE_NORTH_M = 6_300_000.0
_GEOD = pyproj.Geod(ellps="WGS84")


class Crs(StrEnum):
    """Geographic systems that a coordinate may be declared in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"
    CGCS2000 = "cgcs2000"


@dataclass(frozen=True)
class Zone:
    """A 3-degree Gauss-Kruger zone of CGCS2000; EPSG 4513-4533 carry the zone number in the easting."""

    epsg: int

    @property
    def label(self) -> str:
        """Name in the form `EPSG:4546`."""
        return f"EPSG:{self.epsg}"

    @property
    def false_easting_m(self) -> float:
        """Easting of the central meridian in metres."""
        return (self.epsg - 4513 + 25) * 1_000_000.0 + 500_000.0 if self.epsg < 4534 else 500_000.0


System = Crs | Zone
Shape = TypeVar("Shape", bound=BaseGeometry)
Shapes = NDArray[np.object_]

_EPSG_NAME = re.compile(r"(?:^|.*[:/])EPSG(?::|/)(?:[\d.]*(?::|/))?(\d{4,5})$")
_ALIASES = {
    "WGS84": Crs.WGS84,
    "CRS84": Crs.WGS84,
    "OGC:CRS84": Crs.WGS84,
    "GCJ02": Crs.GCJ02,
    "BD09": Crs.BD09,
    "BD09LL": Crs.BD09,
    "CGCS2000": Crs.CGCS2000,
}


def system(name: System | str) -> System:
    """Return the system meant by a name such as `wgs84`, `GCJ-02`, `EPSG:4490` or `EPSG:4546`.

    The order of axes stays x first, whatever the EPSG register says. Raises CoordinateError `unknown_crs`,
    also for the older local frames, which need parameters that are not public.
    """
    if isinstance(name, Crs | Zone):
        return name
    wanted = re.sub(r"[-_\s]", "", name.upper())
    if wanted.endswith(":CRS84") or wanted.endswith("/CRS84"):
        return Crs.WGS84
    if wanted in _ALIASES:
        return _ALIASES[wanted]
    found = _EPSG_NAME.match(wanted)
    epsg = int(found.group(1)) if found else 0
    if epsg == 4326:
        return Crs.WGS84
    if epsg == 4490:
        return Crs.CGCS2000
    if 4513 <= epsg <= 4554:
        return Zone(epsg)
    raise CoordinateError("unknown_crs", crs=name)


@overload
def to_wgs84(lon: float, lat: float, crs: System | str) -> tuple[float, float]: ...
@overload
def to_wgs84(
    lon: Floats | Sequence[float], lat: Floats | Sequence[float], crs: System | str
) -> tuple[Floats, Floats]: ...
def to_wgs84(
    lon: float | Floats | Sequence[float], lat: float | Floats | Sequence[float], crs: System | str
) -> tuple[float, float] | tuple[Floats, Floats]:
    """Convert declared coordinates to WGS 84 longitude and latitude in degrees.

    `lon`, `lat` are degrees of the declared system, or easting and northing in metres for a Gauss-Kruger
    zone; scalars give scalars, arrays give arrays of the same shape. Raises CoordinateError `not_finite`,
    `out_of_range`, `outside_china` (GCJ-02, BD-09) or `unknown_crs`.
    """
    declared = system(crs)
    # The common case without arrays; what is out of range (or no number) gets its refusal below.
    if (
        declared in (Crs.WGS84, Crs.CGCS2000)
        and isinstance(lon, float)
        and isinstance(lat, float)
        and abs(lon) <= 180.0
        and abs(lat) <= 90.0
    ):
        return lon, lat
    x, y = _finite(lon, lat)
    if isinstance(declared, Zone):
        return _as_given(*_from_zone(x, y, declared))
    _require_degrees(x, y)
    if declared in (Crs.WGS84, Crs.CGCS2000):
        return _as_given(x, y)
    # The shifted box is slightly elsewhere: a wide check keeps the formula sane, the exact one follows.
    _require_china(x, y, _LARGEST_SHIFT_DEG, declared)
    if declared is Crs.BD09:
        x, y = _inverse(_gcj02_to_bd09, x, y)
    x, y = _inverse(_wgs84_to_gcj02, x, y)
    _require_china(x, y, _BOX_SLACK_DEG, declared)
    return _as_given(x, y)


@overload
def from_wgs84(lon: float, lat: float, crs: System | str) -> tuple[float, float]: ...
@overload
def from_wgs84(
    lon: Floats | Sequence[float], lat: Floats | Sequence[float], crs: System | str
) -> tuple[Floats, Floats]: ...
def from_wgs84(
    lon: float | Floats | Sequence[float], lat: float | Floats | Sequence[float], crs: System | str
) -> tuple[float, float] | tuple[Floats, Floats]:
    """Convert WGS 84 longitude and latitude in degrees to the wanted system.

    Gives degrees, or easting and northing in metres for a Gauss-Kruger zone. Raises like `to_wgs84`;
    a place too far from the zone's central meridian is `out_of_range`.
    """
    wanted = system(crs)
    x, y = _finite(lon, lat)
    _require_degrees(x, y)
    if isinstance(wanted, Zone):
        return _as_given(*_to_zone(x, y, wanted))
    if wanted in (Crs.WGS84, Crs.CGCS2000):
        return _as_given(x, y)
    _require_china(x, y, _BOX_SLACK_DEG, wanted)
    x, y = _wgs84_to_gcj02(x, y)
    if wanted is Crs.BD09:
        x, y = _gcj02_to_bd09(x, y)
    return _as_given(x, y)


def looks_swapped(lon: float, lat: float, box: Box = CHINA_LAND) -> bool:
    """Say whether (lat, lon) was meant: outside the box (degrees) as given, inside it when swapped."""
    west, south, east, north = box
    as_given = west <= lon <= east and south <= lat <= north
    swapped = west <= lat <= east and south <= lon <= north
    return swapped and not as_given


class LocalPlane:
    """Metres east and north of a WGS 84 place, true to 1e-5 within 20 km.

    A transverse Mercator plane: an equirectangular one would be wrong by 0.3 % at that distance.
    """

    def __init__(self, lon0: float, lat0: float) -> None:
        x, y = _finite(lon0, lat0)
        _require_degrees(x, y)
        self._to_plane = _local_transformer(float(x), float(y))

    @classmethod
    def around(cls, geometry: BaseGeometry) -> "LocalPlane":
        """Return the plane in the middle of a geometry's bounding box (WGS 84 degrees)."""
        west, south, east, north = geometry.bounds
        return cls((west + east) / 2.0, (south + north) / 2.0)

    def to_m(self, lon: Floats | Sequence[float], lat: Floats | Sequence[float]) -> tuple[Floats, Floats]:
        """Convert arrays of degrees to arrays of metres east and north."""
        x, y = self._to_plane.transform(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def from_m(self, x: Floats | Sequence[float], y: Floats | Sequence[float]) -> tuple[Floats, Floats]:
        """Convert arrays of metres east and north to arrays of degrees."""
        lon, lat = self._to_plane.transform(
            np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64), direction="INVERSE"
        )
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    @overload
    def shape_to_m(self, geometry: Shape) -> Shape: ...
    @overload
    def shape_to_m(self, geometry: Shapes) -> Shapes: ...
    def shape_to_m(self, geometry: BaseGeometry | Shapes) -> BaseGeometry | Shapes:
        """Convert a geometry (or an array of them) from degrees to metres; equal vertices stay equal."""
        return shapely.transform(geometry, lambda at: np.column_stack(self.to_m(at[:, 0], at[:, 1])))

    @overload
    def shape_from_m(self, geometry: Shape) -> Shape: ...
    @overload
    def shape_from_m(self, geometry: Shapes) -> Shapes: ...
    def shape_from_m(self, geometry: BaseGeometry | Shapes) -> BaseGeometry | Shapes:
        """Convert a geometry (or an array of them) from metres to degrees; equal vertices stay equal."""
        return shapely.transform(geometry, lambda at: np.column_stack(self.from_m(at[:, 0], at[:, 1])))


@overload
def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float: ...
@overload
def distance_m(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats: ...
def distance_m(
    lon1: float | Floats, lat1: float | Floats, lon2: float | Floats, lat2: float | Floats
) -> float | Floats:
    """Return the geodesic distance in metres between WGS 84 places (scalars or arrays of equal length)."""
    length = np.asarray(_GEOD.inv(lon1, lat1, lon2, lat2)[2], dtype=np.float64)
    return float(length) if length.ndim == 0 else length


def area_m2(geometry: BaseGeometry) -> float:
    """Return the geodesic area in square metres of a polygonal geometry in WGS 84 degrees, 0 for others.

    Edges count as geodesics between their ends. Edges straight in degrees, as on a map, leave them by 11 mm
    on 1 km at 30 N: nothing for the area of a grid, too much for judging slivers.
    """
    if geometry.is_empty:
        return 0.0
    # The geodesic sum takes holes off only if they turn the other way.
    return abs(float(_GEOD.geometry_area_perimeter(shapely.orient_polygons(geometry))[0]))


def length_m(geometry: BaseGeometry) -> float:
    """Return the geodesic length in metres of lines, or of the rings of polygons, in WGS 84 degrees."""
    return float(_GEOD.geometry_length(geometry)) if not geometry.is_empty else 0.0


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return the metres of one degree of longitude, and of latitude, at a WGS 84 latitude."""
    parallel, meridian = _arcs_m(np.asarray(lat, dtype=np.float64), _GEOD.a, _GEOD.es)
    return float(parallel), float(meridian)


def circle(lon: float, lat: float, radius_m: float) -> Polygon:
    """Return the polygon of 64 corners on the geodesic circle round a WGS 84 place, for error circles."""
    x, y = _finite(lon, lat)
    _require_degrees(x, y)
    if not 0.0 < radius_m < 1_000_000.0:
        raise CoordinateError("out_of_range", radius_m=radius_m)
    bearings = np.arange(64) * (360.0 / 64)
    lons, lats, _ = _GEOD.fwd(
        np.full(64, float(x)), np.full(64, float(y)), bearings, np.full(64, float(radius_m))
    )
    return shapely.orient_polygons(Polygon(np.column_stack([lons, lats])))


@lru_cache(maxsize=256)
def _local_transformer(lon0: float, lat0: float) -> pyproj.Transformer:
    plane = pyproj.CRS.from_proj4(f"+proj=tmerc +lon_0={lon0!r} +lat_0={lat0!r} +ellps=WGS84 +units=m")
    return pyproj.Transformer.from_crs(plane.geodetic_crs, plane, always_xy=True)


def _finite(
    lon: float | Floats | Sequence[float], lat: float | Floats | Sequence[float]
) -> tuple[Floats, Floats]:
    x, y = np.broadcast_arrays(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
    _refuse("not_finite", ~(np.isfinite(x) & np.isfinite(y)), x, y)
    return x, y


def _require_degrees(lon: Floats, lat: Floats) -> None:
    _refuse("out_of_range", (np.abs(lon) > 180.0) | (np.abs(lat) > 90.0), lon, lat)


def _require_china(lon: Floats, lat: Floats, slack_deg: float, crs: Crs) -> None:
    west, south, east, north = CHINA_BOX
    outside = (lon < west - slack_deg) | (lon > east + slack_deg)
    outside |= (lat < south - slack_deg) | (lat > north + slack_deg)
    _refuse("outside_china", outside, lon, lat, crs=crs.value)


def _require_zone(easting: Floats, northing: Floats, zone: Zone) -> None:
    far = np.abs(easting - zone.false_easting_m) > _ZONE_REACH_M
    _refuse(
        "out_of_range",
        far | (northing < 0.0) | (northing > _ZONE_NORTH_M),
        easting,
        northing,
        crs=zone.label,
    )


def _refuse(code: str, bad: NDArray[np.bool_], x: Floats, y: Floats, **params: object) -> None:
    if not np.any(bad):
        return
    first = int(np.argmax(np.ravel(bad)))
    raise CoordinateError(
        code, index=first, x=float(np.ravel(x)[first]), y=float(np.ravel(y)[first]), **params
    )


def _as_given(x: Floats, y: Floats) -> tuple[float, float] | tuple[Floats, Floats]:
    return (float(x), float(y)) if np.ndim(x) == 0 else (np.array(x), np.array(y))


def _inverse(
    forward: Callable[[Floats, Floats], tuple[Floats, Floats]], x: Floats, y: Floats
) -> tuple[Floats, Floats]:
    """Solve forward(u) = target: the Jacobian is 0.994-1.007, so five steps leave under 1e-8 m."""
    u, v = np.array(x), np.array(y)
    for _ in range(_STEPS):
        fx, fy = forward(u, v)
        u, v = u - (fx - x), v - (fy - y)
    return u, v


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Shift by the published formula (PRCoords, CC0), on the Krasovsky ellipsoid that it was made with."""
    x, y = lon - 105.0, lat - 35.0
    px, py = np.pi * x, np.pi * y
    waves = 2.0 * np.sin(6.0 * px) + 2.0 * np.sin(2.0 * px)
    to_north = waves + 2.0 * np.sin(py) + 4.0 * np.sin(py / 3.0)
    to_north += 16.0 * np.sin(py / 12.0) + 32.0 * np.sin(py / 30.0)
    to_east = waves + 2.0 * np.sin(px) + 4.0 * np.sin(px / 3.0)
    to_east += 15.0 * np.sin(px / 12.0) + 30.0 * np.sin(px / 30.0)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += 20.0 / 3.0 * to_north
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += 20.0 / 3.0 * to_east
    parallel, meridian = _arcs_m(lat, 6378245.0, 0.00669342162296594323)
    return lon + east / parallel, lat + north / meridian


def _arcs_m(lat: Floats, a: float, e2: float) -> tuple[Floats, Floats]:
    """Return metres per degree along parallel and meridian on the ellipsoid with axis `a` (m) and `e2`."""
    phi = np.radians(lat)
    w2 = 1.0 - e2 * np.sin(phi) ** 2
    return np.radians(a / np.sqrt(w2) * np.cos(phi)), np.radians(a * (1.0 - e2) / (w2 * np.sqrt(w2)))


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(np.radians(3000.0 * lat))
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(np.radians(3000.0 * lon))
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


@lru_cache(maxsize=64)
def _zone_transformer(epsg: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs("EPSG:4490", f"EPSG:{epsg}", always_xy=True)


def _to_zone(lon: Floats, lat: Floats, zone: Zone) -> tuple[Floats, Floats]:
    x, y = _zone_transformer(zone.epsg).transform(lon, lat)
    easting, northing = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    _require_zone(easting, northing, zone)
    return easting, northing


def _from_zone(easting: Floats, northing: Floats, zone: Zone) -> tuple[Floats, Floats]:
    _require_zone(easting, northing, zone)
    x, y = _zone_transformer(zone.epsg).transform(easting, northing, direction="INVERSE")
    return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
