"""What becomes of a filled form: a case, a photo more for one, or an entry of the quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from collectors import openrosa_submission as forms
from collectors import photos
from collectors.openrosa_submission import Part, Submission
from collectors.records import Problem as FormatProblem
from collectors.records import Refused as Unreadable
from webapp.cases import actions as cases
from webapp.cases import queries as known_cases
from webapp.cases.models import Case
from webapp.cases.questions import Question, answer_problems
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, NotFound, Problem, Refused
from webapp.core.files import BlobStore
from webapp.core.i18n import _
from webapp.core.messages import message
from webapp.field import actions, queries
from webapp.field.models import Quarantine
from webapp.field.rules import FOLLOW_UPS, OPENROSA, oddities


@dataclass(frozen=True)
class Told:
    """What the sender is told: status, and the sentence that the phone shows."""

    status: int
    text: str


@dataclass(frozen=True)
class Sent:
    """One request: XML, file parts, whether more parts will follow, and the program that sent it."""

    xml: bytes
    parts: Sequence[Part]
    incomplete: bool = False
    client: str = ""


def take(session: Session, blobs: BlobStore, sent: Sent, *, by: Actor) -> Told:
    """Take a submission. Whatever is not understood, or can't be taken, is kept for the station and told.

    A phone deletes what was answered with success, so it is said only of what is safe. What is safe but not
    yet a case gets 202 and a text that says so: an error would only make the phone try for ever.
    """
    try:
        form = forms.decode(sent.xml, sender=str(by.person_id))
    except Unreadable as error:
        problems = _problems(error.problems)
        _keep(session, blobs, sent, _all_files(sent.parts), problems, by)
        return Told(400, _sentence(problems))
    if form.form_id in FOLLOW_UPS:
        return _followed_up(session, blobs, sent, form, by)
    number = queries.number_of(session, form.deprecated)
    if number is not None:
        return _kept(session, blobs, sent, [Problem("", "edit_of_case", {"number": number})], by)
    return _reported(session, blobs, sent, form, by)


def _reported(session: Session, blobs: BlobStore, sent: Sent, form: Submission, by: Actor) -> Told:
    """Make a case of a submission, or keep it."""
    names = queries.known_names(session, form.id)
    parts = forms.matched(form.named_files(), sent.parts)
    unfit = _unfit(parts.held)
    rivals = {name: data for name, data in parts.held.items() if names.get(name, _sha(data)) != _sha(data)}
    good = {name: data for name, data in parts.held.items() if name not in unfit and name not in rivals}
    sender = cases.Sender(OPENROSA, sent.client, None, forms.content_hash(form))
    try:
        report = forms.report(form, _questions(session, form), good)
        done = cases.report(session, blobs, report, by=by, sender=sender)
    except Unreadable as error:
        return _kept(session, blobs, sent, _problems(error.problems), by)
    except Refused as error:
        return _kept(session, blobs, sent, error.problems, by)
    except Conflict as error:
        return _conflict(session, blobs, sent, error, by)
    actions.name_files(session, done.id, {name: _sha(data) for name, data in good.items()}, by=by)
    odd = oddities(parts, unfit, rivals, done.number)
    if odd:
        loose = {**dict(parts.strays), **dict(parts.rivals), **rivals}
        loose |= {name: parts.held[name] for name in unfit}
        _keep(session, blobs, sent, loose, odd, by)
    missing = [name for name in parts.missing if name not in names]
    return Told(201 if done.created else 202, _receipt(done, missing, odd, sent.incomplete))


def _questions(session: Session, form: Submission) -> list[Mapping[str, Any]]:
    version = form.version if form.version.isdecimal() else None
    try:
        return list(queries.form_class(session, form.form_id, version).questions)
    except NotFound as error:
        problem = Problem("/class_code", "class_unknown", {"code": form.form_id})
        raise Refused(problems=[problem]) from error


def _receipt(done: cases.Receipt, missing: Sequence[str], odd: Sequence[Problem], more: bool) -> str:
    said = [
        _("Case %(number)s.", number=done.number),
        _("Grid: %(grid)s, police grid: %(police)s.", grid=done.grid, police=done.police_grid),
    ]
    if missing:
        names = ", ".join(missing)[:300]
        said.append(
            _("Still to come: %(names)s.", names=names) if more else _("Missing: %(names)s.", names=names)
        )
    if odd:
        said.append(_("Kept for the station to look at: %(why)s", why=_sentence(odd)))
    return " ".join(said)


def _followed_up(session: Session, blobs: BlobStore, sent: Sent, form: Submission, by: Actor) -> Told:
    """Add photos and words to a case of the person's own; what can't be added goes to the station."""
    try:
        case = known_cases.case(session, UUID(form.text("case")))
    except (ValueError, NotFound):
        return _kept(session, blobs, sent, [Problem("/case", "case_unknown")], by)
    parts = forms.matched(form.named_files(), sent.parts)
    unfit = _unfit(parts.held)
    for data in (data for name, data in parts.held.items() if name not in unfit):
        case = cases.add_file(session, blobs, case, sha=_sha(data), data=data, by=by)
    odd = oddities(parts, unfit, {}, case.number) + _word(session, case, form, by)
    said = [_("Case %(number)s.", number=case.number)]
    if odd:
        loose = {**dict(parts.strays), **dict(parts.rivals), **{name: parts.held[name] for name in unfit}}
        _keep(session, blobs, sent, loose, odd, by)
        said.append(_("Kept for the station to look at: %(why)s", why=_sentence(odd)))
    return Told(201, " ".join(said))


def _word(session: Session, case: Case, form: Submission, by: Actor) -> list[Problem]:
    """Add a form's words to a case, under the form's own id: a repeat or a further part adds them once."""
    if form.text("note"):
        try:
            cases.add_note(session, case, form.id, note=form.text("note"), by=by)
        except Conflict:
            return [Problem("/note", "word_to_case", {"number": case.number})]
    return []


def _conflict(session: Session, blobs: BlobStore, sent: Sent, error: Conflict, by: Actor) -> Told:
    """Answer a submission whose id stands for something else: mended by the station, or told as 409."""
    mended = queries.mended(session, by, OPENROSA, _sha(sent.xml))
    if mended is not None and mended.case_id is not None:
        return _mended(session, mended.case_id)
    problem = Problem("", error.code, {"held": "", "sent": ""} | error.params)
    _keep(session, blobs, sent, _all_files(sent.parts), [problem], by)
    return Told(409, _("This id was used before with other content. Both are kept; the station decides."))


def _mended(session: Session, case_id: UUID) -> Told:
    done = known_cases.known_report(session, case_id)
    where = _("Grid: %(grid)s, police grid: %(police)s.", grid=done.grid, police=done.police_grid)
    return Told(202, _("Case %(number)s.", number=done.number) + " " + where)


def _kept(session: Session, blobs: BlobStore, sent: Sent, problems: Sequence[Problem], by: Actor) -> Told:
    """Keep a whole submission: safe at the station, so the phone may let go of it."""
    entry = _keep(session, blobs, sent, _all_files(sent.parts), problems, by)
    if entry.case_id is not None:
        return _mended(session, entry.case_id)
    why = _sentence(problems)
    return Told(202, _("Received, but not yet a case: a person at the station looks at it. %(why)s", why=why))


def _keep(
    session: Session,
    blobs: BlobStore,
    sent: Sent,
    files: Mapping[str, bytes],
    problems: Sequence[Problem],
    by: Actor,
) -> Quarantine:
    return actions.keep(
        session,
        blobs,
        door=OPENROSA,
        body=sent.xml,
        media_type="text/xml",
        files=files,
        problems=problems,
        by=by,
    )


def _all_files(parts: Iterable[Part]) -> dict[str, bytes]:
    """Return every part under a key of its own, however often a name comes."""
    files: dict[str, bytes] = {}
    for number, part in enumerate(parts, 1):
        name = (part.filename or part.name)[:200]
        files[f"{number}-{name}" if name in files else name] = part.data
    return files


def _unfit(held: Mapping[str, bytes]) -> dict[str, str]:
    """Return the files that are no photos of ours, by name, with the code of the refusal."""
    unfit = {}
    for name, data in held.items():
        try:
            photos.stripped(data)
        except Unreadable as error:
            unfit[name] = error.code
    return unfit


def tried(session: Session, sent: Sent, *, by: Actor) -> Told:
    """Say what would become of a filled draft; nothing is kept."""
    try:
        form = forms.decode(sent.xml, sender=str(by.person_id))
        declared = queries.form_class(session, form.form_id, form.version or None, drafts=True)
        parts = forms.matched(form.named_files(), sent.parts)
        report = forms.report(form, declared.questions, parts.held)
    except Unreadable as error:
        return Told(400, _sentence(_problems(error.problems)))
    except NotFound:
        return Told(404, message("class_unknown", {"code": form.form_id}))
    asked = [Question.declared(item) for item in declared.questions]
    problems = answer_problems(asked, report.answers, len(report.attachments))
    said = _("Draft only: nothing was kept.")
    return Told(201, f"{said} {_sentence(problems)}" if problems else f"{said} " + _("It would be taken."))


def _problems(found: Iterable[FormatProblem]) -> list[Problem]:
    return [Problem(p.pointer, p.code, p.params) for p in found]


def _sentence(problems: Iterable[Problem]) -> str:
    """Return the problems as a text for a person, each once."""
    said = [f"{p.pointer.rpartition('/')[2]}: {message(p.code, p.params)}".lstrip(": ") for p in problems]
    return " ".join(dict.fromkeys(said))[:1500]


def _sha(data: bytes) -> str:
    return sha256(data).hexdigest()
