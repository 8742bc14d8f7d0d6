"""What crosses the wire to civic clients."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import fields

from collectors.open311 import Wanted
from webapp.calendars.counting import UNIT_TITLES, Limit, Unit
from webapp.cases.rules import OPEN_STATES, STATE_TITLES, State
from webapp.core import clock
from webapp.core.i18n import _, choose
from webapp.core.schema import Strict
from webapp.open311.queries import Seen


class Open311ContactOut(Strict):
    """How to reach the sender of an Open311 report, and the fields that the standard does not know."""

    case_id = fields.UUID()
    contact = fields.Dict(keys=fields.String(), values=fields.String())
    other = fields.Dict(keys=fields.String(), values=fields.String())
    device_id = fields.String()
    account_id = fields.String()
    received_at = fields.AwareDateTime()


class SenderNoteOut(Strict):
    """Words that a sender without a key added later."""

    at = fields.AwareDateTime()
    note = fields.String()


class SenderOut(Strict):
    """What the handler sees of the sender; contact data are apart, and reading them is logged."""

    contact = fields.Boolean()
    notes = fields.List(fields.Nested(SenderNoteOut))


def limit_said(limit: Limit) -> str:
    """Return how long a matter may take, as it is told to who reported it."""
    unit = _(UNIT_TITLES[limit.unit])
    return _("To be handled within %(amount)s %(unit)s.", amount=limit.amount, unit=unit)


def _handled_by(item: Seen) -> str:
    """Return until when a case is to be handled; the plain limit where the end is not known yet."""
    if item.due_at is None:
        return limit_said(Limit(item.limit_h, Unit.CLOCK_HOUR))
    return _("To be handled by %(at)s.", at=clock.shown(item.due_at))


def request_said(item: Seen, base: str) -> dict[str, Any]:
    """Return a case as a GeoReport request; `base` is the service's own address, for the photo's."""
    state = _(STATE_TITLES[State(item.state)])
    return {
        "service_request_id": item.number,
        "status": _status(item.state),
        "status_notes": f"{state}: {item.closing_note}" if item.closing_note else state,
        "service_name": choose(item.title),
        "service_code": item.class_code,
        "description": item.description,
        "agency_responsible": item.agency,
        "service_notice": _handled_by(item),
        "requested_datetime": _time(item.reported_at),
        "updated_datetime": _time(item.closed_at or item.accepted_at or item.reported_at),
        "expected_datetime": _time(item.due_at),
        "address": item.address,
        "address_id": None,
        "zipcode": None,
        "lat": item.lat,
        "long": item.lon,
        "media_url": f"{base}/api/v1/attachments/{item.photo}" if item.photo else None,
    }


def updates_said(item: Seen, span: Wanted) -> list[dict[str, Any]]:
    """Return the changes of a case that fall into the span; all of them when it was asked for by its id."""
    moments = {
        State.REPORTED: item.reported_at,
        State.ACCEPTED: item.accepted_at,
        State.CLOSED: item.closed_at,
    }
    return [
        {
            "update_id": f"{item.number}-{state}",
            "service_request_id": item.number,
            "status": _status(state),
            "updated_datetime": _time(at),
            "description": (state == State.CLOSED and item.closing_note) or _(STATE_TITLES[state]),
            "media_url": None,
        }
        for state, at in moments.items()
        if at is not None and (span.ids or span.within(at))
    ]


def _status(state: str) -> str:
    return "open" if state in OPEN_STATES else "closed"


def _time(at: datetime | None) -> str | None:
    return at.astimezone(clock.SHOWN).isoformat(timespec="seconds") if at else None
