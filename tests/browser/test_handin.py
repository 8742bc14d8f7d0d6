"""Handing in a phone's file at the station: found by the menu, taken, the receipt goes back as a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.samples import photo
from tests.service import Service
from tests.webapp.field.waiting import handin_of

WORDS = {"zh-CN": ("更多", "已收到"), "en-GB": ("More", "received")}


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize(
    ("role", "look"), [("officer", DESK), ("grid_worker", PHONE), ("station_chief", PHONE)]
)
def test_a_file_is_handed_in_and_its_receipt_saved(
    page_as: Callable[..., Page],
    sample_report: Callable[..., Any],
    member: Callable[[str], Any],
    service: Service,
    tmp_path: Path,
    role: str,
    look: tuple[int, int],
    language: str,
) -> None:
    sample = sample_report("B1", photos=(photo(61),))
    key = service.settings.secret("csrf.key")
    path = tmp_path / "waiting.zip"
    path.write_bytes(handin_of(member("t.volunteer").person_id, sample, key=key))
    page = page_as(role, "A" if role == "officer" else None, viewport=look, language=language)
    page.goto("/cases")
    # without a mouse: the menu opens by the keyboard
    menu = page.locator(".more > summary")
    expect(menu).to_have_text(WORDS[language][0])
    menu.press("Enter")
    link = page.locator(".menu a[href='/field/handin']")
    expect(link).to_be_in_viewport()
    link.press("Enter")
    page.wait_for_url("**/field/handin")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#handin button").click()
    expect(page.locator("#handin-result")).to_be_hidden()
    page.locator("#handin-file").set_input_files(path)
    page.locator("#handin button").click()
    row = page.locator("#handin-rows tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text(WORDS[language][1])
    number = row.locator("td").first.inner_text()
    assert number.startswith("T-")
    with page.expect_download() as saving:
        page.locator("#handin-receipt").click()
    saving.value.save_as(tmp_path / "receipt.json")
    receipt = json.loads((tmp_path / "receipt.json").read_text())
    assert [(r["id"], r["case_number"]) for r in receipt["reports"]] == [(sample.id, number)]
    assert set(receipt["reports"][0]["files"]["held"]) == set(sample.photos)


@pytest.mark.parametrize("role", ["volunteer", "mediator"])
def test_who_may_not_hand_in_has_no_such_entry(page_as: Callable[..., Page], role: str) -> None:
    page = page_as(role, viewport=PHONE)
    page.goto("/cases")
    page.locator(".more > summary").click()
    expect(page.locator(".nav a[href='/account']")).to_be_visible()
    expect(page.locator(".nav a[href='/field/handin']")).to_have_count(0)
    assert page.request.get("/field/handin").status == 403
