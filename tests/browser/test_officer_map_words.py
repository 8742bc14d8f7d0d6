"""Nothing that people wrote runs on the officer's map, whatever got past the doors into the database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.samples import Sample
from tests.stations import Station

PAYLOADS = (
    "<img src=x onerror=\"window.hit('img')\">",
    "</script><script>window.hit('script')</script>",
    "`${window.hit('literal')}`",
    "'\"><svg onload=\"window.hit('svg')\">",
    "{{ 7*7 }}<iframe srcdoc=\"<script>parent.hit('frame')</script>\">",
    "<a href=\"javascript:window.hit('link')\">x</a><!--",
)
# Nine places where words are kept; each is shown somewhere on the page.
SLOTS = {
    "station.name": "UPDATE app.station SET name = jsonb_build_object('zh', %(p)s, 'en', %(p)s)",
    "station.credit": "UPDATE app.station SET credit = %(p)s",
    "grid.name": "UPDATE app.grid SET name = %(p)s WHERE id = ANY(%(grids)s::uuid[])",
    "grid.code": "UPDATE app.grid SET code = %(p)s WHERE id = %(grid)s",
    "police_grid.name": "UPDATE app.police_grid SET name = %(p)s WHERE id = %(police)s",
    "class.title": "UPDATE app.hazard_class SET title = jsonb_build_object('zh', %(p)s, 'en', %(p)s)"
    " WHERE code = 'flying_wire'",
    "class.icon": "UPDATE app.hazard_class SET icon = %(p)s WHERE code = 'other'",
    "case.note": "UPDATE app.case_file SET note = %(p)s",
    "place.name": "UPDATE app.place SET name = %(p)s",
}
PLACE = """INSERT INTO app.place (id, station_id, kind, name, geom) SELECT gen_random_uuid(), %s, 'shop', 'x',
    ST_SetSRID(ST_MakePoint(%s, %s), 4326) WHERE NOT EXISTS (SELECT FROM app.place)"""


@pytest.fixture
def poison(superuser: Any, station: Station) -> Callable[[str], None]:
    """Write a payload into all slots of this module's database, past every check that the service has."""

    def write(payload: str) -> None:
        given = {
            "p": payload,
            "grids": [str(station.grids["A1"]), str(station.grids["A2"])],
            "grid": str(station.grids["A1"]),
            "police": str(station.police_grids["A"]),
        }
        with superuser.cursor() as cursor:
            cursor.execute(PLACE, (str(station.id), *station.inside("A1")))
            cursor.execute("SET session_replication_role = replica")
            for name, statement in SLOTS.items():
                cursor.execute(statement, given)
                assert cursor.rowcount > 0, f"{name}: the payload reached no row"
            cursor.execute("SET session_replication_role = origin")

    return write


def show_everything(page: Page, payload: str) -> None:
    """Open whatever shows words: card, layers, legend, search, hover texts, cards of areas and places."""
    page.locator("#cases button").first.click()
    expect(page.locator(".case-card")).to_contain_text(payload)
    page.locator(".leaflet-control-layers").hover()
    for box in page.locator(".leaflet-control-layers label input").all():
        box.check()
    page.keyboard.press("Escape")
    page.get_by_role("combobox").fill(payload[:12])
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup").last).to_contain_text(payload)
    page.keyboard.press("Escape")
    page.locator(".place-marker.leaflet-interactive").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup").last).to_contain_text(payload)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="回到我的责任田").click()
    page.wait_for_timeout(600)
    frame = page.locator(".map-frame").bounding_box()
    assert frame is not None
    x, y = frame["x"] + frame["width"] * 0.35, frame["y"] + frame["height"] * 0.55
    page.mouse.move(x - 20, y)
    page.mouse.move(x, y)
    expect(page.locator(".leaflet-tooltip:not(.grid-label)").first).to_contain_text(payload)
    page.mouse.click(x, y)
    expect(page.locator(".leaflet-popup").last).to_contain_text(payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_that_people_wrote_runs(
    page_as: Callable[..., Page],
    send_report: Callable[..., Sample],
    poison: Callable[[str], None],
    payload: str,
) -> None:
    send_report("t.volunteer", "A1")
    poison(payload)
    # A class whose picture's name is nonsense asks for a picture that is not there; that is all it may do.
    page = page_as("officer", "A", tolerate=(r"404.*/static/icons/",))
    hits: list[str] = []
    page.expose_function("hit", lambda how: hits.append(how))
    page.goto("/map")
    page.wait_for_selector("html[data-ready=true]", state="attached")
    show_everything(page, payload)
    assert hits == [], "the payload ran"
    assert page.locator("img[src=x], iframe, a[href^='javascript']").count() == 0
