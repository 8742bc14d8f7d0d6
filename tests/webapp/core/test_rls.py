"""Raw SQL under the web role in a member's own transaction: no foreign row, no foreign write, no power."""

from __future__ import annotations

from contextlib import closing
from uuid import UUID

import psycopg2
import pytest
from psycopg2 import errors

from tests.suite import Suite
from tests.webapp.core.attack_lists import DENIED, READS, WRITES
from tests.webapp.core.attacks import Victims, fingerprint, identify, outcome
from webapp.core.actor import Actor
from webapp.core.config import Settings


@pytest.mark.parametrize("attack", READS)
def test_reading_brings_nothing_foreign(
    attacker: psycopg2.extensions.connection, victims: Victims, attack: str
) -> None:
    told, _code, _rows = outcome(attacker, victims.told(READS[attack]))
    assert victims.leaked(told) == []


@pytest.mark.parametrize("attack", READS)
def test_control_reading_would_bring_secrets(
    suite: Suite, settings: Settings, victims: Victims, attack: str
) -> None:
    with closing(suite.superuser(settings.database)) as connection:
        connection.autocommit = False
        connection.cursor().execute("ANALYZE app.case_file")
        told, _code, _rows = outcome(connection, victims.told(READS[attack]))
    assert victims.leaked(told) != [], f"the attack proves nothing: {told}"


@pytest.mark.parametrize("attack", WRITES)
def test_writing_changes_nothing(
    attacker: psycopg2.extensions.connection,
    superuser: psycopg2.extensions.connection,
    victims: Victims,
    attack: str,
) -> None:
    with superuser.cursor() as cursor:
        before = fingerprint(cursor)
        outcome(attacker, victims.told(WRITES[attack]))
        assert fingerprint(cursor) == before


@pytest.mark.parametrize("attack", WRITES)
def test_control_writing_would_change_rows(
    suite: Suite, settings: Settings, victims: Victims, attack: str
) -> None:
    with closing(suite.superuser(settings.database)) as connection, connection.cursor() as cursor:
        connection.autocommit = False
        machine = Actor(UUID(victims.names["station"]), "machine", UUID(victims.names["planner"]))
        identify(cursor, settings, machine)
        before = fingerprint(cursor)
        cursor.execute(victims.told(WRITES[attack]))
        changed = fingerprint(cursor) != before
        connection.rollback()
    assert changed, "the attack proves nothing"


@pytest.mark.parametrize("attack", DENIED)
def test_powers_are_denied(attacker: psycopg2.extensions.connection, victims: Victims, attack: str) -> None:
    _told, code, _rows = outcome(attacker, victims.told(DENIED[attack]))
    assert code in ("42501", "0LP01"), code  # insufficient privilege, invalid grant


def test_no_oracle_by_an_error(
    attacker: psycopg2.extensions.connection, superuser: psycopg2.extensions.connection, victims: Victims
) -> None:
    """A condition that fails on the secret row is never asked about it."""
    attack = "SELECT count(*) FROM app.case_file WHERE 1 / (CASE note WHEN '秘密甲' THEN 0 ELSE 1 END) = 1"
    assert outcome(attacker, attack)[1] is None
    with pytest.raises(errors.DivisionByZero):
        superuser.cursor().execute(attack)
