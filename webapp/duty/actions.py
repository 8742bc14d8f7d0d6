"""Changes to the duty roster, and to whom a case goes by it; each records one event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.areas.actions import note_unattended
from webapp.areas.queries import duty_desk
from webapp.cases import actions as cases
from webapp.cases.models import Case
from webapp.cases.rules import ANSWERING
from webapp.cases.steps import Given
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.duty import queries, rules
from webapp.duty.models import Absence, DutyShift
from webapp.people.queries import role_of


@dataclass(frozen=True)
class Turn:
    """A shift at the desk as it is wanted."""

    person_id: UUID
    kind: str
    since_at: datetime
    until_at: datetime

    @property
    def span(self) -> rules.Span:
        """When it is."""
        return rules.Span(self.since_at, self.until_at)


def add_shift(session: Session, shift_id: UUID, wanted: Turn, *, by: Actor) -> DutyShift:
    """Put somebody at the duty desk for a span; the same again changes nothing.

    Raises Refused for a span or person that can't be, Conflict 'duty_twice' when he is there then already,
    'already_known' when the id stands for another shift.
    """
    known = session.get(DutyShift, shift_id)
    if known is not None:
        if known.struck_at is not None or _said(known) != _said(wanted):
            raise Conflict("already_known", held=str(known.since_at), sent=str(wanted.since_at))
        return known
    _check_turn(session, shift_id, wanted)
    made = DutyShift(id=shift_id, station_id=by.station_id, by_id=by.person_id, **vars(wanted))
    session.add(made)
    session.flush()
    _told(session, "duty.shift_added", made, by)
    return made


def _said(turn: DutyShift | Turn) -> tuple[Any, ...]:
    return turn.person_id, turn.kind, turn.since_at, turn.until_at


def _check_turn(session: Session, shift_id: UUID, wanted: Turn) -> None:
    problems = rules.span_problems(wanted.span, rules.LONGEST, clock.now())
    if role_of(session, wanted.person_id) not in rules.DESK_ROLES:
        problems.append(Problem("/person_id", "duty_person"))
    if problems:
        raise Refused(problems=problems)
    other = queries.taken(session, DutyShift, wanted.person_id, wanted.span, shift_id)
    if other is not None:
        raise Conflict("duty_twice", since=clock.shown(other.since_at), until=clock.shown(other.until_at))


def _told(session: Session, name: str, shift: DutyShift, by: Actor, **more: Any) -> None:
    said: dict[str, Any] = {"person": str(shift.person_id), "shift": shift.kind}
    said |= {"since": shift.since_at.isoformat(), "until": shift.until_at.isoformat()}
    record(session, name, kind="duty_shift", subject=shift.id, by=by, **said, **more)


def change_shift(session: Session, shift: DutyShift, wanted: Turn, *, by: Actor) -> DutyShift:
    """Change person, kind or span of a shift that is not over; the same again changes nothing.

    Raises as `add_shift` does, Conflict 'duty_over' for a shift that has ended.
    """
    if _said(shift) == _said(wanted):
        return shift
    if shift.until_at <= clock.now():
        raise Conflict("duty_over")
    _check_turn(session, shift.id, wanted)
    old = {"old_person": str(shift.person_id), "old_since": shift.since_at.isoformat()}
    old |= {"old_until": shift.until_at.isoformat(), "old_kind": shift.kind}
    for name, value in vars(wanted).items():
        setattr(shift, name, value)
    session.flush()
    _told(session, "duty.shift_changed", shift, by, **old)
    return shift


def end_shift(session: Session, shift: DutyShift, *, by: Actor) -> DutyShift:
    """End a shift now, or strike one that has not begun; one that is over stays as it was."""
    if shift.until_at <= clock.now():
        return shift
    _end(shift)
    session.flush()
    _told(session, "duty.shift_ended", shift, by, struck=shift.struck_at is not None)
    return shift


def _end(row: DutyShift | Absence) -> None:
    now = clock.now()
    if row.since_at >= now:
        row.struck_at = now
    else:
        row.until_at = now


def take_shifts(session: Session, turns: Sequence[Turn], *, by: Actor) -> dict[str, int]:
    """Take the rows of a roster file: known ones stay, all others are added or none of them."""
    added = 0
    for turn in turns:
        shift_id = rules.shift_id(by.station_id, turn.person_id, turn.span)
        known = session.get(DutyShift, shift_id)
        added += known is None
        add_shift(session, shift_id, turn, by=by)
    told: dict[str, Any] = {"added": added, "known": len(turns) - added}
    record(session, "duty.roster_imported", kind="station", subject=by.station_id, by=by, **told)
    return told


def add_absence(
    session: Session,
    absence_id: UUID,
    *,
    person_id: UUID,
    deputy_id: UUID | None,
    since_at: datetime,
    until_at: datetime,
    by: Actor,
) -> Absence:
    """Note that somebody is away for a span, and who stands in; the same again changes nothing.

    Raises Refused for a span or deputy that can't be, Conflict 'duty_twice' or 'already_known'.
    """
    wanted = (person_id, deputy_id, since_at, until_at)
    known = session.get(Absence, absence_id)
    if known is not None:
        if (known.person_id, known.deputy_id, known.since_at, known.until_at) != wanted or known.struck_at:
            raise Conflict("already_known", held=str(known.since_at), sent=str(since_at))
        return known
    span = rules.Span(since_at, until_at)
    problems = rules.span_problems(span, rules.LONGEST_ABSENCE, clock.now())
    problems += _deputy_problems(session, person_id, deputy_id)
    if problems:
        raise Refused(problems=problems)
    other = queries.taken(session, Absence, person_id, span, absence_id)
    if other is not None:
        raise Conflict("duty_twice", since=clock.shown(other.since_at), until=clock.shown(other.until_at))
    made = Absence(
        id=absence_id,
        station_id=by.station_id,
        person_id=person_id,
        deputy_id=deputy_id,
        since_at=since_at,
        until_at=until_at,
        by_id=by.person_id,
    )
    session.add(made)
    session.flush()
    _away(session, "duty.absence_added", made, by)
    return made


def _deputy_problems(session: Session, person_id: UUID, deputy_id: UUID | None) -> list[Problem]:
    """A deputy sees the ground of whom he stands in for: so he has the same role, or is the chief."""
    role = role_of(session, person_id)
    if role not in rules.READERS:
        return [Problem("/person_id", "duty_away")]
    if deputy_id is None:
        return []
    if deputy_id == person_id or role_of(session, deputy_id) not in (role, "station_chief"):
        return [Problem("/deputy_id", "duty_deputy")]
    return []


def _away(session: Session, name: str, absence: Absence, by: Actor) -> None:
    deputy = str(absence.deputy_id) if absence.deputy_id else None
    said: dict[str, Any] = {"person": str(absence.person_id), "deputy": deputy}
    said |= {"since": absence.since_at.isoformat(), "until": absence.until_at.isoformat()}
    record(session, name, kind="absence", subject=absence.id, by=by, **said)


def end_absence(session: Session, absence: Absence, *, by: Actor) -> Absence:
    """End an absence now, or strike one that has not begun."""
    if absence.until_at <= clock.now():
        return absence
    _end(absence)
    session.flush()
    _away(session, "duty.absence_ended", absence, by)
    return absence


def send_to_desk(session: Session, case: Case, *, ran_out: str = "", by: Actor) -> rules.Why | None:
    """Send a case that nobody of its ground answers for now to the duty desk; say why, None when it stays.

    By night, when nobody is posted or present, or when a clock (`ran_out`) has run out. Where the roster
    names nobody, the chief has the desk. What went there for the same reason does not go again.
    """
    ground = rules.Ground(case.grid_id, case.neighbour_grid_id, case.police_grid_id)
    desk = duty_desk(session, clock.now())
    why = queries.why_desk(session, ground, night=rules.is_night(desk), ran_out=bool(ran_out))
    if why is None or (case.facts.get("desk", {}).get("why"), case.facts.get("desk", {}).get("clock")) == (
        why,
        ran_out,
    ):
        return None
    to = [row.person_id for row in desk] or queries.chief_ids(session)
    case.facts = {**case.facts, "desk": _kept(why, ran_out, to)}
    session.flush()
    if why in (rules.Why.NOBODY, rules.Why.AWAY):
        note_unattended(session, case.grid_id, cases=1, by=by)
    _sent(session, case, why, to, by, clock=ran_out, roster=bool(desk))
    return why


def _kept(why: rules.Why, ran_out: str, to: Sequence[UUID]) -> dict[str, Any]:
    told = {"at": clock.now().isoformat(), "why": why.value, "clock": ran_out}
    return {**told, "to": [str(person) for person in to]}


def _sent(session: Session, case: Case, why: rules.Why, to: Sequence[UUID], by: Actor, **more: Any) -> None:
    told = [str(person) for person in to]
    record(
        session, "duty.case_sent", kind="case", subject=case.id, grid=case.grid_id, by=by,
        why=why.value, to=told, **more,
    )  # fmt: skip


def hand_on(session: Session, blobs: BlobStore, case: Case, *, by: Actor) -> Case:
    """Hand on a case whose handler has left the desk: to the ground's officer, else to the desk of now."""
    _posted, present = queries.posted_and_present(session, [case.grid_id], [case.police_grid_id], ANSWERING)
    police = sorted(person for person in present if role_of(session, person) in rules.DESK_ROLES)
    desk = [row.person_id for row in duty_desk(session, clock.now())] or queries.chief_ids(session)
    heir = next(iter(police or desk), None)
    if heir is None:
        return case
    _sent(session, case, rules.Why.SHIFT_OVER, [heir], by, clock="", roster=not police)
    case.facts = {name: value for name, value in case.facts.items() if name != "desk"}
    session.flush()
    return cases.take_step(session, blobs, case, "dispatch", Given(person_id=heir), by=by)
