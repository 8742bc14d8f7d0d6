"""The walls beside row-level security: signed identity, database roles, open tables, restricted cases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from flask.testing import FlaskClient
from psycopg2 import errors, sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.samples import Sample
from tests.webapp.core.attacks import Victims, identify, outcome, web_connection
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import WEB, Database
from webapp.core.migrations import OPEN_TABLES


@pytest.mark.parametrize(
    "forged",
    [
        "{person}",
        "{person}|{station}|station_chief|9999999999|" + "0" * 64,
        "{person}|{station}|station_chief|9999999999|",
        "{person}|{station}|station_chief|9999999999|x|y",
        "||||",
        "|{station}|machine|9999999999|" + "f" * 64,
    ],
)
def test_a_forged_identity_is_an_error(
    attacker: psycopg2.extensions.connection, victims: Victims, forged: str
) -> None:
    attack = f"SELECT set_config('app.ctx', '{forged}', true); SELECT * FROM app.case_file"
    told, code, _rows = outcome(attacker, victims.told(attack))
    assert code == "42501"
    assert "forged context" in told


def test_an_own_identity_altered_is_an_error(
    settings: Settings, victims: Victims, actor_for: Callable[[str], Actor]
) -> None:
    with closing(web_connection(settings, None)) as connection, connection.cursor() as cursor:
        for change in (("volunteer", "station_chief"), (victims.names["volunteer"], victims.names["person"])):
            own = identify(cursor, settings, actor_for("t.volunteer"))
            assert change[0] in own
            cursor.execute("SELECT set_config('app.ctx', %s, true)", (own.replace(*change),))
            with pytest.raises(errors.InsufficientPrivilege, match="forged"):
                cursor.execute("SELECT * FROM app.case_file")
            connection.rollback()


def test_an_expired_identity_is_an_error(settings: Settings, actor_for: Callable[[str], Actor]) -> None:
    with closing(web_connection(settings, None)) as connection, connection.cursor() as cursor:
        identify(cursor, settings, actor_for("t.station_chief"), age_s=31)
        with pytest.raises(errors.InsufficientPrivilege, match="expired"):
            cursor.execute("SELECT * FROM app.case_file")
        connection.rollback()
        identify(cursor, settings, actor_for("t.station_chief"), age_s=20)
        cursor.execute("SELECT count(*) FROM app.grid")
        assert cursor.fetchone() == (6,)


def test_nobody_sees_nothing(
    settings: Settings, superuser: psycopg2.extensions.connection, victims: Victims
) -> None:
    """Without an identity every table but the open ones is empty."""
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE relnamespace = 'app'::regnamespace AND relkind = 'r' "
            "AND has_table_privilege('shuangge_web', c.oid, 'SELECT')"
        )
        tables = {name for (name,) in cursor.fetchall()} - set(OPEN_TABLES)
    assert len(tables) > 15
    with closing(web_connection(settings, None)) as connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("app", table)))
            assert cursor.fetchone() == (0,), table


def test_every_table_has_forced_row_security_or_is_named_open(
    superuser: psycopg2.extensions.connection,
) -> None:
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class "
            "WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p', 'm', 'v', 'f')"
        )
        found = dict(cursor.fetchall())
    assert {name for name, forced in found.items() if not forced} == set(OPEN_TABLES)


def test_open_tables_hold_no_foreign_keys_to_people(superuser: psycopg2.extensions.connection) -> None:
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'app' "
            "AND table_name = ANY(%s) AND (column_name ~ 'person|phone|reporter|geom')",
            (list(OPEN_TABLES),),
        )
        assert cursor.fetchall() == []


def test_database_roles_reach_only_their_schemas(superuser: psycopg2.extensions.connection) -> None:
    """The web role has nothing in auth, vault and audit; the login role nothing outside auth."""
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname, n.nspname FROM pg_roles r, pg_namespace n "
            "WHERE r.rolname IN ('shuangge_web', 'shuangge_login', 'shuangge_worker') "
            "AND n.nspname IN ('app', 'auth', 'vault', 'audit') "
            "AND has_schema_privilege(r.oid, n.oid, 'USAGE')"
        )
        reach = set(cursor.fetchall())
        cursor.execute(
            "SELECT privilege_type || ' ' || table_name FROM information_schema.role_table_grants "
            "WHERE table_schema = 'auth' AND grantee = 'shuangge_login'"
        )
        whole = {row[0] for row in cursor.fetchall()}
    assert reach == {("shuangge_web", "app"), ("shuangge_worker", "app"), ("shuangge_login", "auth")}
    assert not whole & {"INSERT account", "UPDATE account", "INSERT token", "DELETE account", "DELETE access"}


def test_other_sessions_words_are_not_seen(
    settings: Settings, actor_for: Callable[[str], Actor], superuser: psycopg2.extensions.connection
) -> None:
    """A statement with a telephone number in it is in nobody's list of activities."""
    with (
        closing(web_connection(settings, actor_for("t.station_chief"))) as peer,
        closing(web_connection(settings, actor_for("t.volunteer"))) as thief,
    ):
        peer.cursor().execute("SELECT '13899990001'")
        with thief.cursor() as cursor:
            cursor.execute("SELECT query FROM pg_stat_activity")
            words = str(cursor.fetchall())
        assert "13899990001" not in words
        with superuser.cursor() as cursor:
            cursor.execute("SELECT query FROM pg_stat_activity")
            assert "13899990001" not in str(cursor.fetchall())


def test_identity_ends_with_its_transaction(db_as: Callable, web_db: Database, actor_for: Callable) -> None:
    """A pooled connection does not remember who used it last, after commit nor after an error."""
    alone = Database(web_db.settings, WEB, pool_size=1)
    try:
        for statement in ("SELECT 1", "SELECT 1/0"):
            with contextlib.suppress(DBAPIError), alone.transaction(actor_for("t.station_chief")) as session:
                session.execute(text(statement))
            with alone.transaction() as session:
                assert session.scalar(text("SELECT count(*) FROM app.grid")) == 0
    finally:
        alone.dispose()


def test_restricted_leads_stay_with_officers(
    send_report: Callable[..., Sample], as_user: Callable[[str], FlaskClient], victims: Victims
) -> None:
    lead = send_report(
        "t.volunteer", "B1", class_code="lead", answers={"subject": "gambling", "ongoing": False}, note="线索"
    )
    assert as_user("t.officer.b").get(f"/api/v1/cases/{lead.id}").status_code == 404, "no purpose, no read"
    for name in ("t.officer.b", "t.officer.a", "u.officer.a"):
        as_user(name).post(f"/api/v1/leads/{lead.id}/open", json={"purpose": "verify", "words": "核实线索"})
    seen = {
        name: as_user(name).get(f"/api/v1/cases/{lead.id}").status_code
        for name in (
            "t.officer.b",
            "t.grid_worker.b",
            "t.officer.a",
            "t.volunteer",
            "t.planner",
            "u.officer.a",
        )
    }
    assert seen == {
        "t.officer.b": 200,
        "t.grid_worker.b": 404,
        "t.officer.a": 404,
        "t.volunteer": 200,
        "t.planner": 404,
        "u.officer.a": 404,
    }


def test_system_admin_makes_no_machine(
    settings: Settings, victims: Victims, actor_for: Callable[[str], Actor]
) -> None:
    """The machine's role sees the whole station; the admin who opens accounts can't give it away."""
    told = victims.told("SELECT app.open_account('{fresh}', '{nobody}', 'thief', 'machine', 'x')")
    with closing(web_connection(settings, actor_for("t.system_admin"))) as connection:
        assert outcome(connection, told)[1] == "42501"
