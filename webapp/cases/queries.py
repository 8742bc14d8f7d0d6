"""Reads about cases: one, many, by number, by place; always under the asker's own rights."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, Select, String, and_, cast, func, or_, select, text
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from gis import coords
from webapp.areas.models import Grid, PoliceGrid
from webapp.areas.queries import Candidate, candidate
from webapp.areas.rules import MARGIN_M
from webapp.cases.models import Attachment, Case, HazardClass
from webapp.cases.rules import OPEN_STATES
from webapp.core.db import at_once, within_bbox
from webapp.core.errors import BadRequest, NotFound

PAGE = 50
MOST = 500


@dataclass(frozen=True)
class Filter:
    """What a list of cases is asked for."""

    state: str | None = None
    class_code: str | None = None
    police_grid_id: UUID | None = None
    box: tuple[float, float, float, float] | None = None
    text: str | None = None
    mine: UUID | None = None
    since: datetime | None = None


def hazard_classes(session: Session) -> list[HazardClass]:
    """Return the classes in use, in the order of the buttons."""
    return list(session.scalars(select(HazardClass).where(HazardClass.in_use).order_by(HazardClass.position)))


_NEIGHBOUR = aliased(Grid)
_KNOWN = (
    select(
        Case.id,
        Case.station_id,
        Case.number,
        Case.reported_at,
        Grid.name.label("grid"),
        PoliceGrid.name.label("police_grid"),
        _NEIGHBOUR.name.label("neighbour"),
        select(func.coalesce(func.array_agg(Attachment.sent_sha256), cast([], ARRAY(String))))
        .where(Attachment.case_id == Case.id, Attachment.purpose == "found")
        .scalar_subquery()
        .label("held"),
    )
    .join(Grid, Grid.id == Case.grid_id)
    .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
    .outerjoin(_NEIGHBOUR, _NEIGHBOUR.id == Case.neighbour_grid_id)
)


@dataclass(frozen=True)
class Met:
    """What a report meets: the hash of what it said when it is known, else its class and the grids near."""

    known: bytes | None
    declared: Declared | None
    near: tuple[Candidate, ...]


@dataclass(frozen=True)
class Declared:
    """What a hazard class asks and says."""

    code: str
    version: int
    questions: list[Any]
    restricted: bool
    limit_h: int
    kind: str


_MET = text("""SELECT CAST(app.before_report(
    :ctx, :report, :code, :version, :at, :lon, :lat, :kx, :ky, :radius, :margin) AS text)""")


def met(
    session: Session,
    report: UUID,
    code: str,
    version: int | None,
    at: datetime,
    place: tuple[float, float] | None,
    radius_m: float,
) -> Met:
    """Return what a report meets, in one statement; `place` (lon, lat in WGS 84) is None when it has none."""
    lon, lat = place or (None, None)
    kx, ky = coords.metres_per_degree(lat or 0.0)
    values = {"report": report, "code": code, "version": version, "at": at, "lon": lon, "lat": lat}
    scale = {"kx": kx, "ky": ky, "radius": max(radius_m, 1.0), "margin": MARGIN_M}
    found = orjson.loads(at_once(session, _MET, **values, **scale))
    if "known" in found:
        return Met(bytes.fromhex(found["known"]), None, ())
    declared = Declared(**found["class"]) if found["class"] else None
    return Met(None, declared, tuple(candidate(row) for row in found["near"]))


def known_report(session: Session, case_id: UUID) -> Any:
    """Return what the receipt of a known report says, with the files held."""
    return session.execute(_KNOWN.where(Case.id == case_id)).one()


def case(session: Session, case_id: UUID) -> Case:
    """Return one case; raise NotFound when absent or not for the asker."""
    found: Case | None = session.scalar(_whole().where(Case.id == case_id))
    if found is None:
        raise NotFound()
    return found


def case_by_number(session: Session, number: str) -> Case:
    """Return the case with a number; raise NotFound when absent or not for the asker."""
    found: Case | None = session.scalar(_whole().where(Case.number == number.strip().upper()))
    if found is None:
        raise NotFound()
    return found


def cases(session: Session, wanted: Filter, limit: int = PAGE, cursor: str | None = None) -> list[Case]:
    """Return one page of cases, newest first; the cursor is that of the page before."""
    query = _filtered(_whole(), wanted).order_by(Case.found_at.desc(), Case.id.desc())
    if cursor:
        at, last = _opened(cursor)
        query = query.where(or_(Case.found_at < at, and_(Case.found_at == at, Case.id < last)))
    return list(session.scalars(query.limit(min(limit, MOST))))


def cursor_after(page: list[Case], limit: int) -> str | None:
    """Return the cursor of the next page, None at the end."""
    if len(page) < min(limit, MOST):
        return None
    last = page[-1]
    return base64.urlsafe_b64encode(orjson.dumps([last.found_at.isoformat(), str(last.id)])).decode()


def _opened(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, last = orjson.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), UUID(str(last))
    except (ValueError, TypeError) as error:
        raise BadRequest() from error


def _filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.box:
        query = query.where(within_bbox(Case.geom, wanted.box))
    if wanted.state == "open":
        query = query.where(Case.state.in_(OPEN_STATES))
    elif wanted.state:
        query = query.where(Case.state == wanted.state)
    if wanted.class_code:
        query = query.where(Case.class_code == wanted.class_code)
    if wanted.police_grid_id:
        query = query.where(Case.police_grid_id == wanted.police_grid_id)
    if wanted.mine:
        query = query.where(Case.reporter_id == wanted.mine)
    if wanted.since:
        query = query.where(Case.found_at >= wanted.since)
    if wanted.text:
        query = query.where(Case.number.contains(wanted.text.strip().upper(), autoescape=True))
    return query


def _whole() -> Select[Any]:
    """The select of cases with everything that a reply names, in few statements."""
    return select(Case).options(
        joinedload(Case.grid),
        joinedload(Case.neighbour),
        joinedload(Case.police_grid),
        joinedload(Case.hazard_class),
        selectinload(Case.attachments),
    )


def attachment(session: Session, attachment_id: int) -> Attachment:
    """Return one attachment; raise NotFound when absent or not for the asker."""
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound()
    return found
