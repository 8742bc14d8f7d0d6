"""Doors for programs and pages: the list of a day, giving and ending tasks, look-backs and their rules."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from webapp.cases import queries as known_cases
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door, site
from webapp.people.logins import throttle
from webapp.tasks import actions, queries, rules
from webapp.tasks.models import LookBack, LookBackRule
from webapp.tasks.schemas import (
    CancelIn,
    CaseTasksOut,
    LookBackIn,
    LookBackOut,
    PlannedOut,
    ReceiverIn,
    ReceiversOut,
    ResultIn,
    RuleIn,
    RuleOut,
    TaskIn,
    TaskOut,
    TaskPhotoIn,
    TaskQuery,
    TasksOut,
    listed,
    look_back_row,
)

blp = ApiBlueprint("tasks", __name__, url_prefix="/api/v1", description="Tasks and look-backs")
# Times an hour that one person may give tasks, or tell results: far above any working day.
OFTEN = (300, 3600)


@blp.route("/tasks")
@door(*rules.READERS, scope="submit")
@blp.arguments(TaskQuery, location="query")
@blp.response(200, TasksOut)
def tasks(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """My tasks in the order of the day, or all that I may see (`mine=false`)."""
    now = clock.now()
    start = (query["lon"], query["lat"]) if "lon" in query and "lat" in query else None
    return listed(queries.entries(session, by, now, start, mine=query["mine"]), now)


@blp.route("/tasks", methods=["POST"])
@door(*rules.GIVERS)
@blp.arguments(TaskIn)
@blp.response(201, TaskOut)
def give(body: rules.Wanted, session: Session, by: Actor) -> queries.Entry:
    """Give a task to a person, a team, or whoever is posted to a grid."""
    throttle(site().login, f"task:{by.person_id}", *OFTEN)
    return queries.entry(session, actions.give(session, body, by=by).id, by, clock.now())


@blp.route("/tasks/<uuid:task_id>")
@door(*rules.READERS, scope="submit")
@blp.response(200, TaskOut)
def task(task_id: UUID, session: Session, by: Actor) -> queries.Entry:
    """One task."""
    return queries.entry(session, task_id, by, clock.now())


@blp.route("/tasks/<uuid:task_id>/take", methods=["POST"])
@door(*rules.DOERS, scope="submit")
@blp.response(200, TaskOut)
def take(task_id: UUID, session: Session, by: Actor) -> queries.Entry:
    """Take a task of my team or grid on."""
    actions.take(session, queries.locked_task(session, task_id), by=by)
    return queries.entry(session, task_id, by, clock.now())


@blp.route("/tasks/<uuid:task_id>/result", methods=["POST"])
@door(*rules.DOERS, scope="submit")
@blp.arguments(ResultIn, location="form")
@blp.arguments(TaskPhotoIn, location="files")
@blp.response(200, TaskOut)
def result(
    body: rules.Result, files: dict[str, Any], task_id: UUID, session: Session, by: Actor
) -> queries.Entry:
    """Tell what became of a task, with a photo."""
    throttle(site().login, f"result:{by.person_id}", *OFTEN)
    data = files["photo"].read() if files.get("photo") else b""
    photos = {sha256(data).hexdigest(): data} if data else {}
    found = queries.locked_task(session, task_id)
    actions.finish(session, site().blobs, found, body, photos, by=by)
    return queries.entry(session, task_id, by, clock.now())


@blp.route("/tasks/<uuid:task_id>/cancel", methods=["POST"])
@door(*rules.GIVERS)
@blp.arguments(CancelIn)
@blp.response(200, TaskOut)
def cancel(body: dict[str, str], task_id: UUID, session: Session, by: Actor) -> queries.Entry:
    """Take a task back, with words."""
    actions.cancel(session, queries.locked_task(session, task_id), note=body["note"], by=by)
    return queries.entry(session, task_id, by, clock.now())


@blp.route("/tasks/<uuid:task_id>/receiver", methods=["PUT"])
@door(*rules.GIVERS)
@blp.arguments(ReceiverIn)
@blp.response(200, TaskOut)
def pass_on(body: rules.Receiver, task_id: UUID, session: Session, by: Actor) -> queries.Entry:
    """Give a task to somebody else."""
    actions.pass_on(session, queries.locked_task(session, task_id), body, by=by)
    return queries.entry(session, task_id, by, clock.now())


@blp.route("/task-receivers")
@door(*rules.GIVERS)
@blp.response(200, ReceiversOut)
def receivers(session: Session, by: Actor) -> dict[str, Any]:
    """Whom I may give a task to."""
    return queries.receivers(session, by, clock.now())


@blp.route("/task-photos/<int(max=9223372036854775807):photo_id>")
@door(*rules.READERS, scope="submit")
@blp.response(200, content_type="image/jpeg")
def photo(photo_id: int, session: Session, by: Actor) -> Response:
    """A photo of a task's result."""
    item = queries.photo(session, photo_id)
    response = Response(site().blobs.get(item.sha256), content_type=item.media_type)
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.set_etag(item.sha256)
    return response


@blp.route("/cases/<uuid:case_id>/tasks")
@door(*rules.GIVERS)
@blp.response(200, CaseTasksOut)
def of_case(case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """The tasks about a case, and its look-backs as far as I may know of them."""
    found = known_cases.case(session, case_id)
    return {
        "tasks": queries.of_case(session, found.id, by, clock.now()),
        "look_backs": [look_back_row(*pair) for pair in queries.look_backs(session, found.id)],
    }


@blp.route("/cases/<uuid:case_id>/look-backs", methods=["POST"])
@door(rules.CHIEF)
@blp.arguments(LookBackIn)
@blp.response(201, LookBackOut)
def ask_look_back(body: dict[str, Any], case_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """Plan one more look-back at a closed case."""
    found = known_cases.case(session, case_id)
    return look_back_row(actions.ask_look_back(session, found, body["id"], body["due_on"], by=by), None)


@blp.route("/look-backs")
@door(rules.CHIEF)
@blp.response(200, PlannedOut(many=True))
def planned(session: Session, by: Actor) -> list[LookBack]:
    """The look-backs to come; before its day nobody but the chief knows of one."""
    return queries.planned(session)


@blp.route("/look-back-rules")
@door(rules.CHIEF)
@blp.response(200, RuleOut(many=True))
def look_back_rules(session: Session, by: Actor) -> list[LookBackRule]:
    """The rules that plan look-backs today."""
    return queries.look_back_rules(session, clock.now().astimezone(rules.SHANGHAI).date())


@blp.route("/look-back-rules", methods=["PUT"])
@door(rules.CHIEF)
@blp.arguments(RuleIn)
@blp.response(200, RuleOut)
def set_rule(body: rules.LookBackRule, session: Session, by: Actor) -> LookBackRule:
    """Set the station's own rule for a class and priority, from a day on."""
    return actions.set_rule(session, body, by=by)
