"""What is done behind the wall: opening for a purpose, keeping and visiting people; each records an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, NotFound, Problem, Refused
from webapp.core.events import record
from webapp.leads import queries, rules
from webapp.leads.models import Visit, VisitInterval, VisitPerson

_OPEN = text("SELECT * FROM app.open_lead(:id, :purpose, :words)")
_READ = text("SELECT app.read_visited(:id, :purpose, :words)")
_KEEP = text("SELECT app.keep_visited(:id, CAST(:details AS jsonb))")
_VISIT = table_of(Visit)
_ADD_VISIT = insert(_VISIT).on_conflict_do_nothing().returning(_VISIT.c.id)
DETAILS = ("name", "address", "phone", "guardian", "guardian_phone", "note")


def open_lead(session: Session, lead_id: UUID, *, purpose: str, words: str, by: Actor) -> Any:
    """Open a restricted lead for fifteen minutes; return (number, open_until).

    The purpose is in the log before anything is shown. Raises Refused without a purpose, NotFound for what
    is not there or not the asker's to open.
    """
    problems = rules.purpose_problems(purpose, words, rules.PURPOSES)
    if problems:
        raise Refused(problems=problems)
    found = session.execute(_OPEN, {"id": lead_id, "purpose": purpose, "words": words}).one_or_none()
    if found is None:
        raise NotFound()
    record(session, "leads.opened", kind="lead", subject=lead_id, by=by, purpose=purpose)
    return found


def keep_person(session: Session, person_id: UUID, said: Mapping[str, Any], *, by: Actor) -> VisitPerson:
    """Keep somebody who is visited under the id that the client gives, new or changed.

    Row-level security lets the chief, and an officer on the own ground as the one in charge. Raises Refused.
    """
    problems = rules.person_problems(said)
    if problems:
        raise Refused(problems=problems)
    found = queries.known_person(session, person_id)
    if found is None:
        found = VisitPerson(id=person_id, station_id=by.station_id, since_at=clock.now(), ended_at=None)
        session.add(found)
    for name in ("risk", "minor", "grid_id", "officer_id", "visitor_id", "second_id"):
        setattr(found, name, said[name])
    found.initials = rules.initials(said["name"])
    session.flush()
    details = {name: said[name] for name in DETAILS}
    session.execute(_KEEP, {"id": person_id, "details": orjson.dumps(details).decode()})
    record(session, "leads.person_kept", kind="visited", subject=person_id, by=by, risk=found.risk)
    return found


def end_person(session: Session, person: VisitPerson, *, by: Actor) -> VisitPerson:
    """End the visits to somebody: from now on the visitors read nothing more. Twice changes nothing."""
    if person.ended_at is None:
        person.ended_at = clock.now()
        session.flush()
        record(session, "leads.person_ended", kind="visited", subject=person.id, by=by)
    return person


def open_person(session: Session, person_id: UUID, *, purpose: str, words: str, by: Actor) -> dict[str, Any]:
    """Return who a visited person is, and the words of the visits; the read is in the log first.

    Raises Refused without a purpose, NotFound for whom the asker neither visits nor answers for.
    """
    allowed = ", ".join(rules.VISIT_PURPOSES)
    if purpose not in rules.VISIT_PURPOSES:
        raise Refused(problems=[Problem("/purpose", "not_allowed", {"allowed": allowed})])
    values = {"id": person_id, "purpose": purpose, "words": words}
    found: dict[str, Any] | None = session.scalar(_READ, values)
    if found is None:
        raise NotFound()
    record(session, "leads.person_opened", kind="visited", subject=person_id, by=by, purpose=purpose)
    return found


def visit(
    session: Session, person: VisitPerson, visit_id: UUID, *, at: datetime, result: str, words: str, by: Actor
) -> None:
    """Log a visit and how it went; the same again changes nothing.

    Raises Refused, Conflict 'already_known'.
    """
    problems = rules.visit_problems(at, clock.now())
    if problems:
        raise Refused(problems=problems)
    own = {"id": visit_id, "station_id": by.station_id, "person_id": person.id, "by_id": by.person_id}
    if session.scalar(_ADD_VISIT, {**own, "at": at, "result": result, "words": words}) is None:
        known = queries.known_visit(session, visit_id)
        if known is None or tuple(known) != (person.id, by.person_id, at, result):
            raise Conflict("already_known", held="?", sent=str(visit_id))
        return
    record(session, "leads.visited", kind="visited", subject=person.id, by=by, result=result)


def set_interval(session: Session, risk: str, days: int, *, by: Actor) -> None:
    """Set how many days may pass between visits of a risk class."""
    values = {"station_id": by.station_id, "risk": risk, "days": days}
    add = insert(table_of(VisitInterval)).values(**values)
    session.execute(add.on_conflict_do_update(index_elements=["station_id", "risk"], set_={"days": days}))
    record(session, "leads.interval_set", kind="station", subject=by.station_id, by=by, risk=risk, days=days)
