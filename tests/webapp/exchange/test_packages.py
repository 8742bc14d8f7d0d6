"""Packages between two installations: taken as the doors would, refused when anything is not as signed."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from collectors import packages
from collectors.packages import Head
from webapp.worker import Worker

STRANGER = bytes(range(32))


def work(settings):
    """Let the worker do what waits."""
    worker = Worker(settings, "test")
    for _step in range(200):
        if worker.step() == 0:
            break
    worker.database.dispose()


@pytest.fixture(scope="module")
def seed(settings):
    return settings.secret("exchange.key")


@pytest.fixture(scope="module", autouse=True)
def believed(as_user, far_user, seed):
    """Both sides believe the key that both have in these tests."""
    for side in (as_user, far_user):
        body = {"id": str(uuid4()), "name": "对端", "public_key": packages.public_key(seed).hex()}
        answer = side("t.system_admin").post("/api/v1/partners", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json["fingerprint"].replace(" ", "") == sha256(packages.public_key(seed)).hexdigest()


def packed(client, *contents):
    made = client.post("/api/v1/packages", json={"id": str(uuid4()), "contents": list(contents)})
    assert made.status_code == 201, made.text
    return made.json, client.get(made.json["url"]).data


def bring(client, data):
    return client.post("/api/v1/packages/take", data={"package": (io.BytesIO(data), "p.zip")})


def receipts(client, item):
    told = next(p for p in client.get("/api/v1/packages").json if p["id"] == item["id"])
    data = client.get(told["answer_url"]).data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        lines = archive.read("receipts.jsonl").splitlines()
    return told, data, [json.loads(line) for line in lines]


def test_reports_and_photos_arrive_once_and_the_receipt_goes_back(
    as_user,
    far_user,
    far_settings,
    settings,
    send_report,
):
    sample = send_report("t.volunteer", "A1", note="=1")
    near, far = as_user("t.station_chief"), far_user("t.station_chief")
    item, data = packed(near, "reports", "attachments", "events")
    came = bring(far, data)
    assert came.status_code == 202, came.text
    assert bring(far, data).json["id"] == came.json["id"]
    work(far_settings)
    case = far.get(f"/api/v1/cases/{sample.id}").json
    here = near.get(f"/api/v1/cases/{sample.id}").json
    for name in ("note", "answers", "found_at", "class_code", "place", "reporter_id"):
        assert case[name] == here[name]
    assert [a["sha256"] for a in case["attachments"]] == [a["sha256"] for a in here["attachments"]]
    told, answer, lines = receipts(far, came.json)
    mine = next(line for line in lines if line["id"] == sample.id)
    assert (mine["state"], mine["case_number"]) == ("received", case["number"])
    assert mine["files"] == {"held": [a["sent_sha256"] for a in here["attachments"]], "missing": []}
    # The same package once more, and the same reports in another one: nothing doubled, the same receipts.
    work(far_settings)
    _again, other = packed(near, "reports", "attachments")
    second = bring(far, other).json
    work(far_settings)
    _told, _data, lines_again = receipts(far, second)
    assert next(line for line in lines_again if line["id"] == sample.id)["case_number"] == case["number"]
    assert len(far.get(f"/api/v1/cases/{sample.id}").json["attachments"]) == len(here["attachments"])
    # And back: our package is answered.
    assert bring(near, answer).status_code == 202
    work(settings)
    state = next(p for p in near.get("/api/v1/packages").json if p["id"] == item["id"])
    assert (state["state"], state["counts"]["received"]) == ("answered", told["counts"]["received"])


def test_photos_may_come_later_and_the_same_phone_may_send_directly(
    as_user,
    far_user,
    far_settings,
    send_report,
):
    sample = send_report("t.volunteer", "A2")
    near, far = as_user("t.station_chief"), far_user("t.station_chief")
    _item, words = packed(near, "reports")
    _item, whole = packed(near, "reports", "attachments")
    bring(far, words)
    work(far_settings)
    assert far.get(f"/api/v1/cases/{sample.id}").json["attachments"] == []
    direct = far_user("t.volunteer").post("/api/v1/batches", data=sample.form()).json["reports"][0]
    assert direct["state"] == "received"
    bring(far, whole)
    work(far_settings)
    case = far.get(f"/api/v1/cases/{sample.id}").json
    assert case["number"] == direct["case_number"]
    assert len(case["attachments"]) == 1


def test_states_come_back_and_the_older_never_wins(
    as_user,
    far_user,
    far_settings,
    settings,
    send_report,
):
    sample = send_report("t.volunteer", "B1")
    near, far = as_user("t.station_chief"), far_user("t.station_chief")
    _item, early = packed(near, "cases")
    assert near.post(f"/api/v1/cases/{sample.id}/accept", json={}).status_code == 200
    _item, late = packed(near, "cases")
    for data in (late, early):  # out of order
        assert bring(far, data).status_code == 202
        work(far_settings)
    case = far.get(f"/api/v1/cases/{sample.id}").json
    assert (case["state"], case["revision"]) == ("accepted", 2)
    assert case["number"] == near.get(f"/api/v1/cases/{sample.id}").json["number"]


def make(tmp_path, seed, rows=None, files=(), head=None):
    path = tmp_path / f"{uuid4()}.zip"
    head = head or Head(uuid4(), "contents", "T", "2026-11-22T08:00:00+00:00")
    packages.write(path, head, {"reports": rows or []}, files, seed)
    return path.read_bytes()


def rewritten(data, change):
    """Pack an archive anew, its members changed by `change(name, bytes) -> bytes or None`."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                archive.writestr(name, content)
    return target.getvalue()


def problem(answer):
    assert answer.status_code == 422, answer.text
    return answer.json["errors"][0]["code"]


def test_nobody_is_believed_who_is_not_registered(as_user, tmp_path):
    assert problem(bring(as_user("t.station_chief"), make(tmp_path, STRANGER))) == "unknown_key"


def test_a_revoked_partner_is_believed_no_longer(as_user, tmp_path):
    admin, key = as_user("t.system_admin"), str(uuid4())
    body = {"id": key, "name": "x", "public_key": packages.public_key(STRANGER).hex()}
    assert admin.post("/api/v1/partners", json=body).status_code == 201
    assert bring(admin, make(tmp_path, STRANGER)).status_code == 202
    assert admin.delete(f"/api/v1/partners/{key}").status_code == 200
    assert problem(bring(admin, make(tmp_path, STRANGER))) == "unknown_key"


def test_every_changed_byte_is_found(as_user, tmp_path, seed, send_report):
    send_report("t.volunteer", "C1")
    chief = as_user("t.station_chief")
    _item, data = packed(chief, "reports", "attachments")
    worse = rewritten(data, lambda n, b: b.replace(b"flying", b"flyinG") if n.endswith("jsonl") else b)
    assert problem(bring(chief, worse)) == "hash_mismatch"
    worse = rewritten(data, lambda n, b: b[:-1] + b"x" if n.startswith("files/") else b)
    assert problem(bring(chief, worse)) == "hash_mismatch"
    worse = rewritten(data, lambda n, b: b.replace(b'"station": "T"', b'"station": "U"'))
    assert problem(bring(chief, worse)) == "wrong_signature"
    worse = rewritten(data, lambda n, b: None if n.startswith("files/") else b)
    assert problem(bring(chief, worse)) == "member_missing"
    signed = json.dumps({"key": packages.public_key(STRANGER).hex(), "signature": "00" * 64}).encode()
    worse = rewritten(data, lambda n, b: signed if n == "signature.json" else b)
    assert problem(bring(chief, worse)) == "unknown_key"
    assert problem(bring(chief, data[: len(data) // 2])) == "bad_zip"


def hostile(name):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        if name == "path":
            archive.writestr("../../etc/passwd", b"x")
        elif name == "link":
            info = zipfile.ZipInfo("manifest.json")
            info.external_attr = 0o120777 << 16
            archive.writestr(info, "/etc/passwd")
        elif name == "twice":
            archive.writestr("manifest.json", b"{}")
            archive.writestr("manifest.json", b"{}")
        elif name == "many":
            for number in range(10_000):
                archive.writestr(f"files/{sha256(str(number).encode()).hexdigest()}", b"")
        elif name == "bomb":
            archive.writestr("reports.jsonl", b"0" * 200_000_000)
        elif name == "empty":
            archive.writestr("reports.jsonl", b"")
    return target.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("name", "code"), [
    ("path", "bad_zip_name"), ("link", "bad_zip_name"), ("twice", "duplicate_member"), ("many", "zip_bomb"),
    ("bomb", "zip_bomb"), ("empty", "bad_package"),
])  # fmt: skip
def test_hostile_archives_are_refused_with_the_reason(as_user, name, code):
    assert problem(bring(as_user("t.station_chief"), hostile(name))) == code


def test_an_archive_inside_is_refused_even_when_signed(as_user, tmp_path, seed):
    inner = hostile("empty")
    data = make(tmp_path, seed, files=[(sha256(inner).hexdigest(), inner)])
    assert problem(bring(as_user("t.station_chief"), data)) == "nested_archive"


def test_a_line_longer_than_allowed_is_refused_even_when_signed(as_user, tmp_path, seed):
    """Lines are read whole: a signed one of a gigabyte would fill the memory."""
    noise = os.urandom(600_000).hex()  # more than a piece, so no piece alone is too long
    data = make(tmp_path, seed, rows=[{"note": noise}])
    assert problem(bring(as_user("t.station_chief"), data)) == "too_many"


def test_an_id_that_stands_for_another_package_is_a_conflict(as_user, tmp_path, seed):
    head = Head(uuid4(), "contents", "T", "2026-11-22T08:00:00+00:00")
    chief = as_user("t.station_chief")
    assert bring(chief, make(tmp_path, seed, head=head)).status_code == 202
    other = make(tmp_path, seed, rows=[{}], head=replace(head, made_at="2026-11-23T08:00:00+00:00"))
    assert bring(chief, other).json["code"] == "package_known"


def test_what_cannot_be_taken_is_kept_and_the_rest_arrives(
    as_user,
    far_user,
    far_settings,
    send_report,
    tmp_path,
    seed,
):
    good = send_report("t.volunteer", "C2")
    near, far = as_user("t.station_chief"), far_user("t.station_chief")
    _item, data = packed(near, "reports")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = [json.loads(line) for line in archive.read("reports.jsonl").splitlines()]
    row = next(row for row in rows if row["id"] == good.id)
    bad = {**row, "id": str(uuid4()), "class_code": "nothing_like_it"}
    changed = {**row, "note": "another"}
    before = len(far.get("/api/v1/quarantine").json)
    came = bring(far, make(tmp_path, seed, rows=[bad, row, changed, "no object"])).json
    work(far_settings)
    _told, _data, lines = receipts(far, came)
    assert [line["state"] for line in lines] == ["kept", "received", "conflict", "kept"]
    assert lines[0]["errors"] == ["class_unknown"]
    assert far.get(f"/api/v1/cases/{good.id}").json["note"] == row["note"]
    assert len(far.get("/api/v1/quarantine").json) == before + 2


def test_the_drop_folder_takes_answers_and_refuses(
    as_user,
    far_user,
    far_settings,
    send_report,
    tmp_path,
):
    sample = send_report("t.volunteer", "A1")
    _item, data = packed(as_user("t.station_chief"), "reports", "attachments")
    drop = tmp_path / "drop"
    (drop / "T" / "in").mkdir(parents=True)
    (drop / "NOBODY" / "in").mkdir(parents=True)
    lay(drop / "T" / "in" / "good.zip", data)
    lay(drop / "T" / "in" / "bad.zip", make(tmp_path, STRANGER))
    lay(drop / "NOBODY" / "in" / "lost.zip", data)
    work(replace(far_settings, drop_dir=str(drop)))
    assert far_user("t.station_chief").get(f"/api/v1/cases/{sample.id}").status_code == 200
    assert [p.name for p in (drop / "T" / "taken").iterdir()] == ["good.zip"]
    [receipt] = (drop / "T" / "out").iterdir()
    assert receipt.name.startswith("receipt-")
    assert sorted(p.name for p in (drop / "T" / "refused").iterdir()) == ["bad.zip", "bad.zip.reason.txt"]
    reason = (drop / "T" / "refused" / "bad.zip.reason.txt").read_text()
    assert "unknown_key" in reason
    assert "签名公钥未登记" in reason
    assert (drop / "NOBODY" / "in" / "lost.zip").exists()
    # The receipt carried back by the same way settles the package there.
    again = drop / "T" / "in" / "good.zip"
    lay(again, data)
    work(replace(far_settings, drop_dir=str(drop)))
    assert len(list((drop / "T" / "out").iterdir())) == 1


def lay(path: Path, data: bytes) -> None:
    """Put a file down as somebody did a minute ago."""
    path.write_bytes(data)
    os.utime(path, (path.stat().st_mtime - 60,) * 2)


def test_an_interrupted_taking_comes_again_and_doubles_nothing(
    as_user,
    far_user,
    far_settings,
    send_report,
    monkeypatch,
):
    sample = send_report("t.volunteer", "B2")
    _item, data = packed(as_user("t.station_chief"), "reports", "attachments")
    far = far_user("t.station_chief")
    came = bring(far, data).json
    with monkeypatch.context() as broken:
        broken.setattr("webapp.parcels.actions._written", lambda *_a: (_ for _ in ()).throw(OSError("disk")))
        work(far_settings)
    first = far.get(
        f"/api/v1/cases/{sample.id}"
    ).json  # reports are entered a few at a time, ahead of the receipt
    assert next(p for p in far.get("/api/v1/packages").json if p["id"] == came["id"])["state"] == "waiting"
    from sqlalchemy import text

    from webapp.core.db import MIGRATE, Database

    owner = Database(far_settings, MIGRATE, pool_size=1)
    with owner.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        session.execute(text("UPDATE app.job SET run_at = now() WHERE state = 'ready'"))
    owner.dispose()
    work(far_settings)
    assert far.get(f"/api/v1/cases/{sample.id}").json == first
    told, _data, answers = receipts(far, came)
    assert told["state"] == "taken"
    [own] = [answer for answer in answers if answer["id"] == sample.id]
    assert (own["state"], own["case_number"]) == ("received", first["number"])


def test_a_large_package_is_entered_a_few_reports_at_a_time(
    as_user, far_user, far_settings, send_report, station
):
    """No transaction holds the station's next number for all of it: phones report meanwhile."""
    sent = [send_report("t.volunteer", "B1", note=f"批量 {number}") for number in range(23)]
    _item, data = packed(as_user("t.station_chief"), "reports", "attachments")
    far = far_user("t.station_chief")
    came = bring(far, data).json
    work(far_settings)
    from sqlalchemy import text

    from webapp.core.db import MIGRATE, Database

    owner = Database(far_settings, MIGRATE, pool_size=1)
    with owner.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        steps = session.execute(
            text("""SELECT e.xmin::text, (SELECT count(*) FROM app.event r
                        WHERE r.xmin = e.xmin AND r.name = 'cases.reported') AS reports
                FROM app.event e WHERE e.name = 'parcels.entered' AND e.subject_id = :id"""),
            {"id": came["id"]},
        ).all()
    owner.dispose()
    assert len(steps) == len({row.xmin for row in steps}) >= 2
    assert max(row.reports for row in steps) <= 20
    told, _data, answers = receipts(far, came)
    assert told["state"] == "taken"
    states = {answer["id"]: answer["state"] for answer in answers}
    assert [states[sample.id] for sample in sent] == ["received"] * 23


def test_who_may_do_what(as_user, tmp_path, seed):
    body = {"id": str(uuid4()), "name": "x", "public_key": "0" * 64}
    assert as_user("t.station_chief").post("/api/v1/partners", json=body).status_code == 403
    assert (
        problem(as_user("t.system_admin").post("/api/v1/partners", json={**body, "public_key": "z" * 64}))
        == "bad_key"
    )
    for username in ("t.officer.a", "t.volunteer", "t.audit_admin"):
        assert bring(as_user(username), make(tmp_path, seed)).status_code == 403
    pack = {"id": str(uuid4()), "contents": ["reports"]}
    assert as_user("t.system_admin").post("/api/v1/packages", json=pack).status_code == 403
    assert UUID(as_user("u.station_chief").get("/api/v1/me").json["person_id"])
    assert as_user("u.station_chief").get("/api/v1/packages").json == []
