"""Doors for programs: what belongs to a case, merging, telling apart, terms, directives, weeks."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collectors import directives as lists
from webapp.cases import queries as cases
from webapp.cases.models import Case
from webapp.cases.rules import HANDLERS
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.web import ApiBlueprint, door, readable, site
from webapp.people.logins import throttle
from webapp.repeats import actions, queries, reading, rules, weekly, weeks
from webapp.repeats.models import CaseLink, CaseParty, Directive, DirectiveList, RepeatTerms
from webapp.repeats.schemas import (
    ApartIn,
    ApartOut,
    CaseRepeatsOut,
    DirectiveOut,
    DirectivesFile,
    DirectivesIn,
    DirectivesOut,
    MergedOut,
    MergeIn,
    OfferOut,
    PartyIn,
    PartyOut,
    TermsIn,
    TermsOut,
    WeekOut,
    WeekQuery,
)

blp = ApiBlueprint("repeats", __name__, url_prefix="/api/v1", description="Repeats, merging, directives")
# Parties that a person may name in an hour: guessing who is known by trying hashes must not pay.
PARTIES = (60, 3600)


@blp.route("/cases/<uuid:case_id>/repeats")
@door(*HANDLERS)
@blp.response(200, CaseRepeatsOut)
def case_repeats(case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """What belongs to a case, as far as the asker may see the others: group, offers, merged ones, lead."""
    return queries.belonging(session, cases.case(session, case_id), by.role in rules.HANDLERS)


@blp.route("/repeats/offers")
@door(*rules.HANDLERS)
@blp.response(200, OfferOut(many=True))
def offers(session: Session, by: Actor) -> list[queries.Offer]:
    """Open cases that may be the same thing and were not yet answered, newest first."""
    return queries.offers(session)


@blp.route("/repeats/merges", methods=["POST"])
@door(*rules.HANDLERS)
@blp.arguments(MergeIn)
@blp.response(200, MergedOut(many=True))
def merge(body: dict[str, Any], session: Session, by: Actor) -> list[Case]:
    """Merge cases into a leading one: all of them or none, each by its own step."""
    return actions.merge(session, site().blobs, body["lead"], body["cases"], note=body["note"], by=by)


@blp.route("/repeats/apart", methods=["POST"])
@door(*rules.HANDLERS)
@blp.arguments(ApartIn)
@blp.response(200, ApartOut)
def tell_apart(body: dict[str, Any], session: Session, by: Actor) -> CaseLink:
    """Say that two cases offered as the same thing are two; they are not offered again."""
    return actions.tell_apart(session, queries.offer(session, *body["cases"]), by=by)


@blp.route("/cases/<uuid:case_id>/parties")
@door(*rules.HANDLERS)
@blp.response(200, PartyOut(many=True))
def parties(case_id: UUID, session: Session, by: Actor) -> list[CaseParty]:
    """Who belongs to a case: personal, for the police who see the case."""
    return queries.parties(session, cases.case(session, case_id).id)


@blp.route("/cases/<uuid:case_id>/parties", methods=["POST"])
@door(*rules.HANDLERS)
@blp.arguments(PartyIn)
@blp.response(201, PartyOut)
def name_party(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> CaseParty:
    """Name a party to a case: of a number only a keyed hash is kept, so that its next case is seen."""
    throttle(site().login, f"party:{by.person_id}", *PARTIES)
    key, said = site().settings.secret("party.key"), body.pop("party")
    wish = {"name": body["name"], "part": body["part"], "party_id": body["id"]}
    return actions.name_party(session, cases.case(session, case_id), said, key, **wish, by=by)


@blp.route("/cases/<uuid:case_id>/parties/<uuid:party_id>", methods=["DELETE"])
@door(*rules.HANDLERS)
@blp.response(204)
def strike_party(case_id: UUID, party_id: UUID, session: Session, by: Actor) -> None:
    """Take a party that was named by mistake away."""
    found = cases.case(session, case_id)
    actions.strike_party(session, found, queries.party(session, found.id, party_id), by=by)


@blp.route("/repeats/terms")
@door(*rules.HANDLERS)
@blp.response(200, TermsOut(many=True))
def terms(session: Session, by: Actor) -> list[RepeatTerms]:
    """When two cases are one matter, by class; what is not listed goes by the usual figures."""
    return queries.terms_now(session)


@blp.route("/repeats/terms", methods=["POST"])
@door(*rules.SETTERS)
@blp.arguments(TermsIn)
@blp.response(201, TermsOut)
def set_terms(body: dict[str, Any], session: Session, by: Actor) -> RepeatTerms:
    """Set when two cases of a class are one matter, from now on."""
    return actions.set_terms(session, body, by=by)


@blp.route("/repeats/weeks/<week>")
@door(*rules.HANDLERS)
@blp.arguments(WeekQuery, location="query")
@blp.response(200, WeekOut)
def week(query: dict[str, Any], week: str, session: Session, by: Actor) -> weekly.Week:
    """The repeats of an ISO week (2026-W47) beside the directives in force, as far as the asker may see."""
    monday = weekly.week_monday(week)
    if monday is None:
        raise NotFound()
    return weeks.week(session, monday, query["police_grid_id"])


@blp.route("/directives")
@door(*rules.HANDLERS)
@blp.response(200, DirectiveOut(many=True))
def directives(session: Session, by: Actor) -> list[Directive]:
    """The rows of the lists in use; those with faults are for the chief."""
    return weeks.directives(session, weeks.directive_lists(session))


@blp.route("/directives", methods=["POST"])
@door(*rules.SETTERS)
@blp.arguments(DirectivesIn, location="form")
@blp.arguments(DirectivesFile, location="files")
@blp.response(201, DirectivesOut)
def keep_directives(
    form: dict[str, Any], files: dict[str, Any], session: Session, by: Actor
) -> DirectiveList:
    """Hand in a list of the district's directives; rows with faults are kept and shown with them."""
    file, data = files["file"], files["file"].read()
    with readable():
        rows = lists.decode(data, most=rules.MOST_DIRECTIVES)
    kept = reading.understood(session, rows, by)
    name = form["name"] or file.filename or ""
    return actions.keep_directives(session, form["id"], name, sha256(data).hexdigest(), kept, by=by)


@blp.route("/directives/<uuid:list_id>/end", methods=["POST"])
@door(*rules.SETTERS)
@blp.response(200, DirectivesOut)
def end_directives(list_id: UUID, session: Session, by: Actor) -> DirectiveList:
    """Take a list of directives out of use."""
    return actions.end_directives(session, weeks.directive_list(session, list_id), by=by)
