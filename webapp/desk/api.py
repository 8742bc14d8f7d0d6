"""Doors for programs: the lists of the desk with their counts, a page of one, and one as CSV."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from collectors.tables import encode
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.core.i18n import _
from webapp.core.web import ApiBlueprint, door
from webapp.desk import queries, rules
from webapp.desk.schemas import DeskOut, EntryOut, EntryPage, FilterIn, ListIn

blp = ApiBlueprint("desk", __name__, url_prefix="/api/v1/desk", description="What waits for me")


@blp.route("")
@door(*rules.ROLES)
@blp.response(200, DeskOut)
def desk(session: Session, by: Actor) -> dict[str, Any]:
    """All my lists with how long each is, and how much waits for me."""
    counts = queries.counts(session, queries.asked(session, by))
    shown = [{"name": name, "of": rules.LISTS[name], "count": count} for name, count in counts.items()]
    return {"lists": shown, "waiting": sum(counts[name] for name in counts if rules.LISTS[name].calls)}


@blp.route("/<name>")
@door(*rules.ROLES)
@blp.arguments(ListIn, location="query")
@blp.response(200, EntryPage)
def entries(query: dict[str, Any], name: str, session: Session, by: Actor) -> dict[str, Any]:
    """A page of one list."""
    limit, cursor, wanted = query.pop("limit"), query.pop("cursor"), _wanted(query)
    asked = queries.asked(session, by)
    page = queries.entries(session, _known(name, by), asked, wanted, limit, cursor)
    return {"entries": page, "next": queries.cursor_after(page, wanted.sort, limit)}


@blp.route("/<name>/export")
@door(*rules.ROLES)
@blp.arguments(FilterIn, location="query")
@blp.response(200, content_type="text/csv")
def export(query: dict[str, Any], name: str, session: Session, by: Actor) -> Response:
    """A list as a table for a spreadsheet; what is restricted is left out."""
    rows = queries.exported(session, _known(name, by), queries.asked(session, by), _wanted(query))
    response = Response(_table(rows), content_type="text/csv; charset=utf-8")
    day = clock.shown(clock.now(), "%Y%m%d-%H%M")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{day}.csv"'
    return response


def _known(name: str, by: Actor) -> str:
    """Return the name of a list that a role has; raise NotFound."""
    if name not in rules.LISTS or by.role not in rules.LISTS[name].roles:
        raise NotFound()
    return name


def _wanted(query: dict[str, Any]) -> queries.Wanted:
    return queries.Wanted(text=query.pop("q"), **query)


def _table(rows: list[Any]) -> bytes:
    headings = (
        _("Number"), _("Class"), _("State"), _("Priority"), _("Police grid"), _("Grid"), _("Address"),
        _("Found"), _("Answer by"), _("Due"), _("Handled by"),
    )  # fmt: skip
    shown = EntryOut()
    return encode(headings, (_cells(row, shown.dump(row)) for row in rows))


def _cells(row: Any, said: dict[str, Any]) -> list[str | int | None]:
    times = [clock.shown(at) if at else None for at in (row.found_at, row.respond_by, row.due_at)]
    names = [said[name] for name in ("number", "class_title", "state_title", "priority")]
    return [*names, row.police_grid, row.grid, row.address, *times, row.holder]
