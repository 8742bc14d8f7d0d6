"""What a call did not say is answered on its case later, by who works on it; what was said stays."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.webapp.intake.conftest import csv_of

SAID = {"building_kind": "multi_storey", "wires": 2, "seen_charging": True}


@pytest.fixture
def wire(source, send, call, as_role):
    """A call about a wire in grid A1, taken over: nobody was asked the questions of its class."""
    row = call("A1", 报警内容="楼下飞线充电")
    upload = send(source(), csv_of([row])).json
    assert as_role("station_chief").post(f"/api/v1/intake/uploads/{upload['id']}/take").status_code == 200
    rows = as_role("station_chief").get(f"/api/v1/intake/uploads/{upload['id']}/rows").json["rows"]
    return rows[0]["case_id"], rows[0]["case_number"]


def fill(client, case_id, **answers):
    return client.post(f"/api/v1/cases/{case_id}/answers", json={"answers": answers})


def test_the_officer_fills_in_what_the_call_did_not_say(wire, as_user, owner_db):
    case_id, number = wire
    officer = as_user("t.officer.a")
    page = officer.get(f"/cases/{number}?lang=en").text
    assert 'id="q_wires"' in page
    done = fill(officer, case_id, wires=2, seen_charging=True)
    assert done.status_code == 200, done.text
    assert done.json["answers"] == {"wires": 2, "seen_charging": True}
    assert fill(officer, case_id, wires=2).json["revision"] == done.json["revision"]  # the same again
    assert fill(officer, case_id, building_kind="multi_storey").json["answers"] == SAID
    page = officer.get(f"/cases/{number}?lang=en").text
    assert 'id="q_wires"' not in page
    assert page.count("Missing answers filled in") == 2
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        told = session.execute(
            text("""SELECT data FROM app.event WHERE subject_id = :id AND name = 'cases.answers_filled'
                ORDER BY id"""),
            {"id": case_id},
        ).scalars()
        assert [data["questions"] for data in told] == [["seen_charging", "wires"], ["building_kind"]]


def test_what_was_said_stays_and_each_fault_is_named(wire, as_user):
    case_id, _number = wire
    officer = as_user("t.officer.a")
    assert fill(officer, case_id, wires=2).status_code == 200
    before = officer.get(f"/api/v1/cases/{case_id}").json
    for answers, wanted in (
        ({"wires": 3}, ("/answers/wires", "answer_stands")),
        ({"wires": 3, "seen_charging": True}, ("/answers/wires", "answer_stands")),
        ({"building_kind": "castle"}, ("/answers/building_kind", "answer_choice")),
        ({"seen_charging": "yes"}, ("/answers/seen_charging", "answer_yesno")),
        ({"seen_charging": None, "building_kind": ""}, ("/answers", "field_required")),
        ({"no/such~one": 1}, ("/answers/no~1such~0one", "answer_not_asked")),
        ({"photo": "x"}, ("/answers/photo", "answer_not_asked")),
        ({}, ("/answers", "field_required")),
    ):
        refused = fill(officer, case_id, **answers)
        assert refused.status_code == 422, answers
        assert wanted in {(e["pointer"], e["code"]) for e in refused.json["errors"]}
    after = officer.get(f"/api/v1/cases/{case_id}").json
    assert (after["answers"], after["revision"]) == (before["answers"], before["revision"])


def test_without_scripts_a_plain_form_does_it(wire, as_user):
    case_id, number = wire
    done = as_user("t.officer.a").post(
        f"/cases/{number}/answers", data={"q_wires": "4", "q_seen_charging": "no", "q_building_kind": ""}
    )
    assert (done.status_code, done.headers["Location"]) == (303, f"/cases/{number}")
    kept = as_user("t.officer.a").get(f"/api/v1/cases/{case_id}").json["answers"]
    assert kept == {"wires": 4, "seen_charging": False}


def test_who_may(wire, as_user):
    case_id, _number = wire
    wanted = {
        **{"t.officer.b": 404, "t.mediator": 404, "u.station_chief": 404, "t.volunteer": 403},
        **{"t.planner": 403, "t.grid_worker.a": 200, "t.station_chief": 200},
    }
    for name, status in wanted.items():
        assert fill(as_user(name), case_id, wires=2).status_code == status, name


def test_an_ended_case_is_answered_no_more(wire, as_user):
    case_id, number = wire
    officer = as_user("t.officer.a")
    rejected = officer.post(f"/api/v1/cases/{case_id}/steps/reject", data={"note": "不属实"})
    assert rejected.status_code == 200, rejected.text
    refused = fill(officer, case_id, wires=2)
    assert (refused.status_code, refused.json["code"]) == (409, "state")
    assert 'id="q_wires"' not in officer.get(f"/cases/{number}").text


def test_the_reporters_own_answers_are_not_his_to_change_by_raw_sql(send_report, db_as):
    sample = send_report("t.volunteer", "A1")
    for name in ("t.officer.a", "t.station_chief"):
        with db_as(name) as session, pytest.raises(DBAPIError, match="answers that were given stay"):
            session.execute(text("UPDATE app.case_file SET answers = '{}' WHERE id = :id"), {"id": sample.id})
    with db_as("t.volunteer") as session, pytest.raises(DBAPIError, match="row-level security"):
        session.execute(
            text("""UPDATE app.case_file SET answers = answers || '{"more": 1}' WHERE id = :id"""),
            {"id": sample.id},
        )
