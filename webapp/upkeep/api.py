"""Doors for programs: the machine's work, and a new start for what was given up."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.upkeep import actions, queries
from webapp.upkeep.rules import KEEPERS, READERS
from webapp.upkeep.schemas import CountsOut, JobQuery, JobsOut, RestartedOut

blp = ApiBlueprint("upkeep", __name__, url_prefix="/api/v1", description="The machine's work")


@blp.route("/jobs")
@door(*READERS)
@blp.arguments(JobQuery, location="query")
@blp.response(200, JobsOut)
def jobs(query: dict[str, str], session: Session, by: Actor) -> dict[str, Any]:
    """What waits, runs or was given up in my station."""
    return {"counts": queries.counts(session), "jobs": queries.jobs(session, query.get("state"))}


@blp.route("/jobs/counts")
@door(*READERS)
@blp.response(200, CountsOut)
def counts(session: Session, by: Actor) -> dict[str, int]:
    """How many; asked by each page of the administrator for the alarm in the bar."""
    return queries.counts(session)


@blp.route("/jobs/<int(max=9223372036854775807):job_id>/restart", methods=["POST"])
@door(*KEEPERS)
@blp.response(200, RestartedOut)
def restart(job_id: int, session: Session, by: Actor) -> dict[str, int]:
    """Start a job again that was given up."""
    return {"restarted": actions.restart(session, job_id, by=by)}


@blp.route("/jobs/restart", methods=["POST"])
@door(*KEEPERS)
@blp.response(200, RestartedOut)
def restart_all(session: Session, by: Actor) -> dict[str, int]:
    """Start all jobs again that were given up."""
    return {"restarted": actions.restart(session, None, by=by)}
