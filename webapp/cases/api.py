"""Doors for programs: hazard classes, reports, cases and their files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from flask import Blueprint, Response, redirect, request
from marshmallow import ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as WerkzeugResponse

from collectors.records import Report
from webapp.cases import actions, queries, rules
from webapp.cases.models import Attachment, Case, HazardClass
from webapp.cases.questions import typed_answers
from webapp.cases.rules import (
    HANDLERS,
    MEDIATOR,
    REPORTERS,
    STEPS,
    Step,
    by_scope,
    kinds_wanted,
    offered,
)
from webapp.cases.schemas import (
    AnswersIn,
    CaseDetailOut,
    CaseOut,
    CasePage,
    CaseQuery,
    ClassQuery,
    CloseIn,
    FileIn,
    HazardClassOut,
    MyVoiceOut,
    NearbyOut,
    NearbyQuery,
    NoteIn,
    OptionalFileIn,
    ReceiptOut,
    ReportIn,
    StepIn,
    StepOut,
    ThumbnailQuery,
    VerbIn,
    VoiceIn,
    VoiceOut,
)
from webapp.cases.steps import standing
from webapp.core.actor import Actor
from webapp.core.errors import Forbidden, Refused
from webapp.core.web import ApiBlueprint, bounding_box, door, problems_of, scope, site
from webapp.people.logins import throttle

Tagged = tuple[Case, int, dict[str, str]]
# The same steps for a browser without scripts: a plain form in, the case's page again.
hand = Blueprint("case_forms", __name__)
blp = ApiBlueprint("cases", __name__, url_prefix="/api/v1", description="Reports and cases")
# Times an hour that a person may look around, add a note or a voice: far above what a patrol needs.
OFTEN = (300, 3600)


@blp.route("/hazard-classes")
@door(scope="submit")
@blp.arguments(ClassQuery, location="query")
@blp.response(200, HazardClassOut(many=True))
def hazard_classes(query: dict[str, str], session: Session, by: Actor) -> list[HazardClass]:
    """The classes of hazards and leads with their questions; by `kind` those of disputes and opinions too."""
    return queries.hazard_classes(session, kinds_wanted(query["kind"]))


@blp.route("/cases", methods=["POST"])
@door(*REPORTERS, scope="submit")
@blp.arguments(ReportIn)
@blp.response(201, ReceiptOut)
@blp.alt_response(200, schema=ReceiptOut, description="Known: the same report was sent before.")
def report(body: Report, session: Session, by: Actor) -> tuple[actions.Receipt, int]:
    """Report a hazard; its photos follow by POST .../attachments."""
    reported = actions.report(session, site().blobs, body, by=by, sender=actions.Sender("api"))
    return reported, 201 if reported.created else 200


@blp.route("/cases")
@door(scope="submit")
@blp.arguments(CaseQuery, location="query")
@blp.response(200, CasePage)
def cases(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """The cases that I may see, newest first, page by page."""
    wanted = queries.Filter(
        state=query.get("state"),
        class_code=query.get("class_code"),
        police_grid_id=query.get("police_grid_id"),
        box=bounding_box(query["bbox"]) if "bbox" in query else None,
        text=query.get("q"),
        mine=by.person_id if query.get("mine") else None,
        **{name: query[name] for name in ("overdue", "priority", "sort")},
    )
    page = queries.cases(session, wanted, query["limit"], query.get("cursor"))
    return {"cases": page, "next": queries.cursor_after(page, query["limit"], wanted.sort)}


@blp.route("/cases/<uuid:case_id>")
@door(scope="submit")
@blp.response(200, CaseDetailOut)
def case(case_id: UUID, session: Session, by: Actor) -> Tagged:
    """One case. Its ETag is its revision: send it as If-Match with a step."""
    return _tagged(queries.looked_at(session, queries.case(session, case_id), "api"))


@blp.route("/cases/<uuid:case_id>/accept", methods=["POST"])
@door(*HANDLERS)
@blp.arguments(VerbIn)
@blp.response(200, CaseOut)
def accept(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> Tagged:
    """Take a case over; the same as the step `accept`."""
    return _stepped(session, case_id, "accept", actions.Given(), body["revision"], by)


@blp.route("/cases/<uuid:case_id>/close", methods=["POST"])
@door(*HANDLERS)
@blp.arguments(CloseIn, location="form")
@blp.arguments(OptionalFileIn, location="files")
@blp.response(200, CaseOut)
def close(body: dict[str, Any], files: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> Tagged:
    """Close a case with words and a photo as proof; the same as the step `close`."""
    given = actions.Given(note=body["note"], photos=_photos(files))
    return _stepped(session, case_id, "close", given, body["revision"], by)


@blp.route("/cases/<uuid:case_id>/steps/<verb>", methods=["POST"])
@door(*REPORTERS, scope="submit")
@blp.arguments(StepIn, location="form")
@blp.arguments(OptionalFileIn, location="files")
@blp.response(200, CaseOut)
def take_step(
    body: dict[str, Any], files: dict[str, Any], case_id: UUID, verb: str, session: Session, by: Actor
) -> Tagged:
    """Take a step of a case's life; which steps are offered now, GET .../steps says.

    A token that may only submit takes the steps that a reporter takes: withdraw, verify, send_back.
    """
    if verb in STEPS and not by_scope([STEPS[verb]], scope()):
        raise Forbidden()
    return _stepped(session, case_id, verb, _given(body, files), body["revision"], by)


@blp.route("/cases/<uuid:case_id>/steps")
@door(scope="submit")
@blp.response(200, StepOut(many=True))
def offered_steps(case_id: UUID, session: Session, by: Actor) -> list[Step]:
    """The steps that I may take now, with what each needs."""
    found = queries.case(session, case_id)
    return by_scope(offered(standing(session, found, by)), scope())


@hand.post("/cases/<number>/steps/<verb>")
@door(*REPORTERS)
def step_by_form(number: str, verb: str, session: Session, by: Actor) -> WerkzeugResponse:
    """Take a step by a plain form, and show the case again."""
    found, body = queries.case_by_number(session, number), _typed(request.form)
    _stepped(session, found.id, verb, _given(body, dict(request.files)), body["revision"], by)
    return redirect(f"/cases/{number}", 303)


def _typed(form: Mapping[str, str]) -> dict[str, Any]:
    """Read a form as people fill it: empty fields say nothing, a time is that of the wall here."""
    said = {name: value for name, value in form.items() if value.strip() and name not in ("csrf", "photo")}
    if "until" in said and len(said["until"]) <= LOCAL_TIME:
        said["until"] += "+08:00"
    try:
        return cast("dict[str, Any]", StepIn().load(said))
    except ValidationError as error:
        raise Refused(problems=problems_of(error.messages)) from error


# As long as a browser's field for a local time writes it, with seconds.
LOCAL_TIME = len("2026-05-04T08:00:00")


def _stepped(
    session: Session, case_id: UUID, verb: str, given: actions.Given, revision: int | None, by: Actor
) -> Tagged:
    case, seen = actions.locked_case(session, case_id), _wanted(revision)
    return _tagged(actions.take_step(session, site().blobs, case, verb, given, revision=seen, by=by))


def _tagged(found: Case) -> Tagged:
    return found, 200, {"ETag": f'"{found.revision}"'}


def _given(body: dict[str, Any], files: dict[str, Any]) -> actions.Given:
    said = {name: value for name, value in body.items() if name not in ("revision", "lon", "lat")}
    place = None if body["lon"] is None or body["lat"] is None else (body["lon"], body["lat"])
    return actions.Given(**said, place=place, photos=_photos(files))


def _photos(files: dict[str, Any]) -> dict[str, bytes]:
    data = files["photo"].read() if files.get("photo") else b""
    return {sha256(data).hexdigest(): data} if data else {}


def _wanted(revision: int | None) -> int | None:
    """Return the revision that the caller has seen: of the form, else of If-Match.

    A mark that is none of ours fits no revision (0): whoever sends it has seen something else.
    """
    tags = request.if_match
    if revision is not None or not tags or tags.star_tag:
        return revision
    return next((int(tag) for tag in tags.as_set() if tag.isdecimal()), 0)


@blp.route("/cases/<uuid:case_id>/answers", methods=["POST"])
@door(*HANDLERS, MEDIATOR)
@blp.arguments(AnswersIn)
@blp.response(200, CaseDetailOut)
def fill_in(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> Tagged:
    """Answer questions of a case that came without them; what was answered before stays."""
    return _tagged(actions.fill_in(session, actions.locked_case(session, case_id), body["answers"], by=by))


@hand.post("/cases/<number>/answers")
@door(*HANDLERS, MEDIATOR)
def fill_in_by_form(number: str, session: Session, by: Actor) -> WerkzeugResponse:
    """Answer questions of a case by a plain form, and show the case again."""
    found = actions.locked_case(session, queries.case_by_number(session, number).id)
    actions.fill_in(session, found, typed_answers(found.hazard_class.questions, request.form), by=by)
    return redirect(f"/cases/{number}", 303)


@blp.route("/cases/<uuid:case_id>/attachments", methods=["POST"])
@door(*REPORTERS, scope="submit")
@blp.arguments(FileIn, location="files")
@blp.response(201, CaseOut)
def add_file(files: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> Case:
    """Add a photo to a case of mine or of my field."""
    data = files["photo"].read()
    found = queries.case(session, case_id)
    return actions.add_file(session, site().blobs, found, sha=sha256(data).hexdigest(), data=data, by=by)


@blp.route("/cases/<uuid:case_id>/notes", methods=["POST"])
@door(*REPORTERS, scope="submit")
@blp.arguments(NoteIn)
@blp.response(201, CaseDetailOut)
def add_note(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> Case:
    """Add words to a case of mine or of my field."""
    throttle(site().login, f"note:{by.person_id}", *OFTEN)
    return actions.add_note(session, queries.case(session, case_id), body["id"], note=body["note"], by=by)


@blp.route("/cases/nearby")
@door(*REPORTERS, scope="submit")
@blp.arguments(NearbyQuery, location="query")
@blp.response(200, NearbyOut(many=True))
def nearby(query: dict[str, Any], session: Session, by: Actor) -> list[dict[str, Any]]:
    """Open hazards of a class within 50 m, to see whether mine is known; nothing of their reporters."""
    throttle(site().login, f"nearby:{by.person_id}", *OFTEN)
    found = queries.open_near(session, **query)
    return [{**row, "thumbnail": _inline(row["thumbnail_sha256"])} for row in found]


@blp.route("/cases/<uuid:case_id>/voices", methods=["POST"])
@door(*REPORTERS, scope="submit")
@blp.arguments(VoiceIn)
@blp.response(200, VoiceOut)
def add_voice(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> Any:
    """Say that I see the same; from now on I am told how far it has come."""
    throttle(site().login, f"voice:{by.person_id}", *OFTEN)
    return actions.add_voice(session, case_id, note=body["note"], by=by)


@blp.route("/voices")
@door(scope="submit")
@blp.response(200, MyVoiceOut(many=True))
def my_voices(session: Session, by: Actor) -> list[dict[str, Any]]:
    """How far the cases have come that I added my voice to."""
    return queries.my_voices(session)


def _inline(sha256: str | None) -> str | None:
    """Return a small picture as an address that holds it: its case is no business of the reader's."""
    return (
        None if sha256 is None else f"data:image/jpeg;base64,{b64encode(site().blobs.get(sha256)).decode()}"
    )


@blp.route("/attachments/<int(max=9223372036854775807):attachment_id>")
@door(scope="submit")
@blp.arguments(ThumbnailQuery, location="query")
@blp.response(200, content_type="image/jpeg")
def attachment(query: dict[str, str], attachment_id: int, session: Session, by: Actor) -> Response:
    """A picture of a case, or its small version."""
    found = queries.attachment(session, attachment_id)
    queries.looked_at(session, found.case, "photo")
    return _picture(found, query["size"] == "thumbnail")


def _picture(item: Attachment, small: bool) -> Response:
    sha, media = item.sha256, item.media_type
    if small and item.thumbnail_sha256:
        sha, media = item.thumbnail_sha256, "image/jpeg"
    response = Response(site().blobs.get(sha), content_type=media)
    # The original takes the preview's place at any moment; a lead's is asked for, and noted, each time.
    kept = "private, no-cache" if item.awaited else "private, max-age=3600"
    response.headers["Cache-Control"] = (
        "no-store" if rules.walled(item.case.restricted, item.case.kind) else kept
    )
    response.headers["Content-Disposition"] = f'inline; filename="{item.case_id}-{item.id}"'
    response.set_etag(sha)
    return response
