"""Doors for programs: where am I, grids, police grids and plans."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import Response
from sqlalchemy.orm import Session

from collectors import area_files
from gis import coords
from gis.errors import ShapeError
from webapp.areas import actions, history, queries
from webapp.areas.models import Plan
from webapp.areas.rules import PLANNERS, uncertainty_m
from webapp.areas.schemas import (
    ExportQuery,
    GridOut,
    ImportFile,
    ImportIn,
    LocateOut,
    LocateQuery,
    NamedArea,
    PlanChangeOut,
    PlanOut,
    PublishIn,
)
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Conflict, Problem, Refused
from webapp.core.web import ApiBlueprint, door, readable

blp = ApiBlueprint("areas", __name__, url_prefix="/api/v1", description="Grids, police grids and plans")
EXPORTS = {"geojson": "geojson", "shp": "shapefile", "gpkg": "geopackage"}
ENDINGS = {"geojson": "geojson", "shp": "zip", "gpkg": "gpkg"}


@blp.route("/locate")
@door(scope="submit")
@blp.arguments(LocateQuery, location="query")
@blp.response(200, LocateOut)
def locate(query: dict[str, Any], session: Session, by: Actor) -> dict[str, Any]:
    """Grid, police grid and the people responsible at a place and time."""
    at = query.get("at") or clock.now()
    lon, lat = _in_wgs84(query)
    accuracy = query["accuracy_m"]
    radius = uncertainty_m(accuracy, "gps") if accuracy is not None else 0.0
    return _located(session, by, queries.area_at(session, by.station_id, lon, lat, at, radius), lon, lat, at)


def _in_wgs84(query: dict[str, Any]) -> tuple[float, float]:
    if coords.looks_swapped(query["lon"], query["lat"]):
        meant = {"lon": query["lat"], "lat": query["lon"]}
        raise Refused(problems=[Problem("/lon", "swapped_axes", meant)])
    try:
        return coords.to_wgs84(query["lon"], query["lat"], query["crs"])
    except ShapeError as error:
        raise Refused(problems=[Problem("/lon", error.code, error.params)]) from error


def _located(
    session: Session, by: Actor, area: queries.Area, lon: float, lat: float, at: Any
) -> dict[str, Any]:
    neighbour = {"id": area.neighbour_grid_id, "code": area.neighbour_code, "name": area.neighbour_name}
    return {
        "lon": lon,
        "lat": lat,
        "grid": {"id": area.grid_id, "code": area.grid_code, "name": area.grid_name},
        "police_grid": {
            "id": area.police_grid_id,
            "code": area.police_grid_code,
            "name": area.police_grid_name,
        },
        "neighbour": neighbour if area.neighbour_grid_id else None,
        "flag": area.flag,
        "plan_id": area.plan_id,
        "on_duty": queries.on_duty(session, area.grid_id, area.police_grid_id, at),
    }


@blp.route("/grids")
@door(scope="submit")
@blp.response(200, GridOut(many=True))
def grids(session: Session, by: Actor) -> list[Any]:
    """The grids of the plan in force, without shapes (those are at /ogc/collections/grids/items)."""
    return list(session.execute(queries.grid_rows(_present(session, by).id)))


@blp.route("/police-grids")
@door(scope="submit")
@blp.response(200, NamedArea(many=True))
def police_grids(session: Session, by: Actor) -> list[Any]:
    """The police grids of the plan in force."""
    return list(session.execute(queries.police_grid_rows(_present(session, by).id)))


def _present(session: Session, by: Actor) -> Plan:
    plan = queries.plan_at(session, by.station_id, clock.now())
    if plan is None:
        raise Conflict("no_plan")
    return plan


@blp.route("/plans")
@door()
@blp.response(200, PlanOut(many=True))
def plans(session: Session, by: Actor) -> list[Plan]:
    """The station's plans, newest first."""
    return queries.plans(session)


@blp.route("/plans", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(ImportIn, location="form")
@blp.arguments(ImportFile, location="files")
@blp.response(201, PlanOut)
def import_plan(form: dict[str, Any], files: dict[str, Any], session: Session, by: Actor) -> Plan:
    """Import grids (GeoJSON, zipped Shapefile, GeoPackage) as a draft; each fault is named with its place."""
    with readable():
        found = area_files.decode(files["file"].read(), crs=form["crs"])
    return actions.import_plan(session, uuid4(), found.areas, name=form["name"], by=by)


@blp.route("/plans/<uuid:plan_id>/publish", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(PublishIn)
@blp.response(200, PlanOut)
def publish(body: dict[str, Any], plan_id: UUID, session: Session, by: Actor) -> Plan:
    """Put a plan into force, now or at a date; a draft only where the station asks for no approval."""
    return actions.publish(session, queries.plan(session, plan_id), valid_from=body["valid_from"], by=by)


@blp.route("/plans/<uuid:plan_id>/submit", methods=["POST"])
@door(*PLANNERS)
@blp.arguments(PublishIn)
@blp.response(200, PlanOut)
def submit(body: dict[str, Any], plan_id: UUID, session: Session, by: Actor) -> Plan:
    """Hand a draft plan to a second person, with the date wished for; its shapes stand still from here on."""
    return actions.submit(session, queries.plan(session, plan_id), valid_from=body["valid_from"], by=by)


@blp.route("/plans/<uuid:plan_id>/approve", methods=["POST"])
@door(*PLANNERS)
@blp.response(200, PlanOut)
def approve(plan_id: UUID, session: Session, by: Actor) -> Plan:
    """Approve a submitted plan, as somebody else than who submitted it."""
    return actions.approve(session, queries.plan(session, plan_id), by=by)


@blp.route("/plans/<uuid:plan_id>/withdraw", methods=["POST"])
@door(*PLANNERS)
@blp.response(200, PlanOut)
def withdraw(plan_id: UUID, session: Session, by: Actor) -> Plan:
    """Take a plan back before its date has come; the plan before it goes on."""
    return actions.withdraw(session, queries.plan(session, plan_id), by=by)


@blp.route("/plans/<uuid:plan_id>/changes")
@door(*PLANNERS, "officer", "system_admin")
@blp.response(200, PlanChangeOut)
def changes(plan_id: UUID, session: Session, by: Actor) -> dict[str, Any]:
    """What changed hands with a published plan, and which grids came out of which."""
    found = queries.plan(session, plan_id)
    return {"moves": history.moves(session, found.id), "lineage": history.lineage(session, found.id)}


@blp.route("/plans/<uuid:plan_id>/export")
@door(*PLANNERS, "officer", "system_admin")
@blp.arguments(ExportQuery, location="query")
@blp.response(200, content_type="application/octet-stream")
def export(query: dict[str, str], plan_id: UUID, session: Session, by: Actor) -> Response:
    """A plan's grids as a file, in the coordinate system asked for."""
    found = queries.plan(session, plan_id)
    form = EXPORTS[query["format"]]
    with readable():
        data = area_files.encode(queries.plan_records(session, found.id), form, crs=query["crs"])
    name = f"plan-{found.number}.{ENDINGS[query['format']]}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, content_type=area_files.MEDIA_TYPES[form], headers=headers)
