"""The values that a demo ground consists of."""

from dataclasses import dataclass

from shapely.geometry import LineString, Polygon


@dataclass(frozen=True, slots=True)
class GroundSpec:
    """What a demo station's ground is made from; lengths in metres, shapes in lon, lat (WGS 84).

    `limit` is the real county outline that the ground must lie in. `communities` are (12 digits, name),
    north to south and west to east. `households_per_grid` is the range of a community's mean.
    `source_roads`, when given, replace the synthetic street plan: the grids then follow these real roads
    inside `limit`, and `buildings` (polygon, volume in m3) say where households are.
    """

    code: str
    name_zh: str
    name_en: str
    lon: float
    lat: float
    width_m: float
    height_m: float
    tilt_deg: float
    limit: Polygon
    communities: tuple[tuple[str, str], ...]
    grids: int
    police_grids: int
    exclusive_grids: int
    households_per_grid: tuple[int, int]
    communities_synthetic: bool
    credit: str
    source_roads: tuple[LineString, ...] = ()
    source_paths: tuple[LineString, ...] = ()
    buildings: tuple[tuple[Polygon, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CommunityShape:
    """A residents' community: code of 12 digits, name, synthetic polygon (lon, lat)."""

    code12: str
    name: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class GridShape:
    """A community grid: 15 digits, kind `basic` or `exclusive`, sizes, polygon (lon, lat)."""

    code15: str
    name: str
    community_code12: str
    kind: str
    households: int
    population: int
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class PoliceGridShape:
    """A police grid and the 15-digit codes of the grids bound to it; together they are one connected area."""

    code: str
    name: str
    grid_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place that people know: synthetic name, kind (`police_room`, `party_centre`, ...), lon, lat."""

    name: str
    kind: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Ground:
    """A station's whole ground, synthetic but for what `credit` names; it must be shown.

    `roads` run from crossing to crossing; `buildings` is empty where no real ones are known.
    """

    code: str
    name_zh: str
    name_en: str
    outline: Polygon
    communities: tuple[CommunityShape, ...]
    grids: tuple[GridShape, ...]
    police_grids: tuple[PoliceGridShape, ...]
    roads: tuple[LineString, ...]
    places: tuple[NamedPlace, ...]
    buildings: tuple[Polygon, ...]
    credit: str
    communities_synthetic: bool
    synthetic: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """The ground between streets: polygon (lon, lat), number of its community, share of households."""

    polygon: Polygon
    community: int
    weight: float


@dataclass(frozen=True, slots=True)
class StreetPlan:
    """Blocks that cover the ground exactly, and the roads between crossings (lon, lat)."""

    blocks: tuple[Block, ...]
    roads: tuple[LineString, ...]
