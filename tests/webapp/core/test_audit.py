"""The hash chain over real events: whatever a superuser changes by hand is found and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from threading import Thread
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, NullPool, create_engine, text

from tests.samples import Sample
from tests.stations import Station
from tests.suite import Suite
from webapp.core import audit
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, WEB, Database, role_url


@pytest.fixture(scope="module", autouse=True)
def worked(send_report: Callable[..., Sample], as_user: Callable[[str], FlaskClient]) -> None:
    """Some real work: reports in two grids, one accepted."""
    for grid in ("A1", "A1", "B1"):
        sent = send_report("t.volunteer", grid)
    answer = as_user("t.officer.b").post(f"/api/v1/cases/{sent.id}/accept", json={"revision": 1})
    assert answer.status_code == 200


@pytest.fixture
def scratch(
    suite: Suite, settings: Settings, worked: None, web_db: Database, owner_db: Database, app: object
) -> Iterator[Settings]:
    """A copy of the worked database that may be damaged."""
    web_db.dispose()
    owner_db.dispose()
    the_site = app.extensions["shuangge"]  # type: ignore[attr-defined]
    the_site.database.dispose()
    the_site.login.dispose()
    with suite.database(f"audit_{uuid4().hex[:8]}", template=settings.database) as made:
        yield made


def owner(settings: Settings) -> Connection:
    engine = create_engine(role_url(settings, MIGRATE), poolclass=NullPool)
    connection = engine.connect()
    connection.execute(text("SET ROLE shuangge_owner"))
    return connection


def breaks(settings: Settings, heads: dict | None = None) -> list[audit.Break]:
    with closing(owner(settings)) as connection:
        count, found = audit.verify(connection, heads)
    assert count > 10
    return found


def damage(suite: Suite, settings: Settings, *statements: str) -> None:
    with closing(suite.superuser(settings.database)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


LAST_OF_CHAIN = (
    "SELECT event_id FROM audit.link l "
    "WHERE seq = (SELECT max(seq) FROM audit.link k WHERE k.chain = l.chain)"
)
SOME_CASE = "SELECT min(id) FROM app.event WHERE name = 'cases.reported'"


def test_real_events_hold(scratch: Settings, station: Station) -> None:
    assert breaks(scratch) == []
    with closing(owner(scratch)) as connection:
        chains = set(audit.heads(connection))
        links = connection.scalar(text("SELECT count(*) FROM audit.link"))
        events = connection.scalar(text("SELECT count(*) FROM app.event"))
    assert links == events
    assert {str(station.grids["A1"]), str(station.grids["B1"]), str(station.id)} <= chains


@pytest.mark.parametrize(
    "change",
    [
        "name = 'cases.closed'",
        "by_id = NULL",
        "at = at - interval '1 microsecond'",
        "data = data || '{\"x\": 1}'",
        "subject_id = gen_random_uuid()",
        "grid_id = NULL",
        "subject_kind = 'person'",
    ],
)
def test_an_altered_event_is_found(suite: Suite, scratch: Settings, change: str) -> None:
    damage(suite, scratch, f"UPDATE app.event SET {change} WHERE id = ({SOME_CASE})")
    found = breaks(scratch)
    assert [item.kind for item in found] == ["altered"]
    assert found[0].event_id is not None


def test_a_deleted_event_is_found(suite: Suite, scratch: Settings) -> None:
    damage(suite, scratch, "DELETE FROM app.outbox", f"DELETE FROM app.event WHERE id = ({SOME_CASE})")
    assert [item.kind for item in breaks(scratch)] == ["deleted"]


def test_an_event_deleted_with_its_link_is_found(suite: Suite, scratch: Settings) -> None:
    damage(
        suite,
        scratch,
        "DELETE FROM app.outbox",
        f"DELETE FROM audit.link WHERE event_id = ({SOME_CASE})",
        f"DELETE FROM app.event e WHERE id = ({SOME_CASE})",
    )
    assert {item.kind for item in breaks(scratch)} & {"gap", "altered"}


def test_an_event_slipped_in_beside_the_trigger_is_found(
    suite: Suite, scratch: Settings, station: Station
) -> None:
    damage(
        suite,
        scratch,
        "SET session_replication_role = replica",
        "INSERT INTO app.event (station_id, name, subject_kind, subject_id) "
        f"VALUES ('{station.id}', 'cases.closed', 'case', '{uuid4()}')",
    )
    assert [item.kind for item in breaks(scratch)] == ["unlinked"]


def test_a_cut_tail_is_found_by_the_seal(suite: Suite, scratch: Settings, station: Station) -> None:
    """Without the seal a chain whose last link was cut looks whole: that is what the seal is for."""
    key, path = scratch.secret("audit.key"), scratch.home / "audit-seal.jsonl"
    with closing(owner(scratch)) as connection:
        audit.write_seal(path, audit.heads(connection), key, datetime.now(UTC))
    chain = station.grids["A1"]
    damage(
        suite,
        scratch,
        "DELETE FROM app.outbox",
        f"CREATE TABLE public.cut AS {LAST_OF_CHAIN} AND chain = '{chain}'",
        "DELETE FROM audit.link WHERE event_id IN (SELECT event_id FROM public.cut)",
        "DELETE FROM app.event WHERE id IN (SELECT event_id FROM public.cut)",
        f"UPDATE audit.head h SET seq = seq - 1, hash = (SELECT hash FROM audit.link WHERE chain = '{chain}' "
        f"ORDER BY seq DESC LIMIT 1) WHERE chain = '{chain}'",
    )
    assert breaks(scratch) == []
    found = breaks(scratch, audit.read_seal(path, key))
    assert [(item.kind, item.chain) for item in found] == [("truncated", str(chain))]


def test_a_whole_chain_written_anew_is_found_by_the_seal(
    suite: Suite, scratch: Settings, station: Station
) -> None:
    """Somebody with all rights and the rule alters an event and computes every later hash again."""
    key, path = scratch.secret("audit.key"), scratch.home / "audit-seal.jsonl"
    with closing(owner(scratch)) as connection:
        audit.write_seal(path, audit.heads(connection), key, datetime.now(UTC))
    chain = station.grids["A1"]
    damage(
        suite,
        scratch,
        f"UPDATE app.event SET name = 'cases.forged' WHERE grid_id = '{chain}'",
        f"""DO $$ DECLARE l record; last bytea := '\\x'; BEGIN
            FOR l IN SELECT k.event_id FROM audit.link k WHERE chain = '{chain}' ORDER BY seq LOOP
                last := sha256(last || convert_to(
                    (SELECT audit.canonical(e) FROM app.event e WHERE e.id = l.event_id), 'UTF8'));
                UPDATE audit.link SET hash = last WHERE event_id = l.event_id;
            END LOOP;
            UPDATE audit.head SET hash = last WHERE chain = '{chain}'; END $$""",
    )
    assert breaks(scratch) == []
    assert [item.kind for item in breaks(scratch, audit.read_seal(path, key))] == ["rewritten"]


def test_a_forged_seal_is_refused(settings: Settings) -> None:
    key, path = settings.secret("audit.key"), settings.home / "forged.jsonl"
    audit.write_seal(path, {str(uuid4()): {"seq": 1, "hash": "00"}}, b"another key", datetime.now(UTC))
    with pytest.raises(ValueError, match="seal"):
        audit.read_seal(path, key)


@pytest.mark.parametrize("line", ["{}", "[]", '"x"', '{"body": "x"}', "{"])
def test_what_is_no_seal_is_refused_in_words(settings: Settings, line: str) -> None:
    path = settings.home / "strange.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ValueError, match="seal"):
        audit.read_seal(path, settings.secret("audit.key"))


def test_a_seal_torn_by_a_power_cut_leaves_the_one_before(settings: Settings) -> None:
    key, path, heads = (
        settings.secret("audit.key"),
        settings.home / "torn.jsonl",
        {"a": {"seq": 1, "hash": "00"}},
    )
    audit.write_seal(path, heads, key, datetime.now(UTC))
    with path.open("a") as file:
        file.write('{"body": "half of')
    assert audit.read_seal(path, key) == heads
    later = {"a": {"seq": 2, "hash": "01"}}
    audit.write_seal(path, later, key, datetime.now(UTC))
    assert audit.read_seal(path, key) == later


def test_an_event_is_linked_at_commit_and_not_before(
    web_db: Database, owner_db: Database, station: Station
) -> None:
    """A rolled-back action leaves neither event nor link nor gap."""

    def counts() -> tuple[int, int]:
        with owner_db.transaction() as session:
            return tuple(
                session.execute(
                    text("SELECT (SELECT count(*) FROM audit.link), (SELECT sum(seq) FROM audit.head)")
                ).one()
            )

    before = counts()
    by = station.actor("t.volunteer")
    insert = text(
        "INSERT INTO app.event (station_id, name, subject_kind, subject_id, by_id) "
        "VALUES (:s, 'x.y', 'case', :c, :p)"
    )
    values = {"s": by.station_id, "c": uuid4(), "p": by.person_id}

    def fail() -> None:
        with web_db.transaction(by) as session:
            session.execute(insert, values)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert counts() == before
    with web_db.transaction(by) as session:
        session.execute(insert, values)
    assert counts() == (before[0] + 1, before[1] + 1)


def test_many_writers_of_one_chain_make_one_line(
    settings: Settings, station: Station, owner_db: Database
) -> None:
    web = Database(settings, WEB, pool_size=8)
    by, grid = station.actor("t.volunteer"), station.grids["C2"]

    def write() -> None:
        for _round in range(10):
            with web.transaction(by) as session:
                session.execute(
                    text(
                        "INSERT INTO app.event (station_id, name, subject_kind, subject_id, by_id, grid_id) "
                        "VALUES (:s, 'x.y', 'case', :c, :p, :g)"
                    ),
                    {"s": by.station_id, "c": uuid4(), "p": by.person_id, "g": grid},
                )

    threads = [Thread(target=write) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    web.dispose()
    with owner_db.transaction() as session:
        seqs = list(
            session.scalars(text("SELECT seq FROM audit.link WHERE chain = :g ORDER BY seq"), {"g": grid})
        )
    assert seqs == list(range(1, 81))
    assert breaks(settings) == []
