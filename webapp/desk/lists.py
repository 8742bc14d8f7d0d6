"""The query of each list of cases; `rooms` has those of the other rooms, with the same columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from webapp.areas.models import Grid, PoliceGrid, Posting
from webapp.cases.models import Case, HazardClass
from webapp.cases.queries import shareable
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


# What each entry of each list has, in this order; `room` says whose entry it is.
COLUMNS = (
    "id", "room", "number", "kind", "class_code", "class_title", "state", "restricted", "priority", "level",
    "reopened", "voices", "pending", "flag", "address", "note", "words", "found_at", "respond_by", "due_at",
    "paused_at", "grid", "police_grid_id", "police_grid", "holder", "other", "lon", "lat", "clock",
)  # fmt: skip


def case_rows(clock: Any) -> Select[Any]:
    """Return the select of an entry: what a list shows of a case, and `clock`, by which it is sorted."""
    said = {
        "room": literal("cases", String), "class_title": HazardClass.title, "flag": Case.place_flag,
        "words": cast(null(), JSONB), "grid": Grid.name, "police_grid": PoliceGrid.name,
        "holder": _HOLDER.name, "other": cast(null(), String), "lon": func.ST_X(Case.geom),
        "lat": func.ST_Y(Case.geom), "clock": clock,
    }  # fmt: skip
    columns = (said[name] if name in said else getattr(Case, name) for name in COLUMNS)
    return (
        select(*(column.label(name) for name, column in zip(COLUMNS, columns, strict=True)))
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


def is_of_cases(name: str) -> bool:
    """Say whether a list holds cases; the others are lists of other rooms."""
    return name in _CONDITIONS


def condition(name: str, asked: Asked) -> ColumnElement[bool]:
    """Return what decides whether a case is in a list; a restricted lead is in none, its own list aside."""
    return _CONDITIONS[name](asked) & shareable()


def counted(names: Sequence[str], asked: Asked) -> Select[Any]:
    """Return a select of one row: how long some lists are. What may be in one of them is read once."""
    counts: list[Any] = [
        func.count().filter(condition(name, asked)).label(name) for name in names if name != "unposted"
    ]
    if "unposted" in names:
        # Looks at postings too, and for the chief alone.
        rows = select(func.count()).select_from(Case).where(condition("unposted", asked))
        counts.append(rows.correlate(None).scalar_subquery().label("unposted"))
    may_be = or_(my_matters(asked), Case.handler_id == asked.by.person_id)
    return select(*counts).select_from(Case).where(OPEN, may_be, shareable())
