"""Changes to cases: report, take a step of the life, add a file, a note or a voice; each one event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from collectors.records import Attachment as SentFile
from collectors.records import Report
from webapp.calendars.counting import Calendar
from webapp.cases import clocks, filing, following, queries, questions, rules, steps, surroundings, titles
from webapp.cases.filing import Receipt as Receipt
from webapp.cases.filing import Sender as Sender
from webapp.cases.models import Attachment, Case, CaseNote
from webapp.cases.steps import Given as Given
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import on_disk, table_of
from webapp.core.errors import Conflict, Forbidden, NotFound, Problem, Refused
from webapp.core.events import Write, record
from webapp.core.files import BlobStore

_ATTACHMENT = table_of(Attachment)


class _Overtaken(Exception):
    """Another sending of the same id was faster."""


def report(
    session: Session,
    blobs: BlobStore,
    sent: Report,
    *,
    by: Actor,
    reporter_id: UUID | None = None,
    sender: Sender | None = None,
) -> Receipt:
    """Take a report: check it, find its grid and police grid, keep it with its photos.

    The sender's id is the key: the same report again, also at the same moment, gives the same receipt. Raises
    Refused with every problem named, or Conflict 'already_known' when the id stands for something else;
    nothing was written then. `reporter_id` names the author when somebody else hands the report in.
    """
    way = sender or Sender()
    content = way.content or filing.content_hash(sent)
    for _try in range(2):
        now = clock.now()
        spot = filing.Spot.of(sent.place)
        met = queries.met(
            session, sent.id, sent.class_code, filing.version(sent), now, spot.place, spot.radius_m
        )
        if met.known is not None and met.known != content:
            raise Conflict("already_known", held=met.known.hex(), sent=content.hex())
        if met.known is not None:
            return take_files(session, blobs, sent.id, sent.attachments, by=by)
        checked = filing.checked(session, sent, met, spot, now, way.complete and not way.unseen, by)
        files = filing.prepared(blobs, sent.attachments)
        own = {
            "reporter_id": reporter_id or (None if way.unseen else by.person_id),
            "content_hash": content,
            **way.columns(),
        }
        try:
            return _first(session, sent, checked, files, own, by)
        except _Overtaken:
            continue
    # The id stands for a case that this sender may not see.
    raise Conflict("already_known", held="?", sent=content.hex())


def take_files(
    session: Session, blobs: BlobStore, case_id: UUID, files: Iterable[SentFile], *, by: Actor
) -> Receipt:
    """Keep the files of a known report that came only now; return the receipt of the first time.

    Raises Refused for what is no photo.
    """
    known = queries.known_report(session, case_id)
    on_disk(session)  # the first sending may still wait for it
    missing = [file for file in files if file.sha256 not in known.held]
    came = [file for file in filing.prepared(blobs, missing) if file["sent_sha256"] not in known.previews]
    if _add_files(session, known, came, "found"):
        record(session, "cases.file_added", kind="case", subject=known.id, grid=known.grid_id, by=by)
    for file in missing:
        if file.sha256 in known.previews and file.data is not None:
            complete_file(session, blobs, sha=file.sha256, data=file.data, case_id=known.id, by=by)
    held = {*known.held, *(file.sha256 for file in missing if file.data is not None)}
    previews = {*known.previews, *(file["sent_sha256"] for file in came if file["awaited"])} - held
    return Receipt(
        known.id,
        known.number,
        known.grid,
        known.police_grid,
        known.neighbour,
        known.reported_at,
        _sorted(held),
        previews=_sorted(previews),
    )


def _first(
    session: Session,
    sent: Report,
    checked: filing.Checked,
    files: list[dict[str, Any]],
    own: Mapping[str, Any],
    by: Actor,
) -> Receipt:
    """Write a report that is new and checked, its photos safe; raise _Overtaken when the id is taken."""
    now, area, declared = checked.now, checked.area, checked.declared
    values = {
        **filing.said(sent, declared, checked.lon, checked.lat),
        **filing.routed(area, sent.place.accuracy_m),
        **own,
        "content_hash": f"\\x{own['content_hash'].hex()}",
        "station_id": by.station_id,
        "state": rules.State.REPORTED,
        "reported_at": now,
        **clocks.of_report(session, declared, now, by.station_id),
        **_AT_FIRST,
    }
    facts = {"report": orjson.dumps(values).decode(), "files": orjson.dumps(files).decode()}
    write = Write(_WRITE, {**facts, "year": now.astimezone(clock.SHOWN).year})
    news = {"class_code": declared.code, "flag": values["place_flag"], "files": len(files)}
    number: str | None = record(
        session, "cases.reported", write, kind="case", subject=sent.id, grid=area.grid_id, by=by, **news
    )
    if number is None:
        raise _Overtaken
    held = _sorted(file["sent_sha256"] for file in files if not file["awaited"])
    previews = _sorted(file["sent_sha256"] for file in files if file["awaited"])
    names = (area.grid_name, area.police_grid_name, area.neighbour_name)
    return Receipt(sent.id, number, *names, now, held, created=True, previews=previews)


_AT_FIRST = {"revision": 1, "voices": 0, "level": 0, "priority": 0, "reopened": 0, "facts": {}}
_WRITE = text("""SELECT app.take_report(:ctx, CAST(:report AS jsonb), CAST(:files AS jsonb), :year,
    CAST(:event AS jsonb))""")


def _add_files(session: Session, case: Any, files: list[dict[str, Any]], purpose: str) -> bool:
    """Add rows for prepared files to a case (anything with id and station_id); say whether any was new."""
    own = {"case_id": case.id, "station_id": case.station_id, "purpose": purpose}
    rows = [{**own, **file} for file in files]
    return bool(rows) and bool(session.scalars(_ADD_FILES, rows).all())


_ADD_FILES = insert(_ATTACHMENT).on_conflict_do_nothing().returning(_ATTACHMENT.c.id)


def _sorted(hashes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(hashes))


def take_step(
    session: Session,
    blobs: BlobStore,
    case: Case,
    verb: str,
    given: Given,
    *,
    revision: int | None = None,
    by: Actor,
) -> Case:
    """Move a case by one verb of its life (`rules.STEPS`), its row locked by `locked_case`.

    `revision` is what the caller has seen. Raises NotFound for an unknown verb, Conflict 'revision' or
    'state', Forbidden, or Refused with all that is wrong with what was given. Words are kept as a note of
    the case, so that the event holds ids and times only.
    """
    step = rules.STEPS.get(verb)
    if step is None:
        raise NotFound()
    if revision is not None and revision != case.revision:
        since = surroundings.since(session, case.id, revision)
        raise Conflict(
            "revision",
            held=case.revision,
            since=[titles.event_title(event.name, event.data) for event in since],
        )
    stands, now = steps.standing(session, case, by), clock.now()
    if not stands.is_one(step.who):
        raise Forbidden("not_yours")
    if not stands.allows(step):
        raise Conflict("state", state=case.state)
    problems = steps.problems(session, case, step, given, stands, now)
    if problems:
        raise Refused(problems=problems)
    new = steps.columns(session, case, step, given, now, by)
    news = {"verb": verb, **{name: clocks.plain(value) for name, value in new.items() if name not in _WORDS}}
    if verb == "accept" and case.neighbour_grid_id and session.scalar(_OVER, {"id": case.id}):
        news["from_grid"] = str(case.grid_id)
        session.refresh(case)
    _add_proof(session, blobs, case, verb, given.photos)
    note_id = _add_words(session, case, verb, given.note.strip(), by)
    news |= ({"note_id": str(note_id)} if note_id else {}) | ({"clock": given.clock} if given.clock else {})
    leaves = _write_step(session, case, new, by)
    record(session, step.event, kind="case", subject=case.id, grid=case.grid_id, by=by, **news)
    if leaves:
        return case
    session.expire(case)
    return queries.case(session, case.id)


# Words of people stay out of the events, which nobody can delete.
_WORDS = ("closing_note", "facts")
_OVER = text("SELECT app.take_over_ground(:id)")


def fill_in(session: Session, case: Case, answers: Mapping[str, Any], *, by: Actor) -> Case:
    """Answer questions of a case that came without them: a call's or a resident's; its row is locked.

    What was said before stays. The same again changes nothing. Raises Forbidden, Conflict 'state' for a case
    that is over, or Refused with all that is wrong with the answers; an empty one says nothing.
    """
    if not steps.standing(session, case, by).is_one("handler"):
        raise Forbidden("not_yours")
    given = {name: value for name, value in answers.items() if value not in (None, "")}
    new = {name: value for name, value in given.items() if case.answers.get(name) != value}
    asked = [questions.Question.declared(item) for item in case.hazard_class.questions]
    problems = questions.filling_problems(asked, case.answers, new)
    if problems or not given:
        raise Refused(problems=problems or [Problem("/answers", "field_required")])
    if not new:
        return case
    if case.state in rules.OVER_STATES:
        raise Conflict("state", state=case.state)
    case.answers, case.revision = {**case.answers, **new}, case.revision + 1
    session.flush()
    news: dict[str, Any] = {"questions": sorted(new), "revision": case.revision}
    record(session, "cases.answers_filled", kind="case", subject=case.id, grid=case.grid_id, by=by, **news)
    return case


def _write_step(session: Session, case: Case, new: Mapping[str, Any], by: Actor) -> bool:
    """Write the new columns of a case; say whether it left the actor's sight: what was only given to him."""
    ends = "assigned_to" in new and by.person_id != new["assigned_to"]
    if ends and by.person_id and not surroundings.on_my_ground(session, case):
        wanted = {"id": case.id, "new": orjson.dumps({n: clocks.plain(v) for n, v in new.items()}).decode()}
        if not session.scalar(_LEAVE, wanted):
            raise Forbidden("not_yours")
        for name, value in new.items():
            set_committed_value(case, name, value)
        return True
    for name, value in new.items():
        setattr(case, name, value)
    session.flush()
    return False


_LEAVE = text("SELECT app.leave_case(:id, CAST(:new AS jsonb))")


def _add_proof(
    session: Session, blobs: BlobStore, case: Case, verb: str, photos: Mapping[str, bytes]
) -> None:
    purpose = "closed" if verb in ("close", "verify") else "fed_back"
    files = [filing.prepared_file(blobs, data, sha) for sha, data in photos.items()]
    _add_files(session, case, files, purpose)


def _add_words(session: Session, case: Case, verb: str, words: str, by: Actor) -> UUID | None:
    """Keep the words of a step as a note; those of closing are a column of the case, the machine has none."""
    if not words or verb == "close" or by.person_id is None:
        return None
    own = {"id": uuid4(), "case_id": case.id, "station_id": case.station_id, "person_id": by.person_id}
    added: UUID = session.scalars(_ADD_NOTE, {**own, "note": words}).one()
    return added


def add_file(session: Session, blobs: BlobStore, case: Case, *, sha: str, data: bytes, by: Actor) -> Case:
    """Add a photo to a case, for one that was named in the report or found later; twice changes nothing."""
    if not _add_files(session, case, [filing.prepared_file(blobs, data, sha)], "found"):
        return case
    return _recorded(session, case, "cases.file_added", by)


def complete_file(
    session: Session, blobs: BlobStore, *, sha: str, data: bytes, case_id: UUID | None = None, by: Actor
) -> list[str]:
    """Put an original in the place of its preview, in each report of the actor's own that waits for it.

    `case_id` limits it to one case. Returns the numbers of the cases; none when nothing waits. Raises Refused
    for what is no photo.
    """
    file = filing.prepared_file(blobs, data, sha)
    completed = session.execute(_COMPLETE, {**file, "case_id": case_id}).all()
    for case in completed:
        record(session, "cases.file_completed", kind="case", subject=case.case_id, grid=case.grid_id, by=by)
    return sorted(case.number for case in completed)


_COMPLETE = text(
    "SELECT * FROM app.complete_file(:sent_sha256, :sha256, :media_type, :size, :width, :height, :case_id)"
)


def add_note(session: Session, case: Case, note_id: UUID, *, note: str, by: Actor) -> Case:
    """Add words to a case; the same again changes nothing. Raises Conflict for other words under the id."""
    own = {"id": note_id, "case_id": case.id, "station_id": case.station_id, "person_id": by.person_id}
    if session.scalar(_ADD_NOTE, {**own, "note": note}) is None:
        known = session.get(CaseNote, note_id)
        if known is None or (known.case_id, known.note) != (case.id, note):
            raise Conflict("already_known", held="?", sent=str(note_id))
        return case
    record(
        session, "cases.note_added", kind="case", subject=case.id, grid=case.grid_id, by=by, note_id=note_id
    )
    session.expire(case, ["notes"])
    return queries.case(session, case.id)


_ADD_NOTE = insert(table_of(CaseNote)).on_conflict_do_nothing().returning(table_of(CaseNote).c.id)


def add_voice(session: Session, case_id: UUID, *, note: str, by: Actor) -> Any:
    """Say "I see it too" of an open hazard that somebody else reported; a second time changes nothing.

    Raises NotFound (also for restricted matters), Conflict 'own_report' or 'case_over'.
    """
    row = session.execute(_ADD_VOICE, {"id": case_id, "note": note}).one_or_none()
    if row is None:
        raise NotFound()
    if row.outcome in ("own", "over"):
        raise Conflict({"own": "own_report", "over": "case_over"}[row.outcome], number=row.number)
    if row.outcome == "added":
        told = row.voices
        record(
            session, "cases.voice_added", kind="case", subject=row.id, grid=row.grid_id, by=by, voices=told
        )
    return row


_ADD_VOICE = text("SELECT * FROM app.add_voice(:id, :note)")


def _recorded(session: Session, case: Case, name: str, by: Actor) -> Case:
    session.flush()
    record(session, name, kind="case", subject=case.id, grid=case.grid_id, by=by, state=case.state)
    session.expire(case, ["attachments"])
    return queries.case(session, case.id)


def recount(
    session: Session, case: Case, calendar: Calendar, limits: Sequence[Any], *, why: str, by: Actor
) -> bool:
    """Count the limit of an open case anew by a calendar and limits that have changed; say whether it moved.

    `why` is the event that changed them. What comes out as before records nothing.
    """
    new = clocks.recounted(case, calendar, limits)
    if not new:
        return False
    told = {
        f"{when}_{name}": clocks.plain(value)
        for name in ("due_at", "respond_by", "limit_rule_id")
        for when, value in (("old", getattr(case, name)), ("new", new.get(name, getattr(case, name))))
    }
    for name, value in new.items():
        setattr(case, name, value)
    session.flush()
    news = {**told, "why": why, "calendar": calendar.version}
    record(session, "cases.limit_recounted", kind="case", subject=case.id, grid=case.grid_id, by=by, **news)
    return True


def reroute(session: Session, cases: Sequence[following.Moved], *, by: Actor) -> int:
    """Let open cases follow new boundaries, in one statement; each that moves has one event; return how many.

    What was closed meanwhile stays where it was. The event holds where each came from and went to.
    """
    news = {item.case_id: item for item in cases if item.differs}
    for row in session.execute(_FOLLOW, following.followed(list(news.values()))).all():
        told = news[row.id].told(row.handler_id)
        record(session, "cases.rerouted", kind="case", subject=row.id, grid=row.grid_id, by=by, **told)
    return len(news)


_FOLLOW = text("SELECT * FROM app.follow_ground(CAST(:news AS jsonb))")


def locked_case(session: Session, case_id: UUID) -> Case:
    """Return a case for changing it, its row locked against a second handler at the same moment."""
    queries.case(session, case_id)
    locked = select(Case).where(Case.id == case_id).with_for_update(of=Case)
    # The row as the handler before us left it, not as it was read above.
    found = session.scalars(locked, execution_options={"populate_existing": True}).one_or_none()
    if found is None:  # seen, but not to be changed by this person
        raise Forbidden("not_yours")
    return found
