"""What is one matter: the same from both sides, in any order of arrival, and never across the walls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.repeats import rules
from webapp.repeats.rules import Book, Seen, Side, Terms

NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
METRE = 1 / 88_000  # degrees of longitude near 37.86 N
USUAL = Book([])


def case(number: int = 1, metres: float = 0, days: float = 0, **changes: object) -> Seen:
    at = NOON + timedelta(days=days)
    made = Seen(
        id=UUID(int=number), class_code="flying_wire", kind="hazard", restricted=False,
        lon=112.5 + metres * METRE, lat=37.86, found_at=at, reported_at=at,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@st.composite
def cases(draw: st.DrawFn, most: int = 12) -> list[Seen]:
    count = draw(st.integers(2, most))
    marks = st.frozensets(st.sampled_from("pq"), max_size=1)
    return [
        case(
            number + 1,
            draw(st.floats(0, 160)),
            draw(st.floats(0, 200)),
            class_code=draw(st.sampled_from(["flying_wire", "fire_lane", "noise", "lead"])),
            kind=draw(st.sampled_from(["hazard", "hazard", "dispute", "lead"])),
            restricted=draw(st.booleans()),
            places=draw(marks),
            parties=draw(marks),
            open=draw(st.booleans()),
        )
        for number in range(count)
    ]


BOOKS = st.builds(
    lambda distance, days, family, since: Book(
        [
            Terms(class_code="fire_lane", distance_m=distance, days=days, version=1, family=family),
            Terms(class_code="noise", family=family, version=1),
            Terms(distance_m=80, near_m=30, version=1, valid_from=NOON + timedelta(days=since)),
        ]
    ),
    st.floats(1, 200), st.integers(1, 120), st.sampled_from(["", "street"]), st.integers(0, 100),
)  # fmt: skip


@given(cases(), BOOKS)
def test_what_one_repeats_repeats_it(found: list[Seen], book: Book) -> None:
    for a in found:
        assert rules.repeat(a, a, book) is None
        for b in found:
            assert rules.repeat(a, b, book) == rules.repeat(b, a, book)
            assert rules.near(a, b, book) == rules.near(b, a, book)


def grown(arriving: list[Seen], book: Book, most: int) -> set[frozenset[UUID]]:
    """Link cases one by one as the worker does; return the groups in the end."""
    here: list[Seen] = []
    links: set[tuple[UUID, UUID]] = set()
    for it in arriving:
        pairs = {other.id: pair for other in here if (pair := rules.repeat(it, other, book))}
        among = [(a, b) for a, b in links if a in pairs and b in pairs]
        links |= {(it.id, other) for other in rules.chosen(pairs, among, most)}
        here.append(it)
    return set(rules.groups([it.id for it in here], links))


@settings(max_examples=150)
@given(cases(), BOOKS, st.randoms(use_true_random=False), st.integers(1, 3))
def test_the_groups_are_the_same_in_whatever_order_the_cases_arrive(
    found: list[Seen], book: Book, chance: object, most: int
) -> None:
    other = list(found)
    chance.shuffle(other)  # type: ignore[attr-defined]
    whole = {frozenset(g) for g in grown(found, book, 1000)}
    assert grown(other, book, 1000) == whole
    # Few links for each new case lose no group.
    assert grown(other, book, most) == whole


@given(cases(), BOOKS)
def test_nothing_crosses_the_walls(found: list[Seen], book: Book) -> None:
    for a in found:
        for b in found:
            if rules.repeat(a, b, book) or rules.near(a, b, book):
                assert a.restricted == b.restricted
                assert "lead" not in (a.kind, b.kind)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (case(2, 49), ("place_class",)),
        (case(2, 51), None),
        (case(2, 0, 89), ("place_class",)),
        (case(2, 0, 91), None),
        (case(2, 10, class_code="fire_lane"), None),
        (case(2, 5000, places=frozenset("p"), class_code="fire_lane"), ("place",)),
        (case(2, 5000, parties=frozenset("x"), class_code="noise"), ("party",)),
        (case(2, 0, 91, parties=frozenset("x")), None),
        (case(2, 0, kind="lead"), None),
        (case(2, 0, restricted=True), None),
    ],
)
def test_place_and_class_registered_place_or_party_within_the_span(
    other: Seen, why: tuple[str, ...] | None
) -> None:
    it = case(1, places=frozenset("p"), parties=frozenset("x"))
    found = rules.repeat(it, other, USUAL)
    assert (found and found.why) == why


def test_classes_of_one_family_are_one_and_the_narrower_figure_counts() -> None:
    book = Book(
        [
            Terms(class_code="flying_wire", family="fire", distance_m=30, version=1),
            Terms(class_code="fire_lane", family="fire", distance_m=100, version=1),
        ]
    )
    assert rules.repeat(case(1), case(2, 20, class_code="fire_lane"), book)
    assert not rules.repeat(case(1), case(2, 40, class_code="fire_lane"), book)


def test_a_new_version_counts_from_its_moment_on() -> None:
    book = Book([Terms(distance_m=100, version=1, valid_from=NOON + timedelta(days=10))])
    assert not rules.repeat(case(1), case(2, 80, 9), book)
    assert rules.repeat(case(1), case(2, 80, 11), book)
    assert book.widest("distance_m", NOON + timedelta(days=11)) == 100


def test_the_very_same_thing_is_open_near_and_fresh() -> None:
    it = case(1)
    assert rules.near(it, case(2, 40, 2.9), USUAL)
    assert not rules.near(it, case(2, 40, 3.1), USUAL)
    assert not rules.near(it, case(2, 60), USUAL)
    assert not rules.near(it, case(2, open=False), USUAL)
    assert not rules.near(it, case(2, class_code="fire_lane"), USUAL)


def test_a_party_is_compared_without_blanks_signs_and_width() -> None:
    assert rules.party_text("１３８ 0000-1234") == rules.party_text("13800001234")
    assert rules.party_text("甲某某（三单元）") == "甲某某三单元"


def side(number: int, **changes: object) -> Side:
    made = Side(UUID(int=number), f"T-{number}", "hazard", False, True, True, None)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("merged", "lead", "code"),
    [
        (side(1), side(2), None),
        (side(1), side(1), "merge_itself"),
        (side(1), side(2, duplicate_of=uuid4()), "merge_into_merged"),
        (side(1), side(2, kind="dispute"), "merge_other_kind"),
        (side(1, restricted=True), side(2), "merge_other_kind"),
        (side(1, kind="lead"), side(2, kind="lead"), "merge_other_kind"),
        (side(1), side(2, open=False), "merge_into_over"),
        (side(1, loose=False), side(2), "merge_over"),
    ],
)
def test_what_may_be_merged(merged: Side, lead: Side, code: str | None) -> None:
    assert rules.merge_problem(merged, lead) == code


def test_many_are_raised_further() -> None:
    terms = Terms(raised_from=2, first_from=5)
    assert [rules.priority_for(n, terms) for n in (1, 2, 4, 5, 90)] == [0, 1, 1, 2, 2]
