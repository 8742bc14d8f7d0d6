"""The chief's calendar: a year at a glance, a day declared free, a limit set, a missing year told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser import axe
from tests.browser.conftest import DESK, PHONE

SHOTS = os.environ.get("SHUANGGE_SHOTS")


@pytest.fixture(scope="module")
def script():
    return axe.source()


@pytest.fixture(scope="module", autouse=True)
def years(service, token_for):
    """The years of the package in the service's station."""
    headers = {"Authorization": f"Bearer {token_for('t.station_chief')}"}
    for year in (2025, 2026):
        requests.post(
            f"{service.url}/api/v1/calendar/years/{year}", json={}, headers=headers, timeout=20
        ).raise_for_status()


def shot(page: Page, name: str) -> None:
    """Keep a picture for people to look at, when asked for."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def test_a_day_is_declared_free_and_the_year_shows_it(page_as):
    page = page_as("station_chief", tolerate=("status of 422",))
    page.goto("/calendar?year=2026")
    feast = page.locator("[data-day='2026-10-01']")
    expect(feast).to_have_attribute("data-kind", "holiday")
    expect(feast).to_contain_text("休")
    expect(page.locator("[data-day='2026-10-10']")).to_contain_text("班")
    shot(page, "desk-zh")
    page.locator("[data-day='2026-10-09']").click()
    dialog = page.locator("#day-dialog")
    expect(dialog.get_by_role("heading")).to_have_text("2026-10-09")
    expect(dialog.get_by_label("休息日", exact=True)).to_be_checked()
    dialog.get_by_role("button", name="保存").click()
    expect(dialog.locator(".error")).to_have_text("请说明原因。")
    shot(page, "dialog-zh")
    dialog.get_by_label("原因").fill("停电检修")
    dialog.get_by_role("button", name="保存").click()
    changed = page.locator("button[data-day='2026-10-09'][data-own][data-free]")
    expect(changed).to_be_visible()
    expect(page.get_by_text("停电检修")).to_be_visible()
    # Taken back by a second change; both stay on record.
    changed.click()
    expect(dialog.get_by_label("恢复为通知安排")).to_be_checked()
    dialog.get_by_label("原因").fill("检修取消")
    dialog.get_by_role("button", name="保存").click()
    expect(page.locator("[data-day='2026-10-09']:not([data-own])")).to_be_visible()
    expect(page.get_by_text("检修取消")).to_be_visible()
    expect(page.get_by_text("停电检修")).to_be_visible()


def test_a_limit_is_set_followed_and_ended_on_a_phone(page_as):
    page = page_as("station_chief", viewport=PHONE, language="en-GB", tolerate=("status of 422",))
    page.goto("/calendar")
    page.get_by_text("Set a limit", exact=True).click()
    form = page.locator("#limit")
    form.get_by_label("Class", exact=False).select_option("fire_lane")
    form.get_by_role("button", name="Set this limit").click()
    expect(form.locator("[data-problem], [data-form-problem]:not([hidden])").first).to_be_visible()
    form.locator("[name='respond_amount']").fill("1")
    form.locator("[name='respond_unit']").select_option("working_hour")
    form.locator("[name='close_amount']").fill("4")
    form.locator("[name='close_unit']").select_option("working_hour")
    form.get_by_role("button", name="Set this limit").click()
    row = page.locator("tr[data-in-force]").filter(has_text="4 working hours")
    expect(row).to_be_visible()
    shot(page, "phone-en")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than the phone"
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="End").click()
    expect(page.get_by_text("never, replaced on its first day")).to_be_visible()


def test_a_missing_year_is_told_and_entered_by_hand(page_as):
    page = page_as("station_chief", viewport=PHONE)
    page.goto("/calendar?year=2031")
    expect(page.get_by_text("日历中没有这一年。")).to_be_visible()
    shot(page, "phone-missing-zh")
    page.get_by_text("手工录入放假与调休").click()
    form = page.locator("#notice-form")
    form.get_by_label("放假", exact=True).fill("01-01 01-03 元旦\n10-01 bad 国庆节\nabc")
    form.get_by_role("button", name="导入该年").click()
    expect(form.locator("[data-form-problem]")).to_contain_text("abc")
    form.get_by_label("放假", exact=True).fill("01-01 01-03 元旦\n10-01 10-07 国庆节")
    form.get_by_label("调休上班日").fill("01-04 元旦")
    form.get_by_role("button", name="导入该年").click()
    expect(page.locator("[data-day='2031-10-07'][data-kind='holiday']")).to_be_visible()
    expect(page.locator("[data-day='2031-01-04'][data-kind='make_up']")).to_be_visible()


def test_an_officer_reads_and_changes_nothing(page_as):
    page = page_as("officer", police_grid="A", language="en-GB")
    page.goto("/calendar?year=2026")
    expect(page.locator("span[data-day='2026-10-01']")).to_be_visible()
    assert page.locator("button[data-day], #limit, #hours, #notice-form").count() == 0
    shot(page, "desk-officer-en")


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_everybody_can_use_it(page_as, script, language, size):
    page = page_as("station_chief", viewport=size, language=language)
    page.goto("/calendar?year=2026")
    expect(page.locator(".month")).to_have_count(12)
    assert axe.violations(page, script) == []
    page.locator("[data-day='2026-10-09']").click()
    assert axe.violations(page, script) == []
