"""Own forms and form apps at the desk and on a phone: upload, faults by row, publish, the QR."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.collectors.xls_books import CHOICES, NOISE, book


def seen(page, name):
    """Keep a picture for the eye where SHUANGGE_PICTURES names a folder."""
    folder = os.environ.get("SHUANGGE_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, "the page is wider than the screen"


def give(page, data):
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("#form-file", {"name": "noise.xlsx", "mimeType": kind, "buffer": data})
    page.click("#upload button[type=submit]")


@pytest.mark.parametrize(("viewport", "language"), [(PHONE, "zh-CN"), (DESK, "en")])
def test_a_form_is_uploaded_mended_and_published(page_as, viewport, language):
    name = f"noise{viewport[0]}"
    page = page_as("station_chief", viewport=viewport, language=language, tolerate=("422",))
    page.goto("/forms")
    give(page, book((*NOISE, ("audio", "s", "录音", "Sound")), CHOICES, form_id=name))
    expect(page.locator("#faults li")).to_have_count(1)
    expect(page.locator("#faults li")).to_contain_text("14")
    seen(page, f"forms-faults-{viewport[0]}")
    give(page, book(form_id=name))
    card = page.locator(f"[data-form='t-{name}']")
    expect(card).to_be_visible()
    seen(page, f"forms-draft-{viewport[0]}")
    card.locator("[data-act]").click()
    expect(card.locator("[data-act$=withdraw]")).to_be_visible()
    seen(page, f"forms-published-{viewport[0]}")


@pytest.mark.parametrize(("viewport", "language"), [(PHONE, "zh-CN"), (DESK, "en")])
def test_the_account_shows_the_code_for_a_form_app_once(page_as, viewport, language):
    page = page_as("volunteer", viewport=viewport, language=language)
    page.goto("/account")
    page.fill("#form-app-label", "红米 9A")
    page.click("#add-form-app button[type=submit]")
    expect(page.locator("#form-app-qr svg")).to_be_visible()
    inside = """(svg) => {
      const [whole, drawn] = [svg, svg.querySelector("path")].map((item) => item.getBoundingClientRect());
      return drawn.right < whole.right && drawn.bottom < whole.bottom && drawn.width > 150;
    }"""
    assert page.locator("#form-app-qr svg").evaluate(inside), "a part of the code is cut off"
    assert "/or/" in page.locator("#form-app-url").inner_text()
    seen(page, f"account-form-app-{viewport[0]}")
    page.reload()
    expect(page.locator("#form-app-qr svg")).to_have_count(0)
