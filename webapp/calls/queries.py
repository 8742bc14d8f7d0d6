"""Reads about calls: one, mine, those of a case; whom a call reaches; both clocks as figures."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from geoalchemy2.shape import to_shape
from sqlalchemy import Row, Select, and_, func, or_, select, text
from sqlalchemy.orm import Session, joinedload

from gis.coords import metres_per_degree
from webapp.calls import rules
from webapp.calls.models import Call, CallKind, CallLimit, CallTarget
from webapp.cases.models import Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest, NotFound
from webapp.people.models import Person, Team

PAGE = 50


@dataclass(frozen=True)
class Filter:
    """What a list of calls is asked for; `mine` leaves out what a chief merely oversees."""

    state: str | None = None
    case_id: UUID | None = None
    mine: UUID | None = None


@dataclass(frozen=True)
class Told:
    """A call as its reader is told it: with names, his own part in it, and what he may say to it."""

    call: Call
    lon: float
    lat: float
    case: tuple[UUID, str] | None
    caller: Row[Any] | None
    takers: tuple[Row[Any], ...]
    mine: CallTarget | None
    called: dict[str, int]
    verbs: tuple[str, ...]
    late: str
    kind_title: Mapping[str, str]


def call(session: Session, call_id: UUID) -> Call:
    """Return one call; raise NotFound when absent or not for the asker."""
    found: Call | None = session.scalar(_whole().where(Call.id == call_id))
    if found is None:
        raise NotFound()
    return found


def locked(session: Session, call_id: UUID) -> Call:
    """Return a call for changing it, its row locked against a second person at the same moment."""
    call(session, call_id)
    own = select(Call).where(Call.id == call_id).with_for_update(of=Call)
    # The row as the person before us left it, not as it was read above.
    return session.scalars(own, execution_options={"populate_existing": True}).one()


def calls(session: Session, wanted: Filter, limit: int = PAGE, cursor: str | None = None) -> list[Call]:
    """Return one page of the calls that the asker sees, newest first; the cursor is the page before's."""
    query = _whole().order_by(Call.called_at.desc(), Call.id.desc())
    if wanted.state == "open":
        query = query.where(Call.ended_at.is_(None))
    elif wanted.state == "ended":
        query = query.where(Call.ended_at.is_not(None))
    elif wanted.state:
        query = query.where(Call.state == wanted.state)
    if wanted.case_id:
        query = query.where(Call.case_id == wanted.case_id)
    if wanted.mine:
        called = select(CallTarget.call_id).where(CallTarget.person_id == wanted.mine)
        query = query.where(or_(Call.caller_id == wanted.mine, Call.id.in_(called)))
    if cursor:
        at, last = _opened(cursor)
        query = query.where(or_(Call.called_at < at, and_(Call.called_at == at, Call.id < last)))
    return list(session.scalars(query.limit(limit)))


def cursor_after(page: list[Call], limit: int) -> str | None:
    """Return the cursor of the next page, None at the end."""
    if len(page) < limit:
        return None
    last = page[-1]
    return base64.urlsafe_b64encode(orjson.dumps([last.called_at.isoformat(), str(last.id)])).decode()


def _opened(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, last = orjson.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), UUID(str(last))
    except (ValueError, TypeError) as error:
        raise BadRequest() from error


def _whole() -> Select[Any]:
    return select(Call).options(joinedload(Call.grid), joinedload(Call.police_grid))


def told(session: Session, found: list[Call], by: Actor) -> list[Told]:
    """Return calls as their reader is told them, in few statements for all."""
    ids = [item.id for item in found]
    if not ids:
        return []
    targets: dict[UUID, list[CallTarget]] = {}
    for target in session.scalars(select(CallTarget).where(CallTarget.call_id.in_(ids))):
        targets.setdefault(target.call_id, []).append(target)
    people: dict[UUID, list[Row[Any]]] = {}
    for row in session.execute(_PEOPLE, {"calls": [str(one) for one in ids]}):
        people.setdefault(row.call_id, []).append(row)
    about = {item.case_id for item in found if item.case_id}
    numbers = session.execute(select(Case.id, Case.number).where(Case.id.in_(about))) if about else ()
    known = {row.id: (row.id, row.number) for row in numbers}
    now, titles = clock.now(), {item.code: item.title for item in kinds(session)}
    return [
        replace(
            _told(item, targets.get(item.id, []), people.get(item.id, []), known.get(item.case_id), by, now),
            kind_title=titles.get(item.kind, {"zh": item.kind}),
        )
        for item in found
    ]


_PEOPLE = text("SELECT * FROM app.call_people(CAST(:calls AS uuid[]))")


def _told(
    item: Call,
    targets: list[CallTarget],
    people: list[Row[Any]],
    case: tuple[UUID, str] | None,
    by: Actor,
    now: datetime,
) -> Told:
    lon, lat = lon_lat(item.geom)
    mine = next((t for t in targets if t.person_id == by.person_id), None)
    late = "" if item.state not in rules.RINGING_STATES else _late(item, now)
    offered = rules.verbs(
        state=item.state,
        mine=mine.state if mine else None,
        full=item.taken >= item.wanted,
        arrived=bool(mine and mine.arrived_at),
        is_caller=item.caller_id == by.person_id,
        role=by.role,
        late=late == "response",
    )
    counts: dict[str, int] = {}
    for target in targets:
        counts[target.state] = counts.get(target.state, 0) + 1
    sees_all = item.caller_id == by.person_id or by.role in rules.KEEPERS
    return Told(
        item,
        lon,
        lat,
        case,
        next((row for row in people if row.part == "caller"), None),
        tuple(row for row in people if row.part == "taker"),
        mine,
        counts if sees_all else {},
        tuple(offered),
        late,
        {},
    )


def lon_lat(geom: Any) -> tuple[float, float]:
    """Return longitude and latitude (WGS 84, degrees) of a point as it is kept."""
    (point,) = to_shape(geom).coords
    return float(point[0]), float(point[1])


def _late(item: Call, now: datetime) -> str:
    """Return which clock of a call that waits has run out: response, acknowledge or none."""
    waited = (now - item.called_at).total_seconds()
    if waited > item.response_s:
        return "response"
    return "acknowledge" if item.state == "ringing" and waited > item.acknowledge_s else ""


def news(session: Session, call_id: UUID) -> dict[str, Any] | None:
    """Return what a window is told of a call when something happened to it; None when it is not for it."""
    row = session.execute(
        select(Call.id, Call.state, Call.direction, Call.kind, Call.level, Call.revision, Call.case_id).where(
            Call.id == call_id
        )
    ).one_or_none()
    return None if row is None else dict(row._mapping)


def target(session: Session, call_id: UUID, person_id: UUID | None) -> CallTarget | None:
    """Return somebody's own row among those who were called, None for one who was not."""
    wanted = (CallTarget.call_id == call_id) & (CallTarget.person_id == person_id)
    return session.scalar(select(CallTarget).where(wanted))


def takers(session: Session, call_id: UUID) -> list[str]:
    """Return the names of those who come, the first one first."""
    rows = session.execute(_PEOPLE, {"calls": [str(call_id)]})
    return [row.name for row in rows if row.part == "taker"]


def open_targets(session: Session, call_id: UUID) -> int:
    """Return how many of those who were called may still take it."""
    return int(session.scalar(text("SELECT app.call_open(:call)"), {"call": call_id}) or 0)


def posted(
    session: Session, grids: list[UUID], roles: tuple[str, ...], *, whole: bool = False
) -> list[tuple[UUID, str]]:
    """Return (person, duty) of those who answer for grids now; `whole`: for all of their police grids."""
    rows = session.execute(
        text("SELECT * FROM app.call_posted(CAST(:grids AS uuid[]), CAST(:roles AS text[]), :whole)"),
        {"grids": [str(grid) for grid in grids], "roles": list(roles), "whole": whole},
    )
    return [(row.person_id, row.duty) for row in rows]


def near(session: Session, lon: float, lat: float, radius_m: float) -> dict[UUID, str]:
    """Return who is on duty within a radius of a WGS 84 point, and why: posted or walking."""
    kx, ky = metres_per_degree(lat)
    rows = session.execute(
        text("SELECT * FROM app.call_near(:lon, :lat, :kx, :ky, :radius, :fresh)"),
        {"lon": lon, "lat": lat, "kx": kx, "ky": ky, "radius": radius_m, "fresh": rules.FRESH},
    )
    return {row.person_id: row.why for row in rows}


def team_members(session: Session, team_id: UUID) -> list[UUID]:
    """Return the present members of a team who have an account, as far as the asker may know them."""
    rows = session.scalars(
        text("""SELECT m.person_id FROM app.membership m
            WHERE m.team_id = :team AND m.since_on <= current_date
              AND (m.until_on IS NULL OR m.until_on > current_date) AND app.role_of(m.person_id) IS NOT NULL
            ORDER BY 1"""),
        {"team": team_id},
    )
    return list(rows)


def desk(session: Session) -> list[UUID]:
    """Return who has the station's duty desk by the roster, deputies in the place of who is away."""
    return list(session.scalars(text("SELECT app.call_desk()")))


def chiefs(session: Session) -> list[UUID]:
    """Return the station's chiefs, who stand behind the desk."""
    return list(session.scalars(text("SELECT app.chiefs()")))


def kinds(session: Session) -> list[CallKind]:
    """Return the kinds of calls, a station's own in the place of general ones; those out of use too."""
    rows = session.scalars(select(CallKind).order_by(CallKind.station_id.is_not(None)))
    found = {row.code: row for row in rows}
    return sorted(found.values(), key=lambda item: (item.position, item.code))


def kind(session: Session, code: str) -> CallKind | None:
    """Return a kind of calls, None for an unknown code."""
    return next((item for item in kinds(session) if item.code == code), None)


def own_kind(session: Session, station_id: UUID, code: str) -> CallKind | None:
    """Return the station's own kind with a code for changing it, None where only a general one is."""
    own = (CallKind.station_id == station_id) & (CallKind.code == code)
    return session.scalar(select(CallKind).where(own).with_for_update())


def kind_limits(session: Session) -> list[CallLimit]:
    """Return all versions of the kinds' limits, the newest first."""
    return list(session.scalars(select(CallLimit).order_by(CallLimit.valid_from.desc(), CallLimit.at.desc())))


def limit_on(session: Session, code: str, day: date) -> CallLimit | None:
    """Return the limit of a kind that counts on a day."""
    counts = (CallLimit.valid_from <= day) & or_(CallLimit.valid_to.is_(None), CallLimit.valid_to > day)
    return session.scalar(select(CallLimit).where(CallLimit.kind == code, counts))


def last_limit(session: Session, code: str) -> CallLimit | None:
    """Return the version of a kind's limit that a new one would follow."""
    lasting = or_(CallLimit.valid_to.is_(None), CallLimit.valid_to > CallLimit.valid_from)
    own = select(CallLimit).where(CallLimit.kind == code, lasting)
    return session.scalar(own.order_by(CallLimit.valid_from.desc()).limit(1).with_for_update())


def kind_limit(session: Session, limit_id: UUID) -> CallLimit:
    """Return one limit of a kind; raise NotFound."""
    found = session.get(CallLimit, limit_id)
    if found is None:
        raise NotFound()
    return found


def has_account(session: Session, person_id: UUID) -> bool:
    """Say whether a person of the station can be called at all."""
    return session.scalar(text("SELECT app.role_of(:person)"), {"person": person_id}) is not None


def callable_people(session: Session, by: Actor) -> list[Row[Any]]:
    """Return (id, name, category) of whom the asker may call by name, by name."""
    rows: Any = session.execute(
        select(Person.id, Person.name, Person.category)
        .where(
            Person.station_id == by.station_id,
            Person.left_on.is_(None),
            Person.id != by.person_id,
            func.app.role_of(Person.id).in_((*rules.GRID_SIDE, *rules.POLICE_SIDE)),
        )
        .order_by(Person.name, Person.id)
        .limit(1000)
    )
    return list(rows)


def teams(session: Session) -> list[Team]:
    """Return the station's teams by name."""
    return list(session.scalars(select(Team).order_by(Team.name, Team.id)))


def ground_box(session: Session, station_id: UUID) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north (WGS 84) of the station's present grids, None without any."""
    row = session.execute(
        text("""SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM (
            SELECT ST_Extent(s.geom) AS e FROM app.police_grid_shape s JOIN app.plan p ON p.id = s.plan_id
            WHERE p.station_id = :station AND p.state = 'published' AND p.valid_from <= now()
              AND (p.valid_to IS NULL OR p.valid_to > now())) x"""),
        {"station": station_id},
    ).one()
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def statistics(session: Session, since: datetime, until: datetime) -> list[Row[Any]]:
    """Return both clocks by month (Asia/Shanghai), police grid and direction, of the calls the asker sees.

    Each row: month, police_grid, direction, calls, acknowledged, in_time (acknowledged within the limit),
    answered, unanswered; median and 90th percentile of both clocks in seconds (None without any).
    """
    return list(session.execute(_STATISTICS, {"since": since, "until": until}))


_STATISTICS = text("""
    WITH told AS (
        SELECT to_char(c.called_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, c.police_grid_id,
               c.direction, c.state, c.acknowledge_s,
               extract(epoch FROM c.acknowledged_at - c.called_at) AS acknowledged_s,
               extract(epoch FROM c.answered_at - c.called_at) AS answered_s
        FROM app.call c
        WHERE c.called_at >= :since AND c.called_at < :until AND c.state <> 'cancelled')
    SELECT t.month, k.name AS police_grid, k.code AS police_grid_code, t.direction, count(*) AS calls,
           count(t.acknowledged_s) AS acknowledged,
           count(*) FILTER (WHERE t.acknowledged_s <= t.acknowledge_s) AS in_time,
           count(t.answered_s) AS answered, count(*) FILTER (WHERE t.state = 'unanswered') AS unanswered,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.acknowledged_s) AS acknowledge_median_s,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY t.acknowledged_s) AS acknowledge_p90_s,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY t.answered_s) AS answer_median_s,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY t.answered_s) AS answer_p90_s
    FROM told t JOIN app.police_grid k ON k.id = t.police_grid_id
    GROUP BY t.month, k.name, k.code, t.direction
    ORDER BY t.month DESC, k.code, t.direction""")


def outside(session: Session, call_id: UUID) -> dict[str, Any] | None:
    """Return what may leave the house about a call: codes and states; None about a restricted case."""
    row = session.execute(
        select(Call.direction, Call.kind, Call.state, Call.level, Case.restricted)
        .outerjoin(Case, Case.id == Call.case_id)
        .where(Call.id == call_id)
    ).one_or_none()
    if row is None or row.restricted:
        return None
    return {name: getattr(row, name) for name in ("direction", "kind", "state", "level")}


def targets(session: Session, call_id: UUID, level: int) -> list[CallTarget]:
    """Return who was called at a step of the chain and still waits to answer."""
    wanted = (CallTarget.call_id == call_id) & (CallTarget.level == level)
    return list(session.scalars(select(CallTarget).where(wanted, CallTarget.state.in_(rules.WAITING))))


def ringing(session: Session, by: Actor) -> int:
    """Return how many calls wait for an answer of the actor's own."""
    waiting = select(func.count()).select_from(CallTarget).join(Call, Call.id == CallTarget.call_id)
    own = (CallTarget.person_id == by.person_id) & CallTarget.state.in_(rules.WAITING)
    return session.scalar(waiting.where(own, Call.ended_at.is_(None))) or 0
