"""A demo station has something to show on each page: loaded whole, looked at as its people see it."""

from __future__ import annotations

import json

import pytest

from webapp.app import create_app
from webapp.demo import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ask(settings):
    """Return a function that asks as one of the demo's people: ask('qf-officer-1', '/api/v1/desk')."""
    load.load(settings, ["QF"], scale=1, say=lambda _line: None)
    tokens = {
        one["username"]: one["token"]
        for one in json.loads((settings.home / "demo-logins.json").read_text(encoding="utf-8"))
    }
    client = create_app(settings).test_client(use_cookies=False)

    def send(username, address):
        answer = client.get(address, headers={"Authorization": f"Bearer {tokens[username]}"})
        assert answer.status_code == 200, answer.text
        return answer.json

    return send


def test_each_list_of_the_desk_has_entries_for_somebody(ask):
    full = {}
    for username in ("qf-station-chief-1", "qf-officer-1", "qf-grid-worker-1"):
        for item in ask(username, "/api/v1/desk")["lists"]:
            full[item["name"]] = full.get(item["name"], 0) + item["count"]
    # Nobody rings in a demo, and all ground has its people by day; what is due today depends on the day.
    empty = {name for name, count in full.items() if not count}
    assert empty <= {"ringing", "unposted", "at_desk", "today"}


def test_the_pages_of_the_rooms_show_something(ask):
    chief = "qf-station-chief-1"
    assert len(ask(chief, "/api/v1/calls?state=open")["calls"]) == 2
    assert len(ask(chief, "/api/v1/calls?state=ended")["calls"]) > 20
    assert len(ask(chief, "/api/v1/look-backs")) > 5
    assert ask(chief, "/api/v1/tasks?mine=false")["tasks"]
    assert ask("qf-officer-1", "/api/v1/tasks")["tasks"]
    assert ask(chief, "/api/v1/visited")["people"]
    assert sum(row["calls"] for row in ask(chief, "/api/v1/calls/statistics")) > 20
    entry = ask(chief, "/api/v1/desk/offers")["entries"][0]
    case = next(
        e for e in ask(chief, "/api/v1/desk/waiting?limit=200")["entries"] if e["number"] == entry["number"]
    )
    assert ask(chief, f"/api/v1/cases/{case['id']}/repeats")["offers"]


def test_what_is_invented_says_so(ask):
    for address, key in (("/api/v1/calls", "calls"), ("/api/v1/desk/given", "entries")):
        for item in ask("qf-officer-1", address)[key]:
            assert "演示" in (item.get("words") or item.get("note"))
