"""Changes to persons, accounts and devices; each records one event."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core import clock, digest_auth
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Refused
from webapp.core.events import record
from webapp.core.security import hash_password, new_secret
from webapp.people.models import Contact, Device, Person, PointEntry
from webapp.people.rules import CARD_DAYS, TARIFF, TOKEN_DAYS, password_problems


def enrol_person(
    session: Session, person_id: UUID, *, name: str, category: str, phone: str | None, by: Actor
) -> Person:
    """Enter a person into the station's register."""
    person = Person(id=person_id, station_id=by.station_id, name=name, category=category)
    session.add(person)
    session.flush()
    if phone:
        session.add(Contact(person_id=person_id, station_id=by.station_id, phone=phone))
    record(session, "people.enrolled", kind="person", subject=person_id, by=by, category=category)
    return person


def open_account(
    session: Session, person_id: UUID, *, username: str, role: str, password: str, by: Actor
) -> UUID:
    """Give a person a login. Raises Refused for a weak password."""
    problems = password_problems(password, username)
    if problems:
        raise Refused(problems=problems)
    account_id = uuid4()
    session.execute(
        text("SELECT app.open_account(:a, :p, :u, :r, :h)"),
        {"a": account_id, "p": person_id, "u": username, "r": role, "h": hash_password(password)},
    )
    record(session, "people.account_opened", kind="person", subject=person_id, by=by, role=role)
    return account_id


def add_device(session: Session, device_id: UUID, *, label: str, scope: str, by: Actor) -> tuple[Device, str]:
    """Add a device with a token of its own; return it and the token, which is shown once."""
    device = Device(id=device_id, station_id=by.station_id, person_id=by.person_id, label=label)
    session.add(device)
    session.flush()
    secret = _issue(session, by, device_id, scope, TOKEN_DAYS)
    record(session, "people.device_added", kind="device", subject=device_id, by=by, scope=scope)
    return device, secret


def invite_phone(session: Session, *, by: Actor) -> str:
    """Return a one-time code that signs the actor in on another phone within ten minutes."""
    secret = _issue(session, by, None, "enrol", 1)
    record(session, "people.phone_invited", kind="person", subject=by.person_id or by.station_id, by=by)
    return secret


def make_card(session: Session, person_id: UUID, *, by: Actor) -> tuple[str, datetime]:
    """Return a one-time code to be printed for a volunteer or grid worker, and the end of its life.

    An older card of the person that was not used ends. Raises Refused 'no_card' for anybody else.
    """
    secret, hashed = new_secret()
    until = session.scalar(
        text("SELECT app.issue_card(:p, :t, :h, :d)"),
        {"p": person_id, "t": uuid4(), "h": hashed, "d": CARD_DAYS},
    )
    if until is None:
        raise Refused("no_card")
    record(session, "people.card_issued", kind="person", subject=person_id, by=by, days=CARD_DAYS)
    return secret, until


def _issue(session: Session, by: Actor, device_id: UUID | None, scope: str, days: int) -> str:
    secret, hashed = new_secret()
    token = uuid4()
    session.execute(
        text("SELECT app.issue_token(:p, :t, :d, :h, :s, :days)"),
        {"p": by.person_id, "t": token, "d": device_id, "h": hashed, "s": scope, "days": days},
    )
    if device_id is not None:
        # Form apps may speak nothing better than Digest, whose check can't be made from a SHA-256.
        name = session.scalar(text("SELECT app.username_of(:p)"), {"p": by.person_id})
        kept = {"t": token, "h": digest_auth.ha1(name or "", secret)}
        session.execute(text("SELECT app.keep_digest(:t, :h)"), kept)
    return secret


def revoke_device(session: Session, device: Device, *, by: Actor) -> Device:
    """End a device's token at once."""
    session.execute(text("SELECT app.revoke_device(:d)"), {"d": device.id})
    device.revoked_at = clock.now()
    record(session, "people.device_revoked", kind="device", subject=device.id, by=by)
    return device


def award_points(session: Session, person: Person, reason: str, case_id: UUID, *, by: Actor) -> bool:
    """Give a person the tariff's points for a case, once for each reason; say whether it was new."""
    earned = {"person_id": person.id, "reason": reason, "case_id": case_id, "points": TARIFF[reason]}
    if session.scalar(_AWARD, {"station_id": person.station_id, **earned}) is None:
        return False
    points = TARIFF[reason]
    record(
        session,
        "people.points_awarded",
        kind="person",
        subject=person.id,
        by=by,
        reason=reason,
        points=points,
    )
    return True


_AWARD = insert(table_of(PointEntry)).on_conflict_do_nothing().returning(table_of(PointEntry).c.id)
