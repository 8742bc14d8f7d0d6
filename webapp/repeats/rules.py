"""Pure decisions about repeats: what is the same matter, who leads, which directive a repeat meets."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from gis.coords import distance_m
from webapp.core.errors import Problem
from webapp.core.i18n import N_

HANDLERS = ("officer", "station_chief")
SETTERS = ("station_chief",)
# Never linked, offered or merged: a lead is behind a wall of its own.
WALLED_KINDS = ("lead",)

WHY_TITLES = {
    "place_class": N_("same class close by"),
    "place": N_("same registered place"),
    "party": N_("same party"),
}
MEETING_TITLES = {
    "met": N_("met by a repeat"),
    "single": N_("one case, no repeat"),
    "none": N_("no case"),
}

# So many links a new case makes at most beyond one for each group that it touches: a noise that a hundred
# households report needs no five thousand links to be one group.
MOST_LINKS = 20
MOST_OFFERS = 5
MOST_MERGED_AT_ONCE = 200
WEEKS_SHOWN = 26
MAX_PARTY = 200
NORMAL, RAISED, FIRST = 0, 1, 2

_SPACE = UUID("1d6a0b3e-7f62-5c52-9a44-7c0a1c9d2b10")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_BLANK = re.compile(r"[\s\-—–_.,，。、:：()（）]+")


@dataclass(frozen=True)
class Terms:
    """When two cases are one matter: as a station sets it for a class, or for all ('').

    Classes of one `family` count as the same class. Within `distance_m` metres and `days` days (found to
    found) they repeat; two open ones within `near_m` and `near_h` hours may be the very same thing. At
    `place_m` a case lies at a registered place. From `raised_from` cases of a group on the newest open one is
    raised, from `first_from` on it is one to take first.
    """

    family: str = ""
    distance_m: float = 50.0
    days: int = 90
    near_m: float = 50.0
    near_h: int = 72
    place_m: float = 20.0
    raised_from: int = 2
    first_from: int = 5
    version: int = 0
    class_code: str = ""
    valid_from: datetime = datetime(2000, 1, 1, tzinfo=UTC)


class Book:
    """A station's terms of all classes and versions; says which were in force for a class at a moment."""

    def __init__(self, terms: Iterable[Terms]) -> None:
        self._by_class: dict[str, list[Terms]] = {}
        for item in sorted(terms, key=lambda t: t.version):
            self._by_class.setdefault(item.class_code, []).append(item)

    def at(self, class_code: str, moment: datetime) -> Terms:
        """Return the newest version for a class in force at a moment, else the station's, else the usual."""
        for code in (class_code, ""):
            valid = [t for t in self._by_class.get(code, ()) if t.valid_from <= moment]
            if valid:
                return valid[-1]
        return Terms()

    def widest(self, name: str, moment: datetime) -> float:
        """Return the largest value of a figure among all terms that may apply: for the search by box."""
        found = [Terms(), *(self.at(code, moment) for code in self._by_class)]
        return float(max(getattr(t, name) for t in found))


@dataclass(frozen=True)
class Seen:
    """What is asked of a case to judge whether it is the same as another; the place in WGS 84."""

    id: UUID
    class_code: str
    kind: str
    restricted: bool
    lon: float
    lat: float
    found_at: datetime
    reported_at: datetime
    open: bool = True
    places: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pair:
    """Why two cases belong together, and how far apart they are in metres and hours."""

    why: tuple[str, ...]
    metres: float
    hours: float


def family(terms: Terms, class_code: str) -> str:
    """Return what counts as one class under these terms."""
    return terms.family or class_code


def may_belong(a: Seen, b: Seen) -> bool:
    """Say whether two cases may have anything to do with each other: never across the walls."""
    return (
        a.id != b.id
        and a.restricted == b.restricted
        and a.kind not in WALLED_KINDS
        and b.kind not in WALLED_KINDS
    )


def repeat(a: Seen, b: Seen, book: Book) -> Pair | None:
    """Say whether two cases repeat one matter; the same whichever comes first.

    Each class has its own terms, as in force when the later of the two was reported; where they differ the
    narrower figure counts.
    """
    if not may_belong(a, b):
        return None
    mine, other = _terms(a, b, book)
    apart = abs(a.found_at - b.found_at)
    if apart > timedelta(days=min(mine.days, other.days)):
        return None
    metres = _metres(a, b)
    close = metres <= min(mine.distance_m, other.distance_m)
    why = []
    if close and family(mine, a.class_code) == family(other, b.class_code):
        why.append("place_class")
    if a.places & b.places:
        why.append("place")
    if a.parties & b.parties:
        why.append("party")
    return Pair(tuple(why), metres, apart.total_seconds() / 3600) if why else None


def near(a: Seen, b: Seen, book: Book) -> Pair | None:
    """Say whether two open cases of one class may be the very same thing; the same whichever comes first."""
    if not may_belong(a, b) or a.class_code != b.class_code or not (a.open and b.open):
        return None
    terms, _other = _terms(a, b, book)
    apart = abs(a.found_at - b.found_at)
    metres = _metres(a, b)
    if apart > timedelta(hours=terms.near_h) or metres > terms.near_m:
        return None
    return Pair(("place_class",), metres, apart.total_seconds() / 3600)


def _terms(a: Seen, b: Seen, book: Book) -> tuple[Terms, Terms]:
    later = max(a.reported_at, b.reported_at)
    return book.at(a.class_code, later), book.at(b.class_code, later)


def _metres(a: Seen, b: Seen) -> float:
    """Return the distance, to the millimetre the same in both directions."""
    low, high = sorted((a, b), key=lambda case: case.id)
    return round(distance_m(low.lon, low.lat, high.lon, high.lat), 3)


def groups(nodes: Iterable[UUID], links: Iterable[tuple[UUID, UUID]]) -> list[frozenset[UUID]]:
    """Return the groups that links make of cases, whatever their order; a case without links is its own."""
    parent = {node: node for node in nodes}

    def top(node: UUID) -> UUID:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in links:
        if a in parent and b in parent:
            high, low = sorted((top(a), top(b)))
            parent[low] = high
    found: dict[UUID, set[UUID]] = {}
    for node in parent:
        found.setdefault(top(node), set()).add(node)
    return [frozenset(found[key]) for key in sorted(found)]


def chosen(
    pairs: Mapping[UUID, Pair], links: Iterable[tuple[UUID, UUID]], most: int = MOST_LINKS
) -> list[UUID]:
    """Return which of the cases that a new one repeats it is linked with.

    One of each group that the others make among themselves, so that no group is lost, and the nearest in time.
    """
    order = sorted(pairs, key=lambda case: (pairs[case].hours, pairs[case].metres, case))
    kept = dict.fromkeys(order[:most])
    for group in groups(pairs, links):
        if not group & kept.keys():
            kept[min(group, key=order.index)] = None
    return list(kept)


def link_id(kind: str, a: UUID, b: UUID) -> UUID:
    """Return the id of a link: the same for the same two cases, so that it is made once."""
    return uuid5(_SPACE, f"{kind}/{a}/{b}")


def priority_for(count: int, terms: Terms) -> int:
    """Return the priority that the newest open case of a group of so many gets."""
    if count >= terms.first_from:
        return FIRST
    return RAISED if count >= terms.raised_from else NORMAL


def party_text(said: str) -> str:
    """Return a party's identifier as it is compared before it is hashed: no blanks or signs, one case."""
    return _BLANK.sub("", said.translate(_WIDE)).casefold()


_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True)
class Side:
    """A case as merging sees it."""

    id: UUID
    number: str
    kind: str
    restricted: bool
    open: bool
    duplicate_of: UUID | None


def merge_problem(case: Side, lead: Side) -> str | None:
    """Return the code of why a case may not be merged into a leading one, None when it may."""
    if case.id == lead.id or lead.duplicate_of is not None:
        return "merge_itself" if case.id == lead.id else "merge_into_merged"
    if case.kind != lead.kind or case.restricted != lead.restricted or lead.kind in WALLED_KINDS:
        return "merge_other_kind"
    if not lead.open:
        return "merge_into_over"
    return None if case.open else "merge_over"


def merge_problems(cases: Sequence[Side], lead: Side) -> list[Problem]:
    """Return what is wrong with merging cases into a leading one, each with its place in the list."""
    return [
        Problem(f"/cases/{place}", code, {"number": case.number, "lead": lead.number})
        for place, case in enumerate(cases)
        if (code := merge_problem(case, lead))
    ]


# Weeks: Monday to Sunday by the clock of the station.


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
    priority: int = NORMAL
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


def without_directive(comparison: Comparison, count: int) -> Collection[int]:
    """Return the places of the groups that no directive names."""
    named = {number for numbers in comparison.meeting.values() for number in numbers}
    return [number for number in range(count) if number not in named]


def told(directive: Any) -> str:
    """Return where a directive holds, in its own words."""
    return str(directive.content.get("place") or directive.content.get("grid") or "")
