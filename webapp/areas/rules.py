"""Pure decisions about areas: sizes, borders, event names."""

from __future__ import annotations

# GB/T 34300-2017 as commonly applied: 300 to 500 households a grid; a warning outside, never a refusal.
HOUSEHOLDS_LOW = 300
HOUSEHOLDS_HIGH = 500

# Reports this far outside the station's ground still belong to a phone that stands at its edge.
MARGIN_M = 5000.0

NEAR_BORDER = "near_border"
OUTSIDE_GRIDS = "outside_grids"


def size_warning(households: int) -> str | None:
    """Return 'small' or 'large' for a grid outside the recommended size, else None."""
    if households < HOUSEHOLDS_LOW:
        return "small"
    return "large" if households > HOUSEHOLDS_HIGH else None


def uncertainty_m(accuracy_m: float | None, method: str) -> float:
    """Return the radius in metres in which the place truly lies, bounded to 500 m.

    A place without a stated accuracy counts by its method: a pin about 20 m, a plate 5 m, the sign of a
    place 30 m, an address or a grid picked from a list 150 m, anything else 30 m.
    """
    default = {"pin": 20.0, "plate": 5.0, "place": 30.0, "address": 150.0, "grid": 150.0}.get(method, 30.0)
    return min(accuracy_m if accuracy_m is not None else default, 500.0)


# Below this, two drawn borders are the same border: digitising noise, not ground.
TOLERANCE_M = 0.05
# Headings of a grid's police grid; the shorter ones are what ten bytes of a Shapefile leave of them.
POLICE_GRID_COLUMNS = ("police_grid", "police_gri", "警格", "所属警格", "所属警", "警格名称", "警格名")
PLANNERS = ("planner", "station_chief")
