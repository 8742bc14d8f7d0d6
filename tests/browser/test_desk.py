"""The desk in a real browser: live arrival, count in the tab, keys, list and map linked, two at one case."""

from __future__ import annotations

import math
import re
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.samples import photo

PHONE = (360, 740)


def opened(page: Page, address: str = "/desk") -> Page:
    page.goto(address)
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def entry(page: Page, case_id: str):
    return page.locator(f"#entries > li[data-id='{case_id}']")


@pytest.mark.slow
def test_a_new_report_arrives_on_the_open_desk_and_in_the_browsers_tab(page_as, send_report):
    first = send_report("t.volunteer", "A1")
    page = opened(page_as("officer", "A"))
    page.locator(".desk-tab[data-list=waiting]").click()
    expect(entry(page, first.id)).to_be_visible()
    count = int(page.locator(".desk-tab[data-list=waiting] [data-count]").inner_text())
    # The title counts what waits in all lists, also what other tests have left there.
    expect(page).to_have_title(re.compile(r"^\(\d+\) 我的责任田"))
    all_lists = int(page.title().partition(")")[0].lstrip("("))
    assert all_lists >= count
    page.locator("#sound").click()
    second = send_report("t.volunteer", "A2", note="楼道里又拉线")
    fresh = entry(page, second.id)
    expect(fresh).to_be_visible()
    expect(fresh).to_have_attribute("data-fresh", "")
    expect(fresh.locator("time")).to_contain_text("剩")
    expect(page).to_have_title(re.compile(rf"^\({all_lists + 1}\) "))
    expect(page.locator("#told")).to_contain_text(str(all_lists + 1))
    expect(page.locator("#sound")).to_have_attribute("data-played", "2")
    expect(page.locator("#desk-map")).to_have_attribute("data-markers", str(count + 1))


@pytest.mark.slow
def test_entry_and_marker_point_at_each_other_and_the_keys_do_it_all(page_as, send_report):
    sent = [send_report("t.volunteer", "B1"), send_report("t.volunteer", "B2")]
    page = opened(page_as("officer", "B", language="en-GB"))
    page.locator(".desk-tab[data-list=waiting]").click()
    for item in sent:
        expect(entry(page, item.id)).to_be_visible()
    page.keyboard.press("j")
    first = page.locator("#entries > li").first
    expect(first.locator("a")).to_be_focused()
    expect(first).to_have_attribute("aria-current", "true")
    expect(page.locator(".desk-pin-place.pointed")).to_have_count(1)
    page.keyboard.press("j")
    expect(page.locator("#entries > li").nth(1).locator("a")).to_be_focused()
    page.keyboard.press("k")
    expect(first.locator("a")).to_be_focused()
    page.locator(".desk-pin-place").first.focus()
    expect(page.locator("#entries > li[aria-current=true]")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("no such words")
    expect(page.locator("#nothing")).to_be_visible()
    page.fill("#q", "")
    page.keyboard.press("Escape")
    expect(entry(page, sent[0].id)).to_be_visible()
    expect(page.locator(".desk-tab[data-list=hung_up]")).to_be_hidden()
    page.locator("#all-lists").click()
    expect(page.locator(".desk-tab[data-list=hung_up]")).to_be_visible()
    page.keyboard.press("]")
    expect(page.locator("#list-title")).to_have_text("Dispatched to me")
    page.keyboard.press("[")
    expect(page.locator("#list-title")).to_have_text("Waiting for my answer")
    expect(entry(page, sent[0].id)).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/cases/T-\d{4}-\d+"))


@pytest.mark.slow
def test_on_a_phone_everything_fits_and_is_big_enough_for_a_thumb(page_as, send_report):
    sent = send_report("t.volunteer", "A1")
    page = opened(page_as("grid_worker", "A", viewport=PHONE, has_touch=True, is_mobile=True))
    page.locator(".desk-tab[data-list=waiting]").tap()
    expect(entry(page, sent.id)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    for one in page.locator(
        "[data-list]:visible, .desk-show, #sound, #help-open, .desk-more > summary"
    ).all():
        box = one.bounding_box()
        assert box is not None
        assert box["height"] >= 47.5, one.evaluate("e => e.outerHTML")


@pytest.mark.slow
def test_who_is_slower_reads_what_changed_and_keeps_the_words(page_as, send_report, as_user):
    sent = send_report("t.volunteer", "A1")
    number = as_user("t.officer.a").get(f"/api/v1/cases/{sent.id}").json["number"]
    slow = page_as("officer", "A", tolerate=(r"409",))
    slow.goto(f"/cases/{number}")
    slow.locator(".more-steps > summary").click()
    slow.locator("details.step:has(#reject) > summary").click()
    slow.fill("#reject-note", "不属实，已核对")
    fast = page_as("station_chief")
    fast.goto(f"/cases/{number}")
    fast.locator("#accept button").click()
    expect(fast.locator("main header .badge[data-state=accepted]")).to_be_visible()
    slow.locator("#reject button").click()
    expect(slow.locator("#reject [data-form-problem]")).to_contain_text("受理")
    slow.locator("#load-again").click()
    expect(slow.locator("main header .badge[data-state=accepted]")).to_be_visible()
    expect(slow.locator("#reject-note")).to_have_value("不属实，已核对")
    expect(slow.locator("#reject-note")).to_be_visible()


@pytest.mark.slow
def test_a_step_works_without_scripts(page_as, send_report, as_user):
    sent = send_report("t.volunteer", "A1")
    client = as_user("t.officer.a")
    number = client.get(f"/api/v1/cases/{sent.id}").json["number"]
    page = page_as("officer", "A", java_script_enabled=False)
    page.goto(f"/cases/{number}")
    page.locator("#accept button").click()
    expect(page.locator("main header .badge[data-state=accepted]")).to_be_visible()
    seen = client.get(f"/api/v1/cases/{sent.id}")
    assert (seen.json["state"], seen.headers["ETag"]) == ("accepted", '"2"')


@pytest.mark.slow
def test_the_chief_is_told_of_ground_without_anybody(page_as, send_report):
    sent = send_report("t.volunteer", "C1")
    page = opened(page_as("station_chief"))
    alarm = page.locator(".desk-tab[data-list=unposted]")
    expect(alarm).to_be_visible()
    alarm.click()
    expect(entry(page, sent.id)).to_be_visible()
    entry(page, sent.id).locator("a").click()
    expect(page.locator("#duty-desk")).to_contain_text("值班室")


@pytest.mark.slow
def test_a_volunteer_withdraws_and_verifies_on_the_phone_page(page_as, send_report, station, owner_db):
    withdrawn, back = send_report("t.volunteer", "A1"), send_report("t.volunteer", "A2")
    with owner_db.transaction() as session:
        fed_back = text("UPDATE app.case_file SET state = 'fed_back' WHERE id = :id")
        session.execute(fed_back, {"id": back.id})
    page = page_as("volunteer", viewport=PHONE, geolocation=station.inside("A2"))
    page.goto(f"/phone/#/case/{withdrawn.id}")
    page.locator("[data-verb=withdraw] > summary").click()
    page.fill("#withdraw-note", "看错了")
    page.locator("#step-withdraw").click()
    expect(page.locator(".badge[data-state=withdrawn]")).to_be_visible()
    page.goto(f"/phone/#/case/{back.id}")
    page.locator("[data-verb=verify] > summary").click()
    page.set_input_files("#verify-photo", [{"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(9)}])
    page.locator("#step-verify").click()
    expect(page.locator(".badge[data-state=closed]").first).to_be_visible()


@pytest.fixture
def call(service, token_for, station):
    """Call as a member: call('t.grid_worker.a', 'A1'); and say something to a call."""

    def ask(username, grid=None, address="/api/v1/calls", body=None):
        lon, lat = station.inside(grid) if grid else (0, 0)
        place = {"lon": lon, "lat": lat, "accuracy_m": 8.0}
        said = (
            body
            if body is not None
            else {"id": str(uuid4()), "kind": "help", "words": f"呼叫{uuid4().hex[:6]}", "place": place}
        )
        head = {"Authorization": f"Bearer {token_for(username)}"}
        answer = requests.post(service.url + address, headers=head, json=said, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    return ask


@pytest.mark.slow
def test_a_call_arrives_on_the_desk_as_an_entry_with_a_marker_and_counts(page_as, call):
    page = opened(page_as("officer", "B"))
    told = call("t.grid_worker.b", "B2")
    tab = page.locator(".desk-tab[data-list=ringing]")
    expect(tab).to_be_visible()
    tab.click()
    expect(entry(page, told["id"])).to_contain_text(told["words"])
    expect(page.locator("#desk-map .desk-pin[data-room=calls]")).to_have_count(1)
    expect(page).to_have_title(re.compile(r"^\(\d+\) 我的责任田"))
    call("t.officer.b", address=f"/api/v1/calls/{told['id']}/take", body={})
    expect(entry(page, told["id"])).to_have_count(0)
    page.locator("#all-lists").click()
    page.locator(".desk-tab[data-list=calls]").click()
    entry(page, told["id"]).locator("a").click()
    expect(page).to_have_url(re.compile(r"/calls/"))
    call("t.officer.b", address=f"/api/v1/calls/{told['id']}/finish", body={"words": "完"})


@pytest.mark.slow
def test_a_call_rings_on_any_page_of_the_office_and_is_taken_there(page_as, call):
    page = page_as("officer", "A")
    page.goto("/places")
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    told = call("t.grid_worker.a", "A1")
    card = page.locator(f"#bell-dock [data-call='{told['id']}']")
    expect(card).to_contain_text(told["words"])
    expect(page).to_have_title(re.compile(r"^☎ \(1\) "))
    expect(page.locator("#sound")).not_to_have_attribute("data-played", "1")
    page.goto("/account")
    expect(page.locator("#sound")).to_have_attribute("aria-pressed", "true")
    card.locator("[data-verb=take]").click()
    expect(card.locator("[data-verb=arrive]")).to_be_visible()
    expect(page).not_to_have_title(re.compile("☎"))
    call("t.officer.a", address=f"/api/v1/calls/{told['id']}/finish", body={"words": "完"})
    expect(card).to_have_count(0)


@pytest.mark.slow
def test_one_line_of_news_serves_all_pages_of_a_browser(page_as, call):
    first = opened(page_as("officer", "A"))
    streams = []
    context = first.context
    context.on("request", lambda r: "event-stream" in r.headers.get("accept", "") and streams.append(r))
    second = context.new_page()
    second.goto("/account")
    expect(second.locator("#sound")).to_be_visible()
    told = call("t.grid_worker.a", "A2")
    expect(second.locator(f"#bell-dock [data-call='{told['id']}']")).to_be_visible()
    expect(first.locator(".desk-tab[data-list=ringing]")).to_be_visible()
    call("t.officer.a", address=f"/api/v1/calls/{told['id']}/take", body={})
    call("t.officer.a", address=f"/api/v1/calls/{told['id']}/finish", body={"words": "完"})
    expect(second.locator("#bell-dock .call-card")).to_have_count(0)
    second.close()
    again = call("t.grid_worker.a", "A2")
    expect(first.locator(".desk-tab[data-list=ringing]")).to_be_visible()
    call("t.officer.a", address=f"/api/v1/calls/{again['id']}/take", body={})
    call("t.officer.a", address=f"/api/v1/calls/{again['id']}/finish", body={"words": "完"})
    expect(first.locator(".desk-tab[data-list=ringing]")).to_be_hidden()


def apart(station, grid, east_m=90):
    """Return a place of a test's own: what is within 50 m would be linked to it."""
    lon, lat = station.inside(grid)
    return {"lon": lon + east_m / (111_320 * math.cos(math.radians(lat))), "lat": lat}


@pytest.mark.slow
def test_two_at_one_case_see_each_others_steps_and_keep_what_they_write(
    page_as, send_report, as_user, station
):
    sent = send_report("t.volunteer", "A1", place=apart(station, "A1"))
    number = as_user("t.officer.a").get(f"/api/v1/cases/{sent.id}").json["number"]
    reader, writer, doer = page_as("grid_worker", "A"), page_as("officer", "A"), page_as("station_chief")
    for page in (reader, writer, doer):
        page.goto(f"/cases/{number}")
        expect(page.locator("html[data-live=live]")).to_be_attached()
    writer.locator(".more-steps > summary").click()
    writer.locator("details.step:has(#transfer) > summary").click()
    writer.fill("#transfer-note", "请街道处置")
    doer.locator("#accept button").click()
    for page in (reader, writer, doer):
        expect(page.locator("#case-head .badge[data-state=accepted]")).to_be_visible()
        expect(page.locator("#case-life .timeline > li")).to_have_count(2)
    expect(reader.locator("#case-news")).to_contain_text("刚刚")
    expect(reader.locator("#case-news #case-steps")).to_have_count(0)
    expect(reader.locator("#accept")).to_have_count(0)
    expect(reader.locator("#case-life li[data-fresh]")).to_have_count(1)
    # Who writes goes on writing, and is offered the newer steps.
    expect(writer.locator("#transfer-note")).to_be_focused()
    expect(writer.locator("#accept")).to_have_count(1)
    writer.locator("#case-steps").click()
    expect(writer.locator("#accept")).to_have_count(0)
    expect(writer.locator("#transfer-note")).to_be_visible()
    expect(writer.locator("#transfer-note")).to_have_value("请街道处置")
    writer.fill("#transfer-body", "街道办")
    writer.locator("#transfer button").click()
    for page in (reader, doer):
        expect(page.locator("#case-head .badge[data-state=transferred]")).to_be_visible()
        expect(page.locator("#case-life .timeline > li")).to_have_count(3)


@pytest.mark.slow
def test_words_whose_step_is_over_are_not_lost(page_as, send_report, as_user, station):
    sent = send_report("t.volunteer", "A2", place=apart(station, "A2"))
    client = as_user("t.officer.a")
    number = client.get(f"/api/v1/cases/{sent.id}").json["number"]
    page = page_as("officer", "A")
    page.goto(f"/cases/{number}")
    expect(page.locator("html[data-live=live]")).to_be_attached()
    page.locator(".more-steps > summary").click()
    page.locator("details.step:has(#reject) > summary").click()
    page.fill("#reject-note", "重复上报，已电话说明")
    said = {"note": "已移交", "body": "街道办", "revision": 1}
    moved = as_user("t.station_chief").post(f"/api/v1/cases/{sent.id}/steps/transfer", data=said)
    assert moved.status_code == 200, moved.text
    page.locator("#case-steps").click()
    expect(page.locator("#reject")).to_have_count(0)
    expect(page.locator("#case-words")).to_contain_text("重复上报，已电话说明")
