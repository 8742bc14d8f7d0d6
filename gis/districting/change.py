"""The plan in which the fewest households change district, with a bound that proves how few can.

Every group that obeys the rules is a column of a set partition; columns are priced by the duals of the linear
relaxation until none is missing (Dantzig and Wolfe), then only columns whose reduced cost fits between the
bound and the best plan can matter. Few are left, and covering the ground with these, each number of today
used once and the reduced costs as the budget, is quickly done to the end.
"""

from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from gis.districting.atoms import atoms
from gis.districting.candidates import Candidates, candidates
from gis.districting.cover import best_cover
from gis.districting.groups import Groups, Stopped, TooManyGroups, membership
from gis.districting.model import Aim, Plan, Rules, Stop, Tell, Units, nobody

_LIMIT = 1_500_000
_CHUNK = 1 << 15
_PER_LABEL = 60
_ROUNDS = 200
_FAR = 1e7
_WIDTHS = (2_000, 50_000, 600_000)
_MOST_COLUMNS = 300_000
_FIRST_BUDGET, _WIDER = 0.01, 1.4
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Changed:
    """A plan whose districts carry today's numbers, households that change, and the least that is possible.

    New districts beyond today's have the next free numbers. `plan` is None if there is none, or none was
    found. `proven` says that no plan moves fewer (or that there is no plan).
    """

    plan: Plan | None
    moved: float
    bound: float
    proven: bool


def least_change(
    units: Units,
    count: int,
    tolerance: float,
    rules: Rules,
    stop: Stop,
    tell: Tell = nobody,
    limit: int = _LIMIT,
) -> Changed:
    """Return the plan inside the tolerance that moves the fewest households from their district of today.

    Any district of today may lie anywhere in the new plan: nothing is fixed but what the rules say. Told to
    stop, or where there are too many groups, the answer is not proven. Raises ShapeError `bad_aim`.
    """
    aim = Aim.within(units, count, tolerance)
    tell("enumerating", 0.0)
    try:
        found = candidates(atoms(units, rules), aim, limit, stop)
        groups = found.shaped(found.groups)
        if not len(groups):
            return Changed(None, np.inf, np.inf, True)
        partition = _Partition(found, groups, units, rules, aim)
        with suppress(Stopped):
            partition.solve(stop, tell)
        return partition.answer
    except (Stopped, TooManyGroups):
        return Changed(None, np.inf, 0.0, False)


class _Partition:
    """Groups as columns, each with the labels (districts of today, then new ones) that it could carry."""

    def __init__(self, found: Candidates, groups: Groups, units: Units, rules: Rules, aim: Aim) -> None:
        self.found = found
        self.groups = groups
        self.aim = aim
        self.answer = Changed(None, np.inf, 0.0, False)
        count = aim.count
        today = units.districts_today()
        self.labels = len(today)
        self.fresh = max(0, count - self.labels)
        self.names = [*today, *range(max(today, default=-1) + 1, max(today, default=-1) + 1 + self.fresh)]
        column = {district: number for number, district in enumerate(today)}
        width = self.labels + (1 if self.fresh else 0)
        at_home = np.zeros((len(found.weights), width))
        locked = np.zeros((len(found.weights), width))
        for place, atom in enumerate(found.order.order.tolist()):
            for unit in found.atoms.members[atom]:
                district = units.today[unit]
                if district is not None:
                    at_home[place, column[district]] += units.households[unit]
                    locked[place, column[district]] += unit in rules.locked
        self.inside = _sparse(groups, len(found.weights))
        kept = self.inside @ at_home
        self.costs: Rows = kept.sum(axis=1)[:, None] - kept
        bound_to = self.inside @ locked
        # What holds a locked unit carries the number that the unit has today, and no other.
        self.costs[(bound_to.sum(axis=1)[:, None] - bound_to) > 0] = np.inf
        self.everybody = float(at_home.sum())
        self.room = np.array([1.0] * self.labels + ([float(self.fresh)] if self.fresh else []))
        self.chosen: dict[tuple[int, int], None] = {}

    def solve(self, stop: Stop, tell: Tell) -> None:
        """Find the answer, or as much of it as there is until told to stop."""
        bound, prices = self._priced_out(stop, tell)
        if bound == np.inf:
            self.answer = Changed(None, np.inf, np.inf, True)
            return
        self.answer = Changed(None, np.inf, bound, False)
        reduced = self._reduced(*prices)
        # A number of today that is not used costs what the relaxation would pay for it.
        unused = -prices[1][: self.labels]
        budget = max(1.0, _FIRST_BUDGET * self.everybody)
        while not self.answer.proven:
            tell("proving", 0.8 + 0.2 * min(1.0, budget / max(1.0, self.everybody)))
            if not self._covered(reduced, bound, budget, unused, stop):
                return
            done = self.answer.moved <= bound + budget + 1.0 or bound + budget > self.everybody
            low = self.answer.moved if done else bound + budget
            self.answer = Changed(self.answer.plan, self.answer.moved, low, done)
            budget *= _WIDER

    def _covered(self, reduced: Rows, bound: float, budget: float, unused: Rows, stop: Stop) -> bool:
        """Cover the ground with the columns inside a budget; return whether all ways were looked at."""
        for width in _WIDTHS:
            # What can't save a household against the best plan needs no look.
            within = min(budget, self.answer.moved - bound - 1.0) + 1e-6
            rows, labels = np.nonzero(reduced <= within)
            if len(rows) > _MOST_COLUMNS:
                return False
            costs = np.maximum(reduced[rows, labels], 0.0)
            columns = self._named(rows, labels)
            cover = best_cover(columns, costs, self.found.weights, self.aim, width, stop, within, unused)
            if cover.groups:
                taken = np.column_stack([rows, labels])[list(cover.groups)]
                moved = float(self.costs[taken[:, 0], taken[:, 1]].sum())
                if moved < self.answer.moved:
                    self.answer = Changed(self._plan(taken), moved, self.answer.bound, False)
            if cover.proven:
                return True
        return False

    def _named(self, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> Groups:
        """Return groups with the bit of their number of today set, behind the bits of the units."""
        units = len(self.found.weights)
        words = self.groups.words[rows]
        missing = -(-(units + self.labels) // 64) - words.shape[1]
        words = np.hstack([words, np.zeros((len(rows), max(0, missing)), dtype=np.uint64)])
        old = np.flatnonzero(labels < self.labels)
        place = units + labels[old]
        words[old, place >> 6] |= np.uint64(1) << (place & 63).astype(np.uint64)
        return Groups(words, self.groups.loads[rows], self.groups.first[rows])

    def _priced_out(self, stop: Stop, tell: Tell) -> tuple[float, tuple[Rows, Rows, float]]:
        """Add columns until the relaxation misses none; return its value and the prices.

        The value is inf if even fractions of groups can't cover the ground.
        """
        for label in range(self.costs.shape[1]):
            home = _least(self.costs[:, label], 2 * _PER_LABEL)
            self.chosen.update(
                ((int(row), label), None) for row in home if np.isfinite(self.costs[row, label])
            )
        for turn in range(_ROUNDS):
            if stop():
                raise Stopped
            value, prices, short = self._relaxed()
            reduced = self._reduced(*prices)
            fresh = self._missing(reduced)
            tell("pricing", min(0.75, turn / 40))
            if not fresh:
                return (np.inf if short > 1e-6 else value), prices
            self.chosen.update(fresh)
        raise Stopped

    def _missing(self, reduced: Rows) -> dict[tuple[int, int], None]:
        fresh: dict[tuple[int, int], None] = {}
        for label in range(reduced.shape[1]):
            column = reduced[:, label]
            best = _least(column, _PER_LABEL)
            fresh.update(((int(row), label), None) for row in best[column[best] < -1e-6])
        return fresh

    def _reduced(self, units: Rows, labels: Rows, number: float) -> Rows:
        """Return the reduced cost of every group with every label."""
        reduced: Rows = self.costs - (self.inside @ units)[:, None] - labels[None, :] - number
        return reduced

    def _relaxed(self) -> tuple[float, tuple[Rows, Rows, float], float]:
        """Solve the relaxation over the chosen columns; return value, prices, and what stays uncovered."""
        pairs = np.array(list(self.chosen), dtype=np.int64).reshape(-1, 2)
        cost, equal, labels = self._matrices(pairs)
        size = len(self.found.weights)
        # What no column covers yet, and districts too few or too many, at a price that nobody would pay.
        gaps = csr_array(np.hstack([np.eye(size + 1), -np.eye(size + 1)[:, -1:]]))
        answer = linprog(
            np.concatenate([cost, np.full(size + 2, _FAR)]),
            A_ub=_beside(labels, csr_array((len(self.room), size + 2))),
            b_ub=self.room,
            A_eq=_beside(equal, gaps),
            b_eq=np.append(np.ones(size), self.aim.count),
            method="highs",
        )
        equal_prices = np.asarray(answer.eqlin.marginals)
        short = float(answer.x[len(pairs) :].sum())
        return (
            float(answer.fun),
            (equal_prices[:-1], np.asarray(answer.ineqlin.marginals), equal_prices[-1]),
            short,
        )

    def _matrices(self, pairs: NDArray[np.int64]) -> tuple[Rows, csr_array, csr_array]:
        cost = self.costs[pairs[:, 0], pairs[:, 1]]
        number = np.arange(len(pairs))
        cover = self.inside[pairs[:, 0]].T
        ones = np.ones(len(pairs))
        counted = csr_array(ones.reshape(1, -1))
        labels = csr_array((ones, (pairs[:, 1], number)), shape=(len(self.room), len(pairs)))
        return cost, csr_array(vstack([cover, counted])), labels

    def _plan(self, taken: NDArray[np.int64]) -> Plan:
        """Return the plan with today's numbers; further districts get new ones, then those left over."""
        drawn = self.found.plan(self.groups, tuple(taken[:, 0].tolist()))
        labels = taken[:, 1].tolist()
        left = (name for label, name in enumerate(self.names[: self.labels]) if label not in labels)
        free = chain(self.names[self.labels :], left)
        name = [self.names[label] if label < self.labels else next(free) for label in labels]
        return tuple(name[district] for district in drawn)


def _least(column: Rows, count: int) -> NDArray[np.int64]:
    """Return the positions of the smallest figures, in no order."""
    return np.argpartition(column, count)[:count] if count < len(column) else np.arange(len(column))


def _sparse(groups: Groups, units: int) -> csr_array:
    parts = [
        csr_array(membership(groups.words[at : at + _CHUNK], units).astype(np.float64))
        for at in range(0, len(groups), _CHUNK)
    ]
    return csr_array(vstack(parts))


def _beside(one: csr_array, other: csr_array) -> csr_array:
    return csr_array(vstack([one.T, other.T]).T)
