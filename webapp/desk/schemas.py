"""What crosses the wire about the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from webapp.calls import rules as calls
from webapp.cases.rules import OPEN_STATES, PAUSED_STATES, PENDING_TITLES, STATE_TITLES
from webapp.core import clock
from webapp.core.i18n import N_, _, choose
from webapp.core.schema import Page, Strict, Text
from webapp.desk.rules import MOST_COUNTED, PAGE, SORTS
from webapp.leads import rules as leads
from webapp.referrals import rules as referrals
from webapp.tasks import rules as tasks

# Where an entry of each room leads to.
ADDRESSES = {
    "cases": "/cases/{number}",
    "calls": "/calls/{id}",
    "tasks": "/tasks#task-{id}",
    "look_backs": "/cases/{number}",
    "offers": "/cases/{number}#case-repeats",
    "referrals": "/cases/{number}#referrals",
    "leads": "/leads",
    "visits": "/visits",
}
STATES: dict[str, Mapping[Any, str]] = {
    "cases": STATE_TITLES,
    "calls": calls.STATE_TITLES,
    "tasks": tasks.STATE_TITLES,
    "look_backs": tasks.LOOK_BACK_TITLES,
    "offers": STATE_TITLES,
    "referrals": referrals.STATE_TITLES,
    "leads": STATE_TITLES,
    "visits": leads.RISKS,
}
VISIT_TITLE = N_("Visit")


def _kind(row: Any) -> str:
    """Return the title of what has no class."""
    if row.room == "calls":
        return str(row.kind)
    return VISIT_TITLE if row.room == "visits" else tasks.KIND_TITLES[row.kind]


class FilterIn(Strict):
    """What a list is cut down to, and how it is sorted."""

    class_code = Text(60, load_default="")
    police_grid_id = fields.UUID(load_default=None)
    priority = fields.Integer(load_default=None, validate=validate.Range(min=0, max=2))
    q = Text(60, load_default="", data_key="q")
    sort = fields.String(load_default="clock", validate=validate.OneOf(list(SORTS)))


class ListIn(FilterIn):
    """Which page of a list is wanted."""

    limit = fields.Integer(load_default=PAGE, validate=validate.Range(min=1, max=200))
    cursor = Text(300, load_default="")


class CountOut(Strict):
    """One list of the desk and how long it is; `more`: longer than `count` says."""

    name = fields.String()
    title = fields.Function(lambda item: _(item.get("of").title))
    hint = fields.Function(lambda item: _(item.get("of").hint))
    count = fields.Function(lambda item: min(item["count"], MOST_COUNTED))
    more = fields.Function(lambda item: item["count"] > MOST_COUNTED)
    group = fields.Function(lambda item: item["of"].group)
    calls = fields.Function(lambda item: item["of"].calls, metadata={"description": "Each waits for me"})
    alarm = fields.Function(lambda item: item["of"].alarm)


class DeskOut(Strict):
    """All lists with their counts, and how much waits for me."""

    lists = fields.List(fields.Nested(CountOut))
    waiting = fields.Integer(metadata={"description": "Entries of the lists that wait for me"})


class EntryOut(Strict):
    """A case, or a matter of another room, as an entry of a list. Coordinates: WGS 84, null without a place.

    `room` says whose it is; `number` is that of the case that it is or is about, empty without one; `other`
    is the case that an offer compares with, the form of a hand-over, or who gave a task.
    """

    id = fields.UUID()
    room = fields.String()
    number = fields.String()
    url = fields.Function(lambda row: ADDRESSES[row.room].format(id=row.id, number=row.number))
    kind = fields.String()
    class_code = fields.String()
    class_title = fields.Function(lambda row: choose(row.class_title) if row.class_title else _(_kind(row)))
    state = fields.String()
    state_title = fields.Function(lambda row: _(STATES[row.room][row.state]))
    restricted = fields.Boolean()
    priority = fields.Integer()
    level = fields.Integer()
    reopened = fields.Integer()
    voices = fields.Integer()
    pending = fields.String(allow_none=True)
    pending_title = fields.Function(lambda row: _(PENDING_TITLES[row.pending]) if row.pending else None)
    address = fields.String()
    note = fields.Function(lambda row: (choose(row.words) if row.words else row.note)[:140])
    grid = fields.String()
    police_grid = fields.String()
    holder = fields.String(allow_none=True)
    other = fields.String(allow_none=True)
    lon = fields.Float(allow_none=True)
    lat = fields.Float(allow_none=True)
    found_at = fields.AwareDateTime()
    respond_by = fields.AwareDateTime(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    clock = fields.AwareDateTime(allow_none=True, metadata={"description": "The clock that the list shows"})
    overdue = fields.Method("_overdue")
    paused = fields.Function(lambda row: row.paused_at is not None)

    def _overdue(self, row: Any) -> bool:
        rests = row.room == "cases" and (row.state not in OPEN_STATES or row.state in PAUSED_STATES)
        return bool(not rests and row.clock and row.clock < clock.now())


class EntryPage(Page):
    """One page of a list."""

    entries = fields.List(fields.Nested(EntryOut))
