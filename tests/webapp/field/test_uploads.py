"""Originals that follow their report piece by piece: nothing twice, nothing foreign, nothing half."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest
from sqlalchemy import text

from tests.samples import photo
from tests.webapp.field.waiting import ahead, form_ahead
from webapp.core.files import Spool

BATCHES = "/api/v1/batches"


def url(sha):
    return f"/api/v1/uploads/{sha}"


def send(client, sha, data, offset, length):
    headers = {"Upload-Offset": str(offset), "Upload-Length": str(length)}
    return client.patch(url(sha), data=data, headers=headers, content_type="application/offset+octet-stream")


@pytest.fixture
def reported(as_role, sample_report):
    """Send a report with a preview of its photo: reported(shade) gives report, checksum, bytes, receipt."""

    def make(shade, who="volunteer", **more):
        sample, small = ahead(sample_report("A1", photos=(photo((shade - 100) * 24),)), **more)
        answer = as_role(who).post(BATCHES, data=form_ahead(sample, small))
        assert answer.status_code == 200, answer.text
        ((sha, data),) = sample.photos.items()
        return sample, sha, data, answer.json["reports"][0]

    return make


def attachments(as_role, sample):
    return as_role("officer", "A").get(f"/api/v1/cases/{sample.id}").json["attachments"]


def test_the_preview_is_seen_first_and_then_the_original(as_role, reported):
    at = {"at": "2026-11-22T01:02:03+00:00", "lon": 112.5, "lat": 37.8, "accuracy_m": 12}
    sample, sha, data, receipt = reported(101, taken=at)
    assert receipt["state"] == "received"
    assert receipt["files"] == {"held": [], "missing": [sha], "previews": [sha]}
    (early,) = attachments(as_role, sample)
    assert early["awaited"]
    assert early["sent_sha256"] == sha
    assert (early["width"], early["height"]) == (80, 60)
    assert early["taken"] == at
    shown = as_role("officer", "A").get(early["url"])
    assert shown.headers["Cache-Control"] == "private, no-cache"

    client, half = as_role("volunteer"), len(data) // 2
    assert client.head(url(sha)).status_code == 404
    first = send(client, sha, data[:half], 0, len(data))
    assert (first.json["state"], first.json["held"], first.headers["Upload-Offset"]) == (
        "arriving",
        False,
        str(half),
    )
    asked = client.head(url(sha))
    assert (asked.headers["Upload-Offset"], asked.headers["Upload-Complete"]) == (str(half), "?0")
    last = send(client, sha, data[half:], half, len(data))
    assert (last.json["state"], last.json["held"], len(last.json["cases"])) == ("received", True, 1)
    (late,) = attachments(as_role, sample)
    assert not late["awaited"]
    assert (late["id"], late["width"], late["height"]) == (early["id"], 320, 240)
    assert late["taken"] == at
    assert client.get(url(sha)).json["held"]


def test_the_same_again_changes_nothing(as_role, reported, owner_db):
    sample, sha, data, receipt = reported(102)
    client = as_role("volunteer")
    for _again in range(3):
        assert send(client, sha, data, 0, len(data)).json["held"]
    again = client.post(BATCHES, data=sample.form()).json["reports"][0]
    assert again["case_number"] == receipt["case_number"]
    assert again["files"] == {"held": [sha], "missing": [], "previews": []}
    with owner_db.transaction() as session:
        events = session.scalar(
            text("SELECT count(*) FROM app.event WHERE subject_id = :id AND name = 'cases.file_completed'"),
            {"id": sample.id},
        )
    assert events == 1


def test_the_batch_itself_may_bring_the_original_later(as_role, reported):
    sample, sha, _data, _receipt = reported(103)
    again = as_role("volunteer").post(BATCHES, data=sample.form()).json["reports"][0]
    assert again["files"]["held"] == [sha]
    (kept,) = attachments(as_role, sample)
    assert not kept["awaited"]
    assert kept["width"] == 320


def test_a_wrong_offset_tells_the_true_one(as_role, reported):
    _sample, sha, data, _receipt = reported(104)
    client = as_role("volunteer")
    send(client, sha, data[:1000], 0, len(data))
    for offset in (0, 500, 1001):
        answer = send(client, sha, data[offset : offset + 100], offset, len(data))
        assert (answer.status_code, answer.json["code"]) == (409, "upload_offset")
        assert answer.headers["Upload-Offset"] == "1000"
    assert send(client, sha, data[1000:], 1000, len(data)).json["held"]


@pytest.mark.parametrize(
    ("offset", "length", "status"),
    [
        ("-1", "100", 400), ("0", "", 400), ("x", "100", 400), ("0", "0", 400), ("0", "-5", 400),
        ("٣", "100", 400), ("0", "99999999999999999999", 400), ("0", "9000000", 413), ("90", "100", 400),
        ("1e3", "100", 400),
    ],
)  # fmt: skip
def test_hostile_numbers(as_role, offset, length, status):
    headers = {"Upload-Offset": offset.encode().decode("latin-1"), "Upload-Length": length}
    answer = as_role("volunteer").patch(url("a" * 64), data=b"x" * 20, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("name", ["../" * 21 + "a", "..%2f" * 12 + "abcd", "G" * 64, "A" * 64, "." * 64])
def test_hostile_names_reach_no_file(as_role, settings, name):
    answer = send(as_role("volunteer"), name, b"data", 0, 4)
    assert answer.status_code in (400, 404)
    assert not list(settings.spool_dir.glob(f"**/*{name[-3:]}*"))


def test_damaged_bytes_begin_anew_and_nothing_is_replaced(as_role, reported):
    sample, sha, data, _receipt = reported(105)
    client = as_role("volunteer")
    bad = b"\0" * len(data)
    answer = send(client, sha, bad, 0, len(data))
    assert (answer.status_code, answer.json["code"], answer.headers["Upload-Offset"]) == (
        409,
        "hash_mismatch",
        "0",
    )
    assert attachments(as_role, sample)[0]["awaited"]
    assert send(client, sha, data, 0, len(data)).json["held"]


def test_what_is_no_photo_is_kept_for_a_look(as_role):
    data = b"not a photo at all" * 20
    sha = sha256(data).hexdigest()
    answer = send(as_role("volunteer"), sha, data, 0, len(data))
    assert (answer.json["state"], answer.json["held"]) == ("kept", True)
    kept = as_role("station_chief").get("/api/v1/quarantine").json
    assert any(entry["door"] == "upload" for entry in kept)


def test_an_upload_ahead_of_its_report_is_found_by_it(as_role, sample_report):
    data = photo(6 * 24)
    sha, client = sha256(data).hexdigest(), as_role("volunteer")
    assert send(client, sha, data, 0, len(data)).json["state"] == "waiting"
    sample = sample_report("A1", photos=(data,))
    receipt = client.post(BATCHES, json=sample.batch()).json["reports"][0]
    assert receipt["files"]["held"] == [sha]


def test_nobody_completes_or_sees_the_upload_of_another(as_role, reported, settings):
    sample, sha, data, _receipt = reported(107)
    send(as_role("volunteer"), sha, data[:100], 0, len(data))
    other = as_role("grid_worker", "A")
    assert other.head(url(sha)).status_code == 404
    assert send(other, sha, data, 0, len(data)).json["state"] == "waiting"
    assert attachments(as_role, sample)[0]["awaited"]
    assert as_role("volunteer").head(url(sha)).headers["Upload-Offset"] == "100"


def test_unfinished_uploads_have_a_limit_and_an_end(as_role, settings, monkeypatch):
    client = as_role("mediator")
    monkeypatch.setattr(Spool, "MOST_FILES", 3)
    for n in range(3):
        assert send(client, f"{n:064x}", b"x", 0, 100).status_code == 200
    answer = send(client, f"{9:064x}", b"x", 0, 100)
    assert (answer.status_code, answer.json["code"]) == (413, "upload_quota")
    for path in settings.spool_dir.glob(f"*/{0:064x}.*"):
        os.utime(path, (1, 1))
    assert send(client, f"{9:064x}", b"x", 0, 100).status_code == 200
    assert client.head(url(f"{0:064x}")).status_code == 404


def test_an_upload_survives_a_restart(service, token_for, reported):
    import requests

    _sample, sha, data, _receipt = reported(109)
    headers = {"Authorization": f"Bearer {token_for('t.volunteer')}", "Upload-Length": str(len(data))}
    first = requests.patch(
        service.url + url(sha), data=data[:500], headers={**headers, "Upload-Offset": "0"}, timeout=10
    )
    assert first.json()["offset"] == 500
    service.restart("web")
    asked = requests.head(service.url + url(sha), headers=headers, timeout=30)
    assert asked.headers["Upload-Offset"] == "500"
    rest = requests.patch(
        service.url + url(sha), data=data[500:], headers={**headers, "Upload-Offset": "500"}, timeout=10
    )
    assert rest.json()["held"]


def test_the_same_photo_in_a_second_report_need_not_come_twice(as_role, reported):
    _first, sha, data, _receipt = reported(108)
    client = as_role("volunteer")
    assert send(client, sha, data, 0, len(data)).json["held"]
    second, again, _data, receipt = reported(108)
    assert again == sha
    assert receipt["files"]["previews"] == [sha]
    assert client.head(url(sha)).status_code == 404
    answer = send(client, sha, data[:100], 0, len(data))
    assert (answer.json["held"], len(answer.json["cases"])) == (True, 1)
    assert not attachments(as_role, second)[0]["awaited"]
