"""Pure decisions about the duty desk: spans, gaps, overlaps, who stands in, why a case goes there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

from webapp.core.clock import SHOWN
from webapp.core.errors import Problem
from webapp.core.i18n import N_

KEEPERS = ("station_chief",)
READERS = ("officer", "grid_worker", "station_chief")
# Who may sit at the desk: cases of the whole station open to them there.
DESK_ROLES = ("officer", "station_chief")


class Kind(StrEnum):
    """What a shift means: by night new cases go to the desk, by day only those that nobody answers for."""

    DAY = "day"
    NIGHT = "night"


KIND_TITLES = {Kind.DAY: N_("day duty"), Kind.NIGHT: N_("night duty")}
# The usual hours of a new shift on the form, local time; an end before the beginning is on the next day.
USUAL_HOURS = {Kind.DAY: ("08:00", "20:00"), Kind.NIGHT: ("20:00", "08:00")}
LONGEST = timedelta(hours=48)
LONGEST_ABSENCE = timedelta(days=366)
# A roster is changed for the days to come; what was long ago stays as it was.
OLDEST = timedelta(days=31)
FARTHEST = timedelta(days=400)
NIGHT_FROM, NIGHT_TO = "22:00", "06:00"
MOST_ROWS = 500


class Why(StrEnum):
    """Why a case goes to the duty desk, or away from it."""

    NIGHT = "night"
    NOBODY = "nobody"
    AWAY = "away"
    RAN_OUT = "ran_out"
    SHIFT_OVER = "shift_over"


@dataclass(frozen=True, order=True)
class Span:
    """Time from `since` on (included) until `until` (not included); aware."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Shift:
    """Somebody at the desk for a span."""

    person: UUID
    span: Span
    kind: Kind = Kind.NIGHT


def on_day(day: date, begins: time, ends: time) -> Span:
    """Return the span of a shift that begins on a local day; an end before its beginning is a day later."""
    since = datetime.combine(day, begins, SHOWN)
    until = datetime.combine(day if ends > begins else day + timedelta(days=1), ends, SHOWN)
    return Span(since, until)


def of_row(day: date, kind: str, begins: time | None, ends: time | None) -> Span:
    """Return the span of a row of a file; hours that it does not say are the usual ones of its kind."""
    usual = [time.fromisoformat(hour) for hour in USUAL_HOURS[Kind(kind)]]
    return on_day(day, usual[0] if begins is None else begins, usual[1] if ends is None else ends)


def nights(first: date, days: int, settings: Mapping[str, Any]) -> list[Span]:
    """Return the nights that begin on `days` local days from `first` on, by the hours set for calls."""
    said = settings.get("calls")
    own: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    begins = time.fromisoformat(own.get("night_from", NIGHT_FROM))
    ends = time.fromisoformat(own.get("night_to", NIGHT_TO))
    return [on_day(first + timedelta(days=n), begins, ends) for n in range(days)]


def gaps(wanted: Iterable[Span], held: Iterable[Span]) -> list[Span]:
    """Return the parts of the wanted spans in which nobody is there, in order, as long as they can be."""
    there = sorted(held)
    return [gap for span in _joined(wanted) for gap in _open(span, there)]


def _open(span: Span, there: Sequence[Span]) -> Iterator[Span]:
    at = span.since
    for item in there:
        if item.until <= at:
            continue
        if item.since >= span.until:
            break
        if item.since > at:
            yield Span(at, item.since)
        at = item.until
    if at < span.until:
        yield Span(at, span.until)


def _joined(spans: Iterable[Span]) -> list[Span]:
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.since <= made[-1].until:
            made[-1] = Span(made[-1].since, max(made[-1].until, span.until))
        else:
            made.append(span)
    return made


def overlaps(shifts: Iterable[Shift]) -> list[Span]:
    """Return the spans in which more than one is at the desk, in order, as long as they can be."""
    moments = sorted({moment for shift in shifts for moment in (shift.span.since, shift.span.until)})
    parts = [Span(*pair) for pair in pairwise(moments)]
    there = [shift.span for shift in shifts]
    return _joined(p for p in parts if sum(s.since <= p.since and p.until <= s.until for s in there) > 1)


def stand_in(person: UUID, away: Mapping[UUID, UUID | None]) -> UUID | None:
    """Return who does somebody's duty when `away` (person to deputy) are away: himself, a deputy, or nobody.

    A deputy who is away too has a deputy of his own; a circle ends at nobody. The same as app.stand_ins.
    """
    seen = {person}
    found: UUID | None = person
    while found is not None and found in away:
        found = away[found]
        if found in seen:
            return None
        seen |= {found} if found else set()
    return found


def is_night(desk: Iterable[Any]) -> bool:
    """Say whether one of those at the desk has a night shift."""
    return any(row.kind == Kind.NIGHT for row in desk)


@dataclass(frozen=True)
class Ground:
    """Where a case lies: its grid, the one beyond the border that it is near to, its police grid."""

    grid_id: UUID
    neighbour_grid_id: UUID | None
    police_grid_id: UUID

    @property
    def grids(self) -> list[UUID]:
        """Return the grids whose people may answer."""
        return [self.grid_id, *([self.neighbour_grid_id] if self.neighbour_grid_id else [])]


def why_desk(
    *, posted: Collection[UUID], present: Collection[UUID], night: bool, ran_out: bool
) -> Why | None:
    """Return why a case must go to the desk, None when whoever is posted on its ground answers.

    `posted` are posted there, `present` those of them (or their deputies) who are not away; `night`: somebody
    has a night shift now; `ran_out`: nobody answered in time.
    """
    if ran_out:
        return Why.RAN_OUT
    if not present:
        return Why.AWAY if posted else Why.NOBODY
    return Why.NIGHT if night else None


def span_problems(span: Span, longest: timedelta, now: datetime) -> list[Problem]:
    """Return what is wrong with a span of the roster: backwards, too long, long over, or far ahead."""
    if span.until <= span.since:
        return [Problem("/until_at", "duty_backwards")]
    if span.until - span.since > longest:
        return [Problem("/until_at", "duty_too_long", {"hours": int(longest.total_seconds() // 3600)})]
    if span.until < now - OLDEST or span.since > now + FARTHEST:
        return [Problem("/since_at", "duty_far")]
    return []


def monday_of(week: str | None, today: date) -> date:
    """Return the Monday of an ISO week such as 2026-W48; that of today for anything else."""
    try:
        return date.fromisocalendar(int(week[:4]), int(week[6:]), 1) if week else _monday(today)
    except (ValueError, OverflowError):
        return _monday(today)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def week_of(day: date) -> str:
    """Return the ISO week of a day, for addresses."""
    year, week, _day = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def shift_id(station_id: UUID, person_id: UUID, span: Span) -> UUID:
    """Return the id of a shift that came by a file: the same row again is the same shift."""
    return uuid5(station_id, f"shift/{person_id}/{span.since.timestamp():.0f}/{span.until.timestamp():.0f}")
