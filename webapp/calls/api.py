"""Doors for programs: calls, what those in them say, whom one may call, both clocks, their limits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy.orm import Session

from collectors import tables
from webapp.calls import actions, queries, rules
from webapp.calls.filing import Wish
from webapp.calls.models import CallKind, CallLimit
from webapp.calls.schemas import (
    AimsOut,
    CallIn,
    CallOut,
    CallPage,
    CallsQuery,
    DeclineIn,
    KindIn,
    KindLimitEndIn,
    KindLimitIn,
    KindLimitOut,
    KindOut,
    KindsQuery,
    LimitsSchema,
    StatisticOut,
    StatisticsQuery,
    WordsIn,
)
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.i18n import _
from webapp.core.web import ApiBlueprint, door, site
from webapp.people.logins import throttle
from webapp.people.queries import station

blp = ApiBlueprint("calls", __name__, url_prefix="/api/v1/calls", description="Calls between grid and police")
# Calls in ten minutes that a person may make: far above what a bad day needs.
OFTEN = (30, 600)

SAID = {"acknowledge": actions.acknowledge, "take": actions.take, "arrive": actions.arrive}
ENDED = {"finish": actions.finish, "cancel": actions.cancel, "lapse": actions.lapse}


def _one(session: Session, call: Any, by: Actor) -> queries.Told:
    return queries.told(session, [call], by)[0]


@blp.route("", methods=["POST"])
@door(*rules.CALLERS, scope="submit")
@blp.arguments(CallIn)
@blp.response(201, CallOut)
def place(wish: Wish, session: Session, by: Actor) -> queries.Told:
    """Call: the grid its police, the police somebody of the grid. The same id again is the same call."""
    throttle(site().login, f"call:{by.person_id}", *OFTEN)
    return _one(session, actions.place(session, wish, by=by), by)


@blp.route("")
@door(scope="submit")
@blp.arguments(CallsQuery, location="query")
@blp.response(200, CallPage)
def calls(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """The calls that I made or was called to (the chief: all), newest first, page by page."""
    wanted = queries.Filter(query["state"], query["case_id"], by.person_id if query["mine"] else None)
    page = queries.calls(session, wanted, query["limit"], query["cursor"])
    told = queries.told(session, page, by)
    return {"calls": told, "next": queries.cursor_after(page, query["limit"]), "now": clock.now()}


@blp.route("/<uuid:call_id>")
@door(scope="submit")
@blp.response(200, CallOut)
def call(call_id: UUID, session: Session, by: Actor) -> queries.Told:
    """One call."""
    return _one(session, queries.call(session, call_id), by)


@blp.route("/<uuid:call_id>/<any(acknowledge, take, arrive):verb>", methods=["POST"])
@door(*rules.CALLERS, scope="submit")
@blp.response(200, CallOut)
def say(call_id: UUID, verb: str, session: Session, by: Actor) -> queries.Told:
    """Acknowledge a call, take it, or say that one is there. Who is too late is told who comes (409)."""
    return _one(session, SAID[verb](session, queries.locked(session, call_id), by=by), by)


@blp.route("/<uuid:call_id>/decline", methods=["POST"])
@door(*rules.CALLERS, scope="submit")
@blp.arguments(DeclineIn)
@blp.response(200, CallOut)
def decline(body: dict[str, str], call_id: UUID, session: Session, by: Actor) -> queries.Told:
    """Say that one can't come."""
    return _one(session, actions.decline(session, queries.locked(session, call_id), **body, by=by), by)


@blp.route("/<uuid:call_id>/<any(finish, cancel, lapse):verb>", methods=["POST"])
@door(*rules.CALLERS, scope="submit")
@blp.arguments(WordsIn)
@blp.response(200, CallOut)
def end(body: dict[str, str], call_id: UUID, verb: str, session: Session, by: Actor) -> queries.Told:
    """End a call with words: settled, withdrawn, or closed because nobody came."""
    return _one(session, ENDED[verb](session, queries.locked(session, call_id), **body, by=by), by)


@blp.route("/aims")
@door(*rules.POLICE_SIDE)
@blp.response(200, AimsOut)
def aims(session: Session, by: Actor) -> dict[str, Any]:
    """Whom I may call by name: persons and teams."""
    return {"persons": queries.callable_people(session, by), "teams": queries.teams(session)}


@blp.route("/statistics")
@door(*rules.CALLERS)
@blp.arguments(StatisticsQuery, location="query")
@blp.response(200, StatisticOut(many=True))
def statistics(query: dict[str, Any], session: Session, by: Actor) -> list[Any]:
    """Both clocks in both directions per month and police grid, of the calls that I see."""
    return queries.statistics(session, *rules.months(query["first"], query["last"], clock.now()))


@blp.route("/statistics.csv")
@door(*rules.CALLERS)
@blp.arguments(StatisticsQuery, location="query")
@blp.response(200, content_type="text/csv")
def statistics_csv(query: dict[str, Any], session: Session, by: Actor) -> Response:
    """The same as a table file."""
    rows = queries.statistics(session, *rules.months(query["first"], query["last"], clock.now()))
    cells = [[getattr(row, name) for name in rules.COLUMNS] for row in rows]
    data = tables.encode([_(title) for title in rules.COLUMNS.values()], cells)
    response = Response(data, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="calls.csv"'
    return response


@blp.route("/limits")
@door(*rules.CALLERS)
@blp.response(200, LimitsSchema)
def limits(session: Session, by: Actor) -> dict[str, Any]:
    """How long the clocks of the station's calls run."""
    return rules.all_limits(station(session, by).settings)


@blp.route("/limits", methods=["PUT"])
@door(*rules.KEEPERS)
@blp.arguments(LimitsSchema)
@blp.response(200, LimitsSchema)
def set_limits(body: dict[str, Any], session: Session, by: Actor) -> Any:
    """Set how long they run, from now on."""
    return actions.set_limits(session, body, by=by)


@blp.route("/kinds")
@door(*rules.CALLERS, scope="submit")
@blp.arguments(KindsQuery, location="query")
@blp.response(200, KindOut(many=True))
def kinds(query: dict[str, bool], session: Session, by: Actor) -> list[CallKind]:
    """What a call can be about; `all` names those out of use or for other roles too."""
    found = queries.kinds(session)
    return [item for item in found if query["all"] or (item.in_use and by.role in item.roles)]


@blp.route("/kinds/<string(maxlength=30):code>", methods=["PUT"])
@door(*rules.KEEPERS)
@blp.arguments(KindIn)
@blp.response(200, KindOut)
def keep_kind(body: dict[str, Any], code: str, session: Session, by: Actor) -> CallKind:
    """Keep a kind of the station's own; one with a general code takes its place."""
    rules.check_code(code)
    return actions.keep_kind(session, code, body, by=by)


@blp.route("/kind-limits")
@door(*rules.CALLERS)
@blp.response(200, KindLimitOut(many=True))
def kind_limits(session: Session, by: Actor) -> list[CallLimit]:
    """All versions of the limits of kinds, the newest first."""
    return queries.kind_limits(session)


@blp.route("/kind-limits", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(KindLimitIn)
@blp.response(200, KindLimitOut)
def set_kind_limit(body: dict[str, Any], session: Session, by: Actor) -> CallLimit:
    """Set how fast calls of a kind are answered, from a day on; the version before it ends then."""
    return actions.set_kind_limit(session, body.pop("id"), **body, by=by)


@blp.route("/kind-limits/<uuid:limit_id>/end", methods=["POST"])
@door(*rules.KEEPERS)
@blp.arguments(KindLimitEndIn)
@blp.response(200, KindLimitOut)
def end_kind_limit(body: dict[str, Any], limit_id: UUID, session: Session, by: Actor) -> CallLimit:
    """End a kind's limit: the station's general ones count again."""
    return actions.end_kind_limit(session, queries.kind_limit(session, limit_id), **body, by=by)
