"""From the mouse's move to the drawn picture in the boundary editor: `python -m tests.bench.planner`.

The editor's own page and modules in headless Chromium, on drawn stations of 83 and 2,000 grids; the service's
answers come from gis.topology in this process, so that only the browser is measured. A corner where four
grids meet is dragged while the whole station is in view. Figures in milliseconds, from the time stamp of the
event to the end of the drawing (`planner:drawn`), and from one picture of the browser to the next.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader
from playwright.sync_api import Page, Route, sync_playwright

from gis import topology
from gis.network import Line, Network
from webapp.core.config import CHECKOUT

CHROMIUM, FLAGS = "/usr/bin/chromium", ["--no-sandbox", "--disable-gpu"]
HOST = "http://planner.test"
MOVES = 200
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml"}

WATCH = """() => {
  window.drawn = []; window.frames = [];
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (one.name === "planner:drawn") drawn.push(one.duration);
  }).observe({ entryTypes: ["measure"] });
  let last = 0;
  const next = (now) => { if (last) frames.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""
# Draw everything anew, as after a pan or a zoom.
WHOLE = """() => {
  const begun = performance.now();
  shuanggePlanner.stage.layer.reset();
  return performance.now() - begun;
}"""
# Choose the grids round a corner, and say where it is in the window.
AIM = """(node) => {
  const { draft, stage, pixel } = shuanggePlanner;
  const [x, y] = draft.network.node(node).map((n) => n / 1e8);
  stage.pick([...draft.network.areasOf(draft.network.byNode.get(node))]);
  const at = pixel(x, y), box = document.getElementById("planner-map").getBoundingClientRect();
  return [at.x + box.left, at.y + box.top];
}"""


@dataclass(frozen=True)
class Ground:
    """A drawn station: columns and rows of grids, inner vertices of each border."""

    columns: int
    rows: int
    inner: int
    missing: int = 0

    def network(self) -> Network:
        """Return a bent lattice; the last `missing` grids of the top row are left out."""
        rng, step = Random(5), 200_000
        nodes = {}
        for row in range(self.rows + 1):
            for column in range(self.columns + 1):
                off = [round(rng.uniform(-0.2, 0.2) * step) for _ in range(2)]
                nodes[f"{column}.{row}"] = (
                    11_255_000_000 + column * step + off[0],
                    3_786_000_000 + row * step + off[1],
                )
        lines = {}
        for key, start, end, left, right in self._borders():
            if left or right:
                lines[key] = Line(start, end, self._bent(nodes[start], nodes[end], rng), left, right)
        used = {node for line in lines.values() for node in (line.start, line.end)}
        return Network({key: at for key, at in nodes.items() if key in used}, lines)

    def _borders(self) -> list[tuple[str, str, str, str | None, str | None]]:
        told = []
        for row in range(self.rows + 1):
            for column in range(self.columns + 1):
                here, east, north = f"{column}.{row}", f"{column + 1}.{row}", f"{column}.{row + 1}"
                if column < self.columns:
                    told.append((f"{here}e", here, east, self.cell(column, row), self.cell(column, row - 1)))
                if row < self.rows:
                    told.append((f"{here}n", here, north, self.cell(column - 1, row), self.cell(column, row)))
        return told

    def cell(self, column: int, row: int) -> str | None:
        """Return the id of a grid, None outside."""
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        left_out = row == self.rows - 1 and column >= self.columns - self.missing
        return None if left_out else f"g{column}.{row}"

    def _bent(self, a: tuple[int, int], b: tuple[int, int], rng: Random) -> tuple[tuple[int, int], ...]:
        dx, dy, bend = b[0] - a[0], b[1] - a[1], rng.uniform(-0.04, 0.04)
        places = []
        for number in range(1, self.inner + 1):
            share = number / (self.inner + 1)
            off = bend * math.sin(share * 2 * math.pi)
            places.append((round(a[0] + dx * share - dy * off), round(a[1] + dy * share + dx * off)))
        return tuple(places)


class Desk:
    """Answers the editor as the service would: the page, static files, one draft."""

    def __init__(self, ground: Ground) -> None:
        self.network = ground.network()
        self.head = 0
        areas = sorted({line.left for line in self.network.lines.values() if line.left})
        beats = {area: f"p{int(area[1:].split('.')[0]) // 3}" for area in areas}
        self.grids = {
            area: {"code": area, "name": area, "kind": "basic", "households": 400, "police_grid": beats[area]}
            for area in areas
        }
        self.police_grids = {beat: {"code": beat, "name": beat} for beat in sorted(set(beats.values()))}

    def answer(self, route: Route) -> None:
        """Answer one request."""
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            file = CHECKOUT / path[1:]
            route.fulfill(body=file.read_bytes(), content_type=TYPES.get(file.suffix, "text/plain"))
        elif path.startswith("/planner/"):
            route.fulfill(body=shell(), content_type="text/html; charset=utf-8")
        elif path == "/basemap.json":
            route.fulfill(json={"kind": "", "credit": "", "review": "", "min_zoom": 0, "max_zoom": 18})
        elif path.endswith("/operations"):
            route.fulfill(json=self._operations(route))
        elif path.endswith("/figures"):
            route.fulfill(json={"grids": {}, "police_grids": {}, "changes": {}})
        else:
            route.fulfill(body=json.dumps(self._draft()), content_type="application/json")

    def _operations(self, route: Route) -> dict[str, Any]:
        if route.request.method == "GET":
            return {"head": self.head, "applied": []}
        applied = []
        for told in route.request.post_data_json["operations"]:
            done = topology.apply(self.network, topology.operation_from(told))
            self.network, self.head = done.network, self.head + 1
            nodes = {key: list(done.network.nodes[key]) for key in done.nodes}
            lines = {key: topology.line_as_json(done.network.lines[key]) for key in done.lines}
            applied.append({"seq": self.head, "id": told["id"], "nodes": nodes, "lines": lines, "grids": {}})
        return {"head": self.head, "applied": applied}

    def _draft(self) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "name": "bench",
            "state": "draft",
            "head": self.head,
            "network": {
                "nodes": {key: list(at) for key, at in self.network.nodes.items()},
                "lines": {key: topology.line_as_json(line) for key, line in self.network.lines.items()},
            },
            "grids": self.grids,
            "police_grids": self.police_grids,
            "locks": [],
            "limits": {"households": [300, 500]},
            "can": {"edit": True},
        }


def shell() -> str:
    """Return the editor's page as its template writes it, without the bar."""
    templates: Path = CHECKOUT / "webapp/templates"
    made = Environment(
        loader=ChoiceLoader([DictLoader({"bar.html": ""}), FileSystemLoader(templates)]), autoescape=True
    )
    made.globals.update(_=lambda words: words, language=lambda: "zh", csrf_mark=lambda: "")
    return made.get_template("drafts/editor.html").render(draft={"id": "bench", "name": "bench"})


def measured(page: Page, node: str) -> dict[str, list[float]]:
    """Drag a corner about for a while; return the times in ms, sorted."""
    x, y = page.evaluate(AIM, node)
    page.evaluate(WATCH)
    page.mouse.move(x, y)
    page.mouse.down()
    for number in range(MOVES):
        page.mouse.move(x + 3 * math.sin(number / 5), y + 3 * math.cos(number / 7))
        page.wait_for_timeout(8)
    page.mouse.up()
    page.wait_for_selector("#saved[data-state=saved]")
    return {name: sorted(page.evaluate(name)) for name in ("drawn", "frames")}


def row(name: str, ground: Ground) -> str:
    """Measure one station and return its line of the table."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, base_url=HOST)
        desk = Desk(ground)
        page.route("**/*", desk.answer)
        page.goto("/planner/drafts/bench")
        page.wait_for_selector("#main[data-ready]")
        times = measured(page, f"{ground.columns // 2}.{ground.rows // 2}")
        whole = page.evaluate(WHOLE)
        browser.close()
    count = sum(len(line.via) + 1 for line in desk.network.lines.values())
    cells = [f"{share(times[key], at):.1f}" for key in ("drawn", "frames") for at in (0.5, 0.95, 1.0)]
    return f"| {name} | {len(desk.grids)} | {count:,} | {whole:.0f} | {' | '.join(cells)} |"


def share(times: list[float], at: float) -> float:
    """Return the value below which a share of sorted times lies."""
    return times[min(len(times) - 1, int(len(times) * at))]


def table() -> list[str]:
    """Return the table of both stations."""
    return [
        "| station | grids | vertices | whole picture ms | drag to drawn ms: p50 | p95 | worst "
        "| picture to picture ms: p50 | p95 | worst |",
        "|---|---|---|---|---|---|---|---|---|---|",
        row("station", Ground(12, 7, 12, missing=1)),
        row("city", Ground(50, 40, 19)),
    ]


if __name__ == "__main__":
    print("\n".join(table()))
