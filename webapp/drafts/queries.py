"""Reads about drafts: the rows, who did what, comments, and what lies in ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import shapely
from shapely import MultiPolygon, Polygon
from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from webapp.areas.models import Community, Plan
from webapp.areas.queries import police_grid_rows
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, NotFound
from webapp.drafts.ledger import Counts
from webapp.drafts.models import Draft, DraftComment, DraftPart, DraftStart, PlanOperation
from webapp.drafts.sketch import Body
from webapp.people.models import Person

YEAR = timedelta(days=365)


def draft(session: Session, draft_id: UUID) -> Draft:
    """Return one draft; raise NotFound when absent, dropped, or of another station."""
    found = session.get(Draft, draft_id)
    if found is None or found.dropped_at is not None:
        raise NotFound()
    return found


def locked_draft(session: Session, draft_id: UUID) -> Draft:
    """Return a draft for drawing on it: two planners draw one after the other."""
    rows = select(Draft).where(Draft.id == draft_id, Draft.dropped_at.is_(None)).with_for_update()
    found = session.scalars(rows, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        raise NotFound()
    return found


def shared(session: Session, share: UUID) -> Draft:
    """Return the draft that a link for members of the station leads to."""
    found = session.scalar(select(Draft).where(Draft.share == share, Draft.dropped_at.is_(None)))
    if found is None:
        raise NotFound()
    return found


def drafts(session: Session) -> list[Row[Any]]:
    """Return the drafts with their base plan, what became of them and who made them, newest change first."""
    base, made = select(Plan).subquery(), select(Plan).subquery()
    rows = (
        select(
            Draft.id, Draft.name, Draft.head, Draft.changed_at, Draft.created_at, Draft.source,
            base.c.id.label("base_id"), base.c.number.label("base_number"), made.c.state.label("plan_state"),
            Draft.made_by, Person.name.label("made_by_name"),
        )
        .outerjoin(base, base.c.id == Draft.base_plan_id)
        .outerjoin(made, made.c.id == Draft.plan_id)
        .outerjoin(Person, Person.id == Draft.made_by)
        .where(Draft.dropped_at.is_(None))
        .order_by(Draft.changed_at.desc())
    )  # fmt: skip
    return list(session.execute(rows))


def start(session: Session, start_id: UUID) -> bytes:
    """Return the packed body of a start."""
    return session.scalars(select(DraftStart.body).where(DraftStart.id == start_id)).one()


def start_of_plan(session: Session, plan_id: UUID) -> UUID | None:
    """Return the start that was made of a plan, None before the first draft upon it."""
    return session.scalar(select(DraftStart.id).where(DraftStart.plan_id == plan_id))


def parts_after(session: Session, draft_id: UUID, head: int) -> list[Row[Any]]:
    """Return (kind, id, body, rev, meant) of the parts of a draft that were touched after an operation."""
    rows = select(DraftPart.kind, DraftPart.id, DraftPart.body, DraftPart.rev, DraftPart.meant)
    rows = rows.where(DraftPart.draft_id == draft_id, DraftPart.rev > head)
    return list(session.execute(rows.order_by(DraftPart.rev)))


def operations(session: Session, draft_id: UUID, after: int) -> list[Row[Any]]:
    """Return (seq, id, kind, by_id, name, at) of the operations after a number, in their order."""
    op = PlanOperation
    rows = (
        select(op.seq, op.id, op.kind, op.by_id, Person.name, op.at)
        .outerjoin(Person, Person.id == op.by_id)
        .where(op.draft_id == draft_id, op.seq > after)
        .order_by(op.seq)
    )
    return list(session.execute(rows))


def operation(session: Session, draft_id: UUID, seq: int) -> PlanOperation:
    """Return one operation."""
    return session.get_one(PlanOperation, (draft_id, seq))


def known(session: Session, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return (id, draft_id, seq) of the operations among `ids` that were done already."""
    op = PlanOperation
    rows = session.execute(select(op.id, op.draft_id, op.seq).where(op.id.in_(list(ids))))
    return {row.id: row for row in rows}


def last_of(session: Session, draft_id: UUID, by: Actor) -> PlanOperation | None:
    """Return the newest operation of a planner on a draft: it knows what undo and redo come next."""
    op = PlanOperation
    own = select(op).where(op.draft_id == draft_id, op.by_id == by.person_id)
    return session.scalar(own.order_by(op.seq.desc()).limit(1))


def makers(session: Session, draft_id: UUID, seqs: Iterable[int]) -> dict[int, Any]:
    """Return (seq, by_id, name, at) of some operations by number."""
    op = PlanOperation
    rows = (
        select(op.seq, op.by_id, Person.name, op.at)
        .outerjoin(Person, Person.id == op.by_id)
        .where(op.draft_id == draft_id, op.seq.in_(list(seqs)))
    )
    return {row.seq: row for row in session.execute(rows)}


def comments(session: Session, draft_id: UUID) -> list[tuple[DraftComment, str | None]]:
    """Return the comments on a draft with their authors' names, oldest first."""
    rows = (
        select(DraftComment, Person.name)
        .outerjoin(Person, Person.id == DraftComment.by_id)
        .where(DraftComment.draft_id == draft_id)
        .order_by(DraftComment.at, DraftComment.id)
    )
    return [(row[0], row[1]) for row in session.execute(rows)]


_COUNTS = text("SELECT * FROM app.ground_counts(CAST(:shapes AS bytea[]), :since, :walks)")


def counts(session: Session, shapes: Sequence[Polygon | MultiPolygon]) -> list[Counts]:
    """Return what lies in some shapes (WGS 84) now; figures only, whatever the asker may see."""
    rows = session.execute(_COUNTS, _asked(shapes, walks=False)) if len(shapes) else ()
    return [Counts(row.open_cases, row.cases_year, row.places) for row in rows]


def patrols(session: Session, shapes: Sequence[Polygon | MultiPolygon]) -> list[int]:
    """Return how many walks of the last year went through some shapes."""
    rows = session.execute(_COUNTS, _asked(shapes, walks=True)) if len(shapes) else ()
    return [row.patrols for row in rows]


def _asked(shapes: Sequence[Polygon | MultiPolygon], *, walks: bool) -> dict[str, Any]:
    return {"shapes": [shape.wkb for shape in shapes], "since": clock.now() - YEAR, "walks": walks}


_STAFF = text("""
    SELECT p.person_id, p.grid_id, p.police_grid_id FROM app.posting p
    WHERE p.station_id = :station AND p.since_at <= now() AND (p.until_at IS NULL OR p.until_at > now())""")


def staff(session: Session, station_id: UUID) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Return the persons posted now, by police grid and by grid."""
    beats: dict[str, set[str]] = {}
    grids: dict[str, set[str]] = {}
    for row in session.execute(_STAFF, {"station": station_id}):
        place, key = (grids, row.grid_id) if row.grid_id else (beats, row.police_grid_id)
        place.setdefault(str(key), set()).add(str(row.person_id))
    return _frozen(beats), _frozen(grids)


def _frozen(found: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {key: frozenset(persons) for key, persons in found.items()}


_PLAN_PARTS = text("""
    SELECT s.grid_id, s.police_grid_id, ST_AsBinary(s.geom) AS shape, s.households, s.population,
           g.code, g.name, g.kind, g.community_id, c.name AS community
    FROM app.grid_shape s JOIN app.grid g ON g.id = s.grid_id JOIN app.community c ON c.id = g.community_id
    WHERE s.plan_id = :plan ORDER BY g.code""")


def plan_grids(session: Session, plan_id: UUID) -> tuple[dict[str, Body], list[tuple[str, Polygon]]]:
    """Return the grids of a plan as drafts begin with them, and their shapes (WGS 84), by id."""
    rows = session.execute(_PLAN_PARTS, {"plan": plan_id}).all()
    grids = {
        str(r.grid_id): {
            "code": r.code,
            "name": r.name,
            "kind": r.kind,
            "community_id": str(r.community_id),
            "community": r.community,
            "households": float(r.households),
            "population": float(r.population),
            "police_grid": str(r.police_grid_id),
        }
        for r in rows
    }
    return grids, [(str(r.grid_id), cast(Polygon, shapely.from_wkb(bytes(r.shape)))) for r in rows]


def plan_beats(session: Session, plan_id: UUID) -> dict[str, Body]:
    """Return the police grids of a plan as drafts begin with them, by id."""
    rows = session.execute(police_grid_rows(plan_id))
    return {str(row.id): {"code": row.code, "name": row.name} for row in rows}


def plan_of(session: Session, draft: Draft) -> Plan:
    """Return the plan that was made of a draft; raise Conflict 'not_submitted' where there is none."""
    plan = session.get(Plan, draft.plan_id) if draft.plan_id else None
    if plan is None:
        raise Conflict("not_submitted")
    return plan


def codes(session: Session, station_id: UUID) -> dict[str, set[str]]:
    """Return all codes that were ever given to grids, by the community's code (12 digits)."""
    found: dict[str, set[str]] = {}
    for row in session.execute(_CODES, {"station": station_id}):
        found.setdefault(row.community, set()).update([row.code] if row.code else [])
    return found


_CODES = text("""SELECT c.code AS community, g.code FROM app.community c
    LEFT JOIN app.grid g ON g.station_id = c.station_id AND left(g.code, 12) = c.code
    WHERE c.station_id = :station""")


def communities(session: Session, station_id: UUID) -> dict[str, str]:
    """Return the codes (12 digits) of the station's communities by id."""
    rows = session.execute(select(Community.id, Community.code).where(Community.station_id == station_id))
    return {str(row.id): row.code for row in rows}
