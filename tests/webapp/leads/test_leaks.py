"""Nothing of a restricted lead stands in any list, map, file, search or stream, also while it is open."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.house.tables import routes
from tests.webapp.leads.conftest import ADDRESS, SECRET
from webapp.core import clock

EVERYBODY = (
    *("t.officer.a", "t.officer.b", "t.station_chief", "t.grid_worker.a", "t.volunteer", "t.planner"),
    *("t.mediator", "t.system_admin", "t.audit_admin", "u.officer.a", "u.station_chief"),
)
# Where the number of an own ground's lead stands on purpose, for those who may open it: its words never.
LISTED = ("/leads", "/api/v1/leads")
OPENERS = ("t.officer.a", "t.station_chief")


def addresses(lead, number):
    """Every GET address of the application, its blanks filled with what a curious person would try."""
    values = {"case_id": lead.id, "number": number, "lead_id": lead.id, "which": "receipt", "z": "16"}
    values |= {"collection": "cases", "layer": "cases"}
    values |= {"person_id": str(uuid4()), "referral_id": str(uuid4())}
    for route in routes():
        if route.method != "GET" or route.rule.startswith(("/static", "/or/<token>", "/or/test")):
            continue
        yield re.sub(r"<([^>]+)>", lambda blank: values.get(blank[1].split(":")[-1], "1"), route.rule)


def wider(number, box):
    """The same lists, asked in ways that could go round a filter."""
    west, south, east, north = box
    return (
        f"/api/v1/cases?bbox={west},{south},{east},{north}",
        "/api/v1/cases?class_code=lead",
        f"/api/v1/cases?q={number}",
        f"/cases?q={number}",
        "/cases?class_code=lead",
        f"/ogc/collections/cases/items?bbox={west},{south},{east},{north}&limit=1000",
        "/ogc/collections/cases/items?kind=lead",
        f"/api/v1/search?q={number}",
        f"/api/v1/search?q={number[-4:]}",
        "/api/v1/events?after=1",
        f"/open311/v2/requests/{number}.json",
        "/open311/v2/requests.json?service_code=lead",
        f"/open311/v2/requests.json?service_request_id={number}",
        "/api/v1/referrals",
        "/api/v1/attempts",
    )


def told(answer):
    text_of = answer.get_data(as_text=True)
    try:
        return text_of + json.dumps(json.loads(text_of), ensure_ascii=False)
    except ValueError:
        return text_of


def leaks(answer, words):
    return [word for word in words if word in told(answer)]


@pytest.mark.parametrize("username", EVERYBODY)
def test_no_get_address_tells_of_the_lead(as_user, lead, number, station, shut, username):
    client, found, seen = as_user(username), [], 0
    for address in (*addresses(lead, number), *wider(number, station.box("A1"))):
        answer = client.get(address, headers={"Accept": "application/json, text/html"})
        seen += answer.status_code == 200
        own = username in OPENERS and address in LISTED
        words = (SECRET, ADDRESS) if own else (SECRET, ADDRESS, number)
        asked = number in address and answer.status_code != 200
        found += [(address, word) for word in leaks(answer, words) if not (asked and word == number)]
        answer.close()
    # Pages repeat what was typed into their own field of search.
    found = [(a, w) for a, w in found if not (a.startswith("/cases?q=") and w == number)]
    assert not found
    assert seen > 20, "the addresses were not reached"


def test_an_open_lead_stands_in_no_list_either(as_user, lead, number, station, open_lead):
    for username in OPENERS:
        assert open_lead(username).status_code == 200
        client = as_user(username)
        assert client.get(f"/api/v1/cases/{lead.id}").status_code == 200
        for address in wider(number, station.box("A1")):
            if address.startswith(("/open311/v2/requests/", "/open311/v2/requests.json?service_request_id")):
                continue  # that is opening it by its number, behind the same wall
            words = (SECRET, ADDRESS) if address.startswith("/cases?q=") else (SECRET, ADDRESS, number)
            assert leaks(client.get(address), words) == [], address


def test_exports_and_packages_leave_it_out(as_user, db_as, actor_for, lead, number, open_lead, settings):
    from webapp.core.files import FolderStore
    from webapp.exchange.queries import rows_of
    from webapp.parcels import queries as parcels

    open_lead("t.station_chief")
    chief = actor_for("t.station_chief")
    with db_as("t.station_chief") as session:
        rows = [row.number for chunk in rows_of(session, chief.station_id, "cases", {}, "x") for row in chunk]
        held = [row["id"] for row in parcels.reports(session, chief, None, None)]
        cases = [row["number"] for row in parcels.case_rows(session, chief, None, None)]
        events = [row["subject"] for row in parcels.events(session, chief, None, None)]
        shas = {
            sha for sha, _data in parcels.files(session, FolderStore(settings.blobs_dir), chief, None, None)
        }
    assert number not in rows
    assert number not in cases
    assert lead.id not in held
    assert lead.id not in events
    assert shas is not None


def test_live_news_carry_no_feature_of_it(db_as, lead, open_lead):
    from webapp.maps.queries import news_after

    open_lead("t.officer.a")
    for name in ("t.officer.a", "t.station_chief", "t.audit_admin"):
        with db_as(name) as session:
            told_of = [item for item in news_after(session, 1) if str(item["subject_id"]) == lead.id]
        assert [item["feature"] for item in told_of if item["feature"]] == []


def test_webhooks_tell_nothing_of_it(settings, station, lead, owner_db):
    from webapp.core.actor import Actor
    from webapp.core.db import WORKER, Database
    from webapp.core.events import Event
    from webapp.webhooks.queries import told as told_out

    worker = Database(settings, WORKER, pool_size=1)
    with worker.transaction(Actor(station.id, "machine")) as session:
        events = session.query(Event).where(Event.subject_id == lead.id).all()
        assert events
        assert [told_out(session, event) for event in events if event.subject_kind == "case"] == [None] * len(
            [event for event in events if event.subject_kind == "case"]
        )
    worker.dispose()


def test_the_machine_still_works_on_it(settings, station, lead):
    from webapp.core.actor import Actor
    from webapp.core.db import WORKER, Database

    worker = Database(settings, WORKER, pool_size=1)
    with worker.transaction(Actor(station.id, "machine")) as session:
        assert (
            session.scalar(text("SELECT note FROM app.case_file WHERE id = :id"), {"id": lead.id}) == SECRET
        )
    worker.dispose()


def test_the_file_that_a_lead_was_taken_from_tells_it_no_more(as_user, station, owner_db, superuser):
    chief, words = as_user("t.station_chief"), "桥洞里有人聚众赌博"
    source = f"calls-{uuid4().hex[:6]}"
    said = {"code": source, "name": "110", "kind": "call"}
    assert chief.put(f"/api/v1/intake/sources/{uuid4()}", json=said).status_code == 200
    lon, lat = station.inside("A2")
    at = clock.shown(clock.now() - timedelta(minutes=20), "%Y-%m-%d %H:%M:%S")
    row = {"接警单编号": source, "报警时间": at, "报警内容": words, "经度": str(lon), "纬度": str(lat)}
    taken = chief.post(f"/api/v1/intake/{source}/rows", json=[row])
    assert taken.json["rows"][0]["state"] == "taken", taken.text
    [upload] = [item["id"] for item in chief.get("/api/v1/intake/uploads").json][:1]
    rows = f"/api/v1/intake/uploads/{upload}/rows"
    assert words in told(chief.get(rows)), "who handed it in has just read it"
    with superuser.cursor() as cursor:
        cursor.execute("UPDATE app.lead_read SET at = at - interval '16 minutes'")
    assert words not in told(chief.get(rows))
    number = taken.json["rows"][0]["case_number"]
    for address in (f"/intake/orders/{number}", f"/cases/{number}"):
        assert chief.get(address).status_code == 404
    again = chief.post(f"/api/v1/intake/{source}/rows", json=[row])
    assert again.status_code == 200, again.text
    assert words not in told(as_user("t.system_admin").get(rows))
