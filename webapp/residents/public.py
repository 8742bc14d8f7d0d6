"""Doors for residents without an account: choose, report, follow by the tracking code."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import uuid4

import orjson
from flask import Blueprint, Response, make_response, redirect, render_template, request
from marshmallow import Schema, ValidationError
from sqlalchemy.orm import Session

from webapp.cases.models import HazardClass
from webapp.cases.questions import typed_answers
from webapp.cases.rules import HAZARD_KINDS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import Database
from webapp.core.errors import AppError, NotFound, Problem, Refused, TooMany
from webapp.core.i18n import N_, _
from webapp.core.messages import message
from webapp.core.qr import drawn
from webapp.core.replies import PROBLEM, problem_body
from webapp.core.security import digest, new_mark, riddle
from webapp.core.shortcodes import shown, tidy
from webapp.core.web import door, problems_of, site
from webapp.people import logins
from webapp.people.queries import station
from webapp.residents import actions, queries, rules, schemas

pages = Blueprint("public_pages", __name__)
PREFIX = "/public/"
# "Seven plus five", in words: a page that is only copied does not answer by itself.
NUMBER_WORDS = (
    N_("one"), N_("two"), N_("three"), N_("four"), N_("five"),
    N_("six"), N_("seven"), N_("eight"), N_("nine"),
)  # fmt: skip


def _stranger(login: Database) -> Actor:
    """Return as whom somebody acts at a station's page; counts tries before a body is read."""
    if request.method == "POST":
        request.max_content_length = rules.REPORT_BYTES
        logins.throttle(login, _bucket(), rules.ADDRESS_TRIES, rules.ADDRESS_WINDOW_S)
    return _guest(login)


def _guest(login: Database) -> Actor:
    """Return the stranger at the station that the address names; raise NotFound 'station_choice' for none."""
    place = tidy(request.args.get("place", ""))[:20]
    wanted = request.args.get("station", "").strip().upper()
    found = logins.station_of_place(login, place) if place else None
    known = [] if found else logins.open_stations(login)
    named = [item for item in known if item.code.upper() == wanted] if wanted else known
    if found is None and len(named) != 1:
        raise NotFound("station_choice")
    return Actor(found or named[0].id, "public", via="stranger")


def _tracker(login: Database) -> Actor:
    """Return as whom the holder of a tracking code acts; guessing is counted by address."""
    request.max_content_length = rules.ADDITION_BYTES
    logins.throttle(login, f"resident-track:{_sender()}", 3 * rules.ADDRESS_TRIES, rules.ADDRESS_WINDOW_S)
    code = rules.typed_code((request.view_args or {})["code"])
    found = logins.station_of_ticket(login, code)
    if found is None:
        raise NotFound("code_unknown")
    if request.method == "POST":
        ticket = digest(code).hex()[:16]
        logins.throttle(login, f"resident-ticket:{ticket}", rules.TICKET_CHANGES, rules.STATION_WINDOW_S)
    return Actor(found, "public", via="stranger")


def _sender() -> str:
    return rules.sender(_key(), request.remote_addr or "")


def _bucket() -> str:
    return f"resident-try:{_sender()}"


def _key() -> bytes:
    return site().settings.secret("csrf.key")


@pages.get("/public/")
@door(stranger=_stranger, only_strangers=True)
def start(session: Session, by: Actor) -> str:
    """Show what a resident can do here: report, ask for mediation, leave an opinion, follow a report."""
    classes = queries.public_classes(session)
    return render_template(
        "residents/start.html",
        station=station(session, by),
        hazards=[item for item in classes if item.kind in HAZARD_KINDS],
        others=[item for item in classes if item.kind not in HAZARD_KINDS],
        sign=queries.sign(session, request.args.get("place", "")),
        lost=bool(request.args.get("place")) and queries.sign(session, request.args["place"]) is None,
        query=_query(),
    )


def _query(**more: str) -> dict[str, str]:
    """Return the part of an address that leads back here: station, place, class."""
    found = {name: request.args.get(name, "")[:60] for name in ("station", "place", "class")} | more
    return {name: value for name, value in found.items() if value}


@pages.get("/public/new")
@door(stranger=_stranger, only_strangers=True)
def new(session: Session, by: Actor) -> Response:
    """Show the form of one class; the browser's way back shows this very form again, so it is one report."""
    response = make_response(_form(session, by))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _form(session: Session, by: Actor, error: AppError | None = None) -> str:
    """Return the form, empty or with what was typed and what is wrong with it."""
    declared = queries.public_class(session, request.args.get("class", ""))
    problems = [] if error is None else error.problems or [Problem("", error.code, error.params)]
    said = request.form if error is not None else {}
    return render_template(
        "residents/form.html",
        station=station(session, by),
        declared=declared,
        questions=[item for item in declared.questions if item["kind"] != "photo"],
        communities=queries.grid_names(session, by),
        sign=queries.sign(session, request.args.get("place", "")),
        said=said,
        # A form that is no UUID would be refused for ever.
        form=uuid4()
        if error is None or any(item.pointer == "/form" for item in problems)
        else said.get("form"),
        problems=[(item.pointer, message(item.code, item.params)) for item in problems],
        riddle=_riddle(by),
        most_photos=rules.MOST_PHOTOS,
        note_limit=rules.NOTE_LIMIT,
        days=rules.CONTACT_DAYS,
        query=_query(),
    )


def _riddle(by: Actor) -> dict[str, Any]:
    """Return a fresh challenge with its plain question; the price follows the load."""
    login = site().login
    bits = rules.bits_wanted(
        logins.hits(login, _bucket(), rules.ADDRESS_WINDOW_S),
        logins.hits(login, f"resident-station:{by.station_id}", rules.STATION_WINDOW_S),
    )
    left, right = riddle()
    until = clock.now() + rules.CHALLENGE_LIFE
    made = rules.new_challenge(_key(), new_mark(), until, bits, left + right)
    words = {"left": _(NUMBER_WORDS[left - 1]), "right": _(NUMBER_WORDS[right - 1])}
    question = _("How much is %(left)s plus %(right)s?", **words)
    return {"challenge": made.text, "bits": bits, "question": question}


@pages.get("/public/challenge")
@door(stranger=_stranger, only_strangers=True)
def challenge(session: Session, by: Actor) -> Response:
    """Give a page that was open for long a fresh challenge."""
    return _json(schemas.ChallengeOut().dump(_riddle(by)))


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


# An address of its own: a POST to the form's would drop the form from the browser's cache, and with it
# the way back.
@pages.post("/public/send")
@door(stranger=_stranger, only_strangers=True)
def send(session: Session, by: Actor) -> Response:
    """Take a report. The same form again leads to the same case, without another proof."""
    sent = _sent(queries.public_class(session, request.args.get("class", "")))
    if not queries.known_ticket(session, sent.case_id, sent.code):
        _require_proof(sent, by)
        actions.report(session, site().blobs, sent, by=by)
        return _received(sent, "new")
    return _received(sent, "again")


def _sent(declared: HazardClass) -> actions.Sent:
    """Decode the form. Raises Refused with every field that can't be read, or for a filled trap."""
    said = _loaded(schemas.ReportForm())
    if said["website"]:
        raise Refused(problems=[Problem("/website", "trap_filled")])
    files = [file.read() for file in request.files.getlist("photo")]
    return actions.Sent(
        fields=said,
        class_code=declared.code,
        kind=declared.kind,
        answers=typed_answers(declared.questions, request.form),
        photos=tuple(data for data in files if data),
        case_id=rules.case_id(_key(), said["form"]),
        code=rules.tracking_code(_key(), said["form"]),
    )


def _loaded(schema: Schema) -> dict[str, Any]:
    try:
        return cast(dict[str, Any], schema.load(schemas.plain_form(request.form)))
    except ValidationError as error:
        raise Refused(problems=problems_of(error.messages)) from error


def _require_proof(sent: actions.Sent, by: Actor) -> None:
    """Refuse a report without a proof of work or an answer, or with one that was used or is too old."""
    login, said = site().login, sent.fields
    known = rules.read_challenge(_key(), said["challenge"], clock.now())
    plain = not said["work"]
    if plain and not rules.answered(_key(), known, said["answer"]):
        raise Refused(problems=[Problem("/answer", "answer_wrong")])
    if not plain and not rules.worked(known, said["work"]):
        raise Refused("challenge_old")
    if plain:
        logins.throttle(login, f"resident-plain:{_sender()}", rules.PLAIN_ADDRESS, rules.ADDRESS_WINDOW_S)
        logins.throttle(
            login, f"resident-plain-station:{by.station_id}", rules.PLAIN_STATION, rules.STATION_WINDOW_S
        )
    if not logins.spend(login, f"challenge:{known.mark}", known.until):
        raise Refused("challenge_old")
    logins.throttle(login, f"resident-station:{by.station_id}", rules.STATION_REPORTS, rules.STATION_WINDOW_S)


def _received(sent: actions.Sent, how: str) -> Response:
    """Lead to the report's own page: a browser by redirect, a script by its address."""
    address = f"/public/track/{sent.code}?sent={how}"
    if _wants_json():
        return _json({"track": address}, 201 if how == "new" else 200)
    return cast(Response, redirect(address, 303))


def _wants_json() -> bool:
    return not request.accept_mimetypes.accept_html


@pages.get("/public/track")
def find() -> Response | str:
    """Ask for a tracking code, or lead to its page."""
    if request.args.get("code"):
        return cast(Response, redirect(f"/public/track/{tidy(request.args['code'][:60]) or '-'}"))
    return render_template("residents/find.html", problem=None)


@pages.get("/public/track/<code>")
@door(stranger=_tracker, only_strangers=True)
def track(code: str, session: Session, by: Actor) -> str:
    """Show the holder of a code what became of the report."""
    code = rules.typed_code(code)
    address = f"{site().settings.public_url.rstrip('/') or request.host_url.rstrip('/')}/public/track/{code}"
    case = queries.tracked(session, code)
    return render_template(
        "residents/track.html",
        station=station(session, by),
        case=case,
        notes=[(datetime.fromisoformat(item["at"]), item["note"]) for item in case.notes],
        code=code,
        spelled=shown(code),
        address=address,
        qr=drawn(address),
        sent=request.args.get("sent", ""),
        form=uuid4(),
        words=rules.STATE_WORDS,
        shown=clock.shown,
        note_limit=rules.NOTE_LIMIT,
    )


@pages.get("/public/track/<code>/photo/<int:number>")
@door(stranger=_tracker, only_strangers=True)
def cure(code: str, number: int, session: Session, by: Actor) -> Response:
    """Show a photo of the cure."""
    found = queries.tracked(session, rules.typed_code(code)).cures[number : number + 1]
    if not found:
        raise NotFound()
    return Response(site().blobs.get(found[0]["sha256"]), content_type=found[0]["media_type"])


@pages.post("/public/track/<code>/notes")
@door(stranger=_tracker, only_strangers=True)
def add_note(code: str, session: Session, by: Actor) -> Response:
    """Add words to the own report."""
    said = _loaded(schemas.NoteForm())
    actions.add_note(session, rules.typed_code(code), said["form"], note=said["note"], by=by)
    return _back(code, "added")


@pages.post("/public/track/<code>/photos")
@door(stranger=_tracker, only_strangers=True)
def add_photo(code: str, session: Session, by: Actor) -> Response:
    """Add a photo to the own report."""
    file = request.files.get("photo")
    data = file.read() if file else b""
    if not data:
        raise Refused(problems=[Problem("/photo", "photo_missing")])
    actions.add_photo(session, site().blobs, rules.typed_code(code), data, by=by)
    return _back(code, "added")


@pages.post("/public/track/<code>/judgement")
@door(stranger=_tracker, only_strangers=True)
def judge(code: str, session: Session, by: Actor) -> Response:
    """Say whether the matter is settled."""
    said = _loaded(schemas.JudgementForm())
    plain = rules.typed_code(code)
    actions.judge(session, plain, said["form"], satisfied=said["satisfied"], note=said["note"], by=by)
    return _back(code, "judged")


@pages.post("/public/track/<code>/withdrawal")
@door(stranger=_tracker, only_strangers=True)
def withdraw(code: str, session: Session, by: Actor) -> Response:
    """Delete the own contact data."""
    actions.withdraw_contact(session, rules.typed_code(code), by=by)
    return _back(code, "withdrawn")


def _back(code: str, how: str) -> Response:
    return cast(Response, redirect(f"/public/track/{rules.typed_code(code)}?sent={how}", 303))


def error_form(error: AppError) -> Response:
    """Say what went wrong in the page's own form: nothing typed is lost, codes can be typed again."""
    if _wants_json():
        response = Response(orjson.dumps(problem_body(error)), error.status, content_type=PROBLEM)
    else:
        # To ask for a station is no failure; to be sent to one that is not there is.
        named = "station" in request.args or "place" in request.args
        asks = error.code == "station_choice" and request.method in ("GET", "HEAD") and not named
        response = Response(_error_page(error), 200 if asks else error.status)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.params.get("retry_after", 60))
    return response


def _error_page(error: AppError) -> str:
    if error.code == "station_choice":
        known = logins.open_stations(site().login)
        return render_template("residents/stations.html", stations=known, query=_query(station=""))
    if error.code in ("code_unknown", "code_mistyped"):
        return render_template("residents/find.html", problem=message(error.code, error.params))
    if request.path == "/public/send" and isinstance(error, Refused):
        by = _guest(site().login)
        with site().database.transaction(by) as session:
            return _form(session, by, error)
    return render_template("residents/problem.html", problem=problem_body(error))
