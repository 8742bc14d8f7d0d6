"""The page of exports, imports and packages as its users meet it; desk and phone, both languages."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from collectors import register_files
from tests.browser.conftest import DESK, PHONE
from tests.samples import Sample

PageAs = Callable[..., Page]
Send = Callable[..., Sample]
SHOTS = os.environ.get("SHUANGGE_SHOTS")


def shot(page: Page, name: str) -> None:
    """Keep a picture where somebody asked for pictures."""
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def test_an_officer_takes_his_cases_out(page_as: PageAs, send_report: Send, tmp_path: Path) -> None:
    mine, other = send_report("t.volunteer", "A1"), send_report("t.volunteer", "B1")
    page = page_as("officer", "A", tolerate=(r"status of 422",))
    page.goto("/exchange")
    expect(page.locator("#kind option")).to_have_count(6)
    expect(page.get_by_role("heading", name="导入", exact=True)).to_have_count(0)
    button = page.get_by_role("button", name="导出", exact=True)
    button.click()
    expect(page.locator("#reason-problem")).to_be_visible()
    page.select_option("#form", "xlsx")
    expect(page.locator("#encoding")).to_be_hidden()
    page.fill("#reason", "月度核对")
    button.click()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 T-X").click()
    path = tmp_path / "out.xlsx"
    download.value.save_as(path)
    rows = register_files.decode(path.read_bytes(), "cases").rows
    assert mine.id in {row.fields["id"] for row in rows}
    assert other.id not in {row.fields["id"] for row in rows}
    page.reload()
    expect(page.locator("table").first).to_contain_text("月度核对")
    fits(page)


def test_the_chief_looks_before_rows_are_entered(page_as: PageAs, tmp_path: Path) -> None:
    table = tmp_path / "members.csv"
    table.write_bytes("姓名,人员类别,电话\r\n甲一,志愿者,13800008811\r\n甲二,保安,不详<b>\r\n".encode())
    page = page_as("station_chief", viewport=PHONE)
    page.goto("/exchange")
    page.select_option("#in-kind", "members")
    page.fill("#source", "纸质名册")
    page.set_input_files("#file", table)
    page.get_by_role("button", name="先预览").click()
    preview = page.locator("[data-preview]")
    expect(preview).to_contain_text("共 2 行：1 行可用（其中 0 行已存在），1 行有误")
    expect(preview.locator("tbody tr")).to_have_text("2电话电话号码只能包含数字、+、- 和括号。")
    fits(page)
    shot(page, "import-phone-zh")
    page.get_by_role("button", name="仅导入无误的 1 行").click()
    expect(preview).to_contain_text("导入完成：新增 1，已存在 0，未导入 1。")


def test_the_system_admin_registers_a_partner(page_as: PageAs) -> None:
    page = page_as("system_admin", tolerate=(r"status of 422",))
    page.goto("/exchange/packages")
    page.fill("#name", "内网")
    page.fill("#public_key", "nothing" * 10)
    page.get_by_role("button", name="登记对端").click()
    expect(page.locator("#public_key-problem")).to_have_text("公钥应为 64 位十六进制数字。")
    own = page.locator("dl.facts code").first.inner_text()
    page.fill("#public_key", own)
    page.get_by_role("button", name="登记对端").click()
    expect(page.locator("[data-said]")).to_contain_text("请电话核对指纹")
    page.reload()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="取消信任").click()
    expect(page.locator("[data-partner]")).to_have_count(0)


def test_a_package_is_packed_and_fetched(page_as: PageAs, send_report: Send) -> None:
    send_report("t.volunteer", "A2")
    page = page_as("station_chief")
    page.goto("/exchange/packages")
    page.get_by_role("button", name="打包").click()
    expect(page.locator("table tbody tr").first).to_contain_text("已打包")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载").first.click()
    assert download.value.suggested_filename.startswith("T-contents-")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("path", ["/exchange", "/exchange/packages"])
def test_pages_fit(page_as: PageAs, viewport: Any, language: str, path: str) -> None:
    page = page_as("station_chief", viewport=viewport, language=language)
    page.goto(path)
    fits(page)
    shot(page, f"{path.strip('/').replace('/', '-')}-{viewport[0]}-{language}")
