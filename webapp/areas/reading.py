"""What an imported file says about grids: its faults with their places, and whose police grid each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from collectors import codes
from collectors.records import AreaRecord
from collectors.records import Refused as Unreadable
from gis import coverage
from webapp.areas.models import Community
from webapp.areas.rules import POLICE_GRID_COLUMNS, TOLERANCE_M
from webapp.core.errors import Problem, Refused


def check(records: Sequence[AreaRecord], ground: Polygon | MultiPolygon | None) -> None:
    """Raise Refused with every wrong code and fault of the coverage; `ground` is what they are to fill."""
    problems = []
    seen: set[str] = set()
    for item in records:
        pointer = f"/features/{item.number - 1}/code"
        try:
            codes.grid(item.code)
        except Unreadable as error:
            problems.append(Problem(pointer, error.code, error.params))
        if item.code in seen:
            problems.append(Problem(pointer, "duplicate"))
        seen.add(item.code)
    if not problems:
        found = coverage.faults(
            [(item.code, polygonal(item.geometry)) for item in records], ground, TOLERANCE_M
        )
        problems = [_fault_problem(fault) for fault in found]
    if problems:
        raise Refused("coverage_faults", count=len(problems), problems=problems[:200])


def polygonal(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the geometry as what the readers of files let through."""
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise TypeError(geometry.geom_type)
    return geometry


def _fault_problem(fault: coverage.Fault) -> Problem:
    lon, lat = fault.point or (None, None)
    params = {
        "codes": ", ".join(fault.codes),
        "lon": None if lon is None else round(lon, 6),
        "lat": None if lat is None else round(lat, 6),
        "area_m2": round(fault.area_m2 or 0, 1),
        "length_m": round(fault.length_m or 0, 1),
    }
    return Problem(f"/grids/{'+'.join(fault.codes)}", f"fault_{fault.kind}", params)


def police_name(item: AreaRecord, communities: Mapping[str, Community]) -> str:
    """Return the name of a grid's police grid: from its column, else that of its community."""
    for key in POLICE_GRID_COLUMNS:
        if item.properties.get(key):
            return str(item.properties[key])
    return communities[item.code[:12]].name
