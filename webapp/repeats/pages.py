"""Doors for people: the week's repeats beside the directives, what may be one thing; the list as a file."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from flask import Blueprint, Response, render_template, request
from sqlalchemy.orm import Session

from collectors import tables
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import KINDS, STATE_TITLES
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest
from webapp.core.i18n import _, choose
from webapp.core.messages import message
from webapp.core.web import door
from webapp.people.queries import station
from webapp.repeats import queries, rules, weekly, weeks
from webapp.repeats.rules import Terms
from webapp.repeats.weekly import Week

pages = Blueprint("repeat_pages", __name__)


@pages.get("/repeats")
@door(*rules.HANDLERS)
def repeats(session: Session, by: Actor) -> str:
    """Show the repeats of a week beside the directives, and what may be one thing."""
    monday, police_grid = _asked()
    lists = weeks.directive_lists(session)
    return render_template(
        "repeats/repeats.html",
        station=station(session, by),
        week=weeks.week(session, monday, police_grid),
        mondays=_mondays(monday),
        police_grids=weeks.police_grid_names(session),
        police_grid=police_grid,
        recorded=weeks.recorded_week(session, monday),
        offers=queries.offers(session),
        lists=lists,
        faulty=[row for row in weeks.directives(session, lists) if row.problems],
        classes=_class_titles(session),
        terms=queries.terms_now(session),
        usual=Terms(),
        sets=by.role in rules.SETTERS,
        meetings=weekly.MEETING_TITLES,
        states=STATE_TITLES,
        name=weekly.week_name,
        sunday=monday + timedelta(days=6),
        message=message,
        shown=clock.shown,
    )


@pages.get("/repeats/weekly.csv")
@door(*rules.HANDLERS)
def weekly_csv(session: Session, by: Actor) -> Response:
    """The list of a week as a table for a spreadsheet: repeats first, then the directives."""
    monday, police_grid = _asked()
    found = weeks.week(session, monday, police_grid)
    names = weeks.police_grid_names(session)
    rows = _group_rows(found, names, _class_titles(session)) + _directive_rows(found, _class_titles(session))
    response = Response(tables.encode(_columns(), rows), content_type="text/csv; charset=utf-8")
    name = f"repeats-{weekly.week_name(monday)}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asked() -> tuple[date, UUID | None]:
    """Return the Monday of the week asked for, the present one by default, and the police grid."""
    said, police_grid = request.args.get("week", ""), request.args.get("police_grid", "")
    monday = (
        weekly.week_monday(said) if said else weekly.monday_of(clock.now().astimezone(clock.SHOWN).date())
    )
    try:
        wanted = UUID(police_grid) if police_grid else None
    except ValueError as error:
        raise BadRequest() from error
    if monday is None:
        raise BadRequest()
    return monday, wanted


def _mondays(asked: date) -> list[date]:
    """Return the Mondays to choose from, the newest first, the one asked for among them."""
    this = weekly.monday_of(clock.now().astimezone(clock.SHOWN).date())
    offered = {this - timedelta(days=7 * back) for back in range(weekly.WEEKS_SHOWN)} | {asked}
    return sorted(offered, reverse=True)


def _class_titles(session: Session) -> dict[str, str]:
    return {item.code: choose(item.title) for item in hazard_classes(session, KINDS)}


def _columns() -> list[str]:
    return [
        _("Week"), _("Kind of row"), _("Police grid"), _("Place"), _("Class"), _("Cases in the week"),
        _("Cases in all"), _("Numbers"), _("Directive"), _("Result"),
    ]  # fmt: skip


def _group_rows(
    found: Week, names: dict[UUID, str], classes: dict[str, str]
) -> list[list[str | int | float | None]]:
    rows: list[list[str | int | float | None]] = []
    for number, group in enumerate(found.groups):
        named = [item.where for item in found.meets(number)]
        rows.append(
            [
                weekly.week_name(found.monday),
                _("repeat"),
                names.get(group.newest.police_grid_id, ""),
                group.newest.label,
                "、".join(classes.get(code, code) for code in group.classes),
                len(group.week),
                len(group.cases),
                " ".join(case.number for case in group.cases),
                "; ".join(named),
                _("met by a directive") if named else _("no directive"),
            ]
        )
    return rows


def _directive_rows(found: Week, classes: dict[str, str]) -> list[list[str | int | float | None]]:
    return [
        [
            weekly.week_name(found.monday),
            _("directive"),
            "",
            item.where,
            classes.get(item.class_code, item.class_code),
            None,
            None,
            "",
            item.words,
            _(weekly.MEETING_TITLES[state]),
        ]
        for item, state in zip(found.directives, found.comparison.states, strict=True)
    ]
