"""Reads about addresses: what one means, by the station's own registers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from webapp.addresses import rules
from webapp.addresses.models import Address
from webapp.addresses.rules import Candidate, Found, Geocoded, Precision
from webapp.places.models import Place

_AT_KEYS = text("SELECT * FROM app.addresses_at(:keys)")
_LIKE = text("SELECT * FROM app.addresses_like(:site)")
SHORTEST_NAME = 3


def geocoded(session: Session, asked: Sequence[str]) -> dict[str, Geocoded]:
    """Return what each address means: by the register of addresses, the places register, then by likeness.

    One statement for each fineness of all addresses together, then one for each distinct site that nothing
    fits. Places are WGS 84.
    """
    parts = {said: rules.address(said) for said in set(asked) if said.strip()}
    known = _entries(session, parts.values())
    names = _names(session) if parts else []
    resembling: dict[str, Geocoded] = {}
    found = {}
    for said, part in parts.items():
        result = rules.judged(part, known)
        if not result.sure and result.reason != "place_ambiguous":
            result = _named(part, names) or result
        if result.reason == "place_unknown" and part.site:
            if part.site not in resembling:
                resembling[part.site] = rules.resembling(_like(session, part.site))
            result = resembling[part.site]
        found[said] = result
    return found


def _entries(session: Session, parts: Iterable[rules.Address]) -> dict[str, list[Found]]:
    """Return the register's entries by key: level by level, coarser keys only for what is still open."""
    waiting = [part for part in parts if part.keys]
    known: dict[str, list[Found]] = {}
    for level in range(max((len(part.keys) for part in waiting), default=0)):
        keys = {part.keys[level][1] for part in waiting if level < len(part.keys)} - set(known)
        if keys:
            for row in session.execute(_AT_KEYS, {"keys": sorted(keys)}):
                known.setdefault(row.key, []).append(Found(*row))
        waiting = [part for part in waiting if level < len(part.keys) and part.keys[level][1] not in known]
    return known


def _names(session: Session) -> list[tuple[str, str, float, float]]:
    """Return (name as compared, name, lon, lat) of the places register, longest names first."""
    rows = session.execute(select(Place.name, func.ST_X(Place.geom), func.ST_Y(Place.geom)))
    named = [(rules.normalised(name), name, lon, lat) for name, lon, lat in rows]
    return sorted((row for row in named if len(row[0]) >= SHORTEST_NAME), key=lambda row: -len(row[0]))


def _named(part: rules.Address, names: list[tuple[str, str, float, float]]) -> Geocoded | None:
    """Return the registered place whose name an address holds; the longest name wins."""
    for normal, name, lon, lat in names:
        if normal in part.text:
            radius = rules.accuracy_m(Precision.PLACE, 0.0)
            return Geocoded((Candidate(name, lon, lat, Precision.PLACE.value, radius, 0.9),), True, "")
    return None


def _like(session: Session, site: str) -> list[Candidate]:
    return [
        Candidate(
            rules.label(Precision.COMPOUND, _site(row)),
            row.lon,
            row.lat,
            Precision.COMPOUND.value,
            rules.accuracy_m(Precision.COMPOUND, row.spread_m),
            round(row.score, 2),
        )
        for row in session.execute(_LIKE, {"site": site})
    ]


def _site(row: Any) -> Found:
    return Found(f"c:{row.site}", row.community, row.site, row.lon, row.lat, row.spread_m, 1)


def address_count(session: Session) -> int:
    """Return how many addresses the station's register holds."""
    return session.scalar(select(func.count()).select_from(Address)) or 0
