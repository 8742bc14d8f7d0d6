"""The batch API as documented: the client of the document works, and the description tells the truth."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from collectors import pwa
from collectors.records import Refused
from tests.samples import batch_of, photo, report_at
from webapp.core.config import CHECKOUT

DOCUMENT = (CHECKOUT / "docs/batch-api.md").read_text(encoding="utf-8")
SAMPLE = CHECKOUT / "tests/collectors/samples/pwa/two_reports.json"


@pytest.fixture(scope="module")
def described(app):
    """Return a validator of a schema of the service's own description, by name."""
    document = app.test_client().get("/api/openapi.json").json

    def of(name):
        return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **document})

    of.operation = document["paths"]["/api/v1/batches"]["post"]
    return of


def test_the_client_of_the_document_sends_a_report_with_its_photo_once(
    service, token_for, station, owner_db, tmp_path
):
    [program] = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "send_report.py").write_text(program, encoding="utf-8")
    (tmp_path / "photo.jpg").write_bytes(photo(991))
    lon, lat = station.inside("B1")
    command = [
        sys.executable,
        "send_report.py",
        service.url,
        token_for("t.volunteer"),
        "photo.jpg",
        str(lon),
        str(lat),
    ]
    said = [
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100) for _n in range(2)
    ]
    assert [run.returncode for run in said] == [0, 0], said
    assert said[0].stdout == said[1].stdout
    state, number, held = said[0].stdout.split()
    assert state == "received"
    with owner_db.transaction() as session:
        found = session.execute(
            text("""SELECT c.number, a.sent_sha256 FROM app.case_file c
                JOIN app.attachment a ON a.case_id = c.id
                WHERE c.number = :number OR a.sent_sha256 = :held"""),
            {"number": number, "held": held},
        ).all()
    assert [tuple(row) for row in found] == [(number, held)]
    assert len([line for line in program.splitlines() if line.strip()]) <= 30


def test_the_examples_are_what_the_door_takes_and_gives(described):
    content = described.operation["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "application/json"}
    for example in (
        content["application/json"]["example"],
        content["multipart/form-data"]["example"]["batch"],
    ):
        described("BatchDocument").validate(example)
        assert len(pwa.decode(json.dumps(example).encode(), {}).reports) == 1
    receipt = described.operation["responses"]["200"]["content"]["application/json"]["example"]
    described("BatchOut").validate(receipt)


def test_what_is_described_is_what_is_read(described):
    """Each member that the description names is read, and no other; what is wrong for one is so for both."""
    report = report_at(112.566, 37.8635)
    full = batch_of(report)
    full["reports"][0]["class_version"] = "1"
    for good in (full, json.loads(SAMPLE.read_text(encoding="utf-8"))):
        described("BatchDocument").validate(good)
        assert not pwa.decode(json.dumps(good).encode(), {}).refused
    spots = (
        lambda d: d, lambda d: d["client"], lambda d: d["reports"][0], lambda d: d["reports"][0]["place"],
        lambda d: d["reports"][0]["files"][0],
    )  # fmt: skip
    for spot in spots:
        for name in [*spot(full), "surplus"]:
            broken = json.loads(json.dumps(full))
            spot(broken)[name] = {"not": ["this"]} if name != "answers" else 7
            assert not described("BatchDocument").is_valid(broken), name
            try:
                taken = not pwa.decode(json.dumps(broken).encode(), {}).refused
            except Refused:
                taken = False
            assert not taken, name


def test_a_real_receipt_fits_its_description(described, as_role, sample_report):
    samples = (
        sample_report("A1"),
        sample_report("A1", class_code="ufo"),
        sample_report("A1", place={"lon": "x"}),
    )
    for sample in samples:
        answer = as_role("volunteer").post("/api/v1/batches", data=sample.form())
        described("BatchOut").validate(answer.json)
        assert set(answer.json["reports"][0]) == {
            "id", "index", "state", "case_number", "grid", "police_grid", "files", "errors",
        }  # fmt: skip


def test_the_document_names_the_states_and_the_limits():
    for word in ("received", "kept", "conflict", str(pwa.MAX_REPORTS), str(pwa.MAX_FILES)):
        assert word in DOCUMENT
    assert Path(CHECKOUT / "docs/batch-api.md").stat().st_size < 10_000
