"""Bind community grids into police grids that are connected and cover each grid once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from gis.coverage import neighbours
from webapp.demo.grouping import best_groups
from webapp.demo.shapes import GridShape, PoliceGridShape

GRIDS_THAT_CHANGE_HANDS = 0.04  # a police grid is *about* a community, not exactly one
FEWEST_GRIDS_LEFT = 3


def police_grids(
    station_code: str, grids: Sequence[GridShape], count: int, rng: Random
) -> tuple[PoliceGridShape, ...]:
    """Return `count` police grids; each lies in one community but for a few grids at borders.

    `count` is a multiple of the number of communities.
    """
    by_community: dict[str, list[int]] = defaultdict(list)
    for at, grid in enumerate(grids):
        by_community[grid.community_code12].append(at)
    share, rest = divmod(count, len(by_community))
    beats: list[set[int]] = []
    for place, members in enumerate(by_community.values()):
        wanted = share + (1 if place < rest else 0)
        polygons = [grids[at].polygon for at in members]
        sizes = [float(max(grids[at].households, 60)) for at in members]
        groups = best_groups(polygons, wanted, sizes, rng)
        beats += [{members[at] for at in group} for group in groups]
    near = _neighbours(grids)
    _trade(beats, near, round(GRIDS_THAT_CHANGE_HANDS * len(grids)), rng)
    digits = max(2, len(str(count)))
    return tuple(
        PoliceGridShape(
            code=f"{station_code}-J{number:0{digits}d}",
            name=f"{number:0{digits}d}号警格",
            grid_codes=tuple(grids[at].code15 for at in sorted(beat)),
        )
        for number, beat in enumerate(beats, start=1)
    )


def _neighbours(grids: Sequence[GridShape]) -> dict[int, set[int]]:
    place = {grid.code15: at for at, grid in enumerate(grids)}
    beside = neighbours([(grid.code15, grid.polygon) for grid in grids])
    return {place[code]: {place[other] for other in others} for code, others in beside.items()}


def connected(members: Iterable[int], near: Mapping[int, set[int]]) -> bool:
    """Say whether one can walk from each member to each other without leaving them."""
    left = set(members)
    reached = [left.pop()]
    while reached:
        found = near[reached.pop()] & left
        left -= found
        reached += found
    return not left


def _trade(beats: list[set[int]], near: Mapping[int, set[int]], times: int, rng: Random) -> None:
    """Give some border grids to the police grid next door, where both stay connected."""
    owner = {at: number for number, beat in enumerate(beats) for at in beat}
    for at in rng.sample(sorted(owner), len(owner)):
        giver = beats[owner[at]]
        takers = sorted({owner[other] for other in near[at]} - {owner[at]})
        if times == 0 or not takers or len(giver) <= FEWEST_GRIDS_LEFT or not connected(giver - {at}, near):
            continue
        taker = rng.choice(takers)
        giver.discard(at)
        beats[taker].add(at)
        owner[at] = taker
        times -= 1
