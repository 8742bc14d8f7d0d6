"""What crosses the wire about calls."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, post_load, validate

from collectors.records import PLACE_METHODS, Place
from webapp.calls.filing import Wish
from webapp.calls.rules import (
    AIM_TITLES,
    CALLERS,
    LEVEL_TITLES,
    MOST_WANTED,
    STATE_TITLES,
    WORDS_LIMIT,
)
from webapp.core.i18n import _, choose
from webapp.core.schema import Finite, Page, Strict, Text

CLOCK = r"([01]\d|2[0-3]):[0-5]\d\Z"


class CallPlaceIn(Strict):
    """Where the call is for: raw coordinates in the system that `crs` names."""

    lon = Finite(required=True)
    lat = Finite(required=True)
    crs = Text(20, load_default="wgs84")
    accuracy_m = Finite(load_default=None, allow_none=True, validate=validate.Range(min=0, max=100_000))
    method = fields.String(load_default="gps", validate=validate.OneOf(PLACE_METHODS))

    @post_load
    def _place(self, data: dict[str, Any], **_kwargs: Any) -> Place:
        return Place(**data)


class CallIn(Strict):
    """A call; `id` is made by the sender and makes sending again harmless. Without a place: its case's."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.Length(min=1, max=30))
    words = Text(WORDS_LIMIT, load_default="")
    place = fields.Nested(CallPlaceIn, load_default=None, allow_none=True)
    case_id = fields.UUID(load_default=None, allow_none=True)
    aim = fields.String(load_default="ground", validate=validate.OneOf(list(AIM_TITLES)))
    aim_id = fields.UUID(load_default=None, allow_none=True)
    wanted = fields.Integer(load_default=1, strict=True, validate=validate.Range(min=1, max=MOST_WANTED))

    @post_load
    def _wish(self, data: dict[str, Any], **_kwargs: Any) -> Wish:
        return Wish(**data)


class CallsQuery(Strict):
    """Which calls are wanted: `mine` leaves out what a chief merely oversees."""

    state = fields.String(load_default=None, validate=validate.OneOf(["open", "ended", *STATE_TITLES]))
    case_id = fields.UUID(load_default=None)
    mine = fields.Boolean(load_default=False)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))
    cursor = Text(300, load_default=None)


class DeclineIn(Strict):
    """Why somebody can't come."""

    note = Text(WORDS_LIMIT, load_default="")


class WordsIn(Strict):
    """How a call ended."""

    words = Text(WORDS_LIMIT, low=1, required=True)


class PersonOut(Strict):
    """Somebody in a call."""

    name = fields.String()
    category = fields.String()
    at = fields.AwareDateTime()
    arrived_at = fields.AwareDateTime()


class CallOut(Strict):
    """A call as its reader is told it; `verbs` are what he may say to it, `mine` his own part."""

    id = fields.UUID(attribute="call.id")
    direction = fields.String(attribute="call.direction")
    kind = fields.String(attribute="call.kind")
    kind_title = fields.Function(lambda told: choose(told.kind_title))
    words = fields.String(attribute="call.words")
    lon = fields.Float()
    lat = fields.Float()
    accuracy_m = fields.Float(attribute="call.accuracy_m", allow_none=True)
    grid = fields.String(attribute="call.grid.name")
    police_grid = fields.String(attribute="call.police_grid.name")
    case = fields.Function(lambda told: told.case and {"id": str(told.case[0]), "number": told.case[1]})
    caller = fields.Nested(PersonOut, allow_none=True)
    is_mine = fields.Function(lambda told: told.mine is None and "cancel" in told.verbs)
    aim = fields.String(attribute="call.aim")
    wanted = fields.Integer(attribute="call.wanted")
    taken = fields.Integer(attribute="call.taken")
    takers = fields.List(fields.Nested(PersonOut))
    called = fields.Dict(keys=fields.String(), values=fields.Integer())
    mine = fields.Function(lambda told: told.mine and told.mine.state)
    state = fields.String(attribute="call.state")
    state_title = fields.Function(lambda told: _(STATE_TITLES[told.call.state]))
    level = fields.Integer(attribute="call.level")
    level_title = fields.Function(lambda told: _(LEVEL_TITLES[told.call.direction][told.call.level]))
    called_at = fields.AwareDateTime(attribute="call.called_at")
    acknowledge_s = fields.Integer(attribute="call.acknowledge_s")
    response_s = fields.Integer(attribute="call.response_s")
    acknowledged_at = fields.AwareDateTime(attribute="call.acknowledged_at", allow_none=True)
    answered_at = fields.AwareDateTime(attribute="call.answered_at", allow_none=True)
    arrived_at = fields.AwareDateTime(attribute="call.arrived_at", allow_none=True)
    ended_at = fields.AwareDateTime(attribute="call.ended_at", allow_none=True)
    end_words = fields.String(attribute="call.end_words")
    late = fields.String()
    verbs = fields.List(fields.String())
    revision = fields.Integer(attribute="call.revision")


class CallPage(Page):
    """A page of calls; `now` is the service's clock, for clocks that run in the browser."""

    calls = fields.List(fields.Nested(CallOut))
    now = fields.AwareDateTime()


class NamedOut(Strict):
    """A person or team that may be called."""

    id = fields.UUID()
    name = fields.String()


class AimsOut(Strict):
    """Whom the asker may call by name."""

    persons = fields.List(fields.Nested(NamedOut))
    teams = fields.List(fields.Nested(NamedOut))


class StatisticsQuery(Strict):
    """From which month to which (both included), as YYYY-MM; by default the last twelve."""

    first = fields.String(
        load_default=None, validate=validate.Regexp(r"2\d{3}-(0[1-9]|1[0-2])\Z", error="bad_time")
    )
    last = fields.String(
        load_default=None, validate=validate.Regexp(r"2\d{3}-(0[1-9]|1[0-2])\Z", error="bad_time")
    )


class StatisticOut(Strict):
    """Both clocks of a month, a police grid and a direction, of the calls that the asker sees; seconds."""

    month = fields.String()
    police_grid = fields.String()
    police_grid_code = fields.String()
    direction = fields.String()
    calls = fields.Integer()
    acknowledged = fields.Integer()
    in_time = fields.Integer()
    answered = fields.Integer()
    unanswered = fields.Integer()
    acknowledge_median_s = fields.Float(allow_none=True)
    acknowledge_p90_s = fields.Float(allow_none=True)
    answer_median_s = fields.Float(allow_none=True)
    answer_p90_s = fields.Float(allow_none=True)


class PartSchema(Strict):
    """Limits by day or by night, in seconds."""

    acknowledge_s = fields.Integer(required=True, strict=True, validate=validate.Range(min=30, max=3600))
    response_s = fields.Integer(required=True, strict=True, validate=validate.Range(min=60, max=86_400))


class LimitsSchema(Strict):
    """How long the clocks of calls run; times as HH:MM here (Asia/Shanghai)."""

    day = fields.Nested(PartSchema, required=True)
    night = fields.Nested(PartSchema, required=True)
    night_from = fields.String(required=True, validate=validate.Regexp(CLOCK, error="bad_time"))
    night_to = fields.String(required=True, validate=validate.Regexp(CLOCK, error="bad_time"))
    close_h = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=168))


class TitleSchema(Strict):
    """A title in both languages."""

    zh = Text(30, low=1, required=True)
    en = Text(60, low=1, required=True)


class KindIn(Strict):
    """A kind of calls of the station's own."""

    title = fields.Nested(TitleSchema, required=True)
    roles = fields.List(
        fields.String(validate=validate.OneOf(CALLERS)),
        required=True,
        validate=validate.Length(min=1, max=len(CALLERS)),
    )
    position = fields.Integer(load_default=100, strict=True, validate=validate.Range(min=1, max=1000))
    in_use = fields.Boolean(load_default=True)

    @post_load
    def _sorted(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {**data, "title": dict(data["title"]), "roles": [r for r in CALLERS if r in data["roles"]]}


class KindLimitIn(Strict):
    """How fast calls of a kind are answered, from a day on; seconds."""

    id = fields.UUID(required=True)
    kind = Text(30, low=1, required=True)
    acknowledge_s = fields.Integer(required=True, strict=True, validate=validate.Range(min=30, max=3600))
    response_s = fields.Integer(required=True, strict=True, validate=validate.Range(min=60, max=86_400))
    valid_from = fields.Date(required=True)


class KindLimitEndIn(Strict):
    """The first day on which a limit counts no more."""

    valid_to = fields.Date(required=True)


class KindsQuery(Strict):
    """Without `all` only those that the asker may call for now."""

    all = fields.Boolean(load_default=False)


class KindOut(Strict):
    """A kind of calls; `own`: of this station, else a general one."""

    code = fields.String()
    title = fields.Function(lambda item: choose(item.title), metadata={"type": "string"})
    titles = fields.Dict(attribute="title", keys=fields.String(), values=fields.String())
    roles = fields.List(fields.String())
    position = fields.Integer()
    in_use = fields.Boolean()
    own = fields.Function(lambda item: item.station_id is not None, metadata={"type": "boolean"})


class KindLimitOut(Strict):
    """A version of a kind's limit."""

    id = fields.UUID()
    kind = fields.String()
    acknowledge_s = fields.Integer()
    response_s = fields.Integer()
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)
