"""Files, functions and doors stay small, have honest names, and keep to their room."""

from __future__ import annotations

import ast

from tests.house.source import (
    ROOT,
    Function,
    Module,
    calls,
    dotted,
    functions,
    imported,
    module,
    modules,
    named,
)

FILE_LINES = 400
FUNCTION_LINES = 80
DOOR_STATEMENTS = 8
FORBIDDEN_NAMES = ("util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base2")

# Schemas that leave their room, each with the reason.
AWAY = {
    (
        "webapp.field.api",
        "webapp.cases.schemas",
    ): "a mended report has the same form as a report, and its receipt",
}
# Modules that only hold a table of data may be long.
LONG = {
    "webapp/core/messages.py": "one sentence for each error code",
}


def long_functions(item: Module) -> list[str]:
    """Return the functions above the limit."""
    sizes = [(f, (f.end_lineno or f.lineno) - f.lineno + 1) for f in functions(item.tree)]
    return [
        f"{item.path}:{f.lineno}: {f.name} has {size} lines" for f, size in sizes if size > FUNCTION_LINES
    ]


def doors(item: Module) -> list[Function]:
    """Return the functions that carry @door(...)."""
    return [f for f in functions(item.tree) if any("door" in _decorator(d) for d in f.decorator_list)]


def _decorator(node: ast.expr) -> str:
    return dotted(node.func if isinstance(node, ast.Call) else node).split(".")[-1]


def statements(function: Function) -> int:
    """Return how many statements a function has, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return sum(isinstance(node, ast.stmt) for part in body for node in ast.walk(part))


def fat_doors(item: Module) -> list[str]:
    """Return the doors that do more than decode, decide, act and encode."""
    found = [(f, statements(f)) for f in doors(item)]
    return [f"{item.path}:{f.lineno}: {f.name} has {n} statements" for f, n in found if n > DOOR_STATEMENTS]


def bad_name(path: str) -> bool:
    """Say whether a file or folder has a name that says nothing."""
    return any(part.removesuffix(".py").removesuffix(".js") in FORBIDDEN_NAMES for part in path.split("/"))


def schemas_away(item: Module) -> list[tuple[str, str]]:
    """Return (module, schemas of another room) that a module imports."""
    found = {name.rpartition(".")[0] for name in imported(item.tree) if ".schemas." in name}
    return [(item.name, name) for name in found if name.split(".")[1] != item.room]


def glued_sql(item: Module) -> list[str]:
    """Return the statements that are put together from texts: the way that injections come in.

    psycopg2's `sql.SQL(...).format(sql.Identifier(...))` quotes what it puts in, so it may stay.
    """
    found = []
    for name, call in calls(item.tree):
        last = name.rpartition(".")[2]
        if last in ("text", "execute", "executemany", "SQL", "DDL") and call.args and _glued(call.args[0]):
            found.append(f"{item.path}:{call.lineno}: {name}")
    return found


def _glued(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        quoted = isinstance(node.func.value, ast.Call) and _decorator(node.func.value) == "SQL"
        return not quoted
    return False


def test_files_are_short() -> None:
    found = [
        f"{item.path}: {n} lines"
        for item in modules()
        if (n := item.text.count("\n")) > FILE_LINES and item.path not in LONG
    ]
    for path in sorted((ROOT / "static").rglob("*.js")):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > FILE_LINES and "vendor" not in path.parts:
            found.append(f"{path.relative_to(ROOT)}: {lines} lines")
    assert not found, named(found, f"divide the file: more than {FILE_LINES} lines hold more than one thing")


def test_functions_are_short() -> None:
    found = [line for item in modules() for line in long_functions(item)]
    assert not found, named(found, "give the parts names and functions of their own")


def test_doors_are_thin() -> None:
    found = [line for item in modules("webapp") for line in fat_doors(item)]
    assert not found, named(
        found,
        f"a door has at most {DOOR_STATEMENTS} statements: decode (collectors), decide (rules), act "
        "(actions), encode (schemas); move the rest into the room whose beat it is",
    )


def test_names_say_something() -> None:
    paths = [item.path for item in (*modules(), *modules("tests"))]
    paths += [str(p.relative_to(ROOT)) for p in (ROOT / "static").rglob("*.js") if "vendor" not in p.parts]
    found = [path for path in paths if bad_name(path)]
    assert not found, named(found, "name the module after what it holds")


def test_schemas_stay_at_home() -> None:
    found = [
        f"{a} imports {b}" for item in modules("webapp") for a, b in schemas_away(item) if (a, b) not in AWAY
    ]
    assert not found, named(found, "each room declares what crosses the wire at its own doors")
    used = {pair for item in modules("webapp") for pair in schemas_away(item)}
    assert not set(AWAY) - used, "take the exception off AWAY: nothing needs it any more"


def test_statements_have_parameters() -> None:
    every = (*modules(), *modules("migrations"))
    found = [
        line for item in every if not item.path.startswith("migrations/versions/") for line in glued_sql(item)
    ]
    assert not found, named(
        found,
        "write :name into the text and hand the value beside it; names of tables go through sql.Identifier",
    )


def test_a_bad_piece_of_furniture_is_seen() -> None:
    body = "\n".join(f"    x{n} = {n}" for n in range(90))
    bad = module(
        "webapp/cases/api.py", f'"""X."""\n@blp.route("/x")\n@door("officer")\ndef x(session, by):\n{body}\n'
    )
    assert long_functions(bad)
    assert fat_doors(bad)
    nested = module(
        "webapp/x.py", "@door()\ndef x():\n    if a:\n        if b:\n            return 1\n    return 2\n"
    )
    assert statements(doors(nested)[0]) == 4
    assert bad_name("webapp/utils.py")
    assert bad_name("static/shared/helpers.js")
    assert not bad_name("webapp/cases/rules.py")
    away = module("webapp/maps/api.py", "from webapp.cases.schemas import CaseOut")
    assert schemas_away(away) == [("webapp.maps.api", "webapp.cases.schemas")]


def test_glued_sql_is_seen() -> None:
    for statement in (
        "text(f'SELECT {x}')",
        "session.execute(text('SELECT %s' % x))",
        "cursor.execute('SELECT ' + x)",
        "text('SELECT {}'.format(x))",
    ):
        assert glued_sql(module("webapp/x.py", statement)), statement
    for statement in (
        "text('SELECT :x')",
        "cursor.execute(sql.SQL('LISTEN {}').format(sql.Identifier(x)))",
        "session.execute(select(Case))",
    ):
        assert not glued_sql(module("webapp/x.py", statement)), statement
