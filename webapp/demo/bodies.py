"""Bodies that a station hands matters to, and people whom it visits: all invented, and saying so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collectors.body_lists import BodyRow
from webapp.demo.people import Member
from webapp.demo.shapes import Ground

# Code, name, kind, duties, classes, working days to answer.
BODIES = (
    ("street", "街道办事处综合治理办（演示）", "street", "网格事务、综合协调", (), 5),
    ("housing", "房屋安全管理所（演示）", "housing", "危旧房鉴定与处置", ("dilapidated_house",), 10),
    ("city", "城市管理执法中队（演示）", "city", "占道、私搭乱建", ("fire_lane", "other"), 5),
    ("fire", "消防救援大队（演示）", "fire", "消防通道、飞线充电处罚", ("flying_wire", "fire_lane"), 3),
    ("power", "供电所（演示）", "power", "私拉电线、线路隐患", ("flying_wire",), 3),
    ("resources", "自然资源所（演示）", "other", "地质灾害隐患", ("slope",), 7),
    ("justice", "司法所（演示）", "court", "人民调解、法律援助", ("mediation",), 10),
    ("welfare", "民政办（演示）", "welfare", "困难帮扶、独居老人", (), 7),
    ("hotline", "12345热线（演示）", "hotline", "其他非警务事项", (), 5),
)
RISKS = ("general", "key", "high", "general", "key", "general", "high", "general", "general", "key")
FAMILY = "赵钱孙李周吴郑王冯陈"
VISITED = 10


def body_rows() -> list[BodyRow]:
    """Return the directory as its file would say it."""
    return [
        BodyRow(number, code, name, kind, duties, classes, "值班员", f"0351-55500{number:02d}", days)
        for number, (code, name, kind, duties, classes, days) in enumerate(BODIES, 1)
    ]


@dataclass(frozen=True)
class Visited:
    """Somebody who is visited, with who visits and who is in charge (indexes of the roster)."""

    serial: int
    name: str
    address: str
    risk: str
    grid_code: str
    officer: int
    visitor: int
    days_ago: int | None


def visited(ground: Ground, roster: Sequence[Member]) -> Iterator[Visited]:
    """Yield people whom grid workers visit; some are overdue, some were not visited yet."""
    beats = {code: beat.code for beat in ground.police_grids for code in beat.grid_codes}
    officers = {m.police_grid_code: m.index for m in roster if m.role == "officer" and m.police_grid_code}
    workers = [m for m in roster if m.role == "grid_worker" and m.grid_code]
    able = [m for m in workers if beats.get(m.grid_code or "") in officers]
    for serial, worker in enumerate(able[:VISITED]):
        grid = str(worker.grid_code)
        yield Visited(
            serial,
            f"{FAMILY[serial]}演示{serial + 1}号",
            f"演示路{serial + 3}号院{serial % 4 + 1}单元",
            RISKS[serial],
            grid,
            officers[beats[grid]],
            worker.index,
            None if serial % 4 == 3 else 3 + 5 * serial,
        )
