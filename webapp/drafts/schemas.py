"""What crosses the wire about drafts."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, fields, validate

from webapp.core.i18n import _
from webapp.core.schema import Finite, Strict, Text
from webapp.drafts.rules import FAULT_TITLES, MOST_OPERATIONS


class DraftIn(Strict):
    """A new draft; the id is made by the client. Without a source it begins upon the plan in force."""

    id = fields.UUID(required=True)
    name = Text(120, low=1, required=True)
    from_plan = fields.UUID(load_default=None, allow_none=True)


class NameIn(Strict):
    """Another name."""

    name = Text(120, low=1, required=True)


class OperationIn(Strict):
    """One operation: its own id, the head that its planner knew, its kind and what that kind needs.

    On borders (places are [lon, lat] in hundred-millionths of a degree): move_vertex {line, at, to},
    move_node {node, to}, insert_vertex {line, at, to}, remove_vertex {line, at}, reshape {line, via},
    split {area, path, new_area, ids, keep?, name?}, merge {areas}, transfer {path, from, to, ids}.
    Others: bind {grids, police_grid}, rename {grid | police_grid, name}, set_households {grid, households,
    population}, new_police_grid {police_grid, name}, lock and unlock {target, part}.
    """

    class Meta:
        unknown = INCLUDE

    id = fields.UUID(required=True)
    based_on = fields.Integer(required=True, strict=True, validate=validate.Range(min=0))
    kind = Text(30, low=1, required=True)


class OperationsIn(Strict):
    """Operations that are done together: all of them, or none."""

    operations = fields.List(
        fields.Nested(OperationIn),
        required=True,
        validate=validate.Length(min=1, max=MOST_OPERATIONS),
    )


class BackIn(Strict):
    """Undo or redo; an id of the client's makes sending twice harmless."""

    id = fields.UUID(load_default=None, allow_none=True)


class AfterQuery(Strict):
    """After which operation."""

    after = fields.Integer(load_default=0, validate=validate.Range(min=0))


class ByOut(Strict):
    """A person by name."""

    id = fields.UUID(allow_none=True)
    name = fields.String(allow_none=True)


class BaseOut(Strict):
    """A plan by number."""

    id = fields.UUID()
    number = fields.Integer()


class DraftOut(Strict):
    """A draft in a list. `state`: draft, in_review, approved, published."""

    id = fields.UUID()
    name = fields.String()
    state = fields.String()
    head = fields.Integer()
    base_plan = fields.Nested(BaseOut, allow_none=True)
    updated_at = fields.AwareDateTime()
    by = fields.Nested(ByOut)


class CanOut(Strict):
    """What the asker may do with a draft now."""

    edit = fields.Boolean()
    submit = fields.Boolean()
    approve = fields.Boolean()
    publish = fields.Boolean()
    withdraw = fields.Boolean()
    comment = fields.Boolean()


class DraftWholeOut(DraftOut):
    """A draft with everything that the editor draws."""

    plan = fields.Nested(BaseOut, allow_none=True)
    valid_from = fields.AwareDateTime(allow_none=True)
    network = fields.Dict(metadata={"description": "nodes {id: [n, n]}, lines {id: {start, end, via, ...}}"})
    grids = fields.Dict()
    police_grids = fields.Dict()
    locks = fields.List(fields.Dict())
    limits = fields.Dict(metadata={"description": "households: [lowest, highest]"})
    can = fields.Nested(CanOut)
    share = fields.String(metadata={"description": "Address for members of the station to look and comment"})


class AppliedOut(Strict):
    """What was done: in order, each with the parts that it touched as they are now (null: gone)."""

    head = fields.Integer()
    applied = fields.List(fields.Dict())
    figures = fields.Dict()


class DraftFiguresOut(Strict):
    """Figures of all grids and police grids, what the draft changes, and how even it is."""

    head = fields.Integer()
    grids = fields.Dict()
    police_grids = fields.Dict()
    changes = fields.Dict()
    balance = fields.Dict()


class DraftFaultOut(Strict):
    """One fault of a draft, with a place to zoom to."""

    kind = fields.String()
    blocks = fields.Boolean(metadata={"description": "The draft can't be submitted with it"})
    grids = fields.List(fields.String())
    police_grid = fields.String(allow_none=True)
    point = fields.List(fields.Float(), allow_none=True)
    names = fields.List(fields.String())
    message = fields.Function(lambda fault: _message(fault), metadata={"type": "string"})


def _message(fault: Any) -> str:
    return _(FAULT_TITLES[fault.kind]) + (f" ({', '.join(fault.names)})" if fault.names else "")


class CommentIn(Strict):
    """Words about a draft, at a place (lon, lat) or as a whole."""

    id = fields.UUID(required=True)
    text = Text(1000, low=1, required=True)
    point = fields.List(Finite(), load_default=None, allow_none=True, validate=validate.Length(equal=2))


class CommentOut(Strict):
    """A comment."""

    id = fields.UUID()
    text = fields.String()
    point = fields.List(fields.Float(), allow_none=True)
    by = fields.Nested(ByOut)
    at = fields.AwareDateTime()


class WhenIn(Strict):
    """When a plan is to come into force; nothing means as soon as it is published."""

    valid_from = fields.AwareDateTime(load_default=None, allow_none=True)
