"""What crosses the wire about cases and hazard classes."""

from __future__ import annotations

from typing import Any

from geoalchemy2.shape import to_shape
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from collectors.pwa import FILE_KINDS, MAX_FILES
from collectors.records import PLACE_METHODS, Attachment, Place, Report
from webapp.cases.models import Attachment as KeptFile
from webapp.cases.models import Case
from webapp.cases.rules import GRADES, GROUPS, KINDS, SORT_TITLES, STATE_TITLES, State
from webapp.core.i18n import _, choose
from webapp.core.schema import FORBIDDEN, Finite, Page, Strict, Text


class PlaceIn(Strict):
    """A place as the sender has it: raw coordinates in the system that `crs` names."""

    lon = Finite(required=True, metadata={"description": "Longitude in degrees, or easting in metres"})
    lat = Finite(required=True, metadata={"description": "Latitude in degrees, or northing in metres"})
    crs = Text(20, load_default="wgs84")
    accuracy_m = Finite(load_default=None, allow_none=True, validate=validate.Range(min=0, max=100_000))
    method = fields.String(load_default="gps", validate=validate.OneOf(PLACE_METHODS))
    address = Text(200, load_default="")


class SentFileIn(Strict):
    """A photo that belongs to a report and is sent apart, named by the SHA-256 of its bytes."""

    sha256 = fields.String(required=True, validate=validate.Regexp(r"[0-9a-f]{64}\Z", error="bad_hash"))
    name = Text(200, load_default="")
    media_type = Text(100, load_default="")
    kind = fields.String(load_default="photo", validate=validate.OneOf(FILE_KINDS))

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> Attachment:
        return Attachment(**data)


class AnswersIn(Strict):
    """Answers to questions of a class, by their names."""

    answers = fields.Dict(keys=Text(60), values=fields.Raw(allow_none=True), load_default=dict)

    @validates_schema(skip_on_field_errors=True)
    def _plain_answers(self, data: dict[str, Any], **_kwargs: Any) -> None:
        for name, value in data["answers"].items():
            if not isinstance(value, bool | int | float | str | None) or len(str(value)) > 2000:
                raise ValidationError({"answers": {name: ["Expected text, a number, true or false."]}})
            if isinstance(value, str) and FORBIDDEN.search(value):
                raise ValidationError({"answers": {name: ["Control characters are not allowed."]}})


class ReportIn(AnswersIn):
    """A report; `id` is made by the sender and makes sending again harmless."""

    id = fields.UUID(required=True)
    class_code = Text(60, low=1, required=True)
    class_version = fields.Integer(load_default=None, allow_none=True, strict=True)
    place = fields.Nested(PlaceIn, required=True)
    found_at = fields.AwareDateTime(required=True)
    note = Text(2000, load_default="")
    files = fields.List(fields.Nested(SentFileIn), load_default=list, validate=validate.Length(max=MAX_FILES))

    @post_load
    def _record(self, data: dict[str, Any], **_kwargs: Any) -> Report:
        version = data.pop("class_version")
        place = Place(**data.pop("place"))
        files = tuple({file.sha256: file for file in data.pop("files")}.values())
        return Report(
            **data, place=place, attachments=files, class_version=None if version is None else str(version)
        )


class ClassQuery(Strict):
    """Which classes are wanted: those of hazards and leads, one kind, or all."""

    kind = fields.String(load_default="", validate=validate.OneOf(["", "all", *KINDS]))


class QuestionOut(Strict):
    """One question of a hazard class, titles in the language asked for."""

    name = fields.String()
    kind = fields.String()
    title = fields.Function(lambda q: choose(q["title"]))
    required = fields.Boolean()
    low = fields.Float()
    high = fields.Float()
    relevant = fields.Dict(allow_none=True)
    choices = fields.Function(
        lambda q: [{"value": c["value"], "title": choose(c["title"])} for c in q.get("choices", [])]
    )


class HazardClassOut(Strict):
    """A hazard class with its questions, for the form of any client."""

    code = fields.String()
    version = fields.Integer()
    title = fields.Function(lambda c: choose(c.title))
    hint = fields.Function(lambda c: choose(c.hint))
    law = fields.Function(lambda c: choose(c.law))
    icon = fields.String()
    kind = fields.String()
    limit_h = fields.Integer()
    questions = fields.List(fields.Nested(QuestionOut))


class AreaOut(Strict):
    """A grid or police grid by name."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()


class AttachmentOut(Strict):
    """A file of a case; `sent_sha256` is the checksum of what the phone sent."""

    id = fields.Integer()
    purpose = fields.String()
    sent_sha256 = fields.String()
    sha256 = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()
    damaged = fields.Boolean()
    awaited = fields.Boolean(metadata={"description": "Only the preview is here; the original follows"})
    taken = fields.Method("_taken")
    url = fields.Function(lambda a: f"/api/v1/attachments/{a.id}")
    thumbnail_url = fields.Function(lambda a: f"/api/v1/attachments/{a.id}?size=thumbnail")

    def _taken(self, item: KeptFile) -> dict[str, Any] | None:
        if item.taken_at is None and item.taken_lon is None:
            return None
        at = None if item.taken_at is None else item.taken_at.isoformat()
        return {
            "at": at,
            "lon": item.taken_lon,
            "lat": item.taken_lat,
            "accuracy_m": item.taken_accuracy_m,
        }


class LeadOut(Strict):
    """How far the leading case of a merged one has come; nothing of who reported it."""

    number = fields.String()
    state = fields.String()
    state_title = fields.Function(lambda lead: _(STATE_TITLES[State(lead.state)]))
    accepted_at = fields.AwareDateTime(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    closing_note = fields.String(allow_none=True)
    handler = fields.String(allow_none=True)


class CaseOut(Strict):
    """A case as its reader may see it. Coordinates: WGS 84, with the raw value beside it."""

    id = fields.UUID()
    number = fields.String()
    kind = fields.String()
    class_code = fields.String()
    class_title = fields.Function(lambda c: choose(c.hazard_class.title))
    state = fields.String()
    state_title = fields.Function(lambda c: _(STATE_TITLES[State(c.state)]))
    restricted = fields.Boolean()
    place = fields.Method("_place")
    grid = fields.Nested(AreaOut)
    police_grid = fields.Nested(AreaOut)
    neighbour = fields.Nested(AreaOut, allow_none=True)
    answers = fields.Dict()
    note = fields.String()
    found_at = fields.AwareDateTime()
    reported_at = fields.AwareDateTime()
    accepted_at = fields.AwareDateTime(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    closing_note = fields.String(allow_none=True)
    reporter_id = fields.UUID(allow_none=True)
    handler_id = fields.UUID(allow_none=True)
    respond_by = fields.AwareDateTime(allow_none=True)
    assigned_to = fields.UUID(allow_none=True)
    assigned_team = fields.UUID(allow_none=True)
    pending = fields.String(allow_none=True, metadata={"description": "What waits for an approval"})
    pending_until = fields.AwareDateTime(allow_none=True)
    level = fields.Integer(metadata={"description": "How far up it was escalated, 0 to 3"})
    priority = fields.Integer(metadata={"description": "0 normal, 1 raised, 2 first"})
    fed_back_at = fields.AwareDateTime(allow_none=True)
    paused_at = fields.AwareDateTime(allow_none=True, metadata={"description": "Its clock stands since"})
    reopened = fields.Integer(metadata={"description": "How often it was reopened"})
    facts = fields.Dict(
        metadata={"description": "What was entered on the way: correction, grade, body, receipt"}
    )
    revision = fields.Integer()
    lead = fields.Nested(
        LeadOut, allow_none=True, metadata={"description": "The case that this one was merged into"}
    )
    voices = fields.Integer(metadata={"description": "How many others see the same thing"})
    attachments = fields.List(fields.Nested(AttachmentOut))

    def _place(self, case: Case) -> dict[str, Any]:
        lon, lat = to_shape(case.geom).coords[0]
        return {
            "lon": lon,
            "lat": lat,
            "accuracy_m": case.accuracy_m,
            "method": case.method,
            "address": case.address,
            "flag": case.place_flag,
            "raw": {"x": case.raw_x, "y": case.raw_y, "crs": case.raw_crs},
        }


class NoteOut(Strict):
    """Words that were added to a case; `person` is null when the reader may not know the name."""

    id = fields.UUID()
    person_id = fields.UUID()
    person = fields.Function(lambda n: n.person.name if n.person else None)
    note = fields.String()
    at = fields.AwareDateTime()


class CaseDetailOut(CaseOut):
    """A case as its own page shows it."""

    handler = fields.Function(lambda c: c.handler.name if c.handler else None)
    notes = fields.List(fields.Nested(NoteOut))


class CasePage(Page):
    """One page of cases."""

    cases = fields.List(fields.Nested(CaseOut))


class CaseQuery(Strict):
    """How a list of cases is asked for."""

    state = fields.String(validate=validate.OneOf([*GROUPS, *State]))
    overdue = fields.Boolean(load_default=False)
    priority = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2))
    sort = fields.String(load_default="newest", validate=validate.OneOf(list(SORT_TITLES)))
    class_code = Text(60)
    police_grid_id = fields.UUID()
    bbox = Text(120)
    q = Text(40)
    mine = fields.Boolean()
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=500))
    cursor = Text(200)


class VerbIn(Strict):
    """A change of state; `revision` is what the caller saw, refused with 409 when it is old."""

    revision = fields.Integer(load_default=None, allow_none=True)


class CloseIn(Strict):
    """The words of closing; the proof photo comes as file `photo`."""

    note = Text(2000, required=True)
    revision = fields.Integer(load_default=None, allow_none=True)


class StepIn(Strict):
    """What comes with a step of a case's life; which of it is needed, GET .../steps says per verb.

    A photo comes as file `photo`. `lon`, `lat` (WGS 84), `accuracy_m`: where the person stands. `revision`,
    or the header If-Match, is what the caller saw; an old one is refused with 409.
    """

    # A form holds texts only, so numbers come as such; NaN is refused all the same.
    note = Text(2000, load_default="")
    lon = fields.Float(load_default=None, validate=validate.Range(min=-180, max=180))
    lat = fields.Float(load_default=None, validate=validate.Range(min=-90, max=90))
    accuracy_m = fields.Float(load_default=0.0, validate=validate.Range(min=0, max=100_000))
    person_id = fields.UUID(load_default=None)
    team_id = fields.UUID(load_default=None)
    until = fields.AwareDateTime(load_default=None)
    of = Text(40, load_default="", metadata={"description": "The number of the case that it belongs to"})
    body = Text(200, load_default="", metadata={"description": "The body that it is handed over to"})
    receipt = Text(100, load_default="")
    grade = fields.String(load_default="", validate=validate.OneOf(["", *GRADES]))
    revision = fields.Integer(load_default=None, allow_none=True)


class StepOut(Strict):
    """A step that may be taken now: `needs` names the fields of the request that must come."""

    verb = fields.String()
    title = fields.Function(lambda step: _(step.title))
    to = fields.String(allow_none=True, metadata={"description": "The state after it; null: it stays"})
    needs = fields.List(fields.String())


class FileIn(Strict):
    """A file part of a multipart form."""

    photo = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


class OptionalFileIn(Strict):
    """A file part that may be missing, so that the rule and not the form says what is wrong."""

    photo = fields.Raw(metadata={"type": "string", "format": "binary"})


class NoteIn(Strict):
    """Words to add to a case; the id is made by the sender and makes sending again harmless."""

    id = fields.UUID(required=True)
    note = Text(2000, low=1, required=True)


class VoiceIn(Strict):
    """A voice for somebody else's report."""

    note = Text(500, load_default="")


class NearbyQuery(Strict):
    """Where something is (WGS 84, degrees) and of which class."""

    class_code = Text(60, low=1, required=True)
    lon = fields.Float(required=True, validate=validate.Range(min=-180, max=180))
    lat = fields.Float(required=True, validate=validate.Range(min=-85, max=85))


class GlanceOut(Strict):
    """What everybody of the station may know of an open hazard."""

    id = fields.UUID()
    number = fields.String()
    class_code = fields.String()
    class_title = fields.Function(lambda row: choose(row["class_title"]))
    state = fields.String()
    state_title = fields.Function(lambda row: _(STATE_TITLES[State(row["state"])]))
    found_at = fields.AwareDateTime()
    voices = fields.Integer()


class NearbyOut(GlanceOut):
    """An open hazard that may be the same thing; nothing in it says who reported it."""

    distance_m = fields.Function(lambda row: round(row["metres"]))
    mine = fields.Boolean(metadata={"description": "I reported it myself"})
    voiced = fields.Boolean(metadata={"description": "I have added my voice already"})
    thumbnail = fields.String(allow_none=True, metadata={"description": "A small JPEG as a data: address"})


class MyVoiceOut(GlanceOut):
    """How far a case has come that I added my voice to."""

    grid = fields.String()
    police_grid = fields.String()
    handler = fields.String(allow_none=True)
    accepted_at = fields.AwareDateTime(allow_none=True)
    closed_at = fields.AwareDateTime(allow_none=True)
    closing_note = fields.String(allow_none=True)
    note = fields.String()
    voiced_at = fields.AwareDateTime()


class VoiceOut(Strict):
    """The receipt of a voice: the same each time."""

    id = fields.UUID()
    case_number = fields.String(attribute="number")
    state = fields.String()
    voices = fields.Integer()


class ThumbnailQuery(Strict):
    """Which size of a picture is wanted."""

    size = fields.String(load_default="full", validate=validate.OneOf(["full", "thumbnail"]))


class ReceiptOut(Strict):
    """What the sender of a report is told: the same each time the same report is sent."""

    id = fields.UUID()
    case_number = fields.String(attribute="number")
    state = fields.String()
    grid = fields.String()
    police_grid = fields.String()
    neighbour = fields.String(allow_none=True)
    held = fields.List(fields.String())
    reported_at = fields.AwareDateTime()
