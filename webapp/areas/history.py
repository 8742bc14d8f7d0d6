"""What plans changed: which grids differ, what moved, who came out of whom, and who was in force when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import shapely
from geoalchemy2.shape import from_shape
from shapely import Polygon
from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session, aliased

from gis.moves import Piece, pieces
from webapp.areas.models import Grid, GridShape, Lineage, Plan, PlanMove, PoliceGrid, Posting
from webapp.areas.rules import Inherited, heirs


@dataclass(frozen=True)
class Drawn:
    """A grid as one plan draws it (WGS 84), with its police grid, households and area."""

    grid_id: UUID
    police_grid_id: UUID
    households: int
    area_m2: float
    shape: Polygon


# Shapes are compared point by point: drawn from another corner they count as changed, and come out as equal
# when they are laid over each other.
_CHANGED = text("""
    SELECT a.grid_id, a.police_grid_id, a.households, a.area_m2, ST_AsBinary(a.geom) AS shape,
           b.grid_id AS grid_id_b, b.police_grid_id AS police_grid_id_b, b.households AS households_b,
           b.area_m2 AS area_m2_b, ST_AsBinary(b.geom) AS shape_b
    FROM (SELECT * FROM app.grid_shape WHERE plan_id = :before) a
    FULL JOIN (SELECT * FROM app.grid_shape WHERE plan_id = :after) b ON b.grid_id = a.grid_id
    WHERE a.grid_id IS NULL OR b.grid_id IS NULL OR a.police_grid_id <> b.police_grid_id
       OR ST_AsBinary(a.geom) <> ST_AsBinary(b.geom)""")


def changed(session: Session, before: UUID, after: UUID) -> tuple[list[Drawn], list[Drawn]]:
    """Return the grids that two plans draw or bind otherwise: as the first has them, as the second does."""
    rows = session.execute(_CHANGED, {"before": before, "after": after}).all()
    old = [_drawn(row[:5]) for row in rows if row[0] is not None]
    return old, [_drawn(row[5:]) for row in rows if row[5] is not None]


def _drawn(row: Any) -> Drawn:
    return Drawn(row[0], row[1], row[2], row[3], cast(Polygon, shapely.from_wkb(bytes(row[4]))))


@dataclass(frozen=True)
class Change:
    """What a plan changes against the one before it: ground that moves, lineage, and what is no more."""

    moves: list[PlanMove]
    lineage: list[Lineage]
    gone: set[UUID]
    gone_beats: set[UUID]


def change(session: Session, before: Plan, plan: Plan) -> Change:
    """Return what changes hands from one plan to the next. Work is proportional to what differs."""
    old, new = changed(session, before.id, plan.id)
    gone, gone_beats = ended_by(session, before.id, plan.id)
    was, now = {str(d.grid_id): d for d in old}, {str(d.grid_id): d for d in new}
    found = pieces([(k, d.shape) for k, d in was.items()], [(k, d.shape) for k, d in now.items()])
    grounds, rows = [], []
    for piece in found:
        a, b = was.get(piece.before or ""), now.get(piece.after or "")
        if a and b:
            grounds.append(Inherited(a.grid_id, b.grid_id, piece.area_m2, a.area_m2, a.households))
        if not (a and b and (a.grid_id, a.police_grid_id) == (b.grid_id, b.police_grid_id)):
            rows.append(_move(plan, piece, a, b))
    fresh = {d.grid_id for d in new} - {d.grid_id for d in old}
    made = [
        Lineage(
            plan_id=plan.id,
            station_id=plan.station_id,
            predecessor_id=heir.predecessor,
            successor_id=heir.successor,
            kind=heir.kind,
            area_share=heir.area_share,
            households=heir.households,
        )
        for heir in heirs(grounds, gone, fresh)
    ]
    return Change(rows, made, gone, gone_beats)


def _move(plan: Plan, piece: Piece, a: Drawn | None, b: Drawn | None) -> PlanMove:
    return PlanMove(
        plan_id=plan.id,
        station_id=plan.station_id,
        from_grid_id=a.grid_id if a else None,
        to_grid_id=b.grid_id if b else None,
        from_police_grid_id=a.police_grid_id if a else None,
        to_police_grid_id=b.police_grid_id if b else None,
        area_m2=piece.area_m2,
        households=a.households * piece.area_m2 / a.area_m2 if a and a.area_m2 else 0.0,
        geom=from_shape(piece.geometry, 4326),
    )


def ended_by(session: Session, before: UUID, after: UUID) -> tuple[set[UUID], set[UUID]]:
    """Return the grids and the police grids that a plan has and the one after it has no more."""
    return _missing(session, before, after, GridShape.grid_id), _missing(
        session, before, after, GridShape.police_grid_id
    )


def _missing(session: Session, before: UUID, after: UUID, column: Any) -> set[UUID]:
    there = select(column).where(GridShape.plan_id == before)
    return set(session.scalars(there.except_(select(column).where(GridShape.plan_id == after))))


def only_in(session: Session, plan_id: UUID) -> tuple[set[UUID], set[UUID]]:
    """Return the grids and police grids that no other published plan has than this one."""
    others = select(Plan.id).where(Plan.state == "published", Plan.id != plan_id)
    found = []
    for column in (GridShape.grid_id, GridShape.police_grid_id):
        mine = select(column).where(GridShape.plan_id == plan_id)
        found.append(set(session.scalars(mine.except_(select(column).where(GridShape.plan_id.in_(others))))))
    return found[0], found[1]


def in_force(session: Session, station_id: UUID) -> list[Plan]:
    """Return the plans that are, were or will be in force, the newest first."""
    own = (Plan.station_id == station_id) & (Plan.state == "published")
    return list(session.scalars(select(Plan).where(own).order_by(Plan.valid_from.desc())))


def due(session: Session, now: datetime, most: int = 20) -> list[Plan]:
    """Return the published plans whose date has come and which the machine has not begun, oldest first."""
    wanted = (Plan.state == "published") & (Plan.valid_from <= now) & Plan.begun_at.is_(None)
    return list(session.scalars(select(Plan).where(wanted).order_by(Plan.valid_from).limit(most)))


def plan_before(session: Session, plan: Plan) -> Plan | None:
    """Return the published plan that ends where this one begins."""
    ends = (Plan.station_id == plan.station_id) & (Plan.state == "published")
    return session.scalar(select(Plan).where(ends, Plan.valid_to == plan.valid_from))


def follower(session: Session, plan: Plan) -> Plan | None:
    """Return the published plan that begins after this one, the first of them."""
    later = (Plan.station_id == plan.station_id) & (Plan.state == "published")
    later &= Plan.valid_from > plan.valid_from
    return session.scalar(select(Plan).where(later).order_by(Plan.valid_from).limit(1))


_FROM, _TO = aliased(Grid), aliased(Grid)
_FROM_POLICE, _TO_POLICE = aliased(PoliceGrid), aliased(PoliceGrid)


def moves(session: Session, plan_id: UUID) -> list[Row[Any]]:
    """Return what changed hands with a plan, by the names of grids and police grids, without the shapes."""
    rows = (
        select(
            PlanMove.id,
            PlanMove.area_m2,
            PlanMove.households,
            *(
                column.label(name)
                for name, column in (
                    ("from_grid_id", PlanMove.from_grid_id),
                    ("from_grid", _FROM.name),
                    ("from_police_grid", _FROM_POLICE.name),
                    ("to_grid_id", PlanMove.to_grid_id),
                    ("to_grid", _TO.name),
                    ("to_police_grid", _TO_POLICE.name),
                )
            ),
        )
        .outerjoin(_FROM, _FROM.id == PlanMove.from_grid_id)
        .outerjoin(_TO, _TO.id == PlanMove.to_grid_id)
        .outerjoin(_FROM_POLICE, _FROM_POLICE.id == PlanMove.from_police_grid_id)
        .outerjoin(_TO_POLICE, _TO_POLICE.id == PlanMove.to_police_grid_id)
        .where(PlanMove.plan_id == plan_id)
        .order_by(PlanMove.area_m2.desc(), PlanMove.id)
    )
    return list(session.execute(rows))


def lineage(session: Session, plan_id: UUID) -> list[Row[Any]]:
    """Return which grids came out of which with a plan, by code and name."""
    rows = (
        select(
            Lineage.kind,
            Lineage.area_share,
            Lineage.households,
            _FROM.id.label("predecessor_id"),
            _FROM.code.label("predecessor_code"),
            _FROM.name.label("predecessor"),
            _TO.id.label("successor_id"),
            _TO.code.label("successor_code"),
            _TO.name.label("successor"),
        )
        .join(_FROM, _FROM.id == Lineage.predecessor_id)
        .join(_TO, _TO.id == Lineage.successor_id)
        .where(Lineage.plan_id == plan_id)
        .order_by(_FROM.code, _TO.code)
    )
    return list(session.execute(rows))


def postings_on(session: Session, plan_id: UUID, at: datetime) -> list[tuple[Posting, UUID, bool]]:
    """Return (posting, successor, gone) of the postings on grids that a plan ends or divides."""
    gone = (Grid.retired_at <= at).label("gone")
    running = (Posting.since_at <= at) & ((Posting.until_at.is_(None)) | (Posting.until_at > at))
    rows = (
        select(Posting, Lineage.successor_id, gone)
        .join(Lineage, Lineage.predecessor_id == Posting.grid_id)
        .join(Grid, Grid.id == Posting.grid_id)
        .where(Lineage.plan_id == plan_id, running)
        .order_by(Posting.id, Lineage.successor_id)
    )
    return [(row[0], row[1], bool(row[2])) for row in session.execute(rows)]


_BEATS_LEFT = text("""
    SELECT DISTINCT ON (p.id) p.id AS posting_id, m.to_police_grid_id AS successor_id
    FROM app.posting p
    JOIN app.police_grid k ON k.id = p.police_grid_id AND k.retired_at <= :at
    JOIN (SELECT from_police_grid_id, to_police_grid_id, sum(area_m2) AS area FROM app.plan_move
          WHERE plan_id = :plan AND to_police_grid_id IS NOT NULL GROUP BY 1, 2) m
      ON m.from_police_grid_id = p.police_grid_id
    WHERE p.since_at <= :at AND (p.until_at IS NULL OR p.until_at > :at)
    ORDER BY p.id, m.area DESC, m.to_police_grid_id""")


def beats_left(session: Session, plan_id: UUID, at: datetime) -> list[tuple[Posting, UUID]]:
    """Return the postings in police grids that a plan ends, each with who took most of its ground."""
    heirs = {
        row.posting_id: row.successor_id for row in session.execute(_BEATS_LEFT, {"plan": plan_id, "at": at})
    }
    found = session.scalars(select(Posting).where(Posting.id.in_(heirs)))
    return [(posting, heirs[posting.id]) for posting in found]


def posted_already(
    session: Session, posting: Posting, grid: UUID | None, beat: UUID | None, at: datetime
) -> bool:
    """Say whether the person of a posting has the same duty in another grid or police grid at a moment."""
    there = (Posting.person_id == posting.person_id) & (Posting.duty == posting.duty)
    there &= Posting.grid_id == grid if grid else Posting.police_grid_id == beat
    running = (Posting.until_at.is_(None)) | (Posting.until_at > at)
    return bool(session.scalar(select(func.count()).select_from(Posting).where(there, running)))
