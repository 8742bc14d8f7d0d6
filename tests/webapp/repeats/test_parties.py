"""Who belongs to a case: named by the police, or the caller of an order; behind the wall of the case."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.webapp.intake.conftest import csv_of, said_at
from tests.webapp.repeats.conftest import CASES
from webapp.core.actor import Actor
from webapp.repeats import rules

NAME, NUMBER = "当事人甲某", "13900007788"


@pytest.fixture
def named(send_report, as_user):
    """A case in A1 with a party; returns its address."""

    def make(username="t.officer.a", grid="A1", **said):
        sample = send_report("t.volunteer", grid)
        address = f"{CASES}/{sample.id}/parties"
        answer = as_user(username).post(address, json={"name": NAME, "party": NUMBER, **said})
        assert answer.status_code == 201, answer.text
        return address

    return make


def test_a_party_is_named_shown_and_taken_away(named, as_user, owner_db):
    address = named()
    officer = as_user("t.officer.a")
    (party,) = officer.get(address).json
    assert (party["name"], party["number"], party["part"], party["linked"]) == (
        NAME,
        "139****7788",
        "party",
        True,
    )
    assert officer.delete(f"{address}/{uuid4()}").status_code == 404
    assert officer.delete(f"{address}/{party['id']}").status_code == 204
    assert officer.get(address).json == []
    case_id = address.split("/")[4]
    with owner_db.transaction() as session:
        marks = text("SELECT count(*) FROM app.case_mark WHERE case_id = :id AND kind = 'party'")
        assert session.scalar(marks, {"id": case_id}) == 0, "and later cases are not linked by it"


def test_the_same_party_twice_is_one_and_the_number_is_nowhere(named, as_user, superuser):
    same = str(uuid4())
    address = named(id=same)
    officer = as_user("t.officer.a")
    assert officer.post(address, json={"id": same, "name": NAME, "party": NUMBER}).status_code == 201
    assert len(officer.get(address).json) == 1
    with superuser.cursor() as cursor:
        for table in ("case_party", "case_mark", "event"):
            cursor.execute(f"SELECT count(*) FROM app.{table} t WHERE t::text LIKE %s", (f"%{NUMBER}%",))
            assert cursor.fetchone() == (0,), table
        cursor.execute("SELECT count(*) FROM app.event t WHERE t::text LIKE %s", (f"%{NAME}%",))
        assert cursor.fetchone() == (0,), "names stay out of the events"


def test_a_name_alone_links_nothing(named, as_user):
    address = named(party="", part="witness")
    (party,) = as_user("t.officer.a").get(address).json
    assert (party["number"], party["part"], party["linked"]) == ("", "witness", False)
    officer = as_user("t.officer.a")
    assert officer.post(address, json={"name": " "}).json["errors"][0]["code"] == "party_needed"
    assert officer.post(address, json={"party": "12"}).json["errors"][0]["code"] == "too_short"
    assert officer.post(address, json={"name": NAME, "part": "caller"}).status_code == 422


@pytest.mark.parametrize(
    ("username", "status"),
    [
        ("t.station_chief", 200), ("t.officer.b", 404), ("t.grid_worker.a", 403), ("t.volunteer", 403),
        ("t.mediator", 403), ("t.planner", 403), ("t.system_admin", 403), ("t.audit_admin", 403),
        ("u.officer.a", 404), ("u.station_chief", 404),
    ],
)  # fmt: skip
def test_the_wall_by_the_door(named, as_user, username, status):
    assert as_user(username).get(named()).status_code == status


def test_the_wall_by_raw_sql(named, db_as, web_db, station):
    named()
    for username, sees in (
        ("t.officer.a", True), ("t.station_chief", True), ("t.officer.b", False), ("t.grid_worker.a", False),
        ("t.volunteer", False), ("t.system_admin", False), ("t.audit_admin", False),
        ("u.station_chief", False),
    ):  # fmt: skip
        with db_as(username) as session:
            found = session.scalars(text("SELECT name FROM app.case_party")).all()
            assert (NAME in found) == sees, username
    with web_db.transaction(Actor(station.id, "public")) as session:
        assert not session.scalars(text("SELECT name FROM app.case_party")).all()


def test_the_party_of_a_restricted_lead_opens_with_its_purpose(send_report, as_user, db_as, superuser):
    answers = {"subject": "gambling", "ongoing": False}
    lead = send_report("t.volunteer.2", "A1", class_code="lead", answers=answers, note="不可外传")
    address = f"{CASES}/{lead.id}/parties"
    officer = as_user("t.officer.a")
    assert officer.post(address, json={"name": NAME}).status_code == 404
    said = {"purpose": "handle", "words": "核实举报内容"}
    assert officer.post(f"/api/v1/leads/{lead.id}/open", json=said).status_code < 300
    assert officer.post(address, json={"name": NAME}).status_code == 201
    assert [item["name"] for item in officer.get(address).json] == [NAME]
    with superuser.cursor() as cursor:
        cursor.execute("UPDATE app.lead_read SET at = at - interval '16 minutes'")
    assert officer.get(address).status_code == 404
    with db_as("t.officer.a") as session:
        query = text("SELECT count(*) FROM app.case_party WHERE case_id = :id")
        assert session.scalar(query, {"id": lead.id}) == 0


def test_callers_of_orders_become_parties_and_link_their_calls(as_user, as_role, station, worked, owner_db):
    chief, code = as_user("t.station_chief"), f"calls-{uuid4().hex[:8]}"
    source = {"code": code, "name": "110警情", "kind": "call"}
    assert chief.put(f"/api/v1/intake/sources/{uuid4()}", json=source).status_code == 200
    rows = []
    phones = ("+86 139 1111 2222", "13911112222；0351-4567890", "110", "")
    for number, (grid, phone) in enumerate(zip(("A1", "A2", "B1", "B2"), phones, strict=True), 1):
        lon, lat = station.inside(grid)
        place = {"经度": str(lon), "纬度": str(lat), "案发地址": f"演示路{number}号"}
        told = {"报警时间": said_at(20), "报警电话": phone, "报警人": "来电某"}
        rows.append({"接警单编号": f"{code}-{number}", "报警内容": "邻居噪音", **place, **told})
    sent = {"id": str(uuid4()), "source": code, "file": (io.BytesIO(csv_of(rows)), "calls.csv")}
    upload = chief.post("/api/v1/intake/uploads", data=sent)
    assert upload.status_code in (200, 201), upload.text
    taken = chief.post(f"/api/v1/intake/uploads/{upload.json['id']}/take", json={})
    assert taken.status_code in (200, 202), taken.text
    worked()
    with owner_db.transaction() as session:
        query = text("""SELECT r.ref, p.number, p.name, p.part FROM app.case_party p
            JOIN app.case_file c ON c.id = p.case_id JOIN app.intake_row r ON r.case_id = c.id
            WHERE r.ref LIKE :code ORDER BY 1, 2""")
        found = [tuple(row) for row in session.execute(query, {"code": f"{code}%"})]
        linked = text("""SELECT count(*) FROM app.case_link l JOIN app.intake_row a ON a.case_id = l.case_id
            JOIN app.intake_row b ON b.case_id = l.other_id
            WHERE a.ref LIKE :code AND b.ref LIKE :code AND l.kind = 'repeat' AND 'party' = ANY (l.why)""")
        links = session.scalar(linked, {"code": f"{code}%"})
    assert found == [
        (f"{code}-1", "139****2222", "来电某", "caller"),
        (f"{code}-2", "035****7890", "来电某", "caller"),
        (f"{code}-2", "139****2222", "来电某", "caller"),
    ]
    assert links == 1, "two calls of one number are a repeat, far apart as they lie"


def test_numbers_as_they_are_compared_and_shown():
    assert rules.numbers("+86-139 0000 7788") == [NUMBER]
    assert rules.numbers("0086 13900007788, 13900007788") == [NUMBER]
    assert rules.numbers("0351-4567890；13900007788 13900007799") == ["03514567890", NUMBER, "13900007799"]
    assert rules.numbers("110") == rules.numbers("12345") == rules.numbers("无") == []
    assert rules.shown_number(NUMBER) == "139****7788"
    assert rules.shown_number("140106199001011234") == "140106****1234"
    assert rules.shown_number("4567890") == "456****7890"
    assert rules.shown_number("甲某某三单元") == ""
