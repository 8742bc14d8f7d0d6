"""Reads about cases: one, many, by number, by place; always under the asker's own rights."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from gis.coords import metres_per_degree
from webapp.areas.models import Grid, PoliceGrid
from webapp.areas.queries import Candidate, candidate
from webapp.areas.rules import MARGIN_M
from webapp.cases.models import Attachment, Case, CaseNote, HazardClass
from webapp.cases.rules import (
    GROUPS,
    HAZARD_KINDS,
    LEAD,
    OVER_STATES,
    SAME_THING_M,
    walled,
)
from webapp.core import clock
from webapp.core.db import at_once, table_of, within_bbox
from webapp.core.errors import BadRequest, Conflict, NotFound

_CLASS = table_of(HazardClass)
_ASKED = [_CLASS.c[name] for name in ("code", "version", "questions", "restricted", "limit_h", "kind")]
PAGE = 50
MOST = 500


@dataclass(frozen=True)
class Filter:
    """What a list of cases is asked for."""

    state: str | None = None
    class_code: str | None = None
    police_grid_id: UUID | None = None
    box: tuple[float, float, float, float] | None = None
    text: str | None = None
    mine: UUID | None = None
    overdue: bool = False
    priority: int = 0
    sort: str = "newest"
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class SentFile:
    """A file that is here: its size in bytes, what it is kept as, and whether another report awaits it."""

    size: int
    sha256: str
    awaited: bool


def hazard_classes(session: Session, kinds: Iterable[str] = HAZARD_KINDS) -> list[HazardClass]:
    """Return the classes in use of some kinds, in the order of the buttons."""
    wanted = HazardClass.in_use & HazardClass.kind.in_(list(kinds))
    return list(session.scalars(select(HazardClass).where(wanted).order_by(HazardClass.position)))


def hazard_class(session: Session, code: str, version: int | None = None) -> Any:
    """Return a class's row: the version named (old phones keep theirs), else the one in use; or None."""
    wanted = _CLASS.c.version == version if version is not None else _CLASS.c.in_use
    published = _CLASS.c.draft.is_(False)
    return session.execute(select(*_ASKED).where(_CLASS.c.code == code, wanted, published)).one_or_none()


def _sent_files(condition: Any) -> Any:
    """The checksums of a report's files, as the phone named them."""
    return (
        select(func.coalesce(func.array_agg(Attachment.sent_sha256), cast([], ARRAY(String))))
        .where(Attachment.case_id == Case.id, Attachment.purpose == "found", condition)
        .scalar_subquery()
    )


_NEIGHBOUR = aliased(Grid)
_KNOWN = (
    select(
        Case.id,
        Case.station_id,
        Case.number,
        Case.reported_at,
        Grid.name.label("grid"),
        PoliceGrid.name.label("police_grid"),
        _NEIGHBOUR.name.label("neighbour"),
        Case.grid_id,
        _sent_files(~Attachment.awaited).label("held"),
        _sent_files(Attachment.awaited).label("previews"),
    )
    .join(Grid, Grid.id == Case.grid_id)
    .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
    .outerjoin(_NEIGHBOUR, _NEIGHBOUR.id == Case.neighbour_grid_id)
)


@dataclass(frozen=True)
class Met:
    """What a report meets: the hash of what it said when it is known, else its class and the grids near."""

    known: bytes | None
    declared: Declared | None
    near: tuple[Candidate, ...]


@dataclass(frozen=True)
class Declared:
    """What a hazard class asks and says."""

    code: str
    version: int
    questions: list[Any]
    restricted: bool
    limit_h: int
    kind: str
    # The row of limit_rule that counts for a report now, and the newest version of the station's calendar.
    limit: dict[str, Any] | None = None
    calendar: int = 0


_MET = text("""SELECT CAST(app.before_report(
    :ctx, :report, :code, :version, :at, :lon, :lat, :kx, :ky, :radius, :margin) AS text)""")


def met(
    session: Session,
    report: UUID,
    code: str,
    version: int | None,
    at: datetime,
    place: tuple[float, float] | None,
    radius_m: float,
) -> Met:
    """Return what a report meets, in one statement; `place` (lon, lat in WGS 84) is None when it has none."""
    lon, lat = place or (None, None)
    kx, ky = metres_per_degree(lat or 0.0)
    values = {"report": report, "code": code, "version": version, "at": at, "lon": lon, "lat": lat}
    scale = {"kx": kx, "ky": ky, "radius": max(radius_m, 1.0), "margin": MARGIN_M}
    found = orjson.loads(at_once(session, _MET, **values, **scale))
    if "known" in found:
        return Met(bytes.fromhex(found["known"]), None, ())
    declared = Declared(**found["class"]) if found["class"] else None
    return Met(None, declared, tuple(candidate(row) for row in found["near"]))


def known_report(session: Session, case_id: UUID) -> Any:
    """Return what the receipt of a known report says, with the files held."""
    found = session.execute(_KNOWN.where(Case.id == case_id)).one_or_none()
    if found is None:
        # A restricted lead that is behind its wall again: it is here, and not to be read without a purpose.
        raise Conflict("already_known", held="?", sent=str(case_id))
    return found


def case(session: Session, case_id: UUID) -> Case:
    """Return one case; raise NotFound when absent or not for the asker."""
    return _the_one(session, Case.id == case_id)


def looked_at(session: Session, found: Case, what: str) -> Case:
    """Note in the log of reads that a restricted lead is looked at (page, api, photo); return the case."""
    if walled(found.restricted, found.kind):
        session.execute(_NOTE_READ, {"id": found.id, "what": what})
    return found


_NOTE_READ = text("SELECT app.note_lead_read(:id, :what)")


def case_by_number(session: Session, number: str) -> Case:
    """Return the case with a number; raise NotFound when absent or not for the asker."""
    return _the_one(session, Case.number == number.strip().upper())


def _the_one(session: Session, condition: Any) -> Case:
    found: Case | None = session.scalar(_single().where(condition))
    if found is None:
        raise NotFound()
    return with_leads(session, [found])[0]


def cases(session: Session, wanted: Filter, limit: int = PAGE, cursor: str | None = None) -> list[Case]:
    """Return one page of cases in the order wanted; the cursor is that of the page before."""
    column, down = _SORTS[wanted.sort]
    key = (column, Case.id)
    # Restricted leads stand among the asker's own reports only.
    whole = _whole() if wanted.mine else _whole().where(shareable())
    query = filtered(whole, wanted).order_by(*(each.desc() if down else each for each in key))
    if cursor:
        last = tuple_(*(literal(value) for value in _opened(cursor)))
        query = query.where(tuple_(*key) < last if down else tuple_(*key) > last)
    if wanted.sort == "due":
        query = query.where(Case.due_at.is_not(None))
    return with_leads(session, list(session.scalars(query.limit(min(limit, MOST)))))


# By which column, and whether the greatest comes first. What has no limit is in no list by limit.
_SORTS = {"newest": (Case.found_at, True), "oldest": (Case.found_at, False), "due": (Case.due_at, False)}


def cursor_after(page: list[Case], limit: int, sort: str = "newest") -> str | None:
    """Return the cursor of the next page, None at the end."""
    if len(page) < min(limit, MOST):
        return None
    last = page[-1]
    at = last.due_at if sort == "due" else last.found_at
    return base64.urlsafe_b64encode(orjson.dumps([at.isoformat() if at else "", str(last.id)])).decode()


def _opened(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, last = orjson.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(at), UUID(str(last))
    except (ValueError, TypeError) as error:
        raise BadRequest() from error


def shareable() -> ColumnElement[bool]:
    """Return the condition of what may stand on maps, in lists, files and figures: no restricted lead.

    The wall of the database hides those already, until a purpose is given; a purpose is for one thing, not
    for the lists that it would appear in meanwhile.
    """
    return or_(~Case.restricted, Case.kind != LEAD)


def exported(session: Session, wanted: Filter) -> list[Case]:
    """Return cases for a table that leaves the house: nothing restricted, a limited number."""
    column, down = _SORTS[wanted.sort]
    query = filtered(_whole(), wanted).where(~Case.restricted).order_by(column.desc() if down else column)
    return list(session.scalars(query.limit(MOST_EXPORTED)))


MOST_EXPORTED = 20_000


def filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    """Return a select of cases cut down to what is wanted."""
    query = _in_states(query, wanted)
    if wanted.box:
        query = query.where(within_bbox(Case.geom, wanted.box))
    if wanted.since:
        query = query.where(Case.found_at >= wanted.since)
    if wanted.until:
        query = query.where(Case.found_at < wanted.until)
    if wanted.priority:
        query = query.where(Case.priority >= wanted.priority)
    if wanted.text:
        query = query.where(_said(wanted.text.strip()))
    same = (
        (Case.class_code, wanted.class_code),
        (Case.police_grid_id, wanted.police_grid_id),
        (Case.reporter_id, wanted.mine),
    )
    return query.where(*(column == value for column, value in same if value))


def _in_states(query: Select[Any], wanted: Filter) -> Select[Any]:
    """Cut down to a state or a group of them; word for word as the partial indexes have what is open."""
    if wanted.state == "open" or wanted.overdue:
        query = query.where(Case.state.not_in([str(state) for state in OVER_STATES]))
    if wanted.overdue:
        query = query.where(Case.due_at < clock.now(), Case.paused_at.is_(None))
    if wanted.state in GROUPS:
        query = query.where(Case.state.in_([str(state) for state in GROUPS[wanted.state]]))
    elif wanted.state:
        query = query.where(Case.state == wanted.state)
    return query


def _said(words: str) -> ColumnElement[bool]:
    """A whole number is found by its index; else part of a number, an address or what was said."""
    if re.fullmatch(r"[A-Z0-9]+-\d{4}-\d{6,9}", words.upper()):
        return Case.number == words.upper()
    said = (column.icontains(words, autoescape=True) for column in (Case.address, Case.note))
    return or_(Case.number.contains(words.upper(), autoescape=True), *said)


def _whole() -> Select[Any]:
    """The select of cases with everything that a reply names, in few statements."""
    return select(Case).options(
        joinedload(Case.grid),
        joinedload(Case.neighbour),
        joinedload(Case.police_grid),
        joinedload(Case.hazard_class),
        selectinload(Case.attachments),
    )


def _single() -> Select[Any]:
    """The select of one case, with what only its own page tells: who handles it, and what was added."""
    notes = selectinload(Case.notes).joinedload(CaseNote.person)
    return _whole().options(joinedload(Case.handler), notes)


_OPEN_NEAR = text("SELECT * FROM app.open_cases_near(:class, :lon, :lat, :kx, :ky, :radius)")
_MY_VOICES = text("SELECT * FROM app.my_voices()")


def open_near(session: Session, class_code: str, lon: float, lat: float) -> list[dict[str, Any]]:
    """Return open hazards of a class within 50 m of a WGS 84 point, nearest first, five at most.

    They may be somebody else's: each tells only what shows whether it is the same thing.
    """
    kx, ky = metres_per_degree(lat)
    values = {"class": class_code, "lon": lon, "lat": lat, "kx": kx, "ky": ky, "radius": SAME_THING_M}
    return _titled(session, session.execute(_OPEN_NEAR, values))


def my_voices(session: Session) -> list[dict[str, Any]]:
    """Return how far the cases have come that the asker added a voice to, the newest voice first."""
    return _titled(session, session.execute(_MY_VOICES))


def _titled(session: Session, rows: Any) -> list[dict[str, Any]]:
    titles = {(row.code, row.version): row.title for row in session.execute(_TITLES)}
    return [{**row._asdict(), "class_title": titles[row.class_code, row.class_version]} for row in rows]


_TITLES = select(HazardClass.code, HazardClass.version, HazardClass.title)


def lead_states(session: Session, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """Return how far the leading cases of merged ones have come, by merged case, where the asker may know."""
    rows = session.execute(_LEADS, {"ids": [str(item) for item in ids]})
    return {row.case_id: row for row in rows}


_LEADS = text("SELECT * FROM app.lead_states(CAST(:ids AS uuid[]))")


def with_leads(session: Session, found: list[Case]) -> list[Case]:
    """Return some cases, the merged ones with how far their leading ones have come (`lead`)."""
    merged = [item.id for item in found if item.duplicate_of is not None]
    leads = lead_states(session, merged) if merged else {}
    for item in found:
        vars(item)["lead"] = leads.get(item.id)
    return found


def attachment(session: Session, attachment_id: int) -> Attachment:
    """Return one attachment; raise NotFound when absent or not for the asker."""
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise NotFound()
    return found


def sent_file(session: Session, person_id: UUID, sha: str) -> SentFile | None:
    """Return size and kept checksum of a file of a person's own reports, and whether one of them awaits it.

    `sha` is the checksum that the phone gave. None when none of the person's reports has it.
    """
    mine = select(Attachment.size, Attachment.sha256, Attachment.awaited)
    mine = mine.join(Case, Case.id == Attachment.case_id)
    mine = mine.where(Attachment.sent_sha256 == sha, Case.reporter_id == person_id)
    rows = session.execute(mine).all()
    here = next((row for row in rows if not row.awaited), None)
    return None if here is None else SentFile(here.size, here.sha256, any(row.awaited for row in rows))
