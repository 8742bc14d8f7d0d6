"""What a plan is worth: balance against households moved against shape, with what chance alone would do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from gis.districting.model import Plan, Units, loads_of
from gis.errors import ShapeError

_DRAWS = 1_000


class Counts(Protocol):
    """Source of random counts, given by the caller; numpy's Generator fits."""

    def poisson(self, lam: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.int64]:
        """Return counts that are Poisson distributed round `lam`."""
        ...


@dataclass(frozen=True)
class District:
    """One district of a plan; lengths in metres, areas in square metres, deviation as share of the mean."""

    number: int
    units: int
    load: float
    households: float
    area_m2: float
    deviation: float
    compactness: float


@dataclass(frozen=True)
class Band:
    """Largest deviation of a year like the last: 5, 50 and 95 of 100 years lie below (shares of the mean)."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Figures:
    """What a plan is worth; `moved` and `moved_units` are against today, compactness as Polsby and Popper."""

    deviation: float
    moved: float
    moved_units: int
    kept_share: float
    compactness: float
    least_compactness: float
    border_m: float
    districts: tuple[District, ...]


def figures(plan: Plan, units: Units) -> Figures:
    """Return the figures of a plan whose districts carry today's numbers where they go on.

    Raises ShapeError `bad_units` if the plan has not one district for each unit.
    """
    if len(plan) != len(units) or not plan:
        raise ShapeError("bad_units", units=len(units))
    numbers = sorted(set(plan))
    members = {number: [unit for unit in range(len(units)) if plan[unit] == number] for number in numbers}
    mean = sum(units.loads) / len(numbers)
    districts = tuple(_district(number, members[number], units, mean) for number in numbers)
    moving = [u for u in range(len(units)) if units.today[u] is not None and units.today[u] != plan[u]]
    moved = sum(units.households[unit] for unit in moving)
    border = sum(
        length
        for unit, borders in enumerate(units.borders)
        for other, length in borders.items()
        if other > unit and plan[other] != plan[unit]
    )
    everybody = sum(units.households)
    return Figures(
        deviation=max(abs(district.deviation) for district in districts),
        moved=moved,
        moved_units=len(moving),
        kept_share=1.0 - moved / everybody if everybody else 1.0,
        compactness=float(np.mean([district.compactness for district in districts])),
        least_compactness=min(district.compactness for district in districts),
        border_m=border,
        districts=districts,
    )


def _district(number: int, members: Sequence[int], units: Units, mean: float) -> District:
    inside = set(members)
    inner = sum(
        length for unit in members for other, length in units.borders[unit].items() if other in inside
    )
    around = sum(units.perimeters_m[unit] for unit in members) - inner
    area = sum(units.areas_m2[unit] for unit in members)
    load = sum(units.loads[unit] for unit in members)
    return District(
        number=number,
        units=len(members),
        load=load,
        households=sum(units.households[unit] for unit in members),
        area_m2=area,
        deviation=load / mean - 1.0 if mean else 0.0,
        compactness=4 * np.pi * area / around**2 if around > 0 else 0.0,
    )


def band(plan: Plan, units: Units, counts: Sequence[float], share: float, rng: Counts) -> Band:
    """Return what chance alone makes of a plan's largest deviation in another year like the one counted.

    `counts` are the events of each unit in that year; each district's sum is taken as the mean of a Poisson
    distribution. `share` is the part of all load that the events make (0 to 1); the rest stays as it is. A
    plan whose deviation lies below the band's middle is no better next year than one that reaches it.
    """
    numbers = {number: at for at, number in enumerate(sorted(set(plan)))}
    at = tuple(numbers[district] for district in plan)
    counted = np.bincount(at, weights=counts, minlength=len(numbers)).astype(float)
    loads = loads_of(at, units, len(numbers))
    scale = share * loads.sum() / counted.sum() if counted.sum() > 0 else 0.0
    drawn = rng.poisson(counted, (_DRAWS, len(numbers))).astype(float)
    years = loads + scale * (drawn - counted)
    means = years.mean(axis=1, keepdims=True)
    largest = np.abs(years / np.where(means > 0, means, 1.0) - 1.0).max(axis=1)
    low, middle, high = np.quantile(largest, [0.05, 0.5, 0.95]).tolist()
    return Band(low, middle, high)


def renumbered(plan: Plan, units: Units, locked: frozenset[int] = frozenset()) -> Plan:
    """Return the plan with today's numbers, given so that the fewest households change; new ones follow.

    A district that holds a locked unit gets the number that this unit has today.
    """
    today = units.districts_today()
    numbers = sorted(set(plan))
    kept = np.zeros((len(numbers), max(len(today), len(numbers))))
    for unit, district in enumerate(plan):
        now = units.today[unit]
        if now is not None:
            bonus = 1e9 if unit in locked else 0.0
            kept[numbers.index(district), today.index(now)] += units.households[unit] + bonus
    rows, columns = linear_sum_assignment(-kept)
    fresh = iter(range(max(today, default=-1) + 1, max(today, default=-1) + 1 + len(numbers)))
    name = {
        numbers[row]: today[column] if column < len(today) else next(fresh)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    }
    return tuple(name[district] for district in plan)
