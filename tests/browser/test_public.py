"""The residents' page in Chromium: an old phone's width, both languages, with and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PHONE
from tests.browser.phone_steps import A_PHOTO
from tests.samples import photo
from tests.service import Service
from tests.stations import Member, Station

OpenContext = Callable[..., BrowserContext]
LANGUAGES = ("zh-CN", "en-GB")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Controls that a finger must hit; what people never meet is left out.
SMALL = """() => [...document.querySelectorAll('a.btn, button, select, summary, label.choice, a.class-button,'
    + '.list a, input:not([type=hidden], [type=checkbox], [type=radio])')]
  .filter((e) => e.offsetParent && !e.closest('.trap') && e.getBoundingClientRect().height < 48)
  .map((e) => `${e.tagName} ${e.id} ${e.className} ${e.getBoundingClientRect().height}`)"""
SAY = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}  # fmt: skip


def resident(open_context: OpenContext, **wishes: Any) -> Page:
    """Return the page of somebody with a small phone."""
    context = open_context(viewport=PHONE, has_touch=True, is_mobile=True, **wishes)
    return context.new_page()


def fits(page: Page) -> None:
    """Nothing sticks out sideways, the type is 18 px, each control is 48 px high."""
    # Not innerWidth: a phone makes its window wider when something sticks out.
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], page.url
    assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18
    assert page.evaluate(SMALL) == []


@pytest.fixture
def cases(service: Service, token_for: Callable[[str], str]) -> Callable[[str], list[dict[str, Any]]]:
    """Return the cases that a user sees."""

    def look(username: str) -> list[dict[str, Any]]:
        head = {"Authorization": f"Bearer {token_for(username)}"}
        answer = requests.get(f"{service.url}/api/v1/cases?limit=500", headers=head, timeout=30)
        found: list[dict[str, Any]] = answer.json()["cases"]
        return found

    return look


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_the_first_page_to_the_receipt(
    open_context: OpenContext, station: Station, cases: Callable[..., Any], tmp_path: Path, language: str
) -> None:
    page = resident(
        open_context, language=language, geolocation=station.inside("B2"), tolerate=(r"status of 422",)
    )
    page.goto("/public/?station=T")
    fits(page)
    page.screenshot(path=tmp_path / "start.png", full_page=True)
    page.locator(".class-button[data-class=flying_wire]").tap()
    note = f"浏览器上报 {language}"
    page.fill("#note", note)
    page.set_input_files("#photo", [A_PHOTO])
    expect(page.locator("#thumbs img")).to_have_count(1)
    page.locator("#locate").tap()
    expect(page.locator("#gps-words[data-tone=success]")).to_be_visible()
    page.locator("summary").tap()
    expect(page.locator("#riddle")).to_be_hidden()
    fits(page)
    page.screenshot(path=tmp_path / "form.png", full_page=True)
    page.fill("#phone", "13900005555")
    page.locator("#send").tap()
    # The consent is missing: the page says so and keeps everything.
    expect(page.locator("[data-problem]")).to_have_count(1)
    expect(page.locator("#note")).to_have_value(note)
    page.screenshot(path=tmp_path / "refused.png", full_page=True)
    page.locator("input[name=consent]").check()
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/"))
    expect(page.locator("#code")).to_be_visible()
    fits(page)
    page.screenshot(path=tmp_path / "receipt.png", full_page=True)
    if language == "en-GB":
        assert not CHINESE.search(page.locator("main").inner_text().replace("测试派出所T", ""))
    [case] = [c for c in cases("t.officer.b") if c["note"] == note]
    assert case["grid"]["name"] == "T-B2"
    [picture] = case["attachments"]
    assert max(picture["width"], picture["height"]) <= 1600
    assert picture["size"] < 700_000
    # The way back leads to the same form, and the same form is the same case.
    page.go_back()
    expect(page.locator("#send")).to_be_enabled()
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/.*sent=again"))
    assert len([c for c in cases("t.officer.b") if c["note"] == note]) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_javascript_a_report_arrives_and_is_followed(
    open_context: OpenContext, station: Station, cases: Callable[..., Any], tmp_path: Path, language: str
) -> None:
    page = resident(open_context, language=language, java_script_enabled=False, tolerate=(r"status of 422",))
    page.goto("/public/?station=T")
    page.locator(".class-button[data-class=mediation]").tap()
    note = f"没有脚本 {language}"
    page.fill("#note", note)
    page.select_option("#q_subject", "noise")
    page.select_option("#grid", str(station.grids["A2"]))
    page.set_input_files("#photo", [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(3)}])
    page.fill("#answer", "1")
    page.locator("#send").tap()
    expect(page.locator("[data-problem]").first).to_be_visible()
    expect(page.locator("#note")).to_have_value(note)
    page.screenshot(path=tmp_path / "plain.png", full_page=True)
    page.fill("#answer", answer_of(page))
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/"))
    [case] = [c for c in cases("t.officer.a") if c["note"] == note]
    assert (case["kind"], case["answers"], case["grid"]["name"]) == ("dispute", {"subject": "noise"}, "T-A2")
    code = page.locator("#code").inner_text()
    page.goto("/public/?station=T")
    page.fill("#code", code.lower())
    page.get_by_role("button", name=re.compile("查询|Look it up")).tap()
    page.fill("#note", "补一句")
    page.locator("form[action$='/notes'] button").tap()
    expect(page.locator(".timeline")).to_contain_text("补一句")


def test_without_javascript_too_the_way_back_leads_to_the_same_form(
    open_context: OpenContext, cases: Callable[..., Any]
) -> None:
    page = resident(open_context, java_script_enabled=False)
    page.goto("/public/new?station=T&class=opinion")
    page.fill("#note", "退回再发")
    page.fill("#answer", answer_of(page))
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/.*sent=new"))
    page.go_back()
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/.*sent=again"))
    assert len([c for c in cases("t.station_chief") if c["note"] == "退回再发"]) == 1


def answer_of(page: Page) -> str:
    """Return the answer of the plain question on a page."""
    return str(sum(SAY[word] for word in re.findall("|".join(SAY), page.locator("#question").inner_text())))


def test_the_network_fails_and_nothing_typed_is_lost(
    open_context: OpenContext, station: Station, cases: Callable[..., Any]
) -> None:
    page = resident(open_context, tolerate=("ERR_FAILED", "net::"))
    page.goto("/public/new?station=T&class=other")
    page.fill("#note", "断网也不丢")

    # The answer is lost on its way back, though the service has taken the report.
    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/public/send?*", lose, times=1)
    page.locator("#send").tap()
    expect(page.locator("#form-problem")).to_be_visible()
    expect(page.locator("#note")).to_have_value("断网也不丢")
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/.*sent=again"))
    assert len([c for c in cases("t.station_chief") if c["note"] == "断网也不丢"]) == 1


def test_an_old_page_renews_its_proof_by_itself(
    open_context: OpenContext, station: Station, cases: Callable[..., Any]
) -> None:
    page = resident(open_context, tolerate=(r"status of 422",))
    page.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => {"
        "const f = document.querySelector('input[name=challenge]');"
        "if (f) f.value = 'x' + f.value.slice(1); })"
    )
    page.goto("/public/new?station=T&class=opinion")
    page.fill("#note", "页面开了很久")
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/.*sent=new"))
    assert len([c for c in cases("t.station_chief") if c["note"] == "页面开了很久"]) == 1


def test_without_workers_the_question_comes_back(open_context: OpenContext) -> None:
    page = resident(open_context)
    page.add_init_script("window.Worker = function () { throw new Error('none'); };")
    page.goto("/public/new?station=T&class=other")
    expect(page.locator("#riddle")).to_be_visible()
    page.fill("#note", "旧浏览器")
    page.fill("#answer", answer_of(page))
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/"))


def test_it_reaches_the_officers_map_and_the_answer_comes_back(
    open_context: OpenContext, page_as: Callable[..., Page], station: Station, cases: Callable[..., Any],
    tmp_path: Path, token_for: Callable[[str], str], service: Service,
) -> None:  # fmt: skip
    officer = page_as("officer", police_grid="B")
    officer.goto("/map")
    page = resident(open_context, geolocation=station.inside("B1"))
    page.goto("/public/new?station=T&class=fire_lane")
    page.fill("#note", "消防通道被占")
    page.fill("#phone", "13900006666")
    page.locator("input[name=consent]").check()
    page.locator("#locate").tap()
    expect(page.locator("#gps-words[data-tone=success]")).to_be_visible()
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/"))
    expect(officer.locator(".notice").first).to_be_visible()
    [case] = [c for c in cases("t.officer.b") if c["note"] == "消防通道被占"]
    officer.goto(f"/cases/{case['number']}")
    officer.locator("#resident-contact").click()
    expect(officer.locator("#resident-told")).to_contain_text("13900006666")
    officer.screenshot(path=tmp_path / "case.png", full_page=True)
    officer.get_by_role("button", name="受理").first.click()
    officer.fill("#close-note", "车辆已移走")
    officer.set_input_files("#close-photo", [{"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo(8)}])
    officer.locator("#close button[type=submit]").click()
    expect(officer.locator("#close")).to_have_count(0)
    page.reload()
    expect(page.locator("main")).to_contain_text("车辆已移走")
    expect(page.locator(".cures img")).to_have_count(1)
    page.get_by_role("button", name="不满意").tap()
    expect(page.locator("main")).to_contain_text("您的评价：不满意")
    page.screenshot(path=tmp_path / "closed.png", full_page=True)
    officer.reload()
    expect(officer.locator("#resident-notes")).to_contain_text("不满意")


def test_the_station_is_chosen_where_there_are_several(open_context: OpenContext, tmp_path: Path) -> None:
    page = resident(open_context)
    page.goto("/public/")
    fits(page)
    page.screenshot(path=tmp_path / "stations.png", full_page=True)
    page.get_by_role("link", name="测试派出所U").tap()
    expect(page.locator(".topbar")).to_contain_text("测试派出所U")
    expect(page.locator(".class-button[data-class=lead]")).to_have_count(0)


def test_a_sign_gives_the_place_without_satellites(
    open_context: OpenContext,
    as_user: Callable[[str], FlaskClient],
    station: Station,
    cases: Callable[..., Any],
) -> None:
    lon, lat = station.inside("C1")
    made = as_user("t.officer.a").post(
        "/api/v1/places",
        json={
            "id": "7c7b5b1e-6f7b-4f1e-9d64-0e5b2d1f6a11",
            "name": "西门岗亭",
            "kind": "gate",
            "lon": lon,
            "lat": lat,
        },
    )
    page = resident(open_context)
    page.goto(f"/r/{made.json['code']}")
    expect(page.locator("main")).to_contain_text("西门岗亭")
    page.locator(".class-button[data-class=other]").tap()
    page.fill("#note", "牌子旁边")
    page.locator("#send").tap()
    page.wait_for_url(re.compile("/public/track/"))
    [case] = [c for c in cases("t.station_chief") if c["note"] == "牌子旁边"]
    assert (case["grid"]["name"], case["place"]["method"]) == ("T-C1", "place")


def test_a_place_is_registered_on_the_map(page_as: Callable[..., Page], tmp_path: Path) -> None:
    page = page_as("officer", police_grid="A")
    page.goto("/places")
    page.fill("#name", "地图登记小区")
    page.locator("#place-map").click()
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#places .title").first).to_have_text("地图登记小区")
    page.screenshot(path=tmp_path / "places.png", full_page=True)
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("[data-mend]").click()
    page.fill("#name", "改过的小区")
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#places .title").first).to_have_text("改过的小区")
    page.locator("[data-close]").click()
    expect(page.locator("[data-close]")).to_have_count(0)


def test_sheets_print_one_page_each(
    page_as: Callable[..., Page], as_user: Callable[[str], FlaskClient], station: Station, tmp_path: Path,
    member: Callable[[str], Member],
) -> None:  # fmt: skip
    lon, lat = station.inside("A1")
    for number in range(7):
        as_user("t.officer.a").post(
            "/api/v1/places",
            json={"id": f"7c7b5b1e-6f7b-4f1e-9d64-0e5b2d1f6b{number:02d}",
                  "name": f"打印小区{number}号楼北侧大门", "kind": "gate", "lon": lon, "lat": lat},
        )  # fmt: skip
    page = page_as("station_chief")
    page.goto("/sheets")
    page.screenshot(path=tmp_path / "sheets.png", full_page=True)
    chosen = page.locator("input[name=place]")
    query = "&".join(f"place={chosen.nth(n).get_attribute('value')}" for n in range(7))
    for name, address, pages in (
        ("poster", "/sheets/poster", 1),
        ("signs", f"/sheets/signs?{query}", 2),
        ("full", f"/sheets/signs?size=full&{query}", 7),
    ):
        page.goto(address)
        assert pages_of(page, tmp_path / f"{name}.pdf") == pages, name
    page.goto("/sheets")
    page.evaluate("window.print = () => {}")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator(f"input[name=person][value='{member('t.volunteer').person_id}']").check()
    page.locator("#cards button[type=submit]").click()
    expect(page.locator(".card-sheet .sign")).to_have_count(1)
    assert pages_of(page, tmp_path / "cards.pdf") == 1


def pages_of(page: Page, path: Path) -> int:
    """Print to a PDF and return how many pages it has; a picture of the paper is kept beside it."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.screenshot(path=path.with_suffix(".png"), full_page=True)
    page.emulate_media(media="null")
    page.set_viewport_size({"width": 1280, "height": 800})
    data = page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    return len(re.findall(rb"/Type\s*/Page\b", data))
