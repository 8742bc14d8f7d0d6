"""Each table of the work has row-level security, or is named as holding nothing personal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import webapp.tables
from tests.house.source import ROOT, named
from webapp.core.db import Base
from webapp.core.migrations import OPEN_TABLES

SQL = ROOT / "migrations" / "sql"
assert webapp.tables


def tables() -> set[str]:
    """Return the tables of the schema app, as the models declare them."""
    return {table.name for table in Base.metadata.tables.values() if table.schema == "app"}


def walled(texts: list[str]) -> set[str]:
    """Return the tables for which the migrations' SQL switches row-level security on and forces it."""
    found: set[str] = set()
    for text in texts:
        for loop in re.findall(r"FOREACH.*?END LOOP", text, re.S):
            if "ENABLE ROW LEVEL SECURITY" in loop and "FORCE ROW LEVEL SECURITY" in loop:
                found |= set(re.findall(r"'(\w+)'", loop.partition("LOOP")[0]))
        enabled = set(re.findall(r"ALTER TABLE app\.(\w+) ENABLE ROW LEVEL SECURITY", text))
        found |= enabled & set(re.findall(r"ALTER TABLE app\.(\w+) FORCE ROW LEVEL SECURITY", text))
    return found


def written() -> list[str]:
    """Return the SQL of all migrations."""
    files: list[Path] = [*sorted(SQL.rglob("*.sql")), *sorted((ROOT / "migrations/versions").glob("*.py"))]
    return [path.read_text(encoding="utf-8") for path in files if path.name != "down.sql"]


def test_each_table_is_walled_or_open_on_purpose() -> None:
    found = sorted(tables() - walled(written()) - set(OPEN_TABLES))
    assert not found, named(
        found,
        "enable and force row-level security and write the policies in migrations/sql/; a table without "
        "anything personal is named in OPEN_TABLES of webapp/core/migrations.py",
    )


def test_no_table_is_both() -> None:
    found = sorted(walled(written()) & set(OPEN_TABLES))
    assert not found, named(found, "the table has policies: take it off OPEN_TABLES")


def test_lists_name_real_tables() -> None:
    unknown = sorted((walled(written()) | set(OPEN_TABLES)) - tables() - {"alembic_version"})
    assert not unknown, named(unknown, "no model has this table: mend the name")


def test_the_database_says_the_same(superuser: Any) -> None:
    """Ask PostgreSQL itself: switched on, forced, and with at least one policy beside the owner's."""
    with superuser.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'app' AND c.relkind = 'r' AND NOT (
                c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
                    SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'owner_all'))"""
        )
        bare = {row[0] for row in cursor.fetchall()}
    assert bare - {"case_number", "referral_number", "visit_detail"} == set(OPEN_TABLES), (
        "Cure: add policies for the table, or name it in OPEN_TABLES of webapp/core/migrations.py "
        "(case_number, referral_number and visit_detail are meant for nobody: only functions read them)"
    )


def test_a_bare_table_is_seen() -> None:
    assert walled(["ALTER TABLE app.secret ENABLE ROW LEVEL SECURITY;"]) == set()
    both = "ALTER TABLE app.x ENABLE ROW LEVEL SECURITY;\nALTER TABLE app.x FORCE ROW LEVEL SECURITY;"
    assert walled([both]) == {"x"}
