"""Attempts and hand-overs on a case's page, the directory, restricted leads, visits: as people use them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.samples import photo

WIDE = "document.documentElement.scrollWidth <= innerWidth"
SECRET = "锅炉房后门有人聚赌"


@pytest.fixture
def api(service, token_for):
    """Return a function that asks the service as a member: api('t.officer.a', 'GET', '/api/v1/cases')."""

    def ask(username, method, path, **given):
        headers = {"Authorization": f"Bearer {token_for(username)}"}
        answer = requests.request(method, f"{service.url}{path}", headers=headers, timeout=60, **given)
        assert answer.status_code < 300, answer.text
        return answer.json()

    return ask


@pytest.fixture
def case(api, station):
    """Return a function that reports a case of A1 and gives its id and number."""

    def make(class_code="flying_wire", **changes):
        lon, lat = station.inside("A1")
        answers = {"building_kind": "multi_storey", "wires": 2, "seen_charging": True}
        body = {
            "id": str(uuid4()), "class_code": class_code, "answers": answers, "note": "三单元飞线充电",
            "place": {"lon": lon, "lat": lat, "accuracy_m": 8.0}, "found_at": datetime.now(UTC).isoformat(),
            **changes,
        }  # fmt: skip
        made = api("t.volunteer", "POST", "/api/v1/cases", json=body)
        return made["id"], made["case_number"]

    return make


@pytest.fixture
def body(api):
    """A body of the directory."""
    said = {"name": "消防救援大队", "kind": "fire", "classes": ["flying_wire"], "answer_days": 3}
    code = f"fire-{uuid4().hex[:6]}"
    return api("t.station_chief", "PUT", f"/api/v1/bodies/{uuid4()}", json={**said, "code": code})


@pytest.fixture
def hazard(case):
    """A hazard without its photo (which may come later)."""
    return case("other", answers={"what": "井盖缺失"}, note="井盖缺失，已围挡")


@pytest.mark.parametrize(("viewport", "language"), [(DESK, "zh-CN"), (PHONE, "en-US")])
def test_an_attempt_and_a_hand_over_from_the_cases_page(page_as, hazard, body, viewport, language):
    page = page_as("officer", "A", viewport=viewport, language=language)
    page.goto(f"/cases/{hazard[1]}")
    attempts = page.locator("#attempts")
    attempts.locator("summary").click()
    page.select_option("#attempt-result", "notice")
    page.fill("#attempt-words", "门上贴了通知 <b>x</b>")
    attempts.locator("button[type=submit]").click()
    expect(page.locator("#attempts-list li")).to_have_count(1)
    expect(page.locator("#attempts-list .said")).to_have_text("门上贴了通知 <b>x</b>")
    page.locator("#prepare > summary").click()
    page.select_option("#prepare-body", body["id"])
    assert page.locator("#prepare-facts").input_value() == "井盖缺失，已围挡"
    page.locator("#prepare-form button[type=submit]").click()
    card = page.locator("#referrals-list article")
    expect(card).to_have_count(1)
    assert page.evaluate(WIDE), "the page scrolls sideways"
    take(card, "deliver", to="值班员")
    expect(card.locator("form[data-step=note_receipt]")).to_have_count(1)
    take(
        card,
        "note_receipt",
        number="消字7号",
        photo={"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(5)},
    )
    expect(card.locator("dl")).to_contain_text("消字7号")
    take(card, "note_answer", words="已修好", answer="done")
    expect(card.locator("dl")).to_contain_text("已修好")
    expect(card.locator("form")).to_have_count(0)
    form = card.locator("a[href$='/form']").get_attribute("href")
    page.goto(form)
    assert body["name"] in page.locator(".form-sheet").first.inner_text()
    assert page.evaluate(WIDE), "the form scrolls sideways"
    page.goto("/referrals?group=ended")
    expect(page.locator("table").first).to_contain_text(body["name"])
    assert page.evaluate(WIDE)


def take(card, step, photo=None, **given):
    """Fill the form of a step and send it."""
    form = card.locator(f"form[data-step={step}]")
    form.locator("xpath=..").locator("summary").click()
    for name, value in given.items():
        field = form.locator(f"[name={name}]")
        if name == "answer":
            field.select_option(value)
        else:
            field.fill(value)
    if photo:
        form.locator("[name=photo]").set_input_files(photo)
    form.locator("button[type=submit]").click()


def test_the_reporter_is_named_only_with_a_reason(page_as, hazard, body):
    page = page_as("officer", "A", tolerate=("422",))
    page.goto(f"/cases/{hazard[1]}")
    page.locator("#prepare > summary").click()
    page.select_option("#prepare-body", body["id"])
    page.check("#with-reporter")
    page.fill("#prepare-reporter", "某居民 0351-1234567")
    page.locator("#prepare-form button[type=submit]").click()
    expect(page.locator("#prepare-reason-problem")).to_be_visible()
    page.fill("#prepare-reason", "须由消防入户核实")
    page.locator("#prepare-form button[type=submit]").click()
    page.locator("#referrals-list a[href$='/form']").click()
    expect(page.locator(".form-sheet").first).to_contain_text("某居民 0351-1234567")


def test_the_chief_keeps_the_directory_and_reads_a_file(page_as):
    page = page_as("station_chief", viewport=PHONE)
    page.goto("/bodies")
    code = f"b{uuid4().hex[:6]}"
    form = page.locator("form[data-body='']")
    form.locator("[name=name]").fill("供电所 <script>")
    form.locator("[name=code]").fill(code)
    form.locator("button[type=submit]").click()
    expect(page.locator("#bodies")).to_contain_text("供电所 <script>")
    table = f"代码,名称,电话\n{code},供电所,12345\nx-{code},,\n".encode()
    page.set_input_files("#file", {"name": "b.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("#import button[type=submit]").click()
    expect(page.locator("#import-faults li")).to_have_count(1)
    page.click("#take")
    expect(page.locator("#import-state")).to_contain_text("1")
    assert page.evaluate(WIDE)


@pytest.mark.parametrize(("viewport", "language"), [(PHONE, "zh-CN"), (DESK, "en-US")])
def test_a_lead_opens_only_for_a_purpose(page_as, case, viewport, language):
    _id, number = case("lead", answers={"subject": "gambling", "ongoing": False}, note=SECRET)
    page = page_as("officer", "A", viewport=viewport, language=language, tolerate=("404", "422"))
    assert page.goto(f"/cases/{number}").status == 404
    page.goto("/leads")
    line = page.locator("#leads > li").filter(has_text=number)
    assert SECRET not in page.content()
    line.locator("summary").click()
    line.locator("button[type=submit]").click()
    expect(line.locator(".error[data-problem]")).to_be_visible()
    line.locator("[name=words]").fill("到场核实")
    line.locator("button[type=submit]").click()
    page.wait_for_url(f"**/cases/{number}")
    expect(page.locator(".case-what")).to_contain_text(SECRET)
    assert page.evaluate(WIDE)
    page.goto("/leads")
    expect(page.locator("#leads > li").filter(has_text=number).locator("a.btn-primary")).to_be_visible()
    assert page.evaluate(WIDE)
    auditor = page_as("audit_admin", language=language)
    auditor.goto("/leads/log")
    expect(auditor.locator("#reads")).to_contain_text("到场核实")


def test_a_volunteer_visits_on_the_phone(page_as, api, member, station):
    name = f"独居老人{uuid4().hex[:4]}"
    said = {
        "name": name, "address": "三巷二号院", "phone": "0351-7654321", "risk": "high",
        "grid_id": str(station.grids["A1"]), "officer_id": str(member("t.officer.a").person_id),
        "visitor_id": str(member("t.volunteer").person_id),
    }  # fmt: skip
    person = api("t.station_chief", "PUT", f"/api/v1/visited/{uuid4()}", json=said)["id"]
    page = page_as("volunteer", viewport=PHONE)
    page.goto("/visits")
    line = page.locator(f"li[data-person='{person}']")
    assert name not in page.content()
    line.locator("summary").nth(0).click()
    line.locator("form[data-open] button").click()
    expect(line.locator("[data-told]")).to_contain_text(name)
    line.locator("summary").nth(1).click()
    line.locator("form[data-visit] [name=words]").fill("精神不错")
    line.locator("form[data-visit] button").click()
    expect(page.locator(f"li[data-person='{person}'] .meta")).to_contain_text("见到，情况良好")
    assert page.evaluate(WIDE)


def test_the_chief_adds_somebody_and_sets_an_interval(page_as):
    page = page_as("station_chief")
    page.goto("/visits")
    page.fill("#name", "王演示")
    page.fill("#address", "一号院")
    page.locator("#visitor").select_option(index=1)
    page.locator("#keep button[type=submit]").click()
    expect(page.locator("#people")).to_contain_text("王某某")
    page.fill("[data-interval=general]", "60")
    page.locator("[data-interval=general]").dispatch_event("change")
    page.wait_for_load_state()
    expect(page.locator("[data-interval=general]")).to_have_value("60")
