"""Doors for people: the list of cases and one case."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from geoalchemy2.shape import to_shape
from sqlalchemy.orm import Session

from webapp.areas.queries import on_duty
from webapp.cases import queries, questions, rules, steps
from webapp.cases.rules import STATE_TITLES
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.events import timeline
from webapp.core.i18n import _
from webapp.core.web import door, map_background
from webapp.people.queries import handlers, names, phone, station
from webapp.people.rules import CATEGORY_TITLES, MAP_ROLES

pages = Blueprint("case_pages", __name__)


@pages.get("/cases")
@door()
def cases(session: Session, by: Actor) -> str:
    """Show the cases that the reader may see."""
    wanted = queries.Filter(
        state=request.args.get("state") if request.args.get("state") in ("open", *rules.State) else None,
        class_code=request.args.get("class_code") or None,
        text=request.args.get("q") or None,
    )
    page = queries.cases(session, wanted, cursor=request.args.get("cursor"))
    return render_template(
        "cases/list.html",
        station=station(session, by),
        cases=page,
        next=queries.cursor_after(page, queries.PAGE),
        wanted=wanted,
        classes=queries.hazard_classes(session, rules.KINDS),
        states=STATE_TITLES,
        open_states=rules.OPEN_STATES,
        pressing=rules.PRESSING_VOICES,
        shown=clock.shown,
        now=clock.now(),
    )


@pages.get("/cases/<number>")
@door()
def case(number: str, session: Session, by: Actor) -> str:
    """Show one case: what, where, who, its life so far, and the next buttons only."""
    found = queries.case_by_number(session, number)
    lon, lat = to_shape(found.geom).coords[0]
    events = timeline(session, found.id)
    people = {event.by_id for event in events if event.by_id} | {found.reporter_id, found.handler_id} - {None}
    asked = [questions.Question.declared(item) for item in found.hazard_class.questions]
    left = (
        rules.time_left(found.due_at, clock.now())
        if found.due_at and found.state in rules.OPEN_STATES
        else None
    )
    return render_template(
        "cases/case.html",
        station=station(session, by),
        case=found,
        lon=lon,
        lat=lat,
        events=events,
        names=names(session, {item for item in people if item}),
        phone=phone(session, found.reporter_id),
        notes={str(note.id): note for note in found.notes},
        voices=queries.voices(session, found.id),
        pressing=found.voices >= rules.PRESSING_VOICES,
        duty=on_duty(session, found.grid_id, found.police_grid_id, clock.now()),
        questions=asked,
        closed_by_words=rules.CLOSED_BY_WORDS,
        steps=rules.offered(steps.standing(session, found, by)),
        handlers=handlers(session),
        grades=rules.GRADES,
        pending_titles=rules.PENDING_TITLES,
        states=STATE_TITLES,
        event_titles=rules.EVENT_TITLES,
        methods=rules.METHOD_TITLES,
        duties=CATEGORY_TITLES,
        overdue=left is not None and left[0],
        clock=_words(left) if left else "",
        shows_map=by.role in MAP_ROLES,
        basemap=map_background(),
        shown=clock.shown,
    )


def _words(left: tuple[bool, int, int]) -> str:
    """Return how long a case still has, or how long it is overdue."""
    overdue, days, hours = left
    if overdue:
        return _("overdue by %(days)s d %(hours)s h", days=days, hours=hours)
    return _("%(days)s d %(hours)s h left", days=days, hours=hours)
