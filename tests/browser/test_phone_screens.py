"""The phone page's further screens: positions, the same thing, what became of it, points, the map."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from gis.tiling import tiles_touched
from tests.browser.conftest import PHONE
from tests.browser.phone_steps import (
    A_PHOTO,
    BIG_PHOTO,
    answer,
    choose,
    my_cases,
    opened,
    the_case,
    to_details,
)
from tests.samples import report_at
from tests.service import Service
from tests.stations import Station

CONTROLS = "a, button, select, summary, textarea, .choice, input:not([type=radio], [type=file])"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
A_PLACE = {"code": "k7m2p9", "name": "三号楼门口", "kind": "sign", "lon": 112.5701, "lat": 37.8652}
# A browser that reads codes: this one reads the same address in every picture.
READER = """
window.BarcodeDetector = class { async detect() { return [{ rawValue: window.seen ?? 'nothing' }]; } };
navigator.mediaDevices.getUserMedia = async () => document.createElement('canvas').captureStream();
"""


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[..., Page]:
    """Open the page as a volunteer who stands in a grid: phone('C1', geolocation=None)."""

    def make(grid: str = "A1", **wishes: Any) -> Page:
        return opened(page_as, **{"geolocation": station.inside(grid), **wishes})

    return make


@pytest.fixture
def asks(service: Service, token_for: Callable[[str], str]) -> Callable[..., requests.Response]:
    """Ask the service as somebody else: asks('t.officer.a', 'POST', '/api/v1/cases/.../accept', json={})."""

    def ask(username: str, method: str, address: str, **more: Any) -> requests.Response:
        bearer = {"Authorization": f"Bearer {token_for(username)}"}
        answer = requests.request(method, service.url + address, headers=bearer, timeout=30, **more)
        assert answer.ok, answer.text
        return answer

    return ask


@pytest.fixture
def reported(asks: Any, station: Station) -> Callable[..., str]:
    """Report as another volunteer, with a photo; return the case's id."""

    def report(grid: str, username: str = "t.volunteer.2", east_m: float = 0) -> str:
        lon, lat = station.inside(grid)
        sample = report_at(lon + east_m / 88_000, lat)
        files = {"batch": ("batch.json", json.dumps(sample.batch()), "application/json")}
        files |= {sha: ("a.jpg", data, "image/jpeg") for sha, data in sample.photos.items()}
        (receipt,) = asks(username, "POST", "/api/v1/batches", files=files).json()["reports"]
        assert receipt["state"] == "received"
        return sample.id

    return report


def shown(page: Page, screen: str) -> None:
    page.goto(f"/phone/#/{screen}")
    expect(page.locator(f"body[data-ready={screen.split('/')[0]}]")).to_be_attached()


def until(page: Page, address: str, fits: Callable[[Any], Any]) -> None:
    """Wait until what the service tells this page fits: the worker takes its moment."""
    for _try in range(120):  # slower than any limit on questions
        if fits(page.request.get(address).json()):
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"{address} never fitted")


def test_a_report_takes_seven_touches(phone: Callable[..., Page]) -> None:
    page = phone("C2")
    page.evaluate("window.taps = 0; addEventListener('pointerdown', () => window.taps++, true)")
    choose(page)
    expect(page.locator(".place-ground")).to_contain_text("C2")
    page.locator("#next").tap()
    page.locator("#photo-camera").set_input_files(A_PHOTO)
    expect(page.locator(".thumbs img")).to_have_count(1)
    page.locator("label.choice", has=page.locator("input[value=multi_storey]")).tap()
    page.locator("[data-question=wires] .stepper .btn").last.tap()
    page.locator("fieldset[data-question=seen_charging] label.choice").first.tap()
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    assert page.evaluate("window.taps") + 1 <= 8  # one more for the camera


def test_the_same_thing_gets_a_voice_instead_of_a_second_case(
    phone: Callable[..., Page], reported: Callable[..., str], asks: Any, station: Station
) -> None:
    known = reported("B1", east_m=20)
    page = phone("B1")
    before = len(my_cases(page))
    # The small picture is made by the worker, a moment later.
    lon, lat = station.inside("B1")
    until(
        page, f"/api/v1/cases/nearby?class_code=flying_wire&lon={lon}&lat={lat}", lambda s: s[0]["thumbnail"]
    )
    choose(page)
    expect(page.locator(".place-ground")).to_contain_text("B1")
    page.locator("#next").tap()
    item = page.locator(f".same li[data-case='{known}']")
    expect(item).to_contain_text("20 米")
    assert item.locator("img.thumb").evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    assert "三单元" not in page.locator("#screen").inner_text()
    item.locator("button").tap()
    expect(page.locator(".receipt")).to_contain_text("已记下")
    assert len(my_cases(page)) == before
    assert asks("t.officer.b", "GET", f"/api/v1/cases/{known}").json()["voices"] == 1
    asks("t.officer.b", "POST", f"/api/v1/cases/{known}/accept", json={})
    page.locator("a[href='#/mine']").tap()
    mine = page.locator(f"#voices a[href='#/voice/{known}']")
    expect(mine.locator(".badge[data-state=accepted]")).to_be_visible()
    mine.tap()
    expect(page.locator(".timeline")).to_contain_text("民警受理")
    expect(page.locator("dl.facts")).to_contain_text("甲T05")
    shown(page, "what")
    expect(page.locator("#screen")).not_to_contain_text("没写完")


def test_another_thing_is_reported_all_the_same(
    phone: Callable[..., Page], reported: Callable[..., str]
) -> None:
    known = reported("C1")
    page = phone("C1")
    choose(page)
    expect(page.locator(".place-ground")).to_contain_text("C1")
    page.locator("#next").tap()
    page.locator("#another").tap()
    answer(page)
    page.locator("a[href='#/where']").tap()
    page.locator("#next").tap()
    expect(page.locator("#send")).to_be_visible()  # asked once is enough
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    assert the_case(page)["id"] != known


def test_without_a_network_nothing_is_asked(phone: Callable[..., Page], reported: Callable[..., str]) -> None:
    reported("A2")
    page = phone("A2", tolerate=("ERR_INTERNET_DISCONNECTED",))
    shown(page, "map")
    expect(page.locator("[role=status]").first).to_contain_text("6 个网格")
    shown(page, "what")
    page.wait_for_load_state("networkidle")  # the other screens are loaded when nothing else is to be done
    page.context.set_offline(True)
    choose(page)
    # Whose ground it is, this phone knows by itself.
    expect(page.locator(".place-ground")).to_contain_text("A2")
    page.locator("#next").tap()
    expect(page.locator("#send")).to_be_visible()


def test_an_address_alone_is_enough_and_says_how_little_it_is(
    phone: Callable[..., Page], station: Station
) -> None:
    page = phone(geolocation=None)
    choose(page)
    page.locator("#address").fill("解放路菜市场西口")
    to_details(page)
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    place = the_case(page)["place"]
    assert (place["method"], place["address"]) == ("address", "解放路菜市场西口")
    boxes = [station.box(grid) for grid in station.grids]
    assert min(b[0] for b in boxes) < place["lon"] < max(b[2] for b in boxes)
    # Half the diagonal of three by two squares of 350 by 333 metres.
    assert 580 < place["accuracy_m"] < 680


def test_a_grid_of_the_list_tells_its_size(phone: Callable[..., Page]) -> None:
    page = phone(geolocation=None)
    choose(page)
    page.locator(".grid-picker summary").tap()
    page.locator("#pick-police").select_option(index=1)
    page.locator("#pick-grid").select_option(index=1)
    expect(page.locator(".place-ground")).to_contain_text("A1")
    to_details(page)
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    place = the_case(page)["place"]
    assert place["method"] == "grid"
    assert 230 < place["accuracy_m"] < 260  # to the corner of a square of 350 by 333 metres


def test_how_rough_is_too_rough_is_the_stations_to_say(
    phone: Callable[..., Page], station: Station, owner_db: Any
) -> None:
    def threshold(metres: int) -> None:
        with owner_db.transaction() as session:
            session.execute(text("SET LOCAL ROLE shuangge_owner"))
            wish = """UPDATE app.station
                SET settings = settings || jsonb_build_object('gps_threshold_m', :m) WHERE id = :s"""
            session.execute(text(wish), {"m": metres, "s": station.id})

    lon, lat = station.inside("A1")
    for metres, tone in ((30, "warning"), (150, "success")):
        threshold(metres)
        page = phone()
        page.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 100})
        choose(page)
        expect(page.locator(f".place-words[data-tone={tone}]")).to_contain_text("100 米")


def serve_place(page: Page) -> None:
    """Answer for the room of places, which stands in the service beside this page."""

    def found(route: Route) -> None:
        if route.request.url.endswith(A_PLACE["code"]):
            return route.fulfill(json=A_PLACE)
        return route.fulfill(
            status=404, json={"code": "not_found", "title": "-", "detail": "-", "status": 404}
        )

    page.route("**/api/v1/places/by-code/*", found)


def test_the_code_of_a_place_gives_the_position(phone: Callable[..., Page], station: Station) -> None:
    page = phone(geolocation=None, tolerate=("404",))
    serve_place(page)
    page.goto(f"/phone/#/from/{A_PLACE['code']}")
    expect(page.locator(".alert[data-tone=success]")).to_contain_text(A_PLACE["name"])
    choose(page)
    expect(page.locator(".place-words")).to_contain_text("二维码")
    to_details(page)
    answer(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    place = the_case(page)["place"]
    assert (place["method"], place["address"], place["accuracy_m"]) == ("place", A_PLACE["name"], 30)
    assert (place["lon"], place["lat"]) == (A_PLACE["lon"], A_PLACE["lat"])
    page.goto("/phone/#/from/unknown")
    expect(page.locator(".alert[data-tone=warning]")).to_be_visible()
    page.locator("a.btn-primary").tap()
    expect(page.locator(".class-button").first).to_be_visible()


def test_a_code_is_read_inside_the_page(phone: Callable[..., Page]) -> None:
    page = phone(geolocation=None)
    page.add_init_script(READER)
    page.reload()
    serve_place(page)
    choose(page)
    page.locator("a[href='#/scan']").tap()
    expect(page.locator("[role=status]").first).to_contain_text("不是地点码")
    page.evaluate(f"window.seen = location.origin + '/r/{A_PLACE['code']}'")
    expect(page.locator(".place-words")).to_contain_text("二维码")
    expect(page.locator("#address")).to_have_value(A_PLACE["name"])


def test_words_and_a_photo_are_added_to_my_case_and_reach_the_officer(
    phone: Callable[..., Page], page_as: Callable[..., Page], reported: Callable[..., str]
) -> None:
    mine = reported("A1", "t.volunteer", east_m=90)
    page = phone()
    shown(page, f"case/{mine}")
    page.locator("#more").fill("晚上又拉了一根线 <b>")
    page.reload()
    expect(page.locator("#more")).to_have_value("晚上又拉了一根线 <b>")
    page.locator("#add-note").dblclick()
    expect(page.locator(".notes li")).to_have_count(1)
    expect(page.locator(".notes")).to_contain_text("晚上又拉了一根线 <b>")
    expect(page.locator("#more")).to_have_value("")
    page.locator("#more-photo").set_input_files(A_PHOTO)
    expect(page.locator(".photos img")).to_have_count(2)
    number = page.locator("#screen .number").first.inner_text()
    office = page_as("officer", police_grid="A")
    office.goto(f"/cases/{number}")
    expect(office.locator(".case-life .timeline")).to_contain_text("晚上又拉了一根线 <b>")


def test_thanks_and_the_cure_beside_what_was_found(
    phone: Callable[..., Page], reported: Callable[..., str], asks: Any
) -> None:
    mine = reported("A2", "t.volunteer", east_m=90)
    base = f"/api/v1/cases/{mine}"
    asks("t.officer.a", "POST", f"{base}/accept", json={})
    proof = {"photo": ("after.jpg", BIG_PHOTO, "image/jpeg")}
    asks("t.officer.a", "POST", f"{base}/close", data={"note": "线已拆除"}, files=proof)
    page = phone()
    shown(page, f"case/{mine}")
    expect(page.locator(".before-after figure")).to_have_count(2)
    left, right = page.locator(".before-after figure").evaluate_all(
        "(figures) => figures.map((figure) => figure.getBoundingClientRect().toJSON())"
    )  # both at one moment: the screen may be drawn anew
    assert abs(left["y"] - right["y"]) < 2 < right["x"] - left["x"]
    expect(page.locator("#screen")).to_contain_text("线已拆除")
    until(page, "/api/v1/points", lambda said: said["total"] >= 5)
    shown(page, "mine")
    page.locator(".points-link").tap()
    expect(page.locator("#points")).to_contain_text(re.compile("上报的隐患已消除.*上报经核实", re.S))


def test_my_ground_works_without_a_network_after_one_visit(
    phone: Callable[..., Page], reported: Callable[..., str]
) -> None:
    reported("C1", "t.volunteer", east_m=100)
    page = phone("C1", tolerate=("ERR_INTERNET_DISCONNECTED",))
    shown(page, "map")
    expect(page.locator(".own-mark").first).to_be_attached()
    shown(page, "what")
    page.context.set_offline(True)
    page.locator("a[href='#/map']").tap()
    expect(page.locator("[role=status]").first).to_contain_text("6 个网格")
    drawn = """() => { const c = document.querySelector('.ground-map canvas');
      return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0); }"""
    page.wait_for_function(drawn)
    page.locator("summary").tap()
    expect(page.locator("details .item")).to_have_count(6)
    page.locator("#here").tap()
    expect(page.locator("[role=status]").first).to_contain_text("您在这里")
    expect(page.locator(".own-mark").first).to_be_attached()


def test_the_service_worker_is_told_which_pictures_to_keep(phone: Callable[..., Page]) -> None:
    page = phone()
    tiles = """async (box) => { const { tilesOf } = await import('/static/phone/map.js');
      return tilesOf({ kind: 'mbtiles', url: '/basemap/{z}/{x}/{y}', max_zoom: 19 }, box); }"""
    box = (112.564, 37.862, 112.576, 37.868)
    urls = page.evaluate(tiles, box)
    wanted = {f"/basemap/{z}/{x}/{y}" for z in range(10, 18) for x, y in tiles_touched(box, z)}
    assert set(urls) == wanted
    assert 50 < len(page.evaluate(tiles, [110, 34, 114, 40])) <= 400


def test_an_id_of_nobody_is_no_case(phone: Callable[..., Page]) -> None:
    page = phone(tolerate=("404",))
    shown(page, f"case/{uuid4()}")
    expect(page.locator(".alert[data-tone=error]")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_each_further_screen_fits_and_speaks_one_language(
    phone: Callable[..., Page], reported: Callable[..., str], asks: Any, language: str
) -> None:
    voiced, mine = reported("B2"), reported("A1", "t.volunteer", east_m=140)
    asks("t.volunteer", "POST", f"/api/v1/cases/{voiced}/voices", json={"note": ""})
    page = phone("B2", language=language, tolerate=("404",))
    screens = ["mine", "map", "points", f"case/{mine}", f"voice/{voiced}", "voiced/T-2026-1", "from/none"]
    for screen in screens:
        shown(page, screen)
        check_fit(page, screen)
        check_words(page, screen, language)
    shown(page, "what")
    choose(page)
    expect(page.locator(".place-ground")).to_contain_text("B2")
    page.locator("#next").tap()
    expect(page.locator("#another")).to_be_visible()
    check_fit(page, "same")
    check_words(page, "same", language)


def check_fit(page: Page, screen: str) -> None:
    """No sideways scrolling at 360 px, nothing to touch that is lower than 48 px."""
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], screen
    small = page.evaluate(
        """(controls) => [...document.querySelectorAll(controls)]
          .filter((e) => e.checkVisibility() && !e.closest('.skip-link, .photos'))
          .map((e) => [e.outerHTML.slice(0, 80), Math.round(e.getBoundingClientRect().height)])
          .filter(([, height]) => height < 48)""",
        CONTROLS,
    )
    assert small == [], f"too small to hit on {screen}"


def check_words(page: Page, screen: str, language: str) -> None:
    """No bare key; in English nothing Chinese but names and what people wrote."""
    words = page.locator("#screen").inner_text()
    assert not re.search(r"\b[a-z]+\.[a-z]+(\.[a-z]+)?\b", words), f"{screen}: {words}"
    if language == "en-GB":
        left = [line for line in words.splitlines() if CHINESE.search(line) and "三单元" not in line]
        assert left == [], screen
