"""Any operations, in any order: the ground stays covered exactly once, and undo gives back the start."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import TopologyError
from gis.topology import Network, apply, network_of, operation_from, polygons
from tests.gis.borders import doubled, judge, random_operation, wiggly, with_islands


def walked(start: Network, seed: int, steps: int, *, judged: int) -> Counter[str]:
    """Do random operations, judge every so many of them, undo all; return what was done and refused."""
    dice = Random(seed)
    network, area = start, doubled(start)
    past = []
    told: Counter[str] = Counter()
    for number in range(steps):
        operation = random_operation(network, dice, number)
        assert operation_from(operation.as_json()) == operation
        try:
            done = apply(network, operation)
        except TopologyError as refusal:
            told[refusal.code] += 1
            continue
        told[operation.kind] += 1
        past.append((network, done.inverse))
        changed = {
            k
            for k in done.network.lines.keys() | network.lines.keys()
            if _course(done.network, k) != _course(network, k)
        }
        assert changed <= done.lines
        network = done.network
        if number % judged == 0:
            judge(network, area)
    judge(network, area)
    again = network_of(list(polygons(network).items()))
    assert polygons(again).keys() == polygons(network).keys()
    for before, inverse in reversed(past):
        for step in inverse:
            network = apply(network, operation_from(step.as_json())).network
        assert network == before
    assert network == start
    return told


def _course(network: Network, key: str):
    return (network.course(key), network.lines[key]) if key in network.lines else None


@settings(max_examples=12, derandomize=True)
@given(seed=st.integers(0, 2**31), n=st.integers(1, 4), islands=st.booleans())
def test_any_operations_keep_the_coverage_exact_and_can_be_undone(seed, n, islands):
    areas = wiggly(n, seed)
    walked(network_of(with_islands(areas) if islands else areas), seed, 30, judged=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(20))
def test_ten_thousand_operations(seed):
    areas = wiggly(3 + seed % 3, seed)
    start = network_of(with_islands(areas) if seed % 2 else areas)
    told = walked(start, seed, 500, judged=4)
    done = sum(count for kind, count in told.items() if kind in KINDS)
    assert done > 150, told
    assert all(told[kind] for kind in KINDS), told


KINDS = (
    "move_vertex",
    "move_node",
    "insert_vertex",
    "remove_vertex",
    "reshape",
    "split",
    "merge",
    "transfer",
)
