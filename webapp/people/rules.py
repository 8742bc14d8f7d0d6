"""Roles, categories and what they allow; event names and errors of this capability."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from webapp.core.errors import Problem
from webapp.core.i18n import N_
from webapp.core.security import MIN_PASSWORD


class Role(StrEnum):
    """What an account may do."""

    VOLUNTEER = "volunteer"
    GRID_WORKER = "grid_worker"
    OFFICER = "officer"
    PLANNER = "planner"
    MEDIATOR = "mediator"
    STATION_CHIEF = "station_chief"
    SYSTEM_ADMIN = "system_admin"
    AUDIT_ADMIN = "audit_admin"


ROLE_TITLES = {
    Role.VOLUNTEER: N_("Volunteer"),
    Role.GRID_WORKER: N_("Grid worker"),
    Role.OFFICER: N_("Officer"),
    Role.PLANNER: N_("Planner"),
    Role.MEDIATOR: N_("Mediator"),
    Role.STATION_CHIEF: N_("Station chief"),
    Role.SYSTEM_ADMIN: N_("System admin"),
    Role.AUDIT_ADMIN: N_("Audit admin"),
}

# Whose start or tool the big map is; volunteers have the phone page.
MAP_ROLES = (
    Role.OFFICER,
    Role.GRID_WORKER,
    Role.STATION_CHIEF,
    Role.PLANNER,
    Role.MEDIATOR,
    Role.SYSTEM_ADMIN,
)

# What somebody is, in the register and as a duty in a grid; a word that is not listed is shown as it is.
CATEGORY_TITLES = {
    "chief": N_("Station chief"),
    "officer": N_("Officer"),
    "auxiliary": N_("Auxiliary officer"),
    "grid_worker": N_("Grid worker"),
    "community_worker": N_("Community worker"),
    "property": N_("Property management"),
    "guard": N_("Security guard"),
    "building_head": N_("Building head"),
    "volunteer": N_("Volunteer"),
    "mediator": N_("Mediator"),
    "retired_cadre": N_("Retired cadre"),
    "student": N_("Student"),
    "sanitation": N_("Sanitation worker"),
}

# Who stays signed in on the own phone for weeks; everybody else ends with the working day.
PHONE_ROLES = (Role.VOLUNTEER, Role.GRID_WORKER)
# Who may be given a case; cases.rules.HANDLERS says what they may do with it.
HANDLING_ROLES = (Role.OFFICER, Role.GRID_WORKER, Role.STATION_CHIEF)
PHONE_IDLE_S = 30 * 86400
PHONE_MAX_S = 90 * 86400

FAILURES_ALLOWED = 10
LOCK_MINUTES = 15
ENROL_MINUTES = 10
# Who prints cards, and how long an unused one signs its person in.
CARD_MAKERS = (Role.STATION_CHIEF, Role.SYSTEM_ADMIN)
CARD_DAYS = 30
CARDS_AT_ONCE = 400
TOKEN_DAYS = 90
# Who sets what the station allows.
SETTERS = (Role.STATION_CHIEF, Role.SYSTEM_ADMIN)
# What a station asks of a phone's position, metres: its setting `gps_threshold_m`, within these limits.
GPS_THRESHOLD_M, STRICTEST_M, LOOSEST_M = 50.0, 5.0, 500.0

# How long a password that came by Basic is not checked anew, and how many are remembered in a process.
PROVEN_S = 600.0
PROVEN_LIMIT = 2000

# A start; local words are added by the station's own names.
COMMON = (
    "password",
    "123456",
    "qwerty",
    "iloveyou",
    "admin",
    "woaini",
    "abc123",
    "111111",
    "5201314",
    "shuangge",
)


# What is thanked for, and with how many points. A case counts as verified when an officer takes it over.
TARIFF = {"report_accepted": 2, "report_closed": 3, "voice_closed": 1}
REASON_TITLES = {
    "report_accepted": N_("Report verified"),
    "report_closed": N_("Reported hazard removed"),
    "voice_closed": N_("Voice for a hazard that was removed"),
}
# Finding hazards is their duty already.
PAID_CATEGORIES = ("chief", "officer", "auxiliary")


def earns_points(category: str) -> bool:
    """Say whether somebody of this category collects points."""
    return category not in PAID_CATEGORIES


def gps_threshold_m(settings: Mapping[str, Any]) -> float:
    """Return the radius in metres above which a phone's position is too rough for a station."""
    wish = settings.get("gps_threshold_m")
    if isinstance(wish, bool) or not isinstance(wish, int | float):
        return GPS_THRESHOLD_M
    return min(max(float(wish), STRICTEST_M), LOOSEST_M)


def strict_end(settings: Mapping[str, Any]) -> bool:
    """Say whether a hazard ends only after all that its class asks for and a second person's look.

    Yes, unless a station has said that it has too few people for it.
    """
    return settings.get("strict_end") is not False


# What follows when a resident says that a closed case is not settled.
UNSATISFIED = ("look_back", "reopen", "nothing")


def unsatisfied(settings: Mapping[str, Any]) -> str:
    """Return what a station does when a resident is not satisfied; a look-back unless it says otherwise."""
    wish = settings.get("unsatisfied")
    return wish if wish in UNSATISFIED else "look_back"


def plan_approval(settings: Mapping[str, Any]) -> bool:
    """Say whether a plan needs a second person's approval to be published; yes unless set otherwise."""
    return settings.get("plan_approval") is not False


# GB/T 34300-2017 as commonly applied: 300 to 500 households a grid; a warning outside, never a refusal.
HOUSEHOLDS_LOW = 300
HOUSEHOLDS_HIGH = 500
MOST_HOUSEHOLDS = 20_000


def households_range(settings: Mapping[str, Any]) -> tuple[int, int]:
    """Return the households that a grid should have, lowest and highest, as the station has set them."""
    wish = settings.get("grid_households")
    said = wish if isinstance(wish, Mapping) else {}
    low, high = said.get("low"), said.get("high")
    if not (isinstance(low, int) and isinstance(high, int) and 0 < low < high <= MOST_HOUSEHOLDS):
        return HOUSEHOLDS_LOW, HOUSEHOLDS_HIGH
    return low, high


def station_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a station has set, whole; at first strangers may do nothing by Open311."""
    said = settings.get("open311")
    strangers = said if isinstance(said, Mapping) else {}
    return {
        "open311": {name: strangers.get(name) is True for name in ("report", "read")},
        "gps_threshold_m": gps_threshold_m(settings),
        "strict_end": strict_end(settings),
        "unsatisfied": unsatisfied(settings),
        "plan_approval": plan_approval(settings),
        "grid_households": dict(zip(("low", "high"), households_range(settings), strict=True)),
    }


def home_page(role: str) -> str:
    """Return where a person of this role starts."""
    if role == Role.VOLUNTEER:
        return "/phone/"
    if role in HANDLING_ROLES:
        return "/desk"
    return HOMES.get(role, "/account")


HOMES: dict[str, str] = {
    Role.PLANNER: "/map",
    Role.MEDIATOR: "/tasks",
    Role.SYSTEM_ADMIN: "/jobs",
    Role.AUDIT_ADMIN: "/leads/log",
}


def password_problems(password: str, username: str) -> list[Problem]:
    """Return what is wrong with a new password: too short, too common, or the user's own name."""
    low = password.lower()
    if len(password) < MIN_PASSWORD:
        return [Problem("/password", "password_short", {"limit": MIN_PASSWORD})]
    core = low.strip("0123456789!.")
    common = any(core in ("", word, word * 2) for word in COMMON)
    if username.lower() in low or common or len(set(low)) < 4:
        return [Problem("/password", "password_weak")]
    return []
