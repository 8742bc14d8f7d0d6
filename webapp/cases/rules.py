"""Pure decisions about cases: states and steps, who may take them, limits; event names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from webapp.calendars.rules import USUAL_RESPONSE_H
from webapp.core.errors import Problem
from webapp.core.i18n import N_


class State(StrEnum):
    """Where a case stands in its life."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    FED_BACK = "fed_back"
    HUNG_UP = "hung_up"
    TRANSFERRED = "transferred"
    CLOSED = "closed"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"


STATE_TITLES = {
    State.REPORTED: N_("reported"),
    State.ACCEPTED: N_("accepted"),
    State.DISPATCHED: N_("dispatched"),
    State.HANDLING: N_("being handled"),
    State.FED_BACK: N_("fed back, to be verified"),
    State.HUNG_UP: N_("hung up"),
    State.TRANSFERRED: N_("handed over"),
    State.CLOSED: N_("closed"),
    State.REJECTED: N_("rejected"),
    State.DUPLICATE: N_("duplicate"),
    State.WITHDRAWN: N_("withdrawn by the reporter"),
}
OVER_STATES = (State.CLOSED, State.REJECTED, State.DUPLICATE, State.WITHDRAWN)
OPEN_STATES = tuple(state for state in State if state not in OVER_STATES)
# States that people ask for together.
GROUPS = {
    "open": OPEN_STATES,
    "working": (State.ACCEPTED, State.DISPATCHED, State.HANDLING),
    "resting": (State.HUNG_UP, State.TRANSFERRED),
    "over": OVER_STATES,
}
GROUP_TITLES = {
    "open": N_("not yet closed"),
    "working": N_("somebody is on it"),
    "resting": N_("resting or elsewhere"),
    "over": N_("over"),
}
SORT_TITLES = {"newest": N_("newest first"), "oldest": N_("oldest first"), "due": N_("by the clock")}
# While a case waits for others, its clock stands still.
PAUSED_STATES = (State.HUNG_UP, State.TRANSFERRED)

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

# Kinds of matters: what the phone page reports, and what residents bring beside it.
LEAD, DISPUTE = "lead", "dispute"
HAZARD_KINDS = ("hazard", LEAD)
KINDS = (*HAZARD_KINDS, DISPUTE, "opinion", "order")
# What is closed by an answer: a dispute or an opinion has no cure to be photographed.
CLOSED_BY_WORDS = (DISPUTE, "opinion")

HANDLERS = ("officer", "grid_worker", "station_chief")
MEDIATOR = "mediator"
# Duties of a posting that make somebody answer for the cases of a ground; others help there.
ANSWERING = ("officer", "auxiliary", "grid_worker", "station_chief", "chief")
REPORTERS = ("volunteer", "grid_worker", "officer", "mediator", "planner", "station_chief")

# How near an open report of the same class may be the same thing, metres.
SAME_THING_M = 50.0
# From so many voices beside the reporter's own on, a case is shown as one to take first.
PRESSING_VOICES = 2

CLOCK_SLACK = timedelta(minutes=10)
OLDEST = timedelta(days=365)


def walled(restricted: bool, kind: str) -> bool:
    """Say whether a case is read for a purpose only, which is written down first."""
    return restricted and kind == LEAD


@dataclass(frozen=True)
class Step:
    """One row of the life of a case: who moves it from where to where, and what that needs.

    `to` None: it stays where it is. `who` names a relation (see `Standing.is_one`). `needs` are the fields of
    what is given: note, photo, place, assignee, until, of, body, receipt, grade. `clock`: what happens to the
    clock of the matter: start, pause, resume, extend or stop. `asks` waits for an approval, `settles` answers
    it. `only`: a condition of the class (see `Standing.allows`). `phone`: a token that may only submit takes
    it too, because it is the reporter's own word on the own report.
    """

    verb: str
    starts: tuple[State, ...]
    to: State | None
    who: str
    event: str
    title: str
    needs: tuple[str, ...] = ()
    clock: str = ""
    asks: str = ""
    settles: str = ""
    only: str = ""
    phone: bool = False


_NEW, _MINE, _SENT, _BUSY = State.REPORTED, State.ACCEPTED, State.DISPATCHED, State.HANDLING
_BACK, _REST, _AWAY = State.FED_BACK, State.HUNG_UP, State.TRANSFERRED
_HELD = (_MINE, _SENT, _BUSY)

# The life of a case: the doors, the buttons, the documents and the tests read this table. Union of GB/T
# 30428 (found, filed, dispatched, handled, fed back, verified on site by a second person, closed; hang-up
# list) and of what stations do beside it (duplicates, hand-over to other bodies, look-back).
# fmt: off
_LIFE = (
    Step("accept", (_NEW,), _MINE, "handler", "cases.accepted", N_("Accept this case")),
    Step("reject", (_NEW, _MINE), State.REJECTED, "police", "cases.rejected", N_("Reject"),
         ("note",), "stop"),
    Step("mark_duplicate", (_NEW, *_HELD), State.DUPLICATE, "police", "cases.merged",
         N_("The same as another case"), ("of",), "stop"),
    Step("unmerge", (State.DUPLICATE,), _NEW, "police", "cases.unmerged", N_("Not the same after all"),
         ("note",), "start"),
    Step("withdraw", (_NEW,), State.WITHDRAWN, "reporter", "cases.withdrawn", N_("Withdraw"),
         ("note",), "stop", phone=True),
    Step("handle", (_MINE,), _BUSY, "holder", "cases.started", N_("Begin handling")),
    Step("dispatch", _HELD, _SENT, "police", "cases.dispatched", N_("Dispatch to somebody"), ("assignee",)),
    Step("acknowledge", (_SENT,), _BUSY, "assignee", "cases.acknowledged", N_("Acknowledge: I am on it")),
    Step("hand_back", (_SENT, _BUSY), _MINE, "assignee", "cases.returned", N_("Hand back"), ("note",)),
    Step("order_correction", (_MINE, _BUSY), _BUSY, "holder", "cases.correction_ordered",
         N_("Order to correct"), ("note", "until"), only="correction"),
    Step("grade", (_MINE, _BUSY), _BUSY, "holder", "cases.graded", N_("Enter the grade"), ("note", "grade"),
         only="grade"),
    Step("feed_back", (_MINE, _BUSY), _BACK, "holder", "cases.fed_back", N_("Feed back: it is done"),
         ("note", "photo"), only="second_look"),
    Step("verify", (_BACK,), State.CLOSED, "second", "cases.closed", N_("Verified on the spot: close"),
         ("photo", "place"), "stop", phone=True),
    Step("send_back", (_BACK,), _BUSY, "second", "cases.sent_back", N_("Not settled: send back"), ("note",),
         phone=True),
    Step("close", (_MINE, _BUSY, _BACK), State.CLOSED, "handler", "cases.closed", N_("Close this case"),
         ("note", "photo"), "stop", only="one_look"),
    Step("ask_extension", _HELD, None, "holder", "cases.extension_asked", N_("Ask for an extension"),
         ("note", "until"), asks="extension"),
    Step("grant_extension", _HELD, None, "approver", "cases.extension_granted", N_("Grant the extension"),
         (), "extend", settles="extension"),
    Step("refuse_extension", _HELD, None, "approver", "cases.extension_refused", N_("Refuse the extension"),
         ("note",), settles="extension"),
    Step("ask_hang_up", _HELD, None, "holder", "cases.hang_up_asked", N_("Ask to hang it up"),
         ("note", "until"), asks="hang_up"),
    Step("hang_up", _HELD, _REST, "approver", "cases.hung_up", N_("Hang it up"),
         (), "pause", settles="hang_up"),
    Step("refuse_hang_up", _HELD, None, "approver", "cases.hang_up_refused", N_("Don't hang it up"),
         ("note",), settles="hang_up"),
    Step("resume", (_REST,), _MINE, "police", "cases.resumed", N_("Take it up again"), ("note",), "resume"),
    Step("transfer", (_NEW, _MINE, _BUSY), _AWAY, "police", "cases.transferred",
         N_("Hand over to another body"), ("note", "body"), "pause"),
    Step("note_receipt", (_AWAY,), None, "police", "cases.receipt_noted", N_("Enter the receipt"),
         ("receipt",)),
    Step("note_answer", (_AWAY,), _BACK, "police", "cases.answer_noted", N_("Enter the answer: done"),
         ("note",), "resume"),
    Step("take_back", (_AWAY,), _MINE, "police", "cases.taken_back", N_("Refused there: take it back"),
         ("note",), "resume"),
    Step("escalate", (_NEW, *_HELD, _BACK, _REST, _AWAY), None, "handler", "cases.escalated", N_("Escalate"),
         ("note",)),
    Step("look_back", (State.CLOSED,), None, "handler", "cases.looked_back", N_("Look-back: still settled"),
         ("note",)),
    Step("reopen", (State.CLOSED, State.REJECTED), _NEW, "police", "cases.reopened", N_("Reopen"),
         ("note",), "start"),
)
# fmt: on
STEPS = {step.verb: step for step in _LIFE}
POLICE = ("officer", "station_chief")
HIGHEST_LEVEL = 3
PRIORITY_TITLES = {1: N_("priority raised"), 2: N_("to be taken first")}
GRADES = ("A", "B", "C", "D")
PENDING_TITLES = {"extension": N_("an extension is asked for"), "hang_up": N_("hanging up is asked for")}
# How near the second person must have stood, beside the accuracy of the position, metres.
NEAR_M = 100.0


@dataclass(frozen=True)
class Standing:
    """How somebody stands to a case at a moment, in plain values; all that decides what is offered."""

    role: str
    me: UUID | None
    state: str
    # Whether it lies on my ground or was given to me: who only reported it is no more.
    here_to_work: bool = True
    reporter: UUID | None = None
    handler: UUID | None = None
    assigned: UUID | None = None
    in_team: bool = False
    pending: str | None = None
    pending_by: UUID | None = None
    fed_back_by: UUID | None = None
    level: int = 0
    # What the class asks for before the end (correction, grade), and what of it is here.
    asked: frozenset[str] = frozenset()
    here: frozenset[str] = frozenset()
    second_look: bool = False
    by_words: bool = False
    # A dispute is a mediator's work where he is posted; nothing else is.
    dispute: bool = False

    def is_one(self, who: str) -> bool:
        """Say whether the relation holds: handler, police, holder, assignee, second, approver or reporter.

        The machine is one of the police: it escalates, and reopens what a look-back found.
        """
        if self.role == "machine":
            return who in ("police", "handler")
        police = self.role in POLICE and self.here_to_work
        mediates = self.role == MEDIATOR and self.dispute
        works = (self.role in HANDLERS or mediates) and self.here_to_work
        if self.me is None:
            return False
        return {
            "handler": works,
            "police": police,
            "holder": police or (works and self.me in (self.handler, self.assigned)),
            "assignee": police or self.me in (self.handler, self.assigned) or self.in_team,
            "second": (works or self.me == self.reporter) and self.me != self.fed_back_by,
            "approver": police and self.me != self.pending_by,
            "reporter": self.me == self.reporter,
        }[who]

    def allows(self, step: Step) -> bool:
        """Say whether the state, the class and what is pending leave room for a step."""
        if self.state not in step.starts:
            return False
        if step.settles:
            return self.pending == step.settles
        if step.asks and self.pending:
            return False
        ready = self.asked <= self.here
        conditions = {
            "": True,
            "correction": "correction" in self.asked,
            "grade": "grade" in self.asked,
            "second_look": self.second_look and ready,
            "one_look": not self.second_look and ready,
        }
        return conditions[step.only] and (step.verb != "escalate" or self.level < HIGHEST_LEVEL)

    def missing(self, step: Step, given: Collection[str]) -> list[str]:
        """Return what a step needs and was not given; a dispute or an opinion ends by words."""
        spared = {"photo", "place"} if self.by_words else set()
        spared |= {"note"} if self.role == "machine" else set()  # its reason is the event that moved it
        return [need for need in step.needs if need not in given and need not in spared]


def offered(standing: Standing) -> list[Step]:
    """Return the steps that somebody may take now, in the order of the table."""
    return [step for step in _LIFE if standing.allows(step) and standing.is_one(step.who)]


def by_scope(steps: Iterable[Step], scope: str) -> list[Step]:
    """Return those of some steps that a token of a scope may take: `submit` only the reporter's own word."""
    return [step for step in steps if scope == "all" or step.phone]


# What is most likely wanted comes first: an approval that waits, an answer, the way to the end; what ends
# a case otherwise, or hands it on, is further down.
_LIKELY = (
    "grant_extension", "hang_up", "accept", "acknowledge", "order_correction", "grade", "close", "handle",
    "feed_back", "verify", "note_receipt", "note_answer", "resume", "look_back", "unmerge",
)  # fmt: skip


def by_likelihood(steps: Iterable[Step], here: Collection[str] = ()) -> list[Step]:
    """Return offered steps, the one that is most likely wanted first.

    `here`: what was entered before (correction, grade, receipt); nobody wants to enter it again at once.
    """
    again = {_ENTERS[name] for name in here if name in _ENTERS}

    def rank(step: Step) -> int:
        return _LIKELY.index(step.verb) if step.verb in _LIKELY and step.verb not in again else len(_LIKELY)

    return sorted(steps, key=rank)


_ENTERS = {"correction": "order_correction", "grade": "grade", "receipt": "note_receipt"}


def replayed(happened: Iterable[tuple[str, Mapping[str, Any]]]) -> State | None:
    """Return the state that a case's events (name, data; oldest first) lead to; None before it was reported.

    Raises ValueError when a step did not follow from the state before it.
    """
    state: State | None = None
    by_event = {step.event: step for step in _LIFE}
    for name, data in happened:
        if name == "cases.reported":
            state = State.REPORTED
        elif name in by_event:
            step = STEPS.get(data.get("verb", ""), by_event[name])
            if state not in step.starts:
                raise ValueError(f"{step.verb} after {state}")
            state = step.to or state
    return state


def kinds_wanted(said: str) -> tuple[str, ...]:
    """Return the kinds that a filter names: those of the phone page when it says nothing."""
    if not said:
        return HAZARD_KINDS
    return KINDS if said == "all" else (said,)


def respond_by(reported_at: datetime, limit_h: int) -> datetime:
    """Return until when somebody must have accepted: a day, or the whole limit where that is shorter."""
    return reported_at + timedelta(hours=min(limit_h, USUAL_RESPONSE_H))


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


def place_flag(flag: str | None, accuracy_m: float | None) -> str | None:
    """Return what is odd about a place: that it is hardly known, else what the ground says of it."""
    return VAGUE if accuracy_m is not None and accuracy_m >= VAGUE_M else flag
