"""Pure decisions about restricted leads and visits: purposes, small counts, intervals, initials, who may."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from webapp.core.errors import Problem
from webapp.core.i18n import N_

# Who opens leads (officers only those of their ground), who reads their figures, who reads the log.
OPENERS = ("officer", "station_chief")
COUNTERS = ("officer", "station_chief", "planner", "system_admin", "audit_admin")
SUPERVISORS = ("audit_admin",)
# Who may be a visitor at all; which people, the assignment says.
VISITORS = ("volunteer", "grid_worker", "officer", "mediator", "station_chief")

PURPOSES = {
    "handle": N_("To handle it"),
    "verify": N_("To check the facts"),
    "handover": N_("To hand it over"),
    "supervise": N_("To supervise"),
    "answer": N_("To answer a superior"),
}
VISIT_PURPOSES = {
    "visit": N_("To visit now"),
    "call": N_("To call by telephone"),
    "arrange": N_("To arrange help"),
    "keep": N_("To bring it up to date"),
    "supervise": N_("To supervise"),
}
READ_TITLES = {
    "opened": N_("purpose given"),
    "handed_in": N_("handed in for another"),
    "page": N_("page"),
    "api": N_("by a program"),
    "photo": N_("photo"),
    "person": N_("visited person"),
}
WORDS_LEAST = 4

# A figure under five could point to somebody.
SMALL = 5
SMALL_SHOWN = "<5"

RISKS = {"high": N_("high risk"), "key": N_("key"), "general": N_("ordinary")}
# Days between visits where the station has set nothing: weekly, monthly, quarterly (ten ministries, 2022,
# and the provinces' rules after it).
INTERVALS = {"high": 7, "key": 31, "general": 92}
RESULTS = {
    "well": N_("met, all well"),
    "help_needed": N_("met, needs help"),
    "worse": N_("met, worse than before"),
    "not_met": N_("not met"),
    "refused": N_("would not be visited"),
    "away": N_("away"),
}
MET = ("well", "help_needed", "worse")
CLOCK_SLACK = timedelta(minutes=10)
OLDEST = timedelta(days=60)
SOON = timedelta(days=2)


def purpose_problems(purpose: str, words: str, purposes: Mapping[str, str]) -> list[Problem]:
    """Return what lacks before anything restricted is shown: a purpose of the list, and words."""
    allowed = ", ".join(purposes)
    problems = [] if purpose in purposes else [Problem("/purpose", "not_allowed", {"allowed": allowed})]
    if len(words.strip()) < WORDS_LEAST:
        problems.append(Problem("/words", "purpose_words", {"limit": WORDS_LEAST}))
    return problems


def figure(count: int | None) -> str:
    """Return a count as it may be shown: what is under five, none at all included, as "<5"."""
    return SMALL_SHOWN if count is None or count < SMALL else str(count)


def rate(part: int, whole: int) -> str:
    """Return a share in percent as it may be shown: that of fewer than five tells of single people."""
    return SMALL_SHOWN if whole < SMALL else f"{100 * part / whole:.0f} %"


def initials(name: str) -> str:
    """Return what a list shows of a name: the family name and blanks, or first letters."""
    bare = name.strip()
    if not bare:
        return "?"
    if bare.isascii():
        return "".join(f"{part[0].upper()}." for part in bare.split())
    return bare[0] + "某" * min(max(len(bare) - 1, 1), 2)


def due_at(last_met: datetime | None, since: datetime, days: int) -> datetime:
    """Return when the next visit is due: after the last one that met the person, else after the beginning."""
    return (last_met or since) + timedelta(days=days)


def urgency(due: datetime, now: datetime) -> str:
    """Return overdue, soon or later."""
    if due < now:
        return "overdue"
    return "soon" if due < now + SOON else "later"


def visit_problems(at: datetime, now: datetime) -> list[Problem]:
    """Return what is wrong with the time of a visit."""
    if at > now + CLOCK_SLACK:
        return [Problem("/at", "found_in_future", {"at": at.isoformat()})]
    if at < now - OLDEST:
        return [Problem("/at", "attempt_too_old", {"days": OLDEST.days})]
    return []


def person_problems(said: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a visited person: a minor without a guardian, one visitor named twice."""
    problems = (
        [] if not said["minor"] or said["guardian"].strip() else [Problem("/guardian", "guardian_needed")]
    )
    if said["second_id"] is not None and said["second_id"] == said["visitor_id"]:
        problems.append(Problem("/second_id", "visitor_twice"))
    return problems


def rates(people: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return per risk class how many are visited in time, of pairs (risk, urgency); small ones hidden."""
    found = list(people)
    told = []
    for risk in RISKS:
        states = [state for name, state in found if name == risk]
        in_time = sum(state != "overdue" for state in states)
        told.append({"risk": risk, "people": figure(len(states)), "rate": rate(in_time, len(states))})
    return told
