"""Grouping of small units into districts that are connected and balanced."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import shapely
from shapely import Polygon

from gis.coords import LocalPlane
from gis.coverage import edge_pairs, union
from gis.districting.model import pieces as connected_pieces
from gis.errors import CoverageError, ShapeError
from gis.soundness import Polygonal

_ROUNDS = 40


class Dice(Protocol):
    """Source of randomness, given by the caller: `random.Random` and numpy's Generator both fit."""

    def random(self) -> float:
        """Return the next number in [0, 1)."""
        ...


@dataclass(frozen=True)
class _Network:
    """Units as a graph: weight, place in metres, and length of the border shared with each neighbour."""

    weights: list[float]
    places: list[tuple[float, float]]
    borders: list[dict[int, float]]


def group_faces(
    faces: Sequence[Polygon], targets: int, weights: Sequence[float], rng: Dice
) -> list[list[int]]:
    """Group the faces of a coverage (WGS 84) into `targets` connected groups of about equal weight.

    Returns positions in `faces`, each exactly once, groups in the order of their first face. Seeds are
    drawn far apart, the lightest group grows along its longest border, then faces move between groups as
    long as balance improves and the group left behind stays connected. The same `rng` state gives the same
    groups. Balance is a search result, not a proven best. Raises CoverageError `too_few_units` if there are
    fewer faces than targets, or fewer targets than separate pieces of ground; ShapeError `bad_weights`.
    """
    if len(weights) != len(faces) or any(not 0.0 <= weight < float("inf") for weight in weights):
        raise ShapeError("bad_weights", faces=len(faces), weights=len(weights))
    network = _network(faces, weights)
    pieces = connected_pieces(network, range(len(faces)))
    if not len(pieces) <= targets <= len(faces):
        raise CoverageError("too_few_units", units=len(faces), targets=targets, pieces=len(pieces))
    group_of: dict[int, int] = {}
    for piece, count in zip(pieces, _shares(network, pieces, targets), strict=True):
        first = max(group_of.values(), default=-1) + 1
        seeds = _seeds(network, piece, count, rng)
        group_of.update(_grown(network, {seed: first + number for number, seed in enumerate(seeds)}))
    _balance(network, group_of, targets)
    groups: list[list[int]] = [[] for _ in range(targets)]
    for unit in sorted(group_of):
        groups[group_of[unit]].append(unit)
    return sorted(groups)


def dissolve(faces: Sequence[Polygonal], groups: Sequence[Sequence[int]]) -> list[Polygonal]:
    """Return the outline of each group of faces; where the faces are an exact coverage, so are the outlines.

    Raises CoverageError `not_a_coverage` if the faces of a group do not fit together.
    """
    return [union([faces[position] for position in group]) for group in groups]


def _network(faces: Sequence[Polygon], weights: Sequence[float]) -> _Network:
    if not faces:
        return _Network([], [], [])
    plane = LocalPlane.around(shapely.MultiPolygon(list(faces)))
    in_m = [plane.shape_to_m(face) for face in faces]
    borders: list[dict[int, float]] = [{} for _ in faces]
    for a, b in edge_pairs(faces):
        shared = float(shapely.intersection(faces[a].boundary, faces[b].boundary).length)
        borders[a][b] = borders[b][a] = shared
    places = [(face.centroid.x, face.centroid.y) for face in in_m]
    return _Network([float(weight) for weight in weights], places, borders)


def _shares(network: _Network, pieces: Sequence[Sequence[int]], targets: int) -> list[int]:
    """Give each piece at least one group, then each further group to the piece with the heaviest groups."""
    totals = [sum(network.weights[unit] for unit in piece) for piece in pieces]
    shares = [1] * len(pieces)
    for _ in range(targets - len(pieces)):
        open_pieces = [i for i, piece in enumerate(pieces) if shares[i] < len(piece)]
        shares[max(open_pieces, key=lambda i: totals[i] / shares[i])] += 1
    return shares


def _seeds(network: _Network, piece: Sequence[int], count: int, rng: Dice) -> list[int]:
    """Draw a first unit, then always one of the units farthest from the seeds so far."""
    seeds = [piece[int(rng.random() * len(piece))]]
    nearest = {unit: _squared_m(network, unit, seeds[0]) for unit in piece if unit != seeds[0]}
    while len(seeds) < count:
        farthest = heapq.nsmallest(3, nearest, key=lambda unit: (-nearest[unit], unit))
        seed = farthest[int(rng.random() * len(farthest))]
        seeds.append(seed)
        del nearest[seed]
        nearest = {unit: min(d, _squared_m(network, unit, seed)) for unit, d in nearest.items()}
    return seeds


def _grown(network: _Network, group_of: dict[int, int]) -> dict[int, int]:
    """Grow the seeds' groups over their piece: the lightest takes the neighbour with the longest border."""
    grown = dict(group_of)
    members = {group: [seed] for seed, group in group_of.items()}
    queue = [(network.weights[seed], group) for seed, group in group_of.items()]
    heapq.heapify(queue)
    while queue:
        weight, group = heapq.heappop(queue)
        common: dict[int, float] = {}
        for member in members[group]:
            for other, border in network.borders[member].items():
                if other not in grown:
                    common[other] = common.get(other, 0.0) + border
        if not common:
            continue
        chosen = max(common, key=lambda unit: (common[unit] / sum(network.borders[unit].values()), -unit))
        grown[chosen] = group
        members[group].append(chosen)
        heapq.heappush(queue, (weight + network.weights[chosen], group))
    return grown


def _balance(network: _Network, group_of: dict[int, int], targets: int) -> None:
    """Move border units to lighter neighbouring groups while that helps; changes `group_of`."""
    members: list[set[int]] = [set() for _ in range(targets)]
    loads = [0.0] * targets
    for unit, group in group_of.items():
        members[group].add(unit)
        loads[group] += network.weights[unit]
    for _ in range(_ROUNDS):
        moved = False
        for unit in sorted(group_of, key=lambda one: (-loads[group_of[one]], one)):
            target = _better_group(network, group_of, members, loads, unit)
            if target is None:
                continue
            moved = True
            members[group_of[unit]].remove(unit)
            loads[group_of[unit]] -= network.weights[unit]
            members[target].add(unit)
            loads[target] += network.weights[unit]
            group_of[unit] = target
        if not moved:
            return


def _better_group(
    network: _Network, group_of: dict[int, int], members: list[set[int]], loads: list[float], unit: int
) -> int | None:
    """Return the lightest neighbouring group that the unit should join, or None if it should stay."""
    own = group_of[unit]
    around = {group_of[other] for other in network.borders[unit]} - {own}
    if not around:
        return None
    lightest = min(around, key=lambda group: (loads[group], group))
    # Strictly better for the heavier of the two, so the search ends.
    if loads[lightest] + network.weights[unit] >= loads[own]:
        return None
    stay = members[own] - {unit}
    return lightest if len(connected_pieces(network, stay)) == 1 else None


def _squared_m(network: _Network, a: int, b: int) -> float:
    (ax, ay), (bx, by) = network.places[a], network.places[b]
    return (ax - bx) ** 2 + (ay - by) ** 2
