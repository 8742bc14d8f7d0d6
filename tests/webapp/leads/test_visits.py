"""Visits to people in need: their data are for visitors, officer in charge and chief; each read logged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from webapp.leads import rules

NAME, ADDRESS, PHONE = "孤寡某老人", "三巷二号院", "13911112222"


@pytest.fixture(scope="module")
def keep(as_user, member, station):
    """Return a function that keeps a person visited by t.volunteer: keep(risk='high', minor=True, ...)."""

    def make(username="t.station_chief", expect=200, **changes):
        made = str(uuid4())
        said = {
            "name": NAME, "address": ADDRESS, "phone": PHONE, "risk": "high", "note": "听力不好，敲门要响",
            "grid_id": str(station.grids["A1"]), "officer_id": str(member("t.officer.a").person_id),
            "visitor_id": str(member("t.volunteer").person_id), **changes,
        }  # fmt: skip
        answer = as_user(username).put(f"/api/v1/visited/{made}", json=said)
        assert answer.status_code == expect, answer.text
        return made if expect == 200 else answer.json

    return make


def open_person(client, person, purpose="visit"):
    return client.post(f"/api/v1/visited/{person}/open", json={"purpose": purpose})


def log(client, person, result="well", **changes):
    said = {
        "id": str(uuid4()),
        "at": datetime.now(UTC).isoformat(),
        "result": result,
        "words": "精神不错",
        **changes,
    }
    return client.post(f"/api/v1/visited/{person}/visits", json=said), said


def listed(client, person):
    people = client.get("/api/v1/visited").json["people"]
    return next((item for item in people if item["id"] == person), None)


def test_lists_know_initials_and_the_grid_only(as_user, keep):
    person = keep()
    for name in ("t.volunteer", "t.officer.a", "t.station_chief"):
        client = as_user(name)
        assert listed(client, person)["initials"] == "孤某某"
        for page in (client.get("/api/v1/visited").text, client.get("/visits").text):
            assert not [word for word in (NAME, ADDRESS, PHONE) if word in page], name


def test_others_do_not_learn_that_there_is_anybody(as_user, keep, db_as):
    person = keep()
    for name in ("t.volunteer.2", "t.officer.b", "t.grid_worker.a", "t.mediator", "u.station_chief"):
        assert listed(as_user(name), person) is None, name
        assert open_person(as_user(name), person).status_code == 404, name
        assert log(as_user(name), person)[0].status_code == 404, name
    for name in (
        "t.volunteer.2",
        "t.officer.b",
        "t.planner",
        "t.system_admin",
        "t.audit_admin",
        "u.officer.a",
    ):
        with db_as(name) as session:
            found = text("SELECT count(*) FROM app.visit_person WHERE id = :id")
            assert session.scalar(found, {"id": person}) == 0, name
            assert (
                session.scalar(text("SELECT app.read_visited(:id, 'visit', '')"), {"id": person}) is None
            ), name


@pytest.mark.parametrize("username", ["t.volunteer", "t.officer.a", "t.station_chief"])
def test_each_read_is_logged_before_it_is_shown(as_user, keep, owner_db, username):
    person = keep()
    assert open_person(as_user(username), person, "curious").status_code == 422
    told = open_person(as_user(username), person)
    assert (told.json["name"], told.json["address"], told.json["phone"]) == (NAME, ADDRESS, PHONE)
    with owner_db.transaction() as session:
        rows = session.execute(
            text("SELECT what, purpose FROM app.lead_read WHERE subject_id = :id"), {"id": person}
        ).all()
    assert rows == [("person", "visit")]
    assert person in {row["subject_id"] for row in as_user("t.audit_admin").get("/api/v1/leads/reads").json}


def test_details_are_out_of_reach_of_direct_sql(db_as, keep):
    keep()
    for name in ("t.volunteer", "t.officer.a", "t.station_chief", "t.system_admin"):
        for attack in ("SELECT * FROM app.visit_detail", "SELECT words FROM app.visit",
                       "UPDATE app.visit_detail SET name = 'x'"):  # fmt: skip
            with pytest.raises(Exception, match="permission denied"), db_as(name) as session:
                session.execute(text(attack))


def test_a_visit_is_logged_once_and_moves_the_next_one(as_user, keep):
    person, volunteer = keep(), as_user("t.volunteer")
    first, said = log(volunteer, person)
    assert first.status_code == 201, first.text
    assert volunteer.post(f"/api/v1/visited/{person}/visits", json=said).status_code == 201
    other = volunteer.post(f"/api/v1/visited/{person}/visits", json={**said, "result": "away"})
    assert other.json["code"] == "already_known"
    visits = open_person(volunteer, person).json["visits"]
    assert [(item["result"], item["words"]) for item in visits] == [("well", "精神不错")]
    due = datetime.fromisoformat(listed(volunteer, person)["due_at"])
    assert timedelta(days=6) < due - datetime.now(UTC) < timedelta(days=8)


def test_who_was_not_met_stays_due(as_user, keep, superuser):
    person, volunteer = keep(), as_user("t.volunteer")
    with superuser.cursor() as cursor:
        cursor.execute(
            "UPDATE app.visit_person SET since_at = now() - interval '9 days' WHERE id = %s", (person,)
        )
    assert listed(volunteer, person)["urgency"] == "overdue"
    log(volunteer, person, "not_met")
    assert listed(volunteer, person)["urgency"] == "overdue"
    log(volunteer, person, "help_needed")
    assert listed(volunteer, person)["urgency"] == "later"


def test_the_end_of_the_visits_ends_the_reading(as_user, keep):
    person = keep()
    assert as_user("t.officer.a").post(f"/api/v1/visited/{person}/end").json["ended_at"]
    assert open_person(as_user("t.volunteer"), person).status_code == 404
    assert listed(as_user("t.volunteer"), person) is None
    assert open_person(as_user("t.officer.a"), person).status_code == 200


def test_who_may_keep_and_what_is_refused(as_user, keep, station, member):
    assert keep("t.officer.a")
    keep("t.officer.b", expect=403)
    other = str(member("t.officer.b").person_id)
    keep("t.officer.a", expect=403, officer_id=other)
    keep("t.officer.a", expect=403, grid_id=str(station.grids["B1"]))
    assert keep(expect=422, minor=True)["errors"][0]["code"] == "guardian_needed"
    assert keep(minor=True, guardian="祖母", guardian_phone="0351-1234567")
    twice = str(member("t.volunteer").person_id)
    assert keep(expect=422, second_id=twice)["errors"][0]["code"] == "visitor_twice"


def test_intervals_are_data_of_the_station(as_user, keep):
    person = keep(risk="general")
    chief = as_user("t.station_chief")
    assert chief.put("/api/v1/visit-intervals/general", json={"days": 10}).status_code == 200
    due = datetime.fromisoformat(listed(chief, person)["due_at"])
    assert due - datetime.now(UTC) < timedelta(days=11)
    assert as_user("t.officer.a").put("/api/v1/visit-intervals/general", json={"days": 1}).status_code == 403


def test_rates_of_fewer_than_five_are_not_told():
    few = rules.rates([("high", "later")] * 4)
    assert few[0] == {"risk": "high", "people": "<5", "rate": "<5"}
    enough = rules.rates([("high", "later")] * 3 + [("high", "overdue")] * 2)
    assert enough[0] == {"risk": "high", "people": "5", "rate": "60 %"}
    assert rules.figure(0) == rules.figure(None) == "<5"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王某某"),
        ("李四", "李某"),
        ("Anna Maria Li", "A.M.L."),
        (" ", "?"),
        ("欧阳修平安", "欧某某"),
    ],
)
def test_initials(name, shown):
    assert rules.initials(name) == shown
