"""Reads about places, under the asker's own rights."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from webapp.core.errors import NotFound
from webapp.core.shortcodes import PLACE_LENGTH, sound, tidy
from webapp.places.models import Place

PAGE = 50
MOST_SIGNS = 200


def place(session: Session, place_id: UUID) -> Place:
    """Return one place; raise NotFound when absent or of another station."""
    found = session.get(Place, place_id)
    if found is None:
        raise NotFound()
    return found


def place_by_code(session: Session, said: str) -> Place:
    """Return the open place with a code, however it was typed; raise NotFound otherwise."""
    code = tidy(said)
    open_one = select(Place).where(Place.code == code, Place.closed_at.is_(None))
    found = session.scalars(open_one).one_or_none() if sound(code, PLACE_LENGTH) else None
    if found is None:
        raise NotFound()
    return found


def places(
    session: Session, words: str = "", *, limit: int = PAGE, offset: int = 0, closed: bool = False
) -> list[Place]:
    """Return places whose name holds the words, or whose code begins with them; by name."""
    found = select(Place).order_by(Place.name, Place.id).limit(limit).offset(offset)
    if not closed:
        found = found.where(Place.closed_at.is_(None))
    for word in words.split()[:6]:
        code = tidy(word)
        named = Place.name.icontains(word, autoescape=True)
        found = found.where(or_(named, Place.code.startswith(code)) if code else named)
    return list(session.scalars(found))


def places_named(session: Session, ids: Iterable[UUID]) -> list[Place]:
    """Return the open places among some ids, by name: those that get a sign."""
    wanted = Place.id.in_(list(ids)[:MOST_SIGNS]) & Place.closed_at.is_(None)
    return list(session.scalars(select(Place).where(wanted).order_by(Place.name, Place.id)))
