"""The planner's pages can be used by everybody: axe-core, both languages, a desk, a tablet, a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.conftest import DESK, PHONE
from tests.browser.planner_steps import TABLET, Desk, Pages, new_name

LANGUAGES = pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
TOOLS = ("shape", "split", "merge", "redraw", "loop", "brush", "paint", "lock", "comment")


@pytest.fixture(scope="module")
def script() -> str:
    return axe.source()


@LANGUAGES
@pytest.mark.parametrize("viewport", [DESK, TABLET, PHONE], ids=["desk", "tablet", "phone"])
def test_pages_fit_and_have_a_text_for_everything(
    page_as: Pages, language: str, viewport: tuple[int, int]
) -> None:
    desk = Desk(page_as("planner", language=language, viewport=viewport))
    desk.begin(new_name())
    page = desk.page
    said = []
    for tool in TOOLS:
        desk.tool(tool)
        said.append(page.locator("main").inner_text())
    for tab in ("check", "comments", "figures"):
        page.click(f"#tab-{tab}")
        expect(page.locator("#tab-panel > *").first).to_be_visible()
        said.append(page.locator("main").inner_text())
    page.click("#more-open")
    said.append(page.locator("dialog").inner_text())
    # A text that is missing shows its key.
    keys = page.evaluate(
        "() => fetch('/static/i18n/planner.zh.json').then((answer) => answer.json()).then(Object.keys)"
    )
    assert not [key for key in keys for text in said if key in text]
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@LANGUAGES
def test_axe_finds_nothing(page_as: Pages, script: str, language: str) -> None:
    desk = Desk(page_as("planner", language=language))
    desk.begin(new_name())
    page = desk.page
    wrong = axe.violations(page, script)
    desk.page.fill("#q", "B1")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen-grids")).to_be_visible()
    wrong += axe.violations(page, script)
    page.click("#tab-check")
    expect(page.locator("#check-result")).to_be_visible()
    wrong += axe.violations(page, script)
    page.click("#more-open")
    wrong += axe.violations(page, script)
    page.goto("/planner/")
    expect(page.locator("#draft-list")).to_be_visible()
    wrong += axe.violations(page, script)
    assert wrong == []
