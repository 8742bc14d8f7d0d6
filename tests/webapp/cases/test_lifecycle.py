"""A case goes from found to closed once, with proof, and nobody rewrites what was reported."""

from __future__ import annotations

import io
import time
from datetime import datetime, timedelta
from threading import Barrier, Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.samples import photo
from webapp.cases import actions, queries
from webapp.core import clock
from webapp.core.errors import Conflict

CASES = "/api/v1/cases"


@pytest.fixture
def reported(send_report):
    return send_report("t.volunteer", "A1")


@pytest.fixture
def officer(as_role):
    return as_role("officer", "A")


def close(client, case_id, note="已责令改正，线已拆除", picture=True, **more):
    data = {"note": note, **more}
    if picture:
        data["photo"] = (io.BytesIO(photo(7)), "after.jpg")
    return client.post(f"{CASES}/{case_id}/close", data=data)


def accept(client, case_id, **body):
    return client.post(f"{CASES}/{case_id}/accept", json=body)


def test_found_accepted_closed_with_a_timeline_of_who_did_what(reported, officer, db_as, member):
    seen = officer.get(f"{CASES}/{reported.id}").json
    assert (seen["state"], seen["revision"], seen["handler_id"]) == ("reported", 1, None)
    taken = accept(officer, reported.id, revision=1).json
    me = str(member("t.officer.a").person_id)
    assert (taken["state"], taken["revision"], taken["handler_id"]) == ("accepted", 2, me)
    assert taken["accepted_at"]
    done = close(officer, reported.id, revision=2)
    assert done.status_code == 200, done.text
    assert (done.json["state"], done.json["revision"]) == ("closed", 3)
    assert done.json["closing_note"] == "已责令改正，线已拆除"
    assert [a["purpose"] for a in done.json["attachments"]] == ["found", "closed"]
    with db_as("t.officer.a") as session:
        rows = session.execute(
            text("SELECT name, by_id, grid_id, data FROM app.event WHERE subject_id = :id ORDER BY id"),
            {"id": reported.id},
        ).all()
    names = [row.name for row in rows]
    assert names == ["cases.reported", "cases.accepted", "cases.closed"]
    assert [str(row.by_id) for row in rows] == [str(member("t.volunteer").person_id), me, me]
    assert len({row.grid_id for row in rows}) == 1
    assert "已责令" not in str([row.data for row in rows])


def test_an_old_revision_is_refused_and_changes_nothing(reported, officer):
    assert accept(officer, reported.id, revision=1).status_code == 200
    late = close(officer, reported.id, revision=1)
    assert (late.status_code, late.json["code"]) == (409, "revision")
    assert officer.get(f"{CASES}/{reported.id}").json["state"] == "accepted"


@pytest.mark.parametrize(
    ("note", "picture", "codes"),
    [
        ("", True, {"/note": "note_needed"}),
        ("  ", True, {"/note": "note_needed"}),
        ("已处理", False, {"/photo": "photo_needed"}),
        ("", False, {"/note": "note_needed", "/photo": "photo_needed"}),
    ],
)
def test_closing_needs_words_and_a_photo(reported, officer, note, picture, codes):
    accept(officer, reported.id)
    answer = close(officer, reported.id, note, picture)
    assert answer.status_code == 422
    assert {e["pointer"]: e["code"] for e in answer.json["errors"]} == codes
    assert officer.get(f"{CASES}/{reported.id}").json["state"] == "accepted"


def test_closing_with_what_is_no_photo_leaves_the_case_open(reported, officer):
    accept(officer, reported.id)
    data = {"note": "完成", "photo": (io.BytesIO(b"%PDF-1.7 no photo"), "a.jpg")}
    answer = officer.post(f"{CASES}/{reported.id}/close", data=data)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "not_a_photo")
    seen = officer.get(f"{CASES}/{reported.id}").json
    assert (seen["state"], len(seen["attachments"])) == ("accepted", 1)


def test_verbs_apply_in_their_state_only(reported, officer):
    assert close(officer, reported.id).json["code"] == "state"
    assert accept(officer, reported.id).status_code == 200
    again = accept(officer, reported.id)
    assert (again.status_code, again.json["code"]) == (409, "state")
    assert close(officer, reported.id).status_code == 200
    assert close(officer, reported.id).status_code == 409
    assert accept(officer, reported.id).status_code == 409


def test_of_two_officers_who_accept_at_once_one_wins(app, send_report, token_for, owner_db):
    """Officer and grid worker press the button at the same moment, eight times over."""
    users = ("t.officer.a", "t.grid_worker.a", "t.station_chief")
    for _round in range(8):
        sample = send_report("t.volunteer", "A2")
        barrier, answers = Barrier(len(users)), {}

        def press(username, case_id=sample.id, barrier=barrier, answers=answers):
            client = app.test_client(use_cookies=False)
            barrier.wait()
            head = {"Authorization": f"Bearer {token_for(username)}"}
            answers[username] = client.post(f"{CASES}/{case_id}/accept", json={}, headers=head)

        threads = [Thread(target=press, args=(username,)) for username in users]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(a.status_code for a in answers.values()) == [200, 409, 409]
        with owner_db.transaction() as session:
            count = session.scalar(
                text("SELECT count(*) FROM app.event WHERE subject_id = :id AND name = 'cases.accepted'"),
                {"id": sample.id},
            )
            handler = session.scalar(
                text("SELECT handler_id FROM app.case_file WHERE id = :id"), {"id": sample.id}
            )
        winner = next(a for a in answers.values() if a.status_code == 200)
        assert count == 1
        assert winner.json["handler_id"] == str(handler)


def test_who_waited_for_the_row_sees_what_the_first_one_did(reported, db_as, superuser, actor_for, app):
    """The second handler has read the case before the first one commits, and waits for its row."""
    officer_of_a, chief = actor_for("t.officer.a"), actor_for("t.station_chief")
    blobs = app.extensions["shuangge"].blobs
    caught = []

    def second():
        try:
            with db_as("t.station_chief") as session:
                seen = queries.case(session, UUID(reported.id))
                locked = actions.locked_case(session, seen.id)
                actions.take_step(session, blobs, locked, "accept", actions.Given(), by=chief)
        except Conflict as conflict:
            caught.append(conflict.params)

    with db_as("t.officer.a") as session:
        case = actions.locked_case(session, UUID(reported.id))
        actions.take_step(session, blobs, case, "accept", actions.Given(), by=officer_of_a)
        thread = Thread(target=second)
        thread.start()
        _await_lock(superuser)
    thread.join()
    assert caught == [{"state": "accepted"}]


def _await_lock(superuser):
    """Wait until a session of our database waits for another one's transaction."""
    statement = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND a.datname = current_database()"""
    for _try in range(3000):
        with superuser.cursor() as cursor:
            cursor.execute(statement)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(
    "column",
    ["raw_x", "raw_y", "raw_crs", "accuracy_m", "method", "geom", "grid_id", "note",
     "found_at", "reported_at", "reporter_id", "number", "content_hash", "station_id", "restricted"],
)  # fmt: skip
def test_what_was_reported_cannot_be_rewritten(reported, db_as, column):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        db_as("t.station_chief") as session,
    ):
        session.execute(
            text(f"UPDATE app.case_file SET {column} = {column} WHERE id = :id"), {"id": reported.id}
        )


def test_a_case_and_its_events_cannot_be_deleted(reported, db_as):
    for table, key in (("case_file", "id"), ("event", "subject_id"), ("attachment", "case_id")):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            db_as("t.station_chief") as session,
        ):
            session.execute(text(f"DELETE FROM app.{table} WHERE {key} = :id"), {"id": reported.id})


def test_the_case_page_offers_the_next_step_only(reported, officer, as_role):
    number = officer.get(f"{CASES}/{reported.id}").json["number"]
    page = officer.get(f"/cases/{number}", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert page.status_code == 200
    assert number in page.text
    assert "三单元二楼" in page.text
    volunteer = as_role("volunteer").get(f"/cases/{number}", headers={"Accept": "text/html"})
    assert volunteer.status_code == 200


def test_the_same_closing_photo_as_the_found_photo_is_kept_for_both_purposes(officer, send_report):
    sample = send_report("t.volunteer", "A1", photos=(photo(7),))
    accept(officer, sample.id)
    done = close(officer, sample.id).json
    assert [a["purpose"] for a in done["attachments"]] == ["found", "closed"]


def test_an_unknown_case_is_not_found(officer):
    answer = accept(officer, uuid4())
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_of_two_revisions_the_slower_is_told_what_changed(reported, officer, as_user):
    seen = officer.get(f"{CASES}/{reported.id}")
    assert seen.headers["ETag"] == '"1"'
    assert accept(as_user("t.station_chief"), reported.id).headers["ETag"] == '"2"'
    for headers, data in (({"If-Match": '"1"'}, {}), ({"If-Match": '"other"'}, {}), ({}, {"revision": "1"})):
        data = {"note": "不属实", **data}
        late = officer.post(f"{CASES}/{reported.id}/steps/reject", data=data, headers=headers)
        assert (late.status_code, late.json["code"], late.json["revision"]) == (409, "revision", 2)
        assert late.json["since"][-1] in ("受理", "Accepted"), late.json
        assert late.json["since"][-1] in late.json["detail"]
    note = {"note": "不属实"}
    right = officer.post(f"{CASES}/{reported.id}/steps/reject", data=note, headers={"If-Match": '"2"'})
    assert (right.status_code, right.json["state"]) == (200, "rejected")


def test_the_case_page_names_neighbours_and_what_each_has_on_the_table(send_report, as_user, station):
    lon, lat = station.inside("B1")
    # Away from where the others lie: the page names the nearest only.
    first, second = (
        send_report("t.volunteer", "B1", place={"lon": lon + 0.0016, "lat": lat + up}) for up in (0, 0.0001)
    )
    far = send_report("t.volunteer", "B2")
    officer = as_user("t.officer.b")
    numbers = [officer.get(f"{CASES}/{item.id}").json["number"] for item in (first, second, far)]
    accept(officer, first.id)
    page = officer.get(f"/cases/{numbers[0]}", headers={"Accept": "text/html", "Accept-Language": "en"}).text
    assert f'href="/cases/{numbers[1]}"' in page
    assert f'href="/cases/{numbers[2]}"' not in page
    assert "on the table: 1" in page
    volunteer = as_user("t.volunteer.2").get(f"/cases/{numbers[0]}", headers={"Accept": "text/html"})
    assert volunteer.status_code == 404


def test_a_plain_form_takes_a_step_and_shows_the_case_again(reported, officer):
    number = officer.get(f"{CASES}/{reported.id}").json["number"]
    html = {"Accept": "text/html"}
    accept(officer, reported.id)
    until = "2020-01-01T10:00"
    asked = {"note": "材料未到", "until": until, "revision": "2"}
    past = officer.post(f"/cases/{number}/steps/ask_extension", data=asked, headers=html)
    assert past.status_code == 422
    local = (clock.now() + timedelta(days=2)).astimezone(clock.SHOWN).strftime("%Y-%m-%dT%H:%M")
    done = officer.post(f"/cases/{number}/steps/ask_extension", data={**asked, "until": local}, headers=html)
    assert (done.status_code, done.headers["Location"]) == (303, f"/cases/{number}")
    seen = officer.get(f"{CASES}/{reported.id}").json
    assert seen["pending"] == "extension"
    kept = datetime.fromisoformat(seen["pending_until"]).astimezone(clock.SHOWN)
    assert kept.strftime("%Y-%m-%dT%H:%M") == local


def test_the_list_groups_sorts_and_leaves_as_a_table(send_report, as_user, owner_db):
    sent = [send_report("t.volunteer", "A2", note="列表检验") for _ in range(3)]
    with owner_db.transaction() as session:
        late = text(
            "UPDATE app.case_file SET due_at = now() - interval '2 days', priority = 1 WHERE id = :id"
        )
        session.execute(late, {"id": sent[1].id})
        session.execute(
            text("UPDATE app.case_file SET state = 'closed', closed_at = now() WHERE id = :id"),
            {"id": sent[2].id},
        )
    officer = as_user("t.officer.a")

    def ids(**query):
        answer = officer.get(CASES, query_string={"q": "列表检验", **query})
        assert answer.status_code == 200, answer.text
        return [case["id"] for case in answer.json["cases"]]

    assert set(ids(state="open")) == {sent[0].id, sent[1].id}
    assert ids(state="over") == [sent[2].id]
    assert ids(overdue=True) == [sent[1].id]
    assert ids(priority=1) == [sent[1].id]
    assert ids(sort="due")[0] == sent[1].id
    assert ids(sort="newest") == ids(sort="oldest")[::-1]
    pages, cursor = [], None
    while cursor != "":
        query = {"q": "列表检验", "sort": "due", "limit": 1, **({"cursor": cursor} if cursor else {})}
        answer = officer.get(CASES, query_string=query).json
        pages += [case["id"] for case in answer["cases"]]
        cursor = answer["next"] or ""
    assert pages == ids(sort="due")
    table = officer.get("/cases/table", query_string={"q": "列表检验", "overdue": "1"})
    assert table.mimetype == "text/csv"
    assert len(table.data.decode("utf-8-sig").splitlines()) == 2
