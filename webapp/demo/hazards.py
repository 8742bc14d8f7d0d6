"""Invent a station's hazards: current ones, and a history with seasons and places where they repeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from webapp.demo.hazard_places import HazardPlaces
from webapp.demo.hazard_words import Answer, closing_note, told
from webapp.demo.shapes import Ground

CLASSES = ("flying_wire", "dilapidated_house", "fire_lane", "slope", "lead", "other")
# How often each class is found, per hundred, and how much more often in each month (January first).
SHARES: Mapping[str, int] = {
    "flying_wire": 41,
    "dilapidated_house": 15,
    "fire_lane": 22,
    "slope": 4,
    "lead": 7,
    "other": 11,
}
SEASONS: Mapping[str, tuple[float, ...]] = {
    "flying_wire": (0.7, 0.6, 0.8, 0.9, 1.1, 1.3, 1.5, 1.5, 1.2, 0.9, 0.8, 0.7),
    "dilapidated_house": (0.6, 0.6, 0.9, 1.0, 1.0, 1.3, 1.6, 1.6, 1.2, 0.8, 0.8, 0.6),
    "fire_lane": (1.5, 1.6, 0.9, 0.9, 1.0, 0.9, 0.8, 0.8, 0.9, 1.1, 0.9, 1.0),
    "slope": (0.2, 0.2, 0.6, 0.8, 1.0, 1.6, 2.4, 2.4, 1.6, 0.7, 0.3, 0.2),
    "lead": (0.9, 0.8, 1.0, 1.0, 1.1, 1.1, 1.0, 1.0, 1.1, 1.1, 1.0, 0.9),
    "other": (1.0,) * 12,
}
STATE_SHARES: Mapping[str, int] = {"closed": 19, "accepted": 53, "reported": 28}
# Hours from acceptance to closing: the middle of a long-tailed spread.
USUAL_HOURS: Mapping[str, float] = {
    "flying_wire": 30.0,
    "dilapidated_house": 240.0,
    "fire_lane": 4.0,
    "slope": 170.0,
    "lead": 96.0,
    "other": 48.0,
}
HOUR_WEIGHTS = (0, 0, 0, 0, 0, 1, 4, 7, 9, 9, 8, 6, 4, 4, 6, 8, 8, 7, 7, 8, 7, 4, 1, 0)
BEIJING = timedelta(hours=8)
CURRENT_DAYS = 21
HISTORY_DAYS = 548


@dataclass(frozen=True, slots=True)
class DemoHazard:
    """One synthetic hazard: place (WGS 84), answers to the questions of its class, times (UTC) and state.

    `method` says how the place was found: `gps`, or `pin` when it was set on the map by hand. `state` is
    `reported`, `accepted` or `closed`; times that have not come yet are None.
    """

    class_code: str
    lon: float
    lat: float
    accuracy_m: float
    method: str
    found_at: datetime
    note: str
    answers: Mapping[str, Answer]
    state: str
    accepted_at: datetime | None
    closed_at: datetime | None
    closing_note: str
    synthetic: bool = True


def current_hazards(ground: Ground, until: datetime, rng: Random, count: int = 76) -> list[DemoHazard]:
    """Return the hazards of three weeks before `until` (aware), the oldest first; a fifth is closed."""
    places = HazardPlaces(ground, rng)
    classes = _portions(SHARES, count)
    rng.shuffle(classes)
    # What was found last is what nobody has accepted yet, but for some luck.
    order = list(STATE_SHARES)
    states = sorted(
        _portions(STATE_SHARES, count), key=lambda state: order.index(state) + rng.uniform(-0.8, 0.8)
    )
    ages = sorted((rng.betavariate(1.0, 1.7) * CURRENT_DAYS for _ in range(count)), reverse=True)
    found = []
    for class_code, state, age in zip(classes, states, ages, strict=True):
        found_at = _at_hour(until - timedelta(days=age), rng)
        while found_at > until - timedelta(minutes=5):
            found_at -= timedelta(hours=rng.uniform(3.0, 14.0))
        found.append(_hazard(class_code, state, found_at, until, places, rng))
    return sorted(found, key=lambda hazard: hazard.found_at)


def past_hazards(ground: Ground, until: datetime, rng: Random, count: int = 2400) -> list[DemoHazard]:
    """Return closed hazards of the 18 months before, the oldest first, with seasons and hot spots."""
    places = HazardPlaces(ground, rng)
    last = until - timedelta(days=CURRENT_DAYS)
    found = []
    for class_code in _portions(SHARES, count):
        found_at = _at_hour(_in_season(class_code, last, rng), rng)
        found.append(_hazard(class_code, "closed", found_at, until, places, rng))
    return sorted(found, key=lambda hazard: hazard.found_at)


def _hazard(
    class_code: str, state: str, found_at: datetime, until: datetime, places: HazardPlaces, rng: Random
) -> DemoHazard:
    lon, lat = places.draw(class_code, rng)
    method = "gps" if rng.random() < 0.78 else "pin"
    note, answers = told(class_code, rng)
    accepted_at = closed_at = None
    if state != "reported":
        accepted_at = _later(found_at, 0.6, until, rng)
    if accepted_at and state == "closed":
        closed_at = _later(accepted_at, USUAL_HOURS[class_code], until, rng)
    return DemoHazard(
        class_code=class_code,
        lon=lon,
        lat=lat,
        accuracy_m=round(min(60.0, 3.0 + rng.lognormvariate(1.6, 0.6)), 1) if method == "gps" else 20.0,
        method=method,
        found_at=found_at,
        note=note,
        answers=answers,
        state=state,
        accepted_at=accepted_at,
        closed_at=closed_at,
        closing_note=closing_note(class_code, rng) if closed_at else "",
    )


def _later(start: datetime, usual_hours: float, until: datetime, rng: Random) -> datetime:
    """Return a moment some hours after `start`, always before `until`."""
    wanted = start + timedelta(hours=usual_hours * rng.lognormvariate(0.0, 0.7))
    if wanted >= until:
        wanted = start + (until - start) * rng.uniform(0.2, 0.9)
    return wanted.replace(microsecond=0)


def _portions(shares: Mapping[str, int], count: int) -> list[str]:
    """Return `count` keys in the given proportions; what rounding leaves goes to the first."""
    whole = sum(shares.values())
    keys = [key for key, share in shares.items() for _ in range(count * share // whole)]
    return [next(iter(shares))] * (count - len(keys)) + keys


def _in_season(class_code: str, last: datetime, rng: Random) -> datetime:
    months = SEASONS[class_code]
    while True:
        day = last - timedelta(days=rng.uniform(0.0, HISTORY_DAYS))
        if rng.uniform(0.0, max(months)) < months[(day + BEIJING).month - 1]:
            return day


def _at_hour(day: datetime, rng: Random) -> datetime:
    """Return a moment of the same day (Beijing), at an hour at which people are about."""
    midnight = (day + BEIJING).replace(hour=0, minute=0, second=0, microsecond=0) - BEIJING
    hour = rng.choices(range(24), HOUR_WEIGHTS)[0]
    return midnight + timedelta(hours=hour, seconds=rng.randrange(3600))
