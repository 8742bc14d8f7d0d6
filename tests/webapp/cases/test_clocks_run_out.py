"""Who does not answer in time is escalated, each end once; an unattended ground rings once a day."""

from __future__ import annotations

from threading import Barrier, Thread
from uuid import UUID

import pytest
from sqlalchemy import text

from webapp.cases import jobs
from webapp.cases.jobs import watch_clocks
from webapp.core import queue
from webapp.core.actor import Actor
from webapp.core.db import WORKER, Database


@pytest.fixture(scope="module")
def database(settings):
    made = Database(settings, WORKER, pool_size=4)
    yield made
    made.dispose()


@pytest.fixture
def look(database, station, app):
    """Let the worker look at the clocks once."""
    by = Actor(station.id, queue.MACHINE)

    def once():
        with database.transaction(by) as session:
            watch_clocks(queue.Run(session, by, 1, {}, {"blobs": app.extensions["shuangge"].blobs}))

    return once


@pytest.fixture
def case(send_report, superuser, owner_db):
    return Clocked(send_report("t.volunteer", "A1").id, superuser, owner_db)


class Clocked:
    """A case whose ends can be moved."""

    def __init__(self, case_id, superuser, owner_db):
        self.id, self.superuser, self.owner_db = case_id, superuser, owner_db

    def ends(self, **hours):
        sets = ", ".join(f"{name} = now() + interval '{h} hours'" for name, h in hours.items())
        with self.superuser.cursor() as cursor:
            cursor.execute(f"UPDATE app.case_file SET {sets} WHERE id = %s", (self.id,))

    def told(self):
        query = text("""SELECT data->>'clock' FROM app.event
            WHERE subject_id = :id AND name = 'cases.escalated' AND by_id IS NULL ORDER BY id""")
        with self.owner_db.transaction() as session:
            return list(session.scalars(query, {"id": self.id}))

    def row(self):
        with self.owner_db.transaction() as session:
            return session.execute(text("SELECT * FROM app.case_file WHERE id = :id"), {"id": self.id}).one()


def test_each_end_escalates_once(case, look, as_role):
    look()
    assert case.told() == []
    case.ends(respond_by=-1, due_at=5)
    look()
    look()
    assert (case.told(), case.row().level, case.row().priority) == (["respond_by"], 1, 1)
    as_role("officer", "A").post(f"/api/v1/cases/{case.id}/accept", json={})
    case.ends(due_at=-1)
    look()
    look()
    assert (case.told(), case.row().level) == (["respond_by", "due_at"], 2)
    case.ends(due_at=-0.5)  # a later end, say after an extension
    look()
    look()
    assert (case.told()[2:], case.row().level) == (["due_at"], 3)
    case.ends(due_at=-0.2)
    look()
    assert case.row().level == 3


def test_past_both_ends_goes_up_twice_and_no_more(case, look):
    case.ends(respond_by=-2, due_at=-1)
    for _look in range(4):
        look()
    assert sorted(case.told()) == ["due_at", "respond_by"]


def test_who_accepted_late_is_not_escalated_for_it(case, look, as_role):
    case.ends(respond_by=-1)
    as_role("officer", "A").post(f"/api/v1/cases/{case.id}/accept", json={})
    look()
    assert case.told() == []


@pytest.mark.parametrize("state", ["hung_up", "transferred", "closed"])
def test_a_clock_that_stands_still_or_is_over_does_not_run_out(case, look, superuser, state):
    paused = "now(), 60" if state != "closed" else "NULL, NULL"
    with superuser.cursor() as cursor:
        cursor.execute(
            f"UPDATE app.case_file SET state = %s, (paused_at, paused_left_s) = ({paused}) WHERE id = %s",
            (state, case.id),
        )
    case.ends(respond_by=-1, due_at=-1)
    look()
    assert case.told() == []


def test_two_workers_who_look_at_once_escalate_once(case, look):
    case.ends(respond_by=-1, due_at=9)
    barrier = Barrier(3)

    def press():
        barrier.wait()
        look()

    threads = [Thread(target=press) for _worker in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert case.told() == ["respond_by"]


def test_after_a_bad_night_it_asks_for_itself_until_all_are_told(
    database, station, app, send_report, superuser, owner_db, monkeypatch
):
    monkeypatch.setattr(jobs, "MOST_AT_ONCE", 2)
    cases = [Clocked(send_report("t.volunteer", "B1").id, superuser, owner_db) for _each in range(5)]
    for case in cases:
        case.ends(due_at=-1, respond_by=9)
    by, args, turns = Actor(station.id, queue.MACHINE), {}, 0
    asked_for = text("SELECT args FROM app.job WHERE key LIKE 'clocks:%' ORDER BY id")
    while args is not None:
        with database.transaction(by) as session:
            watch_clocks(queue.Run(session, by, 77, args, {"blobs": app.extensions["shuangge"].blobs}))
        turns += 1
        with owner_db.transaction() as session:
            asked = list(session.scalars(asked_for))
        args = asked[turns - 1] if len(asked) == turns else None
    assert [case.told() for case in cases] == [["due_at"]] * 5
    assert turns >= 3


def test_a_ground_without_anybody_rings_once_a_day(look, send_report, station, owner_db, superuser):
    def alarms():
        query = text("SELECT subject_id, data FROM app.event WHERE name = 'areas.unattended' ORDER BY id")
        with owner_db.transaction() as session:
            return [(row.subject_id, row.data["cases"]) for row in session.execute(query)]

    send_report("t.volunteer", "C1")
    send_report("t.volunteer", "C1")
    look()
    look()
    assert alarms() == [(UUID(str(station.grids["C1"])), 2)]
