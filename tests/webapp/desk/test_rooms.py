"""Lists of other rooms on the desk: calls, tasks, look-backs, offers, hand-overs, leads, visits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.samples import report_at

DESK = "/api/v1/desk"

pytestmark = pytest.mark.usefixtures("usual_repeats")


@pytest.fixture
def shown(as_user):
    """Return the entries of a list as somebody sees them, by id; the count of the list says the same."""

    def ask(username, name, **query):
        client = as_user(username)
        answer = client.get(f"{DESK}/{name}", query_string={"limit": 200, **query})
        assert answer.status_code == 200, answer.text
        if not query:
            counts = {item["name"]: item["count"] for item in client.get(DESK).json["lists"]}
            assert counts[name] == len(answer.json["entries"]), name
        return {entry["id"]: entry for entry in answer.json["entries"]}

    return ask


@pytest.fixture
def call(as_user, station):
    def make(username, grid, **changes):
        lon, lat = station.inside(grid)
        place = {"lon": lon, "lat": lat, "accuracy_m": 8.0}
        said = {
            "id": str(uuid4()),
            "kind": "help",
            "words": f"呼叫{uuid4().hex[:6]}",
            "place": place,
            **changes,
        }
        answer = as_user(username).post("/api/v1/calls", json=said)
        assert answer.status_code == 201, answer.text
        return answer.json

    return make


@pytest.fixture
def give(as_user, station):
    def make(username, grid="A1", hours=4.0, **changes):
        now, (lon, lat) = datetime.now(UTC), station.inside(grid)
        said = {
            "id": str(uuid4()), "kind": "check", "words": f"看看{uuid4().hex[:6]}",
            "place": {"lon": lon, "lat": lat}, "due_from": now.isoformat(),
            "due_until": (now + timedelta(hours=hours)).isoformat(),
            "receiver": {name: str(value) for name, value in changes.items()},
        }  # fmt: skip
        answer = as_user(username).post("/api/v1/tasks", json=said)
        assert answer.status_code in (200, 201), answer.text
        return said

    return make


def test_a_call_rings_until_it_is_answered_and_only_for_whom_it_was_made(call, shown, as_user):
    told = call("t.grid_worker.a", "A2")
    entry = shown("t.officer.a", "ringing")[told["id"]]
    assert (entry["room"], entry["url"], entry["class_title"]) == (
        "calls",
        f"/calls/{told['id']}",
        "有人求助",
    ) or (entry["class_title"] and entry["url"] == f"/calls/{told['id']}")
    assert entry["note"] == told["words"]
    assert entry["holder"]
    assert (entry["lon"], entry["lat"]) == (told["lon"], told["lat"])
    limit = datetime.fromisoformat(told["called_at"]) + timedelta(seconds=told["acknowledge_s"])
    assert datetime.fromisoformat(entry["clock"]) == limit
    assert told["id"] in shown("t.officer.a", "called")
    assert told["id"] not in shown("t.officer.a", "calls")
    assert told["id"] in shown("t.grid_worker.a", "calls")
    assert told["id"] in shown("t.station_chief", "called")
    for name in ("ringing", "called", "calls"):
        assert told["id"] not in shown("t.officer.b", name)
    assert as_user("t.grid_worker.a").get(f"{DESK}/called").status_code == 404
    as_user("t.officer.a").post(f"/api/v1/calls/{told['id']}/take")
    assert told["id"] not in shown("t.officer.a", "ringing")
    assert told["id"] in shown("t.officer.a", "calls")
    as_user("t.officer.a").post(f"/api/v1/calls/{told['id']}/finish", json={"words": "好了"})
    for name in ("ringing", "called", "calls"):
        assert told["id"] not in shown("t.officer.a", name)


def test_what_rings_counts_in_the_tab(call, as_user):
    before = as_user("t.officer.b").get(DESK).json["waiting"]
    told = call("t.grid_worker.b", "B1")
    assert as_user("t.officer.b").get(DESK).json["waiting"] == before + 1
    as_user("t.officer.b").post(f"/api/v1/calls/{told['id']}/take")
    assert as_user("t.officer.b").get(DESK).json["waiting"] == before


def test_tasks_are_mine_given_or_overdue(give, shown, member, owner_db):
    worker = member("t.grid_worker.a").person_id
    made = give("t.officer.a", to_person=worker)
    entry = shown("t.grid_worker.a", "tasks")[made["id"]]
    assert entry["note"] == made["words"]
    assert entry["url"] == f"/tasks#task-{made['id']}"
    assert entry["other"]
    assert entry["state"] == "open"
    assert made["id"] in shown("t.officer.a", "given")
    assert made["id"] not in shown("t.officer.a", "tasks")
    assert made["id"] not in shown("t.officer.b", "given")
    with owner_db.transaction() as session:
        session.execute(
            text("""UPDATE app.task SET due_from = now() - interval '2 days',
                due_until = now() - interval '1 minute' WHERE id = :id"""),
            made,
        )
    assert made["id"] not in shown("t.grid_worker.a", "tasks")
    for name in ("t.grid_worker.a", "t.officer.a", "t.station_chief"):
        assert shown(name, "tasks_late")[made["id"]]["overdue"], name
    assert made["id"] not in shown("t.officer.b", "tasks_late")


def test_what_somebody_else_has_taken_on_is_no_more_mine(give, shown, as_user, station):
    made = give("t.officer.a", to_grid=station.grids["A1"])
    assert made["id"] in shown("t.grid_worker.a", "tasks")
    assert made["id"] in shown("t.officer.a", "tasks")
    assert as_user("t.grid_worker.a").post(f"/api/v1/tasks/{made['id']}/take").status_code == 200
    assert made["id"] in shown("t.grid_worker.a", "tasks")
    assert made["id"] not in shown("t.officer.a", "tasks")


def test_look_backs_before_their_day_are_the_chiefs_alone(shown, send_report, owner_db, as_user, member):
    sent = send_report("t.volunteer", "B2")
    key, day = uuid4(), (datetime.now(UTC) + timedelta(days=9)).date()
    with owner_db.transaction() as session:
        session.execute(
            text("""UPDATE app.case_file SET state = 'closed', closed_at = now() WHERE id = :case"""),
            {"case": sent.id},
        )
        session.execute(
            text("""INSERT INTO app.look_back (id, station_id, case_id, number, due_on)
                SELECT :id, station_id, id, 1, :day FROM app.case_file WHERE id = :case"""),
            {"id": key, "case": sent.id, "day": day},
        )
    entry = shown("t.station_chief", "planned")[str(key)]
    assert entry["clock"].startswith((day - timedelta(days=1)).isoformat())  # midnight in China
    assert entry["url"] == f"/cases/{entry['number']}"
    assert as_user("t.officer.b").get(f"{DESK}/planned").status_code == 404
    with owner_db.transaction() as session:
        session.execute(
            text("""INSERT INTO app.task (id, station_id, kind, words, geom, raw_x, raw_y, raw_crs, method,
                    grid_id, to_grid, due_from, due_until)
                SELECT :id, station_id, 'look_back', CAST(:words AS jsonb), geom, 0, 0, 'wgs84', 'gps',
                    grid_id, grid_id, now(), now() + interval '1 day' FROM app.case_file WHERE id = :case"""),
            {"id": key, "case": sent.id, "words": '{"zh": "还好吗", "en": "Still fine?"}'},
        )
        session.execute(text("UPDATE app.look_back SET state = 'open' WHERE id = :id"), {"id": key})
    found = shown("t.officer.b", "look_backs")[str(key)]
    assert found["note"] == "还好吗"
    assert found["number"] == ""
    assert str(key) not in shown("t.officer.b", "tasks")
    assert str(key) not in shown("t.officer.a", "look_backs")
    with owner_db.transaction() as session:
        barred = [member("t.officer.b").person_id]
        session.execute(
            text("UPDATE app.look_back SET barred = :who WHERE id = :id"), {"id": key, "who": barred}
        )
    assert str(key) not in shown("t.officer.b", "look_backs")


def test_an_offer_names_both_cases_until_it_is_answered(shown, as_user, station, worked):
    lon, lat = station.inside("A2")
    lon += 0.0006
    ids = []
    for step in range(2):
        sample = report_at(lon + step / 88_000, lat)
        sent = as_user(("t.volunteer", "t.volunteer.2")[step]).post("/api/v1/batches", data=sample.form())
        assert sent.json["reports"][0]["state"] == "received"
        ids.append(sample.id)
    worked()
    numbers = [as_user("t.officer.a").get(f"/api/v1/cases/{one}").json["number"] for one in ids]
    [entry] = [e for e in shown("t.officer.a", "offers").values() if e["number"] in numbers]
    assert {entry["number"], entry["other"]} == set(numbers)
    assert entry["url"] == f"/cases/{entry['number']}#case-repeats"
    assert entry["id"] not in shown("t.officer.b", "offers")
    assert as_user("t.grid_worker.a").get(f"{DESK}/offers").status_code == 404
    said = as_user("t.officer.a").post("/api/v1/repeats/apart", json={"cases": ids})
    assert said.status_code in (200, 204), said.text
    assert entry["id"] not in shown("t.officer.a", "offers")


def test_answers_are_awaited_and_then_overdue(shown, as_user, send_report, owner_db):
    kept = as_user("t.station_chief").put(
        f"/api/v1/bodies/{uuid4()}",
        json={"code": uuid4().hex[:6], "name": "供电所", "kind": "power", "answer_days": 3},
    )
    sent = send_report("t.volunteer", "A1")
    form = {"id": str(uuid4()), "body_id": kept.json["id"], "facts": "线路老化，请处置。"}
    made = as_user("t.officer.a").post(f"/api/v1/cases/{sent.id}/referrals", json=form)
    assert made.status_code in (200, 201), made.text
    entry = shown("t.officer.a", "answers")[form["id"]]
    assert (entry["holder"], entry["state"]) == ("供电所", "prepared")
    assert entry["other"]
    as_user("t.officer.a").post(
        f"/api/v1/referrals/{form['id']}/deliver", json={"how": "hand", "to": "值班员"}
    )
    assert form["id"] in shown("t.officer.a", "answers")
    assert form["id"] not in shown("t.officer.b", "answers")
    with owner_db.transaction() as session:
        session.execute(
            text("UPDATE app.referral SET due_at = now() - interval '1 hour' WHERE id = :id"), form
        )
    assert form["id"] not in shown("t.officer.a", "answers")
    assert shown("t.officer.a", "answers_late")[form["id"]]["overdue"]


def test_a_lead_is_told_without_words_or_place_and_only_to_who_may_open_it(shown, as_user, send_report):
    sent = send_report(
        "t.volunteer",
        "A1",
        class_code="lead",
        note="秘密的话",
        answers={"subject": "gambling", "ongoing": False},
    )
    entry = shown("t.officer.a", "leads")[sent.id]
    assert (entry["room"], entry["url"], entry["restricted"]) == ("leads", "/leads", True)
    assert (entry["lon"], entry["lat"], entry["note"], entry["address"]) == (None, None, "", "")
    assert sent.id in shown("t.station_chief", "leads")
    assert sent.id not in shown("t.officer.b", "leads")
    assert as_user("t.grid_worker.a").get(f"{DESK}/leads").status_code == 404
    table = as_user("t.officer.a").get(f"{DESK}/leads/export")
    assert entry["number"] not in table.text
    for name in ("waiting", "today", "overdue"):
        assert sent.id not in shown("t.officer.a", name)


def test_an_opened_lead_is_in_no_list_of_cases(shown, as_user, send_report):
    sent = send_report(
        "t.volunteer",
        "A2",
        class_code="lead",
        note="又一句",
        answers={"subject": "gambling", "ongoing": False},
    )
    opened = as_user("t.officer.a").post(
        f"/api/v1/leads/{sent.id}/open", json={"purpose": "handle", "words": "去核实情况"}
    )
    assert opened.status_code == 200, opened.text
    assert as_user("t.officer.a").get(f"/api/v1/cases/{sent.id}").status_code == 200
    assert sent.id not in shown("t.officer.a", "waiting")


def test_visits_are_told_by_initials_to_those_who_visit(shown, as_user, member, station, owner_db):
    key = str(uuid4())
    said = {
        "name": "郑大明", "address": "某路1号", "risk": "high", "minor": False,
        "grid_id": str(station.grids["A1"]),
        "officer_id": str(member("t.officer.a").person_id),
        "visitor_id": str(member("t.grid_worker.a").person_id),
    }  # fmt: skip
    kept = as_user("t.station_chief").put(f"/api/v1/visited/{key}", json=said)
    assert kept.status_code in (200, 201), kept.text
    assert key not in shown("t.grid_worker.a", "visits")
    with owner_db.transaction() as session:
        session.execute(
            text("UPDATE app.visit_person SET since_at = now() - interval '8 days' WHERE id = :id"),
            {"id": key},
        )
    for name in ("t.grid_worker.a", "t.officer.a", "t.station_chief"):
        entry = shown(name, "visits")[key]
        assert "郑大明" not in str(entry)
        assert entry["overdue"]
    assert key not in shown("t.officer.b", "visits")


@pytest.mark.parametrize("sort", ["clock", "newest", "priority"])
def test_a_list_of_another_room_is_filtered_sorted_and_paged_like_cases(call, as_user, sort):
    mark = f"分页{uuid4().hex[:6]}"
    sent = [call("t.grid_worker.b", "B2", words=f"{mark} {n}") for n in range(5)]
    client, found, cursor = as_user("t.officer.b"), [], ""
    while True:
        query = {"q": mark, "sort": sort, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get(f"{DESK}/called", query_string=query).json
        found += [entry["id"] for entry in page["entries"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(found) == sorted(one["id"] for one in sent)
    assert found == [one["id"] for one in (reversed(sent) if sort == "newest" else sent)]
    assert client.get(f"{DESK}/called", query_string={"q": mark, "class_code": "slope"}).json["entries"] == []
    table = client.get(f"{DESK}/called/export", query_string={"q": mark})
    assert table.text.count(mark) == 0 or "B2" in table.text
    assert len(table.text.strip().splitlines()) == 6
