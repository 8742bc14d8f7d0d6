"""Workbooks as a station makes them with a spreadsheet: XLSForms with survey, choices and settings."""

from __future__ import annotations

import io
from collections.abc import Sequence

import openpyxl

HEADINGS = ("type", "name", "label::中文 (zh)", "label::English (en)", "required", "constraint", "relevant")
CHOICES = (
    ("kinds", "music", "音响", "Music"),
    ("kinds", "works", "施工", "Building works"),
    ("yes_no", "yes", "是", "Yes"),
    ("yes_no", "no", "否", "No"),
)
NOISE = (
    ("start", "start"),
    ("geopoint", "where", "位置", "Place", "yes"),
    (),
    ("select_one kinds", "kind", "什么噪声", "What kind", "yes"),
    ("select_one yes_no", "night", "夜间吗", "At night"),
    ("begin_group", "loud", "响度", "Loudness", "", "", "${kind} = 'music' or selected(${kind}, 'works')"),
    ("integer", "decibel", "分贝", "Decibel", "yes", ". >= 30 and . <= 130"),
    ("end_group",),
    ("date", "since", "从哪天起", "Since"),
    ("text", "who", "哪一家", "Which household", "", "", "${night} = 'yes'"),
    ("image", "pic", "现场照片", "Photo of the place", "yes"),
    ("note", "thanks", "谢谢", "Thank you"),
)


def book(
    survey: Sequence[Sequence[str]] = NOISE,
    choices: Sequence[Sequence[str]] = CHOICES,
    form_id: str = "noise",
    title: str = "噪声扰民 | Noise",
) -> bytes:
    """Return an XLSForm as .xlsx."""
    made = openpyxl.Workbook()
    first = made.active
    assert first is not None
    first.title = "survey"
    for row in (HEADINGS, *survey):
        first.append(list(row))
    second = made.create_sheet("choices")
    for row in (("list_name", "name", "label::中文 (zh)", "label::English (en)"), *choices):
        second.append(list(row))
    third = made.create_sheet("settings")
    third.append(["form_title", "form_id", "default_language"])
    third.append([title, form_id, "中文 (zh)"])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()
