"""Lists in the documents equal the code, and what the documents name exists."""

from __future__ import annotations

import re

import pytest

from tests.house.source import ROOT, named
from tests.house.tables import BEGIN, END, OPEN_VIEWS, TABLES, put_in, routes

DOCUMENTS = sorted(p for p in (ROOT / "docs").glob("*.md"))
PATH = re.compile(r"`((?:webapp|gis|collectors|migrations|static|tests|docs|\.ci)/[\w./-]+)`")
FUNCTION = re.compile(r"`((?:[a-z_]+\.)+[a-z_]+)\(\)`")
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


@pytest.mark.parametrize("name", TABLES)
def test_table_equals_the_code(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == put_in(text, TABLES[name]()), f"{name} is behind the code. Cure: run `make docs`"


def test_each_view_is_a_door_or_open_on_purpose() -> None:
    found = [
        f"{r.method} {r.rule} ({r.endpoint})" for r in routes() if not r.door and r.endpoint not in OPEN_VIEWS
    ]
    assert not found, named(
        found,
        "put @door(...) on the view (webapp/core/web.py); a view that is open on purpose is listed in "
        "OPEN_VIEWS of tests/house/tables.py with its reason",
    )


def test_open_views_still_exist() -> None:
    left = sorted(set(OPEN_VIEWS) - {r.endpoint for r in routes() if not r.door})
    assert not left, named(left, "take the view off OPEN_VIEWS: it is gone, or a door now")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_named_paths_exist(document: object) -> None:
    text = document.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    missing = [name for name in PATH.findall(text) if not (ROOT / name.rstrip("/.")).exists()]
    assert not missing, named(missing, "the document names a file that is not there: mend the name")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(document: object) -> None:
    text = document.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    missing = [to for to in LINK.findall(text) if not (document.parent / to).exists()]  # type: ignore[attr-defined]
    assert not missing, named(missing, "the link leads nowhere: mend it")


def test_named_functions_exist() -> None:
    """Functions are written in documents as `cases.actions.report()`, from the room on."""
    missing = []
    for document in DOCUMENTS:
        for name in FUNCTION.findall(document.read_text(encoding="utf-8")):
            if not _defined(name):
                missing.append(f"{document.name}: {name}")
    assert not missing, named(missing, "the document names a function that is not there: mend the name")


def _defined(name: str) -> bool:
    *rooms, function = name.split(".")
    for floor in ("", "webapp/"):
        path = ROOT / f"{floor}{'/'.join(rooms)}.py"
        if path.exists():
            return (
                re.search(rf"^\s*(def|class) {function}\b", path.read_text(encoding="utf-8"), re.M)
                is not None
            )
    return False


def test_each_document_can_be_reached() -> None:
    said = "".join(
        (ROOT / name).read_text(encoding="utf-8") for name in ("docs/architecture.md", "README.md")
    )
    missing = [d.name for d in DOCUMENTS if d.name != "architecture.md" and d.name not in said]
    assert not missing, named(
        missing, "link the document at the end of docs/architecture.md, or in the README"
    )


def test_a_stale_table_is_seen() -> None:
    text = f"head\n{BEGIN}\n\nold\n\n{END}\ntail\n"
    assert put_in(text, "new\n") == f"head\n{BEGIN}\n\nnew\n\n{END}\ntail\n"
    with pytest.raises(ValueError, match="marks"):
        put_in("no marks", "new\n")
    assert _defined("cases.actions.report")
    assert not _defined("cases.actions.reprot")
