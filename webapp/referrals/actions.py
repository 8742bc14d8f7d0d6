"""Changes to attempts, bodies and referrals; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from geoalchemy2.shape import from_shape
from shapely import Point
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors.body_lists import BodyRow
from gis import coords
from gis.errors import ShapeError
from webapp.calendars import queries as calendars
from webapp.calendars.counting import Calendar
from webapp.cases import actions as cases
from webapp.cases import filing
from webapp.cases.actions import Given
from webapp.cases.models import Attachment, Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.referrals import queries, rules
from webapp.referrals.models import Attempt, AttemptResult, Body, NonPolice, Referral

_ATTEMPT = table_of(Attempt)
_ADD_ATTEMPT = insert(_ATTEMPT).on_conflict_do_nothing().returning(_ATTEMPT.c.id)


@dataclass(frozen=True)
class Tried:
    """An attempt as the client says it; `lon`, `lat` in `crs`, None where the phone had no position."""

    id: UUID
    result: str
    at: datetime
    words: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    crs: str = "wgs84"
    accuracy_m: float | None = None

    def spoken(self) -> tuple[Any, ...]:
        """Return what makes this attempt the same as another sending of it."""
        return self.result, self.at, self.words, self.address, self.lon, self.lat


def attempt(session: Session, case: Case, tried: Tried, *, by: Actor) -> Attempt:
    """Log that somebody went or called about a case; the same again changes nothing.

    Raises Refused for a result that is not on the list or a time that can't be, Conflict 'already_known'.
    """
    problems = rules.attempt_problems(tried.at, clock.now())
    if session.get(AttemptResult, tried.result) is None:
        allowed = ", ".join(item.code for item in queries.results(session))
        problems.append(Problem("/result", "not_allowed", {"allowed": allowed}))
    if problems:
        raise Refused(problems=problems)
    own = {"id": tried.id, "station_id": by.station_id, "case_id": case.id, "person_id": by.person_id}
    said = {"result": tried.result, "words": tried.words, "address": tried.address, "at": tried.at}
    added = session.scalar(_ADD_ATTEMPT, {**own, **said, **_position(tried)})
    known = queries.known_attempt(session, tried.id)
    if known is None or known.case_id != case.id:
        raise Conflict("already_known", held="?", sent=str(tried.id))
    if added is None:
        held = (known.result, known.at, known.words, known.address, known.raw_x, known.raw_y)
        rules.same(held, tried.spoken(), tried.id)
        return known
    record(
        session, "referrals.attempted", kind="case", subject=case.id, grid=case.grid_id, by=by,
        attempt_id=str(tried.id), result=tried.result,
    )  # fmt: skip
    return known


def _position(tried: Tried) -> dict[str, Any]:
    """Return the columns of where an attempt was made; raise Refused for a place that can't be."""
    if tried.lon is None or tried.lat is None:
        return {"geom": None, "raw_x": None, "raw_y": None, "raw_crs": None, "accuracy_m": None}
    try:
        here = coords.to_wgs84(tried.lon, tried.lat, tried.crs)
    except ShapeError as error:
        raise Refused(problems=[Problem("/lon", error.code, error.params)]) from error
    if not rules.in_china(*here):
        raise Refused(problems=[Problem("/lon", "outside_china", {"lon": here[0], "lat": here[1]})])
    raw = {"raw_x": tried.lon, "raw_y": tried.lat, "raw_crs": tried.crs, "accuracy_m": tried.accuracy_m}
    return {"geom": from_shape(Point(*here), 4326), **raw}


def mark_non_police(session: Session, case: Case, *, words: str, by: Actor) -> NonPolice:
    """Mark a case as not the police's; a second time changes nothing."""
    known = queries.marked(session, case.id)
    if known is not None:
        return known
    made = NonPolice(
        case_id=case.id, station_id=by.station_id, words=words, marked_by=by.person_id, marked_at=clock.now()
    )
    session.add(made)
    session.flush()
    record(session, "referrals.non_police_marked", kind="case", subject=case.id, grid=case.grid_id, by=by)
    return made


def clear_non_police(session: Session, case: Case, *, by: Actor) -> None:
    """Take the mark away; without one nothing changes."""
    known = queries.marked(session, case.id)
    if known is None:
        return
    session.delete(known)
    session.flush()
    record(session, "referrals.non_police_cleared", kind="case", subject=case.id, grid=case.grid_id, by=by)


def keep_body(session: Session, body_id: UUID, said: Mapping[str, Any], *, by: Actor) -> Body:
    """Keep a body under the id that the client gives it, new or changed; its code stays.

    Raises Conflict 'body_code' when another body has the code.
    """
    others = queries.bodies_by_code(session, by.station_id)
    known = next((item for item in others.values() if item.id == body_id), None)
    taken = others.get(said["code"])
    if (taken is not None and taken.id != body_id) or (known is not None and known.code != said["code"]):
        raise Conflict("body_code", number=said["code"])
    found = known or Body(id=body_id, station_id=by.station_id, code=said["code"])
    for name, value in said.items():
        if name != "code":
            setattr(found, name, value)
    session.add(found)
    session.flush()
    record(session, "referrals.body_kept", kind="body", subject=body_id, by=by, code=found.code)
    return found


def retire_body(session: Session, body: Body, *, by: Actor) -> Body:
    """Take a body out of the directory; its referrals stay. A second time changes nothing."""
    if body.retired_at is None:
        body.retired_at = clock.now()
        session.flush()
        record(session, "referrals.body_retired", kind="body", subject=body.id, by=by, code=body.code)
    return body


def import_bodies(session: Session, rows: Sequence[BodyRow], *, by: Actor) -> dict[str, int]:
    """Take the rows of a directory: new bodies are added, known codes are changed. Returns both counts."""
    known = queries.bodies_by_code(session, by.station_id)
    for row in rows:
        found = known.get(row.code)
        if found is None:
            made = uuid5(by.station_id, f"body/{row.code}")
            found = Body(id=made, station_id=by.station_id, code=row.code)
            session.add(found)
        found.name, found.kind, found.duties = row.name, row.kind, row.duties
        found.classes, found.contact, found.phone = list(row.classes), row.contact, row.phone
        found.answer_days, found.retired_at = row.answer_days, None
    session.flush()
    told = {"added": sum(row.code not in known for row in rows)}
    told["changed"] = len(rows) - told["added"]
    record(
        session, "referrals.bodies_imported", kind="station", subject=by.station_id, by=by,
        added=told["added"], changed=told["changed"],
    )  # fmt: skip
    return told


@dataclass(frozen=True)
class Form:
    """A form of hand-over as the client fills it; `photos` are attachments of the case."""

    id: UUID
    body_id: UUID
    facts: str
    photos: tuple[int, ...] = ()
    with_reporter: bool = False
    reporter: str = ""
    reason: str = ""


def prepare(session: Session, case: Case, form: Form, *, by: Actor) -> Referral:
    """Make out the numbered form that hands a case to a body; the same id again changes nothing.

    The reporter's data stand on it only when ticked with a reason, which leaves an event of its own.
    Raises Refused, Conflict 'referral_open' while another body has the case, 'already_known'.
    """
    known = queries.known_referral(session, form.id)
    if known is not None:
        rules.same((known.case_id, known.body_id, known.facts), (case.id, form.body_id, form.facts), form.id)
        return known
    body = queries.body(session, form.body_id)
    held = queries.open_referral(session, case.id)
    if held is not None:
        raise Conflict("referral_open", number=held.number)
    if not rules.may_leave(case.state):
        raise Conflict("state", state=case.state)
    there = set(session.scalars(select(Attachment.id).where(Attachment.case_id == case.id)))
    problems = rules.photo_problems(list(form.photos), there)
    problems += rules.reporter_problems(form.with_reporter, form.reporter, form.reason)
    problems += [Problem("/body_id", "body_retired")] if body.retired_at else []
    if problems:
        raise Refused(problems=problems)
    now = clock.now()
    made = Referral(
        id=form.id, station_id=by.station_id, case_id=case.id, body_id=body.id, facts=form.facts,
        number=queries.next_number(session, now.astimezone(clock.SHOWN).year), law=case.hazard_class.law,
        photos=list(form.photos), reporter=form.reporter.strip(), reason=form.reason.strip(),
        made_by=by.person_id, made_at=now, state="prepared", revision=1,
    )  # fmt: skip
    session.add(made)
    session.flush()
    _told(session, made, "referrals.prepared", by)
    if made.reporter:
        _told(session, made, "referrals.reporter_disclosed", by)
    return queries.referral(session, made.id)


def deliver(
    session: Session,
    blobs: BlobStore,
    referral: Referral,
    *,
    how: str,
    to: str,
    at: datetime | None = None,
    by: Actor,
) -> Referral:
    """Note that the form has reached the body: the case is transferred, and an answer is awaited."""
    rules.require_step(referral.state, "deliver")
    if not rules.may_leave(referral.case.state):
        raise Conflict("state", state=referral.case.state)
    words = f"{referral.number}: {referral.body.name}"
    _along(session, blobs, referral, "transfer", Given(note=words, body=referral.body.name), by)
    now = clock.now()
    problems = rules.attempt_problems(at or now, now)
    if problems:
        raise Refused(problems=problems)
    referral.delivered_at = min(at or now, now)
    referral.delivered_how, referral.delivered_to = how, to
    days = referral.body.answer_days
    calendar = calendars.calendar(session, by.station_id)
    referral.due_at = rules.answer_due(calendar, referral.delivered_at, days)
    return _moved(session, referral, "delivered", "referrals.delivered", by)


def note_receipt(
    session: Session, blobs: BlobStore, referral: Referral, *, number: str, on: date, scan: bytes, by: Actor
) -> Referral:
    """Keep the body's receipt: its number and day, a photo of the paper if there is one."""
    rules.require_step(referral.state, "note_receipt")
    _along(session, blobs, referral, "note_receipt", Given(receipt=number), by)
    referral.receipt_number, referral.receipt_on = number, on
    referral.receipt_sha256, referral.receipt_media = _kept(blobs, scan)
    return _moved(session, referral, "receipted", "referrals.receipt_noted", by)


def note_answer(
    session: Session,
    blobs: BlobStore,
    referral: Referral,
    *,
    answer: str,
    words: str,
    photo: bytes,
    by: Actor,
) -> Referral:
    """Keep the body's answer: it takes the matter on, has done it, or refuses; the last two end it.

    Done: the case is fed back, for a second person to verify. Refused: it is back with its handler.
    """
    rules.require_step(referral.state, "note_answer")
    verb = {"done": "note_answer", "refused": "take_back"}.get(answer)
    if verb:
        _along(session, blobs, referral, verb, Given(note=words), by)
    referral.answer, referral.answer_words = answer, words
    referral.answer_sha256, referral.answer_media = _kept(blobs, photo)
    referral.answered_at = referral.answered_at or clock.now()
    referral.ended_at = clock.now() if answer in rules.ENDED else None
    return _moved(session, referral, answer, "referrals.answered", by)


def recall(session: Session, blobs: BlobStore, referral: Referral, *, words: str, by: Actor) -> Referral:
    """Take the case back from the body, with the reason."""
    rules.require_step(referral.state, "recall")
    _along(session, blobs, referral, "take_back", Given(note=words), by)
    referral.recall_words, referral.ended_at = words, clock.now()
    return _moved(session, referral, "recalled", "referrals.recalled", by)


def remind(session: Session, referral: Referral, *, by: Actor) -> Referral:
    """Note once that a body's answer is late, so that whoever waits for it is told."""
    if referral.reminded_at is None:
        referral.reminded_at = clock.now()
        session.flush()
        _told(session, referral, "referrals.reminded", by)
    return referral


def _along(
    session: Session, blobs: BlobStore, referral: Referral, verb: str, given: Given, by: Actor
) -> None:
    """Take the step of the case's own life that goes along with what happens to its form."""
    found = cases.locked_case(session, referral.case_id)
    if rules.applies(found.state, verb):
        cases.take_step(session, blobs, found, verb, given, by=by)


def _kept(blobs: BlobStore, data: bytes) -> tuple[str | None, str | None]:
    if not data:
        return None, None
    file = filing.prepared_file(blobs, data, sha256(data).hexdigest())
    return file["sha256"], file["media_type"]


def _moved(session: Session, referral: Referral, state: str, name: str, by: Actor) -> Referral:
    referral.state = state
    referral.revision += 1
    session.flush()
    _told(session, referral, name, by)
    return queries.referral(session, referral.id)


def _told(session: Session, referral: Referral, name: str, by: Actor) -> None:
    record(
        session, name, kind="case", subject=referral.case_id, by=by, referral_id=str(referral.id),
        number=referral.number, referral_state=referral.state,
    )  # fmt: skip


def recount_due(session: Session, referral: Referral, calendar: Calendar, *, by: Actor) -> bool:
    """Count anew until when an answer is due, by a calendar that has changed; say whether it moved.

    One that is due later than now is told of again when it is late.
    """
    if referral.delivered_at is None:
        return False
    old, new = referral.due_at, rules.answer_due(calendar, referral.delivered_at, referral.body.answer_days)
    if new == old:
        return False
    referral.due_at = new
    if new is None or new > clock.now():
        referral.reminded_at = None
    session.flush()
    moved: dict[str, Any] = {"old": old.isoformat() if old else None, "new": new.isoformat() if new else None}
    record(
        session, "referrals.due_recounted", kind="case", subject=referral.case_id, grid=referral.case.grid_id,
        by=by, referral=str(referral.id), calendar=calendar.version, **moved,
    )  # fmt: skip
    return True
