"""How fast borders are redrawn, drawn areas repaired, and plans checked: `python -m tests.bench topology`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from math import ceil, isqrt
from random import Random
from typing import TypeVar

import numpy as np
import shapely
from shapely import Polygon

from gis.coords import metres_per_degree
from gis.coverage import faults
from gis.errors import TopologyError
from gis.repair import Limits, repair
from gis.topology import Network, apply, network_of, polygons
from tests.gis.borders import random_operation, wiggly

BENDS, WIGGLE = 9, 1.5e-5
EDITS = 1500
T = TypeVar("T")


def run() -> list[str]:
    """Return the lines of all tables."""
    return [*edits((83, 2000, 20_000)), "", *repairs((83, 1000, 20_000)), "", *checks((83, 20_000))]


def city(count: int, seed: int = 7) -> list[tuple[str, Polygon]]:
    """Grids of 40 corners each, bent borders shared."""
    return wiggly(
        ceil(count**0.5) if isqrt(count) ** 2 != count else isqrt(count), seed, BENDS, WIGGLE, count
    )


def edits(counts: tuple[int, ...]) -> list[str]:
    """Random operations as a planner does them, one after the other on the same network."""
    lines = [
        "| grids | operation | times | p50 ms | p95 ms | CPU ms p50 | CPU ms p95 |",
        "|---|---|---|---|---|---|---|",
    ]
    for count in counts:
        network = network_of(city(count))
        done = _walked(network, Random(5), 300 if count < 100 else EDITS)
        done["all"] = [one for times in done.values() for one in times]
        for kind, times in done.items():
            wall, cpu = zip(*times, strict=True)
            figures = (_p(wall, 50), _p(wall, 95), _p(cpu, 50), _p(cpu, 95))
            told = " | ".join(f"{figure:.1f}" for figure in figures)
            lines.append(f"| {count} | {kind} | {len(times)} | {told} |")
    return lines


def _walked(network: Network, dice: Random, steps: int) -> dict[str, list[tuple[float, float]]]:
    """Return wall and CPU seconds of each operation that was not refused, by kind."""
    done: dict[str, list[tuple[float, float]]] = {}
    keys = sorted(network.lines)
    for number in range(steps):
        # Sorting all lines for each choice would be most of the work.
        some = [key for key in dice.sample(keys, 5) if key in network.lines]
        if not some:
            continue
        operation = random_operation(network, dice, number, some)
        start, cpu = time.perf_counter(), time.process_time()
        try:
            network = apply(network, operation).network
        except TopologyError:
            continue
        took = time.perf_counter() - start, time.process_time() - cpu
        done.setdefault(operation.kind, []).append(took)
    return done


def repairs(counts: tuple[int, ...]) -> list[str]:
    """Every polygon drawn alone with errors of 0.3 m; judged by union and sum of areas."""
    lines = [
        "| drawn | vertices | overlap m2 | seconds | CPU s | gaps | overlap m2 then | lost | most changed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for count in counts:
        areas = drawn(city(count), 0.3)
        vertices = sum(int(shapely.get_num_coordinates(shape)) for _, shape in areas)
        before = overlap_m2(areas)
        result, wall, cpu = timed(lambda areas=areas: repair(areas, limits=Limits()))
        after = list(result.areas)
        whole = shapely.union_all([shape for _, shape in after])
        gaps = sum(len(part.interiors) for part in shapely.get_parts(whole).tolist())
        lost = count - sum(isinstance(shape, Polygon) and shape.area > 0 for _, shape in after)
        most = max(max(one.lost_m2, one.gained_m2) / one.before_m2 for one in result.altered)
        lines.append(
            f"| {count} | {vertices} | {before:.0f} | {wall:.2f} | {cpu:.2f} | {gaps} "
            f"| {abs(overlap_m2(after)):.4f} | {lost} | {100 * most:.2f} % |"
        )
    return lines


def drawn(areas: list[tuple[str, Polygon]], noise_m: float) -> list[tuple[str, Polygon]]:
    """Each polygon with every vertex beside its place, independent of its neighbours."""
    dice = np.random.default_rng(3)
    out = []
    for code, shape in areas:
        at = np.array(shape.exterior.coords)[:-1]
        out.append((code, Polygon(at + dice.normal(0, noise_m, at.shape) / (88_000, 111_000))))
    return out


def overlap_m2(areas: list[tuple[str, Polygon]]) -> float:
    shapes = [shape for _, shape in areas]
    lon, lat = metres_per_degree(37.9)
    return (sum(shape.area for shape in shapes) - shapely.union_all(shapes).area) * lon * lat


def checks(counts: tuple[int, ...]) -> list[str]:
    """What is done once for a plan: its network, its polygons, its faults before publishing."""
    lines = ["| grids | what | seconds | CPU s |", "|---|---|---|---|"]
    for count in counts:
        areas = city(count)
        network, wall, cpu = timed(lambda areas=areas: network_of(areas))
        lines.append(f"| {count} | network from polygons, with proof | {wall:.3f} | {cpu:.3f} |")
        bare = dict(network.nodes), dict(network.lines)
        _, wall, cpu = timed(lambda bare=bare: Network(*bare))
        lines.append(f"| {count} | network from stored lines | {wall:.3f} | {cpu:.3f} |")
        exact, wall, cpu = timed(lambda network=network: list(polygons(network).items()))
        lines.append(f"| {count} | all polygons from the network | {wall:.3f} | {cpu:.3f} |")
        ground = shapely.coverage_union_all([shape for _, shape in exact])
        found, wall, cpu = timed(lambda exact=exact, ground=ground: faults(exact, ground, 0.01))
        lines.append(f"| {count} | check of the whole plan: {len(found)} faults | {wall:.3f} | {cpu:.3f} |")
    return lines


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - start, time.process_time() - cpu


def _p(times: Sequence[float], share: int) -> float:
    return float(np.percentile(times, share)) * 1000


if __name__ == "__main__":
    sys.stdout.write("\n".join(run()) + "\n")
