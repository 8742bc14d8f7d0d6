"""What a request shows to prove whose it is: a token, the session's cookie, or an app's Basic or Digest."""

from __future__ import annotations

import base64

from flask import Request, Response, request

from webapp.core import digest_auth
from webapp.core.actor import Identity
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.core.errors import Forbidden, NotAuthenticated
from webapp.people import logins

# Below this apps sign in by a token in the address, by Basic or by Digest.
OPENROSA = "/or/"


def cookie_name(settings: Settings) -> str:
    """Return the session cookie's name; the __Host- prefix needs HTTPS."""
    return "__Host-shuangge" if settings.secure_cookies else "shuangge"


def identify(login: Database, settings: Settings) -> Identity | None:
    """Return who sent the present request; None for nobody."""
    if request.path.startswith(OPENROSA) and (request.view_args or {}).get("token"):
        return _by_path(login)
    key = open311_key(request)
    if key:
        return logins.by_token(login, key)
    header = request.headers.get("Authorization", "")
    if request.path.startswith(OPENROSA) and header.lower().startswith(("basic ", "digest ")):
        return _by_app(login, settings, header)
    if header.startswith("Bearer "):
        return logins.by_token(login, header.removeprefix("Bearer ").strip())
    secret = request.cookies.get(cookie_name(settings))
    return logins.by_session(login, settings, secret) if secret else None


def _by_path(login: Database) -> Identity:
    """Return whom the token in the address stands for; raise Forbidden, for 401 would ask for a password."""
    try:
        return logins.by_token(login, str((request.view_args or {})["token"]))
    except NotAuthenticated as error:
        raise Forbidden("token_unknown") from error


def _by_app(login: Database, settings: Settings, header: str) -> Identity:
    """Return whom a form app's Basic or Digest stands for; raise NotAuthenticated or TooMany."""
    if header[:6].lower() == "digest":
        answer = digest_auth.parsed(header)
        if answer is None:
            raise NotAuthenticated()
        fits = answer.fits(request.path, list(request.args.items(multi=True)))
        return logins.by_digest(login, settings, answer, request.method, fits)
    name, secret = _basic(header)
    return logins.by_basic(login, settings, name, secret, client_of(request), request.remote_addr or "")


def _basic(header: str) -> tuple[str, str]:
    try:
        said = base64.b64decode(header[6:].strip(), validate=True).decode()
    except ValueError as error:
        raise NotAuthenticated() from error
    name, colon, secret = said.partition(":")
    if not colon or "\0" in said or len(said) > 300:
        raise NotAuthenticated()
    return name, secret


def open311_key(req: Request) -> str:
    """Return the api_key of an Open311 client, in query or form: a device's token; empty elsewhere."""
    return req.values.get("api_key", "").strip() if req.path.startswith("/open311/") else ""


def set_cookie(response: Response, settings: Settings, secret: str, role: str) -> None:
    """Hand the session's secret to the browser."""
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=logins.session_life(settings, role)[1],
        httponly=True,
        samesite="Lax",
        secure=settings.secure_cookies,
        path="/",
    )


def client_of(req: Request) -> str:
    """Return what the browser says it is, shortened."""
    return req.headers.get("User-Agent", "")[:200]
