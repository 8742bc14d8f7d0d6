"""Passwords, secrets and the marks that prove them."""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_PASSWORD = 12

# 19 MiB, 2 passes: OWASP's figure for argon2id; with the library's 64 MiB, 16 logins would take 1 GiB.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_slots = BoundedSemaphore(4)
_NOBODY = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    with _slots:
        return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Say whether the password fits; takes the same time when there is no such account."""
    with _slots:
        try:
            return _hasher.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Say whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def new_secret() -> tuple[str, bytes]:
    """Return a fresh 256-bit secret as text and what is stored of it."""
    text = secrets.token_urlsafe(32)
    return text, digest(text)


def new_signing_key() -> str:
    """Return a fresh key to sign with, in the form of Standard Webhooks: whsec_ and 32 bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def new_mark() -> str:
    """Return a fresh mark of 64 bits for something that is good once."""
    return secrets.token_hex(8)


def riddle() -> tuple[int, int]:
    """Return two numbers from one to nine for a question that is asked of a person."""
    return secrets.choice(range(1, 10)), secrets.choice(range(1, 10))


def digest(secret: str) -> bytes:
    """Return the SHA-256 under which a session or token secret is stored."""
    return sha256(secret.encode()).digest()


def form_mark(key: bytes, session_id: object) -> str:
    """Return the anti-forgery mark of a session for forms and the X-CSRF-Token header."""
    return hmac.new(key, f"csrf|{session_id}".encode(), sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def neighbourhood(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or the leading 64 bits of an IPv6 one.

    A server that listens on both sees IPv4 addresses inside IPv6 ones: they are not one network.
    """
    try:
        known = ip_address(address)
    except ValueError:
        return address[:60]
    if isinstance(known, IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Network((int(known) >> 64 << 64, 64)))
