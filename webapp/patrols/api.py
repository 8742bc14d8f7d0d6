"""Doors for programs: patrols and the presence per grid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.web import ApiBlueprint, door
from webapp.patrols import queries
from webapp.patrols.models import Patrol
from webapp.patrols.schemas import CoverageQuery, PatrolOut, PresenceOut

blp = ApiBlueprint("patrols", __name__, url_prefix="/api/v1", description="Patrols and coverage")


@blp.route("/patrols")
@door()
@blp.response(200, PatrolOut(many=True))
def patrols(session: Session, by: Actor) -> list[Patrol]:
    """The patrols of thirty days that I may see: my own, or the station's for its chief."""
    return queries.patrols(session, clock.now() - timedelta(days=30))


@blp.route("/coverage")
@door()
@blp.arguments(CoverageQuery, location="query")
@blp.response(200, PresenceOut(many=True))
def coverage(query: dict[str, Any], session: Session, by: Actor) -> list[Any]:
    """Patrol presence of each grid in seven days, the longest unvisited first."""
    return queries.coverage(session, query.get("day") or clock.now().astimezone(clock.SHOWN).date())
