"""The office pages as people use them: signing in, cases, the quarantine, the own account; desk and phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import DESK, PHONE
from tests.house.test_translations import used
from tests.samples import Sample, photo, report_at
from tests.service import Service
from tests.stations import PASSWORD, Station

PageAs = Callable[..., Page]
Send = Callable[..., Sample]
AsUser = Callable[[str], FlaskClient]
REFUSED = r"status of 4(22|09)"
LANGUAGES = ("zh-CN", "en")


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A photo on the officer's disk."""
    path = tmp_path / "proof.jpg"
    path.write_bytes(photo(7))
    return path


@pytest.fixture
def number_of(as_user: AsUser) -> Callable[[Sample], str]:
    """Return the case number that a report got."""

    def look(sample: Sample) -> str:
        answer = as_user("t.station_chief").get(f"/api/v1/cases/{sample.id}")
        assert answer.status_code == 200, answer.text
        return str(answer.json["number"])

    return look


def fits(page: Page) -> None:
    """Nothing sticks out sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


# ---------------------------------------------------------------- signing in


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-CN", "用户名或密码错误。"), ("en", "User name or password is wrong.")],
)
def test_a_wrong_password_is_said_in_words(
    open_context: Callable[..., BrowserContext], language: str, words: str
) -> None:
    page = open_context(viewport=PHONE, language=language, tolerate=(REFUSED,)).new_page()
    page.goto("/login?next=/cases")
    page.fill("#username", "t.officer.a")
    page.fill("#password", "not the password")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_have_text(words)
    expect(page.locator("#username")).to_have_value("t.officer.a")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/cases")


def test_signing_in_never_leads_to_a_foreign_site(open_context: Callable[..., BrowserContext]) -> None:
    page = open_context().new_page()
    page.goto("/login?next=//foreign.invalid/x")
    page.fill("#username", "t.mediator")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/tasks")


def test_the_password_can_be_shown(open_context: Callable[..., BrowserContext]) -> None:
    page = open_context().new_page()
    page.goto("/login")
    page.get_by_label("显示密码").check()
    assert page.get_attribute("#password", "type") == "text"
    page.get_by_label("显示密码").uncheck()
    assert page.get_attribute("#password", "type") == "password"


def test_the_language_changes_and_the_way_back_stays(open_context: Callable[..., BrowserContext]) -> None:
    page = open_context().new_page()
    page.goto("/login?next=/cases")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "next=%2Fcases" in page.url
    page.goto("/login")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


# ---------------------------------------------------------------- cases


def test_a_case_is_accepted_and_closed_with_proof(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str], proof: Path
) -> None:
    number = number_of(send_report("t.volunteer", "A1", note="二楼窗口<script>alert(1)</script>"))
    page = page_as("officer", "A", viewport=PHONE, tolerate=(REFUSED,))
    page.goto(f"/cases/{number}")
    expect(page.locator(".said").first).to_have_text("二楼窗口<script>alert(1)</script>")
    facts = page.locator(".case-what dl")
    expect(facts).to_contain_text("什么楼")
    expect(facts).to_contain_text("多层")
    fits(page)
    page.get_by_role("button", name="受理此事项").click()
    closing = page.get_by_role("button", name="办结此事项")
    closing.click()
    expect(page.locator("#close-note-problem")).to_have_text("请说明处置情况。")
    expect(page.locator("#close-photo-problem")).to_have_text("需要照片作为凭证。")
    page.fill("#close-note", "已责令改正")
    page.set_input_files("#close-photo", proof)
    expect(page.locator("#close [data-preview] img")).to_be_visible()
    closing.click()
    expect(page.locator("h1 + .badge")).to_have_text("已办结")
    assert page.locator(".case-life .timeline strong").all_inner_texts() == ["上报", "受理", "办结"]
    expect(page.locator(".case-what dl")).to_contain_text("已责令改正")
    pictures = page.locator(".before-after img")
    expect(pictures).to_have_count(2)
    for at in range(2):
        pictures.nth(at).scroll_into_view_if_needed()
        page.wait_for_function(
            "at => document.querySelectorAll('.before-after img')[at].naturalWidth > 0", arg=at
        )
    expect(page.locator("#compare input")).to_be_visible()
    expect(page.locator("#close")).to_have_count(0)


def test_a_large_photo_is_made_smaller_on_its_way(
    page_as: PageAs, send_report: Send, as_user: AsUser, number_of: Callable[[Sample], str], tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    Image.effect_noise((3200, 2400), 90).convert("RGB").save(large, quality=95)
    assert large.stat().st_size > 3_000_000
    sample = send_report("t.volunteer", "B2")
    assert as_user("t.officer.b").post(f"/api/v1/cases/{sample.id}/accept", json={}).status_code == 200
    page = page_as("officer", "B")
    page.goto(f"/cases/{number_of(sample)}")
    page.fill("#close-note", "已清理")
    page.set_input_files("#close-photo", large)
    page.get_by_role("button", name="办结此事项").click()
    expect(page.locator("h1 + .badge")).to_have_text("已办结")
    files = as_user("t.officer.b").get(f"/api/v1/cases/{sample.id}").json["attachments"]
    kept = next(file for file in files if file["purpose"] == "closed")
    assert (kept["width"], kept["height"]) == (2048, 1536)
    assert kept["size"] < large.stat().st_size


def test_the_small_map_shows_the_grid_and_its_neighbours(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    send_report("t.volunteer.2", "B1")
    number = number_of(send_report("t.volunteer", "B1"))
    page = page_as("officer", "B", language="en")
    page.goto(f"/cases/{number}")
    page.wait_for_selector("#case-map[data-grids]")
    # B1 and the five other grids of the station lie within the box.
    assert page.get_attribute("#case-map", "data-grids") == "6"
    shapes = page.locator("#case-map path.leaflet-interactive")
    widths = sorted(shapes.evaluate_all("all => all.map((path) => path.getAttribute('stroke-width'))"))
    assert widths == ["1"] * 5 + ["3"], "the own grid stands out"
    # The case lies above the dots of its neighbours, in its own colour.
    own = page.locator("#case-map .own-dot")
    expect(own).to_be_visible()
    assert own.get_attribute("data-class") == "flying_wire"
    heights = page.locator("#case-map .around-place").evaluate_all(
        "all => all.map((place) => [Boolean(place.querySelector('.own-dot')), Number(place.style.zIndex)])"
    )
    assert max(heights, key=lambda pair: pair[1])[0], heights
    expect(page.locator(".case-who")).to_contain_text("Officer")


def test_on_a_phone_the_case_and_its_next_step_come_first(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    number = number_of(send_report("t.volunteer", "A1"))
    page = page_as("officer", "A", viewport=PHONE)
    page.goto(f"/cases/{number}")
    expect(page.locator(".case-tasks")).to_be_visible()
    tops = page.locator(".columns.case > .stack > *").evaluate_all(
        "all => all.filter((part) => part.getClientRects().length)"
        ".sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)"
        ".map((part) => part.className)"
    )
    first = [
        name
        for part in tops
        for name in ("case-what", "case-next", "case-where", "case-tasks")
        if name in part
    ]
    assert first[:3] == ["case-what", "case-next", "case-where"], tops
    assert "case-what" in tops[0], tops


def test_who_was_slower_is_told_and_may_load_again(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str], as_user: AsUser
) -> None:
    sample = send_report("t.volunteer", "A2")
    page = page_as("officer", "A", language="en", tolerate=(REFUSED,))
    page.goto(f"/cases/{number_of(sample)}")
    done = as_user("t.station_chief").post(f"/api/v1/cases/{sample.id}/accept", json={})
    assert done.status_code == 200
    page.get_by_role("button", name="Accept this case").click()
    expect(page.locator("#accept").get_by_role("alert")).to_contain_text(
        "Somebody changed this case meanwhile"
    )
    page.get_by_role("button", name="Load again").click()
    expect(page.get_by_role("button", name="Close this case")).to_be_visible()


def test_a_volunteer_sees_the_own_case_and_may_only_withdraw_it(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    number = number_of(send_report("t.volunteer", "A1"))
    page = page_as("volunteer", viewport=PHONE)
    page.goto("/cases")
    page.get_by_role("link", name=number).click()
    expect(page.locator("h1")).to_have_text("飞线充电")
    steps = page.locator("form[data-step]")
    expect(steps).to_have_count(1)
    expect(steps).to_have_id("withdraw")
    expect(page.get_by_role("link", name="在地图上查看")).to_have_count(0)


def test_a_case_opens_on_the_big_map(
    page_as: PageAs, send_report: Send, number_of: Callable[[Sample], str]
) -> None:
    number = number_of(send_report("t.volunteer", "A1"))
    page = page_as("officer", "A")
    page.goto(f"/cases/{number}")
    page.get_by_role("link", name="在地图上查看").click()
    expect(page.locator(".leaflet-popup").filter(has_text=number)).to_be_visible()


def test_the_list_filters_and_turns_pages(page_as: PageAs, as_user: AsUser, station: Station) -> None:
    client = as_user("t.volunteer.2")
    for _ in range(51):
        sample = report_at(*station.inside("C1"), class_code="other", answers={"what": "井盖缺失"})
        answer = client.post("/api/v1/batches", data=sample.form())
        assert answer.json["reports"][0]["state"] == "received", answer.text
    page = page_as("station_chief", language="en")
    page.goto("/cases")
    page.select_option("#class_code", "other")
    page.get_by_role("button", name="Show").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    first = set(page.locator("tbody th").all_inner_texts())
    page.get_by_role("link", name="Older cases").click()
    expect(rows).to_have_count(1)
    assert not first & set(page.locator("tbody th").all_inner_texts()), "no case stands on two pages"
    expect(page.locator("#class_code")).to_have_value("other")
    page.get_by_role("link", name="Newest").click()
    expect(rows).to_have_count(50)
    page.fill("#q", sorted(first)[3][-6:])
    page.get_by_role("button", name="Show").click()
    expect(rows).to_have_count(1)
    page.select_option("#state", "closed")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".empty")).to_contain_text("No case fits these filters.")


# ---------------------------------------------------------------- quarantine


@pytest.fixture
def keep(as_user: AsUser, station: Station) -> Callable[..., Sample]:
    """Send a report that can't be understood, so that it is kept."""

    def send(grid: str = "A1", **changes: Any) -> Sample:
        sample = report_at(*station.inside(grid), **changes)
        answer = as_user("t.volunteer").post("/api/v1/batches", data=sample.form())
        assert answer.json["reports"][0]["state"] == "kept", answer.text
        return sample

    return send


def entry_of(page: Page, mark: str) -> Any:
    """The entry that holds a text in what was sent."""
    return page.locator("article.quarantine").filter(has=page.locator("pre", has_text=mark))


def test_a_swapped_place_is_mended_and_becomes_the_senders_case(
    page_as: PageAs, keep: Callable[..., Sample], station: Station, as_user: AsUser
) -> None:
    lon, lat = station.inside("A1")
    sample = keep(place={"lon": lat, "lat": lon}, note="颠倒一")
    page = page_as("station_chief")
    page.goto("/quarantine")
    entry = entry_of(page, "颠倒一")
    expect(entry.locator(".problems")).to_contain_text("经纬度可能颠倒")
    expect(entry).to_contain_text("照片1张")
    expect(entry.locator("[name=lon]")).to_have_value(str(lat))
    entry.get_by_role("button", name="对调经纬度").click()
    entry.get_by_role("button", name="转为事项").click()
    expect(page.get_by_role("status")).to_contain_text("已转为事项")
    page.get_by_role("status").get_by_role("link").click()
    expect(page.locator("h1")).to_have_text("飞线充电")
    mine = as_user("t.volunteer").get("/api/v1/cases?mine=true").json["cases"]
    found = next(case for case in mine if case["id"] == sample.id)
    assert (found["place"]["lon"], found["place"]["lat"]) == pytest.approx((lon, lat))
    assert len(found["attachments"]) == 1, "the photo came with it"


def test_each_problem_stands_at_its_field(page_as: PageAs, keep: Callable[..., Sample]) -> None:
    keep(answers={"building_kind": "hut", "wires": 900}, note="答案二")
    page = page_as("station_chief", language="en", tolerate=(REFUSED,))
    page.goto("/quarantine")
    entry = entry_of(page, "答案二")
    submit = entry.get_by_role("button", name="Hand in as a case")
    submit.click()
    error = entry.locator("[name=answers] + .error")
    expect(error).to_contain_text("wires: A number from 1 to 200 is needed.")
    expect(error).to_contain_text("seen_charging: This question needs an answer.")
    entry.locator("[name=answers]").fill("{no json")
    submit.click()
    expect(error).to_contain_text("not a JSON object")
    entry.locator("[name=answers]").fill(
        json.dumps({"building_kind": "other", "wires": 2, "seen_charging": False})
    )
    entry.locator("[name=lon]").fill("east")
    submit.click()
    expect(entry.locator("[name=lon] + .error")).to_have_text("A number is needed.")
    expect(error).to_have_count(0)


def test_an_entry_is_put_aside_with_its_reason(page_as: PageAs, keep: Callable[..., Sample]) -> None:
    keep(answers={}, note="试一试<img src=x onerror=alert(1)>")
    page = page_as("station_chief", viewport=PHONE, tolerate=(REFUSED,))
    page.goto("/quarantine")
    entry = entry_of(page, "试一试<img src=x onerror=alert(1)>")
    entry.get_by_text("改为搁置").click()
    aside = entry.get_by_role("button", name="搁置", exact=True)
    aside.click()
    expect(entry.locator("[data-discard] .error")).to_be_visible()
    entry.locator("[data-discard] input").fill("测试数据")
    aside.click()
    expect(page.get_by_role("status")).to_have_text("已搁置。")
    page.reload()
    expect(entry_of(page, "试一试")).to_have_count(0)


# ---------------------------------------------------------------- my account


def test_a_device_gets_a_token_that_works_until_it_is_removed(page_as: PageAs, service: Service) -> None:
    page = page_as("grid_worker", "A", tolerate=(REFUSED,))
    page.goto("/account")
    page.get_by_role("button", name="生成令牌").click()
    expect(page.locator("#label-problem")).to_be_visible()
    page.fill("#label", "轨迹手机")
    page.get_by_role("button", name="生成令牌").click()
    token = page.locator("#token")
    expect(token).to_be_visible()
    bearer = {"Authorization": f"Bearer {token.inner_text()}"}
    assert requests.get(f"{service.url}/api/v1/me", headers=bearer, timeout=30).status_code == 200
    page.reload()
    assert bearer["Authorization"][7:] not in page.content(), "it is shown once"
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("#devices li", has_text="轨迹手机").get_by_role("button").click()
    expect(page.locator("#devices li", has_text="轨迹手机")).to_have_count(0)
    assert requests.get(f"{service.url}/api/v1/me", headers=bearer, timeout=30).status_code == 401


def test_another_phone_is_set_up_by_the_code_once(
    page_as: PageAs, open_context: Callable[..., BrowserContext]
) -> None:
    page = page_as("volunteer")
    page.goto("/account")
    page.locator("#invite").click()
    drawing = page.locator("#qr svg path").last
    expect(drawing).to_be_visible()
    assert (page.locator("#qr svg").bounding_box() or {})["width"] > 150
    path = urlsplit(page.inner_text("#qr-url")).path
    phone = open_context(viewport=PHONE).new_page()
    phone.goto(path)
    fits(phone)
    phone.get_by_role("button", name="是，设置本机").click()
    phone.wait_for_url("**/phone/")
    assert phone.request.get("/api/v1/me").json()["username"] == "t.volunteer"
    second = open_context(viewport=PHONE, tolerate=(REFUSED,)).new_page()
    second.goto(path)
    second.get_by_role("button", name="是，设置本机").click()
    expect(second.get_by_role("alert")).to_contain_text("已使用")
    assert second.request.get("/api/v1/me").status == 401


# ---------------------------------------------------------------- every page


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_fits_and_speaks_one_language(
    page_as: PageAs,
    send_report: Send,
    keep: Callable[..., Sample],
    number_of: Callable[[Sample], str],
    viewport: tuple[int, int],
    language: str,
) -> None:
    number = number_of(send_report("t.volunteer", "A1", note="note"))
    keep(answers={}, note="note")
    page = page_as("station_chief", viewport=viewport, language=language, tolerate=("status of 404",))
    sentences = [text for text in used() if " " in text and "%" not in text]
    for path in ("/account", "/cases", f"/cases/{number}", "/quarantine", "/cases/no-such-number"):
        page.goto(path)
        fits(page)
        said = page.locator("body").inner_text()
        english = [text for text in sentences if text in said]
        assert bool(english) is (language == "en"), (path, english)
