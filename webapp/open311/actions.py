"""Changes that Open311 alone needs: how to reach the sender, a stranger's words; each records one event."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from collectors.open311 import Sent
from webapp.cases.models import Case
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import NotFound, Refused
from webapp.core.events import record
from webapp.open311 import queries
from webapp.open311.models import Open311Contact
from webapp.residents.rules import MOST_NOTES


def keep_contact(session: Session, case_id: UUID, sent: Sent, *, by: Actor) -> None:
    """Keep how to reach the sender of an Open311 report, apart from the case; nothing said, nothing kept."""
    if not (sent.contact or sent.other):
        return
    values = {
        "case_id": case_id,
        "station_id": by.station_id,
        "contact": dict(sent.contact),
        "other": dict(sent.other),
        "device_id": sent.device_id,
        "account_id": sent.account_id,
    }
    session.execute(
        insert(table_of(Open311Contact)).values(**values)
    )  # no row is read back: it is not for the sender
    record(session, "open311.contact_kept", kind="case", subject=case_id, by=by, fields=sorted(sent.contact))


def show_contact(session: Session, case: Case, *, by: Actor) -> Open311Contact:
    """Return how to reach who sent a case, and leave an event that says who has read it."""
    found = queries.open311_contact(session, case.id)
    record(session, "open311.contact_disclosed", kind="case", subject=case.id, grid=case.grid_id, by=by)
    return found


def add_note(session: Session, case_id: UUID, note_id: UUID, *, note: str, by: Actor) -> None:
    """Add a stranger's words to the own report; the same again changes nothing.

    Raises NotFound for a report that is no stranger's, Refused 'enough_added' when there are many already.
    """
    said = {"case_id": case_id, "id": note_id, "note": note, "most": MOST_NOTES}
    row = session.execute(_ADD_NOTE, said).one_or_none()
    if row is None:
        raise NotFound()
    if row.outcome == "full":
        raise Refused("enough_added")
    if row.outcome == "added":
        record(session, "open311.note_added", kind="case", subject=case_id, grid=row.grid_id, by=by)


_ADD_NOTE = text("SELECT * FROM app.add_open311_note(:case_id, :id, :note, :most)")
