"""Nothing is lost or doubled on its way: cut networks, full phones, wrong clocks, two tabs, files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import FilePayload, Page, Route, expect
from sqlalchemy import text

from tests.browser.phone_steps import (
    A_PHOTO,
    WEAK,
    answer,
    cases_become,
    choose,
    clock_wrong,
    filled,
    filled_offline,
    go_on,
    my_cases,
    new_photo,
    on_phone,
    opened,
    saved,
    sent_batches,
    the_case,
    until,
)
from tests.samples import photo
from tests.service import Service
from tests.stations import PASSWORD, Station

LOST = ("Failed to load resource",)
SMALL: FilePayload = {"name": "IMG_0002.jpg", "mimeType": "image/jpeg", "buffer": photo(77)}


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[..., Page]:
    """Open the page as a volunteer who stands in grid A1: phone(scripts=(WEAK,))."""

    def make(scripts: tuple[str, ...] = (), **wishes: Any) -> Page:
        page = opened(page_as, **{"geolocation": station.inside("A1"), **wishes})
        for script in scripts:
            page.context.add_init_script(script)
        if scripts:
            page.reload()
        return page

    return make


def photo_of(page: Page, number: str) -> dict[str, Any]:
    (found,) = next(case for case in my_cases(page) if case["number"] == number)["attachments"]
    return dict(found)


def test_a_network_cut_in_the_middle_of_a_photo_goes_on_there(phone: Callable[..., Page]) -> None:
    page = phone(scripts=(WEAK,), tolerate=LOST)
    offsets: list[int] = []
    batches = sent_batches(page)

    def cut(route: Route) -> None:
        offsets.append(int(route.request.headers["upload-offset"]))
        return route.abort() if len(offsets) in (2, 3) else route.continue_()

    page.route("**/api/v1/uploads/*", cut)
    filled(page, new_photo())
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    number = page.locator(".case-number").inner_text()
    expect(page.locator(".originals-notice")).to_be_visible()
    early = photo_of(page, number)
    assert early["awaited"]
    assert max(early["width"], early["height"]) <= 480
    assert early["size"] <= 40_000
    (waiting,) = on_phone(page, "photos")
    assert waiting["size"] > 100_000
    page.goto("/phone/")
    until(
        page,
        """async () => {
          const { readAll } = await import('/static/phone/database.js');
          return (await readAll('photos')).length === 0;
        }""",
    )
    expect(page.locator(".originals-notice")).to_be_hidden()
    late = photo_of(page, number)
    assert not late["awaited"]
    assert max(late["width"], late["height"]) > 1000
    assert offsets[:4] == [0, 65_536, 65_536, 65_536]
    assert offsets.count(0) == 1
    assert on_phone(page, "photos") == []
    assert len(batches) == 1


def test_the_place_at_the_shutter_goes_with_the_photo(phone: Callable[..., Page], station: Station) -> None:
    page = phone()
    filled(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    (kept,) = the_case(page)["attachments"]
    assert (kept["taken"]["lon"], kept["taken"]["lat"]) == pytest.approx(station.inside("A1"))
    assert kept["taken"]["accuracy_m"] == 8


def test_only_on_wifi_the_originals_wait_and_can_be_sent_by_hand(phone: Callable[..., Page]) -> None:
    page = phone(scripts=(WEAK,))
    page.goto("/phone/#/outbox")
    page.locator("#wifi-only").check()
    page.goto("/phone/#/what")
    filled(page, new_photo())
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    number = page.locator(".case-number").inner_text()
    page.locator(".originals-notice").tap()
    expect(page.locator("#wifi-only")).to_be_checked()
    assert photo_of(page, number)["awaited"]
    page.locator("#send-waiting").tap()
    expect(page.locator(".originals-notice")).to_be_hidden()
    assert not photo_of(page, number)["awaited"]


def test_a_page_killed_after_the_camera_has_the_photo(phone: Callable[..., Page]) -> None:
    page = phone()
    context = page.context
    choose(page)
    go_on(page)
    page.close()
    # Decoding never ends on this phone: it is where cheap ones give up.
    stuck = context.new_page()
    stuck.add_init_script(
        "globalThis.Worker = undefined; globalThis.createImageBitmap = () => new Promise(() => {});"
    )
    stuck.goto("/phone/#/details")
    stuck.locator("#photo-camera").set_input_files(A_PHOTO)
    until(
        stuck,
        """async () => {
          const { readAll } = await import('/static/phone/database.js');
          const [photo] = await readAll('photos');
          return Boolean(photo && photo.taken);
        }""",
    )
    (raw,) = on_phone(stuck, "photos")
    assert not raw["ready"]
    assert raw["size"] == len(A_PHOTO["buffer"])
    stuck.close(run_before_unload=False)
    page = context.new_page()
    page.goto("/phone/#/details")
    expect(page.locator(".thumbs img")).to_have_count(1)
    page.locator("label.choice", has=page.locator("input[value=multi_storey]")).tap()
    page.locator("#q-wires").fill("2")
    page.locator("fieldset[data-question=seen_charging] label.choice").first.tap()
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    (kept,) = the_case(page)["attachments"]
    assert kept["taken"]["lon"] is not None


@pytest.mark.slow
def test_a_full_phone_is_told_and_keeps_what_it_has(phone: Callable[..., Page], service: Service) -> None:
    page = phone()
    filled(page)
    session = page.context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": service.url, "quotaSize": 1})
    # Chromium hands room out in advance and counts anew only after half a minute.
    page.wait_for_timeout(31_000)
    page.locator("#photo-album").set_input_files(SMALL)
    expect(page.locator(".store-notice")).to_contain_text("存储已满")
    expect(page.locator(".thumbs img")).to_have_count(2)
    page.locator("#note").fill("存储满了也能写")
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    case = the_case(page)
    assert case["note"] == "存储满了也能写"
    assert len(case["attachments"]) == 2
    session.send("Storage.overrideQuotaForOrigin", {"origin": service.url})


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_two_days_wrong_is_set_right_and_told(phone: Callable[..., Page], days: int) -> None:
    page = phone(scripts=(clock_wrong(days),))
    expect(page.locator(".clock-notice")).to_contain_text("2 天")
    filled(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    expect(page.locator(".receipt .clock-set")).to_contain_text("2 天")
    found = datetime.fromisoformat(the_case(page)["found_at"])
    shown = found.astimezone(ZoneInfo("Asia/Shanghai"))
    expect(page.locator(".receipt")).to_contain_text(f"{shown:%H:%M}")
    assert abs(found - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_session_ended_while_two_wait_resumes_after_signing_in(
    phone: Callable[..., Page], owner_db: Any, member: Callable[[str], Any]
) -> None:
    page = phone(tolerate=LOST)
    expect(page.locator(".class-button").first).to_be_visible()
    before = len(my_cases(page))
    with owner_db.transaction() as session:
        session.execute(text("UPDATE auth.session SET ended_at = now()"))
    for _two in range(2):
        filled_offline(page)
        page.locator("#send").tap()
        expect(page.locator("h1")).to_contain_text("还没有发出去")
        page.goto("/phone/#/outbox")
        page.goto("/phone/#/what")
    expect(page.locator("#unsent-badge")).to_have_text("2")
    page.locator(".signin-notice").tap()
    page.locator("input[name=username]").fill(member("t.volunteer").username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").first.tap()
    page.wait_for_url(lambda url: "/login" not in url)
    cases_become(page, before + 2)
    expect(page.locator(".signin-notice")).to_be_hidden()


def test_two_tabs_edit_one_draft_and_send_once(phone: Callable[..., Page]) -> None:
    one = phone()
    batches = sent_batches(one)
    choose(one)
    go_on(one)
    two = one.context.new_page()
    more = sent_batches(two)
    two.goto("/phone/#/details")
    expect(two.locator("#send")).to_be_visible()
    before = len(my_cases(one))
    answer(one, wires="3")
    two.locator("#note").fill("第二个标签页写的")
    saved(two, note="第二个标签页写的")
    expect(one.locator(".thumbs img")).to_have_count(1)
    one.locator("#q-wires").fill("5")
    saved(one, wires=5, note="第二个标签页写的")
    two.reload()
    expect(two.locator("#q-wires")).to_have_value("5")
    expect(two.locator("#note")).to_have_value("第二个标签页写的")
    expect(two.locator(".thumbs img")).to_have_count(1)
    two.evaluate("document.querySelector('#send').click()")
    one.evaluate("document.querySelector('#send').click()")
    expect(one.locator(".receipt")).to_be_visible()
    expect(two.locator(".receipt")).to_be_visible()
    assert len(batches) + len(more) == 1
    assert len(my_cases(one)) == before + 1
    case = the_case(one)
    assert (case["note"], case["answers"]["wires"]) == ("第二个标签页写的", 5)


def saved_file(page: Page, folder: Path) -> Path:
    page.goto("/phone/#/outbox")
    page.locator(".by-file summary").tap()
    with page.expect_download() as saving:
        page.locator("#save-file").tap()
    path = folder / "waiting.zip"
    saving.value.save_as(path)
    return path


@pytest.mark.parametrize("also_by_page", [False, True])
def test_handed_in_as_a_file_it_is_one_case_and_the_receipt_frees_the_phone(
    phone: Callable[..., Page],
    service: Service,
    token_for: Callable[[str], str],
    tmp_path: Path,
    also_by_page: bool,
) -> None:
    page = phone(tolerate=LOST)
    before = len(my_cases(page))
    page.route("**/api/v1/batches", lambda route: route.abort())
    filled(page)
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("还没有发出去")
    path = saved_file(page, tmp_path)
    headers = {"Authorization": f"Bearer {token_for('t.officer.b')}"}
    given = requests.post(
        f"{service.url}/api/v1/handins", headers=headers, files={"file": path.open("rb")}, timeout=30
    )
    assert given.status_code == 200, given.text
    (told,) = given.json()["reports"]
    assert told["state"] == "received"
    assert len(on_phone(page, "photos")) == 1
    if also_by_page:
        page.unroute("**/api/v1/batches")
        page.locator("#send-waiting").tap()
    else:
        receipt = tmp_path / "receipt.json"
        receipt.write_text(json.dumps(given.json()))
        page.locator("#load-receipt").set_input_files(receipt)
    expect(page.locator(".unsent-notice")).to_be_hidden()
    assert on_phone(page, "photos") == []
    cases = my_cases(page)
    assert len(cases) == before + 1
    assert told["case_number"] == cases[0]["number"]
    assert not cases[0]["attachments"][0]["awaited"]


def test_reports_of_another_person_wait_for_that_person(
    phone: Callable[..., Page], service: Service, member: Callable[[str], Any]
) -> None:
    page = phone(tolerate=LOST)
    mine = page.context.cookies()
    before = len(my_cases(page))
    page.route("**/api/v1/batches", lambda route: route.abort())
    filled(page)
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("还没有发出去")
    page.unroute("**/api/v1/batches")
    page.goto("about:blank")
    sign_in(page, service, member("t.volunteer.2").username)
    batches = sent_batches(page)
    page.goto("/phone/")
    expect(page.locator(".others-notice")).to_contain_text("1")
    expect(page.locator("#unsent-badge")).to_be_hidden()
    theirs = len(my_cases(page))
    filled(page)
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    assert len(batches) == 1
    assert len(my_cases(page)) == theirs + 1
    page.goto("about:blank")
    page.context.clear_cookies()
    page.context.add_cookies(mine)  # type: ignore[arg-type]
    page.goto("/phone/")
    cases_become(page, before + 1)
    expect(page.locator(".others-notice")).to_be_hidden()


def sign_in(page: Page, service: Service, username: str) -> None:
    """Let another person sign in on the same phone."""
    made = requests.post(
        f"{service.url}/login",
        data={"username": username, "password": PASSWORD},
        allow_redirects=False,
        timeout=30,
    )
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": name, "value": value, "url": service.url} for name, value in made.cookies.items()]
    )


def test_after_five_days_the_warning_is_louder(phone: Callable[..., Page]) -> None:
    page = phone(tolerate=LOST)
    page.route("**/api/v1/batches", lambda route: route.abort())
    filled(page)
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("还没有发出去")
    page.evaluate(
        """async () => {
          const { readAll, write } = await import('/static/phone/database.js');
          const [report] = await readAll('reports');
          await write('reports', { ...report, queued_at: new Date(Date.now() - 6 * 86400000).toISOString() });
        }"""
    )
    page.reload()
    expect(page.locator(".unsent-notice[data-tone=error]")).to_contain_text("6 天")
