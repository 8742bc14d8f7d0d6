"""Random walks through a case's life: never without owner, next step or a sound clock; events tell it all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.samples import photo
from webapp.calendars.counting import NO_CALENDAR
from webapp.calendars.rules import Rule
from webapp.cases import actions, clocks, queries, steps, surroundings
from webapp.cases.rules import OPEN_STATES, PAUSED_STATES, STEPS, Standing, State, offered, replayed
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.queue import MACHINE

WALKS, LENGTH, REAL_WALKS = 10_000, 14, 200
STATION = UUID(int=1)
ROLES = ("station_chief", "officer", "officer", "grid_worker", "grid_worker", "volunteer")
CAST = [Actor(STATION, role, UUID(int=number + 10)) for number, role in enumerate(ROLES)]
CLOCKWORK = Actor(STATION, MACHINE)
# What a class asks for: nothing, a second look, an order or a grade before it.
CLASSES = ((False, ()), (True, ()), (True, ("correction",)), (True, ("grade",)))
# These lead nowhere: a case with nothing else to be done would be stuck.
NO_WAY_ON = {"escalate", "note_receipt", "ask_extension", "ask_hang_up"}


def fresh(now, dice, reporter):
    """Return a reported case as a plain thing with the columns of its row."""
    second, asked = dice.choice(CLASSES)
    limit_h = dice.choice((24, 72, 168))
    empty = dict.fromkeys(
        ("handler_id", "assigned_to", "assigned_team", "pending", "pending_by", "pending_until",
         "fed_back_by", "fed_back_at", "duplicate_of", "paused_at", "paused_left_s", "accepted_at",
         "closed_at", "verified_by",
         "closing_note")
    )  # fmt: skip
    return SimpleNamespace(
        **empty, state=State.REPORTED, revision=1, level=0, priority=0, reopened=0, facts={},
        reporter_id=reporter, reported_at=now,
        **clocks.begun(Rule.declared(None, limit_h), NO_CALENDAR, now, limit_h),
        hazard_class=SimpleNamespace(limit_h=limit_h, second_look=second, asked_before_end=list(asked)),
    )  # fmt: skip


def standing(case, by):
    """Return how somebody stands to a plain case."""
    return Standing(
        role=by.role, me=by.person_id, state=case.state, reporter=case.reporter_id, handler=case.handler_id,
        assigned=case.assigned_to, pending=case.pending, pending_by=case.pending_by,
        fed_back_by=case.fed_back_by, level=case.level, second_look=case.hazard_class.second_look,
        asked=frozenset(case.hazard_class.asked_before_end), here=frozenset(case.facts),
    )  # fmt: skip


def way_on(case):
    """Say whether somebody of the station can bring the case further."""
    return any(step.verb not in NO_WAY_ON for by in CAST for step in offered(standing(case, by)))


def check(case, before=None):
    """Assert all that must hold of a case at every moment."""
    is_open = case.state in OPEN_STATES
    if is_open and case.state not in (State.REPORTED, State.TRANSFERRED):
        assert case.handler_id or case.assigned_to or case.assigned_team, f"nobody's: {case}"
    if is_open:
        assert way_on(case), f"no way on: {case}"
        assert case.due_at is not None
    assert (case.paused_at is not None) == (case.state in PAUSED_STATES), f"broken clock: {case}"
    assert (case.paused_left_s is None) == (case.paused_at is None)
    if case.state == State.REPORTED:
        assert case.respond_by is not None
    assert (case.closed_at is not None) == (case.state == State.CLOSED), f"closed when? {case}"
    assert (case.duplicate_of is not None) == (case.state == State.DUPLICATE)
    if before is not None and before != case.state:
        assert case.pending is None
    assert (case.pending is None) == (case.pending_by is None)


def moved(case, step, now, dice, by):
    """Return the columns that a step changes, by the code that the actions use."""
    given = steps.Given(
        note="记", until=now + timedelta(days=dice.randint(1, 9)), body="城管", receipt="7", grade="B",
        person_id=dice.choice(CAST[:5]).person_id,
    )  # fmt: skip
    # Rule and calendar would be read from the database, and so would the leading case.
    rule = Rule.declared(None, case.hazard_class.limit_h)
    clock = clocks.moved(case, step.clock, step.to or case.state, now, rule, NO_CALENDAR)
    if step.verb != "mark_duplicate":
        return {**steps.columns(None, case, replace(step, clock=""), given, now, by), **clock}
    plain = steps.columns(None, case, replace(step, verb="", clock=""), given, now, by)
    return {**plain, **clock, "duplicate_of": uuid4(), "assigned_to": None, "assigned_team": None}


def test_ten_thousand_walks_by_the_table():
    dice = Random(20261122)
    taken, reached = set(), set()
    for _walk in range(WALKS):
        now = datetime(2026, 3, 1, tzinfo=UTC)
        case = fresh(now, dice, dice.choice([None, *(by.person_id for by in CAST)]))
        happened = [("cases.reported", {})]
        check(case)
        for _step in range(dice.randint(1, LENGTH)):
            now += timedelta(hours=dice.randint(0, 60))
            by = dice.choice(CAST)
            choices = offered(standing(case, by))
            if dice.random() < 0.05:
                by = CLOCKWORK
                choices = [s for s in offered(standing(case, by)) if s.verb in ("escalate", "reopen")]
            if not choices:
                continue
            step, before = dice.choice(choices), case.state
            left = None if case.due_at is None else (case.due_at - now).total_seconds()
            kept = case.paused_left_s
            for name, value in moved(case, step, now, dice, by).items():
                setattr(case, name, value)
            happened.append((step.event, {"verb": step.verb}))
            check(case, before)
            if step.clock == "pause":
                assert abs(case.paused_left_s - left) < 1
            if step.clock == "resume":
                assert abs((case.due_at - now).total_seconds() - kept) < 1  # the column shows whole seconds
            assert replayed(happened) == case.state
            taken.add(step.verb)
            reached.add(case.state)
    assert taken == set(STEPS), f"never taken: {set(STEPS) - taken}"
    assert reached == set(State)


def test_a_log_with_a_gap_is_refused():
    log = [("cases.reported", {}), ("cases.closed", {"verb": "close"})]
    with pytest.raises(ValueError, match="close after reported"):
        replayed(log)


WHO = ("t.station_chief", "t.officer.a", "t.grid_worker.a", "t.officer.b", "t.grid_worker.b", "t.volunteer")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_some_hundred_walks_on_the_real_database(
    app, as_role, db_as, actor_for, owner_db, send_report, member, station
):
    """Each step as the person that it is offered to; in the end the events alone tell every column."""
    as_role("station_chief").patch("/api/v1/station-settings", json={"strict_end": True})
    dice, taken = Random(4), 0
    sent = [send_report("t.volunteer", "A2", photos=(photo(5),)) for _case in range(2)]
    given = {
        "note": "走访", "photos": dict(sent[0].photos), "place": station.inside("A1"),
        "body": "街道", "receipt": "R",
        "grade": "A", "of": as_role("station_chief").get(f"/api/v1/cases/{sent[1].id}").json["number"],
        "until": datetime.now(UTC) + timedelta(days=2),
    }  # fmt: skip
    for _walk in range(REAL_WALKS):
        case_id = UUID(send_report(dice.choice(("t.volunteer", "t.grid_worker.a")), "A1").id)
        for _step in range(10):
            who = dice.choice(WHO)
            one = {**given, "person_id": member(dice.choice(WHO[:5])).person_id}
            with db_as(who) as session:
                taken += _one_step(
                    session, case_id, one, dice, app.extensions["shuangge"].blobs, actor_for(who)
                )
        with owner_db.transaction() as session:
            row = session.execute(text("SELECT * FROM app.case_file WHERE id = :id"), {"id": case_id}).one()
            log = session.execute(_LOG, {"id": case_id}).all()
        _check_row(row, log)
    assert taken > 3 * REAL_WALKS, "the walks stood still: they prove nothing"


_LOG = text("SELECT name, data FROM app.event WHERE subject_id = :id ORDER BY id")


def _one_step(session, case_id, given, dice, blobs, by):
    """Take one of the steps that somebody is offered; return how many were taken (0 or 1)."""
    try:
        seen = queries.case(session, case_id)
    except NotFound:
        return 0
    on_ground = surroundings.on_my_ground(
        session, seen
    )  # who is sent there from elsewhere can't see the lead case
    choices = offered(steps.standing(session, seen, by))
    choices = [step for step in choices if on_ground or step.verb != "mark_duplicate"]
    if not choices:
        return 0
    case = actions.locked_case(session, case_id)
    actions.take_step(session, blobs, case, dice.choice(choices).verb, steps.Given(**given), by=by)
    return 1


def _check_row(row, log):
    """Assert the invariants of a row, and that its events alone give state and columns again."""
    assert replayed((name, data) for name, data in log) == row.state
    assert (row.paused_at is not None) == (row.state in PAUSED_STATES)
    if row.state in OPEN_STATES:
        assert row.due_at is not None
        owned = row.handler_id or row.assigned_to or row.assigned_team
        assert owned or row.state in (State.REPORTED, State.TRANSFERRED)
    told = {}
    for _name, data in log:
        told |= data
    assert told.get("revision", 1) == row.revision
    for name in ("handler_id", "assigned_to", "due_at", "paused_left_s", "pending", "level", "duplicate_of"):
        if name in told:
            held = getattr(row, name)
            said = datetime.fromisoformat(told[name]) if name == "due_at" and told[name] else told[name]
            assert said == (str(held) if isinstance(held, UUID) else held), (name, log)
