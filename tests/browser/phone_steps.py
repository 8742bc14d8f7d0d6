"""The steps that a volunteer takes on the phone page, for the tests of it."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from PIL import Image
from playwright.sync_api import Error, FilePayload, Page, expect

from tests.browser.conftest import PHONE


def big_photo() -> bytes:
    """Return a JPEG as phones make them: 12 megapixels, several megabytes, detail everywhere."""
    picture = Image.effect_noise((400, 300), 120).resize((4000, 3000)).convert("RGB")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


BIG_PHOTO = big_photo()
A_PHOTO: FilePayload = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": BIG_PHOTO}


def opened(page_as: Callable[..., Page], **wishes: Any) -> Page:
    """Open the page as a volunteer with a phone; without a service worker unless the test asks for one.

    Requests that a service worker sees are hidden from the tests' own network, so most tests go without.
    """
    wishes.setdefault("service_workers", "block")
    page = page_as("volunteer", viewport=PHONE, has_touch=True, is_mobile=True, **wishes)
    page.goto("/phone/")
    return page


def choose(page: Page, code: str = "flying_wire") -> None:
    """Step 1: touch a picture."""
    page.locator(f".class-button[data-class={code}]").tap()
    expect(page.locator(".pick-map")).to_be_visible()


def go_on(page: Page) -> None:
    """Step 2: the phone knows where it is."""
    expect(page.locator(".place-ground")).to_contain_text("A1")
    to_details(page)


def to_details(page: Page) -> None:
    """Leave step 2; when something near is known already, say that this is another."""
    page.locator("#next").tap()
    expect(page.locator("#send, #another")).to_be_visible()
    if page.locator("#another").is_visible():
        page.locator("#another").tap()
    expect(page.locator("#send")).to_be_visible()


def answer(page: Page, wires: str = "2", picture: FilePayload = A_PHOTO) -> None:
    """Step 3: photo and the questions of flying-wire charging."""
    page.locator("#photo-camera").set_input_files(picture)
    expect(page.locator(".thumbs img")).to_have_count(1)
    page.locator("label.choice", has=page.locator("input[value=multi_storey]")).tap()
    page.locator("#q-wires").fill(wires)
    page.locator("fieldset[data-question=seen_charging] label.choice").first.tap()


def sent_batches(page: Page) -> list[str]:
    """Return a list that notes each batch that the page sends."""
    seen: list[str] = []
    page.on("request", lambda r: seen.append(r.url) if r.url.endswith("/api/v1/batches") else None)
    return seen


def my_cases(page: Page) -> list[dict[str, Any]]:
    return list(page.request.get("/api/v1/cases?mine=true&limit=500").json()["cases"])


def the_case(page: Page) -> dict[str, Any]:
    """Return the case of the receipt on the screen."""
    number = page.locator(".case-number").inner_text()
    return next(case for case in my_cases(page) if case["number"] == number)


# A network as in a village: previews go ahead, originals follow.
WEAK = """
  const weak = { effectiveType: '3g', type: 'cellular' };
  Object.defineProperty(Navigator.prototype, 'connection', { get: () => weak });"""


def clock_wrong(days: float) -> str:
    """Return a script that sets a page's clock wrong by some days."""
    return f"""
      const shift = {days} * 86400000, Right = Date;
      globalThis.Date = class extends Right {{
        constructor(...given) {{ if (given.length) super(...given); else super(Right.now() + shift); }}
        static now() {{ return Right.now() + shift; }}
      }};"""


def new_photo() -> FilePayload:
    """Return a photo that nobody has sent before."""
    return {"name": "IMG_0003.jpg", "mimeType": "image/jpeg", "buffer": big_photo()}


def filled(page: Page, picture: FilePayload = A_PHOTO) -> None:
    """Go through all three steps up to the button."""
    choose(page)
    go_on(page)
    answer(page, picture=picture)


def on_phone(page: Page, store: str) -> list[dict[str, Any]]:
    """Return what a store of the phone holds, without the bytes of pictures."""
    return list(
        page.evaluate(
            """async (name) => {
              const { readAll } = await import('/static/phone/database.js');
              const found = await readAll(name);
              return found.map(({ blob, preview, ...rest }) => ({ ...rest, size: blob?.size }));
            }""",
            store,
        )
    )


def saved(page: Page, **wanted: Any) -> None:
    """Wait until the draft on the phone's disk says so: saved(page, note='...', wires=4), answers by name."""
    script = """async (wanted) => {
      const { readAll } = await import('/static/phone/database.js');
      const says = (it) => ({ ...it.answers, note: it.note });
      const same = (it) => Object.entries(wanted).every(([key, value]) => String(says(it)[key]) === value);
      return (await readAll('reports')).some((it) => it.state === 'draft' && same(it));
    }"""
    for _look in range(200):
        if page.evaluate(script, {key: str(value) for key, value in wanted.items()}):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never on the disk: {wanted}")


def filled_offline(page: Page) -> None:
    """Go through all three steps up to the button, with no word from the service about the grid."""
    choose(page)
    expect(page.locator(".place-words")).to_contain_text("误差")
    page.locator("#next").tap()
    answer(page)


def cases_become(page: Page, count: int, seconds: int = 15) -> list[dict[str, Any]]:
    """Wait until the station has that many cases of mine, and see that they stay as many; return them."""
    for _look in range(seconds * 5):
        if len(my_cases(page)) >= count:
            break
        page.wait_for_timeout(200)
    expect(page.locator("#unsent-badge")).to_be_hidden()
    found = my_cases(page)
    assert len(found) == count
    return found


def until(page: Page, script: str) -> None:
    """Wait until a script gives true; Playwright's own wait needs eval, which our policy forbids."""
    for _look in range(150):
        with suppress(Error):  # the page may be on its way to another one just now
            if page.evaluate(script):
                return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {script}")
