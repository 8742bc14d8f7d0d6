"""The browser's code obeys the strict security policy, and turns no data into markup."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT, named

# Reading markup that was built with DOM functions is harmless; writing markup is not.
MARKUP = re.compile(
    r"\b(?:innerHTML|outerHTML|srcdoc)\s*\+?=(?!=)|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|\beval\(|\bnew Function\b|setTimeout\(\s*[\"'`]"
)
INLINE = re.compile(r"<[^>]*\s(?:on[a-z]+|style)\s*=|\|\s*safe\b|autoescape\s+false|javascript:", re.I)
SCRIPT = re.compile(r"<(script|style)\b([^>]*)>", re.I)


def scripts() -> list[Path]:
    """Return the browser code that is our own."""
    return [p for p in sorted((ROOT / "static").rglob("*.js")) if "vendor" not in p.parts]


def templates() -> list[Path]:
    """Return all templates."""
    return sorted((ROOT / "webapp/templates").rglob("*.html"))


def markup_made(text: str) -> list[str]:
    """Return where a script turns text into markup or code."""
    return [found.group() for found in MARKUP.finditer(text)]


def inline(text: str) -> list[str]:
    """Return what a template holds that the policy forbids, or that is not escaped."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.S)
    found = [match.group() for match in INLINE.finditer(text)]
    for kind, attributes in SCRIPT.findall(text):
        if not re.search(r"\bsrc=|\bnonce=|application/json", attributes):
            found.append(f"<{kind}{attributes}>")
    return found


@pytest.mark.parametrize("path", scripts(), ids=lambda p: p.name)
def test_script_makes_no_markup_from_text(path: Path) -> None:
    found = markup_made(path.read_text(encoding="utf-8"))
    assert not found, named(
        found, f"{path.name}: build the element with DOM functions (static/shared/dom.js)"
    )


@pytest.mark.parametrize("path", templates(), ids=lambda p: p.name)
def test_template_keeps_to_the_policy(path: Path) -> None:
    found = inline(path.read_text(encoding="utf-8"))
    assert not found, named(
        found,
        f"{path.name}: handlers belong into an ES module, looks into a class of static/style; "
        "a script has a src or a nonce; text stays escaped",
    )


def test_bad_browser_code_is_seen() -> None:
    assert markup_made("box.innerHTML = `<b>${name}</b>`")
    assert markup_made("box.insertAdjacentHTML('beforeend', text)")
    assert not markup_made("return holder.innerHTML; if (a.innerHTML === b) {}")
    assert inline('<button onclick="x()">')
    assert inline('<p style="color: red">')
    assert inline("{{ note|safe }}")
    assert inline("<script>alert(1)</script>")
    assert not inline(
        '<script type="module" src="/static/phone/main.js"></script><p class="note">{{ note }}</p>'
    )
