"""Two databases with the same stations: what is taken out of one is brought into the other."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.stations import Member
from tests.suite import Suite
from webapp.app import create_app
from webapp.core.config import Settings


@pytest.fixture(scope="module")
def far_settings(suite: Suite) -> Iterator[Settings]:
    """Settings of a second installation: the same stations and persons, nothing reported yet."""
    with suite.database(f"far_{uuid4().hex[:12]}") as made:
        yield made


@pytest.fixture(scope="module")
def far_app(far_settings: Settings) -> Iterator[Flask]:
    """The application of the second installation."""
    made = create_app(far_settings)
    yield made
    made.extensions["shuangge"].database.dispose()
    made.extensions["shuangge"].login.dispose()


@pytest.fixture(scope="module")
def far_user(far_app: Flask, member: Callable[[str], Member]) -> Callable[[str], FlaskClient]:
    """Return a client of a member at the second installation."""

    def make(username: str) -> FlaskClient:
        made = far_app.test_client(use_cookies=False)
        made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {member(username).token}"
        return made

    return make


def ask(client: FlaskClient, kind: str = "cases", form: str = "csv", **more: Any) -> TestResponse:
    """Ask for an export."""
    body = {"id": str(uuid4()), "kind": kind, "form": form, "reason": "月度核对", **more}
    return client.post("/api/v1/exchange/exports", json=body)


def exported(client: FlaskClient, kind: str = "cases", form: str = "csv", **more: Any) -> bytes:
    """Ask for an export and fetch it."""
    answer = ask(client, kind, form, **more)
    assert answer.status_code == 201, answer.text
    file = client.get(answer.json["url"])
    assert file.status_code == 200, file.text
    return file.data


def looked_at(client: FlaskClient, kind: str, data: bytes, **more: Any) -> TestResponse:
    """Bring a file and have it looked at."""
    form = {"id": str(uuid4()), "kind": kind, "source": "other", "file": (io.BytesIO(data), "a.csv"), **more}
    return client.post("/api/v1/exchange/imports", data=form)


def taken(client: FlaskClient, answer: TestResponse, choice: str = "all") -> TestResponse:
    """Take in what was looked at."""
    assert answer.status_code == 201, answer.text
    return client.post(f"/api/v1/exchange/imports/{answer.json['id']}/take", json={"choice": choice})
