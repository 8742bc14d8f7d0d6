"""Browsers that somebody has signed in on by the form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.stations import PASSWORD


@dataclass(frozen=True)
class Browser:
    """A signed-in client with its form mark and the secret of its session cookie."""

    client: FlaskClient
    csrf: str
    secret: str

    def post(self, path: str, **wishes: object) -> object:
        """Send a changing request as our own pages do."""
        headers = {"X-CSRF-Token": self.csrf, **dict(wishes.pop("headers", {}))}  # type: ignore[call-overload]
        return self.client.post(path, headers=headers, **wishes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sign_in(app: Flask) -> Callable[[str], Browser]:
    """Sign a member in by the form: sign_in('t.officer.a')."""

    def make(username: str) -> Browser:
        client = app.test_client()
        answer = client.post("/login", data={"username": username, "password": PASSWORD})
        assert answer.status_code == 302, answer.text
        cookie = client.get_cookie("shuangge")
        assert cookie is not None
        page = client.get("/account")
        assert page.status_code == 200, page.text
        mark = re.search(r'name="csrf" content="([0-9a-f]{64})"', page.text)
        assert mark is not None
        return Browser(client, mark[1], cookie.value)

    return make


@pytest.fixture(autouse=True)
def fresh_limits(superuser: object) -> None:
    """Every test begins with no tries counted and no account locked."""
    cursor = superuser.cursor()  # type: ignore[attr-defined]
    cursor.execute("TRUNCATE auth.throttle")
    cursor.execute("UPDATE auth.account SET failures = 0, locked_until = NULL, disabled_at = NULL")
