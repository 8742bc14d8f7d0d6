"""The demo stations: what each ground is made from, with the public data beside this file."""

import csv
import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from shapely.geometry import LineString, Polygon, box, shape

from gis.coords import LocalPlane
from webapp.demo.shapes import GroundSpec

COUNTY_CREDIT = (
    "县区轮廓: 国家地理信息公共服务平台(天地图); 社区名称与代码: 国家统计局; "
    "社区、网格、警格边界均为合成演示数据"
)
OSM_CREDIT = "道路与建筑 © OpenStreetMap contributors, ODbL 1.0; 社区、网格、警格均为合成演示数据"
USUAL_STOREY_M = 3.0
USUAL_HEIGHT_M = 15.0
DRIVEN = ("major_road", "minor_road")

# Row by row from the north-west, so that streets of one name lie together as they do in the city.
YINGZE = (
    "双塔西街一", "双塔西街二", "双塔西街三", "并州路一",
    "解放南路一", "青年路一", "青年路二", "并州路二",
    "解放南路二", "青年路三", "南内环街一", "并州路三",
    "南内环街二", "南内环街三", "南内环街四",
)  # fmt: skip
QIFENG = "栖凤社区"


def spec(code: str) -> GroundSpec:
    """Return the spec of a demo station: `YZ`, `QF`, or `WH` (also `wuhan`). Raises KeyError for another."""
    return {"YZ": yingze, "QF": qifeng, "WH": wuhan, "WUHAN": wuhan}[code.upper()]()


def yingze() -> GroundSpec:
    """Return station Y: 15 real communities of Yingze street, 83 grids, 15 police grids."""
    by_name = {name: code for code, name in communities("140106004")}
    names = [f"{name}社区居委会" for name in YINGZE]
    return GroundSpec(
        code="YZ",
        name_zh="迎泽派出所(演示)",
        name_en="Yingze station (demo)",
        lon=112.5603,
        lat=37.8578,
        width_m=3000.0,
        height_m=2480.0,
        tilt_deg=4.0,
        limit=county(140106),
        communities=tuple((by_name[name], name) for name in names),
        grids=83,
        police_grids=15,
        exclusive_grids=6,
        households_per_grid=(350, 445),
        communities_synthetic=False,
        credit=COUNTY_CREDIT,
    )


def qifeng() -> GroundSpec:
    """Return station Q: one real community of the county town, 26 grids, 8 police grids."""
    found = [(code, name) for code, name in communities("522328002") if name.startswith(QIFENG)]
    return GroundSpec(
        code="QF",
        name_zh="栖凤派出所(演示)",
        name_en="Qifeng station (demo)",
        lon=105.4427,
        lat=25.099,
        width_m=1640.0,
        height_m=1240.0,
        tilt_deg=-11.0,
        limit=county(522328),
        communities=tuple(found),
        grids=26,
        police_grids=8,
        exclusive_grids=2,
        households_per_grid=(340, 400),
        communities_synthetic=False,
        credit=COUNTY_CREDIT,
    )


def wuhan() -> GroundSpec:
    """Return the station on real roads of central Wuhan; its communities are synthetic."""
    limit = box(114.3846, 30.5011, 114.4057, 30.5146)
    return GroundSpec(
        code="WH",
        name_zh="武汉路网演示派出所",
        name_en="Wuhan road network (demo)",
        lon=114.39515,
        lat=30.50785,
        width_m=2026.0,
        height_m=1497.0,
        tilt_deg=0.0,
        limit=limit,
        # Street 598 of the "enterprise-like" range stands in no list of the district.
        communities=tuple((f"420111598{number:03d}", f"演示路网{number}社区") for number in range(1, 5)),
        grids=16,
        police_grids=4,
        exclusive_grids=0,
        households_per_grid=(360, 420),
        communities_synthetic=True,
        credit=OSM_CREDIT,
        source_roads=tuple(wuhan_roads(*DRIVEN)),
        source_paths=tuple(wuhan_roads("path")),
        buildings=wuhan_buildings(),
    )


def communities(street9: str) -> list[tuple[str, str]]:
    """Return the communities (12 digits, name) of a street in the statistical list."""
    rows = csv.DictReader(_text("communities.csv").splitlines())
    return [(row["code12"], row["name"]) for row in rows if row["street9"] == street9]


def county(adcode: int) -> Polygon:
    """Return a county's generalised outline (CGCS2000, used as WGS 84); for orientation only."""
    for feature in _features("counties.geojson"):
        if feature["properties"]["adcode"] == adcode:
            return _polygon(feature)
    raise KeyError(adcode)


def wuhan_roads(*kinds: str) -> Iterator[LineString]:
    """Yield the real roads of the given kinds (lon, lat)."""
    for feature in _features("wuhan-roads.geojson"):
        if feature["properties"]["kind"] in kinds:
            line = shape(feature["geometry"])
            yield from (LineString(part) for part in getattr(line, "geoms", [line]))


def wuhan_buildings() -> tuple[tuple[Polygon, float], ...]:
    """Return the real buildings (lon, lat) and their volumes in m3; unknown heights count as five storeys."""
    plane = LocalPlane(114.395, 30.508)
    found = []
    for feature in _features("wuhan-buildings.geojson"):
        outline = _polygon(feature)
        height = float(feature["properties"].get("height", USUAL_HEIGHT_M))
        found.append((outline, float(plane.shape_to_m(outline).area) * max(height, USUAL_STOREY_M)))
    return tuple(found)


def _polygon(feature: dict[str, Any]) -> Polygon:
    shell, *holes = feature["geometry"]["coordinates"]
    return Polygon(shell, holes)


@cache
def _text(name: str) -> str:
    return (files("webapp.demo") / "data" / name).read_text(encoding="utf-8")


@cache
def _features(name: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(_text(name))["features"]
    return features
