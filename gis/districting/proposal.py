"""A proposal: never one plan, always a front of them, from today to the best balance that the rules allow."""

from collections.abc import Sequence
from dataclasses import dataclass

from gis.districting.balance import best_balance
from gis.districting.blame import Blame, blame, too_heavy
from gis.districting.change import least_change
from gis.districting.front import Band, Counts, Figures, band, figures, renumbered
from gis.districting.model import Aim, Plan, Rules, Stop, Tell, Units, nobody

MOST_UNITS = 110
"""Units up to which answers are proven; more are a city's, see `search_city`."""


@dataclass(frozen=True)
class Option:
    """One plan of the front; `which` is today, least_change, between or best_balance.

    `proven` says that no plan inside `tolerance` moves fewer households (least_change, between) or is better
    balanced (best_balance); `bound` is the proven limit in the same unit, households or share of the mean.
    """

    which: str
    plan: Plan
    figures: Figures
    band: Band
    tolerance: float | None
    proven: bool
    bound: float | None


@dataclass(frozen=True)
class Proposal:
    """The front, units too heavy to balance, why there is no plan; `complete`: nothing was cut short."""

    options: tuple[Option, ...]
    heavy: tuple[int, ...]
    blame: Blame | None
    complete: bool


def propose(
    units: Units,
    count: int,
    tolerance: float,
    rules: Rules,
    counts: Sequence[float],
    share: float,
    rng: Counts,
    stop: Stop,
    tell: Tell = nobody,
) -> Proposal:
    """Return the front for one station: today, the fewest households moved, one between, the best balance.

    `counts` are the events behind `share` of the load (for the bands). The tolerance comes first: the plan
    between is the one that moves fewest at half of it. Told to stop, what was found so far is returned, and
    not `complete`. Raises ShapeError `bad_aim`.
    """
    Aim.within(units, count, tolerance)
    options: list[Option] = []

    def add(which: str, plan: Plan | None, allowed: float | None, proven: bool, bound: float | None) -> None:
        if plan is not None and (which == "today" or all(plan != one.plan for one in options[1:])):
            chance = band(plan, units, counts, share, rng)
            options.append(Option(which, plan, figures(plan, units), chance, allowed, proven, bound))

    now = tuple(district for district in units.today if district is not None)
    if len(now) == len(units):
        add("today", now, None, True, None)
    tell("best_balance", 0.05)
    best = best_balance(units, count, tolerance, rules, stop)
    heavy = too_heavy(units, count, tolerance)
    if best.plan is None and best.proven:
        tell("blame", 0.5)
        return Proposal(tuple(options), heavy, blame(units, count, tolerance, rules, stop), not stop())
    tell("least_change", 0.3)
    few = least_change(units, count, tolerance, rules, stop)
    add("least_change", few.plan, tolerance, few.proven, few.bound)
    complete = best.proven and few.proven
    half = tolerance / 2
    if best.plan is not None and best.deviation <= half:
        tell("between", 0.6)
        some = least_change(units, count, half, rules, stop)
        add("between", some.plan, half, some.proven, some.bound)
        complete &= some.proven
    if best.plan is not None:
        add("best_balance", renumbered(best.plan, units, rules.locked), tolerance, best.proven, best.bound)
    return Proposal(tuple(options), heavy, None, complete and not stop())
