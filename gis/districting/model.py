"""What districting computes with: units and their figures, rules, and the range of loads aimed at."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from gis.coords import LocalPlane
from gis.coverage import edge_pairs
from gis.errors import ShapeError

Plan = tuple[int, ...]
"""District of each unit, by position; districts are numbered from 0."""
Stop = Callable[[], bool]
"""Asked between steps; once it says True the search ends with the best that it has."""
Tell = Callable[[str, float], None]
"""Told now and then what is being done (a stable word) and how far it is (0 to 1)."""


def never() -> bool:
    """Stop for nobody: the search ends by itself."""
    return False


def nobody(_what: str, _share: float) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Units:
    """The units of a station, all in the same order; lengths in metres, areas in square metres.

    `loads` are what is balanced, `households` what should stay with its officer; `borders` holds for each
    unit the length shared with each neighbour; `today` is the district of each unit now (None: new ground);
    `rooms` counts the police rooms in each unit; `places` are metres east and north of a common origin.
    """

    loads: tuple[float, ...]
    households: tuple[float, ...]
    areas_m2: tuple[float, ...]
    perimeters_m: tuple[float, ...]
    borders: tuple[Mapping[int, float], ...]
    places: tuple[tuple[float, float], ...]
    today: tuple[int | None, ...]
    rooms: tuple[int, ...]
    communities: tuple[str | None, ...]

    def __post_init__(self) -> None:
        """Refuse figures that do not belong together: ShapeError `bad_units` or `bad_weights`."""
        columns: tuple[Sequence[object], ...] = (
            self.households,
            self.areas_m2,
            self.perimeters_m,
            self.borders,
            self.places,
            self.today,
            self.rooms,
            self.communities,
        )
        if any(len(column) != len(self.loads) for column in columns):
            raise ShapeError("bad_units", units=len(self.loads))
        figures = (*self.loads, *self.households, *self.areas_m2, *self.perimeters_m)
        if any(not 0.0 <= figure < float("inf") for figure in figures):
            raise ShapeError("bad_weights", units=len(self.loads))

    def __len__(self) -> int:
        """Return how many units there are."""
        return len(self.loads)

    def districts_today(self) -> list[int]:
        """Return the numbers of today's districts, ascending."""
        return sorted({district for district in self.today if district is not None})


def units_of(
    faces: Sequence[Polygon],
    loads: Sequence[float],
    households: Sequence[float],
    *,
    today: Sequence[int | None] | None = None,
    rooms: Sequence[int] | None = None,
    communities: Sequence[str | None] | None = None,
) -> Units:
    """Return the units whose ground are the faces of an exact coverage (WGS 84), measured in metres.

    Raises ShapeError `bad_units`, `bad_weights`.
    """
    count = len(faces)
    in_m = LocalPlane.around(shapely.MultiPolygon(list(faces))).shape_to_m(np.array(faces, dtype=object))
    borders: list[dict[int, float]] = [{} for _ in faces]
    pairs = edge_pairs(faces)
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    edges = shapely.boundary(in_m)
    lengths = shapely.length(shapely.intersection(edges[ends[:, 0]], edges[ends[:, 1]]))
    for (a, b), length in zip(pairs, lengths.tolist(), strict=True):
        borders[a][b] = borders[b][a] = length
    return Units(
        loads=tuple(float(load) for load in loads),
        households=tuple(float(number) for number in households),
        areas_m2=tuple(shapely.area(in_m).tolist()),
        perimeters_m=tuple(shapely.length(in_m).tolist()),
        borders=tuple(borders),
        places=tuple((point.x, point.y) for point in shapely.centroid(in_m)),
        today=tuple(today) if today is not None else (None,) * count,
        rooms=tuple(rooms) if rooms is not None else (0,) * count,
        communities=tuple(communities) if communities is not None else (None,) * count,
    )


def mixed(kinds: Mapping[str, Sequence[float]], shares: Mapping[str, float]) -> list[float]:
    """Return one load per unit from weights of several kinds, each counted by its share of the whole.

    Every kind is first divided by its own total, so that a share of 0.5 cases and 0.5 households means that
    half of the load is cases, whatever the units. Raises ShapeError `bad_weights` for an unknown kind, a
    negative share, shares that are all zero, or a kind that is zero everywhere.
    """
    chosen = {kind: share for kind, share in shares.items() if share != 0}
    bad = any(kind not in kinds or not 0 < share < float("inf") for kind, share in chosen.items())
    if bad or not chosen or any(sum(kinds[kind]) <= 0 for kind in chosen):
        raise ShapeError("bad_weights", kinds=sorted(chosen))
    parts = [
        share * np.asarray(kinds[kind], dtype=float) / sum(kinds[kind]) for kind, share in chosen.items()
    ]
    load: NDArray[np.float64] = np.sum(parts, axis=0) / sum(chosen.values())
    return [float(one) for one in load]


@dataclass(frozen=True)
class Rules:
    """What each district must obey besides being connected; empty rules ask for nothing.

    `min_compactness` is the least Polsby-Popper figure, 4 pi area / perimeter^2; `one_room` asks for exactly
    one police room each; `whole_communities` keeps each community in one district; units in a set of
    `together` share a district, those in a pair of `apart` do not; `locked` units stay with today's
    district; `units`, `households` and `area_m2` are least and most per district.
    """

    min_compactness: float = 0.0
    one_room: bool = False
    whole_communities: bool = False
    together: tuple[frozenset[int], ...] = ()
    apart: tuple[frozenset[int], ...] = ()
    locked: frozenset[int] = frozenset()
    units: tuple[float, float] | None = None
    households: tuple[float, float] | None = None
    area_m2: tuple[float, float] | None = None

    def named(self) -> list[str]:
        """Return the names of the rules that ask for something."""
        return [name for name in RULES if getattr(self, name) != getattr(Rules(), name)]


RULES = (
    "min_compactness",
    "one_room",
    "whole_communities",
    "together",
    "apart",
    "locked",
    "units",
    "households",
    "area_m2",
)
"""Names of the rules, in the order in which they are tried to be dropped."""


@dataclass(frozen=True)
class Aim:
    """So many districts, and the least and most load of each (inclusive)."""

    count: int
    least: float
    most: float
    mean: float = field(default=0.0)

    @classmethod
    def within(cls, units: Units, count: int, tolerance: float) -> "Aim":
        """Return the aim of loads that differ from the mean by at most the tolerance (0.1 is 10 %).

        Raises ShapeError `bad_aim` for a number of districts that cannot be, or a tolerance outside 0 to 1.
        """
        total = sum(units.loads)
        if not 1 <= count <= len(units) or not 0.0 <= tolerance <= 1.0 or total <= 0:
            raise ShapeError("bad_aim", units=len(units), count=count, tolerance=tolerance)
        mean = total / count
        slack = 1e-9 * mean
        return cls(count, mean * (1 - tolerance) - slack, mean * (1 + tolerance) + slack, mean)

    def narrowed(self, tolerance: float) -> "Aim":
        """Return the aim with the same mean and another tolerance."""
        slack = 1e-9 * self.mean
        return Aim(
            self.count, self.mean * (1 - tolerance) - slack, self.mean * (1 + tolerance) + slack, self.mean
        )


def loads_of(plan: Plan, units: Units, count: int) -> NDArray[np.float64]:
    """Return the load of each district."""
    return np.bincount(plan, weights=units.loads, minlength=count).astype(float)


def imbalance(plan: Plan, units: Units, count: int) -> float:
    """Return the largest deviation of a district's load from the mean, as a share of the mean."""
    loads = loads_of(plan, units, count)
    return float(np.abs(loads / loads.mean() - 1.0).max())


class Bordered(Protocol):
    """Units that know their neighbours: at each position, those that share a line with it."""

    @property
    def borders(self) -> Sequence[Collection[int]]:
        """Return the neighbours of each unit."""
        ...


def pieces(units: Bordered, members: Collection[int]) -> list[list[int]]:
    """Return the connected pieces that some units form."""
    left = set(members)
    found: list[list[int]] = []
    for unit in members:
        if unit not in left:
            continue
        left.discard(unit)
        piece = [unit]
        for reached in piece:
            fresh = [other for other in units.borders[reached] if other in left]
            left.difference_update(fresh)
            piece.extend(fresh)
        found.append(piece)
    return found
