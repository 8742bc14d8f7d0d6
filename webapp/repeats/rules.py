"""Pure decisions about repeats: what is the same matter, what is offered, who leads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from gis.coords import distance_m
from webapp.core.errors import Problem
from webapp.core.i18n import N_

HANDLERS = ("officer", "station_chief")
SETTERS = ("station_chief",)
# Never linked, offered or merged: a lead is behind a wall of its own.
WALLED_KINDS = ("lead",)

# What of a leading case those learn whose reports were merged into it.
TOLD = (
    "cases.accepted",
    "cases.fed_back",
    "cases.hung_up",
    "cases.transferred",
    "cases.closed",
    "cases.rejected",
    "cases.reopened",
)

# So many links a new case makes at most beyond one for each group that it touches: a noise that a hundred
# households report needs no five thousand links to be one group.
MOST_LINKS = 20
MOST_OFFERS = 5
MOST_MERGED_AT_ONCE = 200
MAX_PARTY, SHORTEST_PARTY = 200, 4
NORMAL, RAISED, FIRST = 0, 1, 2
# How far round its place a directive reaches at least, metres; and how long a list of them may be.
DIRECTIVE_M = 50.0
MOST_DIRECTIVES = 2000

_SPACE = UUID("1d6a0b3e-7f62-5c52-9a44-7c0a1c9d2b10")
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
    grid_id: UUID | None = None


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

    One of each group that the others make among themselves, so that none is lost, and the nearest in time.
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
    """Return a party's identifier as it is compared before it is hashed: no blanks or signs, one case.

    A mobile number is the same with the country's code and without.
    """
    plain = _BLANK.sub("", said.translate(_WIDE)).casefold()
    mobile = _MOBILE.fullmatch(plain)
    return mobile[1] if mobile else plain


_MOBILE = re.compile(r"\+?(?:00)?86(1\d{10})")
# A telephone number has seven digits and more: 110 and 12345 are nobody's.
_NUMBER = re.compile(r"\d{7,18}[\dx]?")
_PARTS = re.compile(r"[,，;；/、]+")


def numbers(said: str) -> list[str]:
    """Return the telephone numbers that a caller's column names, as they are compared; no short ones."""
    found: dict[str, None] = {}
    for part in _PARTS.split(said):
        # Blanks inside of a number are common; between two numbers they make it too long.
        whole = _NUMBER.fullmatch(party_text(part)) is not None
        for piece in [part] if whole else part.split():
            plain = party_text(piece)
            found |= {plain: None} if _NUMBER.fullmatch(plain) else {}
    return list(found)


def shown_number(said: str) -> str:
    """Return a number with its middle hidden, as it is shown; nothing for what is no number."""
    plain = party_text(said)
    if not _NUMBER.fullmatch(plain):
        return ""
    head = 6 if len(plain) > LONGEST_PHONE else 3
    return f"{plain[:head]}****{plain[-4:]}" if len(plain) >= head + 4 else f"****{plain[-4:]}"


LONGEST_PHONE = 12
PART_TITLES = {"party": N_("party"), "witness": N_("witness"), "caller": N_("caller")}
# What people may say somebody is; who called comes with the order.
PARTS = ("party", "witness")
MAX_NAME = 60


_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


@dataclass(frozen=True)
class Side:
    """A case as merging sees it."""

    id: UUID
    number: str
    kind: str
    restricted: bool
    open: bool
    # Whether its state leaves room for the step (webapp/cases/rules.py, mark_duplicate).
    loose: bool
    duplicate_of: UUID | None


def merge_problem(case: Side, lead: Side) -> str | None:
    """Return the code of why a case may not be merged into a leading one, None when it may."""
    if case.id == lead.id or lead.duplicate_of is not None:
        return "merge_itself" if case.id == lead.id else "merge_into_merged"
    if case.kind != lead.kind or case.restricted != lead.restricted or lead.kind in WALLED_KINDS:
        return "merge_other_kind"
    if not lead.open:
        return "merge_into_over"
    return None if case.loose else "merge_over"


def merge_problems(cases: Sequence[Side], lead: Side) -> list[Problem]:
    """Return what is wrong with merging cases into a leading one, each with its place in the list."""
    return [
        Problem(f"/cases/{place}", code, {"number": case.number, "lead": lead.number})
        for place, case in enumerate(cases)
        if (code := merge_problem(case, lead))
    ]
