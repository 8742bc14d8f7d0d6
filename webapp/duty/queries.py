"""Reads about the duty roster: shifts and absences, who is at the desk, what waits to be handed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session, joinedload

from collectors import rosters
from webapp.areas.queries import duty_desk
from webapp.cases.models import Case
from webapp.cases.rules import ANSWERING, State
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound, Problem
from webapp.duty import rules
from webapp.duty.models import Absence, DutyShift
from webapp.people.queries import handlers, station


@dataclass(frozen=True)
class Roster:
    """A week of the roster: who is where, and what is odd about it."""

    first: date
    desk: Sequence[Any]
    shifts: list[DutyShift]
    absences: list[Absence]
    gaps: list[rules.Span]
    overlaps: list[rules.Span]


@dataclass(frozen=True)
class Wished:
    """A shift as a row of a file means it."""

    person_id: UUID
    kind: str
    span: rules.Span

    def crosses(self, other: Wished) -> bool:
        """Say whether both are the same person at one moment."""
        mine, theirs = self.span, other.span
        return self.person_id == other.person_id and mine.since < theirs.until and theirs.since < mine.until


def roster(session: Session, first: date, by: Actor) -> Roster:
    """Return the week from a Monday on: its shifts and absences, nights without anybody, doubled times."""
    midnight = rules.on_day(first, time.min, time.min).since
    week = rules.Span(midnight, midnight + timedelta(days=7))
    found = shifts(session, week)
    spans = [rules.Shift(row.person_id, rules.Span(row.since_at, row.until_at)) for row in found]
    nights = rules.nights(first, 7, station(session, by).settings)
    return Roster(
        first,
        duty_desk(session, clock.now()),
        found,
        absences(session, week),
        rules.gaps(nights, [shift.span for shift in spans]),
        rules.overlaps(spans),
    )


def shifts(session: Session, span: rules.Span) -> list[DutyShift]:
    """Return the shifts that touch a span, by their beginning."""
    touching = (DutyShift.since_at < span.until) & (DutyShift.until_at > span.since)
    query = select(DutyShift).where(touching, DutyShift.struck_at.is_(None))
    return list(
        session.scalars(
            query.options(joinedload(DutyShift.person)).order_by(DutyShift.since_at, DutyShift.id)
        )
    )


def absences(session: Session, span: rules.Span) -> list[Absence]:
    """Return the absences that touch a span or are still to come, by their beginning."""
    query = select(Absence).where(Absence.until_at > span.since, Absence.struck_at.is_(None))
    query = query.options(joinedload(Absence.person), joinedload(Absence.deputy))
    return list(session.scalars(query.order_by(Absence.since_at, Absence.id).limit(rules.MOST_ROWS)))


def shift(session: Session, shift_id: UUID) -> DutyShift:
    """Return one shift for changing it; raise NotFound."""
    found = session.get(DutyShift, shift_id, with_for_update=True)
    if found is None or found.struck_at is not None:
        raise NotFound()
    return found


def absence(session: Session, absence_id: UUID) -> Absence:
    """Return one absence for changing it; raise NotFound."""
    found = session.get(Absence, absence_id, with_for_update=True)
    if found is None or found.struck_at is not None:
        raise NotFound()
    return found


def taken(session: Session, model: Any, person_id: UUID, span: rules.Span, but: UUID) -> Any | None:
    """Return what somebody has already in a roster within a span, beside the row `but`; None for nothing."""
    own = (model.person_id == person_id) & (model.since_at < span.until) & (model.until_at > span.since)
    return session.scalar(select(model).where(own, model.struck_at.is_(None), model.id != but).limit(1))


def staff(session: Session) -> list[Row[Any]]:
    """Return (id, name, role) of who may be at the desk, be away or stand in, by name."""
    return handlers(session)


def judged(session: Session, turns: Sequence[rosters.Turn]) -> tuple[list[Wished], list[Problem]]:
    """Return the shifts that the rows of a file mean, and what is wrong with the others ("row 7/name")."""
    people: dict[str, list[Any]] = {}
    for row in staff(session):
        if row.role in rules.DESK_ROLES:
            people.setdefault(row.name, []).append(row)
    good: list[Wished] = []
    faults: list[Problem] = []
    for turn in turns:
        found = people.get(turn.name, [])
        if len(found) != 1:
            code = "duty_name_twice" if found else "duty_name"
            faults.append(Problem(f"row {turn.number}/name", code, {"name": turn.name}))
            continue
        made = Wished(found[0].id, turn.kind, rules.of_row(turn.day, turn.kind, turn.begins, turn.ends))
        faults += _row_faults(session, turn.number, made, good)
        good += [] if faults and faults[-1].pointer.startswith(f"row {turn.number}/") else [made]
    return good, faults


def _row_faults(session: Session, number: int, made: Wished, before: Sequence[Wished]) -> list[Problem]:
    wrong = rules.span_problems(made.span, rules.LONGEST, clock.now())
    own = rules.shift_id(station_of(session), made.person_id, made.span)
    held = taken(session, DutyShift, made.person_id, made.span, own)
    twin = next((item for item in before if item.crosses(made)), None)
    span = twin.span if twin else rules.Span(held.since_at, held.until_at) if held is not None else None
    if not wrong and span is not None:
        said = {"since": clock.shown(span.since), "until": clock.shown(span.until)}
        wrong = [Problem("/since_at", "duty_twice", said)]
    return [Problem(f"row {number}{item.pointer}", item.code, item.params) for item in wrong]


def station_of(session: Session) -> UUID:
    """Return the station of the asker."""
    return UUID(str(session.scalar(text("SELECT app.my_station()"))))


def posted_and_present(
    session: Session, grids: Sequence[UUID], police_grids: Sequence[UUID], duties: Sequence[str]
) -> tuple[set[UUID], set[UUID]]:
    """Return who is posted to grounds now with some duties, and who of them or their deputies is there."""
    rows = session.execute(
        _POSTED,
        {
            "grids": [str(grid) for grid in grids],
            "police": [str(grid) for grid in police_grids],
            "duties": list(duties),
            "now": clock.now(),
        },
    )
    posted: set[UUID] = set()
    present: set[UUID] = set()
    for row in rows:
        posted.add(row.person_id)
        present |= {row.here} if row.here else set()
    return posted, present


def why_desk(
    session: Session, ground: rules.Ground, *, night: bool, ran_out: bool = False
) -> rules.Why | None:
    """Return why a case on some ground must go to the desk now; None when somebody there answers."""
    posted, present = posted_and_present(session, ground.grids, [ground.police_grid_id], ANSWERING)
    return rules.why_desk(posted=posted, present=present, night=night, ran_out=ran_out)


_POSTED = text("""
    SELECT p.person_id, CASE WHEN i.person_id IS NULL THEN p.person_id ELSE i.deputy_id END AS here
    FROM app.posting p LEFT JOIN app.stand_ins(:now) i ON i.person_id = p.person_id
    WHERE p.station_id = (SELECT app.my_station()) AND p.duty = ANY (:duties)
      AND (p.grid_id = ANY (CAST(:grids AS uuid[])) OR p.police_grid_id = ANY (CAST(:police AS uuid[])))
      AND p.since_at <= :now AND (p.until_at IS NULL OR p.until_at > :now)""")


def grounds(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, rules.Ground]:
    """Return where some cases lie, by case: of those that nobody has taken up yet."""
    waiting = select(Case.id, Case.grid_id, Case.neighbour_grid_id, Case.police_grid_id).where(
        Case.id.in_(case_ids), Case.state == State.REPORTED
    )
    return {row.id: rules.Ground(*row[1:]) for row in session.execute(waiting)}


def chief_ids(session: Session) -> list[UUID]:
    """Return the station's chiefs with an account: they stand behind the desk."""
    return list(session.scalars(text("SELECT app.chiefs()")))


def left_at_desk(session: Session, most: int) -> list[UUID]:
    """Return open cases of the desk whose handler is neither there now nor answers for their ground."""
    return list(session.scalars(_LEFT, {"now": clock.now(), "most": most}))


_LEFT = text("""
    SELECT c.id FROM app.case_file c
    WHERE c.station_id = (SELECT app.my_station()) AND jsonb_exists(c.facts, 'desk')
      AND c.state IN ('accepted', 'handling')
      AND jsonb_exists(c.facts #> '{desk,to}', CAST(c.handler_id AS text))
      AND c.handler_id NOT IN (SELECT d.person_id FROM app.desk_at(:now) d)
      AND c.handler_id NOT IN (SELECT app.chiefs())
      AND c.assigned_to IS DISTINCT FROM c.handler_id
      AND NOT EXISTS (
          SELECT FROM app.posting p LEFT JOIN app.stand_ins(:now) i ON i.person_id = p.person_id
          WHERE p.station_id = c.station_id AND (p.grid_id = c.grid_id OR p.police_grid_id = c.police_grid_id)
            AND p.since_at <= :now AND (p.until_at IS NULL OR p.until_at > :now)
            AND CASE WHEN i.person_id IS NULL THEN p.person_id ELSE i.deputy_id END = c.handler_id)
    ORDER BY c.id LIMIT :most""")
