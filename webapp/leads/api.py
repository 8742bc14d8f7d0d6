"""Doors for programs: restricted leads, the log of reads, visited people and visits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door, site
from webapp.leads import actions, queries, rules
from webapp.leads.models import VisitPerson
from webapp.leads.schemas import (
    DetailsOut,
    IntervalIn,
    KeptOut,
    LeadFiguresOut,
    OpenedOut,
    PersonIn,
    PurposeIn,
    ReadOut,
    ReadsQuery,
    RestrictedOut,
    VisitIn,
    VisitsOut,
)
from webapp.people.logins import throttle

blp = ApiBlueprint("leads", __name__, url_prefix="/api/v1", description="Restricted leads and visits")
# Times an hour that a person may open something: who reads more reads for himself.
OFTEN = (120, 3600)


@blp.route("/leads")
@door(*rules.OPENERS)
@blp.response(200, RestrictedOut(many=True))
def leads(session: Session, by: Actor) -> list[dict[str, Any]]:
    """The restricted leads that I may open, without their words, places and people."""
    return queries.leads(session)


@blp.route("/leads/<uuid:lead_id>/open", methods=["POST"])
@door(*rules.OPENERS)
@blp.arguments(PurposeIn)
@blp.response(200, OpenedOut)
def open_lead(body: dict[str, str], lead_id: UUID, session: Session, by: Actor) -> Any:
    """Open a lead for fifteen minutes: the purpose is in the log before anything is shown."""
    throttle(site().login, f"lead:{by.person_id}", *OFTEN)
    return actions.open_lead(session, lead_id, **body, by=by)


@blp.route("/leads/figures")
@door(*rules.COUNTERS)
@blp.response(200, LeadFiguresOut(many=True))
def figures(session: Session, by: Actor) -> list[dict[str, str]]:
    """How many leads each police grid has; what is under five is not told."""
    return queries.figures(session)


@blp.route("/leads/reads")
@door(*rules.SUPERVISORS)
@blp.arguments(ReadsQuery, location="query")
@blp.response(200, ReadOut(many=True))
def reads(query: dict[str, int | None], session: Session, by: Actor) -> list[Any]:
    """Who has read what, when and for what purpose; newest first."""
    return queries.reads(session, query["before"])


@blp.route("/visited")
@door(*rules.VISITORS)
@blp.response(200, VisitsOut)
def visited(session: Session, by: Actor) -> dict[str, Any]:
    """The people whom I visit or answer for, those due first on top; initials only."""
    people = queries.visited(session, by.station_id, clock.now())
    return {"people": people, "rates": rules.rates((item.risk, item.urgency) for item in people)}


@blp.route("/visited/<uuid:person_id>", methods=["PUT"])
@door(*rules.OPENERS)
@blp.arguments(PersonIn)
@blp.response(200, KeptOut)
def keep_person(body: dict[str, Any], person_id: UUID, session: Session, by: Actor) -> VisitPerson:
    """Keep somebody who is visited, new or changed."""
    return actions.keep_person(session, person_id, body, by=by)


@blp.route("/visited/<uuid:person_id>/open", methods=["POST"])
@door(*rules.VISITORS)
@blp.arguments(PurposeIn)
@blp.response(200, DetailsOut)
def open_person(body: dict[str, str], person_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Who a visited person is, with the words of the visits: each read is in the log first."""
    throttle(site().login, f"lead:{by.person_id}", *OFTEN)
    return actions.open_person(session, person_id, **body, by=by)


@blp.route("/visited/<uuid:person_id>/end", methods=["POST"])
@door(*rules.OPENERS)
@blp.response(200, KeptOut)
def end_person(person_id: UUID, session: Session, by: Actor) -> VisitPerson:
    """End the visits to somebody."""
    return actions.end_person(session, queries.visit_person(session, person_id), by=by)


@blp.route("/visited/<uuid:person_id>/visits", methods=["POST"])
@door(*rules.VISITORS)
@blp.arguments(VisitIn)
@blp.response(201, VisitsOut)
def visit(body: dict[str, Any], person_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Log a visit and how it went; the same again changes nothing."""
    person = queries.visit_person(session, person_id)
    actions.visit(session, person, body.pop("id"), **body, by=by)
    people = queries.visited(session, by.station_id, clock.now())
    return {"people": people, "rates": rules.rates((item.risk, item.urgency) for item in people)}


@blp.route("/visit-intervals/<any(high, key, general):risk>", methods=["PUT"])
@door("station_chief")
@blp.arguments(IntervalIn)
@blp.response(200, IntervalIn)
def set_interval(body: dict[str, int], risk: str, session: Session, by: Actor) -> dict[str, int]:
    """Set how many days may pass between visits of a risk class."""
    actions.set_interval(session, risk, body["days"], by=by)
    return body
