"""Changes to persons, accounts and devices; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
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
from webapp.people.models import Contact, Device, Membership, Person, PointEntry, Station, Team
from webapp.people.queries import locked_station
from webapp.people.rules import CARD_DAYS, TARIFF, TOKEN_DAYS, password_problems, station_settings


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


def enrol_people(
    session: Session, batch_id: UUID, people: Sequence[Mapping[str, Any]], *, by: Actor
) -> list[UUID]:
    """Enter many persons at once; return the ids of the new ones, the known stay as they are.

    Each has id, name, category, and may have phone, minor, left_on. One event tells of the whole batch.
    """
    if not people:
        return []
    names = ("id", "name", "category")
    own = {"station_id": by.station_id}
    rows = [
        {**own, **{n: one[n] for n in names}, "minor": bool(one.get("minor")), "left_on": one.get("left_on")}
        for one in people
    ]
    new = list(session.scalars(insert(Person).on_conflict_do_nothing().returning(Person.id), rows))
    known = set(new)
    phones = [
        {**own, "person_id": one["id"], "phone": one["phone"]}
        for one in people
        if one.get("phone") and one["id"] in known
    ]
    if phones:
        session.execute(insert(Contact), phones)
    record(session, "people.batch_enrolled", kind="batch", subject=batch_id, by=by, count=len(new))
    return new


def enter_teams(
    session: Session, batch_id: UUID, teams: Sequence[Mapping[str, Any]], *, by: Actor
) -> list[UUID]:
    """Enter many teams at once (id, name, kind); return the ids of the new ones."""
    if not teams:
        return []
    rows = [{"station_id": by.station_id, **{n: t[n] for n in ("id", "name", "kind")}} for t in teams]
    new = list(session.scalars(insert(Team).on_conflict_do_nothing().returning(Team.id), rows))
    record(session, "people.teams_entered", kind="batch", subject=batch_id, by=by, count=len(new))
    return new


def join_teams(session: Session, batch_id: UUID, members: Sequence[Mapping[str, Any]], *, by: Actor) -> int:
    """Put many persons into teams (team_id, person_id, since_on, until_on, leader); return how many."""
    if not members:
        return 0
    names = ("team_id", "person_id", "since_on", "until_on", "leader")
    rows = [{"station_id": by.station_id, **{n: m[n] for n in names}} for m in members]
    done = insert(Membership).on_conflict_do_nothing().returning(Membership.person_id)
    count = len(session.scalars(done, rows).all())
    record(session, "people.teams_joined", kind="batch", subject=batch_id, by=by, count=count)
    return count


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


def set_station(session: Session, changes: Mapping[str, Any], *, by: Actor) -> Station:
    """Set what the actor's station allows (see `station_settings`); what is not named stays as it is.

    The same again changes nothing. The event holds the old and the new values of what was changed.
    """
    home = locked_station(session, by)
    old = station_settings(home.settings)
    wish = {**old, **changes, "open311": {**old["open311"], **changes.get("open311", {})}}
    new = {name: value for name, value in wish.items() if value != old[name]}
    if new:
        home.settings = {**home.settings, **new}
        before = {name: old[name] for name in new}
        record(session, "people.station_set", kind="station", subject=home.id, by=by, old=before, new=new)
    return home
