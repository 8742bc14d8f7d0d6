"""Districts of a whole city by search: halve the ground, even out neighbours, divide the worst anew."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from gis.districting.balance import best_within
from gis.districting.model import Aim, Plan, Rules, Stop, Tell, Units, nobody, pieces
from gis.errors import ShapeError

_TURNS = 24
_EXACT = 48
"""Units of neighbouring districts that are divided anew with proof; more take too long."""


class Dice(Protocol):
    """Source of randomness, given by the caller."""

    def random(self) -> float:
        """Return the next number in [0, 1)."""
        ...


@dataclass(frozen=True)
class Found:
    """A plan that search found, its largest deviation from the mean, and whether that is in the tolerance."""

    plan: Plan
    deviation: float
    reached: bool


def search_city(
    units: Units,
    count: int,
    tolerance: float,
    rng: Dice,
    stop: Stop,
    tell: Tell = nobody,
    keep: bool = False,
) -> Found:
    """Return connected districts of about equal load, within the tolerance if the search gets there.

    With `keep` the search begins at today's districts, whose number must be `count`, and moves little; else
    it begins with the ground halved again and again. The same `rng` state gives the same plan, unless it is
    told to stop. No balance is proven. Raises ShapeError `bad_aim`, `too_many_pieces` if separate pieces
    of ground are more than one.
    """
    aim = Aim.within(units, count, tolerance)
    if len(pieces(units, range(len(units)))) != 1:
        raise ShapeError("too_many_pieces", units=len(units))
    tell("dividing", 0.0)
    if keep:
        labels = {district: number for number, district in enumerate(units.districts_today())}
        if len(labels) != count or None in units.today:
            raise ShapeError("bad_aim", units=len(units), count=count, tolerance=tolerance)
        start = [labels[district] for district in units.today if district is not None]
    else:
        start = _halved(units, count, rng)
    city = _City(units, start, aim)
    city.even_out(stop)
    city.divide_anew(stop, tell, rng)
    plan = tuple(city.district)
    if keep:
        names = units.districts_today()
        plan = tuple(names[district] for district in plan)
    return Found(plan, city.worst(), city.worst() <= tolerance + 1e-9)


def grids_of(units: Units, least: float, most: float, rng: Dice, stop: Stop, tell: Tell = nobody) -> Found:
    """Return connected grids of small units with at least and at most so many households each, if search can.

    The load of each unit must be its households. The number of grids is the one whose mean lies nearest to
    the middle of the range. Raises ShapeError `bad_aim` if no number of grids fits the range, and as
    `search_city`.
    """
    total = sum(units.loads)
    few, many = -int(-total // most) if most > 0 else 0, int(total // least) if least > 0 else len(units)
    if not 0 < least <= most or few > min(many, len(units)) or total <= 0:
        raise ShapeError("bad_aim", units=len(units), least=least, most=most)
    count = min(max(round(2 * total / (least + most)), few, 1), many, len(units))
    mean = total / count
    return search_city(units, count, min(most / mean - 1.0, 1.0 - least / mean, 1.0), rng, stop, tell)


def _halved(units: Units, count: int, rng: Dice) -> list[int]:
    """Divide the ground in two parts of fitting loads, and those again, until each part is one district."""
    district = [0] * len(units)
    places = np.asarray(units.places, dtype=float)
    waiting: list[tuple[list[int], int, int]] = [(list(range(len(units))), count, 0)]
    while waiting:
        members, number, first = waiting.pop()
        if number == 1:
            for unit in members:
                district[unit] = first
            continue
        here, there = _cut(units, places, members, number, rng)
        waiting.append((here, number // 2, first))
        waiting.append((there, number - number // 2, first + number // 2))
    return district


def _cut(
    units: Units, places: np.ndarray, members: list[int], number: int, rng: Dice
) -> tuple[list[int], list[int]]:
    """Cut connected ground across in the direction in which the loads come out best."""
    group = np.array(members)
    loads = np.asarray(units.loads)[group]
    wanted = loads.sum() * (number // 2) / number
    turns = _TURNS if number <= 8 else 6
    best: tuple[float, list[int], list[int]] | None = None
    shift = rng.random()
    for turn in range(turns):
        angle = 2 * np.pi * (turn + shift) / turns
        order = np.argsort(places[group] @ np.array([np.cos(angle), np.sin(angle)]), kind="stable")
        sums = np.cumsum(loads[order])
        at = int(np.clip(np.searchsorted(sums, wanted) + 1, 1, len(group) - 1))
        at = at - 1 if at > 1 and abs(sums[at - 2] - wanted) < abs(sums[at - 1] - wanted) else at
        here, there = _connected_sides(units, group[order[:at]].tolist(), group[order[at:]].tolist())
        if len(here) < number // 2 or len(there) < number - number // 2:
            continue
        off = abs(sum(units.loads[unit] for unit in here) - wanted)
        if best is None or off < best[0]:
            best = (off, here, there)
    if best is None:
        return _peeled(units, members, number // 2)
    return best[1], best[2]


def _connected_sides(units: Units, here: list[int], there: list[int]) -> tuple[list[int], list[int]]:
    """Hand what hangs apart on either side to the other, so that both hang together."""
    parts = sorted(pieces(units, here), key=len, reverse=True)
    there = there + [unit for part in parts[1:] for unit in part]
    others = sorted(pieces(units, there), key=len, reverse=True)
    return parts[0] + [unit for part in others[1:] for unit in part], others[0]


def _peeled(units: Units, members: list[int], count: int) -> tuple[list[int], list[int]]:
    """Take single units off that leave the rest connected: the way that is always left."""
    rest, taken = list(members), [members[0]]
    rest.remove(members[0])
    while len(taken) < count or len(pieces(units, rest)) > 1:
        parts = sorted(pieces(units, rest), key=len)
        near = {other for unit in taken for other in units.borders[unit]}
        unit = next(one for part in parts for one in part if one in near)
        rest.remove(unit)
        taken.append(unit)
    return taken, rest


class _City:
    """Districts while they are being evened out: members, loads, and who touches whom."""

    def __init__(self, units: Units, district: list[int], aim: Aim) -> None:
        self.units = units
        self.near = [tuple(borders) for borders in units.borders]
        self.loads = units.loads
        self.aim = aim
        self.district = district
        self.members: list[set[int]] = [set() for _ in range(aim.count)]
        self.load = [0.0] * aim.count
        for unit, number in enumerate(district):
            self.members[number].add(unit)
            self.load[number] += units.loads[unit]

    def worst(self) -> float:
        """Return the largest deviation from the mean."""
        return max(abs(load / self.aim.mean - 1.0) for load in self.load)

    def neighbours(self, number: int) -> set[int]:
        """Return the districts that touch a district."""
        found = {self.district[other] for unit in self.members[number] for other in self.near[unit]}
        return found - {number}

    def even_out(self, stop: Stop) -> None:
        """Move or exchange units between neighbours as long as the two come closer to each other."""
        waiting = [(-abs(load - self.aim.mean), number) for number, load in enumerate(self.load)]
        heapq.heapify(waiting)
        queued = set(range(self.aim.count))
        turn = 0
        while waiting:
            turn += 1
            if turn % 64 == 0 and (stop() or self.worst() <= self.aim.most / self.aim.mean - 1.0):
                return
            _, number = heapq.heappop(waiting)
            queued.discard(number)
            around = sorted(self.neighbours(number), key=lambda one: -abs(self.load[one] - self.load[number]))
            for other in around:
                if self._evened(number, other):
                    for one in {number, other} - queued:
                        queued.add(one)
                        heapq.heappush(waiting, (-abs(self.load[one] - self.aim.mean), one))

    def _evened(self, one: int, other: int) -> bool:
        """Bring two neighbours closer by the best move of a unit, or exchange of two, that tears neither."""
        if self.load[one] < self.load[other]:
            one, other = other, one
        gap = self.load[one] - self.load[other]
        if gap < 2e-3 * self.aim.mean:
            return False
        giving = self._border(one, other)
        taking: list[int | None] = [None, *self._border(other, one)]
        ways = []
        for unit in giving:
            for back in taking:
                moved = self.loads[unit] - (self.loads[back] if back is not None else 0.0)
                left = abs(gap - 2 * moved)
                if left < gap - 1e-9 * self.aim.mean:
                    ways.append((left, unit, -1 if back is None else back))
        for _, unit, back in heapq.nsmallest(12, ways):
            gone, come = {unit}, {back} - {-1}
            mine, theirs = (self.members[one] - gone) | come, (self.members[other] - come) | gone
            if mine and theirs and self._whole(mine) and self._whole(theirs):
                self._give(one, mine)
                self._give(other, theirs)
                return True
        return False

    def _border(self, one: int, other: int) -> list[int]:
        district = self.district
        return [
            unit for unit in self.members[one] if any(district[near] == other for near in self.near[unit])
        ]

    def _whole(self, members: set[int]) -> bool:
        first = next(iter(members))
        seen, stack = {first}, [first]
        while stack:
            for other in self.near[stack.pop()]:
                if other in members and other not in seen:
                    seen.add(other)
                    stack.append(other)
        return len(seen) == len(members)

    def _give(self, number: int, members: set[int]) -> None:
        self.members[number] = members
        self.load[number] = sum(self.loads[unit] for unit in members)
        for unit in members:
            self.district[unit] = number

    def divide_anew(self, stop: Stop, tell: Tell, rng: Dice) -> None:
        """Divide the worst district with two or three neighbours anew, exactly, until all are in the aim."""
        start = max(self.worst(), 1e-9)
        limit = self.aim.most / self.aim.mean - 1.0
        tried: set[tuple[int, ...]] = set()
        while self.worst() > limit and not stop():
            tell("evening", 1.0 - (self.worst() - limit) / start)
            together = self._next_to_divide(tried, rng)
            if together is None:
                return
            tried.add(together)
            if self._divided(together, stop):
                # What touched them may come out differently now.
                tried = {one for one in tried if not set(one) & set(together)}
                self.even_out(stop)

    def _next_to_divide(self, tried: set[tuple[int, ...]], rng: Dice) -> tuple[int, ...] | None:
        """Return neighbours not tried yet, with one of the worst among them; None if there are none left."""
        limit = self.aim.most / self.aim.mean - 1.0
        bad = [n for n, load in enumerate(self.load) if abs(load / self.aim.mean - 1.0) > limit]
        for number in sorted(bad, key=lambda one: -abs(self.load[one] - self.aim.mean)):
            ways = self._companies(number) - tried
            if ways:
                return min(
                    ways,
                    key=lambda way: (
                        abs(self._mean(way) - self.aim.mean) + 0.02 * rng.random() * self.aim.mean,
                        way,
                    ),
                )
        return None

    def _mean(self, way: Sequence[int]) -> float:
        return sum(self.load[one] for one in way) / len(way)

    def _companies(self, number: int) -> set[tuple[int, ...]]:
        """Return the sets of two to four districts round one whose units are not too many."""
        ways: set[tuple[int, ...]] = set()
        front: set[tuple[int, ...]] = {(number,)}
        for _ in range(3):
            front = {
                tuple(sorted({*way, other}))
                for way in front
                for one in way
                for other in self.neighbours(one)
                if other not in way
            }
            ways |= {way for way in front if sum(len(self.members[one]) for one in way) <= _EXACT}
        return ways

    def _divided(self, together: tuple[int, ...], stop: Stop) -> bool:
        """Divide the ground of some districts anew; return whether the worst of them got better."""
        members = sorted(unit for one in together for unit in self.members[one])
        worst = max(abs(self.load[one] / self.aim.mean - 1.0) for one in together)
        part = _part(self.units, members)
        aim = replace(self.aim, count=len(together)).narrowed(worst * 0.999)
        found = best_within(
            part, aim, Rules(), stop, limit=200_000, good_enough=self.aim.most / self.aim.mean - 1.0
        )
        if found.plan is None:
            return False
        for number, one in enumerate(together):
            self._give(one, {unit for at, unit in enumerate(members) if found.plan[at] == number})
        return True


def _part(units: Units, members: Sequence[int]) -> Units:
    """Return some of the units as units of their own."""
    place = {unit: number for number, unit in enumerate(members)}
    return Units(
        loads=tuple(units.loads[unit] for unit in members),
        households=tuple(units.households[unit] for unit in members),
        areas_m2=tuple(units.areas_m2[unit] for unit in members),
        perimeters_m=tuple(units.perimeters_m[unit] for unit in members),
        borders=tuple(
            {place[other]: length for other, length in units.borders[unit].items() if other in place}
            for unit in members
        ),
        places=tuple(units.places[unit] for unit in members),
        today=(None,) * len(members),
        rooms=(0,) * len(members),
        communities=(None,) * len(members),
    )
