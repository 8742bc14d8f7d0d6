"""Why there is no plan: units too heavy to balance first, then the rule without which there is one."""

from dataclasses import dataclass, replace

from gis.districting.balance import best_balance
from gis.districting.model import RULES, Aim, Rules, Stop, Units, pieces

_WIDER = (1.5, 2.0)


@dataclass(frozen=True)
class Blame:
    """Why no plan exists.

    `heavy` are units that alone weigh more than a district may; `pieces` is the number of separate pieces of
    ground if there are more of them than districts; `rooms` the number of police rooms if each district
    should have one and there are not as many. `rules` are the rules of which each one alone, dropped, leaves
    a plan; `tolerance` is the least wider tolerance tried that leaves one. All empty: no one change is
    enough, or the search was stopped (`complete` is False).
    """

    heavy: tuple[int, ...]
    pieces: int | None
    rooms: int | None
    rules: tuple[str, ...]
    tolerance: float | None
    complete: bool


def too_heavy(units: Units, count: int, tolerance: float) -> tuple[int, ...]:
    """Return the units that alone weigh more than a district may, heaviest first."""
    most = Aim.within(units, count, tolerance).most
    heavy = [unit for unit in range(len(units)) if units.loads[unit] > most]
    return tuple(sorted(heavy, key=lambda unit: (-units.loads[unit], unit)))


def blame(units: Units, count: int, tolerance: float, rules: Rules, stop: Stop) -> Blame:
    """Say why there is no plan inside the tolerance that obeys the rules; there must be none.

    Each rule is dropped alone and the search repeated; so is the tolerance widened, with all rules kept.
    Raises ShapeError `bad_aim`.
    """
    heavy = too_heavy(units, count, tolerance)
    torn = len(pieces(units, range(len(units))))
    rooms = sum(units.rooms)
    guilty: list[str] = []
    complete = True
    for name in RULES:
        if name not in rules.named() or heavy:
            continue
        found = best_balance(units, count, tolerance, replace(rules, **{name: getattr(Rules(), name)}), stop)
        guilty += [name] if found.plan is not None else []
        complete &= found.plan is not None or found.proven
    wider = None
    for factor in _WIDER:
        if tolerance * factor > 1.0 or wider is not None or heavy:
            break
        found = best_balance(units, count, tolerance * factor, rules, stop)
        wider = found.deviation if found.plan is not None else None
        complete &= found.plan is not None or found.proven
    return Blame(
        heavy=heavy,
        pieces=torn if torn > count else None,
        rooms=rooms if rules.one_room and rooms != count else None,
        rules=tuple(guilty),
        tolerance=wider,
        complete=complete,
    )
