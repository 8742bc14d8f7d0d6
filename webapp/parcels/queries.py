"""Reads about packages: what goes into one, what is known of those that came, what lies in the drop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session, selectinload

from collectors import packages, pwa
from collectors.packages import Package
from collectors.records import Attachment as SentFile
from collectors.records import Place, Report
from collectors.records import Refused as Unreadable
from webapp.cases.models import Attachment, Case
from webapp.cases.queries import shareable
from webapp.core.actor import Actor
from webapp.core.config import Settings
from webapp.core.db import Database
from webapp.core.errors import Problem, Refused
from webapp.core.events import Event
from webapp.core.files import BlobStore
from webapp.exchange import rules as columns
from webapp.exchange.layers import SELECTS
from webapp.exchange.queries import found_or_refused
from webapp.parcels.models import Parcel, Partner
from webapp.parcels.rules import DROP_FOLDERS, QUIET_S

_LISTED = 100
_STEP = 200


def ours(read: Any) -> Any:
    """Run a reader of formats; its refusal becomes ours."""
    try:
        return read()
    except Unreadable as error:
        problems = [Problem(p.pointer, p.code, p.params) for p in error.problems]
        raise Refused(error.code, problems=problems, **error.params) from error


@contextmanager
def opened(session: Session, blobs: BlobStore, item: Parcel, by: Actor) -> Iterator[Package]:
    """Open a package that was brought, checked to its last byte anew; raise Refused with the reason."""
    trusted = believed(session, by)
    with blobs.opened(item.sha256) as source:
        yield ours(lambda: packages.opened(source, trusted.__contains__))


def partners(session: Session) -> list[Partner]:
    """Return the partners that are believed."""
    return list(session.scalars(select(Partner).where(Partner.revoked_at.is_(None)).order_by(Partner.name)))


def partner(session: Session, partner_id: UUID) -> Partner:
    """Return one partner; raise NotFound when absent."""
    return found_or_refused(session.get(Partner, partner_id))


def believed(session: Session, by: Actor) -> dict[str, UUID]:
    """Return the partners' ids by the fingerprint of their keys."""
    own = (Partner.station_id == by.station_id) & Partner.revoked_at.is_(None)
    rows = session.execute(select(Partner.fingerprint, Partner.id).where(own))
    return {row.fingerprint: row.id for row in rows}


def parcels(session: Session) -> list[Parcel]:
    """Return the newest packages."""
    return list(session.scalars(select(Parcel).order_by(Parcel.made_at.desc()).limit(_LISTED)))


def parcel(session: Session, parcel_id: UUID) -> Parcel:
    """Return one package; raise NotFound when absent."""
    return found_or_refused(session.get(Parcel, parcel_id))


def known_parcel(session: Session, by: Actor, direction: str, package_id: UUID) -> Parcel | None:
    """Return a package that went that way before."""
    own = (Parcel.station_id == by.station_id) & (Parcel.direction == direction)
    return session.scalar(select(Parcel).where(own, Parcel.package_id == package_id))


def _wanted(by: Actor, since: datetime | None, until: datetime | None) -> Select[Any]:
    query: Select[Any] = select(Case).where(Case.station_id == by.station_id, shareable())
    query = query if since is None else query.where(Case.reported_at >= since)
    query = query if until is None else query.where(Case.reported_at < until)
    return query.order_by(Case.reported_at, Case.id)


def reports(
    session: Session, by: Actor, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield the reports of a span as the phone page sends them, with what this side knows beside."""
    query = _wanted(by, since, until).options(selectinload(Case.attachments))
    for case in session.scalars(query.execution_options(yield_per=_STEP)):
        found = [a for a in case.attachments if a.purpose == "found"]
        yield {
            **orjson.loads(pwa.document(_report(case, found))),
            "stored": {a.sent_sha256: a.sha256 for a in found},
            "reporter_id": None if case.reporter_id is None else str(case.reporter_id),
            "client": case.client,
        }


def _report(case: Case, found: list[Attachment]) -> Report:
    return Report(
        id=case.id,
        class_code=case.class_code,
        class_version=str(case.class_version),
        answers=case.answers,
        place=Place(case.raw_x, case.raw_y, case.raw_crs, case.accuracy_m, case.method, case.address),
        found_at=case.found_at,
        note=case.note,
        attachments=tuple(SentFile("", a.media_type, a.sent_sha256) for a in found),
    )


def case_rows(
    session: Session, by: Actor, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield the cases of a span as the rows of an export, persons left out."""
    names = [n for n in columns.columns("", "cases", "csv") if not n.startswith(("reporter", "handler"))]
    query = SELECTS["cases"](by.station_id, {})
    query = query if since is None else query.where(Case.reported_at >= since)
    query = query if until is None else query.where(Case.reported_at < until)
    for row in session.execute(query.order_by(Case.reported_at, Case.id)):
        values = {**row._mapping, "crs": "wgs84", "class_title": "", "state_title": ""}
        yield {name: columns.cell(values[name]) for name in names}


def events(
    session: Session, by: Actor, since: datetime | None, until: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield what happened to the cases of a span: for the other side to read, not to enter."""
    inside = _wanted(by, since, until).with_only_columns(Case.id).order_by(None)
    query = select(Event).where(Event.station_id == by.station_id, Event.subject_id.in_(inside))
    for event in session.scalars(query.order_by(Event.id).execution_options(yield_per=_STEP)):
        yield {
            "id": event.id, "at": event.at.isoformat(), "name": event.name,
            "subject": str(event.subject_id), "data": event.data,
        }  # fmt: skip


def files(
    session: Session, blobs: BlobStore, by: Actor, since: datetime | None, until: datetime | None
) -> Iterator[tuple[str, bytes]]:
    """Yield the photos of the reports of a span by the SHA-256 that they are kept under."""
    inside = _wanted(by, since, until).with_only_columns(Case.id).order_by(None)
    query = select(Attachment.sha256).where(Attachment.case_id.in_(inside), Attachment.purpose == "found")
    for sha in session.scalars(query.distinct()):
        yield sha, blobs.get(sha)


ROWS: Mapping[str, Callable[..., Iterator[dict[str, Any]]]] = {
    "reports": reports,
    "cases": case_rows,
    "events": events,
}


def held_report(session: Session, case_id: UUID) -> Case | None:
    """Return the case that stands under a report's id, with its files."""
    return session.scalar(select(Case).where(Case.id == case_id).options(selectinload(Case.attachments)))


def dropped(database: Database, settings: Settings, now_s: float) -> Iterator[tuple[UUID, Path]]:
    """Yield (station, package) of what lies quiet in the drop folder; makes the folders of known stations."""
    root = Path(settings.drop_dir)
    if not settings.drop_dir or not root.is_dir():
        return
    with database.transaction() as session:
        for home in sorted(path for path in root.iterdir() if path.is_dir()):
            station = session.scalar(text("SELECT app.station_of(:code)"), {"code": home.name})
            if station is None:
                continue
            for name in DROP_FOLDERS:
                (home / name).mkdir(exist_ok=True)
            for path in sorted((home / "in").glob("*.zip")):
                if path.is_file() and not path.is_symlink() and now_s - path.stat().st_mtime > QUIET_S:
                    yield station, path
