"""The import contracts hold, and each of them can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.source import FLOORS, ROOT

CONTRACTS = {
    contract["id"]: contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "importlinter"
    ]["contracts"]
}

# Contract, file, the import put into it, and what the report must say about it.
FAULTS = [
    ("floors", "gis/planar.py", "import collectors.codes", r"gis\.planar -> collectors\.codes"),
    (
        "floors",
        "collectors/codes.py",
        "import webapp.core.clock",
        r"collectors\.codes -> webapp\.core\.clock",
    ),
    ("pure-floors", "gis/tiling.py", "import sqlalchemy", r"gis\.tiling -> sqlalchemy"),
    ("pure-floors", "collectors/pwa.py", "import flask", r"collectors\.pwa -> flask"),
    ("rooms", "webapp/utils.py", "", r"webapp\.utils"),
    (
        "rooms",
        "webapp/areas/rules.py",
        "import webapp.cases.rules",
        r"webapp\.areas\.rules -> webapp\.cases\.rules",
    ),
    (
        "rooms",
        "webapp/core/clock.py",
        "import webapp.people.rules",
        r"webapp\.core\.clock -> webapp\.people\.rules",
    ),
    (
        "rooms",
        "webapp/field/pages.py",
        "import webapp.maps.layers",
        r"webapp\.field\.pages -> webapp\.maps\.layers",
    ),
    ("furniture", "webapp/cases/services.py", "", r"webapp\.cases\.services"),
    (
        "furniture",
        "webapp/cases/models.py",
        "import webapp.cases.queries",
        r"cases\.models -> webapp\.cases\.queries",
    ),
    ("doors", "webapp/field/api.py", "import webapp.cases.api", r"webapp\.field\.api -> webapp\.cases\.api"),
    ("jobs", "webapp/cases/api.py", "import webapp.cases.jobs", r"webapp\.cases\.api -> webapp\.cases\.jobs"),
    (
        "readers",
        "webapp/cases/pages.py",
        "import webapp.cases.actions",
        r"webapp\.cases\.pages -> webapp\.cases\.act",
    ),
    (
        "readers",
        "webapp/maps/api.py",
        "import webapp.cases.actions",
        r"webapp\.maps\.api -> webapp\.cases\.actions",
    ),
    ("rules", "webapp/patrols/rules.py", "import sqlalchemy", r"webapp\.patrols\.rules -> sqlalchemy"),
    ("rules", "webapp/cases/rules.py", "import marshmallow", r"webapp\.cases\.rules -> marshmallow"),
    ("no-web-below-doors", "webapp/areas/actions.py", "import flask", r"webapp\.areas\.actions -> flask"),
    ("no-web-below-doors", "webapp/people/logins.py", "import flask", r"webapp\.people\.logins -> flask"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter in a folder."""
    program = Path(sys.executable).parent / "lint-imports"
    command = [str(program), "--config", "pyproject.toml", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The report about a copy of the code with every fault in it: text by the contract's name."""
    folder = tmp_path_factory.mktemp("house")
    for floor in FLOORS:
        only_code = shutil.ignore_patterns("__pycache__", "data", "templates", "translations")
        shutil.copytree(ROOT / floor, folder / floor, ignore=only_code)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for _contract, name, line, _said in FAULTS:
        path = folder / name
        before = path.read_text(encoding="utf-8") if path.exists() else '"""New."""\n'
        path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    done = lint(folder)
    assert done.returncode == 1, done.stdout + done.stderr
    _kept, _heading, report = done.stdout.partition("Broken contracts\n")
    parts = re.split("|".join(f"(?m:^({re.escape(name)})$)" for name in CONTRACTS.values()), report)
    found = [part for part in parts if part is not None]
    return {found[i]: found[i + 1] for i in range(1, len(found) - 1, 2)}


def test_directions_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "name", "line", "said"), FAULTS, ids=lambda value: str(value)[:40])
def test_fault_is_reported(broken: dict[str, str], contract: str, name: str, line: str, said: str) -> None:
    report = broken[CONTRACTS[contract]]
    assert re.search(said, report), f"{contract} does not see {line or name}:\n{report}"


def test_each_contract_can_fail_and_names_a_cure() -> None:
    assert {contract for contract, *_rest in FAULTS} == set(CONTRACTS)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert text.count("broken_contract_guidance") == len(CONTRACTS)
