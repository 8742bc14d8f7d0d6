"""What a database of ours contains, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

from webapp.core.ensure import connect

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

SCHEMAS = ("app", "auth", "audit", "vault")
# A secret of this machine, put there at each start; never in a backup, never counted.
KEY_TABLE = "vault.context_key"


def tables(connection: Connection) -> list[tuple[str, str]]:
    """Schema and name of each of our tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind = 'r' AND n.nspname = ANY(%s) ORDER BY 1, 2",
            (list(SCHEMAS),),
        )
        found = [(str(schema), str(table)) for schema, table in cursor.fetchall()]
    return [name for name in found if ".".join(name) != KEY_TABLE]


def has_tables(url: str) -> bool:
    """Whether the database at an SQLAlchemy address exists and holds any table of ours."""
    try:
        connection = connect(url)
    except psycopg2.OperationalError as error:
        if "does not exist" in str(error):
            return False
        raise
    try:
        return bool(tables(connection))
    finally:
        connection.close()


def row_counts(connection: Connection) -> dict[str, int]:
    """Number of rows of each table, by `schema.table`."""
    counts = {}
    for schema, table in tables(connection):
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table)))
            counts.update({f"{schema}.{table}": int(row[0]) for row in cursor.fetchall()})
    return counts


def revision(connection: Connection) -> str | None:
    """The migration that the database is at; None before the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relname = 'alembic_version' AND c.relkind = 'r'"
        )
        where = cursor.fetchone()
        if where is None:
            return None
        cursor.execute(
            sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(where[0], "alembic_version"))
        )
        found = cursor.fetchone()
        return None if found is None else str(found[0])
