"""Changes of the exchange: take files out, look at and take in what is brought, pack and take packages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
from geoalchemy2 import WKTElement
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from collectors import registers
from collectors.records import Refused as Unreadable
from collectors.records import Row
from collectors.register_files import ENDINGS, Mark
from webapp.areas.models import Posting
from webapp.cases import clocks
from webapp.cases import rules as case_rules
from webapp.cases.models import Case
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Problem, Refused
from webapp.core.events import record
from webapp.core.files import BlobStore
from webapp.core.i18n import _, speaking
from webapp.exchange import queries, rules
from webapp.exchange.models import ExportFile, ImportFile
from webapp.people import actions as people
from webapp.people.models import Person, Team
from webapp.people.queries import names, station
from webapp.places.models import Place


def ask_export(
    session: Session,
    export_id: UUID,
    *,
    kind: str,
    form: str,
    wanted: Mapping[str, Any],
    reason: str,
    crs: str = "wgs84",
    encoding: str = "utf-8",
    language: str = "zh",
    by: Actor,
) -> ExportFile:
    """Ask for a file of a register; the same id again gives the same export.

    Raises Forbidden for a register that the asker may not take out, Refused for a form that can't hold it.
    """
    known = session.get(ExportFile, export_id)
    if known is not None:
        return known
    rules.check_export(by.role, kind, form, crs, encoding)
    next_number = session.execute(text("SELECT * FROM app.next_export_number()")).one()
    item = ExportFile(
        id=export_id, station_id=by.station_id, person_id=by.person_id, role=by.role,
        serial=next_number.serial, number=next_number.number, kind=kind, form=form, crs=crs,
        encoding=encoding, language=language, wanted=dict(wanted), reason=reason, state="waiting",
        rows=queries.count(session, by.station_id, kind, wanted), done_rows=0, asked_at=clock.now(),
    )  # fmt: skip
    session.add(item)
    news: dict[str, Any] = {
        "register": kind,
        "form": form,
        "filter": dict(wanted),
        "rows": item.rows,
        "reason": reason,
    }
    record(session, "exchange.export_asked", kind="export", subject=export_id, by=by, **news)
    return item


def make_export(
    session: Session,
    blobs: BlobStore,
    item: ExportFile,
    *,
    hours: int,
    progress: Callable[[int], None] = lambda _rows: None,
    by: Actor,
) -> ExportFile:
    """Write the file of an export under the asker's rights and keep it for some hours."""
    mark = _mark(session, item, by)
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / f"export.{ENDINGS[item.form]}"
        try:
            item.rows = queries.write_file(session, item, mark, path, progress)
        except Unreadable as error:
            raise Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error
        item.size, item.sha256 = path.stat().st_size, blobs.apart(rules.STORE).adopt(path)
    item.state, item.done_rows, item.finished_at = "done", item.rows, clock.now()
    item.expires_at = item.finished_at + timedelta(hours=hours)
    news: dict[str, Any] = {
        "register": item.kind, "form": item.form, "filter": item.wanted, "rows": item.rows,
        "sha256": item.sha256, "reason": item.reason, "number": item.number, "crs": item.crs,
    }  # fmt: skip
    record(session, "exchange.exported", kind="export", subject=item.id, by=by, **news)
    return item


def _mark(session: Session, item: ExportFile, by: Actor) -> Mark:
    own = names(session, {item.person_id}) if item.person_id else {}
    with speaking(item.language):
        taker = own.get(item.person_id, "") if item.person_id else _("administrator")
        taker = f"{taker} ({station(session, by).code})"
        return Mark(
            id=str(item.id),
            number=item.number,
            by=taker,
            at=item.asked_at.astimezone(clock.SHOWN).isoformat(timespec="seconds"),
            kind=item.kind,
            crs=item.crs,
            note=_(rules.NOTE),
        )


def fail_export(session: Session, item: ExportFile, *, code: str, by: Actor) -> ExportFile:
    """Give an export up, with the code of the reason."""
    item.state, item.error, item.finished_at = "failed", code, clock.now()
    session.flush()
    record(session, "exchange.export_failed", kind="export", subject=item.id, by=by, code=code)
    return item


def drop_export(session: Session, blobs: BlobStore, item: ExportFile, *, by: Actor) -> ExportFile:
    """Forget the file of an export; what was taken out stays written down."""
    if item.state != "done" or item.sha256 is None:
        return item
    item.state = "dropped"
    session.flush()
    record(session, "exchange.export_dropped", kind="export", subject=item.id, by=by)
    blobs.apart(rules.STORE).drop(item.sha256)
    return item


def look_at_import(
    session: Session,
    blobs: BlobStore,
    import_id: UUID,
    *,
    kind: str,
    data: bytes,
    name: str,
    source: str,
    crs: str = "wgs84",
    by: Actor,
) -> ImportFile:
    """Read a file that was brought and say what would become of it; nothing of it is entered yet.

    Raises Refused when the file as a whole can't be read.
    """
    known = session.get(ImportFile, import_id)
    if known is not None:
        return known
    rules.check_import(by.role, kind)
    form, rows, found = _readable(session, by, kind, data, source, crs)
    ids = [row["id"] for row in found.good]
    item = ImportFile(
        id=import_id, station_id=by.station_id, person_id=by.person_id, kind=kind, name=_printable(name),
        source=source, crs=crs, form=form, sha256=blobs.put(data), rows=rows, good=len(found.good),
        known=len(queries.known_ids(session, kind, ids)), faults=_listed(found), state="checked",
        made_at=clock.now(),
    )  # fmt: skip
    session.add(item)
    news: dict[str, Any] = {"register": kind, "rows": rows, "good": item.good, "sha256": item.sha256}
    record(session, "exchange.import_checked", kind="import", subject=import_id, by=by, **news)
    return item


def _readable(
    session: Session, by: Actor, kind: str, data: bytes, source: str, crs: str
) -> tuple[str, int, registers.Parsed]:
    try:
        return queries.readable_rows(session, by, kind, data, source, crs)
    except Unreadable as error:
        raise Refused(problems=[Problem(p.pointer, p.code, p.params) for p in error.problems]) from error


def _printable(name: str) -> str:
    """Return a file's name without what no text may hold."""
    return "".join(letter for letter in name if letter.isprintable())[:200]


def _listed(found: registers.Parsed) -> list[dict[str, Any]]:
    return [
        {"pointer": p.pointer, "code": p.code, "params": dict(p.params)}
        for p in found.faults[: rules.SHOWN_FAULTS]
    ]


def bring_cases(
    session: Session, batch_id: UUID, rows: Sequence[Row], *, source: str, by: Actor
) -> tuple[int, registers.Parsed]:
    """Enter cases of another installation that are not known yet; return how many, and all that was read."""
    found = queries.checked_rows(session, by, "cases", rows, source, "wgs84")
    new = _keep_cases(session, batch_id, source, found.good, by) if found.good else 0
    record(session, "exchange.cases_entered", kind="batch", subject=batch_id, by=by, rows=len(rows), new=new)
    return new, found


def take_import(
    session: Session, blobs: BlobStore, item: ImportFile, *, choice: str, by: Actor
) -> ImportFile:
    """Enter the rows of a file that was looked at: all or none (choice 'all'), or the good ones ('good').

    Rows that are known stay as they are, so that taking the same file again changes nothing.
    Raises Refused 'import_faults' for 'all' when a row has a fault.
    """
    if item.state == "taken":
        return item
    rules.check_import(by.role, item.kind)
    data = blobs.get(item.sha256)
    _form, rows, found = _readable(session, by, item.kind, data, item.source, item.crs)
    if found.faults and choice == "all":
        problems = [Problem(p.pointer, p.code, p.params) for p in found.faults[:200]]
        raise Refused("import_faults", count=found.bad_rows, problems=problems)
    new = _KEEPERS[item.kind](session, item.id, item.source, found.good, by)
    item.state, item.taken_at = "taken", clock.now()
    item.result = {"new": new, "known": len(found.good) - new, "left_out": rows - len(found.good)}
    session.flush()
    news: dict[str, Any] = {"register": item.kind, "choice": choice, **item.result}
    record(session, "exchange.imported", kind="import", subject=item.id, by=by, **news)
    return item


Rows = Sequence[Mapping[str, Any]]


def _keep_members(session: Session, batch_id: UUID, source: str, rows: Rows, by: Actor) -> int:
    new = people.enrol_people(session, batch_id, rows, by=by)
    wanted = {team["name"] for row in rows for team in row["teams"]}
    known = {
        name: key
        for name, key in session.execute(
            select(Team.name, Team.id).where(Team.station_id == by.station_id, Team.name.in_(wanted))
        )
    }
    lacking = {name: uuid5(by.station_id, f"team {name}") for name in sorted(wanted - set(known))}
    entered = [{"id": key, "name": name, "kind": "patrol"} for name, key in lacking.items()]
    people.enter_teams(session, batch_id, entered, by=by)
    ids, today, added = {**known, **lacking}, clock.now().astimezone(clock.SHOWN).date(), set(new)
    members = [
        {
            "team_id": ids[team["name"]],
            "person_id": row["id"],
            "since_on": team["since"] or today,
            "until_on": team["until"],
            "leader": team["leader"],
        }
        for row in rows
        if row["id"] in added
        for team in row["teams"]
    ]
    people.join_teams(session, batch_id, members, by=by)
    return len(new)


def _keep_teams(session: Session, batch_id: UUID, source: str, rows: Rows, by: Actor) -> int:
    return len(people.enter_teams(session, batch_id, rows, by=by))


def _keep_places(session: Session, batch_id: UUID, source: str, rows: Rows, by: Actor) -> int:
    values = [
        {
            "station_id": by.station_id,
            "geom": WKTElement(f"POINT({row['lon']!r} {row['lat']!r})", 4326),
            **{name: row[name] for name in ("id", "name", "kind", "source")},
        }
        for row in rows
    ]
    return _inserted(session, Place, values)


def _keep_postings(session: Session, batch_id: UUID, source: str, rows: Rows, by: Actor) -> int:
    columns = ("id", "person_id", "duty", "grid_id", "police_grid_id", "until_at")
    values = [
        {
            "station_id": by.station_id,
            "since_at": row["since_at"] or clock.now(),
            **{name: row[name] for name in columns},
        }
        for row in rows
    ]
    return _inserted(session, Posting, values)


def _inserted(session: Session, model: Any, values: list[dict[str, Any]]) -> int:
    """Insert what is not known yet; return how many."""
    if not values:
        return 0
    statement = insert(model).on_conflict_do_nothing().returning(model.id)
    return len(session.scalars(statement, values).all())


def _keep_cases(session: Session, batch_id: UUID, source: str, rows: Rows, by: Actor) -> int:
    """Enter cases of earlier times with the numbers that they had here, new ones where they had none."""
    known = queries.known_ids(session, "cases", [row["id"] for row in rows])
    fresh = [row for row in rows if row["id"] not in known]
    numbers = _numbers(session, fresh, by)
    asked = {key for row in fresh for key in (row["reporter_id"], row["handler_id"]) if key}
    persons = set(session.scalars(select(Person.id).where(Person.id.in_(asked))))
    begun = clocks.of_earlier(session, fresh, by.station_id)
    found = [_case(source, row, numbers[row["id"]], persons, by) | begun[row["id"]] for row in fresh]
    return _inserted(session, Case, found)


def _numbers(session: Session, rows: Rows, by: Actor) -> dict[UUID, str]:
    """Return a number for each case: its own, when it has the station's form and nobody else has it."""
    code = station(session, by).code
    given = {row["id"]: row["number"] for row in rows if case_rules.number_parts(code, row["number"])}
    held = set(session.scalars(select(Case.number).where(Case.number.in_(given.values()))))
    found: dict[UUID, str] = {}
    for key, number in given.items():
        if number not in held:
            found[key] = number
            held.add(number)
    years: dict[int, list[UUID]] = {}
    for row in rows:
        if row["id"] not in found:
            at = row["reported_at"] or row["found_at"]
            years.setdefault(at.astimezone(clock.SHOWN).year, []).append(row["id"])
    tops = [case_rules.number_parts(code, number) for number in found.values()]
    for year in sorted({*years, *(part[0] for part in tops if part)}):
        lowest = max((part[1] for part in tops if part and part[0] == year), default=0)
        wanted = years.get(year, [])
        values = {"year": year, "wanted": len(wanted), "lowest": lowest}
        first = session.scalar(text("SELECT app.reserve_case_numbers(:year, :wanted, :lowest)"), values) or 1
        found |= {key: case_rules.case_number(code, year, first + at) for at, key in enumerate(wanted)}
    return found


def _case(source: str, row: Mapping[str, Any], number: str, persons: set[UUID], by: Actor) -> dict[str, Any]:
    """Return the columns of a case that was brought."""
    declared, area = row["declared"], row["area"]
    reported = row["reported_at"] or row["found_at"]
    own = row["number"] if row["number"] != number else None
    copied = (
        "id", "state", "raw_x", "raw_y", "raw_crs", "accuracy_m", "method", "address", "answers", "note",
        "found_at", "accepted_at", "closed_at", "client", "revision",
    )  # fmt: skip
    return {
        **{name: row[name] for name in copied},
        "station_id": by.station_id,
        "number": number,
        "kind": declared.kind,
        "class_code": declared.code,
        "class_version": declared.version,
        "restricted": declared.restricted,
        "geom": WKTElement(f"POINT({row['lon']!r} {row['lat']!r})", 4326),
        "place_flag": area.flag,
        "plan_id": area.plan_id,
        "grid_id": area.grid_id,
        "police_grid_id": area.police_grid_id,
        "neighbour_grid_id": area.neighbour_grid_id,
        "reported_at": reported,
        "closing_note": row["closing_note"] or None,
        "reporter_id": row["reporter_id"] if row["reporter_id"] in persons else None,
        "handler_id": row["handler_id"] if row["handler_id"] in persons else None,
        "source": row["source"] or ("" if own is None and not row["source_ref"] else source),
        "source_ref": row["source_ref"] or own,
        "content_hash": sha256(orjson.dumps([str(row["id"]), row["note"], row["answers"]])).digest(),
    }


_KEEPERS: Mapping[str, Callable[[Session, UUID, str, Rows, Actor], int]] = {
    "cases": _keep_cases,
    "members": _keep_members,
    "teams": _keep_teams,
    "places": _keep_places,
    "postings": _keep_postings,
}
