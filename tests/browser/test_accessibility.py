"""Everybody can use the screens: axe-core finds no violation, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import axe
from tests.browser.conftest import PHONE
from tests.browser.phone_steps import answer, choose
from tests.samples import photo, report_at
from tests.service import Service
from tests.stations import Station
from webapp.core import clock

LANGUAGES = ("zh-CN", "en-GB")


@pytest.fixture(scope="module")
def script() -> str:
    return axe.source()


@pytest.fixture
def checked(script: str) -> Iterator[Callable[[Page, str], None]]:
    """Note what is wrong on a screen, under a name; all of it is told at the end."""
    wrong: list[str] = []

    def check(page: Page, name: str) -> None:
        wrong.extend(f"{name}: {line}" for line in axe.violations(page, script))

    yield check
    assert not wrong, "axe-core found:\n" + "\n".join(wrong)


@pytest.fixture
def send(service: Service, token_for: Callable[[str], str]) -> Callable[..., Any]:
    """Ask the service as a member; return what it says."""

    def ask(username: str, address: str, **more: Any) -> Any:
        bearer = {"Authorization": f"Bearer {token_for(username)}"}
        answer = requests.post(service.url + address, headers=bearer, timeout=30, **more)
        assert answer.ok, answer.text
        return answer.json()

    return ask


@pytest.fixture
def closed_case(send: Callable[..., Any], send_report: Callable[..., Any]) -> tuple[str, str]:
    """A case of the volunteer that has been through its whole life: id and number."""
    sample = send_report("t.volunteer", "A1")
    base = f"/api/v1/cases/{sample.id}"
    send("t.volunteer", f"{base}/notes", json={"id": str(uuid4()), "note": "又看到一根"})
    send("t.volunteer.2", f"{base}/voices", json={"note": "我也看到"})
    send("t.officer.a", f"{base}/accept", json={})
    done = send(
        "t.officer.a",
        f"{base}/close",
        data={"note": "已拆除"},
        files={"photo": ("a.jpg", photo(9), "image/jpeg")},
    )
    return sample.id, done["number"]


def ready(page: Page, screen: str) -> None:
    page.goto(f"/phone/#/{screen}")
    expect(page.locator(f"body[data-ready={screen.split('/')[0]}]")).to_be_attached()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_screen_of_the_phone_page(
    page_as: Callable[..., Page],
    station: Station,
    checked: Any,
    closed_case: tuple[str, str],
    send_report: Any,
    send: Any,
    language: str,
) -> None:
    voiced = send_report("t.volunteer.2", "B2")
    send("t.volunteer", f"/api/v1/cases/{voiced.id}/voices", json={})
    send_report("t.volunteer.2", "C1")
    page = page_as(
        "volunteer", viewport=PHONE, has_touch=True, is_mobile=True, language=language,
        geolocation=station.inside("C1"), tolerate=("404",),
    )  # fmt: skip
    page.goto("/phone/")
    expect(page.locator(".class-button").first).to_be_visible()
    checked(page, "what")
    choose(page)
    expect(page.locator(".place-ground")).to_contain_text("C1")
    page.locator(".grid-picker summary").tap()
    checked(page, "where")
    page.locator("#next").tap()
    expect(page.locator("#another")).to_be_visible()
    checked(page, "same")
    page.locator("#another").tap()
    page.locator("#send").tap()
    expect(page.locator("#error-photo")).to_be_visible()
    checked(page, "details, with faults")
    answer(page)
    checked(page, "details")
    ready(page, "what")
    checked(page, "what, with a draft")
    ready(page, "details")
    page.locator("#send").tap()
    expect(page.locator(".receipt")).to_be_visible()
    checked(page, "receipt")
    case_id, _number = closed_case
    for screen in (
        "mine",
        "map",
        "points",
        f"case/{case_id}",
        f"voice/{voiced.id}",
        "voiced/T-2026-1",
        "from/none",
    ):
        ready(page, screen)
        checked(page, screen)


def test_a_report_that_waits_and_the_camera(
    page_as: Callable[..., Page], station: Station, checked: Any
) -> None:
    page = page_as(
        "volunteer", viewport=PHONE, has_touch=True, is_mobile=True, geolocation=station.inside("A2"),
        tolerate=("ERR_FAILED", "Failed to load"),
    )  # fmt: skip
    page.add_init_script(
        "window.BarcodeDetector = class { async detect() { return []; } };"
        "navigator.mediaDevices.getUserMedia = async () => document.createElement('canvas').captureStream();"
    )
    page.goto("/phone/")
    choose(page)
    expect(page.locator(".place-ground")).to_contain_text("A2")
    checked(page, "where, with the camera")
    page.locator("a[href='#/scan']").tap()
    expect(page.locator("video")).to_be_visible()
    checked(page, "scan")
    page.go_back()
    page.locator("#next").tap()
    answer(page)
    page.route("**/api/v1/batches", lambda route: route.abort())
    page.locator("#send").tap()
    expect(page.locator("#screen")).to_contain_text("还没有发出去")
    checked(page, "unsent")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_of_the_office(
    page_as: Callable[..., Page],
    open_context: Callable[..., BrowserContext],
    checked: Any,
    closed_case: tuple[str, str],
    send_report: Any,
    as_user: Any,
    station: Station,
    language: str,
) -> None:
    sample = send_report("t.volunteer", "A1")
    lon, lat = station.inside("A1")
    unclear = report_at(lon, lat, answers={"wires": "many"})
    assert as_user("t.volunteer").post("/api/v1/batches", data=unclear.form()).status_code == 200
    stranger = open_context(viewport=PHONE, language=language).new_page()
    for address in ("/login", "/enrol/nothing"):
        stranger.goto(address)
        checked(stranger, address)
    page = page_as("station_chief", language=language, tolerate=("404",))
    number = page.request.get(f"/api/v1/cases/{sample.id}").json()["number"]
    for address in (
        "/account",
        "/cases",
        f"/cases/{closed_case[1]}",
        f"/cases/{number}",
        "/quarantine",
        "/cases/none",
    ):
        page.goto(address, wait_until="networkidle")
        checked(page, address)
    officer = page_as("officer", police_grid="A", language=language)
    officer.goto(f"/cases/{number}", wait_until="networkidle")
    checked(officer, "a case to be accepted")
    officer.locator("#accept button").click()
    expect(officer.locator("#close")).to_be_visible()
    checked(officer, "a case to be closed")


def test_the_tasks_of_a_day(
    page_as: Callable[..., Page], station: Station, checked: Any, as_user: Any
) -> None:
    now = clock.now()
    body = {
        "id": str(uuid4()), "kind": "check", "words": "看看消防通道", "due_from": now.isoformat(),
        "due_until": (now + timedelta(hours=5)).isoformat(),
        "receiver": {"to_grid": str(station.grids["A1"])},
    }  # fmt: skip
    assert as_user("t.station_chief").post("/api/v1/tasks", json=body).status_code == 201
    page = page_as("station_chief")
    page.goto("/tasks")
    expect(page.locator("#give-to option").nth(1)).to_be_attached()
    checked(page, "tasks")
    page.locator(f"#task-{body['id']} summary").first.click()
    page.locator("#give > summary").click()
    checked(page, "a task, and the form to give one")
    phone = page_as("grid_worker", "A", viewport=PHONE, has_touch=True, is_mobile=True)
    phone.goto("/phone/")
    expect(phone.locator(".class-button").first).to_be_visible()
    for screen in ("tasks", f"task/{body['id']}"):
        ready(phone, screen)
        checked(phone, screen)


def test_control_a_fault_is_found(page_as: Callable[..., Page], script: str) -> None:
    page = page_as("volunteer", viewport=PHONE)
    page.goto("/phone/")
    expect(page.locator(".class-button").first).to_be_visible()
    assert axe.violations(page, script) == []
    page.evaluate("document.querySelector('.class-button span').remove()")
    page.evaluate("document.querySelector('h1').style.color = '#aaa'")
    assert {line.split(":")[0] for line in axe.violations(page, script)} >= {"button-name", "color-contrast"}
