"""Invent a station's members: plainly synthetic names, categories, teams, squads and duties."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from webapp.demo.shapes import Ground

CATEGORY_NAMES: Mapping[str, str] = {
    "chief": "所长",
    "officer": "民警",
    "auxiliary": "辅警",
    "grid_worker": "网格员",
    "property": "物业",
    "guard": "保安",
    "building_head": "楼栋长",
    "volunteer": "志愿者",
    "mediator": "调解员",
    "retired_cadre": "退休干部",
    "student": "大学生",
    "sanitation": "环卫工",
    "community_worker": "社区工作者",
}
# Station Y names 318 members, station Q 130; the shares of the categories are ours.
ROSTERS: Mapping[str, Mapping[str, int]] = {
    "YZ": {
        "chief": 1,
        "officer": 17,
        "auxiliary": 32,
        "grid_worker": 83,
        "property": 40,
        "guard": 48,
        "building_head": 15,
        "volunteer": 62,
        "mediator": 20,
    },
    "QF": {
        "chief": 1,
        "officer": 9,
        "auxiliary": 8,
        "community_worker": 10,
        "grid_worker": 26,
        "retired_cadre": 12,
        "student": 10,
        "guard": 16,
        "sanitation": 12,
        "volunteer": 20,
        "mediator": 6,
    },
    "WH": {
        "chief": 1,
        "officer": 5,
        "auxiliary": 8,
        "grid_worker": 16,
        "property": 6,
        "guard": 8,
        "volunteer": 16,
        "mediator": 4,
    },
}
SQUAD_NAMES = ("晨光", "晚霞", "红马甲", "星火", "护苗", "银发", "快线", "巾帼")
PATROLLING = (
    "auxiliary",
    "grid_worker",
    "guard",
    "volunteer",
    "retired_cadre",
    "student",
    "sanitation",
    "property",
)
HELPING = ("auxiliary", "community_worker")
SKILLS = ("调解", "急救", "心理", "法律", "手语", "方言", "驾驶", "无人机")
FALSE_PHONE_START = "000-"  # no Chinese number begins so; nobody can be called by mistake

Duty = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Member:
    """A synthetic member: place in the list, category and role of the interface, and what is assigned.

    `police_grid_code` and `grid_code` are None for who serves the whole station; `team` is the team of a
    police grid or compound, `squad` the patrol squad.
    """

    index: int
    name: str
    category: str
    role: str
    phone: str
    police_grid_code: str | None
    grid_code: str | None
    team: str | None
    squad: str | None
    skills: tuple[str, ...]
    synthetic: bool = True


def roster(station_code: str, scale: int = 1) -> dict[str, int]:
    """Return how many members of each category a demo station has."""
    return {category: count * scale for category, count in ROSTERS[station_code].items()}


def members(ground: Ground, wanted: Mapping[str, int], rng: Random) -> list[Member]:
    """Return the members of a roster (category: how many), in the order of its categories.

    Each police grid gets one officer and two auxiliaries or community workers, each grid a grid worker, as
    far as the roster reaches. The first officer left over draws the plans.
    """
    duties = _duties(ground, wanted, rng)
    beat_names = {beat.code: beat.name for beat in ground.police_grids}
    numbers: Counter[str] = Counter()
    found: list[Member] = []
    for category, police_grid_code, grid_code in duties:
        numbers[category] += 1
        found.append(
            Member(
                index=len(found),
                name=f"演示{CATEGORY_NAMES[category]}{numbers[category]:02d}",
                category=category,
                role=_role(category, numbers[category] - len(ground.police_grids)),
                phone=f"{FALSE_PHONE_START}{len(found) + 1:04d}-{rng.randint(0, 9999):04d}",
                police_grid_code=police_grid_code,
                grid_code=grid_code,
                team=f"{beat_names[police_grid_code]}联勤队" if police_grid_code else None,
                squad=f"演示{rng.choice(SQUAD_NAMES)}巡逻队" if category in PATROLLING else None,
                skills=tuple(sorted(rng.sample(SKILLS, rng.choice((0, 0, 1, 1, 2))))),
            )
        )
    return found


def _duties(ground: Ground, wanted: Mapping[str, int], rng: Random) -> Iterator[Duty]:
    """Yield (category, police grid, grid) for each member of the roster."""
    beats = [beat.code for beat in ground.police_grids]
    beat_of = {code: beat.code for beat in ground.police_grids for code in beat.grid_codes}
    grids = [grid.code15 for grid in ground.grids]
    helpers = 0
    for category, count in wanted.items():
        for number in range(count):
            if category == "chief":
                yield category, None, None
            elif category == "officer":
                yield category, beats[number] if number < len(beats) else None, None
            elif category in HELPING:
                yield category, beats[helpers % len(beats)] if helpers < 2 * len(beats) else None, None
                helpers += 1
            elif category == "mediator":
                yield category, beats[number % len(beats)], None
            else:
                grid = grids[number % len(grids)] if category == "grid_worker" else rng.choice(grids)
                yield category, beat_of[grid], grid


def _role(category: str, left_over: int) -> str:
    """Return the role in the interface; `left_over` counts officers from 1 that no police grid needs."""
    if category == "officer":
        return "planner" if left_over == 1 else "officer"
    if category in ("chief", "mediator"):
        return {"chief": "station_chief"}.get(category, category)
    # An auxiliary is no officer: without the officer's rights until the station grants them.
    return "grid_worker" if category in (*HELPING, "grid_worker") else "volunteer"
