"""A call from the grid to the police and back: who is called, who takes it, how it ends."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.stations import Station
from tests.webapp.calls.conftest import API
from webapp.areas.actions import post
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import Database
from webapp.patrols.models import Fix, Patrol


def test_the_grid_calls_and_the_officer_of_the_ground_takes_it(call, say, seen) -> None:
    told = call("t.grid_worker.a", "A2")
    assert (told["direction"], told["state"], told["grid"]) == ("grid_to_police", "ringing", "T-A2")
    assert told["called"] == {"called": 1}
    mine = seen("t.officer.a", told)
    assert mine["words"] == "三单元有人争吵，请来一位民警"
    assert mine["caller"]["name"]
    assert mine["verbs"] == ["acknowledge", "take", "decline"]
    heard = say("t.officer.a", told, "acknowledge").json
    assert (heard["state"], heard["mine"]) == ("acknowledged", "acknowledged")
    taken = say("t.officer.a", told, "take").json
    assert (taken["state"], taken["mine"], taken["verbs"]) == (
        "answered",
        "taken",
        ["arrive", "decline", "finish"],
    )
    comes = seen("t.grid_worker.a", told)["takers"]
    assert len(comes) == 1
    assert comes[0]["name"]
    assert say("t.officer.a", told, "arrive").json["arrived_at"]
    done = say("t.officer.a", told, "finish", words="已劝和").json
    assert (done["state"], done["end_words"], done["verbs"]) == ("done", "已劝和", [])
    late = say("t.officer.a", told, "take")
    assert late.status_code == 200, "a repeat of what one has said changes nothing"
    assert seen("t.grid_worker.a", told)["state"] == "done"


def test_the_same_call_twice_is_one_call(as_user, wish, owner_db: Database) -> None:
    client, sent = as_user("t.grid_worker.a"), wish("A1")
    first, second = client.post(API, json=sent), client.post(API, json=sent)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    with owner_db.transaction() as session:
        count = session.scalar(
            text("SELECT count(*) FROM app.event WHERE subject_id = :id AND name = 'calls.placed'"), sent
        )
    assert count == 1
    other = client.post(API, json={**sent, "words": "别的"})
    assert (other.status_code, other.json["code"]) == (409, "already_known")
    thief = as_user("t.grid_worker.b").post(API, json=sent)
    assert (thief.status_code, thief.json["code"]) == (409, "already_known")


def test_what_was_sent_is_kept_beside_what_it_means(call, owner_db: Database, station: Station) -> None:
    lon, lat = station.inside("B1")
    told = call("t.grid_worker.b", place={"lon": lon, "lat": lat, "crs": "gcj02", "method": "pin"})
    with owner_db.transaction() as session:
        row = session.execute(
            text("SELECT raw_x, raw_y, raw_crs, method FROM app.call WHERE id = :id"), told
        ).one()
    assert tuple(row) == (lon, lat, "gcj02", "pin")
    assert abs(told["lon"] - lon) > 0.001, "GCJ-02 lies some hundred metres off WGS 84 here"


@pytest.mark.parametrize(
    ("username", "changes", "status", "code"),
    [
        ("t.grid_worker.a", {"aim": "around"}, 422, "refused"),
        ("t.officer.a", {"aim": "person"}, 422, "refused"),
        ("t.officer.a", {"aim": "person", "aim_id": str(uuid4())}, 422, "refused"),
        ("t.grid_worker.a", {"place": None}, 422, "refused"),
        ("t.grid_worker.a", {"kind": "coffee"}, 422, "refused"),
        ("t.grid_worker.a", {"wanted": 0}, 422, "refused"),
        ("t.grid_worker.a", {"case_id": str(uuid4())}, 404, "not_found"),
        ("t.planner", {}, 403, "forbidden"),
        ("t.system_admin", {}, 403, "forbidden"),
        ("t.audit_admin", {}, 403, "forbidden"),
    ],
)
def test_what_can_not_be_called(as_user, wish, username: str, changes: Any, status: int, code: str) -> None:
    answer = as_user(username).post(API, json=wish("A1", **changes))
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text


def test_the_police_call_one_person(call, say, seen, member) -> None:
    volunteer = member("t.volunteer.2")
    told = call("t.officer.a", "A1", aim="person", aim_id=str(volunteer.person_id), kind="on_site")
    assert told["called"] == {"called": 1}
    mine = seen("t.volunteer.2", told)
    assert mine["mine"] == "called"
    assert mine["caller"]["name"], "who is called must know who calls"
    assert seen("t.volunteer", told) is None
    assert say("t.volunteer", told, "take").status_code == 404
    assert say("t.volunteer.2", told, "take").json["state"] == "answered"
    assert seen("t.officer.a", told)["takers"][0]["name"], "the caller sees who comes"


def test_the_police_call_a_team(call, seen, member, owner_db: Database, station: Station) -> None:
    team = uuid4()
    with owner_db.transaction() as session:
        session.execute(
            text("INSERT INTO app.team (id, station_id, name, kind) VALUES (:t, :s, '红袖章', 'patrol')"),
            {"t": team, "s": station.id},
        )
        for username, until in (("t.volunteer", None), ("t.volunteer.2", "2020-01-01")):
            session.execute(
                text("""INSERT INTO app.membership (team_id, person_id, station_id, since_on, until_on)
                    VALUES (:t, :p, :s, '2019-01-01', :u)"""),
                {"t": team, "p": member(username).person_id, "s": station.id, "u": until},
            )
    told = call("t.officer.b", "B1", aim="team", aim_id=str(team))
    assert told["called"] == {"called": 1}
    assert seen("t.volunteer", told)["mine"] == "called"
    assert seen("t.volunteer.2", told) is None, "who has left the team is not called"


def test_everybody_on_duty_within_500_m(call, seen, member, owner_db, station: Station) -> None:
    near, stale, far = member("t.volunteer"), member("t.volunteer.2"), member("t.mediator")
    lon, lat = station.inside("A1")
    now = clock.now()
    with owner_db.transaction(Actor(station.id, "machine")) as session:
        for who, east, ago in ((near, 0.002, 5), (stale, 0.001, 30), (far, 0.02, 1)):
            patrol = uuid4()
            session.add(
                Patrol(
                    id=patrol,
                    station_id=station.id,
                    person_id=who.person_id,
                    kind="routine",
                    started_at=now - timedelta(hours=1),
                )
            )
            session.flush()
            for seq, back in ((0, 50), (1, ago)):
                session.add(
                    Fix(
                        patrol_id=patrol,
                        seq=seq,
                        station_id=station.id,
                        at=now - timedelta(minutes=back),
                        lon=lon + east,
                        lat=lat,
                        raw_x=lon + east,
                        raw_y=lat,
                    )
                )
    told = call("t.officer.a", "A1", aim="around", wanted=2)
    assert seen("t.volunteer", told)["mine"] == "called", "is walking near"
    assert seen("t.grid_worker.a", told)["mine"] == "called", "is posted here"
    assert seen("t.grid_worker.b", told)["mine"] == "called", "the next grid begins 180 m from here"
    assert seen("t.volunteer.2", told) is None, "was last heard of half an hour ago"
    assert told["called"] == {"called": 3}


def test_two_take_it_at_the_same_moment_and_one_wins(app, call, token_for, seen, member) -> None:
    told = call("t.officer.a", "A1", aim="around")
    rivals = [name for name in ("t.grid_worker.a", "t.grid_worker.b") if seen(name, told)]
    assert len(rivals) == 2

    def take(username: str) -> Any:
        client: FlaskClient = app.test_client(use_cookies=False)
        head = {"Authorization": f"Bearer {token_for(username)}"}
        return client.post(f"{API}/{told['id']}/take", headers=head)

    for _round in range(1):
        with ThreadPoolExecutor(2) as pool:
            answers = dict(zip(rivals, pool.map(take, rivals), strict=True))
    codes = sorted(answer.status_code for answer in answers.values())
    assert codes == [200, 409]
    loser = next(name for name, answer in answers.items() if answer.status_code == 409)
    refusal = answers[loser].json
    [comes] = seen("t.officer.a", told)["takers"]
    assert refusal["code"] == "call_taken"
    assert comes["name"] in refusal["detail"], "who was too late is told who comes"
    mine = seen(loser, told)
    assert (mine["mine"], mine["verbs"]) == ("stood_down", [])
    assert mine["takers"][0]["name"] == comes["name"]


def test_several_are_wanted(call, say, seen) -> None:
    told = call("t.station_chief", "A1", aim="around", wanted=2)
    assert say("t.grid_worker.a", told, "take").json["state"] == "answered"
    assert seen("t.grid_worker.b", told)["mine"] == "called", "one more is wanted"
    assert say("t.grid_worker.b", told, "take").json["taken"] == 2
    assert len(seen("t.grid_worker.a", told)["takers"]) == 2


def test_a_call_about_a_case_lies_at_its_place(call, send_report, as_user, seen) -> None:
    sample = send_report("t.volunteer", "B2")
    told = call("t.grid_worker.b", place=None, case_id=sample.id)
    assert told["grid"] == "T-B2"
    assert seen("t.officer.b", told)["case"]["id"] == sample.id
    listed = as_user("t.officer.b").get(f"{API}?case_id={sample.id}").json["calls"]
    assert [item["id"] for item in listed] == [told["id"]]


def test_a_case_that_one_may_not_see_stays_unseen_behind_its_call(call, send_report, member, seen) -> None:
    sample = send_report("t.volunteer", "B2")
    who = str(member("t.volunteer.2").person_id)
    told = call("t.officer.b", place=None, case_id=sample.id, aim="person", aim_id=who)
    assert told["case"]["id"] == sample.id
    assert seen("t.volunteer.2", told)["case"] is None


def test_endings(call, say) -> None:
    told = call("t.grid_worker.a")
    assert say("t.officer.a", told, "cancel", words="x").status_code == 403, "only who called withdraws"
    assert say("t.grid_worker.a", told, "cancel", words="").status_code == 422, "with words"
    assert say("t.grid_worker.a", told, "finish", words="x").json["code"] == "call_not_taken"
    assert say("t.grid_worker.a", told, "lapse", words="x").json["code"] == "call_still_runs"
    assert say("t.grid_worker.a", told, "cancel", words="误按").json["state"] == "cancelled"
    assert say("t.officer.a", told, "take").json["code"] == "call_over"
    assert say("t.grid_worker.a", told, "cancel", words="x").json["code"] == "call_over"


def test_lists(as_user, call, say) -> None:
    told = call("t.grid_worker.b", "B1")
    say("t.grid_worker.b", told, "cancel", words="误按")
    later = call("t.grid_worker.b", "B1")
    page = as_user("t.grid_worker.b").get(f"{API}?limit=1").json
    assert [item["id"] for item in page["calls"]] == [later["id"]]
    after = as_user("t.grid_worker.b").get(f"{API}?limit=1&cursor={page['next']}").json
    assert [item["id"] for item in after["calls"]] == [told["id"]]
    ended = as_user("t.grid_worker.b").get(f"{API}?state=ended").json["calls"]
    assert told["id"] in [item["id"] for item in ended]
    assert later["id"] not in [item["id"] for item in ended]
    everybody = as_user("t.station_chief").get(f"{API}?state=open").json["calls"]
    assert later["id"] in [item["id"] for item in everybody]
    own = as_user("t.station_chief").get(f"{API}?state=open&mine=true").json["calls"]
    assert later["id"] not in [item["id"] for item in own]


def test_a_deputy_is_called_second(call, seen, member, owner_db, station: Station) -> None:
    deputy = member("t.officer.b")
    with owner_db.transaction(Actor(station.id, "machine")) as session:
        posting = post(
            session,
            deputy.person_id,
            duty="deputy",
            police_grid_id=station.police_grids["C"],
            by=Actor(station.id, "machine"),
        )
        alone = posting.id
    told = call("t.grid_worker.a", "C1")
    assert seen("t.officer.b", told)["mine"] == "called", "without an officer the deputy is the first"
    with owner_db.transaction(Actor(station.id, "machine")) as session:
        post(
            session,
            member("t.officer.a").person_id,
            duty="officer",
            police_grid_id=station.police_grids["C"],
            by=Actor(station.id, "machine"),
        )
    told = call("t.grid_worker.a", "C1")
    assert seen("t.officer.a", told)["mine"] == "called"
    assert seen("t.officer.b", told) is None
    with owner_db.transaction() as session:
        session.execute(
            text("DELETE FROM app.posting WHERE id = :one OR police_grid_id = :c"),
            {"one": alone, "c": station.police_grids["C"]},
        )


def test_ground_without_officer_goes_to_the_duty_desk(call, seen) -> None:
    told = call("t.grid_worker.a", "C2")
    assert (told["level"], seen("t.station_chief", told)["mine"]) == (3, "called")


def test_who_has_taken_it_may_still_be_held_up(call, say, seen, owner_db: Database) -> None:
    told = call("t.officer.a", "A1", aim="around")
    assert say("t.grid_worker.a", told, "take").json["state"] == "answered"
    assert seen("t.grid_worker.b", told)["verbs"] == []
    back = say("t.grid_worker.a", told, "decline", note="车坏了").json
    assert (back["state"], back["taken"], back["answered_at"]) == ("acknowledged", 0, None)
    assert seen("t.grid_worker.b", told)["verbs"] == ["take"], "who was stood down may come after all"
    assert say("t.grid_worker.b", told, "take").json["state"] == "answered"
    assert say("t.grid_worker.a", told, "take").json["code"] == "call_taken"
    say("t.grid_worker.b", told, "arrive")
    assert say("t.grid_worker.b", told, "decline").json["code"] == "call_arrived"
