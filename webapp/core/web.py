"""What every door shares: identity, transaction, language, headers, limits."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from threading import BoundedSemaphore
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import orjson
import structlog
from flask import Flask, Response, current_app, g, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import MultiDict

from collectors.records import Refused as Unreadable
from webapp.core import i18n
from webapp.core.actor import Actor, Identity
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.core.errors import (
    AppError,
    BadRequest,
    CrossSite,
    Forbidden,
    NotAuthenticated,
    Problem,
    Refused,
    TooLarge,
)
from webapp.core.files import BlobStore
from webapp.core.forms import FormRequest
from webapp.core.live import Hub
from webapp.core.schema import problem_said
from webapp.core.security import form_mark, same

R = TypeVar("R")
log = structlog.get_logger()

SAFE = ("GET", "HEAD", "OPTIONS")
APPS = ("basic", "digest")
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_TURNS = BoundedSemaphore(4)


@dataclass(frozen=True)
class Site:
    """What one web process holds: made once in `create_app`, found through `site()`."""

    settings: Settings
    database: Database
    login: Database
    blobs: BlobStore
    hub: Hub
    identify: Callable[[Database, Settings], Identity | None]
    # How protocols of others say that something is wrong, by the beginning of their addresses.
    error_forms: Mapping[str, Callable[[AppError], Response]] = field(default_factory=dict)


def site() -> Site:
    """Return this process's Site."""
    return cast(Site, current_app.extensions["shuangge"])


def identity() -> Identity | None:
    """Return who asks, looked up once per request."""
    if "identity" not in g:
        g.identity = site().identify(site().login, site().settings)
    return cast("Identity | None", g.identity)


def scope() -> str:
    """Return what the asker's token is for: all, submit or enrol; a session is for all."""
    who = identity()
    return who.scope if who is not None else ""


def door(
    *roles: str,
    scope: str = "all",
    stranger: Callable[[Database], Actor] | None = None,
    only_strangers: bool = False,
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Make a view a door: it finds the actor, checks role and origin, opens the transaction, commits.

    The view receives `session` and `by`. `roles` empty means every signed-in person. A token of narrower
    scope opens only the doors of that scope. `stranger` says as whom somebody acts who has not signed in
    (a resident at a station's public page); without it such a one is turned away. With `only_strangers` who
    has signed in comes as a stranger too: an officer who opens another station's page. Everything that the
    view returns is encoded inside the transaction when the encoding decorator stands below this one.
    """

    def wrap(view: Callable[..., R]) -> Callable[..., R]:
        @wraps(view)
        def inner(*args: Any, **kwargs: Any) -> R:
            by = _admitted(roles, scope, stranger, only_strangers)
            with _body_and_turn(), site().database.transaction(by) as session:
                return view(*args, session=session, by=by, **kwargs)

        inner.__dict__["door"] = {"roles": roles, "scope": scope, "stranger": stranger is not None}
        return inner

    return wrap


def _admitted(
    roles: tuple[str, ...], scope: str, stranger: Callable[[Database], Actor] | None, only_strangers: bool
) -> Actor:
    """Return who may come in; raise NotAuthenticated, Forbidden or CrossSite."""
    who = None if only_strangers else identity()
    if who is None and stranger is None:
        raise NotAuthenticated()
    check_origin(who)
    if who is None:
        return cast("Callable[[Database], Actor]", stranger)(site().login)
    if (roles and who.actor.role not in roles) or who.scope not in ("all", scope):
        raise Forbidden()
    return who.actor


@contextmanager
def _body_and_turn() -> Iterator[None]:
    """Take the whole body in before anything is opened, then wait for one of a few turns to change something.

    A slow phone holds no connection and no turn while it sends. More changes at once than turns would only
    wait for each other inside the database, in no order.
    """
    if request.method in SAFE:
        yield
        return
    if request.mimetype in FORMS:
        request.files  # noqa: B018 - reading it parses the form
    else:
        request.get_data(cache=True)
    with _TURNS:
        yield


def check_origin(who: Identity | None) -> None:
    """Refuse a changing request that another site's page made, or that lacks the form's mark.

    A bearer token is proof enough: browsers never add it by themselves. Basic and Digest they may add, so
    its origin counts; form apps send none, and can't have the mark of a form.
    """
    if request.method in SAFE or (who is not None and who.actor.via == "token"):
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise CrossSite()
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CrossSite()
    if (
        who is not None
        and who.actor.via not in APPS
        and not same(request.headers.get("X-CSRF-Token") or request.form.get("csrf", ""), csrf_mark())
    ):
        raise CrossSite()


def map_background() -> dict[str, str]:
    """Return the base map's address and credit; small maps go without one when it is none or a file."""
    settings = site().settings
    url = settings.basemap if settings.basemap.startswith("http") else ""
    return {"url": url, "credit": settings.basemap_credit}


def csrf_mark() -> str:
    """Return the form mark of the present session, or an empty text without one."""
    who = identity()
    if who is None or who.actor.session_id is None:
        return ""
    return form_mark(site().settings.secret("csrf.key"), who.actor.session_id)


class StrictParser(FlaskParser):
    """Reads JSON bodies by orjson: no NaN, no bottomless nesting, no lone surrogates; says 400, never 500."""

    DEFAULT_VALIDATION_STATUS = 422
    # A misspelt filter must not be a filter left out.
    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - webargs declares it for the instance
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": None,
    }

    def load_querystring(self, req: Any, schema: Any) -> Any:
        """Return the query without `lang`, which every address takes."""
        given = MultiDict((name, value) for name, value in req.args.items(multi=True) if name != "lang")
        return self._makeproxy(given, schema)

    def _raw_load_json(self, req: Any) -> Any:
        if not self._is_json(req):
            return super()._raw_load_json(req)
        try:
            return orjson.loads(whole_body())
        except orjson.JSONDecodeError as error:
            code = "bad_utf8" if "utf-8" in str(error).lower() else "bad_json"
            raise BadRequest(code) from error

    @staticmethod
    def _is_json(req: Any) -> bool:
        return bool(req.is_json)


parser = StrictParser()


@parser.error_handler
def _invalid(error: Any, _req: Any, _schema: Any, **_kwargs: Any) -> NoReturn:
    # One group of messages for each part of the request: json, query, form, files.
    problems = [problem for group in error.messages.values() for problem in problems_of(group)]
    # OGC API - Features, 7.15.6: an unknown or wrong parameter is a 400.
    raise BadRequest(problems=problems) if request.path.startswith("/ogc/") else Refused(problems=problems)


class ApiBlueprint(Blueprint):  # type: ignore[misc] # flask-smorest has no types
    """A blueprint of doors for programs: reads strictly, and says what is wrong in our own form."""

    ARGUMENTS_PARSER = parser


def problems_of(messages: Any, pointer: str = "") -> list[Problem]:
    """Flatten marshmallow's messages into problems with JSON pointers."""
    if isinstance(messages, dict):
        flat: list[Problem] = []
        for key, value in messages.items():
            flat += problems_of(value, pointer if key == "_schema" else f"{pointer}/{key}")
        return flat
    if isinstance(messages, list):
        return [problem for item in messages for problem in problems_of(item, pointer)]
    if isinstance(messages, Problem):
        return [messages]
    return [problem_said(str(messages), pointer)]


def _before() -> None:
    g.request_id = secrets.token_hex(8)
    g.nonce = secrets.token_urlsafe(16)
    wish = request.args.get("lang") or request.cookies.get("lang")
    if wish not in i18n.LANGUAGES:
        wish = i18n.preferred(request.headers.get("Accept-Language"), site().settings.default_language)
    i18n.set_language(wish)
    _refuse_nul()


def _refuse_nul() -> None:
    """Refuse addresses with a NUL in them: the database's text has none, so nothing can be found there."""
    if "\0" in request.path or any("\0" in value for value in request.args.values()):
        raise BadRequest()


def _headers(response: Response) -> Response:
    add = response.headers.setdefault
    add("X-Content-Type-Options", "nosniff")
    add("X-Frame-Options", "DENY")
    add("Cross-Origin-Opener-Policy", "same-origin")
    add("Cross-Origin-Resource-Policy", "same-origin")
    add("Cache-Control", "no-store")
    add("X-Request-Id", g.get("request_id", ""))
    if not _part_of_a_page(response):
        add("Content-Security-Policy", content_security_policy(g.get("nonce", ""), site().settings))
        add("Referrer-Policy", "same-origin")
        add("Permissions-Policy", "geolocation=(self), camera=(self), microphone=()")
        add("Content-Language", "zh-CN" if i18n.language() == "zh" else "en")
    if site().settings.secure_cookies:
        add("Strict-Transport-Security", "max-age=31536000")
    if request.args.get("lang") in i18n.LANGUAGES:
        response.set_cookie("lang", request.args["lang"], max_age=31536000, samesite="Lax")
    return response


def _part_of_a_page(response: Response) -> bool:
    """Say whether this is a script or sheet of a page: the lines for documents and workers say nothing there.

    A phone's first opening asks for some eighty of them, each with half a kilobyte of such lines.
    """
    plain = response.mimetype in ("text/javascript", "text/css", "application/json")
    return request.endpoint == "static" and plain and "worker" not in request.path


def content_security_policy(nonce: str, settings: Settings) -> str:
    """Return the policy: our own files only, scripts by nonce, no frames; plus the base map if foreign."""
    foreign = ""
    if settings.basemap.startswith("http"):
        parts = urlsplit(settings.basemap)
        foreign = f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}"
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; "
        f"img-src 'self' data: blob:{foreign}; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def install(app: Flask, the_site: Site) -> None:
    """Give an application what every door shares."""
    app.extensions["shuangge"] = the_site
    app.request_class = FormRequest
    app.config["MAX_CONTENT_LENGTH"] = the_site.settings.max_body
    app.config["MAX_FORM_MEMORY_SIZE"] = 2 * 1024 * 1024
    app.before_request(_before)
    app.after_request(_headers)
    app.jinja_env.globals.update(
        _=i18n._,
        choose=i18n.choose,
        language=i18n.language,
        csrf_mark=csrf_mark,
        who=identity,
        LANGUAGES=i18n.LANGUAGES,
    )
    app.jinja_env.autoescape = True
    app.json.ensure_ascii = False  # type: ignore[attr-defined]


def whole_body() -> bytes:
    """Return the request's body; raise TooLarge where a body of unstated length was cut at our limit."""
    data = request.get_data(cache=True)
    limit = site().settings.max_body
    if request.content_length is None and len(data) >= limit:
        raise TooLarge(limit=f"{limit // 1024 // 1024} MB")
    return data


def bounding_box(text: str) -> tuple[float, float, float, float]:
    """Read `west,south,east,north` in degrees; raise BadRequest 'bad_box'."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadRequest("bad_box") from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadRequest("bad_box")
    return west, south, east, north


@contextmanager
def readable() -> Iterator[None]:
    """Translate the formats' refusal of what was sent into ours."""
    try:
        yield
    except Unreadable as error:
        raise Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error
