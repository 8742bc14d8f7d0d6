"""HTTP Digest (RFC 2617: MD5, qop `auth` or none): challenge, signed nonce, check of an answer."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import md5, sha256
from urllib.parse import parse_qsl, unquote, urlsplit

from webapp.core.security import same

REALM = "shuangge"
NONCE_LIFE_S = 600
_MEMBER = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))\s*(?:,|\Z)')
_COUNT = re.compile(r"[0-9a-f]{8}\Z")
_MEMBERS = ("username", "realm", "nonce", "uri", "response")


@dataclass(frozen=True)
class Answer:
    """What a client says in its Authorization header; `qop` is auth or empty."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    qop: str = ""
    nc: str = ""
    cnonce: str = ""

    def proves(self, ha1: str, method: str) -> bool:
        """Say whether the response was made with the secret behind `ha1` for this method and address."""
        ha2 = _md5(f"{method}:{self.uri}")
        middle = f"{self.nc}:{self.cnonce}:{self.qop}:" if self.qop else ""
        return same(_md5(f"{ha1}:{self.nonce}:{middle}{ha2}"), self.response.lower())

    def fits(self, path: str, query: list[tuple[str, str]]) -> bool:
        """Say whether the answer was made for this path and query."""
        said = urlsplit(self.uri)
        return unquote(said.path) == path and parse_qsl(said.query, keep_blank_values=True) == query


def ha1(username: str, secret: str) -> str:
    """Return what is stored to check a Digest: md5 of user, realm and secret, in hex."""
    return _md5(f"{username}:{REALM}:{secret}")


def parsed(header: str) -> Answer | None:
    """Read an Authorization header of the scheme Digest; None when it is not one that we can check."""
    scheme, _blank, rest = header.partition(" ")
    said = dict(_members(rest)) if scheme.lower() == "digest" else {}
    if any(not said.get(name) for name in _MEMBERS) or said.get("algorithm", "MD5").upper() != "MD5":
        return None
    qop, nc, cnonce = said.get("qop", ""), said.get("nc", "").lower(), said.get("cnonce", "")
    if qop not in ("", "auth") or (qop and not (_COUNT.match(nc) and cnonce)):
        return None
    user, realm, fresh, uri, response = (said[name] for name in _MEMBERS)
    # Without qop the response says nothing of a count: one that stands beside it could be anybody's.
    return Answer(user, realm, fresh, uri, response, qop, nc if qop else "", cnonce)


def _members(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while found := _MEMBER.match(text, at):
        quoted = found.group(2)
        value = found.group(3) if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        yield found.group(1).lower(), value
        at = found.end()


def nonce(key: bytes, now_s: int, salt: str) -> str:
    """Return a nonce that says when it was made and proves that we made it."""
    text = f"{now_s:x}.{salt}"
    return f"{text}.{_mark(key, text)}"


def nonce_age_s(key: bytes, given: str, now_s: int) -> int | None:
    """Return the age of a nonce in seconds; None for one that we did not make."""
    text, _dot, mark = given.rpartition(".")
    if not same(_mark(key, text), mark):
        return None
    return now_s - int(text.partition(".")[0], 16)


def challenge(fresh: str, *, stale: bool = False) -> str:
    """Return the WWW-Authenticate header; `stale` lets the client try again without asking its user."""
    said = f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{fresh}"'
    return f"{said}, stale=true" if stale else said


def _mark(key: bytes, text: str) -> str:
    return hmac.new(key, f"digest|{text}".encode(), sha256).hexdigest()[:32]


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
