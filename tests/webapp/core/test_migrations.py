"""Migrations go up and down without a trace, and the database has exactly the walls that are listed."""

# ruff: noqa: E501 (the catalogue query is read best with one kind of wall a paragraph)

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg2
import pytest
from alembic import command
from alembic.util import CommandError

from tests.suite import Suite
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, role_url
from webapp.core.ensure import ensure_database
from webapp.core.migrations import code_head, config, migrate

GOLDEN = Path(__file__).parent / "golden_walls.txt"

WALLS = """
SELECT 'table ' || n.nspname || '.' || c.relname || CASE WHEN relrowsecurity THEN ' rls' ELSE '' END
       || CASE WHEN relforcerowsecurity THEN ' forced' ELSE '' END
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE nspname IN ('app', 'auth', 'vault', 'audit') AND relkind = 'r'
UNION ALL SELECT format('policy %s.%s %s %s to %s using %s check %s', schemaname, tablename, policyname, cmd,
       array_to_string(roles, ','), regexp_replace(coalesce(qual, '-'), '\\s+', ' ', 'g'),
       regexp_replace(coalesce(with_check, '-'), '\\s+', ' ', 'g')) FROM pg_policies
UNION ALL SELECT format('function %s owner %s definer %s path %s runs %s', p.oid::regprocedure, pg_get_userbyid(proowner),
       prosecdef, coalesce(array_to_string(proconfig, ';'), '-'),
       (SELECT string_agg(g.grantee::regrole::text, ',' ORDER BY g.grantee::regrole::text)
          FROM aclexplode(proacl) g WHERE g.grantee <> proowner AND g.grantee <> 0))
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE nspname IN ('app', 'auth', 'vault', 'audit')
UNION ALL SELECT format('public may run %s', p.oid::regprocedure)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(proacl, acldefault('f', proowner))) g
  WHERE nspname IN ('app', 'auth', 'vault', 'audit') AND g.grantee = 0
UNION ALL SELECT format('grant %s on %s.%s to %s', string_agg(privilege_type, ',' ORDER BY privilege_type),
       table_schema, table_name, grantee)
  FROM information_schema.role_table_grants
  WHERE table_schema IN ('app', 'auth', 'vault', 'audit') AND grantee <> 'shuangge_owner'
  GROUP BY table_schema, table_name, grantee
UNION ALL SELECT format('grant %s (%s) on %s.%s to %s', privilege_type, string_agg(column_name, ',' ORDER BY column_name),
       table_schema, table_name, grantee)
  FROM information_schema.column_privileges c
  WHERE table_schema IN ('app', 'auth', 'vault', 'audit') AND grantee <> 'shuangge_owner'
    AND NOT EXISTS (SELECT 1 FROM information_schema.role_table_grants t WHERE t.table_schema = c.table_schema
      AND t.table_name = c.table_name AND t.grantee = c.grantee AND t.privilege_type = c.privilege_type)
  GROUP BY privilege_type, table_schema, table_name, grantee
UNION ALL SELECT format('trigger %s on %s', tgname, tgrelid::regclass) FROM pg_trigger t
  JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND c.relnamespace = 'app'::regnamespace
UNION ALL SELECT format('index %s', indexdef) FROM pg_indexes WHERE schemaname IN ('app', 'auth', 'audit')
ORDER BY 1
"""


@pytest.fixture
def empty(suite: Suite) -> Iterator[Settings]:
    """A database without any of our tables, but with roles and extensions."""
    with suite.database(f"empty_{uuid4().hex[:8]}", template="template0") as made:
        yield made


def walls(suite: Suite, settings: Settings) -> list[str]:
    """Return tables, policies, functions, grants, triggers and indexes, one a line."""
    with closing(suite.superuser(settings.database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET search_path = pg_catalog")
        cursor.execute(WALLS)
        return [line for (line,) in cursor.fetchall()]


def test_up_and_check_and_down_and_up(suite: Suite, empty: Settings) -> None:
    before = walls(suite, empty)
    migrate(empty)
    full = walls(suite, empty)
    command.check(config(role_url(empty, MIGRATE)))
    migrate(empty, "base")
    left = [line for line in walls(suite, empty) if "alembic_version" not in line]
    assert left == before
    migrate(empty)
    assert walls(suite, empty) == full
    ensure_database(suite.cluster.url("postgres", "postgres"), empty.database)
    assert walls(suite, empty) == full


def test_one_step_down_and_up(suite: Suite, empty: Settings) -> None:
    migrate(empty)
    full = walls(suite, empty)
    migrate(empty, "0001")
    assert _revision(suite, empty) == "0001"
    migrate(empty)
    assert _revision(suite, empty) == code_head()
    assert walls(suite, empty) == full


def test_control_check_finds_a_difference(suite: Suite, empty: Settings) -> None:
    migrate(empty)
    with closing(suite.superuser(empty.database)) as connection:
        connection.cursor().execute("ALTER TABLE app.team ADD COLUMN colour text")
    with pytest.raises(CommandError, match="New upgrade operations"):
        command.check(config(role_url(empty, MIGRATE)))


def test_a_failing_migration_leaves_nothing(suite: Suite, empty: Settings) -> None:
    """All of a migration is one transaction: an obstacle in its middle takes everything back."""
    with closing(suite.superuser(empty.database)) as connection:
        connection.cursor().execute("CREATE TABLE app.quarantine (a int)")
    with pytest.raises(Exception, match="quarantine"):
        migrate(empty)
    with closing(suite.superuser(empty.database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname IN ('app', 'auth') ORDER BY 1")
        assert [name for (name,) in cursor.fetchall()] == ["quarantine"]
        cursor.execute("DROP TABLE app.quarantine")
    migrate(empty)
    assert _revision(suite, empty) == code_head()


def test_walls_are_as_listed(suite: Suite, settings: Settings) -> None:
    """The list is the reviewed one; SHUANGGE_WRITE_GOLDEN=1 writes it anew, and the diff is read."""
    found = walls(suite, settings)
    if os.environ.get("SHUANGGE_WRITE_GOLDEN"):
        GOLDEN.write_text("\n".join(found) + "\n", encoding="utf-8")
    kept = GOLDEN.read_text(encoding="utf-8").splitlines()
    assert sorted(set(found) - set(kept)) == [], "new; read the difference, then SHUANGGE_WRITE_GOLDEN=1"
    assert sorted(set(kept) - set(found)) == [], "gone; read the difference, then SHUANGGE_WRITE_GOLDEN=1"


def test_no_function_of_ours_is_run_by_everybody(suite: Suite, settings: Settings) -> None:
    assert [line for line in walls(suite, settings) if line.startswith("public may run")] == []


def test_definer_functions_have_a_fixed_search_path(superuser: psycopg2.extensions.connection) -> None:
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT p.oid::regprocedure::text, proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            "WHERE nspname IN ('app', 'auth', 'vault', 'audit') AND prosecdef"
        )
        found = dict(cursor.fetchall())
    assert len(found) >= 5
    for name, settings in found.items():
        path = next((s for s in settings or [] if s.startswith("search_path=")), "")
        assert path.endswith("pg_temp"), f"{name}: pg_temp must be named, as the last"


def _revision(suite: Suite, settings: Settings) -> str:
    with closing(suite.superuser(settings.database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT version_num FROM app.alembic_version")
        return str(cursor.fetchone()[0])
