"""Open311: words that senders add later, by key or by token, and what their handlers see of them."""

from __future__ import annotations

import io
import re
from itertools import count
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from tests.samples import photo

V2 = "/open311/v2"
ADDRESSES = count(1)


@pytest.fixture(scope="module", autouse=True)
def allowed(as_role):
    """Station T takes reports of strangers; station U does not."""
    answer = as_role("station_chief").patch("/api/v1/station-settings", json={"open311": {"report": True}})
    assert answer.status_code == 200, answer.text


@pytest.fixture
def client(app):
    """A foreign system with an address of its own: strangers are counted by it."""
    made = app.test_client(use_cookies=False)
    made.environ_base["REMOTE_ADDR"] = f"10.0.0.{next(ADDRESSES)}"
    return made


@pytest.fixture
def report(client, station):
    """Send a report; return what the sender is told of it."""

    def send(**extra):
        lon, lat = station.inside("A1")
        said = {
            "service_code": "flying_wire", "lat": str(lat), "long": str(lon), "description": str(uuid4()),
            "attribute[building_kind]": "multi_storey", "attribute[wires]": "2",
            "attribute[seen_charging]": "yes", "media": (io.BytesIO(photo(5000)), "1.jpg", "image/jpeg"),
            **extra,
        }  # fmt: skip
        answer = client.post(f"{V2}/requests.json", data=said)
        assert answer.status_code == 201, answer.text
        return answer.json[0]

    return send


def update(client, form="json", **said):
    return client.post(f"{V2}/servicerequestupdates.{form}", data=said, headers={"Accept-Language": "en"})


def case_of(reader, number):
    [found] = [c for c in reader.get("/api/v1/cases").json["cases"] if c["number"] == number]
    return reader.get(f"/api/v1/cases/{found['id']}").json


def test_the_person_of_a_key_adds_words_and_photos_once(client, report, token_for, as_role):
    key = token_for("t.volunteer")
    made = report(api_key=key)
    said = {
        "api_key": key, "service_request_id": made["service_request_id"], "update_id": "77",
        "description": "又多了一根", "status": "OPEN", "updated_datetime": "2026-11-22T08:30:00+08:00",
        "email": "someone@example.org",
    }  # fmt: skip
    answers = [
        update(client, **said, media=(io.BytesIO(photo(5020)), "2.jpg", "image/jpeg")) for _n in range(3)
    ]
    assert {a.status_code for a in answers} == {201}, answers[0].text
    assert len({a.json[0]["update_id"] for a in answers}) == 1
    case = as_role("officer", "A").get(f"/api/v1/cases/{made['token']}").json
    assert [note["note"] for note in case["notes"]] == ["又多了一根"]
    assert len(case["attachments"]) == 2
    assert "someone@example.org" not in str(case)


def test_a_status_that_differs_and_a_picture_elsewhere_are_kept_as_words(client, report, token_for, as_role):
    key = token_for("t.volunteer")
    made = report(api_key=key)
    answer = update(
        client, "xml", api_key=key, service_request_id=made["token"], description="已拆除",
        status="fixed", media_url="https://example.org/p.jpg",
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    top = ElementTree.fromstring(answer.data)
    assert (top.tag, top[0].tag) == ("service_request_updates", "request_update")
    assert top[0].findtext("update_id")
    case = as_role("officer", "A").get(f"/api/v1/cases/{made['token']}").json
    assert case["notes"][0]["note"] == "已拆除\nhttps://example.org/p.jpg\nstatus: FIXED"
    assert case["state"] == "reported"


def test_a_stranger_adds_words_by_the_token_alone(client, report, as_role):
    made = report(jurisdiction_id="T", phone="13800138009")
    said = {"jurisdiction_id": "T", "description": "还在充电"}
    by_number = update(client, service_request_id=made["service_request_id"], **said)
    assert (by_number.status_code, "token" in by_number.json[0]["description"]) == (403, True)
    for _n in range(2):
        assert update(client, service_request_id=made["token"], **said).status_code == 201
    assert update(client, service_request_id=str(uuid4()), **said).status_code == 404
    foreign = update(client, service_request_id=made["token"], **{**said, "jurisdiction_id": "U"})
    assert foreign.status_code == 403
    side = as_role("officer", "A").get(f"/api/v1/cases/{made['token']}/open311").json
    assert ([note["note"] for note in side["notes"]], side["contact"]) == (["还在充电"], True)
    page = as_role("officer", "A").get(f"/cases/{made['service_request_id']}").text
    assert "上报人补充说明" in page
    assert not re.search("系统</div>", page)
    assert "13800138009" not in page


def test_a_stranger_reaches_no_report_of_a_person(client, report, token_for):
    made = report(api_key=token_for("t.volunteer"))
    answer = update(client, jurisdiction_id="T", service_request_id=made["token"], description="x")
    assert answer.status_code == 404


def test_nobody_adds_to_what_he_may_not_see(client, report, token_for):
    made = report(api_key=token_for("t.volunteer"))
    for who in ("t.volunteer.2", "t.officer.b", "u.volunteer"):
        answer = update(
            client, api_key=token_for(who), service_request_id=made["service_request_id"], description="x"
        )
        assert answer.status_code == 404, who


def test_a_stranger_has_a_limit(client, report):
    made = report(jurisdiction_id="T")
    answers = [
        update(client, jurisdiction_id="T", service_request_id=made["token"], description=f"{n}")
        for n in range(21)
    ]
    assert [a.status_code for a in answers] == [201] * 20 + [400]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"description": " "}, "description: "),
        ({"service_request_id": ""}, "service_request_id: "),
        ({"description": "x" * 2001}, "description: "),
        ({"description": "a\0b"}, "description: "),
        ({"media": (io.BytesIO(b"GIF89a"), "1.gif", "image/gif")}, "media: "),
    ],
)
def test_each_mistake_is_named(client, report, changes, named):
    made = report(jurisdiction_id="T")
    said = {"jurisdiction_id": "T", "service_request_id": made["token"], "description": "好", **changes}
    answer = update(client, **said)
    assert answer.status_code == 400
    assert answer.json[0]["description"].startswith(named)
