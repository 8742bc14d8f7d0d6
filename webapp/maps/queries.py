"""Reads for windows: features as GeoJSON made in the database, extents, search, live news."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import JSON, Select, Text, func, or_, select, text
from sqlalchemy.orm import Session

from webapp.areas.models import Grid
from webapp.cases.models import Case
from webapp.core.actor import Actor
from webapp.core.events import Event
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
    number = select(Case.id, Case.number.label("title"), Case.geom).where(Case.number.like(pattern.upper()))
    grids = (
        text("""SELECT g.id, g.name AS title, ST_PointOnSurface(s.geom) AS geom FROM app.grid g
            JOIN app.grid_shape s ON s.grid_id = g.id JOIN app.plan p ON p.id = s.plan_id
            WHERE p.state = 'published' AND p.valid_from <= now()
              AND (p.valid_to IS NULL OR p.valid_to > now())
              AND (g.name ILIKE :p OR g.code LIKE :p) ORDER BY g.code LIMIT :n""")
        .bindparams(p=pattern, n=limit)
        .columns(Grid.id, Grid.name.label("title"), Case.geom)
    )
    places = select(Place.id, Place.name.label("title"), Place.geom).where(Place.name.ilike(pattern))
    found: list[dict[str, Any]] = []
    for kind, query in (
        ("case", number.order_by(Case.found_at.desc()).limit(limit)),
        ("grid", grids),
        ("place", places.limit(limit)),
    ):
        rows = query.subquery()
        found += [
            {"kind": kind, "id": row.id, "title": row.title, "lon": row.lon, "lat": row.lat}
            for row in session.execute(
                select(
                    rows.c.id,
                    rows.c.title,
                    func.ST_X(rows.c.geom).label("lon"),
                    func.ST_Y(rows.c.geom).label("lat"),
                )
            )
        ]
    return found[:limit]


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
    return session.scalar(select(func.max(Event.id))) or 0


def told(session: Session, event: Event) -> dict[str, Any]:
    """Return an event as windows are told it: with the case's feature when the reader may see the case."""
    feature = None
    if event.subject_kind == "case":
        row = session.execute(_one_feature(event.subject_id)).scalar()
        feature = orjson.loads(row) if row else None
    return {
        "id": event.id,
        "name": event.name,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
        "at": event.at,
        "feature": feature,
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
