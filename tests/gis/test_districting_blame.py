"""Whoever asks for the impossible is told which rule it is."""

from dataclasses import replace

import pytest

from gis.districting.balance import best_balance
from gis.districting.blame import blame, too_heavy
from gis.districting.model import Rules, Units, never, units_of
from tests.towns import town


@pytest.fixture(scope="module")
def units() -> Units:
    built = town(40, 8, 3, spread=0.3)
    return units_of(built.faces, built.cases, built.households, today=built.today, rooms=built.rooms)


@pytest.mark.parametrize(
    ("rules", "guilty"),
    [
        (Rules(min_compactness=0.95), "min_compactness"),
        (Rules(one_room=True, locked=frozenset()), "one_room"),
        (Rules(together=(frozenset(range(20)),)), "together"),
        (Rules(locked=frozenset(range(40))), "locked"),
        (Rules(units=(1, 4)), "units"),
        (Rules(households=(100, 1000)), "households"),
        (Rules(area_m2=(1.0, 2.0)), "area_m2"),
    ],
)
def test_the_rule_that_makes_it_impossible_is_named(units, rules, guilty):
    if guilty == "one_room":
        units = replace(units, rooms=(9, *units.rooms[1:]))
    # A harmless rule beside it is not blamed.
    rules = replace(rules, apart=(frozenset({0, 39}),))
    assert best_balance(units, 8, 0.1, rules, never).plan is None
    found = blame(units, 8, 0.1, rules, never)
    assert found.complete
    assert found.rules == (guilty,)


def test_whole_communities_and_apart_are_named_too(units):
    whole = replace(units, communities=("A",) * 20 + ("B",) * 20)
    assert blame(whole, 8, 0.1, Rules(whole_communities=True), never).rules == ("whole_communities",)
    everybody = tuple(frozenset({0, other}) for other in range(1, 40))
    assert blame(units, 8, 0.1, Rules(apart=everybody), never).rules == ("apart",)


def test_two_rules_that_only_fail_together_are_each_named(units):
    rules = Rules(together=(frozenset({0, 1}),), apart=(frozenset({0, 1}),))
    assert blame(units, 8, 0.1, rules, never).rules == ("together", "apart")


def test_the_unit_too_heavy_to_balance_is_named_first(units):
    heavy = replace(units, loads=(*units.loads[:7], 3 * sum(units.loads) / 8, *units.loads[8:]))
    assert too_heavy(heavy, 8, 0.1) == (7,)
    found = blame(heavy, 8, 0.1, Rules(min_compactness=0.1), never)
    assert found.heavy == (7,)
    assert found.rules == ()


def test_a_wider_tolerance_that_would_do_is_named(units):
    tight = best_balance(units, 8, 0.1, Rules(min_compactness=0.45), never)
    assert tight.proven
    assert tight.plan is not None
    found = blame(units, 8, tight.deviation * 0.9, Rules(min_compactness=0.45), never)
    assert found.tolerance == pytest.approx(tight.deviation)
    assert found.rules == ("min_compactness",)


def test_ground_in_more_pieces_than_districts_and_a_stop_are_told(units):
    torn = replace(units, borders=({},) * 40)
    assert blame(torn, 8, 0.1, Rules(), never).pieces == 40
    assert not blame(units, 8, 0.001, Rules(min_compactness=0.5), lambda: True).complete
