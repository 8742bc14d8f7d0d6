"""Files of registers: who gets what, that it is written down, marked, and gone when its time is over."""

from __future__ import annotations

import io
import json
import sqlite3
from datetime import timedelta
from uuid import UUID, uuid4

import openpyxl
import pytest
from sqlalchemy import text

from collectors import register_files
from tests.webapp.exchange.conftest import ask, exported, looked_at, taken
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.files import FolderStore
from webapp.exchange import actions, queries, rules
from webapp.worker import Worker

FORMS = ("csv", "xlsx", "geojson", "geopackage")


@pytest.fixture(scope="module")
def reported(send_report, as_user):
    """Reports in A and B with texts that a spreadsheet would run; one is closed, one is a restricted lead."""
    made = {
        "A1": send_report("t.volunteer", "A1", note='=HYPERLINK("http://x","y")'),
        "A2": send_report("t.volunteer.2", "A2", note=" -2+3;=1\n第二行 🙂"),
        "B1": send_report("t.volunteer.2", "B1", note="@SUM(A1)"),
    }
    lead = {"subject": "gambling", "ongoing": True}
    made["lead"] = send_report("t.volunteer.2", "B2", class_code="lead", answers=lead)
    return made


def cells(data, kind="cases"):
    return [dict(row.fields) for row in register_files.decode(data, kind).rows]


@pytest.mark.parametrize("form", FORMS)
def test_the_chief_gets_every_case_in_each_format(as_user, reported, form):
    rows = cells(exported(as_user("t.station_chief"), form=form))
    # Other tests of this module may have reported more meanwhile.
    assert {row["id"] for row in rows} >= {sample.id for sample in reported.values()}
    notes = {row["id"]: row["note"] for row in rows}
    assert notes[reported["A1"].id] == '=HYPERLINK("http://x","y")'
    assert notes[reported["B1"].id] == "@SUM(A1)"
    assert notes[reported["A2"].id].strip() == "-2+3;=1\n第二行 🙂"
    assert all(row["found_at"].endswith("+08:00") for row in rows)


@pytest.mark.parametrize("form", FORMS)
def test_an_officer_never_gets_what_is_anothers(as_user, reported, member, form):
    data = exported(as_user("t.officer.a"), form=form)
    rows = cells(data)
    own, foreign_ids = {reported["A1"].id, reported["A2"].id}, {reported["B1"].id, reported["lead"].id}
    assert {row["id"] for row in rows} & (own | foreign_ids) == own
    raw = b"".join(opened(data, form))
    assert reported["B1"].id.encode() not in raw
    foreign = as_user("t.officer.b")
    rows_b = cells(exported(foreign, form=form))
    assert {row["id"] for row in rows_b} & (own | foreign_ids) == foreign_ids
    # t.volunteer reported only in A: B's officer gets neither the name nor the telephone.
    raw_b = b"".join(opened(exported(foreign, form=form), form))
    assert member("t.volunteer").phone.encode() not in raw_b
    assert member("t.volunteer").phone.encode() in raw


def opened(data, form):
    """Yield the bytes of a file, unpacked where it is packed."""
    if form != "xlsx":
        yield data
        return
    for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True):
        yield json.dumps([str(cell) for cell in row]).encode()


@pytest.mark.parametrize(
    "username", ["t.volunteer", "t.grid_worker.a", "t.planner", "t.mediator", "t.audit_admin"]
)
def test_others_are_refused(as_user, username):
    assert ask(as_user(username)).status_code == 403


@pytest.mark.parametrize(("username", "kind"), [
    ("t.officer.a", "members"), ("t.officer.a", "teams"), ("t.system_admin", "cases"),
])  # fmt: skip
def test_each_role_takes_out_its_own_registers_only(as_user, username, kind):
    assert ask(as_user(username), kind).status_code == 403


def test_the_file_goes_to_nobody_else_and_the_log_to_the_auditor(as_user, reported):
    made = ask(as_user("t.officer.a")).json
    for username in ("t.officer.b", "t.station_chief", "t.system_admin", "u.station_chief"):
        assert as_user(username).get(made["url"]).status_code == 404
    assert as_user("t.audit_admin").get(made["url"]).status_code == 403
    told = as_user("t.audit_admin").get(f"/api/v1/exchange/exports/{made['id']}").json
    assert (told["rows"], told["reason"], told["state"]) == (2, "月度核对", "done")
    assert as_user("u.audit_admin").get(f"/api/v1/exchange/exports/{made['id']}").status_code == 404
    assert as_user("t.officer.b").get(f"/api/v1/exchange/exports/{made['id']}").status_code == 404


def test_an_export_is_written_down_with_its_hash(as_user, reported, owner_db, member):
    wanted = {"state": "open", "class_code": "flying_wire"}
    made = ask(as_user("t.officer.b"), wanted=wanted).json
    data = as_user("t.officer.b").get(made["url"]).data
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        event = session.execute(
            text("SELECT * FROM app.event WHERE subject_id = :id AND name = 'exchange.exported'"),
            {"id": made["id"]},
        ).one()
    from hashlib import sha256

    assert event.by_id == member("t.officer.b").person_id
    assert event.data["sha256"] == made["sha256"] == sha256(data).hexdigest()
    assert (event.data["rows"], event.data["filter"], event.data["reason"]) == (1, wanted, "月度核对")
    assert (event.data["register"], event.data["number"]) == ("cases", made["number"])


def test_without_a_reason_nothing_is_exported(as_user):
    answer = ask(as_user("t.station_chief"), reason=" ")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/reason"


def test_filters_cut_the_rows(as_user, reported, station):
    chief = as_user("t.station_chief")
    box = list(station.box("B1"))
    assert [r["id"] for r in cells(exported(chief, wanted={"bbox": box}))] == [reported["B1"].id]
    assert [r["id"] for r in cells(exported(chief, wanted={"class_code": "lead"}))] == [reported["lead"].id]
    tomorrow = (clock.now().astimezone(clock.SHOWN) + timedelta(days=1)).date().isoformat()
    assert cells_or_none(chief, {"since": tomorrow}) == 0
    ours = {sample.id for sample in reported.values()}
    until = {r["id"] for r in cells(exported(chief, wanted={"until": tomorrow}))}
    assert ours <= until
    in_a = {
        r["id"] for r in cells(exported(chief, wanted={"police_grid_id": str(station.police_grids["A"])}))
    }
    assert in_a & ours == {reported["A1"].id, reported["A2"].id}


def cells_or_none(client, wanted):
    return ask(client, wanted=wanted).json["rows"]


@pytest.mark.parametrize("form", FORMS)
def test_each_file_says_who_took_it_and_when(as_user, reported, form):
    made = ask(as_user("t.station_chief"), form=form).json
    data = as_user("t.station_chief").get(made["url"]).data
    assert register_files.decode(data, "cases").mark == made["id"]
    said = marked(data, form)
    for part in (made["number"], "甲T08", "内部使用", made["id"]):
        assert part in said, said


def marked(data, form):
    if form == "csv":
        return data.decode("utf-8-sig").splitlines()[0]
    if form == "geojson":
        return json.dumps(json.loads(data)["shuangge"], ensure_ascii=False)
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(data))
        rows = list(book.worksheets[1].iter_rows(values_only=True))
        return f"{rows} {book.properties.description}"
    with open_package(data) as base:
        return str(base.execute("SELECT * FROM shuangge").fetchall())


def open_package(data):
    base = sqlite3.connect(":memory:")
    base.deserialize(data)
    return base


def test_a_copy_without_its_mark_still_tells_its_export(as_user, send_report, db_as):
    for number in range(24):
        send_report("t.volunteer", "C1", note=f"n{number}")
    made = [ask(as_user("t.station_chief")).json for _time in range(3)]
    data = as_user("t.station_chief").get(made[1]["url"]).data
    rows = cells(data)[2:-1]  # a part of the rows, the mark cut off
    with db_as("t.station_chief") as session:
        found = queries.origin(session, "cases", rows)
        assert str(found[0][0].id) == made[1]["id"]
        assert found[0][1] == found[0][2] >= 20
        assert all(str(item.id) != made[0]["id"] for item, _right, _pairs in found)


def test_coordinates_come_in_the_system_that_is_named(as_user, reported):
    chief = as_user("t.station_chief")
    plain = {r["id"]: r for r in cells(exported(chief))}[reported["A1"].id]
    shifted = {r["id"]: r for r in cells(exported(chief, crs="gcj02"))}[reported["A1"].id]
    assert (plain["crs"], shifted["crs"]) == ("wgs84", "gcj02")
    assert 0.003 < abs(float(plain["lon"]) - float(shifted["lon"])) < 0.01
    refused = ask(chief, form="geojson", crs="gcj02")
    assert refused.status_code == 422
    assert refused.json["errors"][0]["code"] == "crs_not_writable"


def test_gb18030_and_english_headings(as_user, reported):
    data = exported(as_user("t.station_chief"), encoding="gb18030", language="en")
    assert "Case number" in data.decode("gb18030").splitlines()[1]
    assert "第二行 🙂" in data.decode("gb18030")


def test_a_large_export_is_made_by_the_worker_as_its_asker(as_user, reported, settings, monkeypatch):
    monkeypatch.setattr("webapp.exchange.api.AT_ONCE_ROWS", 0)
    made = ask(as_user("t.officer.a")).json
    assert (made["state"], made["url"]) == ("waiting", None)
    worker = Worker(settings, "test")
    for _step in range(1_000):
        if worker.step() == 0:
            break
    worker.database.dispose()
    done = as_user("t.officer.a").get(f"/api/v1/exchange/exports/{made['id']}").json
    assert (done["state"], done["rows"]) == ("done", 2)
    rows = cells(as_user("t.officer.a").get(done["url"]).data)
    own, foreign_ids = {reported["A1"].id, reported["A2"].id}, {reported["B1"].id, reported["lead"].id}
    assert {row["id"] for row in rows} & (own | foreign_ids) == own


def test_an_expired_file_is_gone_and_stays_written_down(as_user, reported, owner_db, settings, station):
    made = ask(as_user("t.officer.a")).json
    with owner_db.transaction(Actor(station.id, "machine")) as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("UPDATE app.export_file SET expires_at = now() - interval '1 s' WHERE id = :id"),
            {"id": made["id"]},
        )
    assert as_user("t.officer.a").get(made["url"]).status_code == 404
    with owner_db.transaction(Actor(station.id, "machine")) as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        item = queries.export(session, UUID(made["id"]))
        actions.drop_export(session, FolderStore(settings.blobs_dir), item, by=Actor(station.id, "machine"))
    assert not FolderStore(settings.blobs_dir).apart(rules.STORE).has(made["sha256"])
    assert as_user("t.officer.a").get(f"/api/v1/exchange/exports/{made['id']}").json["state"] == "dropped"


def test_an_export_that_was_brought_in_again_outlives_its_end(as_user, reported, owner_db, settings, station):
    """The same bytes are an import too: forgetting the export must not take them from it."""
    chief = as_user("t.station_chief")
    made = ask(chief, "places").json
    brought = looked_at(chief, "places", chief.get(made["url"]).data)
    assert brought.status_code == 201, brought.text
    machine = Actor(station.id, "machine")
    with owner_db.transaction(machine) as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        item = queries.export(session, UUID(made["id"]))
        actions.drop_export(session, FolderStore(settings.blobs_dir), item, by=machine)
    assert chief.get(made["url"]).status_code == 404
    assert taken(chief, brought).status_code == 200


def test_asking_twice_makes_one_export(as_user):
    key = str(uuid4())
    first, second = (ask(as_user("t.station_chief"), id=key).json for _time in range(2))
    assert first["number"] == second["number"]
    assert first["sha256"] == second["sha256"]


@pytest.mark.parametrize(
    "kind", ["members", "teams", "places", "postings", "grids", "police_grids", "presence"]
)
def test_each_register_comes_as_table(as_user, kind):
    made = ask(as_user("t.station_chief"), kind)
    assert made.status_code == 201, made.text
    if kind == "members":
        text_ = as_user("t.station_chief").get(made.json["url"]).data.decode("utf-8-sig")
        assert "13800008400" in text_
    if kind == "grids":
        assert made.json["rows"] == 6
