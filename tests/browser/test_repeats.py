"""Officers merge what is one thing, tell apart what is two, and compare the week with the directives."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.samples import photo
from tests.webapp.repeats.conftest import METRE
from webapp.core import clock
from webapp.repeats import weekly

# Where pictures for the eye go, when somebody wants to look: SHOTS=/tmp/shots pytest ...
SHOTS = os.environ.get("SHOTS")

pytestmark = pytest.mark.usefixtures("usual_repeats")


def look(page, name):
    if SHOTS:
        Path(SHOTS).mkdir(exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def wide(page):
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


@pytest.fixture
def near(send_report, station, as_user, worked):
    """Three reports of one wire beside each other, linked; their numbers, oldest first."""

    def make(grid):
        lon, lat = station.inside(grid)
        samples = [
            send_report(
                "t.volunteer",
                grid,
                place={"lon": lon + 6 * place * METRE, "lat": lat},
                photos=(photo(300 + 40 * place),),
                found_at=(clock.now() - timedelta(minutes=60 - place)).isoformat(),
                note="楼下飞线充电 <b>x</b>",
            )
            for place in range(3)
        ]
        worked()
        chief = as_user("t.station_chief")
        return [chief.get(f"/api/v1/cases/{sample.id}").json["number"] for sample in samples]

    return make


@pytest.mark.parametrize(
    ("viewport", "language", "grid"),
    [(DESK, "zh-CN", "A1"), (PHONE, "zh-CN", "A2"), (DESK, "en-US", "B1"), (PHONE, "en-US", "B2")],
)
def test_what_is_one_thing_is_merged(page_as, service, near, viewport, language, grid):
    first, second, third = near(grid)
    page = page_as("officer", police_grid=grid[0], viewport=viewport, language=language)
    page.goto("/repeats")
    wide(page)
    name = f"{'phone' if viewport == PHONE else 'desk'}-{language[:2]}"
    look(page, f"repeats-{name}")
    apart = page.locator(f'.offer[data-older="{second}"][data-newer="{third}"]')
    apart.locator('[data-act="apart"]').click()
    expect(apart).to_have_count(0)
    for number in (second, third):
        page.locator(f'.offer[data-older="{first}"][data-newer="{number}"] input').check()
    page.locator("#offers button[type=submit]").click()
    expect(page.locator(f'.offer[data-older="{first}"]')).to_have_count(0)
    page.goto(f"/cases/{first}")
    part = page.locator("#case-repeats")
    expect(part).to_contain_text(second)
    expect(part).to_contain_text(third)
    wide(page)
    part.scroll_into_view_if_needed()
    look(page, f"case-lead-{name}")
    page.goto(f"/cases/{second}")
    expect(page.locator("#case-repeats")).to_contain_text(first)
    look(page, f"case-merged-{name}")


def test_the_page_of_a_case_offers_and_merges_ticked_ones(page_as, service, near):
    _first, _second, third = near("C1")
    page = page_as("station_chief", viewport=PHONE)
    page.goto(f"/cases/{third}")
    part = page.locator("#case-repeats")
    expect(part).to_contain_text("是同一件吗")
    look(page, "case-offers-phone-zh")
    part.get_by_role("checkbox").first.check()
    part.get_by_role("button", name="将勾选的并入本事项").click()
    expect(page.locator("#case-repeats")).to_contain_text("已并入本事项：1件")


def test_a_list_of_directives_is_handed_in_and_compared(page_as, service, near):
    near("C2")
    monday = weekly.monday_of(clock.now().astimezone(clock.SHOWN).date())
    days = f"{monday.isoformat()},{(monday + timedelta(days=6)).isoformat()}"
    rows = (
        f"网格,类别,要求,起,止\nT-C2,飞线充电,限期拆除,{days}\nT-Z9,,不明,{days}\nT-B2,消防通道,疏通,{days}\n"
    )
    page = page_as("station_chief", viewport=DESK)
    page.goto("/repeats")
    file = {"name": "十一月.csv", "mimeType": "text/csv", "buffer": rows.encode("gb18030")}
    page.set_input_files("#directives-file", file)
    page.click("#directives button[type=submit]")
    expect(page.locator("main")).to_contain_text("没有网格“T-Z9”")
    page.reload()
    expect(page.locator("main")).to_contain_text("限期拆除")
    wide(page)
    look(page, "directives-desk-zh")
    page.emulate_media(media="print")
    expect(page.locator("#lists-title")).to_be_hidden()
    look(page, "directives-print")
    with page.expect_download() as download:
        page.emulate_media(media="screen")
        page.get_by_role("link", name="CSV").click()
    assert b"T-C2" in Path(download.value.path()).read_bytes()


def test_the_reporter_reads_the_leading_case_on_the_phone(page_as, service, send_report, station, as_user):
    lon, lat = station.inside("C2")
    place = {"lon": lon + 100 * METRE, "lat": lat}
    lead = send_report("t.volunteer.2", "C2", place=place)
    own = send_report("t.volunteer", "C2", place={**place, "lat": lat + 0.00005})
    chief = as_user("t.station_chief")
    numbers = [chief.get(f"/api/v1/cases/{sample.id}").json["number"] for sample in (lead, own)]
    body = {"lead": numbers[0], "cases": [numbers[1]]}
    assert chief.post("/api/v1/repeats/merges", json=body).status_code == 200
    assert chief.post(f"/api/v1/cases/{lead.id}/accept", json={}).status_code == 200
    page = page_as("volunteer", viewport=PHONE)
    page.goto(f"/phone/#/case/{own.id}")
    expect(page.locator(".alert.led")).to_contain_text(numbers[0])
    expect(page.locator("main .badge").first).to_have_text("已受理")
    look(page, "phone-led-zh")
    page.goto("/phone/#/mine")
    expect(page.locator(f'a[href="#/case/{own.id}"] .badge')).to_have_text("已受理")
