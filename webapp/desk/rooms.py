"""The query of each list of another room: calls, tasks, look-backs, offers, hand-overs, leads, visits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    DateTime,
    Float,
    Integer,
    Select,
    String,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import aliased

from webapp.areas.models import Grid, PoliceGrid
from webapp.calls.models import Call, CallKind, CallTarget
from webapp.calls.rules import TO_POLICE, WAITING
from webapp.cases.models import Case, HazardClass
from webapp.cases.queries import shareable
from webapp.cases.rules import OVER_STATES
from webapp.core.clock import SHOWN
from webapp.desk.lists import COLUMNS, Asked
from webapp.leads.models import Visit, VisitInterval, VisitPerson
from webapp.leads.rules import INTERVALS, MET
from webapp.people.models import Person, Team
from webapp.referrals.models import Body, Referral
from webapp.repeats.models import CaseLink
from webapp.tasks.models import LookBack, Task
from webapp.tasks.rules import ACTIVE, LOOK_BACK

# What a column is where a list has nothing to say in it.
_NOTHING: dict[str, Any] = {
    "class_code": literal("", String),
    "class_title": cast(null(), JSONB),
    "restricted": literal(False, Boolean),
    "priority": literal(0, Integer),
    "level": literal(0, Integer),
    "reopened": literal(0, Integer),
    "voices": literal(0, Integer),
    "number": literal("", String),
    "pending": cast(null(), String),
    "flag": cast(null(), String),
    "address": literal("", String),
    "note": literal("", String),
    "words": cast(null(), JSONB),
    "respond_by": cast(null(), DateTime(timezone=True)),
    "paused_at": cast(null(), DateTime(timezone=True)),
    "police_grid_id": cast(null(), Uuid),
    "police_grid": literal("", String),
    "holder": cast(null(), String),
    "other": cast(null(), String),
    "lon": cast(null(), Float),
    "lat": cast(null(), Float),
}


def _entry(room: str, **said: Any) -> Select[Any]:
    """Return the select of an entry: the columns that a room has, and nothing in the others, in one order."""
    said = {**_NOTHING, "room": literal(room, String), "due_at": said["clock"], **said}
    return select(*(said[name].label(name) for name in COLUMNS))


def _place(geom: Any) -> dict[str, Any]:
    return {"lon": func.ST_X(geom), "lat": func.ST_Y(geom)}


def _of_class(matter: Any) -> Any:
    return and_(HazardClass.code == matter.class_code, HazardClass.version == matter.class_version)


# The number of the case that something is about, as far as the asker may see it.
_NUMBER = func.coalesce(Case.number, "")


def _restricted(matter: Any) -> Any:
    """Whether something is about a restricted case; one that is not to be seen counts as restricted."""
    return and_(matter.case_id.is_not(None), func.coalesce(Case.restricted, literal(True)))


# A station's own kind goes before the general one of the same code.
_CALL_TITLE = (
    select(CallKind.title)
    .where(CallKind.code == Call.kind)
    .order_by(CallKind.station_id.is_(None))
    .limit(1)
    .scalar_subquery()
)


def _calls() -> Select[Any]:
    """Calls; the clock is the one that runs: that of the acknowledgement, then that of the answer."""
    limit = case((Call.state == "ringing", Call.acknowledge_s), else_=Call.response_s)
    runs = Call.called_at + func.make_interval(0, 0, 0, 0, 0, 0, limit)
    people = text("SELECT p.name FROM app.call_people(ARRAY[call.id]) p WHERE p.part = 'caller' LIMIT 1")
    caller = people.columns(column("name", Text)).scalar_subquery()
    return (
        _entry(
            "calls", id=Call.id, kind=Call.kind, class_title=_CALL_TITLE, state=Call.state, level=Call.level,
            number=_NUMBER,
            # What is said of a lead stays behind its wall, also in a file.
            restricted=_restricted(Call), note=Call.words, found_at=Call.called_at,
            clock=case((Call.state != "answered", runs), else_=cast(null(), TIMESTAMP(timezone=True))),
            grid=Grid.name, police_grid_id=Call.police_grid_id, police_grid=PoliceGrid.name,
            holder=caller, **_place(Call.geom),
        )
        .select_from(Call)
        .join(Grid, Grid.id == Call.grid_id)
        .join(PoliceGrid, PoliceGrid.id == Call.police_grid_id)
        .outerjoin(Case, and_(Case.id == Call.case_id, shareable()))
    )  # fmt: skip


def _rings(asked: Asked) -> Any:
    own = (CallTarget.call_id == Call.id) & (CallTarget.person_id == asked.by.person_id)
    return exists(select(CallTarget.call_id).where(own, CallTarget.state.in_(WAITING)))


def _called(asked: Asked) -> Any:
    """What the own grids have called for and nobody has ended yet."""
    wanted = Call.direction == TO_POLICE
    return wanted if asked.everywhere else wanted & Call.grid_id.in_(asked.grids)


_RECEIVER, _GIVER, _VISITOR = (aliased(Person) for _ in range(3))
_POSTED = aliased(Grid)


def _tasks() -> Select[Any]:
    receiver = func.coalesce(_RECEIVER.name, Team.name, _POSTED.name)
    return (
        _entry(
            "tasks", id=Task.id, kind=Task.kind, state=Task.state, words=Task.words, address=Task.address,
            number=_NUMBER, restricted=_restricted(Task), found_at=Task.due_from,
            clock=Task.due_until, grid=Grid.name, holder=receiver, other=_GIVER.name, **_place(Task.geom),
        )
        .select_from(Task)
        .join(Grid, Grid.id == Task.grid_id)
        .outerjoin(Case, and_(Case.id == Task.case_id, shareable()))
        .outerjoin(_RECEIVER, _RECEIVER.id == func.coalesce(Task.taken_by, Task.to_person))
        .outerjoin(Team, Team.id == Task.to_team)
        .outerjoin(_POSTED, _POSTED.id == Task.to_grid)
        .outerjoin(_GIVER, _GIVER.id == Task.given_by)
    )  # fmt: skip


def _mine(asked: Asked) -> Any:
    """Given to me, my team or my grid, and taken on by nobody else; as app.addressed_to_me, by indexes."""
    me = asked.by.person_id
    given = [Task.to_person == me, Task.to_team.in_(asked.teams), Task.to_grid.in_(asked.grids)]
    return or_(*given, Task.taken_by == me) & or_(Task.taken_by.is_(None), Task.taken_by == me)


def _my_tasks(asked: Asked) -> Any:
    return _mine(asked) & (Task.kind != LOOK_BACK) & (Task.due_until >= asked.now)


def _given(asked: Asked) -> Any:
    return Task.given_by == asked.by.person_id


def _late_tasks(asked: Asked) -> Any:
    late = Task.due_until < asked.now
    return late if asked.everywhere else late & or_(_mine(asked), _given(asked))


def _look_backs(asked: Asked) -> Any:
    due = Task.kind == LOOK_BACK
    return due if asked.everywhere else due & _mine(asked)


def _planned() -> Select[Any]:
    """The look-backs to come: the database shows them to the chief alone."""
    day = func.timezone(str(SHOWN), cast(LookBack.due_on, TIMESTAMP))
    own = {"id": LookBack.id, "kind": literal(LOOK_BACK, String), "state": LookBack.state}
    query = _of_case("look_backs", clock=day, found_at=LookBack.created_at, **own).select_from(LookBack)
    return _named(query.join(Case, Case.id == LookBack.case_id))


def _of_case(room: str, clock: Any, **said: Any) -> Select[Any]:
    """An entry that tells of a case, with what a room has to say beside it."""
    told = {
        "kind": Case.kind, "state": Case.state, "number": Case.number, "class_code": Case.class_code,
        "class_title": HazardClass.title, "restricted": Case.restricted, "priority": Case.priority,
        "voices": Case.voices, "address": Case.address, "note": Case.note, "grid": Grid.name,
        "police_grid_id": Case.police_grid_id, "police_grid": PoliceGrid.name, **_place(Case.geom),
    }  # fmt: skip
    return _entry(room, clock=clock, **{**told, **said})


def _named(query: Select[Any]) -> Select[Any]:
    return (
        query.join(HazardClass, _of_class(Case))
        .join(Grid, Grid.id == Case.grid_id)
        .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
    )


_OLDER = aliased(Case)
_BOTH = (CaseLink.case_id, CaseLink.other_id)
_BEFORE = or_(_OLDER.found_at < Case.found_at, and_(_OLDER.found_at == Case.found_at, _OLDER.id < Case.id))
_OVER = [str(state) for state in OVER_STATES]


def _pairs(query: Select[Any]) -> Select[Any]:
    """Two open cases that may be the same thing: the later one, and the earlier beside it."""
    both = query.select_from(CaseLink).join(Case, Case.id.in_(_BOTH))
    return both.join(_OLDER, and_(_OLDER.id.in_(_BOTH), _BEFORE))


def _offers() -> Select[Any]:
    own = {"id": CaseLink.id, "other": _OLDER.number, "found_at": CaseLink.made_at}
    return _named(_pairs(_of_case("offers", clock=Case.due_at, **own)))


def _handed_over() -> Select[Any]:
    query = _of_case(
        "referrals", clock=Referral.due_at, id=Referral.id, state=Referral.state, holder=Body.name,
        other=Referral.number, found_at=Referral.made_at,
    ).select_from(Referral)  # fmt: skip
    joined = query.join(Body, Body.id == Referral.body_id).join(Case, Case.id == Referral.case_id)
    return _named(joined)


def _late(asked: Asked) -> Any:
    return Referral.state.in_(("delivered", "receipted")) & (Referral.due_at < asked.now)


_LEAD = func.app.leads_mine().table_valued(
    column("id", Uuid), column("number", String), column("class_code", String),
    column("class_version", Integer), column("state", String), column("grid", String),
    column("police_grid", String), column("found_at", DateTime(timezone=True)),
    column("reported_at", DateTime(timezone=True)), column("due_at", DateTime(timezone=True)),
    column("closed_at", DateTime(timezone=True)), column("handled", Boolean),
    name="lead",
)  # fmt: skip


def _leads() -> Select[Any]:
    """Restricted leads as their own page lists them: number, class and grid, no words and no place."""
    lead = _LEAD.c
    title = select(HazardClass.title).where(_of_class(lead)).scalar_subquery()
    return _entry(
        "leads", id=lead.id, kind=literal("lead", String), state=lead.state, number=lead.number,
        class_code=lead.class_code, class_title=title, restricted=literal(True, Boolean),
        found_at=lead.found_at, clock=lead.due_at, grid=lead.grid, police_grid=lead.police_grid,
    ).select_from(_LEAD)  # fmt: skip


def _lead_waits(asked: Asked) -> Any:
    return _LEAD.c.closed_at.is_(None) & or_(~_LEAD.c.handled, _LEAD.c.due_at < asked.now)


_MET = (
    select(func.max(Visit.at))
    .where(Visit.person_id == VisitPerson.id, Visit.result.in_(MET))
    .correlate(VisitPerson)
    .scalar_subquery()
)
_USUAL = case(*((VisitPerson.risk == risk, days) for risk, days in INTERVALS.items()), else_=0)
_OWN_DAYS = (
    select(VisitInterval.days)
    .where(VisitInterval.station_id == VisitPerson.station_id, VisitInterval.risk == VisitPerson.risk)
    .correlate(VisitPerson)
    .scalar_subquery()
)
_MET_OR_SINCE = func.coalesce(_MET, VisitPerson.since_at)
_VISIT_DUE = cast(
    _MET_OR_SINCE + func.make_interval(0, 0, 0, func.coalesce(_OWN_DAYS, _USUAL)), TIMESTAMP(timezone=True)
)


def _visits() -> Select[Any]:
    """People who are visited, as `leads.queries.visited` counts their day: initials, risk and grid only."""
    return (
        _entry(
            "visits", id=VisitPerson.id, kind=literal("visit", String), state=VisitPerson.risk,
            address=VisitPerson.initials, restricted=literal(True, Boolean), found_at=_MET_OR_SINCE,
            clock=_VISIT_DUE, grid=Grid.name, holder=_VISITOR.name,
        )
        .select_from(VisitPerson)
        .join(Grid, Grid.id == VisitPerson.grid_id)
        .outerjoin(_VISITOR, _VISITOR.id == VisitPerson.visitor_id)
    )  # fmt: skip


@dataclass(frozen=True)
class _Room:
    """What lists of a room share: the entries with all names, what is counted, and the condition of all."""

    entries: Callable[[], Select[Any]]
    counted: Callable[[Select[Any]], Select[Any]]
    base: Callable[[Asked], tuple[Any, ...]]


def _of_station(table: Any, *also: Any) -> Callable[[Asked], tuple[Any, ...]]:
    return lambda asked: (table.station_id == asked.by.station_id, *also)


_ROOMS = {
    "calls": _Room(_calls, lambda q: q.select_from(Call), _of_station(Call, Call.ended_at.is_(None))),
    "tasks": _Room(
        _tasks,
        lambda q: q.select_from(Task),
        _of_station(Task, Task.state.in_([str(state) for state in ACTIVE])),
    ),
    "look_backs": _Room(
        _planned,
        lambda q: q.select_from(LookBack).join(Case, Case.id == LookBack.case_id),
        _of_station(LookBack, LookBack.state == "planned", shareable()),
    ),
    "offers": _Room(
        _offers,
        _pairs,
        _of_station(
            CaseLink, CaseLink.kind == "near", CaseLink.answer.is_(None), Case.state.not_in(_OVER),
            _OLDER.state.not_in(_OVER), shareable(), ~_OLDER.restricted,
        ),
    ),
    "referrals": _Room(
        _handed_over,
        lambda q: q.select_from(Referral).join(Case, Case.id == Referral.case_id),
        _of_station(Referral, Referral.answered_at.is_(None), Referral.ended_at.is_(None), shareable()),
    ),
    "leads": _Room(_leads, lambda q: q.select_from(_LEAD), lambda _asked: ()),
    "visits": _Room(
        _visits,
        lambda q: q.select_from(VisitPerson),
        _of_station(VisitPerson, VisitPerson.ended_at.is_(None)),
    ),
}  # fmt: skip
# Each list: its room, and what of it.
_LISTS: dict[str, tuple[str, Callable[[Asked], Any]]] = {
    "ringing": ("calls", _rings),
    "called": ("calls", _called),
    "calls": ("calls", lambda asked: ~_rings(asked)),
    "tasks": ("tasks", _my_tasks),
    "look_backs": ("tasks", _look_backs),
    "tasks_late": ("tasks", _late_tasks),
    "given": ("tasks", _given),
    "planned": ("look_backs", lambda _asked: true()),
    "offers": ("offers", lambda _asked: true()),
    "answers": ("referrals", lambda asked: func.coalesce(~_late(asked), literal(True))),
    "answers_late": ("referrals", _late),
    "leads": ("leads", _lead_waits),
    "visits": ("visits", lambda asked: asked.now > _VISIT_DUE),
}


def rows(name: str, asked: Asked) -> Select[Any]:
    """Return the whole of a list as a select of entries, unsorted; raises KeyError for a list of cases."""
    room, condition = _LISTS[name]
    return _ROOMS[room].entries().where(*_ROOMS[room].base(asked), condition(asked))


def counted(names: Sequence[str], asked: Asked) -> list[Any]:
    """Return a select of one row for each room that lists are of; its columns are how long they are.

    A room is read once for all its lists, and no name is looked up.
    """
    by_room: dict[str, list[Any]] = {}
    for name in names:
        room, condition = _LISTS[name]
        by_room.setdefault(room, []).append(func.count().filter(condition(asked)).label(name))
    return [
        _ROOMS[room].counted(select(*columns)).where(*_ROOMS[room].base(asked))
        for room, columns in by_room.items()
    ]
