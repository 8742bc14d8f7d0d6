"""Words and photos for a case without a network, and what becomes of a report that the station keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.browser.phone_steps import (
    WEAK,
    answer,
    choose,
    filled,
    go_on,
    my_cases,
    new_photo,
    opened,
    the_case,
)
from tests.service import Service
from tests.stations import Station

LOST = ("Failed to load resource", "ERR_")


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[..., Page]:
    """Open the page as a volunteer who stands in grid A1."""

    def make(scripts: tuple[str, ...] = (), **wishes: Any) -> Page:
        page = opened(page_as, **{"geolocation": station.inside("A1"), **wishes})
        for script in scripts:
            page.add_init_script(script)
        page.reload()
        expect(page.locator(".class-button").first).to_be_visible()
        return page

    return make


def details(page: Page, case_id: str) -> dict[str, Any]:
    return dict(page.request.get(f"/api/v1/cases/{case_id}").json())


def test_words_and_a_photo_wait_and_arrive_once(phone: Callable[..., Page]) -> None:
    page = phone(tolerate=LOST)
    filled(page, new_photo())
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    case = the_case(page)
    page.goto(f"/phone/#/case/{case['id']}")
    expect(page.locator("#add-note")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("#more").fill("又拉了一根线")
    page.locator("#add-note").tap()
    expect(page.locator(".notes .waiting")).to_have_count(1)
    expect(page.locator("#more")).to_have_value("")
    page.locator("#more-photo").set_input_files(new_photo())
    expect(page.locator(".notes .waiting")).to_have_count(2)
    expect(page.locator("#unsent-badge")).to_have_text("2")
    page.goto("/phone/#/outbox")
    expect(page.locator("#waiting-additions li")).to_have_count(2)
    # the answer to the words gets lost once: they arrive twice and count once
    lost: list[str] = []

    def lossy(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().text())
        return route.abort()

    page.route("**/notes", lossy)
    page.context.set_offline(False)
    expect(page.locator("#waiting-additions li")).to_have_count(0, timeout=40_000)
    expect(page.locator("#unsent-badge")).to_be_hidden()
    assert lost
    got = details(page, case["id"])
    assert [note["note"] for note in got["notes"]] == ["又拉了一根线"]
    assert len(got["attachments"]) == 2
    page.goto(f"/phone/#/case/{case['id']}")
    expect(page.locator(".notes li")).to_have_count(1)
    expect(page.locator(".notes .waiting")).to_have_count(0)


def test_what_the_station_will_not_have_is_told_and_can_be_deleted(phone: Callable[..., Page]) -> None:
    page = phone(tolerate=LOST)
    filled(page, new_photo())
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    case = the_case(page)
    page.goto(f"/phone/#/case/{case['id']}")
    page.evaluate(
        """async (id) => {
          const { keepAddition } = await import('/static/phone/store.js');
          await keepAddition({ id: crypto.randomUUID(), person: document.body.dataset.person, case_id: id,
            note: '', blob: new Blob(['no picture']), at: new Date().toISOString() });
          dispatchEvent(new Event('online'));
        }""",
        case["id"],
    )
    expect(page.locator(".notes .waiting .error")).to_be_visible()
    expect(page.locator("#unsent-badge")).to_be_hidden()
    page.locator(".notes .waiting button").tap()
    expect(page.locator(".notes .waiting")).to_have_count(0)
    assert len(details(page, case["id"])["attachments"]) == 1


def test_the_original_of_a_report_that_was_kept_follows_after_its_repair(
    phone: Callable[..., Page], token_for: Callable[[str], str], service: Service
) -> None:
    page = phone(scripts=(WEAK,))
    before = len(my_cases(page))
    choose(page)
    go_on(page)
    answer(page, picture=new_photo())
    long_ago = "(await import('/static/phone/draft.js')).change({ found_at: '2020-01-01T00:00:00Z' })"
    page.evaluate(f"async () => {long_ago}")
    page.locator("#send").tap()
    expect(page.locator("h1")).to_contain_text("已收下")
    chief = {"Authorization": f"Bearer {token_for('t.station_chief')}"}
    entries = requests.get(f"{service.url}/api/v1/quarantine", headers=chief, timeout=30).json()
    entry = entries[0]
    body = requests.get(
        f"{service.url}/api/v1/quarantine/{entry['id']}/body", headers=chief, timeout=10
    ).json()
    mended = {key: body[key] for key in ("id", "class_code", "answers", "place", "note")}
    mended["found_at"] = entry["received_at"]
    address = f"{service.url}/api/v1/quarantine/{entry['id']}/repair"
    done = requests.post(address, headers=chief, json=mended, timeout=30)
    assert done.status_code == 201, done.text
    (photo,) = details(page, body["id"])["attachments"]
    assert photo["awaited"]
    # the next time that the page is opened it hears of it, and sends the original
    page.reload()
    expect(page.locator(".receipt")).to_contain_text(done.json()["case_number"])
    for _look in range(50):
        (photo,) = details(page, body["id"])["attachments"]
        if not photo["awaited"]:
            break
        page.wait_for_timeout(200)
    assert not photo["awaited"]
    assert photo["width"] > 480  # more than the preview
    assert len(my_cases(page)) == before + 1
