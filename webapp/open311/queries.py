"""Reads for civic clients, under the asker's own rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from collectors.open311 import Wanted
from webapp.addresses.queries import geocoded
from webapp.areas.models import Grid, GridShape, Plan
from webapp.calendars.counting import Limit as Limit
from webapp.calendars.queries import rule
from webapp.cases.models import Case, HazardClass
from webapp.cases.queries import looked_at, shareable, with_leads
from webapp.cases.rules import OPEN_STATES, State
from webapp.core.actor import Actor
from webapp.core.errors import Forbidden, NotFound
from webapp.open311.models import Open311Contact
from webapp.places.models import Place
from webapp.residents.queries import resident_side


@dataclass(frozen=True)
class Seen:
    """A case as Open311 tells it: everything below `due_at` only for whom the case itself is for.

    Coordinates WGS 84; rounded to a thousandth of a degree for strangers.
    """

    number: str
    class_code: str
    title: dict[str, str]
    limit_h: int
    state: str
    reported_at: datetime
    accepted_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    lon: float
    lat: float
    description: str | None = None
    address: str | None = None
    agency: str | None = None
    closing_note: str | None = None
    photo: int | None = None


MOST_REQUESTS = 1000
STRANGER = "public"
_OWN = text("SELECT set_config('app.own_reports', :ids, true)")
_PUBLIC = text(
    "SELECT * FROM app.open311_public(:numbers, :codes, :since, :until, :open, :closed, :changed, :most)"
)


def known_of(session: Session, ids: Sequence[UUID], since: datetime | None = None) -> Case | None:
    """Return the newest of these cases that the asker may see (a stranger: by knowing the id), or None."""
    session.execute(_OWN, {"ids": ",".join(map(str, ids))})
    query = select(Case).where(Case.id.in_(ids)).order_by(Case.reported_at.desc())
    found = session.scalars(query if since is None else query.where(Case.reported_at > since)).first()
    return found and with_leads(session, [found])[0]


def request_of(session: Session, said: str, by: Actor) -> Case:
    """Return the case of a number or token; a stranger needs the token. Raises NotFound, Forbidden."""
    token = _uuid(said)
    if by.role != STRANGER:
        wanted = Case.id == token if token else Case.number == said
        found = session.scalars(select(Case).where(wanted)).one_or_none()
    elif token is None:
        raise Forbidden("open311_token")
    else:
        found = known_of(session, [token])
    if found is None:
        raise NotFound()
    return with_leads(session, [looked_at(session, found, "api")])[0]


def requests(session: Session, wanted: Wanted, by: Actor, *, changed: bool = False) -> list[Seen]:
    """Return the cases asked for that the asker may see, newest first, a thousand at most.

    Ids are case numbers, or the tokens that the senders of reports were given. `changed` asks for those whose
    state changed in the span, instead of those that were reported in it.
    """
    if by.role != STRANGER:
        found = with_leads(session, list(session.scalars(_asked(wanted, changed).limit(MOST_REQUESTS))))
        return [whole for case in found if _fits(whole := _whole(case), wanted, changed)]
    tokens = [token for token in map(_uuid, wanted.ids) if token is not None]
    own = known_of(session, tokens) if tokens else None
    values = {
        "numbers": list(wanted.ids) or None,
        "codes": list(wanted.codes) or None,
        "since": wanted.since,
        "until": wanted.until,
        "open": not wanted.statuses or "open" in wanted.statuses,
        "closed": not wanted.statuses or "closed" in wanted.statuses,
        "changed": changed,
        "most": MOST_REQUESTS,
    }
    seen = [Seen(**row._mapping) for row in session.execute(_PUBLIC, values)]
    return ([_coarse(own)] if own else []) + [s for s in seen if own is None or s.number != own.number]


def _asked(wanted: Wanted, changed: bool) -> Any:
    query = select(Case).options(
        joinedload(Case.hazard_class), joinedload(Case.police_grid), selectinload(Case.attachments)
    )
    query = query.order_by(Case.reported_at.desc(), Case.number.desc())
    if wanted.ids:
        tokens = [token for token in map(_uuid, wanted.ids) if token is not None]
        return query.where(or_(Case.number.in_(wanted.ids), Case.id.in_(tokens)))
    moments = (Case.reported_at, Case.accepted_at, Case.closed_at) if changed else (Case.reported_at,)
    # How far a merged case has come its leading one tells: it is sorted out afterwards (_fits).
    merged = (Case.duplicate_of.is_not(None),) if changed else ()
    told = or_(*(at.between(wanted.since, wanted.until) for at in moments), *merged)
    query = query.where(told, shareable())
    if wanted.codes:
        query = query.where(Case.class_code.in_(wanted.codes))
    if set(wanted.statuses) == {"open"}:
        query = query.where(Case.state.in_((*OPEN_STATES, State.DUPLICATE)))
    elif set(wanted.statuses) == {"closed"}:
        query = query.where(Case.state.in_((State.CLOSED, State.DUPLICATE)))
    return query


def _fits(seen: Seen, wanted: Wanted, changed: bool) -> bool:
    """Say whether a case is wanted by its status and by its changes, those of its leading case if merged."""
    if wanted.ids:
        return True
    status = "open" if seen.state in OPEN_STATES else "closed"
    moments = (seen.reported_at, seen.accepted_at, seen.closed_at) if changed else (seen.reported_at,)
    in_time = any(at is not None and wanted.within(at) for at in moments)
    return (not wanted.statuses or status in wanted.statuses) and in_time


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def _whole(case: Case) -> Seen:
    lon, lat = to_shape(case.geom).coords[0]
    return Seen(
        **_life(case),
        lon=lon,
        lat=lat,
        description=case.note,
        address=case.address,
        agency=case.police_grid.name,
        closing_note=(case.lead or case).closing_note,
        photo=next((a.id for a in case.attachments if a.purpose == "found"), None),
    )


def _coarse(case: Case) -> Seen:
    lon, lat = to_shape(case.geom).coords[0]
    return Seen(**_life(case), lon=round(lon, 3), lat=round(lat, 3))


def _life(case: Case) -> dict[str, Any]:
    names = ("number", "class_code", "state", "reported_at", "accepted_at", "closed_at", "due_at")
    said = {name: getattr(case, name) for name in names}
    if case.lead is not None:
        said |= {name: getattr(case.lead, name) for name in ("state", "accepted_at", "closed_at")}
    return {**said, "title": case.hazard_class.title, "limit_h": case.hazard_class.limit_h}


def place_of_address(
    session: Session, by: Actor, address: str, address_id: str
) -> tuple[float, float, float | None] | None:
    """Return longitude, latitude (WGS 84) and radius (metres or None) of an address, None when unknown.

    An address_id is a grid's code or a place's id; an address text is the exact name of one place or grid, or
    an address that the station's registers surely know.
    """
    place = _uuid(address_id)
    points = select(Place.geom).where(Place.station_id == by.station_id)
    points = points.where(Place.id == place if place else Place.name == address)
    found = list(session.scalars(points.limit(2)))
    if not found:
        now = func.now()
        here = (Plan.state == "published") & (Plan.valid_from <= now)
        grids = (
            select(func.ST_PointOnSurface(GridShape.geom))
            .join(Plan, Plan.id == GridShape.plan_id)
            .join(Grid, Grid.id == GridShape.grid_id)
            .where(here & or_(Plan.valid_to.is_(None), Plan.valid_to > now))
            .where(Grid.code == address_id if address_id else Grid.name == address)
        )
        found = list(session.scalars(grids.limit(2)))
    if len(found) == 1:
        lon, lat = to_shape(found[0]).coords[0]
        return lon, lat, None
    meant = geocoded(session, [address]).get(address)
    if found or address_id or meant is None or not meant.sure:
        return None
    return meant.candidates[0].lon, meant.candidates[0].lat, meant.candidates[0].accuracy_m


def open311_contact(session: Session, case_id: UUID) -> Open311Contact:
    """Return how to reach who sent a case; raise NotFound when unknown or not for the asker."""
    found = session.get(Open311Contact, case_id)
    if found is None:
        raise NotFound()
    return found


def sender_side(session: Session, case_id: UUID) -> dict[str, Any]:
    """Return what a case's reader may see of its sender: words sent later, and whether there is a contact."""
    held = select(Open311Contact.case_id).where(Open311Contact.case_id == case_id)
    notes = resident_side(session, case_id)["notes"]
    return {"contact": session.scalar(held) is not None, "notes": notes}


def limit_of(session: Session, offered: HazardClass, at: datetime) -> Limit:
    """Return how long a matter of a class may take that is reported at a moment."""
    return rule(session, offered.code, offered.limit_h, 0, at).close
