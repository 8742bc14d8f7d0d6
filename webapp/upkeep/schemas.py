"""What crosses the wire about the machine's work."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.core.schema import Strict
from webapp.upkeep.rules import STATES


class JobQuery(Strict):
    """Which jobs."""

    state = fields.String(validate=validate.OneOf(STATES))


class JobOut(Strict):
    """A job that is not done; `error` is the kind of its last failure, never its words."""

    id = fields.Integer()
    name = fields.String()
    state = fields.String()
    attempts = fields.Integer()
    run_at = fields.AwareDateTime()
    created_at = fields.AwareDateTime()
    error = fields.String(allow_none=True)


class JobsOut(Strict):
    """How many there are of each state, and the first 500, the dead first."""

    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    jobs = fields.List(fields.Nested(JobOut))


class CountsOut(Strict):
    """How many jobs were given up, run and wait."""

    dead = fields.Integer()
    leased = fields.Integer()
    ready = fields.Integer()


class RestartedOut(Strict):
    """How many were started again."""

    restarted = fields.Integer()
