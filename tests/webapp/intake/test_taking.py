"""The worker takes a large file in small steps: each order once, phones' reports never wait for the whole."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.webapp.intake.conftest import csv_of
from webapp.cases.models import Case
from webapp.core.queue import Job
from webapp.intake import rules
from webapp.worker import Worker

UPLOADS = "/api/v1/intake/uploads"


@pytest.fixture
def taking(source, send, call, as_role, settings, monkeypatch):
    """An officer's file of four orders that the worker is asked to take, a step for each order."""
    monkeypatch.setattr(rules, "STEP", timedelta(0))
    worker = Worker(settings)
    while worker.step():
        pass
    code = source()
    made = send(code, csv_of([call() for _n in range(4)]), role="officer", police_grid="A")
    officer = as_role("officer", police_grid="A")
    address = f"{UPLOADS}/{made.json['id']}"
    assert officer.post(f"{address}/take").json["state"] == "taking"
    return worker, code, lambda: officer.get(address).json


def taken(owner_db, code):
    with owner_db.transaction() as session:
        return session.scalars(select(Case.source_ref).where(Case.source == f"intake:{code}")).all()


def test_no_step_lasts_long_and_each_order_is_taken_once(taking, owner_db):
    worker, code, upload = taking
    seen = []
    while worker.step():
        seen.append(len(taken(owner_db, code)))
    assert {1, 2, 3} <= set(seen), "all orders in one transaction hold the station's case numbers too long"
    assert sorted(set(taken(owner_db, code))) == sorted(taken(owner_db, code))
    assert (upload()["state"], upload()["counts"]) == ("taken", {"taken": 4})


def test_a_long_taking_lets_others_go_first_now_and_then(taking, owner_db, monkeypatch):
    monkeypatch.setattr(rules, "STEPS_IN_A_ROW", 2)
    worker, _code, upload = taking
    with owner_db.transaction() as session:
        before = session.scalars(select(Job.id).where(Job.state == "done")).all()
    while upload()["state"] == "taking":
        assert worker.step()
    with owner_db.transaction() as session:
        done = select(Job.name).where(Job.done_at.is_not(None), Job.id.not_in(before))
        names = "".join(name + " " for name in session.scalars(done.order_by(Job.done_at)))
    between = names[names.index("intake.take_rows") : names.rindex("intake.take_rows")]
    assert "duty.route_case" in between
