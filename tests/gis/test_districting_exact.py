"""Proofs of districting are true: against every plan of small towns, under every rule."""

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.districting.atoms import atoms
from gis.districting.balance import best_balance
from gis.districting.candidates import candidates
from gis.districting.change import least_change
from gis.districting.groups import connected_groups, limits, sweep
from gis.districting.model import Aim, Rules, Units, imbalance, mixed, never, pieces, units_of
from gis.errors import ShapeError
from tests.towns import town


def small(seed: int, units: int = 8, districts: int = 3) -> Units:
    built = town(units, districts, seed)
    return units_of(
        built.faces,
        built.cases,
        built.households,
        today=built.today,
        rooms=built.rooms,
        communities=built.communities,
    )


def shape(units: Units, members: tuple[int, ...]) -> float:
    inner = sum(units.borders[a].get(b, 0.0) for a in members for b in members)
    around = sum(units.perimeters_m[unit] for unit in members) - inner
    return float(4 * np.pi * sum(units.areas_m2[unit] for unit in members) / around**2)


def obeys(units: Units, members: tuple[int, ...], rules: Rules) -> bool:
    """Judge a district by the words of the rules, without anything of the code under test."""
    inside = set(members)
    outside = set(range(len(units))) - inside
    if len(pieces(units, members)) != 1 or shape(units, members) < rules.min_compactness - 1e-9:
        return False
    if rules.one_room and sum(units.rooms[unit] for unit in members) != 1:
        return False
    if rules.whole_communities and {units.communities[u] for u in inside} & {
        units.communities[u] for u in outside
    }:
        return False
    if any(one & inside and one & outside for one in rules.together) or any(
        one <= inside for one in rules.apart
    ):
        return False
    labels = {units.today[unit] for unit in inside & rules.locked}
    if len(labels) > 1 or labels & {units.today[unit] for unit in outside & rules.locked}:
        return False
    sums = {
        "units": len(members),
        "households": sum(units.households[unit] for unit in members),
        "area_m2": sum(units.areas_m2[unit] for unit in members),
    }
    ranges = {name: getattr(rules, name) for name in sums}
    return all(one is None or one[0] <= sums[name] <= one[1] for name, one in ranges.items())


def every_plan(units: Units, aim: Aim, rules: Rules) -> list[list[tuple[int, ...]]]:
    """Return all plans by trying everything."""
    count = len(units)
    good = [
        members
        for size in range(1, count + 1)
        for members in combinations(range(count), size)
        if aim.least <= sum(units.loads[unit] for unit in members) <= aim.most
        and obeys(units, members, rules)
    ]

    def further(open_units: set[int], left: int) -> list[list[tuple[int, ...]]]:
        if not open_units or not left:
            return [[]] if not open_units and not left else []
        first = min(open_units)
        return [
            [members, *rest]
            for members in good
            if members[0] == first and open_units >= set(members)
            for rest in further(open_units - set(members), left - 1)
        ]

    return further(set(range(count)), aim.count)


def moved_of(units: Units, plan: list[tuple[int, ...]], rules: Rules) -> float:
    """Return the fewest households that move when the districts get today's numbers as well as can be."""
    labels = units.districts_today()
    best = {frozenset(): 0.0}
    for members in plan:
        more: dict[frozenset[int], float] = {}
        held = {units.today[unit] for unit in set(members) & rules.locked}
        for used, cost in best.items():
            for label in [*labels, None]:
                if label in used or held - {label}:
                    continue
                moving = sum(units.households[u] for u in members if units.today[u] not in (None, label))
                key = used if label is None else used | {label}
                more[key] = min(more.get(key, np.inf), cost + moving)
        best = more
    fresh = max(0, len(plan) - len(labels))
    return min((cost for used, cost in best.items() if len(plan) - len(used) <= fresh), default=np.inf)


RULES = st.sampled_from(
    [
        Rules(),
        Rules(min_compactness=0.35),
        Rules(one_room=True),
        Rules(whole_communities=True),
        Rules(together=(frozenset({0, 1}), frozenset({2, 7}))),
        Rules(apart=(frozenset({0, 1}), frozenset({3, 4}))),
        Rules(locked=frozenset({0, 4, 7})),
        Rules(units=(2, 4)),
        Rules(households=(900, 1500)),
        Rules(area_m2=(60_000, 400_000)),
        Rules(one_room=True, min_compactness=0.3, units=(1, 4)),
    ]
)
PATIENT = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(
    seed=st.integers(0, 500), count=st.integers(1, 4), tolerance=st.sampled_from([0.1, 0.3, 0.8]), rules=RULES
)
def test_the_best_balance_is_the_best_of_all_plans(seed, count, tolerance, rules):
    units = small(seed)
    found = best_balance(units, count, tolerance, rules, never)
    plans = every_plan(units, Aim.within(units, count, tolerance), rules)
    assert found.proven
    if not plans:
        assert found.plan is None
        return
    assert found.plan is not None
    mean = sum(units.loads) / count
    best = min(max(abs(sum(units.loads[u] for u in one) / mean - 1) for one in plan) for plan in plans)
    assert found.deviation == pytest.approx(best) == pytest.approx(imbalance(found.plan, units, count))
    for district in range(count):
        assert obeys(units, tuple(u for u in range(len(units)) if found.plan[u] == district), rules)


@PATIENT
@given(
    seed=st.integers(0, 500), count=st.integers(2, 4), tolerance=st.sampled_from([0.1, 0.3, 0.8]), rules=RULES
)
def test_the_least_change_is_the_least_of_all_plans(seed, count, tolerance, rules):
    units = small(seed)
    found = least_change(units, count, tolerance, rules, never)
    plans = every_plan(units, Aim.within(units, count, tolerance), rules)
    fewest = min((moved_of(units, plan, rules) for plan in plans), default=np.inf)
    assert found.proven
    if fewest == np.inf:
        assert found.plan is None
        return
    assert found.plan is not None
    moved = sum(units.households[u] for u in range(8) if found.plan[u] != units.today[u])
    assert found.moved == found.bound == moved == fewest
    for unit in rules.locked:
        assert found.plan[unit] == units.today[unit]
    for district in set(found.plan):
        assert obeys(units, tuple(u for u in range(8) if found.plan[u] == district), rules)


@settings(max_examples=10)
@given(seed=st.integers(0, 500))
def test_each_connected_group_is_found_once(seed):
    units = small(seed, 9)
    order = sweep(units)
    bound = limits(units, order, Rules(), 0.0, 0.6 * sum(units.loads))
    groups = connected_groups(units, order, bound, 10_000, never)
    found = sorted(order.members(words) for words in groups.words)
    expected = sorted(
        list(members)
        for size in range(1, 10)
        for members in combinations(range(9), size)
        if sum(units.loads[u] for u in members) <= bound.most and len(pieces(units, members)) == 1
    )
    assert found == expected


def test_more_than_64_units_and_the_same_answer_in_any_order():
    """Bits beyond one word, and the order in which units are given, change nothing."""
    built = town(70, 12, 5, spread=0.3)
    units = units_of(built.faces, built.cases, built.households, today=built.today)
    turned = list(range(70))
    random.Random(1).shuffle(turned)
    other = units_of(
        [built.faces[u] for u in turned],
        [built.cases[u] for u in turned],
        [built.households[u] for u in turned],
        today=[built.today[u] for u in turned],
    )
    first, second = (least_change(one, 12, 0.08, Rules(), never) for one in (units, other))
    assert first.proven
    assert second.proven
    assert first.moved == second.moved
    best = [best_balance(one, 12, 0.08, Rules(), never) for one in (units, other)]
    assert best[0].proven
    assert best[0].deviation == pytest.approx(best[1].deviation)


def test_told_to_stop_it_ends_and_claims_nothing():
    built = town(83, 15, 1)
    units = units_of(built.faces, built.cases, built.households, today=built.today)
    assert best_balance(units, 15, 0.1, Rules(), lambda: True) == replace(
        best_balance(units, 15, 0.1, Rules(), lambda: True), proven=False, plan=None
    )
    asked = 0

    def later() -> bool:
        nonlocal asked
        asked += 1
        return asked > 60

    found = least_change(units, 15, 0.05, Rules(), later)
    assert asked > 60
    assert not found.proven


def test_too_many_groups_are_no_proof():
    built = town(83, 15, 1)
    units = units_of(built.faces, built.cases, built.households, today=built.today)
    found = best_balance(units, 15, 0.1, Rules(), never, limit=1_000)
    assert (found.plan, found.proven) == (None, False)
    assert not least_change(units, 15, 0.1, Rules(), never, limit=1_000).proven


def test_the_load_is_mixed_from_several_kinds():
    cases, households = [1.0, 3.0], [600.0, 200.0]
    kinds = {"cases": cases, "households": households}
    assert mixed(kinds, {"cases": 1}) == [0.25, 0.75]
    assert mixed(kinds, {"cases": 0.5, "households": 0.5}) == [0.5, 0.5]
    for wrong in ({}, {"cases": -1.0}, {"dogs": 1.0}, {"cases": 0.0}):
        with pytest.raises(ShapeError, match="bad_weights"):
            mixed(kinds, wrong)
    with pytest.raises(ShapeError, match="bad_aim"):
        best_balance(small(1), 0, 0.1, Rules(), never)
    with pytest.raises(ShapeError, match="bad_aim"):
        best_balance(small(1), 3, 1.1, Rules(), never)


def test_a_pair_to_be_both_together_and_apart_leaves_no_group():
    units = small(3)
    rules = Rules(together=(frozenset({0, 1}),), apart=(frozenset({0, 1}),))
    found = candidates(atoms(units, rules), Aim.within(units, 3, 0.9), 10_000, never)
    assert len(found.groups) == 0
