"""Exact tests on many straight pieces of lines at once, in whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree

Ints = NDArray[np.int64]
_AT_ONCE = 40_000


@dataclass(frozen=True)
class Segments:
    """Straight pieces: (n, 4) coordinates x, y, x, y, and (n, 2) numbers that tell which ends are one.

    Two pieces may meet only where they have an end of the same number. Coordinates must lie within REACH
    (gis/network.py) of each other; `owner` is free for the caller.
    """

    ends: Ints
    names: Ints
    owner: Ints

    def only(self, kept: NDArray[np.bool_]) -> Segments:
        """Return some of the pieces."""
        return Segments(self.ends[kept], self.names[kept], self.owner[kept])


def first_contact(some: Segments, others: Segments) -> tuple[int, int] | None:
    """Return the positions of two pieces that meet where they must not, the first found, or None.

    A piece that is in both is not compared with itself: equal ends and equal numbers mean the same piece
    only if the owners agree too.
    """
    one, other = _near_pairs(some.ends, others.ends)
    if not one.size:
        return None
    a, b, c, d = some.ends[one, :2], some.ends[one, 2:], others.ends[other, :2], others.ends[other, 2:]
    m, n = some.names[one], others.names[other]
    same = (some.owner[one] == others.owner[other]) & (m == n).all(axis=1)
    aa, ab, ba, bb = m[:, 0] == n[:, 0], m[:, 0] == n[:, 1], m[:, 1] == n[:, 0], m[:, 1] == n[:, 1]
    shared = aa.astype(int) + ab + ba + bb
    apart = (shared == 0) & _meet(a, b, c, d)
    pivot = np.where((aa | ab)[:, None], a, b)
    far = np.where((aa | ab)[:, None], b, a)
    other_far = np.where((aa | ba)[:, None], d, c)
    along = (shared == 1) & (_cross(far - pivot, other_far - pivot) == 0)
    along &= ((far - pivot) * (other_far - pivot)).sum(axis=1) > 0
    bad = (apart | along | (shared > 1)) & ~same
    if not bad.any():
        return None
    at = int(np.argmax(bad))
    return int(one[at]), int(other[at])


def _near_pairs(some: Ints, others: Ints) -> tuple[Ints, Ints]:
    """Return the positions of pieces whose boxes meet."""
    if not len(some) or not len(others):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    low, high = _boxes(some)
    other_low, other_high = _boxes(others)
    if len(some) * len(others) > _AT_ONCE:
        boxes = np.asarray(shapely.box(*other_low.T, *other_high.T), dtype=object)
        found = STRtree(boxes).query(np.asarray(shapely.box(*low.T, *high.T), dtype=object))
        return found[0].astype(np.int64), found[1].astype(np.int64)
    meet = (low[:, None] <= other_high[None]) & (other_low[None] <= high[:, None])
    one, other = np.nonzero(meet.all(axis=2))
    return one.astype(np.int64), other.astype(np.int64)


def _boxes(ends: Ints) -> tuple[Ints, Ints]:
    return np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])


def _meet(a: Ints, b: Ints, c: Ints, d: Ints) -> NDArray[np.bool_]:
    """Whether closed pieces whose boxes meet have a point in common."""
    first = np.sign(_cross(b - a, c - a)) * np.sign(_cross(b - a, d - a))
    second = np.sign(_cross(d - c, a - c)) * np.sign(_cross(d - c, b - c))
    return np.asarray((first <= 0) & (second <= 0), dtype=np.bool_)


def _cross(a: Ints, b: Ints) -> Ints:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], dtype=np.int64)
