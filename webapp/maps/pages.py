"""Doors for people: the officer's map."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template
from sqlalchemy.orm import Session

from webapp.cases.queries import hazard_classes
from webapp.cases.rules import KINDS
from webapp.core.actor import Actor
from webapp.core.i18n import _, choose, language
from webapp.core.web import csrf_mark, door, site
from webapp.maps import basemap, queries, shell
from webapp.maps.layers import visible_to
from webapp.people.queries import answered_grids, posted_police_grids, station

pages = Blueprint("map_pages", __name__)
STYLES = ("tokens", "base", "office", "map")
VENDOR = "/static/vendor"
LOCATE = f"{VENDOR}/leaflet.locatecontrol-0.90.1/L.Control.Locate.min"
CLUSTER = f"{VENDOR}/leaflet.markercluster-1.5.3"
PMTILES = f"{VENDOR}/pmtiles-4.5.0/pmtiles.js"
CHINA = (73.0, 18.0, 135.0, 54.0)


@pages.get("/map")
@door("officer", "grid_worker", "station_chief", "planner", "mediator", "system_admin")
def officer_map(session: Session, by: Actor) -> str:
    """Show the officer's field: grids, police grids, hazards live, coverage."""
    home = station(session, by)
    config = _config(session, by)
    scripts = [f"{LOCATE}.js", f"{CLUSTER}/leaflet.markercluster.js"]
    if config["basemap"]["kind"] == "pmtiles":
        scripts.append(PMTILES)
    return shell.page(
        title=f"{_('Map')} · {choose(home.name)} · 双格",
        language=language(),
        box=config["own_box"] or config["box"],
        config=config,
        sheets=[f"/static/style/{name}.css" for name in STYLES]
        + [f"{LOCATE}.css", f"{CLUSTER}/MarkerCluster.css", "/static/officer/map.css"],
        scripts=scripts,
        modules=["/static/officer/map.js"],
        body=render_template("maps/officer.html", station=home),
        nonce=g.nonce,
    )


def _config(session: Session, by: Actor) -> dict[str, Any]:
    """Return what the map's module needs to know: layers, classes, own ground, base map, language."""
    home = station(session, by)
    own = posted_police_grids(session, by)
    return {
        "language": language(),
        "role": by.role,
        "csrf": csrf_mark(),
        "last_event": queries.latest(session),
        "my_police_grids": own,
        "my_grids": answered_grids(session),
        "box": queries.extent(session, by) or CHINA,
        "own_box": queries.extent(session, by, own) if own else None,
        "layers": [
            {
                "id": layer.id,
                "title": _(layer.title),
                "geometry": layer.geometry,
                "min_zoom": layer.min_zoom,
                "shown": layer.shown,
                "url": f"/ogc/collections/{layer.id}/items",
            }
            for layer in visible_to(by.role)
        ],
        "classes": [
            {"code": c.code, "title": choose(c.title), "icon": c.icon} for c in hazard_classes(session, KINDS)
        ],
        "basemap": basemap.describe(site().settings),
        "credit": home.credit,
        "synthetic": home.synthetic,
    }
