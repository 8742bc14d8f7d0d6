"""Reads about what is round a case: newer steps, neighbours, teams and grounds, ends that ran out, voices."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.orm import Session

from gis.coords import metres_per_degree
from webapp.cases.models import Case, HazardClass, Voice
from webapp.cases.queries import shareable
from webapp.cases.rules import HIGHEST_LEVEL, OPEN_STATES, SAME_THING_M
from webapp.core.db import within_bbox
from webapp.core.events import Event


def since(session: Session, case_id: UUID, revision: int) -> list[Event]:
    """Return the steps that were taken after a revision of a case, oldest first."""
    newer = Event.data["revision"].as_integer() > revision
    own = (Event.subject_id == case_id) & Event.name.startswith("cases.", autoescape=True)
    return list(session.scalars(select(Event).where(own, newer).order_by(Event.id)))


def around(session: Session, case: Case, lon: float, lat: float) -> list[Row[Any]]:
    """Return other cases within 50 m of one (WGS 84), open ones first, as the asker may see them.

    Columns: id, number, state, class_code, class_title, found_at, lon, lat, metres.
    """
    kx, ky = metres_per_degree(lat)
    dx, dy = SAME_THING_M / kx, SAME_THING_M / ky
    x, y = func.ST_X(Case.geom), func.ST_Y(Case.geom)
    metres = func.sqrt(func.power((x - lon) * kx, 2) + func.power((y - lat) * ky, 2))
    near = within_bbox(Case.geom, (lon - dx, lat - dy, lon + dx, lat + dy))
    of_class = (HazardClass.code == Case.class_code) & (HazardClass.version == Case.class_version)
    query = select(
        Case.id,
        Case.number,
        Case.state,
        Case.class_code,
        HazardClass.title.label("class_title"),
        Case.found_at,
        x.label("lon"),
        y.label("lat"),
        metres.label("metres"),
    ).join(HazardClass, of_class)
    query = query.where(near, metres <= SAME_THING_M, Case.id != case.id, shareable())
    return list(
        session.execute(
            query.order_by(Case.state.in_(OPEN_STATES).desc(), metres, Case.id).limit(MOST_AROUND)
        )
    )


MOST_AROUND = 30


def open_matters(session: Session) -> dict[UUID, int]:
    """Return how many open matters each person and team has; nothing for who may not dispatch."""
    rows = session.execute(text("SELECT holder, matters FROM app.open_matters()"))
    return {row.holder: row.matters for row in rows}


def in_team(session: Session, team_id: UUID) -> bool:
    """Say whether the asker belongs to a team today."""
    return bool(session.scalar(text("SELECT :team IN (SELECT app.my_teams())"), {"team": team_id}))


def on_my_ground(session: Session, case: Case) -> bool:
    """Say whether the asker answers for the ground of a case, or for the neighbour's that it may lie on.

    Mediators answer for the disputes of the ground where they are posted.
    """
    grids = {"own": case.grid_id, "neighbour": case.neighbour_grid_id, "kind": case.kind}
    return bool(session.scalar(_ON_MY_GROUND, grids))


_ON_MY_GROUND = text("""SELECT app.sees_station() OR EXISTS (
    SELECT FROM app.my_grids() AS mine (id) WHERE mine.id IN (:own, :neighbour))
    OR (CAST(:kind AS text) = 'dispute' AND EXISTS (
        SELECT FROM app.mediated_grids() AS mine (id) WHERE mine.id = :own))""")


def ran_out(session: Session, now: datetime, most: int) -> list[Row[Any]]:
    """Return (id, clock) of open cases past an end that has not been escalated yet, longest past first.

    `clock` is respond_by while nobody has accepted, or due_at. Rows that somebody works on are left out.
    """
    return list(session.execute(_RAN_OUT, {"now": now, "most": most, "highest": HIGHEST_LEVEL}))


_RAN_OUT = text("""SELECT c.id, o.clock FROM app.case_file c
    CROSS JOIN LATERAL (VALUES ('due_at', c.due_at, true), ('respond_by', c.respond_by, c.state = 'reported'))
        AS o (clock, at, runs)
    WHERE c.station_id = (SELECT app.my_station()) AND c.level < :highest
      AND c.state IN ('reported', 'accepted', 'dispatched', 'handling', 'fed_back')
      AND least(c.due_at, c.respond_by) < :now AND o.runs AND o.at < :now
      AND (c.facts #>> ARRAY['ran_out', o.clock])::timestamptz IS DISTINCT FROM o.at
    ORDER BY o.at, c.id LIMIT :most FOR UPDATE OF c SKIP LOCKED""")


def waiting_by_grid(session: Session) -> list[Row[Any]]:
    """Return (grid_id, police_grid_id, cases) of the grounds with open cases."""
    return list(session.execute(_WAITING))


_WAITING = text("""SELECT grid_id, police_grid_id, count(*) AS cases FROM app.case_file
    WHERE station_id = (SELECT app.my_station())
      AND state IN ('reported', 'accepted', 'dispatched', 'handling', 'fed_back')
    GROUP BY 1, 2 ORDER BY 1""")


def voices(session: Session, case_id: UUID) -> dict[UUID, Voice]:
    """Return the voices for a case that the asker may see, by person."""
    found = session.scalars(select(Voice).where(Voice.case_id == case_id).order_by(Voice.at))
    return {voice.person_id: voice for voice in found}
