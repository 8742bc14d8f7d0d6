"""Grids of a file as the start of a draft: repaired to an exact coverage, every change named first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from geoalchemy2.shape import to_shape
from shapely import Polygon
from shapely.geometry import mapping
from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.records import AreaRecord
from gis.errors import ShapeError
from gis.repair import Repaired, repair
from webapp.areas.models import Community, Grid, PoliceGrid
from webapp.areas.queries import division_names
from webapp.areas.reading import check_codes, police_name, polygonal
from webapp.core.actor import Actor
from webapp.core.errors import Problem, Refused
from webapp.drafts.sketch import Body
from webapp.people.queries import station


@dataclass(frozen=True)
class Brought:
    """Grids of a file as they were repaired; `digest` stands for the result, to the last coordinate."""

    records: tuple[AreaRecord, ...]
    repaired: Repaired
    digest: str

    def told(self) -> dict[str, Any]:
        """Return what the planner is shown before accepting: what was changed, and the grids as they are."""
        names = {item.code: item.name for item in self.records}
        features = [
            {"type": "Feature", "id": code, "geometry": mapping(shape), "properties": {"name": names[code]}}
            for code, shape in self.repaired.areas
        ]
        return {
            "digest": self.digest,
            "grids": len(self.records),
            "altered": [
                {
                    "code": item.code,
                    "name": names[item.code],
                    "before_m2": round(item.before_m2, 2),
                    "after_m2": round(item.after_m2, 2),
                    "lost_m2": round(item.lost_m2, 2),
                    "gained_m2": round(item.gained_m2, 2),
                }
                for item in self.repaired.altered
            ],
            "filled": [
                {"code": item.code, "point": list(item.point), "area_m2": round(item.area_m2, 2)}
                for item in self.repaired.filled
            ],
            "areas": {"type": "FeatureCollection", "features": features},
        }


def brought(session: Session, records: Sequence[AreaRecord], by: Actor) -> Brought:
    """Return grids of a file repaired to an exact coverage of the station's ground.

    Raises Refused: wrong or doubled codes, or 'coverage_faults' with what can't be repaired and where.
    """
    check_codes(records)
    ground = station(session, by).ground
    outline = polygonal(to_shape(ground)) if ground is not None else None
    try:
        repaired = repair([(item.code, polygonal(item.geometry)) for item in records], outline)
    except ShapeError as error:
        problem = Problem("/file", error.code, dict(error.params))
        refused = Refused("coverage_faults", count=1, problems=[problem])
        refused.with_members(at=dict(error.params))
        raise refused from error
    whole = sha256()
    for code, shape in repaired.areas:
        whole.update(code.encode() + shape.wkb)
    return Brought(tuple(records), repaired, whole.hexdigest())


def bodies(
    session: Session, draft_id: UUID, found: Brought, by: Actor
) -> tuple[dict[str, Body], dict[str, Body], list[tuple[str, Polygon]]]:
    """Return grids, police grids and shapes by id; what the station has keeps its own, by code or name."""
    codes = [item.code for item in found.records]
    known = {g.code: g for g in session.scalars(select(Grid).where(Grid.code.in_(codes)))}
    retired = sorted(code for code, grid in known.items() if grid.retired_at is not None)
    if retired:
        raise Refused(problems=[Problem("/file", "code_retired", {"code": code}) for code in retired[:200]])
    own = Community.station_id == by.station_id
    communities = {c.code: c for c in session.scalars(select(Community).where(own))}
    beats = {p.name: p for p in session.scalars(select(PoliceGrid).where(PoliceGrid.retired_at.is_(None)))}
    named = _names(session, found.records, communities)
    grids: dict[str, Body] = {}
    police: dict[str, Body] = {}
    ids: dict[str, str] = {}
    for item in found.records:
        name = police_name(item, named)
        beat = beats.get(name)
        key = str(beat.id) if beat else str(uuid5(draft_id, f"police grid {name}"))
        police[key] = {"code": beat.code if beat else None, "name": name}
        grid, community = known.get(item.code), communities.get(item.code[:12])
        ids[item.code] = str(grid.id) if grid else str(uuid5(draft_id, f"grid {item.code}"))
        grids[ids[item.code]] = {
            "code": item.code,
            "name": item.name or (grid.name if grid else item.code),
            "kind": item.kind or (grid.kind if grid else "basic"),
            "community_id": str(community.id) if community else "",
            "community": named[item.code[:12]],
            "households": float(item.households or 0),
            "population": float(item.population or 0),
            "police_grid": key,
        }
    return grids, police, [(ids[code], shape) for code, shape in found.repaired.areas]


def _names(
    session: Session, records: Sequence[AreaRecord], communities: dict[str, Community]
) -> dict[str, str]:
    """Return the names of the grids' communities by code: the station's, the file's, the official list's."""
    wanted = sorted({item.code[:12] for item in records})
    listed = division_names(session, wanted)
    given = {item.code[:12]: item.community for item in records if item.community}
    own = {code: community.name for code, community in communities.items()}
    return {code: own.get(code) or given.get(code) or listed.get(code) or code for code in wanted}
