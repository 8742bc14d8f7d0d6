"""What each decoder yields: reports, places, fixes, areas, rows, and the named refusal of bad input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from shapely.geometry.base import BaseGeometry

PLACE_METHODS = ("gps", "pin", "plate", "place", "grid", "address")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: stable `code`, where (`pointer`), English `detail` for developers.

    `pointer` is a JSON pointer (RFC 6901) for documents, or "row 7" for tables. `params` are the
    values that a translated message needs.
    """

    code: str
    pointer: str = ""
    detail: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class Refused(Exception):
    """Input that cannot be accepted; holds one or several problems, never none."""

    def __init__(self, *problems: Problem) -> None:
        if not problems:
            raise ValueError("a refusal needs a problem")
        self.problems = problems
        super().__init__("; ".join(f"{p.code} {p.pointer}: {p.detail}" for p in problems[:5]))

    @classmethod
    def because(cls, code: str, detail: str, pointer: str = "", **params: Any) -> Refused:
        """A refusal with one problem."""
        return cls(Problem(code, pointer, detail, params))

    @property
    def code(self) -> str:
        """Code of the first problem."""
        return self.problems[0].code

    @property
    def pointer(self) -> str:
        """Place of the first problem."""
        return self.problems[0].pointer

    @property
    def params(self) -> Mapping[str, Any]:
        """Values for the message of the first problem."""
        return self.problems[0].params

    @property
    def detail(self) -> str:
        """English text of the first problem."""
        return self.problems[0].detail


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is, as the sender said it: raw coordinates in the system named by `crs`.

    `crs` is one of wgs84, gcj02, bd09, cgcs2000 or EPSG:n; lon/lat in degrees (easting/northing in
    metres for a projected EPSG); `accuracy_m` is the radius of the error circle, None when unknown.
    """

    lon: float
    lat: float
    crs: str
    accuracy_m: float | None = None
    method: str = "gps"
    address: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """One position of a tracker: UTC time, speed in m/s, heading in degrees from north."""

    at: datetime
    place: Place
    altitude_m: float | None = None
    speed_mps: float | None = None
    heading_deg: float | None = None
    mocked: bool | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file named by a report; `data` is None while it has not arrived (it may be sent later)."""

    name: str
    media_type: str
    sha256: str
    kind: str = "photo"
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """One hazard or matter as a person reported it; `id` was made by the sender's device."""

    id: UUID
    class_code: str
    class_version: str | None
    answers: Mapping[str, Any]
    place: Place
    found_at: datetime
    note: str = ""
    attachments: tuple[Attachment, ...] = ()
    reporter: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `number` counts lines of data from 1, `fields` are trimmed text."""

    number: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AreaRecord:
    """One area of a file: `geometry` in WGS 84 (lon, lat), `raw_geometry` as written, in `crs`.

    `number` counts features from 1. `properties` holds the columns that no field of ours took.
    """

    number: int
    code: str
    name: str
    geometry: BaseGeometry
    raw_geometry: BaseGeometry
    crs: str = "wgs84"
    community: str = ""
    kind: str = ""
    households: int | None = None
    population: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
