"""Two tiny stations that the tests work on, loaded by the actions that users have."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, box, union_all
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from collectors.records import AreaRecord
from webapp.areas import actions as areas
from webapp.areas.models import Grid, PoliceGrid
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import MIGRATE, Database
from webapp.core.events import Outbox
from webapp.people import actions as people
from webapp.people.models import Station as StationRow
from webapp.repeats.models import RepeatTerms

PASSWORD = "Plum-kettle-41-river"

# Squares of 0.004 by 0.003 degrees (about 350 by 330 m); a police grid is a column of them.
WIDTH, HEIGHT = 0.004, 0.003

# Most tests are about something else than the end of a case; those of its life switch the strict end on.
# The same for a second person's approval of plans.
SETTINGS = {"strict_end": False, "plan_approval": False}

# Reports that tests send beside each other are no repeats of each other, or every timeline would depend on
# which tests ran before. Tests about repeats ask for the usual terms (fixture `usual_repeats`).
NO_REPEATS = {
    "version": 0,
    "distance_m": 1,
    "near_m": 1,
    "place_m": 1,
    "days": 1,
    "near_h": 1,
    "raised_from": 1000,
    "first_from": 1000,
}

# Label of the police grid, code of its community, labels of its grids from south to north.
GROUNDS = {
    "T": (
        (112.564, 37.862),
        (
            ("A", "140106001001", ("A1", "A2")),
            ("B", "140106001002", ("B1", "B2")),
            ("C", "140106001003", ("C1", "C2")),
        ),
    ),
    "U": ((112.700, 37.800), (("A", "140106002001", ("A1", "A2")),)),
}

# Role, police grid of the posting (None: no posting), category in the register.
CAST = (
    ("volunteer", None, "volunteer"),
    ("volunteer", "2", "volunteer"),
    ("grid_worker", "A", "grid_worker"),
    ("grid_worker", "B", "grid_worker"),
    ("officer", "A", "officer"),
    ("officer", "B", "officer"),
    ("planner", None, "officer"),
    ("mediator", None, "mediator"),
    ("station_chief", None, "chief"),
    ("system_admin", None, "officer"),
    ("audit_admin", None, "officer"),
)


@dataclass(frozen=True)
class Member:
    """A person with an account: `police_grid` is the label A, B, ... of the posting."""

    username: str
    role: str
    police_grid: str | None
    person_id: UUID
    account_id: UUID
    token: str
    phone: str
    password: str = PASSWORD


@dataclass(frozen=True)
class Station:
    """What a test needs to know of a loaded station; grids and police grids by label (A1, A)."""

    code: str
    id: UUID
    plan_id: UUID
    grids: dict[str, UUID]
    police_grids: dict[str, UUID]
    members: dict[str, Member] = field(default_factory=dict)

    def member(self, role: str, police_grid: str | None = None) -> Member:
        """Return the first member of a role, or the one posted to a police grid."""
        return next(
            m
            for m in self.members.values()
            if m.role == role and (police_grid is None or m.police_grid == police_grid)
        )

    def actor(self, username: str) -> Actor:
        """Return who a member acts as."""
        member = self.members[username]
        return Actor(self.id, member.role, member.person_id, member.account_id)

    def inside(self, grid: str) -> tuple[float, float]:
        """Return longitude and latitude of the middle of a grid (WGS 84)."""
        west, south = _corner(self.code, grid)
        return round(west + WIDTH / 2, 6), round(south + HEIGHT / 2, 6)

    def box(self, grid: str) -> tuple[float, float, float, float]:
        """Return west, south, east, north of a grid (WGS 84)."""
        west, south = _corner(self.code, grid)
        return west, south, west + WIDTH, south + HEIGHT


def _corner(station: str, grid: str) -> tuple[float, float]:
    (west, south), columns = GROUNDS[station]
    for column, (_police, _community, labels) in enumerate(columns):
        if grid in labels:
            return round(west + column * WIDTH, 6), round(south + labels.index(grid) * HEIGHT, 6)
    raise KeyError(grid)


def load(settings: Settings, code: str) -> Station:
    """Load one of the stations and return its ids."""
    database = Database(settings, MIGRATE, pool_size=1)
    station_id = uuid4()
    by = Actor(station_id, "machine")
    with database.transaction(by) as session:
        found = _ground(session, code, by)
    members = {}
    for index, (role, mark, category) in enumerate(CAST):
        if code == "U" and mark == "B":
            continue
        member = _member(database, found, index, role, mark, category, by)
        members[member.username] = member
    with database.transaction() as session:
        session.execute(delete(Outbox))  # the beginning needs no reactions
    database.dispose()
    return Station(code, found.id, found.plan_id, found.grids, found.police_grids, members)


def _ground(session: Session, code: str, by: Actor) -> Station:
    records = []
    for police, community, labels in GROUNDS[code][1]:
        for serial, label in enumerate(labels, 1):
            west, south = _corner(code, label)
            shape = box(west, south, round(west + WIDTH, 6), round(south + HEIGHT, 6))
            records.append(
                AreaRecord(
                    number=len(records) + 1,
                    code=f"{community}{serial:03d}",
                    name=f"{code}-{label}",
                    geometry=shape,
                    raw_geometry=shape,
                    community=f"{code}-{police}社区",
                    kind="basic",
                    households=400,
                    population=1000,
                    properties={"police_grid": f"{code}-{police}"},
                )
            )
    whole = from_shape(MultiPolygon([union_all([r.geometry for r in records])]), 4326)
    name = {"zh": f"测试派出所{code}", "en": f"Test station {code}"}
    session.add(
        StationRow(id=by.station_id, code=code, name=name, ground=whole, synthetic=True, settings=SETTINGS)
    )
    session.flush()
    session.add(RepeatTerms(id=uuid4(), station_id=by.station_id, **NO_REPEATS))
    plan = areas.import_plan(session, uuid4(), records, name="first", by=by)
    areas.publish(session, plan, valid_from=clock.now() - timedelta(days=400), by=by)
    names = select(Grid.name, Grid.id).where(Grid.station_id == by.station_id)
    police = select(PoliceGrid.name, PoliceGrid.id).where(PoliceGrid.station_id == by.station_id)
    return Station(
        code,
        by.station_id,
        plan.id,
        {row.name.split("-")[1]: row.id for row in session.execute(names)},
        {row.name.split("-")[1]: row.id for row in session.execute(police)},
    )


def _member(
    database: Database, home: Station, index: int, role: str, mark: str | None, category: str, by: Actor
) -> Member:
    username = f"{home.code.lower()}.{role}" + (f".{mark.lower()}" if mark else "")
    person_id = uuid4()
    phone = f"1380000{ord(home.code):02d}{index:02d}"
    with database.transaction(by) as session:
        people.enrol_person(
            session, person_id, name=f"甲{home.code}{index:02d}", category=category, phone=phone, by=by
        )
        if mark in home.police_grids:
            areas.post(
                session, person_id, duty=role, police_grid_id=home.police_grids[mark],
                since=clock.now() - timedelta(days=300), by=by,
            )  # fmt: skip
        account_id = people.open_account(
            session, person_id, username=username, role=role, password=PASSWORD, by=by
        )
    own = Actor(home.id, role, person_id, account_id)
    with database.transaction(own) as session:
        _device, token = people.add_device(session, uuid4(), label="test", scope="all", by=own)
    police_grid = mark if mark in home.police_grids else None
    return Member(username, role, police_grid, person_id, account_id, token, phone)
