"""Reads about repeats: what resembles a case, its group, what is offered, what was merged, the terms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, String, and_, cast, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from gis.coords import metres_per_degree
from webapp.areas.models import Grid, PoliceGrid
from webapp.cases.models import Attachment, Case, HazardClass
from webapp.cases.rules import OPEN_STATES
from webapp.core.db import within_bbox
from webapp.core.errors import NotFound
from webapp.places.models import Place
from webapp.repeats import rules
from webapp.repeats.models import CaseLink, CaseMark, CaseParty, RepeatTerms
from webapp.repeats.rules import Book, Seen, Terms

MOST_NEAR = 2000
MOST_NODES = 5000
MOST_OFFERED = 200


def book(session: Session) -> Book:
    """Return the station's terms of all classes and versions."""
    return Book(_terms(row) for row in session.scalars(select(RepeatTerms)))


def _terms(row: RepeatTerms) -> Terms:
    names = Terms.__dataclass_fields__
    return Terms(**{name: getattr(row, name) for name in names})


def terms_now(session: Session) -> list[RepeatTerms]:
    """Return the newest version of each class's terms, those for all classes first."""
    newest = select(RepeatTerms).distinct(RepeatTerms.class_code)
    return list(session.scalars(newest.order_by(RepeatTerms.class_code, RepeatTerms.version.desc())))


def _marks(kind: str) -> Any:
    mine = (CaseMark.case_id == Case.id) & (CaseMark.kind == kind)
    return (
        select(func.coalesce(func.array_agg(CaseMark.mark), cast([], ARRAY(String))))
        .where(mine)
        .scalar_subquery()
    )


_SEEN = select(
    Case.id,
    Case.class_code,
    Case.kind,
    Case.restricted,
    Case.grid_id,
    func.ST_X(Case.geom).label("lon"),
    func.ST_Y(Case.geom).label("lat"),
    Case.found_at,
    Case.reported_at,
    Case.state.in_(OPEN_STATES).label("open"),
    _marks("place").label("places"),
    _marks("party").label("parties"),
)


def _seen(row: Any) -> Seen:
    said = row._asdict()
    return Seen(**{**said, "places": frozenset(said["places"]), "parties": frozenset(said["parties"])})


@dataclass(frozen=True)
class Look:
    """Some cases that are to be linked, what lies round them, and the terms: read for all of them at once.

    `around` are the cases in the boxes of their places, None when those were too many to be read at once.
    """

    terms: Book
    cases: dict[UUID, Seen]
    places: dict[UUID, UUID]
    around: list[Seen] | None
    links: list[tuple[UUID, UUID]]


def look(session: Session, case_ids: Sequence[UUID]) -> Look:
    """Look at some cases that are to be linked, as the asker may see them."""
    terms = book(session)
    asked = session.execute(_SEEN.where(Case.id.in_(case_ids), Case.kind.not_in(rules.WALLED_KINDS)))
    cases = {row.id: _seen(row) for row in asked}
    free = [it for it in cases.values() if not it.places]
    found = {it.id: place_at(session, it, _place_m(it, terms)) for it in free} if _any_place(session) else {}
    places = {case_id: place for case_id, place in found.items() if place is not None}
    around = _around(session, list(cases.values()), terms)
    links = links_among(session, [other.id for other in around or ()])
    return Look(terms, cases, places, around, links)


def _place_m(it: Seen, terms: Book) -> float:
    return terms.at(it.class_code, it.reported_at).place_m


def _any_place(session: Session) -> bool:
    return session.scalar(select(Place.id).where(Place.closed_at.is_(None)).limit(1)) is not None


def _around(session: Session, cases: Sequence[Seen], terms: Book) -> list[Seen] | None:
    if not cases:
        return []
    boxes = [within_bbox(Case.geom, box(it, _reach(it, terms))) for it in cases]
    near = (and_(inside, *_apart(it, terms)) for inside, it in zip(boxes, cases, strict=True))
    rows = session.execute(_SEEN.where(or_(*near)).limit(MOST_NEAR + 1)).all()
    return None if len(rows) > MOST_NEAR else [_seen(row) for row in rows]


def resembling(session: Session, it: Seen, look: Look) -> list[Seen]:
    """Return the cases that may be the same as one: those in the box of its place, those with a mark of it.

    The nearest in time, two thousand at most of each.
    """
    rest = _others(it, look.terms)
    if look.around is None:
        inside = session.execute(rest.where(within_bbox(Case.geom, box(it, _reach(it, look.terms)))))
        found = {row.id: _seen(row) for row in inside}
    else:
        found = {other.id: _now_at(other, look) for other in look.around if other.id != it.id}
    for kind, marks in (("place", it.places), ("party", it.parties)):
        if marks:
            shared = (CaseMark.kind == kind) & CaseMark.mark.in_(marks)
            marked = select(CaseMark.case_id).where(shared, CaseMark.case_id != it.id)
            found |= {row.id: _seen(row) for row in session.execute(rest.where(Case.id.in_(marked)))}
    return list(found.values())


def _now_at(other: Seen, look: Look) -> Seen:
    """Return a case with the registered place that it gets by this very look."""
    place = look.places.get(other.id)
    return other if place is None else replace(other, places=frozenset({str(place)}))


def _reach(it: Seen, terms: Book) -> float:
    return max(terms.widest(name, it.reported_at) for name in ("distance_m", "near_m"))


def _apart(it: Seen, terms: Book) -> tuple[Any, ...]:
    span = timedelta(
        hours=max(terms.widest("days", it.reported_at) * 24, terms.widest("near_h", it.reported_at))
    )
    # The terms of a later moment may be wider: no later report than ours is judged here by its own terms.
    return (
        Case.restricted.is_(it.restricted),
        Case.kind.not_in(rules.WALLED_KINDS),
        Case.found_at.between(it.found_at - span, it.found_at + span),
    )


def _others(it: Seen, terms: Book) -> Select[Any]:
    return (
        _SEEN.where(Case.id != it.id, *_apart(it, terms))
        .order_by(func.abs(func.extract("epoch", Case.found_at - it.found_at)), Case.id)
        .limit(MOST_NEAR)
    )


def box(it: Seen, radius_m: float) -> tuple[float, float, float, float]:
    """Return west, south, east, north (WGS 84) of the box round a case's circle."""
    kx, ky = metres_per_degree(it.lat)
    return (
        it.lon - radius_m / kx,
        it.lat - radius_m / ky,
        it.lon + radius_m / kx,
        it.lat + radius_m / ky,
    )


def place_at(session: Session, it: Seen, radius_m: float) -> UUID | None:
    """Return the open registered place that a case lies at: the nearest within the radius, None for none."""
    kx, ky = metres_per_degree(it.lat)
    east = (func.ST_X(Place.geom) - it.lon) * kx
    north = (func.ST_Y(Place.geom) - it.lat) * ky
    metres = func.sqrt(east * east + north * north)
    near = select(Place.id).where(
        within_bbox(Place.geom, box(it, radius_m)), Place.closed_at.is_(None), metres <= radius_m
    )
    return session.scalar(near.order_by(metres, Place.id).limit(1))


def links_among(session: Session, ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Return the repeat links between some cases."""
    wanted = list(ids)
    if not wanted:
        return []
    query = select(CaseLink.case_id, CaseLink.other_id).where(
        CaseLink.kind == "repeat", CaseLink.case_id.in_(wanted), CaseLink.other_id.in_(wanted)
    )
    return [(row.case_id, row.other_id) for row in session.execute(query)]


def links_between(session: Session, it: Seen, ids: Collection[UUID], look: Look) -> list[tuple[UUID, UUID]]:
    """Return the repeat links between the cases that one repeats: from the look where it saw them all."""
    if look.around is None or it.places or it.parties:
        return links_among(session, ids)
    return [(a, b) for a, b in look.links if a in ids and b in ids]


# Both directions by their own index; the policy of the links decides at each step what the asker may follow.
_REACHED = text("""
WITH RECURSIVE reached (id) AS (
    SELECT unnest(CAST(:starts AS uuid[]))
    UNION
    SELECT n.id FROM reached r CROSS JOIN LATERAL (
        SELECT l.other_id AS id FROM app.case_link l WHERE l.case_id = r.id AND l.kind = 'repeat'
        UNION ALL
        SELECT l.case_id FROM app.case_link l WHERE l.other_id = r.id AND l.kind = 'repeat') n)
SELECT id FROM reached LIMIT :most""")


def reached(session: Session, starts: Iterable[UUID]) -> list[UUID]:
    """Return some cases and all that are linked with them as repeats, directly or over others."""
    ids = [str(start) for start in starts]
    return list(session.scalars(_REACHED, {"starts": ids, "most": MOST_NODES})) if ids else []


@dataclass(frozen=True)
class Member:
    """A case in a group, as a list on a page shows it."""

    id: UUID
    number: str
    class_code: str
    class_title: dict[str, str]
    state: str
    found_at: datetime
    grid: str
    police_grid: str
    address: str
    priority: int
    restricted: bool
    revision: int
    thumbnail: int | None


_THUMBNAIL = (
    select(func.min(Attachment.id))
    .where(Attachment.case_id == Case.id, Attachment.purpose == "found", ~Attachment.damaged)
    .scalar_subquery()
)
_MEMBER = (
    select(
        Case.id,
        Case.number,
        Case.class_code,
        HazardClass.title.label("class_title"),
        Case.state,
        Case.found_at,
        Grid.name.label("grid"),
        PoliceGrid.name.label("police_grid"),
        Case.address,
        Case.priority,
        Case.restricted,
        Case.revision,
        _THUMBNAIL.label("thumbnail"),
    )
    .join(Grid, Grid.id == Case.grid_id)
    .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
    .join(HazardClass, (HazardClass.code == Case.class_code) & (HazardClass.version == Case.class_version))
)


def members(session: Session, ids: Collection[UUID]) -> list[Member]:
    """Return some cases that the asker may see, the newest first."""
    rows = session.execute(_MEMBER.where(Case.id.in_(list(ids))).order_by(Case.found_at.desc(), Case.id))
    return [Member(**row._asdict()) for row in rows]


def group(session: Session, case_id: UUID) -> list[Member]:
    """Return the cases that repeat one, without itself, the newest first."""
    return members(session, [item for item in reached(session, [case_id]) if item != case_id])


def merged_into(session: Session, lead_id: UUID) -> list[Member]:
    """Return the cases that were merged into a leading one, the newest first."""
    query = _MEMBER.where(Case.duplicate_of == lead_id).order_by(Case.found_at.desc(), Case.id)
    return [Member(**row._asdict()) for row in session.execute(query)]


def newest_open(session: Session, ids: Collection[UUID]) -> Case | None:
    """Return the open case of some that was found last; None when all are over."""
    wanted = select(Case).where(Case.id.in_(list(ids)), Case.state.in_(OPEN_STATES))
    return session.scalars(wanted.order_by(Case.found_at.desc(), Case.id.desc()).limit(1)).one_or_none()


@dataclass(frozen=True)
class Offer:
    """Two open cases that may be the same thing: how far apart, and both as lists show them, older first."""

    id: UUID
    metres: float
    hours: float
    cases: tuple[Member, Member]


def offers(session: Session, case_id: UUID | None = None, most: int = MOST_OFFERED) -> list[Offer]:
    """Return the unanswered offers whose cases are both open still, newest first; of one case or of all."""
    a, b = aliased(Case), aliased(Case)
    query = (
        select(CaseLink)
        .join(a, a.id == CaseLink.case_id)
        .join(b, b.id == CaseLink.other_id)
        .where(CaseLink.kind == "near", CaseLink.answer.is_(None))
        .where(a.state.in_(OPEN_STATES), b.state.in_(OPEN_STATES))
        .order_by(CaseLink.made_at.desc(), CaseLink.id)
        .limit(most)
    )
    if case_id is not None:
        query = query.where(or_(CaseLink.case_id == case_id, CaseLink.other_id == case_id))
    rows = list(session.scalars(query))
    known = {m.id: m for m in members(session, {i for row in rows for i in (row.case_id, row.other_id)})}
    return [_offer(row, known[row.case_id], known[row.other_id]) for row in rows]


def _offer(row: CaseLink, a: Member, b: Member) -> Offer:
    older, newer = sorted((a, b), key=lambda m: (m.found_at, m.id))
    return Offer(row.id, row.distance_m or 0.0, row.hours or 0.0, (older, newer))


def offer(session: Session, a: UUID, b: UUID) -> CaseLink:
    """Return the offer about two cases; raise NotFound when there is none for the asker."""
    low, high = sorted((a, b))
    found = session.get(CaseLink, rules.link_id("near", low, high))
    if found is None:
        raise NotFound()
    return found


def side(session: Session, number: str, starts: Collection[str]) -> rules.Side:
    """Return a case as merging sees it, `starts` being the states that the step starts from."""
    said = number.strip().upper()
    names = (Case.id, Case.number, Case.kind, Case.restricted, Case.state, Case.duplicate_of)
    row = session.execute(select(*names).where(Case.number == said)).one_or_none()
    if row is None:
        raise NotFound()
    return rules.Side(
        row.id, row.number, row.kind, row.restricted, row.state in OPEN_STATES, row.state in starts,
        row.duplicate_of,
    )  # fmt: skip


def number_of(session: Session, case_id: UUID) -> str:
    """Return a case's number; raise NotFound when absent or not for the asker."""
    found: str | None = session.scalar(select(Case.number).where(Case.id == case_id))
    if found is None:
        raise NotFound()
    return found


def belonging(session: Session, case: Case, may_merge: bool) -> dict[str, Any]:
    """Return what belongs to a case, as far as the asker may see the others."""
    return {
        "number": case.number,
        "may_merge": may_merge,
        "group": group(session, case.id),
        "offers": offers(session, case.id),
        "merged": merged_into(session, case.id),
        "lead": case.lead,
    }


def parties(session: Session, case_id: UUID) -> list[CaseParty]:
    """Return who belongs to a case, as far as the asker may know; who called comes first."""
    order = (CaseParty.part != "caller", CaseParty.at, CaseParty.id)
    return list(session.scalars(select(CaseParty).where(CaseParty.case_id == case_id).order_by(*order)))


def party(session: Session, case_id: UUID, party_id: UUID) -> CaseParty:
    """Return one party of a case; raise NotFound."""
    found = session.get(CaseParty, party_id, populate_existing=True)
    if found is None or found.case_id != case_id:
        raise NotFound()
    return found


def has_mark(session: Session, case_id: UUID, mark: str) -> bool:
    """Say whether a party of a case has a mark."""
    wanted = (CaseParty.case_id == case_id) & (CaseParty.mark == mark)
    return session.scalar(select(CaseParty.id).where(wanted).limit(1)) is not None
