"""Reads for the desk: how long each list is, a page of one, and the whole of one for export."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, Text, cast, func, literal, or_, select, text, true, tuple_
from sqlalchemy.orm import Session

from webapp.cases.models import Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import BadRequest
from webapp.desk import lists, rooms, rules
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
    """Return how many entries each of the asker's lists has, in one statement that reads each room once."""
    names = [item.name for item in rules.lists_of(asked.by.role)]
    of_cases = [name for name in names if lists.is_of_cases(name)]
    parts = [lists.counted(of_cases, asked), *rooms.counted([n for n in names if n not in of_cases], asked)]
    rows = [part.subquery() for part in parts]
    whole = rows[0].join(rows[1], true())
    for row in rows[2:]:
        whole = whole.join(row, true())
    found = session.execute(select(*(each for row in rows for each in row.c)).select_from(whole)).one()
    return {name: found._mapping[name] for name in names}


def entries(
    session: Session,
    name: str,
    asked: lists.Asked,
    wanted: Wanted,
    limit: int = rules.PAGE,
    cursor: str | None = None,
) -> list[Row[Any]]:
    """Return one page of a list; the cursor is that of the page before."""
    whole = _Whole.of(name, asked)
    # First which, by the index alone; then what they are: no join is made for cases that nobody sees.
    query = _filtered(whole.ids, whole, wanted)
    key = _key(whole, wanted.sort)
    down = wanted.sort == "newest"
    if cursor:
        last = tuple_(*(literal(value) for value in _opened(cursor, len(key))))
        query = query.where(tuple_(*key) < last if down else tuple_(*key) > last)
    ordered = query.order_by(*(column.desc() if down else column for column in key)).limit(limit)
    if not lists.is_of_cases(name):
        return list(session.execute(ordered))
    ids = list(session.scalars(ordered))
    found = {row.id: row for row in session.execute(_rows(name).where(Case.id.in_(ids)))} if ids else {}
    return [found[each] for each in ids]


def exported(session: Session, name: str, asked: lists.Asked, wanted: Wanted) -> list[Row[Any]]:
    """Return a list as far as it may leave the house: without what is restricted."""
    whole = _Whole.of(name, asked)
    query = _rows(name).where(lists.condition(name, asked)) if lists.is_of_cases(name) else whole.ids
    key = _key(whole, wanted.sort)
    ordered = _filtered(query, whole, wanted).where(~whole.columns.restricted)
    ordered = ordered.order_by(*(column.desc() if wanted.sort == "newest" else column for column in key))
    return list(session.execute(ordered.limit(rules.MOST_EXPORTED)))


def _rows(name: str) -> Select[Any]:
    return lists.case_rows(lists.CLOCKS[rules.LISTS[name].clock])


@dataclass(frozen=True)
class _Whole:
    """A whole list to be cut down and sorted: `ids` selects the ids of cases, or the whole rows of others.

    `columns` are what it is cut down and sorted by, `sure` that there is a clock in each row.
    """

    ids: Select[Any]
    columns: Any
    clock: Any
    sure: bool

    @classmethod
    def of(cls, name: str, asked: lists.Asked) -> _Whole:
        """Return a list as it is for the asker."""
        if lists.is_of_cases(name):
            chosen = select(Case.id).where(lists.condition(name, asked))
            return cls(chosen, Case, lists.CLOCKS[rules.LISTS[name].clock], name in _SURE)
        rows = rooms.rows(name, asked).subquery("entry")
        return cls(select(rows), rows.c, rows.c.clock, sure=False)


def _filtered(query: Select[Any], whole: _Whole, wanted: Wanted) -> Select[Any]:
    columns = whole.columns
    if wanted.class_code:
        query = query.where(columns.class_code == wanted.class_code)
    if wanted.police_grid_id:
        query = query.where(columns.police_grid_id == wanted.police_grid_id)
    if wanted.priority is not None:
        query = query.where(columns.priority >= wanted.priority)
    if wanted.text.strip():
        words = wanted.text.strip()
        said = [columns.address, columns.note]
        if columns is not Case:
            said += [columns.other, cast(columns.words, Text)]
        number = columns.number.contains(words.upper(), autoescape=True)
        query = query.where(or_(number, *(column.icontains(words, autoescape=True) for column in said)))
    return query


# Lists whose condition says that there is a limit: sorting by the bare column uses the index.
_SURE = ("overdue", "today")


def _key(whole: _Whole, sort: str) -> list[Any]:
    """Return the columns that a list is sorted by; all in the same direction, the last one never the same."""
    columns = whole.columns
    time = whole.clock if whole.sure else func.coalesce(whole.clock, NEVER)
    if sort == "newest":
        return [columns.found_at, columns.id]
    return [time, columns.id] if sort == "clock" else [-columns.priority, time, columns.id]


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
