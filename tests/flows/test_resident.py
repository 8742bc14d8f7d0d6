"""A resident scans a sign without an account: the officer's map shows it, the answer comes by the code."""

from __future__ import annotations

from uuid import uuid4

import pytest
import requests

from tests.flows.stream import Stream
from tests.samples import photo
from tests.webapp.residents.resident import HTML, JSON, Form, solve

pytestmark = pytest.mark.slow


@pytest.fixture
def listen(service, token_for):
    opened = []

    def start(username):
        opened.append(Stream(service.url, token_for(username)))
        return opened[-1]

    yield start
    for stream in opened:
        stream.close()


def asked(service, token, method, path, **more):
    head = {"Authorization": f"Bearer {token}"}
    answer = requests.request(method, service.url + path, headers=head, timeout=60, **more)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_from_the_sign_to_the_answer(service, token_for, listen, station):
    chief, officer = token_for("t.station_chief"), token_for("t.officer.b")
    lon, lat = station.inside("B1")
    place = {"id": str(uuid4()), "name": "东门", "kind": "gate", "lon": lon, "lat": lat}
    code = asked(service, chief, "POST", "/api/v1/places", json=place)["code"]
    own, other = listen("t.officer.b"), listen("t.officer.a")

    # The resident: an old phone without JavaScript, no account, no position.
    phone = requests.Session()
    start = phone.get(f"{service.url}/r/{code}", headers=HTML, timeout=60)
    assert "东门" in start.text
    page = phone.get(f"{service.url}/public/new", params={"place": code, "class": "fire_lane"}, timeout=60)
    form = Form(page.text)
    assert form.signs == [code]
    fields = {**form.fields, "place": code, "note": "消防通道停满了车"}
    fields["work"] = solve(form.fields["challenge"], form.bits)
    sent = phone.post(
        f"{service.url}/public/send",
        params={"place": code, "class": "fire_lane"},
        data=fields,
        files={"photo": ("a.jpg", photo(61))},
        headers=JSON,
        timeout=60,
    )
    assert sent.status_code == 201, sent.text
    track = service.url + sent.json()["track"].partition("?")[0]

    # The officer of the ground sees it at once, on the map and with its photo; nobody of the next field does.
    own.until(lambda: any(e["name"] == "residents.ticket_opened" for _at, e in own.events))
    [case_id] = {e["subject_id"] for _at, e in own.events}
    _at, told = own.heard(case_id, "cases.reported")
    assert told["feature"]["properties"]["grid"] == "T-B1"
    assert told["feature"]["properties"]["photo_id"]
    assert other.events == []
    asked(service, officer, "POST", f"/api/v1/cases/{case_id}/accept", json={})
    assert "警格正在处理" in phone.get(track, headers=HTML, timeout=60).text
    proof = {"photo": ("b.jpg", photo(62))}
    asked(service, officer, "POST", f"/api/v1/cases/{case_id}/close", data={"note": "已清场"}, files=proof)

    # The resident reads the answer, sees the photo of the cure, and says what it is worth.
    assert "已清场" in phone.get(track, headers=HTML, timeout=60).text
    cure = phone.get(f"{track}/photo/0", timeout=60)
    assert cure.headers["Content-Type"] == "image/jpeg"
    judged = {"form": str(uuid4()), "satisfied": "true"}
    assert "您的评价：满意" in phone.post(f"{track}/judgement", data=judged, headers=HTML, timeout=60).text
    own.until(lambda: own.heard(case_id, "residents.judged"))
    everything = str(own.events)
    assert track.rpartition("/")[2] not in everything
