"""Changes to drafts: begin one, draw on it, undo, comment, submit it as a plan; each records one event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from gis import topology
from gis.errors import ShapeError, TopologyError
from webapp.areas import actions as areas
from webapp.areas.models import Plan
from webapp.areas.queries import plan_at
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.events import record
from webapp.drafts import becoming, faults, ledger, opened, queries, rules, telling
from webapp.drafts import sketch as sketches
from webapp.drafts.models import Draft, DraftComment, PlanOperation
from webapp.drafts.opened import Open
from webapp.drafts.sketch import Key, Sketch, Step


def start(
    session: Session,
    draft_id: UUID,
    *,
    name: str,
    from_plan: UUID | None = None,
    by: Actor,
) -> Draft:
    """Begin a draft upon a plan, or upon the one in force; twice with one id changes nothing.

    Raises Conflict 'no_plan', 'plan_not_exact' when the plan's grids leave gaps, 'already_known'.
    """
    known = session.get(Draft, draft_id)
    if known is not None:
        if known.made_by != by.person_id or known.dropped_at is not None:
            raise Conflict("already_known", held="?", sent=str(draft_id))
        return known
    plan = session.get(Plan, from_plan) if from_plan else plan_at(session, by.station_id, clock.now())
    if plan is None:
        raise Conflict("no_plan")
    made = Draft(
        id=draft_id,
        station_id=by.station_id,
        name=name,
        base_plan_id=plan.id,
        start_id=_start_of(session, plan, by),
        source={"plan": str(plan.id)},
        share=uuid4(),
        made_by=by.person_id,
    )
    session.add(made)
    session.flush()
    record(session, "drafts.started", kind="draft", subject=made.id, by=by, plan=str(plan.id))
    session.refresh(made)
    return made


def _start_of(session: Session, plan: Plan, by: Actor) -> UUID:
    """Return the start of drafts upon a plan; its border network is made once."""
    found = queries.start_of_plan(session, plan.id)
    if found is not None:
        return found
    grids, shapes = queries.plan_grids(session, plan.id)
    try:
        network = topology.network_of(shapes)
    except ShapeError as error:
        raise Conflict("plan_not_exact", reason=error.code) from error
    beats = queries.plan_beats(session, plan.id)
    body = sketches.packed(network, grids, beats)
    session.execute(_KEEP_START, {"id": uuid4(), "station": by.station_id, "plan": plan.id, "body": body})
    found = queries.start_of_plan(session, plan.id)
    if found is None:
        raise LookupError(plan.id)
    return found


_KEEP_START = text("""
    INSERT INTO app.draft_start (id, station_id, plan_id, body) VALUES (:id, :station, :plan, :body)
    ON CONFLICT (plan_id) DO NOTHING""")


@dataclass(frozen=True)
class Drawn:
    """What a request has done to a draft: before, after, and the parts that each new operation touched."""

    draft: Draft
    was: Open
    now: Open
    keys: Mapping[int, Sequence[Key]]
    reshaped: frozenset[str] = frozenset()


def draw(session: Session, draft_id: UUID, operations: Sequence[Mapping[str, Any]], *, by: Actor) -> Drawn:
    """Do operations to a draft, all or none; those that were done already (by id) are left out.

    Raises Conflict: 'draft_collision' where another planner has changed the same border or grid after
    `based_on` (with who, when and how it is now), 'draft_locked', 'draft_submitted'; Refused with the code
    of TopologyError for borders that would cross, tear and so on.
    """
    draft, was = _taken_up(session, draft_id)
    known = queries.known(session, [told["id"] for told in operations])
    if any(row.draft_id != draft.id for row in known.values()):
        raise Conflict("already_known", held="?", sent=str(draft.id))
    sketch, steps, collided = was.sketch, [], []
    for number, told in enumerate(operations):
        if told["id"] in known:
            continue
        step, in_the_way = _tried(session, draft, sketch, told, number, by)
        collided += in_the_way
        if step is not None:
            steps.append((told, step))
            sketch = step.sketch
    if collided:
        raise Conflict("draft_collision").with_members(collided=collided)
    last = queries.last_of(session, draft.id, by)
    stacks = _stacks(last)
    rows = []
    for told, step in steps:
        stacks = rules.done(stacks, step.sketch.head)
        rows.append(_row(draft, step, told["id"], str(told["kind"]), _body(told), stacks, by))
    return _kept(session, draft, was, [step for _told, step in steps], rows, by)


def _taken_up(session: Session, draft_id: UUID) -> tuple[Draft, Open]:
    """Return a draft to be drawn on, locked; raise Conflict 'draft_submitted' where a plan was made of it."""
    draft = queries.locked_draft(session, draft_id)
    if draft.plan_id is not None:
        raise Conflict("draft_submitted")
    return draft, opened.opened(session, draft)


def _tried(
    session: Session, draft: Draft, sketch: Sketch, told: Mapping[str, Any], number: int, by: Actor
) -> tuple[Step | None, list[dict[str, Any]]]:
    """Return the step of an operation, or what it collides with."""
    who = str(by.person_id) if by.person_id else None
    try:
        step = sketches.done(sketch, told, who)
    except TopologyError as error:
        named = [(kind, str(error.params[kind])) for kind in ("line", "node") if kind in error.params]
        named += [("grid", str(error.params["area"]))] if "area" in error.params else []
        hits = _collisions(session, draft, sketch, named, told, by)
        if hits:
            return None, hits
        raise telling.refusal(error, number) from error
    hits = _collisions(session, draft, sketch, sorted(step.claimed), told, by)
    return (None, hits) if hits else (step, [])


def _collisions(
    session: Session,
    draft: Draft,
    sketch: Sketch,
    keys: Sequence[Key],
    told: Mapping[str, Any],
    by: Actor,
) -> list[dict[str, Any]]:
    """Return those of some parts that another planner meant after the head that an operation knew."""
    newer = {key: sketch.revs.get(key, 0) for key in keys if sketch.revs.get(key, 0) > told["based_on"]}
    stored = {key: rev for key, rev in newer.items() if rev <= draft.head}
    makers = queries.makers(session, draft.id, stored.values()) if stored else {}
    return [
        telling.collision(sketch, key, told["id"], makers[rev])
        for key, rev in sorted(stored.items())
        if makers[rev].by_id != by.person_id
    ]


def _body(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in ("id", "based_on")}


def _stacks(last: PlanOperation | None) -> rules.Stacks:
    if last is None:
        return rules.Stacks()
    return rules.Stacks(last.undo_top, last.undo_below, last.redo_top, last.redo_below)


def _row(
    draft: Draft, step: Step, key: UUID, kind: str, body: dict[str, Any], stacks: rules.Stacks, by: Actor
) -> PlanOperation:
    return PlanOperation(
        draft_id=draft.id,
        seq=step.sketch.head,
        id=key,
        station_id=draft.station_id,
        kind=kind,
        body=body,
        inverse=step.inverse(),
        undo_top=stacks.undo_top,
        undo_below=stacks.undo_below,
        redo_top=stacks.redo_top,
        redo_below=stacks.redo_below,
        by_id=by.person_id,
    )


_KEEP_PARTS = text("""
    INSERT INTO app.draft_part (draft_id, kind, id, station_id, body, rev, meant)
    SELECT :draft, p.kind, p.id, :station, nullif(p.body, 'null'), p.rev, p.meant
    FROM jsonb_to_recordset(CAST(:parts AS jsonb)) AS p (kind text, id text, body jsonb, rev int, meant int)
    ON CONFLICT (draft_id, kind, id)
    DO UPDATE SET body = excluded.body, rev = excluded.rev, meant = excluded.meant""")


def _kept(
    session: Session, draft: Draft, was: Open, steps: Sequence[Step], rows: Sequence[PlanOperation], by: Actor
) -> Drawn:
    """Write steps down: rows of the log, parts as they are now, the draft's head; count what they changed."""
    if not steps:
        return Drawn(draft, was, was, {})
    sketch = steps[-1].sketch
    revs = {key: step.sketch.head for step in steps for key in step.after}
    parts = [
        {"kind": key[0], "id": key[1], "body": sketch.body(key), "rev": rev, "meant": sketch.revs.get(key, 0)}
        for key, rev in revs.items()
    ]
    session.add_all(rows)
    session.execute(
        _KEEP_PARTS,
        {"draft": draft.id, "station": draft.station_id, "parts": orjson.dumps(parts).decode()},
    )
    draft.head, draft.mark, draft.changed_at = sketch.head, rows[-1].id, clock.now()
    session.flush()
    touched = {key[1] for step in steps for key in step.after if key[0] == "grid"}
    touched |= {key for step in steps for key in step.reshaped}
    book = ledger.after(
        was.ledger, was.sketch, sketch, touched, lambda shapes: queries.counts(session, shapes)
    )
    now = opened.kept(draft.id, Open(sketch, book, draft.mark, was.counted))
    record(
        session, "drafts.drawn", kind="draft", subject=draft.id, by=by, head=sketch.head, operations=len(rows)
    )
    keys: dict[int, list[Key]] = {step.sketch.head: [] for step in steps}
    for key, rev in revs.items():
        keys[rev].append(key)
    return Drawn(draft, was, now, keys, frozenset(touched))


def undo(session: Session, draft_id: UUID, operation_id: UUID, *, by: Actor) -> Drawn:
    """Take back the planner's own last operation; raises Conflict 'nothing_to_undo', 'draft_collision'.

    What another planner drew on the same border since is in the way.
    """
    return _back(session, draft_id, operation_id, rules.UNDO, by)


def redo(session: Session, draft_id: UUID, operation_id: UUID, *, by: Actor) -> Drawn:
    """Do again what the planner has undone last; raises Conflict 'nothing_to_redo', 'draft_collision'."""
    return _back(session, draft_id, operation_id, rules.REDO, by)


def _back(session: Session, draft_id: UUID, operation_id: UUID, way: str, by: Actor) -> Drawn:
    draft, was = _taken_up(session, draft_id)
    if operation_id in queries.known(session, [operation_id]):
        return Drawn(draft, was, was, {})
    stacks = _stacks(queries.last_of(session, draft.id, by))
    top = stacks.undo_top if way == rules.UNDO else stacks.redo_top
    if top is None:
        raise Conflict(f"nothing_to_{way}")
    target = queries.operation(session, draft.id, top)
    try:
        step, in_the_way = sketches.turned_back(was.sketch, target.inverse)
    except TopologyError as error:
        raise telling.refusal(error, 0) from error
    if step is None:
        raise _in_the_way(session, draft, was.sketch, in_the_way, operation_id)
    seq = step.sketch.head
    if way == rules.UNDO:
        stacks = rules.undone(stacks, seq, target.undo_below)
    else:
        stacks = rules.redone(stacks, seq, target.redo_below)
    row = _row(draft, step, operation_id, way, {"of": target.seq}, stacks, by)
    return _kept(session, draft, was, [step], [row], by)


def _in_the_way(
    session: Session, draft: Draft, sketch: Sketch, keys: Sequence[Key], operation_id: UUID
) -> Conflict:
    revs = {key: sketch.revs.get(key, 0) for key in keys}
    makers = queries.makers(session, draft.id, revs.values())
    told = [
        telling.collision(sketch, key, operation_id, makers[rev])
        for key, rev in revs.items()
        if rev in makers
    ]
    refused = Conflict("draft_collision")
    refused.with_members(collided=told)
    return refused


def comment(
    session: Session,
    draft_id: UUID,
    comment_id: UUID,
    *,
    words: str,
    point: tuple[float, float] | None,
    by: Actor,
) -> DraftComment:
    """Say something about a draft, at a place (WGS 84) or as a whole; twice with one id changes nothing."""
    known = session.get(DraftComment, comment_id)
    if known is not None:
        if (known.draft_id, known.by_id) != (draft_id, by.person_id):
            raise Conflict("already_known", held="?", sent=str(comment_id))
        return known
    if len(queries.comments(session, draft_id)) >= rules.MOST_COMMENTS:
        raise Conflict("comments_full", limit=rules.MOST_COMMENTS)
    lon, lat = point or (None, None)
    made = DraftComment(
        id=comment_id, draft_id=draft_id, station_id=by.station_id, by_id=by.person_id, text=words,
        lon=lon, lat=lat,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.refresh(made)
    record(session, "drafts.commented", kind="draft", subject=draft_id, by=by, comment=str(comment_id))
    return made


def rename(session: Session, draft_id: UUID, *, name: str, by: Actor) -> Draft:
    """Give a draft another name."""
    draft = queries.locked_draft(session, draft_id)
    draft.name, draft.changed_at = name, clock.now()
    record(session, "drafts.renamed", kind="draft", subject=draft.id, by=by)
    return draft


def drop(session: Session, draft_id: UUID, *, by: Actor) -> Draft:
    """Put a draft away: it is kept, with its log, and shown no more. Raises Conflict 'draft_submitted'."""
    draft = queries.locked_draft(session, draft_id)
    if draft.plan_id is not None:
        raise Conflict("draft_submitted")
    draft.dropped_at = clock.now()
    record(session, "drafts.dropped", kind="draft", subject=draft.id, by=by)
    return draft


def submit(session: Session, draft_id: UUID, *, valid_from: datetime | None = None, by: Actor) -> Draft:
    """Make a plan of a draft and hand it to a second person; the draft stands still until it is withdrawn.

    New grids get their codes here. Raises Refused 'draft_faults' with every fault that is in the way,
    Conflict 'draft_submitted'.
    """
    draft, found = _taken_up(session, draft_id)
    told = faults.of_draft(session, draft, found, by)
    problems = [Problem("", f"fault_{item.kind}", item.params()) for item in told if item.blocks]
    if problems:
        raise Refused("draft_faults", count=len(problems), problems=problems[:200])
    taken, named = queries.codes(session, by.station_id), queries.communities(session, by.station_id)
    records = becoming.records(found.sketch, taken, named)
    plan = areas.import_plan(
        session, uuid4(), records, name=draft.name, by=by, owners=becoming.owners(found.sketch, records),
        base_plan_id=draft.base_plan_id, source=becoming.source(found, draft.id),
    )  # fmt: skip
    areas.submit(session, plan, valid_from=valid_from, by=by)
    draft.plan_id, draft.changed_at = plan.id, clock.now()
    record(session, "drafts.submitted", kind="draft", subject=draft.id, by=by, plan=str(plan.id))
    return draft


def take_back(session: Session, draft_id: UUID, *, by: Actor) -> Draft:
    """Withdraw the plan that was made of a draft, before its date; the draft may be drawn on again."""
    draft = queries.locked_draft(session, draft_id)
    areas.withdraw(session, queries.plan_of(session, draft), by=by)
    draft.plan_id, draft.changed_at = None, clock.now()
    record(session, "drafts.taken_back", kind="draft", subject=draft.id, by=by)
    return draft
