"""The roster of the duty desk: a shift added, changed and struck, a deputy noted, a week from a file."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
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
def empty_roster(service, owner_db):
    with owner_db.transaction() as session:
        session.execute(text("DELETE FROM app.duty_shift"))
        session.execute(text("DELETE FROM app.absence"))


@pytest.fixture(scope="module")
def names(owner_db, member):
    """The names of the officers by police grid."""
    with owner_db.transaction() as session:
        found = dict(session.execute(text("SELECT id, name FROM app.person")).all())
    return {mark: found[member(f"t.officer.{mark}").person_id] for mark in "ab"}


def shot(page: Page, name: str) -> None:
    """Keep a picture for people to look at, when asked for."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def local(hours: float) -> str:
    """Return a moment so many hours from now as the field of the form takes it."""
    return (datetime.now(UTC) + timedelta(hours=8 + hours)).strftime("%Y-%m-%dT%H:%M")


def open_duty(page: Page, query: str = "") -> None:
    page.goto(f"/duty{query}")
    expect(page.locator("html[data-ready='duty']")).to_be_attached()


def add(page: Page, name: str, since: float, until: float) -> None:
    page.locator("#new-shift > summary").click()
    form = page.locator("#new-shift form")
    form.get_by_label("何人").select_option(label=name)
    form.get_by_label("开始时间").fill(local(since))
    form.get_by_label("截止时间").fill(local(until))
    form.get_by_role("button", name="添加班次").click()


def test_a_shift_is_added_changed_and_ended(page_as, names):
    page = page_as("station_chief", tolerate=("status of 409",))
    open_duty(page)
    expect(page.locator("#desk-empty")).to_contain_text("由所长代值")
    expect(page.locator("#gaps li")).to_have_count(7)
    add(page, names["a"], -1, 9)
    expect(page.locator("#desk-now")).to_contain_text(names["a"])
    shot(page, "duty-desk-zh")
    add(page, names["a"], 5, 12)
    expect(page.locator("#new-shift [data-form-problem]")).to_contain_text("已有登记")
    page.reload()
    expect(page.locator("html[data-ready='duty']")).to_be_attached()
    row = page.locator("[data-row]").first
    row.locator("summary").click()
    row.get_by_label("何人").select_option(label=names["b"])
    row.get_by_role("button", name="保存").click()
    expect(page.locator("#desk-now")).to_contain_text(names["b"])
    page.on("dialog", lambda dialog: dialog.accept())
    row = page.locator("[data-row]").first
    row.locator("summary").click()
    row.get_by_role("button", name="立即结束").click()
    expect(page.locator("#desk-empty")).to_be_visible()


def test_a_deputy_is_noted_and_comes_back_on_a_phone(page_as, names):
    page = page_as("station_chief", viewport=PHONE)
    open_duty(page)
    page.locator("#new-absence > summary").click()
    form = page.locator("#absence")
    form.get_by_label("谁不在岗").select_option(label=names["a"])
    form.get_by_label("由谁代理").select_option(label=names["b"])
    form.get_by_label("开始时间").fill(local(-1))
    form.get_by_label("截止时间").fill(local(60))
    form.get_by_role("button", name="登记").click()
    item = page.locator("#absences li")
    expect(item).to_contain_text(re.compile(f"{names['a']}.*{names['b']}", re.DOTALL))
    shot(page, "duty-phone-zh")
    page.on("dialog", lambda dialog: dialog.accept())
    item.get_by_role("button", name="已返岗").click()
    expect(page.locator("#absences button[data-end]")).to_have_count(0)
    expect(page.locator("#absences li")).to_have_count(1)


def test_a_week_from_a_file(page_as, names):
    page = page_as("station_chief")
    open_duty(page, "?week=2027-W10")
    rows = "".join(f"2027-03-{day:02d},夜班,{names['a']},20:00,08:00\n" for day in range(8, 14))
    data = f"日期,班次,值班人,开始,结束\n{rows}2027-03-14,夜班,没有此人,,\n".encode()
    page.locator("#new-file > summary").click()
    page.locator("#file").set_input_files({"name": "week.csv", "mimeType": "text/csv", "buffer": data})
    page.get_by_role("button", name="检查").click()
    expect(page.locator("#import-faults li")).to_have_count(1)
    page.get_by_role("button", name="导入无误的行").click()
    expect(page.locator("#import-state")).to_contain_text("已新增 6")
    open_duty(page, "?week=2027-W10")
    expect(page.locator("[data-row]")).to_have_count(6)
    expect(page.locator("#gaps li")).to_have_count(1)
    expect(page.locator("#gaps li")).to_contain_text("03-14")
    shot(page, "duty-week-zh")


def test_an_officer_reads_and_changes_nothing(page_as):
    page = page_as("officer", "A")
    page.goto("/duty")
    expect(page.get_by_role("heading", name="值班室", exact=True)).to_be_visible()
    expect(page.locator("form[data-shift], #absence, #import")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_use_it(page_as, script, names, language, size):
    page = page_as("station_chief", viewport=size, language=language)
    open_duty(page)
    page.locator("#new-shift > summary").click()
    page.locator("#new-absence > summary").click()
    shot(page, f"duty-{language}-{size[0]}")
    assert axe.violations(page, script) == []
