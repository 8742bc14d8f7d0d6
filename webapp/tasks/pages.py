"""Doors for people: the list of a day, and the waypoints of a patrol as a file."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from collectors import waypoints
from webapp.calendars.rules import PRIORITY_TITLES
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import HANDLERS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest
from webapp.core.i18n import _
from webapp.core.web import door, map_background
from webapp.people.queries import station
from webapp.tasks import queries, rules

pages = Blueprint("task_pages", __name__)


@pages.get("/tasks")
@door(*rules.READERS)
def day(session: Session, by: Actor) -> str:
    """Show what is to be done today; the browser fills in the list."""
    return render_template(
        "tasks/day.html",
        station=station(session, by),
        gives=by.role in rules.GIVERS,
        chief=by.role == rules.CHIEF,
        week=rules.this_week(clock.now()),
        basemap=map_background(),
        kinds=[(kind, title) for kind, title in rules.KIND_TITLES.items() if kind != rules.LOOK_BACK],
    )


@pages.get("/tasks/look-backs")
@door(rules.CHIEF)
def look_back_rules(session: Session, by: Actor) -> str:
    """Show when closed cases are looked at again, by class and priority, to be changed."""
    today = clock.now().astimezone(clock.SHOWN).date()
    classes = hazard_classes(session, rules.LOOKED_BACK_AT)
    return render_template(
        "tasks/look_backs.html",
        station=station(session, by),
        rows=queries.rules_from(session, today),
        classes=classes,
        titles={item.code: item.title for item in classes},
        priorities=PRIORITY_TITLES,
        today=today,
        rules=rules,
    )


@pages.get("/tasks/waypoints.<any(gpx, geojson):form>")
@door(*HANDLERS)
def patrol_waypoints(form: str, session: Session, by: Actor) -> Response:
    """Give the places around closed problem places of a grid and week, as GPX or GeoJSON."""
    week = request.args.get("week") or rules.this_week(clock.now())
    name = _("Patrol %(week)s", week=week)
    points = queries.waypoints(session, _grid(), *_days(week))
    write, media = waypoints.FORMS[form]
    response = Response(write(name, points), content_type=media)
    response.headers["Content-Disposition"] = f'attachment; filename="patrol-{week}.{form}"'
    return response


def _grid() -> UUID:
    """Return the grid that the address asks for; raise BadRequest."""
    try:
        return UUID(request.args.get("grid", ""))
    except ValueError as error:
        raise BadRequest("bad_uuid") from error


def _days(week: str) -> tuple[date, date]:
    """Return the Mondays that begin and end a week; raise BadRequest for what is none."""
    found = rules.week_days(week)
    if found is None:
        raise BadRequest("bad_week")
    return found
