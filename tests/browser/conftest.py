"""A real Chromium against a real service; every page is watched for errors and foreign requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.service import Service
from tests.stations import PASSWORD
from tests.suite import Suite

# A wait ends when what is awaited is there; the limit is for busy machines.
expect.set_options(timeout=30_000)

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESK = (360, 740), (1280, 800)

# The policy's own report, for what the console does not say.
CSP_WATCH = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            # Browser, service and database share two cores with the other half of the suite: a page that was
            # late once is looked at a second time. The summary names it ("RERUN"), so that it is looked into.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for the whole run of this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watch:
    """Notes what a page must never do; `tolerate` are patterns of what this test does on purpose."""

    def __init__(self, base: str, tolerate: tuple[str, ...]) -> None:
        self._host = urlsplit(base).netloc
        self._tolerate = [re.compile(pattern) for pattern in tolerate]
        self.seen: list[str] = []

    def over(self, context: BrowserContext) -> None:
        """Watch every page and request of a context."""
        context.add_init_script(CSP_WATCH)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            where = (message.location or {}).get("url", "")
            self._note(f"console: {message.text} ({where})")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self._note(f"foreign request: {request.url}")

    def _note(self, line: str) -> None:
        if not any(pattern.search(line) for pattern in self._tolerate):
            self.seen.append(line)


@pytest.fixture
def open_context(chromium: Browser, service: Service) -> Iterator[Callable[..., BrowserContext]]:
    """Return a watched, signed-out browser profile: open_context(viewport=PHONE, language='zh-CN')."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def make(
        viewport: tuple[int, int] = DESK,
        language: str = "zh-CN",
        geolocation: tuple[float, float] | None = None,
        tolerate: tuple[str, ...] = (),
        **wishes: Any,
    ) -> BrowserContext:
        if geolocation is not None:
            wishes["geolocation"] = {"longitude": geolocation[0], "latitude": geolocation[1], "accuracy": 8}
            wishes["permissions"] = ["geolocation"]
        context = chromium.new_context(
            base_url=service.url,
            viewport={"width": viewport[0], "height": viewport[1]},
            locale=language,
            timezone_id="Asia/Shanghai",
            **wishes,
        )
        context.set_default_timeout(30_000)
        watch = Watch(service.url, tolerate)
        watch.over(context)
        opened.append((context, watch))
        return context

    yield make
    for context, _watch in opened:
        context.close()
    seen = [line for _context, watch in opened for line in watch.seen]
    assert not seen, "the pages did what they must never do:\n" + "\n".join(seen)


@pytest.fixture
def page_as(
    open_context: Callable[..., BrowserContext], service: Service, suite: Suite
) -> Callable[..., Page]:
    """Return a page that a role is signed in on: page_as('officer', police_grid='A', viewport=PHONE).

    Further wishes: station='T', language='zh-CN', geolocation=(lon, lat), tolerate=('pattern', ...).
    """

    def make(role: str, police_grid: str | None = None, station: str = "T", **wishes: Any) -> Page:
        member = suite.stations[station].member(role, police_grid)
        context = open_context(**wishes)
        answer = requests.post(
            f"{service.url}/login",
            data={"username": member.username, "password": PASSWORD},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 302, answer.text
        context.add_cookies(
            [{"name": name, "value": value, "url": service.url} for name, value in answer.cookies.items()]
        )
        return context.new_page()

    return make
