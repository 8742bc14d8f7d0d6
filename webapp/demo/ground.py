"""Make a demo station's ground: communities, grids, police grids, roads and places that fit together."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from shapely.geometry import Point, Polygon

from gis.coords import LocalPlane
from webapp.demo.grids import community_grids, grid_counts, short_name
from webapp.demo.grouping import joined
from webapp.demo.police_grids import police_grids
from webapp.demo.realroads import real_plan
from webapp.demo.shapes import (
    Block,
    CommunityShape,
    GridShape,
    Ground,
    GroundSpec,
    NamedPlace,
    PoliceGridShape,
    StreetPlan,
)
from webapp.demo.streets import street_plan

__all__ = [
    "CommunityShape",
    "GridShape",
    "Ground",
    "GroundSpec",
    "NamedPlace",
    "PoliceGridShape",
    "ground",
    "scaled",
]

BLOCKS_PER_GRID = 3.4  # enough that a grid gets a shape of its own; one block per grid would give rectangles
SCALED_STREET = 580  # streets 580-599 ("enterprise-like" range) are in no statistical list of these counties
COMMUNITIES_PER_STREET = 599
EXCLUSIVE_SITES = (
    ("school", "学校"),
    ("hospital", "医院"),
    ("mall", "商场"),
    ("park", "公园"),
    ("office", "机关"),
)


def ground(spec: GroundSpec, rng: Random, scale: int = 1) -> Ground:
    """Return the ground of a spec: the same spec, seed and scale give the same ground.

    Grids cover `outline` exactly once and share every vertex of their borders. With `scale` the ground has
    that many times as many communities, grids and police grids; it then reaches beyond the real county and
    its communities are synthetic. Raises ValueError when real roads are to be scaled.
    """
    spec = scaled(spec, scale)
    plan = _plan(spec, rng)
    blocks: dict[int, list[Block]] = defaultdict(list)
    for block in plan.blocks:
        blocks[block.community].append(block)
    communities = [
        CommunityShape(code12, name, joined([block.polygon for block in blocks[number]]))
        for number, (code12, name) in enumerate(spec.communities)
    ]
    grids = _grids(spec, blocks, rng)
    beats = police_grids(spec.code, grids, spec.police_grids, rng)
    return Ground(
        code=spec.code,
        name_zh=spec.name_zh,
        name_en=spec.name_en,
        outline=joined([community.polygon for community in communities]),
        communities=tuple(communities),
        grids=grids,
        police_grids=beats,
        roads=plan.roads,
        places=_places(communities, grids, beats, rng),
        buildings=tuple(shape for shape, _ in spec.buildings),
        credit=spec.credit,
        communities_synthetic=spec.communities_synthetic,
    )


def scaled(spec: GroundSpec, scale: int) -> GroundSpec:
    """Return the spec of a city `scale` times as large, with synthetic communities; the same spec for 1."""
    if scale == 1:
        return spec
    if scale < 1 or spec.source_roads:
        raise ValueError(f"{spec.code} cannot be drawn at scale {scale}")
    county = spec.communities[0][0][:6]
    count = len(spec.communities) * scale
    codes = [divmod(place, COMMUNITIES_PER_STREET) for place in range(count)]
    return replace(
        spec,
        width_m=spec.width_m * math.sqrt(scale),
        height_m=spec.height_m * math.sqrt(scale),
        communities=tuple(
            (f"{county}{SCALED_STREET + street}{serial + 1:03d}", f"演示{place + 1:04d}社区")
            for place, (street, serial) in enumerate(codes)
        ),
        grids=spec.grids * scale,
        police_grids=spec.police_grids * scale,
        exclusive_grids=spec.exclusive_grids * scale,
        communities_synthetic=True,
    )


def _plan(spec: GroundSpec, rng: Random) -> StreetPlan:
    if spec.source_roads:
        return real_plan(spec, rng)
    return street_plan(
        LocalPlane(spec.lon, spec.lat),
        (spec.width_m, spec.height_m),
        spec.tilt_deg,
        len(spec.communities),
        round(BLOCKS_PER_GRID * spec.grids),
        rng,
    )


def _grids(spec: GroundSpec, blocks: Mapping[int, Sequence[Block]], rng: Random) -> tuple[GridShape, ...]:
    numbers = range(len(spec.communities))
    counts = grid_counts([sum(block.weight for block in blocks[number]) for number in numbers], spec.grids)
    alone = [0] * len(counts)
    for place in range(spec.exclusive_grids):
        alone[(place * len(counts) // spec.exclusive_grids) % len(counts)] += 1
    grids: list[GridShape] = []
    for number, community in enumerate(spec.communities):
        grids += community_grids(
            community, blocks[number], counts[number], alone[number], spec.households_per_grid, rng
        )
    return tuple(grids)


def _places(
    communities: Sequence[CommunityShape],
    grids: Sequence[GridShape],
    beats: Sequence[PoliceGridShape],
    rng: Random,
) -> tuple[NamedPlace, ...]:
    by_code = {grid.code15: grid for grid in grids}
    places = [
        _place(
            f"演示警务室{beat.name.removesuffix('号警格')}",
            "police_room",
            by_code[rng.choice(beat.grid_codes)],
            rng,
        )
        for beat in beats
    ]
    homes: dict[str, list[GridShape]] = defaultdict(list)
    for grid in grids:
        homes[grid.community_code12].append(grid)
    for place, community in enumerate(communities):
        name = short_name(community.name)
        places.append(
            _place(f"{name}党群服务中心(演示)", "party_centre", rng.choice(homes[community.code12]), rng)
        )
        if place % 4 == 0:
            places.append(
                _place(f"{name}调解室(演示)", "mediation_room", rng.choice(homes[community.code12]), rng)
            )
    exclusive = [grid for grid in grids if grid.kind == "exclusive"]
    for place, grid in enumerate(exclusive):
        kind, word = EXCLUSIVE_SITES[place % len(EXCLUSIVE_SITES)]
        places.append(_place(f"演示{word}{place + 1:02d}", kind, grid, rng))
    places.append(_place("静距离心理咨询服务站(演示)", "counselling", rng.choice(grids), rng))
    places.append(_place("演示集市服务台", "market_stall", rng.choice(grids), rng))
    return tuple(places)


def _place(name: str, kind: str, grid: GridShape, rng: Random) -> NamedPlace:
    """Put a place near the middle of a grid, surely inside it."""
    lon, lat = _point_inside(grid.polygon, rng)
    return NamedPlace(name, kind, lon, lat)


def _point_inside(polygon: Polygon, rng: Random) -> tuple[float, float]:
    """Return a random point of a polygon (lon, lat), away from its border where it is wide enough."""
    middle = polygon.representative_point()
    corner_lon, corner_lat = rng.choice(polygon.exterior.coords[:-1])
    share = rng.uniform(0.0, 0.6)
    lon = round(middle.x + share * (corner_lon - middle.x), 7)
    lat = round(middle.y + share * (corner_lat - middle.y), 7)
    return (lon, lat) if polygon.covers(Point(lon, lat)) else (round(middle.x, 7), round(middle.y, 7))
