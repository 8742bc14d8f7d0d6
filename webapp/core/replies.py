"""How a door says that something is wrong: problem details, a page, or the form of the caller's protocol."""

from __future__ import annotations

from typing import Any, cast

import orjson
import structlog
from flask import Flask, Response, g, redirect, render_template, request
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from webapp.core.errors import AppError, Conflict, Forbidden, Unavailable
from webapp.core.i18n import _
from webapp.core.messages import message, title
from webapp.core.web import site

log = structlog.get_logger()

PROBLEM = "application/problem+json"
INSUFFICIENT_PRIVILEGE = "42501"


def install(app: Flask) -> None:
    """Give an application the one handler of everything that is raised."""
    app.register_error_handler(Exception, handle)


def problem_body(error: AppError) -> dict[str, Any]:
    """Return the RFC 9457 problem details of an error in the present language."""
    body: dict[str, Any] = {
        "type": f"urn:shuangge:error:{error.code}",
        "title": title(error.status),
        "status": error.status,
        "detail": message(error.code, error.params),
        "code": error.code,
    }
    if error.problems:
        body["errors"] = [
            {"pointer": p.pointer, "code": p.code, "detail": message(p.code, p.params)}
            for p in error.problems
        ]
    if error.code == "revision":
        body["revision"] = error.params.get("held")
        body["since"] = [_(title) for title in error.params.get("since", ())]
    body.update(error.members)
    if error.status == 500:
        body["request_id"] = g.get("request_id", "")
    return body


def reply(error: AppError) -> Response:
    """Turn an error into what the caller understands: its protocol's form, problem JSON, or a page."""
    for beginning, form in site().error_forms.items():
        if request.path.startswith(beginning):
            return form(error)
    if error.status == 401 and _wants_page():
        return cast(Response, redirect(f"/login?next={request.path}"))
    if _wants_page():
        response = Response(
            render_template("error.html", error=error, problem=problem_body(error)), error.status
        )
    else:
        response = Response(orjson.dumps(problem_body(error)), error.status, content_type=PROBLEM)
    if error.status == 401 and not _wants_page():
        response.headers["WWW-Authenticate"] = "Bearer"
    if "upload_offset" in error.params:
        response.headers["Upload-Offset"] = str(error.params["upload_offset"])
    if "retry_after" in error.params:
        response.headers["Retry-After"] = str(error.params["retry_after"])
    return response


def _wants_page() -> bool:
    api = request.path.startswith(("/api/", "/ogc/", "/tiles/", "/healthz", "/readyz", "/blobs/"))
    return not api and request.accept_mimetypes.accept_html


def _from_http(error: HTTPException) -> AppError:
    status = error.code or 500
    codes = {400: "bad_request", 404: "not_found", 413: "too_large"}
    known = AppError(codes.get(status, f"http_{status}"))
    known.status = status
    if status == 413:
        known.params["limit"] = f"{site().settings.max_body // 1024 // 1024} MB"
    return known


def _from_database(error: Exception) -> AppError:
    """Translate the database's refusal: a broken rule, a closed wall, 'try again', or a fault of ours."""
    if isinstance(error, IntegrityError):
        return Conflict()
    if getattr(getattr(error, "orig", None), "pgcode", None) == INSUFFICIENT_PRIVILEGE:
        return Forbidden()  # the wall behind the courtesy of rules.py
    # A server that dies in the middle of an answer is a bare DatabaseError to psycopg2.
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    if gone or isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return Unavailable(retry_after=3)
    log.exception("unexpected", path=_address(), request_id=g.get("request_id"))
    return AppError(request_id=g.get("request_id", ""))


def _address() -> str:
    """Return the pattern of the present address for a log: the address itself may hold a token."""
    return request.url_rule.rule if request.url_rule else "-"


def handle(error: Exception) -> Response:
    """Turn whatever a view raised into a reply: the one handler."""
    if isinstance(error, AppError):
        known = error
    elif isinstance(error, HTTPException):
        if error.response is not None or (error.code or 500) < 400:
            return cast(Response, error.get_response())
        known = _from_http(error)
    elif isinstance(error, DBAPIError | PoolTimeout):
        log.error("database", error=type(error).__name__, path=_address())
        known = _from_database(error)
    else:
        log.exception("unexpected", path=_address(), request_id=g.get("request_id"))
        known = AppError(request_id=g.get("request_id", ""))
    response = reply(known)
    if isinstance(error, HTTPException):
        for key, value in error.get_headers():
            if key == "Allow":
                response.headers[key] = value
    return response
