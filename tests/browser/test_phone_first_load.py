"""The first opening of the phone page stays small: bytes, requests, what is loaded late and compressed."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable

import requests
from playwright.sync_api import Page

from tests.bench.firstload import opened
from tests.browser.conftest import PHONE
from tests.service import Service

LIMIT_BYTES = 200_000


def test_the_first_load_stays_small(page_as: Callable[..., Page], service: Service) -> None:
    page = page_as("volunteer", viewport=PHONE, service_workers="block")
    load = opened(page, service.url)
    assert load.total_bytes < LIMIT_BYTES
    first = load.addresses[: load.usable_requests]
    assert not [address for address in first if "/vendor/leaflet" in address]
    twice = [address for address, count in Counter(load.addresses).items() if count > 1]
    # The browser asks for the icon of its tab apart from the page.
    again = sorted(
        address.split("/static/")[-1] for address in twice if not address.endswith("/icons/app.svg")
    )
    assert again == [], again


def test_static_files_are_compressed_and_checked_anew(service: Service) -> None:
    address = f"{service.url}/static/phone/main.js"
    plain = requests.get(address, headers={"Accept-Encoding": "identity"}, timeout=30)
    packed = requests.get(address, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read()) == plain.content
    again = requests.get(address, headers={"If-None-Match": packed.headers["ETag"]}, timeout=30)
    assert again.status_code == 304
    assert requests.get(f"{service.url}/static/../webapp/app.py", timeout=30).status_code == 404
    assert requests.get(f"{service.url}/static/phone/nothing.js", timeout=30).status_code == 404
