"""The branches of a case's life told one by one, at the real doors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tests.samples import ANSWERS as WIRE
from tests.webapp.cases.life_cases import CASES, form, step
from webapp.cases.rules import replayed

SLOPE = {"signs": "cracks", "households_below": 3}
ANSWERS = {"slope": SLOPE, "flying_wire": WIRE, "lead": {"subject": "gambling", "ongoing": False}}


@pytest.fixture(scope="module", autouse=True)
def strict_end(as_role):
    answer = as_role("station_chief").patch("/api/v1/station-settings", json={"strict_end": True})
    assert answer.status_code == 200


@pytest.fixture
def walk(as_user, send_report, station, owner_db):
    """A case that people walk through its life."""
    return Walk(as_user, send_report, station, owner_db)


class Walk:
    """One case: `does` takes a step and must succeed, `refused` must not."""

    def __init__(self, as_user, send_report, station, owner_db):
        self.as_user, self.send_report, self.station, self.owner_db = as_user, send_report, station, owner_db

    def begins(self, by="t.volunteer", grid="A1", class_code="slope", **changes):
        self.place = self.station.inside(grid)
        named = {"class_code": class_code, "answers": ANSWERS[class_code], **changes}
        self.id = self.send_report(by, grid, **named).id
        return self

    def does(self, who, verb, **changes):
        answer = step(self.as_user(who), self.id, verb, form(verb, self.place, **changes))
        assert answer.status_code == 200, (who, verb, answer.text)
        return answer.json

    def refused(self, who, verb, status, code, **changes):
        answer = step(self.as_user(who), self.id, verb, form(verb, self.place, **changes))
        assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
        return [error["code"] for error in answer.json.get("errors", ())]

    def row(self):
        with self.owner_db.transaction() as session:
            return session.execute(text("SELECT * FROM app.case_file WHERE id = :id"), {"id": self.id}).one()

    def events(self):
        with self.owner_db.transaction() as session:
            found = session.execute(
                text("SELECT name, data FROM app.event WHERE subject_id = :id ORDER BY id"), {"id": self.id}
            )
            return [(row.name, row.data) for row in found]

    def offered(self, who):
        return [s["verb"] for s in self.as_user(who).get(f"{CASES}/{self.id}/steps").json]


def until(**more):
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def test_dispatched_acknowledged_fed_back_and_verified_by_a_second_person(walk, member):
    worker = member("t.grid_worker.b").person_id
    walk.begins().does("t.officer.a", "accept")
    assert walk.as_user("t.grid_worker.b").get(f"{CASES}/{walk.id}").status_code == 404
    walk.does("t.officer.a", "dispatch", person_id=str(worker))
    walk.does("t.grid_worker.b", "acknowledge")
    assert walk.row().handler_id == worker
    walk.does("t.grid_worker.b", "feed_back")
    assert walk.refused("t.grid_worker.b", "verify", 403, "not_yours") == []
    done = walk.does("t.officer.a", "verify")
    assert (done["state"], walk.row().verified_by) == ("closed", member("t.officer.a").person_id)
    assert replayed(walk.events()) == "closed"


def test_who_hands_back_gives_it_to_who_sent_it_and_sees_it_no_more(walk, member):
    officer = member("t.officer.a").person_id
    walk.begins().does("t.officer.a", "accept")
    walk.does("t.officer.a", "dispatch", person_id=str(member("t.grid_worker.b").person_id))
    back = walk.does("t.grid_worker.b", "hand_back")
    assert back["state"] == "accepted"
    row = walk.row()
    assert (row.handler_id, row.assigned_to, row.revision) == (officer, None, 4)
    assert walk.as_user("t.grid_worker.b").get(f"{CASES}/{walk.id}").status_code == 404
    walk.refused("t.grid_worker.b", "acknowledge", 404, "not_found")


def test_an_extension_is_asked_refused_asked_again_and_granted_by_another(walk):
    walk.begins().does("t.grid_worker.a", "accept")
    due = walk.row().due_at
    assert walk.refused("t.grid_worker.a", "ask_extension", 422, "refused", until=until(days=-1)) == [
        "until_wrong"
    ]
    walk.does("t.grid_worker.a", "ask_extension")
    walk.refused("t.grid_worker.a", "grant_extension", 403, "not_yours")
    walk.refused("t.grid_worker.a", "ask_hang_up", 409, "state")
    walk.does("t.officer.a", "refuse_extension")
    assert (walk.row().due_at, walk.row().pending) == (due, None)
    wish = until(days=4)
    walk.does("t.grid_worker.a", "ask_extension", until=wish)
    walk.does("t.officer.a", "grant_extension")
    row = walk.row()
    assert (row.due_at.isoformat()[:19], row.pending, row.state) == (wish[:19], None, "accepted")


def test_an_officer_never_grants_his_own_wish(walk):
    walk.begins().does("t.officer.a", "accept")
    walk.does("t.officer.a", "ask_hang_up")
    assert "hang_up" not in walk.offered("t.officer.a")
    walk.refused("t.officer.a", "hang_up", 403, "not_yours")
    assert "hang_up" in walk.offered("t.station_chief")


def test_hung_up_the_clock_stands_still_and_what_was_left_is_kept(walk, superuser):
    walk.begins().does("t.grid_worker.a", "accept")
    walk.does("t.grid_worker.a", "ask_hang_up")
    walk.does("t.officer.a", "hang_up")
    left = walk.row().paused_left_s
    assert 0 < left <= 24 * 3600
    with superuser.cursor() as cursor:  # ten days later
        cursor.execute(
            "UPDATE app.case_file SET due_at = due_at - interval '10 days',"
            " paused_at = paused_at - interval '10 days' WHERE id = %s",
            (walk.id,),
        )
    walk.does("t.officer.a", "resume")
    row = walk.row()
    again = (row.due_at - datetime.now(UTC)).total_seconds()
    # The limit goes on with what was left to the microsecond; the column shows whole seconds.
    assert left - 60 < again <= left + 1
    assert (row.paused_at, row.paused_left_s, row.state) == (None, None, "accepted")


def test_handed_over_to_another_body_receipt_and_answer(walk):
    walk.begins()
    walk.does("t.officer.a", "transfer")
    walk.does("t.officer.a", "note_receipt")
    assert {k: walk.row().facts[k] for k in ("body", "receipt")} == {"body": "街道办", "receipt": "回执-7"}
    walk.does("t.officer.a", "note_answer")
    row = walk.row()
    assert (row.state, row.paused_at is None, row.handler_id is not None) == ("fed_back", True, True)
    walk.refused("t.officer.a", "verify", 403, "not_yours")
    walk.does("t.grid_worker.a", "verify")
    assert "街道办" not in str(walk.events())


def test_refused_there_it_is_taken_back(walk, member):
    walk.begins().does("t.officer.a", "transfer")
    walk.does("t.station_chief", "take_back")
    row = walk.row()
    assert (row.state, row.paused_left_s) == ("accepted", None)
    assert row.handler_id == member("t.station_chief").person_id


def test_rejected_and_reopened_it_starts_afresh(walk):
    walk.begins().does("t.officer.a", "accept")
    assert walk.refused("t.officer.a", "reject", 422, "refused", note=" ") == ["note_needed"]
    walk.does("t.officer.a", "reject")
    assert walk.offered("t.grid_worker.a") == []
    walk.does("t.officer.a", "reopen")
    row = walk.row()
    assert (row.state, row.reopened, row.handler_id, row.accepted_at) == ("reported", 1, None, None)
    assert row.due_at > datetime.now(UTC)


def test_a_duplicate_goes_to_the_lead_case_and_comes_back(walk, send_report):
    walk.begins()
    lead = walk.as_user("t.officer.a").get(f"{CASES}/{send_report('t.volunteer', 'A2').id}").json
    assert walk.refused("t.officer.a", "mark_duplicate", 422, "refused", of="T-2020-000001") == [
        "lead_unknown"
    ]
    own = walk.as_user("t.officer.a").get(f"{CASES}/{walk.id}").json["number"]
    assert walk.refused("t.officer.a", "mark_duplicate", 422, "refused", of=own) == ["lead_wrong"]
    walk.does("t.officer.a", "mark_duplicate", of=lead["number"])
    assert walk.row().duplicate_of == UUID(lead["id"])
    walk.refused("t.officer.a", "accept", 409, "state")
    walk.does("t.officer.a", "unmerge")
    assert (walk.row().state, walk.row().duplicate_of) == ("reported", None)


def test_the_reporter_withdraws_before_anybody_has_it_and_not_later(walk):
    walk.begins()
    walk.refused("t.volunteer.2", "withdraw", 404, "not_found")
    walk.does("t.volunteer", "withdraw")
    assert walk.row().state == "withdrawn"
    walk.begins().does("t.officer.a", "accept")
    walk.refused("t.volunteer", "withdraw", 403, "not_yours")


def test_the_reporter_verifies_on_the_spot_and_not_from_afar(walk):
    walk.begins().does("t.officer.a", "accept")
    walk.does("t.officer.a", "feed_back")
    lon, _lat = walk.place
    assert walk.refused("t.volunteer", "verify", 422, "refused", lon=lon + 0.01) == ["too_far"]
    # Nobody comes near by claiming to know his place badly.
    assert walk.refused("t.volunteer", "verify", 422, "refused", lon=lon + 0.01, accuracy_m=90000) == [
        "too_far"
    ]
    assert walk.refused("t.volunteer", "verify", 422, "refused", photo=None) == ["photo_needed"]
    walk.does("t.volunteer", "verify", lon=lon + 0.0005)
    assert walk.row().state == "closed"


def test_the_reporter_sends_back_what_is_not_settled(walk):
    walk.begins().does("t.officer.a", "accept")
    walk.does("t.officer.a", "feed_back")
    walk.does("t.volunteer", "send_back")
    assert walk.row().state == "handling"


def test_escalated_three_times_and_no_more(walk):
    walk.begins()
    for level in (1, 2, 3):
        walk.does("t.grid_worker.a", "escalate")
        assert (walk.row().level, walk.row().priority) == (level, 1)
    walk.refused("t.grid_worker.a", "escalate", 409, "state")


def test_a_flying_wire_ends_only_after_the_order_to_correct(walk):
    walk.begins(class_code="flying_wire").does("t.officer.a", "accept")
    walk.refused("t.officer.a", "feed_back", 409, "state")
    walk.does("t.officer.a", "order_correction")
    walk.does("t.officer.a", "feed_back")
    walk.refused("t.officer.a", "close", 409, "state")


def test_what_is_restricted_stays_with_the_police(walk, member):
    walk.begins(by="t.officer.a", class_code="lead")
    walk.refused("t.grid_worker.a", "accept", 404, "not_found")
    walk.does("t.officer.a", "accept")
    worker = str(member("t.grid_worker.a").person_id)
    assert walk.refused("t.officer.a", "dispatch", 422, "refused", person_id=worker) == ["no_handler"]
    walk.does("t.officer.a", "dispatch", person_id=str(member("t.officer.b").person_id))
    purpose = {"purpose": "handle", "words": "派遣给我办理"}
    assert walk.as_user("t.officer.b").post(f"/api/v1/leads/{walk.id}/open", json=purpose).status_code == 200
    walk.does("t.officer.b", "acknowledge")
    assert walk.row().handler_id == member("t.officer.b").person_id


def test_of_two_sides_of_a_border_who_accepts_first_has_it_on_his_ground(walk, station):
    _west, south, east, north = station.box("A1")
    place = {"lon": east - 0.0002, "lat": (south + north) / 2, "accuracy_m": 60}
    walk.begins(place=place)
    assert walk.row().neighbour_grid_id == station.grids["B1"]
    both = [walk.as_user(f"t.officer.{x}").get(f"{CASES}/{walk.id}").status_code for x in "ab"]
    assert both == [200, 200]
    walk.does("t.officer.b", "accept")
    row = walk.row()
    assert (row.grid_id, row.neighbour_grid_id) == (station.grids["B1"], station.grids["A1"])
    assert row.police_grid_id == station.police_grids["B"]
    assert walk.events()[-1][1]["from_grid"] == str(station.grids["A1"])
    walk.refused("t.officer.a", "accept", 409, "state")


def test_an_unknown_verb_and_an_unknown_case_are_not_found(walk):
    walk.begins()
    walk.refused("t.officer.a", "explode", 404, "not_found")
    walk.id = uuid4()
    walk.refused("t.officer.a", "accept", 404, "not_found")


def test_words_of_a_step_are_a_note_and_never_in_the_event(walk):
    walk.begins().does("t.officer.a", "reject", note="身份证号写在这里")
    assert "身份证" not in str(walk.events())
    notes = walk.as_user("t.officer.a").get(f"{CASES}/{walk.id}").json["notes"]
    assert [n["note"] for n in notes] == ["身份证号写在这里"]
