"""What a phone sent in good faith and nobody understood: kept, seen, repaired or put aside by the chief."""

from __future__ import annotations

import io
import json
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.samples import photo
from tests.webapp.field.waiting import ahead, form_ahead
from webapp.cases.models import Attachment, Case
from webapp.field.models import Quarantine

BATCHES = "/api/v1/batches"
QUARANTINE = "/api/v1/quarantine"


@pytest.fixture
def chief(as_role):
    return as_role("station_chief")


@pytest.fixture
def keep(as_role, chief, sample_report):
    """Send a report of a class that nobody knows, with two photos; return it and its entry."""

    def go(username="volunteer", **changes):
        sample = sample_report("A1", photos=(photo(41), photo(42)), **{"class_code": "ufo", **changes})
        receipt = as_role(username).post(BATCHES, data=sample.form()).json["reports"][0]
        assert receipt["state"] == "kept"
        found = [e for e in chief.get(QUARANTINE).json if set(e["files"]) == set(sample.photos)]
        bodies = {e["id"]: chief.get(f"{QUARANTINE}/{e['id']}/body").data for e in found}
        return sample, next(e for e in found if sample.id.encode() in bodies[e["id"]])

    return go


def test_the_chief_sees_who_sent_it_and_what_is_wrong_with_it(keep, chief, member):
    sample, entry = keep()
    assert entry["person_id"] == str(member("t.volunteer").person_id)
    assert (entry["state"], entry["door"]) == ("kept", "batch")
    assert [p["code"] for p in entry["problems"]] == ["class_unknown"]
    assert entry["problems"][0]["detail"]
    said = json.loads(chief.get(f"{QUARANTINE}/{entry['id']}/body").data)
    assert (said["id"], said["class_code"], said["note"]) == (sample.id, "ufo", "三单元二楼")
    assert said["answers"] == sample.report["answers"]
    assert {f["sha256"] for f in said["files"]} == set(sample.photos)


def test_the_chief_repairs_it_into_a_case_of_its_author_with_its_photos(
    keep, chief, owner_db, member, settings, as_role
):
    sample, entry = keep()
    mended = {**sample.json(), "class_code": "flying_wire"}
    receipt = chief.post(f"{QUARANTINE}/{entry['id']}/repair", json=mended)
    assert receipt.status_code == 201, receipt.text
    assert receipt.json["grid"] == "T-A1"
    with owner_db.transaction() as session:
        case = session.get(Case, UUID(sample.id))
        files = session.query(Attachment).filter_by(case_id=UUID(sample.id)).all()
        settled = session.get(Quarantine, UUID(entry["id"]))
    assert case.reporter_id == member("t.volunteer").person_id
    assert {f.sent_sha256 for f in files} == set(sample.photos)
    for file in files:
        path = Path(settings.blobs_dir) / file.sha256[:2] / file.sha256[2:]
        assert sha256(path.read_bytes()).hexdigest() == file.sha256
    assert (settled.state, settled.case_id) == ("repaired", UUID(sample.id))
    assert entry["id"] not in {e["id"] for e in chief.get(QUARANTINE).json}
    # its author sees the case as an own one
    assert as_role("volunteer").get(f"/api/v1/cases/{sample.id}").status_code == 200
    # and it is repaired once
    again = chief.post(f"{QUARANTINE}/{entry['id']}/repair", json={**mended, "id": str(uuid4())})
    assert (again.status_code, again.json["code"]) == (409, "state")


def test_a_phone_that_sends_a_mended_report_again_gets_the_receipt_of_its_case(keep, chief, as_role):
    sample, entry = keep()
    mended = {**sample.json(), "class_code": "flying_wire"}
    number = chief.post(f"{QUARANTINE}/{entry['id']}/repair", json=mended).json["case_number"]
    again = as_role("volunteer").post(BATCHES, data=sample.form()).json["reports"][0]
    assert (again["state"], again["case_number"]) == ("received", number)
    assert set(again["files"]["held"]) == set(sample.photos)
    assert again["files"]["missing"] == []
    # nobody else gets it, and nothing is kept a second time
    other = as_role("grid_worker").post(BATCHES, data=sample.form()).json["reports"][0]
    assert other["state"] != "received"
    assert entry["id"] not in {e["id"] for e in chief.get(QUARANTINE).json}


def test_a_repair_that_is_still_wrong_changes_nothing(keep, chief):
    sample, entry = keep()
    answer = chief.post(f"{QUARANTINE}/{entry['id']}/repair", json={**sample.json(), "answers": {}})
    assert answer.status_code == 422
    assert entry["id"] in {e["id"] for e in chief.get(QUARANTINE).json}


def test_the_chief_puts_it_aside_with_a_reason_and_its_bytes_stay(keep, chief, owner_db, settings):
    _sample, entry = keep()
    empty = chief.post(f"{QUARANTINE}/{entry['id']}/discard", json={"note": ""})
    assert empty.status_code == 422
    done = chief.post(f"{QUARANTINE}/{entry['id']}/discard", json={"note": "误报，已电话核实"})
    assert (done.status_code, done.json["state"]) == (200, "discarded")
    assert entry["id"] not in {e["id"] for e in chief.get(QUARANTINE).json}
    with owner_db.transaction() as session:
        kept = session.get(Quarantine, UUID(entry["id"]))
    assert kept.note == "误报，已电话核实"
    assert (Path(settings.blobs_dir) / kept.sha256[:2] / kept.sha256[2:]).exists()
    assert chief.post(f"{QUARANTINE}/{entry['id']}/discard", json={"note": "x"}).status_code == 409


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"batch_id": "x", "reports": [', "bad_json"),
        (b'{"note": "\xff\xfe"}', "bad_utf8"),
        (b"[1, 2, 3]", "bad_request"),
        (b'{"sent_at": "2026-05-04T00:00:00Z"}', "bad_request"),
    ],
)
def test_an_envelope_that_cannot_be_read_is_kept_byte_for_byte(as_role, chief, body, code):
    picture = photo(sum(body) % 200)
    form = {
        "batch": (io.BytesIO(body), "batch.json", "application/json"),
        "photo": (io.BytesIO(picture), "p.jpg"),
    }
    answer = as_role("volunteer").post(BATCHES, data=form)
    assert (answer.status_code, answer.json["code"]) == (400, code)
    assert answer.mimetype == "application/problem+json"
    bodies = [chief.get(f"{QUARANTINE}/{e['id']}/body").data for e in chief.get(QUARANTINE).json]
    assert body in bodies
    entry = chief.get(QUARANTINE).json[bodies.index(body)]
    assert len(entry["files"]) == 1
    again = as_role("volunteer").post(
        BATCHES,
        data={"batch": (io.BytesIO(body), "b"), "photo": (io.BytesIO(picture), "p")},
    )
    assert again.status_code == 400
    bodies = [chief.get(f"{QUARANTINE}/{e['id']}/body").data for e in chief.get(QUARANTINE).json]
    assert bodies.count(body) == 1


def test_a_report_without_an_id_is_kept_with_its_photos(as_role, chief, sample_report):
    sample = sample_report("A1", photos=(photo(77),))
    nameless = {key: value for key, value in sample.report.items() if key != "id"}
    receipt = as_role("volunteer").post(BATCHES, data=_form(sample, nameless))
    report = receipt.json["reports"][0]
    assert (report["state"], report["id"]) == ("kept", None)
    assert any(set(e["files"]) == set(sample.photos) for e in chief.get(QUARANTINE).json)


def _form(sample, report):
    document = {**sample.batch(), "reports": [report]}
    form = {"batch": (io.BytesIO(json.dumps(document).encode()), "b.json", "application/json")}
    form.update({sha: (io.BytesIO(data), "p.jpg") for sha, data in sample.photos.items()})
    return form


def test_the_other_stations_chief_and_other_roles_see_nothing(keep, as_role):
    sample, entry = keep()
    foreign = as_role("station_chief", station="U")
    assert foreign.get(QUARANTINE).json == []
    absent = foreign.get(f"{QUARANTINE}/{uuid4()}/body")
    for verb, path in (("get", "body"), ("post", "repair"), ("post", "discard")):
        body = {"json": {"note": "x"} if path == "discard" else sample.json()} if verb == "post" else {}
        answer = getattr(foreign, verb)(f"{QUARANTINE}/{entry['id']}/{path}", **body)
        assert (answer.status_code, answer.data) == (404, absent.data)
    for role in ("volunteer", "officer", "grid_worker", "system_admin", "audit_admin"):
        assert as_role(role).get(QUARANTINE).status_code == 403


def test_the_page_lists_what_waits(keep, chief):
    keep()
    page = chief.get("/quarantine", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "ufo" in page.text


def test_the_original_of_a_kept_preview_reaches_the_mended_case(as_role, chief, sample_report):
    sample, small = ahead(sample_report("A1", photos=(photo(51), photo(52)), class_code="ufo"))
    phone = as_role("volunteer")
    first = phone.post(BATCHES, data=form_ahead(sample, small)).json["reports"][0]
    assert (first["state"], set(first["files"]["held"])) == ("kept", set(small))
    # asking what became of it, without its files, keeps nothing a second time
    assert phone.post(BATCHES, data=form_ahead(sample, {})).json["reports"][0]["state"] == "kept"
    (entry,) = [e for e in chief.get(QUARANTINE).json if set(e["files"]) == set(small)]
    mended = {**sample.json(), "class_code": "flying_wire"}
    assert chief.post(f"{QUARANTINE}/{entry['id']}/repair", json=mended).status_code == 201
    asked = phone.post(BATCHES, data=form_ahead(sample, {})).json["reports"][0]
    assert asked["state"] == "received"
    assert set(asked["files"]["previews"]) == set(asked["files"]["missing"]) == set(sample.photos)
    # one original comes by itself, the other with the report
    (one, data), (other, bytes_of_other) = sample.photos.items()
    headers = {"Upload-Offset": "0", "Upload-Length": str(len(data))}
    sent = phone.patch(f"/api/v1/uploads/{one}", data=data, headers=headers, content_type="image/jpeg")
    assert sent.json["cases"] == [asked["case_number"]]
    last = phone.post(BATCHES, data=form_ahead(sample, {other: bytes_of_other})).json["reports"][0]
    assert set(sample.photos) <= set(last["files"]["held"])
    assert last["files"]["missing"] == []
    shown = as_role("officer", "A").get(f"/api/v1/cases/{sample.id}").json["attachments"]
    assert {a["sent_sha256"] for a in shown} == set(sample.photos)
    assert [(a["awaited"], a["width"]) for a in shown] == [(False, 320), (False, 320)]


def test_a_late_file_that_is_no_photo_is_kept_for_the_chief(as_role, chief, sample_report):
    sample = sample_report("A1", photos=(photo(53),), class_code="ufo")
    broken = b"\xff\xd8\xff no picture"
    named = sha256(broken).hexdigest()
    sample.report["files"].append({"sha256": named, "name": "b.jpg"})
    phone = as_role("volunteer")
    phone.post(BATCHES, data=sample.form())
    (entry,) = [e for e in chief.get(QUARANTINE).json if set(e["files"]) == set(sample.photos)]
    mended = {**sample.json(), "class_code": "flying_wire", "files": []}
    assert chief.post(f"{QUARANTINE}/{entry['id']}/repair", json=mended).status_code == 201
    again = phone.post(BATCHES, data=form_ahead(sample, {named: broken}))
    assert again.status_code == 200
    assert again.json["reports"][0]["files"]["held"] == [named]
    assert any(set(e["files"]) == {named} for e in chief.get(QUARANTINE).json)
