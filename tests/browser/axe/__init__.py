"""axe-core, which checks accessibility: fetched once by npm as package-lock.json pins it, for tests only."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

HERE = Path(__file__).parent
PINNED = ("package.json", "package-lock.json")
CACHE = Path.home() / ".cache" / "shuangge-tests"

RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ['violations'] });
  return found.violations.flatMap((rule) => rule.nodes.map((node) =>
    `${rule.id}: ${node.target.join(' ')}: ${node.html.slice(0, 160)}: ${node.failureSummary}`));
}"""


def source() -> str:
    """Return axe's script; skip the test where it can't be fetched."""
    mark = sha256(b"".join((HERE / name).read_bytes() for name in PINNED)).hexdigest()[:16]
    folder = CACHE / f"axe-{mark}"
    if not folder.exists():
        _fetch(folder)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


def _fetch(folder: Path) -> None:
    """Install what is pinned into a folder beside, then move it to its place: several may do so at once."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: accessibility is not checked")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as made:
        for name in PINNED:
            shutil.copy(HERE / name, made)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            pytest.skip(f"npm can't fetch axe-core, accessibility is not checked: {done.stderr[-300:]}")
        if not folder.exists():
            shutil.copytree(made, folder)


def violations(page: Page, script: str) -> list[str]:
    """Return what axe finds wrong on a page as it stands: rule, element, what to do."""
    page.evaluate(script)
    found: list[Any] = page.evaluate(RUN)
    return [str(line) for line in found]
