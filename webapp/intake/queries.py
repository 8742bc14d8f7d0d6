"""Reads about calls and orders: sources, uploads, rows, and where a row would go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session

from collectors.incidents import Call
from collectors.records import Place, Report
from gis import coords
from gis.errors import ShapeError
from webapp.addresses import queries as addresses
from webapp.addresses.rules import Geocoded
from webapp.areas import queries as areas
from webapp.cases import queries as cases
from webapp.cases.rules import KINDS, time_problem
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import NotFound, Problem
from webapp.intake import rules
from webapp.intake.models import IntakeCaller, IntakeRow, IntakeSource, IntakeUpload

PAGE = 100
MOST = 500
_KNOWN = text("SELECT * FROM app.intake_known(:source, :refs)")


@dataclass(frozen=True)
class Spot:
    """Where a row is: raw place with its system, WGS 84, method, honest radius; how an address was found."""

    x: float
    y: float
    crs: str
    lon: float
    lat: float
    method: str
    accuracy_m: float | None
    score: float | None = None
    precision: str = ""


def sources(session: Session) -> list[IntakeSource]:
    """Return the station's sources by name."""
    return list(session.scalars(select(IntakeSource).order_by(IntakeSource.name)))


def source(session: Session, source_id: UUID) -> IntakeSource:
    """Return one source; raise NotFound when absent."""
    found = session.get(IntakeSource, source_id)
    if found is None:
        raise NotFound()
    return found


def source_by_code(session: Session, code: str) -> IntakeSource:
    """Return the source with a code; raise NotFound when absent."""
    found = session.scalar(select(IntakeSource).where(IntakeSource.code == code))
    if found is None:
        raise NotFound()
    return found


def uploads(session: Session, limit: int = 50) -> list[IntakeUpload]:
    """Return the uploads that the reader may see, newest first."""
    return list(session.scalars(select(IntakeUpload).order_by(IntakeUpload.sent_at.desc()).limit(limit)))


def upload(session: Session, upload_id: UUID) -> IntakeUpload:
    """Return one upload; raise NotFound when absent or not for the asker."""
    found = session.get(IntakeUpload, upload_id)
    if found is None:
        raise NotFound()
    return found


def rows(
    session: Session, upload_id: UUID, state: str | None = None, after: int = 0, limit: int = PAGE
) -> list[IntakeRow]:
    """Return rows of an upload in the file's order, those behind line `after`.

    Without those that became a restricted lead: what it says is read there, for a purpose.
    """
    wanted = select(IntakeRow).where(IntakeRow.upload_id == upload_id, IntakeRow.number > after, _no_lead())
    if state:
        wanted = wanted.where(IntakeRow.state == state)
    return list(session.scalars(wanted.order_by(IntakeRow.number).limit(min(limit, MOST))))


def _no_lead() -> ColumnElement[bool]:
    """The condition that a row's case, if any, is no restricted lead, or one that the asker has opened."""
    opened = IntakeRow.case_id.in_(select(func.app.leads_open()))
    return or_(IntakeRow.case_id.is_(None), ~func.app.lead_kept(IntakeRow.case_id), opened)


def row(session: Session, upload_id: UUID, number: int) -> IntakeRow:
    """Return one row of an upload; raise NotFound when absent."""
    found = session.get(IntakeRow, (upload_id, number))
    if found is None:
        raise NotFound()
    return found


def faults(session: Session, upload_id: UUID) -> list[IntakeRow]:
    """Return all rows of an upload that can't be taken as they are."""
    wanted = select(IntakeRow).where(IntakeRow.upload_id == upload_id, IntakeRow.state == "fault")
    return list(session.scalars(wanted.order_by(IntakeRow.number)))


def counts(session: Session, upload_id: UUID) -> dict[str, int]:
    """Return how many rows of an upload are in each state."""
    found = session.execute(
        select(IntakeRow.state, func.count())
        .where(IntakeRow.upload_id == upload_id)
        .group_by(IntakeRow.state)
    )
    return {state: count for state, count in found}


def versions(session: Session, case_id: UUID) -> list[tuple[IntakeRow, IntakeUpload | None]]:
    """Return what was said about the order behind a case, oldest first; raise NotFound without any.

    The upload is None for a reader who may see the order but not the file.
    """
    wanted = (
        select(IntakeRow, IntakeUpload)
        .outerjoin(IntakeUpload, IntakeUpload.id == IntakeRow.upload_id)
        .where(IntakeRow.case_id == case_id, IntakeRow.state.in_(("taken", "revised", "changed")))
    )
    found = [(version, sent) for version, sent in session.execute(wanted)]
    if not found:
        raise NotFound()
    return sorted(
        found, key=lambda pair: (pair[0].state != "taken", pair[1].sent_at if pair[1] else clock.now())
    )


def callers(session: Session, case_id: UUID) -> list[IntakeCaller]:
    """Return who called about a case, as far as the reader may know."""
    return list(session.scalars(select(IntakeCaller).where(IntakeCaller.case_id == case_id)))


def callers_of(session: Session, upload_id: UUID, after: int, limit: int) -> list[Any]:
    """Return (number, case_id, phone, name) of an upload's next callers whose rows became cases."""
    own = (IntakeCaller.upload_id == upload_id) & (IntakeCaller.number > after)
    said = (IntakeCaller.case_id.is_not(None)) & (IntakeCaller.phone != "")
    columns = (IntakeCaller.number, IntakeCaller.case_id, IntakeCaller.phone, IntakeCaller.name)
    return list(session.execute(select(*columns).where(own, said).order_by(IntakeCaller.number).limit(limit)))


def known(session: Session, source_id: UUID, refs: Sequence[str]) -> dict[str, tuple[set[bytes], UUID, str]]:
    """Return for each number that is known: the hashes of its versions, its case and the case's number."""
    found: dict[str, tuple[set[bytes], UUID, str]] = {}
    for item in session.execute(_KNOWN, {"source": source_id, "refs": list(refs)}):
        hashes = found.setdefault(item.ref, (set(), item.case_id, item.case_number))[0]
        hashes.add(bytes(item.content_hash))
    return found


def judged(
    session: Session, source: IntakeSource, calls: Sequence[Call], *, by: Actor
) -> list[dict[str, Any]]:
    """Return the row of each call: class and why, place and how sure, where it would go, and its faults."""
    problems = [[Problem(p.pointer, p.code, p.params) for p in call.problems] for call in calls]
    spots, candidates = _spots(session, source, calls, problems)
    goals = _goals(session, spots, problems, by)
    before = known(session, source.id, [call.ref for call in calls])
    classes = {item.code for item in cases.hazard_classes(session, KINDS)}
    now, seen = clock.now(), dict[str, int]()
    made = []
    for index, call in enumerate(calls):
        _date_and_number(call, seen, problems[index], now)
        code, word = rules.class_for(call.category, call.text, source.keywords, classes, source.default_class)
        if not code:
            problems[index].append(Problem("class", "class_unknown", {"code": source.default_class}))
        held = before.get(call.ref)
        same = None if held is None else call.content_hash in held[0]
        made.append(
            {
                "number": call.number,
                "ref": call.ref,
                "content": dict(call.content),
                "content_hash": call.content_hash,
                "problems": [said(problem) for problem in problems[index]],
                "found_at": call.at,
                "class_code": code,
                "word": word,
                **placed(spots[index], goals[index]),
                "candidates": candidates[index],
                "state": rules.row_state(problems[index], same),
                "case_id": held[1] if held else None,
                "case_number": held[2] if held else "",
                "phone": call.phone[:60],
                "name": call.caller[:60],
            }
        )
    return made


def said(problem: Any) -> dict[str, Any]:
    """Return a problem as it is kept with its row."""
    return {"code": problem.code, "pointer": problem.pointer, "params": dict(problem.params)}


def placed(spot: Spot | None, goal: areas.Destination | None) -> dict[str, Any]:
    """Return the columns of a row that say where it is and where it would go."""
    return {
        "raw_x": spot.x if spot else None,
        "raw_y": spot.y if spot else None,
        "raw_crs": spot.crs if spot else "",
        "method": spot.method if spot else "",
        "accuracy_m": spot.accuracy_m if spot else None,
        "score": spot.score if spot else None,
        "precision": spot.precision if spot else "",
        "grid": goal.grid if goal else "",
        "police_grid": goal.police_grid if goal else "",
        "place_flag": goal.flag if goal else None,
    }


def _date_and_number(call: Call, seen: dict[str, int], problems: list[Problem], now: Any) -> None:
    """Add what is wrong with a call's time, and with a number that the file has twice."""
    late = time_problem(call.at, now) if call.at else None
    if late:
        problems.append(Problem("time", late.code, late.params))
    first = seen.setdefault(call.ref, call.number)
    if first != call.number and call.ref:
        problems.append(Problem("ref", "duplicate_ref", {"row": first}))


def _spots(
    session: Session, source: IntakeSource, calls: Sequence[Call], problems: list[list[Problem]]
) -> tuple[list[Spot | None], list[list[dict[str, Any]]]]:
    """Return each call's place by its coordinates, else by its address, and what an address may mean."""
    asked = [call.address for call in calls if call.lon is None and call.address]
    geocoded = addresses.geocoded(session, asked)
    spots: list[Spot | None] = []
    candidates: list[list[dict[str, Any]]] = []
    for call, wrong in zip(calls, problems, strict=True):
        offered: list[dict[str, Any]] = []
        if call.lon is not None and call.lat is not None:
            spots.append(measured(call.lon, call.lat, call.crs, source.accuracy_m, wrong))
        elif call.address:
            # Coordinates that make no sense: the address is offered, not taken in their stead.
            spot, offered = _addressed(
                geocoded[call.address] if call.address in geocoded else Geocoded(), wrong
            )
            spots.append(spot)
        else:
            spots.append(None)
            if not any(problem.code in rules.PLACE_FAULTS for problem in wrong):
                wrong.append(Problem("address", "no_place"))
        candidates.append(offered)
    return spots, candidates


def measured(x: float, y: float, crs: str, accuracy_m: float | None, wrong: list[Any]) -> Spot | None:
    """Return the place of raw coordinates, or None with what is wrong with them added to `wrong`."""
    try:
        if coords.looks_swapped(x, y):
            wrong.append(Problem("lon", "swapped_axes", {"lon": y, "lat": x}))
            return None
        lon, lat = (x, y) if crs in ("wgs84", "cgcs2000") else coords.to_wgs84(x, y, crs)
        west, south, east, north = coords.CHINA_LAND
        if not (west <= lon <= east and south <= lat <= north):
            wrong.append(Problem("lon", "row_outside"))
            return None
        return Spot(x, y, crs, lon, lat, "pin", accuracy_m)
    except ShapeError as error:
        wrong.append(Problem("lon", error.code, {k: str(v) for k, v in error.params.items()}))
        return None


def _addressed(found: Geocoded, wrong: list[Problem]) -> tuple[Spot | None, list[dict[str, Any]]]:
    """Return the place that an address surely means, and all that it may mean."""
    offered = [
        {
            "label": item.label,
            "lon": round(item.lon, 7),
            "lat": round(item.lat, 7),
            "precision": item.precision,
            "accuracy_m": item.accuracy_m,
            "score": item.score,
        }
        for item in found.candidates
    ]
    if any(problem.code in rules.PLACE_FAULTS for problem in wrong):
        return None, offered
    if not found.sure:
        wrong.append(Problem("address", found.reason, dict(found.params)))
        return None, offered
    return chosen(offered[0]), offered


def chosen(candidate: Mapping[str, Any]) -> Spot:
    """Return the place of a candidate of the register."""
    lon, lat = float(candidate["lon"]), float(candidate["lat"])
    return Spot(
        lon,
        lat,
        "wgs84",
        lon,
        lat,
        "address",
        candidate["accuracy_m"],
        candidate["score"],
        candidate["precision"],
    )


def _goals(
    session: Session, spots: Sequence[Spot | None], problems: list[list[Problem]], by: Actor
) -> list[areas.Destination | None]:
    """Return where each place would go; a place far outside is named as a fault."""
    there = [index for index, spot in enumerate(spots) if spot is not None]
    asked = [(spot.lon, spot.lat) for spot in spots if spot is not None]
    goals: list[areas.Destination | None] = [None] * len(spots)
    found = areas.destinations(session, by.station_id, asked, clock.now())
    for index, goal in zip(there, found, strict=True):
        goals[index] = goal
        if goal is None:
            problems[index].append(Problem("lon", "row_outside"))
    return goals


def report_of(row: IntakeRow, source: IntakeSource) -> Report:
    """Return the report that a row stands for; its place is raw, in the system of its source."""
    place = Place(
        lon=row.raw_x or 0.0,
        lat=row.raw_y or 0.0,
        crs=row.raw_crs,
        accuracy_m=row.accuracy_m,
        method=row.method,
        address=row.content.get("address", "")[:200],
    )
    found_at: datetime = row.found_at or clock.now()
    return Report(
        id=rules.case_id(row.station_id, source.code, row.ref),
        class_code=row.class_code,
        class_version=None,
        answers={},
        place=place,
        found_at=found_at,
        note=rules.note(row.content),
    )
