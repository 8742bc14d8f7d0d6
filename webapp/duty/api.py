"""Doors for programs: the roster of the duty desk, who is away, a roster as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collectors import rosters
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.messages import message
from webapp.core.web import ApiBlueprint, door, readable
from webapp.duty import actions, queries, rules
from webapp.duty.models import Absence, DutyShift
from webapp.duty.schemas import (
    AbsenceIn,
    AbsenceOut,
    RosterFile,
    RosterIn,
    RosterOut,
    RosterQuery,
    ShiftIn,
    ShiftOut,
    TakenOut,
    TurnIn,
)

blp = ApiBlueprint("duty", __name__, url_prefix="/api/v1/duty", description="The duty desk")


@blp.route("")
@door(*rules.READERS)
@blp.arguments(RosterQuery, location="query")
@blp.response(200, RosterOut)
def roster(query: dict[str, Any], session: Session, by: Actor) -> queries.Roster:
    """A week of the roster, who is at the desk now, and nights with nobody there."""
    today = clock.now().astimezone(clock.SHOWN).date()
    return queries.roster(session, rules.monday_of(query["week"], today), by)


@blp.route("/shifts", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(ShiftIn)
@blp.response(201, ShiftOut)
def add_shift(body: dict[str, Any], session: Session, by: Actor) -> DutyShift:
    """Put somebody at the desk."""
    return actions.add_shift(session, body["id"], body["turn"], by=by)


@blp.route("/shifts/<uuid:shift_id>", methods=["PUT"])
@door(*rules.KEEPERS)
@blp.arguments(TurnIn)
@blp.response(200, ShiftOut)
def change_shift(body: actions.Turn, shift_id: UUID, session: Session, by: Actor) -> DutyShift:
    """Change a shift that is not over."""
    return actions.change_shift(session, queries.shift(session, shift_id), body, by=by)


@blp.route("/shifts/<uuid:shift_id>/end", methods=["POST"])
@door(*rules.KEEPERS)
@blp.response(200, ShiftOut)
def end_shift(shift_id: UUID, session: Session, by: Actor) -> DutyShift:
    """End a shift now, or strike one that has not begun."""
    return actions.end_shift(session, queries.shift(session, shift_id), by=by)


@blp.route("/absences", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(AbsenceIn)
@blp.response(201, AbsenceOut)
def add_absence(body: dict[str, Any], session: Session, by: Actor) -> Absence:
    """Note that somebody is away, and who stands in."""
    return actions.add_absence(session, body.pop("id"), **body, by=by)


@blp.route("/absences/<uuid:absence_id>/end", methods=["POST"])
@door(*rules.KEEPERS)
@blp.response(200, AbsenceOut)
def end_absence(absence_id: UUID, session: Session, by: Actor) -> Absence:
    """End an absence now, or strike one that has not begun."""
    return actions.end_absence(session, queries.absence(session, absence_id), by=by)


@blp.route("/import", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(RosterIn, location="form")
@blp.arguments(RosterFile, location="files")
@blp.response(200, TakenOut)
def import_roster(
    form: dict[str, bool], files: dict[str, Any], session: Session, by: Actor
) -> dict[str, Any]:
    """Check a roster (CSV, XLSX, JSON), and take its good rows when asked to; faults name their row."""
    with readable():
        found = rosters.decode(files["file"].read())
    good, wrong = queries.judged(session, found.good)
    turns = [actions.Turn(item.person_id, item.kind, item.span.since, item.span.until) for item in good]
    done = actions.take_shifts(session, turns, by=by) if form["take"] else {"added": 0, "known": 0}
    return {"good": len(good), **done, "faults": _said([*found.faults, *wrong])}


def _said(faults: list[Any]) -> list[dict[str, str]]:
    return [
        {"pointer": fault.pointer, "code": fault.code, "detail": message(fault.code, fault.params)}
        for fault in faults
    ]
