"""The service worker over time: pictures of the base map without a network, a new version, no draft lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.phone_steps import answer, choose, go_on, my_cases, saved, until
from tests.service import Service
from tests.stations import Station
from tests.webapp.maps.test_basemap import mbtiles, picture
from webapp.core.config import CHECKOUT

TOLERATED = ("Failed to load resource", "Failed to fetch", "ERR_", "service worker")
PICTURES = (
    """async () => (await (await caches.open('basemap')).keys()).map(({ url }) => new URL(url).pathname)"""
)


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[[], Page]:
    """Open the page as a volunteer in grid A1, with its service worker in place."""

    def make() -> Page:
        look = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "tolerate": TOLERATED}
        page = page_as("volunteer", geolocation=station.inside("A1"), **look)
        page.goto("/phone/")
        expect(page.locator(".class-button").first).to_be_visible()
        until(page, "navigator.serviceWorker.controller !== null")
        return page

    return make


@pytest.fixture
def changed(service: Service, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start the web service anew with other settings or from a copy of the code; then as before."""
    before = service.settings

    def change(checkout: Path = CHECKOUT, **settings: str) -> None:
        service.kill("web")
        service.settings, service.checkout = replace(before, **settings), checkout
        service.start("web")

    yield change
    change()


def test_pictures_of_the_own_ground_are_there_without_a_network(
    phone: Callable[[], Page],
    changed: Callable[..., None],
    service: Service,
    station: Station,
    tmp_path: Path,
) -> None:
    lon, lat = station.inside("A1")
    x, y = int((lon + 180) / 360 * 1024), 1023 - _row(lat)
    changed(basemap=str(mbtiles(tmp_path / "map.mbtiles", {(10, x, y): picture(90)})))
    page = phone()
    page.goto("/phone/#/map")
    expect(page.locator("[role=status]").first).to_contain_text("网格")
    address = f"/basemap/10/{x}/{_row(lat)}"
    until(page, f"({PICTURES})().then((kept) => kept.includes('{address}'))")
    assert len(page.evaluate(PICTURES)) <= 500
    service.kill("web")
    page.reload()
    expect(page.locator("[role=status]").first).to_contain_text("网格")
    assert page.evaluate(f"fetch('{address}').then((got) => got.blob()).then(({{ size }}) => size)") > 0
    # another ground: what it does not need is thrown away, and nothing but pictures is ever kept
    service.start("web")
    wish = "['/basemap/0/0/0', '/api/v1/phone', 'https://elsewhere.example/basemap/1/1/1', 7]"
    page.evaluate(f"navigator.serviceWorker.controller.postMessage({{ kind: 'keep-tiles', urls: {wish} }})")
    until(page, f"({PICTURES})().then((kept) => kept.join() === '/basemap/0/0/0')")


def _row(lat: float) -> int:
    from math import asinh, pi, radians, tan

    return int((1 - asinh(tan(radians(lat))) / pi) / 2 * 1024)


@pytest.mark.slow
def test_a_new_version_is_offered_and_takes_over_with_the_draft(
    phone: Callable[[], Page], changed: Callable[..., None], tmp_path: Path
) -> None:
    page = phone()
    before = len(my_cases(page))
    choose(page)
    go_on(page)
    answer(page, wires="4")
    page.locator("#note").fill("新版本来了")
    saved(page, note="新版本来了", wires=4)
    newer = tmp_path / "newer"
    for part in ("static", "webapp", "collectors", "gis"):
        shutil.copytree(CHECKOUT / part, newer / part, ignore=shutil.ignore_patterns("__pycache__"))
    with (newer / "static/phone/what.js").open("a") as file:
        file.write("document.documentElement.dataset.version = 'newer';\n")
    changed(newer)
    page.evaluate("navigator.serviceWorker.getRegistration('/phone/').then((it) => it.update())")
    # somebody is writing: nothing happens without a word
    expect(page.locator("#new-version")).to_be_visible()
    expect(page.locator("html")).not_to_have_attribute("data-version", "newer")
    expect(page.locator("#note")).to_have_value("新版本来了")
    page.locator("#new-version").tap()
    expect(page.locator("html")).to_have_attribute("data-version", "newer")
    expect(page.locator("#note")).to_have_value("新版本来了")
    expect(page.locator("#q-wires")).to_have_value("4")
    expect(page.locator(".thumbs img")).to_have_count(1)
    caches = page.evaluate("caches.keys()")
    assert len([name for name in caches if name.startswith("phone-")]) == 1
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    assert len(my_cases(page)) == before + 1
