"""Every connected group of units inside a range of loads, as bits, found level by level with numpy.

A group grows from its first unit in sweep order; at each step the units next to it are taken one by one, and
those passed over are shut out for what follows, so each group comes up exactly once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.districting.model import Rules, Stop, Units

Words = NDArray[np.uint64]
"""Sets of units as bits, one row a set, 64 units a column."""
_BATCH = 1 << 15
_ONE = np.uint64(1)


class TooManyGroups(Exception):
    """There are more groups than the limit: the map is too large, or the range too wide, to be enumerated."""


class Stopped(Exception):
    """The search was told to stop before it had an answer."""


@dataclass(frozen=True)
class Groups:
    """Connected groups: their units as bits in sweep order, their loads, their first unit and their size."""

    words: Words
    loads: NDArray[np.float64]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        """Return how many groups there are."""
        return len(self.loads)

    def taken(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Groups":
        """Return some of the groups, by mask or by position."""
        return Groups(self.words[which], self.loads[which], self.first[which])


@dataclass(frozen=True)
class Sweep:
    """The units in an order that crosses the ground; `order[k]` is the unit at place k of the sweep."""

    order: NDArray[np.int64]
    near: Words

    @property
    def columns(self) -> int:
        """Return how many words of 64 units a set needs."""
        return int(self.near.shape[1])

    def bits(self, members: Sequence[int] | frozenset[int]) -> Words:
        """Return a set of units as one row of words."""
        place = np.empty(len(self.order), dtype=np.int64)
        place[self.order] = np.arange(len(self.order))
        return bits_at(place[list(members)].tolist(), self.columns)

    def members(self, words: Words) -> list[int]:
        """Return the units of one row of words, ascending."""
        flags = membership(words.reshape(1, -1), len(self.order))[0]
        return sorted(int(unit) for unit in self.order[np.flatnonzero(flags)])


def bits_at(places: Sequence[int], columns: int) -> Words:
    """Return one row of words with the bits at some places set."""
    row = np.zeros(columns, dtype=np.uint64)
    for place in places:
        row[place >> 6] |= _ONE << np.uint64(place & 63)
    return row


def membership(words: Words, units: int) -> NDArray[np.uint8]:
    """Return the sets as rows of 0 and 1, in sweep order."""
    return np.unpackbits(words.view(np.uint8), axis=1, bitorder="little", count=units)


def sweep(units: Units) -> Sweep:
    """Return the order of units, out of several directions, that keeps the front across the ground short."""
    places = np.asarray(units.places, dtype=float).reshape(len(units), 2)
    best: tuple[float, NDArray[np.int64]] | None = None
    for angle in np.linspace(0.0, np.pi, 12, endpoint=False):
        along = places @ np.array([np.cos(angle), np.sin(angle)])
        order = np.argsort(along, kind="stable")
        front = _front(units, order)
        if best is None or front < best[0]:
            best = (front, order)
    order = best[1] if best else np.arange(0)
    columns = max(1, -(-len(units) // 64))
    place = np.empty(len(units), dtype=np.int64)
    place[order] = np.arange(len(units))
    near = [bits_at([int(place[other]) for other in units.borders[unit]], columns) for unit in order]
    return Sweep(order, np.array(near, dtype=np.uint64).reshape(len(units), columns))


def _front(units: Units, order: NDArray[np.int64]) -> float:
    """Return the sum of squares of the front's lengths, in units, over the sweep."""
    place = {int(unit): number for number, unit in enumerate(order)}
    change = np.zeros(len(order) + 1)
    for unit, others in enumerate(units.borders):
        last = max((place[other] for other in others), default=place[unit])
        if last > place[unit]:
            change[place[unit]] += 1
            change[last] -= 1
    return float((np.cumsum(change) ** 2).sum())


@dataclass(frozen=True)
class Limits:
    """What a group may be while it grows: most load, and which units it may not hold together.

    `apart[k]` are the units that can't be with the unit at place k of the sweep.
    """

    least: float
    most: float
    apart: Words


def limits(units: Units, order: Sweep, rules: Rules, least: float, most: float) -> Limits:
    """Return the limits that follow from the rules; those that only judge a finished group are not here."""
    count = len(units)
    apart: list[set[int]] = [set() for _ in range(count)]
    for pair in rules.apart:
        for unit in pair:
            apart[unit] |= pair - {unit}
    for unit in rules.locked:
        apart[unit] |= {other for other in rules.locked if units.today[other] != units.today[unit]}
    if rules.one_room:
        with_room = {unit for unit in range(count) if units.rooms[unit]}
        for unit in with_room:
            apart[unit] |= with_room - {unit}
    rows = [order.bits(sorted(apart[int(unit)])) for unit in order.order]
    return Limits(least, most, np.array(rows, dtype=np.uint64).reshape(count, order.columns))


@dataclass(frozen=True)
class _Growing:
    """Groups that may still grow: their bits, what is shut out, what is next to them, and their loads."""

    inside: Words
    shut: Words
    near: Words
    loads: NDArray[np.float64]
    first: NDArray[np.int64]

    def taken(self, which: NDArray[np.bool_] | slice) -> "_Growing":
        return _Growing(
            self.inside[which], self.shut[which], self.near[which], self.loads[which], self.first[which]
        )


def connected_groups(units: Units, order: Sweep, bound: Limits, limit: int, stop: Stop) -> Groups:
    """Return every connected group whose load lies in the limits.

    Raises TooManyGroups above `limit` groups, Stopped when told to stop.
    """
    weights = np.asarray(units.loads, dtype=float)[order.order]
    lightest = float(weights.min(initial=np.inf))
    found: list[_Growing] = []
    number = 0
    stack = [_seeds(order, weights, bound)]
    while stack:
        if stop():
            raise Stopped
        batch = stack.pop()
        if len(batch.loads) > _BATCH:
            stack.append(batch.taken(slice(_BATCH, None)))
            batch = batch.taken(slice(0, _BATCH))
        whole = batch.loads >= bound.least
        found.append(batch.taken(whole))
        number += int(whole.sum())
        if number > limit:
            raise TooManyGroups
        batch = batch.taken(batch.loads + lightest <= bound.most)
        if len(batch.loads):
            stack.append(_grown(batch, order, weights, bound))
    return Groups(
        np.concatenate([part.inside for part in found]),
        np.concatenate([part.loads for part in found]),
        np.concatenate([part.first for part in found]),
    )


def _seeds(order: Sweep, weights: NDArray[np.float64], bound: Limits) -> _Growing:
    count = len(weights)
    alone = np.array([bits_at([k], order.columns) for k in range(count)], dtype=np.uint64)
    before = np.array([bits_at(range(k + 1), order.columns) for k in range(count)], dtype=np.uint64)
    seeds = _Growing(
        alone.reshape(count, order.columns),
        before.reshape(count, order.columns) | bound.apart,
        order.near,
        weights,
        np.arange(count),
    )
    return seeds.taken(weights <= bound.most)


def _grown(batch: _Growing, order: Sweep, weights: NDArray[np.float64], bound: Limits) -> _Growing:
    """Return the groups with one unit more."""
    shut = batch.shut.copy()
    front = batch.near & ~shut
    rows = np.flatnonzero(front.any(axis=1))
    parts: list[_Growing] = []
    while len(rows):
        unit = lowest(front[rows])
        column, bit = unit >> 6, _ONE << (unit & 63).astype(np.uint64)
        loads = batch.loads[rows] + weights[unit]
        shut[rows, column] |= bit
        front[rows, column] ^= bit
        fits = loads <= bound.most
        chosen, taken = rows[fits], unit[fits]
        inside = batch.inside[chosen]
        inside[np.arange(len(chosen)), column[fits]] |= bit[fits]
        parts.append(
            _Growing(
                inside,
                shut[chosen] | bound.apart[taken],
                batch.near[chosen] | order.near[taken],
                loads[fits],
                batch.first[chosen],
            )
        )
        rows = rows[front[rows].any(axis=1)]
    if not parts:
        return batch.taken(slice(0, 0))
    return _Growing(
        np.concatenate([part.inside for part in parts]),
        np.concatenate([part.shut for part in parts]),
        np.concatenate([part.near for part in parts]),
        np.concatenate([part.loads for part in parts]),
        np.concatenate([part.first for part in parts]),
    )


def first_open(words: Words) -> NDArray[np.int64]:
    """Return the lowest place that is not in each set; 64 x columns if all are."""
    free = ~words
    places = lowest(free)
    places[~free.any(axis=1)] = words.shape[1] * 64
    return places


def lowest(words: Words) -> NDArray[np.int64]:
    """Return the place of the lowest bit of each row; each row has one."""
    column = np.argmax(words != 0, axis=1)
    word = words[np.arange(len(words)), column]
    low = np.bitwise_count((word & (~word + _ONE)) - _ONE)
    places: NDArray[np.int64] = (column << 6) + low.astype(np.int64)
    return places
