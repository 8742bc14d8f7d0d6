"""Changes to calls, from placing one to its end; each records one event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.areas.queries import area_at
from webapp.calls import filing, queries, rules
from webapp.calls.filing import Wish
from webapp.calls.models import Call, CallKind, CallLimit, CallTarget
from webapp.cases.queries import case as one_case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Forbidden, Problem, Refused
from webapp.core.events import record
from webapp.people.queries import locked_station


def place(session: Session, wish: Wish, *, by: Actor) -> Call:
    """Call whoever the wish is for; the same again changes nothing.

    Raises Refused for what can't be taken, Conflict 'already_known' when the id stands for another call,
    'call_nobody' when there is nobody to call up to the duty desk.
    """
    way = rules.direction(by.role)
    known = session.get(Call, wish.id)
    if known is not None:
        return _same(session, known, wish, by)
    problems = filing.kind_problems(session, wish.kind, by.role)
    problems += rules.aim_problems(way, wish.aim, wish.aim_id)
    about = one_case(session, wish.case_id) if wish.case_id else None
    spot = filing.spot(wish, about)
    problems += spot.problems
    if wish.aim == "person" and wish.aim_id and not queries.has_account(session, wish.aim_id):
        problems.append(Problem("/aim_id", "call_person"))
    if problems or spot.place is None:
        raise Refused(problems=problems)
    now = clock.now()
    area = area_at(session, by.station_id, *spot.place, now, spot.radius_m)
    made = filing.row(session, wish, way, spot.place, area, by)
    called: dict[UUID, str] = {}
    while not called:
        if made["level"] > rules.TOP_LEVEL:
            raise Conflict("call_nobody")
        called = filing.reached(session, made, spot.place, filing.grids(area))
        made["level"] += not called
    return _begun(session, made, filing.raw(wish, about), called, wish, by)


def _same(session: Session, known: Call, wish: Wish, by: Actor) -> Call:
    """Return a call that is known already; raise Conflict when its id stands for something else."""
    if known.caller_id != by.person_id or known.content_hash != wish.content:
        raise Conflict("already_known", held=known.content_hash.hex(), sent=wish.content.hex())
    return queries.call(session, known.id)


def _begun(
    session: Session,
    made: dict[str, Any],
    raw: dict[str, Any],
    called: dict[UUID, str],
    wish: Wish,
    by: Actor,
) -> Call:
    """Write a new call with all who are called; the loser of a race gets the winner's."""
    said = rules.Limits(made["acknowledge_s"], made["response_s"], 0)
    at, close_at = made["called_at"], made["close_at"]
    look = rules.next_look(
        full=False, ringing=True, level=made["level"], called_at=at, now=at, said=said, close_at=close_at
    )
    row = insert(table_of(Call)).values(**made, **raw, next_at=look).on_conflict_do_nothing()
    if session.execute(row.returning(table_of(Call).c.id)).one_or_none() is None:
        known = session.get(Call, wish.id)
        if known is None:
            raise Conflict("already_known", held="?", sent=wish.content.hex())
        return _same(session, known, wish, by)
    call = queries.call(session, wish.id)
    _ring(session, call, called)
    return _recorded(session, call, "calls.placed", by, level=call.level, count=len(called))


def _ring(session: Session, call: Call, called: Mapping[UUID, str]) -> None:
    own = {
        "call_id": call.id,
        "station_id": call.station_id,
        "caller_id": call.caller_id,
        "level": call.level,
    }
    rows = [{**own, "person_id": person, "why": why} for person, why in called.items()]
    if rows:
        session.execute(insert(table_of(CallTarget)).values(rows))


def acknowledge(session: Session, call: Call, *, by: Actor) -> Call:
    """Say that one has heard a call; a second time changes nothing."""
    mine = _mine(session, call, by)
    if mine.state in ("acknowledged", "taken"):
        return call
    _check_free(session, call)
    mine.state, mine.acknowledged_at = "acknowledged", clock.now()
    if call.state == "ringing":
        call.state, call.acknowledged_at = "acknowledged", mine.acknowledged_at
    _look_again(call)
    return _recorded(session, call, "calls.acknowledged", by)


def take(session: Session, call: Call, *, by: Actor) -> Call:
    """Take a call: one is on the way. When all who were wanted have, the others are stood down.

    Raises Conflict 'call_taken' with the names of those who were faster.
    """
    mine = _mine(session, call, by)
    if mine.state == "taken":
        return call
    _check_free(session, call)
    now = clock.now()
    mine.state, mine.taken_at = "taken", now
    mine.acknowledged_at = mine.acknowledged_at or now
    call.state, call.taken = "answered", call.taken + 1
    call.acknowledged_at, call.answered_at = call.acknowledged_at or now, call.answered_at or now
    _look_again(call)
    session.flush()
    _stand_down(session, call)
    return _recorded(session, call, "calls.answered", by, taken=call.taken)


def decline(session: Session, call: Call, *, note: str, by: Actor) -> Call:
    """Say that one can't come, also after taking it; with nobody left it goes up the chain at once."""
    mine = _mine(session, call, by)
    if mine.state == "declined":
        return call
    rules.check_open(call.state)
    if mine.arrived_at is not None:
        raise Conflict("call_arrived")
    if mine.state == "taken":
        call.taken -= 1
        if not call.taken:
            call.state, call.answered_at = "acknowledged", None
    else:
        _check_free(session, call)
    mine.state, mine.declined_at, mine.note = "declined", clock.now(), note
    session.flush()
    if call.level < rules.TOP_LEVEL and not queries.open_targets(session, call.id):
        call.next_at = clock.now()
    return _recorded(session, call, "calls.declined", by)


def arrive(session: Session, call: Call, *, by: Actor) -> Call:
    """Say that one is there."""
    mine = _mine(session, call, by)
    rules.check_open(call.state)
    if mine.state != "taken":
        raise Conflict("call_not_taken")
    if mine.arrived_at is not None:
        return call
    mine.arrived_at = clock.now()
    call.arrived_at = call.arrived_at or mine.arrived_at
    return _recorded(session, call, "calls.arrived", by)


def finish(session: Session, call: Call, *, words: str, by: Actor) -> Call:
    """End a call that somebody came to, with words: for who came, who called, and the chief."""
    mine = queries.target(session, call.id, by.person_id)
    if not (_oversees(call, by) or (mine is not None and mine.state == "taken")):
        raise Forbidden()
    rules.check_open(call.state)
    if call.state != "answered":
        raise Conflict("call_not_taken")
    return _recorded(session, _ended(session, call, "done", words, by), "calls.finished", by)


def cancel(session: Session, call: Call, *, words: str, by: Actor) -> Call:
    """Withdraw a call, with words: for who called, and the chief."""
    if not _oversees(call, by):
        raise Forbidden()
    rules.check_open(call.state)
    return _recorded(session, _ended(session, call, "cancelled", words, by), "calls.cancelled", by)


def lapse(session: Session, call: Call, *, words: str, by: Actor) -> Call:
    """End a call that nobody took though its clock has run out, with words: for who called, and the chief."""
    if not _oversees(call, by):
        raise Forbidden()
    rules.check_open(call.state)
    over = clock.now() > call.called_at + timedelta(seconds=call.response_s)
    if call.state == "answered" or not over:
        raise Conflict("call_still_runs")
    return _recorded(session, _ended(session, call, "unanswered", words, by), "calls.lapsed", by)


def escalate(session: Session, call: Call, *, by: Actor) -> Call:
    """Take a call up the chain to the next step that has somebody; at the top its clock waits for the end."""
    rules.check_open(call.state)
    at, grids = queries.lon_lat(call.geom), [call.grid_id]
    rows = session.scalars(select(CallTarget.person_id).where(CallTarget.call_id == call.id))
    before, called = set(rows), dict[UUID, str]()
    while not called and call.level < rules.TOP_LEVEL:
        call.level += 1
        made = {name: getattr(call, name) for name in ("direction", "aim", "aim_id", "caller_id", "level")}
        found = filing.reached(session, made, at, grids)
        called = {person: why for person, why in found.items() if person not in before}
    _look_again(call)
    session.flush()
    _ring(session, call, called)
    return _recorded(session, call, "calls.escalated", by, level=call.level, count=len(called))


def expire(session: Session, call: Call, *, by: Actor) -> Call:
    """End a call that nobody ended: nothing stays open for ever."""
    rules.check_open(call.state)
    state = "done" if call.state == "answered" else "unanswered"
    return _recorded(session, _ended(session, call, state, "", by), "calls.expired", by)


def set_limits(session: Session, wish: Mapping[str, Any], *, by: Actor) -> Mapping[str, Any]:
    """Set how long the clocks of the station's calls run, from now on; calls that run keep theirs."""
    problems = rules.limit_problems(wish)
    if problems:
        raise Refused(problems=problems)
    home = locked_station(session, by)
    old = rules.all_limits(home.settings)
    if old != wish:
        home.settings = {**home.settings, "calls": dict(wish)}
        record(session, "calls.limits_set", kind="station", subject=home.id, by=by, old=old, new=dict(wish))
    return rules.all_limits(home.settings)


def keep_kind(session: Session, code: str, wish: Mapping[str, Any], *, by: Actor) -> CallKind:
    """Keep a kind of calls of the station's own: new, or in the place of the general one with its code.

    `wish`: title, roles, position, in_use. The same again changes nothing; calls that were made keep theirs.
    """
    known = queries.own_kind(session, by.station_id, code)
    now = {name: getattr(known, name) for name in wish} if known else None
    if known is not None and now == wish:
        return known
    found = known or CallKind(
        id=uuid5(by.station_id, f"call_kind/{code}"), station_id=by.station_id, code=code
    )
    for name, value in wish.items():
        setattr(found, name, value)
    session.add(found)
    session.flush()
    told: dict[str, Any] = {"code": code, "in_use": found.in_use, "roles": list(found.roles)}
    record(session, "calls.kind_kept", kind="call_kind", subject=found.id, by=by, **told)
    return found


def set_kind_limit(
    session: Session,
    limit_id: UUID,
    *,
    kind: str,
    acknowledge_s: int,
    response_s: int,
    valid_from: date,
    by: Actor,
) -> CallLimit:
    """Set how fast calls of a kind are answered, from a day on; the version before it ends then.

    The same again changes nothing. Raises Refused 'call_kind', 'call_limits' or 'limit_order' (before the
    version that it follows), Conflict 'already_known'.
    """
    said = {"kind": kind, "acknowledge_s": acknowledge_s, "response_s": response_s, "valid_from": valid_from}
    known = session.get(CallLimit, limit_id)
    if known is not None:
        if any(getattr(known, name) != value for name, value in said.items()):
            raise Conflict("already_known", held=str(known.id), sent=str(limit_id))
        return known
    before = queries.last_limit(session, kind)
    problems = [] if queries.kind(session, kind) else [Problem("/kind", "call_kind")]
    problems += [Problem("/response_s", "call_limits")] if response_s < acknowledge_s else []
    if before is not None and valid_from < before.valid_from:
        problems.append(Problem("/valid_from", "limit_order", {"day": str(before.valid_from)}))
    if problems:
        raise Refused(problems=problems)
    if before is not None and (before.valid_to is None or before.valid_to > valid_from):
        before.valid_to = valid_from
        session.flush()
    made = CallLimit(id=limit_id, station_id=by.station_id, by_id=by.person_id, **said)
    session.add(made)
    session.flush()
    record(
        session, "calls.kind_limit_set", kind="call_limit", subject=limit_id, by=by,
        code=kind, acknowledge_s=acknowledge_s, response_s=response_s, valid_from=valid_from.isoformat(),
    )  # fmt: skip
    return made


def end_kind_limit(session: Session, limit: CallLimit, *, valid_to: date, by: Actor) -> CallLimit:
    """End a kind's limit: from `valid_to` on the general ones count again.

    Raises Conflict 'limit_ended' when it has ended already, Refused 'limit_order' before its beginning.
    """
    session.refresh(limit, with_for_update=True)
    if limit.valid_to == valid_to:
        return limit
    if limit.valid_to is not None:
        raise Conflict("limit_ended", day=str(limit.valid_to))
    if valid_to < limit.valid_from:
        raise Refused(problems=[Problem("/valid_to", "limit_order", {"day": str(limit.valid_from)})])
    limit.valid_to = valid_to
    session.flush()
    record(
        session, "calls.kind_limit_ended", kind="call_limit", subject=limit.id, by=by,
        code=limit.kind, valid_to=valid_to.isoformat(),
    )  # fmt: skip
    return limit


def _mine(session: Session, call: Call, by: Actor) -> CallTarget:
    mine = queries.target(session, call.id, by.person_id)
    if mine is None:
        raise Forbidden("call_not_called")
    return mine


def _check_free(session: Session, call: Call) -> None:
    """Raise Conflict when a call is over, or needs nobody more and says who comes."""
    rules.check_open(call.state)
    if call.taken >= call.wanted:
        raise Conflict("call_taken", who=", ".join(queries.takers(session, call.id)))


def _oversees(call: Call, by: Actor) -> bool:
    return call.caller_id == by.person_id or by.role in rules.KEEPERS


def _look_again(call: Call) -> None:
    call.next_at = rules.next_look(
        full=call.taken >= call.wanted,
        ringing=call.state == "ringing",
        level=call.level,
        called_at=call.called_at,
        now=clock.now(),
        said=rules.Limits(call.acknowledge_s, call.response_s, 0),
        close_at=call.close_at,
    )


def _ended(session: Session, call: Call, state: str, words: str, by: Actor) -> Call:
    call.state, call.ended_at, call.ended_by_id = state, clock.now(), by.person_id
    call.end_words, call.next_at = words, None
    session.flush()
    _stand_down(session, call)
    return call


def _stand_down(session: Session, call: Call) -> None:
    """Stand the others down where a call has all whom it wanted, or is over."""
    session.execute(text("SELECT app.call_stand_down(:call)"), {"call": call.id})


def _recorded(session: Session, call: Call, name: str, by: Actor, **news: Any) -> Call:
    call.revision += 1
    session.flush()
    record(session, name, kind="call", subject=call.id, grid=call.grid_id, by=by, state=call.state, **news)
    session.expire_all()
    return queries.call(session, call.id)
