"""The pages of who keeps the station: its settings and its webhooks; and what the sender of a case left."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import DESK, PHONE
from tests.samples import photo
from tests.service import Service
from tests.stations import Station

PageAs = Callable[..., Page]
Looked = Callable[[Page, str], None]
SHOTS = os.environ.get("SHUANGGE_SHOTS")
V2 = "/open311/v2"


@pytest.fixture(scope="module")
def script() -> str:
    return axe.source()


@pytest.fixture
def looked_at(script: str) -> Callable[[Page, str], None]:
    """Check a page with axe-core and its width; keep a picture where somebody asked for pictures."""

    def check(page: Page, name: str) -> None:
        if SHOTS:
            page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
        assert axe.violations(page, script) == []

    return check


def stranger_reports(service: Service, station: Station) -> requests.Response:
    lon, lat = station.inside("A1")
    said = {
        "jurisdiction_id": "T", "service_code": "flying_wire", "lat": lat, "long": lon,
        "attribute[building_kind]": "multi_storey", "attribute[wires]": 2, "attribute[seen_charging]": "yes",
        "description": "二楼窗口拉线", "phone": "13800138000", "first_name": "演示", "ward": "7",
    }  # fmt: skip
    files = {"media": ("1.jpg", io.BytesIO(photo(5000)), "image/jpeg")}
    return requests.post(f"{service.url}{V2}/requests.json", data=said, files=files, timeout=30)


def test_switched_on_by_the_page_strangers_report_at_once_and_officers_see_the_sender(
    page_as: PageAs, service: Service, station: Station, looked_at: Looked
) -> None:
    listed = f"{service.url}{V2}/requests.json?jurisdiction_id=T"
    assert stranger_reports(service, station).status_code == 403
    page = page_as("station_chief", tolerate=("status of 422",))
    page.goto("/cases")
    page.locator("details.more summary").click()
    page.get_by_role("link", name="本所设置").click()
    page.get_by_label("没有密钥的人可以上报").check()
    page.fill("#gps", "4")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#gps-problem")).to_contain_text("5")
    assert stranger_reports(service, station).status_code == 403
    page.fill("#gps", "30")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    made = stranger_reports(service, station)
    assert made.status_code == 201, made.text
    assert requests.get(listed, timeout=30).json() == []
    page.get_by_label("没有密钥的人可以查看隐患列表").check()
    with page.expect_response(lambda answer: answer.request.method != "GET"):
        page.get_by_role("button", name="保存").click()
    page.reload()
    expect(page.locator("#report")).to_be_checked()
    expect(page.locator("#read")).to_be_checked()
    expect(page.locator("#gps")).to_have_value("30")
    [told] = made.json()
    assert requests.get(listed, timeout=30).json() == [], "to be confirmed first"
    taker = page_as("officer", "A")
    taker.goto(f"/cases/{told['service_request_id']}")
    taker.locator("#accept button").click()
    expect(taker.locator("#case-head .badge[data-state=accepted]")).to_be_visible()
    assert [r["service_request_id"] for r in requests.get(listed, timeout=30).json()] == [
        told["service_request_id"]
    ]
    said = {"jurisdiction_id": "T", "service_request_id": told["token"], "description": "还在充电"}
    later = requests.post(f"{service.url}{V2}/servicerequestupdates.json", data=said, timeout=30)
    assert later.status_code == 201, later.text
    for size, viewport in (("desk", DESK), ("phone", PHONE)):
        for language in ("zh-CN", "en-GB"):
            officer = page_as("officer", "A", viewport=viewport, language=language)
            officer.goto(f"/cases/{told['service_request_id']}", wait_until="networkidle")
            expect(officer.locator("#sender")).to_contain_text("还在充电")
            expect(officer.locator("body")).not_to_contain_text("13800138000")
            officer.locator("#sender-contact").click()
            expect(officer.locator("#sender-told")).to_contain_text("13800138000")
            looked_at(officer, f"sender-{size}-{language}")
    officer.reload()
    expect(officer.locator(".case-life")).to_contain_text("Contact data read")


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize(("size", "viewport"), [("desk", DESK), ("phone", PHONE)])
def test_the_settings_page(
    page_as: PageAs,
    looked_at: Looked,
    size: str,
    viewport: tuple[int, int],
    language: str,
) -> None:
    page = page_as("system_admin", viewport=viewport, language=language, tolerate=("status of 422",))
    page.goto("/station", wait_until="networkidle")
    looked_at(page, f"station-{size}-{language}")
    page.fill("#gps", "")
    page.locator("#settings button").click()
    expect(page.locator("#gps-problem")).to_be_visible()
    looked_at(page, f"station-fault-{size}-{language}")


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize(("size", "viewport"), [("desk", DESK), ("phone", PHONE)])
def test_a_webhook_is_subscribed_changed_tried_and_removed(
    page_as: PageAs,
    looked_at: Looked,
    size: str,
    viewport: tuple[int, int],
    language: str,
) -> None:
    name = f"区平台 {size} {language}"
    page = page_as("system_admin", viewport=viewport, language=language, tolerate=("status of 422",))
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/webhooks", wait_until="networkidle")
    page.fill("#new-label", name)
    page.fill("#new-url", "ftp://example.org/")
    page.locator("#subscribe button[type=submit]").click()
    expect(page.locator("#new-url-problem")).to_be_visible()
    looked_at(page, f"webhooks-fault-{size}-{language}")
    page.fill("#new-url", "https://hooks.invalid/in")
    page.locator("#subscribe button[type=submit]").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    looked_at(page, f"webhooks-secret-{size}-{language}")
    secret = page.locator("#secret").inner_text()
    page.locator("#done").click()
    card = page.locator("[data-hook]").filter(has_text=name)
    expect(card).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(secret)
    card.locator("[data-ping]").click()
    expect(card.locator("[data-ping]")).to_be_enabled()
    sent = card.locator("ul.list li")
    for _try in range(40):
        page.reload()
        if sent.count():
            break
        page.wait_for_timeout(500)
    expect(sent).to_have_count(1)
    card.locator("details > summary").first.click()
    looked_at(page, f"webhooks-{size}-{language}")
    card.locator("input[name=active]").uncheck()
    card.locator("form[data-change] button[type=submit]").click()
    expect(card.locator("[data-ping]")).to_be_disabled()
    card.locator("[data-remove]").click()
    expect(card).to_have_count(0)
