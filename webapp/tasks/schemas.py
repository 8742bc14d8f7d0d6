"""What crosses the wire about tasks, look-backs and their rules."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from collectors.records import PLACE_METHODS, Place
from webapp.core.errors import Problem
from webapp.core.i18n import _, choose
from webapp.core.schema import Finite, Strict, Text
from webapp.tasks import rules
from webapp.tasks.models import LookBack, Task
from webapp.tasks.queries import Entry

GIVEN_KINDS = [kind for kind in rules.KIND_TITLES if kind != rules.LOOK_BACK]


class TaskPlaceIn(Strict):
    """Where something is to be done: raw coordinates in the system that `crs` names."""

    lon = Finite(required=True)
    lat = Finite(required=True)
    crs = Text(20, load_default="wgs84")
    accuracy_m = Finite(load_default=None, allow_none=True, validate=validate.Range(min=0, max=100_000))
    method = fields.String(load_default="pin", validate=validate.OneOf(PLACE_METHODS))
    address = Text(200, load_default="")

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> Place:
        return Place(**data)


class ReceiverIn(Strict):
    """To whom: exactly one of a person, a team, or whoever is posted to a grid."""

    to_person = fields.UUID(load_default=None, allow_none=True)
    to_team = fields.UUID(load_default=None, allow_none=True)
    to_grid = fields.UUID(load_default=None, allow_none=True)

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> rules.Receiver:
        return rules.Receiver(**data)


class TaskIn(Strict):
    """A task to give; `id` is made by the sender and makes sending again harmless."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(GIVEN_KINDS))
    words = Text(rules.WORDS_LIMIT, required=True)
    receiver = fields.Nested(ReceiverIn, required=True)
    due_from = fields.AwareDateTime(required=True)
    due_until = fields.AwareDateTime(required=True)
    place = fields.Nested(TaskPlaceIn, load_default=None, allow_none=True)
    case_id = fields.UUID(load_default=None, allow_none=True)
    grid_id = fields.UUID(
        load_default=None,
        allow_none=True,
        metadata={"description": "Somewhere in this grid; without a place"},
    )

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> rules.Wanted:
        return rules.Wanted(**data)


class ResultIn(Strict):
    """What became of a task; `id` is the phone's, so that sending again is harmless. WGS 84."""

    id = fields.UUID(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf([str(item) for item in rules.OUTCOMES]))
    note = Text(rules.WORDS_LIMIT, load_default="")
    at = fields.AwareDateTime(load_default=None)
    lon = fields.Float(load_default=None, validate=validate.Range(min=-180, max=180))
    lat = fields.Float(load_default=None, validate=validate.Range(min=-90, max=90))
    accuracy_m = fields.Float(load_default=None, validate=validate.Range(min=0, max=100_000))

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> rules.Result:
        return rules.Result(**data)


class TaskPhotoIn(Strict):
    """A photo of the result, as a file of the form; there may be none."""

    photo = fields.Raw(metadata={"type": "string", "format": "binary"})


class CancelIn(Strict):
    """Why a task is taken back."""

    note = Text(rules.WORDS_LIMIT, required=True)


class TaskQuery(Strict):
    """Whose tasks, and where the walk begins (WGS 84)."""

    mine = fields.Boolean(load_default=True)
    lon = fields.Float(validate=validate.Range(min=-180, max=180))
    lat = fields.Float(validate=validate.Range(min=-90, max=90))


class TaskOut(Strict):
    """A task as its list tells it. A look-back tells the place and the question, nothing of its case."""

    id = fields.UUID(attribute="task.id")
    kind = fields.String(attribute="task.kind")
    kind_title = fields.Function(lambda e: _(rules.KIND_TITLES[e.task.kind]))
    words = fields.Function(lambda e: spoken(e.task))
    lon = fields.Float()
    lat = fields.Float()
    address = fields.Method("_address")
    grid = fields.String(attribute="task.grid.name")
    case = fields.Method("_case")
    given_by = fields.Method("_giver")
    receiver = fields.Method("_receiver")
    taken_by = fields.Function(lambda e: e.task.taker.name if e.task.taker else None)
    due_from = fields.AwareDateTime(attribute="task.due_from")
    due_until = fields.AwareDateTime(attribute="task.due_until")
    state = fields.String(attribute="task.state")
    state_title = fields.Function(lambda e: _(rules.STATE_TITLES[rules.State(e.task.state)]))
    part = fields.String(metadata={"description": ", ".join(rules.PARTS)})
    mine = fields.Boolean()
    metres = fields.Float(allow_none=True)
    verbs = fields.List(fields.String())
    result = fields.Method("_result")

    def _address(self, entry: Entry) -> str:
        # The words of a look-back's case stay with the case.
        return "" if entry.task.kind == rules.LOOK_BACK else entry.task.address

    def _case(self, entry: Entry) -> dict[str, Any] | None:
        case = entry.task.case
        if case is None:
            return None
        return {"id": str(case.id), "number": case.number, "title": choose(case.hazard_class.title)}

    def _giver(self, entry: Entry) -> str | None:
        return entry.task.giver.name if entry.task.giver else None

    def _receiver(self, entry: Entry) -> dict[str, Any]:
        task = entry.task
        if task.to_grid is not None:
            return {"kind": "grid", "name": task.posted_grid.name if task.posted_grid else ""}
        named = task.person if task.to_person is not None else task.team
        return {
            "kind": "person" if task.to_person is not None else "team",
            "name": named.name if named else "",
        }

    def _result(self, entry: Entry) -> dict[str, Any] | None:
        return told(entry.task)


def spoken(task: Task) -> str:
    """Return a task's words: as somebody wrote them, or in the reader's language."""
    return str(task.words.get("said") or choose(task.words))


def told(task: Task) -> dict[str, Any] | None:
    """Return what became of a task: who, when, words, what is doubtful, photos; None while it is open."""
    if task.ended_at is None:
        return None
    return {
        "by": task.ender.name if task.ender else None,
        "at": task.ended_at.isoformat(),
        "note": task.note,
        "flags": [{"code": flag, "title": _(rules.FLAG_TITLES[flag])} for flag in task.flags],
        "photos": [f"/api/v1/task-photos/{photo.id}" for photo in task.photos],
    }


class TasksOut(Strict):
    """The list of a day, in the order in which to do it."""

    now = fields.AwareDateTime()
    tasks = fields.List(fields.Nested(TaskOut))


class LookBackOut(Strict):
    """A look-back of a case: its number, its day, and what was found."""

    id = fields.UUID()
    number = fields.Integer()
    due_on = fields.Date()
    state = fields.String()
    state_title = fields.Method("_state")
    result = fields.Raw(allow_none=True)

    def _state(self, row: dict[str, Any]) -> str:
        title = rules.LOOK_BACK_TITLES[row["state"]]
        return _(title)


class CaseTasksOut(Strict):
    """What is asked for about a case, as far as the reader may know."""

    tasks = fields.List(fields.Nested(TaskOut))
    look_backs = fields.List(fields.Nested(LookBackOut))


def look_back_row(look_back: LookBack, task: Task | None) -> dict[str, Any]:
    """Return a look-back with its result as a plain row."""
    names = ("id", "number", "due_on", "state")
    return {name: getattr(look_back, name) for name in names} | {"result": told(task) if task else None}


class LookBackIn(Strict):
    """One more look-back at a case, on a day that only the chief knows."""

    id = fields.UUID(required=True)
    due_on = fields.Date(required=True)


class PlannedOut(Strict):
    """A look-back to come."""

    id = fields.UUID()
    number = fields.Integer()
    due_on = fields.Date()
    case_number = fields.String(attribute="case.number")
    case_title = fields.Function(lambda row: choose(row.case.hazard_class.title))


class ReceiverNameOut(Strict):
    """A person, team or grid that a task may go to."""

    id = fields.UUID()
    name = fields.String()
    code = fields.String()
    category = fields.String()
    role = fields.String()


class ReceiversOut(Strict):
    """Whom the asker may give a task to."""

    people = fields.List(fields.Nested(ReceiverNameOut))
    teams = fields.List(fields.Nested(ReceiverNameOut))
    grids = fields.List(fields.Nested(ReceiverNameOut))


class RuleOut(Strict):
    """When cases of a class (null: of any) and priority are looked at again; days after closing."""

    class_code = fields.String(allow_none=True)
    priority = fields.Integer()
    days = fields.List(fields.Integer())
    jitter_days = fields.Integer()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
    own = fields.Function(lambda rule: rule.station_id is not None)


class RuleIn(Strict):
    """A station's own rule; no days: never look back."""

    class_code = Text(60, load_default=None, allow_none=True)
    priority = fields.Integer(load_default=0, strict=True, validate=validate.Range(min=0, max=2))
    days = fields.List(
        fields.Integer(strict=True, validate=validate.Range(min=1, max=rules.LARGEST_DAY)),
        required=True,
        validate=validate.Length(max=rules.MOST_LOOK_BACKS),
    )
    jitter_days = fields.Integer(
        load_default=0, strict=True, validate=validate.Range(min=0, max=rules.LARGEST_JITTER)
    )
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(load_default=None, allow_none=True)

    @validates_schema(skip_on_field_errors=True)
    def _ascending(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["days"] != sorted(set(data["days"])):
            raise ValidationError({"days": [Problem("/days", "not_ascending")]})
        if data["valid_to"] is not None and data["valid_to"] <= data["valid_from"]:
            raise ValidationError({"valid_to": [Problem("/valid_to", "due_backwards")]})

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> rules.LookBackRule:
        return rules.LookBackRule(**{**data, "days": tuple(data["days"])}, own=True)


def listed(entries: list[Entry], now: datetime) -> dict[str, Any]:
    """Return the reply of a list."""
    return {"now": now, "tasks": entries}
