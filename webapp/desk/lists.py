"""The query of each list of the desk: all select the same columns, so that paging and export are one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, text
from sqlalchemy.orm import aliased

from webapp.areas.models import Grid, PoliceGrid, Posting
from webapp.cases.models import Case, HazardClass
from webapp.cases.rules import ANSWERING, OVER_STATES, PAUSED_STATES, State
from webapp.core.actor import Actor
from webapp.core.clock import SHOWN
from webapp.people.models import Person


@dataclass(frozen=True)
class Asked:
    """Who asks at which moment, with the grids that he answers for and his teams."""

    by: Actor
    now: datetime
    grids: tuple[UUID, ...]
    teams: tuple[UUID, ...]

    @property
    def everywhere(self) -> bool:
        """Whether the whole station is the asker's ground."""
        return self.by.role == "station_chief"


OPEN = Case.state.not_in([str(state) for state in OVER_STATES])
_HOLDER = aliased(Person)


def case_rows(clock: Any) -> Select[Any]:
    """Return the select of an entry: what a list shows of a case, and `clock`, by which it is sorted."""
    return (
        select(
            Case.id,
            Case.number,
            Case.kind,
            Case.class_code,
            HazardClass.title.label("class_title"),
            Case.state,
            Case.restricted,
            Case.priority,
            Case.level,
            Case.reopened,
            Case.voices,
            Case.pending,
            Case.place_flag.label("flag"),
            Case.address,
            Case.note,
            Case.found_at,
            Case.respond_by,
            Case.due_at,
            Case.paused_at,
            Grid.name.label("grid"),
            PoliceGrid.name.label("police_grid"),
            _HOLDER.name.label("holder"),
            func.ST_X(Case.geom).label("lon"),
            func.ST_Y(Case.geom).label("lat"),
            clock.label("clock"),
        )
        .join(
            HazardClass, and_(HazardClass.code == Case.class_code, HazardClass.version == Case.class_version)
        )
        .join(Grid, Grid.id == Case.grid_id)
        .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
        .outerjoin(_HOLDER, _HOLDER.id == func.coalesce(Case.assigned_to, Case.handler_id))
    )


def on_my_ground(asked: Asked) -> ColumnElement[bool]:
    """Return the condition that a case lies on the asker's ground; written out, so that indexes help."""
    own = Case.station_id == asked.by.station_id
    if asked.everywhere:
        return own
    return own & or_(Case.grid_id.in_(asked.grids), Case.neighbour_grid_id.in_(asked.grids))


def given_to_me(asked: Asked) -> ColumnElement[bool]:
    """Return the condition that a case was given to the asker or one of his teams."""
    mine: ColumnElement[bool] = Case.assigned_to == asked.by.person_id
    return or_(mine, Case.assigned_team.in_(asked.teams)) if asked.teams else mine


def my_matters(asked: Asked) -> ColumnElement[bool]:
    """Return the condition that a case is on the asker's ground or was given to him."""
    if asked.everywhere:
        return on_my_ground(asked)
    parts = [Case.grid_id.in_(asked.grids), Case.neighbour_grid_id.in_(asked.grids)]
    return (Case.station_id == asked.by.station_id) & or_(*parts, given_to_me(asked))


def _waiting(asked: Asked) -> ColumnElement[bool]:
    return on_my_ground(asked) & (Case.state == State.REPORTED)


def _dispatched(asked: Asked) -> ColumnElement[bool]:
    return (
        (Case.station_id == asked.by.station_id)
        & given_to_me(asked)
        & OPEN
        & (Case.state == State.DISPATCHED)
    )


def _running(asked: Asked) -> ColumnElement[bool]:
    return my_matters(asked) & OPEN & Case.state.not_in([str(state) for state in PAUSED_STATES])


def _overdue(asked: Asked) -> ColumnElement[bool]:
    return _running(asked) & (Case.due_at < asked.now)


def _today(asked: Asked) -> ColumnElement[bool]:
    """Up to the midnight of the people here."""
    local = asked.now.astimezone(SHOWN)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return _running(asked) & (Case.due_at >= asked.now) & (Case.due_at < midnight)


def _approvals(asked: Asked) -> ColumnElement[bool]:
    """Nobody approves what he asked for himself."""
    return on_my_ground(asked) & OPEN & Case.pending.is_not(None) & (Case.pending_by != asked.by.person_id)


def _verify(asked: Asked) -> ColumnElement[bool]:
    """Who fed back is not the second person."""
    others = Case.fed_back_by.is_distinct_from(asked.by.person_id)
    return on_my_ground(asked) & OPEN & (Case.state == State.FED_BACK) & others


def _mine(asked: Asked) -> ColumnElement[bool]:
    held = Case.state.in_([str(State.ACCEPTED), str(State.HANDLING)])
    own = (Case.station_id == asked.by.station_id) & (Case.handler_id == asked.by.person_id)
    return own & OPEN & held


def _raised(asked: Asked) -> ColumnElement[bool]:
    return my_matters(asked) & OPEN & (Case.priority > 0)


def _escalated(asked: Asked) -> ColumnElement[bool]:
    return my_matters(asked) & OPEN & (Case.level > 0)


def _in_state(state: State) -> Callable[[Asked], ColumnElement[bool]]:
    return lambda asked: my_matters(asked) & OPEN & (Case.state == state)


def unposted(asked: Asked) -> ColumnElement[bool]:
    """Return the condition that nobody who handles cases has a posting for a case's ground now."""
    now = (Posting.since_at <= asked.now) & or_(Posting.until_at.is_(None), Posting.until_at > asked.now)
    away = select(text("i.person_id")).select_from(text("app.stand_ins(:desk_now) i"))
    alone = away.where(text("i.deputy_id IS NULL")).params(desk_now=asked.now)
    working = (Posting.station_id == asked.by.station_id) & now & Posting.duty.in_(ANSWERING)
    working &= Posting.person_id.not_in(alone)
    here = or_(Posting.grid_id == Case.grid_id, Posting.police_grid_id == Case.police_grid_id)
    return on_my_ground(asked) & OPEN & ~exists(select(Posting.id).where(working, here))


def _at_desk(asked: Asked) -> ColumnElement[bool]:
    """What the machine sent to the duty desk, and nobody has accepted yet."""
    sent: ColumnElement[bool] = Case.facts["desk"].is_not(None)
    return on_my_ground(asked) & (Case.state == State.REPORTED) & sent


_CONDITIONS: dict[str, Callable[[Asked], ColumnElement[bool]]] = {
    "unposted": unposted,
    "at_desk": _at_desk,
    "waiting": _waiting,
    "dispatched": _dispatched,
    "overdue": _overdue,
    "today": _today,
    "approvals": _approvals,
    "verify": _verify,
    "mine": _mine,
    "raised": _raised,
    "escalated": _escalated,
    "hung_up": _in_state(State.HUNG_UP),
    "transferred": _in_state(State.TRANSFERRED),
}
# What was reported before there was a clock of the answer goes by its end.
CLOCKS = {"respond_by": func.coalesce(Case.respond_by, Case.due_at), "due_at": Case.due_at}


def condition(name: str, asked: Asked) -> ColumnElement[bool]:
    """Return what decides whether a case is in a list."""
    return _CONDITIONS[name](asked)
