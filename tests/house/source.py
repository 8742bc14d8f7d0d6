"""Our own source, read and parsed once for all tests of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("gis", "collectors", "webapp")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file: path from the checkout, dotted name, text and syntax tree."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The capability, for example `cases` of webapp.cases.actions; empty for a file of webapp itself."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 2 else ""

    @property
    def furniture(self) -> str:
        """The last part of the name, for example `actions`."""
        return self.name.split(".")[-1]


def module(path: str, text: str) -> Module:
    """Return a module of a given text: tests show with it that a rule can fail."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Module(path, name, text, ast.parse(text))


@cache
def modules(*floors: str) -> tuple[Module, ...]:
    """Return all modules of the floors (default: the three)."""
    return tuple(
        module(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for floor in floors or FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
    )


@cache
def furniture(kind: str) -> tuple[Module, ...]:
    """Return the modules of one kind in all capabilities: furniture('actions')."""
    return tuple(m for m in modules("webapp") if m.room and m.furniture == kind)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Yield every function and method."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def dotted(node: ast.expr) -> str:
    """Return the text of a name such as clock.now, empty when the expression is another."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call with its dotted name; a call on something else than a name gives `.method`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if not name and isinstance(node.func, ast.Attribute):
                name = f".{node.func.attr}"
            yield name, node


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the full name of each thing that is imported: webapp.core.clock, flask.Response."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(found: list[str], cure: str) -> str:
    """Return the message of a broken rule: every place, then the cure."""
    return "\n".join(["", *found, f"Cure: {cure}"])
