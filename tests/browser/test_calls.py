"""Pressed on a phone, seen on the map without a reload, taken; the caller sees who comes; and back."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser import axe
from tests.browser.conftest import DESK, PHONE
from tests.service import Service
from tests.stations import Station
from webapp.core.db import Database

SHOTS = os.environ.get("CALL_SHOTS", "")
API = "/api/v1/calls"
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"))


@pytest.fixture(autouse=True)
def quiet(owner_db: Database) -> None:
    """No call of another test rings any more."""
    with owner_db.transaction() as session:
        session.execute(
            text("""UPDATE app.call SET state = 'cancelled', ended_at = now(), next_at = NULL, end_words = 'x'
                WHERE ended_at IS NULL""")
        )
        session.execute(text("DELETE FROM auth.throttle"))
        session.execute(text("UPDATE app.station SET settings = settings - 'calls'"))


@pytest.fixture
def ask(service: Service, token_for: Callable[[str], str]) -> Callable[..., Any]:
    """Ask the API as a member: ask('t.officer.a', '/api/v1/calls', json)."""

    def send(username: str, address: str, body: Any = None) -> Any:
        head = {"Authorization": f"Bearer {token_for(username)}"}
        answer = requests.post(service.url + address, headers=head, json=body or {}, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    return send


@pytest.fixture
def wish(station: Station) -> Callable[..., dict[str, Any]]:
    def make(grid: str, **changes: Any) -> dict[str, Any]:
        lon, lat = station.inside(grid)
        place = {"lon": lon, "lat": lat, "accuracy_m": 8.0}
        return {"id": str(uuid4()), "kind": "help", "words": "三单元有人争吵", "place": place, **changes}

    return make


def wide(page: Page) -> list[str]:
    """Return what reaches beyond the right edge of the page."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
            .filter((e) => !e.closest('.leaflet-container'))
            .map((e) => `${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}`)"""
    )
    return found if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_pressed_on_a_phone_and_taken_on_the_map(
    page_as: Callable[..., Page], station: Station, language: str
) -> None:
    officer = page_as("officer", "A", language=language)
    officer.goto("/map")
    expect(officer.locator("html[data-ready]")).to_be_attached()
    worker = page_as("grid_worker", "A", language=language, geolocation=station.inside("A2"), **TOUCH)
    worker.goto("/calls")
    expect(worker.locator("html[data-ready]")).to_be_attached()
    worker.locator("#call-locate").tap()
    expect(worker.locator("#call-where")).to_contain_text("±8 m")
    worker.locator(".call-form textarea").fill("二单元楼道有人晕倒")
    shot(worker, f"phone-form-{language}")
    worker.locator(".call-button").tap()
    card = worker.locator("#open-calls .call-card").first
    expect(card.locator(".call-clock")).to_contain_text("02:5")
    shot(worker, f"phone-calling-{language}")

    rings = officer.locator("#call-dock .call-card[data-rings]").first
    expect(rings.locator(".said")).to_have_text("二单元楼道有人晕倒")
    shot(officer, f"map-rings-{language}")
    rings.locator("[data-verb=take]").click()
    mine = officer.locator("#call-dock .call-card[data-state=answered]").first
    expect(mine.locator("[data-verb=arrive]")).to_be_visible()
    shot(officer, f"map-taken-{language}")

    expect(card.locator(".call-comes")).to_be_visible()
    shot(worker, f"phone-comes-{language}")
    mine.locator("[data-verb=arrive]").click()
    mine.locator("[data-verb=finish]").click()
    words = mine.locator(".call-words input")
    words.fill("已送医")
    shot(officer, f"map-words-{language}")
    words.press("Enter")
    expect(officer.locator("#call-dock .call-card")).to_have_count(0)
    expect(worker.locator("#ended-calls .call-card").first).to_contain_text("已送医")
    assert not wide(worker)
    small = worker.evaluate(
        """() => [...document.querySelectorAll('main button, main .btn, main .choice')]
            .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 47.5)
            .map((e) => e.textContent + e.getBoundingClientRect().height)"""
    )
    assert not small, "everything that one presses is 48 px high"


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_called_from_the_map_and_taken_on_the_phone(
    page_as: Callable[..., Page], station: Station, language: str
) -> None:
    phone = page_as("grid_worker", "B", language=language, **TOUCH)
    phone.goto("/phone/")
    expect(phone.locator("#phone-calls .call-link")).to_be_visible()
    officer = page_as("officer", "B", language=language)
    officer.goto("/map")
    expect(officer.locator("html[data-ready]")).to_be_attached()
    box = officer.locator(".folium-map").bounding_box()
    assert box
    officer.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, button="right")
    officer.locator("#call-here").click()
    form = officer.locator(".call-dialog form")
    expect(form).to_be_visible()
    form.locator("textarea").fill("请帮忙查看")
    shot(officer, f"map-form-{language}")
    form.locator(".call-button").click()
    expect(officer.locator("#call-dock .call-card").first).to_contain_text("请帮忙查看")

    card = phone.locator("#phone-calls .call-card[data-rings]").first
    expect(card).to_contain_text("请帮忙查看")
    shot(phone, f"phone-rings-{language}")
    card.locator("[data-verb=acknowledge]").tap()
    expect(phone.locator("#phone-calls .call-card[data-state=acknowledged]").first).to_be_visible()
    phone.locator("#phone-calls [data-verb=take]").first.tap()
    expect(phone.locator("#phone-calls .call-card[data-state=answered]").first).to_be_visible()
    shot(phone, f"phone-taken-{language}")
    expect(officer.locator("#call-dock .call-comes").first).to_be_visible()
    officer.locator("#call-dock [data-verb=cancel]").first.click()
    officer.locator("#call-dock .call-words input").press("Enter")
    expect(officer.locator("#call-dock .call-card")).to_have_count(0)
    expect(phone.locator("#phone-calls .call-card")).to_have_count(0)


def test_who_was_too_late_is_told_who_comes(page_as: Callable[..., Page], ask: Any, wish: Any) -> None:
    told = ask("t.officer.a", API, wish("A1", aim="around"))
    page = page_as("grid_worker", "A", tolerate=("409",))
    page.goto("/calls")
    card = page.locator(f'[data-call="{told["id"]}"]')
    expect(card.locator("[data-verb=take]")).to_be_visible()
    taken = ask("t.grid_worker.b", f"{API}/{told['id']}/take")
    expect(card).to_contain_text(taken["takers"][0]["name"])
    expect(card.locator("[data-verb=take]")).to_have_count(0)
    ask("t.officer.a", f"{API}/{told['id']}/cancel", {"words": "完"})


@pytest.mark.parametrize("viewport", [PHONE, DESK])
def test_from_the_case_page(
    page_as: Callable[..., Page], send_report: Any, viewport: tuple[int, int]
) -> None:
    sample = send_report("t.volunteer", "A1")
    page = page_as("officer", "A", viewport=viewport)
    page.goto("/cases")
    number = page.evaluate(f"fetch('/api/v1/cases/{sample.id}').then((a) => a.json()).then((c) => c.number)")
    page.goto(f"/cases/{number}")
    page.locator("#case-call").click()
    page.locator(".call-dialog .call-button").click()
    expect(page.locator("#case-call-list .call-card")).to_have_count(1)
    page.locator("#case-calls").scroll_into_view_if_needed()
    shot(page, f"case-{viewport[0]}")


def test_the_chief_reads_the_clocks_and_sets_their_limits(
    page_as: Callable[..., Page], ask: Any, wish: Any
) -> None:
    told = ask("t.grid_worker.b", API, wish("B1"))
    ask("t.officer.b", f"{API}/{told['id']}/take")
    for language, viewport in (("zh-CN", DESK), ("en-GB", PHONE)):
        page = page_as("station_chief", language=language, viewport=viewport)
        page.goto("/calls/statistics")
        expect(page.locator("table")).to_contain_text("T-B")
        page.locator('input[name="day.acknowledge_s"]').fill("120")
        page.locator("#limits button").click()
        expect(page.locator(".toast")).to_be_visible()
        shot(page, f"statistics-{language}")
        page.goto("/calls")
        expect(page.locator("#open-calls .call-card").first).to_be_visible()
        shot(page, f"desk-{language}")
        page.goto("/calls/statistics")
        expect(page.locator('input[name="day.acknowledge_s"]')).to_have_value("120")


def test_by_keyboard_alone(page_as: Callable[..., Page], ask: Any, wish: Any) -> None:
    told = ask("t.grid_worker.a", API, wish("A2", words="键盘"))
    page = page_as("officer", "A")
    page.goto("/calls")
    take = page.locator(f'[data-call="{told["id"]}"] [data-verb=take]')
    take.focus()
    page.keyboard.press("Enter")
    expect(page.locator(f'[data-call="{told["id"]}"] [data-verb=arrive]')).to_be_visible()
    focused = page.evaluate("document.activeElement.closest('[data-call]')?.dataset.call")
    assert focused == told["id"], "the focus stays on the card"


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_everybody_can_use_the_pages_of_calls(
    page_as: Callable[..., Page], ask: Any, wish: Any, language: str
) -> None:
    told = ask("t.grid_worker.a", API, wish("A1"))
    script, found = axe.source(), []
    ask("t.grid_worker.a", API, wish("A2"))
    ask("t.officer.a", f"{API}/{told['id']}/take")
    page = page_as("officer", "A", language=language)
    page.goto("/calls")
    page.locator(f'[data-call="{told["id"]}"] [data-verb=finish]').click()
    found += axe.violations(page, script)
    page.goto("/calls/statistics")
    found += axe.violations(page, script)
    page.goto("/map")
    page.locator("#call-dock .call-open").click()
    expect(page.locator(".call-dialog form")).to_be_visible()
    found += axe.violations(page, script)
    assert not found, "\n".join(found)


def test_an_empty_page_of_calls_says_so(page_as: Callable[..., Page]) -> None:
    page = page_as("station_chief", station="U")
    page.goto("/calls")
    for part in ("#open-calls", "#ended-calls"):
        expect(page.locator(f"{part} .empty")).to_contain_text("没有呼叫")


def test_the_phone_hears_of_a_call_by_the_line_of_news(
    page_as: Callable[..., Page], ask: Any, wish: Any
) -> None:
    phone = page_as("grid_worker", "B", **TOUCH)
    asked: list[str] = []
    phone.on("request", lambda r: asked.append(r.url) if "/api/v1/calls?" in r.url else None)
    phone.goto("/phone/")
    expect(phone.locator("#phone-calls[data-news=live]")).to_be_attached()
    told = ask("t.officer.b", API, wish("B1", words="听到了吗"))
    card = phone.locator(f"#phone-calls [data-call='{told['id']}']")
    expect(card.locator("[data-verb=take]")).to_be_visible()
    before = len(asked)
    ask("t.officer.b", f"{API}/{told['id']}/cancel", {"words": "完"})
    expect(card).to_have_count(0)
    assert before < len(asked) <= before + 3, "it asks when there is news, not every few seconds"


def test_the_phone_asks_where_there_is_no_line_of_news(
    page_as: Callable[..., Page], ask: Any, wish: Any
) -> None:
    phone = page_as("grid_worker", "B", tolerate=("503",), **TOUCH)

    def refuse(route: Any) -> None:
        if "event-stream" in route.request.headers.get("accept", ""):
            route.fulfill(status=503, content_type="application/problem+json", body="{}")
        else:
            route.continue_()

    phone.context.route("**/api/v1/events*", refuse)
    phone.goto("/phone/")
    expect(phone.locator("#phone-calls[data-news=polling]")).to_be_attached()
    told = ask("t.officer.b", API, wish("B2", words="轮询"))
    expect(phone.locator(f"#phone-calls [data-call='{told['id']}']")).to_be_visible()
    ask("t.officer.b", f"{API}/{told['id']}/cancel", {"words": "完"})
