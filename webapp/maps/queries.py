"""Reads for windows: features as GeoJSON made in the database, extents, search, live news."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import JSON, Select, Text, func, or_, select, text
from sqlalchemy.orm import Session

from webapp.areas.models import Grid, GridShape, Plan, PoliceGrid, PoliceGridShape
from webapp.calls import queries as calls
from webapp.cases.models import Case
from webapp.cases.queries import shareable
from webapp.core.actor import Actor
from webapp.core.events import Event, newest
from webapp.maps import layers
from webapp.places.models import Place

REPLAY_LIMIT = 500
# A transaction may not live longer (its statements and pauses are limited): what has a smaller id than
# the last one seen may still appear within this time, and is told again to be safe.
LATE = timedelta(seconds=60)


def features(session: Session, query: Select[Any], limit: int) -> bytes:
    """Return rows of (id, geom, properties) as a GeoJSON FeatureCollection (RFC 7946), built in the database.

    Takes at most `limit`; `numberReturned` equals it when there may be more.
    """
    rows = query.limit(limit).subquery()
    found = session.execute(
        select(func.json_agg(_feature(rows)).cast(Text), func.count()).select_from(rows)
    ).one()
    head = b'{"type":"FeatureCollection","numberReturned":%d,"features":' % found[1]
    return head + (found[0] or "[]").encode() + b"}"


def extent(
    session: Session, by: Actor, police_grids: list[UUID] | None = None
) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north of the station's present ground, or of some police grids of it."""
    row = session.execute(
        text("""SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (
            SELECT ST_Extent(s.geom) AS e FROM app.police_grid_shape s JOIN app.plan p ON p.id = s.plan_id
            WHERE p.station_id = :station AND p.state = 'published' AND p.valid_from <= now()
              AND (p.valid_to IS NULL OR p.valid_to > now())
              AND (:everything OR s.police_grid_id = ANY(CAST(:wanted AS uuid[])))) x"""),
        {
            "station": by.station_id,
            "everything": not police_grids,
            "wanted": [str(wanted) for wanted in police_grids or ()],
        },
    ).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def search(session: Session, words: str, limit: int = 12) -> list[dict[str, Any]]:
    """Find cases by number, grids and police grids by name or code, places by name."""
    words = words.strip()
    if not words:
        return []
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    found: list[dict[str, Any]] = []
    for kind, query in _searches(pattern):
        rows = query.limit(limit).subquery()
        at = func.ST_PointOnSurface(rows.c.geom)
        hits = session.execute(
            select(rows.c.id, rows.c.title, func.ST_X(at).label("lon"), func.ST_Y(at).label("lat"))
        )
        found += [{"kind": kind, **row._mapping} for row in hits]
    return found[:limit]


def _searches(pattern: str) -> list[tuple[str, Select[Any]]]:
    """Return what is searched for a LIKE pattern, the most wanted first, each as (id, title, geom)."""
    now = func.now()
    present = (Plan.state == "published") & (Plan.valid_from <= now)
    present &= or_(Plan.valid_to.is_(None), Plan.valid_to > now)
    cases = select(Case.id, Case.number.label("title"), Case.geom).where(
        Case.number.like(pattern.upper()), shareable()
    )
    grids = select(Grid.id, Grid.name.label("title"), GridShape.geom).join(
        GridShape, GridShape.grid_id == Grid.id
    )
    beats = select(PoliceGrid.id, PoliceGrid.name.label("title"), PoliceGridShape.geom).join(
        PoliceGridShape, PoliceGridShape.police_grid_id == PoliceGrid.id
    )
    places = select(Place.id, Place.name.label("title"), Place.geom).where(
        Place.name.ilike(pattern), Place.closed_at.is_(None)
    )
    named = or_(Grid.name.ilike(pattern), Grid.code.like(pattern))
    called = or_(PoliceGrid.name.ilike(pattern), PoliceGrid.code.like(pattern.upper()))
    return [
        ("case", cases.order_by(Case.found_at.desc())),
        ("police_grid", beats.join(Plan, Plan.id == PoliceGridShape.plan_id).where(present, called)),
        ("grid", grids.join(Plan, Plan.id == GridShape.plan_id).where(present, named).order_by(Grid.code)),
        ("place", places),
    ]


def news(session: Session, ids: list[int]) -> list[dict[str, Any]]:
    """Return what the reader may know of the events `ids`, oldest first."""
    rows = session.scalars(select(Event).where(Event.id.in_(ids)).order_by(Event.id))
    return [told(session, event) for event in rows]


def news_after(session: Session, last: int) -> list[dict[str, Any]]:
    """Return the reader's events after the last one seen, with those that may have committed late."""
    if last <= 0:
        return []
    seen_at = select(Event.at).where(Event.id == last).scalar_subquery()
    late = (Event.id < last) & (Event.at > seen_at - LATE)
    query = select(Event).where(or_(Event.id > last, late)).order_by(Event.id).limit(REPLAY_LIMIT)
    return [told(session, event) for event in session.scalars(query)]


def latest(session: Session) -> int:
    """Return the newest event id that the reader may know, 0 for none."""
    return newest(session)


def told(session: Session, event: Event) -> dict[str, Any]:
    """Return an event as windows are told it: with the case's feature when the reader may see the case."""
    feature = None
    if event.subject_kind == "case":
        row = session.execute(_one_feature(event.subject_id)).scalar()
        feature = orjson.loads(row) if row else None
    call = calls.news(session, event.subject_id) if event.subject_kind == "call" else None
    return {
        "id": event.id,
        "name": event.name,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
        "at": event.at,
        "feature": feature,
        "call": call,
    }


def _one_feature(case_id: UUID) -> Select[Any]:
    rows = layers.case_feature(case_id).subquery()
    return select(_feature(rows).cast(Text)).select_from(rows)


def _feature(rows: Any) -> Any:
    """Return the expression of one GeoJSON feature; seven decimals are a centimetre."""
    geometry = func.ST_AsGeoJSON(rows.c.geom, 7).cast(JSON)
    return func.json_build_object(
        "type", "Feature", "id", rows.c.id, "geometry", geometry, "properties", rows.c.properties
    )
