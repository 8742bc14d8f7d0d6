"""Pure decisions about addresses: how they are written the same way, their parts, how sure a place is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import cos, radians


class Precision(StrEnum):
    """How finely an address names a place, finest first."""

    BUILDING = "building"
    HOUSE = "house"
    COMPOUND = "compound"
    PLACE = "place"
    ROAD = "road"
    GRID = "grid"
    COMMUNITY = "community"


ORDER = tuple(Precision)
# The radius in metres in which the thing meant usually lies, when the register shows one point only.
ACCURACY_M = {
    Precision.BUILDING: 25.0,
    Precision.HOUSE: 40.0,
    Precision.COMPOUND: 120.0,
    Precision.PLACE: 80.0,
    Precision.ROAD: 300.0,
    Precision.GRID: 200.0,
    Precision.COMMUNITY: 400.0,
}
# Exact enough to decide whose ground it is; what is coarser a person confirms.
SURE = (Precision.BUILDING, Precision.HOUSE, Precision.COMPOUND, Precision.PLACE)
# How much a match of each fineness says about the spot that was meant.
TRUST = {
    Precision.BUILDING: 1.0,
    Precision.HOUSE: 0.95,
    Precision.COMPOUND: 0.9,
    Precision.PLACE: 0.9,
    Precision.ROAD: 0.5,
    Precision.GRID: 0.5,
    Precision.COMMUNITY: 0.3,
}
LIKELY = 0.75
CLEAR = 0.15
MAX_ADDRESS = 200
MAX_CANDIDATES = 6

_DIGITS = dict(zip("〇零一二三四五六七八九两", [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2], strict=True))
_NUMERAL = "〇零一二三四五六七八九十百两"
# Before these a Chinese numeral is a number; before 路 or 街 it is part of a name (五一路).
_UNITS = "号|弄|栋|幢|座|单元|室|楼|层|组|排|支弄"
_COUNTED = re.compile(f"(?<![{_NUMERAL}])([{_NUMERAL}]{{1,5}})(?=(?:{_UNITS}))|(?<=之)([{_NUMERAL}]{{1,3}})$")
_NOISE = re.compile(r"[\s,，.。;；:：、·()（）\[\]【】<>《》\"'“”‘’_|/\\*]+")
_ASIDE = re.compile(r"[（(\[【][^）)\]】]{0,40}[）)\]】]")
_NEAR = re.compile(r"(附近|旁边|旁|对面|斜对面|门口|门前|楼下|院内|内|处|路口|交叉口|交口|一带)$")
_DIVISION = (
    re.compile(r"^[^\d号路街]{2,7}?(?:省|自治区)(?=.)"),
    re.compile(r"^[^\d号路街省]{1,6}?市(?!场)(?=.)"),
    re.compile(r"^[^\d号路街]{1,5}?(?:(?<![小社园校片厂])区|县|旗)(?=.)"),
    re.compile(r"^[^\d号路社]{1,6}?街道(?:办事处|办)?(?=.)"),
    re.compile(r"^[^\d号路街]{1,5}?(?:镇|乡)(?!路|街)(?=.)"),
)
_COMMUNITY = re.compile(
    r"^((?:[^\d路街]{1,8}[路街][一二三四五六七八九十东西南北中第]{0,3}|[^\d路街]{1,12}?)社区)"
    r"(?:居民委员会|居委会|村委会)?"
)
_GRID = re.compile(r"([^路街]{0,14}?网格)")
_ROAD = re.compile(
    r"^([^\d号弄栋室]{1,10}?(?:大街|大道|街|路|巷|胡同|公路|道)(?:[东南西北中]段|[一二三四五六七八九十]条)?)(?!口)"
)
_CROSSING = re.compile(r"^[与和及].*(?:街|路|巷|道)$")
_HOUSE = re.compile(r"^(\d+)(?:号|弄)(?:之(\d+)|-(\d+))?(?:号|院)?(?!楼|栋)")
_BUILDING = re.compile(r"(?:^|(?<=\D))([a-z]?\d{1,4}|[a-z]|[甲乙丙丁东南西北])(?:号楼|栋|幢|座|#楼|#)")
_HOME = re.compile(
    rf"[\d{_NUMERAL}]+\s*(?:单元|室|层|户|门)|(?<=[楼栋幢座#])\s*\d{{3,4}}(?!\d)|(?<=[楼栋幢座#])\s*-\s*\d"
)
_INSIDE = re.compile(r"(?:[a-z]?\d+单元|\d+(?:室|层|楼|号(?=\d*$)|户)|-\d+|\d{3,4}$).*$")


@dataclass(frozen=True)
class Address:
    """An address taken apart; `keys` are what it can be looked up by, finest first."""

    text: str
    community: str = ""
    road: str = ""
    house: str = ""
    compound: str = ""
    building: str = ""
    grid: str = ""
    keys: tuple[tuple[Precision, str], ...] = ()

    @property
    def site(self) -> str:
        """What people call the spot: the compound, else road and number, else the road."""
        if self.compound or not self.road:
            return self.compound
        return f"{self.road}{self.house}号" if self.house else self.road


@dataclass(frozen=True)
class Found:
    """What the register holds under one key in one community: middle, spread round it, how many entries."""

    key: str
    community: str
    label: str
    lon: float
    lat: float
    spread_m: float
    count: int


@dataclass(frozen=True)
class Candidate:
    """A place that an address may mean: WGS 84, `score` 0..1, `accuracy_m` the radius that is honest."""

    label: str
    lon: float
    lat: float
    precision: str
    accuracy_m: float
    score: float


@dataclass(frozen=True)
class Geocoded:
    """What became of an address: `sure` when one candidate stands out and is fine enough to route by."""

    candidates: tuple[Candidate, ...] = ()
    sure: bool = False
    reason: str = "place_unknown"
    params: Mapping[str, object] = field(default_factory=dict)


def normalised(text: str) -> str:
    """An address as it is compared: full width folded, blanks and marks gone, numerals and units alike.

    三号楼, 3号楼, 3幢, 3# become 3栋; 十二号之三 and 12号-3 become 12号之3; divisions above the street go.
    Normalising again changes nothing.
    """
    found = text[:MAX_ADDRESS]
    for _again in range(MAX_ADDRESS):
        before, found = found, _pass(found)
        if found == before:
            break
    return found


def _pass(text: str) -> str:
    text = _ASIDE.sub("", unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()))
    text = _NOISE.sub("", re.sub(r"[—–－~～]+", "-", text)).replace("號", "号").replace("樓", "楼")
    text = text.replace("門", "门").replace("#楼", "#").replace("号院", "号")
    text = _COUNTED.sub(lambda found: str(number_of(found.group(1) or found.group(2))), text)
    text = re.sub(r"(\d+)号楼|(\d+)(?:幢|座|#)", lambda m: f"{m.group(1) or m.group(2)}栋", text)
    text = re.sub(r"([a-z])(?:号楼|幢|座)", r"\1栋", text)
    text = re.sub(r"(\d+)号(?:之|-)(\d+)(?:号)?|(\d+)-(\d+)号(?!楼)", _behind, text)
    text = re.sub(r"(\d+)门(?=\d)", r"\1单元", text)
    text = re.sub(r"0+(?=\d+(?:号|栋|弄|单元))", "", text) if re.search(r"(?<!\d)0+\d", text) else text
    for division in _DIVISION:
        text = division.sub("", text, count=1)
    return _NEAR.sub("", text) if len(text) > 3 else text


def _behind(found: re.Match[str]) -> str:
    return f"{found.group(1) or found.group(3)}号之{found.group(2) or found.group(4)}"


def outer(text: str) -> str:
    """An address as it was written, without unit, floor and room: a register of buildings names no home."""
    return _HOME.split(text.strip()[:MAX_ADDRESS], maxsplit=1)[0].strip()


def number_of(numeral: str) -> int:
    """The value of a Chinese numeral below a thousand: 十二 12, 二十 20, 一百零五 105, 二〇三 203."""
    if not set(numeral) & set("十百"):
        return int("".join(str(_DIGITS[sign]) for sign in numeral))
    total, digit = 0, 0
    for sign in numeral:
        if sign in "十百":
            total += (digit or (0 if total and sign == "百" else 1)) * (10 if sign == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def address(text: str) -> Address:
    """Take an address apart; unit, floor and room are left off, for the register ends at the building."""
    whole = rest = normalised(text)
    community = road = house = building = grid = ""
    if found := _COMMUNITY.match(rest):
        community, rest = found.group(1), rest[found.end() :]
    if found := _GRID.search(rest):
        grid, rest = found.group(1), rest[: found.start()] + rest[found.end() :]
    if found := _ROAD.match(rest):
        road, rest = found.group(1), rest[found.end() :]
    if road and (found := _HOUSE.match(rest)):
        behind = found.group(2) or found.group(3)
        house = f"{found.group(1)}之{behind}" if behind else found.group(1)
        rest = rest[found.end() :]
    if found := _BUILDING.search(rest):
        building, rest = found.group(1), rest[: found.start()]
    compound = _INSIDE.sub("", rest).strip("-")
    named = len(compound) >= 2 and not compound.isdigit() and not _CROSSING.match(compound)
    made = Address(whole, community, road, house, compound if named else "", building, grid)
    return replace(made, keys=_keys(made))


def _keys(made: Address) -> tuple[tuple[Precision, str], ...]:
    """The keys of an address, finest first, each with the fineness of what it finds."""
    keys: list[tuple[Precision, str]] = []
    if made.building and made.compound:
        keys.append((Precision.BUILDING, f"b:{made.compound}/{made.building}"))
    if made.building and made.road and made.house:
        keys.append((Precision.BUILDING, f"b:{made.road}{made.house}号/{made.building}"))
    if made.road and made.house:
        keys.append((Precision.HOUSE, f"h:{made.road}{made.house}"))
    if made.compound:
        keys.append((Precision.COMPOUND, f"c:{made.compound}"))
    if made.road:
        keys.append((Precision.ROAD, f"r:{made.road}"))
    if made.grid:
        keys.append((Precision.GRID, f"g:{made.grid}"))
    if made.community:
        keys.append((Precision.COMMUNITY, f"m:{made.community}"))
    return tuple(keys)


def accuracy_m(precision: str, spread_m: float) -> float:
    """The honest radius of a place: that of its kind, or as far as the register's entries lie apart."""
    return round(max(ACCURACY_M[Precision(precision)], spread_m), 1)


def judged(asked: Address, found: Mapping[str, list[Found]]) -> Geocoded:
    """Decide what an address means from the register's entries under its keys.

    The finest key with entries wins. Several communities with the same name: the community said decides, else
    a person chooses. What is coarser than a compound is never sure.
    """
    for precision, key in asked.keys:
        rows = found.get(key, [])
        own = [row for row in rows if asked.community and row.community == asked.community]
        rows = own or rows
        if not rows:
            continue
        score = TRUST[precision] - (0.1 if asked.community and not own else 0.0)
        several = len(rows) > 1 and not _together(rows, ACCURACY_M[precision])
        candidates = [
            Candidate(
                label(precision, row),
                row.lon,
                row.lat,
                str(precision),
                accuracy_m(precision, row.spread_m),
                round(score / (len(rows) if several else 1), 2),
            )
            for row in sorted(rows, key=lambda row: (-row.count, row.label))[:MAX_CANDIDATES]
        ]
        if several:
            return Geocoded(tuple(candidates), False, "place_ambiguous", {"count": len(rows)})
        if precision in SURE:
            return Geocoded(tuple(candidates[:1]), True, "")
        return Geocoded(tuple(candidates[:1]), False, "place_vague", {"precision": str(precision)})
    return Geocoded()


def label(precision: str, row: Found) -> str:
    """What a candidate is called: the register's own words for a building, else name and community."""
    if precision in (Precision.BUILDING, Precision.HOUSE) and row.count == 1:
        return row.label
    name = row.key.partition(":")[2].replace("/", "")
    name = (
        f"{name}{'栋' if precision == Precision.BUILDING else '号' if precision == Precision.HOUSE else ''}"
    )
    return f"{name} ({row.community})" if row.community and row.community != name else name


def _together(rows: list[Found], within_m: float) -> bool:
    """Whether all entries lie within a distance of the first (metres by the scale of their latitude)."""
    first = rows[0]
    kx = 111_320.0 * cos(radians(first.lat))
    return all(
        abs(row.lon - first.lon) * kx <= within_m and abs(row.lat - first.lat) * 111_320.0 <= within_m
        for row in rows[1:]
    )


def resembling(candidates: list[Candidate]) -> Geocoded:
    """Decide among entries that only resemble what was asked: one that stands out clearly may be taken."""
    best = sorted(candidates, key=lambda c: (-c.score, c.label))[:MAX_CANDIDATES]
    if not best:
        return Geocoded()
    second = best[1].score if len(best) > 1 else 0.0
    if best[0].score >= LIKELY and best[0].score - second >= CLEAR and best[0].precision in SURE:
        return Geocoded(tuple(best[:1]), True, "")
    return Geocoded(tuple(best), False, "place_ambiguous", {"count": len(best)})
