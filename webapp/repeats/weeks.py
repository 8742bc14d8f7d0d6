"""Reads of weeks: the cases of one with all that they repeat, the directives, what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from webapp.areas.models import Grid, PoliceGrid
from webapp.cases.models import Case
from webapp.cases.rules import OPEN_STATES
from webapp.core import clock
from webapp.core.errors import NotFound
from webapp.places.models import Place
from webapp.repeats import rules
from webapp.repeats.models import CaseMark, Directive, DirectiveList, WeeklyList
from webapp.repeats.queries import MOST_NODES, links_among, reached
from webapp.repeats.weekly import Directive as Ordered
from webapp.repeats.weekly import Listed, Week, span, week_of


def listed(session: Session, monday: date, police_grid_id: UUID | None = None) -> tuple[list[Listed], Any]:
    """Return the cases of a week with all that they repeat, and the links between them; for the asker's eyes.

    Cases of the week are those found in it, by the clock of the station; leads are never among them.
    """
    first, after = span(monday, clock.SHOWN)
    mine = select(Case.id).where(
        Case.found_at >= first, Case.found_at < after, Case.kind.not_in(rules.WALLED_KINDS)
    )
    if police_grid_id is not None:
        mine = mine.where(Case.police_grid_id == police_grid_id)
    ids = reached(session, session.scalars(mine.order_by(Case.found_at.desc()).limit(MOST_NODES)))
    rows = session.execute(_LISTED.where(Case.id.in_(ids)))
    return [Listed(**row._asdict()) for row in rows], links_among(session, ids)


_PLACE_NAME = (
    select(Place.name)
    .join(CaseMark, (CaseMark.mark == cast(Place.id, Text)) & (CaseMark.kind == "place"))
    .where(CaseMark.case_id == Case.id)
    .limit(1)
    .scalar_subquery()
)
_LISTED = select(
    Case.id,
    Case.number,
    Case.class_code,
    Case.grid_id,
    Case.police_grid_id,
    func.ST_X(Case.geom).label("lon"),
    func.ST_Y(Case.geom).label("lat"),
    Case.found_at,
    Case.state.in_(OPEN_STATES).label("open"),
    Case.restricted,
    func.coalesce(_PLACE_NAME, func.nullif(Case.address, ""), Grid.name).label("label"),
    Case.priority,
    Case.duplicate_of.is_not(None).label("merged"),
).join(Grid, Grid.id == Case.grid_id)


def directive_lists(session: Session) -> list[DirectiveList]:
    """Return the lists of directives that are in use, the newest first."""
    in_use = select(DirectiveList).where(DirectiveList.ended_at.is_(None))
    return list(session.scalars(in_use.order_by(DirectiveList.at.desc(), DirectiveList.id)))


def directive_list(session: Session, list_id: UUID) -> DirectiveList:
    """Return one list of directives; raise NotFound when absent or not for the asker."""
    found = session.get(DirectiveList, list_id)
    if found is None:
        raise NotFound()
    return found


def directives(session: Session, lists: Sequence[DirectiveList]) -> list[Directive]:
    """Return the rows of some lists that the asker may see, faulty ones too, in the order of the files."""
    wanted = select(Directive).where(Directive.list_id.in_([item.id for item in lists]))
    return list(session.scalars(wanted.order_by(Directive.list_id, Directive.number)))


def recorded_week(session: Session, monday: date) -> list[WeeklyList]:
    """Return what was recorded of a week on the Monday after, for the asker's police grids."""
    return list(session.scalars(select(WeeklyList).where(WeeklyList.monday_on == monday)))


def week(session: Session, monday: date, police_grid_id: UUID | None = None) -> Week:
    """Return the list of a week as the asker may see it, of one police grid or of all."""
    cases, links = listed(session, monday, police_grid_id)
    orders = directives(session, directive_lists(session))
    understood = [ordered(row) for row in orders if not row.problems]
    return week_of(monday, clock.SHOWN, cases, links, understood, police_grid_id)


def ordered(row: Directive) -> Ordered:
    """Return a directive as the comparison takes it."""
    names = (
        "list_id",
        "number",
        "class_code",
        "grid_id",
        "lon",
        "lat",
        "from_on",
        "to_on",
        "words",
        "radius_m",
    )
    where = " ".join(row.content[name] for name in ("grid", "place") if name in row.content)
    return Ordered(**{name: getattr(row, name) for name in names}, where=where)


def police_grid_names(session: Session) -> dict[UUID, str]:
    """Return the names of the station's police grids in use."""
    rows = session.execute(select(PoliceGrid.id, PoliceGrid.name).where(PoliceGrid.retired_at.is_(None)))
    return {row.id: row.name for row in rows}
