"""The same thing seen by several: who is told what of somebody else's report, and who never is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.samples import Sample
from tests.stations import Station

CASES = "/api/v1/cases"
METRES = 1 / 88_000  # degrees of longitude here
TOLD = {
    "id", "number", "class_code", "class_title", "state", "state_title", "found_at", "voices",
    "distance_m", "mine", "voiced", "thumbnail",
}  # fmt: skip


@pytest.fixture
def second(as_user: Callable[[str], FlaskClient]) -> FlaskClient:
    return as_user("t.volunteer.2")


@pytest.fixture
def reported(send_report: Callable[..., Sample]) -> Sample:
    return send_report("t.volunteer", "A1", note="三单元，找王姓住户")


def near(
    client: FlaskClient, lon: float, lat: float, class_code: str = "flying_wire"
) -> list[dict[str, Any]]:
    answer = client.get(f"{CASES}/nearby", query_string={"class_code": class_code, "lon": lon, "lat": lat})
    assert answer.status_code == 200, answer.text
    return list(answer.json)


def ids(found: list[dict[str, Any]]) -> set[str]:
    return {item["id"] for item in found}


def place_of(sample: Sample) -> tuple[float, float]:
    return sample.report["place"]["lon"], sample.report["place"]["lat"]


def test_a_neighbour_learns_that_it_is_known_and_nothing_of_the_reporter(
    send_report: Callable[..., Sample], second: FlaskClient, station: Station
) -> None:
    sample = send_report("t.volunteer", "C1", note="三单元，找王姓住户")
    lon, lat = place_of(sample)
    (found,) = near(second, lon + 30 * METRES, lat)
    assert set(found) == TOLD
    assert (found["id"], found["state"], found["voices"]) == (sample.id, "reported", 0)
    assert 28 <= found["distance_m"] <= 32
    assert not found["mine"]
    assert not found["voiced"]
    assert second.get(f"{CASES}/{sample.id}").status_code == 404


def test_only_near_open_and_of_the_same_class(
    send_report: Callable[..., Sample],
    as_user: Callable[[str], FlaskClient],
    second: FlaskClient,
    station: Station,
) -> None:
    sample = send_report("t.volunteer", "C2")
    lon, lat = place_of(sample)
    assert ids(near(second, lon + 48 * METRES, lat)) == {sample.id}
    assert near(second, lon + 54 * METRES, lat) == []
    assert near(second, lon, lat, "fire_lane") == []
    assert near(as_user("u.volunteer"), lon, lat) == []
    (own,) = near(as_user("t.volunteer"), lon, lat)
    assert own["mine"]
    chief = as_user("t.station_chief")
    assert chief.post(f"{CASES}/{sample.id}/accept", json={}).status_code == 200
    assert ids(near(second, lon, lat)) == {sample.id}


def test_a_restricted_lead_never_shows_nor_takes_a_voice(
    send_report: Callable[..., Sample], as_user: Callable[[str], FlaskClient], station: Station
) -> None:
    lead = {"class_code": "lead", "answers": {"subject": "mining", "ongoing": False}}
    sample = send_report("t.volunteer", "B1", **lead)
    lon, lat = place_of(sample)
    for who in ("t.volunteer.2", "t.officer.b", "t.station_chief"):
        client = as_user(who)
        assert near(client, lon, lat, "lead") == []
        assert client.post(f"{CASES}/{sample.id}/voices", json={}).status_code == 404


def test_a_voice_counts_once_and_keeps_its_giver_informed(
    reported: Sample, second: FlaskClient, as_user: Callable[[str], FlaskClient]
) -> None:
    address = f"{CASES}/{reported.id}/voices"
    first = second.post(address, json={"note": "昨晚还在充电"})
    assert (first.status_code, first.json["voices"]) == (200, 1)
    assert second.post(address, json={"note": "again"}).json == first.json
    (told,) = [item for item in second.get("/api/v1/voices").json if item["id"] == reported.id]
    assert (told["state"], told["handler"], told["note"]) == ("reported", None, "昨晚还在充电")
    assert not {"address", "reporter_id", "place", "attachments"} & set(told)
    officer = as_user("t.officer.a")
    assert officer.get(f"{CASES}/{reported.id}").json["voices"] == 1
    lon, lat = place_of(reported)
    box = f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"
    drawn = officer.get(f"/ogc/collections/cases/items?bbox={box}").json["features"]
    assert {f["id"]: f["properties"]["voices"] for f in drawn}[reported.id] == 1
    taken = officer.post(f"{CASES}/{reported.id}/accept", json={}).json
    told = next(item for item in second.get("/api/v1/voices").json if item["id"] == reported.id)
    assert (told["state"], told["accepted_at"]) == ("accepted", taken["accepted_at"])
    assert told["handler"]
    assert (
        ids(second.get("/api/v1/voices").json) & ids(as_user("t.volunteer").get("/api/v1/voices").json)
        == set()
    )


def test_no_voice_for_my_own_report_nor_for_a_closed_one(
    reported: Sample, second: FlaskClient, as_user: Callable[[str], FlaskClient], owner_db: Any
) -> None:
    own = as_user("t.volunteer").post(f"{CASES}/{reported.id}/voices", json={})
    assert (own.status_code, own.json["code"]) == (409, "own_report")
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(
            text("UPDATE app.case_file SET closed_at = now(), state = 'closed' WHERE id = :i"),
            {"i": reported.id},
        )
    over = second.post(f"{CASES}/{reported.id}/voices", json={})
    assert (over.status_code, over.json["code"]) == (409, "case_over")
    assert second.post(f"{CASES}/{uuid4()}/voices", json={}).status_code == 404
    assert as_user("u.volunteer").post(f"{CASES}/{reported.id}/voices", json={}).status_code == 404


def test_the_handler_sees_who_spoke_and_the_reporter_only_how_many(
    reported: Sample, second: FlaskClient, as_user: Callable[[str], FlaskClient], db_as: Any, member: Any
) -> None:
    assert second.post(f"{CASES}/{reported.id}/voices", json={"note": "x"}).status_code == 200
    giver = member("t.volunteer.2").person_id
    sight = {"t.officer.a": 1, "t.station_chief": 1, "t.volunteer.2": 1, "t.volunteer": 0, "t.officer.b": 0}
    for who, seen in {**sight, "t.mediator": 0, "u.officer.a": 0, "u.station_chief": 0}.items():
        with db_as(who) as session:
            found = session.execute(
                text("SELECT person_id FROM app.voice WHERE case_id = :i"), {"i": reported.id}
            )
            assert [row.person_id for row in found] == [giver] * seen, who
    with db_as("t.officer.a") as session:
        assert session.scalar(text("SELECT count(*) FROM app.person WHERE id = :p"), {"p": giver}) == 1
    with db_as("t.officer.b") as session:
        assert session.scalar(text("SELECT count(*) FROM app.person WHERE id = :p"), {"p": giver}) == 0
    assert as_user("t.volunteer").get(f"{CASES}/{reported.id}").json["voices"] == 1


@pytest.mark.parametrize(
    "attack",
    [
        "INSERT INTO app.voice (case_id, person_id, station_id) VALUES (:case, :me, :station)",
        "UPDATE app.case_file SET voices = 99 WHERE id = :case",
        "DELETE FROM app.voice WHERE case_id = :case",
        "INSERT INTO app.point_entry (station_id, person_id, points, reason, case_id) "
        "VALUES (:station, :me, 99, 'report_closed', :case)",
        "INSERT INTO app.case_note (id, case_id, station_id, person_id, note) "
        "VALUES (gen_random_uuid(), :case, :station, :other, 'x')",
        "UPDATE app.case_note SET note = 'x'",
    ],
)
def test_nobody_goes_round_the_doors(
    reported: Sample, db_as: Any, member: Any, station: Station, attack: str
) -> None:
    ids_of = {"me": member("t.volunteer").person_id, "other": member("t.volunteer.2").person_id}
    with (
        pytest.raises(DBAPIError, match=r"permission denied|row-level security"),
        db_as("t.volunteer") as session,
    ):
        session.execute(text(attack), {"case": reported.id, "station": station.id, **ids_of})


def test_a_note_is_added_once_and_read_by_those_who_see_the_case(
    reported: Sample, second: FlaskClient, as_user: Callable[[str], FlaskClient], db_as: Any
) -> None:
    mine, note = as_user("t.volunteer"), {"id": str(uuid4()), "note": "今天线又多了一根"}
    address = f"{CASES}/{reported.id}/notes"
    assert mine.post(address, json=note).status_code == 201
    again = mine.post(address, json=note)
    assert [item["note"] for item in again.json["notes"]] == [note["note"]]
    other = mine.post(address, json={**note, "note": "another"})
    assert (other.status_code, other.json["code"]) == (409, "already_known")
    (seen,) = as_user("t.officer.a").get(f"{CASES}/{reported.id}").json["notes"]
    assert (seen["note"], bool(seen["person"])) == (note["note"], True)
    assert second.post(address, json={"id": str(uuid4()), "note": "x"}).status_code == 404
    assert second.post(address, json=note).status_code == 404
    for who in ("t.volunteer.2", "t.officer.b", "u.station_chief"):
        with db_as(who) as session:
            assert (
                session.scalar(
                    text("SELECT count(*) FROM app.case_note WHERE case_id = :i"), {"i": reported.id}
                )
                == 0
            )
    with db_as("t.station_chief") as session:
        names = session.scalars(
            text("SELECT name FROM app.event WHERE subject_id = :i ORDER BY id"), {"i": reported.id}
        )
        assert list(names) == ["cases.reported", "cases.note_added"]
        data = str(
            session.scalars(
                text("SELECT data FROM app.event WHERE subject_id = :i"), {"i": reported.id}
            ).all()
        )
    assert note["note"] not in data


@pytest.mark.parametrize(
    "body", [{"note": "x"}, {"id": str(uuid4()), "note": ""}, {"id": str(uuid4()), "note": "x" * 2001}]
)
def test_a_note_needs_an_id_and_words(
    reported: Sample, as_user: Callable[[str], FlaskClient], body: dict[str, str]
) -> None:
    assert as_user("t.volunteer").post(f"{CASES}/{reported.id}/notes", json=body).status_code == 422


def test_nobody_walks_the_map_by_asking_what_is_near(
    second: FlaskClient,
    as_user: Callable[[str], FlaskClient],
    station: Station,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("webapp.cases.api.OFTEN", (3, 3600))
    lon, lat = station.inside("A1")
    asked = {"class_code": "flying_wire", "lon": lon, "lat": lat}
    client = as_user("t.mediator")
    answers = [client.get(f"{CASES}/nearby", query_string=asked).status_code for _n in range(5)]
    assert answers == [200, 200, 200, 429, 429]


@pytest.mark.parametrize(
    "wrong", [{"lon": "nan"}, {"lat": "91"}, {"lon": "east"}, {"class_code": ""}, {"radius": "9"}]
)
def test_what_is_near_is_asked_strictly(second: FlaskClient, wrong: dict[str, str]) -> None:
    asked = {"class_code": "flying_wire", "lon": "112.5", "lat": "37.8", **wrong}
    assert second.get(f"{CASES}/nearby", query_string=asked).status_code == 422
