"""Many who act on one case at the same moment: one wins, the others are told which revision is there now."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.webapp.cases.life_cases import CASES, form, step

# Eight different verbs that a fresh or accepted case offers to the chief or an officer.
VERBS = ("reject", "transfer", "handle", "ask_extension", "ask_hang_up", "escalate", "dispatch", "close")


def test_eight_verbs_at_once_one_wins(app, send_report, as_role, token_for, owner_db, station, member):
    sent = send_report("t.volunteer", "A1")
    as_role("officer", "A").post(f"{CASES}/{sent.id}/accept", json={})
    barrier, answers = Barrier(len(VERBS)), {}
    worker = {"person_id": str(member("t.grid_worker.a").person_id)}

    def press(verb):
        client = app.test_client(use_cookies=False)
        data = form(verb, station.inside("A1"), **(worker if verb == "dispatch" else {}))
        headers = {"Authorization": f"Bearer {token_for('t.officer.a')}", "If-Match": '"2"'}
        barrier.wait()
        answers[verb] = step(client, sent.id, verb, data, headers=headers)

    threads = [Thread(target=press, args=(verb,)) for verb in VERBS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [verb for verb, answer in answers.items() if answer.status_code == 200]
    assert len(won) == 1, {verb: answer.text for verb, answer in answers.items()}
    for verb in set(VERBS) - set(won):
        assert (answers[verb].status_code, answers[verb].json["code"]) == (409, "revision")
        assert "3" in answers[verb].json["detail"], "says nothing of the present revision"
    with owner_db.transaction() as session:
        count = session.scalar(text("SELECT count(*) FROM app.event WHERE subject_id = :i"), {"i": sent.id})
        revision = session.scalar(text("SELECT revision FROM app.case_file WHERE id = :i"), {"i": sent.id})
    assert (count, revision) == (3, 3)


@pytest.mark.parametrize(("match", "status"), [('"1"', 200), ('"7"', 409), (None, 200)])
def test_if_match_names_the_revision_that_was_seen(send_report, as_role, match, status):
    sent = send_report("t.volunteer", "A1")
    headers = {"If-Match": match} if match else {}
    answer = step(as_role("officer", "A"), sent.id, "accept", {}, headers=headers)
    assert answer.status_code == status


def test_by_hand_nobody_writes_more_than_his_part(send_report, db_as, owner_db, superuser, member):
    """What the application's role may do to the row without the application: the database's own walls."""
    sent = send_report("t.volunteer", "A1")
    told = {"id": sent.id, "b": member("t.grid_worker.b").person_id}
    count = text("SELECT count(*) FROM app.case_file WHERE id = :id")
    take = text("UPDATE app.case_file SET handler_id = :b, assigned_to = :b WHERE id = :id")
    leave = text('SELECT app.leave_case(:id, \'{"state": "closed"}\')')
    for who in ("t.grid_worker.b", "t.officer.b", "t.planner", "u.officer.a", "u.station_chief"):
        with db_as(who) as session:
            assert session.scalar(count, told) == 0, who
            assert session.execute(take, told).rowcount == 0, who
            assert session.scalar(leave, told) is False, who
    with pytest.raises(DBAPIError, match="row-level security"), db_as("t.volunteer") as session:
        session.execute(text("UPDATE app.case_file SET state = 'accepted' WHERE id = :id"), told)
    with superuser.cursor() as cursor:
        cursor.execute("UPDATE app.case_file SET assigned_to = %s WHERE id = %s", (str(told["b"]), sent.id))
    with db_as("t.grid_worker.b") as session:
        assert session.scalar(count, told) == 1
        assert session.execute(take, told).rowcount == 1
    with superuser.cursor() as cursor:
        cursor.execute("UPDATE app.case_file SET restricted = true WHERE id = %s", (sent.id,))
    with db_as("t.grid_worker.b") as session:
        assert session.scalar(count, told) == 0, "what is restricted stays with the police"
        assert session.scalar(leave, told) is False
