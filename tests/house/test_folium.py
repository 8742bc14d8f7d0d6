"""Folium is reached through one module, and nothing of ours loads from another host."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.source import ROOT, imported, modules, named

SHELL = "webapp.maps.shell"
# Names of XML kinds, never fetched; and this machine itself.
NOT_FETCHED = (
    "www.w3.org",
    "www.topografix.com",
    "www.opengis.net",
    "openrosa.org",
    "www.opendatakit.org",
    "wiki.open311.org",
    "example.org",
    "127.0.0.1",
    "localhost",
    "[::1]",
)
ADDRESS = re.compile(r"(?:https?:)?//((?:[a-z0-9-]+\.)+[a-z]{2,}|\d+(?:\.\d+){3})", re.I)
ENDINGS = (".py", ".js", ".css", ".html", ".json", ".svg", ".webmanifest")
SKIPPED = ("vendor", "data")


def foreign(text: str) -> list[str]:
    """Return the hosts that a file of ours names."""
    return [host for host in ADDRESS.findall(text) if host not in NOT_FETCHED]


def files() -> list[Path]:
    """Return what is run or served: no tests, no documents, no vendored libraries, no data."""
    folders = [ROOT / name for name in ("gis", "collectors", "webapp", "static")]
    every = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in ENDINGS]
    return [path for path in every if not set(SKIPPED) & set(path.parts)]


def test_one_module_touches_folium() -> None:
    found = [
        f"{item.path}: {name}"
        for item in modules()
        if item.name != SHELL
        for name in imported(item.tree)
        if name.split(".")[0] in ("folium", "branca")
    ]
    assert not found, named(
        found, "build the page through webapp/maps/shell.py: it escapes, and stays offline"
    )


def test_no_address_of_another_host() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in files()
        for host in foreign(path.read_text(encoding="utf-8"))
    ]
    assert not found, named(
        found,
        "the service works with no internet: keep a pinned copy in static/vendor; tiles are a setting",
    )


def test_the_service_is_looked_at() -> None:
    names = {str(path.relative_to(ROOT)) for path in files()}
    assert {"webapp/maps/shell.py", "static/shared/http.js", "webapp/templates/base.html"} <= names


def test_a_foreign_host_is_seen() -> None:
    assert foreign("L.tileLayer('https://tile.example.org/{z}/{x}/{y}.png')") == ["tile.example.org"]
    assert foreign('<script src="//cdn.example.com/a.js">') == ["cdn.example.com"]
    assert not foreign("http://www.w3.org/2000/svg; // a comment, see below; http://127.0.0.1:8000")
