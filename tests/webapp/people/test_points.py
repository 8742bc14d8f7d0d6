"""Points thank for what an officer has verified: once, to those who found it, seen by them and the chief."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text

from tests.samples import Sample, photo
from webapp.people.rules import TARIFF, earns_points

CASES = "/api/v1/cases"


def accept(client: FlaskClient, case_id: str) -> None:
    assert client.post(f"{CASES}/{case_id}/accept", json={}).status_code == 200


def close(client: FlaskClient, case_id: str) -> None:
    proof = {"note": "已拆除", "photo": (io.BytesIO(photo(7)), "after.jpg")}
    assert client.post(f"{CASES}/{case_id}/close", data=proof).status_code == 200


def earned(client: FlaskClient, case_id: str) -> dict[str, int]:
    entries = client.get("/api/v1/points").json["entries"]
    return {entry["reason"]: entry["points"] for entry in entries if entry["case_id"] == case_id}


def test_reporter_and_voices_are_thanked_once(
    send_report: Callable[..., Sample], as_user: Callable[[str], FlaskClient], worked: Any, owner_db: Any
) -> None:
    finder, second, officer = as_user("t.volunteer"), as_user("t.volunteer.2"), as_user("t.officer.a")
    sample = send_report("t.volunteer", "A1")
    assert second.post(f"{CASES}/{sample.id}/voices", json={}).status_code == 200
    worked()
    assert earned(finder, sample.id) == {}
    accept(officer, sample.id)
    worked()
    assert earned(finder, sample.id) == {"report_accepted": TARIFF["report_accepted"]}
    assert earned(second, sample.id) == {}
    before = finder.get("/api/v1/points").json["total"]
    close(officer, sample.id)
    worked()
    assert earned(finder, sample.id) == {r: TARIFF[r] for r in ("report_accepted", "report_closed")}
    assert earned(second, sample.id) == {"voice_closed": TARIFF["voice_closed"]}
    after = finder.get("/api/v1/points").json
    assert after["total"] == before + TARIFF["report_closed"]
    assert {entry["reason_title"] for entry in after["entries"]} == {"上报经核实", "上报的隐患已消除"}
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("UPDATE app.job SET state = 'ready', attempts = 0 WHERE name = 'cases.award_points'")
        )
    worked()
    assert finder.get("/api/v1/points").json == after


def test_the_chief_sees_all_and_others_only_their_own(
    send_report: Callable[..., Sample], as_user: Callable[[str], FlaskClient], worked: Any, db_as: Any
) -> None:
    sample = send_report("t.volunteer", "B1")
    accept(as_user("t.officer.b"), sample.id)
    worked()
    everybody = {"everybody": "true"}
    chief = as_user("t.station_chief")
    assert chief.get("/api/v1/points").json == {"total": 0, "entries": []}
    seen = chief.get("/api/v1/points", query_string=everybody).json
    assert seen["total"] == sum(entry["points"] for entry in seen["entries"])
    assert all(entry["person"] for entry in seen["entries"])
    for who in ("t.volunteer.2", "t.officer.b", "u.station_chief"):
        assert sample.id not in str(as_user(who).get("/api/v1/points", query_string=everybody).json), who
        with db_as(who) as session:
            found = session.scalar(
                text("SELECT count(*) FROM app.point_entry WHERE case_id = :i"), {"i": sample.id}
            )
            assert found == 0, who


def test_duty_is_no_merit_and_nobody_verifies_himself(
    send_report: Callable[..., Sample], as_user: Callable[[str], FlaskClient], worked: Any
) -> None:
    officers, own = send_report("t.officer.a", "A2"), send_report("t.grid_worker.a", "A2")
    accept(as_user("t.grid_worker.a"), officers.id)
    accept(as_user("t.grid_worker.a"), own.id)
    worked()
    assert earned(as_user("t.officer.a"), officers.id) == {}
    assert earned(as_user("t.grid_worker.a"), own.id) == {}
    assert [earns_points(c) for c in ("volunteer", "grid_worker", "officer", "chief")] == [
        True,
        True,
        False,
        False,
    ]
