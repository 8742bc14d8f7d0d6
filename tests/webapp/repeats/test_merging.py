"""One matter reported by many: the leading case speaks for all, each stays informed, nothing circles."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from collectors.records import Place, Report
from tests.samples import ANSWERS, photo
from tests.stations import Station
from tests.webapp.repeats.conftest import CASES, METRE
from tests.webapp.residents.resident import Resident
from webapp.cases import actions as cases
from webapp.cases import queries as case_queries
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, WORKER, Database
from webapp.core.files import FolderStore
from webapp.core.queue import Run
from webapp.people import actions as people
from webapp.people.rules import TARIFF
from webapp.repeats import jobs

MERGES = "/api/v1/repeats/merges"


def merge(client: FlaskClient, lead: str, numbers: list[str], status: int = 200) -> Any:
    answer = client.post(MERGES, json={"lead": lead, "cases": numbers})
    assert answer.status_code == status, answer.text
    return answer.json


def finish(as_user: Callable[[str], FlaskClient], case_id: str, words: str) -> None:
    """Accept a case and close it, by words and a photo."""
    officer = as_user("t.officer.a")
    assert officer.post(f"{CASES}/{case_id}/accept", json={}).status_code == 200
    proof = {"note": words, "photo": (io.BytesIO(photo(7)), "after.jpg")}
    answer = officer.post(f"{CASES}/{case_id}/close", data=proof)
    assert answer.status_code == 200, answer.text


def test_a_merged_report_follows_its_leading_case_by_phone_and_by_api(
    report: Any,
    worked: Any,
    belonging: Any,
    number_of: Any,
    as_user: Any,
    station: Station,
    owner_db: Database,
) -> None:
    here = station.inside("A1")
    lead, other = report(here, by="t.volunteer"), report(here, 4, by="t.volunteer.2")
    worked()
    assert len(belonging(lead)["offers"]) == 1
    assert as_user("t.volunteer.2").post(MERGES, json={"lead": "x", "cases": ["y"]}).status_code == 403
    merge(as_user("t.officer.a"), number_of(lead), [number_of(other)])
    worked()
    assert [m["number"] for m in belonging(lead)["merged"]] == [number_of(other)]
    assert belonging(lead)["offers"] == []
    finish(as_user, lead.id, "充电线已拆除")
    worked()
    own = as_user("t.volunteer.2")
    told = own.get(f"{CASES}/{other.id}").json
    assert told["state"] == "duplicate"
    assert (told["lead"]["state"], told["lead"]["closing_note"]) == ("closed", "充电线已拆除")
    assert told["lead"]["closed_at"]
    [listed] = [c for c in own.get(f"{CASES}?mine=true").json["cases"] if c["id"] == other.id]
    assert listed["lead"]["state"] == "closed"
    # Nothing else of the leading case: neither itself, nor who reported it.
    assert own.get(f"{CASES}/{lead.id}").status_code == 404
    assert not {"reporter_id", "id", "note", "place"} & set(told["lead"])
    entries = {
        e["reason"]: e["points"] for e in own.get("/api/v1/points").json["entries"] if e["case_id"] == lead.id
    }
    assert entries == {reason: TARIFF[reason] for reason in ("report_accepted", "report_closed")}
    with owner_db.transaction() as session:
        moved = session.scalars(
            text(
                "SELECT data ->> 'state' FROM app.event"
                " WHERE subject_id = :id AND name = 'repeats.lead_moved' ORDER BY id"
            ),
            {"id": other.id},
        ).all()
    assert moved[0] == "accepted"
    assert moved[-1] == "closed"


@pytest.fixture(scope="module")
def crowd(settings: Settings, station: Station) -> list[tuple[Actor, Any]]:
    """A hundred households that report one thing; each with its actor."""
    database = Database(settings, MIGRATE, pool_size=1)
    blobs, machine = FolderStore(settings.blobs_dir), Actor(station.id, "machine")
    lon, lat = station.inside("A2")
    made = []
    for number in range(100):
        person = uuid4()
        with database.transaction(machine) as session:
            people.enrol_person(
                session,
                person,
                name=f"住户{number}",
                category="volunteer",
                phone=f"139{number:08d}",
                by=machine,
            )
        by = Actor(station.id, "volunteer", person)
        place = Place(lon + (number % 20) * METRE, lat, "wgs84", 5.0, "gps", "")
        sent = Report(uuid4(), "flying_wire", None, ANSWERS, place, clock.now(), "很吵")
        with database.transaction(by) as session:
            cases.report(session, blobs, sent, by=by, sender=cases.Sender("test", complete=False))
        made.append((by, sent.id))
    database.dispose()
    return made


@pytest.fixture(scope="module")
def do(settings: Settings, station: Station) -> Iterator[Callable[..., None]]:
    """Do one job for a case under the worker's role: do(jobs.link_case, case_id)."""
    database, by = Database(settings, WORKER, pool_size=1), Actor(station.id, "machine")

    def run(job: Callable[[Run], None], case_id: Any) -> None:
        with database.transaction(by) as session:
            job(Run(session, by, 0, {"subject": str(case_id)}, {}))

    yield run
    database.dispose()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_households_each_see_the_leading_case_and_nobody_else(
    crowd: Any, do: Any, as_user: Any, db_as: Any, owner_db: Database
) -> None:
    for _by, case_id in crowd:
        do(jobs.link_case, case_id)
    officer = as_user("t.officer.a")
    with owner_db.transaction() as session:
        given = dict(session.execute(text("SELECT id, number FROM app.case_file")).tuples().all())
    numbers = [given[case_id] for _by, case_id in crowd]
    lead = officer.get(f"{CASES}/{crowd[0][1]}/repeats").json
    assert len(lead["group"]) == 99
    assert officer.get(f"{CASES}/{crowd[-1][1]}").json["priority"] == 2
    done = merge(officer, numbers[0], numbers[1:])
    assert {item["state"] for item in done} == {"duplicate"}
    for _by, case_id in crowd[1:]:
        do(jobs.note_merging, case_id)
    finish(as_user, crowd[0][1], "噪音已制止")
    for _event in ("cases.accepted", "cases.closed"):
        do(jobs.tell_merged, crowd[0][1])
    assert len(officer.get(f"{CASES}/{crowd[0][1]}/repeats").json["merged"]) == 99
    for by, case_id in crowd[1:]:
        with db_as(by) as session:
            case = case_queries.case(session, case_id)
            assert (case.lead.number, case.lead.state, case.lead.closing_note) == (
                numbers[0],
                "closed",
                "噪音已制止",
            )
            others = session.execute(text("SELECT id FROM app.case_file")).scalars().all()
            assert others == [case_id]
            foreign = [str(item) for _by, item in crowd if item != case_id]
            told = session.execute(text("SELECT * FROM app.lead_states(CAST(:i AS uuid[]))"), {"i": foreign})
            assert told.all() == []
    with owner_db.transaction() as session:
        points = session.execute(
            text(
                "SELECT person_id, reason, count(*) FROM app.point_entry"
                " WHERE person_id = ANY(:p) GROUP BY 1, 2"
            ),
            {"p": [by.person_id for by, _case in crowd]},
        ).all()
        # The leading case's own reporter gets his by the reaction of every case, not run here.
        assert len(points) == 198
        assert {row.count for row in points} == {1}
        per_case = text(
            "SELECT count(*) FROM app.event WHERE name = 'cases.merged' AND subject_id = ANY(:ids)"
        )
        assert session.scalar(per_case, {"ids": [c for _by, c in crowd]}) == 99
        links = text("SELECT count(*) FROM app.case_link WHERE kind = 'repeat' AND case_id = ANY(:ids)")
        # Not the 4950 of each with each.
        assert session.scalar(links, {"ids": [c for _by, c in crowd]}) < 100 * 21


def test_leads_are_flattened_and_each_is_told(
    report: Any,
    worked: Any,
    belonging: Any,
    number_of: Any,
    as_user: Any,
    station: Station,
    owner_db: Database,
) -> None:
    here = station.inside("B1")
    first, second, third = (report(here, metres) for metres in (0, 3, 6))
    worked()
    officer = as_user("t.officer.b")
    merge(officer, number_of(second), [number_of(third)])
    worked()
    merge(officer, number_of(first), [number_of(second)])
    worked()
    assert {m["number"] for m in belonging(first)["merged"]} == {number_of(second), number_of(third)}
    assert belonging(third)["lead"]["number"] == number_of(first)
    with owner_db.transaction() as session:
        live = session.execute(
            text("SELECT case_id, other_id FROM app.case_link WHERE kind = 'merged' AND ended_at IS NULL"
                 " AND case_id = ANY(CAST(:ids AS uuid[]))"),
            {"ids": [second.id, third.id]},
        ).all()  # fmt: skip
        changed = session.scalars(
            text(
                "SELECT data ->> 'lead' FROM app.event"
                " WHERE name = 'repeats.lead_changed' AND subject_id = :id"
            ),
            {"id": third.id},
        ).all()
    assert {(str(a), str(b)) for a, b in live} == {(second.id, first.id), (third.id, first.id)}
    assert changed == [first.id]
    # Merging into one that is merged itself goes to the one that leads.
    fourth = report(here, 9)
    merge(officer, number_of(second), [number_of(fourth)])
    assert belonging(fourth)["lead"]["number"] == number_of(first)


def test_a_circle_is_refused_by_the_rule_and_by_the_database(
    report: Any, number_of: Any, as_user: Any, station: Station, db_as: Any
) -> None:
    here = station.inside("B2")
    a, b, c = (report(here, metres) for metres in (0, 3, 6))
    officer = as_user("t.officer.b")
    merge(officer, number_of(b), [number_of(a)])
    [problem] = merge(officer, number_of(a), [number_of(b)], 422)["errors"]
    assert (problem["pointer"], problem["code"]) == ("/cases/0", "merge_itself")
    [problem] = merge(officer, number_of(c), [number_of(a)], 422)["errors"]
    assert problem["code"] == "merge_over"
    put = text("UPDATE app.case_file SET duplicate_of = :lead, state = 'duplicate' WHERE id = :id")
    for case, lead in ((b, a), (c, c)):
        with pytest.raises(DBAPIError), db_as("t.station_chief") as session:
            session.execute(put, {"id": case.id, "lead": lead.id})
    with db_as("t.station_chief") as session:
        session.execute(put, {"id": c.id, "lead": a.id})
        flat = session.scalar(text("SELECT duplicate_of FROM app.case_file WHERE id = :id"), {"id": c.id})
        session.rollback()
    assert str(flat) == b.id


def test_unmerging_gives_a_case_its_own_life_and_clock_back(
    report: Any,
    worked: Any,
    belonging: Any,
    number_of: Any,
    as_user: Any,
    station: Station,
    owner_db: Database,
) -> None:
    here = station.inside("C1")
    lead, other = report(here), report(here, 3)
    worked()
    chief = as_user("t.station_chief")
    merge(chief, number_of(lead), [number_of(other)])
    worked()
    assert chief.post(f"{CASES}/{other.id}/steps/unmerge", data={"note": "不是一回事"}).status_code == 200
    worked()
    back = chief.get(f"{CASES}/{other.id}").json
    assert (back["state"], back["lead"]) == ("reported", None)
    assert back["due_at"] > chief.get(f"{CASES}/{lead.id}").json["due_at"]
    assert belonging(lead)["merged"] == []
    assert belonging(lead)["offers"] == []  # a person has said that they are two
    assert chief.post(f"{CASES}/{other.id}/accept", json={}).status_code == 200
    with owner_db.transaction() as session:
        ended = session.scalars(
            text("SELECT ended_at IS NOT NULL FROM app.case_link WHERE kind = 'merged' AND case_id = :id"),
            {"id": other.id},
        ).all()
    assert ended == [True]
    # Once more, and the link lives again.
    merge(chief, number_of(lead), [number_of(other)])
    worked()
    assert len(belonging(lead)["merged"]) == 1


def test_all_or_none(report: Any, number_of: Any, as_user: Any, station: Station) -> None:
    here = station.inside("C2")
    lead, fine = report(here), report(here, 3)
    lead_report = {"class_code": "lead", "answers": {"subject": "mining", "ongoing": False}}
    walled = report(here, 5, **lead_report)
    chief = as_user("t.station_chief")
    purpose = {"purpose": "handle", "words": "核对是否同一事项"}
    assert chief.post(f"/api/v1/leads/{walled.id}/open", json=purpose).status_code == 200
    [problem] = merge(chief, number_of(lead), [number_of(fine), number_of(walled)], 422)["errors"]
    assert (problem["pointer"], problem["code"]) == ("/cases/1", "merge_other_kind")
    assert chief.get(f"{CASES}/{fine.id}").json["state"] == "reported"
    assert (
        as_user("t.officer.a")
        .post(MERGES, json={"lead": number_of(lead), "cases": [number_of(fine)]})
        .status_code
        == 404
    )
    assert (
        as_user("u.station_chief")
        .post(MERGES, json={"lead": number_of(lead), "cases": [number_of(fine)]})
        .status_code
        == 404
    )


def test_residents_and_civic_clients_follow_the_leading_case(
    report: Any, worked: Any, number_of: Any, as_user: Any, station: Station, app: Any, owner_db: Database
) -> None:
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        allowed = text("""UPDATE app.station SET settings =
            settings || '{"open311": {"report": true, "read": true}}' WHERE id = :id""")
        session.execute(allowed, {"id": station.id})
    lon, lat = station.inside("A1")
    lon += 120 * METRE
    resident = Resident(app, address="198.51.100.9")
    code = resident.report("flying_wire", lon=str(lon), lat=str(lat), accuracy_m="9", note="楼下飞线")
    sent = {
        "service_code": "flying_wire", "lat": str(lat), "long": str(lon + 3 * METRE),
        "description": "wire at the gate",
        "attribute[building_kind]": "multi_storey", "attribute[wires]": "1", "attribute[seen_charging]": "no",
        "media": [(io.BytesIO(photo(77)), "1.jpg", "image/jpeg")],
    }  # fmt: skip
    told = app.test_client().post("/open311/v2/requests.json?jurisdiction_id=T", data=sent)
    assert told.status_code == 201, told.text
    token = told.json[0]["token"]
    lead = report((lon, lat), 6)
    with owner_db.transaction() as session:
        numbers = session.scalars(
            text(
                "SELECT number FROM app.case_file WHERE source IN ('public', 'open311') AND station_id = :s"
            ),
            {"s": station.id},
        ).all()
    merge(as_user("t.officer.a"), number_of(lead), list(numbers))
    worked()
    finish(as_user, lead.id, "全部拆除完毕")
    page = resident.track(code)
    assert "全部拆除完毕" in page
    assert "all these reports are handled together" in page
    assert number_of(lead) not in page
    assert "judgement" in page
    [own] = app.test_client().get(f"/open311/v2/requests/{token}.json?jurisdiction_id=T").json
    assert own["status"] == "closed"
    listed = app.test_client().get("/open311/v2/requests.json?jurisdiction_id=T&status=closed").json
    assert {row["service_request_id"] for row in listed} >= {*numbers, number_of(lead)}
    lone = app.test_client().get(f"/public/track/{code}/photo/0")
    assert lone.status_code == 200


def test_a_voice_for_a_merged_case_hears_of_the_leading_one(
    report: Any, worked: Any, number_of: Any, as_user: Any, station: Station
) -> None:
    here = station.inside("A2")
    lead, other = report(here, 120), report(here, 123)
    second = as_user("t.volunteer.2")
    assert second.post(f"{CASES}/{other.id}/voices", json={"note": "也看到"}).status_code == 200
    merge(as_user("t.officer.a"), number_of(lead), [number_of(other)])
    near = {"class_code": "flying_wire", "lon": here[0] + 121 * METRE, "lat": here[1]}
    found = second.get(f"{CASES}/nearby", query_string=near).json
    assert [item["id"] for item in found] == [lead.id]
    finish(as_user, lead.id, "已处理")
    worked()
    [told] = [item for item in second.get("/api/v1/voices").json if item["id"] == other.id]
    assert (told["state"], told["closing_note"], told["number"]) == ("closed", "已处理", number_of(other))
    reasons = [e["reason"] for e in second.get("/api/v1/points").json["entries"] if e["case_id"] == lead.id]
    assert reasons == ["voice_closed"]
