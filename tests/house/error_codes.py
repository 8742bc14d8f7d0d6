"""Every error code that our source can raise, with the parameters given where it is raised."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.house.source import Module, functions

# Which argument of a call is the code, by the last part of the called name.
CODE_AT = {
    "because": 0,
    "note": 0,
    "_refuse": 0,
    "Stop": 0,
    "ShapeError": 0,
    "CoordinateError": 0,
    "CoverageError": 0,
    "TopologyError": 0,
    "AppError": 0,
    "Refused": 0,
    "BadRequest": 0,
    "Forbidden": 0,
    "Conflict": 0,
    "TooLarge": 0,
    "TooMany": 0,
    "Unavailable": 0,
    "FormatProblem": 0,
}
# What a wrapper adds by itself.
ADDED = {"_refuse": {"index", "x", "y"}}


@dataclass(frozen=True)
class Raised:
    """A code at a line; `given` are the names of its parameters, None when they can't be read off."""

    code: str
    where: str
    given: frozenset[str] | None


def raised(module: Module) -> Iterator[Raised]:
    """Yield each code that a module raises or puts into a problem."""
    for scope in [module.tree, *functions(module.tree)]:
        for call in _own_calls(scope):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            at = _position(module, name)
            if at is None or len(call.args) <= at:
                continue
            for code in _values(call.args[at], scope, module.tree):
                yield Raised(code, f"{module.path}:{call.lineno}", _given(call, name, at))
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and module.name == "webapp.core.errors":
            yield from (Raised(code, f"{module.path}:{node.lineno}", None) for code in _class_code(node))


def _position(module: Module, name: str) -> int | None:
    if name != "Problem":
        # A note outside the formats is a line of a log.
        return CODE_AT.get(name) if name != "note" or module.name.startswith("collectors") else None
    return 0 if module.name.startswith("collectors") else 1


def _own_calls(scope: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls of a scope without those of the functions in it."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def _values(node: ast.expr, scope: ast.AST, tree: ast.Module) -> set[str]:
    """Return the texts that an expression may stand for, followed through names and local functions."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.IfExp):
        return _values(node.body, scope, tree) | _values(node.orelse, scope, tree)
    found: set[str] = set()
    if isinstance(node, ast.Name) and isinstance(scope, ast.FunctionDef):
        for inner in ast.walk(scope):
            if isinstance(inner, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == node.id for target in inner.targets
            ):
                found |= _values(inner.value, scope, tree)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for function in functions(tree):
            if function.name == node.func.id:
                returned = [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value]
                found |= {text for value in returned for text in _values(value, function, tree)}
    return found


def _given(call: ast.Call, name: str, at: int) -> frozenset[str] | None:
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    if not name.endswith("Problem"):
        return frozenset({str(keyword.arg) for keyword in call.keywords} | ADDED.get(name, set()))
    # collectors: Problem(code, pointer, detail, params); webapp: Problem(pointer, code, params)
    params = call.args[3:4] if at == 0 else call.args[2:3]
    if not params:
        return frozenset()
    if not isinstance(params[0], ast.Dict):
        return None
    return frozenset(key.value for key in params[0].keys if isinstance(key, ast.Constant))


def _class_code(node: ast.ClassDef) -> Iterator[str]:
    for line in node.body:
        if (
            isinstance(line, ast.Assign)
            and getattr(line.targets[0], "id", "") == "code"
            and isinstance(line.value, ast.Constant)
        ):
            yield str(line.value.value)
