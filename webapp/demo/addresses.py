"""Draw a synthetic register of addresses: compounds with numbered buildings in each grid of a ground."""

from collections.abc import Sequence
from random import Random

from shapely.geometry import Point, Polygon

from webapp.demo.shapes import Ground

WORDS = (
    *("康乐", "安居", "和平", "春晖", "锦绣", "丽景", "金桥", "翠湖", "书香", "阳光", "福星", "东风"),
    *("朝阳", "幸福", "团结", "前进", "光明", "新华", "青年", "友谊", "怡和", "祥云", "紫荆", "松林"),
)
KINDS = ("小区", "花园", "家园", "公寓", "苑")
ROADS = ("解放", "建设", "人民", "文化", "迎春", "学府", "平安", "长青")
HOUSEHOLDS_PER_BUILDING = 55
MOST_BUILDINGS = 12


def addresses(ground: Ground, rng: Random) -> list[tuple[str, float, float]]:
    """Return (address, lon, lat) of each building; all names are invented and say so."""
    names = {community.code12: community.name for community in ground.communities}
    roads = {code: f"{ROADS[place % len(ROADS)]}{_turn(place)}路" for place, code in enumerate(names)}
    houses = dict.fromkeys(names, 0)
    found: list[tuple[str, float, float]] = []
    for serial, grid in enumerate(grid for grid in ground.grids if grid.kind == "basic"):
        code = grid.community_code12
        houses[code] += 2
        site = f"{names[code]}{roads[code]}{houses[code]}号{compound(serial)}(演示)"
        count = min(MOST_BUILDINGS, max(2, grid.households // HOUSEHOLDS_PER_BUILDING))
        for building, (lon, lat) in enumerate(_spread(grid.polygon, count, rng), 1):
            found.append((f"{site}{building}号楼", lon, lat))
    return found


def compound(serial: int) -> str:
    """Return the invented name of a compound, another one for each serial from 0."""
    kind, word = divmod(serial, len(WORDS))
    turn, kind = divmod(kind, len(KINDS))
    return f"{WORDS[word]}{KINDS[kind]}" + (f"{turn + 1}期" if turn else "")


def _turn(place: int) -> str:
    return ("", "东", "西", "南", "北", "中")[place // len(ROADS) % 6]


def _spread(polygon: Polygon, count: int, rng: Random) -> Sequence[tuple[float, float]]:
    """Return points of a polygon between its middle and its corners."""
    middle = polygon.representative_point()
    corners = polygon.exterior.coords[:-1]
    points = []
    for _building in range(count):
        lon, lat = rng.choice(corners)
        share = rng.uniform(0.1, 0.75)
        x, y = middle.x + share * (lon - middle.x), middle.y + share * (lat - middle.y)
        inside = polygon.covers(Point(x, y))
        points.append((round(x if inside else middle.x, 7), round(y if inside else middle.y, 7)))
    return points
