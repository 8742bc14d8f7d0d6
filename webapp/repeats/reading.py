"""What the rows of a list of directives mean: their class, grid and place, by the station's registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from collectors.directives import Directive
from webapp.addresses.queries import geocoded
from webapp.addresses.rules import Geocoded
from webapp.areas.models import Grid
from webapp.areas.queries import area_at
from webapp.cases.queries import hazard_classes
from webapp.cases.rules import KINDS
from webapp.core import clock
from webapp.core.actor import Actor
from webapp.core.errors import Refused
from webapp.places.models import Place
from webapp.repeats import rules


def understood(session: Session, rows: Sequence[Directive], by: Actor) -> list[dict[str, Any]]:
    """Return the columns of directives: their class, grid and place found, and all that is wrong with them.

    A place is looked up among the registered places, then among the addresses; its grid follows from it.
    """
    grids, classes = grid_names(session), _class_names(session)
    meant = geocoded(session, [row.content["place"] for row in rows if row.content.get("place")])
    return [_understood(session, row, grids, classes, meant, by) for row in rows]


def _understood(
    session: Session,
    row: Directive,
    grids: dict[str, UUID],
    classes: dict[str, str],
    meant: dict[str, Geocoded],
    by: Actor,
) -> dict[str, Any]:
    wrong = [{"code": p.code, "pointer": p.pointer, "params": dict(p.params)} for p in row.problems]
    said = {name: row.content.get(name, "").strip() for name in ("grid", "place", "class", "words")}
    grid_id = grids.get(said["grid"].casefold())
    if said["grid"] and grid_id is None:
        wrong.append({"code": "directive_grid", "pointer": "grid", "params": {"grid": said["grid"][:60]}})
    class_code = _class_of(said["class"].casefold(), classes)
    if said["class"] and not class_code:
        wrong.append({"code": "class_unknown", "pointer": "class", "params": {"code": said["class"][:60]}})
    spot = _spot(session, said["place"], meant) if said["place"] else None
    if said["place"] and spot is None and grid_id is None:
        wrong.append({"code": "directive_place", "pointer": "place", "params": {"place": said["place"][:60]}})
    if spot is not None:
        grid_id = _grid_of(session, spot, by) or grid_id
    lon, lat, radius = spot or (None, None, rules.DIRECTIVE_M)
    return {
        "number": row.number, "content": dict(row.content), "problems": wrong, "class_code": class_code,
        "grid_id": grid_id, "lon": lon, "lat": lat, "radius_m": radius, "words": said["words"],
        "from_on": row.from_on, "to_on": row.to_on,
    }  # fmt: skip


def _spot(session: Session, said: str, meant: dict[str, Geocoded]) -> tuple[float, float, float] | None:
    """Return lon, lat (WGS 84) and the radius in metres of a place in words; None when it is not sure."""
    named = place_named(session, said)
    if named is not None:
        return (*named, rules.DIRECTIVE_M)
    found = meant.get(said)
    if found is None or not found.sure:
        return None
    best = found.candidates[0]
    return best.lon, best.lat, max(best.accuracy_m, rules.DIRECTIVE_M)


def _grid_of(session: Session, spot: tuple[float, float, float], by: Actor) -> UUID | None:
    try:
        return area_at(session, by.station_id, spot[0], spot[1], clock.now()).grid_id
    except Refused:
        return None


def _class_of(said: str, classes: dict[str, str]) -> str:
    """Return the code of the class with a name, or of the only one whose name holds it; "" for none."""
    if not said or said in classes:
        return classes.get(said, "")
    holding = {code for name, code in classes.items() if said in name or name in said}
    return holding.pop() if len(holding) == 1 else ""


def _class_names(session: Session) -> dict[str, str]:
    """Return the codes of the classes in use by code and by title in both languages."""
    found = {}
    for item in hazard_classes(session, KINDS):
        for name in (item.code, *item.title.values()):
            found[name.strip().casefold()] = item.code
    return found


def grid_names(session: Session) -> dict[str, UUID]:
    """Return the grids in use by code and by name."""
    rows = session.execute(select(Grid.id, Grid.code, Grid.name).where(Grid.retired_at.is_(None)))
    return {key.strip().casefold(): row.id for row in rows for key in (row.code, row.name)}


def place_named(session: Session, name: str) -> tuple[float, float] | None:
    """Return where the only open registered place of a name is (WGS 84), None for none or several."""
    query = select(func.ST_X(Place.geom), func.ST_Y(Place.geom))
    rows = session.execute(query.where(Place.name == name, Place.closed_at.is_(None)).limit(2)).all()
    return (rows[0][0], rows[0][1]) if len(rows) == 1 else None
