"""What a planner's hand does in the boundary editor: places in the window, strokes of mouse and finger."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

Spot = tuple[float, float]
TABLET = (1024, 768)

# A place (degrees) in the window's pixels.
PIXEL = """([lon, lat]) => {
  const at = shuanggePlanner.pixel(lon, lat);
  const box = document.getElementById("planner-map").getBoundingClientRect();
  return [at.x + box.left, at.y + box.top];
}"""


class Desk:
    """One planner at one draft; grids are called by their names."""

    def __init__(self, page: Page, touch: bool = False) -> None:
        self.page = page
        self._fingers: Any = page.context.new_cdp_session(page) if touch else None

    def begin(self, name: str) -> str:
        """Begin a draft upon the plan in force by the list of drafts, and return its id."""
        self.page.goto("/planner/")
        self.page.fill("#name", name)
        self.page.click("#begin button[type=submit]")
        self.ready()
        return self.page.url.rstrip("/").rpartition("/")[2].partition("?")[0]

    def open(self, draft: str) -> None:
        """Open a draft that is there."""
        self.page.goto(f"/planner/drafts/{draft}")
        self.ready()

    def ready(self) -> None:
        """Wait until the draft is drawn."""
        expect(self.page.locator("#main[data-ready]")).to_be_attached()

    def ask(self, script: str, *given: Any) -> Any:
        """Ask the page's draft: `draft`, `stage` and `network` are at hand, and what was `given`."""
        return self.page.evaluate(
            "(given) => { const { draft, stage } = shuanggePlanner; const { network } = draft;"
            + script
            + "}",
            list(given),
        )

    def until(self, condition: str, *given: Any) -> None:
        """Wait until what the service keeps is so: `base` is its network, `grids` its grids."""
        self.page.wait_for_function(
            "(given) => { const { draft } = shuanggePlanner;"
            f"const [base, grids] = [draft.base, draft.baseGrids]; return {condition}; }}",
            arg=list(given),
        )

    def grid(self, name: str) -> str:
        """The id of a grid."""
        return str(
            self.ask("return [...draft.grids].find(([, grid]) => grid.name.includes(given[0]))[0]", name)
        )

    def beat(self, name: str) -> str:
        """The id of a police grid."""
        return str(
            self.ask("return [...draft.policeGrids].find(([, one]) => one.name.includes(given[0]))[0]", name)
        )

    def at(self, lon: float, lat: float) -> Spot:
        """A place in the window."""
        x, y = self.page.evaluate(PIXEL, [lon, lat])
        return x, y

    def corner(self, *names: str) -> Spot:
        """The corner at which all these grids meet."""
        lon, lat = self.ask(
            "const wanted = given.map((name) => [...draft.grids].find(([, g]) => g.name.includes(name))[0]);"
            "const found = [...network.byNode].find(([, lines]) => {"
            "  const areas = network.areasOf(lines); return wanted.every((id) => areas.has(id)); });"
            "return network.node(found[0]).map((n) => n / 1e8);",
            *names,
        )
        return self.at(lon, lat)

    def middle(self, name: str) -> Spot:
        """A spot well inside a grid."""
        west, south, east, north = self.box(name)
        return (west + east) / 2, (south + north) / 2

    def box(self, name: str) -> tuple[float, float, float, float]:
        """West, south, east, north of a grid in the window (y grows to the south)."""
        places = self.ask(
            "const id = [...draft.grids].find(([, g]) => g.name.includes(given[0]))[0];"
            "const places = [...network.byArea.get(id)].flatMap((line) => network.places(line));"
            "return places.map((place) => place.map((n) => n / 1e8));",
            name,
        )
        lons, lats = [p[0] for p in places], [p[1] for p in places]
        west, south = self.at(min(lons), min(lats))
        east, north = self.at(max(lons), max(lats))
        return west, south, east, north

    def tool(self, name: str) -> None:
        """Choose a tool by its button."""
        self.page.click(f"#tools [data-tool={name}]")
        expect(self.page.locator(f"#tools [data-tool={name}]")).to_have_attribute("aria-pressed", "true")

    def stroke(self, *spots: Spot) -> None:
        """Press, move along the spots, let go."""
        self._press(spots[0])
        for start, end in pairwise(spots):
            for part in range(1, 9):
                self._move(
                    (
                        start[0] + (end[0] - start[0]) * part / 8,
                        start[1] + (end[1] - start[1]) * part / 8,
                    )
                )
        self._let_go()

    def tap(self, spot: Spot) -> None:
        """Press and let go."""
        self._press(spot)
        self._let_go()

    def _press(self, spot: Spot) -> None:
        if self._fingers:
            return self.touch("touchStart", spot)
        self.page.mouse.move(*spot)
        return self.page.mouse.down()

    def _move(self, spot: Spot) -> None:
        if self._fingers:
            return self.touch("touchMove", spot)
        return self.page.mouse.move(*spot)

    def _let_go(self) -> None:
        if self._fingers:
            return self.touch("touchEnd")
        return self.page.mouse.up()

    def touch(self, kind: str, *spots: Spot) -> None:
        """Send one event of the fingers that are down; a second one is what a tablet calls a pinch."""
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(spots)]
        self._fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def saved(self) -> None:
        """Wait until all is with the service."""
        expect(self.page.locator("#saved")).to_have_attribute("data-state", "saved")

    def shape(self) -> str:
        """Everything that the service has drawn, as one text."""
        return str(
            self.ask(
                "return JSON.stringify([[...draft.base.nodes].sort(),"
                " [...draft.base.lines].map(([id, line]) =>"
                " [id, line.start, line.end, line.via, line.left, line.right]).sort(),"
                " [...draft.baseGrids].map(([id, grid]) => [id, grid.police_grid]).sort()])"
            )
        )


def new_name() -> str:
    """A draft name that no other test has."""
    return f"草案 {uuid4().hex[:8]}"


Pages = Callable[..., Page]
