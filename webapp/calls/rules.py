"""Pure decisions about calls: who may call whom, how long the clocks run, what may follow what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from webapp.core.clock import SHOWN
from webapp.core.errors import Conflict, Forbidden, Problem, Refused
from webapp.core.i18n import N_

GRID_SIDE = ("volunteer", "grid_worker", "mediator")
POLICE_SIDE = ("officer", "station_chief")
CALLERS = (*GRID_SIDE, *POLICE_SIDE)
# Who sets the limits, and who reads everybody's calls.
KEEPERS = ("station_chief",)

TO_POLICE, TO_GRID = "grid_to_police", "police_to_grid"
DIRECTION_TITLES = {TO_POLICE: N_("Grid calls police"), TO_GRID: N_("Police call grid")}
AIM_TITLES = {
    "ground": N_("whoever is responsible here"),
    "around": N_("everybody on duty within 500 m"),
    "person": N_("one person"),
    "team": N_("a team"),
}
STATE_TITLES = {
    "ringing": N_("ringing"),
    "acknowledged": N_("acknowledged"),
    "answered": N_("somebody comes"),
    "done": N_("settled"),
    "cancelled": N_("call withdrawn"),
    "unanswered": N_("nobody came"),
}
# How far up the chain a call has gone, by its direction.
LEVEL_TITLES = {
    TO_POLICE: (
        N_("officer of the ground"),
        N_("all officers of the police grid"),
        N_("duty desk"),
        N_("chief"),
    ),
    TO_GRID: (N_("those who were called"), N_("everybody of the police grid"), N_("duty desk"), N_("chief")),
}
DESK_LEVEL, TOP_LEVEL = 2, 3
OPEN_STATES = ("ringing", "acknowledged", "answered")
RINGING_STATES = ("ringing", "acknowledged")
# A target who may still say something.
WAITING = ("called", "acknowledged")

# The columns of the statistics, as its table and its file have them.
COLUMNS = {
    "month": N_("Month"),
    "police_grid": N_("Police grid"),
    "direction": N_("Direction"),
    "calls": N_("Calls"),
    "acknowledged": N_("Acknowledged"),
    "in_time": N_("of these in time"),
    "answered": N_("Somebody came"),
    "unanswered": N_("Nobody came"),
    "acknowledge_median_s": N_("Until acknowledged, median (s)"),
    "acknowledge_p90_s": N_("Until acknowledged, 90 of 100 (s)"),
    "answer_median_s": N_("Until somebody comes, median (s)"),
    "answer_p90_s": N_("Until somebody comes, 90 of 100 (s)"),
}

RADIUS_M = 500.0
FRESH = timedelta(minutes=15)
MOST_WANTED = 20
WORDS_LIMIT = 500
# Duties that stand behind the officer of the ground: called when he does not answer.
SECOND_DUTIES = ("deputy", "auxiliary")

# Seconds until somebody acknowledges and until somebody comes; hours until nothing is open any more.
ACKNOWLEDGE_S, RESPONSE_S, CLOSE_H = 180, 900, 24
NIGHT_FROM, NIGHT_TO = "22:00", "06:00"


@dataclass(frozen=True)
class Limits:
    """How long both clocks of a call run, in seconds, and after how many hours the machine closes it."""

    acknowledge_s: int
    response_s: int
    close_h: int


def all_limits(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the limits that a station has set, whole: by day, by night, when night is."""
    said = settings.get("calls")
    own: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    given = {"acknowledge_s": ACKNOWLEDGE_S, "response_s": RESPONSE_S}
    return {
        "day": {**given, **own.get("day", {})},
        "night": {**given, **own.get("night", {})},
        "night_from": own.get("night_from", NIGHT_FROM),
        "night_to": own.get("night_to", NIGHT_TO),
        "close_h": own.get("close_h", CLOSE_H),
    }


def limits(settings: Mapping[str, Any], at: datetime) -> Limits:
    """Return the limits of a call that is made at a moment, by the clock on the wall here."""
    whole = all_limits(settings)
    now = at.astimezone(SHOWN).time()
    start, end = time.fromisoformat(whole["night_from"]), time.fromisoformat(whole["night_to"])
    night = start <= now < end if start <= end else (now >= start or now < end)
    part = whole["night" if night else "day"]
    return Limits(int(part["acknowledge_s"]), int(part["response_s"]), int(whole["close_h"]))


def limit_problems(wish: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with new limits: an answer can't be wanted before the acknowledgement."""
    return [
        Problem(f"/{part}/response_s", "call_limits")
        for part in ("day", "night")
        if wish[part]["response_s"] < wish[part]["acknowledge_s"]
    ]


def check_code(code: str) -> None:
    """Raise Refused 'bad_code' for what is no code of a kind."""
    if not _CODE.fullmatch(code):
        raise Refused(problems=[Problem("/code", "bad_code")])


_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")


def direction(role: str) -> str:
    """Return which way a role calls; raise Forbidden for one that calls nobody."""
    if role in GRID_SIDE:
        return TO_POLICE
    if role in POLICE_SIDE:
        return TO_GRID
    raise Forbidden()


def aim_problems(way: str, aim: str, aim_id: object | None) -> list[Problem]:
    """Return what is wrong with whom a call is for: the grid calls the officer of the ground, no one else."""
    if way == TO_POLICE and aim != "ground":
        return [Problem("/aim", "not_allowed", {"allowed": "ground"})]
    if (aim in ("person", "team")) != (aim_id is not None):
        return [Problem("/aim_id", "field_required" if aim_id is None else "field_unknown")]
    return []


def first_called(posted: list[tuple[Any, str]]) -> list[Any]:
    """Return who of (person, duty) is called first: those who do not stand behind somebody else."""
    first = [person for person, duty in posted if duty not in SECOND_DUTIES]
    return first or [person for person, _duty in posted]


def next_look(
    *,
    full: bool,
    ringing: bool,
    level: int,
    called_at: datetime,
    now: datetime,
    said: Limits,
    close_at: datetime,
) -> datetime:
    """Return when the clock looks at an open call again.

    While it rings, a limit for the acknowledgement after it went up; then when somebody should have come;
    at the top of the chain, or with all who were wanted on the way, when nothing may be open any more.
    """
    if full or level >= TOP_LEVEL:
        return close_at
    again = now + timedelta(seconds=said.acknowledge_s)
    reply = called_at + timedelta(seconds=said.response_s)
    return min(again if ringing else max(reply, again), close_at)


def months(first: str | None, last: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Return beginning and end of the months first to last (YYYY-MM, both included, in the time of here).

    Without a first month it is a year's worth of months up to the last, without a last one the present.
    """
    end = _month(last) if last else (now.astimezone(SHOWN).year, now.astimezone(SHOWN).month)
    start = _month(first) if first else _later(end, -11)
    return _begin(start), _begin(_later(end, 1))


def _month(text: str) -> tuple[int, int]:
    year, month = text.split("-")
    return int(year), int(month)


def _later(month: tuple[int, int], count: int) -> tuple[int, int]:
    year, index = divmod(month[0] * 12 + month[1] - 1 + count, 12)
    return year, index + 1


def _begin(month: tuple[int, int]) -> datetime:
    return datetime(*month, 1, tzinfo=SHOWN)


def check_open(state: str) -> None:
    """Raise Conflict 'call_over' when a call has ended."""
    if state not in OPEN_STATES:
        raise Conflict("call_over")


def verbs(
    *, state: str, mine: str | None, full: bool, arrived: bool, is_caller: bool, role: str, late: bool
) -> list[str]:
    """Return what somebody may say to a call: `mine` is the state as one who was called, if at all.

    `full`: all who were wanted come. `late`: the response clock has run out, so that it may be closed as
    unanswered.
    """
    if state not in OPEN_STATES:
        return []
    found = []
    if mine == "called":
        found.append("acknowledge")
    if mine in WAITING:
        found += ["take", "decline"]
    if mine in ("declined", "stood_down") and not full:
        found.append("take")
    if mine == "taken" and not arrived:
        found += ["arrive", "decline"]
    if state == "answered" and (mine == "taken" or is_caller or role in KEEPERS):
        found.append("finish")
    if is_caller or role in KEEPERS:
        found += ["cancel"]
        if state in RINGING_STATES and late:
            found.append("lapse")
    return found
