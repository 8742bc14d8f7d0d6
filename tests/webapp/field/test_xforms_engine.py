"""The forms, lists and doors as a form app sees them that we did not write: ODK's engine under Node."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.samples import photo

HERE = Path(__file__).parent / "xforms_engine"
FILES = ("package.json", "package-lock.json", "app.mjs")


@pytest.fixture(scope="module")
def engine():
    """Return the folder with the engine, installed once per lock file; skips where that can't be done."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    lock = sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shuangge-tests" / lock
    cache.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(HERE / name, cache / name)
    if not (cache / "installed").exists():
        command = ["npm", "ci", "--engine-strict=false", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=cache, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            reason = f"npm ci: {done.stderr.strip()[-300:]}"
            print(reason, file=sys.stderr)
            pytest.skip(reason)
        (cache / "installed").touch()
    return cache


@pytest.fixture
def app_sends(engine, service, token_for):
    def send(form, answers, photos=(), language="zh", username="t.volunteer"):
        order = {
            "prefix": f"{service.url}/or/{token_for(username)}",
            "form": form,
            "language": language,
            "answers": answers,
            "photos": {f"/data/photos/{name}": 180_000 for name in photos},
            "picture": base64.b64encode(photo(50)).decode(),
        }
        command = ["node", "app.mjs"]
        done = subprocess.run(
            command,
            cwd=engine,
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return send


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_engine_fills_a_form_and_its_report_is_a_case(app_sends, station, owner_db):
    lon, lat = station.inside("B2")
    told = app_sends(
        "flying_wire",
        {
            "/data/place": f"{lat} {lon} 0 6",
            "/data/answers/building_kind": "multi_storey",
            "/data/answers/wires": "3",
            "/data/answers/seen_charging": "yes",
            "/data/note": "三单元门口",
        },
        photos=("photo_1",),
    )
    assert (told["broken"], told["payload"], told["head"], told["status"]) == ([], "ready", 204, 201), told
    assert told["languages"] == ["中文 (zh)", "English (en)"]
    assert "T-B2" in told["message"]
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        case = session.execute(
            text("SELECT * FROM app.case_file WHERE number = ANY(string_to_array(:m, ' ')) OR note = :n"),
            {"m": told["message"], "n": "三单元门口"},
        ).one()
        photos = session.scalar(
            text("SELECT count(*) FROM app.attachment WHERE case_id = :i"), {"i": case.id}
        )
    assert case.answers == {"building_kind": "multi_storey", "wires": 3, "seen_charging": True}
    assert case.accuracy_m == 6
    assert photos == 1


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_engine_obeys_what_the_form_asks_for(app_sends, station):
    told = app_sends("flying_wire", {"/data/answers/wires": "99999999"})
    assert told["payload"] == "pending"
    assert {"/data/answers/wires: constraint", "/data/answers/building_kind: required"} <= set(told["broken"])


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_without_a_fix_a_grid_is_chosen_from_the_list(app_sends, station):
    told = app_sends(
        "flying_wire",
        {
            "/data/grid": "140106001003001",
            "/data/answers/building_kind": "multi_storey",
            "/data/answers/wires": "1",
            "/data/answers/seen_charging": "no",
        },
        photos=("photo_1", "photo_2"),
        language="en",
    )
    assert told["status"] == 201, told
    assert "Grid: T-C1" in told["message"]
    follow = app_sends(
        "my_reports", {"/data/case": told["xml"].split("uuid:")[1][:36], "/data/note": "again"}
    )
    assert follow["status"] == 201, follow
