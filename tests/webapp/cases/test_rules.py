"""The decisions about cases, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from webapp.cases import questions, rules, titles
from webapp.cases.questions import Question

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def question(kind, **more):
    return Question("q", kind, {"zh": "问", "en": "Q"}, **more)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["", "长" * 500], ["长" * 501, 5, None]),
        ("number", [0, 10, 2.5], [-1, 11, "5", True, float("nan"), None]),
        ("yesno", [True, False], [0, 1, "yes", None]),
        ("date", ["2024-02-29"], ["2023-02-29", "5.4.2026", 20260504, None]),
        ("choice", ["a", "b"], ["c", "A", 1, None, ["a"]]),
    ],
)
def test_each_kind_takes_its_own_values_only(kind, good, bad):
    asked = question(kind, low=0, high=10, choices=(("a", {}), ("b", {})))
    assert [value for value in good if asked.problem(value)] == []
    assert [value for value in bad if asked.problem(value) is None] == []


def test_a_photo_question_is_answered_by_the_files():
    asked = [question("photo", required=True)]
    assert [p.code for p in questions.answer_problems(asked, {}, 0)] == ["photo_needed"]
    assert questions.answer_problems(asked, {}, 1) == []


def test_an_optional_question_may_stay_open():
    assert questions.answer_problems([question("number")], {}, 0) == []
    assert questions.answer_problems([question("number")], {"q": None}, 0) == []


def test_a_pointer_escapes_what_json_pointers_use_themselves():
    problems = questions.answer_problems([], {"a/b~c": 1}, 0)
    assert [p.pointer for p in problems] == ["/answers/a~1b~0c"]


def test_what_is_most_likely_wanted_comes_first_and_nothing_is_lost():
    steps = list(rules.STEPS.values())
    found = rules.by_likelihood(steps)
    assert sorted(step.verb for step in found) == sorted(rules.STEPS)
    assert found[0].verb == "grant_extension"
    handling = [rules.STEPS[verb] for verb in ("reject", "order_correction", "feed_back")]
    assert [s.verb for s in rules.by_likelihood(handling)] == ["order_correction", "feed_back", "reject"]
    again = rules.by_likelihood(handling, {"correction": {}})
    assert [s.verb for s in again] == ["feed_back", "reject", "order_correction"]


def test_a_number_names_station_year_and_serial():
    assert rules.case_number("YZ", 2026, 123) == "YZ-2026-000123"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOW + timedelta(minutes=10), None),
        (NOW + timedelta(minutes=10, seconds=1), "found_in_future"),
        (NOW - timedelta(days=365), None),
        (NOW - timedelta(days=365, seconds=1), "found_too_old"),
    ],
)
def test_the_bounds_of_the_time_of_finding(at, code):
    problem = rules.time_problem(at, NOW)
    assert (problem.code if problem else None) == code


def test_every_state_and_event_has_a_title_in_both_languages():
    from webapp.core import i18n

    words = [step.title for step in rules.STEPS.values()]
    assert {step.event for step in rules.STEPS.values()} <= set(titles.EVENT_TITLES)
    with i18n.speaking("zh"):
        shown = [i18n._(t) for t in (*words, *rules.STATE_TITLES.values(), *titles.EVENT_TITLES.values())]
    assert set(rules.STATE_TITLES) == set(rules.State)
    assert all(any("\u4e00" <= c <= "\u9fff" for c in title) for title in shown)
