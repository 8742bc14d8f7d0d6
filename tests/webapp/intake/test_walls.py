"""Who may hand in, see and take over; another station sees nothing; callers are for few."""

from __future__ import annotations

import io
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.webapp.intake.conftest import csv_of
from webapp.worker import Worker

UPLOADS = "/api/v1/intake/uploads"
TABLES = ("intake_source", "intake_upload", "intake_row", "intake_caller", "address")


@pytest.fixture
def taken(source, send, call, as_role):
    """A call of grid A1 taken over by the chief: upload's id, case's number and id."""
    made = send(source(), csv_of([call("A1")]))
    chief = as_role("station_chief")
    assert chief.post(f"{UPLOADS}/{made.json['id']}/take").json["counts"] == {"taken": 1}
    row = chief.get(f"{UPLOADS}/{made.json['id']}/rows").json["rows"][0]
    return made.json["id"], row["case_number"], row["case_id"]


def test_another_station_sees_nothing(taken, as_role, db_as):
    upload, number, case_id = taken
    stranger = as_role("station_chief", station="U")
    ours = {item["id"] for item in as_role("station_chief").get("/api/v1/intake/sources").json}
    assert not ours & {item["id"] for item in stranger.get("/api/v1/intake/sources").json}
    assert stranger.get(UPLOADS).json == []
    for address in (f"{UPLOADS}/{upload}", f"{UPLOADS}/{upload}/rows", f"{UPLOADS}/{upload}/faults.csv"):
        assert stranger.get(address).status_code == 404
    for address in (f"/intake/uploads/{upload}", f"/intake/orders/{number}"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(f"{UPLOADS}/{upload}/take").status_code == 404
    assert stranger.patch(f"{UPLOADS}/{upload}/rows/2", json={"skip": True}).status_code == 404
    assert stranger.get(f"/api/v1/intake/callers/{case_id}").json == []
    with db_as("u.station_chief") as session:
        for table in TABLES:
            foreign = text(f"SELECT count(*) FROM app.{table} WHERE station_id <> app.my_station()")
            assert session.scalar(foreign) == 0, table


def test_who_called_is_for_the_chief_and_the_officers_of_the_ground(taken, as_role, db_as):
    _upload, number, case_id = taken
    address = f"/api/v1/intake/callers/{case_id}"
    own = {"phone": "13912340000", "name": "甲某"}
    assert as_role("station_chief").get(address).json == [own]
    assert as_role("officer", police_grid="A").get(address).json == [own]
    assert as_role("officer", police_grid="B").get(address).json == []
    assert as_role("officer", police_grid="A").get(f"/intake/orders/{number}").status_code == 200
    assert as_role("officer", police_grid="B").get(f"/intake/orders/{number}").status_code == 404
    for role in ("grid_worker", "volunteer", "planner", "system_admin"):
        assert as_role(role).get(address).status_code == 403
    for who in ("t.grid_worker.a", "t.officer.b", "t.system_admin", "t.volunteer", "t.planner"):
        with db_as(who) as session:
            wanted = text("SELECT count(*) FROM app.intake_caller WHERE upload_id = :u")
            assert session.scalar(wanted, {"u": taken[0]}) == 0, who
    # Nor does the number stand in what more people read.
    case = as_role("grid_worker", police_grid="A").get(f"/api/v1/cases/{case_id}").text
    assert "13912340000" not in case
    assert "13812345678" not in case


def test_rows_are_for_those_who_took_them_in_and_the_ground(taken, db_as):
    seen = {}
    for who in (
        "t.station_chief",
        "t.officer.a",
        "t.officer.b",
        "t.grid_worker.a",
        "t.system_admin",
        "t.volunteer",
    ):
        with db_as(who) as session:
            wanted = text("SELECT count(*) FROM app.intake_row WHERE upload_id = :u")
            seen[who] = session.scalar(wanted, {"u": taken[0]})
    assert seen == {
        "t.station_chief": 1, "t.officer.a": 1, "t.officer.b": 0, "t.grid_worker.a": 0, "t.system_admin": 0,
        "t.volunteer": 0,
    }  # fmt: skip


def test_an_officers_upload_is_the_officers_and_is_taken_by_the_machine(
    source, send, call, as_role, settings, owner_db
):
    made = send(source(), csv_of([call("B1"), call("A1")]), role="officer", police_grid="A")
    assert made.status_code == 201, made.text
    upload = made.json["id"]
    assert as_role("officer", police_grid="B").get(f"{UPLOADS}/{upload}").status_code == 404
    assert as_role("station_chief").get(f"{UPLOADS}/{upload}").status_code == 200
    officer = as_role("officer", police_grid="A")
    assert officer.post(f"{UPLOADS}/{upload}/take").json["state"] == "taking"
    assert officer.post(f"{UPLOADS}/{upload}/take").json["state"] == "taking"
    worker = Worker(settings)
    while worker.step():
        pass
    done = officer.get(f"{UPLOADS}/{upload}").json
    assert (done["state"], done["counts"]) == ("taken", {"taken": 2})
    with owner_db.transaction() as session:
        found = session.execute(
            text("SELECT reporter_id FROM app.case_file c JOIN app.intake_row r ON r.case_id = c.id "
                 "WHERE r.upload_id = :u"), {"u": upload},
        )  # fmt: skip
        assert list(found.scalars()) == [None, None]


def test_officers_keep_no_sources_and_hand_in_no_json(source, call, as_role):
    code = source()
    for role in ("officer", "grid_worker", "volunteer", "planner", "mediator", "audit_admin"):
        body = {"code": "x", "name": "x", "kind": "call"}
        assert as_role(role).put(f"/api/v1/intake/sources/{uuid4()}", json=body).status_code == 403
        assert as_role(role).post(f"/api/v1/intake/{code}/rows", json=[call("A1")]).status_code == 403
    for role in ("grid_worker", "volunteer", "planner", "mediator", "audit_admin"):
        form = {"source": code, "id": str(uuid4()), "file": (io.BytesIO(b"a,b"), "a.csv")}
        assert as_role(role).post(UPLOADS, data=form).status_code == 403
        assert as_role(role).get("/intake").status_code == 403


def test_a_source_keeps_its_code_and_codes_are_single(source, as_role):
    chief, code = as_role("station_chief"), source()
    body = {"code": code, "name": "again", "kind": "order"}
    second = chief.put(f"/api/v1/intake/sources/{uuid4()}", json=body)
    assert (second.status_code, second.json["code"]) == (409, "source_code_taken")
    key = next(item["id"] for item in chief.get("/api/v1/intake/sources").json if item["code"] == code)
    moved = chief.put(f"/api/v1/intake/sources/{key}", json={**body, "code": "other"})
    assert (moved.status_code, moved.json["code"]) == (409, "source_code_fixed")
    # The same code at another station is another source.
    assert (
        as_role("station_chief", station="U").put(f"/api/v1/intake/sources/{uuid4()}", json=body).status_code
        == 200
    )
    wrong = chief.put(f"/api/v1/intake/sources/{key}", json={**body, "mapping": {"colour": "x"}})
    assert wrong.status_code == 422


def test_nobody_forges_a_version_of_an_order(taken, source, send, call, db_as, member):
    """An officer's own upload gives no right to put words under somebody else's case."""
    made = send(source(), csv_of([call("A1")]), role="officer", police_grid="B")
    forged = text("UPDATE app.intake_row SET state = 'revised', case_id = :c WHERE upload_id = :u")
    with pytest.raises(DBAPIError, match="row-level security"), db_as("t.officer.b") as session:
        session.execute(forged, {"c": UUID(taken[2]), "u": UUID(made.json["id"])})
    said = text("UPDATE app.intake_row SET content = '{}' WHERE upload_id = :u")
    with pytest.raises(DBAPIError, match="permission denied"), db_as("t.station_chief") as session:
        session.execute(said, {"u": UUID(taken[0])})
    gone = text("DELETE FROM app.intake_row WHERE upload_id = :u")
    with db_as("t.station_chief") as session:
        assert session.execute(gone, {"u": UUID(taken[0])}).rowcount == 0  # type: ignore[attr-defined]
