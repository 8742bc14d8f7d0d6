"""The groups that may be districts: connected, inside the range of loads, and obedient to every rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.districting.atoms import Atoms
from gis.districting.groups import Groups, Sweep, connected_groups, limits, membership, sweep
from gis.districting.model import Aim, Rules, Stop, Units

_CHUNK = 1 << 15
Mask = NDArray[np.bool_]
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """Groups of the atoms in sweep order, judged by every rule but the shape, which is costly to judge."""

    atoms: Atoms
    order: Sweep
    groups: Groups
    weights: Rows
    near: NDArray[np.uint8]

    def shaped(self, groups: Groups) -> Groups:
        """Return those of some groups that are compact enough."""
        least = self.atoms.rules.min_compactness
        return (
            groups if least <= 0 else groups.taken(compactness(groups, self.atoms.units, self.order) >= least)
        )

    def plan(self, groups: Groups, chosen: tuple[int, ...]) -> tuple[int, ...]:
        """Return the plan whose districts are the chosen groups."""
        district = [0] * len(self.weights)
        for number, at in enumerate(chosen):
            for atom in self.order.members(groups.words[at]):
                district[atom] = number
        return self.atoms.unfolded(tuple(district))


def candidates(atoms: Atoms, aim: Aim, limit: int, stop: Stop) -> Candidates:
    """Enumerate the groups inside the aim and keep those that obey the rules, all but the shape.

    Raises TooManyGroups above `limit` groups before the rules, Stopped.
    """
    units, rules = atoms.units, atoms.rules
    order = sweep(units)
    weights = np.asarray(units.loads, dtype=float)[order.order]
    groups = connected_groups(units, order, limits(units, order, rules, aim.least, aim.most), limit, stop)
    if any(len(pair) < 2 for pair in rules.apart):
        groups = groups.taken(slice(0, 0))
    for one in rules.together:
        bits = order.bits(one)
        inside = groups.words & bits
        groups = groups.taken((inside == 0).all(axis=1) | (inside == bits).all(axis=1))
    for figures, least, most in _ranges(atoms, rules):
        sums = _sums(groups, np.asarray(figures, dtype=float)[order.order])
        groups = groups.taken((sums >= least - 1e-9) & (sums <= most + 1e-9))
    return Candidates(atoms, order, groups, weights, membership(order.near, len(units)))


def _ranges(atoms: Atoms, rules: Rules) -> list[tuple[tuple[float, ...], float, float]]:
    """Return the figures that a district's sum must keep in a range, with the range."""
    units = atoms.units
    found: list[tuple[tuple[float, ...], float, float]] = []
    if rules.one_room:
        found.append((tuple(float(rooms) for rooms in units.rooms), 1.0, 1.0))
    if rules.units:
        found.append((tuple(float(len(joined)) for joined in atoms.members), *rules.units))
    if rules.households:
        found.append((units.households, *rules.households))
    if rules.area_m2:
        found.append((units.areas_m2, *rules.area_m2))
    return found


def _sums(groups: Groups, figures: Rows) -> Rows:
    """Return the sum of some figures (in sweep order) over each group."""
    found = np.empty(len(groups))
    for at in range(0, len(groups), _CHUNK):
        part = slice(at, at + _CHUNK)
        found[part] = membership(groups.words[part], len(figures)) @ figures
    return found


def compactness(groups: Groups, units: Units, order: Sweep) -> Rows:
    """Return 4 pi area / perimeter^2 of each group (Polsby and Popper 1991); 1 is a circle."""
    count = len(units)
    place = np.empty(count, dtype=np.int64)
    place[order.order] = np.arange(count)
    shared = np.zeros((count, count), dtype=np.float32)
    for unit, borders in enumerate(units.borders):
        for other, length in borders.items():
            shared[place[unit], place[other]] = length
    areas = np.asarray(units.areas_m2)[order.order]
    around = np.asarray(units.perimeters_m)[order.order]
    found = np.empty(len(groups))
    for at in range(0, len(groups), _CHUNK):
        part = slice(at, at + _CHUNK)
        inside = membership(groups.words[part], count).astype(np.float32)
        inner = np.einsum("ij,ij->i", inside @ shared, inside)
        found[part] = 4 * np.pi * (inside @ areas) / np.maximum(inside @ around - inner, 1e-9) ** 2
    return found
