"""Loads demo stations into the database, by the same import and the same actions that users have."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, union_all
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from collectors.records import AreaRecord
from webapp.addresses.actions import keep_addresses
from webapp.areas import actions as areas
from webapp.areas.models import Grid, PoliceGrid
from webapp.calendars.actions import keep as keep_calendar
from webapp.calendars.counting import local_day
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.errors import Conflict
from webapp.core.events import Outbox
from webapp.core.files import FolderStore
from webapp.core.queue import MACHINE
from webapp.demo import bodies, days, hazards, people, specs, walks
from webapp.demo import ground as grounds
from webapp.demo.addresses import addresses
from webapp.demo.history import Writer
from webapp.demo.shapes import Ground
from webapp.field import imports
from webapp.intake.actions import keep_source
from webapp.leads import actions as leads
from webapp.patrols.actions import keep_patrol
from webapp.patrols.actions import rebuild_presence as rebuild
from webapp.patrols.models import Patrol
from webapp.people import actions as register
from webapp.people.models import Membership, Person, Station, Team
from webapp.places.models import Place
from webapp.referrals.actions import import_bodies

Say = Callable[[str], None]
DATA = Path(__file__).parent / "data"
# Ids of demo rows follow from their names, so that a demo loaded twice on two machines is the same.
NAMESPACE = UUID("6f0f3a52-52a0-4b0e-9c1f-6d3a3c9b7b11")
ROLES_OF_ALL = ("officer",)
LOGINS = {"volunteer": 3, "grid_worker": 3, "planner": 1, "mediator": 1, "station_chief": 1}
WALKS = {"YZ": 340, "QF": 120, "WH": 60}
CURRENT = {"YZ": 76, "QF": 24, "WH": 18}
PAST = {"YZ": 2400, "QF": 600, "WH": 200}
SOURCES = (("110", "call", "110警情（演示）"), ("12345", "order", "12345工单（演示）"))
ADMINS = (("system_admin", "演示系统管理员"), ("audit_admin", "演示审计管理员"))
FIRST = ("YZ", "QF")


def load_first(settings: Settings, say: Say) -> None:
    """Load the stations of a first start; when an earlier one broke off, those that it did not come to.

    A database that holds stations and was not left half-way is somebody's own: nothing is added to it.
    """
    unfinished = settings.home / "demo-unfinished"
    with imports.owner(settings) as session:
        known = set(session.scalars(select(Station.code)))
    if known and not unfinished.exists():
        return
    unfinished.touch()
    missing = [code for code in FIRST if code not in known]
    if missing:
        load(settings, missing, scale=1, say=say)
    unfinished.unlink()


def load(settings: Settings, codes: Sequence[str], scale: int, say: Say) -> None:
    """Load demo stations; a station that is there already is left as it is.

    `scale` multiplies grids, members and cases for benchmarks. Writes demo-logins.json (mode 0600).
    """
    for name in ("streets.csv", "communities.csv"):
        imports.import_divisions(settings, DATA / name)
    for code in codes:
        spec = specs.spec(code)
        with imports.owner(settings) as session:
            known = session.scalar(select(Station.id).where(Station.code == spec.code))
        if known is not None:
            raise Conflict("demo_known", station=spec.code)
        say(f"demo station {spec.code}: drawing the ground" + (f", {scale} times" if scale > 1 else ""))
        drawn = grounds.ground(spec, Random(f"{spec.code}-ground"), scale)  # noqa: S311 - demo
        _load_station(settings, drawn, scale, say)


def _id(*parts: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(map(str, parts)))


def _load_station(settings: Settings, drawn: Ground, scale: int, say: Say) -> None:
    station_id = _id(drawn.code, "station")
    by = Actor(station_id, MACHINE)
    now = clock.now()
    with imports.owner(settings, station_id) as session:
        session.add(_station(drawn, station_id))
        session.flush()
        say(f"demo station {drawn.code}: {len(drawn.grids)} grids, {len(drawn.police_grids)} police grids")
        plan = areas.import_plan(session, _id(drawn.code, "plan", 1), _records(drawn), name="演示方案", by=by)
        areas.publish(session, plan, valid_from=now - timedelta(days=600), by=by)
        # What is due in working days needs to know them from the first day.
        keep_calendar(session, local_day(now), by=by)
        _places(session, drawn, station_id)
        keep_addresses(session, addresses(drawn, _dice(drawn, "addresses")), source="demo", by=by)
        for source, kind, name in SOURCES:
            said = {"code": source, "kind": kind, "name": name, "default_class": "call_order"}
            keep_source(session, _id(drawn.code, "source", source), said, by=by)
        roster = people.members(drawn, people.roster(drawn.code, scale), _dice(drawn, "people"))
        say(f"demo station {drawn.code}: {len(roster)} members")
        persons = _members(session, drawn, roster, by)
        logins = _logins(session, drawn, roster, persons, by)
        session.flush()
        writer = Writer(session, FolderStore(settings.blobs_dir), drawn, station_id, roster, persons)
        current = hazards.current_hazards(drawn, now, _dice(drawn, "hazards"), CURRENT[drawn.code] * scale)
        past = hazards.past_hazards(drawn, now, _dice(drawn, "past"), PAST[drawn.code] * scale)
        if scale == 1:
            codes = {code for beat in drawn.police_grids[:1] for code in beat.grid_codes}
            ground = union_all([grid.polygon for grid in drawn.grids if grid.code15 in codes])
            current = days.with_pairs(current, now, ground)
        say(f"demo station {drawn.code}: {len(past)} past cases, {len(current)} hazards")
        writer.cases(past, photos=False, events=scale == 1)
        # The past needs no reactions: let its triggers run now and empty what they put aside for the worker.
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        session.execute(delete(Outbox))
        session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        writer.cases(current, photos=scale == 1, events=True)
        _walks(session, drawn, roster, persons, now, say, by)
        import_bodies(session, bodies.body_rows(), by=by)
        _visits(session, drawn, roster, persons, now, by)
        if scale == 1:
            _days(writer, roster, persons, now, say)
        session.flush()
        # Before the commit: a station that is there and that nobody can sign in to would be of no use.
        _write_logins(settings, drawn.code, logins)


def _days(
    writer: Writer, roster: Sequence[people.Member], persons: dict[int, Person], now: datetime, say: Say
) -> None:
    """Let the station's people do what fills their lists."""
    session, station_id = writer.session, writer.station_id
    grids = {g.code: g.id for g in session.scalars(select(Grid).where(Grid.station_id == station_id))}
    workers = {
        grids[m.grid_code]: persons[m.index].id for m in roster if m.role == "grid_worker" and m.grid_code
    }
    [chief, *_others] = [persons[m.index].id for m in roster if m.role == "station_chief"]
    [officer, *_rest] = [m for m in roster if m.role == "officer" and m.police_grid_code]
    own = persons[officer.index].id
    first = frozenset(grid for grid, handler in writer.handlers.items() if handler == own)
    dice = Random(f"{writer.code}-days")  # noqa: S311 - demo data, the same on every machine
    ready = days.Ready(session, writer.blobs, station_id, writer.code, chief, workers, first, now, dice)
    say(f"demo station {writer.code}: {days.fill(ready)} calls, tasks, look-backs, hand-overs and steps")


def _dice(drawn: Ground, what: str) -> Random:
    return Random(f"{drawn.code}-{what}")  # noqa: S311 - demo data, the same on every machine


def _station(drawn: Ground, station_id: UUID) -> Station:
    return Station(
        id=station_id,
        code=drawn.code,
        name={"zh": drawn.name_zh, "en": drawn.name_en},
        ground=from_shape(MultiPolygon([drawn.outline]), 4326),
        synthetic=True,
        credit=drawn.credit,
    )


def _records(drawn: Ground) -> list[AreaRecord]:
    beats = {code: beat.name for beat in drawn.police_grids for code in beat.grid_codes}
    names = {community.code12: community.name for community in drawn.communities}
    return [
        AreaRecord(
            number=number,
            code=grid.code15,
            name=grid.name,
            geometry=grid.polygon,
            raw_geometry=grid.polygon,
            community=names[grid.community_code12],
            kind=grid.kind,
            households=grid.households,
            population=grid.population,
            properties={"police_grid": beats[grid.code15]},
        )
        for number, grid in enumerate(drawn.grids, 1)
    ]


def _places(session: Session, drawn: Ground, station_id: UUID) -> None:
    for number, place in enumerate(drawn.places):
        point = from_shape(Point(place.lon, place.lat), 4326)
        key = _id(drawn.code, "place", number)
        session.add(
            Place(id=key, station_id=station_id, kind=place.kind, name=place.name, geom=point, source="demo")
        )


def _members(
    session: Session, drawn: Ground, roster: Sequence[people.Member], by: Actor
) -> dict[int, Person]:
    police = {
        p.name: p.id
        for p in session.scalars(select(PoliceGrid).where(PoliceGrid.station_id == by.station_id))
    }
    beats = {beat.code: police[beat.name] for beat in drawn.police_grids}
    grids = {g.code: g.id for g in session.scalars(select(Grid).where(Grid.station_id == by.station_id))}
    teams: dict[str, Team] = {}
    entered = [
        {"id": _id(drawn.code, "person", m.index), "name": m.name, "category": m.category, "phone": m.phone}
        for m in roster
    ]
    register.enrol_people(session, _id(drawn.code, "roster", len(roster)), entered, by=by)
    own = select(Person).where(Person.id.in_([one["id"] for one in entered]))
    by_id = {person.id: person for person in session.scalars(own)}
    persons = {m.index: by_id[_id(drawn.code, "person", m.index)] for m in roster}
    for member in roster:
        key = persons[member.index].id
        if member.grid_code and member.role == "grid_worker":
            areas.post(session, key, duty=member.category, grid_id=grids[member.grid_code], by=by)
        elif member.police_grid_code and member.role in ("officer", "grid_worker"):
            areas.post(
                session, key, duty=member.category, police_grid_id=beats[member.police_grid_code], by=by
            )
        for name, kind in ((member.team, "joint"), (member.squad, "patrol")):
            if name:
                _join(session, teams, drawn, name, kind, key, by)
    return persons


def _join(
    session: Session, teams: dict[str, Team], drawn: Ground, name: str, kind: str, person: UUID, by: Actor
) -> None:
    if name not in teams:
        teams[name] = Team(id=_id(drawn.code, "team", name), station_id=by.station_id, name=name, kind=kind)
        session.add(teams[name])
        session.flush()
    since = clock.now().date() - timedelta(days=200)
    session.add(
        Membership(team_id=teams[name].id, person_id=person, station_id=by.station_id, since_on=since)
    )


def _logins(
    session: Session, drawn: Ground, roster: Sequence[people.Member], persons: dict[int, Person], by: Actor
) -> list[dict[str, Any]]:
    """Open demo accounts: every posted officer, some of each other role, and the two admins."""
    chosen: list[tuple[UUID, str, str | None, str | None]] = []
    counts: dict[str, int] = {}
    for member in roster:
        counts[member.role] = counts.get(member.role, 0) + 1
        officer = member.role in ROLES_OF_ALL and member.police_grid_code and counts[member.role] <= 40
        if officer or counts[member.role] <= LOGINS.get(member.role, 0):
            key = persons[member.index].id
            chosen.append((key, member.role, member.police_grid_code, member.grid_code))
    for role, name in ADMINS:
        key = _id(drawn.code, "admin", role)
        register.enrol_person(session, key, name=name, category="admin", phone=None, by=by)
        chosen.append((key, role, None, None))
    numbers: dict[str, int] = {}
    logins = []
    for person_id, role, police_grid, grid in chosen:
        numbers[role] = numbers.get(role, 0) + 1
        username = f"{drawn.code.lower()}-{role.replace('_', '-')}-{numbers[role]}"
        password = secrets.token_urlsafe(12)
        account_id = register.open_account(
            session, person_id, username=username, role=role, password=password, by=by
        )
        as_person = Actor(by.station_id, role, person_id, account_id)
        _device, token = register.add_device(
            session, _id(drawn.code, "device", username), label="demo", scope="all", by=as_person
        )
        logins.append(
            {
                "role": role,
                "username": username,
                "password": password,
                "token": token,
                "station": drawn.code,
                "police_grid": police_grid,
                "grid": grid,
            }
        )
    return logins


def _visits(
    session: Session,
    drawn: Ground,
    roster: Sequence[people.Member],
    persons: dict[int, Person],
    now: datetime,
    by: Actor,
) -> None:
    grids = {g.code: g.id for g in session.scalars(select(Grid).where(Grid.station_id == by.station_id))}
    for one in bodies.visited(drawn, roster):
        visitor = persons[one.visitor].id
        said = {
            **{name: "" for name in leads.DETAILS}, "name": one.name, "address": one.address,
            "risk": one.risk, "minor": False, "grid_id": grids[one.grid_code],
            "officer_id": persons[one.officer].id, "visitor_id": visitor, "second_id": None,
        }  # fmt: skip
        person = leads.keep_person(session, _id(drawn.code, "visited", one.serial), said, by=by)
        if one.days_ago is not None:
            key, at = _id(drawn.code, "visit", one.serial), now - timedelta(days=one.days_ago)
            own = Actor(by.station_id, "grid_worker", visitor)
            leads.visit(session, person, key, at=at, result="well", words="一切安好", by=own)


def _walks(
    session: Session,
    drawn: Ground,
    roster: Sequence[people.Member],
    persons: dict[int, Person],
    now: datetime,
    say: Say,
    by: Actor,
) -> None:
    walked = walks.walks(drawn, roster, now, _dice(drawn, "walks"), WALKS[drawn.code])
    say(f"demo station {drawn.code}: {len(walked)} patrols, {sum(len(w.fixes) for w in walked)} fixes")
    for number, walk in enumerate(walked):
        patrol = Patrol(
            id=_id(drawn.code, "patrol", number),
            station_id=by.station_id,
            person_id=persons[walk.member_index].id,
            kind=walk.kind,
            started_at=walk.started_at,
            ended_at=walk.ended_at,
        )
        keep_patrol(session, patrol, walk.fixes, by=by)
    rebuild(session, by=by)


def rebuild_presence(settings: Settings, say: Say) -> int:
    """Make every station's presence anew; return the number of grid days."""
    with imports.owner(settings) as session:
        stations = list(session.scalars(select(Station.id)))
    total = 0
    for station_id in stations:
        with imports.owner(settings, station_id) as session:
            total += rebuild(session, by=Actor(station_id, MACHINE))
        say(f"{total} grid days")
    return total


def _write_logins(settings: Settings, code: str, logins: list[dict[str, Any]]) -> None:
    path = settings.home / "demo-logins.json"
    known = json.loads(path.read_text()) if path.exists() else []
    whole = [item for item in known if item["station"] != code] + logins
    aside = path.with_suffix(".new")
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(whole, file, ensure_ascii=False, indent=1)
    aside.rename(path)


def greeting(settings: Settings) -> list[str]:
    """Return lines that name one demo login for each role of the first station."""
    path = settings.home / "demo-logins.json"
    if not path.exists():
        return []
    lines, seen = ["Demo logins (synthetic stations; all of them are in " + str(path) + "):"], set()
    for item in json.loads(path.read_text()):
        if item["role"] not in seen:
            seen.add(item["role"])
            lines.append(f"  {item['role']:<14} {item['username']:<22} {item['password']}")
    return lines
