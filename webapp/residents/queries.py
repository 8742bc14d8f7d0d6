"""Reads for residents and their handlers: classes open to all, names of the ground, one case by its code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import func, literal, select, text
from sqlalchemy.orm import Session

from collectors.records import Place as SaidPlace
from webapp.addresses.queries import geocoded
from webapp.areas.models import Community, Grid, GridShape
from webapp.areas.queries import area_at, plan_at
from webapp.cases.models import HazardClass
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import KINDS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound, Refused
from webapp.core.security import digest
from webapp.core.shortcodes import PLACE_LENGTH, sound, tidy
from webapp.people.models import Station
from webapp.places.models import Place
from webapp.residents.models import ResidentContact, ResidentNote
from webapp.residents.rules import GOOD_GPS_M, GRID_M, STATION_M, WORDS_M

_TRACKED = text("SELECT * FROM app.tracked(:hash)")


def public_classes(session: Session) -> list[HazardClass]:
    """Return the classes that residents may use, in the order of the buttons."""
    return [item for item in hazard_classes(session, KINDS) if item.public]


def public_class(session: Session, code: str) -> HazardClass:
    """Return one class that residents may use; raise NotFound otherwise."""
    found = next((item for item in public_classes(session) if item.code == code), None)
    if found is None:
        raise NotFound()
    return found


def grid_names(session: Session, by: Actor) -> dict[str, list[Any]]:
    """Return (id, name) of the present grids, under the names of their communities."""
    plan = plan_at(session, by.station_id, clock.now())
    if plan is None:
        return {}
    rows = session.execute(
        select(Grid.id, Grid.name, Community.name.label("community"))
        .join(GridShape, GridShape.grid_id == Grid.id)
        .join(Community, Community.id == Grid.community_id)
        .where(GridShape.plan_id == plan.id)
        .order_by(Grid.code)
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.community, []).append(row)
    return found


def sign(session: Session, said: str) -> Place | None:
    """Return the open place whose sign bears a code, None for none."""
    code = tidy(said)
    if not sound(code, PLACE_LENGTH):
        return None
    return session.scalars(select(Place).where(Place.code == code, Place.closed_at.is_(None))).one_or_none()


def said_place(session: Session, sent: dict[str, Any], by: Actor) -> SaidPlace:
    """Return where a report belongs, by the best of what the resident gave; never nothing.

    A good position of the phone, else the sign's place, else the address if the station's register surely
    knows it, else the grid from the list, else a poor position, else the place whose name stands in the
    words, else the middle of the station's ground with five kilometres of doubt, which flags the case: a
    person will read the words.
    """
    address = sent["address"]
    here = _position(session, sent, by)
    if here is not None and (here.accuracy_m or 0) <= GOOD_GPS_M:
        return here
    place = sign(session, sent["place"])
    if place is not None:
        return _at(place.geom, None, "place", address or place.name)
    known = _registered(session, address, by)
    if known is not None:
        return known
    shape = _grid(session, sent["grid"], by)
    if shape is not None:
        return _at(shape, GRID_M, "grid", address)
    if here is not None:
        return here
    named = _named(session, address)
    if named is not None:
        return _at(named.geom, WORDS_M, "address", address)
    return _at(_middle(session, by), STATION_M, "address", address)


def _position(session: Session, sent: dict[str, Any], by: Actor) -> SaidPlace | None:
    """Return the phone's position, None when there is none or it lies outside the station's ground."""
    lon, lat = sent["lon"], sent["lat"]
    if lon is None or lat is None or not _on_ground(session, lon, lat, by):
        return None
    return SaidPlace(lon, lat, "wgs84", sent["accuracy_m"], "gps", sent["address"])


def _registered(session: Session, address: str, by: Actor) -> SaidPlace | None:
    """Return where the register surely puts a typed address, None when it does not or puts it elsewhere."""
    meant = geocoded(session, [address]).get(address)
    if meant is None or not meant.sure:
        return None
    best = meant.candidates[0]
    if not _on_ground(session, best.lon, best.lat, by):
        return None
    return SaidPlace(
        round(best.lon, 7), round(best.lat, 7), "wgs84", best.accuracy_m, "address", address[:200]
    )


def _on_ground(session: Session, lon: float, lat: float, by: Actor) -> bool:
    try:
        area_at(session, by.station_id, lon, lat, clock.now())
    except Refused:
        return False
    return True


def _at(geom: Any, accuracy_m: float | None, method: str, address: str) -> SaidPlace:
    lon, lat = to_shape(geom).coords[0]
    return SaidPlace(round(lon, 7), round(lat, 7), "wgs84", accuracy_m, method, address[:200])


def _grid(session: Session, grid_id: UUID | None, by: Actor) -> Any:
    """Return a point inside a grid of the present plan, None for no such grid."""
    plan = plan_at(session, by.station_id, clock.now()) if grid_id else None
    if plan is None:
        return None
    wanted = (GridShape.plan_id == plan.id) & (GridShape.grid_id == grid_id)
    return session.scalar(select(func.ST_PointOnSurface(GridShape.geom)).where(wanted))


def _named(session: Session, address: str) -> Place | None:
    """Return the open place whose whole name stands in some words, the longest name first."""
    if not address:
        return None
    inside = func.strpos(literal(address), Place.name) > 0
    found = select(Place).where(inside, func.length(Place.name) > 1, Place.closed_at.is_(None))
    return session.scalars(found.order_by(func.length(Place.name).desc(), Place.id).limit(1)).one_or_none()


def _middle(session: Session, by: Actor) -> Any:
    """Return the police room's point, else a point on the station's ground."""
    rooms = select(Place.geom).where(Place.kind == "police_room", Place.closed_at.is_(None))
    room = session.scalar(rooms.order_by(Place.name, Place.id).limit(1))
    if room is not None:
        return room
    ground = select(func.ST_PointOnSurface(Station.ground)).where(Station.id == by.station_id)
    drawn = session.scalar(ground)
    if drawn is not None:
        return drawn
    plan = plan_at(session, by.station_id, clock.now())
    shapes = select(func.ST_PointOnSurface(func.ST_Collect(GridShape.geom)))
    return session.scalar(shapes.where(GridShape.plan_id == (plan.id if plan else None)))


def known_ticket(session: Session, case_id: UUID, code: str) -> bool:
    """Say whether this very form was sent before; waits for another sending of it at this moment."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"resident|{case_id}", 0))))
    found = session.scalar(
        text("SELECT app.known_ticket(:case, :hash)"), {"case": case_id, "hash": digest(code)}
    )
    return found is not None


def tracked(session: Session, code: str) -> Any:
    """Return what the holder of a code may know of the case; raise NotFound for an unknown code."""
    found = session.execute(_TRACKED, {"hash": digest(code)}).one_or_none()
    if found is None:
        raise NotFound("code_unknown")
    return found


def resident_side(session: Session, case_id: UUID) -> dict[str, Any]:
    """Return what a case's reader may see of the resident's side: words, and whether there is a contact."""
    notes = select(ResidentNote).where(ResidentNote.case_id == case_id).order_by(ResidentNote.at)
    held = select(ResidentContact.case_id).where(ResidentContact.case_id == case_id)
    return {"contact": session.scalar(held) is not None, "notes": list(session.scalars(notes))}


def contact(session: Session, case_id: UUID) -> ResidentContact:
    """Return how to reach the resident of a case; raise NotFound when absent or not for the asker."""
    found = session.get(ResidentContact, case_id)
    if found is None:
        raise NotFound()
    return found
