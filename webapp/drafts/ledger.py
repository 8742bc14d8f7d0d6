"""Running figures of a draft: what an operation changes is counted anew, the rest is kept.

Lengths and areas in metres at the latitude of the ground (a thousandth true over a station).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, pi
from typing import Any

import shapely
from shapely import MultiPolygon, Polygon, STRtree

from gis.coords import metres_per_degree
from gis.moves import pieces
from gis.network import UNITS, Network
from gis.persistent import Persistent
from webapp.drafts import rules
from webapp.drafts.sketch import Sketch, shapes


@dataclass(frozen=True, slots=True)
class Counts:
    """What lies in a piece of ground now."""

    open_cases: int = 0
    cases_year: int = 0
    places: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One grid: its size, what lies in it, and what of it belonged to other grids in the plan before.

    `came` holds (grid of the base plan, its share of area, open cases there) for all its ground; empty means
    that it is drawn as it was.
    """

    area_m2: float
    border_m: float
    counts: Counts
    came: tuple[tuple[str, float, int], ...] = ()


@dataclass(frozen=True)
class Base:
    """What a draft is compared with: shapes, bodies and posted people of the plan that it was drawn upon."""

    sketch: Sketch
    shapes: Mapping[str, Polygon]
    # Persons by police grid, and by grid.
    beats_staff: Mapping[str, frozenset[str]]
    grids_staff: Mapping[str, frozenset[str]]
    scale: tuple[float, float]
    keys: tuple[str, ...]
    tree: STRtree


@dataclass(frozen=True)
class Ledger:
    """The figures of a draft; never changes, `after` gives the next one."""

    base: Base
    figures: Persistent[str, Figure]
    members: Persistent[str, tuple[str, ...]]
    # Grids that are drawn or bound otherwise than in the base.
    other: frozenset[str]


Counter = Callable[[Sequence[Polygon | MultiPolygon]], list[Counts]]
"""Asks the database what lies in shapes (WGS 84)."""


def base_of(
    sketch: Sketch, beats_staff: Mapping[str, frozenset[str]], grids_staff: Mapping[str, frozenset[str]]
) -> Base:
    """Return what drafts upon a start are compared with."""
    whole = shapes(sketch.network, list(sketch.grids))
    lats = [at[1] for at in sketch.network.nodes.values()]
    middle = (min(lats) + max(lats)) / 2 / UNITS if lats else 0.0
    tree = STRtree(list(whole.values()))
    return Base(sketch, whole, beats_staff, grids_staff, metres_per_degree(middle), tuple(whole), tree)


def opened(base: Base, count: Counter) -> Ledger:
    """Return the figures of the base itself."""
    keys = list(base.shapes)
    counted = count([base.shapes[key] for key in keys])
    figures = {
        key: Figure(*measured(base.shapes[key], base.scale), counts)
        for key, counts in zip(keys, counted, strict=True)
    }
    members: dict[str, list[str]] = {key: [] for key in base.sketch.police_grids}
    for key, body in base.sketch.grids.items():
        members.setdefault(body["police_grid"], []).append(key)
    held = Persistent({key: tuple(sorted(grids)) for key, grids in members.items()})
    return Ledger(base, Persistent(figures), held, frozenset())


def measured(shape: Polygon, scale: tuple[float, float]) -> tuple[float, float]:
    """Return area in square metres and length of the border in metres."""
    in_m = shapely.transform(shape, lambda at: at * scale)
    return float(in_m.area), float(in_m.length)


def after(ledger: Ledger, was: Sketch, sketch: Sketch, touched: Collection[str], count: Counter) -> Ledger:
    """Return the figures of a draft (`was` before) of which some grids were made, changed or are gone."""
    base = ledger.base
    here = [key for key in sorted(touched) if key in sketch.grids]
    drawn = shapes(sketch.network, here)
    same = {key for key in here if key in base.shapes and drawn[key].equals(base.shapes[key])}
    came = {key: _came(base, key, drawn[key]) for key in here if key not in same}
    asked: list[Polygon | MultiPolygon] = [drawn[key] for key in here]
    asked += [shape for key in came for _from, _share, shape in came[key]]
    counted = iter(count(asked))
    own = {key: next(counted) for key in here}
    figures = {}
    for key in here:
        ground = [(old, share, next(counted).open_cases) for old, share, _shape in came.get(key, ())]
        figures[key] = Figure(*measured(drawn[key], base.scale), own[key], tuple(ground))
    gone = [key for key in touched if key not in sketch.grids]
    other = (ledger.other - set(touched)) | {
        key
        for key in here
        if key not in same or base.sketch.grids[key]["police_grid"] != sketch.grids[key]["police_grid"]
    }
    return Ledger(
        base, ledger.figures.changed(figures, gone), _members(ledger, was, sketch, touched), frozenset(other)
    )


def _came(base: Base, key: str, shape: Polygon) -> list[tuple[str, float, MultiPolygon]]:
    """Return where the ground of a grid came from: grid of the base, share of that one's area, the piece."""
    near = [base.keys[n] for n in sorted(base.tree.query(shape, predicate="intersects").tolist())]
    found = pieces([(old, base.shapes[old]) for old in near], [(key, shape)])
    return [
        (p.before, measured_multi(p.geometry, base.scale) / area, p.geometry)
        for p in found
        if p.before and p.after and (area := measured(base.shapes[p.before], base.scale)[0])
    ]


def measured_multi(shape: MultiPolygon, scale: tuple[float, float]) -> float:
    """Return the area of a piece in square metres."""
    return float(shapely.transform(shape, lambda at: at * scale).area)


def _members(
    ledger: Ledger, was: Sketch, sketch: Sketch, touched: Iterable[str]
) -> Persistent[str, tuple[str, ...]]:
    """Return the grids of each police grid after a step."""
    held: dict[str, set[str]] = {}
    for beat in sketch.police_grids.keys() - ledger.members.keys():
        held[beat] = set()
    for key in touched:
        for draft, put in ((was, False), (sketch, True)):
            if key in draft.grids:
                beat = draft.grids[key]["police_grid"]
                keys = held.setdefault(beat, set(ledger.members.get(beat, ())))
                keys.add(key) if put else keys.discard(key)
    whole = {beat: tuple(sorted(keys)) for beat, keys in held.items()}
    return ledger.members.changed(whole, [beat for beat in whole if beat not in sketch.police_grids])


def grid_figures(ledger: Ledger, sketch: Sketch, key: str, low: int, high: int) -> dict[str, Any]:
    """Return what the panel shows of a grid."""
    body, figure = sketch.grids[key], ledger.figures[key]
    households = round(body["households"])
    return {
        "households": households,
        "population": round(body["population"]),
        "area_m2": round(figure.area_m2, 1),
        "open_cases": figure.counts.open_cases,
        "cases_year": figure.counts.cases_year,
        "places": figure.counts.places,
        "staff": len(ledger.base.grids_staff.get(key, ())),
        "compactness": compactness(figure.area_m2, figure.border_m),
        "deviation": _off(households, low, high),
        "outside_range": body["kind"] == "basic" and not low <= households <= high,
    }


def _off(households: int, low: int, high: int) -> float:
    """Return by which share a grid's households differ from the middle of the range."""
    middle = (low + high) / 2
    return round(households / middle - 1.0, 4)


def compactness(area_m2: float, border_m: float) -> float:
    """Return the measure of Polsby and Popper: 1 for a circle, towards 0 the longer the border."""
    return round(4 * pi * area_m2 / border_m**2, 4) if border_m else 0.0


def beat_figures(ledger: Ledger, sketch: Sketch, beats: Iterable[str]) -> dict[str, Any]:
    """Return what the panel shows of some police grids."""
    loads = beat_loads(ledger, sketch)
    return {beat: _beat_figure(ledger, sketch, beat, loads) for beat in beats if beat in loads}


def beat_loads(ledger: Ledger, sketch: Sketch) -> dict[str, float]:
    """Return the households of each police grid that has grids."""
    return {
        beat: sum(sketch.grids[key]["households"] for key in keys)
        for beat, keys in ledger.members.items()
        if keys
    }


def _beat_figure(ledger: Ledger, sketch: Sketch, beat: str, loads: Mapping[str, float]) -> dict[str, Any]:
    keys = ledger.members[beat]
    found = [ledger.figures[key] for key in keys]
    area = sum(figure.area_m2 for figure in found)
    staff = set(ledger.base.beats_staff.get(beat, ())).union(
        *(ledger.base.grids_staff.get(key, ()) for key in keys)
    )
    return {
        "grids": len(keys),
        "households": round(loads[beat]),
        "population": round(sum(sketch.grids[key]["population"] for key in keys)),
        "area_m2": round(area, 1),
        "open_cases": sum(figure.counts.open_cases for figure in found),
        "cases_year": sum(figure.counts.cases_year for figure in found),
        "places": sum(figure.counts.places for figure in found),
        "staff": len(staff),
        "compactness": compactness(area, _border_m(ledger, sketch, beat, keys)),
        "deviation": round(rules.deviation(loads[beat], loads.values()), 4),
        "outside_range": False,
    }


def _border_m(ledger: Ledger, sketch: Sketch, beat: str, keys: Iterable[str]) -> float:
    """Return the length of a police grid's border: of its grids' lines that have another one beside."""
    network = sketch.network
    length = 0.0
    for line_id in {line for key in keys for line in network.around(key)}:
        line = network.lines[line_id]
        beats = {sketch.grids[side]["police_grid"] if side else None for side in (line.left, line.right)}
        if len(beats) > 1:
            length += line_m(network, line_id, ledger.base.scale)
    return length


def line_m(network: Network, key: str, scale: tuple[float, float]) -> float:
    """Return the length of a line in metres."""
    kx, ky = scale[0] / UNITS, scale[1] / UNITS
    points = network.course(key)
    return sum(hypot((b[0] - a[0]) * kx, (b[1] - a[1]) * ky) for a, b in pairwise(points))


def changes(ledger: Ledger, sketch: Sketch) -> dict[str, int]:
    """Return what changes against the base: households and open cases that change hands, officers."""
    households, cases = 0.0, 0
    officers: set[str] = set()
    base = ledger.base
    for key in ledger.other:
        figure, body = ledger.figures[key], sketch.grids[key]
        for old, share, open_cases in figure.came or ((key, 1.0, figure.counts.open_cases),):
            was = base.sketch.grids[old]
            if was["police_grid"] != body["police_grid"]:
                households += was["households"] * share
                for beat in (was["police_grid"], body["police_grid"]):
                    officers |= base.beats_staff.get(beat, frozenset())
            if old != key or was["police_grid"] != body["police_grid"]:
                cases += open_cases
    return {"households": round(households), "officers": len(officers), "cases": cases}


def balance(ledger: Ledger, sketch: Sketch) -> dict[str, Any]:
    """Return how even the police grids are, by households and by the cases of a year."""
    loads = beat_loads(ledger, sketch)
    cases = [sum(ledger.figures[key].counts.cases_year for key in ledger.members[beat]) for beat in loads]
    return {"households": rules.balance(loads.values()), "cases_year": rules.balance(map(float, cases))}
