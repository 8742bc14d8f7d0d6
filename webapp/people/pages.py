"""Doors for people: signing in and out, the own account and its phones."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Redirect

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import AppError
from webapp.core.messages import message
from webapp.core.security import neighbourhood
from webapp.core.web import check_origin, door, identity, site
from webapp.people import cookies, logins, queries
from webapp.people.rules import (
    LOOSEST_M,
    ROLE_TITLES,
    SETTERS,
    STRICTEST_M,
    Role,
    home_page,
    station_settings,
)

pages = Blueprint("people_pages", __name__)


@pages.get("/")
def start() -> Redirect:
    """Send everybody to the page of their role."""
    who = identity()
    return redirect(home_page(who.actor.role) if who else "/login")


@pages.get("/login")
def login_form() -> str:
    """Show the sign-in form."""
    return render_template("people/login.html", problem=None, username="")


@pages.post("/login")
def login() -> Response | Redirect:
    """Sign in by user name and password."""
    check_origin(None)
    name = request.form.get("username", "")[:80].replace("\0", "")
    password = request.form.get("password", "")[:200]
    try:
        secret, row = logins.sign_in(
            site().login, name, password, cookies.client_of(request), request.remote_addr or ""
        )
    except AppError as error:
        problem = message(error.code, error.params)
        return make_response(
            render_template("people/login.html", problem=problem, username=name), error.status
        )
    response = redirect(_inside(request.args.get("next")) or home_page(row.role))
    cookies.set_cookie(cast(Response, response), site().settings, secret, row.role)
    return response


@pages.post("/logout")
def logout() -> Redirect:
    """Sign out; the browser forgets what it kept."""
    who = identity()
    check_origin(who)
    if who is not None and who.actor.session_id is not None:
        logins.sign_out(site().login, who.actor.session_id)
    response = redirect("/login")
    response.delete_cookie(cookies.cookie_name(site().settings))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@pages.get("/enrol/<code>")
def enrol_form(code: str) -> str:
    """Ask before a phone is set up: opening the link alone changes nothing."""
    return render_template("people/enrol.html", code=code, problem=None)


@pages.post("/enrol/<code>")
def enrol(code: str) -> Response | Redirect:
    """Set this phone up by the one-time code of a QR."""
    check_origin(None)
    logins.throttle(site().login, f"enrol:{neighbourhood(request.remote_addr or '')}", 30, 900)
    try:
        secret, row = logins.enrol(site().login, code, cookies.client_of(request))
    except AppError as error:
        problem = message(error.code, error.params)
        return make_response(render_template("people/enrol.html", code=code, problem=problem), error.status)
    response = redirect(home_page(row.role))
    cookies.set_cookie(cast(Response, response), site().settings, secret, row.role)
    return response


@pages.get("/account")
@door()
def account(session: Session, by: Actor) -> str:
    """Show the own account, its devices, and how to set up another phone."""
    return render_template(
        "people/account.html",
        station=queries.station(session, by),
        name=queries.names(session, {by.person_id}).get(by.person_id) if by.person_id else None,
        devices=queries.devices(session, by),
        shown=clock.shown,
        role=ROLE_TITLES[Role(by.role)],
        home=home_page(by.role),
    )


@pages.get("/station")
@door(*SETTERS)
def station(session: Session, by: Actor) -> str:
    """Show what the station allows strangers and asks of phones, to be changed."""
    home = queries.station(session, by)
    return render_template(
        "people/station.html",
        station=home,
        now=station_settings(home.settings),
        strictest=STRICTEST_M,
        loosest=LOOSEST_M,
        address=f"{site().settings.public_url.rstrip('/') or request.host_url.rstrip('/')}/open311/v2",
    )


def _inside(target: str | None) -> str | None:
    """Return the target only if it is a path of ours: no open redirect."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if not target.isprintable():  # browsers drop tabs and line ends: "/\t/host" is "//host"
        return None
    return target if not urlsplit(target).netloc else None
