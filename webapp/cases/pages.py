"""Doors for people: the list of cases and one case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from collectors.tables import encode
from webapp.areas.queries import duty_desk, on_duty, police_grids
from webapp.cases import queries, questions, rules, steps, surroundings, titles
from webapp.cases.models import Case
from webapp.cases.rules import STATE_TITLES, State
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.events import Event, newest, timeline
from webapp.core.i18n import _, choose
from webapp.core.web import door, map_background
from webapp.people.queries import chiefs, handlers, names, phone, station, teams
from webapp.people.rules import CATEGORY_TITLES, MAP_ROLES

pages = Blueprint("case_pages", __name__)


@pages.get("/cases")
@door()
def cases(session: Session, by: Actor) -> str:
    """Show the cases that the reader may see."""
    wanted = _filter(request.args)
    page = queries.cases(session, wanted, cursor=request.args.get("cursor"))
    return render_template(
        "cases/list.html",
        station=station(session, by),
        cases=page,
        next=queries.cursor_after(page, queries.PAGE, wanted.sort),
        wanted=wanted,
        filtered=wanted != queries.Filter(sort=wanted.sort),
        classes=queries.hazard_classes(session, rules.KINDS),
        police_grids=police_grids(session, by.station_id),
        states=STATE_TITLES,
        groups=rules.GROUP_TITLES,
        sorts=rules.SORT_TITLES,
        open_states=rules.OPEN_STATES,
        pressing=rules.PRESSING_VOICES,
        priorities=rules.PRIORITY_TITLES,
        shown=clock.shown,
        now=clock.now(),
    )


def _filter(said: Mapping[str, str]) -> queries.Filter:
    """Read the filters of the list; what can't be understood filters nothing."""
    state, sort, priority = said.get("state"), said.get("sort", ""), said.get("priority", "")
    return queries.Filter(
        state=state if state in (*rules.GROUPS, *rules.State) else None,
        class_code=said.get("class_code") or None,
        police_grid_id=_uuid(said.get("police_grid_id", "")),
        text=said.get("q") or None,
        overdue=said.get("overdue") == "1",
        priority=int(priority) if priority in ("1", "2") else 0,
        sort=sort if sort in rules.SORT_TITLES else "newest",
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@pages.get("/cases/table")
@door()
def table(session: Session, by: Actor) -> Response:
    """Give the list as a table for a spreadsheet; what is restricted is left out."""
    response = Response(_csv(queries.exported(session, _filter(request.args))))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    day = clock.shown(clock.now(), "%Y%m%d-%H%M")
    response.headers["Content-Disposition"] = f'attachment; filename="cases-{day}.csv"'
    return response


def _csv(cases: list[Case]) -> bytes:
    headings = (
        _("Number"), _("Class"), _("State"), _("Priority"), _("Police grid"), _("Grid"), _("Address"),
        _("Found"), _("Answer by"), _("Due"), _("Closed"),
    )  # fmt: skip
    return encode(headings, map(_cells, cases))


def _cells(case: Case) -> list[str | int | None]:
    times = (case.found_at, case.respond_by, case.due_at, case.closed_at)
    said: list[str | int | None] = [
        case.number,
        choose(case.hazard_class.title),
        _(STATE_TITLES[State(case.state)]),
        case.priority,
    ]
    said += [case.police_grid.name, case.grid.name, case.address]
    return [*said, *(clock.shown(at) if at else None for at in times)]


@pages.get("/cases/<number>")
@door()
def case(number: str, session: Session, by: Actor) -> str:
    """Show one case: what, where, who, its clocks, its life so far, and the next buttons only."""
    found = queries.looked_at(session, queries.case_by_number(session, number), "page")
    lon, lat = to_shape(found.geom).coords[0]
    duty = on_duty(session, found.grid_id, found.police_grid_id, clock.now())
    posted = any(item.duty in rules.ANSWERING for item in duty)
    return render_template(
        "cases/case.html",
        station=station(session, by),
        case=found,
        lon=lon,
        lat=lat,
        **_life(session, found),
        **_next(session, found, by),
        phone=phone(session, found.reporter_id),
        pressing=found.voices >= rules.PRESSING_VOICES,
        around=surroundings.around(session, found, lon, lat),
        duty=duty,
        desk=[] if posted else [row.name for row in duty_desk(session, clock.now())] or chiefs(session),
        **_asked(session, found, by),
        pending_titles=rules.PENDING_TITLES,
        states=STATE_TITLES,
        methods=rules.METHOD_TITLES,
        duties=CATEGORY_TITLES,
        priorities=rules.PRIORITY_TITLES,
        overdue=_overdue(found),
        shows_map=by.role in MAP_ROLES,
        basemap=map_background(),
        last_event=newest(session),
        shown=clock.shown,
    )


def _asked(session: Session, found: Case, by: Actor) -> dict[str, Any]:
    """Return the questions of the class, and those that the reader may answer because nobody has yet."""
    asked = [questions.Question.declared(item) for item in found.hazard_class.questions]
    fills = found.state in rules.OPEN_STATES and steps.standing(session, found, by).is_one("handler")
    return {"questions": asked, "unanswered": questions.unanswered(asked, found.answers) if fills else []}


def _overdue(found: Case) -> bool:
    running = found.state in rules.OPEN_STATES and found.paused_at is None
    return bool(running and found.due_at and found.due_at < clock.now())


def _life(session: Session, found: Case) -> dict[str, Any]:
    """Return the timeline with its titles and words, and the names of all who are in it."""
    events = timeline(session, found.id)
    people = {event.by_id for event in events} | {found.reporter_id, found.handler_id, found.assigned_to}
    people |= {UUID(event.data["assigned_to"]) for event in events if event.data.get("assigned_to")}
    people |= {UUID(person) for event in events for person in event.data.get("to", ())}
    return {
        "events": [(event, titles.event_title(event.name, event.data), _moment(event)) for event in events],
        "names": names(session, {item for item in people if item}),
        "notes": {str(note.id): note for note in found.notes},
        "voices": surroundings.voices(session, found.id),
    }


def _moment(event: Event) -> dict[str, Any]:
    """Return what the event of a step says beside its title: to whom, and until when."""
    said = event.data if event.data.get("verb") else {}
    to = said.get("assigned_to") if said.get("verb") == "dispatch" else None
    until = said.get("pending_until") or (
        said.get("due_at") if said.get("verb") == "grant_extension" else None
    )
    desk = event.data["to"] if event.name == "duty.case_sent" else [to] if to else []
    return {
        "to": [UUID(person) for person in desk],
        "until": datetime.fromisoformat(until) if until else None,
    }


def _next(session: Session, found: Case, by: Actor) -> dict[str, Any]:
    """Return the steps that may be taken now, and what their forms choose from."""
    offered = rules.offered(steps.standing(session, found, by))
    sends = any("assignee" in step.needs for step in offered)
    return {
        "steps": rules.by_likelihood(offered, found.facts),
        "handlers": handlers(session) if sends else [],
        "teams": teams(session, by) if sends else [],
        "matters": surroundings.open_matters(session) if sends else {},
        "grades": rules.GRADES,
        "closed_by_words": rules.CLOSED_BY_WORDS,
    }
