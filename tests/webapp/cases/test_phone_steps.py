"""A token that may only submit takes the reporter's own steps, by the table of life, and no other."""

from __future__ import annotations

import io
from uuid import uuid4

import pytest

from tests.samples import photo
from webapp.cases.rules import STEPS

PHONE = {"withdraw", "verify", "send_back"}


@pytest.fixture(scope="module", autouse=True)
def strict_end(as_role):
    answer = as_role("station_chief").patch("/api/v1/station-settings", json={"strict_end": True})
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def phone(app, as_user):
    """Return a client with a token of somebody's that may only submit: phone('t.volunteer')."""

    def make(username):
        wish = {"id": str(uuid4()), "label": "phone", "scope": "submit"}
        made = as_user(username).post("/api/v1/devices", json=wish)
        assert made.status_code == 201, made.text
        client = app.test_client(use_cookies=False)
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made.json['token']}"
        return client

    return make


def verbs(client, sample):
    answer = client.get(f"/api/v1/cases/{sample.id}/steps")
    assert answer.status_code == 200, answer.text
    return [step["verb"] for step in answer.json]


def test_the_table_names_the_steps_of_phones():
    assert {verb for verb, step in STEPS.items() if step.phone} == PHONE


@pytest.mark.parametrize("verb", sorted(STEPS))
@pytest.mark.parametrize("username", ["t.station_chief", "t.officer.a"])
def test_a_phones_token_takes_no_other_step(phone, send_report, username, verb):
    sample = send_report("t.volunteer", "A1")
    answer = phone(username).post(f"/api/v1/cases/{sample.id}/steps/{verb}", data={"note": "x"})
    if verb in PHONE:
        assert answer.status_code in (403, 409, 422)
        assert answer.json["code"] != "forbidden", "stopped by the life of the case, not by the token"
    else:
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_a_reporter_withdraws_by_a_phones_token(phone, send_report):
    sample, client = send_report("t.volunteer", "A1"), phone("t.volunteer")
    assert verbs(client, sample) == ["withdraw"]
    done = client.post(f"/api/v1/cases/{sample.id}/steps/withdraw", data={"note": "已自行处理"})
    assert (done.status_code, done.json["state"]) == (200, "withdrawn"), done.text


def test_a_reporter_verifies_on_the_spot_by_a_phones_token(phone, send_report, as_user, station):
    lon, lat = station.inside("A1")
    lane = {"blocked_by": "vehicles", "passable": False}
    sample = send_report("t.volunteer", "A1", class_code="fire_lane", answers=lane)
    officer, client = as_user("t.officer.a"), phone("t.volunteer")
    address = f"/api/v1/cases/{sample.id}/steps"
    assert officer.post(f"{address}/accept", data={}).status_code == 200
    proof = {"note": "已清理", "photo": (io.BytesIO(photo(7)), "a.jpg")}
    fed = officer.post(f"{address}/feed_back", data=proof)
    assert fed.status_code == 200, fed.text
    assert set(verbs(client, sample)) == {"verify", "send_back"}
    far = {"lon": lon + 0.05, "lat": lat, "photo": (io.BytesIO(photo(8)), "b.jpg")}
    assert client.post(f"{address}/verify", data=far).json["errors"][0]["code"] == "too_far"
    here = {"lon": lon, "lat": lat, "photo": (io.BytesIO(photo(8)), "b.jpg")}
    done = client.post(f"{address}/verify", data=here)
    assert (done.status_code, done.json["state"]) == (200, "closed"), done.text


def test_an_officers_phone_is_offered_nothing_of_his_office(phone, send_report):
    sample = send_report("t.volunteer", "A1")
    assert verbs(phone("t.officer.a"), sample) == []
