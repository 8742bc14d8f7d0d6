"""The best balance that the rules allow, proven: thresholds are closed in on from below and from above."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.districting.atoms import atoms
from gis.districting.candidates import Candidates, candidates
from gis.districting.cover import Cover, best_cover
from gis.districting.groups import Groups, Stopped, TooManyGroups
from gis.districting.model import Aim, Plan, Rules, Stop, Tell, Units, nobody
from gis.districting.pruning import sound_groups

_LIMIT = 2_500_000
_SAME = 1e-12
_NARROW, _WIDE, _ALL = 400, 20_000, 3_000_000
_SOUND = 60_000
"""Groups up to which those that are in no cover are looked for; above, a plan is found without."""


@dataclass(frozen=True)
class Balanced:
    """A plan, its largest deviation from the mean and the least that any plan can have (shares of the mean).

    `plan` is None if there is none within the tolerance. `proven` says that nothing better exists (or that
    nothing exists at all); otherwise the search was stopped, or the map is too large for a proof.
    """

    plan: Plan | None
    deviation: float
    bound: float
    proven: bool


def best_balance(
    units: Units,
    count: int,
    tolerance: float,
    rules: Rules,
    stop: Stop,
    tell: Tell = nobody,
    limit: int = _LIMIT,
) -> Balanced:
    """Return the plan with the least largest deviation among all that obey the rules within the tolerance.

    Told to stop, or above `limit` groups, it returns the best so far, not proven. Raises ShapeError
    `bad_aim`.
    """
    return best_within(units, Aim.within(units, count, tolerance), rules, stop, tell, limit)


def best_within(
    units: Units,
    aim: Aim,
    rules: Rules,
    stop: Stop,
    tell: Tell = nobody,
    limit: int = _LIMIT,
    good_enough: float = -1.0,
) -> Balanced:
    """Return the same for an aim whose mean need not be that of these units.

    A plan that deviates by no more than `good_enough` ends the search, not proven.
    """
    tell("enumerating", 0.0)
    try:
        found = candidates(atoms(units, rules), aim, limit, stop)
    except (Stopped, TooManyGroups):
        return Balanced(None, np.inf, 0.0, False)
    closing = _Closing(found, aim, stop, tell)
    with suppress(Stopped):
        closing.climb()
        if closing.high > good_enough:
            closing.halve()
    return closing.answer()


class _Closing:
    """The thresholds between which the best deviation lies: `low` is proven impossible, `best` was found."""

    def __init__(self, found: Candidates, aim: Aim, stop: Stop, tell: Tell) -> None:
        self.found = found
        self.aim = aim
        self.stop = stop
        self.tell = tell
        deviations = np.abs(found.groups.loads / aim.mean - 1.0)
        order = np.argsort(deviations, kind="stable")
        self.ranked = found.groups.taken(order)
        self.deviations: NDArray[np.float64] = deviations[order]
        self.judged = found.groups.taken(slice(0, 0))
        self.looked = 0
        self.low = -1.0
        self.high = np.inf
        self.plan: Plan | None = None
        self.sound = self.judged

    def climb(self) -> None:
        """Raise the threshold until a plan is found, or every group was allowed."""
        size = 3_000
        while self.plan is None and self.looked < len(self.ranked):
            upto = min(size, len(self.ranked))
            # All of equal deviation come in at once.
            upto = int(np.searchsorted(self.deviations, self.deviations[upto - 1] + _SAME))
            size = max(upto * 8 // 5, upto + 1)
            fresh = self.found.shaped(self.ranked.taken(slice(self.looked, upto)))
            self.judged = _both(self.judged, fresh)
            self.looked = upto
            self.tell("searching", upto / len(self.ranked))
            widths = (_NARROW, _WIDE, _ALL) if upto == len(self.ranked) else (_NARROW, _WIDE)
            self._try(self.judged, float(self.deviations[upto - 1]), widths)
        if not len(self.ranked):
            self.low = np.inf

    def halve(self) -> None:
        """Close in on the best from both sides with narrow searches, then prove that nothing lies between."""
        unsure = self.low
        while self.plan is not None:
            between = self._between(max(unsure, self.low))
            if not len(between):
                break
            self.tell("proving", 1.0 - min(1.0, len(between) / 1_000))
            at = float(between[len(between) // 2])
            if not self._try(self.sound, at, (_NARROW, _WIDE)):
                unsure = at
        between = self._between(self.low)
        if self.plan is not None and len(between):
            self._try(self.sound, float(between[-1]), (_ALL,))

    def _between(self, low: float) -> NDArray[np.float64]:
        """Return the deviations, ascending, above `low` and below the best plan's."""
        deviations = np.unique(self._deviations(self.sound))
        return deviations[(deviations > low + _SAME) & (deviations < self.high - _SAME)]

    def _deviations(self, groups: Groups) -> NDArray[np.float64]:
        deviations: NDArray[np.float64] = np.abs(groups.loads / self.aim.mean - 1.0)
        return deviations

    def _try(self, groups: Groups, threshold: float, widths: tuple[int, ...]) -> bool:
        """Look for a plan up to a threshold; return whether one was found, or proven to be none."""
        groups = groups.taken(self._deviations(groups) <= threshold + _SAME)
        aim = self.aim.narrowed(threshold)
        cover = self._covered(groups, aim, (_NARROW,))
        if not cover.groups and not cover.proven and len(groups) <= _SOUND:
            groups = sound_groups(self.found, groups, aim, self.stop)
            cover = self._covered(groups, aim, widths)
        if cover.groups:
            # What can't be in a plan up to this threshold can't be in one up to a lower threshold.
            self.sound = groups
            self.high = float(self._deviations(groups)[list(cover.groups)].max())
            self.plan = self.found.plan(groups, cover.groups)
            if cover.proven:
                self.low = self.high
        elif cover.proven:
            self.low = max(self.low, threshold)
        return bool(cover.groups) or cover.proven

    def _covered(self, groups: Groups, aim: Aim, widths: tuple[int, ...]) -> Cover:
        """Search wider and wider until there is a cover, or a proof that there is none."""
        cover = Cover((), not len(groups))
        for width in widths if len(groups) else ():
            cover = best_cover(groups, self._deviations(groups), self.found.weights, aim, width, self.stop)
            if cover.groups or cover.proven:
                break
        return cover

    def answer(self) -> Balanced:
        """Return what is known."""
        if self.plan is None:
            proven = self.looked == len(self.ranked) and self.low >= float(self.deviations.max(initial=-1.0))
            return Balanced(None, np.inf, max(0.0, self.low), proven)
        between = self._between(self.low)
        return Balanced(self.plan, self.high, float(between.min(initial=self.high)), not len(between))


def _both(one: Groups, other: Groups) -> Groups:
    return Groups(
        np.concatenate([one.words, other.words]),
        np.concatenate([one.loads, other.loads]),
        np.concatenate([one.first, other.first]),
    )
