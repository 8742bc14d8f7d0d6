"""What crosses the wire at the windows."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import fields, validate

from webapp.core.schema import Strict, Text

# A week or a month is counted back from a moment: it must not leave the calendar.
EARLIEST = datetime(1949, 10, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class SearchQuery(Strict):
    """Words to look for."""

    q = Text(60, low=1, required=True)


class FoundOut(Strict):
    """Something with a place: a case, a grid or a named place."""

    kind = fields.String()
    id = fields.UUID()
    title = fields.String()
    lon = fields.Float()
    lat = fields.Float()


class EventsQuery(Strict):
    """From where on events are told; `Last-Event-ID` does the same for streams."""

    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**62))


class EventOut(Strict):
    """One event; `feature` is the case as GeoJSON, `call` the state of a call, when the reader may see it."""

    id = fields.Integer()
    name = fields.String()
    subject_kind = fields.String()
    subject_id = fields.UUID()
    at = fields.AwareDateTime()
    feature = fields.Dict(allow_none=True)
    call = fields.Dict(allow_none=True)


class EventsOut(Strict):
    """Events for a browser that polls."""

    events = fields.List(fields.Nested(EventOut))
    last = fields.Integer()


class ItemsQuery(Strict):
    """How features of a collection are asked for (OGC API - Features, Part 1)."""

    bbox = Text(120)
    limit = fields.Integer(load_default=1000, validate=validate.Range(min=1, max=10_000))
    datetime = fields.AwareDateTime(validate=validate.Range(min=EARLIEST, max=LATEST))
    kind = Text(20)
    state = Text(20)
    class_code = Text(60)
    f = fields.String(validate=validate.OneOf(["json"]))
