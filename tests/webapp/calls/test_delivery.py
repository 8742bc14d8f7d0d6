"""How calls leave the page: a file, e-mail, SMS; nothing private is called, nothing personal is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from webapp.calls import delivery, jobs
from webapp.calls.delivery import Message, Outgoing
from webapp.core.config import Settings, SettingsError, load
from webapp.core.db import Database
from webapp.webhooks import outgoing
from webapp.webhooks.rules import may_call

LENT = Outgoing(outgoing.post, may_call)
HERE = (ip_network("127.0.0.0/8"),)
MESSAGE = Message("call-1", "person-1", "呼叫：求助，T-A1，14:05", "https://x.example/calls/1", "13800000000")


@pytest.fixture
def gateway() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An SMS gateway of another house: its address, and what it was sent."""
    got: list[dict[str, Any]] = []

    class Gateway(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append({"body": body, "token": self.headers.get("Authorization")})
            self.send_response(200 if len(got) > 1 else 500)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/send", got
    server.shutdown()
    server.server_close()


class MailServer:
    """As much of SMTP (RFC 5321) as a client needs to hand in one mail."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.mail = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        line, _address = self.socket.accept()
        with line, line.makefile("rb") as told:
            line.sendall(b"220 here\r\n")
            for said in told:
                if said.upper().startswith(b"DATA"):
                    line.sendall(b"354 go\r\n")
                    while (part := told.readline()) != b".\r\n":
                        self.mail += part
                line.sendall(b"221 bye\r\n" if said.upper().startswith(b"QUIT") else b"250 fine\r\n")


def test_a_message_is_a_line_of_the_outbox(tmp_path: Path) -> None:
    way = delivery.way("file", Settings(home=tmp_path), LENT, ())
    way.deliver(MESSAGE)
    way.deliver(replace(MESSAGE, id="call-2"))
    lines = [json.loads(line) for line in (tmp_path / "outbox/calls.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["call-1", "call-2"]
    assert set(lines[0]) == {"id", "person", "text", "link"}, "no number where none is needed"


def test_sms_by_the_gateway_s_own_template(tmp_path: Path, gateway: Any) -> None:
    url, got = gateway
    (tmp_path / "token").write_text("secret-token\n")
    body = '{"phones": ["{phone}"], "content": "【双格】{text}", "n": 1}'
    settings = Settings(
        home=tmp_path, call_sms_url=url, call_sms_body=body, call_sms_token=str(tmp_path / "token")
    )
    way = delivery.way("sms", settings, LENT, HERE)
    odd = replace(MESSAGE, text='"},"x":"{phone}')
    with pytest.raises(outgoing.Undelivered):
        way.deliver(odd)
    way.deliver(odd)
    sent = {"phones": ["13800000000"], "content": f"【双格】{odd.text} {odd.link}", "n": 1}
    assert got[1] == {"body": sent, "token": "Bearer secret-token"}
    way.deliver(replace(odd, phone=""))
    assert len(got) == 2, "who has no number gets none"


def test_private_addresses_are_refused(tmp_path: Path, gateway: Any) -> None:
    url, got = gateway
    settings = Settings(home=tmp_path, call_sms_url=url, call_smtp="127.0.0.1:2525")
    with pytest.raises(outgoing.Undelivered):
        delivery.way("sms", settings, LENT, ()).deliver(MESSAGE)
    with pytest.raises(PermissionError):
        delivery.way("email", settings, LENT, ()).deliver(MESSAGE)
    assert not got


def test_a_mail_to_the_duty_desk(tmp_path: Path) -> None:
    server = MailServer()
    settings = Settings(
        home=tmp_path, call_smtp=f"127.0.0.1:{server.port}", call_email_from="a@x.example",
        call_email_to="desk@x.example",
    )  # fmt: skip
    delivery.way("email", settings, LENT, HERE).deliver(MESSAGE)
    mail = server.mail.decode()
    assert "To: desk@x.example" in mail
    assert "<call-1@shuangge>" in mail
    assert MESSAGE.phone not in mail


def test_only_known_ways_are_taken() -> None:
    assert load({"SHUANGGE_CALL_WAYS": "file, sms"}).call_ways == "file, sms"
    assert delivery.names(Settings(call_ways="file, sms")) == ["file", "sms"]
    assert delivery.names(Settings(call_ways="")) == []
    with pytest.raises(SettingsError, match="pigeon"):
        load({"SHUANGGE_CALL_WAYS": "pigeon"})


def test_who_is_called_is_told_once(call, work, settings: Settings, owner_db: Database, member) -> None:
    resources = {"settings": replace(settings, public_url="https://x.example"), "outgoing": LENT}
    told = call("t.grid_worker.a", "A1", words="秘密的话")
    for _twice in range(2):
        work(jobs.tell, resources, subject=told["id"], data={})
    with owner_db.transaction() as session:
        wanted = text("SELECT args FROM app.job WHERE name = 'calls.deliver' AND args->>'call' = :id")
        asked = list(session.scalars(wanted, told))
    assert asked == [{"call": told["id"], "person": str(member("t.officer.a").person_id), "way": "file"}]
    work(jobs.deliver, resources, **asked[0])
    line = (settings.home / "outbox/calls.jsonl").read_text().splitlines()[-1]
    assert json.loads(line)["link"] == f"https://x.example/calls/{told['id']}"
    assert "秘密" not in line


def test_who_has_answered_needs_no_message(call, say, work, settings: Settings, member) -> None:
    resources = {"settings": settings, "outgoing": LENT}
    told = call("t.grid_worker.a", "A1")
    say("t.officer.a", told, "acknowledge")
    person = str(member("t.officer.a").person_id)
    work(jobs.deliver, resources, call=told["id"], person=person, way="file")
    outbox = settings.home / "outbox/calls.jsonl"
    assert not outbox.exists() or told["id"] not in outbox.read_text()
