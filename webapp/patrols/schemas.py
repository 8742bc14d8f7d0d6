"""What crosses the wire about patrols and coverage."""

from __future__ import annotations

from marshmallow import fields

from webapp.core.schema import Strict


class PatrolOut(Strict):
    """A patrol."""

    id = fields.UUID()
    person_id = fields.UUID()
    kind = fields.String()
    started_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    walked_m = fields.Integer(allow_none=True)


class PresenceOut(Strict):
    """A grid's presence in the seven days that end with the day asked for."""

    grid_id = fields.UUID()
    code = fields.String()
    name = fields.String()
    patrols = fields.Integer()
    seconds = fields.Integer()
    last_at = fields.AwareDateTime(allow_none=True)


class CoverageQuery(Strict):
    """The last day of the window, in the station's time."""

    day = fields.Date()
