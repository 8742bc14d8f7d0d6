"""How an attack is run under the web role, and how its result is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import psycopg2
from psycopg2 import sql

from webapp.core.actor import Actor, context_token
from webapp.core.config import Settings
from webapp.core.db import WEB, role_url
from webapp.core.ensure import connect

# What a wrong test looks like: these say that the attack itself is broken, not that a wall held.
OUR_MISTAKES = ("42601", "42P01", "42703", "42883", "42P02")


@dataclass(frozen=True)
class Victims:
    """What the attackers may not learn or change, and the names that the attacks use."""

    names: dict[str, str]
    secrets: tuple[str, ...]

    def told(self, attack: str) -> str:
        """Fill in the names that stand in braces."""
        names = {**self.names, "fresh_name": uuid4().hex}
        return re.sub(r"\{(\w+)\}", lambda found: names[found[1]], attack)

    def leaked(self, text: str) -> list[str]:
        """Return the secrets that occur in a text."""
        return [secret for secret in self.secrets if secret in text]


def web_connection(settings: Settings, who: Actor | None) -> psycopg2.extensions.connection:
    """Open a connection as the web role, with an actor's signed identity set in a fresh transaction."""
    connection = connect(role_url(settings, WEB).render_as_string(hide_password=False))
    if who is not None:
        with connection.cursor() as cursor:
            identify(cursor, settings, who)
    return connection


def identify(cursor: psycopg2.extensions.cursor, settings: Settings, who: Actor, age_s: int = 0) -> str:
    """Set an actor's signed identity for the present transaction, made `age_s` seconds ago; return it."""
    made = int(datetime.now(UTC).timestamp()) - age_s
    token = context_token(who, settings.secret("context.key"), made)
    cursor.execute("SELECT set_config('app.ctx', %s, true)", (token,))
    return token


def outcome(connection: psycopg2.extensions.connection, attack: str) -> tuple[str, str | None, int]:
    """Run an attack and commit it; return everything it was told, the error's code, the rows touched."""
    told = []
    try:
        with connection.cursor() as cursor:
            cursor.execute(attack)
            touched = cursor.rowcount
            if cursor.description:
                told = cursor.fetchall()
        connection.commit()
    except psycopg2.Error as error:
        connection.rollback()
        if error.pgcode in OUR_MISTAKES:
            raise
        return f"{error} {error.diag.message_detail} {error.diag.context}", error.pgcode, 0
    return f"{told} {connection.notices}", None, touched


def fingerprint(cursor: psycopg2.extensions.cursor) -> dict[str, str]:
    """Return a hash of every table of our schemas."""
    cursor.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('app', 'auth', 'vault', 'audit')"
    )
    found = {}
    for schema, table in cursor.fetchall():
        name = sql.Identifier(schema, table)
        cursor.execute(
            sql.SQL("SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t").format(
                name
            )
        )
        found[f"{schema}.{table}"] = cursor.fetchone()[0]
    return found
