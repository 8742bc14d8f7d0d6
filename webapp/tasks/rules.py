"""Pure decisions about tasks and look-backs: who may, when to look back, in which order a day is walked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from math import asin, cos, radians, sin, sqrt
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from collectors.records import Place
from webapp.cases.rules import CLOCK_SLACK, HANDLERS
from webapp.cases.rules import State as CaseState
from webapp.core.errors import Conflict, Problem
from webapp.core.i18n import N_


class State(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LOOK_BACK = "look_back"
KIND_TITLES = {
    LOOK_BACK: N_("Look-back"),
    "visit": N_("Visit"),
    "check": N_("Check"),
    "other": N_("Other task"),
}
STATE_TITLES = {
    State.OPEN: N_("to do"),
    State.TAKEN: N_("taken on"),
    State.DONE: N_("done"),
    State.FAILED: N_("failed"),
    State.CANCELLED: N_("cancelled"),
}
LOOK_BACK_TITLES = {
    "planned": N_("planned"),
    "open": N_("to do"),
    "fine": N_("still fine"),
    "failed": N_("not fine any more"),
    "cancelled": N_("cancelled"),
}
FLAG_TITLES = {
    "far": N_("done more than 100 m away"),
    "no_place": N_("without a position"),
    "no_photo": N_("without a photo"),
    "same_person": N_("looked back by the handler: nobody else is posted here"),
}
ACTIVE = (State.OPEN, State.TAKEN)
ENDED = (State.DONE, State.FAILED, State.CANCELLED)
OUTCOMES = (State.DONE, State.FAILED)
GIVERS = HANDLERS
DOERS = ("volunteer", "grid_worker", "officer", "mediator", "planner", "station_chief")
# Where the list of a day is shown: whoever may be given something.
READERS = DOERS
CHIEF = "station_chief"

WORDS_LIMIT = 1000
# What is asked at a look-back; of the case it says nothing else.
LOOK_BACK_WORDS = {
    "zh": "{matter}：曾在此处整改，请看是否仍然完好，拍一张照片。",
    "en": "{matter}: put right here once. See whether it still is, and take a photo.",
}
# Farther from the place the result counts, but is flagged.
NEAR_M = 100.0
# A phone without a network may bring a result so late.
LATE_RESULT = timedelta(days=30)
LONGEST_AHEAD = timedelta(days=366)
# A look-back is done in the light of its day or of the two after it.
SHANGHAI = ZoneInfo("Asia/Shanghai")
LOOK_BACK_FROM, LOOK_BACK_UNTIL = time(8), time(20)
LOOK_BACK_DAYS = 3
# Matters that are looked at again: what can be seen. Disputes and opinions are asked about instead.
LOOKED_BACK_AT = ("hazard", "order")
LARGEST_DAY, LARGEST_JITTER, MOST_LOOK_BACKS = 730, 60, 12

# On foot between two places, as the crow flies and with a third for corners, and the time at each of them.
WALK_MPS, CORNERS, STAY = 1.2, 1.3, timedelta(minutes=10)

EARTH_M = 6_371_008.8

# Problem places that a patrol should pass: closed so long before the week's end, places so near are one.
PATROL_DAYS, SAME_PLACE_M, MOST_WAYPOINTS = 90, 30.0, 40


@dataclass(frozen=True)
class LookBackRule:
    """When cases of a class (None: of any) and of at least a priority are looked at again.

    `days` are days after closing, ascending; each is moved by chance by at most `jitter_days`.
    `own`: the station's own rule goes before everybody's.
    """

    class_code: str | None
    priority: int
    days: tuple[int, ...]
    jitter_days: int
    valid_from: date
    valid_to: date | None = None
    own: bool = False


def rule_for(rules: Iterable[LookBackRule], class_code: str, priority: int, on: date) -> LookBackRule | None:
    """Return the rule in force on a day: own before everybody's, a class's own, then the highest priority."""
    fitting = [
        rule
        for rule in rules
        if rule.class_code in (None, class_code)
        and rule.priority <= priority
        and rule.valid_from <= on
        and (rule.valid_to is None or on < rule.valid_to)
    ]
    return max(
        fitting,
        key=lambda rule: (rule.own, rule.class_code is not None, rule.priority, rule.valid_from),
        default=None,
    )


def look_back_days(rule: LookBackRule, closed_on: date, chance: Random) -> list[date]:
    """Return the days of the look-backs: unforeseeable within the jitter, after the closing, ascending."""
    days: list[date] = []
    for after in rule.days:
        day = closed_on + timedelta(days=after + chance.randint(-rule.jitter_days, rule.jitter_days))
        earliest = (days[-1] if days else closed_on) + timedelta(days=1)
        days.append(max(day, earliest))
    return days


def is_looked_back_at(kind: str, restricted: bool, state: str) -> bool:
    """Say whether a case is looked at again: a closed hazard or order that anybody of its grid may know."""
    return kind in LOOKED_BACK_AT and not restricted and state == CaseState.CLOSED


def look_back_window(day: date) -> tuple[datetime, datetime]:
    """Return from when until when a look-back of a day may be done."""
    last = day + timedelta(days=LOOK_BACK_DAYS - 1)
    begin = datetime.combine(day, LOOK_BACK_FROM, SHANGHAI)
    return begin, datetime.combine(last, LOOK_BACK_UNTIL, SHANGHAI)


def barred(
    handlers: Iterable[Any], reporters: Iterable[Any], posted: Collection[Any]
) -> tuple[set[Any], bool]:
    """Return who may not look back, and whether the handler must do it because nobody else is posted.

    Whoever handled the case looks not at the own work while there is a second person; its reporters never.
    """
    done_by, told = set(handlers) - {None}, set(reporters) - {None}
    if set(posted) - done_by - told:
        return done_by | told, False
    return told - (done_by & set(posted)), bool(done_by & set(posted))


def result_flags(kind: str, distance: float | None, photos: int) -> list[str]:
    """Return what is doubtful about a result; `distance` in metres, None without a position."""
    flags = []
    if kind == LOOK_BACK or distance is not None:
        flags += ["no_place"] if distance is None else ["far"] if distance > NEAR_M else []
    if kind == LOOK_BACK and not photos:
        flags.append("no_photo")
    return flags


@dataclass(frozen=True)
class Receiver:
    """To whom a task goes: exactly one of a person, a team, and whoever is posted to a grid."""

    to_person: UUID | None = None
    to_team: UUID | None = None
    to_grid: UUID | None = None

    def columns(self) -> dict[str, UUID | None]:
        """Return the columns of a task that say so."""
        return {"to_person": self.to_person, "to_team": self.to_team, "to_grid": self.to_grid}


@dataclass(frozen=True)
class Wanted:
    """A task to be given. Without a place it lies at its case, else in the grid named, or its receivers'."""

    id: UUID
    kind: str
    words: str
    receiver: Receiver
    due_from: datetime
    due_until: datetime
    place: Place | None = None
    case_id: UUID | None = None
    grid_id: UUID | None = None


@dataclass(frozen=True)
class Result:
    """What became of a task; `id` is the phone's, `at` its time, the position its own in WGS 84."""

    id: UUID
    outcome: str
    note: str = ""
    at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None


def due_problems(due_from: datetime, due_until: datetime, now: datetime) -> list[Problem]:
    """Return what is wrong with the time of a task: over, backwards or too far away."""
    if due_until <= due_from:
        return [Problem("/due_until", "due_backwards")]
    if due_until <= now:
        return [Problem("/due_until", "due_over")]
    return [Problem("/due_until", "due_far")] if due_until > now + LONGEST_AHEAD else []


def ended_at(said: datetime | None, now: datetime) -> datetime:
    """Return when something was done: as the phone says, unless its clock can't be right."""
    if said is None or said > now + CLOCK_SLACK or said < now - LATE_RESULT:
        return now
    return min(said, now)


def check_active(state: str, taken_by: Any, who: Any, role: str) -> None:
    """Raise Conflict when a task is over, or when somebody else has taken it on."""
    if state in ENDED:
        raise Conflict("task_over", state=STATE_TITLES[State(state)])
    if state == State.TAKEN and taken_by != who and role not in (CHIEF, "machine"):
        raise Conflict("task_taken")


def verbs(state: str, kind: str, *, mine: bool, given: bool, taken_by_me: bool, role: str) -> list[str]:
    """Return what somebody is offered: take and finish what is the own, cancel and pass on what he gave."""
    if state in ENDED:
        return []
    found = []
    if mine and state == State.OPEN:
        found.append("take")
    if (mine and state == State.OPEN) or taken_by_me:
        found.append("finish")
    if role == CHIEF or (given and kind != LOOK_BACK):
        found += ["cancel", "pass_on"]
    return found


def part_of_day(state: str, due_from: datetime, due_until: datetime, now: datetime) -> str:
    """Return where a task stands in the list: overdue, today, tomorrow, later or done."""
    today = now.astimezone(SHANGHAI).date()
    if state in ENDED:
        return "done"
    if due_until < now:
        return "overdue"
    begin = due_from.astimezone(SHANGHAI).date()
    if begin <= today:
        return "today"
    return "tomorrow" if begin == today + timedelta(days=1) else "later"


def question(matter: Mapping[str, str]) -> dict[str, str]:
    """Return what is asked at a look-back in both languages, from the title of the case's class."""
    return {
        language: words.format(matter=matter.get(language) or matter.get("zh", ""))
        for language, words in LOOK_BACK_WORDS.items()
    }


PARTS = ("overdue", "today", "tomorrow", "later", "done")


@dataclass(frozen=True)
class Stop:
    """A task as the order of a day sees it: place in WGS 84, and when it may and must be done."""

    id: str
    lon: float
    lat: float
    due_from: datetime
    due_until: datetime


def day_order(stops: Sequence[Stop], start: tuple[float, float] | None, now: datetime) -> list[Stop]:
    """Return the order in which to walk: the nearest that may be done already, from one to the next.

    A farther one goes first when the detour would make it late. Without a start the walk begins at what is
    due first. Greedy, so not the shortest walk; static/shared/dayorder.js does the same without a network.
    """
    left = sorted(stops, key=lambda stop: (stop.due_until, stop.id))
    order: list[Stop] = []
    here, clock = start, now
    while left:
        if here is None:
            chosen = left[0]
        else:
            begun = [stop for stop in left if stop.due_from <= clock]
            first = min(stop.due_from for stop in left)
            able = begun or [stop for stop in left if stop.due_from == first]
            chosen = _chosen(able, here, clock)
        left.remove(chosen)
        order.append(chosen)
        arrived = clock if here is None else clock + _walk(here, chosen)
        clock = max(arrived, chosen.due_from) + STAY
        here = (chosen.lon, chosen.lat)
    return order


def _chosen(able: Sequence[Stop], here: tuple[float, float], clock: datetime) -> Stop:
    nearest = min(able, key=lambda stop: (metres(here, stop), stop.due_until, stop.id))
    pressing = able[0]  # the list is in the order of what is due
    by_detour = clock + _walk(here, nearest) + STAY + _walk((nearest.lon, nearest.lat), pressing)
    straight = clock + _walk(here, pressing)
    # What is late anyway can wait for what lies on the way.
    return pressing if straight <= pressing.due_until < by_detour else nearest


def metres(here: tuple[float, float], stop: Stop) -> float:
    """Return the metres between WGS 84 points on a sphere (haversine): a phone computes it the same.

    Rounded, so that every device compares alike; true to half a percent, which no order of walking notices.
    """
    half_lon, half_lat = radians(stop.lon - here[0]) / 2, radians(stop.lat - here[1]) / 2
    chord = sin(half_lat) ** 2 + cos(radians(here[1])) * cos(radians(stop.lat)) * sin(half_lon) ** 2
    return round(2 * EARTH_M * asin(sqrt(min(chord, 1.0))))


def _walk(here: tuple[float, float], stop: Stop) -> timedelta:
    return timedelta(seconds=round(metres(here, stop) * CORNERS / WALK_MPS))


def midnight(day: date) -> datetime:
    """Return the first moment of a day in Shanghai."""
    return datetime.combine(day, time(0), SHANGHAI)


def week_days(week: str) -> tuple[date, date] | None:
    """Return Monday of an ISO week such as 2026-W47 and the Monday after it; None for no week."""
    year, mark, number = week.partition("-W")
    if not (mark and year.isdecimal() and number.isdecimal() and len(year) == 4 and len(number) <= 2):
        return None
    try:
        monday = date.fromisocalendar(int(year), int(number), 1)
    except ValueError:
        return None
    return monday, monday + timedelta(days=7)


def this_week(now: datetime) -> str:
    """Return the ISO week of a moment in Shanghai, such as 2026-W47."""
    year, week, _day = now.astimezone(SHANGHAI).isocalendar()
    return f"{year}-W{week:02d}"
