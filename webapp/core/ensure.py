"""The superuser's steps on our database, repeated after each start, migration and restore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy.engine import make_url

from webapp.core.config import CHECKOUT
from webapp.core.installation import EnsureRefused

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

SUPERUSER_SQL = CHECKOUT / "migrations" / "sql" / "superuser.sql"
DATABASE = "shuangge"
# Any number, the same for all: two commands that run the steps at once wait for each other.
LOCK = 7_305_116_201


def connect(url: str, database: str | None = None) -> Connection:
    """A psycopg2 connection for an SQLAlchemy address, to another database of the server when named."""
    address = make_url(url)
    arguments: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "dbname": database or address.database,
        **{name: value for name, value in address.query.items() if isinstance(value, str)},
    }
    made: Connection = psycopg2.connect(**{k: v for k, v in arguments.items() if v is not None})
    return made


def ensure_database(superuser_url: str, database: str = DATABASE) -> None:
    """Make the database when it is missing and run the superuser steps in it.

    `superuser_url` is an SQLAlchemy address of a superuser, in any database of the server.
    Raises EnsureRefused.
    """
    try:
        _make_database(superuser_url, database)
        connection = connect(superuser_url, database)
    except psycopg2.Error as error:
        raise _refused(error) from error
    try:
        ensure(connection)
    finally:
        connection.close()


def _make_database(superuser_url: str, database: str) -> None:
    connection = connect(superuser_url, "postgres")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            if cursor.fetchone() is None:
                cursor.execute(
                    sql.SQL(
                        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' "
                        "LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'"
                    ).format(sql.Identifier(database))
                )
    finally:
        connection.close()


def ensure(connection: Connection) -> None:
    """Run migrations/sql/superuser.sql in one transaction as superuser. Raises EnsureRefused."""
    steps = SUPERUSER_SQL.read_text(encoding="utf-8")
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            cursor.execute("SET LOCAL client_min_messages = warning")
            cursor.execute("SET LOCAL search_path = public")
            cursor.execute(steps)
    except psycopg2.Error as error:
        raise _refused(error) from error


def install_context_key(connection: Connection, key: bytes) -> bool:
    """Store the key that signs the row-level security context; False when migrations have not run yet."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('vault.context_key') IS NOT NULL")
        row = cursor.fetchone()
        if row is None or not row[0]:
            return False
        cursor.execute(
            "INSERT INTO vault.context_key (id, key) VALUES (1, %s) "
            "ON CONFLICT (id) DO UPDATE SET key = excluded.key WHERE vault.context_key.key <> excluded.key",
            (psycopg2.Binary(key),),
        )
    return True


def set_passwords(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Give roles of an outside server their passwords; only the SCRAM form leaves this machine."""
    with connection, connection.cursor() as cursor:
        for role, password in passwords.items():
            hidden = encrypt_password(password, role, scope=connection, algorithm="scram-sha-256")
            cursor.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(hidden))
            )


def _refused(error: psycopg2.Error) -> EnsureRefused:
    return EnsureRefused(
        f"The database did not accept the superuser steps: {str(error).strip()}",
        "Let SHUANGGE_ADMIN_URL name a superuser of a server that has PostGIS 3.3 or newer, or let the "
        f"administrator run {SUPERUSER_SQL} in the database.",
    )
