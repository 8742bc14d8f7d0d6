"""Signing in and out: who gets in, who is kept out, and how a session ends."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from urllib.parse import urlsplit

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stations import PASSWORD
from tests.webapp.people.conftest import Browser
from webapp.people import logins
from webapp.people.rules import FAILURES_ALLOWED, password_problems


def try_login(client: FlaskClient, username: str, password: str = PASSWORD, query: str = "") -> TestResponse:
    return client.post(f"/login{query}", data={"username": username, "password": password})


def run(superuser: psycopg2.extensions.connection, statement: str, *values: object) -> list[tuple]:
    with superuser.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(
    ("username", "home"),
    [
        ("t.volunteer", "/phone/"),
        ("t.grid_worker.a", "/desk"),
        ("t.officer.a", "/desk"),
        ("t.planner", "/map"),
        ("t.mediator", "/tasks"),
        ("t.system_admin", "/jobs"),
        ("t.audit_admin", "/leads/log"),
    ],
)
def test_everybody_lands_on_the_page_of_the_role(client: FlaskClient, username: str, home: str) -> None:
    answer = try_login(client, f"  {username.upper()} ")
    assert (answer.status_code, answer.location) == (302, home)
    assert client.get("/").location == home


def test_the_cookie_is_out_of_reach_of_scripts(client: FlaskClient) -> None:
    cookie = try_login(client, "t.officer.a").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie or "SameSite=Strict" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_wrong_password_and_unknown_user_look_the_same(client: FlaskClient) -> None:
    wrong = try_login(client, "t.officer.a", "not-the-password")
    unknown = try_login(client, "t.officer.z", "not-the-password")
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace("t.officer.a", "") == unknown.text.replace("t.officer.z", "") or [
        line for line in wrong.text.splitlines() if "alert" in line
    ] == [line for line in unknown.text.splitlines() if "alert" in line]
    assert client.get_cookie("shuangge") is None


def test_a_disabled_account_is_kept_out(
    client: FlaskClient, superuser: psycopg2.extensions.connection
) -> None:
    run(superuser, "UPDATE auth.account SET disabled_at = now() WHERE username = 't.mediator'")
    assert try_login(client, "t.mediator").status_code == 422


def test_ten_failures_lock_the_account_for_a_while(
    client: FlaskClient, superuser: psycopg2.extensions.connection
) -> None:
    answers = [
        try_login(client, "t.mediator", "wrong-wrong-wrong").status_code for _try in range(FAILURES_ALLOWED)
    ]
    assert set(answers) == {422}
    locked = try_login(client, "t.mediator")
    assert locked.status_code == 429, "the right password does not open a locked account"
    assert try_login(client, "t.planner").status_code == 302, "others are not locked out"
    run(
        superuser,
        "UPDATE auth.account SET locked_until = now() - interval '1 second' WHERE username = 't.mediator'",
    )
    assert try_login(client, "t.mediator").status_code == 302
    assert run(
        superuser, "SELECT failures, locked_until FROM auth.account WHERE username = 't.mediator'"
    ) == [(0, None)]


def test_a_success_clears_the_count(client: FlaskClient) -> None:
    for _round in range(3):
        for _try in range(FAILURES_ALLOWED - 1):
            assert try_login(client, "t.mediator", "wrong-wrong-wrong").status_code == 422
        assert try_login(client, "t.mediator").status_code == 302


def test_many_tries_at_one_moment_do_not_slip_past_the_lock(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    real = logins.password_matches

    def counted(stored: str | None, password: str) -> bool:
        looked.append(password)
        return real(stored, password)

    monkeypatch.setattr(logins, "password_matches", counted)
    threads = [
        Thread(target=lambda n=n: try_login(app.test_client(), "t.mediator", f"guess-number-{n}"))
        for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked) == FAILURES_ALLOWED


def test_an_address_may_try_sixty_times_in_a_quarter_of_an_hour(
    client: FlaskClient, superuser: psycopg2.extensions.connection
) -> None:
    """One password tried on many names is slowed down too."""
    assert try_login(client, "t.planner").status_code == 302
    run(superuser, "UPDATE auth.throttle SET hits = 60")
    stopped = try_login(client, "t.planner")
    assert stopped.status_code == 429
    run(superuser, "UPDATE auth.throttle SET window_at = now() - interval '901 seconds'")
    assert try_login(client, "t.planner").status_code == 302


@pytest.mark.parametrize(
    ("username", "change", "stays"),
    [
        ("t.officer.a", "seen_at = now() - interval '29 minutes'", True),
        ("t.officer.a", "seen_at = now() - interval '31 minutes'", False),
        ("t.officer.a", "created_at = now() - interval '11 hours 59 minutes'", True),
        ("t.officer.a", "created_at = now() - interval '12 hours 1 minute'", False),
        ("t.volunteer", "seen_at = now() - interval '29 days'", True),
        ("t.volunteer", "seen_at = now() - interval '31 days'", False),
        ("t.volunteer", "created_at = now() - interval '91 days'", False),
    ],
)
def test_sessions_end_by_idleness_and_by_age(
    sign_in: Callable[[str], Browser],
    superuser: psycopg2.extensions.connection,
    username: str,
    change: str,
    stays: bool,
) -> None:
    browser = sign_in(username)
    run(superuser, f"UPDATE auth.session SET {change} WHERE ended_at IS NULL")
    assert browser.client.get("/api/v1/me").status_code == (200 if stays else 401)
    run(superuser, "UPDATE auth.session SET seen_at = now(), created_at = now() WHERE ended_at IS NULL")
    again = browser.client.get("/api/v1/me").status_code
    assert again == (200 if stays else 401), "an ended session does not come back"


def test_logout_ends_the_session_for_every_holder_of_the_cookie(
    app: Flask, sign_in: Callable[[str], Browser]
) -> None:
    browser = sign_in("t.officer.a")
    thief = app.test_client()
    thief.set_cookie("shuangge", browser.secret)
    assert thief.get("/api/v1/me").status_code == 200
    assert browser.post("/logout").status_code == 302
    assert thief.get("/api/v1/me").status_code == 401
    assert urlsplit(thief.get("/account", headers={"Accept": "text/html"}).location).path == "/login"


def test_signing_in_makes_a_new_secret(client: FlaskClient) -> None:
    """A cookie that somebody planted before is worth nothing after."""
    client.set_cookie("shuangge", "planted")
    assert try_login(client, "t.officer.a").status_code == 302
    first = client.get_cookie("shuangge").value
    assert try_login(client, "t.officer.a").status_code == 302
    assert len({"planted", first, client.get_cookie("shuangge").value}) == 3


def test_a_change_of_role_counts_at_the_next_request(
    sign_in: Callable[[str], Browser], superuser: psycopg2.extensions.connection
) -> None:
    browser = sign_in("t.station_chief")
    assert browser.client.get("/api/v1/quarantine").status_code == 200
    try:
        run(superuser, "UPDATE auth.account SET role = 'volunteer' WHERE username = 't.station_chief'")
        assert browser.client.get("/api/v1/quarantine").status_code == 403
        run(superuser, "UPDATE auth.account SET disabled_at = now() WHERE username = 't.station_chief'")
        assert browser.client.get("/api/v1/me").status_code == 401
    finally:
        run(
            superuser,
            "UPDATE auth.account SET role = 'station_chief', disabled_at = NULL "
            "WHERE username = 't.station_chief'",
        )


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "/%09/evil.example/",
        "/%0a/evil.example/",
        "%20//evil.example/",
        "javascript:alert(1)",
        "http:evil.example",
        "/%0d%0aLocation:%20https://evil.example/",
    ],
)
def test_after_signing_in_nobody_is_sent_elsewhere(client: FlaskClient, target: str) -> None:
    answer = try_login(client, "t.officer.a", query=f"?next={target}")
    assert answer.status_code == 302
    place = answer.location.replace("\\", "/").replace("\t", "").replace("\n", "").replace("\r", "")
    assert place.startswith("/")
    assert not place.startswith("//")
    assert "evil" not in urlsplit(place).netloc


def test_after_signing_in_one_lands_where_one_wanted(client: FlaskClient) -> None:
    assert try_login(client, "t.officer.a", query="?next=/cases?state=open").location == "/cases?state=open"


def test_secrets_are_stored_as_hashes(
    sign_in: Callable[[str], Browser],
    superuser: psycopg2.extensions.connection,
    token_for: Callable[[str], str],
) -> None:
    secret = sign_in("t.officer.a").secret
    everything = ""
    for table in ("account", "session", "token", "access"):
        everything += str(run(superuser, f"SELECT t::text FROM auth.{table} t"))
    assert "$argon2id$" in everything
    for plain in (secret, token_for("t.officer.a"), PASSWORD, secret.encode().hex()):
        assert plain not in everything


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("Plum-kettle-41-river", True),
        ("correct horse battery", True),
        ("春眠不觉晓处处闻啼鸟呀", False),
        ("春眠不觉晓处处闻啼鸟夜来风雨声", True),
        ("short-1!", False),
        ("password1234", False),
        ("123456123456", False),
        ("shuangge2026", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("139011122334", False),
        ("xx-LI.MING-xx-77", False),
    ],
)
def test_password_rules(password: str, good: bool) -> None:
    assert (password_problems(password, "li.ming") == []) is good
