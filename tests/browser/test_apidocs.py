"""The documentation of the API draws itself from the document, without anything from outside."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "应答"), ("en-GB", "Answers")])
def test_every_operation_is_drawn_and_can_be_opened_and_filtered(page_as, language, word, app):
    page = page_as("officer", police_grid="A", language=language)
    page.goto("/api/docs")
    operations = page.locator("#operations details")
    document = app.test_client().get("/api/openapi.json").json
    count = sum(1 for item in document["paths"].values() for method in item if method != "parameters")
    expect(operations).to_have_count(count)
    page.get_by_role("searchbox").fill("post /api/v1/cases")
    shown = page.locator("#operations details:visible")
    expect(shown.first).to_contain_text("/api/v1/cases")
    shown.first.locator("summary").click()
    expect(shown.first).to_contain_text(word)
    shown.first.get_by_role("link", name="ReportIn", exact=True).first.click()
    expect(page.locator("#schema-ReportIn")).to_have_attribute("open", "")
    expect(page.locator("#schema-ReportIn")).to_contain_text("class_code")
