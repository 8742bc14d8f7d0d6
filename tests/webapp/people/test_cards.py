"""Printed cards: each signs its person in once, for thirty days, and nobody makes himself somebody higher."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.webapp.residents.resident import HTML


def cards(client, *people):
    return client.post("/api/v1/enrolment-cards", json={"person_ids": [str(p.person_id) for p in people]})


def path(card):
    return card["url"].partition("localhost")[2]


def aged(owner_db, days):
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("""UPDATE auth.token SET created_at = created_at - make_interval(days => :d),
                expires_at = expires_at - make_interval(days => :d) WHERE scope = 'enrol'"""),
            {"d": days},
        )


def test_a_card_signs_its_person_in_once(app, as_role, member, owner_db):
    [card] = cards(as_role("station_chief"), member("t.volunteer")).json
    assert card["qr_svg"].startswith("<svg")
    aged(owner_db, 20)  # a self-made invitation would be long over
    phone = app.test_client()
    assert phone.get(path(card), headers=HTML).status_code == 200
    assert phone.post(path(card)).headers["Location"] == "/phone/"
    me = phone.get("/api/v1/me").json
    assert me["person_id"] == str(member("t.volunteer").person_id)
    assert app.test_client().post(path(card)).status_code == 422
    bearer = {"Authorization": f"Bearer {path(card).rpartition('/')[2]}"}
    assert app.test_client().get("/api/v1/me", headers=bearer).status_code == 401


def test_a_card_ends_after_thirty_days_and_by_a_new_one(app, as_role, member, owner_db):
    chief = as_role("system_admin")
    [old] = cards(chief, member("t.volunteer.2")).json
    [new] = cards(chief, member("t.volunteer.2")).json
    assert app.test_client().post(path(old)).status_code == 422
    assert app.test_client().post(path(new)).status_code == 302
    [late] = cards(chief, member("t.volunteer.2")).json
    aged(owner_db, 31)
    assert app.test_client().post(path(late)).status_code == 422


def test_a_card_is_worth_nothing_once_its_person_has_a_higher_role(app, as_role, member, owner_db):
    """Printed for a volunteer, it would sign a finder in as the officer that the volunteer became."""
    [card] = cards(as_role("system_admin"), member("t.volunteer.2")).json
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        role = text("UPDATE auth.account SET role = :role WHERE username = 't.volunteer.2'")
        session.execute(role, {"role": "officer"})
    assert app.test_client().post(path(card)).status_code == 422
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(role, {"role": "volunteer"})
    assert app.test_client().post(path(card)).status_code == 302


def test_the_ten_minutes_of_an_own_invitation_stay(app, as_role, owner_db):
    made = as_role("volunteer").post("/api/v1/phone-invitations").json
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("UPDATE auth.token SET created_at = created_at - interval '11 min' WHERE scope = 'enrol'")
        )
    assert app.test_client().post(path(made)).status_code == 422


@pytest.mark.parametrize("username", ["t.officer.a", "t.system_admin", "t.station_chief", "u.volunteer"])
def test_no_card_for_higher_roles_or_other_stations(as_role, member, username):
    refused = cards(as_role("station_chief"), member("t.volunteer"), member(username))
    assert (refused.status_code, refused.json["code"]) == (422, "no_card")


def test_the_database_refuses_cards_made_by_others(db_as, member):
    with pytest.raises(Exception, match="only the chief"), db_as("t.officer.a") as session:
        session.execute(
            text("SELECT app.issue_card(:p, gen_random_uuid(), '\\x00', 30)"),
            {"p": member("t.volunteer").person_id},
        )


def test_the_page_offers_the_people_who_may_get_one(as_role, member):
    page = as_role("station_chief").get("/sheets", headers=HTML).text
    assert str(member("t.volunteer").person_id) in page
    assert str(member("t.officer.a").person_id) not in page
    assert str(member("t.volunteer").person_id) not in as_role("planner").get("/sheets", headers=HTML).text
