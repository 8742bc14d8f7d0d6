"""What goes wrong on a phone: reloads, bad files, double taps, lost answers, no secure context."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from tests.browser.conftest import CHROMIUM, FLAGS, PHONE
from tests.browser.phone_steps import (
    answer,
    cases_become,
    choose,
    go_on,
    my_cases,
    opened,
    saved,
    sent_batches,
    the_case,
)
from tests.service import Service
from tests.stations import Station

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[..., Page]:
    """Open the page as a volunteer who stands in grid A1: phone(language='en-GB', geolocation=None)."""
    return lambda **wishes: opened(page_as, **{"geolocation": station.inside("A1"), **wishes})


def test_reload_in_the_middle_keeps_everything(phone: Callable[..., Page]) -> None:
    page = phone()
    choose(page)
    go_on(page)
    answer(page, wires="4")
    page.locator("#note").fill("写到一半")
    saved(page, note="写到一半", wires=4, building_kind="multi_storey")
    page.reload()
    expect(page.locator("#note")).to_have_value("写到一半")
    expect(page.locator("#q-wires")).to_have_value("4")
    expect(page.locator(".thumbs img")).to_have_count(1)
    expect(page.locator("input[value=multi_storey]")).to_be_checked()
    page.goto("/phone/")
    expect(page.locator("#screen")).to_contain_text("没写完")
    page.locator("a[href='#/where']").tap()
    go_on(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    assert the_case(page)["answers"]["wires"] == 4


def test_a_reload_while_the_camera_photo_is_shrunk(phone: Callable[..., Page]) -> None:
    page = phone()
    choose(page)
    go_on(page)
    page.evaluate(
        """async (base64) => {
          const { draft } = await import('/static/phone/draft.js');
          const store = await import('/static/phone/store.js');
          const blob = await (await fetch('/static/icons/app-512.png')).blob();
          await store.keepPhoto({ id: 'raw', report_id: draft().id, name: 'raw.png', media_type: 'image/png',
            blob, sha256: '', ready: false, taken_at: 1 });
        }"""
    )
    page.reload()
    expect(page.locator(".thumbs img")).to_have_count(1)


def test_no_photo_is_said_and_not_kept(phone: Callable[..., Page]) -> None:
    page = phone()
    choose(page)
    go_on(page)
    broken: FilePayload = {
        "name": "broken.jpg",
        "mimeType": "image/jpeg",
        "buffer": b"\xff\xd8\xff no picture",
    }
    page.locator("#photo-album").set_input_files(broken)
    expect(page.locator("#error-photo")).to_contain_text("打不开")
    page.reload()
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator(".thumbs img")).to_have_count(0)


def test_a_double_tap_sends_one_case(phone: Callable[..., Page]) -> None:
    page = phone()
    batches = sent_batches(page)
    choose(page)
    go_on(page)
    answer(page)
    before = len(my_cases(page))
    page.locator("#send").dblclick()
    expect(page.locator(".receipt")).to_be_visible()
    assert len(batches) == 1
    assert len(my_cases(page)) == before + 1


def test_a_lost_answer_and_sending_again_by_itself_give_one_case(phone: Callable[..., Page]) -> None:
    page = phone(tolerate=("Failed to load resource",))
    lose = [True, True]

    def lossy(route: Route) -> None:
        """The first request is lost on its way, of the second the answer."""
        if not lose:
            return route.continue_()
        lose.pop()
        if not lose:
            route.fetch()
        return route.abort()

    page.route("**/api/v1/batches", lossy)
    choose(page)
    go_on(page)
    answer(page)
    before = len(my_cases(page))
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("还没有发出去")
    expect(page.locator("#unsent-badge")).to_have_text("1")
    page.goto("/phone/")
    expect(page.locator(".unsent-notice")).to_be_visible()
    page.locator(".unsent-notice").tap()
    expect(page.locator(".mine-item", has_text="没发出")).to_have_count(1)
    # The rest after two failures is over soon; nobody touches anything.
    expect(page.locator(".unsent-notice")).to_be_hidden(timeout=30_000)
    assert lose == []
    assert len(my_cases(page)) == before + 1
    assert len(my_cases(page)[0]["attachments"]) == 1


def test_a_session_that_ended_loses_nothing(phone: Callable[..., Page]) -> None:
    page = phone(tolerate=("Failed to load resource",))
    before = len(my_cases(page))
    choose(page)
    go_on(page)
    answer(page)
    cookies: Any = page.context.cookies()
    page.context.clear_cookies()
    page.locator("#send").tap()
    expect(page.locator(".signin-notice")).to_be_visible()
    page.locator("#screen a[href='/login?next=/phone/']").tap()
    page.wait_for_url("**/login**")
    page.context.add_cookies(cookies)
    page.goto("/phone/#/mine")
    cases_become(page, before + 1)
    expect(page.locator(".signin-notice")).to_be_hidden()
    assert len(my_cases(page)[0]["attachments"]) == 1


def test_what_the_station_must_look_at(phone: Callable[..., Page]) -> None:
    page = phone()
    choose(page)
    go_on(page)
    answer(page)
    long_ago = (datetime.now(UTC) - timedelta(days=800)).isoformat()
    page.evaluate("async (at) => (await import('/static/phone/draft.js')).change({ found_at: at })", long_ago)
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("已收下")
    expect(page.locator(".reasons li")).to_have_count(1)
    assert CHINESE.search(page.locator(".reasons").inner_text())
    page.locator(".action-bar .btn-primary").tap()
    expect(page.locator(".thumbs img")).to_have_count(1)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()


def test_plain_sha256(phone: Callable[..., Page]) -> None:
    page = phone()
    for size in (0, 1, 55, 56, 63, 64, 65, 300_001):
        data = (b"shuangge" * (size // 8 + 1))[:size]
        found = page.evaluate(
            "async (b) => (await import('/static/phone/sha256.js')).plainSha256(new Uint8Array(b))",
            list(data),
        )
        assert found == sha256(data).hexdigest(), size


def test_over_plain_http_in_the_house(
    chromium: Browser, page_as: Callable[..., Page], service: Service, station: Station
) -> None:
    """A phone in the station's network: no secure context, so no position, no crypto.subtle."""
    known = page_as("volunteer")
    cookies = known.context.cookies()
    host = f"http://station.test:{service.settings.port}"
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=[*FLAGS, "--host-resolver-rules=MAP station.test 127.0.0.1"]
    )
    try:
        context = browser.new_context(
            base_url=host, viewport={"width": PHONE[0], "height": PHONE[1]}, locale="zh-CN", has_touch=True
        )
        context.add_cookies([{"name": c["name"], "value": c["value"], "url": host} for c in cookies])
        page = context.new_page()
        page.goto("/phone/")
        assert not page.evaluate("isSecureContext")
        choose(page)
        expect(page.locator(".place-words")).to_contain_text("不能自动定位")
        page.locator(".pick-map").tap(position={"x": 160, "y": 150})
        expect(page.locator(".place-ground")).to_contain_text("接收")
        page.locator("#next").tap()
        answer(page)
        page.locator("#send").tap()
        expect(page.locator(".receipt")).to_be_visible()
        number = page.locator(".case-number").inner_text()
    finally:
        browser.close()
    case = next(case for case in my_cases(known) if case["number"] == number)
    assert len(case["attachments"]) == 1
