"""Tasks in a real browser: on the phone without a network, on the page of the day live, at the case."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import Page, Route, expect
from sqlalchemy import text

from tests.browser.conftest import DESK, PHONE
from tests.browser.phone_steps import new_photo
from tests.service import Service
from tests.stations import Member, Station
from webapp.core.db import Database
from webapp.tasks.rules import Stop, day_order

LOST = ("Failed to load resource", "ERR_")


def shot(page: Page, name: str) -> None:
    """Keep a picture for whoever looks at the pages: SHUANGGE_SHOTS names the folder."""
    folder = os.environ.get("SHUANGGE_SHOTS")
    if folder:
        page.wait_for_timeout(300)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.fixture
def give(
    service: Service, token_for: Callable[[str], str], station: Station, member: Callable[[str], Member]
) -> Callable[..., str]:
    """Give a task by the API and return its id: give('t.volunteer', words='...', metres_east=30)."""

    def make(
        to: str, words: str, *, metres_east: float = 0, hours: float = 6, by: str = "t.station_chief"
    ) -> str:
        now = datetime.now(UTC)
        lon, lat = station.inside("A1")
        body = {
            "id": str(uuid4()),
            "kind": "check",
            "words": words,
            "receiver": {"to_person": str(member(to).person_id)},
            "due_from": now.isoformat(),
            "due_until": (now + timedelta(hours=hours)).isoformat(),
            "place": {"lon": lon + metres_east / 88_000, "lat": lat, "address": "3号楼"},
        }
        head = {"Authorization": f"Bearer {token_for(by)}"}
        answer = requests.post(f"{service.url}/api/v1/tasks", json=body, headers=head, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(body["id"])

    return make


@pytest.fixture
def phone(page_as: Callable[..., Page], station: Station) -> Callable[..., Page]:
    """Open the phone page as the volunteer who stands in the middle of grid A1."""

    def make(role: str = "volunteer", **wishes: Any) -> Page:
        wishes = {
            "geolocation": station.inside("A1"),
            "service_workers": "block",
            "viewport": PHONE,
            **wishes,
        }
        page = page_as(role, has_touch=True, is_mobile=True, **wishes)
        page.goto("/phone/")
        expect(page.locator(".class-button").first).to_be_visible()
        return page

    return make


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_task_is_done_without_a_network_and_sent_once(
    phone: Callable[..., Page], give: Callable[..., str], owner_db: Database, language: str
) -> None:
    far = give("t.volunteer", "看看5号楼的消防通道", metres_east=120)
    near = give("t.volunteer", "看看3号楼楼道里还有没有电动车", metres_east=15)
    page = phone(language=language, tolerate=LOST)
    expect(page.locator(".tasks-notice")).to_be_visible()
    page.locator(".tasks-notice").tap()
    today = page.locator("[data-part=today] a")
    # the phone knows where it is, and has ordered the list by it
    expect(page.locator(f"a[href='#/task/{near}']")).to_contain_text("20")
    listed = today.evaluate_all("found => found.map((each) => each.hash)")
    assert listed.index(f"#/task/{near}") < listed.index(f"#/task/{far}")
    shot(page, f"phone-tasks-{language}")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator(f"a[href='#/task/{near}']").tap()
    expect(page.locator("#task-done")).to_be_visible()
    page.locator("#task-failed").tap()
    expect(page.locator("#result .error")).to_be_visible()
    page.locator("#task-photo").set_input_files(new_photo())
    expect(page.locator("#result-photo img")).to_be_visible()
    page.locator("#result-note").fill("已清空")
    shot(page, f"phone-task-{language}")
    page.locator("#task-done").tap()
    expect(page.locator("#unsent-badge")).to_have_text("1", timeout=40_000)
    expect(page.locator(f"[data-part=done] a[href='#/task/{near}']")).to_be_visible()
    shot(page, f"phone-tasks-waiting-{language}")
    page.goto("/phone/#/outbox")
    expect(page.locator("#waiting-additions li")).to_have_count(1)
    # the first answer is lost on the way: the result arrives twice and counts once
    lost: list[int] = []

    def lossy(route: Route) -> None:
        if lost:
            return route.continue_()
        lost.append(route.fetch().status)
        return route.abort()

    page.route("**/result", lossy)
    page.context.set_offline(False)
    expect(page.locator("#waiting-additions li")).to_have_count(0, timeout=40_000)
    assert lost == [200]
    with owner_db.transaction() as session:
        session.execute(text("SET LOCAL ROLE shuangge_owner"))
        row = session.execute(
            text("SELECT state, note, flags FROM app.task WHERE id = :id"), {"id": near}
        ).one()
        assert (row.state, row.note, row.flags) == ("done", "已清空", [])
        photos = session.scalar(text("SELECT count(*) FROM app.task_photo WHERE task_id = :id"), {"id": near})
        events = session.scalars(
            text("SELECT name FROM app.event WHERE subject_id = :id"), {"id": near}
        ).all()
    assert photos == 1
    assert sorted(events) == ["tasks.assigned", "tasks.completed"]


def test_the_list_opens_without_a_network_at_all(
    phone: Callable[..., Page], give: Callable[..., str]
) -> None:
    own = give("t.volunteer", "带上手电筒看地下室")
    page = phone(tolerate=LOST)
    page.goto("/phone/#/tasks")
    expect(page.locator(f"a[href='#/task/{own}']")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.goto("/phone/#/mine")
    page.goto("/phone/#/tasks")
    expect(page.locator(f"a[href='#/task/{own}']")).to_be_visible()


def test_what_was_cancelled_meanwhile_is_told(
    phone: Callable[..., Page], give: Callable[..., str], service: Service, token_for: Callable[[str], str]
) -> None:
    own = give("t.volunteer", "取消的任务")
    page = phone(tolerate=LOST)
    page.goto(f"/phone/#/task/{own}")
    expect(page.locator("#task-done")).to_be_visible()
    head = {"Authorization": f"Bearer {token_for('t.station_chief')}"}
    requests.post(
        f"{service.url}/api/v1/tasks/{own}/cancel", json={"note": "不需要了"}, headers=head, timeout=10
    ).raise_for_status()
    page.locator("#task-done").tap()
    expect(page.locator("#waiting-result .alert")).to_be_visible()
    page.locator("#drop-result").tap()
    expect(page.locator("#waiting-result")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "view"), [("zh-CN", DESK), ("en", PHONE), ("en", DESK), ("zh-CN", PHONE)]
)
def test_a_new_task_comes_live_and_is_done_on_the_page_of_the_day(
    page_as: Callable[..., Page],
    give: Callable[..., str],
    station: Station,
    language: str,
    view: tuple[int, int],
) -> None:
    page = page_as("officer", "A", viewport=view, language=language, geolocation=station.inside("A1"))
    page.goto("/tasks")
    expect(page.locator("#give-to option").nth(1)).to_be_attached()
    own = give("t.officer.a", "核实三单元的举报")
    card = page.locator(f"#task-{own}")
    expect(card).to_be_visible()
    page.locator("#from-here").click()
    expect(card.locator(".meta").first).to_contain_text("0")
    page.keyboard.press("j")
    card.locator("summary").first.click()
    shot(page, f"day-{language}-{view[0]}")
    card.locator("textarea").fill("属实，已劝阻")
    card.locator("input[type=file]").set_input_files(new_photo())
    card.locator("[data-act=done]").click()
    expect(page.locator(f"[data-part=done] #task-{own}")).to_be_visible()
    # what was open stays open, and shows the result now
    expect(page.locator(f"#task-{own} .photos img")).to_be_visible()


def test_a_task_is_given_on_the_page_and_reaches_the_phone_at_once(
    page_as: Callable[..., Page], phone: Callable[..., Page], member: Callable[[str], Member]
) -> None:
    volunteer = phone()
    volunteer.goto("/phone/#/tasks")
    expect(volunteer.locator("#tasks")).to_be_visible()
    volunteer.wait_for_timeout(1000)
    page = page_as("station_chief", tolerate=("422",))
    page.goto("/tasks")
    page.wait_for_selector("html[data-keys=ready]")
    page.keyboard.press("n")
    expect(page.locator("#give-kind")).to_be_focused()
    page.locator("#give-to").select_option(f"to_person {member('t.volunteer').person_id}")
    page.locator(".give-task button[type=submit]").click()
    expect(page.locator("#give-words-problem")).to_be_visible()
    page.locator("#give-words").fill("请到东门看看井盖")
    shot(page, "give-zh")
    page.locator(".give-task button[type=submit]").click()
    expect(page.locator("#day")).to_contain_text("请到东门看看井盖")
    expect(volunteer.locator("#tasks")).to_contain_text("请到东门看看井盖")
    card = page.locator("#day li", has_text="请到东门看看井盖")
    card.locator("summary").first.click()
    card.locator("select").focus()
    card.locator("select").select_option(f"to_person {member('t.volunteer.2').person_id}")
    card.locator("[data-act=pass_on]").click()
    expect(card.locator("summary").first).to_contain_text("甲T01")
    volunteer.reload()
    expect(volunteer.locator("body[data-ready=tasks]")).to_be_attached()
    expect(volunteer.locator("#tasks")).not_to_contain_text("请到东门看看井盖")
    for width in (PHONE[0], DESK[0]):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shot(page, f"chief-zh-{width}")


def test_the_case_page_shows_tasks_and_gives_one(
    page_as: Callable[..., Page], send_report: Callable[..., Any], station: Station
) -> None:
    sample = send_report("t.volunteer", "A1")
    page = page_as("officer", "A")
    number = page.request.get(f"/api/v1/cases/{sample.id}").json()["number"]
    page.goto(f"/cases/{number}")
    box = page.locator("#case-tasks")
    expect(box.locator("#case-tasks-state")).not_to_be_empty()
    box.locator("summary").click()
    page.locator("#give-to").select_option(f"to_grid {station.grids['A1']}")
    page.locator("#give-words").fill("今晚再看一次")
    page.locator(".give-task button[type=submit]").click()
    expect(box.locator("#case-tasks-list")).to_contain_text("今晚再看一次")
    shot(page, "case-zh")


def test_the_phone_orders_a_day_as_the_service_does(phone: Callable[..., Page]) -> None:
    page, dice = phone(), Random(5)
    now = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
    for start in (None, (112.57, 37.865)):
        for size in (0, 1, 5, 12, 25):
            stops = [
                Stop(
                    f"{n:03d}",
                    round(112.56 + dice.random() * 0.02, 6),
                    round(37.86 + dice.random() * 0.02, 6),
                    now + timedelta(minutes=dice.randint(-200, 200)),
                    now + timedelta(minutes=dice.randint(201, 500)),
                )
                for n in range(size)
            ]
            sent = [
                {"id": s.id, "lon": s.lon, "lat": s.lat, "due_from": s.due_from.isoformat(),
                 "due_until": s.due_until.isoformat()}
                for s in stops
            ]  # fmt: skip
            asked = [sent, start and {"lon": start[0], "lat": start[1]}, now.timestamp() * 1000]
            found = page.evaluate(
                """async ([stops, start, now]) => {
                  const { dayOrder } = await import('/static/shared/dayorder.js');
                  return dayOrder(stops, start, now).map((stop) => stop.id);
                }""",
                asked,
            )
            assert found == [stop.id for stop in day_order(stops, start, now)]
