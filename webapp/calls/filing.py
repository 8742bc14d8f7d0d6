"""What becomes of a call on its way in: its place, its kind and limits, and whom it reaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy.orm import Session

from collectors.records import Place
from webapp.areas.queries import Area
from webapp.calls import queries, rules
from webapp.cases.filing import Spot
from webapp.cases.models import Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Problem
from webapp.people.queries import station


@dataclass(frozen=True)
class Wish:
    """A call as its caller sent it; without a place it is at its case's."""

    id: UUID
    kind: str
    words: str
    place: Place | None
    case_id: UUID | None
    aim: str
    aim_id: UUID | None
    wanted: int

    @property
    def content(self) -> bytes:
        """The hash of what it says: the same id with other content is another call."""
        return sha256(orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)).digest()


def kind_problems(session: Session, code: str, role: str) -> list[Problem]:
    """Return what is wrong with the kind of a call: none of the station, or not for this role."""
    mine = {item.code for item in queries.kinds(session) if item.in_use and role in item.roles}
    return [] if code in mine else [Problem("/kind", "not_allowed", {"allowed": ", ".join(sorted(mine))})]


def spot(wish: Wish, about: Case | None) -> Spot:
    """Return where a call is for: the place it names, else that of its case."""
    if wish.place is not None:
        return Spot.of(wish.place)
    if about is None:
        return Spot(None, 0.0, (Problem("/place", "field_required"),))
    return Spot(queries.lon_lat(about.geom), about.accuracy_m or 0.0, ())


def raw(wish: Wish, about: Case | None) -> dict[str, Any]:
    """Return the columns that hold the place as it was sent: by the caller, or with the case."""
    if wish.place is not None:
        sent = wish.place
        said = {"raw_x": sent.lon, "raw_y": sent.lat, "raw_crs": sent.crs}
        return {**said, "accuracy_m": sent.accuracy_m, "method": sent.method}
    names = ("raw_x", "raw_y", "raw_crs", "accuracy_m", "method")
    return {name: getattr(about, name) for name in names}


def grids(area: Area) -> list[UUID]:
    """Return the grids whose people answer: that of the place, and the one that the error circle reaches."""
    return [area.grid_id] + ([area.neighbour_grid_id] if area.neighbour_grid_id else [])


def row(
    session: Session, wish: Wish, way: str, at: tuple[float, float], area: Area, by: Actor
) -> dict[str, Any]:
    """Return the columns of a new call, its clocks by the limit of its kind, else by the station's."""
    now = clock.now()
    said = rules.limits(station(session, by).settings, now)
    own = queries.limit_on(session, wish.kind, now.astimezone(clock.SHOWN).date()) or said
    return {
        "id": wish.id,
        "station_id": by.station_id,
        "content_hash": wish.content,
        "direction": way,
        "kind": wish.kind,
        "words": wish.words,
        "geom": from_shape(Point(*at), 4326),
        "grid_id": area.grid_id,
        "police_grid_id": area.police_grid_id,
        "case_id": wish.case_id,
        "caller_id": by.person_id,
        "aim": wish.aim,
        "aim_id": wish.aim_id,
        "radius_m": rules.RADIUS_M if wish.aim == "around" else None,
        "wanted": wish.wanted,
        "level": 0,
        "acknowledge_s": own.acknowledge_s,
        "response_s": own.response_s,
        "called_at": now,
        "close_at": now + timedelta(hours=said.close_h),
    }


def reached(
    session: Session, made: Mapping[str, Any], at: tuple[float, float], grids: list[UUID]
) -> dict[UUID, str]:
    """Return whom a call reaches at its step of the chain, and why, without its caller."""
    level, aim = made["level"], made["aim"]
    if level >= rules.DESK_LEVEL:
        top = level >= rules.TOP_LEVEL
        found = dict.fromkeys(queries.chiefs(session) if top else queries.desk(session), "desk")
    elif level == 1:
        grid_side = made["direction"] == rules.TO_GRID
        roles = ("officer", "grid_worker", "volunteer") if grid_side else ("officer",)
        found = {person: "chain" for person, _ in queries.posted(session, grids, roles, whole=grid_side)}
    elif aim == "around":
        found = queries.near(session, *at, rules.RADIUS_M)
    elif aim == "team":
        found = dict.fromkeys(queries.team_members(session, made["aim_id"]), "team")
    elif aim == "person":
        found = {made["aim_id"]: "person"}
    else:
        own = ("officer",) if made["direction"] == rules.TO_POLICE else ("grid_worker", "volunteer")
        found = dict.fromkeys(rules.first_called(queries.posted(session, grids, own)), "posted")
    found.pop(made["caller_id"], None)
    return found
