"""The chief's kinds of calls: one added with a limit, offered in the form to call, taken out of use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser import axe
from tests.browser.conftest import DESK, PHONE

SHOTS = os.environ.get("SHUANGGE_SHOTS")


@pytest.fixture(scope="module")
def script():
    return axe.source()


@pytest.fixture(autouse=True)
def only_general_kinds(service, owner_db):
    with owner_db.transaction() as session:
        session.execute(text("DELETE FROM app.call_kind WHERE station_id IS NOT NULL"))
        session.execute(text("DELETE FROM app.call_limit"))


def shot(page: Page, name: str) -> None:
    """Keep a picture for people to look at, when asked for."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def open_kinds(page: Page) -> None:
    page.goto("/calls/kinds")
    expect(page.locator("html[data-ready='kinds']")).to_be_attached()


def test_a_kind_is_added_limited_offered_and_taken_out(page_as):
    page = page_as("station_chief", tolerate=("status of 422",))
    open_kinds(page)
    page.locator("#new-kind > summary").click()
    form = page.locator("#new-kind form")
    form.get_by_label("代码").fill("device")
    form.get_by_label("中文名称").fill("设备故障")
    form.get_by_role("button", name="保存").click()
    expect(form.locator(".error")).to_be_visible()
    form.get_by_label("英文名称").fill("Broken device")
    form.get_by_role("button", name="保存").click()
    row = page.locator("[data-row='device']")
    expect(row).to_contain_text("设备故障")
    expect(page.locator("html[data-ready='kinds']")).to_be_attached()
    row.get_by_text("设定时限", exact=True).first.click()
    limit = row.locator("form[data-limit]")
    limit.get_by_label("收到时限").fill("60")
    limit.get_by_role("button").click()
    expect(row.locator("[data-version]")).to_contain_text("60 秒内确认")
    shot(page, "kinds-zh")
    page.goto("/calls")
    expect(page.locator("#call-form .call-choices label")).to_have_count(6)
    expect(page.locator("#call-form").get_by_label("设备故障")).to_be_visible()
    shot(page, "kinds-form-zh")
    open_kinds(page)
    row.get_by_text("修改", exact=True).click()
    row.get_by_label("使用中").uncheck()
    row.locator("form[data-kind]").get_by_role("button", name="保存").click()
    expect(row.get_by_text("已停用")).to_be_visible()
    page.goto("/calls")
    expect(page.locator("#call-form .call-choices label")).to_have_count(5)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_use_it(page_as, script, language, size):
    page = page_as("station_chief", viewport=size, language=language)
    open_kinds(page)
    page.locator("#new-kind > summary").click()
    shot(page, f"kinds-{language}-{size[0]}")
    assert axe.violations(page, script) == []
