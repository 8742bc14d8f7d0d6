"""Waiting reports as a file, carried to the station: the same cases, the same authors, the same receipts."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlalchemy import text

from tests.samples import batch_of, form_of, photo
from tests.webapp.field.waiting import handin_of

BATCHES, HANDINS = "/api/v1/batches", "/api/v1/handins"


def hand(client, data):
    return client.post(HANDINS, data={"file": (io.BytesIO(data), "waiting.zip")})


@pytest.fixture
def author(member):
    return member("t.volunteer").person_id


@pytest.fixture
def key(settings):
    return settings.secret("csrf.key")


def test_sent_by_the_page_and_handed_in_it_is_one_case(as_role, sample_report, author, key, owner_db):
    sample = sample_report("A1", photos=(photo(201),))
    sent = as_role("volunteer").post(BATCHES, data=sample.form()).json
    given = hand(as_role("officer", "B"), handin_of(author, sample, key=key))
    assert given.status_code == 200, given.text
    assert given.json["reports"] == sent["reports"]
    assert given.json["received_at"] == sent["received_at"]
    assert given.json["author"] == str(author)
    with owner_db.transaction() as session:
        found = session.execute(
            text("SELECT reporter_id, count(*) OVER () FROM app.case_file WHERE id = :id"), {"id": sample.id}
        ).one()
    assert tuple(found) == (author, 1)


def test_handed_in_first_and_sent_later_it_is_one_case_of_its_author(as_role, sample_report, author, key):
    sample = sample_report("A1", photos=(photo(202),))
    given = hand(as_role("grid_worker", "B"), handin_of(author, sample, key=key)).json
    (receipt,) = given["reports"]
    assert receipt["files"]["held"] == list(sample.photos)
    again = as_role("volunteer").post(BATCHES, data=sample.form()).json
    assert again["reports"] == given["reports"]
    mine = as_role("volunteer").get("/api/v1/cases?mine=true&limit=500").json["cases"]
    assert [case["id"] for case in mine].count(sample.id) == 1


def test_without_a_seal_only_the_chief_hands_in_for_another(as_role, sample_report, author):
    sample = sample_report("A1", photos=(photo(203),))
    data = handin_of(author, sample)
    refused = hand(as_role("officer", "A"), data)
    assert (refused.status_code, refused.json["code"]) == (403, "handin_seal")
    taken = hand(as_role("station_chief"), data)
    assert taken.json["reports"][0]["state"] == "received"
    mine = as_role("volunteer").get("/api/v1/cases?mine=true&limit=500").json["cases"]
    assert sample.id in [case["id"] for case in mine]


def test_ones_own_file_needs_no_seal(as_role, sample_report, member):
    sample = sample_report("A1", photos=(photo(204),))
    own = member("t.officer.a").person_id
    assert hand(as_role("officer", "A"), handin_of(own, sample)).json["reports"][0]["state"] == "received"


def test_a_changed_file_loses_its_seal(as_role, sample_report, author, key):
    sealed = handin_of(author, sample_report("A1", photos=(photo(205),)), key=key)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sealed)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(
                name, old.read(name).replace("三单元".encode(), "四单元".encode()).replace(b"u4e09", b"u56db")
            )
    assert hand(as_role("officer", "A"), out.getvalue()).status_code == 403


def test_an_author_of_another_station_is_refused(as_role, sample_report, member, key):
    stranger = member("u.volunteer").person_id
    sample = sample_report("A1", photos=(photo(206),))
    answer = hand(as_role("station_chief"), handin_of(stranger, sample, key=key))
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "handin_author")


def test_a_bad_report_in_the_file_is_kept_and_told(as_role, sample_report, author, key):
    good, bad = sample_report("A1", photos=(photo(207),)), sample_report("A1", class_code="ufo")
    receipt = hand(as_role("officer", "A"), handin_of(author, good, bad, key=key)).json
    assert [report["state"] for report in receipt["reports"]] == ["received", "kept"]


def test_a_file_that_no_report_names_is_kept_and_told(as_role, sample_report, author, key):
    sample = sample_report("A1", photos=(photo(208),))
    extra = {f"files/{'a' * 64}.jpg": b"whatever"}
    receipt = hand(as_role("officer", "A"), handin_of(author, sample, key=key, members=extra)).json
    assert [part["code"] for part in receipt["unclaimed"]] == ["unclaimed_file"]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("handin.json", b" " * 80_000_000)
    return out.getvalue()


def many() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(1_200):
            archive.writestr(f"files/{n:064x}", b"x")
    return out.getvalue()


def lying() -> bytes:
    """A directory that claims less than the member unpacks to."""
    data = bytearray(bomb())
    size = (80_000_000).to_bytes(4, "little")
    while size in data:
        at = data.index(size)
        data[at : at + 4] = (1000).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda a: bomb(), "zip_bomb"),
        (lambda a: many(), "zip_bomb"),
        (lambda a: lying(), "bad_zip"),
        (lambda a: b"PK\3\4 nothing", "bad_zip"),
        (lambda a: b"", "bad_zip"),
        (lambda a: handin_of(a, members={"../../etc/cron.d/x": b"x"}), "bad_zip_name"),
        (lambda a: handin_of(a, members={"files/../../x": b"x"}), "bad_zip_name"),
        (lambda a: handin_of(a, members={"/files/x": b"x"}), "bad_zip_name"),
    ],
)
def test_hostile_files(as_role, author, make, code):
    answer = hand(as_role("officer", "A"), make(author))
    assert answer.status_code == 422, answer.text
    assert answer.json["errors"][0]["code"] == code


def test_parts_of_no_report_are_kept_once_and_told(as_role, sample_report):
    sample = sample_report("A1", photos=(photo(209),))
    batch = batch_of(sample)
    before = len(as_role("station_chief").get("/api/v1/quarantine").json)
    for _twice in range(2):
        form = form_of(sample)
        form["batch"] = (io.BytesIO(json.dumps(batch).encode()), "batch.json")
        form["holiday.jpg"] = (io.BytesIO(photo(210)), "holiday.jpg")
        receipt = as_role("volunteer").post(BATCHES, data=form).json
        assert receipt["reports"][0]["state"] == "received"
        (stray,) = receipt["unclaimed"]
        assert (stray["name"], stray["code"]) == ("holiday.jpg", "unclaimed_file")
    kept = as_role("station_chief").get("/api/v1/quarantine").json
    assert len(kept) == before + 1
    assert list(kept[0]["files"]) == ["holiday.jpg"]


def test_a_damaged_photo_is_kept_told_and_not_held(as_role, sample_report):
    sample = sample_report("A1", photos=(photo(211),))
    ((sha, data),) = sample.photos.items()
    form = sample.form()
    form[sha] = (io.BytesIO(data[:-10]), "photo.jpg")
    receipt = as_role("volunteer").post(BATCHES, data=form).json
    assert [part["code"] for part in receipt["unclaimed"]] == ["hash_mismatch"]
    assert receipt["reports"][0]["files"]["held"] == []


def test_ten_thousand_parts_are_refused_in_our_own_form(as_role, sample_report):
    sample = sample_report("A1", photos=(photo(212),))
    form = sample.form()
    for n in range(10_000):
        form[f"p{n}"] = (io.BytesIO(b"x"), "x.jpg")
    answer = as_role("volunteer").post(BATCHES, data=form)
    assert answer.status_code == 413
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x", "a" * 300, "照片 1.jpg"])
def test_names_of_parts_are_only_names(as_role, sample_report, settings, name):
    sample = sample_report("A1", photos=(photo(213),))
    form = sample.form()
    form["stray"] = (io.BytesIO(b"bytes" + name.encode()), name)
    receipt = as_role("volunteer").post(BATCHES, data=form).json
    assert receipt["reports"][0]["state"] == "received"
    assert [part["name"] for part in receipt["unclaimed"]] == ["stray"]
