"""Pure decisions about a week: which cases are its repeats, and which directives they meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from gis.coords import distance_m
from webapp.core.i18n import N_
from webapp.repeats.rules import groups

MEETING_TITLES = {
    "met": N_("met by a repeat"),
    "single": N_("one case, no repeat"),
    "none": N_("no case"),
}

WEEKS_SHOWN = 26
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_SPACE = UUID("6f0d7c11-52a9-5b0e-8d59-3f3c2e1b7a44")


def monday_of(day: date) -> date:
    """Return the Monday of a day's ISO week."""
    return day - timedelta(days=day.weekday())


def week_name(monday: date) -> str:
    """Return the ISO 8601 name of a week, such as 2026-W47."""
    year, week, _day = monday.isocalendar()
    return f"{year}-W{week:02d}"


def week_monday(said: str) -> date | None:
    """Return the Monday of a named week, None for what is no week."""
    found = _WEEK.fullmatch(said)
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1) if found else None
    except ValueError:
        return None


def span(monday: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first moment of a week and the first of the next."""
    first = datetime(monday.year, monday.month, monday.day, tzinfo=zone)
    after = monday + timedelta(days=7)
    return first, datetime(after.year, after.month, after.day, tzinfo=zone)


@dataclass(frozen=True)
class Listed:
    """One case in a weekly list; place in WGS 84."""

    id: UUID
    number: str
    class_code: str
    grid_id: UUID
    police_grid_id: UUID
    lon: float
    lat: float
    found_at: datetime
    open: bool
    restricted: bool
    label: str
    priority: int = 0
    merged: bool = False


@dataclass(frozen=True)
class Group:
    """Cases of one matter: those of the week, and all of them in the span of its terms, oldest first."""

    cases: tuple[Listed, ...]
    week: tuple[Listed, ...]

    @property
    def newest(self) -> Listed:
        """The case that stands for the group: the newest open one, else the newest."""
        return max(self.cases, key=lambda case: (case.open, case.found_at, case.id))

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the group, the most frequent first."""
        codes = [case.class_code for case in self.cases]
        return tuple(sorted(set(codes), key=lambda code: (-codes.count(code), code)))


@dataclass(frozen=True)
class Directive:
    """What the district told the station to look after; nothing in `class_code` means every class."""

    list_id: UUID
    number: int
    class_code: str
    grid_id: UUID | None
    lon: float | None
    lat: float | None
    from_on: date | None
    to_on: date | None
    where: str = ""
    words: str = ""
    radius_m: float = 50.0


@dataclass(frozen=True)
class Comparison:
    """A week's repeats beside the directives: which group meets which directive, and what is left over."""

    meeting: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    states: tuple[str, ...] = ()


def listed_groups(
    cases: Sequence[Listed], links: Iterable[tuple[UUID, UUID]], first: datetime, after: datetime
) -> list[Group]:
    """Return the groups of two or more with a case of the week, the largest in the week first."""
    known = {case.id: case for case in cases}
    found = []
    for ids in groups(known, links):
        members = tuple(sorted((known[item] for item in ids), key=lambda c: (c.found_at, c.id)))
        week = tuple(case for case in members if first <= case.found_at < after)
        if len(members) > 1 and week:
            found.append(Group(members, week))
    return sorted(found, key=lambda g: (-len(g.week), -len(g.cases), g.newest.number))


def in_force(directive: Directive, monday: date) -> bool:
    """Say whether a directive holds on any day of a week; without days it always does."""
    sunday = monday + timedelta(days=6)
    started = directive.from_on is None or directive.from_on <= sunday
    return started and (directive.to_on is None or directive.to_on >= monday)


def meets(case: Listed, directive: Directive) -> bool:
    """Say whether a case is what a directive is about: its class, and its grid or place."""
    if directive.class_code and directive.class_code != case.class_code:
        return False
    if directive.lon is not None and directive.lat is not None:
        return distance_m(case.lon, case.lat, directive.lon, directive.lat) <= directive.radius_m
    return directive.grid_id == case.grid_id


def compared(
    found: Sequence[Group], singles: Sequence[Listed], directives: Sequence[Directive]
) -> Comparison:
    """Compare a week's groups, and its cases without repeat, with the directives in force."""
    meeting = {
        place: tuple(
            number for number, group in enumerate(found) if any(meets(c, directive) for c in group.week)
        )
        for place, directive in enumerate(directives)
    }
    states = tuple(
        "met" if meeting[place] else "single" if any(meets(c, directive) for c in singles) else "none"
        for place, directive in enumerate(directives)
    )
    return Comparison(meeting, states)


def unnamed(comparison: Comparison, count: int) -> list[int]:
    """Return the places of the groups that no directive names."""
    named = {number for numbers in comparison.meeting.values() for number in numbers}
    return [number for number in range(count) if number not in named]


@dataclass(frozen=True)
class Week:
    """The list of a week: its groups, its cases without repeat, and both beside the directives in force."""

    monday: date
    groups: tuple[Group, ...]
    singles: tuple[Listed, ...]
    directives: tuple[Directive, ...]
    comparison: Comparison

    @property
    def unnamed(self) -> list[int]:
        """The places of the groups that no directive names."""
        return unnamed(self.comparison, len(self.groups))

    def meets(self, group: int) -> list[Directive]:
        """Return the directives that a group meets."""
        meeting = self.comparison.meeting
        return [item for place, item in enumerate(self.directives) if group in meeting[place]]


def week_of(
    monday: date,
    zone: ZoneInfo,
    cases: Sequence[Listed],
    links: Iterable[tuple[UUID, UUID]],
    directives: Sequence[Directive],
    police_grid_id: UUID | None = None,
) -> Week:
    """Make the list of a week of its cases, of one police grid or of all."""
    first, after = span(monday, zone)
    found = listed_groups(cases, links, first, after)
    if police_grid_id is not None:
        found = [g for g in found if any(case.police_grid_id == police_grid_id for case in g.week)]
    together = {case.id for group in found for case in group.cases}
    singles = tuple(
        case
        for case in cases
        if first <= case.found_at < after
        and case.id not in together
        and police_grid_id in (None, case.police_grid_id)
    )
    valid = tuple(item for item in directives if in_force(item, monday))
    return Week(monday, tuple(found), singles, valid, compared(found, singles, valid))


def week_id(station_id: UUID, monday: date) -> UUID:
    """Return an id of a station's week, for the events about it."""
    return uuid5(_SPACE, f"{station_id}/{week_name(monday)}")


def recorded(week: Week) -> dict[str, Any]:
    """Return a week's list as it is kept: counts, and a row for each group without anything restricted."""
    shown = [(number, group) for number, group in enumerate(week.groups) if not group.newest.restricted]
    rows = [
        {
            "place": group.newest.label,
            "classes": list(group.classes),
            "numbers": [case.number for case in group.cases],
            "in_week": len(group.week),
            "directives": [[str(item.list_id), item.number] for item in week.meets(number)],
        }
        for number, group in shown
    ]
    single = sum(not case.restricted for case in week.singles)
    return {
        "cases": single + sum(len(group.week) for _number, group in shown),
        "repeats": len(shown),
        "rows": rows,
    }
