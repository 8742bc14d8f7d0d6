"""First load of the phone page over a 3G link: bytes, requests, and the time until it can be used."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
# A 3G link as the goal names it: 1.6 Mbit/s down, 0.75 up, 300 ms there and back.
LINK = {"offline": False, "latency": 300, "downloadThroughput": 200_000, "uploadThroughput": 93_750}
QUIET_S = 2.0
# The page's own clock says when it could be used: whoever watches from outside may be late.
WATCH = """
new MutationObserver((_changes, watch) => {
  if (!document.querySelector(".class-button")) return;
  window.usableAt = performance.timeOrigin + performance.now();
  watch.disconnect();
}).observe(document, { childList: true, subtree: true });
"""


@dataclass
class Load:
    """What one opening of the page took. Bytes are as sent, heads included."""

    usable_s: float = 0.0
    usable_bytes: int = 0
    usable_requests: int = 0
    total_bytes: int = 0
    addresses: list[str] = field(default_factory=list)

    @property
    def total_requests(self) -> int:
        """How many requests there were at all."""
        return len(self.addresses)


def opened(page: Page, url: str) -> Load:
    """Open the phone page on a slow link and wait until it can be used, then until nothing more comes."""
    found = Load()
    sizes: list[int] = []
    asked_ms: list[float] = []
    page.add_init_script(WATCH)
    session = page.context.new_cdp_session(page)
    session.on("Network.requestWillBeSent", lambda e: found.addresses.append(e["request"]["url"]))
    session.on("Network.requestWillBeSent", lambda e: asked_ms.append(e["wallTime"] * 1000))
    session.on("Network.loadingFinished", lambda e: sizes.append(int(e["encodedDataLength"])))
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINK)
    began = time.monotonic()
    page.goto(f"{url}/phone/", wait_until="commit")
    page.locator(".class-button").first.wait_for(timeout=60_000)
    found.usable_s = time.monotonic() - began
    found.usable_bytes = sum(sizes)
    usable_ms = page.evaluate("() => window.usableAt")
    found.usable_requests = sum(asked <= usable_ms for asked in asked_ms)
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_S:
        page.wait_for_timeout(100)
        if len(sizes) != seen:
            seen, since = len(sizes), time.monotonic()
    found.total_bytes = sum(sizes)
    return found


def signed_in(browser: Browser, url: str, username: str, password: str, **wishes: Any) -> Page:
    """Return a page of a fresh browser profile with a person signed in."""
    answer = requests.post(
        f"{url}/login",
        data={"username": username, "password": password},
        allow_redirects=False,
        timeout=10,
    )
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN", **wishes)
    context.add_cookies([{"name": n, "value": v, "url": url} for n, v in answer.cookies.items()])
    return context.new_page()


def run(url: str, username: str, password: str, rounds: int = 3) -> list[str]:
    """Return the lines of the table: each round a fresh profile, then one with the service worker's copy."""
    lines = [
        "| opening | usable after s | kB until then | requests until then | kB in all | requests in all |",
        "|---|---|---|---|---|---|",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for number in range(rounds):
            page = signed_in(browser, url, username, password, service_workers="block")
            lines.append(_line(f"first, {number + 1}", opened(page, url)))
            page.context.close()
        page = signed_in(browser, url, username, password)
        page.goto(f"{url}/phone/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_timeout(1_000)
        lines.append(_line("again, kept by the service worker", opened(page.context.new_page(), url)))
        browser.close()
    return lines


def _line(name: str, load: Load) -> str:
    return (
        f"| {name} | {load.usable_s:.2f} | {load.usable_bytes / 1000:.0f} | {load.usable_requests} "
        f"| {load.total_bytes / 1000:.0f} | {load.total_requests} |"
    )
