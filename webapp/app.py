"""Puts one web process together from its settings."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp.areas import api as areas_api
from webapp.calendars import api as calendars_api
from webapp.calendars import pages as calendars_pages
from webapp.calls import api as calls_api
from webapp.calls import pages as calls_pages
from webapp.cases import api as cases_api
from webapp.cases import pages as cases_pages
from webapp.core import apidocs, health, packed
from webapp.core.config import CHECKOUT, Settings, load
from webapp.core.db import LOGIN, WEB, Database, role_url
from webapp.core.errors import AppError
from webapp.core.files import FolderStore
from webapp.core.live import Hub
from webapp.core.replies import PROBLEM, handle
from webapp.core.replies import install as install_replies
from webapp.core.schema import ProblemSchema
from webapp.core.web import Site, install
from webapp.desk import api as desk_api
from webapp.desk import pages as desk_pages
from webapp.drafts import api as drafts_api
from webapp.drafts import pages as drafts_pages
from webapp.duty import api as duty_api
from webapp.duty import pages as duty_pages
from webapp.exchange import api as exchange_api
from webapp.exchange import pages as exchange_pages
from webapp.field import api as field_api
from webapp.field import batches, openrosa, uploads
from webapp.field import pages as field_pages
from webapp.intake import api as intake_api
from webapp.intake import pages as intake_pages
from webapp.leads import api as leads_api
from webapp.leads import pages as leads_pages
from webapp.maps import api as maps_api
from webapp.maps import basemap
from webapp.maps import pages as maps_pages
from webapp.open311 import api as open311_api
from webapp.open311 import open311
from webapp.parcels import api as parcels_api
from webapp.parcels import pages as parcels_pages
from webapp.patrols import api as patrols_api
from webapp.people import api as people_api
from webapp.people import pages as people_pages
from webapp.people.cookies import identify
from webapp.places import api as places_api
from webapp.places import pages as places_pages
from webapp.referrals import api as referrals_api
from webapp.referrals import pages as referrals_pages
from webapp.repeats import api as repeats_api
from webapp.repeats import pages as repeats_pages
from webapp.residents import api as residents_api
from webapp.residents import public
from webapp.tasks import api as tasks_api
from webapp.tasks import pages as tasks_pages
from webapp.upkeep import api as upkeep_api
from webapp.upkeep import pages as upkeep_pages
from webapp.webhooks import api as webhooks_api
from webapp.webhooks import pages as webhooks_pages

BLUEPRINTS = (
    people_api.blp,
    areas_api.blp,
    calendars_api.blp,
    cases_api.blp,
    batches.blp,
    uploads.blp,
    field_api.blp,
    field_api.forms,
    patrols_api.blp,
    exchange_api.blp,
    parcels_api.blp,
    maps_api.blp,
    places_api.blp,
    residents_api.blp,
    intake_api.blp,
    open311_api.contacts,
    tasks_api.blp,
    webhooks_api.blp,
    repeats_api.blp,
    referrals_api.blp,
    leads_api.blp,
    calls_api.blp,
    upkeep_api.blp,
    desk_api.blp,
    duty_api.blp,
    drafts_api.blp,
)
PAGES = (
    cases_api.hand,
    people_pages.pages,
    calendars_pages.pages,
    cases_pages.pages,
    field_pages.pages,
    openrosa.pages,
    intake_pages.pages,
    open311.pages,
    exchange_pages.pages,
    parcels_pages.pages,
    maps_pages.pages,
    basemap.pages,
    health.pages,
    apidocs.pages,
    places_pages.pages,
    public.pages,
    tasks_pages.pages,
    webhooks_pages.pages,
    repeats_pages.pages,
    referrals_pages.pages,
    leads_pages.pages,
    calls_pages.pages,
    upkeep_pages.pages,
    desk_pages.pages,
    duty_pages.pages,
    drafts_pages.pages,
)

# Addresses of protocols that have a form of their own for errors.
ERROR_FORMS: dict[str, Callable[[AppError], Response]] = {
    "/or/": openrosa.refusal,
    public.PREFIX: public.error_form,
    "/open311/": open311.refusal,
}


class StrictApi(Api):
    """flask-smorest, with our own single error handler and problem details as the default answer."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        self._app.register_error_handler(Exception, handle)

    def _register_responses(self) -> None:
        """Document refusals as what they are: problem details, not plain JSON."""
        for name, text in [("DEFAULT_ERROR", "Refused"), *((s.name, s.phrase) for s in HTTPStatus)]:
            content = {PROBLEM: {"schema": self.ERROR_SCHEMA}}
            self.spec.components.response(name, {"description": text, "content": content}, lazy=True)


def create_app(settings: Settings) -> Flask:
    """Return the application of one process. Call after the fork: it opens connections."""
    app = Flask("webapp", static_folder=str(CHECKOUT / "static"), static_url_path="/static")
    app.config.update(
        API_TITLE="shuangge",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        # Asked anew each time (304 when unchanged): after an upgrade no browser runs old modules.
        SEND_FILE_MAX_AGE_DEFAULT=None,
    )
    database = Database(settings, WEB)
    the_site = Site(
        settings=settings,
        database=database,
        login=Database(settings, LOGIN, pool_size=max(4, settings.pool_size // 2)),
        blobs=FolderStore(settings.blobs_dir),
        hub=Hub(role_url(settings, WEB), settings.live_cap),
        identify=identify,
        error_forms=ERROR_FORMS,
    )
    install(app, the_site)
    install_replies(app)
    packed.install(app)
    api = StrictApi(app, spec_kwargs=_spec())
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    for pages in PAGES:
        app.register_blueprint(pages)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def _spec() -> dict[str, Any]:
    schemes = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "shuangge"},
    }
    return {
        "components": {"securitySchemes": schemes},
        "security": [{"bearer": []}, {"session": []}],
        "info": {"description": "Community grids, police grids, hazards and patrols."},
    }


def serve() -> Flask:
    """Make the application of a gunicorn worker from the environment."""
    structlog.configure(
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    app = create_app(load(os.environ))
    # What was made until now stays for good: the collector need not look at it after each few requests.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return app
