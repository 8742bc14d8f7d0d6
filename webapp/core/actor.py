"""Who acts: the identity that a door hands down and the database checks."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

CONTEXT_LIFE_S = 30


@dataclass(frozen=True)
class Actor:
    """A person of a station in one role; `person_id` is None for the machine itself (worker, imports)."""

    station_id: UUID
    role: str
    person_id: UUID | None = None
    account_id: UUID | None = None
    session_id: UUID | None = None
    via: str = "session"


@dataclass(frozen=True)
class Identity:
    """Who a request comes from, and how far its token reaches."""

    actor: Actor
    name: str
    language: str
    scope: str = "all"


def context_token(actor: Actor, key: bytes, now_s: int) -> str:
    """Return the signed identity that row-level security believes.

    Text `person|station|role|expiry|mac`; mac is HMAC-SHA256 in hex over the first four. A plain setting
    would be forgeable by any injected SELECT; this one is not, for the web role can't read the key.
    """
    person = actor.person_id or ""
    text = f"{person}|{actor.station_id}|{actor.role}|{now_s + CONTEXT_LIFE_S}"
    return f"{text}|{hmac.new(key, text.encode(), sha256).hexdigest()}"
