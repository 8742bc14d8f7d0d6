"""A resident's browser: opens the form, solves its riddle, sends, follows the code."""

from __future__ import annotations

import html
import io
import re
from hashlib import sha256
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


def solve(challenge: str, bits: int) -> str:
    """Return the number whose hash with the challenge begins with enough zero bits."""
    number = 0
    while int.from_bytes(sha256(f"{challenge}:{number}".encode()).digest(), "big") >> (256 - bits):
        number += 1
    return str(number)


class Form:
    """The form of one class as a browser holds it: hidden fields, the question, the price."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
        self.fields = {name: html.unescape(value) for name, value in found.items()}
        self.bits = int(re.search(r'data-bits="(\d+)"', text)[1])  # type: ignore[index]
        self.question = html.unescape(re.search(r'id="question">([^<]*)<', text)[1])  # type: ignore[index]
        self.signs = re.findall(r'name="place" value="(\w+)" checked', text)

    def answer(self) -> str:
        """Return the answer of the plain question, read as a person does (in English)."""
        words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        return str(
            sum(words.index(word) + 1 for word in re.findall(r"\b\w+\b", self.question) if word in words)
        )


class Resident:
    """Somebody at /public/ with a browser of his own."""

    def __init__(self, app: Flask, station: str = "T", address: str = "203.0.113.7") -> None:
        self.client: FlaskClient = app.test_client()
        self.client.environ_base["REMOTE_ADDR"] = address
        self.station = station

    def open(self, class_code: str = "flying_wire", place: str = "") -> Form:
        """Open the form of a class."""
        query = {"class": class_code, "lang": "en"} | (
            {"place": place} if place else {"station": self.station}
        )
        answer = self.client.get("/public/new", query_string=query, headers=HTML)
        assert answer.status_code == 200, answer.text
        return Form(answer.text)

    def send(
        self, form: Form, class_code: str = "flying_wire", /, *, place: str = "", proof: str = "work",
        photos: tuple[bytes, ...] = (), headers: dict[str, str] | None = None, **said: Any,
    ) -> TestResponse:  # fmt: skip
        """Send a form with a proof: work, answer (the plain question) or none."""
        query = {"class": class_code} | ({"place": place} if place else {"station": self.station})
        fields = {**form.fields, **said}
        if proof == "work" and "work" not in said:
            fields["work"] = solve(form.fields["challenge"], form.bits)
        if proof == "answer":
            fields["answer"] = form.answer()
        fields["photo"] = [(io.BytesIO(data), f"{n}.jpg") for n, data in enumerate(photos)]
        return self.client.post("/public/send", query_string=query, data=fields, headers=headers or HTML)

    def report(self, class_code: str = "flying_wire", **said: Any) -> str:
        """Report something and return the tracking code."""
        place = said.get("place", "")
        answer = self.send(self.open(class_code, place), class_code, **said)
        assert answer.status_code == 303, answer.text
        return code_in(answer)

    def track(self, code: str) -> str:
        """Return the page of a code as text."""
        answer = self.client.get(f"/public/track/{code}?lang=en", headers=HTML)
        assert answer.status_code == 200, answer.text
        return html.unescape(answer.text)


def code_in(answer: TestResponse) -> str:
    """Return the tracking code that an answer leads to."""
    return str(re.search(r"/public/track/([0-9A-Z]+)", answer.headers["Location"])[1])  # type: ignore[index]
