"""The phone page with its service worker: opens without a network, sends when the page is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.phone_steps import cases_become, choose, filled, filled_offline, my_cases, until
from tests.service import Service
from tests.stations import Station

# The service is killed in the middle of whatever the page asks for just then.
TOLERATED = ("Failed to load resource", "Failed to fetch", "ERR_", "service worker")


@pytest.fixture
def kept(page_as: Callable[..., Page], station: Station, service: Service) -> Page:
    """A phone that has opened the page once, with its service worker in place."""
    page = page_as(
        "volunteer",
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        geolocation=station.inside("A1"),
        tolerate=TOLERATED,
    )
    page.goto("/phone/")
    expect(page.locator(".class-button").first).to_be_visible()
    until(page, "navigator.serviceWorker.controller !== null")
    return page


def reported_without_network(page: Page) -> None:
    filled_offline(page)
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("还没有发出去")


def test_a_cold_start_without_a_network_and_sent_later(kept: Page, service: Service) -> None:
    context = kept.context
    before = len(my_cases(kept))
    kept.close()
    service.kill("web")
    page = context.new_page()
    page.goto("/phone/")
    expect(page.locator(".class-button")).not_to_have_count(0)
    reported_without_network(page)
    expect(page.locator("#unsent-badge")).to_have_text("1")
    page.close()
    again = context.new_page()
    again.goto("/phone/")
    expect(again.locator("#unsent-badge")).to_have_text("1")
    service.start("web")
    cases = cases_become(again, before + 1, seconds=60)
    assert len(cases[0]["attachments"]) == 1


def test_who_opened_only_the_first_screen_has_pin_lines_grids_and_own_reports_without_a_network(
    kept: Page, service: Service
) -> None:
    """A courtyard without signal, straight after the first scan: the whole ladder of places must be there."""
    copies = "import('/static/phone/database.js').then((it) => it.readAll('copies'))"
    for address in ("/ogc/collections/grids/items", "/api/v1/me", "/api/v1/cases?mine"):
        until(kept, f"{copies}.then((all) => all.some((item) => item.address.startsWith('{address}')))")
    service.kill("web")
    try:
        choose(kept)
        pin = kept.locator("img.leaflet-marker-icon")
        expect(pin).to_be_visible()
        until(kept, "document.querySelector('img.leaflet-marker-icon').naturalWidth > 0")
        expect(kept.locator(".place-ground")).to_contain_text("A1")
        kept.locator(".grid-picker summary").tap()
        expect(kept.locator("#pick-police option")).not_to_have_count(0)
        kept.goto("/phone/#/mine")
        expect(kept.locator("body[data-ready=mine]")).to_be_attached()
        expect(kept.locator(".alert[data-tone=error]")).to_have_count(0)
    finally:
        service.start("web")


def test_a_report_leaves_while_the_page_is_closed(kept: Page, service: Service) -> None:
    context = kept.context
    before = len(my_cases(kept))
    other = context.new_page()
    other.goto("/account")
    session = context.new_cdp_session(other)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda e: registrations.extend(e["registrations"]))
    session.send("ServiceWorker.enable")
    service.kill("web")
    reported_without_network(kept)
    kept.close()
    service.start("web")
    for _look in range(100):  # the browser tells its registrations when it likes
        if any(r["scopeURL"].endswith("/phone/") for r in registrations):
            break
        other.wait_for_timeout(50)
    (ours,) = {r["registrationId"] for r in registrations if r["scopeURL"].endswith("/phone/")}
    wish = {"origin": service.url, "registrationId": ours, "tag": "send", "lastChance": False}
    session.send("ServiceWorker.dispatchSyncEvent", wish)
    for _look in range(100):
        if len(my_cases(other)) > before:
            break
        other.wait_for_timeout(100)
    assert len(my_cases(other)) == before + 1
    page = context.new_page()
    page.goto("/phone/")
    expect(page.locator(".class-button").first).to_be_visible()
    expect(page.locator("#unsent-badge")).to_be_hidden()
    assert len(my_cases(page)) == before + 1


def test_a_new_person_on_a_kept_page_is_known(
    kept: Page, service: Service, member: Callable[[str], Any]
) -> None:
    from tests.browser.test_phone_transport import sign_in

    old = kept.evaluate("document.body.dataset.person")
    kept.goto("about:blank")
    sign_in(kept, service, member("t.volunteer.2").username)
    kept.goto("/phone/")
    until(kept, f"document.body.dataset.person && document.body.dataset.person !== '{old}'")
    before = len(my_cases(kept))
    filled(kept)
    kept.locator("#send").tap()
    expect(kept.locator(".receipt")).to_be_visible()
    assert len(my_cases(kept)) == before + 1


def test_the_kept_page_and_caches_hold_nothing_personal(kept: Page, service: Service) -> None:
    names = kept.evaluate(
        """async () => {
          const found = [];
          for (const name of await caches.keys())
            for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
          return found;
        }"""
    )
    assert names
    assert not [name for name in names if not name.startswith(("/static/", "/phone/shell/"))]
    page = requests.get(f"{service.url}/phone/shell/zh", timeout=30).text
    assert 'name="csrf" content=""' in page


def test_the_manifest_makes_it_an_app(kept: Page) -> None:
    href = kept.locator("link[rel=manifest]").get_attribute("href")
    manifest = kept.request.get(href or "").json()
    assert (manifest["scope"], manifest["start_url"], manifest["display"]) == (
        "/phone/",
        "/phone/",
        "standalone",
    )
    assert manifest["name"].startswith("双格")
    for icon in manifest["icons"]:
        answer = kept.request.get(icon["src"])
        assert answer.headers["content-type"] == "image/png"
        side = int(icon["sizes"].split("x")[0])
        assert int.from_bytes(answer.body()[16:20], "big") == side
    session = kept.context.new_cdp_session(kept)
    assert session.send("Page.getAppManifest")["errors"] == []
