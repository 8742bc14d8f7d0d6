"""Places to pass on a patrol, as GPX 1.1 for walkers' apps and as GeoJSON (RFC 7946)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import orjson


@dataclass(frozen=True, slots=True)
class Waypoint:
    """One place in the order of the walk: WGS 84, what was wrong there, and how many matters."""

    number: int
    lon: float
    lat: float
    words: str
    matters: int


def gpx(name: str, points: Sequence[Waypoint]) -> bytes:
    """Return a GPX 1.1 document: each place as a waypoint, and all of them as a route in their order."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="shuangge" '
        'xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<metadata><name>{escape(name)}</name></metadata>\n"
    )
    places = "".join(_point("wpt", point) for point in points)
    route = "".join(_point("rtept", point) for point in points)
    return f"{head}{places}<rte><name>{escape(name)}</name>\n{route}</rte>\n</gpx>\n".encode()


def _point(tag: str, point: Waypoint) -> str:
    at = f"lat={quoteattr(f'{point.lat:.6f}')} lon={quoteattr(f'{point.lon:.6f}')}"
    name = f"{point.number} {point.words}"
    return f"<{tag} {at}><name>{escape(name)}</name></{tag}>\n"


def geojson(name: str, points: Sequence[Waypoint]) -> bytes:
    """Return a FeatureCollection of points with number, words and matters, in their order."""
    features = [
        {
            "type": "Feature",
            "id": point.number,
            "geometry": {"type": "Point", "coordinates": [round(point.lon, 6), round(point.lat, 6)]},
            "properties": {"number": point.number, "name": point.words, "matters": point.matters},
        }
        for point in points
    ]
    return orjson.dumps({"type": "FeatureCollection", "name": name, "features": features})


# How to write each form, and its media type.
FORMS: dict[str, tuple[Callable[[str, Sequence[Waypoint]], bytes], str]] = {
    "gpx": (gpx, "application/gpx+xml"),
    "geojson": (geojson, "application/geo+json"),
}
