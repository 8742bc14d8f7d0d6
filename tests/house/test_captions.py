"""Each module and package says in one sentence what it is."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.source import ROOT, Module, module, modules, named

CURE = (
    "begin the file with one sentence, on one line, that ends with a full stop and says what the file holds; "
    "if the sentence needs a second one, put a blank line between, or make two modules"
)


def fault(item: Module) -> str | None:
    """Return what is wrong with a module's caption, None when it is a sentence."""
    said = ast.get_docstring(item.tree)
    if not said:
        return f"{item.path}: no caption"
    first, _break, rest = said.partition("\n")
    if not re.search(r"[.?!]$", first):
        return f"{item.path}: the caption does not end on its line: {first!r}"
    if re.search(r"[.?!]\s+[A-Z]", first):
        return f"{item.path}: two sentences: {first!r}"
    if rest and not rest.startswith("\n"):
        return f"{item.path}: no blank line after the caption"
    return None


def test_each_module_has_a_caption() -> None:
    every = (*modules(), *modules("migrations"), *modules("tests"))
    found = [f for f in map(fault, every) if f]
    assert not found, named(found, CURE)


def test_each_folder_of_code_is_a_package_with_a_caption() -> None:
    folders = {(ROOT / item.path).parent for item in modules()}
    bare = [
        str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ]
    assert not bare, named(bare, "add an __init__.py with the caption of the room")


@pytest.mark.parametrize(
    "text",
    ["x = 1", '"""Reads cases"""', '"""Reads cases. Writes them."""', '"""Reads\nand writes cases."""'],
)
def test_a_bad_caption_is_seen(text: str) -> None:
    assert fault(module("webapp/x.py", text))
