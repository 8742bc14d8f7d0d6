"""Changes that Open311 alone needs: how to reach the sender; each records one event."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from collectors.open311 import Sent
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.events import record
from webapp.open311.models import Open311Contact


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
