"""Files that an administrator brings: plans of grids, the list of divisions; and grids back out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors import area_files, codes, tables
from collectors.records import Refused as Unreadable
from webapp.areas import actions, queries
from webapp.areas.models import Division
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, Database
from webapp.core.errors import Conflict, NotFound, Problem, Refused
from webapp.core.queue import MACHINE
from webapp.people.models import Station

FORMS = {"geojson": "geojson", "shp": "shapefile", "gpkg": "geopackage"}


@contextmanager
def owner(settings: Settings, station_id: UUID | None = None) -> Iterator[Session]:
    """Open a transaction as the database's owner, for the administrator at the machine itself."""
    database = Database(settings, MIGRATE, pool_size=1)
    actor = Actor(station_id, MACHINE) if station_id else None
    try:
        with database.transaction(actor) as session:
            session.execute(text("SET LOCAL ROLE shuangge_owner"))
            yield session
    finally:
        database.dispose()


def station_id(settings: Settings, code: str) -> UUID:
    """Return the id of a station; raise NotFound for an unknown code."""
    with owner(settings) as session:
        found = session.scalar(select(Station.id).where(Station.code == code))
    if found is None:
        raise NotFound()
    return found


def import_grids(
    settings: Settings, file: Path, *, station: str, crs: str | None, name: str, publish: bool
) -> str:
    """Import a plan of grids from a file, by the same steps as the planner's door; return a line about it."""
    try:
        found = area_files.decode(file.read_bytes(), crs=crs)
    except Unreadable as error:
        raise Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error
    home = station_id(settings, station)
    with owner(settings, home) as session:
        by = Actor(home, MACHINE)
        plan = actions.import_plan(session, uuid4(), found.areas, name=name, by=by)
        if publish:
            actions.publish(session, plan, by=by)
        return f"plan {plan.number}: {len(found.areas)} grids from {found.crs}, {plan.state}"


def export_grids(settings: Settings, file: Path, *, station: str, form: str, crs: str) -> int:
    """Write the grids in force to a file; return how many."""
    home = station_id(settings, station)
    with owner(settings, home) as session:
        plan = queries.plan_at(session, home, clock.now())
        if plan is None:
            raise Conflict("no_plan")
        records = queries.plan_records(session, plan.id)
    file.write_bytes(area_files.encode(records, FORMS[form], crs=crs))
    return len(records)


def import_divisions(settings: Settings, file: Path, listed_on: date = date(2023, 6, 30)) -> int:
    """Import streets (code9) or communities (code12) of the statistical list; return how many are new.

    `listed_on` is the day that the list speaks of. Raises Refused with every code that breaks the rules.
    """
    table = tables.decode(file.read_bytes())
    rows, problems = [], []
    for row in table.rows:
        code = row.fields.get("code12") or row.fields.get("code9") or ""
        try:
            known = codes.division(code)
        except Unreadable as error:
            problems.append(Problem(f"row {row.number}", error.code, error.params))
            continue
        rows.append(
            {"code": code, "name": row.fields["name"], "parent": known.parent, "listed_on": listed_on}
        )
    if problems:
        raise Refused(problems=problems)
    with owner(settings) as session:
        known_codes = set(session.scalars(select(Division.code)))
        if rows:
            session.execute(insert(Division).on_conflict_do_nothing(), rows)
    return len({row["code"] for row in rows} - known_codes)
