"""Doors for programs: attempts on cases, the directory of bodies, referrals and their figures."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from collectors import body_lists, tables
from webapp.cases.queries import case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.i18n import _
from webapp.core.messages import message
from webapp.core.web import ApiBlueprint, door, readable, site
from webapp.people.logins import throttle
from webapp.referrals import actions, queries, rules
from webapp.referrals.models import Attempt, AttemptResult, Body, Referral
from webapp.referrals.schemas import (
    AnswerIn,
    AttemptIn,
    AttemptsOut,
    BodyFile,
    BodyImportIn,
    BodyImportOut,
    BodyIn,
    BodyOut,
    BodyQuery,
    CaseReferralsOut,
    DeliverIn,
    FiguresOut,
    FormIn,
    ListQuery,
    MarkIn,
    MarkOut,
    MyAttemptOut,
    RecallIn,
    ReceiptIn,
    ReferralOut,
    ReferralsOut,
    ResultOut,
    ScanIn,
    SpanQuery,
    WeekQuery,
)

blp = ApiBlueprint("referrals", __name__, url_prefix="/api/v1", description="Attempts, bodies, referrals")
# Times an hour that a person may log an attempt: far above what anybody can walk.
OFTEN = (300, 3600)


@blp.route("/attempt-results")
@door(*rules.TRYERS, scope="submit")
@blp.response(200, ResultOut(many=True))
def results(session: Session, by: Actor) -> list[AttemptResult]:
    """What an attempt may come to."""
    return queries.results(session)


@blp.route("/cases/<uuid:case_id>/attempts")
@door(*rules.TRYERS, scope="submit")
@blp.response(200, AttemptsOut)
def attempts(case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """The attempts on a case: how many, the last one, each with who made it."""
    return _attempts(session, case(session, case_id).id)


def _attempts(session: Session, case_id: UUID) -> dict[str, Any]:
    count, last = queries.attempt_count(session, case_id)
    told = {"count": count, "last_at": last, "attempts": queries.attempts(session, case_id)}
    marked = queries.marked(session, case_id) is not None
    return {**told, "results": queries.results(session), "non_police": marked}


@blp.route("/cases/<uuid:case_id>/attempts", methods=["POST"])
@door(*rules.TRYERS, scope="submit")
@blp.arguments(AttemptIn)
@blp.response(201, AttemptsOut)
def attempt(body: actions.Tried, case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Log an attempt on a case; the same again changes nothing."""
    throttle(site().login, f"attempt:{by.person_id}", *OFTEN)
    actions.attempt(session, case(session, case_id), body, by=by)
    return _attempts(session, case_id)


@blp.route("/attempts")
@door(*rules.TRYERS, scope="submit")
@blp.arguments(WeekQuery, location="query")
@blp.response(200, MyAttemptOut(many=True))
def my_week(query: dict[str, Any], session: Session, by: Actor) -> list[Attempt]:
    """My attempts of a week: work like any other."""
    day = query["day"] or clock.now().astimezone(clock.SHOWN).date()
    return queries.week(session, by.person_id, day) if by.person_id else []


@blp.route("/cases/<uuid:case_id>/non-police", methods=["PUT"])
@door(*rules.SENDERS)
@blp.arguments(MarkIn)
@blp.response(200, MarkOut)
def mark(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> dict[str, bool]:
    """Mark a case as not the police's, or take the mark away."""
    found = case(session, case_id)
    if body["marked"]:
        actions.mark_non_police(session, found, words=body["words"], by=by)
    else:
        actions.clear_non_police(session, found, by=by)
    return {"non_police": body["marked"]}


@blp.route("/bodies")
@door(*rules.READERS)
@blp.arguments(BodyQuery, location="query")
@blp.response(200, BodyOut(many=True))
def bodies(query: dict[str, Any], session: Session, by: Actor) -> list[Body]:
    """The directory of bodies."""
    if query["class_code"]:
        return queries.suited(session, query["class_code"])
    return queries.bodies(session, retired=query["retired"])


@blp.route("/bodies/<uuid:body_id>", methods=["PUT"])
@door(*rules.EDITORS)
@blp.arguments(BodyIn)
@blp.response(200, BodyOut)
def keep_body(sent: dict[str, Any], body_id: UUID, session: Session, by: Actor) -> Body:
    """Keep a body under the id that the client gives it, new or changed."""
    return actions.keep_body(session, body_id, sent, by=by)


@blp.route("/bodies/<uuid:body_id>/retire", methods=["POST"])
@door(*rules.EDITORS)
@blp.response(200, BodyOut)
def retire_body(body_id: UUID, session: Session, by: Actor) -> Body:
    """Take a body out of the directory; its referrals stay."""
    return actions.retire_body(session, queries.body(session, body_id), by=by)


@blp.route("/bodies/import", methods=["POST"])
@door(*rules.EDITORS)
@blp.arguments(BodyImportIn, location="form")
@blp.arguments(BodyFile, location="files")
@blp.response(200, BodyImportOut)
def import_bodies(
    form: dict[str, bool], files: dict[str, Any], session: Session, by: Actor
) -> dict[str, Any]:
    """Check a directory (CSV, XLSX, JSON), and take its good rows when asked to; faults name their row."""
    with readable():
        found = body_lists.decode(files["file"].read())
    done = {"added": 0, "changed": 0}
    if form["take"] and found.good:
        done = actions.import_bodies(session, found.good, by=by)
    faults = [
        {"pointer": fault.pointer, "code": fault.code, "detail": message(fault.code, fault.params)}
        for fault in found.faults
    ]
    return {"good": len(found.good), **done, "faults": faults}


@blp.route("/cases/<uuid:case_id>/referrals")
@door(*rules.TRYERS)
@blp.response(200, CaseReferralsOut)
def of_case(case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """The referrals of a case, and what the reader may do next."""
    return _of_case(session, case_id, by)


def _of_case(session: Session, case_id: UUID, by: Actor) -> dict[str, Any]:
    found = case(session, case_id)
    held = queries.of_case(session, found.id)
    waiting = next((item for item in held if item.ended_at is None), None)
    sends = by.role in rules.SENDERS
    return {
        "referrals": held,
        "steps": rules.steps(waiting.state, by.role) if waiting else [],
        "may_prepare": sends and waiting is None and rules.may_leave(found.state),
        "bodies": queries.suited(session, found.class_code) if sends and waiting is None else [],
    }


@blp.route("/cases/<uuid:case_id>/referrals", methods=["POST"])
@door(*rules.SENDERS)
@blp.arguments(FormIn)
@blp.response(201, ReferralOut)
def prepare(body: actions.Form, case_id: UUID, session: Session, by: Actor) -> Referral:
    """Make out the numbered form that hands a case to a body; the same id again changes nothing."""
    return actions.prepare(session, case(session, case_id), body, by=by)


@blp.route("/referrals")
@door(*rules.TRYERS)
@blp.arguments(ListQuery, location="query")
@blp.response(200, ReferralsOut)
def referrals(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Referrals by group: awaiting receipt, awaiting answer, late, under way, ended."""
    now = clock.now()
    found = queries.referrals(session, query["group"], now)
    return {"counts": queries.counts(session, now), "referrals": found}


@blp.route("/referrals/<uuid:referral_id>/deliver", methods=["POST"])
@door(*rules.SENDERS)
@blp.arguments(DeliverIn)
@blp.response(200, ReferralOut)
def deliver(body: dict[str, Any], referral_id: UUID, session: Session, by: Actor) -> Referral:
    """Note how, to whom and when a form was delivered; its clock starts."""
    found = queries.referral(session, referral_id, held=True)
    return actions.deliver(session, site().blobs, found, **body, by=by)


@blp.route("/referrals/<uuid:referral_id>/receipt", methods=["POST"])
@door(*rules.SENDERS)
@blp.arguments(ReceiptIn, location="form")
@blp.arguments(ScanIn, location="files")
@blp.response(200, ReferralOut)
def receipt(
    body: dict[str, Any], files: dict[str, Any], referral_id: UUID, session: Session, by: Actor
) -> Referral:
    """Keep the body's receipt: number, day, a scan."""
    scan = files["photo"].read() if files.get("photo") else b""
    found = queries.referral(session, referral_id, held=True)
    return actions.note_receipt(session, site().blobs, found, **body, scan=scan, by=by)


@blp.route("/referrals/<uuid:referral_id>/answer", methods=["POST"])
@door(*rules.SENDERS)
@blp.arguments(AnswerIn, location="form")
@blp.arguments(ScanIn, location="files")
@blp.response(200, ReferralOut)
def answer(
    body: dict[str, Any], files: dict[str, Any], referral_id: UUID, session: Session, by: Actor
) -> Referral:
    """Keep the body's answer: it takes the matter on, has done it, or refuses."""
    photo = files["photo"].read() if files.get("photo") else b""
    found = queries.referral(session, referral_id, held=True)
    return actions.note_answer(session, site().blobs, found, **body, photo=photo, by=by)


@blp.route("/referrals/<uuid:referral_id>/recall", methods=["POST"])
@door(*rules.SENDERS)
@blp.arguments(RecallIn)
@blp.response(200, ReferralOut)
def recall(body: dict[str, Any], referral_id: UUID, session: Session, by: Actor) -> Referral:
    """Take a case back from a body."""
    found = queries.referral(session, referral_id, held=True)
    return actions.recall(session, site().blobs, found, **body, by=by)


@blp.route("/referrals/<uuid:referral_id>/scans/<any(receipt, answer):which>")
@door(*rules.TRYERS)
@blp.response(200, content_type="image/jpeg")
def scan(referral_id: UUID, which: str, session: Session, by: Actor) -> Response:
    """The picture of a receipt, or that which came with an answer."""
    found = queries.referral(session, referral_id)
    sha = found.receipt_sha256 if which == "receipt" else found.answer_sha256
    media = found.receipt_media if which == "receipt" else found.answer_media
    if sha is None:
        raise NotFound()
    return Response(site().blobs.get(sha), content_type=media)


@blp.route("/referrals/figures")
@door(*rules.TRYERS)
@blp.arguments(SpanQuery, location="query")
@blp.response(200, FiguresOut)
def figures(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Per body and month: count, median days to the answer, late; and what was not the police's."""
    start, end = queries.span(query["since"], query["until"])
    bodies_told = queries.statistics(session, start, end, clock.now())
    return {"bodies": bodies_told, "non_police": queries.non_police_months(session, start, end)}


@blp.route("/referrals/figures.csv")
@door(*rules.TRYERS)
@blp.arguments(SpanQuery, location="query")
@blp.response(200, content_type="text/csv")
def figures_csv(query: dict[str, Any], session: Session, by: Actor) -> Response:
    """The same figures as a table that a spreadsheet opens safely."""
    start, end = queries.span(query["since"], query["until"])
    found = queries.statistics(session, start, end, clock.now())
    names = ("month", "name", "count", "answered", "median_days", "late", "non_police")
    rows = [[row[name] for name in names] for row in found]
    headers = {"Content-Disposition": 'attachment; filename="referrals.csv"'}
    return Response(tables.encode(_columns(), rows), content_type="text/csv", headers=headers)


def _columns() -> list[str]:
    """Return the headings of the table of figures."""
    return [
        _("Month"),
        _("Body"),
        _("Handed over"),
        _("Answered"),
        _("Median days to the answer"),
        _("Late"),
        _("Not a police matter"),
    ]
