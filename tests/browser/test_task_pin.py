"""A task given by a pin on the map, the rules of look-backs as a page, and parties on the page of a case."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser import axe
from tests.browser.conftest import DESK, PHONE
from tests.samples import report_at

SHOTS = os.environ.get("SHUANGGE_SHOTS")


@pytest.fixture(scope="module")
def script():
    return axe.source()


def shot(page: Page, name: str) -> None:
    """Keep a picture for people to look at, when asked for."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def open_form(page: Page, station, grid: str = "B1") -> None:
    page.goto("/tasks")
    expect(page.locator(f"#give-grid option[value='{station.grids[grid]}']")).to_be_attached()
    page.locator("#give > summary").click()
    expect(page.locator("#give-map[data-grids]")).to_be_visible()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_task_is_given_at_a_pin(page_as, station, member, owner_db, size):
    page = page_as("station_chief", viewport=size)
    open_form(page, station)
    page.select_option("#give-grid", str(station.grids["B1"]))
    page.select_option("#give-to", f"to_person {member('t.volunteer').person_id}")
    words = f"看看车棚门锁 {size[0]}"
    page.locator("#give-words").fill(words)
    page.locator("#give-map").click(position={"x": 80, "y": 120})
    expect(page.locator("#give-where")).to_contain_text("图钉：")
    page.locator("#give-unpin").click()
    expect(page.locator("#give-where")).to_contain_text("未放图钉")
    page.locator("#give-pin").click()
    expect(page.locator("#give-where")).to_contain_text("图钉：")
    page.get_by_label("地址或标志物").fill("车棚东门")
    shot(page, f"pin-zh-{size[0]}")
    page.get_by_role("button", name="交办").click()
    expect(page.locator("#give-where")).to_contain_text("未放图钉")
    with owner_db.transaction() as session:
        row = session.execute(
            text("""SELECT ST_X(geom) AS lon, ST_Y(geom) AS lat, method, address FROM app.task
                WHERE CAST(words AS text) LIKE :w"""),
            {"w": f"%{words}%"},
        ).one()
    lon, lat = station.inside("B1")
    assert abs(row.lon - lon) < 0.0005
    assert abs(row.lat - lat) < 0.0005
    assert (row.method, row.address) == ("pin", "车棚东门")


def open_rules(page: Page) -> None:
    page.goto("/tasks/look-backs")
    expect(page.locator("html[data-ready='rules']")).to_be_attached()


def test_a_rule_is_set_and_followed(page_as):
    page = page_as("station_chief", tolerate=("status of 422",))
    open_rules(page)
    expect(page.locator("#rules tr[data-own]")).to_have_count(0)
    form = page.locator("#look-back-rule")
    form.get_by_label("类别").select_option(label="飞线充电")
    form.get_by_label("优先级不低于").select_option("1")
    form.get_by_label("结案后天数").fill("七天")
    form.get_by_role("button").click()
    expect(form.locator("[data-form-problem]")).to_contain_text("例如 7, 30")
    form.get_by_label("结案后天数").fill("30，7")
    form.get_by_role("button").click()
    expect(form.locator(".error")).to_be_visible()
    form.get_by_label("结案后天数").fill("7，30、90")
    form.get_by_role("button").click()
    own = page.locator("#rules tr[data-own]")
    expect(own).to_have_count(1)
    expect(own).to_contain_text("7, 30, 90")
    shot(page, "rules-zh")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_everybody_can_set_rules_and_pins(page_as, script, station, language, size):
    page = page_as("station_chief", viewport=size, language=language)
    open_rules(page)
    shot(page, f"rules-{language}-{size[0]}")
    assert axe.violations(page, script) == []
    open_form(page, station)
    page.locator("#give-pin").click()
    shot(page, f"pin-{language}-{size[0]}")
    assert axe.violations(page, script) == []


@pytest.fixture
def case_number(service, token_for, station, owner_db):
    """The number of a fresh case in A1."""
    sample = report_at(*station.inside("A1"))
    files = {name: (item[1], item[0], item[2]) for name, item in sample.form().items()}
    head = {"Authorization": f"Bearer {token_for('t.volunteer')}"}
    answer = requests.post(f"{service.url}/api/v1/batches", files=files, headers=head, timeout=60)
    assert answer.status_code == 200, answer.text
    with owner_db.transaction() as session:
        return session.scalar(text("SELECT number FROM app.case_file WHERE id = :id"), {"id": sample.id})


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_party_is_named_on_the_page_of_a_case(page_as, script, case_number, size):
    page = page_as("officer", "A", viewport=size)
    page.goto(f"/cases/{case_number}")
    section = page.locator("#case-parties")
    expect(section.locator("form[data-ready]")).to_be_attached()
    section.get_by_text("登记人员").click()
    section.get_by_label("姓名").fill("当事人某甲")
    section.get_by_label("电话或身份证号").fill("13900008899")
    section.get_by_role("button", name="登记").click()
    row = section.locator("li[data-party]")
    expect(row).to_contain_text("当事人某甲")
    expect(row).to_contain_text("139****8899")
    expect(section.get_by_label("电话或身份证号")).to_have_value("")
    assert "13900008899" not in page.content()
    row.scroll_into_view_if_needed()
    shot(page, f"party-zh-{size[0]}")
    assert axe.violations(page, script) == []
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="删除").click()
    expect(section.locator("li[data-party]")).to_have_count(0)


def test_a_grid_worker_reads_no_party(page_as, case_number):
    page = page_as("grid_worker", "A")
    page.goto(f"/cases/{case_number}")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#case-parties")).to_have_count(0)
