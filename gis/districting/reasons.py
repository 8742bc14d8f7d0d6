"""Why a unit is where a plan puts it: what would be if it were with each of its neighbours instead."""

from dataclasses import dataclass

from gis.districting.model import Aim, Plan, Rules, Units, pieces


@dataclass(frozen=True)
class Instead:
    """One other district that the unit touches, and what would come of moving the unit there.

    `deviation` is the largest of the two districts concerned, as share of the mean; `moved` the change in
    households that change district. `against` are stable words: `tears` (the rest hangs apart), `empties`,
    `tolerance`, and the names of rules that would be broken; none: it would be allowed, only `worse` in
    balance or `more_moved`, or `equal`.
    """

    district: int
    deviation: float
    moved: float
    against: tuple[str, ...]


@dataclass(frozen=True)
class Reason:
    """Where a unit is and was, whether it is locked there, and why not elsewhere; today's comes first."""

    unit: int
    district: int
    today: int | None
    locked: bool
    instead: tuple[Instead, ...]


def reason(unit: int, plan: Plan, units: Units, aim: Aim, rules: Rules) -> Reason:
    """Say why a unit is in its district under a plan that obeys the aim and the rules."""
    own, today = plan[unit], units.today[unit]
    around = {plan[other] for other in units.borders[unit]} - {own}
    order = sorted(around, key=lambda district: (district != today, district))
    return Reason(
        unit=unit,
        district=own,
        today=today,
        locked=unit in rules.locked,
        instead=tuple(_instead(unit, district, plan, units, aim, rules) for district in order),
    )


def _instead(unit: int, district: int, plan: Plan, units: Units, aim: Aim, rules: Rules) -> Instead:
    left = [one for one in range(len(plan)) if plan[one] == plan[unit] and one != unit]
    joined = [one for one in range(len(plan)) if plan[one] == district] + [unit]
    loads = [sum(units.loads[one] for one in part) for part in (left, joined)]
    deviation = max(abs(load / aim.mean - 1.0) for load in loads)
    against: list[str] = []
    if not left:
        against.append("empties")
    elif len(pieces(units, left)) > 1:
        against.append("tears")
    if any(not aim.least <= load <= aim.most for load in loads):
        against.append("tolerance")
    against += [name for name in rules.named() if _breaks(name, unit, left, joined, units, rules)]
    own, today = plan[unit], units.today[unit]
    moved = 0.0 if today is None else units.households[unit] * ((district != today) - (own != today))
    if not against:
        before = [
            sum(units.loads[one] for one in range(len(plan)) if plan[one] == d) for d in (own, district)
        ]
        if moved > 0:
            against.append("more_moved")
        elif deviation > max(abs(load / aim.mean - 1.0) for load in before):
            against.append("worse")
        else:
            against.append("equal")
    return Instead(district, deviation, moved, tuple(against))


def _breaks(name: str, unit: int, left: list[int], joined: list[int], units: Units, rules: Rules) -> bool:
    """Say whether moving the unit breaks a rule."""
    if name == "locked":
        return unit in rules.locked
    if name == "together":
        return any(unit in one and any(other in one for other in left) for one in rules.together)
    if name == "apart":
        return any(one <= set(joined) for one in rules.apart)
    if name == "whole_communities":
        community = units.communities[unit]
        return community is not None and any(units.communities[other] == community for other in left)
    return any(_outside(name, part, units, rules) for part in (left, joined))


def _outside(name: str, part: list[int], units: Units, rules: Rules) -> bool:
    """Say whether a district would break a rule that concerns it alone."""
    if name == "one_room":
        return sum(units.rooms[one] for one in part) != 1
    if name == "min_compactness":
        inside = set(part)
        inner = sum(length for one in part for other, length in units.borders[one].items() if other in inside)
        around = sum(units.perimeters_m[one] for one in part) - inner
        area = sum(units.areas_m2[one] for one in part)
        return 4 * 3.141592653589793 * area < rules.min_compactness * around**2
    figure = {"units": float(len(part)), "households": 0.0, "area_m2": 0.0}
    figure["households"] = sum(units.households[one] for one in part)
    figure["area_m2"] = sum(units.areas_m2[one] for one in part)
    least, most = getattr(rules, name)
    return not least - 1e-9 <= figure[name] <= most + 1e-9
