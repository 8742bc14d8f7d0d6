"""No purpose, no lead: the database shows a restricted lead only to who wrote down what for."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.webapp.leads.conftest import SECRET

EVERYBODY = (
    *("t.officer.a", "t.officer.b", "t.station_chief", "t.grid_worker.a", "t.volunteer", "t.planner"),
    *("t.mediator", "t.system_admin", "t.audit_admin", "u.officer.a", "u.station_chief"),
)
ROWS = text("SELECT note FROM app.case_file WHERE id = :id")
LOG = text("SELECT what FROM app.lead_read WHERE subject_id = :id ORDER BY id")


def logged(owner_db, subject):
    with owner_db.transaction() as session:
        return list(session.scalars(LOG, {"id": subject}))


@pytest.mark.parametrize("username", EVERYBODY)
def test_without_a_purpose_the_database_shows_nobody_the_lead(db_as, lead, shut, username):
    with db_as(username) as session:
        assert session.scalar(ROWS, {"id": lead.id}) is None
        for table in ("attachment", "case_note", "event"):
            column = "subject_id" if table == "event" else "case_id"
            # What one has done oneself one may see, such as having opened it earlier.
            others = " AND by_id IS DISTINCT FROM app.me()" if table == "event" else ""
            count = text(f"SELECT count(*) FROM app.{table} WHERE {column} = :id{others}")
            found = session.scalar(count, {"id": lead.id})
            # The audit log itself names ids and codes to the chief and the supervisor, never words.
            assert found == 0 or (table == "event" and username[2:] in ("station_chief", "audit_admin"))


def test_who_reported_it_still_sees_the_own_report(as_user, db_as, lead, shut):
    with db_as("t.volunteer.2") as session:
        assert session.scalar(ROWS, {"id": lead.id}) == SECRET
    mine = as_user("t.volunteer.2").get("/api/v1/cases?mine=true").json
    assert lead.id in {item["id"] for item in mine["cases"]}


@pytest.mark.parametrize("username", ["t.officer.a", "t.station_chief"])
def test_a_purpose_opens_it_for_fifteen_minutes_and_each_read_is_logged(
    as_user, db_as, owner_db, lead, number, open_lead, shut, username
):
    client, before = as_user(username), len(logged(owner_db, lead.id))
    assert client.get(f"/api/v1/cases/{lead.id}").status_code == 404
    assert client.get(f"/cases/{number}").status_code == 404
    opened = open_lead(username)
    assert opened.status_code == 200, opened.text
    assert opened.json["number"] == number
    told = client.get(f"/api/v1/cases/{lead.id}")
    assert told.json["note"] == SECRET
    photo = client.get(told.json["attachments"][0]["url"])
    assert photo.status_code == 200
    assert photo.headers["Cache-Control"] == "no-store", "a browser must not keep what is logged"
    assert SECRET in client.get(f"/cases/{number}").text
    assert logged(owner_db, lead.id)[before:] == ["opened", "api", "photo", "page"]
    shut()
    assert client.get(f"/api/v1/cases/{lead.id}").status_code == 404
    assert client.get(told.json["attachments"][0]["url"]).status_code == 404
    with db_as(username) as session:
        assert session.scalar(ROWS, {"id": lead.id}) is None


@pytest.mark.parametrize(
    "said",
    [
        {"purpose": "handle", "words": ""},
        {"purpose": "curious", "words": "想看看而已"},
        {"purpose": "", "words": "想看看而已"},
        {"purpose": "handle", "words": "   看  "},
    ],
)
def test_no_words_no_read(as_user, owner_db, lead, shut, said):
    before = logged(owner_db, lead.id)
    answer = as_user("t.officer.a").post(f"/api/v1/leads/{lead.id}/open", json=said)
    assert answer.status_code == 422
    assert logged(owner_db, lead.id) == before
    assert as_user("t.officer.a").get(f"/api/v1/cases/{lead.id}").status_code == 404


def test_only_the_posted_officer_and_the_chief_open(as_user, lead, open_lead, shut, send_report):
    assert open_lead("t.officer.b").status_code == 404
    assert open_lead("u.station_chief").status_code == 404
    for name in (
        "t.grid_worker.a",
        "t.volunteer.2",
        "t.planner",
        "t.mediator",
        "t.system_admin",
        "t.audit_admin",
    ):
        assert open_lead(name).status_code == 403, name
    plain = send_report("t.volunteer", "A1")
    assert open_lead("t.officer.a", subject=plain.id).status_code == 404, "what is open needs no purpose"


def test_one_purpose_opens_one_lead_for_one_person(as_user, open_lead, send_report, shut):
    answers = {"subject": "mining", "ongoing": False}
    one, two = (send_report("t.volunteer.2", "A2", class_code="lead", answers=answers) for _ in range(2))
    assert open_lead("t.officer.a", subject=one.id).status_code == 200
    assert as_user("t.officer.a").get(f"/api/v1/cases/{two.id}").status_code == 404
    assert as_user("t.station_chief").get(f"/api/v1/cases/{one.id}").status_code == 404


def test_an_opened_lead_is_worked_on_and_an_unopened_one_is_not(as_user, open_lead, send_report, shut):
    answers = {"subject": "mining", "ongoing": False}
    sample = send_report("t.volunteer.2", "A2", class_code="lead", answers=answers)
    url = f"/api/v1/cases/{sample.id}/accept"
    assert as_user("t.officer.a").post(url, json={}).status_code == 404
    open_lead("t.officer.a", subject=sample.id)
    assert as_user("t.officer.a").post(url, json={}).json["state"] == "accepted"


@pytest.mark.parametrize("username", ["t.officer.a", "t.station_chief", "t.system_admin"])
def test_direct_sql_can_neither_read_around_the_wall_nor_write_the_log(db_as, lead, shut, username):
    attacks = (
        "UPDATE app.case_file SET closing_note = 'x'",
        "INSERT INTO app.lead_read (station_id, subject_id, reader_id, what) "
        f"VALUES (app.my_station(), '{lead.id}', app.me(), 'handed_in')",
        "UPDATE app.lead_read SET purpose = 'x'",
        "DELETE FROM app.lead_read",
        f"SELECT * FROM app.open_lead('{lead.id}', 'handle', '')",
        "SELECT * FROM app.visit_detail",
    )
    for attack in attacks[1:]:
        with pytest.raises(Exception, match=r"denied|purpose"), db_as(username) as session:
            session.execute(text(attack))
    with db_as(username) as session:
        session.execute(text(attacks[0]))
        session.execute(text("SELECT set_config('app.own_reports', :id, true)"), {"id": lead.id})
        assert session.scalar(ROWS, {"id": lead.id}) is None
        session.rollback()


def test_a_blanket_update_leaves_the_lead_alone(db_as, superuser, lead, shut):
    with db_as("t.station_chief") as session:
        session.execute(text("UPDATE app.case_file SET closing_note = 'overwritten'"))
        session.flush()
        with superuser.cursor() as cursor:
            cursor.execute("SELECT closing_note FROM app.case_file WHERE id = %s", (lead.id,))
            assert cursor.fetchone()[0] is None
        session.commit()
    with superuser.cursor() as cursor:
        cursor.execute("SELECT closing_note FROM app.case_file WHERE id = %s", (lead.id,))
        assert cursor.fetchone()[0] is None


def test_the_log_is_for_the_supervisor_alone(as_user, db_as, lead, open_lead):
    open_lead("t.officer.a", words="向上级答复督办事项")
    rows = as_user("t.audit_admin").get("/api/v1/leads/reads").json
    first = rows[0]
    assert (first["what"], first["purpose"], first["words"]) == ("opened", "handle", "向上级答复督办事项")
    assert first["subject_id"] == lead.id
    assert "向上级答复督办事项" in as_user("t.audit_admin").get("/leads/log").text
    for name in ("t.officer.a", "t.station_chief", "t.system_admin", "t.planner", "u.audit_admin"):
        with db_as(name) as session:
            assert session.scalar(text("SELECT count(*) FROM app.lead_read")) == 0, name


def test_who_hands_in_the_lead_of_another_is_in_the_log(
    as_user, owner_db, actor_for, web_db, station, member, shut
):
    from collections import Counter
    from datetime import UTC, datetime
    from uuid import uuid4

    from collectors.records import Place, Report
    from webapp.cases import actions
    from webapp.core.files import FolderStore

    chief, made = actor_for("t.station_chief"), uuid4()
    place = Place(*station.inside("B1"), "wgs84", 8.0)
    sent = Report(
        made, "lead", None, {"subject": "other", "ongoing": False}, place, datetime.now(UTC), "转办"
    )
    with web_db.transaction(chief) as session:
        author = member("t.volunteer").person_id
        taken = actions.report(
            session, FolderStore(web_db.settings.blobs_dir), sent, by=chief, reporter_id=author
        )
    assert taken.created
    assert Counter(logged(owner_db, made)) == {"handed_in": 1}
    shut()
    assert as_user("t.station_chief").get(f"/api/v1/cases/{made}").status_code == 404


def test_counts_under_five_are_not_told(as_user, send_report, db_as):
    answers = {"subject": "mining", "ongoing": False}
    for _ in range(4):
        send_report("t.volunteer", "C1", class_code="lead", answers=answers)

    def figures(name="t.planner"):
        return {row["police_grid"]: row for row in as_user(name).get("/api/v1/leads/figures").json}

    assert figures()["T-C"]["open"] == "<5"
    with db_as("t.planner") as session:
        raw = {row.police_grid: row.open for row in session.execute(text("SELECT * FROM app.lead_counts()"))}
    assert raw["T-C"] is None, "the database itself tells no small number"
    send_report("t.volunteer", "C2", class_code="lead", answers=answers)
    assert figures()["T-C"] == {"police_grid": "T-C", "open": "5", "year": "5"}
    assert "T-C" not in figures("u.station_chief")
    with db_as("t.volunteer") as session:
        assert session.execute(text("SELECT * FROM app.lead_counts()")).all() == []


def test_a_fraud_warning_is_a_lead_with_its_own_questions(as_user, send_report, shut):
    answers = {"contact": "phone", "kind": "romance", "paid": True, "money": 30000, "stop_advised": True,
               "handed_to": "反诈中心"}  # fmt: skip
    sample = send_report("t.volunteer", "A1", class_code="fraud_warning", answers=answers)
    mine = as_user("t.officer.a").get("/api/v1/leads").json
    assert sample.id in {item["id"] for item in mine}
    assert as_user("t.officer.a").get(f"/api/v1/cases/{sample.id}").status_code == 404
