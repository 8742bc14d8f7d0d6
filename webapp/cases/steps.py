"""What a step does to a case: who stands how to it, what is wrong with what was given, the new columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from gis.coords import metres_per_degree
from webapp.cases import clocks, queries, rules, surroundings
from webapp.cases.models import Case
from webapp.cases.rules import Standing, State, Step
from webapp.core.actor import Actor
from webapp.core.errors import NotFound, Problem
from webapp.people.queries import role_of, station, team_known
from webapp.people.rules import strict_end

LONGEST = timedelta(days=366)
# A rougher position proves nothing about having been there, metres.
ROUGHEST_M = 200.0


@dataclass(frozen=True)
class Given:
    """What comes with a step: words, photos (SHA-256 to bytes), where the person stood (WGS 84) and so on.

    `of` is the number of the case that a duplicate belongs to, `body` the body that a matter is handed to.
    `clock`: which clock ran out (respond_by or due_at), where the machine escalates.
    """

    note: str = ""
    photos: Mapping[str, bytes] = field(default_factory=dict)
    place: tuple[float, float] | None = None
    accuracy_m: float = 0.0
    person_id: UUID | None = None
    team_id: UUID | None = None
    until: datetime | None = None
    of: str = ""
    body: str = ""
    receipt: str = ""
    grade: str = ""
    clock: str = ""

    def names(self) -> set[str]:
        """Return which of the needs of a step are met."""
        said = {
            "note": self.note.strip(),
            "photo": self.photos,
            "place": self.place,
            "assignee": self.person_id or self.team_id,
            "until": self.until,
            "of": self.of.strip(),
            "body": self.body.strip(),
            "receipt": self.receipt.strip(),
            "grade": self.grade,
        }
        return {name for name, value in said.items() if value}


def standing(session: Session, case: Case, by: Actor) -> Standing:
    """Return how somebody stands to a case."""
    declared = case.hazard_class
    strict = strict_end(station(session, by).settings)
    in_team = case.assigned_team is not None and surroundings.in_team(session, case.assigned_team)
    given = in_team or (by.person_id is not None and case.assigned_to == by.person_id)
    return Standing(
        role=by.role,
        me=by.person_id,
        state=case.state,
        here_to_work=given or surroundings.on_my_ground(session, case),
        reporter=case.reporter_id,
        handler=case.handler_id,
        assigned=case.assigned_to,
        in_team=in_team,
        pending=case.pending,
        pending_by=case.pending_by,
        fed_back_by=case.fed_back_by,
        level=case.level,
        asked=frozenset(declared.asked_before_end if strict else ()),
        here=frozenset(case.facts),
        second_look=declared.second_look and strict,
        by_words=case.kind in rules.CLOSED_BY_WORDS,
        dispute=case.kind == rules.DISPUTE,
    )


def problems(
    session: Session, case: Case, step: Step, given: Given, stands: Standing, now: datetime
) -> list[Problem]:
    """Return everything that is wrong with what was given for a step."""
    found = [
        Problem(f"/{need}", _LACKING.get(need, "field_required"))
        for need in stands.missing(step, given.names())
    ]
    if "until" in step.needs and given.until and not now < given.until <= now + LONGEST:
        found.append(Problem("/until", "until_wrong"))
    if "grade" in step.needs and given.grade and given.grade not in rules.GRADES:
        found.append(Problem("/grade", "not_allowed", {"allowed": ", ".join(rules.GRADES)}))
    if "place" in step.needs and given.place:
        found += _far_away(case, given.place, given.accuracy_m)
    if "assignee" in step.needs:
        found += _assignee_problems(session, case, given)
    if "of" in step.needs and given.of.strip():
        found += _lead_problems(session, case, given.of)
    if step.asks == "extension" and given.until and not found:
        found += clocks.extension_problems(session, case, given.until)
    return found


_LACKING = {"note": "note_needed", "photo": "photo_needed", "place": "stand_needed"}


def _far_away(case: Case, place: tuple[float, float], accuracy_m: float) -> list[Problem]:
    lon, lat = to_shape(case.geom).coords[0]
    kx, ky = metres_per_degree(lat)
    metres = float(((place[0] - lon) ** 2 * kx**2 + (place[1] - lat) ** 2 * ky**2) ** 0.5)
    blur = min(accuracy_m, ROUGHEST_M) + min(case.accuracy_m or 0.0, ROUGHEST_M)
    if metres <= rules.NEAR_M + blur:
        return []
    return [Problem("/place", "too_far", {"metres": round(metres), "limit": round(rules.NEAR_M + blur)})]


def _assignee_problems(session: Session, case: Case, given: Given) -> list[Problem]:
    """Only who may handle cases can be given one; what is restricted stays with the police."""
    if given.person_id and given.team_id:
        return [Problem("/team_id", "one_assignee")]
    if given.person_id:
        able = rules.POLICE if case.restricted else rules.HANDLERS
        return [] if role_of(session, given.person_id) in able else [Problem("/person_id", "no_handler")]
    if given.team_id:
        return (
            []
            if team_known(session, given.team_id) and not case.restricted
            else [Problem("/team_id", "no_team")]
        )
    return []


def _lead_problems(session: Session, case: Case, number: str) -> list[Problem]:
    lead = lead_of(session, number)
    if lead is None:
        return [Problem("/of", "lead_unknown")]
    if lead.id == case.id or lead.restricted != case.restricted:
        return [Problem("/of", "lead_wrong")]
    return []


def lead_of(session: Session, number: str) -> Case | None:
    """Return the case that stands for all that were put to the one with a number; None when there is none."""
    try:
        found = queries.case_by_number(session, number)
        return queries.case(session, found.duplicate_of) if found.duplicate_of else found
    except NotFound:
        return None


def columns(
    session: Session, case: Case, step: Step, given: Given, now: datetime, by: Actor
) -> dict[str, Any]:
    """Return the columns that a step changes, with their new values."""
    new: dict[str, Any] = {"state": step.to or State(case.state), "revision": case.revision + 1}
    new |= clocks.after(session, case, step.clock, new["state"], now)
    if step.to or step.settles:
        new |= {"pending": None, "pending_by": None, "pending_until": None}
    if step.asks:
        new |= {"pending": step.asks, "pending_by": by.person_id, "pending_until": given.until}
    own = _OWN.get(step.verb)
    return new | own(_Moment(session, case, given, now, by.person_id)) if own else new


@dataclass(frozen=True)
class _Moment:
    """All that the columns of one verb follow from."""

    session: Session
    case: Case
    given: Given
    now: datetime
    me: UUID | None

    def facts(self, **more: Any) -> dict[str, Any]:
        """Return the facts of the case with some more."""
        return {**self.case.facts, **more}

    def kept(self) -> dict[str, Any]:
        """Return who had accepted the case when, or that it is us and now."""
        return {
            "accepted_at": self.case.accepted_at or self.now,
            "handler_id": self.case.handler_id or self.me,
        }

    def done(self) -> dict[str, Any]:
        """Return that it is said to be done."""
        return {
            "fed_back_by": self.me,
            "fed_back_at": self.now,
            "closing_note": self.given.note.strip(),
        }


_NOBODY = {"assigned_to": None, "assigned_team": None}


def _merged(m: _Moment) -> dict[str, Any]:
    lead = lead_of(m.session, m.given.of)
    return {"duplicate_of": lead.id if lead else None, **_NOBODY}


def _handed_back(m: _Moment) -> dict[str, Any]:
    """To whom had dispatched it; a case is nobody's at no time."""
    facts = dict(m.case.facts)
    sender = facts.pop("dispatched_by", None)
    return {"handler_id": UUID(sender) if sender else m.case.handler_id, "facts": facts, **_NOBODY}


def _ordered(m: _Moment) -> dict[str, Any]:
    until = m.given.until.isoformat() if m.given.until else ""
    return {"facts": m.facts(correction={"at": m.now.isoformat(), "until": until})}


def _escalated(m: _Moment) -> dict[str, Any]:
    new = {"level": m.case.level + 1, "priority": max(m.case.priority, 1)}
    if not m.given.clock:
        return new
    # The end that ran out is kept, so that each end escalates once; a later end is another one.
    ran_out = {**m.case.facts.get("ran_out", {}), m.given.clock: getattr(m.case, m.given.clock).isoformat()}
    return {**new, "facts": m.facts(ran_out=ran_out)}


def _reopened(m: _Moment) -> dict[str, Any]:
    ended = ("closed_at", "closing_note", "fed_back_by", "fed_back_at", "verified_by")
    begun = ("accepted_at", "handler_id")
    return {**dict.fromkeys((*ended, *begun)), "reopened": m.case.reopened + 1, "facts": {}, **_NOBODY}


_OWN: dict[str, Callable[[_Moment], dict[str, Any]]] = {
    "accept": lambda m: {"accepted_at": m.now, "handler_id": m.me},
    "mark_duplicate": _merged,
    "unmerge": lambda _m: {"duplicate_of": None, "handler_id": None, "accepted_at": None},
    "handle": lambda m: {"handler_id": m.me},
    "dispatch": lambda m: {
        "assigned_to": m.given.person_id,
        "assigned_team": m.given.team_id,
        "facts": m.facts(dispatched_by=str(m.me)),
    },
    "acknowledge": lambda m: {"handler_id": m.me, "assigned_to": m.me},
    "hand_back": _handed_back,
    "order_correction": _ordered,
    "grade": lambda m: {"facts": m.facts(grade={"at": m.now.isoformat(), "grade": m.given.grade})},
    "feed_back": _Moment.done,
    "note_answer": lambda m: {**m.done(), **m.kept()},
    "verify": lambda m: {"closed_at": m.now, "verified_by": m.me},
    "close": lambda m: {"closed_at": m.now, "closing_note": m.given.note.strip() or m.case.closing_note},
    "transfer": lambda m: {"facts": m.facts(body=m.given.body.strip()), **_NOBODY},
    "note_receipt": lambda m: {"facts": m.facts(receipt=m.given.receipt.strip())},
    "resume": _Moment.kept,
    "take_back": _Moment.kept,
    "escalate": _escalated,
    "reopen": _reopened,
}
