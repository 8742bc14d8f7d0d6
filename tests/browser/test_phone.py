"""The volunteer's page on a phone: from a picture button to the receipt and to what became of it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.phone_steps import (
    BIG_PHOTO,
    answer,
    choose,
    go_on,
    my_cases,
    opened,
    sent_batches,
    the_case,
    to_details,
)
from tests.service import Service
from tests.stations import Station

STATIC = Path(__file__).parents[2] / "static"
CONTROLS = "a, button, select, summary, textarea, .choice, input:not([type=radio], [type=file])"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[..., Page]:
    """Open the page as a volunteer who stands in grid A1: phone(language='en-GB', geolocation=None)."""
    return lambda **wishes: opened(page_as, **{"geolocation": station.inside("A1"), **wishes})


def test_report_with_photo_to_the_receipt(phone: Callable[..., Page], station: Station) -> None:
    page = phone()
    choose(page)
    expect(page.locator(".place-words")).to_contain_text("误差约 8 米")
    page.locator("#address").fill("3号楼2单元")
    go_on(page)
    answer(page)
    page.locator("#note").fill("三楼窗口垂下来的线")
    page.locator("#send").tap()
    receipt = page.locator(".receipt")
    expect(receipt).to_contain_text("已收到")
    case = the_case(page)
    expect(receipt).to_contain_text(case["grid"]["name"])
    expect(receipt).to_contain_text(case["police_grid"]["name"])
    assert case["grid"]["id"] == str(station.grids["A1"])
    assert case["answers"] == {"building_kind": "multi_storey", "wires": 2, "seen_charging": True}
    assert case["note"] == "三楼窗口垂下来的线"
    place = case["place"]
    assert (place["method"], place["accuracy_m"], place["address"]) == ("gps", 8, "3号楼2单元")
    lon, lat = station.inside("A1")
    assert (place["raw"]["x"], place["raw"]["y"], place["raw"]["crs"]) == (lon, lat, "wgs84")
    (photo,) = case["attachments"]
    assert max(photo["width"], photo["height"]) <= 1600
    assert photo["size"] <= 310_000
    picture = Image.open(io.BytesIO(page.request.get(photo["url"]).body()))
    assert picture.size == (photo["width"], photo["height"])
    page.reload()
    expect(receipt).to_contain_text(case["number"])


def test_what_became_of_it(
    phone: Callable[..., Page], service: Service, token_for: Callable[[str], str]
) -> None:
    page = phone()
    choose(page)
    go_on(page)
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    case = the_case(page)
    officer = {"Authorization": f"Bearer {token_for('t.officer.a')}"}
    base = f"{service.url}/api/v1/cases/{case['id']}"
    assert requests.post(f"{base}/accept", json={}, headers=officer, timeout=30).status_code == 200
    proof = {"photo": ("after.jpg", BIG_PHOTO, "image/jpeg")}
    closed = requests.post(
        f"{base}/close", data={"note": "线已拆除"}, files=proof, headers=officer, timeout=30
    )
    assert closed.status_code == 200, closed.text
    page.locator("a[href='#/mine']").tap()
    item = page.locator(f".mine-item[href='#/case/{case['id']}']")
    expect(item).to_contain_text(case["police_grid"]["name"])
    expect(item.locator(".badge[data-state=closed]")).to_be_visible()
    assert item.locator("img.thumb").evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    item.tap()
    expect(page.locator(".timeline")).to_contain_text("办结")
    expect(page.locator("#screen")).to_contain_text("线已拆除")
    expect(page.locator(".photos img")).to_have_count(2)


def test_without_gps_a_pin(phone: Callable[..., Page], station: Station) -> None:
    page = phone(geolocation=None)
    choose(page)
    expect(page.locator(".place-words")).to_contain_text("在地图上点一下")
    page.locator("#next").tap()
    expect(page.locator(".place-card .error")).to_be_visible()
    page.locator(".pick-map").tap(position={"x": 160, "y": 150})
    expect(page.locator(".place-ground")).to_contain_text("接收")
    to_details(page)
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    case = the_case(page)
    assert case["place"]["method"] == "pin"
    assert case["place"]["accuracy_m"] is None
    grid = next(label for label, found in station.grids.items() if str(found) == case["grid"]["id"])
    west, south, east, north = station.box(grid)
    assert west <= case["place"]["lon"] <= east
    assert south <= case["place"]["lat"] <= north


def test_without_a_map_a_grid_from_the_list(phone: Callable[..., Page], station: Station) -> None:
    page = phone(geolocation=None)
    choose(page)
    page.locator("#address").fill("菜市场东门")
    page.locator(".grid-picker summary").tap()
    page.locator("#pick-police").select_option(index=2)
    page.locator("#pick-grid").select_option(index=2)
    expect(page.locator(".place-ground")).to_contain_text("B2")
    to_details(page)
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    case = the_case(page)
    assert case["grid"]["id"] == str(station.grids["B2"])
    assert (case["place"]["method"], case["place"]["address"]) == ("address", "菜市场东门")


def test_a_rough_position_is_said(phone: Callable[..., Page], station: Station) -> None:
    page = phone()
    lon, lat = station.inside("A1")
    page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 120})
    choose(page)
    expect(page.locator(".place-words[data-tone=warning]")).to_contain_text("120 米")
    go_on(page)


def test_wrong_answers_get_a_message_at_the_field(phone: Callable[..., Page]) -> None:
    page = phone()
    batches = sent_batches(page)
    choose(page)
    go_on(page)
    page.locator("#q-wires").fill("900")
    page.locator("#send").tap()
    expect(page.locator("#error-photo")).to_have_text("请拍一张照片。")
    expect(page.locator("#error-wires")).to_have_text("请填 1 到 200 之间的数。")
    expect(page.locator("#error-building_kind")).to_be_visible()
    expect(page.locator("#error-floor")).to_be_hidden()
    expect(page.locator(".alert[data-tone=error]")).to_contain_text("4 处")
    assert batches == []
    answer(page, wires="１２")
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    assert the_case(page)["answers"]["wires"] == 12


def test_a_question_only_when_it_is_relevant(phone: Callable[..., Page]) -> None:
    page = phone()
    choose(page, "lead")
    go_on(page)
    people = page.locator("[data-question=people]")
    expect(people).to_be_hidden()
    going_on = page.locator("fieldset[data-question=ongoing] label.choice")
    going_on.first.tap()
    people.locator("input").fill("5")
    going_on.last.tap()
    expect(people).to_be_hidden()
    page.locator("fieldset[data-question=subject] label.choice").first.tap()
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    number = page.locator(".case-number").inner_text()
    answers = next((c["answers"] for c in my_cases(page) if c["number"] == number), None)
    assert answers in (None, {"subject": "mining", "ongoing": False})


def keys_used() -> set[str]:
    """Return the text keys that the page's code names in full."""
    code = "".join(path.read_text() for path in (STATIC / "phone").glob("*.js"))
    return set(re.findall(r"""\bt\(\s*"([\w.]+)\"""", code))


def test_both_languages_have_every_text() -> None:
    names = ("phone", "calls")
    texts = {
        lang: {
            k: v for n in names for k, v in json.loads((STATIC / f"i18n/{n}.{lang}.json").read_text()).items()
        }
        for lang in ("zh", "en")
    }
    assert texts["zh"].keys() == texts["en"].keys()
    assert keys_used() <= texts["zh"].keys()
    for key, english in texts["en"].items():
        assert not CHINESE.search(english), key
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", texts["zh"][key])), key


def test_english_screens_are_english(phone: Callable[..., Page]) -> None:
    page = phone(language="en-GB")
    words: list[str] = []

    def read() -> None:
        words.append(page.locator("#screen").inner_text())

    expect(page.locator("h1")).to_have_text("What have you found?")
    read()
    choose(page)
    go_on_words = page.locator(".place-words")
    expect(go_on_words).to_contain_text("within about 8 m")
    read()
    go_on(page)
    page.locator("#send").tap()
    read()
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_contain_text("Received, thank you")
    read()
    page.locator("a[href='#/mine']").tap()
    page.locator(".mine-item").first.tap()
    expect(page.locator(".timeline")).to_be_visible()
    read()
    names = {case[area]["name"] for case in my_cases(page) for area in ("grid", "police_grid")}
    for name in sorted(names, key=len, reverse=True):
        words = [text.replace(name, "") for text in words]
    # Names of places are the station's own; everything else must be English, and no bare text key.
    left = [line for text in words for line in text.splitlines() if CHINESE.search(line)]
    assert left == []
    assert not re.search(r"\b[a-z]+\.[a-z]+(\.[a-z]+)?\b", "\n".join(words).replace("e.g.", ""))


def test_fits_a_small_screen_and_a_gloved_thumb(phone: Callable[..., Page]) -> None:
    page = phone()

    def check(screen: str) -> None:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0], f"{screen} is {width} px wide"
        small = page.evaluate(
            """(controls) => [...document.querySelectorAll(controls)]
              .filter((e) => e.checkVisibility() && !e.closest('.skip-link'))
              .map((e) => [e.outerHTML.slice(0, 80), Math.round(e.getBoundingClientRect().height)])
              .filter(([, height]) => height < 48)""",
            CONTROLS,
        )
        assert small == [], f"too small to hit on {screen}"
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18

    expect(page.locator(".class-button")).to_have_count(7)
    check("what")
    choose(page)
    page.locator(".grid-picker summary").tap()
    check("where")
    go_on(page)
    answer(page)
    check("details")
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    check("receipt")
    page.locator("a[href='#/mine']").tap()
    expect(page.locator(".mine-item").first).to_be_visible()
    check("mine")
