"""The check list of a draft: each fault with the grids that it is about and a place to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from shapely import MultiPolygon, Polygon, union_all
from sqlalchemy.orm import Session

from gis.coords import area_m2
from gis.soundness import polygons_of
from webapp.areas.history import follower
from webapp.areas.models import Plan
from webapp.areas.rules import TOLERANCE_M, next_code
from webapp.core.actor import Actor
from webapp.drafts import queries
from webapp.drafts.models import Draft
from webapp.drafts.opened import Open
from webapp.drafts.rules import BLOCKING
from webapp.drafts.sketch import Sketch, shapes
from webapp.people.queries import station
from webapp.people.rules import households_range


@dataclass(frozen=True)
class Fault:
    """One fault: its kind (rules.FAULT_TITLES), the grids, the police grid, a place (lon, lat, WGS 84)."""

    kind: str
    grids: tuple[str, ...] = ()
    police_grid: str | None = None
    point: tuple[float, float] | None = None
    names: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether the draft can't be submitted with it."""
        return self.kind in BLOCKING

    def params(self) -> dict[str, Any]:
        """Return what its sentence names."""
        return {"names": ", ".join(self.names)}


def of_draft(session: Session, draft: Draft, found: Open, by: Actor) -> list[Fault]:
    """Return every fault of a draft, those that are in the way of submitting it first."""
    sketch = found.sketch
    if not sketch.grids:
        return [Fault("empty_draft")]
    drawn = shapes(sketch.network, list(sketch.grids))
    home = station(session, by)
    told = [
        *_outdated(session, draft),
        *_ground(drawn, home.ground),
        *_torn(sketch, drawn),
        *_codeless(session, sketch, drawn, by.station_id),
        *_unposted(found, drawn),
        *_sizes(sketch, drawn, *households_range(home.settings)),
        *_followed(found, drawn),
    ]
    return sorted(told, key=lambda fault: (not fault.blocks, fault.kind, fault.names))


def _outdated(session: Session, draft: Draft) -> Iterator[Fault]:
    base = session.get(Plan, draft.base_plan_id) if draft.base_plan_id else None
    if base is not None and (base.state != "published" or follower(session, base) is not None):
        yield Fault("outdated")


def _ground(drawn: Mapping[str, Polygon], ground: Any) -> Iterator[Fault]:
    """Say where the grids leave ground of the station open or reach beyond it, wider than drawing noise."""
    whole = union_all(list(drawn.values()))
    for part in polygons_of(whole):
        for ring in part.interiors:
            if ground is None:
                yield Fault("hole", point=_inside(Polygon(ring)))
    if ground is None:
        return
    wanted = to_shape(ground)
    for part in polygons_of(whole.symmetric_difference(wanted)):
        if area_m2(part) > TOLERANCE_M and not part.buffer(-TOLERANCE_M / 2 / 111_000).is_empty:
            yield Fault("outside_station", point=_inside(part))


def _torn(sketch: Sketch, drawn: Mapping[str, Polygon]) -> Iterator[Fault]:
    """Say which police grids do not hang together: grids that share only a corner do not."""
    members: dict[str, set[str]] = {}
    for key, body in sketch.grids.items():
        members.setdefault(body["police_grid"], set()).add(key)
    for beat, keys in members.items():
        piece = _reached(sketch, min(keys), keys)
        apart = sorted(keys - piece, key=lambda key: sketch.grids[key]["name"])
        if apart:
            name = sketch.police_grids[beat]["name"]
            yield Fault("not_connected", tuple(apart), beat, _inside(drawn[apart[0]]), (name,))


def _reached(sketch: Sketch, first: str, keys: set[str]) -> set[str]:
    reached, edge = {first}, [first]
    while edge:
        for line_id in sketch.network.around(edge.pop()):
            line = sketch.network.lines[line_id]
            for side in (line.left, line.right):
                if side in keys and side not in reached:
                    reached.add(side)
                    edge.append(side)
    return reached


def _codeless(
    session: Session, sketch: Sketch, drawn: Mapping[str, Polygon], station_id: UUID
) -> Iterator[Fault]:
    """Say which new grids can have no code: without community, or where all serials were given."""
    fresh = sorted(key for key, body in sketch.grids.items() if not body["code"])
    if not fresh:
        return
    codes, communities = queries.codes(session, station_id), queries.communities(session, station_id)
    left = {code: set(taken) for code, taken in codes.items()}
    for key in fresh:
        body = sketch.grids[key]
        community = communities.get(body["community_id"])
        code = next_code(community, left[community]) if community else None
        if community and code:
            left[community].add(code)
            continue
        kind = "codes_used_up" if community else "no_community"
        yield Fault(kind, (key,), body["police_grid"], _inside(drawn[key]), (body["name"],))


def _unposted(found: Open, drawn: Mapping[str, Polygon]) -> Iterator[Fault]:
    base, sketch = found.ledger.base, found.sketch
    for beat, keys in found.ledger.members.items():
        posted = set(base.beats_staff.get(beat, ())).union(*(base.grids_staff.get(key, ()) for key in keys))
        if keys and not posted:
            name = sketch.police_grids[beat]["name"]
            yield Fault("nobody_posted", keys, beat, _inside(drawn[keys[0]]), (name,))


def _sizes(sketch: Sketch, drawn: Mapping[str, Polygon], low: int, high: int) -> Iterator[Fault]:
    for key, body in sketch.grids.items():
        households = round(body["households"])
        if body["kind"] == "basic" and not low <= households <= high:
            kind = "too_small" if households < low else "too_large"
            yield Fault(
                kind, (key,), body["police_grid"], _inside(drawn[key]), (body["name"], str(households))
            )


def _followed(found: Open, drawn: Mapping[str, Polygon]) -> Iterator[Fault]:
    """Say where people are posted to a grid that was divided or joined: they will answer for its heirs."""
    base, sketch = found.ledger.base, found.sketch
    for key, figure in sorted(found.ledger.figures.items()):
        for old, share, _cases in figure.came:
            ends = old not in sketch.grids or key not in base.sketch.grids
            if old != key and share > 0.001 and ends and base.grids_staff.get(old):
                names = (base.sketch.grids[old]["name"], sketch.grids[key]["name"])
                yield Fault(
                    "posting_follows", (key,), sketch.grids[key]["police_grid"], _inside(drawn[key]), names
                )


def _inside(shape: Polygon | MultiPolygon) -> tuple[float, float]:
    point = shape.representative_point()
    return round(point.x, 7), round(point.y, 7)
