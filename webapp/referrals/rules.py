"""Pure decisions about attempts and referrals: steps, groups of the list, working days, who may."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from webapp.calendars.counting import Calendar, CalendarMissing, Unit, end
from webapp.cases.rules import STEPS as LIFE
from webapp.cases.rules import State
from webapp.core.errors import Conflict, Problem
from webapp.core.i18n import N_

# Who logs attempts and reads the directory; who hands over; who keeps the directory.
TRYERS = ("officer", "grid_worker", "station_chief")
SENDERS = ("officer", "station_chief")
EDITORS = ("station_chief",)
READERS = ("officer", "grid_worker", "station_chief", "system_admin")

BODY_KINDS = {
    "street": N_("Street office"),
    "housing": N_("Housing authority"),
    "city": N_("Urban management"),
    "fire": N_("Fire service"),
    "power": N_("Power company"),
    "hotline": N_("12345 hotline"),
    "court": N_("Court or justice office"),
    "welfare": N_("Civil affairs"),
    "other": N_("Other body"),
}
STATE_TITLES = {
    "prepared": N_("form made out"),
    "delivered": N_("delivered, no receipt yet"),
    "receipted": N_("receipt is here"),
    "accepted": N_("the body takes it on"),
    "done": N_("done by the body"),
    "refused": N_("refused by the body"),
    "recalled": N_("taken back"),
}
ANSWERS = {"accepted": N_("takes it on"), "done": N_("has done it"), "refused": N_("refuses")}
ENDED = ("done", "refused", "recalled")
# How a form reaches a body.
WAYS = {
    "hand": N_("by hand"),
    "courier": N_("by courier"),
    "fax": N_("by fax"),
    "platform": N_("by the platform of the city"),
    "phone": N_("by telephone"),
}
GROUPS = {
    "receipt": N_("Awaiting receipt"),
    "answer": N_("Awaiting answer"),
    "late": N_("Late"),
    "underway": N_("Under way at the body"),
    "ended": N_("Ended"),
}
# From which states each step may be taken.
STEPS = {
    "deliver": ("prepared",),
    "note_receipt": ("delivered",),
    "note_answer": ("delivered", "receipted", "accepted"),
    "recall": ("prepared", "delivered", "receipted", "accepted"),
}
CLOCK_SLACK = timedelta(minutes=10)
OLDEST = timedelta(days=60)
MOST_DAYS = 90


def may_leave(case_state: str) -> bool:
    """Say whether a case in this state may go to a body: open, and nobody is to verify or answer yet."""
    return case_state == State.TRANSFERRED or case_state in LIFE["transfer"].starts


def applies(case_state: str, verb: str) -> bool:
    """Say whether a step of the case's own life goes along with what happens to its form.

    Where somebody took that step by hand before, the form alone moves.
    """
    return case_state in LIFE[verb].starts


def require_step(state: str, verb: str) -> None:
    """Raise Conflict 'state' when a step does not apply to a referral in this state."""
    if state not in STEPS[verb]:
        raise Conflict("state", state=STATE_TITLES[state])


def steps(state: str, role: str) -> list[str]:
    """Return the steps that a role is offered in a state."""
    return [verb for verb, states in STEPS.items() if state in states and role in SENDERS]


def answer_due(calendar: Calendar, delivered_at: datetime, days: int) -> datetime | None:
    """Return when an answer is due: when work ends `days` working days after delivery, make-up days counted.

    None while the calendar does not know a year in between: no day is guessed.
    """
    try:
        return end(calendar, delivered_at, timedelta(days=days), Unit.WORKING_DAY)
    except CalendarMissing:
        return None


def is_late(state: str, answered_at: datetime | None, due_at: datetime | None, now: datetime) -> bool:
    """Say whether an answer came late, or is missing and late."""
    if due_at is None or state == "recalled":
        return False
    return (answered_at or now) > due_at


def group(state: str, answered_at: datetime | None, due_at: datetime | None, now: datetime) -> str:
    """Return the group of the list that a referral stands in."""
    if state in ENDED:
        return "ended"
    if state == "accepted":
        return "underway"
    if is_late(state, answered_at, due_at, now):
        return "late"
    return "answer" if state == "receipted" else "receipt"


def attempt_problems(at: datetime, now: datetime) -> list[Problem]:
    """Return what is wrong with the time of an attempt: in the future, or more than sixty days back."""
    if at > now + CLOCK_SLACK:
        return [Problem("/at", "found_in_future", {"at": at.isoformat()})]
    if at < now - OLDEST:
        return [Problem("/at", "attempt_too_old", {"days": OLDEST.days})]
    return []


def in_china(lon: float, lat: float) -> bool:
    """Say whether a place (WGS 84) can be one of ours; the same box as that of cases."""
    return 73 <= lon <= 136 and 3 <= lat <= 54


def reporter_problems(told: bool, reporter: str, reason: str) -> list[Problem]:
    """Return what lacks before a reporter's data may stand on a form: the data, and a reason."""
    if not told:
        return [Problem("/reporter", "reporter_not_ticked")] if reporter.strip() else []
    lacking = [Problem("/reporter", "field_required")] if not reporter.strip() else []
    return lacking + ([Problem("/reason", "reason_needed")] if len(reason.strip()) < 4 else [])


def photo_problems(chosen: list[int], there: set[int]) -> list[Problem]:
    """Return what is wrong with the photos chosen for a form: those that are not the case's."""
    foreign = [str(item) for item in chosen if item not in there]
    return [Problem("/photos", "photo_of_other_case", {"ids": ", ".join(foreign)})] if foreign else []


def number_of(station_code: str, year: int, serial: int) -> str:
    """Return the number of a form, for example YZ-移-2026-0001."""
    return f"{station_code}-移-{year}-{serial:04d}"


def within_calendar(day: date) -> date:
    """Return a day, or the nearest one that times can be reckoned from without leaving the calendar."""
    return min(max(day, date(1949, 10, 1)), date(9000, 1, 1))


def week_of(day: date) -> tuple[date, date]:
    """Return the Monday of a day's week and the Monday after it."""
    day = within_calendar(day)
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def distance(classes: list[str], class_code: str) -> int:
    """Return how near a body is to a class: 0 it names the class, 1 it names none, 2 it names others."""
    if class_code in classes:
        return 0
    return 2 if classes else 1


def same(known: tuple[object, ...], sent: tuple[object, ...], client_id: UUID) -> None:
    """Raise Conflict 'already_known' when an id is used again for something else."""
    if known != sent:
        raise Conflict("already_known", held="?", sent=str(client_id))
