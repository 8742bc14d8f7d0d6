"""Which column means what: headings of registers, Chinese and English, matched to our field names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

# The three-character forms are what ten bytes of UTF-8 leave of a heading in a shapefile.
AREA_FIELDS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "网格编码", "网格代码", "编码", "代码", "网格编号", "grid_code", "wgbm", "bm", "网格编"),
    "name": ("name", "网格名称", "名称", "网格名", "grid_name", "wgmc", "mc", "网格名"),
    "community": (
        "community",
        "所属社区",
        "社区",
        "社区编码",
        "社区代码",
        "社区名称",
        "community_code",
        "sqbm",
    ),
    "households": ("households", "户数", "总户数", "居民户数", "household", "hs"),
    "population": ("population", "人口", "总人口", "人口数", "人数", "rk", "rks"),
    "kind": ("kind", "网格类型", "类型", "类别", "网格类别", "wglx", "网格类"),
}

# A unit behind a heading, as in 户数（户) or Population (persons).
_UNIT = re.compile(r"[(\[【].*?[)\]】]")


def normalised(heading: str) -> str:
    """A heading as it is compared: full width folded, lower case, no blanks, no unit in brackets."""
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return re.sub(r"[\s_\-:*]+", "", _UNIT.sub("", folded))


def matched(
    headings: Sequence[str],
    known: Mapping[str, Sequence[str]],
    named: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Field name -> heading of the file.

    `named` (field -> exact heading) is the user's own choice and wins; other fields are looked for among
    their known headings in order. A heading serves one field only; fields without heading are left out.
    """
    found = {field: heading for field, heading in (named or {}).items() if heading in headings}
    free = {normalised(h): h for h in reversed(headings) if h not in found.values()}
    for field, names in known.items():
        if field in found:
            continue
        for name in names:
            heading = free.pop(normalised(name), None)
            if heading is not None:
                found[field] = heading
                break
    return found
