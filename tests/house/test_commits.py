"""One place commits: the transaction that a door, a job or a command opens."""

from __future__ import annotations

from tests.house.source import Module, calls, module, modules, named

# Who ends transactions, each with the reason.
COMMITTERS = {
    "webapp.core.db": "the one transaction of doors, jobs and commands",
    "migrations.env": "alembic's own connection: role and lock limit before the migrations start",
}
ENDINGS = (".commit", ".begin", "commit")


def endings(item: Module) -> list[str]:
    """Return the lines that commit, or open a transaction that commits by itself."""
    return [
        f"{item.path}:{call.lineno}: {name}"
        for name, call in calls(item.tree)
        if name.endswith(ENDINGS) and not name.endswith(".begin_nested")
    ]


def test_only_one_module_commits() -> None:
    every = (*modules(), *modules("migrations"))
    found = [line for item in every if item.name not in COMMITTERS for line in endings(item)]
    assert not found, named(
        found,
        "leave the commit to Database.transaction (webapp/core/db.py): leaving it commits, an exception "
        "rolls back; a part that may fail alone uses session.begin_nested()",
    )


def test_the_committers_still_commit() -> None:
    quiet = [m.name for m in (*modules(), *modules("migrations")) if m.name in COMMITTERS and not endings(m)]
    assert not quiet, named(quiet, "take the module off COMMITTERS: it commits no more")


def test_a_commit_is_seen() -> None:
    assert endings(module("webapp/cases/actions.py", "session.commit()"))
    assert endings(module("webapp/cases/jobs.py", "with engine.begin() as connection: pass"))
    assert not endings(module("webapp/field/batches.py", "session.begin_nested()"))
