"""Each list of the desk holds what its rule says for each role, is paged whole, counted and exported."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from webapp.desk.rules import LISTS, lists_of

DESK = "/api/v1/desk"


def numbers(client, name, **query):
    """Return the ids of all entries of a list, page by page."""
    found, cursor = [], ""
    while True:
        answer = client.get(
            f"{DESK}/{name}", query_string={**query, "limit": 3, **({"cursor": cursor} if cursor else {})}
        )
        assert answer.status_code == 200, answer.text
        found += [entry["id"] for entry in answer.json["entries"]]
        cursor = answer.json["next"]
        if not cursor:
            return found


@pytest.fixture
def people(member):
    return {
        name: str(member(name).person_id)
        for name in ("t.officer.a", "t.officer.b", "t.grid_worker.a", "t.station_chief")
    }


def test_what_is_reported_waits_for_those_of_the_ground_only(send_report, as_user):
    sent = send_report("t.volunteer", "A1")
    for name in ("t.officer.a", "t.grid_worker.a", "t.station_chief"):
        assert sent.id in numbers(as_user(name), "waiting"), name
    assert sent.id not in numbers(as_user("t.officer.b"), "waiting")
    assert as_user("t.volunteer").get(DESK).status_code == 403
    assert as_user("u.officer.a").get(f"{DESK}/waiting").json["entries"] == []


def test_dispatched_is_seen_by_whom_it_was_given_to_wherever_it_lies(send_report, as_user, change, people):
    sent = send_report("t.volunteer", "A2")
    change(
        sent.id,
        state="'dispatched'",
        assigned_to=f"'{people['t.officer.b']}'",
        handler_id=f"'{people['t.officer.a']}'",
    )
    assert numbers(as_user("t.officer.b"), "dispatched") == [sent.id]
    for name in ("t.officer.a", "t.station_chief", "t.grid_worker.a"):
        assert sent.id not in numbers(as_user(name), "dispatched")
    assert sent.id not in numbers(as_user("t.officer.b"), "waiting")


@pytest.mark.parametrize(
    ("name", "columns", "holds"),
    [
        ("overdue", {"due_at": "now() - interval '3 hours'"}, True),
        ("overdue", {"due_at": "now() + interval '1 minute'"}, False),
        (
            "overdue",
            {"due_at": "now() - interval '3 hours'", "state": "'closed'", "closed_at": "now()"},
            False,
        ),
        (
            "overdue",
            {
                "due_at": "now() - interval '3 hours'",
                "state": "'hung_up'",
                "paused_at": "now()",
                "paused_left_s": "-9",
            },
            False,
        ),
        ("raised", {"priority": "1"}, True),
        ("raised", {"priority": "1", "state": "'closed'"}, False),
        ("escalated", {"level": "2"}, True),
        ("escalated", {"level": "0"}, False),
        ("hung_up", {"state": "'hung_up'", "paused_at": "now()", "paused_left_s": "60"}, True),
        ("transferred", {"state": "'transferred'", "paused_at": "now()", "paused_left_s": "60"}, True),
        ("transferred", {"state": "'handling'"}, False),
    ],
)
def test_a_list_holds_what_its_rule_says(send_report, as_user, change, name, columns, holds):
    sent = send_report("t.volunteer", "A1")
    change(sent.id, **columns)
    for role in ("t.officer.a", "t.grid_worker.a", "t.station_chief"):
        assert (sent.id in numbers(as_user(role), name)) is holds, role
    assert sent.id not in numbers(as_user("t.officer.b"), name)


def test_due_today_ends_at_our_own_midnight(send_report, as_user, change):
    china = datetime.now(UTC) + timedelta(hours=8)
    midnight = datetime(china.year, china.month, china.day, tzinfo=UTC) + timedelta(hours=16)
    before, after = send_report("t.volunteer", "A1"), send_report("t.volunteer", "A1")
    change(before.id, due_at=f"'{(midnight - timedelta(seconds=1)).isoformat()}'")
    change(after.id, due_at=f"'{midnight.isoformat()}'")
    found = numbers(as_user("t.officer.a"), "today")
    assert before.id in found
    assert after.id not in found


def test_who_asked_or_fed_back_is_not_who_approves_or_verifies(send_report, as_user, change, people):
    asked, back = send_report("t.volunteer", "A1"), send_report("t.volunteer", "A1")
    me = f"'{people['t.officer.a']}'"
    change(asked.id, state="'handling'", handler_id=me, pending="'extension'", pending_by=me)
    change(back.id, state="'fed_back'", handler_id=me, fed_back_by=me)
    for name, case in (("approvals", asked), ("verify", back)):
        assert case.id not in numbers(as_user("t.officer.a"), name)
        assert case.id in numbers(as_user("t.station_chief"), name)
    assert back.id in numbers(as_user("t.grid_worker.a"), "verify")
    assert as_user("t.grid_worker.a").get(f"{DESK}/approvals").status_code == 404
    assert asked.id in numbers(as_user("t.officer.a"), "mine")
    assert asked.id not in numbers(as_user("t.station_chief"), "mine")


def test_ground_without_a_posting_alarms_the_chief_alone(send_report, as_user, owner_db):
    sent, posted = send_report("t.volunteer", "C1"), send_report("t.volunteer", "B1")
    found = numbers(as_user("t.station_chief"), "unposted")
    assert sent.id in found
    assert posted.id not in found
    assert as_user("t.officer.a").get(f"{DESK}/unposted").status_code == 404
    with owner_db.transaction() as session:
        session.execute(
            text(
                "UPDATE app.posting SET until_at = now() - interval '1 minute' WHERE police_grid_id = "
                "(SELECT police_grid_id FROM app.case_file WHERE id = :id)"
            ),
            {"id": posted.id},
        )
    assert posted.id in numbers(as_user("t.station_chief"), "unposted")
    with owner_db.transaction() as session:
        session.execute(text("UPDATE app.posting SET until_at = NULL"))


def test_counts_are_what_the_lists_hold(send_report, as_user):
    send_report("t.volunteer", "A1")
    for user, role in (
        ("t.officer.a", "officer"),
        ("t.grid_worker.a", "grid_worker"),
        ("t.station_chief", "station_chief"),
    ):
        answer = as_user(user).get(DESK).json
        assert [item["name"] for item in answer["lists"]] == [item.name for item in lists_of(role)]
        for item in answer["lists"]:
            assert item["count"] == len(numbers(as_user(user), item["name"])), item["name"]
        calls = sum(item["count"] for item in answer["lists"] if LISTS[item["name"]].calls)
        assert answer["waiting"] == calls > 0


@pytest.mark.parametrize("sort", ["clock", "newest", "priority"])
def test_pages_give_each_entry_once_in_the_order_asked_for(send_report, as_user, change, sort):
    sent = [send_report("t.volunteer", "B2", note=f"分页{sort}") for _ in range(8)]
    for at, item in enumerate(sent):
        same = at // 2  # two of each: the last column decides
        change(
            item.id,
            respond_by=f"now() + interval '{same} hours'",
            priority=str(same % 3),
            found_at=f"now() - interval '{same} days'",
        )
    change(sent[7].id, respond_by="NULL", due_at="NULL")
    client = as_user("t.officer.b")
    found = numbers(client, "waiting", sort=sort, q=f"分页{sort}")
    assert sorted(found) == sorted(item.id for item in sent)
    whole = client.get(f"{DESK}/waiting", query_string={"sort": sort, "q": f"分页{sort}", "limit": 100}).json[
        "entries"
    ]
    assert [item["id"] for item in whole] == found
    if sort == "clock":
        assert found[-1] == sent[7].id
        times = [item["clock"] for item in whole[:-1]]
        assert times == sorted(times)
    if sort == "newest":
        assert [x["found_at"] for x in whole] == sorted((x["found_at"] for x in whole), reverse=True)
    if sort == "priority":
        assert [x["priority"] for x in whole] == sorted((x["priority"] for x in whole), reverse=True)


def test_filters_cut_down_and_bad_ones_are_refused(send_report, as_user, change, station):
    wire = send_report("t.volunteer", "A1", note="甲号楼=飞线")
    client = as_user("t.station_chief")
    assert numbers(client, "waiting", q="甲号楼=飞") == [wire.id]
    change(wire.id, priority="2")
    assert wire.id in numbers(client, "waiting", priority=2)
    assert wire.id in numbers(client, "waiting", class_code="flying_wire")
    assert wire.id not in numbers(client, "waiting", class_code="slope")
    assert wire.id in numbers(client, "waiting", police_grid_id=station.police_grids["A"])
    assert wire.id not in numbers(client, "waiting", police_grid_id=station.police_grids["B"])
    assert client.get(f"{DESK}/waiting?sort=colour").status_code == 422
    assert client.get(f"{DESK}/waiting?cursor=xyz").status_code == 400
    other = client.get(f"{DESK}/waiting?limit=1").json["next"]
    assert client.get(f"{DESK}/waiting?sort=priority&cursor={other}").status_code == 400
    assert client.get(f"{DESK}/nothing").status_code == 404


def test_the_table_is_safe_and_leaves_out_what_is_restricted(send_report, as_user, change):
    open_one, secret = send_report("t.volunteer", "A1"), send_report("t.volunteer", "A1")
    mark = uuid4().hex[:8]
    for item in (open_one, secret):
        change(item.id, address=f"'=cmd|{mark}'")
    change(secret.id, restricted="true")
    client = as_user("t.officer.a")
    answer = client.get(f"{DESK}/waiting/export", query_string={"q": mark})
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 2
    assert f"'=cmd|{mark}" in rows[1]
    assert len(numbers(client, "waiting", q=mark)) == 2


def test_the_page_opens_for_those_whose_start_it_is(as_role, as_user):
    for role in ("officer", "grid_worker", "station_chief"):
        page = as_role(role).get("/desk", headers={"Accept": "text/html", "Accept-Language": "zh"})
        assert page.status_code == 200
        assert ('data-list="unposted"' in page.text) is (role == "station_chief")
    assert as_user("t.volunteer").get("/desk").status_code == 403
