"""Doors for the boundary editor: drafts, operations, undo and redo, figures, checks, comments, submission."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from webapp.areas import actions as areas
from webapp.areas.models import Plan
from webapp.areas.rules import PLANNERS, PlanState, publish_problem
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.drafts import actions, faults, opened, queries, telling
from webapp.drafts.models import Draft
from webapp.drafts.schemas import (
    AfterQuery,
    AppliedOut,
    BackIn,
    CommentIn,
    CommentOut,
    DraftFaultOut,
    DraftFiguresOut,
    DraftIn,
    DraftOut,
    DraftWholeOut,
    NameIn,
    OperationsIn,
    WhenIn,
)
from webapp.people.queries import names, station
from webapp.people.rules import households_range, plan_approval

blp = ApiBlueprint("drafts", __name__, url_prefix="/api/v1", description="Drafts of plans")


@blp.route("/drafts")
@door(*PLANNERS)
@blp.response(200, DraftOut(many=True))
def drafts(session: Session, by: Actor) -> list[dict[str, Any]]:
    """The station's drafts, the one changed last first."""
    return [
        {
            "id": row.id,
            "name": row.name,
            "state": row.plan_state or "draft",
            "head": row.head,
            "base_plan": {"id": row.base_id, "number": row.base_number} if row.base_id else None,
            "updated_at": row.changed_at,
            "by": {"id": row.made_by, "name": row.made_by_name},
        }
        for row in queries.drafts(session)
    ]


@blp.route("/drafts", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(DraftIn)
@blp.response(201, DraftWholeOut)
def begin(body: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Begin a draft upon a plan (nothing named: the one in force)."""
    made = actions.start(session, body["id"], name=body["name"], from_plan=body["from_plan"], by=by)
    return _whole(session, made, by)


@blp.route("/drafts/<uuid:draft_id>")
@door(*PLANNERS)
@blp.response(200, DraftWholeOut)
def draft(draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """A draft with its network, grids, police grids and locks, and what I may do with it."""
    return _whole(session, queries.draft(session, draft_id), by)


def _whole(session: Session, found: Draft, by: Actor) -> dict[str, Any]:
    sketch = opened.opened(session, found).sketch
    base = session.get(Plan, found.base_plan_id) if found.base_plan_id else None
    plan = session.get(Plan, found.plan_id) if found.plan_id else None
    made_by = names(session, {found.made_by} if found.made_by else set())
    return {
        "id": found.id,
        "name": found.name,
        "state": plan.state if plan else "draft",
        "head": found.head,
        "base_plan": base,
        "plan": plan,
        "valid_from": (plan.valid_from or plan.wish_from) if plan else None,
        "updated_at": found.changed_at,
        "by": {"id": found.made_by, "name": made_by.get(found.made_by) if found.made_by else None},
        "network": telling.network(sketch),
        "grids": telling.grids(sketch),
        "police_grids": telling.police_grids(sketch),
        "locks": telling.locks(sketch),
        "limits": {"households": list(_range(session, by))},
        "can": _can(plan, by, plan_approval(station(session, by).settings)),
        "share": f"/planner/shared/{found.share}",
    }


def _range(session: Session, by: Actor) -> tuple[int, int]:
    return households_range(station(session, by).settings)


def _can(plan: Plan | None, by: Actor, approval: bool) -> dict[str, bool]:
    """Return what the editor offers; the actions themselves decide."""
    state = plan.state if plan else None
    return {
        "edit": plan is None,
        "submit": plan is None,
        "approve": state == PlanState.IN_REVIEW and plan is not None and plan.submitted_by != by.person_id,
        "publish": plan is not None and publish_problem(plan.state, approval=approval) is None,
        "withdraw": state in (PlanState.IN_REVIEW, PlanState.APPROVED, PlanState.PUBLISHED),
        "comment": True,
    }


@blp.route("/drafts/<uuid:draft_id>", methods=["PATCH"])
@door(*PLANNERS)
@blp.arguments(NameIn)
@blp.response(204)
def rename(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> None:
    """Give a draft another name."""
    actions.rename(session, draft_id, name=body["name"], by=by)


@blp.route("/drafts/<uuid:draft_id>", methods=["DELETE"])
@door(*PLANNERS)
@blp.response(204)
def drop(draft_id: UUID, session: Session, by: Actor) -> None:
    """Put a draft away; it is kept with its log."""
    actions.drop(session, draft_id, by=by)


@blp.route("/drafts/<uuid:draft_id>/operations", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(OperationsIn)
@blp.response(200, AppliedOut)
def draw(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Do operations to a draft: all or none. Sent twice (by id) they are done once.

    409 draft_collision: another planner has changed the same border or grid since `based_on`; draft_locked.
    """
    done = actions.draw(session, draft_id, body["operations"], by=by)
    return _applied(session, done, by, min(told["based_on"] for told in body["operations"]))


def _applied(session: Session, done: actions.Drawn, by: Actor, after: int) -> dict[str, Any]:
    """Return what was done after a head, by whomever, with the figures that changed."""
    sketch = done.now.sketch
    keys = done.keys if done.was.sketch.head == after else _keys(session, done.draft, after)
    rows = queries.operations(session, done.draft.id, after)
    touched = {key[1] for found in keys.values() for key in found if key[0] == "grid"} | done.reshaped
    beats = telling.beats_of(done.was, done.now, touched) if keys is done.keys else None
    figures = telling.figures(done.now, *_range(session, by), touched if keys is done.keys else None, beats)
    return {
        "head": sketch.head,
        "applied": [telling.done(sketch, row, keys.get(row.seq, ())) for row in rows],
        "figures": figures,
    }


def _keys(session: Session, found: Draft, after: int) -> dict[int, list[tuple[str, str]]]:
    keys: dict[int, list[tuple[str, str]]] = {}
    for part in queries.parts_after(session, found.id, after):
        keys.setdefault(part.rev, []).append((part.kind, part.id))
    return keys


@blp.route("/drafts/<uuid:draft_id>/operations")
@door(*PLANNERS)
@blp.arguments(AfterQuery, location="query")
@blp.response(200, AppliedOut)
def operations(query: dict[str, int], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """What was done after an operation, by whomever; figures are at /figures."""
    found = queries.draft(session, draft_id)
    sketch = opened.opened(session, found).sketch
    keys = _keys(session, found, query["after"])
    rows = queries.operations(session, found.id, query["after"])
    told = [telling.done(sketch, row, keys.get(row.seq, ())) for row in rows]
    return {"head": sketch.head, "applied": told, "figures": {}}


@blp.route("/drafts/<uuid:draft_id>/undo", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(BackIn)
@blp.response(200, AppliedOut)
def undo(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Take back my own last operation; 409 nothing_to_undo, or draft_collision when another drew there."""
    done = actions.undo(session, draft_id, body["id"] or uuid4(), by=by)
    return _applied(session, done, by, done.was.sketch.head)


@blp.route("/drafts/<uuid:draft_id>/redo", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(BackIn)
@blp.response(200, AppliedOut)
def redo(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Do again what I have undone last; 409 nothing_to_redo, or draft_collision."""
    done = actions.redo(session, draft_id, body["id"] or uuid4(), by=by)
    return _applied(session, done, by, done.was.sketch.head)


@blp.route("/drafts/<uuid:draft_id>/figures")
@door(*PLANNERS)
@blp.response(200, DraftFiguresOut)
def figures(draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Households, cases, staff, area and shape of every grid and police grid, and what the draft changes."""
    found = opened.opened(session, queries.draft(session, draft_id))
    return {"head": found.sketch.head, **telling.figures(found, *_range(session, by))}


@blp.route("/drafts/<uuid:draft_id>/check")
@door(*PLANNERS)
@blp.response(200, DraftFaultOut(many=True))
def check(draft_id: UUID, session: Session, by: Actor) -> list[faults.Fault]:
    """Every fault with its place, those that are in the way of submitting the draft first."""
    found = queries.draft(session, draft_id)
    return faults.of_draft(session, found, opened.opened(session, found), by)


@blp.route("/drafts/<uuid:draft_id>/comments")
@door(*PLANNERS)
@blp.response(200, CommentOut(many=True))
def comments(draft_id: UUID, session: Session, by: Actor) -> list[dict[str, Any]]:
    """What was said about a draft, oldest first."""
    found = queries.draft(session, draft_id)
    return [_comment(item, name) for item, name in queries.comments(session, found.id)]


def _comment(item: Any, name: str | None) -> dict[str, Any]:
    return {
        "id": item.id,
        "text": item.text,
        "point": [item.lon, item.lat] if item.lon is not None else None,
        "by": {"id": item.by_id, "name": name},
        "at": item.at,
    }


@blp.route("/drafts/<uuid:draft_id>/comments", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(CommentIn)
@blp.response(201, CommentOut)
def comment(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Say something about a draft, at a place or as a whole."""
    found = queries.draft(session, draft_id)
    point = (body["point"][0], body["point"][1]) if body["point"] else None
    made = actions.comment(session, found.id, body["id"], words=body["text"], point=point, by=by)
    return _comment(made, names(session, {made.by_id} if made.by_id else set()).get(made.by_id or found.id))


@blp.route("/drafts/<uuid:draft_id>/submit", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(WhenIn)
@blp.response(200, DraftWholeOut)
def submit(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Make a plan of the draft and hand it to a second person; new grids get their codes."""
    return _whole(session, actions.submit(session, draft_id, valid_from=body["valid_from"], by=by), by)


@blp.route("/drafts/<uuid:draft_id>/approve", methods=["POST"])
@door(*PLANNERS)
@blp.response(200, DraftWholeOut)
def approve(draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Approve the plan of a draft, as somebody else than who submitted it."""
    found = queries.draft(session, draft_id)
    areas.approve(session, queries.plan_of(session, found), by=by)
    return _whole(session, found, by)


@blp.route("/drafts/<uuid:draft_id>/publish", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(WhenIn)
@blp.response(200, DraftWholeOut)
def publish(body: dict[str, Any], draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Put the approved plan of a draft into force: now, at a date, or as it was submitted."""
    found = queries.draft(session, draft_id)
    areas.publish(session, queries.plan_of(session, found), valid_from=body["valid_from"], by=by)
    return _whole(session, found, by)


@blp.route("/drafts/<uuid:draft_id>/withdraw", methods=["POST"])
@door(*PLANNERS)
@blp.response(200, DraftWholeOut)
def withdraw(draft_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Take the plan of a draft back before its date has come; the draft may be drawn on again."""
    return _whole(session, actions.take_back(session, draft_id, by=by), by)
