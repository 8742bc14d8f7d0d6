"""Reads about the quarantine, forms and what phones list, under the asker's own rights."""

from __future__ import annotations

from datetime import datetime
from math import pi, sqrt
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.areas.models import Grid, GridShape
from webapp.areas.queries import plan_at
from webapp.cases import queries as cases
from webapp.cases.models import Case, HazardClass
from webapp.cases.rules import State
from webapp.core.actor import Actor
from webapp.core.errors import NotFound
from webapp.field.models import FormFile, Quarantine
from webapp.field.rules import LISTED
from webapp.field.rules import loose_case as loose_number


def entries(session: Session, state: str = "kept", limit: int = 200) -> list[Quarantine]:
    """Return the entries in a state, newest first."""
    wanted = select(Quarantine).where(Quarantine.state == state).order_by(Quarantine.received_at.desc())
    return list(session.scalars(wanted.limit(limit)))


def kept_before(session: Session, by: Actor, door: str, sha: str, files: dict[str, str]) -> Quarantine | None:
    """Return the entry of the same person, door and body that has all these files, if there is one."""
    return session.scalars(
        select(Quarantine)
        .where(Quarantine.sha256 == sha, Quarantine.door == door, Quarantine.files.contains(files))
        .where(Quarantine.station_id == by.station_id, Quarantine.person_id == by.person_id)
        .order_by(Quarantine.received_at)
    ).first()


def mended(session: Session, by: Actor, door: str, sha: str) -> Quarantine | None:
    """Return the entry of the actor's own report that the station has mended into a case, if there is one."""
    return session.scalars(
        select(Quarantine).where(
            Quarantine.sha256 == sha,
            Quarantine.door == door,
            Quarantine.person_id == by.person_id,
            Quarantine.state == "repaired",
        )
    ).first()


def entry(session: Session, entry_id: UUID) -> Quarantine:
    """Return one entry; raise NotFound when absent or not for the asker."""
    found = session.get(Quarantine, entry_id)
    if found is None:
        raise NotFound()
    return found


def loose_case(session: Session, entry: Quarantine) -> Case | None:
    """Return the case that an entry's loose files came for, as far as the asker may see it."""
    number = loose_number(entry.problems)
    return session.scalar(select(Case).where(Case.number == number)) if number else None


def form_classes(
    session: Session, *, drafts: bool = False, every: bool = False, code: str | None = None
) -> list[HazardClass]:
    """Return the classes of a phone's forms: those in use, or the drafts, or every published version."""
    wanted = select(HazardClass).order_by(HazardClass.position, HazardClass.code, HazardClass.version)
    if code is not None:
        wanted = wanted.where(HazardClass.code == code)
    if drafts:
        return list(session.scalars(wanted.where(HazardClass.draft)))
    published = HazardClass.draft.is_(False)
    return list(session.scalars(wanted.where(published if every else HazardClass.in_use)))


def form_class(session: Session, code: str, version: str | None, *, drafts: bool = False) -> HazardClass:
    """Return the class of a form: the version named, else the newest on offer; raise NotFound."""
    found = form_classes(session, drafts=drafts, every=version is not None, code=code)
    fitting = [item for item in found if version in (None, str(item.version))]
    if not fitting:
        raise NotFound()
    return fitting[-1]


def own_classes(session: Session, by: Actor) -> list[HazardClass]:
    """Return all versions of the station's own classes, the newest of each first."""
    wanted = select(HazardClass).where(HazardClass.station_id == by.station_id)
    return list(session.scalars(wanted.order_by(HazardClass.code, HazardClass.version.desc())))


def own_class(session: Session, by: Actor, code: str, version: int) -> HazardClass:
    """Return one version of a class of the station's own; raise NotFound."""
    found = session.get(HazardClass, (code, version))
    if found is None or found.station_id != by.station_id:
        raise NotFound()
    return found


def followed(session: Session, by: Actor, which: str) -> list[Case]:
    """Return the cases of a person's list: `my_reports`, or `my_tasks` (taken over and still open)."""
    if which == "my_reports":
        return cases.cases(session, cases.Filter(mine=by.person_id), LISTED)
    wanted = select(Case.id).where(Case.handler_id == by.person_id, Case.state == State.ACCEPTED)
    ids = session.scalars(wanted.order_by(Case.due_at).limit(LISTED)).all()
    return [cases.case(session, case_id) for case_id in ids]


def grid_points(session: Session, by: Actor, at: datetime) -> list[tuple[str, str, float, float, float]]:
    """Return (code, name, lon, lat, radius in metres) of the grids in force; the point lies inside."""
    plan = plan_at(session, by.station_id, at)
    if plan is None:
        return []
    inner = func.ST_PointOnSurface(GridShape.geom)
    rows = session.execute(
        select(Grid.code, Grid.name, func.ST_X(inner), func.ST_Y(inner), GridShape.area_m2)
        .join(Grid, Grid.id == GridShape.grid_id)
        .where(GridShape.plan_id == plan.id)
        .order_by(Grid.code)
    )
    return [(code, name, lon, lat, sqrt(area / pi)) for code, name, lon, lat, area in rows]


def known_names(session: Session, submission_id: UUID) -> dict[str, str]:
    """Return which bytes (SHA-256) a submission's file names stand for so far.

    The same submission, sent at the same moment, waits here until this transaction ends.
    """
    key = func.hashtextextended(f"openrosa|{submission_id}", 0)
    session.execute(select(func.pg_advisory_xact_lock(key)))
    wanted = select(FormFile.name, FormFile.sent_sha256).where(FormFile.case_id == submission_id)
    return {name: sha for name, sha in session.execute(wanted)}


def kept_file(session: Session, entry_id: UUID, number: int) -> str:
    """Return the SHA-256 of a file of an entry, counted from 1 in the order of the names; raise NotFound."""
    files = sorted(entry(session, entry_id).files.items())
    if not 1 <= number <= len(files):
        raise NotFound()
    return str(files[number - 1][1])


def number_of(session: Session, case_id: UUID | None) -> str | None:
    """Return the number of a case that the asker may see; None without one."""
    return None if case_id is None else session.scalar(select(Case.number).where(Case.id == case_id))
