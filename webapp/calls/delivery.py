"""How a call leaves the page: one small interface; a file by default, e-mail and SMS where they are set."""

from __future__ import annotations

import fcntl
import os
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

import orjson

from webapp.core.config import Settings

TIMEOUT_S = 9.0


@dataclass(frozen=True)
class Message:
    """What is sent: no words of the call, no names, no exact place; they are behind the link and its login.

    `person` is the id of who is called, `phone` his number where the way needs one.
    """

    id: str
    person: str
    text: str
    link: str
    phone: str = ""


@dataclass(frozen=True)
class Outgoing:
    """The careful request of the webhooks room, lent from above: `post` raises when it did not arrive.

    `may_call` says whether an address, as a resolver gives it, may be reached at all.
    """

    post: Callable[..., int]
    may_call: Callable[..., bool]


class Way(Protocol):
    """One way out. Raises any exception when the message did not arrive: the job tries again."""

    def deliver(self, message: Message) -> None:
        """Send one message, once."""


@dataclass(frozen=True)
class FileWay:
    """Appends each message as a line of JSON to <home>/outbox/calls.jsonl, for whatever program reads it."""

    home: Path

    def deliver(self, message: Message) -> None:
        """Write one whole line, safe on the disk."""
        folder = self.home / "outbox"
        folder.mkdir(mode=0o750, exist_ok=True)
        said = {name: value for name, value in asdict(message).items() if name != "phone"}
        with (folder / "calls.jsonl").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(orjson.dumps(said) + b"\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True)
class EmailWay:
    """Sends a mail to one mailbox by SMTP with TLS. A private server must lie in an allowed network."""

    settings: Settings
    outgoing: Outgoing
    allowed: tuple[Any, ...]

    def deliver(self, message: Message) -> None:
        """Send one mail."""
        host, _colon, port = self.settings.call_smtp.partition(":")
        number = int(port or 587)
        address = self._checked(host, number)
        letter = EmailMessage()
        letter["From"], letter["To"] = self.settings.call_email_from, self.settings.call_email_to
        letter["Subject"], letter["Message-ID"] = message.text, f"<{message.id}@shuangge>"
        letter.set_content(f"{message.text}\n{message.link}\n")
        private = not self.outgoing.may_call(address, ())
        with smtplib.SMTP(timeout=TIMEOUT_S) as server:
            server.connect(address, number)
            # The certificate is for the name, the connection to the address that was checked.
            server._host = host  # type: ignore[attr-defined]
            server.ehlo()
            if not private or server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context(cafile=self.settings.webhook_ca or None))
            if self.settings.call_smtp_login:
                server.login(*_lines(self.settings.call_smtp_login, 2))
            server.send_message(letter)

    def _checked(self, host: str, port: int) -> str:
        found = [str(item[4][0]) for item in socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)]
        if not found or not all(self.outgoing.may_call(address, self.allowed) for address in found):
            raise PermissionError("the mail server's address is private and not allowed")
        return found[0]


@dataclass(frozen=True)
class SmsWay:
    """Sends a POST to an SMS gateway, its body filled into the station's template."""

    settings: Settings
    outgoing: Outgoing
    allowed: tuple[Any, ...]

    def deliver(self, message: Message) -> None:
        """Ask the gateway for one short message; who has no number gets none."""
        if not message.phone:
            return
        filled = {"phone": message.phone, "text": f"{message.text} {message.link}", "id": message.id}
        body = orjson.dumps(_filled(orjson.loads(self.settings.call_sms_body), filled))
        headers = {"Content-Type": "application/json", "User-Agent": "shuangge-calls/1"}
        if self.settings.call_sms_token:
            headers["Authorization"] = f"Bearer {_lines(self.settings.call_sms_token, 1)[0]}"
        self.outgoing.post(
            self.settings.call_sms_url,
            body,
            headers,
            allowed=self.allowed,
            authority=self.settings.webhook_ca,
        )


def way(name: str, settings: Settings, outgoing: Outgoing, allowed: tuple[Any, ...]) -> Way:
    """Return the way out with a name; raise KeyError for one that is not known."""
    ways: Mapping[str, Callable[[], Way]] = {
        "file": lambda: FileWay(settings.home),
        "email": lambda: EmailWay(settings, outgoing, allowed),
        "sms": lambda: SmsWay(settings, outgoing, allowed),
    }
    return ways[name]()


def names(settings: Settings) -> list[str]:
    """Return the ways that the settings switch on."""
    return [part.strip() for part in settings.call_ways.split(",") if part.strip()]


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    """Return a JSON value with the marks in its texts filled in; what is filled in is never a mark itself."""
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    parts = template.split("{")
    return parts[0] + "".join(_part(part, values) for part in parts[1:])


def _part(part: str, values: Mapping[str, str]) -> str:
    name, closed, rest = part.partition("}")
    return values[name] + rest if closed and name in values else "{" + part


def _lines(path: str, count: int) -> list[str]:
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    return [line.strip() for line in lines[:count]]
