"""Tables of stations, persons, teams and devices; the schema `auth` holds what only the login may see."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.db import Base, inside


class Station(Base):
    """A police station: the tenant. Two stations in one database never see each other."""

    __tablename__ = "station"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[dict[str, Any]]
    # Large, and wanted by few: read only when asked for.
    ground: Mapped[Any | None] = mapped_column(
        Geometry("MULTIPOLYGON", 4326, spatial_index=False), nullable=True, deferred=True
    )
    synthetic: Mapped[bool] = mapped_column(server_default="false")
    credit: Mapped[str] = mapped_column(server_default="")
    settings: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Person(Base):
    """A member of the station's work. `category` is what they are, the account's role what they may do."""

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("station_id", "id"),
        Index("ix_person_station_id_category", "station_id", "category"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    name: Mapped[str]
    category: Mapped[str]
    minor: Mapped[bool] = mapped_column(server_default="false")
    left_on: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Contact(Base):
    """How to reach a person: apart from the name, for a narrower circle sees it."""

    __tablename__ = "contact"
    __table_args__ = (inside("person", "person_id"),)

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), index=True)
    phone: Mapped[str]


class Team(Base):
    """A squad, mediation team or other group of persons."""

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("station_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id), index=True)
    name: Mapped[str]
    kind: Mapped[str]


class Membership(Base):
    """A person in a team, from a day on."""

    __tablename__ = "membership"
    __table_args__ = (inside("team", "team_id"), inside("person", "person_id"))

    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    leader: Mapped[bool] = mapped_column(server_default="false")
    since_on: Mapped[date]
    until_on: Mapped[date | None]


class Device(Base):
    """A phone or program that acts for a person; its token lives in `auth.token`."""

    __tablename__ = "device"
    __table_args__ = (inside("person", "person_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID] = mapped_column(ForeignKey(Station.id))
    person_id: Mapped[UUID] = mapped_column(index=True)
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class PointEntry(Base):
    """Points that a person earned, once for each reason and case; only the machine writes them."""

    __tablename__ = "point_entry"
    __table_args__ = (
        UniqueConstraint("person_id", "reason", "case_id"),
        inside("person", "person_id"),
        inside("case_file", "case_id"),
        Index("ix_point_entry_station_id_at", "station_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    station_id: Mapped[UUID]
    person_id: Mapped[UUID]
    points: Mapped[int]
    reason: Mapped[str]
    case_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class Account(Base):
    """A login: one per person. Only the login role and definer functions reach it."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("username = lower(username)", name="username_lower"),
        {"schema": "auth"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    station_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(unique=True)
    username: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password_hash: Mapped[str | None]
    language: Mapped[str] = mapped_column(server_default="zh")
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class LoginSession(Base):
    """A browser's session; the cookie holds the secret, the row its SHA-256."""

    __tablename__ = "session"
    __table_args__ = ({"schema": "auth"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), index=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ended_at: Mapped[datetime | None]
    client: Mapped[str] = mapped_column(server_default="")


class Token(Base):
    """A device's bearer token, stored as its SHA-256; `scope` is 'all', 'submit' or 'enrol'."""

    __tablename__ = "token"
    __table_args__ = ({"schema": "auth"},)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), index=True)
    device_id: Mapped[UUID | None]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scope: Mapped[str]
    # Digest's HA1 (RFC 2617: md5 of user, realm and secret, hex): form apps that speak nothing better.
    ha1: Mapped[str | None]
    # Printed on paper: lives until it expires, where the code of a screen lives ten minutes.
    card: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class DigestUse(Base):
    """A use of a Digest nonce: the same count is never taken twice; without qop the count is empty."""

    __tablename__ = "digest_use"
    __table_args__ = ({"schema": "auth"},)

    nonce: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Throttle(Base):
    """How often a thing was tried in the present window."""

    __tablename__ = "throttle"
    __table_args__ = ({"schema": "auth"},)

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_at: Mapped[datetime]
    hits: Mapped[int]


class Spent(Base):
    """Marks that are good for one use only, until their time is over anyway."""

    __tablename__ = "spent"
    __table_args__ = ({"schema": "auth"},)

    mark: Mapped[str] = mapped_column(primary_key=True)
    until_at: Mapped[datetime] = mapped_column(index=True)


class Access(Base):
    """Sign-ins that worked and that failed, for the audit admin."""

    __tablename__ = "access"
    __table_args__ = ({"schema": "auth"},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account_id: Mapped[UUID | None]
    result: Mapped[str]
    client: Mapped[str] = mapped_column(server_default="")
