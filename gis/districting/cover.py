"""Cover the ground exactly once with groups, so that the worst of them, or their sum, is best, with proof.

The first open unit of the sweep must be taken by a group that begins there. So partial covers differ only in
what is covered and how many groups were used; of those that are equal only the best is carried on, and a
dead end is met once. When all of them were carried on to the end, the answer is proven.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.districting.groups import Groups, Stopped, Words, first_open
from gis.districting.model import Aim, Stop

_PAIRS = 1 << 20

Numbers = NDArray[np.int64]
Costs = NDArray[np.float64]


@dataclass(frozen=True)
class Cover:
    """The best cover found, as positions of groups (empty: none), and whether nothing better can exist."""

    groups: tuple[int, ...]
    proven: bool


@dataclass(frozen=True)
class _Open:
    """Partial covers: what is covered, its load, groups used, their cost, the state before, last group."""

    covered: Words
    loads: Costs
    used: Numbers
    cost: Costs
    parent: Numbers
    choice: Numbers

    def taken(self, which: NDArray[np.bool_] | Numbers | slice) -> "_Open":
        return _Open(
            self.covered[which],
            self.loads[which],
            self.used[which],
            self.cost[which],
            self.parent[which],
            self.choice[which],
        )


def _joined(parts: list[_Open]) -> _Open:
    return _Open(
        np.concatenate([part.covered for part in parts]),
        np.concatenate([part.loads for part in parts]),
        np.concatenate([part.used for part in parts]),
        np.concatenate([part.cost for part in parts]),
        np.concatenate([part.parent for part in parts]),
        np.concatenate([part.choice for part in parts]),
    )


def best_cover(
    groups: Groups,
    costs: Costs,
    weights: Costs,
    aim: Aim,
    width: int,
    stop: Stop,
    budget: float | None = None,
    unused: Costs | None = None,
) -> Cover:
    """Return `aim.count` groups that cover all units once, with the least possible highest cost.

    With a `budget`, with the least sum of costs instead, and that not above the budget. `weights` are the
    units' loads in sweep order; every group's load lies within the aim. Bits of the groups beyond the units
    are names that a cover may use once; `unused` is what each name costs that it does not use. At most
    `width` partial covers are carried on at each place of the sweep; if that was enough for all of them, the
    answer is proven. Raises Stopped.
    """
    return _Search(groups, costs, weights, aim, budget, unused).run(width, stop)


class _Search:
    """One pass over the sweep."""

    def __init__(
        self,
        groups: Groups,
        costs: Costs,
        weights: Costs,
        aim: Aim,
        budget: float | None,
        unused: Costs | None,
    ) -> None:
        self.budget = budget
        self.unused = np.zeros(0) if unused is None else unused
        self.groups = groups
        self.costs = costs
        self.units = units = len(weights)
        self.total = total = float(weights.sum())
        self.aim = aim
        self.slack = 1e-9 * total
        order = np.argsort(groups.first, kind="stable")
        starts = np.searchsorted(groups.first[order], np.arange(units + 1))
        self.beginning = [order[starts[k] : starts[k + 1]] for k in range(units)]
        self.waiting: list[list[_Open]] = [[] for _ in range(units + 1)]
        self.parents: list[Numbers] = []
        self.choices: list[Numbers] = []
        self.states = 0
        self.complete = True

    def run(self, width: int, stop: Stop) -> Cover:
        none = np.full(1, -1, dtype=np.int64)
        start = np.zeros((1, self.groups.words.shape[1]), dtype=np.uint64)
        self.waiting[0].append(_Open(start, np.zeros(1), none + 1, np.zeros(1), none, none))
        for place in range(self.units):
            if not self.waiting[place]:
                continue
            if stop():
                raise Stopped
            states = self._distinct(_joined(self.waiting[place]), place)
            self.waiting[place] = []
            if len(states.used) > width:
                self.complete = False
                keep = np.argpartition(states.cost, width)[:width]
                states = states.taken(np.sort(keep))
            self._go_on(states, place, stop)
        ends = self.waiting[self.units]
        if not ends:
            return Cover((), self.complete)
        done = _joined(ends)
        names = self.units + np.arange(len(self.unused))
        free = (done.covered[:, names >> 6] >> (names & 63).astype(np.uint64)) & np.uint64(1) == 0
        best = int(np.argmin(done.cost + free @ self.unused))
        return Cover(self._chosen(int(done.parent[best]), int(done.choice[best])), self.complete)

    def _distinct(self, states: _Open, place: int) -> _Open:
        """Return of those that cover the same with as many groups only the best."""
        states = states.taken(np.argsort(states.cost, kind="stable"))
        keys = [*states.covered[:, place >> 6 :].T, states.used]
        order = np.lexsort(keys)
        new = np.zeros(len(order), dtype=bool)
        new[0] = True
        for key in keys:
            ordered = key[order]
            new[1:] |= ordered[1:] != ordered[:-1]
        return states.taken(order[new])

    def _go_on(self, states: _Open, place: int, stop: Stop) -> None:
        """Carry the partial covers on by one group each."""
        groups = self.beginning[place]
        number = np.arange(self.states, self.states + len(states.used))
        self.parents.append(states.parent)
        self.choices.append(states.choice)
        self.states += len(number)
        step = max(1, _PAIRS // max(1, len(groups)))
        for begin in range(0, len(number), step):
            if stop():
                raise Stopped
            part = slice(begin, begin + step)
            more = self._continued(states.taken(part), number[part], groups)
            if not len(more.used):
                continue
            places = np.minimum(first_open(more.covered), self.units)
            for reached in np.unique(places).tolist():
                self.waiting[reached].append(more.taken(places == reached))

    def _continued(self, states: _Open, number: Numbers, groups: Numbers) -> _Open:
        words = self.groups.words[groups]
        free = np.ones((len(number), len(groups)), dtype=bool)
        for column in np.flatnonzero(words.any(axis=0)):
            free &= (states.covered[:, column, None] & words[None, :, column]) == 0
        row, pick = np.nonzero(free)
        used = states.used[row] + 1
        loads = states.loads[row] + self.groups.loads[groups[pick]]
        left, rest = self.aim.count - used, self.total - loads
        good = (rest >= left * self.aim.least - self.slack) & (rest <= left * self.aim.most + self.slack)
        row, pick = row[good], groups[pick[good]]
        used, loads = used[good], loads[good]
        if self.budget is None:
            cost = np.maximum(states.cost[row], self.costs[pick])
        else:
            cost = states.cost[row] + self.costs[pick]
            fits = cost <= self.budget
            row, pick, used, loads, cost = row[fits], pick[fits], used[fits], loads[fits], cost[fits]
        return _Open(
            states.covered[row] | self.groups.words[pick],
            loads,
            used,
            cost,
            number[row],
            pick,
        )

    def _chosen(self, state: int, last: int) -> tuple[int, ...]:
        """Return the groups that led to a state, and the last one."""
        parents, choices = np.concatenate(self.parents), np.concatenate(self.choices)
        found = [last]
        while state > 0:
            found.append(int(choices[state]))
            state = int(parents[state])
        return tuple(sorted(found))
