"""Invent patrols that look like people walking: along the streets, with stops, gaps and a phone's errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.strtree import STRtree

from gis.tracks import Fix
from webapp.demo.network import StreetNetwork
from webapp.demo.people import PATROLLING, Member
from webapp.demo.shapes import Ground

BEIJING = timedelta(hours=8)
# Per hundred walks, and the hours of the day (Beijing) between which they start.
KINDS = {
    "routine": (62, 8, 18),
    "night": (16, 19, 22),
    "school_gate": (12, 7, 16),
    "look_back": (10, 9, 17),
}
DAYS = 90
DURATION_S = (2700, 4150)
WALK_MPS = 1.2
FIX_S = 10
NOISE_M = 4.0
NOISE_MEMORY_S = 60.0  # a phone's error drifts; it does not jump about
MOST_STOPS = 4
STOP_S = (45, 240)
GAP_SHARE = 0.35
GAP_S = (60, 240)
OUTLIER_SHARE = 0.4
OUTLIER_M = (60.0, 180.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Walk:
    """One synthetic patrol: who, which squad, from when to when (UTC), its kind, raw fixes."""

    member_index: int
    squad: str
    started_at: datetime
    ended_at: datetime
    kind: str
    fixes: tuple[Fix, ...]


def walks(
    ground: Ground, members: Sequence[Member], until: datetime, rng: Random, count: int = 340
) -> list[Walk]:
    """Return `count` patrols of the `DAYS` days before `until` (aware), the oldest first.

    Tracks follow `ground.roads`, one fix each `FIX_S` seconds in WGS 84. They are raw: noise, outliers and
    gaps are in them. Each walker keeps mostly to the own police grid.
    """
    network = StreetNetwork(ground.roads, ground.outline)
    starts = _starts(ground, network)
    walkers = [member for member in members if member.category in PATROLLING and member.police_grid_code]
    found = []
    for _ in range(count):
        member = rng.choice(walkers)
        node = rng.choice(starts[str(member.police_grid_code)])
        kind = rng.choices(list(KINDS), [share for share, _, _ in KINDS.values()])[0]
        duration_s = rng.uniform(*DURATION_S)
        started_at = _start_time(kind, until, rng)
        fixes = _fixes(network, node, started_at, duration_s, rng)
        found.append(Walk(member.index, str(member.squad), started_at, fixes[-1].at, kind, fixes))
    return sorted(found, key=lambda walk: walk.started_at)


def _starts(ground: Ground, network: StreetNetwork) -> dict[str, list[int]]:
    """Return for each police grid the crossings in it, where a walk may begin."""
    beat_of = {code: beat.code for beat in ground.police_grids for code in beat.grid_codes}
    nodes = network.usable
    tree = STRtree([Point(at) for at in network.lonlat[nodes]])
    starts: dict[str, list[int]] = {beat.code: [] for beat in ground.police_grids}
    for grid in ground.grids:
        inside = tree.query(grid.polygon, predicate="intersects")
        starts[beat_of[grid.code15]] += [nodes[at] for at in sorted(inside.tolist())]
    return {code: found or nodes for code, found in starts.items()}


def _start_time(kind: str, until: datetime, rng: Random) -> datetime:
    """Return a start at the hours of its kind, early enough that the walk ends before `until`."""
    _, first, last = KINDS[kind]
    latest = until - timedelta(seconds=DURATION_S[1] + 600)
    day = (latest + BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    day -= timedelta(days=rng.randrange(DAYS - 1))
    started_at = day + timedelta(seconds=round(rng.uniform(first, last) * 3600)) - BEIJING
    return started_at if started_at <= latest else started_at - timedelta(days=1)


def _fixes(
    network: StreetNetwork, node: int, started_at: datetime, duration_s: float, rng: Random
) -> tuple[Fix, ...]:
    times = np.arange(0.0, duration_s, FIX_S)
    speed = WALK_MPS * rng.uniform(0.92, 1.08)
    moving = np.ones(len(times), dtype=bool)
    for _ in range(rng.randint(1, MOST_STOPS)):
        begin = rng.uniform(0.05, 0.9) * duration_s
        moving &= ~((times >= begin) & (times < begin + rng.uniform(*STOP_S)))
    pace = np.array([speed * rng.uniform(0.85, 1.12) for _ in times]) * moving
    walked = np.concatenate([[0.0], np.cumsum(pace[:-1] * FIX_S)])
    path = network.route(node, float(walked[-1]) + 1.0, rng)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    true = np.column_stack([np.interp(walked, along, path[:, axis]) for axis in (0, 1)])
    measured, accuracy = _measured(true, rng)
    lonlat = np.round(np.column_stack(network.plane.from_m(measured[:, 0], measured[:, 1])), 7)
    kept = _kept(times, rng)
    return tuple(
        Fix(started_at + timedelta(seconds=float(at)), float(lon), float(lat), round(float(claimed), 1))
        for at, (lon, lat), claimed, keep in zip(times, lonlat, accuracy, kept, strict=True)
        if keep
    )


def _measured(true: Floats, rng: Random) -> tuple[Floats, Floats]:
    """Return what a phone makes of true places (metres), and the accuracy in metres that it claims."""
    memory = math.exp(-FIX_S / NOISE_MEMORY_S)
    fresh = NOISE_M * math.sqrt(1 - memory * memory)
    errors = np.empty_like(true)
    error = np.array([rng.gauss(0.0, NOISE_M), rng.gauss(0.0, NOISE_M)])
    for at in range(len(true)):
        errors[at] = error
        error = memory * error + np.array([rng.gauss(0.0, fresh), rng.gauss(0.0, fresh)])
    accuracy = np.array([min(25.0, 3.0 + rng.lognormvariate(1.0, 0.5)) for _ in true])
    if rng.random() < OUTLIER_SHARE:
        for at in rng.sample(range(2, len(true) - 2), rng.randint(1, 3)):
            away, angle = rng.uniform(*OUTLIER_M), rng.uniform(0.0, 2 * math.pi)
            errors[at] += away * math.cos(angle), away * math.sin(angle)
            # Two thirds of the jumps are admitted by the phone; the others it claims to be sure of.
            accuracy[at] = away * rng.uniform(0.6, 1.2) if rng.random() < 0.67 else accuracy[at]
    return true + errors, accuracy


def _kept(times: Floats, rng: Random) -> NDArray[np.bool_]:
    """Say which fixes were recorded: some walks have a gap, as when the phone slept in a pocket."""
    kept = np.ones(len(times), dtype=bool)
    while rng.random() < GAP_SHARE:
        begin = rng.uniform(0.1, 0.85) * times[-1]
        kept &= ~((times > begin) & (times < begin + rng.uniform(*GAP_S)))
    kept[0] = kept[-1] = True
    return kept
