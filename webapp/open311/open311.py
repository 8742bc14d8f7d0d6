"""The doors of Open311 GeoReport v2: services, requests, tokens, updates and discovery, as JSON or XML.

A caller shows a device's token as api_key and acts as its person. Without a key a caller is a stranger of the
station named by jurisdiction_id, as far as its settings allow: {"open311": {"report": true, "read": true}}.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors import open311, open311_updates
from collectors.records import Attachment, Place, Report
from collectors.records import Refused as Unreadable
from webapp.cases import actions as cases
from webapp.cases.models import Case, HazardClass
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import OPEN_STATES, REPORTERS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import Database
from webapp.core.errors import AppError, BadRequest, Conflict, Forbidden, NotFound, Problem, Refused
from webapp.core.i18n import _, choose
from webapp.core.messages import message
from webapp.core.security import neighbourhood
from webapp.core.web import door, site
from webapp.field.actions import keep
from webapp.open311 import actions, queries
from webapp.open311.schemas import limit_said, request_said, updates_said
from webapp.people.logins import throttle
from webapp.people.queries import station

pages = Blueprint("open311", __name__, url_prefix="/open311/v2")

DOOR = "open311"
FORM = "<any(json, xml):form>"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-11-22T00:00:00Z"
WINDOW_S = 900
# In a window of 15 minutes: another city's system may bring a backlog, a stranger reports what he walks past.
# No client of Open311 can be asked for a proof of work: so all strangers together have a limit an hour too.
KEYED, READS, STRANGERS_REPORTS, ALL_STRANGERS = 3000, 600, 30, 60
SAME = timedelta(days=1)
_STATION = text("SELECT * FROM auth.open311_station(:code)")


def refusal(error: AppError) -> Response:
    """Return an error as GeoReport says it: a list of {code, description} in the form that was asked for."""
    unknown = any(p.code == "class_unknown" for p in error.problems)
    status = 404 if unknown else {401: 403, 405: 400, 422: 400}.get(error.status, error.status)
    words = [f"{_named(p.pointer)}{message(p.code, p.params)}" for p in error.problems]
    if error.status == 401:
        words = [message("open311_key")]
    said = [{"code": status, "description": line} for line in words or [message(error.code, error.params)]]
    answer = _answer("errors", said, "json" if request.path.endswith(".json") else "xml", status)
    if "retry_after" in error.params:
        answer.headers["Retry-After"] = str(error.params["retry_after"])
    return answer


def _named(pointer: str) -> str:
    """Return the form's field that a pointer of ours means, with a colon."""
    name = pointer.removeprefix("/")
    if name.startswith("answers/"):
        name = f"attribute[{name.removeprefix('answers/')}]"
    name = {"class_code": "service_code", "place": "lat, long", "attribute[photo]": "media"}.get(name, name)
    return f"{name}: " if name else ""


def _base() -> str:
    return site().settings.public_url.rstrip("/") or request.host_url.rstrip("/")


def _answer(kind: str, said: Any, form: str, status: int = 200) -> Response:
    return Response(open311.encode(kind, said, form), status, content_type=open311.TYPES[form])


def _sender() -> str:
    return neighbourhood(request.remote_addr or "")


def _stranger(login: Database) -> Actor:
    """Return as whom somebody without a key reads."""
    throttle(login, f"open311:{_sender()}", READS, WINDOW_S)
    return Actor(_jurisdiction(login).id, queries.STRANGER)


def _reporting_stranger(login: Database) -> Actor:
    """Return as whom somebody without a key reports; raise Forbidden where the station wants a key."""
    throttle(login, f"open311-report:{_sender()}", STRANGERS_REPORTS, WINDOW_S)
    found = _jurisdiction(login)
    if not found.may_report:
        raise Forbidden("open311_key")
    return Actor(found.id, queries.STRANGER)


def _jurisdiction(login: Database) -> Any:
    """Return the station that the caller names, or the only one."""
    code = request.values.get("jurisdiction_id", "").strip().replace("\0", "") or None
    found = login.row(_STATION, code=code)
    if found is None:
        raise NotFound("jurisdiction_unknown")
    if code is None and found.stations > 1:
        raise BadRequest("jurisdiction_needed")
    return found


def _enter(session: Session, by: Actor) -> None:
    """Count a caller with a key, and refuse one who names another station than his own."""
    if by.role == queries.STRANGER:
        return
    throttle(site().login, f"open311:{by.person_id}", KEYED, WINDOW_S)
    named = request.values.get("jurisdiction_id", "").strip()
    if named and named != station(session, by).code:
        raise NotFound("jurisdiction_unknown")


@pages.get(f"/discovery.{FORM}")
def discovery(form: str) -> Response:
    """Say where the service is and what it speaks."""
    base = _base()
    endpoint = {
        "specification": SPECIFICATION,
        "url": f"{base}/open311/v2",
        "changeset": CHANGESET,
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    said = {
        "changeset": CHANGESET,
        "contact": _("Ask the police station for a key."),
        "key_service": f"{base}/account",
        "endpoints": [endpoint],
    }
    return _answer("discovery", said, form)


@pages.get(f"/services.{FORM}")
@door(scope="submit", stranger=_stranger)
def services(form: str, session: Session, by: Actor) -> Response:
    """List the kinds of matters that may be reported."""
    _enter(session, by)
    said = [
        {
            "service_code": item.code,
            "service_name": choose(item.title),
            "description": choose(item.hint),
            "metadata": any(q["kind"] != "photo" for q in item.questions),
            "type": "realtime",
            "keywords": item.kind,
            "group": item.kind,
        }
        for item in _offered(session, by)
    ]
    return _answer("services", said, form)


def _offered(session: Session, by: Actor) -> list[HazardClass]:
    """Return the classes that the caller may report: for strangers the public ones."""
    return [c for c in hazard_classes(session) if c.public or by.role != queries.STRANGER]


def _class(session: Session, by: Actor, code: str) -> HazardClass:
    found = next((c for c in _offered(session, by) if c.code == code), None)
    if found is None:
        raise Refused(problems=[Problem("/class_code", "class_unknown", {"code": code[:60]})])
    return found


@pages.get(f"/services/<code>.{FORM}")
@door(scope="submit", stranger=_stranger)
def service(code: str, form: str, session: Session, by: Actor) -> Response:
    """Define a service: the questions of its class as attributes."""
    _enter(session, by)
    found = _class(session, by, code)
    words = {"yes": _("yes"), "no": _("no"), "date": _("a date such as 2026-05-03")}
    return _answer("service_definition", open311.definition(found.code, _spoken(found), words), form)


def _spoken(found: HazardClass) -> list[dict[str, Any]]:
    """Return a class's questions with all titles in the present language."""
    return [
        {
            **question,
            "title": choose(question["title"]),
            "choices": [{**c, "title": choose(c["title"])} for c in question.get("choices", [])],
        }
        for question in found.questions
    ]


@pages.post(f"/requests.{FORM}")
@door(*REPORTERS, scope="submit", stranger=_reporting_stranger)
def report(form: str, session: Session, by: Actor) -> Response:
    """Take a report; the same one again within a day is the same case."""
    _enter(session, by)
    try:
        number, token, limit = _taken(session, by)
    except (Refused, Unreadable) as error:
        return _kept(session, error, by)
    notice = limit_said(limit)
    said = {"service_request_id": number, "token": str(token), "service_notice": notice, "account_id": None}
    return _answer("requests", [said], form, 201)


def _taken(session: Session, by: Actor) -> tuple[str, UUID, queries.Limit]:
    """Return number, id and limit of the case that the report became, now or when it first came."""
    sent = open311.decode(_fields(), _files())
    offered = _class(session, by, sent.service_code)
    now = clock.now()
    ids = _ids(sent, by, now)
    known = queries.known_of(session, ids, now - SAME)
    limit = queries.limit_of(session, offered, now)
    if known is not None:
        return known.number, known.id, limit
    told = _report(session, sent, offered, ids[0], now, by)
    sender = cases.Sender(DOOR, request.headers.get("User-Agent", "")[:100])
    if by.role == queries.STRANGER:
        throttle(site().login, f"open311-station:{by.station_id}", ALL_STRANGERS, 3600)
    try:
        done = cases.report(session, site().blobs, told, by=by, sender=sender)
    except Conflict:
        # The same report by another connection, a moment earlier.
        first = queries.known_of(session, ids)
        if first is None:
            raise
        return first.number, first.id, limit
    actions.keep_contact(session, done.id, sent, by=by)
    return done.number, done.id, limit


def _ids(sent: open311.Sent, by: Actor, now: datetime) -> list[UUID]:
    """Return the ids of a report if it first came today and if it first came yesterday."""
    who = f"{by.station_id}|{by.person_id or request.remote_addr}"
    days = [now.astimezone(clock.SHOWN).date() - timedelta(days=n) for n in (0, 1)]
    return [open311.report_id(sent, sender=who, day=day, namespace=_namespace()) for day in days]


def _namespace() -> UUID:
    """Return the secret in which ids of reports and notes are made."""
    secret = hmac.new(site().settings.secret("csrf.key"), b"open311", sha256).digest()
    return UUID(bytes=secret[:16])


def _report(
    session: Session, sent: open311.Sent, offered: HazardClass, report_id: UUID, now: datetime, by: Actor
) -> Report:
    files = sent.files
    if sent.media_url and not files:
        # A picture elsewhere is named, never fetched: a URL of a stranger's choosing is no place to go.
        named = sha256(sent.media_url.encode()).hexdigest()
        files = (Attachment(sent.media_url[:200], "", named, "photo", None),)
    return Report(
        id=report_id,
        class_code=offered.code,
        class_version=None,
        answers=open311.answers(sent, offered.questions),
        place=_place(session, sent, by),
        found_at=now,
        note="\n".join(part for part in (sent.description, sent.media_url) if part),
        attachments=files,
    )


def _place(session: Session, sent: open311.Sent, by: Actor) -> Place:
    if sent.lon is not None and sent.lat is not None:
        return Place(sent.lon, sent.lat, "wgs84", None, "pin", sent.address)
    found = queries.place_of_address(session, by, sent.address, sent.address_id)
    if found is None:
        raise Refused(problems=[Problem("/address_string", "address_unknown")])
    lon, lat, accuracy_m = found
    return Place(lon, lat, "wgs84", accuracy_m, "address", sent.address or sent.address_id)


def _kept(session: Session, error: Refused | Unreadable, by: Actor) -> Response:
    """Keep what somebody known sent and we could not take, and say what is wrong with it."""
    if isinstance(error, Unreadable):
        error = Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems])
    if by.role != queries.STRANGER:
        keep(
            session,
            site().blobs,
            door=DOOR,
            body=open311.raw_document(_fields()),
            media_type="application/json",
            files={sha256(data).hexdigest(): data for _name, _type, data in _files() if data},
            problems=error.problems,
            by=by,
        )
    return refusal(error)


def _fields() -> list[tuple[str, str]]:
    return list(request.form.items(multi=True))


def _files() -> list[tuple[str, str, bytes]]:
    """Return every file part under whatever name; read again, a part gives the same bytes."""
    found = []
    for _field, file in request.files.items(multi=True):
        file.stream.seek(0)
        found.append((file.filename or "", file.mimetype, file.stream.read()))
    return found


@pages.get(f"/tokens/<uuid:token>.{FORM}")
@door(scope="submit", stranger=_stranger)
def token(token: UUID, form: str, session: Session, by: Actor) -> Response:
    """Tell which request a token became; here each report is a case at once."""
    _enter(session, by)
    found = queries.known_of(session, [token])
    said = {"service_request_id": _there(found).number, "token": str(token)}
    return _answer("requests", [said], form)


def _there(found: Case | None) -> Case:
    if found is None:
        raise NotFound()
    return found


@pages.get(f"/requests.{FORM}")
@door(scope="submit", stranger=_stranger)
def requests(form: str, session: Session, by: Actor) -> Response:
    """List the requests that the caller may see, newest first."""
    _enter(session, by)
    seen = queries.requests(session, _wanted(request.args), by)
    return _answer("requests", [request_said(item, _base()) for item in seen], form)


@pages.get(f"/requests/<number>.{FORM}")
@door(scope="submit", stranger=_stranger)
def one_request(number: str, form: str, session: Session, by: Actor) -> Response:
    """Show one request by its id, or by the token that its sender was given."""
    _enter(session, by)
    seen = queries.requests(session, open311.Wanted(ids=(number,)), by)
    if not seen:
        raise NotFound()
    return _answer("requests", [request_said(item, _base()) for item in seen], form)


@pages.get(f"/servicerequestupdates.{FORM}")
@door(scope="submit", stranger=_stranger)
def updates(form: str, session: Session, by: Actor) -> Response:
    """List the changes of state in a span of time, oldest first (mySociety's extension)."""
    _enter(session, by)
    span = _wanted(request.args)
    seen = queries.requests(session, span, by, changed=True)
    said = [update for item in seen for update in updates_said(item, span)]
    said.sort(key=lambda update: str(update["updated_datetime"]))
    return _answer("updates", said, form)


@pages.post(f"/servicerequestupdates.{FORM}")
@door(*REPORTERS, scope="submit", stranger=_reporting_stranger)
def update(form: str, session: Session, by: Actor) -> Response:
    """Take words on a request, with a key also photos; the same again is the same update."""
    _enter(session, by)
    sent = _update()
    case = queries.request_of(session, sent.request, by)
    made = _noted(session, sent, case, by)
    return _answer("updates", [{"update_id": str(made), "service_request_id": case.number}], form, 201)


def _update() -> open311_updates.SentUpdate:
    try:
        return open311_updates.decode(_fields(), _files())
    except Unreadable as error:
        raise BadRequest(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error


def _noted(session: Session, sent: open311_updates.SentUpdate, case: Case, by: Actor) -> UUID:
    """Keep an update: a person's as a note of the case, a stranger's as residents' words are kept."""
    made = open311_updates.note_id(sent, case.id, sender=str(by.person_id), namespace=_namespace())
    words = sent.words(closed=(case.lead or case).state not in OPEN_STATES)
    if by.role != queries.STRANGER:
        cases.add_note(session, case, made, note=words, by=by)
        for file in sent.files:
            cases.add_file(session, site().blobs, case, sha=file.sha256, data=file.data or b"", by=by)
    elif sent.files:
        raise Refused(problems=[Problem("/media", "open311_words_only")])
    else:
        actions.add_note(session, case.id, made, note=words, by=by)
    return made


def _wanted(query: Mapping[str, str]) -> open311.Wanted:
    try:
        return open311.wanted(query, clock.now())
    except Unreadable as error:
        raise BadRequest(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error
