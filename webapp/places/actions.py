"""Changes to places: add, mend, close; each records one event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from geoalchemy2.shape import from_shape, to_shape
from shapely import Point
from sqlalchemy.orm import Session

from gis import coords
from gis.errors import ShapeError
from webapp.areas.queries import area_at
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.places.models import Place


def add(
    session: Session, place_id: UUID, *, name: str, kind: str, lon: float, lat: float, crs: str, by: Actor
) -> Place:
    """Register a place (raw coordinates in `crs`); the same id again changes nothing.

    Raises Refused for a place outside the station's ground, Conflict 'already_known' for a used id that
    stands for another place.
    """
    known = session.get(Place, place_id)
    if known is not None and (known.name, known.kind) != (name, kind):
        raise Conflict("already_known", held=known.name, sent=name)
    if known is not None:
        return known
    point = _point(session, lon, lat, crs, by)
    place = Place(id=place_id, station_id=by.station_id, name=name, kind=kind, geom=point, source="register")
    session.add(place)
    session.flush()
    record(session, "places.added", kind="place", subject=place.id, by=by, place_kind=kind)
    return place


def mend(session: Session, place: Place, changes: dict[str, Any], *, by: Actor) -> Place:
    """Change a place's name, kind or point; its code and its sign stay. Raises Conflict for a closed one."""
    _require_open(place)
    moved = "lon" in changes or "lat" in changes
    if moved:
        lon, lat = to_shape(place.geom).coords[0]
        place.geom = _point(session, changes.get("lon", lon), changes.get("lat", lat), changes["crs"], by)
    place.name = changes.get("name", place.name)
    place.kind = changes.get("kind", place.kind)
    session.flush()
    record(session, "places.mended", kind="place", subject=place.id, by=by, moved=moved)
    return place


def close(session: Session, place: Place, *, by: Actor) -> Place:
    """Take a place out of use: its sign leads to nothing from now on. Raises Conflict for a closed one."""
    _require_open(place)
    place.closed_at = clock.now()
    session.flush()
    record(session, "places.closed", kind="place", subject=place.id, by=by)
    return place


def _require_open(place: Place) -> None:
    if place.closed_at is not None:
        raise Conflict("place_closed")


def _point(session: Session, lon: float, lat: float, crs: str, by: Actor) -> Any:
    try:
        here = coords.to_wgs84(lon, lat, crs)
    except ShapeError as error:
        raise Refused(problems=[Problem("/lon", error.code, error.params)]) from error
    area_at(session, by.station_id, *here, clock.now())
    return from_shape(Point(*here), 4326)
