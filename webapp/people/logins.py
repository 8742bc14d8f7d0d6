"""Signing in: the only module that speaks as the login role, which sees nothing but the schema auth."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from time import monotonic
from typing import Any, cast
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core import clock, digest_auth
from webapp.core.actor import Actor, Identity
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.core.errors import NotAuthenticated, Refused, TooMany
from webapp.core.security import (
    digest,
    hash_password,
    needs_rehash,
    neighbourhood,
    new_secret,
    password_matches,
)
from webapp.people.rules import (
    ENROL_MINUTES,
    FAILURES_ALLOWED,
    LOCK_MINUTES,
    PHONE_IDLE_S,
    PHONE_MAX_S,
    PHONE_ROLES,
    PROVEN_LIMIT,
    PROVEN_S,
    TOKEN_DAYS,
)

_SESSION = text("""
    SELECT s.id AS session_id, a.id, a.station_id, a.person_id, a.username, a.role, a.language,
           s.seen_at, s.created_at
    FROM auth.session s JOIN auth.account a ON a.id = s.account_id
    WHERE s.secret_hash = :hash AND s.ended_at IS NULL AND a.disabled_at IS NULL""")
_TOKEN = text("SELECT * FROM auth.by_token(:hash)")
_DIGESTS = text("SELECT * FROM auth.digests_of(:login)")
# Passwords that an app sends with each request: user and proof, to the hash that it matched and until when.
_proven: dict[bytes, tuple[str, float]] = {}


def by_token(login: Database, secret: str) -> Identity:
    """Return whom a device's token stands for; raise NotAuthenticated for a closed or foreign one."""
    row = login.row(_TOKEN, hash=digest(secret))
    if row is None:
        raise NotAuthenticated()
    return _owner(login, row, "token", row.scope)


def _owner(login: Database, row: Any, via: str, scope: str) -> Identity:
    """Return whom a token's row stands for; notes that the token is in use."""
    if row.seen_at is None or clock.now() - row.seen_at > timedelta(hours=1):
        # A token in use never runs out: its ninety days start anew.
        with login.transaction() as session:
            session.execute(
                text(
                    "UPDATE auth.token SET seen_at = now(), "
                    "expires_at = now() + make_interval(days => :d) WHERE id = :id"
                ),
                {"id": row.token_id, "d": TOKEN_DAYS},
            )
    actor = Actor(row.station_id, row.role, row.person_id, row.id, None, via)
    return Identity(actor, row.username, row.language, scope)


def by_basic(
    login: Database, settings: Settings, username: str, secret: str, client: str, address: str
) -> Identity:
    """Return whom user name and device token, or password, stand for: to send and fetch, no more.

    Raises NotAuthenticated, or TooMany as `sign_in` does.
    """
    name = username.strip().lower()
    row = login.row(_TOKEN, hash=digest(secret))
    if row is not None:
        if row.username != name:
            raise NotAuthenticated()
        return _owner(login, row, "basic", "submit")
    account = _proven_account(login, settings, name, secret)
    if account is None:
        try:
            account = _checked(login, name, secret, client, address)
        except Refused as error:
            raise NotAuthenticated() from error
        _remember(settings, name, secret, account.password_hash)
    actor = Actor(account.station_id, account.role, account.person_id, account.id, None, "basic")
    return Identity(actor, account.username, account.language, "submit")


def _proven_account(login: Database, settings: Settings, name: str, password: str) -> Any:
    """Return the account whose password was right a moment ago and has not changed since; else None."""
    known, until = _proven.get(_proof(settings, name, password), ("", 0.0))
    if until < monotonic():
        return None
    with login.transaction() as session:
        row = session.execute(
            text("SELECT * FROM auth.account WHERE username = :u AND disabled_at IS NULL"), {"u": name}
        ).one_or_none()
    return row if row is not None and row.password_hash == known else None


def _remember(settings: Settings, name: str, password: str, password_hash: str) -> None:
    if len(_proven) > PROVEN_LIMIT:
        _proven.clear()
    _proven[_proof(settings, name, password)] = (password_hash, monotonic() + PROVEN_S)


def _proof(settings: Settings, name: str, password: str) -> bytes:
    return hmac.new(settings.secret("csrf.key"), f"basic|{name}|{password}".encode(), sha256).digest()


def by_digest(
    login: Database, settings: Settings, answer: digest_auth.Answer, method: str, fits: bool
) -> Identity:
    """Return whom a Digest answer stands for: to send and fetch, no more.

    Raises NotAuthenticated; with `stale` when only the nonce is too old or was used with this count before.
    """
    now = int(clock.now().timestamp())
    age = digest_auth.nonce_age_s(settings.secret("csrf.key"), answer.nonce, now)
    if age is None or not fits or answer.realm != digest_auth.REALM:
        raise NotAuthenticated()
    with login.transaction() as session:
        rows = session.execute(_DIGESTS, {"login": answer.username.strip().lower()}).all()
    found = next((row for row in rows if answer.proves(row.ha1, method)), None)
    if found is None:
        raise NotAuthenticated()
    if age > digest_auth.NONCE_LIFE_S or not _first_use(login, answer):
        raise NotAuthenticated(stale=True)
    return _owner(login, found, "digest", "submit")


def _first_use(login: Database, answer: digest_auth.Answer) -> bool:
    """Note the use of a nonce; False when it was used with this count before.

    Without qop there is no count, so such a nonce is good once: whoever heard the answer could repeat it.
    """
    with login.transaction() as session:
        if answer.nc in ("", "00000001"):
            session.execute(
                text("DELETE FROM auth.digest_use WHERE at < now() - make_interval(secs => :s)"),
                {"s": 2 * digest_auth.NONCE_LIFE_S},
            )
        new = session.scalar(
            text("""INSERT INTO auth.digest_use (nonce, count) VALUES (:n, :c)
                ON CONFLICT DO NOTHING RETURNING true"""),
            {"n": answer.nonce, "c": answer.nc},
        )
    return bool(new)


def by_session(login: Database, settings: Settings, secret: str) -> Identity | None:
    """Return whom a session stands for, None when it has ended or its time is over."""
    with login.transaction() as session:
        row = session.execute(_SESSION, {"hash": digest(secret)}).one_or_none()
        if row is None:
            return None
        idle, whole = session_life(settings, row.role)
        now = clock.now()
        if now - row.seen_at > timedelta(seconds=idle) or now - row.created_at > timedelta(seconds=whole):
            _end(session, row.session_id)
            return None
        if now - row.seen_at > timedelta(seconds=60):
            session.execute(
                text("UPDATE auth.session SET seen_at = now() WHERE id = :id"), {"id": row.session_id}
            )
    actor = Actor(row.station_id, row.role, row.person_id, row.id, row.session_id, "session")
    return Identity(actor, row.username, row.language)


def session_life(settings: Settings, role: str) -> tuple[int, int]:
    """Return (idle, absolute) seconds of a session of this role."""
    if role in PHONE_ROLES:
        return PHONE_IDLE_S, PHONE_MAX_S
    return settings.session_idle_s, settings.session_max_s


def sign_in(login: Database, username: str, password: str, client: str, address: str) -> tuple[str, Any]:
    """Check a password; return the new session's secret and the account row.

    Raises Refused 'bad_credentials' (the same for an unknown user), or TooMany 'locked' after ten
    failures; an address may try 60 times in 15 minutes.
    """
    row = _checked(login, username, password, client, address)
    with login.transaction() as session:
        return _open(session, row.id, client), row


def _checked(login: Database, username: str, password: str, client: str, address: str) -> Any:
    """Return the account row of a right password; raises as `sign_in`."""
    throttle(login, f"login:{neighbourhood(address)}", 60, 900)
    row = _counted_try(login, username.strip().lower())
    good = password_matches(row.password_hash if row is not None else None, password)
    if row is None or not good or row.disabled_at:
        with login.transaction() as session:
            _note(session, row.id if row is not None else None, "refused", client)
        raise Refused("bad_credentials")
    with login.transaction() as session:
        if needs_rehash(row.password_hash):
            session.execute(
                text("UPDATE auth.account SET password_hash = :h WHERE id = :id"),
                {"h": hash_password(password), "id": row.id},
            )
        session.execute(
            text("UPDATE auth.account SET failures = 0, locked_until = NULL WHERE id = :id"), {"id": row.id}
        )
    return row


def _counted_try(login: Database, username: str) -> Any:
    """Return the account row, None for an unknown user; raise TooMany while the account is locked.

    The try counts as a failure before the password is looked at and success clears the count, so that many
    tries at one moment can't slip past the limit together.
    """
    with login.transaction() as session:
        row = session.execute(
            text("""UPDATE auth.account SET failures = failures + 1,
                locked_until = CASE WHEN (failures + 1) % :allowed = 0
                    THEN now() + make_interval(mins => :m) ELSE locked_until END
                WHERE username = :u AND (locked_until IS NULL OR locked_until <= now()) RETURNING *"""),
            {"allowed": FAILURES_ALLOWED, "m": LOCK_MINUTES, "u": username},
        ).one_or_none()
        until = None
        if row is None:
            until = session.scalar(
                text("SELECT locked_until FROM auth.account WHERE username = :u"), {"u": username}
            )
    if until is not None:
        rest = max(1, int((until - clock.now()).total_seconds()))
        raise TooMany("locked", minutes=rest // 60 + 1, retry_after=rest)
    return row


def _open(session: Session, account_id: UUID, client: str) -> str:
    secret, hashed = new_secret()
    session.execute(
        text("INSERT INTO auth.session (id, account_id, secret_hash, client) VALUES (:id, :a, :h, :c)"),
        {"id": uuid4(), "a": account_id, "h": hashed, "c": client[:200]},
    )
    _note(session, account_id, "signed_in", client)
    return secret


def _note(session: Session, account_id: UUID | None, result: str, client: str) -> None:
    session.execute(
        text("INSERT INTO auth.access (account_id, result, client) VALUES (:a, :r, :c)"),
        {"a": account_id, "r": result, "c": client[:200]},
    )


def sign_out(login: Database, session_id: UUID) -> None:
    """End a session at once."""
    with login.transaction() as session:
        _end(session, session_id)


def _end(session: Session, session_id: UUID) -> None:
    session.execute(text("UPDATE auth.session SET ended_at = now() WHERE id = :id"), {"id": session_id})


def enrol(login: Database, code: str, client: str) -> tuple[str, Any]:
    """Exchange a one-time code (a QR of ten minutes, a printed card) for a session on this phone.

    Raises Refused 'enrol_used' for a code that is used, old or unknown.
    """
    with login.transaction() as session:
        row = session.execute(
            text("""UPDATE auth.token t SET revoked_at = now() FROM auth.account a
                WHERE t.secret_hash = :h AND t.scope = 'enrol' AND t.revoked_at IS NULL
                  AND t.expires_at > now()
                  -- Whoever rose since the card was printed signs in by password: paper is found by others.
                  AND (t.card AND a.role IN ('volunteer', 'grid_worker')
                       OR NOT t.card AND t.created_at > now() - make_interval(mins => :m))
                  AND a.id = t.account_id AND a.disabled_at IS NULL
                RETURNING a.id, a.role"""),
            {"h": digest(code), "m": ENROL_MINUTES},
        ).one_or_none()
        if row is None:
            raise Refused("enrol_used")
        return _open(session, row.id, client), row


def throttle(login: Database, bucket: str, limit: int, window_s: int) -> None:
    """Count one try in a bucket; raise TooMany above `limit` tries in `window_s` seconds."""
    with login.transaction() as session:
        row = session.execute(
            text("""INSERT INTO auth.throttle AS t (bucket, window_at, hits) VALUES (:b, now(), 1)
                ON CONFLICT (bucket) DO UPDATE SET (hits, window_at) = (
                    SELECT CASE WHEN old THEN 1 ELSE t.hits + 1 END,
                           CASE WHEN old THEN now() ELSE t.window_at END
                    FROM (SELECT t.window_at < now() - make_interval(secs => :w) AS old) x)
                RETURNING hits,
                    extract(epoch FROM window_at + make_interval(secs => :w) - now())::int AS rest"""),
            {"b": bucket, "w": window_s},
        ).one()
    if row.hits > limit:
        raise TooMany(retry_after=max(1, row.rest))


def hits(login: Database, bucket: str, window_s: int) -> int:
    """Return how often a bucket was tried in its present window, without counting."""
    found = login.row(
        text("""SELECT hits FROM auth.throttle
            WHERE bucket = :b AND window_at >= now() - make_interval(secs => :w)"""),
        b=bucket,
        w=window_s,
    )
    return found.hits if found else 0


def spend(login: Database, mark: str, until: datetime) -> bool:
    """Use up a mark that is good once; False when it was used before.

    Marks whose time is over go, and with them what was counted a day ago: no window is as long.
    """
    with login.transaction() as session:
        session.execute(text("DELETE FROM auth.spent WHERE until_at < now()"))
        session.execute(text("DELETE FROM auth.throttle WHERE window_at < now() - interval '1 day'"))
        row = session.execute(
            text("""INSERT INTO auth.spent (mark, until_at) VALUES (:m, :u)
                ON CONFLICT (mark) DO NOTHING RETURNING 1"""),
            {"m": mark, "u": until},
        ).one_or_none()
    return row is not None


def open_stations(login: Database) -> list[Any]:
    """Return (id, code, name, synthetic) of the stations, for the page where a resident chooses one."""
    with login.transaction() as session:
        return list(session.execute(text("SELECT * FROM auth.open_stations()")))


def station_of_place(login: Database, code: str) -> UUID | None:
    """Return the station whose place bears a code, None for an unknown or closed one."""
    found = login.row(text("SELECT auth.station_of_place(:c) AS id"), c=code)
    return cast("UUID | None", found.id)


def station_of_ticket(login: Database, code: str) -> UUID | None:
    """Return the station that a tracking code leads to, None for an unknown one."""
    found = login.row(text("SELECT auth.station_of_ticket(:h) AS id"), h=digest(code))
    return cast("UUID | None", found.id)
