"""The officer's map in a real Chromium: own field, cards, filters, search, live news, languages, phone.

Every page is watched: an error in the console, a breach of the policy, a request to another host fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from tests.samples import Sample, photo
from tests.service import Service
from tests.stations import Station
from webapp.core.db import Database

PageAs = Callable[..., Page]
Send = Callable[..., Sample]
PHONE = (390, 800)
READY = "html[data-ready=true]"


@pytest.fixture
def number_of(owner_db: Database) -> Callable[[Sample], str]:
    """Return the case number that a report was given."""

    def find(sample: Sample) -> str:
        with owner_db.transaction() as session:
            found = session.scalar(
                text("SELECT number FROM app.case_file WHERE id = :id").bindparams(id=sample.id)
            )
        assert found
        return str(found)

    return find


def opened(page: Page, address: str = "/map") -> Page:
    page.goto(address)
    page.wait_for_selector(READY, state="attached")
    return page


def report(service: Service, token: str, sample: Sample) -> None:
    """Hand a report in at the running service, as a phone does."""
    form = sample.form()
    files = [("batch", ("batch.json", form.pop("batch")[0].read(), "application/json"))]
    files += [(sha, ("photo.jpg", data, "image/jpeg")) for sha, data in sample.photos.items()]
    answer = requests.post(
        f"{service.url}/api/v1/batches",
        files=files,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text


def row_of(page: Page, number: str) -> Any:
    return page.locator("#cases > li").filter(has_text=number)


def map_value(page: Page, script: str) -> Any:
    return page.evaluate(f"() => {{ const map = window.shuanggeMap; return {script}; }}")


def test_the_officer_sees_the_own_field_and_no_other(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str], station: Station
) -> None:
    own = number_of(send_report("t.volunteer", "A1"))
    foreign = number_of(send_report("t.volunteer", "B1"))
    page = opened(page_as("officer", "A"))
    expect(row_of(page, own)).to_be_visible()
    assert foreign not in page.content(), "another police grid's case is not this officer's to know"
    expect(page.locator("#figures dd").first).not_to_have_text("0")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    west, south, east, north = station.box("A1")
    shown = map_value(page, "map.getBounds().toBBoxString()").split(",")
    assert float(shown[0]) < west < east < float(shown[2]), "the map opens at the own police grid"
    assert float(shown[1]) < south < north < float(shown[3])
    labels = page.locator(".grid-label")
    expect(labels.first).to_be_visible()
    fills = map_value(
        page,
        """Object.fromEntries(Object.values(map._layers).filter(l => l.feature?.properties?.households)
           .map(l => [l.feature.properties.name, l.options.fillColor]))""",
    )
    assert fills["T-A1"] == fills["T-A2"] != fills["T-B1"], "own ground stands out"


def test_no_feature_is_written_into_the_page(page_as: PageAs) -> None:
    html = page_as("officer", "A").request.get("/map").text()
    assert "Polygon" not in html
    assert "coordinates" not in html
    assert len(html) < 20_000


def test_the_card_tells_everything_and_links_on(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    sample = send_report(
        "t.volunteer", "A2", note="东墙有裂缝", photos=(photo(7),), place={"accuracy_m": 300.0}
    )
    number = number_of(sample)
    page = opened(page_as("officer", "A"))
    row_of(page, number).locator("button").click()
    card = page.locator(".case-card")
    expect(card).to_be_visible()
    expect(card.get_by_role("link", name=number, exact=True)).to_have_attribute("href", f"/cases/{number}")
    for words in ("飞线充电", "待受理", "T-A2", "T-A", "东墙有裂缝", "约 300 米", "靠近网格边界"):
        expect(card).to_contain_text(words)
    picture = card.locator(".photo img")
    expect(picture).to_be_visible()
    page.wait_for_function("document.querySelector('.case-card .photo img').naturalWidth > 0")
    assert re.fullmatch(r"/api/v1/attachments/\d+", card.locator(".photo").get_attribute("href") or "")
    circles = "Object.values(map._layers).filter(l => l._mRadius === 300).length"
    assert map_value(page, circles) == 1, "the circle of accuracy is drawn while the card is open"
    page.keyboard.press("Escape")
    expect(card).to_have_count(0)
    assert map_value(page, circles) == 0


def test_list_and_markers_point_at_each_other(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    number = number_of(send_report("t.volunteer", "A1"))
    page = opened(page_as("officer", "A"))
    row = row_of(page, number)
    row.hover()
    expect(page.locator(".hazard-ring")).to_be_visible()
    page.locator("h1").hover()
    expect(page.locator(".hazard-ring")).to_have_count(0)
    row.locator("button").click()
    expect(row).to_have_attribute("aria-current", "true")


def test_filters_by_class_and_state(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    open_one = number_of(send_report("t.volunteer", "A1"))
    page = opened(page_as("officer", "A"))
    classes = page.locator('#classes button[data-class="flying_wire"]')
    page.get_by_role("radio", name="当前视图").check()
    expect(row_of(page, open_one)).to_be_visible()
    classes.click()
    expect(classes).to_have_attribute("aria-pressed", "false")
    expect(row_of(page, open_one)).to_have_count(0)
    classes.click()
    expect(row_of(page, open_one)).to_be_visible()
    with page.expect_request(lambda r: "state=closed" in r.url and "/cases/items" in r.url):
        page.get_by_role("radio", name="已办结").check()
    expect(page.locator(".hazard-marker[data-state=reported]:not(.legend *)")).to_have_count(0)


def test_search_by_keyboard(page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]) -> None:
    number = number_of(send_report("t.volunteer", "A1"))
    page = opened(page_as("officer", "A"))
    page.keyboard.press("/")
    page.keyboard.type(number.lower())
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-activedescendant", "found-0")
    page.keyboard.press("Enter")
    expect(page.locator(".case-card")).to_contain_text(number)
    field.fill("T-C2")
    expect(page.get_by_role("option")).to_have_count(1)
    field.press("Enter")
    expect(page.locator(".leaflet-popup").filter(has_text="T-C2")).to_be_visible()
    field.fill("zzz")
    expect(page.locator("#search-found")).to_contain_text("没有找到")
    field.press("Escape")
    expect(page.locator("#search-found")).to_be_hidden()


def test_a_case_page_links_to_its_place(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    number = number_of(send_report("t.volunteer", "A2"))
    page = opened(page_as("officer", "A"), f"/map?case={number}")
    expect(page.locator(".case-card")).to_contain_text(number)


def test_a_new_hazard_appears_without_a_reload_and_changes_follow(
    page_as: PageAs,
    service: Service,
    token_for: Callable[[str], str],
    sample_report: Callable[..., Sample],
    number_of: Callable[[Sample], str],
) -> None:
    page = opened(page_as("officer", "A"))
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    sample = sample_report("A1")
    report(service, token_for("t.volunteer"), sample)
    notice = page.locator(".notice")
    expect(notice).to_contain_text("新隐患")
    number = number_of(sample)
    expect(notice).to_contain_text(number)
    expect(row_of(page, number)).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    notice.get_by_role("button", name="查看").click()
    expect(page.locator(".case-card")).to_contain_text(number)
    assert not page.title().startswith("("), "who has looked is not told again"
    answer = requests.post(
        f"{service.url}/api/v1/cases/{sample.id}/accept",
        json={"revision": 1},
        headers={"Authorization": f"Bearer {token_for('t.officer.a')}"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    expect(page.locator(".case-card")).to_contain_text("处理中")
    expect(row_of(page, number)).to_contain_text("处理中")


def test_without_a_place_for_a_stream_the_page_asks(
    page_as: PageAs, service: Service, token_for: Callable[[str], str], sample_report: Callable[..., Sample]
) -> None:
    page = page_as("officer", "A", tolerate=("503",))
    page.clock.install()

    def refuse(route: Route) -> None:
        if "event-stream" in route.request.headers.get("accept", ""):
            route.fulfill(status=503, content_type="application/problem+json", body="{}")
        else:
            route.continue_()

    page.route("**/api/v1/events*", refuse)
    opened(page)
    page.clock.run_for(1000)
    expect(page.locator("#live")).to_have_attribute("data-state", "polling")
    report(service, token_for("t.volunteer"), sample_report("A2"))
    page.clock.run_for(15_500)
    expect(page.locator(".notice")).to_contain_text("T-A2")


def test_coverage_can_be_switched_on_and_is_explained(page_as: PageAs) -> None:
    page = opened(page_as("officer", "A"))
    page.locator(".leaflet-control-layers").hover()
    with page.expect_response(lambda r: "/ogc/collections/coverage/items" in r.url and r.ok):
        page.locator(".leaflet-control-layers label").filter(has_text=re.compile("7")).first.click()
    expect(page.locator(".legend [data-band=never]")).to_be_visible()


def test_both_languages(page_as: PageAs, send_report: Send) -> None:
    send_report("t.volunteer", "A1")
    page = opened(page_as("officer", "A"))
    expect(page.locator(".legend-box")).to_contain_text("图例")
    page.get_by_role("link", name="English").click()
    page.wait_for_selector("html[lang=en][data-ready=true]", state="attached")
    expect(page.locator(".legend-box")).to_contain_text("Flying-wire charging")
    page.locator("#cases button").first.click()
    expect(page.locator(".case-card")).to_contain_text("Open the case")
    chinese = re.findall(r"[\u4e00-\u9fff]+", page.locator("#panel").inner_text())
    assert not chinese, chinese
    assert not re.search(r"\b[a-z]+\.[a-z_]+\b", page.locator("#panel").inner_text()), "no key without a text"


def test_on_a_phone_the_panel_is_a_drawer(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    number = number_of(send_report("t.volunteer", "A1"))
    page = opened(page_as("officer", "A", viewport=PHONE, has_touch=True, is_mobile=True))
    handle = page.locator("#drawer")
    expect(handle).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#cases")).to_be_hidden()
    handle.tap()
    row_of(page, number).locator("button").tap()
    expect(page.locator(".case-card")).to_contain_text(number)
    expect(handle).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing scrolls sideways"


def test_markers_are_reached_and_opened_by_keyboard(page_as: PageAs, send_report: Send) -> None:
    send_report("t.volunteer", "A1")
    page = opened(page_as("officer", "A"))
    page.locator("#cases button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".case-card")).to_be_visible()
    expect(page.locator(".leaflet-popup :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".case-card")).to_have_count(0)
