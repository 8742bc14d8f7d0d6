"""Pure decisions about cases: states and verbs, questions and answers, limits; event names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from webapp.core.errors import Conflict, Problem
from webapp.core.i18n import N_


class State(StrEnum):
    """Where a case stands in its life."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    CLOSED = "closed"


STATE_TITLES = {State.REPORTED: N_("reported"), State.ACCEPTED: N_("accepted"), State.CLOSED: N_("closed")}
OPEN_STATES = (State.REPORTED, State.ACCEPTED)

EVENT_TITLES = {
    "cases.reported": N_("Reported"),
    "cases.accepted": N_("Accepted"),
    "cases.closed": N_("Closed"),
    "cases.file_added": N_("Photo added"),
    "cases.file_completed": N_("Original photo arrived"),
    "cases.note_added": N_("Note added"),
    "cases.voice_added": N_("Seen by somebody else too"),
    "residents.ticket_opened": N_("Tracking code given to the resident"),
    "residents.note_added": N_("Resident added words"),
    "residents.photo_added": N_("Resident added a photo"),
    "residents.judged": N_("Resident said whether it is settled"),
    "residents.contact_withdrawn": N_("Resident withdrew the contact data"),
    "residents.contact_disclosed": N_("Contact data read"),
    "open311.contact_kept": N_("Contact data came with the report"),
    "open311.contact_disclosed": N_("Contact data read"),
    "open311.note_added": N_("Sender added words"),
    "intake.revised": N_("Changed at its source"),
    "referrals.attempted": N_("Somebody went or called"),
    "referrals.prepared": N_("Form of hand-over made out"),
    "referrals.reporter_disclosed": N_("Reporter's data put on the form of hand-over"),
    "referrals.delivered": N_("Delivered to the body"),
    "referrals.receipt_noted": N_("Receipt of the body noted"),
    "referrals.answered": N_("The body answered"),
    "referrals.recalled": N_("Taken back from the body"),
    "referrals.reminded": N_("The body's answer is late"),
    "referrals.non_police_marked": N_("Marked as not a police matter"),
    "referrals.non_police_cleared": N_("A police matter after all"),
}
METHOD_TITLES = {
    "gps": N_("by satellite"),
    "pin": N_("pin on the map"),
    "plate": N_("door plate"),
    "place": N_("by the sign of a place"),
    "grid": N_("grid chosen from the list"),
    "address": N_("by address"),
}

# A circle this wide holds several grids: the case went to one of them by its middle, and a person must ask.
VAGUE_M = 1000.0
VAGUE = "vague"

# From, verb, to: the only ways a case moves.
LIFE: dict[tuple[str, str], State] = {
    (State.REPORTED, "accept"): State.ACCEPTED,
    (State.ACCEPTED, "close"): State.CLOSED,
}

# Kinds of matters: what the phone page reports, and what residents bring beside it.
LEAD = "lead"
HAZARD_KINDS = ("hazard", LEAD)
KINDS = (*HAZARD_KINDS, "dispute", "opinion", "order")
# What is closed by an answer: a dispute or an opinion has no cure to be photographed.
CLOSED_BY_WORDS = ("dispute", "opinion")

HANDLERS = ("officer", "grid_worker", "station_chief")
REPORTERS = ("volunteer", "grid_worker", "officer", "mediator", "planner", "station_chief")

# How near an open report of the same class may be the same thing, metres.
SAME_THING_M = 50.0
# From so many voices beside the reporter's own on, a case is shown as one to take first.
PRESSING_VOICES = 2

TEXT_LIMIT = 500
CLOCK_SLACK = timedelta(minutes=10)
OLDEST = timedelta(days=365)


def walled(restricted: bool, kind: str) -> bool:
    """Say whether a case is read for a purpose only, which is written down first."""
    return restricted and kind == LEAD


def kinds_wanted(said: str) -> tuple[str, ...]:
    """Return the kinds that a filter names: those of the phone page when it says nothing."""
    if not said:
        return HAZARD_KINDS
    return KINDS if said == "all" else (said,)


def next_state(state: str, verb: str) -> State:
    """Return the state after a verb; raise Conflict 'state' when the verb does not apply."""
    if (state, verb) not in LIFE:
        raise Conflict("state", state=state)
    return LIFE[state, verb]


def verbs(state: str, role: str) -> list[str]:
    """Return the verbs that a role is offered in a state."""
    return [verb for (start, verb) in LIFE if start == state and role in HANDLERS]


def time_left(due: datetime, now: datetime) -> tuple[bool, int, int]:
    """Return (overdue, days, hours) between now and the end of the limit, whole hours, rounded down."""
    seconds = (due - now).total_seconds()
    hours = int(abs(seconds) // 3600)
    return seconds < 0, hours // 24, hours % 24


def due_at(reported_at: datetime, limit_h: int) -> datetime:
    """Return the end of a class's limit, in clock hours from the report."""
    return reported_at + timedelta(hours=limit_h)


def case_number(station_code: str, year: int, serial: int) -> str:
    """Return the number that people say: station, year, serial, for example YZ-2026-000123."""
    return f"{station_code}-{year}-{serial:06d}"


def number_parts(station_code: str, number: str) -> tuple[int, int] | None:
    """Return year and serial of a number of this station, None for one of another form."""
    found = re.fullmatch(rf"{re.escape(station_code)}-(\d{{4}})-(\d{{6,9}})", number)
    return (int(found[1]), int(found[2])) if found else None


def time_problem(found_at: datetime, now: datetime) -> Problem | None:
    """Return what is wrong with the time of finding: in the future, or more than a year back."""
    if found_at > now + CLOCK_SLACK:
        return Problem("/found_at", "found_in_future", {"at": found_at.isoformat()})
    if found_at < now - OLDEST:
        return Problem("/found_at", "found_too_old", {"at": found_at.isoformat()})
    return None


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


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


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
            problems.append(
                Problem(f"/answers/{re.sub('~', '~0', name).replace('/', '~1')}", "answer_not_asked")
            )
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


def place_flag(flag: str | None, accuracy_m: float | None) -> str | None:
    """Return what is odd about a place: that it is hardly known, else what the ground says of it."""
    return VAGUE if accuracy_m is not None and accuracy_m >= VAGUE_M else flag
