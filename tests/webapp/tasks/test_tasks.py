"""Tasks from giving to result: who gets them, who sees them, exactly once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.stations import Member, Station
from webapp.core import clock
from webapp.core.db import Database

Give = Callable[..., dict[str, Any]]


def listed(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/tasks", query_string=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json["tasks"])


def ids(client: FlaskClient, **query: Any) -> set[str]:
    return {task["id"] for task in listed(client, **query)}


@pytest.fixture(scope="module")
def team(owner_db: Database, station: Station, member: Callable[[str], Member]) -> str:
    """A team of t.volunteer.2 alone."""
    own = uuid4()
    with owner_db.transaction() as session:
        session.execute(text("SET ROLE shuangge_owner"))
        session.execute(
            text("INSERT INTO app.team (id, station_id, name, kind) VALUES (:id, :s, '巡逻一队', 'patrol')"),
            {"id": own, "s": station.id},
        )
        session.execute(
            text("""INSERT INTO app.membership (team_id, person_id, station_id, since_on)
                VALUES (:id, :p, :s, current_date - 1)"""),
            {"id": own, "p": member("t.volunteer.2").person_id, "s": station.id},
        )
    return str(own)


def test_a_task_to_a_person_is_done_by_that_person_only(
    give: Give,
    tell: Callable[..., Any],
    as_user: Callable[[str], FlaskClient],
    member: Callable[[str], Member],
) -> None:
    made = give(to_person=member("t.volunteer").person_id)
    assert made["receiver"] == {"kind": "person", "name": "甲T00"}
    assert made["part"] == "today"
    [mine] = [t for t in listed(as_user("t.volunteer")) if t["id"] == made["id"]]
    assert mine["verbs"] == ["take", "finish"]
    for other in ("t.volunteer.2", "t.officer.a", "t.grid_worker.a", "t.planner", "u.station_chief"):
        if other != "u.station_chief":
            assert made["id"] not in ids(as_user(other), mine="false")
        assert as_user(other).get(f"/api/v1/tasks/{made['id']}").status_code == 404
        assert tell(other, made["id"]).status_code == 404
    done = tell("t.volunteer", made["id"], note="看过了，没有")
    assert done.status_code == 200, done.text
    assert done.json["state"] == "done"
    assert done.json["result"]["flags"] == []
    assert len(done.json["result"]["photos"]) == 1
    assert as_user("t.volunteer").get(done.json["result"]["photos"][0]).status_code == 200
    assert as_user("t.station_chief").get(done.json["result"]["photos"][0]).status_code == 200
    assert as_user("t.volunteer.2").get(done.json["result"]["photos"][0]).status_code == 404


def test_a_result_sent_twice_counts_once_and_another_is_refused(
    give: Give, tell: Callable[..., Any], owner_db: Database, member: Callable[[str], Member]
) -> None:
    made = give(to_person=member("t.volunteer").person_id)
    own = str(uuid4())
    # the photo is lost on the way at first: the record stands, the photo follows
    first = tell("t.volunteer", made["id"], result_id=own, shade=None)
    again = tell("t.volunteer", made["id"], result_id=own, shade=9)
    third = tell("t.volunteer", made["id"], result_id=own, shade=9)
    assert [a.status_code for a in (first, again, third)] == [200, 200, 200]
    assert len(third.json["result"]["photos"]) == 1
    other = tell("t.volunteer", made["id"], "failed", note="nobody there")
    assert other.status_code == 409
    assert other.json["code"] == "task_over"
    with owner_db.transaction() as session:
        names = session.scalars(
            text("SELECT name FROM app.event WHERE subject_id = :id ORDER BY id"), {"id": made["id"]}
        ).all()
    assert names == ["tasks.assigned", "tasks.completed", "tasks.photo_added"]


def test_giving_twice_gives_once(
    wanted: Callable[..., dict[str, Any]], as_user: Callable[[str], FlaskClient], owner_db: Database
) -> None:
    body, chief = wanted(), as_user("t.station_chief")
    assert [chief.post("/api/v1/tasks", json=body).status_code for _time in range(2)] == [201, 201]
    other = chief.post("/api/v1/tasks", json={**body, "words": "etwas anderes"})
    assert (other.status_code, other.json["code"]) == (409, "already_known")
    # an id of another station's task is taken, and nothing is told of it
    lon, lat = body["place"]["lon"], body["place"]["lat"]
    foreign = as_user("u.station_chief").post(
        "/api/v1/tasks",
        json={**body, "receiver": {"to_person": str(uuid4())}, "place": {"lon": lon, "lat": lat}},
    )
    assert foreign.status_code == 422
    with owner_db.transaction() as session:
        n = session.scalar(text("SELECT count(*) FROM app.event WHERE subject_id = :id"), {"id": body["id"]})
    assert n == 1


def test_a_task_to_a_grid_is_for_whoever_is_posted_there(
    give: Give, as_user: Callable[[str], FlaskClient], tell: Callable[..., Any]
) -> None:
    made = give(grid="A1")
    for posted in ("t.officer.a", "t.grid_worker.a"):
        assert made["id"] in ids(as_user(posted))
    for other in ("t.officer.b", "t.grid_worker.b", "t.volunteer", "t.mediator"):
        assert made["id"] not in ids(as_user(other), mine="false")
    taken = as_user("t.officer.a").post(f"/api/v1/tasks/{made['id']}/take")
    assert taken.status_code == 200
    assert taken.json["taken_by"]
    late = as_user("t.grid_worker.a").post(f"/api/v1/tasks/{made['id']}/take")
    assert (late.status_code, late.json["code"]) == (409, "task_taken")
    assert tell("t.grid_worker.a", made["id"]).json["code"] == "task_taken"
    assert tell("t.officer.a", made["id"]).status_code == 200


def test_a_task_to_a_team_is_for_its_members(
    give: Give, team: str, as_user: Callable[[str], FlaskClient], tell: Callable[..., Any]
) -> None:
    made = give(to_team=team)
    assert made["receiver"] == {"kind": "team", "name": "巡逻一队"}
    assert made["id"] in ids(as_user("t.volunteer.2"))
    assert made["id"] not in ids(as_user("t.volunteer"), mine="false")
    assert tell("t.volunteer.2", made["id"], "failed", note="门锁着").json["state"] == "failed"


def test_an_officer_gives_in_the_own_grids_only(
    as_user: Callable[[str], FlaskClient],
    wanted: Callable[..., dict[str, Any]],
    station: Station,
    member: Callable[[str], Member],
) -> None:
    officer = as_user("t.officer.a")
    assert officer.post("/api/v1/tasks", json=wanted("A2")).status_code == 201
    refused = officer.post("/api/v1/tasks", json=wanted("B1"))
    assert (refused.status_code, refused.json["code"]) == (403, "not_your_ground")
    away = wanted("A1", to_grid=station.grids["B1"])
    assert officer.post("/api/v1/tasks", json=away).json["code"] == "not_your_ground"
    offered = officer.get("/api/v1/task-receivers").json
    assert {grid["name"] for grid in offered["grids"]} == {"T-A1", "T-A2"}
    # the name of a volunteer who reported nothing here is not for an officer
    stranger = str(member("t.volunteer.2").person_id)
    assert stranger not in {person["id"] for person in offered["people"]}
    chief = as_user("t.station_chief").get("/api/v1/task-receivers").json
    assert stranger in {person["id"] for person in chief["people"]}
    assert len(chief["grids"]) == 6


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"words": " "}, "/words", "task_words"),
        ({"hours": -1}, "/due_until", "due_backwards"),
        ({"hours": 24 * 400}, "/due_until", "due_far"),
        ({"receiver": {}}, "/receiver", "one_receiver"),
        ({"to_person": uuid4()}, "/to_person", "doer_unknown"),
        ({"to_team": uuid4()}, "/to_team", "team_unknown"),
        ({"place": None, "to_grid": uuid4()}, "/to_grid", "grid_unknown"),
        ({"kind": "look_back"}, "/kind", "not_allowed"),
        ({"place": {"lon": 37.8, "lat": 112.5}}, "/place", "swapped_axes"),
    ],
)
def test_what_is_wrong_is_named(
    as_user: Callable[[str], FlaskClient],
    wanted: Callable[..., dict[str, Any]],
    changes: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    answer = as_user("t.station_chief").post("/api/v1/tasks", json=wanted(**changes))
    assert answer.status_code == 422, answer.text
    assert {"pointer": pointer, "code": code}.items() <= answer.json["errors"][0].items()


def test_places_come_in_the_systems_of_chinese_maps(
    give: Give, station: Station, as_user: Callable[[str], FlaskClient]
) -> None:
    from gis.coords import distance_m, from_wgs84

    lon, lat = station.inside("A1")
    x, y = from_wgs84(lon, lat, "gcj02")
    made = give(place={"lon": x, "lat": y, "crs": "gcj02"})
    assert distance_m(made["lon"], made["lat"], lon, lat) < 1
    # without a place it lies inside its grid, with a case at the case
    inside = give(place=None)
    west, south, east, north = station.box("A1")
    assert west < inside["lon"] < east
    assert south < inside["lat"] < north


def test_a_task_about_a_case_lies_there_and_is_seen_with_it(
    give: Give,
    send_report: Callable[..., Any],
    as_user: Callable[[str], FlaskClient],
    member: Callable[[str], Member],
) -> None:
    sample = send_report("t.volunteer", "A1")
    made = give("t.officer.a", case_id=sample.id, place=None, to_person=member("t.grid_worker.a").person_id)
    assert made["case"]["id"] == sample.id
    seen = as_user("t.officer.a").get(f"/api/v1/cases/{sample.id}/tasks").json
    assert [task["id"] for task in seen["tasks"]] == [made["id"]]
    assert as_user("t.officer.b").get(f"/api/v1/cases/{sample.id}/tasks").status_code == 404
    # its reporter sees the case, not who is sent there
    assert as_user("t.volunteer").get(f"/api/v1/cases/{sample.id}/tasks").status_code == 403
    assert made["id"] not in as_user("t.volunteer").get("/api/v1/events?after=1").text


def test_a_restricted_matter_goes_to_an_officer_by_name_only(
    send_report: Callable[..., Any],
    as_user: Callable[[str], FlaskClient],
    wanted: Callable[..., dict[str, Any]],
    member: Callable[[str], Member],
) -> None:
    lead = send_report(
        "t.volunteer", "A1", class_code="lead", answers={"subject": "gambling", "ongoing": True}
    )
    chief = as_user("t.station_chief")
    purpose = {"purpose": "handle", "words": "指派走访"}
    assert chief.post(f"/api/v1/leads/{lead.id}/open", json=purpose).status_code == 200
    for receiver in ({}, {"to_person": member("t.grid_worker.a").person_id}):
        body = wanted(case_id=lead.id, place=None, **receiver)
        assert chief.post("/api/v1/tasks", json=body).json["errors"][0]["code"] == "restricted_task"
    body = wanted(case_id=lead.id, place=None, to_person=member("t.officer.a").person_id)
    assert chief.post("/api/v1/tasks", json=body).status_code == 201


def test_cancelling_and_passing_on_are_for_the_giver_and_the_chief(
    give: Give,
    as_user: Callable[[str], FlaskClient],
    member: Callable[[str], Member],
    tell: Callable[..., Any],
) -> None:
    made = give("t.officer.a", to_person=member("t.grid_worker.a").person_id)
    worker, officer = as_user("t.grid_worker.a"), as_user("t.officer.a")
    assert (
        worker.post(f"/api/v1/tasks/{made['id']}/cancel", json={"note": "no"}).json["code"] == "not_your_task"
    )
    assert officer.post(f"/api/v1/tasks/{made['id']}/cancel", json={"note": " "}).status_code == 422
    moved = officer.put(
        f"/api/v1/tasks/{made['id']}/receiver", json={"to_person": str(member("t.officer.b").person_id)}
    )
    assert moved.status_code == 200, moved.text
    assert made["id"] not in ids(worker, mine="false")
    assert made["id"] in ids(as_user("t.officer.b"))
    gone = as_user("t.station_chief").post(f"/api/v1/tasks/{made['id']}/cancel", json={"note": "不需要了"})
    assert gone.json["state"] == "cancelled"
    assert gone.json["result"]["note"] == "不需要了"
    assert tell("t.officer.b", made["id"]).json["code"] == "task_over"


def test_seeing_a_task_is_not_enough_to_do_it(
    give: Give,
    tell: Callable[..., Any],
    member: Callable[[str], Member],
    as_user: Callable[[str], FlaskClient],
) -> None:
    made = give("t.officer.a", to_person=member("t.grid_worker.a").person_id)
    assert tell("t.officer.a", made["id"]).json["code"] == "not_your_task"
    assert as_user("t.officer.a").post(f"/api/v1/tasks/{made['id']}/take").json["code"] == "not_your_task"


def test_the_list_is_in_the_order_of_the_day(
    give: Give,
    as_user: Callable[[str], FlaskClient],
    member: Callable[[str], Member],
    station: Station,
    owner_db: Database,
) -> None:
    me = member("t.mediator").person_id
    west, south, _east, north = station.box("A1")
    now = clock.now()
    far = give(to_person=me, place={"lon": west + 0.0005, "lat": north - 0.0001})
    near = give(to_person=me, place={"lon": west + 0.0005, "lat": south + 0.0003})
    late = give(to_person=me)
    soon = now + timedelta(days=1)
    tomorrow = give(
        to_person=me, due_from=soon.isoformat(), due_until=(soon + timedelta(hours=3)).isoformat()
    )
    with owner_db.transaction() as session:
        session.execute(text("SET ROLE shuangge_owner"))
        session.execute(
            text("""UPDATE app.task SET due_until = now() - interval '1 day',
                due_from = now() - interval '3 days' WHERE id = :id"""),
            {"id": late["id"]},
        )
    found = listed(as_user("t.mediator"), lon=west + 0.0005, lat=south)
    assert [task["id"] for task in found] == [late["id"], near["id"], far["id"], tomorrow["id"]]
    assert [task["part"] for task in found] == ["overdue", "today", "today", "tomorrow"]
    assert 20 < found[1]["metres"] < 50


def test_direct_sql_shows_a_volunteer_the_own_tasks_only(
    give: Give,
    db_as: Callable[[str], AbstractContextManager[Session]],
    member: Callable[[str], Member],
    station: Station,
) -> None:
    mine = give(to_person=member("t.volunteer").person_id)
    others = [give(), give(to_person=member("t.volunteer.2").person_id), give(grid="B1")]
    with db_as("t.volunteer") as session:
        seen = {str(row) for row in session.scalars(text("SELECT id FROM app.task"))}
        assert mine["id"] in seen
        assert not seen & {task["id"] for task in others}
        assert session.scalar(text("SELECT count(*) FROM app.look_back")) == 0
        assert session.scalar(text("SELECT count(*) FROM app.look_back_rule")) == 0
    with db_as("u.station_chief") as session:
        assert session.scalar(text("SELECT count(*) FROM app.task")) == 0
    # a volunteer may not make one up, nor widen the own
    with pytest.raises(Exception, match="row-level security"), db_as("t.volunteer") as session:
        session.execute(
            text("""INSERT INTO app.task (id, station_id, kind, words, geom, raw_x, raw_y, raw_crs, method,
                grid_id, given_by, to_person, due_from, due_until)
                SELECT gen_random_uuid(), station_id, kind, words, geom, raw_x, raw_y, raw_crs, method,
                       grid_id, app.me(), app.me(), due_from, due_until FROM app.task WHERE id = :id"""),
            {"id": mine["id"]},
        )
    for column in ("words", "geom", "due_until", "kind"):
        with pytest.raises(Exception, match="permission denied"), db_as("t.volunteer") as session:
            # the column is one of the list above
            session.execute(text("UPDATE app.task SET " + column + " = " + column))  # type: ignore[arg-type]


def test_overdue_is_told_once_to_giver_and_chief(
    give: Give,
    as_user: Callable[[str], FlaskClient],
    owner_db: Database,
    member: Callable[[str], Member],
    tend: Callable[[], None],
) -> None:
    made = give("t.officer.a", to_person=member("t.grid_worker.a").person_id)
    with owner_db.transaction() as session:
        session.execute(text("SET ROLE shuangge_owner"))
        session.execute(
            text("""UPDATE app.task SET due_until = now() - interval '1 h',
                due_from = now() - interval '2 h' WHERE id = :id"""),
            {"id": made["id"]},
        )
    tend()
    tend()
    for who in ("t.officer.a", "t.station_chief"):
        events = as_user(who).get("/api/v1/events?after=1").json["events"]
        told = [e["name"] for e in events if e["subject_id"] == made["id"]]
        assert told == ["tasks.assigned", "tasks.lapsed"]
    [shown] = [task for task in listed(as_user("t.grid_worker.a")) if task["id"] == made["id"]]
    assert shown["part"] == "overdue"
