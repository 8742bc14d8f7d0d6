"""What crosses the wire about repeats, mergings, directives and weeks."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from webapp.cases.rules import STATE_TITLES, State
from webapp.core.i18n import _, choose
from webapp.core.messages import message
from webapp.core.schema import Finite, Strict, Text
from webapp.repeats import rules


class MemberOut(Strict):
    """A case in a group, an offer or a merging."""

    id = fields.UUID()
    number = fields.String()
    class_code = fields.String()
    class_title = fields.Function(lambda m: choose(m.class_title))
    state = fields.String()
    state_title = fields.Function(lambda m: _(STATE_TITLES[State(m.state)]))
    found_at = fields.AwareDateTime()
    grid = fields.String()
    police_grid = fields.String()
    address = fields.String()
    priority = fields.Integer()
    revision = fields.Integer()
    thumbnail_url = fields.Function(
        lambda m: f"/api/v1/attachments/{m.thumbnail}?size=thumbnail" if m.thumbnail else None
    )


class OfferOut(Strict):
    """Two open cases that may be the same thing, the older first, with metres and hours between them."""

    id = fields.UUID()
    metres = fields.Float()
    hours = fields.Float()
    cases = fields.List(fields.Nested(MemberOut))


class LeadingOut(Strict):
    """How far the leading case has come; nothing of who reported it."""

    number = fields.String()
    state = fields.String()
    state_title = fields.Function(lambda lead: _(STATE_TITLES[State(lead.state)]))
    closed_at = fields.AwareDateTime(allow_none=True)
    closing_note = fields.String(allow_none=True)


class CaseRepeatsOut(Strict):
    """What belongs to a case: its group, what may be the same thing, what was merged into it, its lead."""

    number = fields.String()
    may_merge = fields.Boolean()
    group = fields.List(fields.Nested(MemberOut))
    offers = fields.List(fields.Nested(OfferOut))
    merged = fields.List(fields.Nested(MemberOut))
    lead = fields.Nested(LeadingOut, allow_none=True)


class MergeIn(Strict):
    """Cases, by number, that are the same matter as a leading one."""

    lead = Text(40, low=1, required=True)
    cases = fields.List(
        Text(40, low=1), required=True, validate=validate.Length(min=1, max=rules.MOST_MERGED_AT_ONCE)
    )
    note = Text(2000, load_default="")


class MergedOut(Strict):
    """A case after it was merged."""

    id = fields.UUID()
    number = fields.String()
    state = fields.String()
    revision = fields.Integer()


class ApartIn(Strict):
    """Two cases that were offered as the same thing and are not."""

    cases = fields.List(fields.UUID(), required=True, validate=validate.Length(equal=2))

    @validates_schema(skip_on_field_errors=True)
    def _two(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["cases"][0] == data["cases"][1]:
            raise ValidationError("Must be one of: two different cases.", "cases")


class ApartOut(Strict):
    """What was answered."""

    id = fields.UUID()
    answer = fields.String()
    answered_at = fields.AwareDateTime()


class PartyIn(Strict):
    """A party to the case: name, and a number (telephone, identity) of which only a hash is kept."""

    id = fields.UUID(load_default=None, allow_none=True)
    party = Text(rules.MAX_PARTY, load_default="")
    name = Text(rules.MAX_NAME, load_default="")
    part = fields.String(load_default="party", validate=validate.OneOf(rules.PARTS))


class PartyOut(Strict):
    """Somebody who belongs to a case; the number with its middle hidden."""

    id = fields.UUID()
    part = fields.String()
    part_title = fields.Function(lambda row: _(rules.PART_TITLES[row.part]), metadata={"type": "string"})
    name = fields.String()
    number = fields.String()
    linked = fields.Function(lambda row: row.mark is not None, metadata={"type": "boolean"})
    at = fields.AwareDateTime()


class TermsIn(Strict):
    """When two cases of a class ('' for all) are one matter; classes of one family count as one."""

    class_code = Text(60, load_default="")
    family = Text(60, load_default="")
    distance_m = Finite(load_default=50.0, validate=validate.Range(min=1, max=500))
    days = fields.Integer(load_default=90, strict=True, validate=validate.Range(min=1, max=730))
    near_m = Finite(load_default=50.0, validate=validate.Range(min=1, max=500))
    near_h = fields.Integer(load_default=72, strict=True, validate=validate.Range(min=1, max=2160))
    place_m = Finite(load_default=20.0, validate=validate.Range(min=1, max=200))
    raised_from = fields.Integer(load_default=2, strict=True, validate=validate.Range(min=2, max=1000))
    first_from = fields.Integer(load_default=5, strict=True, validate=validate.Range(min=2, max=1000))

    @validates_schema(skip_on_field_errors=True)
    def _order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["first_from"] < data["raised_from"]:
            low, high = data["raised_from"], 1000
            said = f"Must be greater than or equal to {low} and less than or equal to {high}."
            raise ValidationError(said, "first_from")


class TermsOut(TermsIn):
    """Terms in force, with their version."""

    version = fields.Integer()
    valid_from = fields.AwareDateTime()


class WeekQuery(Strict):
    """Which police grid's list is wanted; all that the asker may see without it."""

    police_grid_id = fields.UUID(load_default=None)


class ListedOut(Strict):
    """A case in a weekly list."""

    id = fields.UUID()
    number = fields.String()
    class_code = fields.String()
    found_at = fields.AwareDateTime()
    open = fields.Boolean()
    merged = fields.Boolean()


class GroupOut(Strict):
    """Cases of one matter: all of them, and how many were found in the week."""

    place = fields.Function(lambda group: group.newest.label)
    classes = fields.List(fields.String())
    in_week = fields.Function(lambda group: len(group.week))
    cases = fields.List(fields.Nested(ListedOut))


class OrderedOut(Strict):
    """A directive with whether the week met it: met, single (one case, no repeat) or none."""

    list_id = fields.UUID()
    number = fields.Integer()
    where = fields.String()
    class_code = fields.String()
    words = fields.String()
    from_on = fields.Date(allow_none=True)
    to_on = fields.Date(allow_none=True)


class WeekOut(Strict):
    """The list of a week beside the directives; `meeting` holds the places of groups for each directive."""

    monday = fields.Date()
    groups = fields.List(fields.Nested(GroupOut))
    directives = fields.List(fields.Nested(OrderedOut))
    states = fields.Function(lambda week: list(week.comparison.states))
    meeting = fields.Function(
        lambda week: [list(week.comparison.meeting[n]) for n in range(len(week.directives))]
    )
    unnamed = fields.List(fields.Integer())


class DirectivesIn(Strict):
    """The form beside a list of directives: the id that the sender gives it, and what it is called."""

    id = fields.UUID(required=True)
    name = Text(200, load_default="")


class DirectivesFile(Strict):
    """The file: CSV, XLSX or JSON."""

    file = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class DirectivesOut(Strict):
    """A list of directives as it was kept, `counts` with all rows and those with faults."""

    id = fields.UUID()
    name = fields.String()
    sha256 = fields.String()
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class DirectiveOut(Strict):
    """A row of a list: as written, what is understood of it (WGS 84), and what is wrong with it."""

    list_id = fields.UUID()
    number = fields.Integer()
    content = fields.Dict()
    class_code = fields.String()
    grid_id = fields.UUID(allow_none=True)
    lon = fields.Float(allow_none=True)
    lat = fields.Float(allow_none=True)
    words = fields.String()
    from_on = fields.Date(allow_none=True)
    to_on = fields.Date(allow_none=True)
    problems = fields.Function(
        lambda row: [
            {"pointer": p["pointer"], "code": p["code"], "detail": message(p["code"], p["params"])}
            for p in row.problems
        ]
    )
