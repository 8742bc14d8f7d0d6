"""What a request shows to prove whose it is: a bearer token or the session's cookie."""

from __future__ import annotations

from flask import Request, Response, request

from webapp.core.actor import Identity
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.people import logins


def cookie_name(settings: Settings) -> str:
    """Return the session cookie's name; the __Host- prefix needs HTTPS."""
    return "__Host-shuangge" if settings.secure_cookies else "shuangge"


def identify(login: Database, settings: Settings) -> Identity | None:
    """Return who sent the present request, by bearer token or session cookie; None for nobody."""
    key = open311_key(request)
    if key:
        return logins.by_token(login, key)
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return logins.by_token(login, header.removeprefix("Bearer ").strip())
    secret = request.cookies.get(cookie_name(settings))
    return logins.by_session(login, settings, secret) if secret else None


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
