"""Tokens of devices and one-time codes: they work for their owner, and end when they should."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.samples import Sample


def bearer(app: Flask, token: str) -> FlaskClient:
    made = app.test_client(use_cookies=False)
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return made


@pytest.fixture
def device(as_user: Callable[[str], FlaskClient]) -> Callable[..., tuple[str, str]]:
    """Add a device for a member; return its id and token."""

    def make(username: str, scope: str = "all") -> tuple[str, str]:
        key = str(uuid4())
        answer = as_user(username).post("/api/v1/devices", json={"id": key, "label": "phone", "scope": scope})
        assert answer.status_code == 201, answer.text
        return key, answer.json["token"]

    return make


def test_a_revoked_token_is_refused_at_the_next_request(
    app: Flask, as_user: Callable[[str], FlaskClient], device: Callable[..., tuple[str, str]]
) -> None:
    key, token = device("t.officer.a")
    phone = bearer(app, token)
    assert phone.get("/api/v1/me").status_code == 200
    assert as_user("t.officer.a").delete(f"/api/v1/devices/{key}").status_code == 204
    refused = phone.get("/api/v1/me")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert key not in [item["id"] for item in as_user("t.officer.a").get("/api/v1/devices").json]


def test_another_members_device_is_not_found(
    app: Flask, as_user: Callable[[str], FlaskClient], device: Callable[..., tuple[str, str]]
) -> None:
    key, token = device("t.officer.a")
    for username in ("t.officer.b", "t.volunteer", "u.officer.a"):
        assert as_user(username).delete(f"/api/v1/devices/{key}").status_code == 404
        assert as_user(username).get("/api/v1/devices").text.find(key) == -1
    assert bearer(app, token).get("/api/v1/me").status_code == 200


def test_a_token_is_told_once(
    as_user: Callable[[str], FlaskClient], device: Callable[..., tuple[str, str]]
) -> None:
    _key, token = device("t.officer.a")
    assert token not in as_user("t.officer.a").get("/api/v1/devices").text


@pytest.mark.parametrize("change", ["expires_at = now() - interval '1 second'", "revoked_at = now()"])
def test_a_token_that_ran_out_is_refused(
    app: Flask,
    device: Callable[..., tuple[str, str]],
    superuser: psycopg2.extensions.connection,
    change: str,
) -> None:
    key, token = device("t.officer.a")
    superuser.cursor().execute(f"UPDATE auth.token SET {change} WHERE device_id = %s", (key,))
    assert bearer(app, token).get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("token", ["", "x", "Bearer", "0" * 43, "'; --", "甲"])
def test_what_is_no_token_is_refused(app: Flask, token: str) -> None:
    header = f"Bearer {token}".encode().decode("latin-1")
    answer = app.test_client().get("/api/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_token_for_sending_only_sends(
    app: Flask, device: Callable[..., tuple[str, str]], sample_report: Callable[..., Sample]
) -> None:
    _key, token = device("t.officer.a", "submit")
    phone = bearer(app, token)
    assert phone.post("/api/v1/batches", data=sample_report("A1").form()).status_code == 200
    assert phone.get("/ogc/collections/cases/items").status_code == 403
    assert phone.get("/api/v1/events").status_code == 403
    assert phone.get("/account").status_code == 403
    more = phone.post("/api/v1/devices", json={"id": str(uuid4()), "label": "x", "scope": "all"})
    assert more.status_code == 403, "a narrow token must not make itself a wide one"
    assert phone.post("/api/v1/phone-invitations").status_code == 403


def invited(as_user: Callable[[str], FlaskClient]) -> str:
    answer = as_user("t.volunteer").post("/api/v1/phone-invitations")
    assert answer.status_code == 201, answer.text
    assert "<svg" in answer.json["qr_svg"]
    return str(answer.json["url"]).rsplit("/enrol/", 1)[1]


def test_a_code_signs_one_phone_in_once(app: Flask, as_user: Callable[[str], FlaskClient]) -> None:
    code = invited(as_user)
    phone, second = app.test_client(), app.test_client()
    assert phone.get(f"/enrol/{code}").status_code == 200
    assert phone.get("/api/v1/me").status_code == 401, "opening the link alone changes nothing"
    done = phone.post(f"/enrol/{code}")
    assert (done.status_code, done.location) == (302, "/phone/")
    assert phone.get("/api/v1/me").json["username"] == "t.volunteer"
    assert second.post(f"/enrol/{code}").status_code == 422
    assert second.get("/api/v1/me").status_code == 401


def test_a_code_ends_after_ten_minutes(
    app: Flask, as_user: Callable[[str], FlaskClient], superuser: psycopg2.extensions.connection
) -> None:
    code = invited(as_user)
    superuser.cursor().execute(
        "UPDATE auth.token SET created_at = now() - interval '11 minutes' WHERE scope = 'enrol'"
    )
    assert app.test_client().post(f"/enrol/{code}").status_code == 422


def test_a_code_is_no_token_and_a_token_is_no_code(
    app: Flask, as_user: Callable[[str], FlaskClient], token_for: Callable[[str], str]
) -> None:
    assert bearer(app, invited(as_user)).get("/api/v1/me").status_code == 401
    assert app.test_client().post(f"/enrol/{token_for('t.volunteer')}").status_code == 422
    assert app.test_client().post("/enrol/guess").status_code == 422
    assert as_user("t.volunteer").get("/api/v1/me").status_code == 200


def test_guessing_codes_is_slowed_down(
    app: Flask, as_user: Callable[[str], FlaskClient], superuser: psycopg2.extensions.connection
) -> None:
    client = app.test_client()
    assert [client.post(f"/enrol/guess{n}").status_code for n in range(30)] == [422] * 30
    assert client.post(f"/enrol/{invited(as_user)}").status_code == 429


def test_a_foreign_page_enrols_nobody(app: Flask, as_user: Callable[[str], FlaskClient]) -> None:
    phone = app.test_client()
    answer = phone.post(f"/enrol/{invited(as_user)}", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert phone.get_cookie("shuangge") is None
