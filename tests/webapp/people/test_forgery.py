"""Another site's page changes nothing here, and every answer carries the headers that guard it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.stations import PASSWORD
from tests.webapp.people.conftest import Browser
from webapp.core.db import Database


def device() -> dict[str, str]:
    return {"id": str(uuid4()), "label": "forged", "scope": "all"}


def devices(owner_db: Database) -> int:
    with owner_db.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM app.device")) or 0)


FORGERIES: dict[str, dict[str, Any]] = {
    "no mark": {"json": device()},
    "wrong mark": {"json": device(), "headers": {"X-CSRF-Token": "0" * 64}},
    "empty mark": {"json": device(), "headers": {"X-CSRF-Token": ""}},
    "text that is json": {"data": '{"id": 1}', "content_type": "text/plain"},
    "a form": {"data": {"label": "x"}},
    "foreign origin": {"json": device(), "headers": {"Origin": "https://evil.example"}},
    "null origin": {"json": device(), "headers": {"Origin": "null"}},
    "a name like ours": {"json": device(), "headers": {"Origin": "http://localhost.evil.example"}},
    "another port": {"json": device(), "headers": {"Origin": "http://localhost:8001"}},
    "cross-site fetch": {"json": device(), "headers": {"Sec-Fetch-Site": "cross-site"}},
    "same site, another host": {"json": device(), "headers": {"Sec-Fetch-Site": "same-site"}},
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_request_changes_nothing(
    sign_in: Callable[[str], Browser], owner_db: Database, name: str
) -> None:
    browser = sign_in("t.officer.a")
    wishes = dict(FORGERIES[name])
    headers = dict(wishes.pop("headers", {}))
    if "Origin" in headers or "Sec-Fetch-Site" in headers:
        headers["X-CSRF-Token"] = browser.csrf  # even with the right mark
    before = devices(owner_db)
    answer = browser.client.post("/api/v1/devices", headers=headers, **wishes)
    assert answer.status_code == 403
    assert answer.json["code"] == "cross_site"
    assert devices(owner_db) == before


def test_control_the_same_request_from_our_page_works(
    sign_in: Callable[[str], Browser], owner_db: Database
) -> None:
    browser = sign_in("t.officer.a")
    before = devices(owner_db)
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    answer = browser.post("/api/v1/devices", json=device(), headers=ours)
    assert answer.status_code == 201, answer.text
    assert devices(owner_db) == before + 1


def test_another_sessions_mark_does_not_fit(sign_in: Callable[[str], Browser]) -> None:
    first, second = sign_in("t.officer.a"), sign_in("t.officer.a")
    answer = first.client.post("/api/v1/devices", json=device(), headers={"X-CSRF-Token": second.csrf})
    assert answer.status_code == 403


def test_signing_out_and_in_by_a_foreign_page_does_not_work(
    sign_in: Callable[[str], Browser], client: FlaskClient
) -> None:
    browser = sign_in("t.officer.a")
    assert browser.client.post("/logout", headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.client.post("/logout").status_code == 403
    assert browser.client.get("/api/v1/me").status_code == 200
    foreign = client.post(
        "/login",
        data={"username": "t.officer.b", "password": PASSWORD},
        headers={"Origin": "https://evil.example"},
    )
    assert foreign.status_code == 403
    assert client.get_cookie("shuangge") is None


def test_a_token_needs_no_mark(as_user: Callable[[str], FlaskClient]) -> None:
    """Browsers never add a bearer token by themselves."""
    answer = as_user("t.officer.a").post(
        "/api/v1/devices", json=device(), headers={"Origin": "https://app.example"}
    )
    assert answer.status_code == 201


GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

ANSWERS = [
    ("GET", "/login", 200),
    ("GET", "/", 302),
    ("GET", "/account", 302),
    ("GET", "/api/v1/me", 401),
    ("GET", "/nowhere", 404),
    ("GET", "/api/v1/nowhere", 404),
    ("POST", "/healthz", 405),
    ("POST", "/login", 422),
    ("GET", "/healthz", 200),
    ("GET", "/static/style/base.css", 200),
    ("GET", "/static/icons/app.svg", 200),
    ("GET", "/static/nothing.css", 404),
    ("GET", "/api/openapi.json", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_carries_the_guards(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text[:300]
    assert {name: answer.headers.get(name) for name in GUARDS} == GUARDS
    assert "Server" not in answer.headers or "Werkzeug" not in answer.headers["Server"]
    if path.endswith("base.css"):  # part of a page, whose own policy holds
        return
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy.replace("'wasm-unsafe-eval'", "")
    assert "*" not in policy
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer", "strict-origin")


def test_what_runs_or_draws_by_itself_carries_a_policy(client: FlaskClient) -> None:
    for path in ("/static/phone/photoworker.js", "/static/public/proof_worker.js", "/static/icons/app.svg"):
        assert "default-src 'none'" in client.get(path).headers["Content-Security-Policy"]


def test_nonces_are_used_once(client: FlaskClient) -> None:
    policies = {client.get("/login").headers["Content-Security-Policy"] for _time in range(5)}
    assert len(policies) == 5


def test_personal_pages_are_not_kept(sign_in: Callable[[str], Browser]) -> None:
    browser = sign_in("t.officer.a")
    for path in ("/account", "/api/v1/me", "/api/v1/cases"):
        assert browser.client.get(path).headers["Cache-Control"] == "no-store", path
