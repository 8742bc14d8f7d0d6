"""Story one: a volunteer sends a hazard, and it is on the right officer's map within three seconds."""

from __future__ import annotations

import io
import json
import time

import pytest
import requests
from PIL import Image
from sqlalchemy import text

from tests.flows.stream import Stream
from tests.samples import photo
from webapp.core import audit

pytestmark = pytest.mark.slow


@pytest.fixture
def listen(service, token_for):
    opened = []

    def start(username, last_id=None):
        opened.append(Stream(service.url, token_for(username), last_id))
        return opened[-1]

    yield start
    for stream in opened:
        stream.close()


def send(url, token, sample):
    """Send a batch as a phone does; return its receipt."""
    body = json.dumps(sample.batch(), ensure_ascii=False).encode()
    files = [("batch", ("batch.json", body, "application/json"))]
    files += [(sha, ("p.jpg", data, "image/jpeg")) for sha, data in sample.photos.items()]
    answer = requests.post(
        f"{url}/api/v1/batches", files=files, headers={"Authorization": f"Bearer {token}"}, timeout=20
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["reports"][0]


def get(url, token, path, **more):
    return requests.get(url + path, headers={"Authorization": f"Bearer {token}"}, timeout=60, **more)


def test_from_the_phone_to_the_map(service, token_for, listen, sample_report, owner_db):
    own, neighbour, foreign = listen("t.officer.a"), listen("t.officer.b"), listen("u.officer.a")
    chief = listen("t.station_chief")
    sample = sample_report("A1", note="三单元窗口拉线充电")

    receipt = send(service.url, token_for("t.volunteer"), sample)
    assert receipt["state"] == "received"
    assert (receipt["grid"], receipt["police_grid"]) == ("T-A1", "T-A")
    own.until(lambda: own.heard(sample.id, "cases.reported"))
    chief.until(lambda: chief.heard(sample.id, "cases.reported"))
    _at, event = own.heard(sample.id, "cases.reported")
    feature = event["feature"]
    assert feature["properties"]["number"] == receipt["case_number"]
    assert feature["properties"]["grid"] == "T-A1"
    assert feature["geometry"]["coordinates"] == [sample.report["place"][at] for at in ("lon", "lat")]

    # the photo opens at once, and its small version when the worker has made it
    path = f"/api/v1/attachments/{feature['properties']['photo_id']}"
    officer = token_for("t.officer.a")
    assert Image.open(io.BytesIO(get(service.url, officer, path).content)).size == (320, 240)
    deadline = time.monotonic() + 60
    with owner_db.transaction() as session:
        wanted = text("SELECT thumbnail_sha256 FROM app.attachment WHERE case_id = :id")
        while session.scalar(wanted, {"id": sample.id}) is None:
            assert time.monotonic() < deadline, "the worker made no small picture"
            time.sleep(0.05)
    assert get(service.url, officer, f"{path}?size=thumbnail").status_code == 200

    # the officer takes it over; the volunteer sees that
    volunteer = listen("t.volunteer")
    accepted = requests.post(
        f"{service.url}/api/v1/cases/{sample.id}/accept",
        json={"revision": 1}, headers={"Authorization": f"Bearer {officer}"}, timeout=60,
    )  # fmt: skip
    assert accepted.status_code == 200, accepted.text
    volunteer.until(lambda: volunteer.heard(sample.id, "cases.accepted"))
    closed = requests.post(
        f"{service.url}/api/v1/cases/{sample.id}/close",
        data={"note": "已拆除并复查"}, files={"photo": ("after.jpg", photo(8), "image/jpeg")},
        headers={"Authorization": f"Bearer {officer}"}, timeout=60,
    )  # fmt: skip
    assert closed.status_code == 200, closed.text
    own.until(lambda: own.heard(sample.id, "cases.closed"))

    # nobody else heard a word, though they were told of their own in the meantime
    other = sample_report("B1")
    send(service.url, token_for("t.volunteer"), other)
    neighbour.until(lambda: neighbour.heard(other.id, "cases.reported"))
    for stream in (neighbour, foreign):
        assert not [e for _at, e in stream.events if e["subject_id"] == sample.id]
    assert not own.heard(other.id, "cases.reported")
    assert get(service.url, token_for("t.officer.b"), path).status_code == 404

    # and the chain over it all holds
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        count, breaks = audit.verify(session.connection())
    assert breaks == []
    assert count >= 4


def test_who_was_away_hears_what_was_missed(service, token_for, listen, sample_report):
    first = listen("t.officer.a")
    seen = sample_report("A2")
    send(service.url, token_for("t.volunteer"), seen)
    first.until(lambda: first.heard(seen.id, "cases.reported"))
    last = first.ids[-1]
    first.close()
    missed = [sample_report("A1") for _n in range(3)]
    for sample in missed:
        send(service.url, token_for("t.volunteer"), sample)
    back = listen("t.officer.a", last)
    back.until(lambda: all(back.heard(sample.id, "cases.reported") for sample in missed))
    polled = get(service.url, token_for("t.officer.a"), "/api/v1/events", params={"after": last}).json()
    assert {s.id for s in missed} <= {e["subject_id"] for e in polled["events"]}


def test_a_stream_survives_the_death_of_its_database_line(
    service, token_for, listen, sample_report, superuser
):
    """When the LISTEN connection is cut, streams end and come back; nothing in between is lost."""
    stream = listen("t.officer.a")
    start = sample_report("A1")
    send(service.url, token_for("t.volunteer"), start)
    stream.until(lambda: stream.heard(start.id, "cases.reported"))
    last = stream.ids[-1]
    with superuser.cursor() as cursor:
        cursor.execute(
            """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'shuangge-live'"""
        )
        assert cursor.fetchone()[0] >= 1
    sample = sample_report("A1")
    send(service.url, token_for("t.volunteer"), sample)
    back = listen("t.officer.a", last)
    back.until(lambda: back.heard(sample.id, "cases.reported"))
    after = sample_report("A2")
    time.sleep(1.5)
    send(service.url, token_for("t.volunteer"), after)
    again = listen("t.officer.a", back.ids[-1])
    again.until(lambda: again.heard(after.id, "cases.reported") or back.heard(after.id, "cases.reported"))
