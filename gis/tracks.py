"""Cleaning, splitting and simplifying of the fixes of one walked track."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely

from gis.coords import LocalPlane, distance_m
from gis.errors import ShapeError


@dataclass(frozen=True, slots=True)
class Fix:
    """One position: aware time, WGS 84 degrees, accuracy as the radius in metres that the device claimed."""

    at: datetime
    lon: float
    lat: float
    accuracy_m: float | None = None

    def __post_init__(self) -> None:
        """Refuse a time without zone (ShapeError `naive_time`) and a place that is none (`out_of_range`)."""
        if self.at.tzinfo is None:
            raise ShapeError("naive_time", at=self.at)
        if not (-180.0 <= self.lon <= 180.0 and -90.0 <= self.lat <= 90.0):
            raise ShapeError("out_of_range", x=self.lon, y=self.lat)


def walked_m(fixes: Sequence[Fix]) -> float:
    """Return the geodesic length in metres of the line through the fixes, in the order given."""
    if len(fixes) < 2:
        return 0.0
    lon, lat = _degrees(fixes)
    return float(np.sum(distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])))


def split(fixes: Sequence[Fix], gap_s: float) -> list[list[Fix]]:
    """Cut a track, in order of time, wherever two fixes are more than `gap_s` seconds apart."""
    pieces: list[list[Fix]] = []
    for fix in fixes:
        if pieces and (fix.at - pieces[-1][-1].at).total_seconds() <= gap_s:
            pieces[-1].append(fix)
        else:
            pieces.append([fix])
    return pieces


def clean(fixes: Sequence[Fix], max_speed_mps: float, max_accuracy_m: float) -> list[Fix]:
    """Return the credible fixes in order of time: precise enough, one per moment, reachable on foot.

    A fix is reachable when the straight way from the last credible one needs at most `max_speed_mps`.
    Fixes without accuracy are judged by reachability alone. The first fix counts only when the next one
    or the one after can be reached from it, so that a track may begin with a spike.
    """
    precise = [fix for fix in fixes if fix.accuracy_m is None or 0.0 <= fix.accuracy_m <= max_accuracy_m]
    ordered = sorted(precise, key=lambda fix: fix.at)
    kept: list[Fix] = []
    for index, fix in enumerate(ordered):
        if kept:
            credible = _reachable(kept[-1], fix, max_speed_mps)
        else:
            following = ordered[index + 1 : index + 3]
            credible = not following or any(_reachable(fix, later, max_speed_mps) for later in following)
        if credible:
            kept.append(fix)
    return kept


def simplify(fixes: Sequence[Fix], tolerance_m: float) -> list[Fix]:
    """Return a subset of the fixes whose line deviates at most `tolerance_m` metres (Douglas-Peucker)."""
    if len(fixes) < 3:
        return list(fixes)
    lon, lat = _degrees(fixes)
    x, y = LocalPlane(float(np.mean(lon)), float(np.mean(lat))).to_m(lon, lat)
    # The third ordinate carries the index through the simplification.
    line = shapely.linestrings(np.column_stack([x, y, np.arange(len(fixes), dtype=np.float64)]))
    left = shapely.simplify(line, tolerance_m, preserve_topology=False)
    return [fixes[int(index)] for index in shapely.get_coordinates(left, include_z=True)[:, 2]]


def _degrees(fixes: Sequence[Fix]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([fix.lon for fix in fixes]), np.array([fix.lat for fix in fixes])


def _reachable(start: Fix, end: Fix, max_speed_mps: float) -> bool:
    seconds = (end.at - start.at).total_seconds()
    return seconds > 0.0 and distance_m(start.lon, start.lat, end.lon, end.lat) <= max_speed_mps * seconds
