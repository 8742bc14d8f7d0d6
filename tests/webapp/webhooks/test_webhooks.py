"""Webhooks: each event arrives signed, at least once and under one id, and nothing personal goes with it."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.samples import photo, report_at
from tests.service import Service
from tests.stations import GROUNDS
from tests.webapp.webhooks.receiver import Receiver, make_certificate
from webapp.app import create_app
from webapp.core.config import SettingsError, load
from webapp.worker import Worker

HOOKS = "/api/v1/webhooks"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1")


@pytest.fixture(scope="module")
def settings(settings, certificate):
    """This machine may be called, and the receiver's certificate is trusted."""
    return replace(settings, webhook_private="127.0.0.0/8", webhook_ca=str(certificate[0]))


@pytest.fixture
def worker(settings):
    made = Worker(settings)
    yield made
    made.database.dispose()


@pytest.fixture
def work(worker, owner_db):
    """Return a function that lets the worker do everything there is, also what is due later if asked."""

    def run(hurry=False):
        if hurry:
            with owner_db.transaction() as session:
                session.execute(text("SET LOCAL ROLE shuangge_owner"))
                session.execute(text("UPDATE app.job SET run_at = now() WHERE state = 'ready'"))
                session.execute(text("UPDATE app.webhook SET rest_until = NULL"))
        while worker.step():
            pass

    return run


@pytest.fixture
def receiver(certificate):
    made = Receiver().start(certificate)
    yield made
    made.stop()


@pytest.fixture
def admin(as_role):
    return as_role("system_admin")


@pytest.fixture
def hook(admin, receiver, work):
    """A subscription of case events to the receiver, alone: (id, secret)."""
    work()
    body = {
        "id": str(uuid4()),
        "label": "城管平台",
        "url": f"https://127.0.0.1:{receiver.port}/in",
        "events": ["cases.reported", "cases.accepted"],
    }
    made = admin.post(HOOKS, json=body)
    assert made.status_code == 201, made.text
    yield body["id"], made.json["secret"]
    assert admin.delete(f"{HOOKS}/{body['id']}").status_code == 204


def log_of(client, hook):
    return client.get(f"{HOOKS}/{hook[0]}/deliveries").json


def test_an_event_arrives_once_signed_with_ids_and_codes_only(
    admin, hook, receiver, send_report, work, as_role, station, member
):
    sample = send_report("t.volunteer", "A1", note="李某家，电话13800138000")
    work()
    [message] = receiver.got
    assert message.verified(hook[1])
    assert not message.verified("whsec_" + "A" * 44)
    said = json.loads(message.body)
    assert said["id"] == message.headers["webhook-id"]
    assert (said["event"], said["type"]) == ("cases.reported", "cases.reported")
    number = as_role("station_chief").get(f"/api/v1/cases/{sample.id}").json["number"]
    assert said["data"] == {
        "station": "T", "kind": "case", "id": sample.id, "number": number, "class": "flying_wire",
        "state": "reported", "grid": "140106001001001", "police_grid": said["data"]["police_grid"],
    }  # fmt: skip
    for personal in ("李某", "13800138000", str(member("t.volunteer").person_id), "lon", "geom"):
        assert personal not in message.body.decode()
    assert as_role("officer", "A").post(f"/api/v1/cases/{sample.id}/accept", json={}).status_code == 200
    work()
    assert json.loads(receiver.got[1].body)["data"]["state"] == "accepted"
    assert len(receiver.got) == 2
    assert [d["state"] for d in log_of(admin, hook)] == ["delivered", "delivered"]


def test_only_what_was_subscribed_and_nothing_restricted_leaves(hook, receiver, send_report, work, as_user):
    send_report("t.volunteer", "A1", class_code="lead", answers={"subject": "gambling", "ongoing": True})
    sample = send_report("t.volunteer", "A2")
    as_user("t.volunteer").post(
        f"/api/v1/cases/{sample.id}/attachments",
        data={"photo": (io.BytesIO(photo(60)), "a.jpg")},
    )
    work()
    assert [json.loads(m.body)["data"]["id"] for m in receiver.got] == [sample.id]


def test_another_stations_events_do_not_come(hook, receiver, as_user, work):
    west, south = GROUNDS["U"][0]
    sample = report_at(west + 0.002, south + 0.0015)
    answer = as_user("u.volunteer").post("/api/v1/batches", data=sample.form())
    assert answer.json["reports"][0]["state"] == "received"
    work()
    assert receiver.got == []


def test_a_failure_is_tried_again_with_the_same_id_until_it_arrives(admin, hook, receiver, send_report, work):
    receiver.answers[:] = [500, 503]
    send_report("t.volunteer", "A1")
    work()
    [entry] = log_of(admin, hook)
    assert (entry["state"], entry["attempts"], entry["status"]) == ("waiting", 1, 500)
    assert entry["next_at"] > entry["tried_at"]
    work()
    assert len(receiver.got) == 1  # not before its time
    work(hurry=True)
    work(hurry=True)
    [entry] = log_of(admin, hook)
    assert (entry["state"], entry["attempts"], entry["status"]) == ("delivered", 3, 200)
    assert len({m.headers["webhook-id"] for m in receiver.got}) == 1
    assert len({m.body for m in receiver.got}) == 1
    assert all(m.verified(hook[1]) for m in receiver.got)


def test_after_eight_tries_it_is_given_up_and_may_be_replayed(admin, hook, receiver, send_report, work):
    receiver.answers[:] = [410] * 8
    send_report("t.volunteer", "A1")
    for _n in range(12):
        work(hurry=True)
    [entry] = log_of(admin, hook)
    assert (entry["state"], entry["attempts"], entry["error"]) == ("dead", 8, "status")
    assert len(receiver.got) == 8
    for _again in range(2):
        assert admin.post(f"/api/v1/webhook-deliveries/{entry['id']}/replay").status_code == 202
        work()
    [entry] = log_of(admin, hook)
    assert (entry["state"], entry["attempts"]) == ("delivered", 1)
    assert len(receiver.got) == 10
    assert {m.headers["webhook-id"] for m in receiver.got} == {entry["message_id"]}


def test_a_system_that_is_away_is_not_asked_again_for_each_message(admin, hook, receiver, send_report, work):
    receiver.answers[:] = [500]
    for _n in range(3):
        send_report("t.volunteer", "A1")
    work()
    assert len(receiver.got) == 1
    work(hurry=True)
    assert len({m.headers["webhook-id"] for m in receiver.got}) == 3
    assert [d["state"] for d in log_of(admin, hook)] == ["delivered"] * 3


def test_a_test_goes_to_the_one_subscription(admin, hook, receiver, work):
    assert admin.post(f"{HOOKS}/{hook[0]}/ping").status_code == 202
    work()
    [message] = receiver.got
    assert json.loads(message.body)["event"] == "webhooks.pinged"
    assert message.verified(hook[1])


def test_a_paused_subscription_gets_nothing(admin, hook, receiver, send_report, work):
    known = next(h for h in admin.get(HOOKS).json if h["id"] == hook[0])
    body = {key: known[key] for key in ("label", "url", "events")}
    changed = admin.put(f"{HOOKS}/{hook[0]}", json={**body, "active": False})
    assert changed.status_code == 200, changed.text
    send_report("t.volunteer", "A1")
    work()
    assert receiver.got == []
    assert admin.post(f"{HOOKS}/{hook[0]}/ping").status_code == 409


def test_the_secret_is_shown_once_and_never_again(admin, hook, receiver, settings, web_db, db_as, work):
    """Not in an answer, not on the page, not to the web role, not in what the service logs."""
    secret = hook[1]
    assert secret.startswith("whsec_")
    assert admin.post(f"{HOOKS}/{hook[0]}/ping").status_code == 202
    work()
    seen = [admin.get(path).text for path in (HOOKS, f"{HOOKS}/{hook[0]}/deliveries", "/webhooks")]
    known = next(h for h in admin.get(HOOKS).json if h["id"] == hook[0])
    again = admin.post(HOOKS, json={key: known[key] for key in ("id", "label", "url", "events")})
    assert (again.status_code, again.json["secret"]) == (201, None)
    assert secret not in "".join((*seen, again.text))
    with db_as("t.system_admin") as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("SELECT secret FROM app.webhook_secret"))
    with db_as("t.station_chief") as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("UPDATE app.webhook_secret SET secret = 'x'"))


def test_subscriptions_are_the_stations_own(hook, as_user, as_role):
    other = as_user("u.system_admin")
    assert hook[0] not in other.get(HOOKS).text
    for method, path in (("DELETE", ""), ("POST", "/ping"), ("GET", "/deliveries")):
        assert other.open(f"{HOOKS}/{hook[0]}{path}", method=method).status_code == 404
    assert as_role("officer", "A").get(HOOKS).status_code == 403
    assert hook[0] in as_role("station_chief").get(HOOKS).text


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "https://10.0.0.1/"}, "/url"), ({"url": "gopher://x/"}, "/url"), ({"events": []}, "/events"),
        ({"events": ["people.enrolled"]}, "/events/0"), ({"label": ""}, "/label"),
    ],
)  # fmt: skip
def test_what_can_not_be_subscribed_is_refused_with_its_field(admin, change, pointer):
    body = {
        "id": str(uuid4()),
        "label": "x",
        "url": "https://example.org/",
        "events": ["cases.closed"],
        **change,
    }
    answer = admin.post(HOOKS, json=body)
    assert answer.status_code == 422
    assert pointer in {e["pointer"] for e in answer.json["errors"]}


def test_without_the_setting_nothing_private_may_be_subscribed(settings, token_for):
    app = create_app(replace(settings, webhook_private=""))
    head = {"Authorization": f"Bearer {token_for('t.system_admin')}", "Accept-Language": "en"}
    for url in ("https://127.0.0.1:8443/", "http://example.org/"):
        body = {"id": str(uuid4()), "label": "x", "url": url, "events": ["cases.closed"]}
        answer = app.test_client().post(HOOKS, json=body, headers=head)
        assert answer.status_code == 422
        assert "administrator" in answer.json["errors"][0]["detail"]
    app.extensions["shuangge"].database.dispose()
    app.extensions["shuangge"].login.dispose()


def test_a_wrong_network_in_the_settings_is_said_at_the_start():
    with pytest.raises(SettingsError, match="SHUANGGE_WEBHOOK_PRIVATE"):
        load({"SHUANGGE_WEBHOOK_PRIVATE": "10.0.0.0/8, ten"})


@pytest.mark.slow
@pytest.mark.crash
@pytest.mark.timeout(240)
def test_a_worker_killed_after_the_post_sends_it_again_under_the_same_id(
    settings, hook, admin, send_report, certificate
):
    """The receiver holds its answer back; the worker dies meanwhile, and its successor delivers."""
    slow = Receiver(drip_s=0.2).start(certificate)
    known = next(h for h in admin.get(HOOKS).json if h["id"] == hook[0])
    body = {"label": "x", "events": known["events"], "active": True}
    url = f"https://127.0.0.1:{slow.port}/in"
    assert admin.put(f"{HOOKS}/{hook[0]}", json={**body, "url": url}).status_code == 200
    service = Service(settings)
    service._environment = lambda made=service._environment: {  # type: ignore[method-assign]
        **made(), "SHUANGGE_WEBHOOK_PRIVATE": "127.0.0.0/8", "SHUANGGE_WEBHOOK_CA": str(certificate[0]),
    }  # fmt: skip
    try:
        service.start("worker")
        sample = send_report("t.volunteer", "A1")
        assert slow.came.wait(90), service.log("worker").read_text()
        service.kill("worker")
        slow.drip_s = 0.0
        service.start("worker")
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and log_of(admin, hook)[0]["state"] != "delivered":
            time.sleep(0.2)
        words = Path(service.log("worker")).read_text()
    finally:
        service.stop()
        slow.stop()
    [entry] = log_of(admin, hook)
    assert entry["state"] == "delivered"
    assert {m.headers["webhook-id"] for m in slow.got} == {entry["message_id"]}
    assert {json.loads(m.body)["data"]["id"] for m in slow.got} == {sample.id}
    assert len(slow.got) == 2
    assert hook[1] not in words
    assert hook[1].removeprefix("whsec_") not in words
