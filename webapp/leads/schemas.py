"""What crosses the wire about restricted leads, their log, and visits."""

from __future__ import annotations

from marshmallow import fields, validate

from webapp.cases.rules import STATE_TITLES, State
from webapp.core.i18n import _, choose
from webapp.core.schema import Strict, Text
from webapp.leads import rules


class RestrictedOut(Strict):
    """What the list tells of a lead: no words, no place, no people. `open_until` while a purpose counts."""

    id = fields.UUID()
    number = fields.String()
    class_code = fields.String()
    class_title = fields.Function(lambda row: choose(row["class_title"]))
    state = fields.String()
    state_title = fields.Function(lambda row: _(STATE_TITLES[State(row["state"])]))
    grid = fields.String()
    police_grid = fields.String()
    found_at = fields.AwareDateTime()
    reported_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    handled = fields.Boolean()
    open_until = fields.AwareDateTime(allow_none=True)


class PurposeIn(Strict):
    """What something restricted is read for; it is written down before anything is shown."""

    purpose = Text(30, required=True)
    words = Text(300, load_default="")


class OpenedOut(Strict):
    """A lead that is open for a while."""

    number = fields.String()
    open_until = fields.AwareDateTime()
    url = fields.Function(lambda row: f"/cases/{row.number}")


class LeadFiguresOut(Strict):
    """Counts of leads per police grid; "<5" stands for fewer than five."""

    police_grid = fields.String()
    open = fields.String()
    year = fields.String()


class ReadsQuery(Strict):
    """Where a page of the log begins."""

    before = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=2**62))


class ReadOut(Strict):
    """One line of the log of reads."""

    id = fields.Function(lambda row: row.LeadRead.id)
    at = fields.Function(lambda row: row.LeadRead.at.isoformat())
    reader_id = fields.Function(lambda row: str(row.LeadRead.reader_id))
    reader = fields.Function(lambda row: row.name)
    subject_id = fields.Function(lambda row: str(row.LeadRead.subject_id))
    what = fields.Function(lambda row: row.LeadRead.what)
    purpose = fields.Function(lambda row: row.LeadRead.purpose)
    words = fields.Function(lambda row: row.LeadRead.words)


class VisitedOut(Strict):
    """What the list tells of a visited person: initials, risk, grid, visitors, when the next visit is due."""

    id = fields.UUID()
    initials = fields.String()
    risk = fields.String()
    risk_title = fields.Function(lambda row: _(rules.RISKS[row.risk]))
    minor = fields.Boolean()
    grid = fields.String()
    grid_id = fields.UUID()
    officer_id = fields.UUID()
    officer = fields.String(allow_none=True)
    visitor_id = fields.UUID()
    visitor = fields.String(allow_none=True)
    second_id = fields.UUID(allow_none=True)
    second = fields.String(allow_none=True)
    last_at = fields.AwareDateTime(allow_none=True)
    last_result = fields.String(allow_none=True)
    due_at = fields.AwareDateTime()
    urgency = fields.String()


class RateOut(Strict):
    """How many of a risk class are visited in time; "<5" stands for fewer than five."""

    risk = fields.String()
    people = fields.String()
    rate = fields.String()


class VisitsOut(Strict):
    """The people of the asker's, those due first on top, and the visit rates."""

    people = fields.List(fields.Nested(VisitedOut))
    rates = fields.List(fields.Nested(RateOut))


class PersonIn(Strict):
    """Somebody who is visited; no point on a map, the grid is the finest that is kept."""

    name = Text(60, low=1, required=True)
    address = Text(200, low=1, required=True)
    phone = Text(40, load_default="")
    risk = fields.String(required=True, validate=validate.OneOf(list(rules.RISKS)))
    minor = fields.Boolean(load_default=False)
    guardian = Text(60, load_default="")
    guardian_phone = Text(40, load_default="")
    note = Text(1000, load_default="")
    grid_id = fields.UUID(required=True)
    officer_id = fields.UUID(required=True)
    visitor_id = fields.UUID(required=True)
    second_id = fields.UUID(load_default=None, allow_none=True)


class KeptOut(Strict):
    """A visited person as kept."""

    id = fields.UUID()
    initials = fields.String()
    ended_at = fields.AwareDateTime(allow_none=True)


class DetailsOut(Strict):
    """Who a visited person is, and the visits with their words."""

    name = fields.String()
    address = fields.String()
    phone = fields.String()
    guardian = fields.String()
    guardian_phone = fields.String()
    note = fields.String()
    visits = fields.List(fields.Dict())


class VisitIn(Strict):
    """A visit; the id is made by the client and makes sending again harmless."""

    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    result = fields.String(required=True, validate=validate.OneOf(list(rules.RESULTS)))
    words = Text(1000, load_default="")


class IntervalIn(Strict):
    """Days between visits."""

    days = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=366))
