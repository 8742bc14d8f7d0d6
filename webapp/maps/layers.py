"""The one list of map layers: what each shows, how, and who may see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from webapp.areas.models import Grid, GridShape, Plan, PoliceGrid, PoliceGridShape
from webapp.cases.models import Attachment, Case, HazardClass
from webapp.cases.queries import shareable
from webapp.cases.rules import OPEN_STATES
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.db import within_bbox
from webapp.core.i18n import N_
from webapp.patrols.models import Patrol
from webapp.patrols.queries import presence
from webapp.places.models import Place

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Asked:
    """What a window asks of a layer: the box it shows, the day it shows it at, and its filters."""

    by: Actor
    box: Box | None
    at: datetime
    filters: dict[str, str]


@dataclass(frozen=True)
class Layer:
    """One layer. `rows` selects (id, geom, properties as JSON) for a box, under the reader's rights."""

    id: str
    title: str
    geometry: str
    rows: Callable[[Asked], Select[Any]]
    roles: tuple[str, ...] = ()
    min_zoom: int = 0
    shown: bool = True
    filters: tuple[str, ...] = ()


def _in(column: Any, asked: Asked) -> ColumnElement[bool]:
    return within_bbox(column, asked.box) if asked.box else literal(True)


def _plan(asked: Asked) -> Any:
    return (
        select(Plan.id)
        .where(
            Plan.station_id == asked.by.station_id,
            Plan.state == "published",
            Plan.valid_from <= asked.at,
            or_(Plan.valid_to.is_(None), Plan.valid_to > asked.at),
        )
        .scalar_subquery()
    )


def _json(**columns: Any) -> ColumnElement[Any]:
    pairs: list[Any] = []
    for name, column in columns.items():
        pairs += [literal(name), column]
    return func.jsonb_build_object(*pairs, type_=JSONB).label("properties")


def _grids(asked: Asked) -> Select[Any]:
    properties = _json(
        code=Grid.code,
        name=Grid.name,
        kind=Grid.kind,
        households=GridShape.households,
        population=GridShape.population,
        area_m2=func.round(GridShape.area_m2),
        police_grid_id=GridShape.police_grid_id,
        police_grid=PoliceGrid.name,
    )
    return (
        select(Grid.id, GridShape.geom, properties)
        .join(Grid, Grid.id == GridShape.grid_id)
        .join(PoliceGrid, PoliceGrid.id == GridShape.police_grid_id)
        .where(_in(GridShape.geom, asked), GridShape.plan_id == _plan(asked))
    )


def _police_grids(asked: Asked) -> Select[Any]:
    return (
        select(PoliceGrid.id, PoliceGridShape.geom, _json(code=PoliceGrid.code, name=PoliceGrid.name))
        .join(PoliceGrid, PoliceGrid.id == PoliceGridShape.police_grid_id)
        .where(_in(PoliceGridShape.geom, asked), PoliceGridShape.plan_id == _plan(asked))
    )


def case_rows() -> Select[Any]:
    """Return the select of cases as map features; popups load the rest when opened."""
    photo = (
        select(func.min(Attachment.id))
        .where(Attachment.case_id == Case.id, ~Attachment.damaged)
        .scalar_subquery()
    )
    properties = _json(
        number=Case.number,
        kind=Case.kind,
        class_code=Case.class_code,
        class_title=HazardClass.title,
        state=Case.state,
        note=func.left(Case.note, 140),
        grid=Grid.name,
        grid_id=Case.grid_id,
        police_grid=PoliceGrid.name,
        police_grid_id=Case.police_grid_id,
        flag=Case.place_flag,
        accuracy_m=Case.accuracy_m,
        found_at=Case.found_at,
        due_at=Case.due_at,
        closed_at=Case.closed_at,
        photo_id=photo,
        voices=Case.voices,
    )
    return (
        select(Case.id, Case.geom, properties)
        .join(
            HazardClass, and_(HazardClass.code == Case.class_code, HazardClass.version == Case.class_version)
        )
        .join(Grid, Grid.id == Case.grid_id)
        .join(PoliceGrid, PoliceGrid.id == Case.police_grid_id)
        .where(shareable())
    )


def _cases(asked: Asked) -> Select[Any]:
    query = case_rows().where(_in(Case.geom, asked))
    if asked.filters.get("kind"):
        query = query.where(Case.kind == asked.filters["kind"])
    if asked.filters.get("class_code"):
        query = query.where(Case.class_code == asked.filters["class_code"])
    state = asked.filters.get("state")
    if state == "open":
        query = query.where(Case.state.in_(OPEN_STATES))
    elif state == "recent":
        recent = asked.at - timedelta(days=30)
        query = query.where(or_(Case.state.in_(OPEN_STATES), Case.closed_at >= recent))
    elif state:
        query = query.where(Case.state == state)
    return query.order_by(Case.found_at.desc())


def _places(asked: Asked) -> Select[Any]:
    there = _in(Place.geom, asked) & Place.closed_at.is_(None)
    return select(Place.id, Place.geom, _json(name=Place.name, kind=Place.kind)).where(there)


def _patrols(asked: Asked) -> Select[Any]:
    since = asked.at - timedelta(days=7)
    properties = _json(kind=Patrol.kind, started_at=Patrol.started_at, walked_m=Patrol.walked_m)
    return select(Patrol.id, Patrol.track.label("geom"), properties).where(
        _in(Patrol.track, asked), Patrol.started_at >= since, Patrol.started_at <= asked.at
    )


def _coverage(asked: Asked) -> Select[Any]:
    """Patrol presence per grid: patrols and minutes of seven days, and how long ago the last one was."""
    seen = presence(asked.at.astimezone(clock.SHOWN).date()).subquery()
    age_h = func.round(func.extract("epoch", literal(asked.at) - seen.c.last_at) / 3600)
    properties = _json(
        name=seen.c.name,
        patrols=seen.c.patrols,
        minutes=func.round(seen.c.seconds / 60),
        last_at=seen.c.last_at,
        age_h=age_h,
        band=case(
            (seen.c.last_at.is_(None), "never"), (age_h <= 48, "fresh"), (age_h <= 168, "week"), else_="stale"
        ),
    )
    return (
        select(seen.c.grid_id.label("id"), GridShape.geom, properties)
        .join(seen, seen.c.grid_id == GridShape.grid_id)
        .where(_in(GridShape.geom, asked), GridShape.plan_id == _plan(asked))
    )


LAYERS = (
    Layer("coverage", N_("Patrol coverage, 7 days"), "polygon", _coverage, shown=False),
    Layer("grids", N_("Grids"), "polygon", _grids, min_zoom=12),
    Layer("police_grids", N_("Police grids"), "polygon", _police_grids),
    Layer(
        "patrols", N_("Patrol tracks, 7 days"), "line", _patrols, ("station_chief",), min_zoom=13, shown=False
    ),
    Layer("places", N_("Places"), "point", _places, min_zoom=15, shown=False),
    Layer("cases", N_("Hazards and leads"), "point", _cases, filters=("kind", "state", "class_code")),
)

BY_ID = {layer.id: layer for layer in LAYERS}


def visible_to(role: str) -> list[Layer]:
    """Return the layers that a role is offered."""
    return [layer for layer in LAYERS if not layer.roles or role in layer.roles]


def case_feature(case_id: UUID) -> Select[Any]:
    """Return the select of one case as a map feature."""
    return case_rows().where(Case.id == case_id)
