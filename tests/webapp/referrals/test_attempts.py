"""Attempts that failed are work: logged once, counted, seen by those who work on the case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text


def tried(**changes):
    said = {"id": str(uuid4()), "result": "nobody", "at": datetime.now(UTC).isoformat(), "words": "敲门三次"}
    return {**said, **changes}


def url(sample):
    return f"/api/v1/cases/{sample.id}/attempts"


def test_an_attempt_is_logged_once_however_often_it_is_sent(as_user, send_report, owner_db):
    sample = send_report("t.volunteer", "A1")
    officer, body = as_user("t.officer.a"), tried()
    first = officer.post(url(sample), json=body)
    again = officer.post(url(sample), json=body)
    assert first.status_code == again.status_code == 201, again.text
    assert first.json == again.json
    assert first.json["count"] == 1
    assert first.json["attempts"][0]["words"] == "敲门三次"
    assert first.json["attempts"][0]["reached"] is False
    assert first.json["last_at"]
    with owner_db.transaction() as session:
        found = text("SELECT count(*) FROM app.event WHERE subject_id = :id AND name = 'referrals.attempted'")
        assert session.scalar(found, {"id": sample.id}) == 1
    other = officer.post(url(sample), json={**body, "words": "别的话"})
    assert (other.status_code, other.json["code"]) == (409, "already_known")


def test_an_id_of_another_case_is_a_conflict(as_user, send_report):
    one, two = send_report("t.volunteer", "A1"), send_report("t.volunteer", "A2")
    officer, body = as_user("t.officer.a"), tried()
    assert officer.post(url(one), json=body).status_code == 201
    assert officer.post(url(two), json=body).json["code"] == "already_known"
    assert officer.get(url(two)).json["count"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"result": "flew_away"}, "not_allowed"),
        ({"at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}, "found_in_future"),
        ({"at": (datetime.now(UTC) - timedelta(days=90)).isoformat()}, "attempt_too_old"),
        ({"lon": 112.566}, "field_required"),
        ({"lon": 2.0, "lat": 48.0}, "outside_china"),
    ],
)
def test_what_can_not_be_is_refused(as_user, send_report, changes, code):
    sample = send_report("t.volunteer", "A1")
    answer = as_user("t.officer.a").post(url(sample), json=tried(**changes))
    assert answer.status_code == 422, answer.text
    assert code in {item["code"] for item in answer.json["errors"]}


def test_where_it_was_is_kept_raw_and_in_wgs84(as_user, send_report, owner_db, station):
    sample = send_report("t.volunteer", "A1")
    lon, lat = station.inside("A1")
    body = tried(lon=lon, lat=lat, crs="gcj02", accuracy_m=20)
    assert as_user("t.grid_worker.a").post(url(sample), json=body).status_code == 201
    with owner_db.transaction() as session:
        row = session.execute(
            text("SELECT raw_x, raw_crs, ST_X(geom) AS x FROM app.attempt WHERE id = :id"), {"id": body["id"]}
        ).one()
    assert (row.raw_x, row.raw_crs) == (lon, "gcj02")
    assert 0.001 < lon - row.x < 0.02


def test_my_week_lists_my_attempts_only(as_user, send_report):
    sample = send_report("t.volunteer", "B1")
    for _ in range(2):
        as_user("t.officer.b").post(url(sample), json=tried())
    mine = as_user("t.officer.b").get("/api/v1/attempts").json
    assert [item["case_number"] for item in mine] == [mine[0]["case_number"]] * 2
    assert as_user("t.grid_worker.b").get("/api/v1/attempts").json == []
    assert as_user("t.officer.b").get("/api/v1/attempts?day=2026-01-05").json == []


def test_who_does_not_see_the_case_neither_logs_nor_reads(as_user, send_report):
    sample = send_report("t.volunteer", "B1")
    assert as_user("t.officer.a").post(url(sample), json=tried()).status_code == 404
    assert as_user("u.officer.a").get(url(sample)).status_code == 404
    assert as_user("t.volunteer").post(url(sample), json=tried()).status_code == 403


def test_direct_sql_writes_no_attempt_of_another(db_as, member, send_report, as_user):
    sample = send_report("t.volunteer", "A1")
    as_user("t.officer.a").post(url(sample), json=tried())
    add = text("""INSERT INTO app.attempt (id, station_id, case_id, person_id, result, at)
        SELECT gen_random_uuid(), c.station_id, c.id, :who, 'met', now()
        FROM app.case_file c WHERE c.id = :id""")
    with pytest.raises(Exception, match="row-level security"), db_as("t.officer.a") as session:
        session.execute(add, {"who": member("t.station_chief").person_id, "id": sample.id})
    seen = text("SELECT count(*) FROM app.attempt WHERE case_id = :id")
    for name, count in (("t.officer.a", 1), ("t.station_chief", 1), ("t.grid_worker.a", 1),
                        ("t.officer.b", 0), ("t.volunteer", 0), ("t.planner", 0), ("t.system_admin", 0),
                        ("t.audit_admin", 0), ("t.mediator", 0), ("u.station_chief", 0)):  # fmt: skip
        with db_as(name) as session:
            assert session.scalar(seen, {"id": sample.id}) == count, name
