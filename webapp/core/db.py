"""The database's front door: engines per role, and the only place that commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from time import monotonic
from typing import Any, cast
from uuid import UUID

import psycopg2
from sqlalchemy import (
    URL,
    Connection,
    Date,
    DateTime,
    Engine,
    ForeignKeyConstraint,
    MetaData,
    String,
    Table,
    TextClause,
    Uuid,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction

from webapp.core import clock
from webapp.core.actor import Actor, context_token
from webapp.core.config import Settings
from webapp.core.postgres import Cluster

WEB, LOGIN, WORKER, MIGRATE = "shuangge_web", "shuangge_login", "shuangge_worker", "shuangge_migrate"

LOGIN_ROLES = (WEB, LOGIN, WORKER, MIGRATE)
IDLE_CHECK_S = 1.0


class Base(DeclarativeBase):
    """Parent of all tables of the schema `app`."""

    metadata = MetaData(
        schema="app",
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        },
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own form
        datetime: DateTime(timezone=True),
        date: Date(),
        UUID: Uuid(),
        str: String(),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
    }


def inside(target: str, column: str) -> ForeignKeyConstraint:
    """Return a foreign key that can't leave the station: (station_id, column) to (station_id, id)."""
    return ForeignKeyConstraint(["station_id", column], [f"app.{target}.station_id", f"app.{target}.id"])


def table_of(model: type[Base]) -> Table:
    """Return a model's plain table, for the hot path: no entity is built for the row."""
    return cast(Table, model.__table__)


def role_url(settings: Settings, role: str) -> URL:
    """Return the address of our database for one database role.

    Our own cluster knows the operating-system user behind the socket; an outside server is given the
    role's generated password.
    """
    if not settings.database_url:
        return make_url(Cluster(settings.home).url(role, settings.database))
    outside = make_url(settings.database_url)
    password = settings.secret(f"{role}.key").hex()
    return outside.set(drivername="postgresql+psycopg2", username=role, password=password)


_OWN = "shuangge"


class _Session(Session):
    """A session that tells the database who acts whenever a transaction of it begins."""


@event.listens_for(_Session, "after_begin")
def _enter(session: Session, begun: SessionTransaction, connection: Connection) -> None:
    database, actor = session.info[_OWN]
    # What a savepoint undoes is not what was said before it.
    if actor is not None and not begun.nested:
        connection.exec_driver_sql("SELECT set_config('app.ctx', %s, true)", (database.context(actor),))


def at_once(session: Session, query: TextClause, **values: Any) -> Any:
    """Run one statement that names its actor itself (`:ctx`); return its single value.

    While the session has not begun its transaction, the statement is one of its own: one message begins,
    writes and commits, so that what it locks is never held while this process computes or waits for its
    turn. What it wrote stays, whatever happens afterwards: fit only for what may be sent twice. In a session
    that has begun, the statement is part of that transaction. Call `on_disk` before anybody is told of it.
    """
    database, actor = session.info.get(_OWN, (None, None))
    if actor is None or session.in_transaction():
        return session.scalar(query, {**values, "ctx": None})
    return database.alone(query, {**values, "ctx": database.context(actor)})


def on_disk(session: Session) -> None:
    """Wait until all that this session may have seen or written at once is on the disk.

    The log is written in order, so a small entry that is synced now takes along everything before it, also
    what others wrote; many who wait together wait for one sync.
    """
    database, _actor = session.info.get(_OWN, (None, None))
    if database is not None:
        database.alone(_ENTRY, {})


_ENTRY = text("SELECT CAST(pg_logical_emit_message(true, 'shuangge', '') AS text)")


class Database:
    """The engines of one process. Make it after the fork: connections must not be shared."""

    def __init__(self, settings: Settings, role: str = WEB, pool_size: int | None = None) -> None:
        self.settings = settings
        self.role = role
        self._key = settings.secret("context.key")
        self.engine = _engine(role_url(settings, role), pool_size or settings.pool_size)
        # Connections of its own: switching one to and fro costs more than it saves.
        self._single = _engine(role_url(settings, role), 4, isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self, actor: Actor | None = None) -> Iterator[Session]:
        """Open a transaction as `actor`: leaving it commits, an exception rolls back.

        Without an actor row-level security shows nothing. The database hears of it with the first statement.
        """
        with _Session(self.engine, expire_on_commit=False, info={_OWN: (self, actor)}) as session:
            yield session
            session.commit()

    def context(self, actor: Actor) -> str:
        """Return the signed identity of an actor, good for a transaction that begins now."""
        return context_token(actor, self._key, int(clock.now().timestamp()))

    def row(self, query: TextClause, **values: Any) -> Any:
        """Read one row (or None) by itself, in one round trip: no transaction is opened around it."""
        with self._single.connect() as connection:
            return connection.execute(query, values).one_or_none()

    def alone(self, query: TextClause, values: Mapping[str, Any]) -> Any:
        """Run one statement as a transaction of its own; return its single value."""
        with self._single.connect() as connection:
            return connection.execute(query, values).scalar_one()

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._single.dispose()


def _engine(url: URL, pool_size: int, **options: Any) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        hide_parameters=True,  # no personal data in tracebacks and logs
        connect_args={"application_name": "shuangge", "connect_timeout": 5},
        **options,
    )
    event.listen(engine, "connect", _warm)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _check_idle)
    return engine


def _warm(connection: Any, _record: Any) -> None:
    """Let a fresh backend build its projection now: the first ST_Transform costs 21 ms, the second 0.2."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.ST_Transform(public.ST_SetSRID(public.ST_MakePoint(112, 37), 4326), 3857)"
        )
    connection.rollback()


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = monotonic()


def _check_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that lay idle whether it still lives; a busy one is not asked each time."""
    if monotonic() - record.info.get("used", 0.0) < IDLE_CHECK_S:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise DisconnectionError from error


def within_bbox(column: Any, box: tuple[float, float, float, float]) -> Any:
    """Return the condition `column && box` (west, south, east, north in WGS 84).

    Written out explicitly wherever rows are chosen by place: the operator is leakproof here, so it is
    the one spatial test that may use the index under row-level security.
    """
    return column.op("&&")(func.ST_MakeEnvelope(*box, 4326))
