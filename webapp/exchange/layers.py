"""What an export selects: one statement for each register, cut down by the filter that was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from webapp.areas.models import Community, Grid, GridShape, Plan, PoliceGrid, PoliceGridShape, Posting
from webapp.cases.models import Case, HazardClass
from webapp.cases.queries import Filter, filtered, shareable
from webapp.core import clock
from webapp.patrols.models import GridPresence
from webapp.people.models import Contact, Membership, Person, Team
from webapp.places.models import Place

_REPORTER, _HANDLER = aliased(Person, name="reporter"), aliased(Person, name="handler")
_DECLARED = (HazardClass.code == Case.class_code) & (HazardClass.version == Case.class_version)


def case_filter(wanted: Mapping[str, Any]) -> Filter:
    """Return the filter of the list of cases that an export was asked with."""
    box = wanted.get("bbox")
    return Filter(
        state=wanted.get("state"),
        class_code=wanted.get("class_code"),
        police_grid_id=UUID(wanted["police_grid_id"]) if wanted.get("police_grid_id") else None,
        box=(box[0], box[1], box[2], box[3]) if box else None,
        text=wanted.get("q"),
        since=_moment(wanted, "since"),
        until=_moment(wanted, "until"),
    )


def _moment(wanted: Mapping[str, Any], name: str) -> datetime | None:
    """Return a wanted day's beginning in China."""
    value = wanted.get(name)
    return (
        None if not value else datetime.combine(date.fromisoformat(value), datetime.min.time(), clock.SHOWN)
    )


def _cases(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    query = (
        select(
            Case.id, Case.number, Case.class_code, HazardClass.title.label("class_title"), Case.state,
            Case.found_at, Case.reported_at, Case.accepted_at, Case.closed_at, Case.due_at,
            func.ST_X(Case.geom).label("lon"), func.ST_Y(Case.geom).label("lat"),
            Case.accuracy_m, Case.method, Case.address, Case.place_flag, Grid.code.label("grid_code"),
            Grid.name.label("grid"), PoliceGrid.name.label("police_grid"), Case.answers, Case.note,
            Case.closing_note, Case.reporter_id, _REPORTER.name.label("reporter"),
            Contact.phone.label("reporter_phone"), Case.handler_id, _HANDLER.name.label("handler"),
            Case.client, Case.source, Case.source_ref, Case.class_version, Case.revision, Case.raw_x,
            Case.raw_y, Case.raw_crs,
        )
        .join(HazardClass, _DECLARED)
        .join(Grid, Grid.id == Case.grid_id)
        .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
        .outerjoin(_REPORTER, _REPORTER.id == Case.reporter_id)
        .outerjoin(Contact, Contact.person_id == Case.reporter_id)
        .outerjoin(_HANDLER, _HANDLER.id == Case.handler_id)
        .where(Case.station_id == station_id, shareable())
    )  # fmt: skip
    return filtered(query, case_filter(wanted))


def _members(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    told = func.json_build_array(Team.name, Membership.since_on, Membership.until_on, Membership.leader)
    teams = (
        select(func.json_agg(aggregate_order_by(told, Team.name)))
        .select_from(Membership)
        .join(Team, Team.id == Membership.team_id)
        .where(Membership.person_id == Person.id)
        .scalar_subquery()
    )
    return (
        select(
            Person.id, Person.name, Person.category, Contact.phone, teams.label("teams"), Person.minor,
            Person.left_on,
        )
        .outerjoin(Contact, Contact.person_id == Person.id)
        .where(Person.station_id == station_id)
    )  # fmt: skip


def _teams(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    query = select(Team.id, Team.name, Team.kind)
    return query.where(Team.station_id == station_id)


def _places(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    lon, lat = func.ST_X(Place.geom).label("lon"), func.ST_Y(Place.geom).label("lat")
    columns = (Place.id, Place.name, Place.kind, lon, lat, Place.source)
    return select(*columns).where(Place.station_id == station_id)


def _postings(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    return (
        select(
            Posting.id, Posting.person_id, Person.name, Posting.duty,
            PoliceGrid.code.label("police_grid_code"), Grid.code.label("grid_code"), Posting.since_at,
            Posting.until_at,
        )
        .outerjoin(Person, Person.id == Posting.person_id)
        .outerjoin(PoliceGrid, PoliceGrid.id == Posting.police_grid_id)
        .outerjoin(Grid, Grid.id == Posting.grid_id)
        .where(Posting.station_id == station_id)
    )  # fmt: skip


def _plan(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    """Return the condition on the plan: the one named, else the one in force."""
    if wanted.get("plan_id"):
        return (Plan.id == UUID(wanted["plan_id"])) & (Plan.station_id == station_id)
    now = clock.now()
    return (
        (Plan.station_id == station_id)
        & (Plan.state == "published")
        & (Plan.valid_from <= now)
        & or_(Plan.valid_to.is_(None), Plan.valid_to > now)
    )


def _grids(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    inner = func.ST_PointOnSurface(GridShape.geom)
    return (
        select(
            Grid.id, Grid.code, Grid.name, Community.name.label("community"), Grid.kind,
            PoliceGrid.name.label("police_grid"), GridShape.households, GridShape.population,
            GridShape.area_m2, func.ST_X(inner).label("lon"), func.ST_Y(inner).label("lat"),
            func.ST_AsBinary(GridShape.geom).label("shape"),
        )
        .join(Plan, Plan.id == GridShape.plan_id)
        .join(Grid, Grid.id == GridShape.grid_id)
        .join(Community, Community.id == Grid.community_id)
        .join(PoliceGrid, PoliceGrid.id == GridShape.police_grid_id)
        .where(_plan(station_id, wanted))
    )  # fmt: skip


def _police_grids(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    inner = func.ST_PointOnSurface(PoliceGridShape.geom)
    bound = (
        select(func.count())
        .select_from(GridShape)
        .where(
            GridShape.plan_id == PoliceGridShape.plan_id,
            GridShape.police_grid_id == PoliceGridShape.police_grid_id,
        )
        .scalar_subquery()
    )
    return (
        select(
            PoliceGrid.id, PoliceGrid.code, PoliceGrid.name, bound.label("grids"),
            func.ST_X(inner).label("lon"), func.ST_Y(inner).label("lat"),
            func.ST_AsBinary(PoliceGridShape.geom).label("shape"),
        )
        .join(Plan, Plan.id == PoliceGridShape.plan_id)
        .join(PoliceGrid, PoliceGrid.id == PoliceGridShape.police_grid_id)
        .where(_plan(station_id, wanted))
    )  # fmt: skip


def _presence(station_id: UUID, wanted: Mapping[str, Any]) -> Any:
    query = (
        select(
            (cast(Grid.code, String) + "/" + cast(GridPresence.day_on, String)).label("id"),
            Grid.code.label("grid_code"), Grid.name.label("grid"), GridPresence.day_on, GridPresence.patrols,
            GridPresence.seconds, GridPresence.last_at,
        )
        .join(Grid, Grid.id == GridPresence.grid_id)
        .where(GridPresence.station_id == station_id)
    )  # fmt: skip
    if wanted.get("since"):
        query = query.where(GridPresence.day_on >= date.fromisoformat(wanted["since"]))
    if wanted.get("until"):
        query = query.where(GridPresence.day_on < date.fromisoformat(wanted["until"]))
    return query


SELECTS: Mapping[str, Callable[[UUID, Mapping[str, Any]], Any]] = {
    "cases": _cases,
    "members": _members,
    "teams": _teams,
    "places": _places,
    "postings": _postings,
    "grids": _grids,
    "police_grids": _police_grids,
    "presence": _presence,
}
