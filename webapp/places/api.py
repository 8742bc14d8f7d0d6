"""Doors for programs: the register of places, and a place by the code of its sign."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.places import actions, queries
from webapp.places.models import Place
from webapp.places.rules import REGISTRARS
from webapp.places.schemas import PlaceAdd, PlaceChange, PlaceOut, PlaceQuery

blp = ApiBlueprint(
    "places", __name__, url_prefix="/api/v1", description="Places and the codes of their signs"
)


@blp.route("/places")
@door(scope="submit")
@blp.arguments(PlaceQuery, location="query")
@blp.response(200, PlaceOut(many=True))
def places(query: dict[str, Any], session: Session, by: Actor) -> list[Place]:
    """Places of my station by words of their name or the beginning of their code."""
    return queries.places(session, query["q"], limit=query["limit"])


@blp.route("/places/by-code/<code>")
@door(scope="submit")
@blp.response(200, PlaceOut)
def by_code(code: str, session: Session, by: Actor) -> Place:
    """The place whose sign bears a code."""
    return queries.place_by_code(session, code)


@blp.route("/places", methods=["POST"])
@door(*REGISTRARS)
@blp.arguments(PlaceAdd)
@blp.response(201, PlaceOut)
def add(body: dict[str, Any], session: Session, by: Actor) -> Place:
    """Register a place; it gets its code here."""
    return actions.add(session, body.pop("id"), **body, by=by)


@blp.route("/places/<uuid:place_id>", methods=["PATCH"])
@door(*REGISTRARS)
@blp.arguments(PlaceChange)
@blp.response(200, PlaceOut)
def mend(body: dict[str, Any], place_id: UUID, session: Session, by: Actor) -> Place:
    """Change a place's name, kind or point."""
    return actions.mend(session, queries.place(session, place_id), body, by=by)


@blp.route("/places/<uuid:place_id>/close", methods=["POST"])
@door(*REGISTRARS)
@blp.response(200, PlaceOut)
def close(place_id: UUID, session: Session, by: Actor) -> Place:
    """Take a place out of use."""
    return actions.close(session, queries.place(session, place_id), by=by)
