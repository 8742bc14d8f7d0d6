"""Groups that can be in no cover are thrown away: what they leave over can't be divided, again and again."""

import numpy as np
from numpy.typing import NDArray

from gis.districting.candidates import Candidates
from gis.districting.groups import Groups, Stopped, membership
from gis.districting.model import Aim, Stop

_MATRIX = 1 << 16
_FIRST = 16
_WORTH = 0.96


def sound_groups(found: Candidates, groups: Groups, aim: Aim, stop: Stop) -> Groups:
    """Return the groups that may be in a cover; none are left if that already proves that no cover exists.

    A group is dropped if a unit next to it has no group that is disjoint from it, or if a piece of ground
    that it leaves over has a load that no number of districts can have; where each district has one police
    room, the rooms of the piece say which number. Raises Stopped.
    """
    groups = _with_company(groups, found.near, stop)
    kept = [
        _divisible(membership(groups.words[at : at + _MATRIX], len(found.weights)), found, aim)
        for at in range(0, len(groups), _MATRIX)
    ]
    good = np.concatenate(kept) if kept else np.ones(0, dtype=bool)
    return groups if good.all() else _with_company(groups.taken(good), found.near, stop)


def _with_company(groups: Groups, near: NDArray[np.uint8], stop: Stop) -> Groups:
    """Drop the groups that leave a neighbouring unit without a group, until none is dropped."""
    if not len(groups):
        return groups
    inside = membership(groups.words, len(near))
    alive = np.ones(len(inside), dtype=bool)
    touching = np.concatenate(
        [_touching(inside[at : at + _MATRIX], near) for at in range(0, len(inside), _MATRIX)]
    )
    # The group that was found beside each unit; while it stays, nothing has to be looked for again.
    beside = [(np.flatnonzero(touching[:, unit]), np.zeros(0, dtype=np.int64)) for unit in range(len(near))]
    holding = np.ascontiguousarray(inside.T) != 0
    before, left = len(alive) * 2, len(alive)
    # Once a round drops few, another costs more than it saves.
    while left < _WORTH * before:
        if stop():
            raise Stopped
        for unit in range(len(near)):
            holders = np.flatnonzero(alive & holding[unit])
            if not len(holders):
                return groups.taken(holders)
            beside[unit] = _still_beside(groups, alive, holders, *beside[unit])
        before, left = left, int(alive.sum())
    return groups.taken(alive)


def _touching(inside: NDArray[np.uint8], near: NDArray[np.uint8]) -> NDArray[np.bool_]:
    part = inside.astype(np.float32)
    found: NDArray[np.bool_] = (part @ near.astype(np.float32) > 0) & (part == 0)
    return found


def _still_beside(
    groups: Groups,
    alive: NDArray[np.bool_],
    holders: NDArray[np.int64],
    rows: NDArray[np.int64],
    partners: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find for each of the groups next to a unit a disjoint one among its holders; kills those without.

    `rows` are the groups next to the unit, `partners` what was found for them (empty: nothing yet).
    """
    if len(partners):
        here = alive[rows]
        rows, partners = rows[here], partners[here]
        open_rows = np.flatnonzero(~alive[partners])
    else:
        partners, open_rows = np.zeros(len(rows), dtype=np.int64), np.arange(len(rows))
    if not len(open_rows):
        return rows, partners
    # A fixed shuffle: the partners tried first should lie on all sides of the unit.
    holders = holders[np.argsort((holders * 2654435761) & 0xFFFFFFFF)]
    begin, size = 0, _FIRST
    while len(open_rows) and begin < len(holders):
        some = holders[begin : begin + size]
        free = _disjoint(groups, rows[open_rows], some)
        found = free.any(axis=1)
        partners[open_rows[found]] = some[np.argmax(free[found], axis=1)]
        open_rows = open_rows[~found]
        begin, size = begin + size, size * 2
    alive[rows[open_rows]] = False
    return rows, partners


def _disjoint(groups: Groups, these: NDArray[np.int64], those: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each of these groups from which of those it is disjoint."""
    ours, theirs = groups.words[these], groups.words[those]
    free = np.ones((len(these), len(those)), dtype=bool)
    for column in range(ours.shape[1]):
        free &= (ours[:, column, None] & theirs[None, :, column]) == 0
    return free


def _divisible(inside: NDArray[np.uint8], found: Candidates, aim: Aim) -> NDArray[np.bool_]:
    """Say of each group whether every piece of ground that it leaves over could be districts by its load."""
    near = found.near
    steps = near.astype(np.float32) + np.eye(len(near), dtype=np.float32)
    open_ground = 1.0 - inside.astype(np.float32)
    left = open_ground.copy()
    good = np.ones(len(inside), dtype=bool)
    rows = np.flatnonzero(left.any(axis=1))
    while len(rows):
        piece = np.zeros((len(rows), len(near)), dtype=np.float32)
        piece[np.arange(len(rows)), np.argmax(left[rows] > 0, axis=1)] = 1.0
        ground, size = open_ground[rows], -1.0
        while piece.sum() != size:
            size = float(piece.sum())
            piece = ((piece @ steps) * ground > 0).astype(np.float32)
        fits = _fits(piece.astype(np.float64), found, aim)
        good[rows[~fits]] = False
        left[rows] -= piece
        rows = rows[fits & left[rows].any(axis=1)]
    return good


def _fits(piece: NDArray[np.float64], found: Candidates, aim: Aim) -> NDArray[np.bool_]:
    """Say of each piece of ground whether some number of districts can share its load."""
    load = piece @ found.weights
    slack = 1e-9 * aim.mean
    if found.atoms.rules.one_room:
        districts = piece @ np.asarray(found.atoms.units.rooms, dtype=float)[found.order.order]
        shared: NDArray[np.bool_] = (load >= districts * aim.least - slack) & (
            load <= districts * aim.most + slack
        )
        return shared
    if aim.least <= 0:
        return np.ones(len(load), dtype=bool)
    districts = np.floor(load / aim.least + 1e-9)
    divided: NDArray[np.bool_] = (districts >= 1) & (load <= districts * aim.most + slack)
    return divided
