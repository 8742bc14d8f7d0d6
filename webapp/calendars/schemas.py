"""What crosses the wire about clocks: days, hours, limits."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from webapp.calendars import counting, rules
from webapp.core.schema import Strict, Text

_YEAR = validate.Range(min=rules.EARLIEST_YEAR, max=rules.LATEST_YEAR)
_UNIT = validate.OneOf([unit.value for unit in counting.Unit])


class HourField(fields.String):
    """A time of the day such as 08:30."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return time.fromisoformat(text) if len(text) == 5 else self._refuse()
        except ValueError:
            return self._refuse()

    @staticmethod
    def _refuse() -> Any:
        raise ValidationError("Not a valid time.")


def _day(**kwargs: Any) -> fields.Date:
    return fields.Date(
        validate=validate.Range(min=date(rules.EARLIEST_YEAR, 1, 1), max=date(rules.LATEST_YEAR, 12, 31)),
        **kwargs,
    )


class LimitIn(Strict):
    """An amount of a unit."""

    amount = fields.Integer(required=True, strict=True, validate=validate.Range(1, rules.MOST_AMOUNT))
    unit = fields.String(required=True, validate=_UNIT)

    @post_load
    def made(self, data: dict[str, Any], **_kwargs: Any) -> counting.Limit:
        """Return the limit."""
        return counting.Limit(data["amount"], counting.Unit(data["unit"]))


class NoticeIn(Strict):
    """A year: without days as the installed package has it, else as a notice typed in."""

    holidays = fields.Dict(
        keys=_day(), values=Text(40), load_default=None, metadata={"description": "Day: feast"}
    )
    make_up = fields.Dict(keys=_day(), values=Text(40), load_default=dict)
    source = Text(120, load_default="")


class DayIn(Strict):
    """A day declared worked (true) or free (false); null takes it as its notice has it again."""

    id = fields.UUID(required=True)
    day = _day(required=True)
    works = fields.Boolean(required=True, allow_none=True)
    reason = Text(rules.REASON_LIMIT, required=True)


class HoursIn(Strict):
    """The hours of working days from a day on."""

    id = fields.UUID(required=True)
    since = _day(required=True)
    spans = fields.List(
        fields.Tuple((HourField(), HourField())),
        required=True,
        validate=validate.Length(min=1, max=rules.MOST_SPANS),
        metadata={"example": [["08:30", "12:00"], ["14:30", "18:00"]]},
    )


class LimitRuleIn(Strict):
    """How long matters of a class and a priority may take, from a day on."""

    id = fields.UUID(required=True)
    class_code = Text(80, low=1, required=True)
    priority = fields.Integer(load_default=0, strict=True, validate=validate.OneOf(rules.PRIORITIES))
    close = fields.Nested(LimitIn, required=True)
    respond = fields.Nested(LimitIn, load_default=None, allow_none=True)
    extension = fields.Nested(LimitIn, load_default=None, allow_none=True)
    pauses = fields.List(
        fields.String(validate=validate.OneOf(list(rules.PAUSE_TITLES))),
        load_default=list(rules.PAUSES),
        validate=validate.Length(max=len(rules.PAUSE_TITLES)),
    )
    valid_from = _day(required=True)


class EndIn(Strict):
    """The first day on which a limit counts no more."""

    valid_to = _day(required=True)


class LimitQuery(Strict):
    """Which limits are wanted."""

    class_code = Text(80)


class DueQuery(Strict):
    """A limit to be tried: how much of what, from when."""

    amount = fields.Integer(required=True, validate=validate.Range(1, rules.MOST_AMOUNT))
    unit = fields.String(required=True, validate=_UNIT)
    start = fields.AwareDateTime(required=True)


class YearOut(Strict):
    """A year that the calendar knows, and from where."""

    year = fields.Integer()
    source = fields.String()
    source_version = fields.String()
    imported_at = fields.AwareDateTime()


class HoursOut(Strict):
    """The hours of working days from a day on."""

    id = fields.UUID()
    since = fields.Date()
    spans = fields.List(fields.List(fields.String()))
    at = fields.AwareDateTime()


class CalendarOut(Strict):
    """What the station's calendar knows, and which years it misses."""

    version = fields.Integer()
    years = fields.Nested(YearOut(many=True))
    missing = fields.List(
        fields.Integer(), metadata={"description": "An alarm: limits reach into these years"}
    )
    hours = fields.Nested(HoursOut(many=True))


class ShownDayOut(Strict):
    """A day: its kind by its notice, whether it is worked, and whether the station has decided so itself."""

    day = fields.Date()
    kind = fields.String()
    title = fields.String()
    works = fields.Boolean()
    own = fields.Boolean()
    reason = fields.String()


class DayOut(Strict):
    """A day that was declared worked or free."""

    id = fields.UUID()
    day = fields.Date()
    works = fields.Boolean(allow_none=True)
    reason = fields.String()
    at = fields.AwareDateTime()


class LimitRuleOut(Strict):
    """A version of a limit; without a station it is a general one."""

    id = fields.UUID()
    station_id = fields.UUID(allow_none=True)
    class_code = fields.String()
    priority = fields.Integer()
    close_amount = fields.Integer()
    close_unit = fields.String()
    respond_amount = fields.Integer(allow_none=True)
    respond_unit = fields.String(allow_none=True)
    extension_amount = fields.Integer(allow_none=True)
    extension_unit = fields.String(allow_none=True)
    pauses = fields.List(fields.String())
    valid_from = fields.Date()
    valid_to = fields.Date(allow_none=True)


class DueOut(Strict):
    """When a limit ends."""

    end = fields.AwareDateTime()
