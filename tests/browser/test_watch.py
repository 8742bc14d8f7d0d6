"""The watch over every page does see what a page must never do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import Watch
from tests.service import Service


@pytest.mark.parametrize(
    ("script", "sign"),
    [
        ("console.error('broken')", "broken"),
        ("setTimeout(() => { throw new Error('thrown') })", "thrown"),
        ("fetch('http://foreign.invalid/x').catch(() => 0)", "foreign"),
        (
            "document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))",
            "Content Security Policy|CSP violation",
        ),
    ],
)
def test_the_watch_sees(
    open_context: Callable[..., BrowserContext], service: Service, script: str, sign: str
) -> None:
    page = open_context(tolerate=(".*",)).new_page()
    watch = Watch(service.url, ())
    watch.over(page.context)
    page.goto("/healthz")
    page.evaluate(script)
    page.wait_for_timeout(300)
    assert any(part in line for line in watch.seen for part in sign.split("|")), watch.seen


def test_a_role_is_signed_in(page_as: Callable[..., Page]) -> None:
    page = page_as("officer", "A")
    assert page.request.get("/api/v1/me").json()["username"] == "t.officer.a"
