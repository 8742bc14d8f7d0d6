"""Live news reach those who may know, at once, also after the line was broken; nobody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from queue import Empty, SimpleQueue
from socket import SHUT_RDWR
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.samples import Sample
from tests.service import Service
from webapp.app import create_app
from webapp.core.config import Settings
from webapp.core.db import WEB, role_url
from webapp.core.live import Hub
from webapp.maps import api as maps_api

STREAM = {"Accept": "text/event-stream"}


class Listener:
    """A browser's event source: reads a stream in a thread and keeps the events."""

    def __init__(self, url: str, token: str, last: int | None = None) -> None:
        headers = {**STREAM, "Authorization": f"Bearer {token}"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        line = HTTPConnection(urlsplit(url).netloc, timeout=60)
        line.request("GET", "/api/v1/events", headers=headers)
        self._socket = line.sock
        self._answer = line.getresponse()
        assert self._answer.status == 200
        self.events: SimpleQueue[tuple[int, str, dict[str, Any]]] = SimpleQueue()
        self.ended = False
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        event: dict[str, str] = {}
        try:
            while line := self._answer.readline():
                if line.strip():
                    name, _colon, value = line.decode().rstrip("\n").partition(": ")
                    event[name] = value
                else:
                    if "data" in event:
                        self.events.put((int(event["id"]), event["event"], json.loads(event["data"])))
                    event = {}
        except (OSError, HTTPException, ValueError):
            pass
        self.ended = True

    def next(self, name: str, patience_s: float = 5) -> tuple[int, dict[str, Any]]:
        """Return id and data of the next event of a name."""
        deadline = time.monotonic() + patience_s
        while True:
            number, found, data = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if found == name:
                return number, data

    def has(self, subject: str, patience_s: float = 1.5) -> bool:
        """Say whether an event about a subject comes."""
        try:
            deadline = time.monotonic() + patience_s
            while True:
                _number, _name, data = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
                if data.get("subject_id") == subject:
                    return True
        except Empty:
            return False

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(SHUT_RDWR)


@pytest.fixture
def listen(service: Service, token_for: Callable[[str], str]) -> Iterator[Callable[..., Listener]]:
    """Open a stream as a member: listen('t.officer.a', last=17)."""
    with ExitStack() as opened:

        def make(username: str, last: int | None = None) -> Listener:
            made = Listener(service.url, token_for(username), last)
            opened.callback(made.close)
            return made

        yield make


def test_a_report_is_told_to_its_officer_within_a_second(
    listen: Callable[..., Listener], send_report: Callable[..., Sample]
) -> None:
    officer = listen("t.officer.a")
    officer.next("ready")
    begun = time.monotonic()
    sent = send_report("t.volunteer", "A1", note="现场")
    _number, told = officer.next("cases.reported")
    assert time.monotonic() - begun < 2
    assert told["subject_id"] == sent.id
    assert told["feature"]["properties"]["note"] == "现场"
    assert told["feature"]["geometry"]["type"] == "Point"


def test_nobody_else_is_told(listen: Callable[..., Listener], send_report: Callable[..., Sample]) -> None:
    streams = {
        name: listen(name)
        for name in ("t.officer.a", "t.officer.b", "t.volunteer.2", "t.planner", "u.officer.a")
    }
    time.sleep(0.5)
    sent = send_report("t.volunteer", "A1")
    told = {name: stream.has(sent.id) for name, stream in streams.items()}
    assert told == {
        "t.officer.a": True,
        "t.officer.b": False,
        "t.volunteer.2": False,
        "t.planner": False,
        "u.officer.a": False,
    }
    other = send_report("t.volunteer", "B1")
    assert streams["t.officer.b"].has(other.id)


def test_what_was_missed_is_told_after_the_last_event_seen(
    listen: Callable[..., Listener], send_report: Callable[..., Sample]
) -> None:
    officer = listen("t.officer.a")
    officer.next("ready")
    send_report("t.volunteer", "A1")
    number, _told = officer.next("cases.reported")
    officer.close()
    missed = [
        send_report("t.volunteer", "A1"),
        send_report("t.volunteer", "B1"),
        send_report("t.volunteer", "A2"),
    ]
    back = listen("t.officer.a", last=number)
    told = []
    while missed[2].id not in told:
        told.append(back.next("cases.reported")[1]["subject_id"])
    assert missed[0].id in told
    assert missed[1].id not in told


@pytest.mark.crash
def test_streams_come_back_after_the_database_hung_up(
    listen: Callable[..., Listener],
    send_report: Callable[..., Sample],
    superuser: psycopg2.extensions.connection,
) -> None:
    """The line breaks: the open stream ends, so that the browser asks again from where it was."""
    officer = listen("t.officer.a")
    last = officer.events.get(timeout=5)[0]
    with superuser.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'shuangge-live' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] >= 1
    sent = send_report("t.volunteer", "A1")
    deadline = time.monotonic() + 10
    while not officer.ended and time.monotonic() < deadline:
        time.sleep(0.05)
    assert officer.ended
    back = listen("t.officer.a", last=last)
    assert back.has(sent.id, 5)
    later = send_report("t.volunteer", "A1")
    assert back.has(later.id, 5)


def test_a_forged_notification_ends_nothing(
    listen: Callable[..., Listener], send_report: Callable[..., Sample], db_as: Callable[..., Any]
) -> None:
    officer = listen("t.officer.a")
    officer.next("ready")
    with db_as("t.volunteer") as session:
        for payload in ("x", "", "-1", "0", "٣", "9" * 40, "1e3"):
            session.execute(text("SELECT pg_notify('shuangge_event', :p)"), {"p": payload})
    sent = send_report("t.volunteer", "A1")
    assert officer.has(sent.id, 5)


def test_an_event_rolled_back_is_told_to_nobody(
    settings: Settings, db_as: Callable[..., Any], owner_db: Any, actor_for: Callable[[str], Any]
) -> None:
    hub = Hub(role_url(settings, WEB), 5)
    by = actor_for("t.volunteer")

    def act(session: Session) -> int:
        return int(
            session.scalar(
                text(
                    "INSERT INTO app.event (station_id, name, subject_kind, subject_id, by_id) "
                    "VALUES (:s, 'x.y', 'case', :c, :p) RETURNING id"
                ),
                {"s": by.station_id, "c": uuid4(), "p": by.person_id},
            )
            or 0
        )

    undone = []

    def fail() -> None:
        with db_as(by) as session:
            undone.append(act(session))
            raise ZeroDivisionError

    with hub.stream() as stream:
        with pytest.raises(ZeroDivisionError):
            fail()
        with db_as(by) as session:
            kept = act(session)
        told = []
        while kept not in told:  # the service of other tests may have news of its own
            told.append(stream.get(timeout=5))
    assert undone[0] not in told
    with owner_db.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM app.event WHERE id = :i"), {"i": undone[0]}) == 0


@pytest.fixture
def capped(settings: Settings) -> Iterator[Flask]:
    """An application that takes two streams."""
    app = create_app(replace(settings, live_cap=2))
    yield app
    the_site = app.extensions["shuangge"]
    the_site.database.dispose()
    the_site.login.dispose()


def stream_of(app: Flask, token: str) -> Any:
    return app.test_client().get("/api/v1/events", headers={**STREAM, "Authorization": f"Bearer {token}"})


def test_above_the_cap_browsers_are_sent_to_poll(capped: Flask, token_for: Callable[[str], str]) -> None:
    token = token_for("t.officer.a")
    hub = capped.extensions["shuangge"].hub
    with hub.stream(), hub.stream():
        full = stream_of(capped, token)
        assert full.status_code == 503
        assert int(full.headers["Retry-After"]) > 0
    again = stream_of(capped, token)
    assert again.status_code == 200
    assert hub.open_streams == 1
    again.close()
    assert hub.open_streams == 0


def test_a_stream_ends_with_its_token(
    app: Flask,
    as_user: Callable[[str], FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(maps_api, "PING_S", 0.2)
    officer = as_user("t.officer.b")
    device = {"id": str(uuid4()), "label": "second", "scope": "all"}
    made = officer.post("/api/v1/devices", json=device)
    assert made.status_code == 201, made.text
    answer = stream_of(app, made.json["token"])
    told = answer.iter_encoded()
    assert next(told).startswith(b"retry")
    assert officer.delete(f"/api/v1/devices/{device['id']}").status_code == 204
    begun = time.monotonic()
    rest = b"".join(told)
    assert time.monotonic() - begun < 3
    assert b"cases." not in rest
    answer.close()


def test_a_browser_that_polls_gets_the_same_news(
    as_user: Callable[[str], FlaskClient], send_report: Callable[..., Sample]
) -> None:
    send_report("t.volunteer", "A1")
    before = as_user("t.officer.a").get("/api/v1/events").json["last"]
    assert before > 0
    sent = send_report("t.volunteer", "A2")
    foreign = send_report("t.volunteer", "B1")
    news = as_user("t.officer.a").get(f"/api/v1/events?after={before}").json
    subjects = [event["subject_id"] for event in news["events"]]
    assert sent.id in subjects
    assert foreign.id not in subjects


def test_strangers_hear_nothing(client: FlaskClient) -> None:
    assert client.get("/api/v1/events", headers=STREAM).status_code == 401
