"""Reads of the exchange: the rows of each register under the asker's own rights, and what was exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import md5
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
import shapely
from sqlalchemy import String, cast, func, literal, select, text
from sqlalchemy.orm import Session

from collectors import register_files
from collectors.crs import shapes_from_wgs84
from collectors.records import Problem as Unfit
from collectors.records import Row
from collectors.register_files import Mark
from collectors.registers import Given, Parsed, parsed, teams_text
from gis import coords
from webapp.areas import queries as areas
from webapp.areas.models import Grid, Plan, PoliceGrid, Posting
from webapp.areas.rules import uncertainty_m
from webapp.cases.models import Case, HazardClass
from webapp.cases.rules import CLOCK_SLACK, METHOD_TITLES, STATE_TITLES, State
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import AppError, NotFound, Problem
from webapp.core.i18n import _, speaking
from webapp.exchange import rules
from webapp.exchange.layers import SELECTS
from webapp.exchange.models import ExportFile, ImportFile
from webapp.people.models import Person, Team
from webapp.people.rules import CATEGORY_TITLES
from webapp.places.models import Place

CHUNK = 1_000
T = TypeVar("T")
Point = tuple[float, float, datetime, float]
_LISTED = 100
_DECIMALS = 8  # a millimetre


def count(session: Session, station_id: UUID, kind: str, wanted: Mapping[str, Any]) -> int:
    """Return how many rows an export would have for the asker."""
    rows = SELECTS[kind](station_id, wanted).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def rows_of(
    session: Session, station_id: UUID, kind: str, wanted: Mapping[str, Any], mark: str
) -> Iterator[Sequence[Any]]:
    """Yield chunks of rows of a register from a cursor on the server, in the order that the mark gives.

    Cases come by month, newest first; inside it, as all other rows, in the order of `trace_key`, which is
    another one for each export: a copy of a file tells from which export it was made.
    """
    query = SELECTS[kind](station_id, wanted)
    # The key is the first column, or a case's number, which every copy of the file is likely to keep.
    key = Case.number if kind == "cases" else query.selected_columns[0]
    if kind == "cases":
        query = query.order_by(func.to_char(func.timezone(str(clock.SHOWN), Case.found_at), "YYYY-MM").desc())
    query = query.order_by(func.md5(literal(f"{mark}:") + cast(key, String)))
    options = {"stream_results": True, "yield_per": CHUNK}
    yield from session.execute(query, execution_options=options).partitions(CHUNK)


def trace_key(mark: str, key: str) -> str:
    """Return what rows of an export are ordered by; the same sum as in the statement above."""
    return md5(f"{mark}:{key}".encode()).hexdigest()  # noqa: S324 - an order, not a secret


def write_file(
    session: Session, item: ExportFile, mark: Mark, path: Path, progress: Callable[[int], None]
) -> int:
    """Write the rows of an export into a file under the asker's rights; return how many there were."""
    names = rules.columns(item.role, item.kind, item.form)
    areal = item.form in ("geojson", "geopackage")
    done = 0
    with speaking(item.language):
        out = register_files.writer(
            item.form, path, names, mark, language=item.language, encoding=item.encoding
        )
        for chunk in rows_of(session, item.station_id, item.kind, item.wanted, mark.id):
            for cells, geometry in _written(chunk, item.kind, item.crs, names, areal):
                out.row(cells, geometry)
            done += len(chunk)
            progress(done)
        out.close()
    return done


def _written(
    chunk: Sequence[Any], kind: str, crs: str, names: Sequence[str], areal: bool
) -> Iterator[tuple[list[Any], Any]]:
    """Yield (cells, geometry) of rows, their coordinates in the system of the file."""
    places: list[tuple[float, float]] = []
    if "lon" in names:
        x, y = coords.from_wgs84(
            np.array([row.lon for row in chunk]), np.array([row.lat for row in chunk]), crs
        )
        places = list(zip(x.round(_DECIMALS).tolist(), y.round(_DECIMALS).tolist(), strict=True))
    shapes: list[Any] = []
    if areal:
        outlines = kind in ("grids", "police_grids")
        found = shapely.from_wkb([bytes(row.shape) for row in chunk]) if outlines else shapely.points(places)
        shapes = shapes_from_wgs84(list(found), crs) if outlines else list(found)
    for at, row in enumerate(chunk):
        values = {**row._mapping, **_told(kind, row), "crs": crs}
        if places:
            values["lon"], values["lat"] = places[at]
        yield [rules.cell(values[name]) for name in names], shapes[at] if shapes else None


def _told(kind: str, row: Any) -> dict[str, Any]:
    """Return the cells that say in words what others say as code."""
    if kind == "cases":
        return {
            "class_title": rules.title_of(row.class_title),
            "state_title": _(STATE_TITLES[State(row.state)]) if row.state in list(State) else row.state,
        }
    if kind == "members":
        days = [
            (name, date.fromisoformat(since), date.fromisoformat(until) if until else None, lead)
            for name, since, until, lead in row.teams or ()
        ]
        title = CATEGORY_TITLES.get(row.category)
        return {"category_title": _(title) if title else row.category, "teams": teams_text(days)}
    return {}


def role_of(session: Session, person_id: UUID) -> str | None:
    """Return the role that a person's account has now."""
    found: str | None = session.scalar(text("SELECT app.role_of(:p)"), {"p": person_id})
    return found


def exports(session: Session) -> list[ExportFile]:
    """Return the newest exports that the asker may know of."""
    return list(session.scalars(select(ExportFile).order_by(ExportFile.serial.desc()).limit(_LISTED)))


def export(session: Session, export_id: UUID) -> ExportFile:
    """Return one export; raise NotFound when absent or not for the asker."""
    return found_or_refused(session.get(ExportFile, export_id))


def fetchable(session: Session, export_id: UUID, by: Actor, now: datetime) -> ExportFile:
    """Return an export whose file the asker may fetch now: his own, ready, not expired; else NotFound.

    Nobody else fetches it: it was written under the rights of who asked.
    """
    item = export(session, export_id)
    if item.person_id != by.person_id or item.role != by.role or item.state != "done":
        raise NotFound()
    if item.expires_at is None or item.expires_at <= now:
        raise NotFound()
    return item


def imports(session: Session) -> list[ImportFile]:
    """Return the newest imports that the asker may know of."""
    return list(session.scalars(select(ImportFile).order_by(ImportFile.made_at.desc()).limit(_LISTED)))


def import_(session: Session, import_id: UUID) -> ImportFile:
    """Return one import; raise NotFound when absent or not for the asker."""
    return found_or_refused(session.get(ImportFile, import_id))


def found_or_refused(found: T | None) -> T:
    """Return what was found; raise NotFound for nothing."""
    if found is None:
        raise NotFound()
    return found


def origin(
    session: Session, kind: str, rows: Sequence[Mapping[str, str]]
) -> list[tuple[ExportFile, int, int]]:
    """Return the exports that rows of a found file may come from, best first, with pairs in order and pairs.

    `rows` are cells by field name in the order of the file. Pairs by chance are half in order.
    """
    found = []
    for item in session.scalars(select(ExportFile).where(ExportFile.kind == kind)):
        right = total = 0
        for group in _groups(kind, rows):
            good, pairs = rules.in_order([trace_key(str(item.id), key) for key in group])
            right, total = right + good, total + pairs
        if total >= rules.TRACE_PAIRS and right > 0.8 * total:
            found.append((item, right, total))
    return sorted(found, key=lambda item: -item[1] / item[2])


def _groups(kind: str, rows: Sequence[Mapping[str, str]]) -> list[list[str]]:
    """Return the keys of rows as they stand together: cases by month, other rows all in one."""
    if kind != "cases":
        return [[row.get("id") or row.get("code", "") for row in rows]]
    months: dict[str, list[str]] = {}
    for row in rows:
        months.setdefault(row.get("found_at", "")[:7], []).append(row.get("number", ""))
    return list(months.values())


def known_words(session: Session) -> dict[str, dict[str, str]]:
    """Return what people write for classes, states, categories and duties, by field."""
    titles = session.execute(select(HazardClass.code, HazardClass.title).order_by(HazardClass.in_use))
    people = rules.words(CATEGORY_TITLES)
    return {
        "class_code": rules.words({}, [(row.code, row.title) for row in titles]),
        "state": rules.words(STATE_TITLES),
        "method": rules.words(METHOD_TITLES),
        "category": people,
        "duty": people,
    }


def readable_rows(
    session: Session, by: Actor, kind: str, data: bytes, source: str, crs: str
) -> tuple[str, int, Parsed]:
    """Return (format, rows, values and faults) of a file that was brought, held against what is known here.

    Raises Refused when the file as a whole can't be read.
    """
    found = register_files.decode(data, kind)
    rows = checked_rows(session, by, kind, found.rows, "" if found.mark else source, found.crs or crs)
    return found.form, len(found.rows), rows


def checked_rows(
    session: Session, by: Actor, kind: str, rows: Sequence[Row], source: str, crs: str
) -> Parsed:
    """Return the values and faults of rows of cells, held against what is known here."""
    given = Given(source, crs, known_words(session))
    return _CHECKS.get(kind, _as_it_is)(session, by, parsed(kind, rows, given))


def _as_it_is(session: Session, by: Actor, found: Parsed) -> Parsed:
    return found


def _without(found: Parsed, good: list[dict[str, Any]], faults: list[Unfit]) -> Parsed:
    return Parsed(tuple(good), (*found.faults, *faults))


def _placed_cases(session: Session, by: Actor, found: Parsed) -> Parsed:
    """Give each case its class, grid and police grid; name those that can't have them."""
    declared = {(c.code, c.version): c for c in session.scalars(select(HazardClass))}
    in_use = {c.code: c for c in declared.values() if c.in_use}
    first = session.scalar(
        select(func.min(Plan.valid_from)).where(Plan.station_id == by.station_id, Plan.state == "published")
    )
    now = clock.now()
    points = [_where(row, first, now) for row in found.good]
    good, faults = [], []
    for row, point, area in zip(
        found.good, points, areas.areas_at(session, by.station_id, points), strict=True
    ):
        kind = declared.get((row["class_code"], row["class_version"])) or in_use.get(row["class_code"])
        problem = None if kind else ("class_code", Problem("", "class_unknown", {"code": row["class_code"]}))
        if row["found_at"] > now + CLOCK_SLACK:
            problem = "found_at", Problem("", "found_in_future", {"at": row["found_at"].isoformat()})
        if area is None and problem is None:
            area, problem = _near(session, by, point)
        if problem is None:
            good.append({**row, "declared": kind, "area": area})
        else:
            name, told = problem
            faults.append(Unfit(told.code, f"row {row['row']}/{name}", "", told.params))
    return _without(found, good, faults)


def _where(
    row: Mapping[str, Any], first: datetime | None, now: datetime
) -> tuple[float, float, datetime, float]:
    """Return a case's place, the moment whose plan holds (none is older than the first), the radius."""
    at = min(row["reported_at"] or row["found_at"], now)
    at = at if first is None else max(at, first)
    return row["lon"], row["lat"], at, uncertainty_m(row["accuracy_m"], row["method"])


def _near(session: Session, by: Actor, point: Point) -> tuple[Any, Any]:
    """Return (area, nothing) of a point beside the grids, or (None, where and what is wrong)."""
    lon, lat, at, radius = point
    try:
        return areas.area_at(session, by.station_id, lon, lat, at, radius), None
    except AppError as error:
        return None, ("lon", error.problems[0] if error.problems else Problem("", error.code, error.params))


def _posted(session: Session, by: Actor, found: Parsed) -> Parsed:
    """Find person and area of each posting."""
    people = session.execute(select(Person.id, Person.name).where(Person.station_id == by.station_id)).all()
    names: dict[str, list[UUID]] = {}
    for person_id, name in people:
        names.setdefault(name, []).append(person_id)
    ids = {person_id for person_id, _name in people}
    grids = _codes(session, by, Grid)
    police = _codes(session, by, PoliceGrid)
    good, faults = [], []
    for row in found.good:
        same = names.get(row["name"], [])
        person = row["person_id"] if row["person_id"] in ids else same[0] if len(same) == 1 else None
        grid, beat = grids.get(row["grid_code"]), police.get(row["police_grid_code"])
        if person is None:
            code = "person_unknown" if len(same) < 2 else "person_unclear"
            faults.append(Unfit(code, f"row {row['row']}/name", "", {"name": row["name"]}))
        elif grid is None and beat is None:
            given = row["grid_code"] or row["police_grid_code"]
            faults.append(Unfit("area_unknown", f"row {row['row']}/grid_code", "", {"code": given}))
        else:
            good.append({**row, "person_id": person, "grid_id": grid, "police_grid_id": beat})
    return _without(found, good, faults)


def _codes(session: Session, by: Actor, model: Any) -> dict[str, UUID]:
    """Return the station's grids or police grids by code and by name."""
    rows = session.execute(select(model.id, model.code, model.name).where(model.station_id == by.station_id))
    found = [(row.id, row.code, row.name) for row in rows]
    return {**{name: key for key, _code, name in found}, **{code: key for key, code, _name in found}}


_CHECKS = {"cases": _placed_cases, "postings": _posted}
_TABLES: Mapping[str, Any] = {
    "cases": Case, "members": Person, "teams": Team, "places": Place, "postings": Posting,
}  # fmt: skip


def known_ids(session: Session, kind: str, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the ids are entered already."""
    model = _TABLES[kind]
    return set(session.scalars(select(model.id).where(model.id.in_(ids))))
