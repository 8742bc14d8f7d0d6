"""The phone's batch: sent again, at the same moment, or half broken, it gives one case and one receipt."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import text

from tests.samples import batch_of, form_of, photo, report_at

BATCHES = "/api/v1/batches"


def multipart(*samples, document=None):
    """Return the files argument of `requests` for a batch."""
    body = json.dumps(document or batch_of(*samples), ensure_ascii=False).encode()
    parts = [("batch", ("batch.json", body, "application/json"))]
    for sample in samples:
        parts += [(sha, ("photo.jpg", data, "image/jpeg")) for sha, data in sample.photos.items()]
    return parts


@pytest.fixture
def counts(owner_db):
    """Count cases, photos and report events of some ids."""

    def count(*ids):
        with owner_db.transaction() as session:
            found = [
                session.scalar(text(statement), {"ids": list(ids)})
                for statement in (
                    "SELECT count(*) FROM app.case_file WHERE id = ANY(CAST(:ids AS uuid[]))",
                    "SELECT count(*) FROM app.attachment WHERE case_id = ANY(CAST(:ids AS uuid[]))",
                    """SELECT count(*) FROM app.event WHERE subject_id = ANY(CAST(:ids AS uuid[]))
                        AND name = 'cases.reported'""",
                )
            ]
        return tuple(found)

    return count


def test_a_batch_of_good_and_bad_reports_loses_none(as_role, sample_report, counts):
    good = sample_report("A1")
    unreadable = sample_report("A1", place={"lon": "east"})
    outside = sample_report("A1", place={"lon": 113.4})
    unknown = sample_report("B1", class_code="ufo")
    samples = (good, unreadable, outside, unknown)
    receipt = as_role("volunteer").post(BATCHES, data=form_of(*samples)).json
    by_id = {r["id"]: r for r in receipt["reports"]}
    assert len(by_id) == 4
    assert by_id[good.id]["state"] == "received"
    assert by_id[good.id]["case_number"].startswith("T-")
    assert [by_id[s.id]["state"] for s in samples[1:]] == ["kept"] * 3
    assert by_id[outside.id]["errors"][0]["code"] == "outside_station"
    assert by_id[unknown.id]["errors"][0]["code"] == "class_unknown"
    assert [r["index"] for r in sorted(receipt["reports"], key=lambda r: r["index"])] == [0, 1, 2, 3]
    assert counts(*(s.id for s in samples)) == (1, 1, 1)


def test_a_kept_report_sent_again_is_kept_once_with_the_same_receipt(as_role, sample_report, owner_db):
    name = f"ufo-{uuid4().hex[:8]}"
    sample = sample_report("A1", class_code=name)
    document = json.dumps(sample.batch())
    client = as_role("volunteer")
    first, second = (client.post(BATCHES, data=document, content_type="application/json") for _n in range(2))
    assert first.json["reports"][0]["state"] == "kept"
    assert first.data == second.data
    with owner_db.transaction() as session:
        kept = session.scalars(text("SELECT problems FROM app.quarantine")).all()
        told = session.scalar(text("SELECT count(*) FROM app.event WHERE name = 'field.quarantined'"))
    mine = [problems for problems in kept if name in json.dumps(problems)]
    assert len(mine) == 1
    assert told == len(kept)


def test_photos_may_follow_with_the_same_batch(as_role, sample_report, counts):
    sample = sample_report("A1", photos=(photo(21), photo(22)))
    client = as_role("volunteer")
    document = json.dumps(sample.batch())
    first = client.post(BATCHES, data=document, content_type="application/json").json["reports"][0]
    assert first["files"] == {"held": [], "missing": list(sample.photos), "previews": []}
    form = sample.form()
    del form[list(sample.photos)[1]]
    second = client.post(BATCHES, data=form).json["reports"][0]
    assert second["files"] == {
        "held": list(sample.photos)[:1],
        "missing": list(sample.photos)[1:],
        "previews": [],
    }
    third = client.post(BATCHES, data=sample.form()).json["reports"][0]
    assert sorted(third["files"]["held"]) == sorted(sample.photos)
    assert third["case_number"] == first["case_number"]
    assert counts(sample.id) == (1, 2, 1)


def test_an_id_with_other_content_is_a_conflict_with_both_hashes(as_role, sample_report, counts):
    sample = sample_report("A1")
    client = as_role("volunteer")
    assert client.post(BATCHES, data=sample.form()).json["reports"][0]["state"] == "received"
    changed = type(sample)({**sample.report, "note": "又一处"}, sample.photos)
    answer = client.post(BATCHES, data=changed.form()).json["reports"][0]
    assert answer["state"] == "conflict"
    assert answer["errors"][0]["code"] == "already_known"
    assert len(set(part for part in answer["errors"][0]["detail"].split() if len(part) >= 64)) >= 1
    assert counts(sample.id) == (1, 1, 1)


def test_a_file_damaged_on_the_way_is_not_held(as_role, sample_report):
    import io

    sample = sample_report("A1")
    form = sample.form()
    sha, data = next(iter(sample.photos.items()))
    form[sha] = (io.BytesIO(data[:-20]), "photo.jpg", "image/jpeg")
    receipt = as_role("volunteer").post(BATCHES, data=form).json["reports"][0]
    assert receipt["files"] == {"held": [], "missing": [sha], "previews": []}


def test_the_same_report_from_eight_threads_at_the_same_moment(service, token_for, sample_report, counts):
    head = {"Authorization": f"Bearer {token_for('t.volunteer')}"}
    for _round in range(5):
        sample = sample_report("B1", photos=(photo(31),))
        document = sample.batch()
        barrier = Barrier(8)

        def send(_n, sample=sample, document=document, barrier=barrier):
            barrier.wait()
            files = multipart(sample, document=document)
            return requests.post(service.url + BATCHES, files=files, headers=head, timeout=30)

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(send, range(8)))
        assert {a.status_code for a in answers} == {200}
        assert len({a.content for a in answers}) == 1
        assert answers[0].json()["reports"][0]["state"] == "received"
        assert counts(sample.id) == (1, 1, 1)


def test_twenty_reports_from_sixteen_threads_give_twenty_cases_without_gap_or_double(
    service, token_for, sample_report, counts, owner_db
):
    """Every thread sends all twenty, each in an order of its own; retries on 503 as a phone does."""
    head = {"Authorization": f"Bearer {token_for('t.volunteer')}"}
    samples = [sample_report(("A1", "B1", "C2")[n % 3], photos=(photo(100 + n),)) for n in range(20)]
    documents = {s.id: s.batch() for s in samples}
    bodies = {s.id: set() for s in samples}
    statuses = Counter()

    def send(thread):
        with requests.Session() as http:
            for step in range(20):
                sample = samples[(step * 7 + thread * 3) % 20]
                while True:
                    files = multipart(sample, document=documents[sample.id])
                    answer = http.post(service.url + BATCHES, files=files, headers=head, timeout=60)
                    statuses[answer.status_code] += 1
                    if answer.status_code != 503:
                        break
                bodies[sample.id].add(answer.content)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(send, range(16)))
    assert set(statuses) <= {200, 503}
    assert statuses[200] == 320
    assert {len(found) for found in bodies.values()} == {1}
    assert counts(*bodies) == (20, 20, 20)
    with owner_db.transaction() as session:
        numbers = session.scalars(text("SELECT number FROM app.case_file WHERE number LIKE 'T-%'")).all()
    serials = sorted(int(number[-6:]) for number in numbers)
    assert serials == list(range(1, len(serials) + 1))


def test_the_same_batch_twice_has_the_same_bytes(as_role, sample_report):
    samples = (sample_report("A1"), sample_report("B2"), sample_report("A1", class_code="ufo"))
    document = json.dumps(batch_of(*samples))
    client = as_role("volunteer")
    replies = {client.post(BATCHES, data=document, content_type="application/json").data for _n in range(3)}
    assert len(replies) == 1


@pytest.mark.parametrize("role", ["volunteer", "grid_worker", "officer", "mediator", "planner"])
def test_everybody_on_the_ground_may_report(as_role, sample_report, owner_db, station, role):
    sample = sample_report("C1")
    receipt = as_role(role).post(BATCHES, data=sample.form()).json["reports"][0]
    assert receipt["state"] == "received"
    with owner_db.transaction() as session:
        author = session.scalar(
            text("SELECT reporter_id FROM app.case_file WHERE id = :id"), {"id": UUID(sample.id)}
        )
    assert author == station.member(role).person_id


def test_a_report_of_another_stations_ground_is_kept_not_lost(as_role, other_station):
    sample = report_at(*other_station.inside("A1"))
    receipt = as_role("volunteer").post(BATCHES, data=sample.form()).json["reports"][0]
    assert (receipt["state"], receipt["errors"][0]["code"]) == ("kept", "outside_station")


@pytest.mark.slow
def test_eight_at_once_in_thirty_rounds_all_succeed(service, token_for, sample_report, counts):
    """240 identical submissions, 8 at the same moment: 240 successes, 30 cases, 30 photos."""
    head = {"Authorization": f"Bearer {token_for('t.volunteer')}"}
    ids, replies = [], []
    with ThreadPoolExecutor(8) as pool:
        for number in range(30):
            sample = sample_report("A1", photos=(photo(number * 8),))
            parts, gate = multipart(sample), Barrier(8)

            def send(_n, parts=parts, gate=gate):
                gate.wait()
                return requests.post(service.url + BATCHES, files=parts, headers=head, timeout=60)

            answers = list(pool.map(send, range(8)))
            ids.append(sample.id)
            replies += answers
            numbers = {answer.json()["reports"][0]["case_number"] for answer in answers}
            assert len(numbers) == 1
    assert Counter(answer.status_code for answer in replies) == {200: 240}
    assert counts(*ids) == (30, 30, 30)
