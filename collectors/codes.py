"""Division codes and grid codes of China: what their digits say, and whether they can be right.

Sources: GB/T 2260 and GB/T 10114 (county, street), the statistical division codes (12 digits),
GB/T 30428.1 and CJ/T 213 (15-digit grids), CJ/T 349-2010 (20-digit community grids).
"""

from __future__ import annotations

from dataclasses import dataclass

from collectors.records import Refused

_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
PROVINCES = frozenset(number for low, high in _PROVINCE_RANGES for number in range(low, high + 1))
_STREETS = ((1, 99, "street"), (100, 199, "town"), (200, 399, "township"), (400, 599, "enterprise"))
_COMMUNITIES = (
    (1, 199, "residents"),
    (200, 399, "village"),
    (400, 499, "like_residents"),
    (500, 599, "like_village"),
    (601, 999, "merged"),
)


@dataclass(frozen=True, slots=True)
class Division:
    """A county (6 digits), street or town (9) or community or village (12).

    `street_kind`: street, town, township, enterprise (development zones, farms, mines), "" for a county.
    `community_kind`: residents, village, like_residents, like_village, merged (CJ/T 349), or "".
    """

    code: str
    level: str
    street_kind: str = ""
    community_kind: str = ""

    @property
    def county(self) -> str:
        """The county's six digits."""
        return self.code[:6]

    @property
    def street(self) -> str:
        """The street's nine digits, "" for a county."""
        return self.code[:9] if len(self.code) >= 9 else ""

    @property
    def parent(self) -> str:
        """Code of the division above: street of a community, county of a street, prefecture of a county."""
        return self.code[:-3] if len(self.code) > 6 else self.code[:4]


@dataclass(frozen=True, slots=True)
class GridCode:
    """A 15-digit grid code: community (12 digits) and serial inside it, 1..999."""

    code: str
    community: Division
    serial: int


@dataclass(frozen=True, slots=True)
class ClassedGridCode:
    """A 20-digit grid code of CJ/T 349: object class (6 digits), community (12), serial (0: not divided)."""

    code: str
    object_class: str
    community: Division
    serial: int


def division(text: str) -> Division:
    """Read a division code of 6, 9 or 12 digits; the official zero-filled form is shortened.

    "140106001000" is street 140106001. Raises Refused: bad_code_digits, bad_code_length, bad_province,
    bad_county, bad_street_segment, bad_community_segment; params `given`.
    """
    code = _digits(text, (6, 9, 12))
    while len(code) > 6 and code.endswith("000"):
        code = code[:-3]
    _check_county(code[:6], text)
    if len(code) == 6:
        return Division(code, "county")
    street_kind = _kind(code[6:9], _STREETS)
    if not street_kind:
        raise Refused.because("bad_street_segment", f"no street is numbered {code[6:9]}", given=text)
    if len(code) == 9:
        return Division(code, "street", street_kind)
    community_kind = _kind(code[9:12], _COMMUNITIES)
    if not community_kind:
        raise Refused.because("bad_community_segment", f"no community is numbered {code[9:]}", given=text)
    return Division(code, "community", street_kind, community_kind)


def grid(text: str) -> GridCode:
    """Read a 15-digit grid code; Refused as `division`, and not_a_community, bad_grid_serial (000)."""
    code = _digits(text, (15,))
    community = _community(code[:12], text)
    serial = int(code[12:])
    if serial == 0:
        raise Refused.because("bad_grid_serial", "grid serials begin at 001", given=text)
    return GridCode(code, community, serial)


def grid_code(community: str, serial: int) -> str:
    """The 15-digit code of a community's grid; Refused for a wrong community or a serial outside 1..999."""
    whole = _community(_digits(community, (12,)), community)
    if not 1 <= serial <= 999:
        raise Refused.because("bad_grid_serial", "grid serials are 1 to 999", serial=serial)
    return f"{whole.code}{serial:03d}"


def classed_grid(text: str) -> ClassedGridCode:
    """Read a 20-digit code of CJ/T 349; serial 00 means that the community is not divided."""
    code = _digits(text, (20,))
    return ClassedGridCode(code, code[:6], _community(code[6:18], text), int(code[18:]))


def any_grid(text: str) -> GridCode | ClassedGridCode:
    """Read a grid code of either scheme, told apart by its length (15 or 20 digits)."""
    code = _digits(text, (15, 20))
    return grid(code) if len(code) == 15 else classed_grid(code)


def _digits(text: str, lengths: tuple[int, ...]) -> str:
    code = text.strip()
    if not (code.isascii() and code.isdigit()):
        raise Refused.because("bad_code_digits", "a code has only the digits 0-9", given=text[:60])
    if len(code) not in lengths:
        raise Refused.because(
            "bad_code_length",
            f"wanted digits: {lengths}",
            given=text[:60],
            wanted=list(lengths),
            found=len(code),
        )
    return code


def _check_county(county: str, text: str) -> None:
    if int(county[:2]) not in PROVINCES:
        raise Refused.because("bad_province", f"no province is numbered {county[:2]}", given=text)
    # Prefectures 01-90 and counties 01-99; cities without counties (Dongguan) end in 00.
    if county[2:4] == "00":
        raise Refused.because("bad_county", "a county's code names its prefecture", given=text)


def _community(code: str, text: str) -> Division:
    found = division(code)
    if found.level != "community":
        raise Refused.because("not_a_community", "a grid belongs to a community", given=text)
    return found


def _kind(segment: str, ranges: tuple[tuple[int, int, str], ...]) -> str:
    number = int(segment)
    return next((kind for low, high, kind in ranges if low <= number <= high), "")
