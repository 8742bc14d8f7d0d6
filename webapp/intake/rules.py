"""Pure decisions about calls and orders: which class a text means, what is shown, what a row still lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from webapp.core.i18n import N_

READERS = ("station_chief", "system_admin", "officer")
KEEPERS = ("station_chief", "system_admin")
KIND_TITLES = {"call": N_("110 calls"), "order": N_("12345 orders"), "other": N_("other orders")}
STATE_TITLES = {
    "fine": N_("ready"),
    "fault": N_("with faults"),
    "known": N_("known already"),
    "changed": N_("changed there"),
    "skipped": N_("left out"),
    "taken": N_("taken over"),
    "revised": N_("change noted"),
}
UPLOAD_TITLES = {
    "reading": N_("being read"),
    "read": N_("preview"),
    "refused": N_("can't be read"),
    "taking": N_("being taken over"),
    "taken": N_("taken over"),
}
FIELD_TITLES = {
    "ref": N_("Number there"),
    "time": N_("Time"),
    "position": N_("Longitude, latitude"),
    "lon": N_("Longitude"),
    "lat": N_("Latitude"),
    "crs": N_("Coordinate system"),
    "address": N_("Address"),
    "text": N_("What was said"),
    "category": N_("Category"),
    "phone": N_("Telephone"),
    "caller": N_("Caller"),
}
# Faults that a place chosen by a person cures.
PLACE_FAULTS = (
    "no_place",
    "place_unknown",
    "place_ambiguous",
    "place_vague",
    "bad_coordinate",
    "row_outside",
    "swapped_axes",
    "out_of_range",
    "outside_china",
    "not_finite",
    "unknown_crs",
)
CLASS_FAULTS = ("class_unknown",)
OPEN_ROWS = ("fine", "fault", "skipped")
GENERAL_CLASS = "call_order"

# Above this a file is read, and its rows are taken, by the worker: a request must not last that long.
INLINE_BYTES = 300_000
INLINE_ROWS = 200
# Callers whose numbers one job makes parties.
CALLERS_AT_ONCE = 200
# One step of the worker: a busy machine gives it little, and phones must not wait for it.
CHUNK = 100
STEP = timedelta(seconds=1)
# Some minutes without a rest at most: each new case starts small jobs, and other stations' work waits too.
STEPS_IN_A_ROW = 60
API_ROWS = 500
NOTE_LIMIT = 2000
MAX_WORDS = 60
MAX_WORD = 30

# Which words mean which class, in the order of their right of way; a station changes them as data.
# Danger goes before dispute: "neighbours quarrel because of a wire" is a wire first.
DEFAULT_KEYWORDS: tuple[Mapping[str, Any], ...] = (
    {
        "class": "flying_wire",
        "words": ["飞线", "拉线充电", "私拉电线", "楼道充电", "入户充电", "电动车充电", "电瓶车充电"],
    },
    {"class": "fire_lane", "words": ["消防通道", "消防车通道", "安全出口", "疏散通道", "生命通道"]},
    {"class": "slope", "words": ["滑坡", "落石", "山体", "塌方", "泥石流"]},
    {
        "class": "dilapidated_house",
        "words": ["危房", "危旧房", "墙体开裂", "墙皮脱落", "外墙脱落", "房屋倾斜", "屋顶塌", "围墙倒"],
    },
    {"class": "lead", "words": ["赌博", "聚赌", "吸毒", "贩毒", "卖淫", "传销", "非法集资", "盗采"]},
    {
        "class": "mediation",
        "words": [
            *("纠纷", "吵架", "争吵", "争执", "打架", "噪音", "扰民", "漏水", "邻居", "邻里"),
            *("停车位", "抢车位", "欠薪", "讨薪", "家暴", "家庭矛盾", "债务", "赔偿"),
        ],
    },
    {"class": "opinion", "words": ["建议", "咨询", "表扬", "感谢", "意见"]},
)

_SPACE = UUID("7b0e9c52-6c0a-5d0e-8f5e-1f2a3b4c5d6e")
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3}-?)\d{4,5}(\d{3})(?!\d)")
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")


def case_id(station_id: UUID, source_code: str, ref: str) -> UUID:
    """Return the id of the case of an order: the same on each machine, so that an order is taken once."""
    return uuid5(_SPACE, f"{station_id}/{source_code}/{ref}")


def class_for(
    category: str, text: str, keywords: Sequence[Mapping[str, Any]], classes: Collection[str], usual: str
) -> tuple[str, str]:
    """Return the class of an order and the word that decided; (usual, "") when no word does.

    The first entry of which a word stands in category or text wins; entries of classes that are not in use
    are passed over. ("", "") when the usual class is not in use either.
    """
    said = f"{category}\n{text}".casefold()
    for entry in keywords:
        if entry["class"] in classes:
            for word in entry["words"]:
                if word.casefold() in said:
                    return str(entry["class"]), str(word)
    return (usual, "") if usual in classes else ("", "")


def masked(text: str) -> str:
    """Return a text with telephone and identity numbers half hidden: a case is read by more people."""
    hidden = _IDENTITY.sub(r"\1********\2", text)
    return _LANDLINE.sub(r"\1****\2", _MOBILE.sub(r"\1****\2", hidden))


def note(content: Mapping[str, str]) -> str:
    """Return what the case says: category and text, persons' numbers hidden; the whole stays with the row."""
    said = masked("\n".join(part for part in (content.get("category", ""), content.get("text", "")) if part))
    return said if len(said) <= NOTE_LIMIT else said[: NOTE_LIMIT - 1] + "…"


def row_state(problems: Sequence[Any], same_there: bool | None) -> str:
    """Return a row's state; `same_there` says of an order known already whether it still says the same."""
    if same_there is not None:
        return "known" if same_there else "changed"
    return "fault" if problems else "fine"


def clean_keywords(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return keyword entries with blank words left out and doubles removed, their order kept."""
    entries = []
    for entry in given:
        words = list(dict.fromkeys(word.strip() for word in entry["words"] if word.strip()))
        if words:
            entries.append({"class": entry["class"], "words": words[:MAX_WORDS]})
    return entries
