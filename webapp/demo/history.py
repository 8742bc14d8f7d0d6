"""Writes demo cases with their events and photos, many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID, uuid5

from geoalchemy2 import WKTElement
from shapely import Point, STRtree
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from collectors import photos as pictures
from webapp.areas.models import Grid, GridShape, Plan
from webapp.areas.rules import NEAR_BORDER
from webapp.calendars.counting import NO_CALENDAR
from webapp.calendars.rules import Rule
from webapp.cases import clocks, rules
from webapp.cases.models import Attachment, Case, CaseNumber, HazardClass
from webapp.core import clock
from webapp.core.events import Event
from webapp.core.files import BlobStore
from webapp.demo.hazards import DemoHazard
from webapp.demo.people import Member
from webapp.demo.photos import photo
from webapp.demo.shapes import Ground
from webapp.people.models import Person

PHOTOS_PER_CLASS = 3


class Writer:
    """Writes the demo cases of one station; keeps what many cases need at hand."""

    def __init__(
        self,
        session: Session,
        blobs: BlobStore,
        drawn: Ground,
        station_id: UUID,
        roster: Sequence[Member],
        persons: dict[int, Person],
    ) -> None:
        self.session = session
        self.blobs = blobs
        self.code = drawn.code
        self.station_id = station_id
        self.dice = Random(f"{drawn.code}-cases")  # noqa: S311 - demo
        self.shapes = [grid.polygon for grid in drawn.grids]
        self.tree = STRtree(self.shapes)
        grids = {g.code: g.id for g in session.scalars(select(Grid).where(Grid.station_id == station_id))}
        self.grid_ids = [grids[grid.code15] for grid in drawn.grids]
        self.plan_id = session.scalars(select(Plan.id).where(Plan.station_id == station_id)).one()
        rows = session.execute(
            select(GridShape.grid_id, GridShape.police_grid_id).where(GridShape.plan_id == self.plan_id)
        )
        self.police = {row.grid_id: row.police_grid_id for row in rows}
        self.classes = {c.code: c for c in session.scalars(select(HazardClass).where(HazardClass.in_use))}
        self.reporters = [persons[m.index].id for m in roster if m.role in ("volunteer", "grid_worker")]
        beats = {beat.code: beat.grid_codes for beat in drawn.police_grids}
        self.handlers: dict[UUID, UUID] = {}
        for member in roster:
            if member.role == "officer" and member.police_grid_code:
                for code in beats[member.police_grid_code]:
                    self.handlers[grids[code]] = persons[member.index].id
        self.serials: dict[int, int] = {}
        self._pictures: dict[str, list[dict[str, Any]]] = {}

    def cases(self, found: Sequence[DemoHazard], *, photos: bool, events: bool) -> None:
        """Write cases, oldest first, with the numbers that they would have had."""
        rows = [self._row(item) for item in sorted(found, key=lambda h: h.found_at)]
        for start in range(0, len(rows), 2000):
            self.session.execute(insert(Case), rows[start : start + 2000])
        numbers = upsert(CaseNumber)
        for year, last in self.serials.items():
            self.session.execute(
                numbers.on_conflict_do_update(index_elements=["station_id", "year"], set_={"last": last}),
                {"station_id": self.station_id, "year": year, "last": last},
            )
        if photos:
            self._attach(rows)
        if events:
            news = sorted((item for row in rows for item in self._events(row)), key=lambda e: e["at"])
            for start in range(0, len(news), 2000):
                self.session.execute(insert(Event), news[start : start + 2000])
        self.session.flush()

    def _row(self, item: DemoHazard) -> dict[str, Any]:
        declared = self.classes[item.class_code]
        year = item.found_at.astimezone(clock.SHOWN).year
        self.serials[year] = self.serials.get(year, 0) + 1
        number = rules.case_number(self.code, year, self.serials[year])
        point = Point(item.lon, item.lat)
        near = [
            int(i) for i in self.tree.query(point.buffer(item.accuracy_m / 95_000), predicate="intersects")
        ]
        own = min(near or [int(self.tree.nearest(point))], key=lambda i: (self.shapes[i].distance(point), i))
        other = next((i for i in near if i != own), None)
        grid_id = self.grid_ids[own]
        return {
            "id": uuid5(self.station_id, number),
            "station_id": self.station_id,
            "number": number,
            "kind": "lead" if declared.restricted else "hazard",
            "class_code": declared.code,
            "class_version": declared.version,
            "restricted": declared.restricted,
            "state": item.state,
            "geom": WKTElement(point.wkt, 4326),
            "raw_x": item.lon,
            "raw_y": item.lat,
            "raw_crs": "wgs84",
            "accuracy_m": item.accuracy_m,
            "method": item.method,
            "place_flag": None if other is None else NEAR_BORDER,
            "plan_id": self.plan_id,
            "grid_id": grid_id,
            "police_grid_id": self.police[grid_id],
            "neighbour_grid_id": None if other is None else self.grid_ids[other],
            "answers": dict(item.answers),
            "note": item.note,
            "found_at": item.found_at,
            "reported_at": item.found_at,
            "accepted_at": item.accepted_at,
            "closed_at": item.closed_at,
            "closing_note": item.closing_note or None,
            **self._clock(item.found_at, declared.limit_h),
            "reporter_id": self.dice.choice(self.reporters),
            "handler_id": self.handlers.get(grid_id) if item.accepted_at else None,
            "client": "demo",
            "content_hash": sha256(number.encode()).digest(),
            "revision": 1 + (item.accepted_at is not None) + (item.closed_at is not None),
        }

    @staticmethod
    def _clock(found_at: datetime, limit_h: int) -> dict[str, Any]:
        """Return the clock of a case by the plain limit of its class; nobody is late to answer the past."""
        begun = clocks.begun(Rule.declared(None, limit_h), NO_CALENDAR, found_at, limit_h)
        return {**begun, "respond_by": None}

    def _events(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        moments: list[tuple[str, datetime | None, UUID | None]] = [
            ("cases.reported", row["reported_at"], row["reporter_id"]),
            ("cases.accepted", row["accepted_at"], row["handler_id"]),
            ("cases.closed", row["closed_at"], row["handler_id"]),
        ]
        return [
            {
                "station_id": self.station_id,
                "at": at,
                "name": name,
                "subject_kind": "case",
                "subject_id": row["id"],
                "grid_id": row["grid_id"],
                "by_id": by,
                "data": {"class_code": row["class_code"], "synthetic": True},
            }
            for name, at, by in moments
            if at is not None
        ]

    def _attach(self, rows: Sequence[dict[str, Any]]) -> None:
        files = []
        for row in rows:
            for purpose in ("found", "closed") if row["state"] == "closed" else ("found",):
                picture = self.dice.choice(self._of(row["class_code"]))
                files.append(
                    {**picture, "case_id": row["id"], "station_id": self.station_id, "purpose": purpose}
                )
        self.session.execute(insert(Attachment), files)

    def _of(self, class_code: str) -> list[dict[str, Any]]:
        """Return the few pictures of a class, drawn once."""
        if class_code not in self._pictures:
            self._pictures[class_code] = [
                self._picture(photo(class_code, Random(f"{class_code}-{n}")))  # noqa: S311 - demo
                for n in range(PHOTOS_PER_CLASS)
            ]
        return self._pictures[class_code]

    def _picture(self, data: bytes) -> dict[str, Any]:
        seen = pictures.inspect(data)
        kept = pictures.stripped(data)
        return {
            "sent_sha256": sha256(data).hexdigest(),
            "sha256": self.blobs.put(kept),
            "thumbnail_sha256": self.blobs.put(pictures.thumbnail(kept)),
            "media_type": seen.media_type,
            "size": len(kept),
            "width": seen.width,
            "height": seen.height,
        }
