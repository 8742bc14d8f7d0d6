"""Units that must share a district become one unit, so that the search has less to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gis.districting.model import Plan, Rules, Units, pieces


@dataclass(frozen=True)
class Atoms:
    """Units of which some were joined, the rules that are left for them, and the members of each."""

    units: Units
    rules: Rules
    members: tuple[tuple[int, ...], ...]

    def unfolded(self, plan: Plan) -> Plan:
        """Return the plan of the units that there were before."""
        district = {unit: plan[atom] for atom, joined in enumerate(self.members) for unit in joined}
        return tuple(district[unit] for unit in range(len(district)))


def bound_sets(units: Units, rules: Rules) -> list[frozenset[int]]:
    """Return the sets of units that each have to share a district, by all rules together; none overlap."""
    sets = [set(one) for one in rules.together]
    if rules.whole_communities:
        sets += _same(units.communities, range(len(units)))
    sets += _same(units.today, sorted(rules.locked))
    joined: list[set[int]] = []
    for one in sets:
        touched = [other for other in joined if other & one]
        joined = [other for other in joined if not other & one]
        joined.append(one.union(*touched))
    return sorted((frozenset(one) for one in joined if len(one) > 1), key=min)


def _same(labels: Sequence[object], among: Sequence[int]) -> list[set[int]]:
    found: dict[object, set[int]] = {}
    for unit in among:
        if labels[unit] is not None:
            found.setdefault(labels[unit], set()).add(unit)
    return list(found.values())


def atoms(units: Units, rules: Rules) -> Atoms:
    """Join the units that have to share a district and hang together; sets that don't stay as `together`.

    Locked units become sets that share a district and pairs that don't, by their district of today.
    """
    sets = bound_sets(units, rules)
    whole = [one for one in sets if len(pieces(units, sorted(one))) == 1]
    torn = [one for one in sets if one not in whole]
    in_set = {unit: one for one in whole for unit in one}
    members = [
        tuple(sorted(in_set.get(unit, {unit})))
        for unit in range(len(units))
        if unit not in in_set or unit == min(in_set[unit])
    ]
    atom_of = {unit: atom for atom, joined in enumerate(members) for unit in joined}
    locked = sorted(rules.locked)
    apart = [frozenset(map(atom_of.__getitem__, pair)) for pair in rules.apart]
    apart += [
        frozenset((atom_of[a], atom_of[b]))
        for at, a in enumerate(locked)
        for b in locked[at + 1 :]
        if units.today[a] != units.today[b]
    ]
    left = replace(
        rules,
        whole_communities=False,
        locked=frozenset(),
        together=tuple(frozenset(atom_of[unit] for unit in one) for one in torn),
        apart=tuple(dict.fromkeys(apart)),
    )
    return Atoms(_joined(units, members, atom_of), left, tuple(members))


def _joined(units: Units, members: Sequence[tuple[int, ...]], atom_of: dict[int, int]) -> Units:
    borders: list[dict[int, float]] = [{} for _ in members]
    inner = [0.0] * len(members)
    for unit, shared in enumerate(units.borders):
        for other, length in shared.items():
            a, b = atom_of[unit], atom_of[other]
            if a == b:
                inner[a] += length
            else:
                borders[a][b] = borders[a].get(b, 0.0) + length

    def summed(figures: Sequence[float]) -> tuple[float, ...]:
        return tuple(sum(figures[unit] for unit in joined) for joined in members)

    around = summed(units.perimeters_m)
    return Units(
        loads=summed(units.loads),
        households=summed(units.households),
        areas_m2=summed(units.areas_m2),
        perimeters_m=tuple(whole - part for whole, part in zip(around, inner, strict=True)),
        borders=tuple(borders),
        places=tuple(units.places[joined[0]] for joined in members),
        today=tuple(units.today[joined[0]] for joined in members),
        rooms=tuple(sum(units.rooms[unit] for unit in joined) for joined in members),
        communities=(None,) * len(members),
    )
