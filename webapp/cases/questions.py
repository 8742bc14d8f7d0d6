"""Questions of a hazard class and the answers given to them: pure, as declared in data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from webapp.core.errors import Problem

TEXT_LIMIT = 500


@dataclass(frozen=True)
class Question:
    """One typed question of a hazard class, as declared in data.

    `kind`: text, number, choice, yesno, date or photo. `relevant` is (other question, values): asked only
    when the other answer is among the values. A photo question is answered by the report's files.
    """

    name: str
    kind: str
    title: Mapping[str, str]
    required: bool = False
    choices: tuple[tuple[str, Mapping[str, str]], ...] = ()
    low: float = 0
    high: float = 1_000_000
    relevant: tuple[str, tuple[Any, ...]] | None = None

    @classmethod
    def declared(cls, item: Mapping[str, Any]) -> Question:
        """Read a question from its declaration."""
        relevant = item.get("relevant")
        return cls(
            name=item["name"],
            kind=item["kind"],
            title=item["title"],
            required=item.get("required", False),
            choices=tuple((c["value"], c["title"]) for c in item.get("choices", [])),
            low=item.get("low", 0),
            high=item.get("high", 1_000_000),
            relevant=(relevant["question"], tuple(relevant["in"])) if relevant else None,
        )

    def asked(self, answers: Mapping[str, Any]) -> bool:
        """Say whether the question is asked, given the other answers."""
        return self.relevant is None or answers.get(self.relevant[0]) in self.relevant[1]

    def problem(self, value: Any) -> Problem | None:
        """Return what is wrong with an answer, if anything."""
        pointer = f"/answers/{self.name}"
        if self.kind == "choice" and value not in [c for c, _title in self.choices]:
            return Problem(pointer, "answer_choice", {"choices": ", ".join(c for c, _title in self.choices)})
        if self.kind == "yesno" and not isinstance(value, bool):
            return Problem(pointer, "answer_yesno")
        if self.kind == "number" and not self._number_fits(value):
            return Problem(pointer, "answer_number", {"low": self.low, "high": self.high})
        if self.kind == "text" and not (isinstance(value, str) and len(value) <= TEXT_LIMIT):
            return Problem(pointer, "answer_text", {"limit": TEXT_LIMIT})
        if self.kind == "date" and not _is_date(value):
            return Problem(pointer, "answer_date")
        return None

    def _number_fits(self, value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and self.low <= value <= self.high


def unanswered(questions: Sequence[Question], answers: Mapping[str, Any]) -> list[Question]:
    """Return the questions that are asked, given the answers, and have none; photos are files."""
    open_ones = [q for q in questions if q.kind != "photo" and q.asked(answers)]
    return [q for q in open_ones if answers.get(q.name) in (None, "")]


def filling_problems(
    questions: Sequence[Question], held: Mapping[str, Any], new: Mapping[str, Any]
) -> list[Problem]:
    """Return what is wrong with answers that come later: what was said before stays as it was said."""
    said = [name for name in new if held.get(name) not in (None, "")]
    fresh = {name: value for name, value in new.items() if name not in said}
    own = [f"/answers/{_escaped(name)}" for name in fresh]
    words = [question for question in questions if question.kind != "photo"]
    found = answer_problems(words, {**held, **fresh}, 0, complete=False)
    stands = [Problem(f"/answers/{_escaped(name)}", "answer_stands") for name in said]
    return stands + [problem for problem in found if problem.pointer in own]


def typed_answers(questions: Sequence[Mapping[str, Any]], said: Mapping[str, str]) -> dict[str, Any]:
    """Return the answers of a plain form's fields `q_<name>`, each as its question's kind wants it."""
    found: dict[str, Any] = {}
    for question in questions:
        value = said.get(f"q_{question['name']}", "").strip()
        if value and question["kind"] != "photo":
            found[question["name"]] = _typed(question["kind"], value)
    return found


def _typed(kind: str, value: str) -> Any:
    """Return a form's text as a number or a yes or no; what is neither stays text, for the rule to refuse."""
    if kind == "yesno":
        return {"yes": True, "no": False}.get(value, value)
    if kind == "number":
        try:
            number = float(value)
        except ValueError:
            return value
        # Above 2^53 a float is no exact integer, and no answer of ours is as large: the rule refuses it.
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    return value[:2000]


_EXACT = 2**53


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _escaped(name: str) -> str:
    return re.sub("~", "~0", name).replace("/", "~1")


def answer_problems(
    questions: Sequence[Question], answers: Mapping[str, Any], photos: int, complete: bool = True
) -> list[Problem]:
    """Return every problem of a set of answers against a class's questions.

    With `complete` off nothing is required: a resident may not know, and says what there is to say.
    """
    problems = []
    known = {q.name for q in questions}
    for name in answers:
        if name not in known:
            problems.append(Problem(f"/answers/{_escaped(name)}", "answer_not_asked"))
    for question in questions:
        value = answers.get(question.name)
        missing = (photos == 0) if question.kind == "photo" else value in (None, "")
        if not question.asked(answers):
            if value is not None:
                problems.append(Problem(f"/answers/{question.name}", "answer_not_asked"))
        elif missing:
            if question.required and complete:
                code = "photo_needed" if question.kind == "photo" else "answer_required"
                problems.append(Problem(f"/answers/{question.name}", code))
        elif question.kind != "photo":
            found = question.problem(value)
            problems += [found] if found else []
    return problems
