"""Reads for the desk: how long each list is, a page of one, and the whole of one for export."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, func, literal, or_, select, text, tuple_
from sqlalchemy.orm import Session

from webapp.cases.models import Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest
from webapp.desk import lists, rules
from webapp.people.queries import answered_grids

# A case without a limit comes after all that have one.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """What a list is cut down to, and how it is sorted."""

    class_code: str = ""
    police_grid_id: UUID | None = None
    priority: int | None = None
    text: str = ""
    sort: str = "clock"


def asked(session: Session, by: Actor) -> lists.Asked:
    """Return who asks, with the grids that he answers for and his teams."""
    teams = tuple(session.scalars(text("SELECT app.my_teams()")))
    grids = () if by.role == "station_chief" else tuple(answered_grids(session))
    return lists.Asked(by, clock.now(), grids, teams)


def counts(session: Session, asked: lists.Asked) -> dict[str, int]:
    """Return how many entries each of the asker's lists has, in one statement, none beyond `MOST_COUNTED`."""
    names = [item.name for item in rules.lists_of(asked.by.role)]
    columns = [_counted(name, asked).label(name) for name in names]
    return dict(session.execute(select(*columns)).one()._mapping)


def _counted(name: str, asked: lists.Asked) -> Any:
    some = select(literal(1)).select_from(Case).where(lists.condition(name, asked))
    return select(func.count()).select_from(some.limit(rules.MOST_COUNTED + 1).subquery()).scalar_subquery()


def entries(
    session: Session,
    name: str,
    asked: lists.Asked,
    wanted: Wanted,
    limit: int = rules.PAGE,
    cursor: str | None = None,
) -> list[Row[Any]]:
    """Return one page of a list; the cursor is that of the page before."""
    query = _filtered(select(Case.id), name, asked, wanted)
    key = _key(name, wanted.sort)
    down = wanted.sort == "newest"
    if cursor:
        last = tuple_(*(literal(value) for value in _opened(cursor, len(key))))
        query = query.where(tuple_(*key) < last if down else tuple_(*key) > last)
    ordered = query.order_by(*(column.desc() if down else column for column in key))
    # First which, by the index alone; then what they are: no join is made for rows that nobody sees.
    ids = list(session.scalars(ordered.limit(limit)))
    found = {row.id: row for row in session.execute(_rows(name).where(Case.id.in_(ids)))} if ids else {}
    return [found[each] for each in ids]


def exported(session: Session, name: str, asked: lists.Asked, wanted: Wanted) -> list[Row[Any]]:
    """Return a list as far as it may leave the house: without what is restricted."""
    query = _filtered(_rows(name), name, asked, wanted).where(~Case.restricted)
    key = _key(name, wanted.sort)
    ordered = query.order_by(*(column.desc() if wanted.sort == "newest" else column for column in key))
    return list(session.execute(ordered.limit(rules.MOST_EXPORTED)))


def _rows(name: str) -> Select[Any]:
    return lists.case_rows(lists.CLOCKS[rules.LISTS[name].clock])


def _filtered(query: Select[Any], name: str, asked: lists.Asked, wanted: Wanted) -> Select[Any]:
    query = query.where(lists.condition(name, asked))
    if wanted.class_code:
        query = query.where(Case.class_code == wanted.class_code)
    if wanted.police_grid_id:
        query = query.where(Case.police_grid_id == wanted.police_grid_id)
    if wanted.priority is not None:
        query = query.where(Case.priority >= wanted.priority)
    if wanted.text.strip():
        words = wanted.text.strip()
        number = Case.number.contains(words.upper(), autoescape=True)
        said = (column.icontains(words, autoescape=True) for column in (Case.address, Case.note))
        query = query.where(or_(number, *said))
    return query


# Lists whose condition says that there is a limit: sorting by the bare column uses the index.
_SURE = ("overdue", "today")


def _key(name: str, sort: str) -> list[Any]:
    """Return the columns that a list is sorted by; all in the same direction, the last one never the same."""
    column = lists.CLOCKS[rules.LISTS[name].clock]
    time = column if name in _SURE else func.coalesce(column, NEVER)
    if sort == "newest":
        return [Case.found_at, Case.id]
    return [time, Case.id] if sort == "clock" else [-Case.priority, time, Case.id]


def cursor_after(page: list[Row[Any]], sort: str, limit: int) -> str | None:
    """Return the cursor of the next page, None at the end."""
    if len(page) < limit:
        return None
    last = page[-1]
    time = (last.clock or NEVER).isoformat()
    key = {"clock": [time], "newest": [last.found_at.isoformat()], "priority": [-last.priority, time]}[sort]
    return base64.urlsafe_b64encode(orjson.dumps([*key, str(last.id)])).decode()


def _opened(cursor: str, length: int) -> list[Any]:
    """Read a cursor; raises BadRequest for one that is none, or of another order."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor))
        *rank, at, last = found
        if len(found) != length:
            raise BadRequest()
        return [*(int(value) for value in rank), datetime.fromisoformat(at), UUID(str(last))]
    except (ValueError, TypeError) as error:
        raise BadRequest() from error
