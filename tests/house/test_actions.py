"""There is one way to change a thing, and it leaves an event."""

from __future__ import annotations

import ast

from tests.house.source import Function, Module, calls, furniture, module, modules, named

# Public functions of an actions.py that record nothing, each with its reason.
SILENT = {
    "webapp.cases.actions.locked_case": "a read: it locks the row that the next action changes",
    "webapp.field.actions.name_files": "part of a report, whose own event stands for it",
}

# Modules outside actions.py that write rows, each with its reason.
WRITERS = {
    "webapp.core.queue": "jobs and the outbox are the machine's own tables",
    "webapp.people.logins": "the schema auth; what happens there is logged in auth.access",
    "webapp.field.imports": "the public list of divisions belongs to no station, so to no chain of events",
    "webapp.demo.load": "makes stations, teams and places, for which no action exists yet",
    "webapp.demo.history": "writes years of past cases in bulk, with their events",
    "webapp.demo.days": "writes past calls, tasks and look-backs in bulk",
}

WRITES = (
    "session.add",
    "session.add_all",
    "session.delete",
    "session.merge",
    "insert",
    "upsert",
    "update",
    "delete",
)


def public(item: Module) -> list[Function]:
    """Return the functions that other modules call."""
    return [f for f in item.tree.body if isinstance(f, Function) and not f.name.startswith("_")]


def recording(item: Module) -> set[str]:
    """Return the names of a module's functions that record an event, by themselves or through another."""
    bodies = {f.name: {name for name, _call in calls(f)} for f in item.tree.body if isinstance(f, Function)}
    found = {"record"}
    while True:
        more = {name for name, called in bodies.items() if called & found} - found
        if not more:
            return found
        found |= more


def silent(item: Module) -> list[str]:
    """Return the public actions that record nothing and are not listed."""
    loud = recording(item)
    names = [f"{item.name}.{f.name}" for f in public(item) if f.name not in loud]
    return [name for name in names if name not in SILENT]


def without_actor(item: Module) -> list[str]:
    """Return the public actions that do not take `session` first and `by` by keyword."""
    wrong = []
    for f in public(item):
        first = f.args.args[0].arg if f.args.args else ""
        keywords = {a.arg for a in f.args.kwonlyargs}
        if (first != "session" or "by" not in keywords) and f"{item.name}.{f.name}" not in SILENT:
            wrong.append(f"{item.name}.{f.name}")
    return wrong


def writes(item: Module) -> list[str]:
    """Return the lines of a module that change rows."""
    found = []
    for name, call in calls(item.tree):
        last = name.removeprefix("self.").removeprefix("run.")
        statement = last == "text" and _changes(call)
        if last in WRITES or statement:
            found.append(f"{item.path}:{call.lineno}: {name}")
    return found


def _changes(call: ast.Call) -> bool:
    said = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
    return str(said).lstrip().split(" ")[0].upper() in ("INSERT", "UPDATE", "DELETE")


def test_each_action_records_an_event() -> None:
    found = [name for item in furniture("actions") for name in silent(item)]
    assert not found, named(
        found,
        "call record(session, 'capability.past_tense', ...) after the write; a read belongs into queries.py; "
        "a true exception is listed in SILENT with its reason",
    )


def test_each_action_takes_session_and_by() -> None:
    found = [name for item in furniture("actions") for name in without_actor(item)]
    assert not found, named(found, "actions take `session` first and the actor as keyword-only `by`")


def test_only_actions_and_jobs_write() -> None:
    allowed = {item.name for kind in ("actions", "jobs") for item in furniture(kind)} | set(WRITERS)
    found = [line for item in modules("webapp") if item.name not in allowed for line in writes(item)]
    assert not found, named(found, "move the write into an action of the capability that owns the table")


def test_exceptions_are_still_needed() -> None:
    known = {f"{item.name}.{f.name}" for item in furniture("actions") for f in public(item)}
    writing = {item.name for item in modules("webapp") if writes(item)}
    left = sorted(set(SILENT) - known) + sorted(set(WRITERS) - writing)
    assert not left, named(left, "take the exception off the list: nothing needs it any more")


def test_a_silent_action_and_a_stray_write_are_seen() -> None:
    bad = module(
        "webapp/cases/actions.py",
        '"""X."""\ndef hang_up(session, case, *, by):\n    case.state = 1\n'
        "def tell(session, case, *, by):\n    _told(session)\n"
        "def _told(session):\n    record(session, 'cases.told')\n"
        "def lose(session, case, by):\n    record(session, 'cases.lost')\n",
    )
    assert silent(bad) == ["webapp.cases.actions.hang_up"]
    assert without_actor(bad) == ["webapp.cases.actions.lose"]
    stray = module(
        "webapp/cases/queries.py", '"""X."""\nsession.add(1)\nsession.execute(text("UPDATE app.x"))\n'
    )
    assert len(writes(stray)) == 2
