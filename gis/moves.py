"""What changes hands between two coverages: the pieces of ground that had one owner and have another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon, STRtree
from shapely.geometry.base import BaseGeometry

from gis.coords import area_m2
from gis.soundness import Polygonal, polygons_of

_NOISE_M2 = 0.01
"""Overlay in float64 leaves slivers of nanometres along borders that were kept; less is no ground."""


@dataclass(frozen=True)
class Piece:
    """Ground of `before` that is `after`'s now (codes of the areas); None where there was or is no area.

    WGS 84; `area_m2` is geodesic.
    """

    before: str | None
    after: str | None
    geometry: MultiPolygon
    area_m2: float


def pieces(before: Sequence[tuple[str, Polygonal]], after: Sequence[tuple[str, Polygonal]]) -> list[Piece]:
    """Return how two sound coverages overlay, piece by piece, those with the same code on both sides too.

    Only areas that changed need to be given, on both sides; what they cover beyond each other is ground that
    was given up (`after` None) or won (`before` None). Sorted by codes. Work grows with the neighbours, not
    with the square of the areas.
    """
    old = np.array([shape for _code, shape in before], dtype=object)
    new = np.array([shape for _code, shape in after], dtype=object)
    found: list[Piece] = []
    if len(old) and len(new):
        left, right = STRtree(new).query(old, predicate="intersects")
        shared = shapely.intersection(old[left], new[right])
        for i, j, shape in zip(left.tolist(), right.tolist(), shared.tolist(), strict=True):
            found += _piece(before[i][0], after[j][0], shape)
    found += [piece for code, shape in _beyond(before, new) for piece in _piece(code, None, shape)]
    found += [piece for code, shape in _beyond(after, old) for piece in _piece(None, code, shape)]
    return sorted(found, key=lambda p: (p.before or "", p.after or ""))


def _piece(before: str | None, after: str | None, shape: BaseGeometry) -> list[Piece]:
    """Return the piece that a shape is, without its noise; none when nothing else is in it."""
    parts = [(part, area_m2(part)) for part in polygons_of(shape)]
    kept = [(part, area) for part, area in parts if area >= _NOISE_M2]
    if not kept:
        return []
    return [Piece(before, after, MultiPolygon([part for part, _a in kept]), sum(area for _p, area in kept))]


def _beyond(
    areas: Sequence[tuple[str, Polygonal]], others: npt.NDArray[np.object_]
) -> list[tuple[str, BaseGeometry]]:
    """Return what each area covers that none of the others does."""
    if not areas:
        return []
    whole = shapely.union_all(others) if len(others) else MultiPolygon()
    shapely.prepare(whole)
    return [
        (code, shapely.difference(shape, whole)) for code, shape in areas if not shapely.covers(whole, shape)
    ]
