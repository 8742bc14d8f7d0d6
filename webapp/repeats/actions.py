"""Changes to repeats: link, raise, offer, merge, tell apart, set terms; each records one event."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from webapp.cases import actions as cases
from webapp.cases.models import Case
from webapp.cases.rules import STEPS
from webapp.cases.steps import Given
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import table_of
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.repeats import queries, rules, weekly
from webapp.repeats.models import (
    CaseLink,
    CaseMark,
    CaseParty,
    Directive,
    DirectiveList,
    RepeatTerms,
    WeeklyList,
)
from webapp.repeats.rules import Pair, Seen

_LINK = table_of(CaseLink)
_MARK = table_of(CaseMark)
_ADD_LINKS = upsert(_LINK).on_conflict_do_nothing().returning(_LINK.c.kind)
_ADD_MARKS = upsert(_MARK).on_conflict_do_nothing().returning(_MARK.c.mark)


def link(session: Session, case_id: UUID, look: queries.Look, *, by: Actor) -> int:
    """Link a case with those that it repeats, offer what may be the very same thing, raise the newest open.

    `look` may be one at several cases. Returns how many links are new; the same again changes nothing.
    """
    it = _placed(session, case_id, look, by)
    if it is None:
        return 0
    others = queries.resembling(session, it, look)
    repeats = {other.id: pair for other in others if (pair := rules.repeat(it, other, look.terms))}
    chosen = rules.chosen(repeats, queries.links_between(session, it, repeats, look))
    near = {other.id: pair for other in others if (pair := rules.near(it, other, look.terms))}
    offered = sorted(near, key=lambda other: (near[other].metres, near[other].hours, other))
    rows = [_row("repeat", it, other, repeats[other], by) for other in chosen]
    rows += [_row("near", it, other, near[other], by) for other in offered[: rules.MOST_OFFERS]]
    made = Counter(session.scalars(_ADD_LINKS, rows) if rows else ())
    if made["near"]:
        record(
            session,
            "repeats.offered",
            kind="case",
            subject=it.id,
            grid=it.grid_id,
            by=by,
            offers=made["near"],
        )
    if made["repeat"]:
        why = sorted({reason for other in chosen for reason in repeats[other].why})
        record(
            session, "repeats.linked", kind="case", subject=it.id, grid=it.grid_id, by=by,
            links=made["repeat"], why=why,
        )  # fmt: skip
        raise_group(session, it.id, why, terms=look.terms, by=by)
    return made["repeat"]


def _placed(session: Session, case_id: UUID, look: queries.Look, by: Actor) -> Seen | None:
    """Return a case as it is judged, after marking the registered place that it lies at."""
    it, place = look.cases.get(case_id), look.places.get(case_id)
    if it is None or place is None:
        return it
    own = {"case_id": case_id, "station_id": by.station_id, "by_id": by.person_id}
    session.execute(_ADD_MARKS, [{**own, "kind": "place", "mark": str(place)}])
    return replace(it, places=frozenset({str(place)}))


def _row(kind: str, it: Seen, other: UUID, pair: Pair, by: Actor) -> dict[str, Any]:
    """Return the row of a link between a case and another."""
    low, high = sorted((it.id, other))
    return {
        "id": rules.link_id(kind, low, high),
        "station_id": by.station_id,
        "kind": kind,
        "case_id": low,
        "other_id": high,
        "why": list(pair.why),
        "distance_m": pair.metres,
        "hours": round(pair.hours, 2),
        "by_id": by.person_id,
    }


def raise_group(
    session: Session, case_id: UUID, why: Sequence[str], *, terms: rules.Book | None = None, by: Actor
) -> Case | None:
    """Raise the priority of the newest open case of a case's group by its count; None when nothing rises."""
    ids = queries.reached(session, [case_id])
    newest = queries.newest_open(session, ids)
    if newest is None:
        return None
    book = terms or queries.book(session)
    wanted = rules.priority_for(len(ids), book.at(newest.class_code, newest.reported_at))
    if newest.priority >= wanted:
        return None
    newest.priority = wanted
    session.flush()
    record(
        session, "repeats.priority_raised", kind="case", subject=newest.id, grid=newest.grid_id, by=by,
        priority=wanted, count=len(ids), why=list(why),
    )  # fmt: skip
    return newest


def name_party(
    session: Session,
    case: Case,
    said: str,
    key: bytes,
    *,
    name: str = "",
    part: str = "party",
    party_id: UUID | None = None,
    by: Actor,
) -> CaseParty:
    """Name a party to a case by a number, a name, or both; the same again changes nothing.

    Of what identifies it (`said`) only a hash with the service's key is kept, bound to the station, and its
    half-hidden form. Raises Refused for an identifier that says nothing, or for neither number nor name.
    """
    plain, name = rules.party_text(said), name.strip()
    if said.strip() and len(plain) < rules.SHORTEST_PARTY:
        raise Refused(problems=[Problem("/party", "too_short", {"limit": rules.SHORTEST_PARTY})])
    if not plain and not name:
        raise Refused(problems=[Problem("/name", "party_needed")])
    mark = hmac.new(key, f"{by.station_id}/{plain}".encode(), sha256).hexdigest() if plain else None
    own = {"case_id": case.id, "station_id": by.station_id, "by_id": by.person_id}
    marked = mark and session.scalars(_ADD_MARKS, [{**own, "kind": "party", "mark": mark}]).all()
    wanted = party_id or uuid5(case.id, f"party/{part}/{mark}/{name}")
    row = {**own, "id": wanted, "part": part, "name": name, "number": rules.shown_number(said), "mark": mark}
    added = session.scalars(_ADD_PARTY, [row]).all()
    if marked or added:
        record(session, "repeats.party_named", kind="case", subject=case.id, grid=case.grid_id, by=by)
    return queries.party(session, case.id, wanted)


_ADD_PARTY = upsert(table_of(CaseParty)).on_conflict_do_nothing().returning(table_of(CaseParty).c.id)


def strike_party(session: Session, case: Case, party: CaseParty, *, by: Actor) -> None:
    """Take a party that was named by mistake away, with its mark: later cases are not linked by it."""
    mark = party.mark
    session.delete(party)
    session.flush()
    if mark is not None and not queries.has_mark(session, case.id, mark):
        own = (CaseMark.case_id == case.id) & (CaseMark.kind == "party") & (CaseMark.mark == mark)
        session.execute(delete(CaseMark).where(own))
    record(session, "repeats.party_removed", kind="case", subject=case.id, grid=case.grid_id, by=by)


def tell_apart(session: Session, offer: CaseLink, *, by: Actor) -> CaseLink:
    """Say that two cases that were offered as one are two; it is not offered again. Twice changes nothing."""
    if offer.answer == "not_same":
        return offer
    if offer.answer is not None:
        raise Conflict("conflict")
    _answer(session, [offer.id], "not_same", by)
    for case_id, other in ((offer.case_id, offer.other_id), (offer.other_id, offer.case_id)):
        grid = session.scalar(select(Case.grid_id).where(Case.id == case_id))
        record(
            session, "repeats.distinguished", kind="case", subject=case_id, grid=grid, by=by, other=str(other)
        )
    session.refresh(offer)
    return offer


def _answer(session: Session, offers: Iterable[UUID], answer: str, by: Actor) -> None:
    said = {"answer": answer, "answered_by": by.person_id, "answered_at": clock.now()}
    session.execute(
        update(CaseLink).where(CaseLink.id.in_(list(offers)), CaseLink.kind == "near").values(**said)
    )


def merge(
    session: Session, blobs: BlobStore, lead: str, numbers: Sequence[str], *, note: str = "", by: Actor
) -> list[Case]:
    """Merge cases into a leading one, all or none, each by its own step; those that they led follow.

    Cases and lead are named by number. Raises Refused with what is wrong with each of them.
    """
    starts = STEPS["mark_duplicate"].starts
    first = queries.side(session, lead, starts)
    if first.duplicate_of is not None:
        first = queries.side(session, queries.number_of(session, first.duplicate_of), starts)
    sides = [queries.side(session, number, starts) for number in dict.fromkeys(numbers)]
    problems = rules.merge_problems(sides, first)
    if problems:
        raise Refused(problems=problems)
    done = []
    # The leading one is locked first, then the others in one order: two officers wait instead of clashing.
    led = cases.locked_case(session, first.id)
    for item in sorted(sides, key=lambda each: each.id):
        case = cases.locked_case(session, item.id)
        given = Given(of=first.number, note=note)
        done.append(cases.take_step(session, blobs, case, "mark_duplicate", given, by=by))
    pairs = [sorted((first.id, item.id)) for item in sides]
    _answer(session, [rules.link_id("near", low, high) for low, high in pairs], "merged", by)
    record(session, "repeats.merged", kind="case", subject=led.id, grid=led.grid_id, by=by, cases=len(done))
    return done


def note_merging(session: Session, case: Case, *, by: Actor) -> int:
    """Keep the links of a merging as the cases say it: of this one, and of those that it has handed over.

    A case whose leading one was merged itself is told of the new one by an event. Returns how many links
    changed; the same again changes nothing.
    """
    changed = _keep_link(session, case, by)
    live = (CaseLink.kind == "merged") & CaseLink.ended_at.is_(None)
    moved = select(Case).join(CaseLink, (CaseLink.case_id == Case.id) & live)
    moved = moved.where(CaseLink.other_id == case.id, Case.duplicate_of != case.id)
    for led in session.scalars(moved.order_by(Case.id)).unique().all():
        changed += _keep_link(session, led, by)
        to = str(led.duplicate_of)
        record(session, "repeats.lead_changed", kind="case", subject=led.id, grid=led.grid_id, by=by, lead=to)
    return changed


def _keep_link(session: Session, case: Case, by: Actor) -> int:
    """End the links of a case to others than its present lead, have one to that; return how many changed."""
    live = (CaseLink.kind == "merged") & (CaseLink.case_id == case.id) & CaseLink.ended_at.is_(None)
    old = session.scalars(
        select(CaseLink).where(live, CaseLink.other_id.is_distinct_from(case.duplicate_of))
    ).all()
    for item in old:
        item.ended_at = clock.now()
        low, high = sorted((item.case_id, item.other_id))
        # Taken apart by a person: it is not offered again.
        _answer(
            session, [rules.link_id("near", low, high)] if case.duplicate_of is None else [], "not_same", by
        )
    session.flush()
    if case.duplicate_of is None:
        return len(old)
    row = {
        "id": rules.link_id("merged", case.id, case.duplicate_of),
        "station_id": by.station_id,
        "kind": "merged",
        "case_id": case.id,
        "other_id": case.duplicate_of,
    }
    again = upsert(_LINK).values(**row)
    again = again.on_conflict_do_update(
        index_elements=[_LINK.c.id],
        set_={"ended_at": None, "made_at": func.now()},
        where=_LINK.c.ended_at.is_not(None),
    )
    return len(old) + len(session.scalars(again.returning(_LINK.c.id)).all())


def tell_merged(session: Session, lead: Case, state: str, *, by: Actor) -> int:
    """Record, with each case merged into a leading one, how far that one has come; return how many."""
    led = session.execute(
        select(Case.id, Case.grid_id).where(Case.duplicate_of == lead.id).order_by(Case.id)
    ).all()
    for row in led:
        record(
            session, "repeats.lead_moved", kind="case", subject=row.id, grid=row.grid_id, by=by,
            lead=lead.number, state=state,
        )  # fmt: skip
    return len(led)


def set_terms(session: Session, said: Mapping[str, Any], *, by: Actor) -> RepeatTerms:
    """Set when two cases of a class ('' for all) are one matter, from now on; the versions before stay."""
    mine = (RepeatTerms.station_id == by.station_id) & (RepeatTerms.class_code == said["class_code"])
    last = session.scalar(select(func.coalesce(func.max(RepeatTerms.version), 0)).where(mine)) or 0
    made = RepeatTerms(
        **said,
        id=uuid4(),
        station_id=by.station_id,
        version=last + 1,
        by_id=by.person_id,
        valid_from=clock.now(),
    )
    session.add(made)
    session.flush()
    record(
        session, "repeats.terms_set", kind="terms", subject=made.id, by=by,
        class_code=made.class_code, version=made.version,
    )  # fmt: skip
    session.refresh(made)
    return made


def keep_directives(
    session: Session, list_id: UUID, name: str, digest: str, rows: Sequence[Mapping[str, Any]], *, by: Actor
) -> DirectiveList:
    """Keep a list of directives with all its rows; the same id again gives the same list.

    Raises Conflict 'already_known' when the id stands for another file.
    """
    known = session.get(DirectiveList, list_id)
    if known is not None:
        if known.sha256 != digest:
            raise Conflict("already_known", held=known.sha256, sent=digest)
        return known
    faulty = sum(bool(row["problems"]) for row in rows)
    made = DirectiveList(
        id=list_id, station_id=by.station_id, name=name[:200], sha256=digest, by_id=by.person_id,
        counts={"rows": len(rows), "faulty": faulty},
    )  # fmt: skip
    session.add(made)
    session.flush()
    own = {"list_id": list_id, "station_id": by.station_id}
    session.execute(insert(table_of(Directive)), [{**own, **row} for row in rows])
    record(
        session, "repeats.directives_kept", kind="directives", subject=list_id, by=by,
        rows=len(rows), faulty=faulty,
    )  # fmt: skip
    session.refresh(made)
    return made


def end_directives(session: Session, kept: DirectiveList, *, by: Actor) -> DirectiveList:
    """Take a list of directives out of use; what was recorded with it stays. Twice changes nothing."""
    if kept.ended_at is None:
        kept.ended_at = clock.now()
        record(session, "repeats.directives_ended", kind="directives", subject=kept.id, by=by)
    return kept


def record_week(session: Session, monday: date, rows: Mapping[UUID, Mapping[str, Any]], *, by: Actor) -> int:
    """Record a week's list, a row for each police grid; once: again changes nothing. Return the rows."""
    table = table_of(WeeklyList)
    own = {"station_id": by.station_id, "monday_on": monday}
    values = [{**own, "police_grid_id": police_grid, **row} for police_grid, row in rows.items()]
    adding = upsert(table).on_conflict_do_nothing().returning(table.c.police_grid_id)
    made = len(session.scalars(adding, values).all()) if values else 0
    if made:
        repeats = sum(row["repeats"] for row in rows.values())
        subject = weekly.week_id(by.station_id, monday)
        record(
            session, "repeats.week_recorded", kind="week", subject=subject, by=by,
            week=weekly.week_name(monday), police_grids=made, repeats=repeats,
        )  # fmt: skip
    return made
