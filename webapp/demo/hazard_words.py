"""What the reporters of demo hazards say: answers that fit the declared questions, notes in Chinese."""

from collections.abc import Mapping, Sequence
from random import Random

Answer = str | int | bool
Answers = dict[str, Answer]

DEMO_MARK = "(演示)"
STOREYS = {"high_rise": 18, "multi_storey": 6, "shop_dwelling": 3, "other": 2}

# By class: the question that decides what is seen, and for each of its answers how often (per hundred) and
# in which words it is told.
SEEN: Mapping[str, tuple[str, Mapping[str, tuple[int, Sequence[str]]]]] = {
    "flying_wire": (
        "building_kind",
        {
            "high_rise": (30, ("电线从高层住宅窗口垂下, 给电动车充电", "高层楼道里拉插线板给电动车充电")),
            "multi_storey": (45, ("单元门旁私拉电线, 线皮有破损", "线从阳台拉到车棚, 下雨天有危险")),
            "shop_dwelling": (18, ("底商门口拉线充电, 楼上住人", "商铺二楼垂线给外卖车充电")),
            "other": (7, ("车棚外私接电线, 多辆车同时充电",)),
        },
    ),
    "dilapidated_house": (
        "signs",
        {
            "cracks": (45, ("外墙裂缝变大, 墙皮脱落", "老旧小二楼檐口开裂")),
            "leaning": (18, ("围墙向路一侧倾斜", "山墙外倾, 用木头顶着")),
            "roof": (22, ("平房屋顶漏雨, 椽子朽烂", "屋面瓦片松动, 有掉落")),
            "collapse": (6, ("房屋一角塌陷",)),
            "other": (9, ("雨后墙体渗水, 地基下沉",)),
        },
    ),
    "fire_lane": (
        "blocked_by",
        {
            "vehicles": (48, ("消防通道被私家车占用", "电动车停满疏散通道")),
            "goods": (27, ("楼道堆放纸箱和旧家具", "安全出口被货物挡住")),
            "gate": (12, ("小区北门上锁, 消防车进不来",)),
            "building": (6, ("临时围挡占了一半通道",)),
            "other": (7, ("石墩挡住消防车登高场地",)),
        },
    ),
    "slope": (
        "signs",
        {
            "cracks": (35, ("护坡有新裂缝",)),
            "rockfall": (28, ("坡脚有新落下的碎石",)),
            "seepage": (20, ("挡墙渗水, 墙面鼓出",)),
            "slide": (12, ("雨后坡面有小块滑落",)),
            "other": (5, ("坡上树木倾斜",)),
        },
    ),
    "lead": (
        "subject",
        {
            "mining": (8, ("陌生车辆夜间拉运砂石",)),
            "gambling": (34, ("夜里有人聚集, 疑似赌博",)),
            "fraud": (40, ("有人推销高回报理财, 疑似诈骗", "老人接到陌生电话要求转账")),
            "other": (18, ("出租屋进出人员多, 动静可疑",)),
        },
    ),
    "other": (
        "what",
        {
            "井盖": (28, ("井盖松动, 过车有响声",)),
            "路灯": (26, ("路灯不亮, 晚上看不清台阶",)),
            "树枝": (20, ("树枝压到电线",)),
            "健身器材": (14, ("健身器材螺丝脱落",)),
            "广告牌": (12, ("门头广告牌松动, 刮风摇晃",)),
        },
    ),
}
CLOSINGS: Mapping[str, Sequence[str]] = {
    "flying_wire": (
        "已责令改正并拆除飞线, 引导到集中充电棚",
        "电线已收起, 复查未再发现",
        "业主已改用充电桩, 拍照留存",
    ),
    "dilapidated_house": (
        "已通知产权单位并设警戒线, 住户已搬离",
        "鉴定单位已到场, 等级以报告为准",
        "破损檐口已拆除",
    ),
    "fire_lane": (
        "车辆已移走, 通道恢复畅通",
        "杂物已清理, 已告知物业加强巡查",
        "门锁已打开, 物业落实专人管理",
    ),
    "slope": ("碎石已清理, 已设监测点和警示牌", "排水沟已疏通, 列入汛期巡查"),
    "lead": ("已移交办案单位", "经核查未发现违法情形, 继续关注"),
    "other": ("已联系责任单位修好", "已转社区处理并回访", "现场已处置, 隐患消除"),
}


def told(class_code: str, rng: Random) -> tuple[str, Answers]:
    """Return the note and the answers to the class' questions. Raises KeyError for an unknown class."""
    question, seen = SEEN[class_code]
    answer = rng.choices(list(seen), [share for share, _ in seen.values()])[0]
    return rng.choice(seen[answer][1]) + DEMO_MARK, {question: answer, **_further(class_code, answer, rng)}


def closing_note(class_code: str, rng: Random) -> str:
    """Return what the officer writes when closing."""
    return rng.choice(CLOSINGS[class_code]) + DEMO_MARK


def _yes(rng: Random, share: float) -> bool:
    return rng.random() < share


def _further(class_code: str, seen: str, rng: Random) -> Answers:
    """Return the answers to the other questions of a class; optional ones are sometimes left out."""
    answers: Answers = {}
    if class_code == "flying_wire":
        answers["wires"] = rng.choices((1, 2, 3, 4, 6), (55, 22, 12, 7, 4))[0]
        answers["seen_charging"] = _yes(rng, 0.7)
        if _yes(rng, 0.75):
            answers["floor"] = rng.randint(1, STOREYS[seen])
    elif class_code == "dilapidated_house":
        answers["lived_in"] = _yes(rng, 0.6)
        if _yes(rng, 0.8):
            answers["storeys"] = rng.randint(1, 4)
    elif class_code == "fire_lane":
        answers["passable"] = _yes(rng, 0.35)
    elif class_code == "slope":
        answers["households_below"] = rng.randint(0, 24)
    elif class_code == "lead":
        answers["ongoing"] = _yes(rng, 0.4)
    return answers
