"""Alive, ready, and how busy: what a supervisor and a monitor ask."""

from __future__ import annotations

import orjson
import prometheus_client
from flask import Blueprint, Response, request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.core import clock
from webapp.core.errors import Forbidden
from webapp.core.web import identity, site

pages = Blueprint("health", __name__)
BEAT_MAX_S = 60


@pages.get("/healthz")
def alive() -> Response:
    """Say that this process answers."""
    return Response("ok", content_type="text/plain")


@pages.get("/readyz")
def ready() -> Response:
    """Say whether database and worker are there; 503 with the reason otherwise."""
    state = {"database": _database(), "worker": _worker()}
    good = all(value == "ok" for value in state.values())
    return Response(orjson.dumps(state), 200 if good else 503, content_type="application/json")


def _database() -> str:
    try:
        with site().database.transaction() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return type(error).__name__
    return "ok"


def _worker() -> str:
    beat = site().settings.home / "run" / "worker.beat"
    try:
        age = clock.now().timestamp() - beat.stat().st_mtime
    except OSError:
        return "never seen"
    return "ok" if age < BEAT_MAX_S else f"silent for {int(age)} s"


@pages.get("/metrics")
def metrics() -> Response:
    """Tell Prometheus; to this machine, or to a token of the system admin."""
    who = identity()
    local = request.remote_addr in ("127.0.0.1", "::1") and not site().settings.trusted_proxies
    if not local and (who is None or who.actor.role != "system_admin"):
        raise Forbidden()
    return Response(prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST)
