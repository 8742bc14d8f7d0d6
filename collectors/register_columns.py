"""The columns of each register that is exchanged: our field names and their headings in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column: our field name, heading in Chinese and English, other headings that are understood."""

    name: str
    zh: str
    en: str
    also: tuple[str, ...] = ()

    def heading(self, language: str) -> str:
        """The heading that is written."""
        return self.zh if language == "zh" else self.en


def _read(text: str) -> tuple[Column, ...]:
    """Columns of a small table: field | Chinese | English | others with commas between."""
    found = []
    for line in text.strip().splitlines():
        name, zh, en, *also = (part.strip() for part in line.split("|"))
        found.append(Column(name, zh, en, tuple(word.strip() for word in ",".join(also).split(",") if word)))
    return tuple(found)


_TABLES = {
    "cases": """
        id | 标识 | Id | uuid
        number | 事项编号 | Case number | 编号, 案件编号, number, case no
        class_code | 类别代码 | Class code | 类别, 隐患类别, 事项类别, class, category
        class_title | 类别名称 | Class title
        state | 状态代码 | State code | 状态, state, 办理状态
        state_title | 状态名称 | State title
        found_at | 发现时间 | Found at | 时间, 发生时间, 日期, found, date
        reported_at | 上报时间 | Reported at | 登记时间, 受理登记时间
        accepted_at | 受理时间 | Accepted at
        closed_at | 办结时间 | Closed at | 结案时间, closed
        due_at | 限办时间 | Due at | 办理期限
        lon | 经度 | Longitude | lng, x, jd
        lat | 纬度 | Latitude | y, wd
        crs | 坐标系 | Coordinate system | 坐标系统
        accuracy_m | 精度（米） | Accuracy (m) | 定位精度
        method | 定位方式 | Position method
        address | 地址 | Address | 详细地址, 地点, 发生地点, place
        place_flag | 位置提示 | Place flag
        grid_code | 网格编码 | Grid code
        grid | 网格 | Grid
        police_grid | 警格 | Police grid
        answers | 填报内容 | Answers
        note | 备注 | Note | 描述, 情况描述, 内容, 简要情况, description
        closing_note | 处置情况 | Closing note | 处理结果, 办理结果
        reporter_id | 上报人标识 | Reporter id
        reporter | 上报人 | Reporter
        reporter_phone | 上报人电话 | Reporter phone
        handler_id | 处置人标识 | Handler id
        handler | 处置人 | Handler
        client | 客户端 | Client
        source | 来源 | Source | 数据来源
        source_ref | 来源编号 | Source number | 原编号, 外部编号, 工单号, 接警编号
        class_version | 类别版本 | Class version
        revision | 修订号 | Revision
        raw_x | 原始横坐标 | Raw x
        raw_y | 原始纵坐标 | Raw y
        raw_crs | 原始坐标系 | Raw coordinate system
    """,
    "members": """
        id | 标识 | Id | uuid
        name | 姓名 | Name | 人员姓名, 成员
        category | 人员类别代码 | Category code | 人员类别, 类别, 身份, category
        category_title | 人员类别名称 | Category title
        phone | 电话 | Phone | 手机, 手机号, 手机号码, 联系电话, 联系方式, mobile, tel
        teams | 队伍 | Teams | 所属队伍, 团队, 小组, team
        minor | 未成年 | Minor
        left_on | 离队日期 | Left on
    """,
    "teams": """
        id | 标识 | Id | uuid
        name | 队伍名称 | Team name | 队伍, 名称, name, team
        kind | 队伍类型 | Team kind | 类型, kind
    """,
    "places": """
        id | 标识 | Id | uuid
        name | 场所名称 | Place name | 名称, 地名, name
        kind | 场所类型 | Place kind | 类型, 类别, kind
        lon | 经度 | Longitude | lng, x, jd
        lat | 纬度 | Latitude | y, wd
        crs | 坐标系 | Coordinate system | 坐标系统
        source | 来源 | Source | 数据来源
    """,
    "postings": """
        id | 标识 | Id | uuid
        person_id | 人员标识 | Person id
        name | 姓名 | Name
        duty | 职责代码 | Duty code | 职责, 岗位, duty
        police_grid_code | 警格编码 | Police grid code | 警格, police grid
        grid_code | 网格编码 | Grid code | 网格, grid
        since_at | 起始时间 | Since | 开始时间, from
        until_at | 截止时间 | Until | 结束时间, to
    """,
    "grids": """
        code | 网格编码 | Grid code
        name | 网格名称 | Grid name
        community | 所属社区 | Community
        kind | 网格类型 | Grid kind
        police_grid | 警格 | Police grid
        households | 户数 | Households
        population | 人口 | Population
        area_m2 | 面积（平方米） | Area (m²)
        lon | 经度 | Longitude | lng, x, jd
        lat | 纬度 | Latitude | y, wd
        crs | 坐标系 | Coordinate system | 坐标系统
    """,
    "police_grids": """
        code | 警格编码 | Police grid code
        name | 名称 | Name
        grids | 网格数 | Grids
        lon | 经度 | Longitude | lng, x, jd
        lat | 纬度 | Latitude | y, wd
        crs | 坐标系 | Coordinate system | 坐标系统
    """,
    "presence": """
        grid_code | 网格编码 | Grid code
        grid | 网格 | Grid
        day_on | 日期 | Day
        patrols | 巡逻次数 | Patrols
        seconds | 巡逻秒数 | Seconds
        last_at | 最近巡逻 | Last patrol
    """,
}
COLUMNS: Mapping[str, tuple[Column, ...]] = {kind: _read(text) for kind, text in _TABLES.items()}

# Kinds with a place, so also for formats of maps.
SPATIAL = ("cases", "places", "grids", "police_grids")
# Kinds that can be brought in again; grids come through the import of plans.
READABLE = ("cases", "members", "teams", "places", "postings")
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "cases": ("class_code", "found_at"),
    "members": ("name", "category"),
    "teams": ("name",),
    "places": ("name", "lon", "lat"),
    "postings": ("duty",),
}


def known_headings(kind: str) -> dict[str, tuple[str, ...]]:
    """Field -> headings that mean it, for headings.matched."""
    return {c.name: (c.name, c.zh, c.en, *c.also) for c in COLUMNS[kind]}
